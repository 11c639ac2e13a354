use gaussling_core::nn::{Init, Network, Point, standard_normal};
use gaussling_core::{Error, MatMut, MatRef};
use rand_core::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::{Sampled, Sequential};
use crate::DenseMatrix;
use crate::backend::Fast;

/// Features, J v, Jᵀ g and the cotangent of the inputs.
struct Passes {
    z: Vec<f64>,
    dz: Vec<f64>,
    gradient: Vec<f64>,
    gx: Vec<f64>,
}

/// Three passes over `n` samples.
fn passes(network: &impl Network<f64>, fast: &Fast, n: usize) -> Result<Passes, Error> {
    let shape = network.shape();
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
    let mut theta = vec![0.0; shape.params];
    network.initialize(Init::Xavier, &mut rng, &mut theta)?;
    let mut random = |rows, cols| DenseMatrix::from_fn(rows, cols, |_, _| standard_normal(&mut rng));
    let (x, dx, g, v) =
        (random(shape.inputs, n), random(shape.inputs, n), random(shape.features, n), random(shape.params, 1));
    let mut cache = vec![f64::NAN; shape.cache.of(n)];
    let mut work = vec![f64::NAN; shape.work.of(n)];
    let (mut z, mut dz) = (vec![f64::NAN; shape.features * n], vec![f64::NAN; shape.features * n]);
    // Gradients are added to what is there.
    let (mut gradient, mut gx) = (vec![1.0; shape.params], vec![f64::NAN; shape.inputs * n]);
    network.forward(fast, &theta, x.view(), MatMut::new(&mut z, shape.features, n)?, &mut cache, &mut work)?;
    let point = Point { theta: &theta, x: x.view(), cache: &cache };
    let out = MatMut::new(&mut dz, shape.features, n)?;
    network.jvp(fast, point, v.as_slice(), Some(dx.view()), out, &mut work)?;
    let out = MatMut::new(&mut gx, shape.inputs, n)?;
    network.vjp(fast, point, g.view(), &mut gradient, Some(out), &mut work)?;
    Ok(Passes { z, dz, gradient, gx })
}

/// Less than a piece, a piece, one sample more, two parts, all parts, parts of many pieces.
const SAMPLES: [usize; 10] = [0, 1, 255, 256, 257, 1023, 1024, 1025, 8192, 9001];

/// One with a fixed part in its cache and one in its workspace.
fn networks() -> [Sequential; 2] {
    ["affine:6, tanh, antisym:6x3", "dense:5, sine, affine:4"].map(|text| Sequential::parse(text, 3).unwrap())
}

#[test]
fn pieces_give_what_the_whole_gives() {
    let fast = Fast::detect();
    for network in &networks() {
        for n in SAMPLES {
            let whole = passes(network, &fast, n).unwrap();
            let pieces = passes(&Sampled::new(network, &fast), &fast, n).unwrap();
            let pairs = [(&whole.z, &pieces.z), (&whole.dz, &pieces.dz), (&whole.gx, &pieces.gx)];
            for (a, b) in pairs.into_iter().flat_map(|(a, b)| a.iter().zip(b)) {
                assert!((a - b).abs() <= 1e-12 * a.abs().max(1.0), "{network}, {n} samples: {a} {b}");
            }
            let size = whole.gradient.iter().fold(1.0, |size: f64, g| size.max(g.abs()));
            for (a, b) in whole.gradient.iter().zip(&pieces.gradient) {
                assert!((a - b).abs() <= 1e-13 * size * (n.max(1) as f64).sqrt(), "{network}, {n} samples: {a} {b}");
            }
        }
    }
}

#[test]
fn the_bits_do_not_depend_on_the_threads() {
    let bits = |numbers: &[f64]| numbers.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    for network in &networks() {
        for n in SAMPLES {
            let run = |threads| {
                let fast = Fast::detect().with_threads(threads);
                assert_eq!(fast.threads(), threads.max(1));
                let Passes { z, dz, gradient, gx } = passes(&Sampled::new(network, &fast), &fast, n).unwrap();
                [bits(&z), bits(&dz), bits(&gradient), bits(&gx)]
            };
            let one = run(1);
            for threads in [0, 2, 3, 8] {
                assert!(run(threads) == one, "{network}, {n} samples, {threads} threads");
            }
        }
    }
}

/// Errors are those of the network or name the workspace, from any thread.
#[test]
fn misuse_is_refused() {
    let fast = Fast::detect().with_threads(2);
    let network = &networks()[0];
    let sampled = Sampled::new(network, &fast);
    let shape = Network::<f64>::shape(&sampled);
    let (n, x) = (3000, vec![0.0; 9000]);
    let (x, theta) = (MatRef::new(&x, 3, n).unwrap(), vec![0.1; shape.params]);
    let run = |theta: &[f64], z: usize, cache: usize, work: usize| {
        let (mut out, mut cache, mut work) = (vec![0.0; 6 * z], vec![0.0; cache], vec![0.0; work]);
        let z = MatMut::new(&mut out, 6, z).unwrap();
        sampled.forward(&fast, theta, x, z, &mut cache, &mut work)
    };
    let (cache, work) = (shape.cache.of(n), shape.work.of(n));
    assert_eq!(run(&theta, n, cache, work), Ok(()));
    assert!(matches!(run(&theta[1..], n, cache, work), Err(Error::Length { what: "theta", .. })));
    assert!(matches!(run(&theta, n + 1, cache, work), Err(Error::Shape { what: "z", .. })));
    assert!(matches!(run(&theta, n, 10_000, work), Err(Error::Workspace { what: "cache", .. })));
    assert!(matches!(run(&theta, n, cache, 100), Err(Error::Workspace { what: "work", .. })));
}
