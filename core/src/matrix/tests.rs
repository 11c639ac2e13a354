//! What the documentation of the folder promises.

use super::*;
use crate::error::Error;
use crate::scalar::Real;
use crate::{Backend, Dual, Portable};
use std::format;
use std::string::ToString;
use std::vec::Vec;

const A: Matrix<f64, 2, 3> = Matrix::from_columns([[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]);

/// Numbers in [−1, 1), the same for ever.
fn numbers<const R: usize, const C: usize>(seed: u64) -> Matrix<f64, R, C> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    Matrix::from_fn(|_, _| {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        (state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    })
}

#[test]
fn constructors_agree() {
    assert_eq!(Matrix::from_rows([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), A);
    assert_eq!(Matrix::from_slice(&[1.0, 4.0, 2.0, 5.0, 3.0, 6.0]), Ok(A));
    assert_eq!(Matrix::from_fn(|i, j| (1 + 3 * i + j) as f64), A);
    let error = Error::Length { what: "matrix elements", expected: 6, found: 5 };
    assert_eq!(Matrix::<f64, 2, 3>::from_slice(&[0.0; 5]), Err(error));
    assert_eq!(Matrix::<f64, 2, 3>::default(), Matrix::from_element(0.0));
    let d = Matrix::from_diagonal(&Vector::from([2.0, 3.0]));
    assert_eq!(d, Matrix::from_rows([[2.0, 0.0], [0.0, 3.0]]));
    assert_eq!((d.diagonal(), d.trace()), (Vector::from([2.0, 3.0]), 5.0));
    assert_eq!((A.shape(), A.rows(), A.cols()), ((2, 3), 2, 3));
}

#[test]
fn access_inside_and_outside() {
    assert_eq!((A[(1, 2)], A.get(1, 2), A.get(2, 0), A.get(0, 3)), (6.0, Some(6.0), None, None));
    assert_eq!((A.column(1), A.column(3)), (Some(Vector::from([2.0, 5.0])), None));
    assert_eq!((A.row(1), A.row(2)), (Some(Matrix::from_rows([[4.0, 5.0, 6.0]])), None));
    let mut b = A;
    b.set_column(0, &Vector::from([7.0, 8.0])).unwrap();
    b.set_row(1, &Matrix::from_rows([[9.0, 10.0, 11.0]])).unwrap();
    assert_eq!(b, Matrix::from_rows([[7.0, 2.0, 3.0], [9.0, 10.0, 11.0]]));
    assert!(b.set_column(3, &Vector::zeros()).is_err() && b.set_row(2, &Matrix::zeros()).is_err());
    assert!(b.get_mut(2, 0).is_none());
    *b.get_mut(0, 1).unwrap() = -1.0;
    b[(0, 2)] = -2.0;
    assert_eq!(b.block::<1, 3>(0, 0), Ok(Matrix::from_rows([[7.0, -1.0, -2.0]])));
    assert_eq!(A.block::<2, 2>(0, 1), Ok(Matrix::from_rows([[2.0, 3.0], [5.0, 6.0]])));
    assert!(A.block::<2, 2>(0, 2).is_err() && A.block::<2, 2>(usize::MAX, 0).is_err());
    b.set_block(1, 1, &Matrix::from_rows([[0.5, 0.25]])).unwrap();
    assert_eq!(b.row(1), Some(Matrix::from_rows([[9.0, 0.5, 0.25]])));
    assert!(b.set_block(1, 1, &Matrix::<f64, 2, 2>::zeros()).is_err());
    let mut v = Vector::from([1.0, 2.0]);
    v[1] += v[0];
    assert_eq!(v, Vector::from([1.0, 3.0]));
    b.iter_mut().for_each(|x| *x = 1.0);
    assert_eq!(b.iter().sum::<f64>(), 6.0);
}

#[test]
fn arithmetic() {
    let twice = Matrix::from_rows([[2.0, 4.0, 6.0], [8.0, 10.0, 12.0]]);
    assert_eq!((A + A, 2.0 * A, A * 2.0), (twice, twice, twice));
    assert_eq!((twice - A, twice / 2.0, -(-A), twice.zip_map(&A, |a, b| a - b)), (A, A, A, A));
    let mut b = A;
    b += A;
    assert_eq!(b, twice);
    b -= A;
    b *= 4.0;
    b /= 2.0;
    assert_eq!(b, twice);
    assert_eq!(A.map(|x| x as f32) * 2.0_f32, 2.0_f32 * A.map(|x| x as f32));
    assert_eq!(A.component_mul(&A), A.map(|x| x * x));
    assert_eq!(A * A.transpose(), Matrix::from_rows([[14.0, 32.0], [32.0, 77.0]]));
    let (by_reference, vector) = (&A, &Vector::from([1.0, 0.0, -1.0]));
    assert_eq!(by_reference * vector, Vector::from([-2.0, -2.0]));
    assert_eq!(Matrix::<f64, 2, 0>::zeros() * Matrix::<f64, 0, 3>::zeros(), Matrix::zeros());
    let (x, y) = (Vector::from([1.0, 2.0, 3.0]), Vector::from([-1.0, 5.0, 0.5]));
    assert_eq!(x.cross(&y), Vector::from([-14.0, -3.5, 7.0]));
    assert_eq!((x.dot(&y), x.cross(&y).dot(&x), x.norm_squared()), (10.5, 0.0, 14.0));
    for scale in [1e-200, 1.0, 1e200] {
        assert!((Vector::from([3.0 * scale, -4.0 * scale]).norm() / scale - 5.0).abs() < 1e-15);
    }
    assert!(A.is_finite() && !(A / 0.0).is_finite());
}

/// ‖A X − B‖ in units of N ε ‖A‖‖X‖, at all scales; A X for X = A⁻¹ too.
#[test]
fn solutions_have_small_residuals() {
    fn check<const N: usize>(worst: &mut f64) {
        for seed in 1..20 {
            for scale in [1e-150, 1.0, 1e150] {
                let (a, b) = (numbers::<N, N>(seed) * scale, numbers::<N, 2>(seed + 100));
                let x = a.solve(&b).unwrap();
                let unit = N as f64 * f64::EPSILON;
                // B is of size one, so X is of size 1/scale.
                *worst = worst.max((a * x - b).norm() / (unit * a.norm() * x.norm()));
                let inverse = a.inverse().unwrap();
                let residual = (a * inverse - Matrix::identity()).norm();
                *worst = worst.max(residual / (unit * a.norm() * inverse.norm()));
            }
        }
    }
    let mut worst = 0.0;
    check::<1>(&mut worst);
    check::<2>(&mut worst);
    check::<3>(&mut worst);
    check::<5>(&mut worst);
    check::<10>(&mut worst);
    check::<20>(&mut worst);
    assert!((0.1..=1.0).contains(&worst), "worst ratio {worst}");
    assert_eq!(Matrix::<f64, 0, 0>::zeros().inverse(), Ok(Matrix::zeros()));
}

#[test]
fn singular_and_graded_matrices_are_told_apart() {
    fn singular<T>(column: usize) -> Result<T, Error> {
        Err(Error::Singular { column })
    }
    let counting = Matrix::<f64, 3, 3>::from_fn(|i, j| (3 * i + j + 1) as f64);
    for scale in [1e-150, 0.1, 1.0, 1e150] {
        assert_eq!((counting * scale).inverse(), singular(2), "scale {scale:e}");
    }
    assert_eq!(Matrix::<f64, 2, 2>::zeros().inverse(), singular(0));
    assert_eq!(Matrix::from_rows([[1.0, 0.0], [2.0, 0.0]]).solve(&Vector::from([1.0, 1.0])), singular(1));
    // Rows or columns of very different sizes are no reason to refuse; nor is a condition of 1e10.
    let a = numbers::<4, 4>(3);
    let grade = Matrix::from_diagonal(&Vector::from([1.0, 1e-20, 1e-40, 1e-60]));
    for graded in [a * grade, grade * a] {
        let x = Vector::from([1.0, -2.0, 3.0, 0.5]);
        let found = graded.solve(&(graded * x)).unwrap();
        assert!((graded * found - graded * x).norm() <= 1e-14 * (graded * x).norm());
    }
    assert!(Matrix::<f64, 8, 8>::from_fn(|i, j| 1.0 / (i + j + 1) as f64).inverse().is_ok());
    for bad in [f64::NAN, f64::INFINITY] {
        let mut a = Matrix::<f64, 2, 2>::identity();
        assert_eq!(a.solve(&Vector::from([1.0, bad])), Err(Error::NonFinite { what: "b" }));
        a[(0, 1)] = bad;
        assert_eq!(a.inverse(), Err(Error::NonFinite { what: "a" }));
        assert!(!a.determinant().is_finite() || bad.is_infinite());
    }
}

#[test]
fn determinants() {
    assert_eq!((Matrix::<f64, 0, 0>::zeros().determinant(), Matrix::from_rows([[-3.0]]).determinant()), (1.0, -3.0));
    assert_eq!(Matrix::from_rows([[2.0, 0.0, 1.0], [1.0, 3.0, 0.0], [0.0, 5.0, 4.0]]).determinant(), 29.0);
    // Vandermonde: Π (xⱼ − xᵢ)
    let x = [1.0, -2.0, 0.5, 3.0];
    let vandermonde = Matrix::<f64, 4, 4>::from_fn(|i, j| x[i].powi(j as i32));
    let mut product = 1.0;
    for j in 0..4 {
        for i in 0..j {
            product *= x[j] - x[i];
        }
    }
    assert!((vandermonde.determinant() - product).abs() <= 1e-14 * product.abs());
    let (a, b) = (numbers::<5, 5>(1), numbers::<5, 5>(2));
    assert!(((a * b).determinant() - a.determinant() * b.determinant()).abs() < 1e-14);
    assert_eq!(Matrix::<f64, 4, 4>::from_element(1.0).determinant(), 0.0);
}

/// d det A = det A tr(A⁻¹ dA), of a singular A the cofactor; d x = −A⁻¹ dA x.
#[test]
fn derivatives_pass_through() {
    type D = Dual<f64, 1>;
    let (a, da) = (numbers::<4, 4>(7), numbers::<4, 4>(8));
    let dual = a.zip_map(&da, |value, d| D { value, eps: [d] });
    let inverse = a.inverse().unwrap();
    assert!((dual.determinant().eps[0] - a.determinant() * (inverse * da).trace()).abs() < 1e-14);
    let b = numbers::<4, 1>(9);
    let x = dual.solve(&b.map(D::constant)).unwrap();
    let expected = -(inverse * da * x.map(|x| x.value));
    assert!((x.map(|x| x.eps[0]) - expected).norm() < 1e-13);
    // diag(1, 2, 0, 3) + t e₃e₃ᵀ has determinant 6 t.
    let mut singular = Matrix::from_diagonal(&Vector::from([1.0, 2.0, 0.0, 3.0])).map(D::constant);
    singular[(2, 2)].eps = [1.0];
    let det = singular.determinant();
    assert_eq!((det.value, det.eps), (0.0, [6.0]));
}

#[test]
fn views_iterate_and_compare() {
    let a = A.view();
    let rows: Vec<Vec<f64>> = a.row_views().map(|row| row.iter().collect()).collect();
    assert_eq!(rows, [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    let columns: Vec<Vec<f64>> = a.column_views().map(|column| column.iter().collect()).collect();
    assert_eq!(columns, [[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]);
    assert!(a.row_views().all(|row| row.shape() == (1, 3)));
    assert_eq!((a.row_iter(1).sum::<f64>(), a.row_iter(2).count()), (15.0, 0));
    assert_eq!(a.transpose().to_matrix(), Ok(A.transpose()));
    assert_eq!(a.to_matrix::<3, 2>(), Err(Error::Shape { what: "view", expected: (3, 2), found: (2, 3) }));
    assert!(a == A.view() && a != A.transpose().view() && a.transpose() == A.transpose().view());
    let mut other = A;
    other[(1, 2)] = 0.0;
    assert!(a != other.view() && other.view_mut() == A.map(|x| if x == 6.0 { 0.0 } else { x }).view_mut());
    assert_eq!(a.diagonal().iter().collect::<Vec<_>>(), [1.0, 5.0]);
    assert_eq!(a.block(0, 1, 2, 2).unwrap().diagonal().iter().collect::<Vec<_>>(), [2.0, 6.0]);
    assert_eq!(Matrix::<f64, 0, 3>::zeros().view().diagonal().iter().count(), 0);
}

#[test]
fn contiguous_slices_are_whole_matrices() {
    assert_eq!(A.view().as_contiguous_slice(), Some(A.as_slice()));
    assert_eq!(A.view().transpose().as_contiguous_slice(), None);
    assert_eq!(A.view().block(0, 0, 1, 3).unwrap().as_contiguous_slice(), None);
    assert_eq!(A.view().columns(1, 2).unwrap().as_contiguous_slice(), Some(&[2.0, 5.0, 3.0, 6.0][..]));
    assert_eq!(A.view().block(1, 2, 1, 1).unwrap().as_contiguous_slice(), Some(&[6.0][..]));
    assert_eq!(Matrix::<f64, 3, 0>::zeros().view().as_contiguous_slice(), Some(&[][..]));
    let repeated = MatRef::with_strides(&[1.0, 2.0], 2, 3, 1, 0).unwrap();
    assert_eq!(repeated.as_contiguous_slice(), None);
    let mut b = A;
    b.view_mut().as_contiguous_mut_slice().unwrap().fill(1.0);
    assert_eq!(b, Matrix::from_element(1.0));
    assert!(b.view_mut().block(1, 0, 1, 3).unwrap().as_contiguous_mut_slice().is_none());
}

#[test]
fn parts_cover_all_columns_once() {
    for cols in 0..8 {
        for parts in 0..10 {
            let mut data: Vec<f64> = (0..5 * cols).map(|x| x as f64).collect();
            let view = MatRef::with_strides(&data, 3, cols, 1, 5).unwrap();
            let elements: Vec<f64> = view.split_cols(parts).flat_map(|part| part.iter().collect::<Vec<_>>()).collect();
            let all: Vec<f64> = view.iter().collect();
            assert_eq!(elements, if parts == 0 { Vec::new() } else { all });
            let mut widths = Vec::new();
            let view = MatMut::with_leading(&mut data, 3, cols, 5).unwrap();
            for (p, mut part) in view.split_cols(parts).enumerate() {
                widths.push(part.cols());
                part.fill(p as f64);
            }
            assert_eq!(widths.len(), parts);
            assert!(widths.iter().max().unwrap_or(&0) - widths.iter().min().unwrap_or(&0) <= 1);
            let expected: Vec<f64> = widths.iter().enumerate().flat_map(|(p, &w)| std::vec![p as f64; w]).collect();
            let first_row: Vec<f64> = (0..cols.min(parts * cols)).map(|j| data[5 * j]).collect();
            assert_eq!(first_row, expected);
        }
    }
}

#[test]
fn columns_swap_and_diagonals_change() {
    let mut data: [f64; 15] = core::array::from_fn(|i| i as f64);
    let mut a = MatMut::with_leading(&mut data, 3, 3, 5).unwrap();
    a.swap_cols(2, 0).unwrap();
    a.swap_cols(1, 1).unwrap();
    assert_eq!(a.swap_cols(0, 3), Err(Error::InvalidOption { what: "column index < columns" }));
    a.diagonal_mut().for_each(|x| *x = -1.0);
    assert_eq!(a.to_matrix(), Ok(Matrix::from_rows([[-1.0, 5.0, 0.0], [11.0, -1.0, 1.0], [12.0, 7.0, -1.0]])));
    assert_eq!(data[3..5], [3.0, 4.0]); // the gap between columns
    let mut wide = A;
    assert_eq!(wide.view_mut().diagonal_mut().count(), 2);
    assert_eq!(Matrix::<f64, 0, 3>::zeros().view_mut().diagonal_mut().count(), 0);
}

#[test]
fn print_is_aligned() {
    let a = Matrix::from_rows([[1.0, -20.5], [0.25, 3.0]]);
    assert_eq!(a.to_string(), "[    1 -20.5 ]\n[ 0.25     3 ]");
    assert_eq!(format!("{a:.2}"), "[ 1.00 -20.50 ]\n[ 0.25   3.00 ]");
    assert_eq!(format!("{a:+.0}"), "[ +1 -20 ]\n[ +0  +3 ]");
    assert_eq!(format!("{a:6.1}"), "[    1.0  -20.5 ]\n[    0.2    3.0 ]");
    assert_eq!(format!("{a:.1e}"), "[  1.0e0 -2.0e1 ]\n[ 2.5e-1  3.0e0 ]");
    assert_eq!(format!("{:e}", Vector::from([100.0])), "[ 1e2 ]");
    assert_eq!(format!("{a:?}"), "[[1.0, -20.5], [0.25, 3.0]]");
    assert_eq!(format!("{a:.2?}"), "[[1.00, -20.50], [0.25, 3.00]]");
    assert_eq!(format!("{a:#?}"), "[  1.0 -20.5 ]\n[ 0.25   3.0 ]");
    assert_eq!(format!("{} {:?}", Matrix::<f64, 0, 3>::zeros(), Matrix::<f64, 2, 0>::zeros()), "[ 0 x 3 ] [[], []]");
    let mut b = a;
    assert_eq!(format!("{} {:?}", a.view().transpose(), b.view_mut()), format!("{} {a:?}", a.transpose()));
    assert_eq!(format!("{}", b.view_mut()), a.to_string());
}

/// The product operator and the kernel agree, shapes of one included.
#[test]
fn products_agree_with_the_kernel() {
    fn check<const R: usize, const K: usize, const C: usize>() {
        let (a, b) = (numbers::<R, K>(1), numbers::<K, C>(2));
        let mut c = Matrix::<f64, R, C>::zeros();
        Portable.gemm(1.0, a.view(), b.view(), 0.0, c.view_mut()).unwrap();
        assert!((c - a * b).norm() <= 1e-15 * (K as f64), "{R} {K} {C}");
    }
    check::<1, 1, 1>();
    check::<1, 7, 3>();
    check::<4, 4, 4>();
    check::<5, 1, 9>();
    check::<8, 8, 8>();
    check::<13, 20, 6>();
}
