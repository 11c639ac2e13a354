//! Levenberg–Marquardt on residuals that the bytes choose.
//!
//! Laws: a step that does not say [`LevenbergMarquardtStatus::NonFinite`] leaves finite parameters; ½‖r‖² never grows, and
//! falls with what is accepted; what is rejected leaves the parameters as they were; a restored method goes on with the same
//! bits; a covariance that is `Ok` has no infinity but that of a parameter which the data do not determine.

use crate::input::Input;
use crate::optimizers::hand_over;
use crate::stored::{all_finite, converted, same_bits};
use gaussling::core::autodiff::VectorFunction;
use gaussling::core::optim::{
    Differentiated, LevenbergMarquardt, LevenbergMarquardtOptions, LevenbergMarquardtStatus,
    levenberg_marquardt_work_len,
};
use gaussling::core::{Dual, MatMut, Portable, Real};

const MOST_PARAMS: usize = 3;
const MOST_RESIDUALS: usize = 5;
const MOST_STEPS: usize = 8;

/// rᵢ = a f(x) − b, f chosen for each i.
#[derive(Clone)]
struct Problem {
    kinds: [u8; MOST_RESIDUALS],
    numbers: Vec<f64>,
}

impl VectorFunction for Problem {
    fn eval<T: Real>(&self, x: &[T], r: &mut [T]) {
        for (i, r) in r.iter_mut().enumerate() {
            let number = |k: usize| T::from_f64(self.numbers[2 * i + k]);
            let variable = |k: usize| x.get(k % x.len().max(1)).copied().unwrap_or(T::ONE);
            let (u, v) = (variable(i), variable(i + 1));
            let f = match self.kinds[i] % 8 {
                0 => u,
                1 => u.exp(),
                2 => u * v,
                3 => T::ONE / u,
                4 => (u - v).tanh(),
                5 => u * u - v,
                6 => u.sqrt(),
                _ => v * (-u * number(1)).exp(),
            };
            *r = number(0) * f - number(1);
        }
    }
}

/// Bytes: precision and sizes, options, kinds of residuals, then numbers and the first x.
pub fn levenberg_marquardt(bytes: &[u8]) {
    let mut input = Input(bytes);
    if input.flag() { run::<f32>(input) } else { run::<f64>(input) }
}

fn run<T: Real>(mut input: Input<'_>) {
    let (n, m) = (input.size(MOST_PARAMS), input.size(MOST_RESIDUALS));
    let (steps, saved, usual) = (1 + input.size(MOST_STEPS - 1), input.size(3), input.flag());
    let known = LevenbergMarquardtOptions::<T>::default();
    let mut number = |usual_one| if usual { usual_one } else { T::from_f64(input.number()) };
    let options = LevenbergMarquardtOptions {
        initial_radius: number(known.initial_radius),
        value_tolerance: number(known.value_tolerance),
        step_tolerance: number(known.step_tolerance),
        gradient_tolerance: number(known.gradient_tolerance),
    };
    let kinds = std::array::from_fn(|_| input.byte());
    let elements = input.elements(2 * MOST_RESIDUALS + MOST_PARAMS);
    let (numbers, x) = elements.split_at(2 * MOST_RESIDUALS);
    let problem = Problem { kinds, numbers: numbers.to_vec() };
    let mut x: Vec<T> = converted(&x[..n]);

    let length = levenberg_marquardt_work_len(m, n);
    let (mut a, mut b) = (vec![T::ZERO; length], vec![T::from_f64(f64::NAN); length]);
    let (mut first_permutation, mut second_permutation) = (vec![0; n], vec![0; n]);
    let new = LevenbergMarquardt::new;
    let (Ok(mut method), Ok(mut other)) =
        (new(m, n, options, &mut a, &mut first_permutation), new(m, n, options, &mut b, &mut second_permutation))
    else {
        return;
    };
    let mut duals = vec![Dual::<T, 2>::ZERO; n + m];
    let mut problem = Differentiated::new(problem, n, m, &mut duals).expect("work of this length");
    let mut second: Option<Vec<T>> = None;
    let (finite, mut last) = (all_finite(&x), None);
    for k in 0..steps {
        if k == saved {
            hand_over(&method, &mut other);
            second = Some(x.clone());
        }
        let before = x.clone();
        let outcome = method.step(&Portable, &mut problem, &mut x);
        if let Some(second) = &mut second {
            let again = other.step(&Portable, &mut problem, second);
            assert_eq!(format!("{again:?}"), format!("{outcome:?}"), "step {k} after a restoration");
            assert!(same_bits(second, &x), "step {k} after a restoration: {second:?} for {x:?}");
        }
        let Ok(report) = outcome else { return };
        assert!(report.accepted || same_bits(&before, &x), "step {k}: {x:?} for {before:?}, {report:?}");
        if report.status == LevenbergMarquardtStatus::NonFinite {
            return;
        }
        assert!(!finite || all_finite(&x), "step {k}: {x:?}, {report:?}");
        if let Some(last) = last {
            let holds = if report.accepted { report.value <= last } else { report.value == last };
            assert!(holds || !last.is_finite(), "step {k}: {report:?} after the value {last:?}");
        }
        last = Some(report.value);
        if report.status != LevenbergMarquardtStatus::Running {
            break;
        }
    }
    let mut covariance = vec![T::ZERO; n * n];
    let matrix = MatMut::new(&mut covariance, n, n).expect("made to fit");
    if let Ok(fit) = method.covariance(&Portable, &mut problem, &x, None, matrix) {
        assert!(fit.rank < n || all_finite(&covariance), "{fit:?}: {covariance:?}");
    }
}
