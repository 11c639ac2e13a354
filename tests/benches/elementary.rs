//! The elementary functions over 4096 numbers, ours and libm's, and activations with their slopes:
//! `cargo bench -p gaussling-tests --bench elementary`, one TSV of nanoseconds a number. `RUSTFLAGS="-C target-cpu=x86-64-v3"` shows
//! what vectors of 32 bytes bring; the bits are the same.
//!
//! `elementary_numpy.py` beside this file times NumPy's on the same intervals. Run both in the same minute and compare ratios. An
//! argument keeps the operations whose name contains it.

use std::hint::black_box;
use std::time::Instant;

use gaussling_core::autodiff::ScalarFunction;
use gaussling_core::nn::{Gaussian, Sigmoid, Sine, Softplus, Tanh, uniform};
use gaussling_core::{Backend, Portable, Real};
use rand_core::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

const LEN: usize = 4096;

macro_rules! functions {
    ($($name:ident $method:ident),+) => {
        $(#[derive(Clone, Copy)]
        struct $name;
        impl ScalarFunction for $name {
            #[inline]
            fn eval<T: Real>(&self, x: T) -> T {
                x.$method()
            }
        })+
    };
}
functions!(Exp exp, ExpM1 exp_m1, Ln ln, Ln1p ln_1p);

#[derive(Clone, Copy)]
struct Cosine;
impl ScalarFunction for Cosine {
    fn eval<T: Real>(&self, x: T) -> T {
        x.cos()
    }
    fn eval_simple<T: Real>(&self, x: T) -> T {
        x.cos_within()
    }
    fn is_simple_at<T: Real>(&self, x: T) -> bool {
        Sine.is_simple_at(x)
    }
}

/// Prints the median of nanoseconds a number.
fn time(who: &str, name: &str, scalar: &str, mut call: impl FnMut()) {
    if std::env::args().skip(1).any(|arg| !arg.starts_with('-') && !name.contains(&arg)) {
        return;
    }
    let mut nanoseconds = Vec::with_capacity(401);
    for i in 0..406 {
        let start = Instant::now();
        call();
        if i >= 5 {
            nanoseconds.push(start.elapsed().as_secs_f64() * 1e9 / LEN as f64);
        }
    }
    nanoseconds.sort_by(f64::total_cmp);
    println!("{who}\t{name}\t{scalar}\t{:.3}", nanoseconds[nanoseconds.len() / 2]);
}

/// Our function and libm's over uniform numbers.
fn function<T: Real>(name: &str, f: impl ScalarFunction, libm: fn(T) -> T, interval: (f64, f64)) {
    let scalar = std::any::type_name::<T>();
    let (x, mut y, _) = numbers::<T>(interval);
    time("gaussling", name, scalar, || Portable.map(f, black_box(&x), black_box(&mut y)));
    time("libm", name, scalar, || black_box(&mut y).iter_mut().zip(&x).for_each(|(y, &x)| *y = libm(x)));
}

/// An activation and its slope.
fn with_slope<T: Real>(name: &str, f: impl ScalarFunction) {
    let (x, mut y, mut slope) = numbers::<T>((-10.0, 10.0));
    time("gaussling", &format!("{name} with slope"), std::any::type_name::<T>(), || {
        Portable.map_with_slope(f, black_box(&x), black_box(&mut y), black_box(&mut slope));
    });
}

fn numbers<T: Real>((low, high): (f64, f64)) -> (Vec<T>, Vec<T>, Vec<T>) {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(3);
    let x = (0..LEN).map(|_| T::from_f64(low + (high - low) * uniform(&mut rng))).collect();
    (x, vec![T::ZERO; LEN], vec![T::ZERO; LEN])
}

fn activations<T: Real>() {
    with_slope::<T>("tanh", Tanh);
    with_slope::<T>("sigmoid", Sigmoid);
    with_slope::<T>("softplus", Softplus);
    with_slope::<T>("sin", Sine);
    with_slope::<T>("gaussian", Gaussian);
}

fn main() {
    println!("library\toperation\ttype\tmedian ns a number");
    let (signed, positive) = ((-10.0, 10.0), (1e-3, 100.0));
    function("exp", Exp, libm::exp, signed);
    function("expm1", ExpM1, libm::expm1, signed);
    function("log", Ln, libm::log, positive);
    function("log1p", Ln1p, libm::log1p, positive);
    function("tanh", Tanh, libm::tanh, signed);
    function("sin", Sine, libm::sin, signed);
    function("cos", Cosine, libm::cos, signed);
    function("sigmoid", Sigmoid, |x: f64| 1.0 / (1.0 + libm::exp(-x)), signed);
    function("log1p(exp)", Softplus, |x: f64| libm::log1p(libm::exp(x)), signed);
    activations::<f64>();
    function("exp", Exp, libm::expf, signed);
    function("expm1", ExpM1, libm::expm1f, signed);
    function("log", Ln, libm::logf, positive);
    function("log1p", Ln1p, libm::log1pf, positive);
    function("tanh", Tanh, libm::tanhf, signed);
    function("sin", Sine, libm::sinf, signed);
    function("cos", Cosine, libm::cosf, signed);
    function("sigmoid", Sigmoid, |x: f32| 1.0 / (1.0 + libm::expf(-x)), signed);
    function("log1p(exp)", Softplus, |x: f32| libm::log1pf(libm::expf(x)), signed);
    activations::<f32>();
}
