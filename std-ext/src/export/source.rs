//! The Rust source of an [`Export`].

use std::collections::BTreeSet;
use std::fmt::{Display, Write as _};

use gaussling_core::nn::{DynAffine, RafStart, Shape};

use super::pack::Packed;
use super::{Cost, Export, ExportError, Storage, to_f32};
use crate::data::quoted;
use crate::network::{DynLayer, Function, Sequential};
use crate::{DenseMatrix, Model};

/// Most layers of a tuple that is a layer.
const TUPLE: usize = 8;
/// Characters of a line of numbers.
const WIDTH: usize = 110;

/// A layer or a tuple of layers: its type, an expression for its value, its sizes.
struct Node {
    kind: String,
    value: String,
    shape: Shape,
}

/// Words that the source takes from `gaussling_core::nn`.
type Names = BTreeSet<&'static str>;

fn function_name(function: Function) -> &'static str {
    match function {
        Function::Tanh => "Tanh",
        Function::Sigmoid => "Sigmoid",
        Function::Relu => "Relu",
        Function::Softplus => "Softplus",
        Function::Sine => "Sine",
        Function::Gaussian => "Gaussian",
        Function::Identity => "Identity",
    }
}

fn activation(function: Function, size: usize, names: &mut Names) -> (String, String) {
    let name = function_name(function);
    names.extend(["Activation", name]);
    (format!("Activation<{name}, {size}>"), format!("Activation({name})"))
}

/// A residual block around `inner` and a function. The step size has as many digits as tell it from all others.
fn block(
    [kind, inner, sizes]: [&str; 3],
    (size, function): (usize, Function),
    (steps, horizon): (usize, f64),
    names: &mut Names,
) -> (String, String) {
    let (function, value) = activation(function, size, names);
    let step_size = horizon / steps as f64;
    (
        format!("{kind}<({inner}<{sizes}>, {function}), {steps}>"),
        format!("{kind} {{ layer: ({inner}, {value}), step_size: {step_size:?} }}"),
    )
}

fn leaf(layer: &DynLayer, names: &mut Names) -> Node {
    let (kind, value) = match layer {
        DynLayer::Affine(DynAffine { inputs, outputs, bias }) => {
            let name = if *bias { "Affine" } else { "Linear" };
            names.insert(name);
            (format!("{name}<{inputs}, {outputs}>"), name.to_owned())
        }
        DynLayer::Pointwise(layer) => activation(layer.function, layer.size, names),
        DynLayer::Raf(layer) => {
            names.extend(["Parametric", "Raf", "RafStart"]);
            let start = match layer.function.start {
                RafStart::Regression => "Regression",
                RafStart::Image => "Image",
            };
            let value = format!("Parametric(Raf {{ start: RafStart::{start} }})");
            (format!("Parametric<Raf, 6, {}>", layer.size), value)
        }
        DynLayer::Euler(euler) => {
            names.extend(["Euler", "Affine"]);
            let (size, time) = (euler.size(), (euler.steps(), euler.horizon()));
            block(["Euler", "Affine", &format!("{size}, {size}")], (size, euler.function()), time, names)
        }
        DynLayer::Antisymmetric(rk4) => {
            names.extend(["Rk4", "Antisymmetric"]);
            let (size, time) = (rk4.size(), (rk4.nodes() - 1, rk4.horizon()));
            block(["Rk4", "Antisymmetric", &size.to_string()], (size, rk4.function()), time, names)
        }
    };
    Node { kind, value, shape: layer.shape() }
}

/// Tuples of tuples where there are more layers than one tuple takes; the order of computing is the same.
fn nest(mut nodes: Vec<Node>) -> Option<Node> {
    while nodes.len() > 1 {
        let mut groups = Vec::new();
        while !nodes.is_empty() {
            let rest = nodes.split_off(TUPLE.min(nodes.len()));
            groups.push(tuple(std::mem::replace(&mut nodes, rest))?);
        }
        nodes = groups;
    }
    nodes.pop()
}

fn tuple(nodes: Vec<Node>) -> Option<Node> {
    let shape = nodes.iter().rev().map(|node| node.shape).reduce(|tail, node| node.then(tail))?;
    let join = |part: fn(&Node) -> &str| nodes.iter().map(part).collect::<Vec<_>>().join(", ");
    match nodes.len() {
        1 => nodes.into_iter().next(),
        _ => Some(Node {
            kind: format!("({})", join(|node| &node.kind)),
            value: format!("({})", join(|node| &node.value)),
            shape,
        }),
    }
}

fn node_of(network: &Sequential, names: &mut Names) -> Option<Node> {
    nest(network.layers().iter().map(|layer| leaf(layer, names)).collect())
}

/// Sizes of the network's type in the source: its tuples are not nested as the sequence's are, so it may need less memory.
pub(super) fn shape_of(network: &Sequential) -> Shape {
    node_of(network, &mut Names::new()).map_or(network.shape(), |node| node.shape)
}

impl Export {
    /// The source of a module for a `no_std` crate that depends on `gaussling-core`: `predict`, for a classifier `classify`, and
    /// `self_test` with the raw `inputs` (one sample a column) and the bits that come out here.
    ///
    /// `measured_on` says in words what [`cost`](Self::cost) was measured on.
    ///
    /// # Errors
    /// As [`predict`](Self::predict), and [`ExportError::NotFinite`] when a recorded prediction overflows.
    pub fn rust(&self, inputs: &DenseMatrix<f64>, cost: &Cost, measured_on: &str) -> Result<String, ExportError> {
        let mut names = Names::from(["Layer", "Predictor", "Shape", "predictor_work_len"]);
        let empty = || Node { kind: "()".into(), value: "()".into(), shape: self.network.shape() };
        let net = node_of(&self.network, &mut names).unwrap_or_else(empty);
        let weights = self.weights(&mut names);
        if self.model.classes.is_some() {
            names.insert("argmax");
        }
        let mut out = self.header(&net.shape, cost, measured_on);
        let names = names.into_iter().collect::<Vec<_>>().join(", ");
        let (kind, value) = (net.kind, net.value);
        out += &format!("\nuse gaussling_core::Portable;\nuse gaussling_core::nn::{{{names}}};\n");
        out += &self.constants();
        out += &format!(
            "\ntype Net = {kind};\nconst NET: Net = {value};\nconst SHAPE: Shape = <Net as Layer>::SHAPE;\n\
             // Lengths are compared here, so nothing can fail when the program runs.\n\
             const _: () = assert!(SHAPE.inputs == INPUTS && SHAPE.features == OUTPUTS && SHAPE.params == {});\n",
            net.shape.params
        );
        out += &weights;
        for (name, len, values) in [
            ("INPUT_MEAN", "INPUTS", &self.input_mean),
            ("INPUT_SCALE", "INPUTS", &self.input_scale),
            ("TARGET_MEAN", "OUTPUTS", &self.target_mean),
            ("TARGET_SCALE", "OUTPUTS", &self.target_scale),
        ] {
            out += &array(name, "f32", len, values.iter().map(|x| format!("{x:?}")));
        }
        out += &self.functions();
        out += &self.recorded(inputs)?;
        Ok(out)
    }

    fn header(&self, shape: &Shape, cost: &Cost, measured_on: &str) -> String {
        let Self { model, storage, .. } = self;
        let Model { classes, record, .. } = model;
        let kind = if classes.is_some() { "A classifier" } else { "A regression" };
        let (version, params) = (env!("CARGO_PKG_VERSION"), shape.params);
        let factors = if *storage == Storage::F32 { "" } else { " with a scale factor for 32" };
        let mut out = format!(
            "//! {kind}: {}, {} inputs, {} outputs.\n//!\n\
             //! Written by gaussling {version} (`gaussling export`); export again instead of editing. A module for a `no_std` crate that\n\
             //! depends on `gaussling-core` {version}. No allocation, no panic, no unsafe; the same bits on every platform.\n//!\n",
            self.network,
            model.inputs,
            model.outputs(),
        );
        let mut row = |name: &str, value: &dyn Display| writeln!(out, "//! | {name} | {value} |").unwrap_or_default();
        row("", &"");
        row("---", &"---");
        row("weights", &format!("{params}, each as {}{factors}", storage.name()));
        row("flash of all constants", &format!("{} bytes", self.flash()));
        row("RAM of `predict`, on the stack", &format!("{} bytes of arrays, and call frames", self.ram()));
        row("against the model in f64", &format!("{cost} ({measured_on})"));
        for (key, value) in record {
            // Text from a file: it could hold anything.
            row(&quoted(key).replace('|', "\\|"), &quoted(value).replace('|', "\\|"));
        }
        out + "#![forbid(unsafe_code)]\n#![allow(clippy::approx_constant, clippy::excessive_precision, clippy::unreadable_literal)]\n"
    }

    fn constants(&self) -> String {
        let Model { inputs, input_names, target_names, classes, .. } = &self.model;
        let mut out = format!(
            "\n/// Numbers in.\npub const INPUTS: usize = {inputs};\n/// Numbers out.\npub const OUTPUTS: usize = {};\n",
            self.model.outputs()
        );
        let list = |names: &[String]| names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>();
        out += "/// Names of the inputs, in their order.";
        out += &array("pub INPUT_NAMES", "&str", "INPUTS", list(input_names).into_iter());
        match classes {
            Some(classes) => {
                out += "/// The classes, in the order of the scores.";
                out += &array("pub CLASSES", "&str", "OUTPUTS", list(classes).into_iter());
            }
            None => {
                out += "/// Names of the outputs, in their order.";
                out += &array("pub OUTPUT_NAMES", "&str", "OUTPUTS", list(target_names).into_iter());
            }
        }
        out
    }

    /// The arrays of weights, and the expression that reads them.
    fn weights(&self, names: &mut Names) -> String {
        let (kind, len, values, scales): (_, _, Vec<String>, _) = match &self.weights {
            Packed::Plain(weights) => ("f32", weights.len(), weights.iter().map(|x| format!("{x:?}")).collect(), None),
            Packed::Half { values, scales, .. } => {
                ("u16", values.len(), values.iter().map(|x| format!("{x:#06x}")).collect(), Some(scales))
            }
            Packed::Byte { values, scales, .. } => {
                ("i8", values.len(), values.iter().map(i8::to_string).collect(), Some(scales))
            }
        };
        let mut out = array("WEIGHTS", kind, &len.to_string(), values.into_iter());
        if let Some(scales) = scales {
            names.extend(["BLOCK", "Scaled"]);
            let block = gaussling_core::nn::BLOCK;
            out += &format!("// A factor for each {block} weights, from the output layer's first one to both sides.");
            out += &array(
                "SCALES",
                "f32",
                &format!("({len}_usize + {}).div_ceil(BLOCK)", self.weights.first()),
                scales.iter().map(|x| format!("{x:?}")),
            );
        }
        out
    }

    fn functions(&self) -> String {
        let what = if self.model.classes.is_some() { "A score for each class" } else { "The prediction" };
        let weights = match self.storage {
            Storage::F32 => "WEIGHTS.as_slice()".to_owned(),
            _ => format!("Scaled::starting_at(&WEIGHTS, &SCALES, {})", self.weights.first()),
        };
        let mut out = format!(
            "
/// {what}, from raw inputs, in the units of the training data. NaN or infinite inputs are not refused.
pub fn predict(input: &[f32; INPUTS]) -> [f32; OUTPUTS] {{
    let model = Predictor {{
        network: &NET,
        weights: {weights},
        input_mean: &INPUT_MEAN,
        input_scale: &INPUT_SCALE,
        target_mean: &TARGET_MEAN,
        target_scale: &TARGET_SCALE,
    }};
    let mut output = [f32::NAN; OUTPUTS];
    // Only a wrong length is an error, and they are right.
    let _ = model.predict(&Portable, input, &mut output, &mut [0.0; predictor_work_len(SHAPE)]);
    output
}}
"
        );
        if self.model.classes.is_some() {
            out += "
/// The label of the class with the largest score; of equal scores the first.
pub fn classify(input: &[f32; INPUTS]) -> &'static str {
    CLASSES.get(argmax(&predict(input))).copied().unwrap_or_default()
}
";
        }
        out
    }

    fn recorded(&self, inputs: &DenseMatrix<f64>) -> Result<String, ExportError> {
        let bits = |values: &[f32]| {
            let words: Vec<String> = values.iter().map(|x| format!("{:#010x}", x.to_bits())).collect();
            format!("[{}]", words.join(", "))
        };
        let mut pairs = Vec::new();
        for j in 0..inputs.cols() {
            let x = to_f32(inputs.col(j));
            let y = self.predict(&x)?;
            if !y.iter().all(|y| y.is_finite()) {
                return Err(ExportError::NotFinite { sample: j + 1 });
            }
            pairs.push(format!("({}, {})", bits(&x), bits(&y)));
        }
        let out = "\n// Inputs and what came out when this file was written, as bits.";
        let pairs = array("RECORDED", "([u32; INPUTS], [u32; OUTPUTS])", &inputs.cols().to_string(), pairs.into_iter());
        Ok(format!(
            "{out}{pairs}
/// Whether the recorded inputs give the recorded outputs, bit for bit: run it once on new hardware or with a new compiler.
pub fn self_test() -> bool {{
    RECORDED.iter().all(|(input, output)| predict(&input.map(f32::from_bits)).map(f32::to_bits) == *output)
}}
"
        ))
    }
}

/// A static array, as many elements to a line as fit.
fn array(name: &str, kind: &str, len: &str, values: impl Iterator<Item = String>) -> String {
    let (visible, name) = name.strip_prefix("pub ").map_or(("", name), |name| ("pub ", name));
    let mut out = format!("\n{visible}static {name}: [{kind}; {len}] = [");
    let mut column = WIDTH;
    for value in values {
        if column + value.len() > WIDTH {
            out += "\n    ";
            column = 4;
        } else {
            out += " ";
            column += 1;
        }
        column += value.len() + 1;
        out += &value;
        out += ",";
    }
    out + "\n];\n"
}
