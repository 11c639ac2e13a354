//! `gaussling info`

use std::fmt::Write as _;
use std::path::Path;

use gaussling::Model;
use gaussling::data::{self, LoadOptions, Standardization};
use gaussling::model::{is_model, version};
use serde_json::{Value, json};

use super::Failure;
use super::arguments::InfoArguments;
use super::output::report;

/// Names that are shown before the rest is counted.
const SHOWN: usize = 12;

pub fn run(arguments: &InfoArguments) -> Result<(), Failure> {
    let (text, object) = if is_model(&arguments.file) { of_model(&arguments.file)? } else { of_data(&arguments.file)? };
    report(&text, arguments.json.then_some(&object))
}

fn of_model(file: &Path) -> Result<(String, Value), Failure> {
    let model = Model::load(file)?;
    let (network, version) = (model.network().map_err(gaussling::model::ModelError::Model)?, version(file)?);
    let shape = network.shape();
    let head = model.w.as_slice().len();
    let params = shape.params + head;
    let kind = if model.classes.is_some() { "classification" } else { "regression" };
    let mut out = format!("model of gaussling {version}: {kind}\n");
    writeln!(out, "network:    {network}, then affine:{}", model.outputs())?;
    writeln!(
        out,
        "weights:    {params} ({} in the network, {head} in the output layer), {} bytes as f32",
        shape.params,
        4 * params
    )?;
    let [inputs, targets] = [(&model.input_names, &model.input_scaling), (&model.target_names, &model.target_scaling)];
    out += &columns("inputs", inputs.0, inputs.1);
    if let Some(classes) = &model.classes {
        writeln!(out, "target:     {}", list(&model.target_names))?;
        writeln!(out, "classes:    {}: {}", classes.len(), list(classes))?;
    } else {
        out += &columns("targets", targets.0, targets.1);
    }
    for (key, value) in &model.record {
        writeln!(out, "{:<11} {}", format!("{}:", plain(key)), plain(value))?;
    }
    let scaling = |scaling: &Standardization| json!({ "mean": scaling.mean, "scale": scaling.scale });
    let object = json!({
        "kind": "model",
        "task": kind,
        "version": version,
        "network": network.to_string(),
        "weights": params,
        "bytes_as_f32": 4 * params,
        "inputs": model.input_names,
        "targets": model.target_names,
        "outputs": model.outputs(),
        "classes": model.classes,
        "input_scaling": scaling(&model.input_scaling),
        "target_scaling": scaling(&model.target_scaling),
        "record": model.record,
    });
    Ok((out, object))
}

fn of_data(file: &Path) -> Result<(String, Value), Failure> {
    let summary = data::summary(file, &LoadOptions::default())?;
    Ok((summary.to_string(), summary.to_json()))
}

/// Names with mean and scale, a line each; of many only the first.
fn columns(what: &str, names: &[String], scaling: &Standardization) -> String {
    let mut out = format!("{:<11} {}\n", format!("{what}:"), names.len());
    for ((name, mean), scale) in names.iter().zip(&scaling.mean).zip(&scaling.scale).take(SHOWN) {
        out += &format!("            {} (mean {mean:.6}, scale {scale:.6})\n", plain(name));
    }
    if names.len() > SHOWN {
        out += &format!("            … and {} more\n", names.len() - SHOWN);
    }
    out
}

fn list(names: &[String]) -> String {
    let shown = names.iter().take(SHOWN).map(|name| plain(name)).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN { format!("{shown}, … and {} more", names.len() - SHOWN) } else { shown }
}

/// Text from a file, which may hold characters that break a line.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}
