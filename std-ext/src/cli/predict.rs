//! `gaussling predict`

use std::fmt::Write;

use gaussling::Model;
use gaussling::data::load_inputs;

use super::Failure;
use super::arguments::PredictArguments;
use super::output::{check_file, print};

pub fn run(arguments: &PredictArguments) -> Result<(), Failure> {
    if let Some(file) = &arguments.output {
        check_file(file, &[&arguments.model, &arguments.data])?;
    }
    let model = Model::load(&arguments.model)?;
    let inputs = load_inputs(&arguments.data, &model.input_names)?;
    let mut out = String::new();
    let header = |names: &[String]| names.iter().map(|n| quote(n)).collect::<Vec<_>>().join(",");
    match &model.classes {
        Some(classes) => {
            let name = model.target_names.first().cloned().unwrap_or_else(|| "class".into());
            writeln!(out, "{}", quote(&name))?;
            for class in model.predict_classes(&inputs)? {
                writeln!(out, "{}", quote(classes.get(class).map_or("?", String::as_str)))?;
            }
        }
        None => {
            let predictions = model.predict(&inputs)?;
            writeln!(out, "{}", header(&model.target_names))?;
            for j in 0..predictions.cols() {
                let row: Vec<String> = predictions.col(j).iter().map(f64::to_string).collect();
                writeln!(out, "{}", row.join(","))?;
            }
        }
    }
    match &arguments.output {
        Some(file) => std::fs::write(file, out).map_err(|e| format!("cannot write {}: {e}", file.display()))?,
        None => print(&out)?,
    }
    Ok(())
}

/// A CSV cell.
fn quote(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_string() }
}
