//! The desktop's side of the firmwares. Every file comes from numbers with fixed seeds, and is the same on every desktop but for
//! what training makes of it.
//!
//! ```text
//! desktop signals DATA.csv                              made-up vibrations
//! desktop split DATA.csv TRAIN.csv STREAM.csv           rows in a random order, two thirds to train on
//! desktop device MODEL.safetensors STREAM.csv OUT.rs    what the firmware `adapt` carries
//! desktop plot RECORD.tsv OUT.svg                       the record that it prints, as a plot
//! ```

mod signals;

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use gaussling::Model;
use gaussling::plot::{Curve, shares};
use rand_core::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

/// Rows of the stream.
const STREAM: usize = 800;
/// Windows of the record in a point of the plot.
const SMOOTH: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["signals", data] => Ok(fs::write(data, csv())?),
        ["split", data, train, stream] => split(&fs::read_to_string(data)?, train, stream),
        ["device", model, stream, out] => {
            Ok(fs::write(out, device(&Model::load(Path::new(model))?, &fs::read_to_string(stream)?)?)?)
        }
        ["plot", record, out] => plot(&fs::read_to_string(record)?, Path::new(out)),
        _ => Err("desktop signals | split | device | plot; see the head of main.rs".into()),
    }
}

fn csv() -> String {
    let mut out = format!("{},fault\n", signals::NAMES.join(","));
    for (features, class) in signals::stretches() {
        for x in features {
            let _ = write!(out, "{x:.5e},");
        }
        out += class;
        out.push('\n');
    }
    out
}

fn split(data: &str, train: &str, stream: &str) -> Result<(), Box<dyn Error>> {
    let mut lines = data.lines();
    let header = lines.next().ok_or("no rows")?;
    let mut rows: Vec<&str> = lines.filter(|line| !line.trim().is_empty()).collect();
    if rows.len() < 2 * STREAM {
        return Err(format!("{} rows, at least {} are needed", rows.len(), 2 * STREAM).into());
    }
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(9);
    for i in (1..rows.len()).rev() {
        rows.swap(i, (gaussling::core::nn::uniform(&mut rng) * (i + 1) as f64) as usize);
    }
    let (held, rest) = rows.split_at(STREAM);
    let text = |rows: &[&str]| format!("{header}\n{}\n", rows.join("\n"));
    fs::write(train, text(rest))?;
    Ok(fs::write(stream, text(held))?)
}

fn device(model: &Model, stream: &str) -> Result<String, Box<dyn Error>> {
    let classes = model.classes.as_ref().ok_or("the model is no classifier")?;
    let (inputs, outputs, features) = (model.inputs, model.outputs(), model.w.cols() - 1);
    if model.description != format!("affine:{features}, tanh") && model.description != format!("dense:{features}") {
        return Err(format!("the firmware is made for dense:{features}, not {}", model.description).into());
    }
    let mut rows = Vec::new();
    let mut labels = Vec::new();
    for line in stream.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').map(|cell| cell.trim_matches('"')).collect();
        let (label, numbers) = cells.split_last().ok_or("an empty row")?;
        labels.push(classes.iter().position(|class| class == label).ok_or_else(|| format!("no such class: {label}"))?);
        let numbers = numbers.iter().map(|x| x.parse::<f32>()).collect::<Result<Vec<f32>, _>>()?;
        if numbers.len() != inputs {
            return Err(format!("{} numbers in a row for {inputs} inputs", numbers.len()).into());
        }
        rows.push(numbers);
    }
    let single = |values: &[f64]| values.iter().map(|&x| x as f32).collect::<Vec<f32>>();
    // Target by target.
    let head: Vec<Vec<f32>> = (0..outputs).map(|t| (0..=features).map(|j| model.w[(t, j)] as f32).collect()).collect();
    let mut out = String::from("// Written by `.ci/firmware --write`: `desktop device`.\n\n");
    let _ = writeln!(out, "pub const INPUTS: usize = {inputs};");
    let _ = writeln!(out, "pub const FEATURES: usize = {features};");
    let _ = writeln!(out, "pub const CLASSES: usize = {outputs};");
    let _ = writeln!(out, "pub static INPUT_MEAN: [f32; INPUTS] = {:?};", single(&model.input_scaling.mean));
    let _ = writeln!(out, "pub static INPUT_SCALE: [f32; INPUTS] = {:?};", single(&model.input_scaling.scale));
    let _ = writeln!(out, "pub static THETA: [f32; {}] = {:?};", model.theta.len(), single(&model.theta));
    let _ = writeln!(out, "pub static HEAD: [[f32; FEATURES + 1]; CLASSES] = {head:?};");
    let _ = writeln!(out, "pub static LABELS: [u8; {}] = {labels:?};", labels.len());
    let _ = writeln!(out, "pub static ROWS: [[f32; INPUTS]; {}] = [", rows.len());
    for row in rows {
        let _ = writeln!(out, "    {row:?},");
    }
    out += "];\n";
    Ok(out)
}

fn plot(record: &str, out: &Path) -> Result<(), Box<dyn Error>> {
    let mut lines = Vec::new();
    for line in record.lines().skip(1) {
        let numbers = line.split('\t').map(str::parse::<f64>).collect::<Result<Vec<f64>, _>>()?;
        let [sample, fixed, adapted, _] = numbers[..] else {
            return Err(format!("not a line of a record: {line}").into());
        };
        lines.push([sample, fixed, adapted]);
    }
    let window = lines.first().ok_or("an empty record")?[0];
    let curve = |which: usize| -> Vec<(f64, f64)> {
        let mean = |part: &[[f64; 3]]| part.iter().map(|line| line[which]).sum::<f64>() / part.len() as f64;
        lines.windows(SMOOTH).map(|part| (part[SMOOTH - 1][0], 100.0 * mean(part) / window)).collect()
    };
    let (start, end) = jobs::adapt::DRIFT;
    let x = format!("sample; the sensor drifts from {start} to {end}");
    let y = format!("right of the last {}, percent", SMOOTH as f64 * window);
    let series: [Curve; 2] = [("as deployed".into(), curve(1)), ("head learning on the device".into(), curve(2))];
    shares("Bearing faults, told by a Cortex-M4F", &x, &y, &series).write(out)?;
    Ok(())
}
