//! Loops over the elements of a slice, for any backend: they are inlined, so within a function for a larger set of
//! instructions they become those. The bits do not depend on that.
//!
//! Functions that are simple at most arguments ([`ScalarFunction::is_simple_at`]) are taken in chunks: if all arguments of a
//! chunk are simple, its loop has no branch.

use crate::autodiff::{Dual, ScalarFunction};
use crate::scalar::Real;

/// Small enough to stay in the cache between the two loops over it, large enough for whole vectors.
const CHUNK: usize = 256;

#[inline(always)]
fn all_simple<T: Real, F: ScalarFunction>(f: F, x: &[T]) -> bool {
    // Without an early end: a loop of vector instructions.
    x.iter().fold(true, |all, &x| all & f.is_simple_at(x))
}

/// yᵢ ← f(xᵢ), for as many as the shorter slice has.
///
/// ```
/// use gaussling_core::{backend::elementwise, nn::Sine};
/// let mut y = [0.0; 2];
/// elementwise::map(Sine, &[0.0, 1e22], &mut y);
/// assert_eq!(y, [0.0, -0.8522008497671888]);
/// ```
#[inline(always)]
pub fn map<T: Real, F: ScalarFunction>(f: F, x: &[T], y: &mut [T]) {
    for (x, y) in x.chunks(CHUNK).zip(y.chunks_mut(CHUNK)) {
        if all_simple(f, x) {
            y.iter_mut().zip(x).for_each(|(y, &x)| *y = f.eval_simple(x));
        } else {
            y.iter_mut().zip(x).for_each(|(y, &x)| *y = f.eval(x));
        }
    }
}

/// yᵢ ← f(xᵢ), slopeᵢ ← f′(xᵢ) from one evaluation on a dual number, for as many as the shortest slice has.
///
/// ```
/// use gaussling_core::{backend::elementwise, nn::Sine};
/// let (mut y, mut slope) = ([0.0; 2], [0.0; 2]);
/// elementwise::map_with_slope(Sine, &[0.0, 1e22], &mut y, &mut slope);
/// assert_eq!((y[0], slope[0]), (0.0, 1.0));
/// ```
#[inline(always)]
pub fn map_with_slope<T: Real, F: ScalarFunction>(f: F, x: &[T], y: &mut [T], slope: &mut [T]) {
    for ((x, y), slope) in x.chunks(CHUNK).zip(y.chunks_mut(CHUNK)).zip(slope.chunks_mut(CHUNK)) {
        let simple = all_simple(f, x);
        let numbers = y.iter_mut().zip(slope).zip(x);
        if simple {
            numbers.for_each(|((y, slope), &x)| {
                let d = f.eval_simple(Dual::<T, 1>::variable(x, 0));
                (*y, *slope) = (d.value, d.eps[0]);
            });
        } else {
            numbers.for_each(|((y, slope), &x)| {
                let d = f.eval(Dual::<T, 1>::variable(x, 0));
                (*y, *slope) = (d.value, d.eps[0]);
            });
        }
    }
}
