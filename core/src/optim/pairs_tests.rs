//! Tests of [`Pairs`] against the dense recursion, and what the tests of its users share: small dense matrices in `f64`.

use super::pairs::*;
use crate::linalg::{cholesky_in_place, cholesky_solve_in_place};
use crate::matrix::MatMut;
use crate::scalar::Real;
use crate::{MatRef, Portable};
use rand_core::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use std::vec;
use std::vec::Vec;

/// Numbers in [−1, 1) that `f32` holds exactly, so that both precisions solve the same problem.
pub(super) fn random(len: usize, seed: u64) -> Vec<f64> {
    use rand_core::Rng;
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    (0..len).map(|_| f64::from(rng.next_u32() >> 9) / f64::from(1 << 22) - 1.0).collect()
}

pub(super) fn dot(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

pub(super) fn norm(x: &[f64]) -> f64 {
    dot(x, x).sqrt()
}

pub(super) fn scaled(factor: f64, x: &[f64]) -> Vec<f64> {
    x.iter().map(|x| factor * x).collect()
}

/// ‖x − y‖
pub(super) fn distance(x: &[f64], y: &[f64]) -> f64 {
    norm(&x.iter().zip(y).map(|(x, y)| x - y).collect::<Vec<_>>())
}

/// A x, A by columns.
pub(super) fn multiply(a: &[f64], x: &[f64]) -> Vec<f64> {
    let mut y = vec![0.0; x.len()];
    for (column, &x) in a.chunks_exact(x.len().max(1)).zip(x) {
        y.iter_mut().zip(column).for_each(|(y, a)| *y += a * x);
    }
    y
}

/// A⁻¹ b by Cholesky; also proves that A is positive definite.
pub(super) fn solve(a: &[f64], b: &[f64]) -> Vec<f64> {
    let (mut l, mut x, n) = (a.to_vec(), b.to_vec(), b.len());
    cholesky_in_place(&Portable, MatMut::new(&mut l, n, n).unwrap()).unwrap();
    let l = MatRef::new(&l, n, n).unwrap();
    cholesky_solve_in_place(&Portable, l, MatMut::column_vector(&mut x)).unwrap();
    x
}

/// G Gᵀ / n + I/4, exact in `f32`: eigenvalues from ¼ to about 2.
pub(super) fn spd(n: usize, seed: u64) -> Vec<f64> {
    let g = random(n * n, seed);
    let entry = |i: usize, j: usize| (0..n).map(|k| g[i + k * n] * g[j + k * n]).sum::<f64>() / n as f64;
    (0..n * n)
        .map(|e| (e % n, e / n))
        .map(|(i, j)| f64::from(entry(i, j) as f32) + if i == j { 0.25 } else { 0.0 })
        .collect()
}

pub(super) fn to<T: Real>(x: &[f64]) -> Vec<T> {
    x.iter().map(|&x| T::from_f64(x)).collect()
}

pub(super) fn back<T: Real>(x: &[T]) -> Vec<f64> {
    x.iter().map(|x| x.value()).collect()
}

pub(super) fn eps<T: Real>() -> f64 {
    T::EPSILON.value()
}

/// M, by columns: its product with every unit vector.
pub(super) fn dense<T: Real>(pairs: &mut Pairs<'_, T>, n: usize) -> Vec<f64> {
    let mut m = vec![T::ZERO; n * n];
    for (j, column) in m.chunks_exact_mut(n.max(1)).enumerate() {
        column[j] = T::ONE;
        pairs.multiply_inverse_hessian(&Portable, column);
    }
    back(&m)
}

type List = Vec<(Vec<f64>, Vec<f64>)>;

/// (s, H s) for random s, or H-conjugate ones.
pub(super) fn curvature(h: &[f64], n: usize, count: usize, conjugate: bool, seed: u64) -> List {
    let mut list: List = vec![];
    for i in 0..count {
        let mut s = random(n, seed + 1000 * i as u64);
        for (p, hp) in list.iter().filter(|_| conjugate) {
            let beta = dot(&s, hp) / dot(p, hp);
            s.iter_mut().zip(p).for_each(|(s, p)| *s -= beta * p);
        }
        let y = multiply(h, &s);
        list.push((s, y));
    }
    list
}

/// Runs `check` on the memory of `memory` pairs after all of `list` have been pushed, the oldest first.
pub(super) fn with_pairs<T: Real>(
    n: usize,
    memory: usize,
    list: &[(Vec<f64>, Vec<f64>)],
    check: impl FnOnce(&mut Pairs<'_, T>),
) {
    let mut buffer = vec![T::from_f64(f64::NAN); pairs_len(n, memory)];
    let mut rest = &mut buffer[..];
    let mut pairs = Pairs::new(n, memory, &mut rest).unwrap();
    assert!(rest.is_empty());
    for (s, y) in list {
        pairs.push(&Portable, &to::<T>(s), &to::<T>(y));
    }
    check(&mut pairs);
}

/// The recursion for the inverse, M ← (I − s yᵀ/sᵀy) M (I − y sᵀ/sᵀy) + s sᵀ/sᵀy, from (sᵀy / yᵀy) I of the newest pair.
fn textbook(n: usize, list: &[(Vec<f64>, Vec<f64>)]) -> Vec<f64> {
    let (s, y) = &list[list.len() - 1];
    let gamma = dot(s, y) / dot(y, y);
    let mut m: Vec<f64> = (0..n * n).map(|e| if e % n == e / n { gamma } else { 0.0 }).collect();
    for (s, y) in list {
        let rho = 1.0 / dot(s, y);
        let my = multiply(&m, y);
        let factor = rho + rho * rho * dot(y, &my);
        for (e, m) in m.iter_mut().enumerate() {
            let (i, j) = (e % n, e / n);
            *m += factor * s[i] * s[j] - rho * (s[i] * my[j] + my[i] * s[j]);
        }
    }
    m
}

fn both(check: impl Fn(usize, usize, bool)) {
    for n in [1, 2, 5, 20] {
        for memory in [1, 2, 5, 20] {
            for single in [false, true] {
                check(n, memory, single);
            }
        }
    }
}

fn agrees_with_textbook<T: Real>(n: usize, memory: usize) {
    let h = spd(n, 1);
    for count in [1, memory, memory + 3] {
        let list = curvature(&h, n, count, false, 2);
        let kept = &list[count.saturating_sub(memory)..];
        with_pairs::<T>(n, memory, &list, |pairs| {
            assert_eq!(pairs.len(), count.min(memory));
            let (m, expected) = (dense(pairs, n), textbook(n, kept));
            let ratio = distance(&m, &expected) / norm(&expected) / eps::<T>();
            assert!(ratio < 2e3, "n {n}, memory {memory}, {count} pairs: {ratio}");
            // symmetric and positive definite
            let transposed: Vec<f64> = (0..n * n).map(|e| m[e / n + e % n * n]).collect();
            assert!(distance(&m, &transposed) < 200.0 * eps::<T>() * norm(&m), "n {n}, memory {memory}, {count} pairs");
            solve(&m, &vec![1.0; n]);
            // the secant equation of the newest pair
            let (s, y) = &list[count - 1];
            let ratio = distance(&multiply(&m, y), s) / norm(s) / eps::<T>();
            assert!(ratio < 300.0, "secant equation, n {n}, memory {memory}, {count} pairs: {ratio}");
        });
    }
}

/// Also that a new pair takes the place of the oldest: the recursion is given the newest pairs alone.
#[test]
fn m_is_that_of_the_dense_recursion_and_positive_definite() {
    both(
        |n, memory, single| {
            if single { agrees_with_textbook::<f32>(n, memory) } else { agrees_with_textbook::<f64>(n, memory) }
        },
    );
}

fn conjugate_pairs_are_all_reproduced<T: Real>(n: usize, memory: usize) {
    let count = memory.min(n);
    let list = curvature(&spd(n, 3), n, count, true, 4);
    with_pairs::<T>(n, memory, &list, |pairs| {
        for (i, (s, y)) in list.iter().enumerate() {
            let mut q = to::<T>(y);
            pairs.multiply_inverse_hessian(&Portable, &mut q);
            let ratio = distance(&back(&q), s) / norm(s) / eps::<T>();
            assert!(ratio < 2e3, "n {n}, pair {i} of {count}: {ratio}");
        }
    });
}

#[test]
fn conjugate_pairs_all_satisfy_the_secant_equation() {
    both(|n, memory, single| {
        if single {
            conjugate_pairs_are_all_reproduced::<f32>(n, memory);
        } else {
            conjugate_pairs_are_all_reproduced::<f64>(n, memory);
        }
    });
}

/// Pairs without positive curvature are refused, and change nothing: neither in an empty ring nor in a full one.
#[test]
fn useless_pairs_are_refused_and_leave_the_others_alone() {
    let h = spd(3, 5);
    let useless: List = vec![
        (vec![1.0, 0.0, 0.0], vec![-1.0, 0.0, 0.0]),
        (vec![1.0, 2.0, 0.0], vec![-2.0, 1.0, 5.0]),
        (vec![0.0; 3], vec![0.0; 3]),
        (vec![1.0; 3], vec![f64::NAN, 1.0, 1.0]),
        (vec![f64::NAN; 3], vec![1.0; 3]),
        (vec![1.0; 3], vec![f64::INFINITY, 1.0, 1.0]),
        (vec![1e200; 3], vec![1e200; 3]),
        (vec![1e155; 3], vec![1e155; 3]),
        (vec![1e-200; 3], vec![1e-200; 3]),
        // sᵀy = ε ‖s‖ ‖y‖ is still refused
        (vec![1.0, 0.0, 0.0], vec![f64::EPSILON, 0.0, 1.0]),
    ];
    for count in 0..6 {
        let list = curvature(&h, 3, count, false, 6);
        with_pairs::<f64>(3, 4, &list, |pairs| {
            let before = dense(pairs, 3);
            for (s, y) in &useless {
                pairs.push(&Portable, s, y);
                assert_eq!(pairs.len(), count.min(4), "{s:?} {y:?}");
                assert_eq!(dense(pairs, 3), before, "{count} pairs, then {s:?} {y:?}");
            }
            // the least curvature that is taken
            pairs.push(&Portable, &[1.0, 0.0, 0.0], &[4.0 * f64::EPSILON, 0.0, 1.0]);
            assert_eq!(pairs.len(), (count + 1).min(4));
        });
    }
}

#[test]
fn scale_changes_nothing() {
    let list = curvature(&spd(5, 7), 5, 4, false, 8);
    let m = |ds: f64, dy: f64| {
        let list: List = list.iter().map(|(s, y)| (scaled(ds, s), scaled(dy, y))).collect();
        let mut out = vec![];
        with_pairs::<f64>(5, 3, &list, |pairs| out = scaled(dy / ds, &dense(pairs, 5)));
        out
    };
    let expected = m(1.0, 1.0);
    for (ds, dy) in [(1e-150, 1e-150), (1e150, 1e-150), (1e-150, 1e150), (1e150, 1e150), (1.0, 1e150), (1.0, 1e-150)] {
        let ratio = distance(&m(ds, dy), &expected) / norm(&expected) / f64::EPSILON;
        assert!(ratio < 200.0, "{ds:e} {dy:e}: {ratio}");
    }
}

#[test]
fn without_pairs_m_is_the_identity() {
    let list = curvature(&spd(4, 9), 4, 3, false, 10);
    let q = random(4, 11);
    let unchanged = |pairs: &mut Pairs<'_, f64>| {
        let mut out = q.clone();
        pairs.multiply_inverse_hessian(&Portable, &mut out);
        assert_eq!((out, pairs.len()), (q.clone(), 0));
    };
    assert_eq!(pairs_len(4, 0), 0);
    with_pairs(4, 0, &list, unchanged);
    with_pairs(4, 3, &[], unchanged);
    with_pairs(4, 3, &list, |pairs: &mut Pairs<'_, f64>| {
        pairs.clear();
        unchanged(pairs);
    });
    // no weights
    with_pairs::<f64>(0, 2, &[(vec![], vec![])], |pairs| {
        pairs.multiply_inverse_hessian(&Portable, &mut []);
        assert_eq!(pairs.len(), 0);
    });
}

/// After `clear` the first pair is the only one, whatever the ring holds.
#[test]
fn cleared_pairs_do_not_come_back() {
    let list = curvature(&spd(4, 12), 4, 5, false, 13);
    with_pairs::<f64>(4, 3, &list[..4], |pairs| {
        pairs.clear();
        pairs.push(&Portable, &list[4].0, &list[4].1);
        assert_eq!(pairs.len(), 1);
        let m = dense(pairs, 4);
        assert!(distance(&m, &textbook(4, &list[4..])) < 1e-14 * norm(&m));
    });
}

#[test]
fn exactly_the_documented_length() {
    assert_eq!((pairs_len(7, 3), pairs_len(0, 3), pairs_len(usize::MAX, 2)), (48, 6, usize::MAX));
    let mut buffer = vec![0.0_f64; 47];
    assert!(Pairs::new(7, 3, &mut &mut buffer[..]).is_err());
}
