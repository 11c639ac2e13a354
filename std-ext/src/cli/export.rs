//! `gaussling export`

use std::path::Path;

use gaussling::data::{LoadOptions, load_inputs};
use gaussling::evaluate::load_for;
use gaussling::export::{Cost, Export, Storage, made_up_inputs};
use gaussling::train::Options;
use gaussling::{DenseMatrix, Model};

use super::arguments::{ExportArguments, StorageName};
use super::failure::Failure;
use super::output::{check_file, print, write_file};

/// Samples whose inputs and outputs the file has for its self-test.
const RECORDED: usize = 4;
/// Samples on which the cost is measured where no data are given.
const MADE_UP: usize = 1000;

pub fn run(arguments: &ExportArguments) -> Result<(), Failure> {
    let mut read = vec![arguments.model.as_path()];
    read.extend(arguments.data.as_deref());
    check_file(&arguments.rust, &read)?;
    let model = Model::load(&arguments.model)?;
    let storage = match arguments.storage {
        StorageName::F32 => Storage::F32,
        StorageName::F16 => Storage::F16,
        StorageName::Int8 => Storage::Int8,
    };
    let export = match arguments.data.as_ref().filter(|_| arguments.refit) {
        Some(file) => {
            let data = load_for(file, &LoadOptions::default(), &model)?;
            Export::refit(&model, storage, &data.inputs, &data.targets, alpha(&model))?
        }
        None => Export::new(&model, storage)?,
    };
    let (inputs, measured_on) = match &arguments.data {
        Some(file) => (load_inputs(file, &model.input_names)?, "of the data given when exporting"),
        None => (made_up_inputs(&model, MADE_UP), "made up: normal, as wide as the training data"),
    };
    let cost = write_source(&export, &inputs, measured_on, &arguments.rust)?;
    print(&format!(
        "source: {}\nflash: {} bytes of constants; RAM: {} bytes of arrays on the stack\n\
         {} against f64: {cost} ({measured_on})\n",
        arguments.rust.display(),
        export.flash(),
        export.ram(),
        export.storage().name(),
    ))
}

/// The regularization that the model was trained with; the default where its record has none.
fn alpha(model: &Model) -> f64 {
    let recorded = model.record.get("alpha").and_then(|alpha| alpha.parse().ok());
    recorded.unwrap_or(Options::default().alpha_w)
}

/// Writes the source with what it costs on these inputs, some of which are recorded for its self-test; returns the cost.
pub fn write_source(
    export: &Export,
    inputs: &DenseMatrix<f64>,
    measured_on: &str,
    file: &Path,
) -> Result<Cost, Failure> {
    let cost = export.cost(inputs)?;
    let source = export.rust(&spread(inputs, RECORDED), &cost, measured_on)?;
    write_file(file, &source)?;
    Ok(cost)
}

/// So many samples at most, spread over all, the first and the last among them.
pub fn spread(inputs: &DenseMatrix<f64>, most: usize) -> DenseMatrix<f64> {
    let few = most.min(inputs.cols());
    let columns: Vec<usize> = (0..few).map(|k| k * (inputs.cols() - 1) / (few - 1).max(1)).collect();
    inputs.select_columns(&columns)
}
