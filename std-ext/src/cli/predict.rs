//! `gaussling predict`

use std::fmt::Write;

use gaussling::data::load_inputs;
use gaussling::{DenseMatrix, Model};
use serde_json::{Value, json as object};

use super::arguments::PredictArguments;
use super::failure::Failure;
use super::json;
use super::output::{check_file, print, write_file};

pub fn run(arguments: &PredictArguments) -> Result<(), Failure> {
    if let Some(file) = &arguments.output {
        check_file(file, &[&arguments.model, &arguments.data])?;
    }
    let model = Model::load(&arguments.model)?;
    let inputs = load_inputs(&arguments.data, &model.input_names)?;
    let out = if arguments.json { json::line(&as_json(&model, &inputs)?) } else { as_csv(&model, &inputs)? };
    match &arguments.output {
        Some(file) => write_file(file, &out),
        None => print(&out),
    }
}

fn as_csv(model: &Model, inputs: &DenseMatrix<f64>) -> Result<String, Failure> {
    let mut out = String::new();
    let header = |names: &[String]| names.iter().map(|n| quote(n)).collect::<Vec<_>>().join(",");
    match &model.classes {
        Some(classes) => {
            let name = model.target_names.first().cloned().unwrap_or_else(|| "class".into());
            writeln!(out, "{}", quote(&name))?;
            for class in model.predict_classes(inputs)? {
                writeln!(out, "{}", quote(classes.get(class).map_or("?", String::as_str)))?;
            }
        }
        None => {
            let predictions = model.predict(inputs)?;
            writeln!(out, "{}", header(&model.target_names))?;
            for j in 0..predictions.cols() {
                let row: Vec<String> = predictions.col(j).iter().map(f64::to_string).collect();
                writeln!(out, "{}", row.join(","))?;
            }
        }
    }
    Ok(out)
}

fn as_json(model: &Model, inputs: &DenseMatrix<f64>) -> Result<Value, Failure> {
    let predictions = model.predict(inputs)?;
    let rows: Vec<&[f64]> = (0..predictions.cols()).map(|j| predictions.col(j)).collect();
    let Some(classes) = &model.classes else {
        return Ok(object!({ "targets": model.target_names, "predictions": rows }));
    };
    let labels: Vec<_> = model.predict_classes(inputs)?.into_iter().map(|class| classes.get(class)).collect();
    Ok(object!({ "targets": model.target_names, "predictions": labels, "classes": classes, "scores": rows }))
}

/// A CSV cell.
fn quote(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_string() }
}
