//! One step of each method, on the portable kernels and on the fast ones: `cargo bench -p gaussling-tests --bench steps`, one TSV.
//!
//! `steps_numpy.py` and `steps_torch.py` beside this file time the same steps by the NumPy references and by PyTorch: networks, sizes
//! and batches are the same, the random numbers are not. Run all in the same minute and compare ratios. `portable` or `fast` keeps a backend, other
//! arguments the operations whose name contains one of them.

mod timing;

use std::hint::black_box;

use gaussling::DenseMatrix;
use gaussling::backend::Fast;
use gaussling::network::Sampled;
use gaussling_core::nn::{
    Affine, Antisymmetric, Euler, Init, LeastSquares, Linear, Network, Rk4, SoftmaxCrossEntropy, Tikhonov,
    standard_normal, tanh, uniform,
};
use gaussling_core::optim::{
    Adam, CurveBall, CurveBallOptions, Objective, SampledTikhonov, Selection, SlimTrain, Update, VarProLeastSquares,
    adam_state_len, curveball_state_len, curveball_work_len, loss_and_gradient, loss_work_len,
    sampled_tikhonov_state_len, sampled_tikhonov_work_len, slimtrain_work_len, varpro_least_squares_work_len,
};
use gaussling_core::{Backend, Error, MatRef, Portable, Real};
use rand_core::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use timing::time;

fn random<T: Real>(rng: &mut Xoshiro256PlusPlus, rows: usize, cols: usize) -> DenseMatrix<T> {
    DenseMatrix::from_fn(rows, cols, |_, _| T::from_f64(standard_normal(rng)))
}

/// slimTrain and Adam, batches of `batch`, memory 5.
fn slimtrain<B: Backend<f64>>(
    (backend, kernels): (&B, &str),
    name: &str,
    network: &impl Network<f64>,
    outputs: usize,
    batch: usize,
) -> Result<(), Error> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(20);
    let shape = network.shape();
    let (mut theta, mut w) = (vec![0.0; shape.params], vec![0.1; outputs * (shape.features + 1)]);
    network.initialize(Init::He, &mut rng, &mut theta)?;
    let x = DenseMatrix::from_fn(shape.inputs, 200 * batch, |_, _| 6.0 * uniform(&mut rng) - 3.0);
    let c = random::<f64>(&mut rng, outputs, 200 * batch);
    let state = vec![0.0; sampled_tikhonov_state_len(shape.features, batch, 5)];
    let mut method = SlimTrain::new(shape, outputs, batch, 5, 1e-7, state)?;
    let mut adam = Adam::new(1e-3, vec![0.0; adam_state_len(shape.params)]);
    let mut work = vec![0.0; slimtrain_work_len(shape, outputs, batch, 5)];
    let regularizer = Tikhonov { alpha: 5e-6 };
    time(name, "f64", kernels, |i| {
        let (x, c) = (x.view().columns(i % 200 * batch, batch)?, c.view().columns(i % 200 * batch, batch)?);
        let rule = &mut Selection::Gcv;
        let report =
            method.step(backend, network, &regularizer, rule, &mut adam, &mut theta, &mut w, x, c, &mut work)?;
        black_box(report);
        Ok(())
    })
}

/// slimTrain's linear layer alone, memory 5: `features` and the bias, `targets` of each of `batch` samples.
fn head<T: Real, B: Backend<T>>(
    (backend, kernels): (&B, &str),
    scalar: &str,
    (features, targets, batch): (usize, usize, usize),
) -> Result<(), Error> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(31);
    let z = random::<T>(&mut rng, features, batch);
    let c = random::<T>(&mut rng, targets, batch);
    let mut w = vec![T::ZERO; targets * (features + 1)];
    let state = vec![T::ZERO; sampled_tikhonov_state_len(features, batch, 5)];
    let mut layer = SampledTikhonov::new(features, targets, batch, 5, T::from_f64(1e-3), state)?;
    let mut work = vec![T::ZERO; sampled_tikhonov_work_len(features, targets, batch, 5)];
    time(&format!("slimTrain head {} features {targets} targets batch {batch}", features + 1), scalar, kernels, |_| {
        black_box(layer.update(backend, z.view(), c.view(), &mut w, &mut Selection::Gcv, &mut work)?);
        Ok(())
    })
}

/// Objective with gradient, and a Gauss–Newton product.
fn gnvpro<B: Backend<f64>>(
    (backend, kernels): (&B, &str),
    name: &str,
    network: &impl Network<f64>,
    outputs: usize,
    samples: usize,
    alpha: f64,
) -> Result<(), Error> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(20);
    let shape = network.shape();
    let mut theta = vec![0.0; shape.params];
    network.initialize(Init::He, &mut rng, &mut theta)?;
    let x = DenseMatrix::from_fn(shape.inputs, samples, |_, _| (6.0 * uniform(&mut rng) - 3.0) / shape.inputs as f64);
    let c = random::<f64>(&mut rng, outputs, samples);
    let mut work = vec![0.0; varpro_least_squares_work_len(shape, outputs, samples)];
    let regularizer = Tikhonov { alpha };
    let mut objective = VarProLeastSquares::new(network, regularizer, alpha, backend, x.view(), c.view(), &mut work)?;
    let (mut gradient, mut product) = (vec![0.0; shape.params], vec![0.0; shape.params]);
    time(&format!("{name} objective and gradient"), "f64", kernels, |_| {
        black_box(objective.value_and_gradient(black_box(&theta), &mut gradient)?);
        Ok(())
    })?;
    objective.value_and_gradient(&theta, &mut gradient)?;
    time(&format!("{name} Gauss-Newton product"), "f64", kernels, |_| {
        objective.product(black_box(&gradient), &mut product)
    })
}

/// CurveBall and Adam on the dense network 784-128-64-32-10, batches of 64.
fn mlp<T: Real, B: Backend<T>>((backend, kernels): (&B, &str), scalar: &str) -> Result<(), Error> {
    const BATCH: usize = 64;
    let network = (
        Affine::<784, 128>,
        tanh::<128>(),
        Affine::<128, 64>,
        tanh::<64>(),
        Affine::<64, 32>,
        tanh::<32>(),
        Affine::<32, 10>,
    );
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(11);
    let shape = Network::<T>::shape(&network);
    let mut start = vec![T::ZERO; shape.params];
    network.initialize(Init::Xavier, &mut rng, &mut start)?;
    let x = DenseMatrix::from_fn(784, BATCH, |_, _| T::from_f64(uniform(&mut rng)));
    let c = DenseMatrix::from_fn(10, BATCH, |i, j| if i == j % 10 { T::ONE } else { T::ZERO });
    let (x, c): (MatRef<'_, T>, _) = (x.view(), c.view());

    let mut w = start.clone();
    let mut curveball = CurveBall::new(CurveBallOptions::default(), vec![T::ZERO; curveball_state_len(shape.params)])?;
    let mut work = vec![T::ZERO; curveball_work_len(shape, BATCH)];
    time("CurveBall MLP 784-128-64-32-10 batch 64", scalar, kernels, |_| {
        black_box(curveball.step(backend, &network, &SoftmaxCrossEntropy, &mut w, x, c, &mut work)?);
        Ok(())
    })?;

    let mut w = start;
    let mut adam = Adam::new(T::from_f64(1e-3), vec![T::ZERO; adam_state_len(shape.params)]);
    let mut work = vec![T::ZERO; loss_work_len(shape, BATCH)];
    let mut gradient = vec![T::ZERO; shape.params];
    time("Adam MLP 784-128-64-32-10 batch 64", scalar, kernels, |_| {
        black_box(loss_and_gradient(backend, &network, SoftmaxCrossEntropy, &w, x, c, &mut gradient, &mut work)?);
        adam.update(backend, &mut w, &gradient)
    })
}

/// The gradient of 8-16-4 on a batch of 32, where calls cost as much as numbers.
fn small<T: Real, B: Backend<T>>((backend, kernels): (&B, &str), scalar: &str) -> Result<(), Error> {
    const BATCH: usize = 32;
    let network = (Affine::<8, 16>, tanh::<16>(), Affine::<16, 4>);
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(12);
    let shape = Network::<T>::shape(&network);
    let mut w = vec![T::ZERO; shape.params];
    network.initialize(Init::Xavier, &mut rng, &mut w)?;
    let (x, c) = (random::<T>(&mut rng, 8, BATCH), random::<T>(&mut rng, 4, BATCH));
    let (mut gradient, mut work) = (vec![T::ZERO; shape.params], vec![T::ZERO; loss_work_len(shape, BATCH)]);
    time("gradient MLP 8-16-4 batch 32", scalar, kernels, |_| {
        let (x, c) = (black_box(x.view()), c.view());
        black_box(loss_and_gradient(backend, &network, LeastSquares, &w, x, c, &mut gradient, &mut work)?);
        Ok(())
    })
}

/// The same gradient by plain loops over arrays of known sizes, compiled for the backend's instructions.
fn small_by_hand<T: Real, B: Backend<T>>((backend, kernels): (&B, &str), scalar: &str) -> Result<(), Error> {
    const BATCH: usize = 32;
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(12);
    let mut number = || T::from_f64(0.3 * standard_normal(&mut rng));
    let w1: [[T; 16]; 8] = core::array::from_fn(|_| core::array::from_fn(|_| number()));
    let w2: [[T; 4]; 16] = core::array::from_fn(|_| core::array::from_fn(|_| number()));
    let (b1, b2): ([T; 16], [T; 4]) = ([number(); 16], [number(); 4]);
    let x: [[T; 8]; BATCH] = core::array::from_fn(|_| core::array::from_fn(|_| number()));
    let c: [[T; 4]; BATCH] = core::array::from_fn(|_| core::array::from_fn(|_| number()));
    let (mut g1, mut g2) = ([[T::ZERO; 16]; 9], [[T::ZERO; 4]; 17]);
    let mut y = [[T::ZERO; 16]; BATCH];
    time("gradient MLP 8-16-4 batch 32 by hand", scalar, kernels, |_| {
        let (x, c) = (black_box(&x), black_box(&c));
        let loss = backend.run(|| {
            let mut loss = T::ZERO;
            (g1, g2) = ([[T::ZERO; 16]; 9], [[T::ZERO; 4]; 17]);
            for (y, x) in y.iter_mut().zip(x) {
                *y = b1;
                for (w, &x) in w1.iter().zip(x) {
                    y.iter_mut().zip(w).for_each(|(y, &w)| *y += w * x);
                }
            }
            y.as_flattened_mut().iter_mut().for_each(|y| *y = y.tanh());
            for ((y, x), c) in y.iter().zip(x).zip(c) {
                let mut s = b2;
                for (w, &y) in w2.iter().zip(y) {
                    s.iter_mut().zip(w).for_each(|(s, &w)| *s += w * y);
                }
                for (s, &c) in s.iter_mut().zip(c) {
                    *s -= c;
                    loss += *s * *s;
                    *s = s.scale(1.0 / BATCH as f64);
                }
                let mut h = [T::ZERO; 16];
                for (((h, &y), w), g) in h.iter_mut().zip(y).zip(&w2).zip(&mut g2) {
                    let mut sum = T::ZERO;
                    for ((&s, &w), g) in s.iter().zip(w).zip(g) {
                        sum += s * w;
                        *g += s * y;
                    }
                    *h = sum * (T::ONE - y * y);
                }
                g2[16].iter_mut().zip(&s).for_each(|(g, &s)| *g += s);
                for (g, &x) in g1.iter_mut().zip(x) {
                    g.iter_mut().zip(&h).for_each(|(g, &h)| *g += h * x);
                }
                g1[8].iter_mut().zip(&h).for_each(|(g, &h)| *g += h);
            }
            loss.scale(0.5 / BATCH as f64)
        });
        black_box((loss, &g1, &g2));
        Ok(())
    })
}

/// All steps on one backend.
fn steps<B: Backend<f64> + Backend<f32>>(backend: (&B, &str)) -> Result<(), Error> {
    let antisymmetric =
        (Linear::<2, 8>, tanh::<8>(), Rk4::<_, 7> { layer: (Antisymmetric::<8>, tanh::<8>()), step_size: 5.0 / 7.0 });
    let wide = (
        Linear::<55, 16>,
        tanh::<16>(),
        Rk4::<_, 7> { layer: (Antisymmetric::<16>, tanh::<16>()), step_size: 5.0 / 7.0 },
    );
    let residual =
        (Linear::<2, 8>, tanh::<8>(), Euler::<_, 8> { layer: (Affine::<8, 8>, tanh::<8>()), step_size: 5.0 / 8.0 });
    let narrow =
        (Linear::<55, 8>, tanh::<8>(), Rk4::<_, 1> { layer: (Antisymmetric::<8>, tanh::<8>()), step_size: 1.0 });
    slimtrain(backend, "peaks slimTrain batch 10 memory 5", &antisymmetric, 1, 10)?;
    slimtrain(backend, "CDR slimTrain batch 10 memory 5", &wide, 72, 10)?;
    for sizes in [(20, 72, 5), (128, 10, 32)] {
        head::<f64, B>(backend, "f64", sizes)?;
        head::<f32, B>(backend, "f32", sizes)?;
    }
    if !timing::counting() {
        // The last layer of an autoencoder of 28 × 28 images: 32 images, a sample for each pixel.
        head::<f32, B>(backend, "f32", (256, 1, 32 * 28 * 28))?;
        head::<f64, B>(backend, "f64", (256, 1, 32 * 28 * 28))?;
    }
    gnvpro(backend, "peaks GNvpro", &residual, 1, 2000, 1e-6)?;
    gnvpro(backend, "CDR GNvpro", &narrow, 72, 400, 1e-10)?;
    small::<f64, B>(backend, "f64")?;
    small::<f32, B>(backend, "f32")?;
    small_by_hand::<f64, B>(backend, "f64")?;
    small_by_hand::<f32, B>(backend, "f32")?;
    mlp::<f64, B>(backend, "f64")?;
    mlp::<f32, B>(backend, "f32")
}

/// GNvpro over many samples, in pieces: by one thread, and by more.
fn threads() -> Result<(), Error> {
    let residual =
        (Linear::<2, 8>, tanh::<8>(), Euler::<_, 8> { layer: (Affine::<8, 8>, tanh::<8>()), step_size: 5.0 / 8.0 });
    let fast = Fast::detect();
    gnvpro((&fast, "fast"), "peaks GNvpro 20000 samples, whole:", &residual, 1, 20_000, 1e-6)?;
    for count in [1, 2, 4, 8] {
        if count <= std::thread::available_parallelism().map_or(1, usize::from) {
            let fast = Fast::detect().with_threads(count);
            let name = format!("peaks GNvpro 20000 samples, pieces, threads {count}:");
            gnvpro((&fast, "fast"), &name, &Sampled::new(&residual, &fast), 1, 20_000, 1e-6)?;
        }
    }
    Ok(())
}

fn main() -> Result<(), Error> {
    println!("peer\toperation\ttype\tmedian us");
    steps((&Portable, "portable"))?;
    steps((&Fast::detect(), "fast"))?;
    // Instructions of threads that wait for each other are not the same in each run.
    if timing::counting() { Ok(()) } else { threads() }
}
