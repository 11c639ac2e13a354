//! `gaussling export`

use gaussling::Model;
use gaussling::data::load_inputs;
use gaussling::export::{Export, Storage, made_up_inputs};

use super::arguments::{ExportArguments, StorageName};
use super::failure::{Failure, Kind};
use super::output::{check_file, print};

/// Samples whose inputs and outputs the file has for its self-test.
const RECORDED: usize = 4;
/// Samples on which the cost is measured where no data are given.
const MADE_UP: usize = 1000;

pub fn run(arguments: &ExportArguments) -> Result<(), Failure> {
    let mut read = vec![arguments.model.as_path()];
    read.extend(arguments.data.as_deref());
    check_file(&arguments.rust, &read)?;
    let model = Model::load(&arguments.model)?;
    let export = Export::new(
        &model,
        match arguments.storage {
            StorageName::F32 => Storage::F32,
            StorageName::F16 => Storage::F16,
            StorageName::Int8 => Storage::Int8,
        },
    )?;
    let (inputs, measured_on) = match &arguments.data {
        Some(file) => (load_inputs(file, &model.input_names)?, "of the data given when exporting"),
        None => (made_up_inputs(&model, MADE_UP), "made up: normal, as wide as the training data"),
    };
    let cost = export.cost(&inputs)?;
    // Spread over the whole file, the first and the last among them.
    let few = RECORDED.min(inputs.cols());
    let spread: Vec<usize> = (0..few).map(|k| k * (inputs.cols() - 1) / (few - 1).max(1)).collect();
    let source = export.rust(&inputs.select_columns(&spread), &cost, measured_on)?;
    let file = &arguments.rust;
    std::fs::write(file, source)
        .map_err(|e| Failure::new(Kind::Output, format!("{}: cannot be written: {e}", file.display())))?;
    print(&format!(
        "source: {}\nflash: {} bytes of constants; RAM: {} bytes of arrays on the stack\n\
         {} against f64: {cost} ({measured_on})\n",
        file.display(),
        export.flash(),
        export.ram(),
        export.storage().name(),
    ))
}
