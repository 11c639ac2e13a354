//! [`Shape`]: sizes and memory needs of a network, as constants.

/// A length that grows with the batch: `fixed + per_sample * samples`. Saturates instead of overflowing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BatchLen {
    /// The part that does not depend on the batch.
    pub fixed: usize,
    /// The part for each sample.
    pub per_sample: usize,
}

impl BatchLen {
    /// No memory.
    pub const ZERO: Self = Self::new(0, 0);

    /// `fixed + per_sample * samples`
    pub const fn new(fixed: usize, per_sample: usize) -> Self {
        Self { fixed, per_sample }
    }

    /// The length for a batch.
    pub const fn of(self, samples: usize) -> usize {
        self.fixed.saturating_add(self.per_sample.saturating_mul(samples))
    }

    /// Room for both.
    pub const fn plus(self, other: Self) -> Self {
        Self::new(self.fixed.saturating_add(other.fixed), self.per_sample.saturating_add(other.per_sample))
    }

    /// Room for `n` of them.
    pub const fn times(self, n: usize) -> Self {
        Self::new(self.fixed.saturating_mul(n), self.per_sample.saturating_mul(n))
    }

    /// Room for either.
    pub const fn max(self, other: Self) -> Self {
        Self::new(larger(self.fixed, other.fixed), larger(self.per_sample, other.per_sample))
    }
}

const fn larger(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}

/// Sizes of a network, and the lengths of the buffers that it computes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Rows of the input X.
    pub inputs: usize,
    /// Rows of the features Z.
    pub features: usize,
    /// Length of θ.
    pub params: usize,
    /// What `forward` leaves for `jvp` and `vjp`.
    pub cache: BatchLen,
    /// Scratch memory of each of the three.
    pub work: BatchLen,
    /// Scratch memory of [`Evaluate`](super::Evaluate), the value alone of one sample: what one layer needs, not the sum of all.
    pub evaluate: usize,
}

impl Shape {
    /// `n → m`, weights and (with `bias`) biases.
    pub const fn affine(inputs: usize, outputs: usize, bias: bool) -> Self {
        let weights = inputs.saturating_mul(outputs);
        let params = if bias { weights.saturating_add(outputs) } else { weights };
        let evaluate = Self::columns_at_once(inputs, outputs).saturating_mul(outputs);
        Self { inputs, features: outputs, params, cache: BatchLen::ZERO, work: BatchLen::ZERO, evaluate }
    }

    /// Columns of a matrix whose product with one sample is added up together; as the kernel adds them: four by four, and a
    /// single row as a dot product.
    pub(super) const fn columns_at_once(cols: usize, rows: usize) -> usize {
        if rows == 1 || cols < 4 { cols } else { 4 }
    }

    /// An elementwise function; the cache holds its slopes.
    pub const fn activation(size: usize) -> Self {
        let cache = BatchLen::new(0, size);
        Self { inputs: size, features: size, params: 0, cache, work: BatchLen::ZERO, evaluate: 0 }
    }

    /// Off-diagonal weights and a bias; the cache holds the assembled matrix, the workspace one more.
    pub const fn antisymmetric(size: usize) -> Self {
        let square = BatchLen::new(size.saturating_mul(size), 0);
        let evaluate = Self::columns_at_once(size, size).saturating_mul(size);
        Self { inputs: size, features: size, params: square.fixed, cache: square, work: square, evaluate }
    }

    /// A feature function of `params` parameters; the cache holds its Jacobian, `features · params` numbers a sample.
    pub const fn function(params: usize, inputs: usize, features: usize) -> Self {
        let jacobian = features.saturating_mul(params);
        Self { inputs, features, params, cache: BatchLen::new(0, jacobian), work: BatchLen::ZERO, evaluate: 0 }
    }

    /// `count` copies of a feature function of `params` parameters each; the cache holds `count · params` slopes a sample.
    pub const fn bank(params: usize, inputs: usize, count: usize) -> Self {
        let all = count.saturating_mul(params);
        Self { inputs, features: count, params: all, cache: BatchLen::new(0, all), work: BatchLen::ZERO, evaluate: 0 }
    }

    /// An elementwise function with `params` parameters for each element; the cache holds `params + 1` slopes an element.
    pub const fn parametric(size: usize, params: usize) -> Self {
        let slopes = size.saturating_mul(params.saturating_add(1));
        Self { params: size.saturating_mul(params), cache: BatchLen::new(0, slopes), ..Self::activation(size) }
    }

    /// `next` after `self`; the cache holds the intermediate features too.
    pub const fn then(self, next: Self) -> Self {
        let between = BatchLen::new(0, self.features);
        Self {
            inputs: self.inputs,
            features: next.features,
            params: self.params.saturating_add(next.params),
            cache: self.cache.plus(next.cache).plus(between),
            work: self.work.max(next.work).plus(between),
            evaluate: larger(self.evaluate, next.evaluate).saturating_add(self.features),
        }
    }

    /// `steps` residual steps y ← y + h·layer(θₖ, y).
    pub const fn euler(self, steps: usize) -> Self {
        let state = BatchLen::new(0, self.features);
        Self {
            params: self.params.saturating_mul(steps),
            cache: self.cache.plus(state).times(steps),
            work: self.work.plus(state.times(3)),
            evaluate: self.evaluate.saturating_add(self.features),
            ..self
        }
    }

    /// `steps` steps of the classical Runge–Kutta method, weights at `2 * steps + 1` time nodes.
    pub const fn rk4(self, steps: usize) -> Self {
        let state = BatchLen::new(0, self.features);
        Self {
            params: self.params.saturating_mul(steps.saturating_mul(2).saturating_add(1)),
            cache: self.cache.plus(state).times(4).times(steps),
            work: self.work.plus(state.times(4)),
            evaluate: self.evaluate.saturating_add(self.features.saturating_mul(3)),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_combine_and_saturate() {
        let a = BatchLen::new(3, 2);
        assert_eq!((a.of(10), a.plus(a).of(10), a.times(3).of(1), a.max(BatchLen::new(1, 5)).of(2)), (23, 46, 15, 13));
        assert_eq!(a.times(usize::MAX).of(usize::MAX), usize::MAX);
        assert_eq!(Shape::affine(usize::MAX, 2, true).params, usize::MAX);
    }
}
