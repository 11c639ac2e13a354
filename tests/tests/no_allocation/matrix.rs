//! Matrices and views, what they print, and the kernels of the backend.

use super::{none, numbers};
use gaussling_core::autodiff::ScalarFunction;
use gaussling_core::backend::jacobi;
use gaussling_core::{Backend, Error, MatMut, MatRef, Matrix, Portable, Real, Triangle, Vector};
use std::fmt::Write;
use std::hint::black_box;

/// Text in a fixed buffer.
struct Text([u8; 400], usize);
impl Write for Text {
    fn write_str(&mut self, s: &str) -> std::fmt::Result {
        let room = self.0.get_mut(self.1..self.1 + s.len()).ok_or(std::fmt::Error)?;
        room.copy_from_slice(s.as_bytes());
        self.1 += s.len();
        Ok(())
    }
}

#[derive(Clone, Copy)]
struct Tanh;
impl ScalarFunction for Tanh {
    fn eval<T: Real>(&self, x: T) -> T {
        x.tanh()
    }
}

#[test]
fn matrices() {
    let a = Matrix::<f64, 3, 3>::from_rows([[4.0, 1.0, 0.5], [-1.0, 3.0, 1.0], [0.0, 1.0, 5.0]]);
    let v = Vector::from([1.0, 2.0, 3.0]);
    none("solve, inverse, determinant", || {
        let x = a.solve(&v)?;
        black_box((a * a.transpose()).cholesky()?);
        assert!((a * x - v).norm() < 1e-14 && (a * a.inverse()? - Matrix::identity()).norm() < 1e-14);
        assert!((a.inverse()?.determinant() * a.determinant() - 1.0).abs() < 1e-14);
        Ok(())
    });
    none("arithmetic", || {
        let mut b = -(a + a * 2.0 - 0.5 * a / 3.0);
        b += a;
        b -= a.transpose();
        b *= 2.0;
        b /= 3.0;
        b[(0, 1)] += v[2];
        black_box((b * a, b.component_mul(&a), b.dot(&a), b.norm_squared(), b.trace(), v.cross(&v)));
        black_box((b.diagonal(), Matrix::from_diagonal(&v), b.map(f64::sin), b.zip_map(&a, f64::max)));
        black_box((
            b.is_finite(),
            b.rows(),
            b.cols(),
            b.shape(),
            b.iter().sum::<f64>(),
            b.get(0, 1),
            b.row(1),
            b.column(2),
        ));
        b.iter_mut().for_each(|x| *x += 1.0);
        b.set_column(0, &v)?;
        b.set_row(0, &v.transpose())?;
        b.set_block(1, 1, &a.block::<2, 2>(0, 0)?)?;
        *b.get_mut(0, 0).ok_or(Error::Singular { column: 0 })? = 2.0;
        black_box((Matrix::<f64, 3, 3>::from_slice(b.as_slice())?, b.as_mut_slice().len()));
        black_box((
            Matrix::<f64, 3, 3>::from_fn(|i, j| b[(j, i)]),
            Matrix::from_columns([[1.0, 2.0]]),
            Matrix::<f64, 2, 2>::zeros(),
        ));
        black_box::<Matrix<f64, 2, 1>>(Matrix::from_element(7.0));
        Ok(())
    });
    none("printing", || {
        let mut text = Text([0; 400], 0);
        write!(text, "{a} {a:.3} {a:e} {:+8.2} {a:?}", a.view()).map_err(|_| Error::Singular { column: text.1 })
    });
}

#[test]
fn views() {
    let (data, mut other) = (numbers(60), numbers(60));
    none("views", || {
        let a = MatRef::new(&data, 6, 10)?;
        let turned = a.transpose();
        assert_eq!((a.rows(), a.cols(), a.shape()), (6, 10, (6, 10)));
        assert!(a.has_contiguous_cols() && turned.has_contiguous_rows() && a.get(5, 9) == turned.get(9, 5));
        black_box((a.col(3), turned.row(3), MatRef::column_vector(&data), a.as_contiguous_slice(), a.into_parts().1));
        black_box((a.col_iter(1).sum::<f64>(), a.row_iter(1).sum::<f64>(), a.iter().sum::<f64>()));
        black_box((
            a.column_views().count(),
            a.row_views().count(),
            a.diagonal().iter().count(),
            a.split_cols(3).count(),
        ));
        black_box((a.block(1, 2, 3, 4)?, a.columns(2, 5)?, a.to_matrix::<6, 10>()?));
        black_box(MatRef::with_strides(&data, 3, 5, 2, 12)?);

        let mut b = MatMut::with_leading(&mut other, 6, 9, 6)?;
        b.fill(1.0);
        b.copy_from(a.columns(0, 9)?)?;
        b.set(0, 0, 7.0);
        b.swap_cols(0, 8)?;
        b.diagonal_mut().for_each(|x| *x += 1.0);
        b.cols_mut().for_each(|column| column.reverse());
        black_box((b.get_mut(1, 1).map(|x| *x), b.col(2).len(), b.col_mut(2).len(), b.as_ref().shape()));
        black_box((b.as_contiguous_slice().map(<[f64]>::len), b.as_contiguous_mut_slice().map(|x| x.len())));
        let (left, _) = b.reborrow().split_at_col(4);
        black_box(left.block(0, 0, 2, 2)?.into_ref().shape());
        black_box(b.reborrow().into_parts().1);
        black_box(b.reborrow().columns(1, 2)?.split_cols(2).count());
        black_box(MatMut::column_vector(&mut other).shape());
        let mut small = Matrix::<f64, 2, 2>::identity();
        small.view_mut().fill(2.0);
        Ok(())
    });
}

#[test]
fn kernels() {
    let (a, b, mut c) = (numbers(30 * 20), numbers(20 * 40), numbers(30 * 40));
    let (mut x, mut y) = (numbers(20), numbers(30));
    none("kernels", || {
        let (a, b) = (MatRef::new(&a, 30, 20)?, MatRef::new(&b, 20, 40)?);
        black_box((Portable.dot(&x, &x), Portable.norm(&x)));
        Portable.axpy(0.5, &x, &mut y);
        Portable.scale(0.5, &mut y);
        Portable.gemv(1.0, a, &x, 0.5, &mut y)?;
        Portable.gemv(1.0, a.transpose(), &y, 0.0, &mut x)?;
        Portable.gemv_both(1.0, a, &c[..20], 0.5, &mut y, &mut x)?;
        Portable.gemm(1.0, a, b, 0.5, MatMut::new(&mut c, 30, 40)?)?;
        Portable.gemm(1.0, b.transpose(), a.transpose(), 0.0, MatMut::new(&mut c, 40, 30)?)?;
        Portable.syrk(1.0, a, 0.5, MatMut::new(&mut c[..900], 30, 30)?)?;
        Portable.ger(0.5, &y, &x, MatMut::new(&mut c[..600], 30, 20)?)?;
        for (triangle, t) in [(Triangle::Lower, a.block(0, 0, 20, 20)?), (Triangle::Upper, a.block(5, 0, 20, 20)?)] {
            Portable.solve_triangular(triangle, t, MatMut::new(&mut c[..60], 20, 3)?)?;
        }
        assert!(!Backend::<f64>::prefers_blocks(&Portable));
        assert!(jacobi::negligible::<f64>() > 0.0 && jacobi::round(6, 1).count() > 0);
        black_box(Portable.jacobi_sweep(MatMut::new(&mut c[..600], 30, 20)?, None, &mut x, 1e-30));
        let (out, slope) = c.split_at_mut(20);
        Portable.map(Tanh, &x, out);
        Portable.map_with_slope(Tanh, &x, out, &mut slope[..20]);
        Portable.roots(&x, out);
        Backend::<f64>::run(&Portable, || out.iter_mut().for_each(|y| *y += 1.0));
        Ok(())
    });
}
