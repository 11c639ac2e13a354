//! [`VarProStreamed`] against [`VarProLeastSquares`], which keeps everything.

use super::*;
use crate::Portable;
use crate::nn::{Activation, Affine, Layer, Tanh, Tikhonov, tanh};
use crate::optim::{VarProLeastSquares, varpro_least_squares_work_len};
use std::vec;
use std::vec::Vec;

type Net = (Affine<2, 3>, Activation<Tanh, 3>);
const NETWORK: Net = (Affine, tanh());
const N: usize = 23;

fn numbers<T: Real>(len: usize, shift: f64) -> Vec<T> {
    (0..len).map(|i| T::from_f64(libm::sin(shift + 1.9 * i as f64))).collect()
}

/// Value, data loss, gradient, product and W of an objective at a point.
fn evaluate<T: Real, O: Objective<T>>(
    objective: &mut O,
    after: impl Fn(&O) -> (T, Vec<T>),
    theta: &[T],
) -> [Vec<T>; 5] {
    let (mut g, mut hv) = (vec![T::ZERO; theta.len()], vec![T::ZERO; theta.len()]);
    let value = objective.value_and_gradient(theta, &mut g).unwrap();
    objective.product(&numbers(theta.len(), 0.3), &mut hv).unwrap();
    let (loss, w) = after(objective);
    [vec![value], vec![loss], g, hv, w]
}

fn compare<T: Real>(alpha: f64, weighted: bool, bias: bool, tolerance: f64) {
    let (x, c, theta) = (numbers(2 * N, 0.7), numbers(2 * N, 0.1), numbers::<T>(Net::PARAMS, 0.5));
    let (x, c) = (MatRef::new(&x, 2, N).unwrap(), MatRef::new(&c, 2, N).unwrap());
    let (alpha, r) = (T::from_f64(alpha), Tikhonov { alpha: T::from_f64(1e-3) });
    let mut weights = numbers::<T>(N, 0.2);
    weights.iter_mut().for_each(|w| *w = if *w < T::from_f64(-0.9) { T::ZERO } else { *w * *w });
    let mut buffer = vec![T::from_f64(f64::NAN); varpro_least_squares_work_len(Net::SHAPE, 2, N)];
    let mut kept = VarProLeastSquares::new(&NETWORK, r, alpha, &Portable, x, c, &mut buffer).unwrap();
    if weighted {
        kept = kept.with_sample_weights(&weights).unwrap();
    }
    if !bias {
        kept = kept.without_bias();
    }
    let expected = evaluate(&mut kept, |kept| (kept.data_loss(), kept.weights().to_vec()), &theta);
    for block in [1, 3, 10, N - 1, N, N + 5] {
        let mut buffer = vec![T::from_f64(f64::NAN); varpro_streamed_work_len(Net::SHAPE, 2, block)];
        let mut streamed = VarProStreamed::new(&NETWORK, r, alpha, &Portable, x, c, block, &mut buffer).unwrap();
        if weighted {
            streamed = streamed.with_sample_weights(&weights).unwrap();
        }
        if !bias {
            streamed = streamed.without_bias();
        }
        let found = evaluate(&mut streamed, |streamed| (streamed.data_loss(), streamed.weights().to_vec()), &theta);
        for (what, (a, b)) in ["value", "loss", "gradient", "product", "W"].iter().zip(expected.iter().zip(&found)) {
            let scale = a.iter().map(|a| a.value().abs()).fold(0.0, f64::max);
            let worst = a.iter().zip(b).map(|(a, b)| (a.value() - b.value()).abs()).fold(0.0, f64::max);
            assert!(worst <= tolerance * scale, "{what}, blocks of {block}, alpha {alpha:?}: {worst:e} of {scale:e}");
        }
        assert!(bias || found[4][6..].iter().all(|&w| w == T::ZERO));
    }
}

#[test]
fn any_blocks_give_what_all_samples_at_once_give() {
    for alpha in [0.0, 1e-6, 0.3] {
        for weighted in [false, true] {
            for bias in [true, false] {
                compare::<f64>(alpha, weighted, bias, 1e-12);
            }
        }
    }
    compare::<f32>(1e-3, true, true, 1e-4);
}

/// The last block stays loaded only where it is the only one, and only at its θ.
#[test]
fn what_comes_before_changes_no_bit() {
    let (x, c) = (numbers::<f64>(2 * N, 0.7), numbers(N, 0.1));
    let (x, c) = (MatRef::new(&x, 2, N).unwrap(), MatRef::new(&c, 1, N).unwrap());
    let after = |streamed: &VarProStreamed<'_, f64, Net, Tikhonov<f64>, Portable>| {
        (streamed.data_loss(), streamed.weights().to_vec())
    };
    for block in [7, N] {
        let new = |buffer| {
            VarProStreamed::new(&NETWORK, Tikhonov { alpha: 1e-3 }, 1e-4, &Portable, x, c, block, buffer).unwrap()
        };
        let len = varpro_streamed_work_len(Net::SHAPE, 1, block);
        let (mut first, mut second) = (vec![0.0; len], vec![f64::NAN; len]);
        let (mut first, mut second) = (new(&mut first), new(&mut second));
        let (theta, other) = (numbers(Net::PARAMS, 0.5), numbers(Net::PARAMS, 1.5));
        let expected = evaluate(&mut first, after, &theta);
        evaluate(&mut second, after, &other);
        assert_eq!(evaluate(&mut second, after, &theta), expected);
        // Products in any order, and after a restoration.
        let mut state = vec![0.0; first.state_len()];
        first.save(&mut state).unwrap();
        second.value(&other).unwrap();
        second.restore(&state).unwrap();
        let (mut a, mut b) = (vec![0.0; theta.len()], vec![0.0; theta.len()]);
        for v in [&other, &theta] {
            first.product(v, &mut a).unwrap();
            second.product(v, &mut b).unwrap();
            assert_eq!(a, b);
        }
        first.gradient(&mut a).unwrap();
        second.gradient(&mut b).unwrap();
        assert!(a == b && a == expected[2]);
    }
}

#[test]
fn points_without_a_value_are_infinitely_bad() {
    let (x, c) = (numbers::<f64>(2 * N, 0.7), numbers(N, 0.1));
    let (x, c) = (MatRef::new(&x, 2, N).unwrap(), MatRef::new(&c, 1, N).unwrap());
    let shape = Affine::<2, 2>::SHAPE;
    let r = Tikhonov { alpha: 0.0 };
    let good = [1.0, 0.3, 0.2, -1.0, 0.5, 0.1];
    let mut values = Vec::new();
    // Features that are all zero, so a singular R; features that overflow; and nothing of them is left.
    for bad in [None, Some([0.0; 6]), Some([f64::MAX; 6])] {
        let mut buffer = vec![0.0; varpro_streamed_work_len(shape, 1, 5)];
        let mut problem = VarProStreamed::new(&Affine::<2, 2>, r, 0.0, &Portable, x, c, 5, &mut buffer).unwrap();
        if let Some(bad) = bad {
            assert_eq!(problem.value(&bad).unwrap(), f64::INFINITY);
        }
        values.push(problem.value(&good).unwrap());
    }
    // The last feature of the last sample alone overflows.
    let mut late = [0.0; 2 * N];
    late[2 * N - 1] = 10.0;
    let mut buffer = vec![0.0; varpro_streamed_work_len(shape, 1, N)];
    let late = MatRef::new(&late, 2, N).unwrap();
    let mut problem = VarProStreamed::new(&Affine::<2, 2>, r, 0.0, &Portable, late, c, N, &mut buffer).unwrap();
    assert_eq!(problem.value(&[1.0, 1.0, 1.0, f64::MAX, 0.0, 0.0]).unwrap(), f64::INFINITY);
    assert_eq!(problem.params(), 6);
    assert!(values[0] > 0.0 && values.iter().all(|value| *value == values[0]), "{values:?}");
}

#[test]
fn what_cannot_be_set_up_is_refused() {
    let (x, c) = (numbers::<f64>(6, 0.7), numbers(3, 0.1));
    let (x, c) = (MatRef::new(&x, 2, 3).unwrap(), MatRef::new(&c, 1, 3).unwrap());
    let r = Tikhonov { alpha: 1e-3 };
    let len = varpro_streamed_work_len(Net::SHAPE, 1, 2);
    let mut buffer = vec![0.0; len];
    let mut refused = |alpha, x, c, block, len: usize| {
        VarProStreamed::new(&NETWORK, r, alpha, &Portable, x, c, block, &mut buffer[..len]).map(drop).unwrap_err()
    };
    for alpha in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(refused(alpha, x, c, 2, len), Error::InvalidOption { what: "alpha >= 0" }));
    }
    assert!(matches!(refused(0.0, x, c, 0, len), Error::InvalidOption { .. }));
    let (none, nothing) = (MatRef::new(&[], 2, 0).unwrap(), MatRef::new(&[], 1, 0).unwrap());
    assert!(matches!(refused(0.0, none, nothing, 2, len), Error::InvalidOption { .. }));
    assert!(matches!(refused(0.0, c, c, 2, len), Error::Shape { .. }));
    assert!(matches!(refused(0.0, x, nothing, 2, len), Error::Shape { .. }));
    assert!(matches!(refused(0.0, x, c, 2, len - 1), Error::Workspace { .. }));
    assert!(matches!(refused(0.0, x, c, 3, len), Error::Workspace { .. }));
}
