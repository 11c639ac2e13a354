//! The description language of networks: [`Sequential::parse`] reads it, `Display` prints it.
//!
//! Layers are separated by commas and know their inputs from the layer before; blanks do not matter.
//!
//! ```text
//! network  = layer { "," layer }
//! layer    = "affine:" OUT                              K x + b
//!          | "linear:" OUT                              K x
//!          | "dense:" OUT [":" ( function | raf )]      affine, then the function
//!          | function                                   on each feature
//!          | raf                                        on each feature, with six learnable parameters for each
//!          | "euler:" STEPS { ":" option }              residual block: (affine n → n, function), Euler steps of size T/STEPS
//!          | "antisym:" [WIDTH "x"] NODES { ":" option } residual block: (antisymmetric n → n, function), classical
//!                                                       Runge–Kutta steps of size T/(NODES − 1), weights at the NODES time
//!                                                       nodes and at the mid-points
//! raf      = "raf" [":image"]                           a x + b x² + c sin(d x) + e exp(−x²/(2f²)); the word after it chooses
//!                                                       initial parameters for fine detail on [−1, 1]
//! option   = "T=" horizon | function
//! function = "tanh" | "sigmoid" | "relu" | "softplus" | "sine" | "gaussian" | "identity"
//! ```
//! OUT, STEPS and WIDTH are whole numbers from 1, NODES from 2, the horizon is a positive number. WIDTH must be the number of
//! features before the block. Where an option is not given, T = 1 and the function is tanh. Blocks take functions without parameters.
//!
//! ```
//! use gaussling::network::Sequential;
//! let net = Sequential::parse("dense:32, antisym:8:T=4", 5)?;
//! assert_eq!(net.to_string(), "affine:32, tanh, antisym:32x8:T=4");
//! assert_eq!((net.inputs(), net.features()), (5, 32));
//!
//! let error = Sequential::parse("affine:32, tahn", 5).unwrap_err();
//! assert!(error.to_string().contains(r#"character 12: found "tahn", expected a layer"#));
//! # Ok::<(), gaussling::network::DescribeError>(())
//! ```

use std::fmt;

use gaussling_core::nn::{DynAffine, RafStart};

use super::block::{AntisymmetricBlock, EulerBlock};
use super::function::{Function, Pointwise};
use super::layer::DynLayer;
use super::sequential::{MAX_LAYERS, Sequential};
use crate::data::quoted;
use crate::memory;

/// Names of layers that are not functions.
const LAYERS: [&str; 6] = ["affine", "linear", "dense", "euler", "antisym", RAF];

/// A layer, and what `dense` takes in place of a function.
const RAF: &str = "raf";

/// Why a description is not a network: one line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("network description, character {position}: found {}, expected {expected}", quoted(found))]
pub struct DescribeError {
    /// Where the offending word starts, in characters from 1.
    pub position: usize,
    /// The offending word; empty where one is missing.
    pub found: String,
    /// What should stand there.
    pub expected: String,
}

/// A piece of the description and the byte where it starts.
#[derive(Clone, Copy)]
struct Word<'a> {
    text: &'a str,
    start: usize,
}

impl<'a> Word<'a> {
    /// The pieces between `separator`s, without blanks around them.
    fn split(self, separator: char) -> impl Iterator<Item = Word<'a>> {
        let mut start = self.start;
        self.text.split(separator).map(move |piece| {
            let blank = piece.len() - piece.trim_start().len();
            let word = Word { text: piece.trim(), start: start + blank };
            start += piece.len() + separator.len_utf8();
            word
        })
    }
}

impl Sequential {
    /// Reads a description, in the language of this [module](self), of a network with this many inputs.
    ///
    /// # Errors
    /// [`DescribeError`] for the first word that does not fit the grammar or the layer before it, and for a network that is
    /// too large for this machine's memory.
    pub fn parse(description: &str, inputs: usize) -> Result<Self, DescribeError> {
        let whole = Word { text: description, start: 0 };
        let parser = Parser { description };
        let no_inputs = |_| parser.error(whole, "a network with at least 1 input, but there are none".into());
        let mut network = Self::new(inputs).map_err(no_inputs)?;
        for layer in whole.split(',') {
            let words: Vec<Word<'_>> = layer.split(':').collect();
            for one in parser.layer(&words, network.features())? {
                if network.len() == MAX_LAYERS {
                    return Err(parser.error(layer, format!("the end, since {MAX_LAYERS} layers are the most")));
                }
                // The parser has checked all else that `push` checks.
                let pushed = network.push(one);
                if pushed.is_err() || !memory::fits(network.shape().params) {
                    let params =
                        network.shape().params.saturating_add(one.shape().params * usize::from(pushed.is_err()));
                    return Err(parser.error(layer, too_large(params)));
                }
            }
        }
        Ok(network)
    }
}

fn too_large(params: usize) -> String {
    let count = if params == usize::MAX { format!("more than {params}") } else { params.to_string() };
    format!("a network that fits in memory, but it would have {count} parameters; choose smaller sizes")
}

struct Parser<'a> {
    description: &'a str,
}

impl Parser<'_> {
    fn error(&self, word: Word<'_>, expected: String) -> DescribeError {
        let position = self.description[..word.start].chars().count() + 1;
        DescribeError { position, found: word.text.to_owned(), expected }
    }

    /// One layer, or the two that `dense` stands for, on `features` inputs.
    fn layer(&self, words: &[Word<'_>], features: usize) -> Result<Vec<DynLayer>, DescribeError> {
        let (name, rest) = words.split_first().expect("splitting gives at least one piece");
        Ok(match name.text {
            "affine" => vec![DynLayer::affine(features, self.outputs(*name, rest, "affine:32")?)],
            "linear" => vec![DynLayer::linear(features, self.outputs(*name, rest, "linear:32")?)],
            "dense" => {
                let (size, options) = self.size_word(*name, rest, "dense:32")?;
                let outputs = self.number(size, size, 1, "outputs, as in dense:32")?;
                let activation = match options {
                    [raf, rest @ ..] if raf.text == RAF => self.raf(rest, outputs)?,
                    _ => DynLayer::activation(self.options(options, false)?.function, outputs),
                };
                vec![DynLayer::affine(features, outputs), activation]
            }
            "euler" => {
                let (size, options) = self.size_word(*name, rest, "euler:4 or euler:4:T=2")?;
                let steps = self.number(size, size, 1, "steps, as in euler:4")?;
                let Options { horizon, function } = self.options(options, true)?;
                let block = EulerBlock::new(features, steps, horizon, function);
                vec![DynLayer::Euler(block.map_err(|error| self.error(size, error.to_string()))?)]
            }
            "antisym" => {
                let (size, options) = self.size_word(*name, rest, "antisym:8 or antisym:32x8:T=4")?;
                let nodes = self.nodes(size, features)?;
                let Options { horizon, function } = self.options(options, true)?;
                let block = AntisymmetricBlock::new(features, nodes, horizon, function);
                vec![DynLayer::Antisymmetric(block.map_err(|error| self.error(size, error.to_string()))?)]
            }
            RAF => vec![self.raf(rest, features)?],
            other => {
                let Some(function) = Function::from_name(other) else {
                    return Err(self.error(*name, format!("a layer {}", choices(other, &LAYERS))));
                };
                self.end(rest, name.text)?;
                vec![DynLayer::activation(function, features)]
            }
        })
    }

    /// What may follow the word `raf`.
    fn raf(&self, rest: &[Word<'_>], size: usize) -> Result<DynLayer, DescribeError> {
        let start = match rest {
            [] => RafStart::Regression,
            [word, more @ ..] if word.text == "image" => {
                self.end(more, "raf:image")?;
                RafStart::Image
            }
            [word, ..] => return Err(self.error(*word, "image, a comma or the end after raf".into())),
        };
        Ok(DynLayer::raf(start, size))
    }

    /// The single size of `affine` and `linear`.
    fn outputs(&self, name: Word<'_>, rest: &[Word<'_>], example: &str) -> Result<usize, DescribeError> {
        let (size, more) = self.size_word(name, rest, example)?;
        let outputs = self.number(size, size, 1, &format!("outputs, as in {example}"))?;
        self.end(more, &format!("{}:{outputs}", name.text))?;
        Ok(outputs)
    }

    /// The word after the name, and those after that.
    fn size_word<'w>(
        &self,
        name: Word<'w>,
        rest: &'w [Word<'w>],
        example: &str,
    ) -> Result<(Word<'w>, &'w [Word<'w>]), DescribeError> {
        let (size, rest) = rest.split_first().ok_or_else(|| self.error(name, format!("a size after it: {example}")))?;
        Ok((*size, rest))
    }

    /// `NODES` or `WIDTHxNODES`, the width being `features`.
    fn nodes(&self, size: Word<'_>, features: usize) -> Result<usize, DescribeError> {
        const EXAMPLE: &str = "time nodes, as in antisym:8 or antisym:32x8";
        let parts: Vec<Word<'_>> = size.split('x').collect();
        match parts[..] {
            [nodes] => self.number(size, nodes, 2, EXAMPLE),
            [width, nodes] => {
                let found = self.number(size, width, 1, "features, as in antisym:32x8")?;
                if found != features {
                    return Err(self.error(size, format!("width {features}, the number of features before this block")));
                }
                self.number(size, nodes, 2, EXAMPLE)
            }
            _ => Err(self.error(size, "WIDTHxNODES, as in antisym:32x8".into())),
        }
    }

    /// `part` of `word` as a count of at least `least`.
    fn number(&self, word: Word<'_>, part: Word<'_>, least: usize, what: &str) -> Result<usize, DescribeError> {
        let digits = !part.text.is_empty() && part.text.bytes().all(|byte| byte.is_ascii_digit());
        match part.text.parse() {
            Ok(number) if digits && number >= least => Ok(number),
            Err(_) if digits => Err(self.error(word, too_large(usize::MAX))),
            _ => Err(self.error(word, format!("a whole number, at least {least}, of {what}"))),
        }
    }

    /// `T=…` (of blocks) and a function, in any order, each once.
    fn options(&self, words: &[Word<'_>], block: bool) -> Result<Options, DescribeError> {
        let (mut horizon, mut function) = (None, None);
        for &word in words {
            if let Some(number) = word.text.strip_prefix("T=").filter(|_| block) {
                let value: Option<f64> = number.trim().parse().ok();
                let valid = value.filter(|value| value.is_finite() && *value > 0.0);
                let expected = || self.error(word, "a positive time horizon, as in T=4".into());
                let again = || self.error(word, "T= only once".into());
                if horizon.replace(valid.ok_or_else(expected)?).is_some() {
                    return Err(again());
                }
            } else {
                let kind = if block { "T= and a number, or a function" } else { "a function" };
                let others: &[_] = if block { &[] } else { &[RAF] };
                let expected = || self.error(word, format!("{kind} {}", choices(word.text, others)));
                let again = || self.error(word, "only one function".into());
                if others.contains(&word.text) {
                    return Err(again()); // the first function would not have come here
                }
                if function.replace(Function::from_name(word.text).ok_or_else(expected)?).is_some() {
                    return Err(again());
                }
            }
        }
        Ok(Options { horizon: horizon.unwrap_or(1.0), function: function.unwrap_or_default() })
    }

    fn end(&self, rest: &[Word<'_>], before: &str) -> Result<(), DescribeError> {
        match rest.first() {
            Some(word) => Err(self.error(*word, format!("a comma or the end after {before}"))),
            None => Ok(()),
        }
    }
}

struct Options {
    horizon: f64,
    function: Function,
}

/// `; did you mean "tanh"?` when a name is near, else all names.
fn choices(word: &str, layers: &[&'static str]) -> String {
    let names = || layers.iter().copied().chain(Function::ALL.map(Function::name));
    let lower = word.to_lowercase();
    let near = names().map(|name| (distance(&lower, name), name)).min();
    match near {
        // More than a third of the letters wrong is a guess, not a misspelling.
        Some((distance, name)) if distance <= name.len().div_ceil(3) => format!("(did you mean {name:?}?)"),
        _ => format!("({})", names().collect::<Vec<_>>().join(", ")),
    }
}

/// Number of letters to insert, delete, replace, or swap with the next one, to turn `a` into `b` (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(20).collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<_>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replace = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = replace.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

/// The canonical description, which parses back to an equal network; `identity` where there are no layers.
impl fmt::Display for Sequential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str(Function::Identity.name());
        }
        for (i, layer) in self.layers().iter().enumerate() {
            write!(f, "{}{layer}", if i == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

impl fmt::Display for DynLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Affine(DynAffine { outputs, bias: true, .. }) => write!(f, "affine:{outputs}"),
            Self::Affine(DynAffine { outputs, bias: false, .. }) => write!(f, "linear:{outputs}"),
            Self::Pointwise(Pointwise { function, .. }) => f.write_str(function.name()),
            Self::Raf(layer) => f.write_str(match layer.function.start {
                RafStart::Regression => RAF,
                RafStart::Image => "raf:image",
            }),
            Self::Euler(block) => {
                write!(f, "euler:{}", block.steps())?;
                write_options(f, block.horizon(), block.function())
            }
            Self::Antisymmetric(block) => {
                write!(f, "antisym:{}x{}", block.size(), block.nodes())?;
                write_options(f, block.horizon(), block.function())
            }
        }
    }
}

/// The horizon with as many digits as tell it from all other numbers; the function when it is not the default.
fn write_options(f: &mut fmt::Formatter<'_>, horizon: f64, function: Function) -> fmt::Result {
    if (1e-4..1e15).contains(&horizon) {
        write!(f, ":T={horizon}")?;
    } else {
        write!(f, ":T={horizon:e}")?;
    }
    if function != Function::default() {
        write!(f, ":{}", function.name())?;
    }
    Ok(())
}
