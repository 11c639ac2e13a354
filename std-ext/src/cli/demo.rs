//! `gaussling demo`

use gaussling::cdr;
use gaussling::data::{Dataset, Sizes, split};
use gaussling::defaults::Facts;
use gaussling::network::Sequential;
use gaussling::train::{Options, Problem};

use super::Failure;
use super::arguments::DemoArguments;
use super::compare::{Wanted, compare_and_write, make_output_folder};
use super::output::note;
use super::picks::Picks;
use super::setup::{Setup, samples};

/// As many parameter vectors as in the published experiment.
const SAMPLES: usize = 800;

/// In the output folder, beside what every comparison writes there.
const REPORT: &str = "report.html";

pub fn run(arguments: &DemoArguments) -> Result<(), Failure> {
    make_output_folder(&arguments.output, &[REPORT])?;
    if !arguments.quiet {
        note(&format!("solving a convection-diffusion-reaction equation for {SAMPLES} random parameter vectors"));
    }
    let (inputs, targets) = cdr::generate(SAMPLES, 0);
    let data = Dataset::from_matrices(inputs, targets)?;
    let parts = split(SAMPLES, Sizes::default(), 42, None)?;
    let facts = Facts { samples: parts.train.len(), classes: false, streamed: false };
    let mut picks = Picks::default();
    let description = picks.or("network", None, || facts.network(), String::clone);
    let network = Sequential::parse(&description, data.inputs.rows())?;
    let problem = Problem::new(&data, None, &parts, network, true)?;
    let source = "a convection-diffusion-reaction equation".to_string();
    let options = Options::default();
    let samples = samples(&problem);
    let setup = Setup { data, options, source, samples, problem, window: None, facts, picks };
    let report = arguments.output.join(REPORT);
    let (folder, report) = (Some(arguments.output.as_path()), Some(report.as_path()));
    let wanted = Wanted { folder, history: None, report, quiet: arguments.quiet, json: false };
    compare_and_write(&setup, &arguments.methods, arguments.seeds, wanted)
}
