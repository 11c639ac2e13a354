//! The linear layers that learn on line, on any samples and any options.
//!
//! Laws: what is refused changes nothing; after `Ok` the weights are finite, or, of the adaptive head as it says, the next
//! sample is an error; and a layer restored from a saved state goes on with the same bits.

use crate::input::Input;
use crate::stored::{all_finite, converted, same_bits};
use gaussling::core::optim::{AdaptiveHead, AdaptiveHeadOptions, OnlineHead, SaveState};
use gaussling::core::{Error, Real};

const MOST_SAMPLES: usize = 12;

/// Bytes: which layer, its size, precision, samples, the one before which it is saved, λ, forgetting, then numbers.
pub fn heads(bytes: &[u8]) {
    let mut input = Input(bytes);
    let (kind, single) = (input.byte(), input.flag());
    match (kind % 6, single) {
        (0, false) => online::<f64, 1, 1>(input),
        (0, true) => online::<f32, 1, 1>(input),
        (1, false) => online::<f64, 3, 2>(input),
        (1, true) => online::<f32, 3, 2>(input),
        (2, false) => online::<f64, 0, 1>(input),
        (2, true) => online::<f32, 0, 1>(input),
        (3, false) => adaptive::<f64, 1, 1>(input),
        (3, true) => adaptive::<f32, 1, 1>(input),
        (4, false) => adaptive::<f64, 3, 2>(input),
        (4, true) => adaptive::<f32, 3, 2>(input),
        // Its loops take four numbers at a time, and here one is left.
        (_, false) => adaptive::<f64, 5, 1>(input),
        (_, true) => adaptive::<f32, 5, 1>(input),
    }
}

/// The samples, what has been learnt before them, and two options.
struct Case<T> {
    samples: usize,
    saved: usize,
    lambda: T,
    forgetting: T,
    flag: bool,
    prior: Vec<T>,
    numbers: Vec<T>,
}

impl<T: Real> Case<T> {
    fn new(mut input: Input<'_>, width: usize, weights: usize) -> Self {
        let (samples, saved) = (input.size(MOST_SAMPLES), input.size(MOST_SAMPLES));
        let (lambda, forgetting) = (input.number(), input.number());
        Self {
            samples,
            saved,
            lambda: T::from_f64(lambda),
            // Most numbers are no forgetting factor; these are.
            forgetting: T::from_f64(if forgetting > 1.0 { 1.0 - 1.0 / (1.0 + forgetting) } else { forgetting }),
            flag: input.flag(),
            prior: converted(&input.elements(weights)),
            numbers: converted(&input.elements(width * samples)),
        }
    }

    fn sample<const F: usize, const M: usize>(&self, k: usize) -> ([T; F], [T; M]) {
        let numbers = &self.numbers[k * (F + M)..];
        (std::array::from_fn(|i| numbers[i]), std::array::from_fn(|i| numbers[F + i]))
    }
}

fn online<T: Real, const F: usize, const M: usize>(input: Input<'_>) {
    let case = Case::<T>::new(input, F + M, 0);
    let Ok(mut head) = OnlineHead::<T, F, M>::new(case.lambda, case.forgetting) else { return };
    let state = |head: &OnlineHead<T, F, M>| {
        let mut saved = vec![T::ZERO; OnlineHead::<T, F, M>::STATE_LEN];
        head.save(&mut saved).expect("of this length");
        [saved, head.columns().as_flattened().to_vec(), head.bias().to_vec()].concat()
    };
    let mut restored = None;
    for k in 0..case.samples {
        if k == case.saved {
            let mut other = OnlineHead::<T, F, M>::new(case.lambda, case.forgetting).expect("as the first one");
            other.restore(&state(&head)[..OnlineHead::<T, F, M>::STATE_LEN], head.steps()).expect("just saved");
            assert!(same_bits(&state(&other), &state(&head)), "restored after {k}: {other:?} for {head:?}");
            restored = Some(other);
        }
        let (z, c) = case.sample::<F, M>(k);
        let before = state(&head);
        let outcome = head.update(&z, &c);
        let finite = all_finite(&z) && all_finite(&c);
        assert!(finite || outcome.is_err(), "sample {k}: {z:?}, {c:?} are learnt");
        if let Some(other) = &mut restored {
            let again = other.update(&z, &c);
            assert_eq!(format!("{again:?}"), format!("{outcome:?}"), "sample {k} after a restoration");
            assert!(same_bits(&state(other), &state(&head)), "sample {k} after a restoration");
        }
        match outcome {
            Ok(_) => assert!(all_finite(&state(&head)), "sample {k}: {head:?}"),
            Err(error) if !finite => {
                assert_eq!(error, Error::NonFinite { what: "z or c" });
                assert!(same_bits(&state(&head), &before), "sample {k} was refused and changed something");
            }
            Err(_) => return,
        }
    }
}

fn adaptive<T: Real, const R: usize, const M: usize>(input: Input<'_>) {
    let case = Case::<T>::new(input, R + M, R * M);
    let prior: [[T; R]; M] = std::array::from_fn(|i| std::array::from_fn(|j| case.prior[i * R + j]));
    let options = AdaptiveHeadOptions { lambda: case.lambda, forgetting: case.forgetting, adapt_lambda: case.flag };
    let Ok(mut head) = AdaptiveHead::new(&prior, options) else { return };
    let state = |head: &AdaptiveHead<'_, T, R, M>| {
        let mut saved = vec![T::ZERO; AdaptiveHead::<T, R, M>::STATE_LEN];
        head.save(&mut saved).expect("of this length");
        saved
    };
    let mut restored: Option<AdaptiveHead<'_, T, R, M>> = None;
    let mut lost = false;
    for k in 0..case.samples {
        if k == case.saved {
            let mut other = AdaptiveHead::new(&prior, options).expect("as the first one");
            other.restore(&state(&head)).expect("just saved");
            restored = Some(other);
        }
        let (z, c) = case.sample::<R, M>(k);
        let before = state(&head);
        let outcome = head.update(&z, &c);
        let finite = all_finite(&z) && all_finite(&c);
        assert!(finite || outcome.is_err(), "sample {k}: {z:?}, {c:?} are learnt");
        if let Some(other) = &mut restored {
            let again = other.update(&z, &c);
            assert_eq!(format!("{again:?}"), format!("{outcome:?}"), "sample {k} after a restoration");
            assert!(same_bits(&state(other), &state(&head)), "sample {k} after a restoration");
        }
        match outcome {
            Ok(report) => {
                assert!(!lost, "sample {k}: the weights had left the range, and {report:?}");
                assert!(report.loss.is_finite() && report.lambda.is_finite(), "sample {k}: {report:?}");
                assert!(report.lambda > T::ZERO, "sample {k}: {report:?}");
                lost = !all_finite(head.weights().as_flattened());
            }
            Err(error) if !finite => {
                assert_eq!(error, Error::NonFinite { what: "z or c" });
                assert!(same_bits(&state(&head), &before), "sample {k} was refused and changed something");
            }
            Err(_) => return,
        }
    }
}
