//! A linear layer that goes on learning where it is used: it starts from weights that were trained elsewhere, forgets, and finds
//! by itself how far to trust the weights it started from.
//!
//! After samples (z₁, c₁), …, (zₙ, cₙ) the layer W (targets × k) minimizes, for every target,
//!
//! ```text
//! ½ Σᵢ φⁿ⁻ⁱ ‖W zᵢ − cᵢ‖² + ½ Σⱼ lⱼ ‖(W − W₀) eⱼ‖²        W₀ the weights at the start, φ the forgetting factor, lⱼ ≈ λ
//! ```
//! This is slimTrain's step for the linear layer with batches of one sample: `W ← W − ((W z − c) zᵀ + Λ (W − W₀)) A⁻¹` with
//! A = Σ φⁿ⁻ⁱ zᵢzᵢᵀ + diag(l), every sample in memory, at a cost that does not grow ([`SampledTikhonov`](super::SampledTikhonov)
//! keeps batches, pulls to zero, and serves features that move). Kept is P = A⁻¹ = U D Uᵀ, U unit upper triangular. A sample:
//!
//! 1. f = Uᵀz, v = D f, α₋₁ = φ, αⱼ = αⱼ₋₁ + vⱼfⱼ;  Dⱼ ← Dⱼ αⱼ₋₁/(φ αⱼ);  column by column Uⱼ ← Uⱼ − (fⱼ/αⱼ₋₁) g, g ← g + vⱼ (Uⱼ
//!    as it was): the factors of (P − g gᵀ/α)/φ, and g = P z. No square roots.
//! 2. e = c − W z;  W ← W + e gᵀ/α
//! 3. the search for λ below
//! 4. every fourth sample, j = 0, 1, …, k − 1 in turn: lⱼ has faded like a sample; what it lacks of λ, δ, is given back by step 1
//!    with z = eⱼ, α₋₁ = 1/δ, φ = 1, and step 2 with c = W₀eⱼ. So between two turns lⱼ lies between φ⁴ᵏ λ and λ, and silence does
//!    not end in a division by zero.
//!
//! **How λ is chosen.** Of a batch of one sample, generalized cross validation is left with the error of a W that has not seen
//! the sample: residual and 1 − influence shrink by the same factor, so their quotient is e itself, free of charge in every step.
//! λ minimizes its square along the stream by a recursive Gauss–Newton method: since ∂W/∂λ = −(W − W₀)P, s = ∂e/∂ln λ = λ (W −
//! W₀) g is one product more, which is taken for one target a sample, in turn:
//!
//! ```text
//! h ← (1 − 1/4k) h + s²,   λ ← λ (1 − s e/h),   |s e/h| ≤ 1/16
//! ```
//! as slow as step 4, or it would not see what its last changes did; and within 10⁻⁴ … 10⁴ times the λ at the start.
//!
//! Source: G. J. Bierman, "Measurement updating using the U-D factorization" (Automatica 12, 1976),
//! for 1; S. Gunnarsson, "Combining tracking and regularization in recursive least squares
//! identification" (CDC 1996), for the idea of 4; L. Ljung and T. Söderström, "Theory and Practice of Recursive Identification"
//! (MIT Press 1983), for recursive prediction errors. λ by them and the prior that does not fade are ours. Accuracy: U and D are
//! as accurate as a square root of P, so `f32` does; nothing is subtracted that could leave P indefinite, D stays positive. Cost:
//! 3k² + 4mk flops and k divisions for m targets, for a turn of step 4 as much at most. NaN and infinities are refused before
//! anything is written.

mod saved;

use crate::error::Error;
use crate::scalar::Real;

/// Options of [`AdaptiveHead`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdaptiveHeadOptions<T> {
    /// λ > 0 at the start.
    pub lambda: T,
    /// φ, 0 < φ ≤ 1: a window of about 1/(1 − φ) samples.
    pub forgetting: T,
    /// Whether λ is adapted.
    pub adapt_lambda: bool,
}

impl<T: Real> Default for AdaptiveHeadOptions<T> {
    /// λ = 1, adapted; φ = 0.99.
    fn default() -> Self {
        Self { lambda: T::ONE, forgetting: T::from_f64(0.99), adapt_lambda: true }
    }
}

/// One sample of [`AdaptiveHead`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdaptiveHeadReport<T> {
    /// ½‖e‖², the error of the W before: an honest one, because W had not seen the sample.
    pub loss: T,
    /// λ after it.
    pub lambda: T,
}

/// Samples between two turns of step 4.
const TURN: usize = 4;

/// A linear layer that goes on learning, over `REGRESSORS` numbers, of which one is a 1 if there is to be a bias. `size_of` it,
/// and the start weights that it borrows, is all the memory there is. What it has learnt survives a power cut as a slice of numbers,
/// [`SaveState`](super::SaveState), for a head made anew with the same start weights and options.
///
/// ```
/// use gaussling_core::optim::{AdaptiveHead, AdaptiveHeadOptions};
/// let trained = [[2.0_f32, 1.0]]; // 2t + 1
/// let mut head = AdaptiveHead::<f32, 2, 1>::new(&trained, AdaptiveHeadOptions::default())?;
/// for n in 0..400 {
///     let t = (n % 7) as f32;
///     head.update(&[t, 1.0], &[2.0 * t + 3.0])?; // the sensor has an offset now
/// }
/// assert!((head.predict(&[10.0, 1.0])[0] - 23.0).abs() < 0.05);
/// # Ok::<(), gaussling_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct AdaptiveHead<'p, T, const REGRESSORS: usize, const TARGETS: usize> {
    /// None before `reset`.
    prior: Option<&'p [[T; REGRESSORS]; TARGETS]>,
    w: [[T; REGRESSORS]; TARGETS],
    /// What is above the diagonal, as one run of numbers, for loops that load four of them at a time: for columns 4b … 4b + 3
    /// their rows 0 … 4b + 3, four numbers each; then the last columns, fewer than four, one after the other. The rest is not
    /// used: a type cannot say half of a square.
    u: [[T; REGRESSORS]; REGRESSORS],
    d: [T; REGRESSORS],
    /// l at the last turn of each.
    prior_weights: [T; REGRESSORS],
    lambda: T,
    bounds: (T, T),
    /// h
    curvature: T,
    adapt_lambda: bool,
    forgetting: T,
    inverse_forgetting: T,
    /// What a prior weight fades by between two turns: φ⁴ᵏ, in the first round φ⁴⁽ʲ⁺¹⁾.
    fading: T,
    /// φ⁴
    turn_fading: T,
    steps: usize,
    /// Whether step 4 has been at all of them.
    first_round_is_over: bool,
    turn: usize,
    searched: usize,
}

impl<'p, T: Real, const REGRESSORS: usize, const TARGETS: usize> AdaptiveHead<'p, T, REGRESSORS, TARGETS> {
    /// Starts from W = W₀ = `prior`, target by target.
    ///
    /// Errors: [`Error::InvalidOption`], [`Error::NonFinite`] for the prior.
    pub fn new(prior: &'p [[T; REGRESSORS]; TARGETS], options: AdaptiveHeadOptions<T>) -> Result<Self, Error> {
        let mut head = Self::unset();
        head.reset(prior, options)?;
        Ok(head)
    }

    /// A head of zeros that refuses to learn until it is [`reset`](Self::reset): for a `static`, whose memory is counted when the
    /// firmware is linked, and takes no flash.
    pub const fn unset() -> Self {
        Self {
            prior: None,
            w: [[T::ZERO; REGRESSORS]; TARGETS],
            u: [[T::ZERO; REGRESSORS]; REGRESSORS],
            d: [T::ZERO; REGRESSORS],
            prior_weights: [T::ZERO; REGRESSORS],
            lambda: T::ZERO,
            bounds: (T::ZERO, T::ZERO),
            curvature: T::ZERO,
            adapt_lambda: false,
            forgetting: T::ZERO,
            inverse_forgetting: T::ZERO,
            fading: T::ZERO,
            turn_fading: T::ZERO,
            steps: 0,
            first_round_is_over: false,
            turn: 0,
            searched: 0,
        }
    }

    /// To W = W₀ = `prior`, with nothing learnt. Errors as of [`new`](Self::new), and nothing has changed.
    pub fn reset(
        &mut self,
        prior: &'p [[T; REGRESSORS]; TARGETS],
        options: AdaptiveHeadOptions<T>,
    ) -> Result<(), Error> {
        let AdaptiveHeadOptions { lambda, forgetting, adapt_lambda } = options;
        let bounds = (lambda * T::from_f64(1e-4), lambda * T::from_f64(1e4));
        if !(bounds.0 > T::ZERO && bounds.1.is_finite()) {
            return Err(Error::InvalidOption { what: "lambda > 0" });
        }
        if !(forgetting > T::ZERO && forgetting <= T::ONE) {
            return Err(Error::InvalidOption { what: "0 < forgetting <= 1" });
        }
        if !prior.as_flattened().iter().all(|w| w.is_finite()) {
            return Err(Error::NonFinite { what: "prior" });
        }
        (self.prior, self.w) = (Some(prior), *prior);
        self.u.as_flattened_mut().fill(T::ZERO);
        self.d.fill(T::ONE / lambda);
        self.prior_weights.fill(lambda);
        (self.lambda, self.bounds, self.curvature, self.adapt_lambda) = (lambda, bounds, T::ZERO, adapt_lambda);
        (self.forgetting, self.inverse_forgetting, self.fading) = (forgetting, T::ONE / forgetting, T::ONE);
        self.turn_fading = (0..TURN).fold(T::ONE, |fading, _| fading * forgetting);
        (self.steps, self.first_round_is_over, self.turn, self.searched) = (0, false, 0, 0);
        Ok(())
    }

    /// Learns one sample.
    ///
    /// Errors: [`Error::InvalidOption`] before a `reset`; [`Error::NonFinite`] for `z` or `c`: nothing has changed.
    /// [`Error::NonFinite`] for `w`, at once or with the next sample: what has been seen is too large for the type, and the layer
    /// has to be made anew.
    pub fn update(&mut self, z: &[T; REGRESSORS], c: &[T; TARGETS]) -> Result<AdaptiveHeadReport<T>, Error> {
        if !z.iter().chain(c).all(|x| x.is_finite()) {
            return Err(Error::NonFinite { what: "z or c" });
        }
        let Some(prior) = self.prior else {
            return Err(Error::InvalidOption { what: "reset before the first sample" });
        };
        let mut error = self.predict(z);
        let mut loss = T::ZERO;
        for (e, &c) in error.iter_mut().zip(c) {
            *e = c - *e;
            loss += *e * *e;
        }
        let (mut f, mut gain) = (*z, [T::ZERO; REGRESSORS]);
        self.products(z, &mut f);
        let alpha = self.absorb(0, &mut f, &mut gain, self.forgetting, self.inverse_forgetting);
        if self.adapt_lambda {
            self.search(prior, &gain, &error);
        }
        let scale = T::ONE / alpha;
        error.iter_mut().for_each(|e| *e *= scale);
        self.move_by(&error, &gain);
        self.steps = self.steps.wrapping_add(1);
        if self.steps.is_multiple_of(TURN) {
            self.renew(prior);
        }
        // Where W overflowed in the last step, the loss of this one is not finite.
        if alpha.is_finite() && loss.is_finite() {
            Ok(AdaptiveHeadReport { loss: T::from_f64(0.5) * loss, lambda: self.lambda })
        } else {
            Err(Error::NonFinite { what: "w" })
        }
    }

    /// W z
    #[inline]
    pub fn predict(&self, z: &[T; REGRESSORS]) -> [T; TARGETS] {
        linear(&self.w, z)
    }

    /// W, target by target.
    pub fn weights(&self) -> &[[T; REGRESSORS]; TARGETS] {
        &self.w
    }

    /// λ
    pub fn lambda(&self) -> T {
        self.lambda
    }

    /// f ← Uᵀz; f is z at first.
    fn products(&self, z: &[T; REGRESSORS], f: &mut [T; REGRESSORS]) {
        let mut rest = self.u.as_flattened().as_chunks::<4>().0;
        let (blocks, last) = f.as_chunks_mut::<4>();
        for (block, f) in blocks.iter_mut().enumerate() {
            let (Some(above), Some([[_, b0, c0, d0], [_, _, c1, d1], [_, _, _, d2], _])) =
                (rest.split_off(..4 * block), corner(&mut rest))
            else {
                break;
            };
            let [z0, z1, z2, z3] = *f;
            let (mut f0, mut f1) = (z0, z1 + b0 * z0);
            let (mut f2, mut f3) = (z2 + c0 * z0 + c1 * z1, z3 + d0 * z0 + d1 * z1 + d2 * z2);
            // By name and not as an array: compiled for size, that would be a loop within the loop.
            for (&[a, b, c, d], &z) in above.iter().zip(z) {
                f0 += a * z;
                f1 += b * z;
                f2 += c * z;
                f3 += d * z;
            }
            *f = [f0, f1, f2, f3];
        }
        let mut rest = rest.as_flattened();
        for (j, f) in (REGRESSORS - last.len()..).zip(last) {
            let column = rest.split_off(..j).unwrap_or_default();
            column.iter().zip(z).for_each(|(&u, &z)| *f += u * z);
        }
    }

    /// Step 1 from column `start` on, before which f is zero: g ← P z, and α is returned; f is destroyed.
    fn absorb(&mut self, start: usize, f: &mut [T; REGRESSORS], gain: &mut [T; REGRESSORS], first: T, grow: T) -> T {
        // g holds v of a column until the column is reached.
        let (mut alpha, mut inverse) = (first, T::ONE / first);
        let scalars = f.iter_mut().zip(&mut *gain).zip(&mut self.d);
        for ((f, v), d) in scalars {
            *v = *d * *f;
            let next = alpha + *v * *f;
            // f becomes −f/α.
            *f = -*f * inverse;
            inverse = T::ONE / next;
            *d *= alpha * grow * inverse;
            alpha = next;
        }
        let mut rest = self.u.as_flattened_mut().as_chunks_mut::<4>().0;
        let (blocks, last) = f.as_chunks::<4>();
        for (block, l) in blocks.iter().enumerate() {
            let (Some(above), Some([[_, b0, c0, d0], [_, _, c1, d1], [_, _, _, d2], _])) =
                (rest.split_off_mut(..4 * block), corner_mut(&mut rest))
            else {
                break;
            };
            // Before `start` nothing happens.
            if 4 * block + 4 <= start {
                continue;
            }
            let Some((g, own)) = gain.split_at_mut_checked(4 * block) else { break };
            let Some(own) = own.first_chunk_mut::<4>() else { break };
            let ([l0, l1, l2, l3], [v0, v1, v2, v3]) = (*l, *own);
            for ([a, b, c, d], g) in above.iter_mut().zip(g) {
                let g0 = *g;
                let g1 = g0 + v0 * *a;
                let g2 = g1 + v1 * *b;
                let g3 = g2 + v2 * *c;
                *g = g3 + v3 * *d;
                *a += l0 * g0;
                *b += l1 * g1;
                *c += l2 * g2;
                *d += l3 * g3;
            }
            let (g01, g12) = (v0 + v1 * *b0, v1 + v2 * *c1);
            let g02 = g01 + v2 * *c0;
            *own = [g02 + v3 * *d0, g12 + v3 * *d1, v2 + v3 * *d2, v3];
            *b0 += l1 * v0;
            *c0 += l2 * g01;
            *c1 += l2 * v1;
            *d0 += l3 * g02;
            *d1 += l3 * g12;
            *d2 += l3 * v2;
        }
        let mut rest = rest.as_flattened_mut();
        for (j, &l) in (REGRESSORS - last.len()..).zip(last) {
            let column = rest.split_off_mut(..j).unwrap_or_default();
            let Some((g, [v, ..])) = gain.split_at_mut_checked(j) else { break };
            for (u, g) in column.iter_mut().zip(g) {
                (*u, *g) = (*u + l * *g, *g + *v * *u);
            }
        }
        alpha
    }

    /// Row j of U into zeros.
    fn row(&self, j: usize, row: &mut [T; REGRESSORS]) {
        let (blocks, last) = row.as_chunks_mut::<4>();
        let mut rest = self.u.as_flattened().as_chunks::<4>().0;
        for (block, row) in blocks.iter_mut().enumerate() {
            let Some(rows) = rest.split_off(..4 * block + 4) else { break };
            // Not there for blocks before j; in its own block what is not above the diagonal is zero.
            if let Some(own) = rows.get(j) {
                *row = *own;
            }
        }
        let mut rest = rest.as_flattened();
        for (i, u) in (REGRESSORS - last.len()..).zip(last) {
            let column = rest.split_off(..i).unwrap_or_default();
            *u = column.get(j).copied().unwrap_or(T::ZERO);
        }
        row.iter_mut().skip(j).take(1).for_each(|one| *one = T::ONE);
    }

    /// Step 2: W ← W + e gᵀ, e over α already; four targets at a time.
    fn move_by(&mut self, e: &[T; TARGETS], gain: &[T; REGRESSORS]) {
        let (fours, rest) = self.w.as_chunks_mut::<4>();
        let (errors, last) = e.as_chunks::<4>();
        for ([a, b, c, d], &[e0, e1, e2, e3]) in fours.iter_mut().zip(errors) {
            for ((((a, b), c), d), &g) in a.iter_mut().zip(b).zip(c).zip(d).zip(gain) {
                *a += e0 * g;
                *b += e1 * g;
                *c += e2 * g;
                *d += e3 * g;
            }
        }
        for (row, &e) in rest.iter_mut().zip(last) {
            row.iter_mut().zip(gain).for_each(|(w, &g)| *w += e * g);
        }
    }

    /// Step 3, for the target whose turn it is.
    fn search(&mut self, prior: &[[T; REGRESSORS]; TARGETS], gain: &[T; REGRESSORS], error: &[T; TARGETS]) {
        let target = self.searched;
        self.searched = if target + 1 < TARGETS { target + 1 } else { 0 };
        let (Some(w), Some(prior), Some(&e)) = (self.w.get(target), prior.get(target), error.get(target)) else {
            return;
        };
        let mut s = T::ZERO;
        for ((&w, &prior), &g) in w.iter().zip(prior).zip(gain) {
            s += (w - prior) * g;
        }
        s *= self.lambda;
        let remembered = T::ONE - T::ONE / T::from_usize(4 * REGRESSORS.max(1));
        self.curvature = remembered * self.curvature + s * s;
        let most = T::from_f64(1.0 / 16.0);
        // No information, no change; NaN neither.
        let step = s * e / self.curvature;
        if step.is_finite() {
            self.lambda *= T::ONE - step.max(-most).min(most);
            self.lambda = self.lambda.max(self.bounds.0).min(self.bounds.1);
        }
    }

    /// Step 4
    fn renew(&mut self, prior: &[[T; REGRESSORS]; TARGETS]) {
        let j = self.turn;
        if !self.first_round_is_over {
            self.fading *= self.turn_fading;
        }
        self.first_round_is_over |= j + 1 >= REGRESSORS;
        self.turn = if j + 1 < REGRESSORS { j + 1 } else { 0 };
        let Some(weight) = self.prior_weights.get_mut(j) else { return };
        *weight *= self.fading;
        let missing = self.lambda - *weight;
        if missing <= T::EPSILON * self.lambda {
            return;
        }
        *weight = self.lambda;
        let (mut f, mut gain) = ([T::ZERO; REGRESSORS], [T::ZERO; REGRESSORS]);
        self.row(j, &mut f); // Uᵀeⱼ
        let alpha = self.absorb(j, &mut f, &mut gain, T::ONE / missing, T::ONE);
        let mut error = [T::ZERO; TARGETS];
        let scale = T::ONE / alpha;
        for ((e, prior), w) in error.iter_mut().zip(prior).zip(&self.w) {
            if let (Some(&prior), Some(&w)) = (prior.get(j), w.get(j)) {
                *e = (prior - w) * scale;
            }
        }
        self.move_by(&error, &gain);
    }
}

/// W z, four targets at a time.
#[inline]
fn linear<T: Real, const REGRESSORS: usize, const TARGETS: usize>(
    w: &[[T; REGRESSORS]; TARGETS],
    z: &[T; REGRESSORS],
) -> [T; TARGETS] {
    let mut y = [T::ZERO; TARGETS];
    let ((fours, rest), (outs, last)) = (w.as_chunks::<4>(), y.as_chunks_mut::<4>());
    for ([a, b, c, d], out) in fours.iter().zip(outs) {
        let [mut y0, mut y1, mut y2, mut y3] = *out;
        for ((((&a, &b), &c), &d), &z) in a.iter().zip(b).zip(c).zip(d).zip(z) {
            y0 += a * z;
            y1 += b * z;
            y2 += c * z;
            y3 += d * z;
        }
        *out = [y0, y1, y2, y3];
    }
    for (row, out) in rest.iter().zip(last) {
        row.iter().zip(z).for_each(|(&w, &z)| *out += w * z);
    }
    y
}

/// The four rows of a block of four columns that hold its own part of the triangle.
fn corner<T: Copy>(rest: &mut &[[T; 4]]) -> Option<[[T; 4]; 4]> {
    rest.split_off(..4)?.first_chunk().copied()
}

/// The same, for writing.
fn corner_mut<'a, T>(rest: &mut &'a mut [[T; 4]]) -> Option<&'a mut [[T; 4]; 4]> {
    rest.split_off_mut(..4)?.first_chunk_mut()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// λ is the option at first, and then what the reports say.
    #[test]
    fn lambda_is_that_of_the_reports() {
        let options = AdaptiveHeadOptions { lambda: 0.7, forgetting: 1.0, adapt_lambda: true };
        let mut head = AdaptiveHead::<f64, 2, 1>::new(&[[1.0, -1.0]], options).unwrap();
        assert_eq!(head.lambda(), 0.7);
        for i in 0..5 {
            let x = f64::from(i);
            let report = head.update(&[1.0, x], &[3.0 * x]).unwrap();
            assert_eq!(head.lambda(), report.lambda);
        }
        assert_ne!(head.lambda(), 0.7);
    }
}
