//! Tests of the covariance of a fit: closed forms of linear regression, known singular designs, scales, misuse.

use super::Random;
use crate::linalg::*;
use crate::matrix::{MatMut, MatRef};
use crate::{Error, Portable};
use std::vec;
use std::vec::Vec;

/// The covariance, column-major, and its report, with exactly the workspace that is asked for.
fn covariance(
    rows: usize,
    cols: usize,
    j: &[f64],
    residual: &[f64],
    variance: Option<f64>,
) -> Result<(Vec<f64>, CovarianceReport<f64>), Error> {
    let (mut j, mut c) = (j.to_vec(), vec![0.0; cols * cols]);
    let mut work = vec![f64::NAN; least_squares_covariance_work_len(rows, cols)];
    let (jacobian, out) = (MatMut::new(&mut j, rows, cols)?, MatMut::new(&mut c, cols, cols)?);
    let permutation = &mut vec![usize::MAX; cols];
    let fit = least_squares_covariance(&Portable, jacobian, residual, variance, out, permutation, &mut work)?;
    Ok((c, fit))
}

fn near(a: f64, b: f64, relative: f64) -> bool {
    (a - b).abs() <= relative * b.abs()
}

/// A line: var(slope) = s²/Sxx, var(intercept) = s² (1/m + t̄²/Sxx), cov = −s² t̄/Sxx.
#[test]
fn a_line_has_the_errors_of_the_textbook() {
    let t = [1.0, 2.0, 4.0, 7.0, 11.0];
    let residual = [0.3, -0.1, -0.4, 0.25, 0.05];
    let (mean, sxx) = (5.0, 16.0 + 9.0 + 1.0 + 4.0 + 36.0);
    let s2 = residual.iter().map(|r| r * r).sum::<f64>() / 3.0;
    for scale in [1e-140, 1.0, 1e140] {
        let j: Vec<f64> = (0..10).map(|k| if k < 5 { 1.0 } else { scale * t[k - 5] }).collect();
        let (c, fit) = covariance(5, 2, &j, &residual, None).unwrap();
        assert!(near(fit.variance, s2, 1e-14) && fit.rank == 2 && fit.degrees_of_freedom == 3, "{fit:?}");
        assert!(near(c[0], s2 * (0.2 + mean * mean / sxx), 1e-14), "{c:?}");
        assert!(near(c[3], s2 / sxx / scale / scale, 1e-14), "{c:?}");
        assert!(near(c[1], -s2 * mean / sxx / scale, 1e-14) && c[1] == c[2], "{c:?}");
        let (known, _) = covariance(5, 2, &j, &residual, Some(4.0 * fit.variance)).unwrap();
        assert!(known.iter().zip(&c).all(|(k, c)| near(*k, 4.0 * c, 1e-14)));
    }
}

/// cov·JᵀJ = s² I for random J of several shapes, each square one with a known variance.
#[test]
fn the_covariance_inverts_the_normal_matrix() {
    let mut random = Random::new(51);
    for (m, n) in [(1, 1), (2, 2), (5, 3), (10, 10), (50, 5), (12, 11)] {
        let j: Vec<f64> = (0..m * n).map(|k| random.next() + if k % (m + 1) == 0 { 3.0 } else { 0.0 }).collect();
        let (c, fit) = covariance(m, n, &j, &vec![0.1; m], Some(2.0)).unwrap();
        assert_eq!((fit.rank, fit.degrees_of_freedom, near(fit.variance, 2.0, 1e-15)), (n, m - n, true));
        let gram = |a: usize, b: usize| (0..m).map(|i| j[a * m + i] * j[b * m + i]).sum::<f64>();
        for a in 0..n {
            for b in 0..n {
                let product: f64 = (0..n).map(|l| c[a + n * l] * gram(l, b)).sum();
                let expected = if a == b { 2.0 } else { 0.0 };
                assert!((product - expected).abs() < 1e-10, "{m} x {n}: {a} {b} {product}");
            }
        }
    }
    let (c, fit) = covariance(3, 0, &[], &[1.0; 3], None).unwrap();
    assert_eq!((c.len(), fit.rank, fit.degrees_of_freedom), (0, 0, 3));
}

/// Parameters 0 and 2 enter as a sum only, parameter 3 not at all: the data determine parameter 1 alone.
#[test]
fn undetermined_parameters_have_infinite_variances() {
    let residual = [1.0, -1.0, 0.5, 0.5, -1.0];
    for scale in [1e-100, 1.0, 1e100] {
        let a = [1.0, 2.0, 3.0, 4.0, 6.0].map(|x| scale * x);
        let b = [1.0, -1.0, 2.0, 0.0, 0.5];
        let j: Vec<f64> = [a, b, a, [0.0; 5]].concat();
        let (c, fit) = covariance(5, 4, &j, &residual, None).unwrap();
        assert_eq!((fit.rank, fit.degrees_of_freedom), (2, 3), "{scale}");
        let (alone, _) = covariance(5, 2, &[a, b].concat(), &residual, None).unwrap();
        assert!(near(c[5], alone[3], 1e-13), "{c:?}");
        for i in 0..4 {
            for k in 0..4 {
                let x = c[i + 4 * k];
                let infinite = i == k && i != 1;
                assert!(if infinite { x == f64::INFINITY } else { x.is_nan() || (i, k) == (1, 1) }, "{i} {k} {x}");
            }
        }
        let mut errors = [0.0; 4];
        standard_errors(MatRef::new(&c, 4, 4).unwrap(), &mut errors).unwrap();
        assert!(errors[1] > 0.0 && errors[0] == f64::INFINITY);
    }
    // More parameters than residuals, with a known variance.
    let (c, fit) = covariance(1, 2, &[1.0, 2.0], &[0.0], Some(1.0)).unwrap();
    assert_eq!((fit.rank, fit.degrees_of_freedom, c[0], c[3]), (1, 0, f64::INFINITY, f64::INFINITY));
    // No column at all: nothing is determined.
    let (c, fit) = covariance(2, 1, &[0.0, 0.0], &[1.0, 1.0], None).unwrap();
    assert_eq!((fit.rank, fit.degrees_of_freedom, c[0]), (0, 2, f64::INFINITY));
}

#[test]
fn misuse_is_an_error() {
    let option = |e: Result<_, Error>| matches!(e, Err(Error::InvalidOption { .. }));
    assert!(option(covariance(2, 2, &[1.0, 0.0, 0.0, 1.0], &[1.0; 2], None)), "no degree of freedom");
    for bad in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(option(covariance(2, 1, &[1.0; 2], &[1.0; 2], Some(bad))));
    }
    assert_eq!(covariance(2, 1, &[1.0, f64::NAN], &[1.0; 2], None).unwrap_err(), Error::NonFinite { what: "jacobian" });
    assert_eq!(
        covariance(2, 1, &[1.0; 2], &[f64::INFINITY; 2], None).unwrap_err(),
        Error::NonFinite { what: "residual" }
    );
    assert_eq!(covariance(2, 1, &[1e-200; 2], &[1.0, 0.0], None).unwrap_err(), Error::NonFinite { what: "covariance" });
    assert!(covariance(2, 1, &[1.0; 2], &[1.0; 3], None).is_err());
    let (mut j, mut c) = ([1.0; 6], [7.0; 4]);
    let mut run = |permutation: usize, side: usize, work: usize| {
        let (jacobian, out) = (MatMut::new(&mut j, 3, 2).unwrap(), MatMut::new(&mut c, side, 4 / side).unwrap());
        let (mut p, mut work) = (vec![0; permutation], vec![0.0; work]);
        least_squares_covariance(&Portable, jacobian, &[0.0; 3], None, out, &mut p, &mut work).is_err()
    };
    let len = least_squares_covariance_work_len(3, 2);
    assert!(run(1, 2, len) && run(2, 4, len) && run(2, 2, len - 1));
    assert_eq!(c, [7.0; 4]);
    assert!(standard_errors(MatRef::new(&c, 2, 2).unwrap(), &mut [0.0; 3]).is_err());
    assert!(standard_errors(MatRef::new(&c, 4, 1).unwrap(), &mut [0.0; 4]).is_err());
    assert!(correlation_in_place(MatMut::new(&mut c, 1, 4).unwrap()).is_err());
    assert_eq!(least_squares_covariance_work_len(usize::MAX, usize::MAX), usize::MAX);
}

#[test]
fn correlations_take_any_scale_and_mark_what_is_unknown() {
    let mut c = [1e300, 5e-1, 5e-1, 1e-300];
    correlation_in_place(MatMut::new(&mut c, 2, 2).unwrap()).unwrap();
    assert!(c[0] == 1.0 && c[3] == 1.0 && near(c[1], 0.5, 1e-15) && near(c[2], 0.5, 1e-15), "{c:?}");
    let mut c = [0.0, 0.0, 0.0, f64::INFINITY];
    correlation_in_place(MatMut::new(&mut c, 2, 2).unwrap()).unwrap();
    assert!(c[0] == 1.0 && c[1].is_nan() && c[2].is_nan());
}
