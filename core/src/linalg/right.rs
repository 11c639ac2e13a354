//! Triangular systems from the right: X R = B and X Rᵀ = B with upper triangular R (k × k), X and B m × k.
//!
//! Column-oriented: every inner loop is an axpy on a column of X, so that neither X nor B is transposed. Backward stable
//! row by row: (R + ΔR) solves exactly with |ΔR| ≤ k ε |R| (Higham, "Accuracy and Stability of Numerical Algorithms",
//! 2nd ed. 2002, theorem 8.5). Cost m k² flops.

use crate::error::{Error, check_shape};
use crate::matrix::{MatMut, MatRef};
use crate::scalar::Real;

/// X ← X R⁻¹. [`Error::Singular`] when a diagonal element of R is zero; X then holds nothing useful.
pub fn solve_right_upper_in_place<T: Real>(r: MatRef<'_, T>, mut x: MatMut<'_, T>) -> Result<(), Error> {
    check_shape("r", (x.cols(), x.cols()), r.shape())?;
    for j in 0..r.cols() {
        let (left, mut right) = x.reborrow().split_at_col(j);
        // xⱼ = (bⱼ − Σ_{l<j} xₗ Rₗⱼ)/Rⱼⱼ
        eliminate(r, j, (0..j).map(|l| (left.col(l), r.get(l, j))), right.col_mut(0))?;
    }
    Ok(())
}

/// X ← X R⁻ᵀ. [`Error::Singular`] when a diagonal element of R is zero; X then holds nothing useful.
pub fn solve_right_upper_transposed_in_place<T: Real>(r: MatRef<'_, T>, mut x: MatMut<'_, T>) -> Result<(), Error> {
    let k = x.cols();
    check_shape("r", (k, k), r.shape())?;
    for j in (0..k).rev() {
        let (mut left, right) = x.reborrow().split_at_col(j + 1);
        // xⱼ = (bⱼ − Σ_{l>j} xₗ Rⱼₗ)/Rⱼⱼ
        eliminate(r, j, (j + 1..k).map(|l| (right.col(l - j - 1), r.get(j, l))), left.col_mut(j))?;
    }
    Ok(())
}

/// x ← (x − Σ coefficient · column)/Rⱼⱼ
fn eliminate<'a, T: Real + 'a>(
    r: MatRef<'_, T>,
    j: usize,
    terms: impl Iterator<Item = (&'a [T], Option<T>)>,
    x: &mut [T],
) -> Result<(), Error> {
    for (column, coefficient) in terms {
        let coefficient = coefficient.unwrap_or(T::ZERO);
        for (x, &y) in x.iter_mut().zip(column) {
            *x -= coefficient * y;
        }
    }
    let diagonal = r.get(j, j).unwrap_or(T::ZERO);
    if diagonal == T::ZERO {
        return Err(Error::Singular { column: j });
    }
    for x in x {
        *x /= diagonal;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::{Backend, Portable};

    #[test]
    fn products_with_the_solution_give_the_right_hand_side_back() {
        let r = [2.0, 9.0, 9.0, -1.0, 3.0, 9.0, 0.5, 0.25, -4.0]; // the strict lower triangle (9) must not be read
        let upper = [2.0, 0.0, 0.0, -1.0, 3.0, 0.0, 0.5, 0.25, -4.0];
        let b = [1.0, 2.0, 3.0, -4.0, 5.0, 0.5];
        let (r, upper) = (MatRef::new(&r, 3, 3).unwrap(), MatRef::new(&upper, 3, 3).unwrap());
        for transposed in [false, true] {
            let mut x = b;
            let view = MatMut::new(&mut x, 2, 3).unwrap();
            let factor = if transposed {
                solve_right_upper_transposed_in_place(r, view).unwrap();
                upper.transpose()
            } else {
                solve_right_upper_in_place(r, view).unwrap();
                upper
            };
            let mut product = [0.0; 6];
            let out = MatMut::new(&mut product, 2, 3).unwrap();
            Portable.gemm(1.0, MatRef::new(&x, 2, 3).unwrap(), factor, 0.0, out).unwrap();
            for (p, b) in product.iter().zip(b) {
                assert!((p - b).abs() < 1e-14, "transposed {transposed}: {p} {b}");
            }
        }
    }

    #[test]
    fn a_zero_on_the_diagonal_is_named() {
        let r = [1.0, 0.0, 5.0, 0.0];
        let mut x = [1.0; 2];
        let r = MatRef::new(&r, 2, 2).unwrap();
        let result = solve_right_upper_in_place(r, MatMut::new(&mut x, 1, 2).unwrap());
        assert_eq!(result, Err(Error::Singular { column: 1 }));
        assert!(solve_right_upper_in_place(r, MatMut::new(&mut x, 2, 1).unwrap()).is_err());
    }
}
