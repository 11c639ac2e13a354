//! [`Sampled`]: a network that takes many samples in pieces, and the pieces by several threads.
//!
//! Samples do not know of each other, so a pass over all of them is a pass over each piece: what a layer leaves for the next is then still in
//! the cache of the processor, and a thread is woken once a pass, not once a product. Pieces lie in parts, one after another; a part is what a
//! thread takes at a time. The gradient is a sum over samples: each part but the first adds its pieces up in a place of its own, and
//! these are added in the order of the parts.
//!
//! Borders of parts and pieces follow from the number of samples alone, so the bits do not depend on the number of threads.

use gaussling_core::nn::{BatchLen, Init, Network, Point, Shape};
use gaussling_core::{Backend, Error, MatMut, MatRef};
use rand_core::Rng;

use crate::backend::{Fast, Float};

/// Most samples in a piece.
const PIECE: usize = 256;
/// Most parts, so most threads that can be of use.
const PARTS: usize = 16;
/// Samples from which on there is a second part, and so on: fewer are over before another thread is awake.
const PART: usize = 512;

/// A network over pieces of its samples, by the kernels that it holds; those that its methods are given are not used.
///
/// ```
/// use gaussling::backend::Fast;
/// use gaussling::core::{MatMut, MatRef, nn::Network};
/// use gaussling::network::{Sampled, Sequential};
/// let network = Sequential::parse("dense:4", 1)?;
/// let (one, two) = (Fast::detect(), Fast::detect().with_threads(2));
/// let theta: Vec<f64> = (0..8).map(f64::from).collect();
/// let x: Vec<f64> = (0..3000).map(|j| f64::from(j) * 1e-3).collect();
/// let values = |fast: &Fast| {
///     let network = Sampled::new(&network, fast);
///     let shape = Network::<f64>::shape(&network);
///     let (mut z, mut cache, mut work) = (vec![0.0; 4 * 3000], vec![0.0; shape.cache.of(3000)], vec![0.0; shape.work.of(3000)]);
///     network.forward(fast, &theta, MatRef::new(&x, 1, 3000)?, MatMut::new(&mut z, 4, 3000)?, &mut cache, &mut work)?;
///     Ok::<_, gaussling::core::Error>(z)
/// };
/// assert_eq!(values(&one)?, values(&two)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Sampled<'a, N> {
    network: &'a N,
    fast: &'a Fast,
}

/// Where piece or part `number` of `count` begins.
fn border(samples: usize, count: usize, number: usize) -> usize {
    // Without overflow for any number of samples that memory holds; as even as it can be.
    samples / count * number + (samples % count * number) / count
}

/// How many threads have something to do.
pub(crate) fn useful_threads(samples: usize) -> usize {
    parts(samples)
}

fn parts(samples: usize) -> usize {
    (samples / PART).clamp(1, PARTS)
}

/// First sample and number of samples of each piece of a part that begins at `first`.
fn pieces(first: usize, samples: usize) -> impl Iterator<Item = (usize, usize)> {
    let count = samples.div_ceil(PIECE).max(1);
    (0..count).map(move |piece| {
        let from = border(samples, count, piece);
        (first + from, border(samples, count, piece + 1) - from)
    })
}

/// What one part reads and writes; empty where a pass has no use for it.
struct Job<'a, T> {
    first: usize,
    samples: usize,
    cache: &'a [T],
    fill: &'a mut [T],
    work: &'a mut [T],
    out: Option<MatMut<'a, T>>,
    gradient: &'a mut [T],
}

/// The first `len` of `rest`.
fn take<'a, T>(what: &'static str, rest: &mut &'a mut [T], len: usize) -> Result<&'a mut [T], Error> {
    let found = rest.len();
    rest.split_off_mut(..len).ok_or(Error::Workspace { what, needed: len, found })
}

/// The first `count` columns of `rest`, where there is a matrix.
fn take_columns<'a, T: Float>(rest: &mut Option<MatMut<'a, T>>, count: usize) -> Option<MatMut<'a, T>> {
    let (columns, others) = rest.take()?.split_at_col(count);
    *rest = Some(others);
    Some(columns)
}

impl<'a, N> Sampled<'a, N> {
    /// The same network, by these kernels and their threads.
    pub fn new(network: &'a N, fast: &'a Fast) -> Self {
        Self { network, fast }
    }

    /// Splits what a pass needs into parts and does `work` with each piece of each: its samples, its cache to be read and to be filled, its
    /// workspace, the columns that it writes, its gradient.
    fn pass<T: Float>(
        &self,
        shape: Shape,
        samples: usize,
        derivative: bool,
        mut cache: &[T],
        mut fill: &mut [T],
        mut work: &mut [T],
        mut out: Option<MatMut<'_, T>>,
        gradient: &mut [T],
        piece: impl Fn(
            &Fast,
            (usize, usize),
            &[T],
            &mut [T],
            &mut [T],
            Option<MatMut<'_, T>>,
            &mut [T],
        ) -> Result<(), Error>
        + Sync,
    ) -> Result<(), Error> {
        let (count, params) = (parts(samples), gradient.len());
        let sums = take("work", &mut work, (count - 1) * params)?;
        sums.fill(T::ZERO);
        let mut own = Some(&mut *gradient);
        let mut jobs = [const { None }; PARTS];
        let mut rest = &mut *sums;
        for (part, job) in jobs.iter_mut().enumerate().take(count) {
            let first = border(samples, count, part);
            let samples = border(samples, count, part + 1) - first;
            let len = pieces(first, samples).map(|(_, n)| shape.cache.of(n)).sum::<usize>();
            let largest = pieces(first, samples).map(|(_, n)| n).max().unwrap_or(0);
            let columns = take_columns(&mut out, samples);
            let found = cache.len();
            *job = Some(Job {
                first,
                samples,
                cache: match derivative {
                    false => &[],
                    true => cache.split_off(..len).ok_or(Error::Workspace { what: "cache", needed: len, found })?,
                },
                fill: if !derivative { take("cache", &mut fill, len)? } else { &mut [] },
                work: take("work", &mut work, shape.work.of(largest))?,
                out: columns,
                gradient: match own.take() {
                    Some(own) => own,
                    None => take("work", &mut rest, params)?,
                },
            });
        }
        let alone = self.fast.alone();
        self.fast.share(jobs.get_mut(..count).unwrap_or_default(), |job: &mut Option<Job<'_, T>>| {
            let Some(Job { first, samples, mut cache, mut fill, work, mut out, gradient }) = job.take() else {
                return Ok(());
            };
            for (first, n) in pieces(first, samples) {
                let len = shape.cache.of(n);
                let columns = take_columns(&mut out, n);
                let read = cache.split_off(..len.min(cache.len())).unwrap_or_default();
                let write = fill.split_off_mut(..len.min(fill.len())).unwrap_or_default();
                piece(&alone, (first, n), read, write, work, columns, gradient)?;
            }
            Ok(())
        })?;
        for sum in sums.chunks_exact(params.max(1)) {
            Backend::<T>::axpy(&alone, T::ONE, sum, gradient);
        }
        Ok(())
    }
}

impl<T: Float, N: Network<T> + Sync> Network<T> for Sampled<'_, N> {
    /// With room for the fixed part of the cache in every piece, and for the workspace and the gradient of every part.
    fn shape(&self) -> Shape {
        let shape = self.network.shape();
        let (cache, work) = (shape.cache, shape.work);
        let sums = shape.params.saturating_mul(PARTS - 1);
        Shape {
            cache: BatchLen::new(
                cache.fixed.saturating_mul(PARTS),
                cache.per_sample.saturating_add(cache.fixed.div_ceil(PIECE)),
            ),
            work: BatchLen::new(work.fixed.saturating_mul(PARTS).saturating_add(sums), work.per_sample),
            ..shape
        }
    }

    fn initialize<R: Rng>(&self, scheme: Init, rng: &mut R, theta: &mut [T]) -> Result<(), Error> {
        self.network.initialize(scheme, rng, theta)
    }

    fn forward<B: Backend<T>>(
        &self,
        _: &B,
        theta: &[T],
        x: MatRef<'_, T>,
        z: MatMut<'_, T>,
        cache: &mut [T],
        work: &mut [T],
    ) -> Result<(), Error> {
        let shape = Network::<T>::shape(self.network);
        check_columns("z", (shape.features, x.cols()), z.shape())?;
        self.pass(
            shape,
            x.cols(),
            false,
            &[],
            cache,
            work,
            Some(z),
            &mut [],
            |fast, (first, n), _, cache, work, z, _| {
                let Some(z) = z else { return Ok(()) };
                self.network.forward(fast, theta, x.columns(first, n)?, z, cache, work)
            },
        )
    }

    fn jvp<B: Backend<T>>(
        &self,
        _: &B,
        point: Point<'_, T>,
        dtheta: &[T],
        dx: Option<MatRef<'_, T>>,
        dz: MatMut<'_, T>,
        work: &mut [T],
    ) -> Result<(), Error> {
        let (shape, samples) = (Network::<T>::shape(self.network), point.x.cols());
        check_columns("dz", (shape.features, samples), dz.shape())?;
        if let Some(dx) = dx {
            check_columns("dx", (shape.inputs, samples), dx.shape())?;
        }
        let Point { theta, x, cache } = point;
        self.pass(
            shape,
            samples,
            true,
            cache,
            &mut [],
            work,
            Some(dz),
            &mut [],
            |fast, (first, n), cache, _, work, dz, _| {
                let Some(dz) = dz else { return Ok(()) };
                let dx = dx.map(|dx| dx.columns(first, n)).transpose()?;
                self.network.jvp(fast, Point { theta, x: x.columns(first, n)?, cache }, dtheta, dx, dz, work)
            },
        )
    }

    fn vjp<B: Backend<T>>(
        &self,
        _: &B,
        point: Point<'_, T>,
        g: MatRef<'_, T>,
        gtheta: &mut [T],
        gx: Option<MatMut<'_, T>>,
        work: &mut [T],
    ) -> Result<(), Error> {
        let (shape, samples) = (Network::<T>::shape(self.network), point.x.cols());
        check_columns("g", (shape.features, samples), g.shape())?;
        if let Some(gx) = &gx {
            check_columns("gx", (shape.inputs, samples), gx.shape())?;
        }
        let Point { theta, x, cache } = point;
        self.pass(
            shape,
            samples,
            true,
            cache,
            &mut [],
            work,
            gx,
            gtheta,
            |fast, (first, n), cache, _, work, gx, gtheta| {
                let point = Point { theta, x: x.columns(first, n)?, cache };
                self.network.vjp(fast, point, g.columns(first, n)?, gtheta, gx, work)
            },
        )
    }
}

/// What is split by columns has as many as there are samples; the rest is checked in each piece.
fn check_columns(what: &'static str, expected: (usize, usize), found: (usize, usize)) -> Result<(), Error> {
    if expected == found { Ok(()) } else { Err(Error::Shape { what, expected, found }) }
}
