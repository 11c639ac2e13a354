//! How good a surrogate of a convection–diffusion–reaction equation does each method train at equal work, and what does each
//! part of GNvpro bring?
//!
//! 55 parameters → 72 observations, 400/200/200 samples for training, validation and test, 600 work units. The data are those of a
//! finite-volume solver, or of a file such as CDR_Data.mat of Newman et al. (2021):
//!
//! `cargo run --release --example cdr -- CDR_Data.mat 10`   (file and weight seeds; without them generated data and three seeds)

use std::path::PathBuf;

use gaussling::cdr;
use gaussling::compare::{Row, compare, rows};
use gaussling::core::optim::Subproblem;
use gaussling::data::{Dataset, LoadOptions, Sizes, load, split};
use gaussling::network::Sequential;
use gaussling::train::{Method, Options, Problem};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().map(PathBuf::from);
    let seeds: u64 = arguments.next().map_or(Ok(3), |n| n.parse())?;
    let data = match &file {
        Some(file) => load(file, &LoadOptions::default())?,
        None => {
            let (inputs, targets) = cdr::generate(800, 0);
            Dataset::from_matrices(inputs, targets)?
        }
    };
    let parts = split(data.samples(), Sizes::default(), 42, None)?;
    let network = Sequential::parse("dense:8, antisym:8x2", data.inputs.rows())?;
    let problem = Problem::new(&data, None, &parts, network, true)?;
    let seeds: Vec<u64> = (0..seeds).collect();
    let run = |methods: &[Method], options: Options| {
        compare(&problem, methods, &seeds, &options, 2, &|_| true).map(|entries| rows(&entries))
    };

    // The data are exact: the regularization as published.
    let exact = Options { alpha_theta: 1e-10, alpha_w: 1e-10, ..Options::default() };
    println!("mean relative error on test data in percent, mean ± deviation over {} weight seeds", seeds.len());
    let print =
        |name: &str, row: &Row| println!("{name:34} {:6.3} ± {:.3}", 100.0 * row.errors[2], 100.0 * row.deviation);
    let all = run(&Method::ALL, exact.clone())?;
    all.iter().for_each(|row| print(row.method.name(), row));

    println!("GNvpro with another way to its steps:");
    let ways = [
        ("published: GMRES, tolerance 0.01", Subproblem::Gmres { reorthogonalize: false }, 1e-2),
        ("conjugate gradients", Subproblem::Recycled { pairs: 0 }, 0.1),
        ("the same, 20 recycled pairs", Subproblem::Recycled { pairs: 20 }, 0.1),
        ("the same, 200 recycled pairs", Subproblem::Recycled { pairs: 200 }, 0.1),
    ];
    let mut errors = Vec::new();
    for (name, subproblem, krylov_tolerance) in ways {
        let own = run(&[Method::Gnvpro], Options { subproblem, krylov_tolerance, ..exact.clone() })?;
        own.iter().for_each(|row| print(name, row));
        errors.extend(own.iter().map(|row| row.errors[2]));
    }
    let of = |method| all.iter().find(|row| row.method == method).map_or(f64::NAN, |row| row.errors[2]);
    assert!(of(Method::Gnvpro) < 0.8 * errors[0], "recycled curvature pays");
    assert!(of(Method::Gnvpro) < of(Method::GaussNewton), "so does the projection");
    assert!(of(Method::Gnvpro) < 1.1 * of(Method::Lbfgs), "and L-BFGS with projection is not better");
    Ok(())
}
