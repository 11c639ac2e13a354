//! The Krylov space of a Gauss–Newton step, and steps of bounded length in it.
//!
//! Problem: H s = b for an n × n positive semidefinite H that is known by products only (b = −g), with ‖s‖ ≤ Δ. The trust
//! region asks for several radii Δ at the same H and b, so the space is built once and kept; a further radius costs no
//! product with H.
//!
//! Building (Arnoldi's process, with the residual of GMRES followed by Givens rotations):
//!
//! 1. v₀ = b/β, β = ‖b‖
//! 2. w = H vⱼ, made orthogonal to v₀ … vⱼ by modified Gram–Schmidt, on request twice; the coefficients are column j of H̄,
//!    and ‖w‖ is its element below the diagonal: H V_k = V_{k+1} H̄, H̄ (k + 1) × k
//! 3. stop when the residual min_z ‖β e₁ − H̄ z‖ falls below a tolerance times β, when w is negligible, or at the largest
//!    dimension
//!
//! Solving, for a radius Δ:
//!
//! 4. GMRES: z = argmin ‖H̄ z − β e₁‖, s = V_k z; done when ‖z‖ ≤ Δ
//! 5. else, with H̄ = U Σ Wᵀ, the λ ≥ 0 at which the minimizer of ‖H̄ z − β e₁‖² + λ² ‖z‖²,
//!    z(λ) = W (Σ² + λ²)⁻¹ Σ Uᵀ β e₁, has length Δ (file `boundary.rs`)
//! 6. the model's decrease, bᵀs − ½ sᵀHs = β z₁ − ½ zᵀ H̄\[..k, ..\] z
//!
//! H is not taken to be exactly symmetric: its products come from two passes through a network, each with rounding errors.
//! That is why GMRES is used and not conjugate gradients, and why all coefficients of step 2 are kept.
//!
//! Source: Y. Saad and M. H. Schultz, "GMRES" (SIAM J. Sci. Stat. Comput. 7, 1986), DOI 10.1137/0907058; E. Newman,
//! L. Ruthotto, J. Hart, B. van Bloemen Waanders, "Train like a (Var)Pro" (SIAM J. Math. Data Sci. 3, 2021), section 3.3,
//! DOI 10.1137/20M1359511; on doing Gram–Schmidt twice: L. Giraud, J. Langou, M. Rozložník, "The loss of orthogonality in the
//! Gram–Schmidt orthogonalization process" (Comput. Math. Appl. 50, 2005).
//!
//! Accuracy: with the second pass V is orthogonal to a few ε; with one pass to about ε κ(H̄), which GMRES bears.
//! Cost for dimension k: k products with H, 2nk² flops a pass, 2nk for a step; the SVD of H̄, needed once for all radii that
//! bind, about 60k³. Workspace: [`krylov_work_len`].

mod boundary;

use super::jacobi::power_of_two_below;
use super::{check_representable, solve_upper_in_place, svd_in_place};
use crate::backend::Backend;
use crate::error::{Error, check_length, check_workspace, take};
use crate::matrix::slice::copy;
use crate::matrix::{MatMut, MatRef};
use crate::scalar::Real;

/// Elements of workspace for vectors of length `n` and a space of dimension up to `max_dim`; `usize::MAX` when that many
/// cannot be counted.
///
/// ```
/// assert_eq!(gaussling_core::linalg::krylov_work_len(100, 3), 4 * 100 + 2 * 4 * 3 + 3 * 3 + 6 * 3 + 4);
/// ```
pub const fn krylov_work_len(n: usize, max_dim: usize) -> usize {
    let rows = max_dim.saturating_add(1);
    let basis = n.saturating_mul(rows);
    let hessenberg = rows.saturating_mul(max_dim);
    let right = max_dim.saturating_mul(max_dim);
    let vectors = max_dim.saturating_mul(6).saturating_add(rows);
    basis.saturating_add(hessenberg).saturating_add(hessenberg).saturating_add(right).saturating_add(vectors)
}

/// Why [`Krylov::build`] stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KrylovStatus {
    /// ‖b − H s‖ / ‖b‖ < tolerance, s the GMRES solution. Also when the new vector was negligible at the same time.
    Converged,
    /// The dimension has reached its maximum.
    MaxDim,
    /// The new vector is negligible, ‖w‖ ≤ 10 ε maxᵢ ‖H vᵢ‖: the space is invariant under H and cannot grow.
    Breakdown,
    /// ‖b‖ = 0: the solution is zero, the space is empty.
    ZeroRhs,
}

/// How [`Krylov::build`] ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KrylovReport<T> {
    /// Dimension of the space, and number of products with H.
    pub dim: usize,
    /// ‖b − H s‖ / ‖b‖ for the GMRES solution s, from the recurrence (or, where H is singular in the space, from H̄).
    pub residual: T,
    /// Why it stopped.
    pub status: KrylovStatus,
}

/// What [`Krylov::solve`] found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KrylovStep<T> {
    /// ‖z‖, the length of the step (exactly so as far as the basis is orthogonal).
    pub norm: T,
    /// λ, zero when the radius does not bind.
    pub lambda: T,
    /// bᵀs − ½ sᵀHs, by how much the quadratic model falls. Positive for positive definite H (free step: D. C.-L. Fong and
    /// M. Saunders, "CG versus MINRES: an empirical comparison", SQU J. Sci. 17, 2012). Where H is singular and b outside its
    /// range the free step may have a negative one: it makes the residual small, not the model.
    pub predicted_decrease: T,
}

/// A Krylov space over the caller's buffer.
///
/// ```
/// use gaussling_core::{Error, Portable, linalg::{Krylov, KrylovStatus, krylov_work_len}};
/// // H = diag(1, 2, 4), b = (1, 1, 1)
/// let product = |v: &[f64], hv: &mut [f64]| -> Result<(), Error> {
///     for ((h, v), d) in hv.iter_mut().zip(v).zip([1.0, 2.0, 4.0]) {
///         *h = d * v;
///     }
///     Ok(())
/// };
/// let mut work = [0.0; krylov_work_len(3, 3)];
/// let mut krylov = Krylov::new(3, 3, &mut work)?;
/// let report = krylov.build(&Portable, &[1.0; 3], 1e-12, true, product)?;
/// assert_eq!((report.dim, report.status), (3, KrylovStatus::Converged));
///
/// let mut step = [0.0; 3];
/// krylov.solve(&Portable, None, &mut step)?;
/// assert!((step[0] - 1.0).abs() < 1e-14 && (step[1] - 0.5).abs() < 1e-14 && (step[2] - 0.25).abs() < 1e-14);
/// let bounded = krylov.solve(&Portable, Some(0.5), &mut step)?; // no further product
/// assert!((bounded.norm - 0.5).abs() < 1e-14 && bounded.lambda > 0.0 && bounded.predicted_decrease > 0.0);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug)]
pub struct Krylov<'a, T> {
    n: usize,
    max_dim: usize,
    dim: usize,
    /// β = ‖b‖
    beta: T,
    /// Whether `left`, `sigma`, `right` hold the SVD of H̄; before that `left` holds the triangular factor R of H̄.
    decomposed: bool,
    /// v₀, v₁, …, n × (max_dim + 1)
    basis: &'a mut [T],
    /// H̄, (max_dim + 1) × max_dim
    hessenberg: &'a mut [T],
    /// R, then U, (max_dim + 1) × max_dim
    left: &'a mut [T],
    /// W, max_dim × max_dim
    right: &'a mut [T],
    sigma: &'a mut [T],
    /// The Givens rotations (c, s) of the building phase.
    cosines: &'a mut [T],
    sines: &'a mut [T],
    /// β e₁ after the rotations, max_dim + 1; once decomposed, Uᵀ β e₁
    rotated: &'a mut [T],
    /// The GMRES coefficients.
    gmres: &'a mut [T],
    /// The coefficients z of the last step.
    z: &'a mut [T],
    scratch: &'a mut [T],
}

impl<'a, T: Real> Krylov<'a, T> {
    /// An empty space for vectors of length `n` and dimensions up to `max_dim` over at least [`krylov_work_len`] elements.
    ///
    /// Errors: [`Error::InvalidOption`] for `max_dim` = 0, [`Error::Workspace`].
    pub fn new(n: usize, max_dim: usize, work: &'a mut [T]) -> Result<Self, Error> {
        if max_dim == 0 {
            return Err(Error::InvalidOption { what: "max_dim >= 1" });
        }
        check_workspace("work", krylov_work_len(n, max_dim), work.len())?;
        // The sum of all lengths has just been compared with that of a slice, so no product below overflows.
        let mut rest = work;
        let mut cut = |len| take("work", &mut rest, len);
        Ok(Self {
            n,
            max_dim,
            dim: 0,
            beta: T::ZERO,
            decomposed: false,
            basis: cut(n * (max_dim + 1))?,
            hessenberg: cut((max_dim + 1) * max_dim)?,
            left: cut((max_dim + 1) * max_dim)?,
            right: cut(max_dim * max_dim)?,
            sigma: cut(max_dim)?,
            cosines: cut(max_dim)?,
            sines: cut(max_dim)?,
            rotated: cut(max_dim + 1)?,
            gmres: cut(max_dim)?,
            z: cut(max_dim)?,
            scratch: cut(max_dim)?,
        })
    }

    /// What a later `solve` depends on: k, β, and the arrays; the SVD of H̄ is made anew from these, with the same bits.
    pub(crate) fn state(&self) -> (usize, T, [&[T]; 3]) {
        (self.dim, self.beta, [self.basis, self.hessenberg, self.gmres])
    }

    /// Takes over the scalars of [`state`](Self::state); the arrays are for the caller to fill.
    pub(crate) fn set_state(&mut self, dim: usize, beta: T) -> [&mut [T]; 3] {
        (self.dim, self.decomposed, self.beta) = (dim.min(self.max_dim), false, beta);
        [self.basis, self.hessenberg, self.gmres]
    }

    /// Dimension k of the space.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// V_k, the basis, n × k.
    pub fn basis(&self) -> MatRef<'_, T> {
        view(self.basis, self.n, self.dim, self.n)
    }

    /// H̄, (k + 1) × k, or 0 × 0 for an empty space: H V_k = V_{k+1} H̄.
    pub fn hessenberg(&self) -> MatRef<'_, T> {
        let rows = if self.dim > 0 { self.dim + 1 } else { 0 };
        view(self.hessenberg, rows, self.dim, self.max_dim + 1)
    }

    /// Builds the space of H and `b` (steps 1 to 3); any earlier one is forgotten.
    ///
    /// `product(v, hv)` writes H v. `tolerance` ≥ 0 is relative to ‖b‖. `reorthogonalize` does Gram–Schmidt twice: keep it on
    /// unless the bits of a program without it are wanted.
    ///
    /// Errors: [`Error::Length`] for `b`, [`Error::InvalidOption`], [`Error::NonFinite`] for `b`, its norm, or a product, and
    /// whatever `product` returns. The space is empty then.
    pub fn build<B: Backend<T>, E: From<Error>>(
        &mut self,
        backend: &B,
        b: &[T],
        tolerance: T,
        reorthogonalize: bool,
        mut product: impl FnMut(&[T], &mut [T]) -> Result<(), E>,
    ) -> Result<KrylovReport<T>, E> {
        self.dim = 0;
        self.decomposed = false;
        check_length("b", self.n, b.len())?;
        if !(tolerance >= T::ZERO && tolerance <= T::MAX) {
            return Err(Error::InvalidOption { what: "0 <= tolerance < infinity" }.into());
        }
        let beta = backend.norm(b);
        if !beta.is_finite() {
            return Err(Error::NonFinite { what: "b" }.into());
        }
        self.beta = beta;
        if beta == T::ZERO {
            return Ok(KrylovReport { dim: 0, residual: T::ZERO, status: KrylovStatus::ZeroRhs });
        }
        for (v, &b) in self.basis.iter_mut().zip(b) {
            *v = b / beta; // division, because 1/β overflows for subnormal b
        }
        self.rotated.fill(T::ZERO);
        if let [first, ..] = &mut *self.rotated {
            *first = beta;
        }

        let mut longest = T::ZERO; // maxᵢ ‖H vᵢ‖
        let mut report = KrylovReport { dim: 0, residual: T::ONE, status: KrylovStatus::MaxDim };
        for j in 0..self.max_dim {
            let Some((done, rest)) = self.basis.split_at_mut_checked(self.n * (j + 1)) else { break };
            let w = rest.get_mut(..self.n).unwrap_or_default();
            let v = done.get(self.n * j..).unwrap_or_default();
            product(v, w)?;
            let before = backend.norm(w);
            if !before.is_finite() {
                return Err(Error::NonFinite { what: "product" }.into());
            }
            longest = longest.max(before);

            // Step 2.
            let rows = self.max_dim + 1;
            let h = self.hessenberg.get_mut(rows * j..rows * (j + 1)).unwrap_or_default();
            h.fill(T::ZERO);
            for _pass in 0..if reorthogonalize { 2 } else { 1 } {
                for (h, v) in h.iter_mut().zip(done.chunks_exact(self.n.max(1))) {
                    let coefficient = backend.dot(v, w);
                    backend.axpy(-coefficient, v, w);
                    *h += coefficient;
                }
            }
            let norm = backend.norm(w);
            let breakdown = norm <= T::from_f64(10.0) * T::EPSILON * longest;
            for x in w.iter_mut() {
                *x = if breakdown { T::ZERO } else { *x / norm };
            }
            if let Some(h) = h.get_mut(j + 1) {
                *h = if breakdown { T::ZERO } else { norm };
            }

            // Step 3.
            report.residual = self.extend_triangle(backend, j).abs() / beta;
            report.dim = j + 1;
            if report.residual < tolerance {
                report.status = KrylovStatus::Converged;
                break;
            }
            if breakdown {
                report.status = KrylovStatus::Breakdown;
                break;
            }
        }
        self.dim = report.dim;
        match self.solve_gmres(backend) {
            // Not finite where z is not representable; `solve` then says so.
            Ok(residual) => report.residual = residual.filter(|r| r.is_finite()).unwrap_or(report.residual),
            Err(error) => {
                self.dim = 0;
                return Err(error.into());
            }
        }
        if report.status == KrylovStatus::Converged && report.residual >= tolerance {
            report.status = KrylovStatus::Breakdown;
        }
        Ok(report)
    }

    /// Column j of H̄ through the Givens rotations into R, with a new rotation that makes its last element zero; returns the
    /// last element of the rotated β e₁, the residual with a sign.
    fn extend_triangle(&mut self, backend: &impl Backend<T>, j: usize) -> T {
        let rows = self.max_dim + 1;
        let range = rows * j..rows * (j + 1);
        let largest = largest_diagonal(view(self.left, j, j, rows));
        let r = self.left.get_mut(range.clone()).unwrap_or_default();
        copy(self.hessenberg.get(range).unwrap_or_default(), r);
        for (i, (&c, &s)) in self.cosines.iter().zip(&*self.sines).enumerate().take(j) {
            if let Some([x, y]) = r.get_mut(i..i + 2) {
                (*x, *y) = (c * *x + s * *y, c * *y - s * *x);
            }
        }
        let (Some([x, y]), Some([g, next])) = (r.get_mut(j..j + 2), self.rotated.get_mut(j..j + 2)) else {
            return T::ZERO;
        };
        if *y == T::ZERO && x.abs() <= singular(j + 1, largest) {
            // The space is invariant and H singular in it: no step reduces this element of the rotated β e₁. (A rotation by
            // the rounding errors of x would make it look as if one did.)
            *x = T::ZERO;
            return *g;
        }
        let length = backend.norm(&[*x, *y]);
        let (c, s) = (*x / length, *y / length);
        (*x, *y) = (length, T::ZERO);
        (*g, *next) = (c * *g, -(s * *g));
        let residual = *next;
        if let (Some(cosine), Some(sine)) = (self.cosines.get_mut(j), self.sines.get_mut(j)) {
            (*cosine, *sine) = (c, s);
        }
        residual
    }

    /// Step 4: the GMRES coefficients by back substitution, or by the SVD where R is singular to working precision: then
    /// the residual ‖β e₁ − H̄ z‖/β is returned, since that of the recurrence does not know what was left out.
    fn solve_gmres(&mut self, backend: &impl Backend<T>) -> Result<Option<T>, Error> {
        let k = self.dim;
        let r = view(self.left, k, k, self.max_dim + 1);
        let threshold = singular(k, largest_diagonal(r));
        if (0..k).all(|i| r.get(i, i).is_some_and(|d| d > threshold)) {
            let z = self.gmres.get_mut(..k).unwrap_or_default();
            copy(self.rotated.get(..k).unwrap_or_default(), z);
            solve_upper_in_place(backend, r, MatMut::column_vector(z))?;
            if !z.iter().all(|z| z.is_finite()) {
                // Near the end of the range products overflow on the way to a solution that does not. Once more with R and
                // the right-hand side over a power of two.
                let unit = T::ONE / power_of_two_below(largest_diagonal(r));
                self.left.iter_mut().for_each(|r| *r *= unit);
                z.iter_mut().zip(&*self.rotated).for_each(|(z, &y)| *z = y * unit);
                solve_upper_in_place(backend, view(self.left, k, k, self.max_dim + 1), MatMut::column_vector(z))?;
            }
            return Ok(None);
        }
        self.decompose(backend)?;
        // The shortest of all minimizers: directions with σ below the threshold take no part.
        let threshold = singular(k, self.sigma.first().copied().unwrap_or(T::ZERO));
        for (f, (&y, &sigma)) in self.scratch.iter_mut().zip(self.rotated.iter().zip(&*self.sigma)).take(k) {
            *f = if sigma > threshold { y / sigma } else { T::ZERO };
        }
        let w = MatRef::new(self.right.get(..k * k).unwrap_or_default(), k, k)?;
        let f = self.scratch.get(..k).unwrap_or_default();
        let z = self.gmres.get_mut(..k).unwrap_or_default();
        backend.gemv(T::ONE, w, f, T::ZERO, z)?;
        // The rotations have been used up.
        let r = self.sines.get_mut(..k).unwrap_or_default();
        backend.gemv(-T::ONE, view(self.hessenberg, k, k, self.max_dim + 1), z, T::ZERO, r)?;
        if let [first, ..] = r {
            *first += self.beta;
        }
        let below = self.hessenberg.get((self.max_dim + 1) * k.saturating_sub(1) + k).copied().unwrap_or(T::ZERO);
        let last = below * z.last().copied().unwrap_or(T::ZERO);
        Ok(Some(backend.norm(&[backend.norm(r), last]) / self.beta))
    }

    /// H̄ = U Σ Wᵀ, and Uᵀ β e₁ into `rotated`; once for each space.
    fn decompose(&mut self, backend: &impl Backend<T>) -> Result<(), Error> {
        if self.decomposed {
            return Ok(());
        }
        let k = self.dim;
        let hessenberg = view(self.hessenberg, k + 1, k, self.max_dim + 1);
        let mut u = MatMut::new(self.left.get_mut(..(k + 1) * k).unwrap_or_default(), k + 1, k)?;
        u.copy_from(hessenberg)?;
        let v = MatMut::new(self.right.get_mut(..k * k).unwrap_or_default(), k, k)?;
        svd_in_place(backend, u.reborrow(), self.sigma.get_mut(..k).unwrap_or_default(), v)?;
        for (y, column) in self.rotated.iter_mut().zip(u.cols_mut()) {
            *y = self.beta * column.first().copied().unwrap_or(T::ZERO);
        }
        self.decomposed = true;
        Ok(())
    }

    /// The step in the space that [`build`](Self::build) left, no longer than `radius` (steps 4 to 6); `None` for no bound.
    ///
    /// The GMRES step when ‖z‖ ≤ radius, else the one with ‖z(λ)‖ = radius. An empty space gives the zero step. Where H is
    /// singular in the space, the GMRES step is the shortest of all minimizers.
    ///
    /// Errors: [`Error::Length`] for `step`, [`Error::InvalidOption`] for a radius that is not positive; `step` is untouched.
    /// [`Error::NonFinite`] for `step`: an element of it is not representable; for `predicted_decrease`, `step` holds the step.
    pub fn solve<B: Backend<T>>(
        &mut self,
        backend: &B,
        radius: Option<T>,
        step: &mut [T],
    ) -> Result<KrylovStep<T>, Error> {
        check_length("step", self.n, step.len())?;
        let admissible = radius.is_none_or(|radius| radius > T::ZERO); // false for NaN
        if !admissible {
            return Err(Error::InvalidOption { what: "radius > 0" });
        }
        let k = self.dim;
        if k == 0 {
            step.fill(T::ZERO);
            return Ok(KrylovStep { norm: T::ZERO, lambda: T::ZERO, predicted_decrease: T::ZERO });
        }
        let mut lambda = T::ZERO;
        let gmres_norm = backend.norm(self.gmres.get(..k).unwrap_or_default());
        // A length that has overflowed, to infinity or on to NaN, is bounded too.
        let binding = radius.filter(|&radius| gmres_norm > radius || !gmres_norm.is_finite());
        if let Some(radius) = binding {
            self.decompose(backend)?;
            let sigma = self.sigma.get(..k).unwrap_or_default();
            let y = self.rotated.get(..k).unwrap_or_default();
            let f = self.scratch.get_mut(..k).unwrap_or_default();
            lambda = boundary::boundary_coefficients(backend, sigma, y, self.beta, radius, f);
            let w = MatRef::new(self.right.get(..k * k).unwrap_or_default(), k, k)?;
            backend.gemv(T::ONE, w, f, T::ZERO, self.z.get_mut(..k).unwrap_or_default())?;
        } else {
            copy(self.gmres, self.z);
        }
        let z = self.z.get(..k).unwrap_or_default();
        backend.gemv(T::ONE, view(self.basis, self.n, k, self.n), z, T::ZERO, step)?;
        check_representable("step", MatRef::column_vector(step))?;
        let hz = self.scratch.get_mut(..k).unwrap_or_default();
        backend.gemv(T::ONE, view(self.hessenberg, k, k, self.max_dim + 1), z, T::ZERO, hz)?;
        let linear = self.beta * z.first().copied().unwrap_or(T::ZERO);
        let predicted_decrease = linear - T::from_f64(0.5) * backend.dot(z, hz);
        if !predicted_decrease.is_finite() {
            return Err(Error::NonFinite { what: "predicted_decrease" });
        }
        Ok(KrylovStep { norm: backend.norm(z), lambda, predicted_decrease })
    }
}

/// Diagonal elements and singular values up to this are rounding errors: 10 k ε times the largest.
fn singular<T: Real>(k: usize, largest: T) -> T {
    T::from_f64(10.0) * T::from_usize(k) * T::EPSILON * largest
}

fn largest_diagonal<T: Real>(r: MatRef<'_, T>) -> T {
    (0..r.cols()).filter_map(|i| r.get(i, i)).fold(T::ZERO, T::max)
}

/// A view whose elements are known to lie inside `data`; an empty one if they did not.
fn view<T: Real>(data: &[T], rows: usize, cols: usize, leading: usize) -> MatRef<'_, T> {
    MatRef::with_strides(data, rows, cols, 1, leading).unwrap_or(MatRef::column_vector(&[]))
}
