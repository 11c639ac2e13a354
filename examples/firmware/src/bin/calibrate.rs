//! Hard and soft iron of a magnetometer from a stream of readings.

#![no_std]
#![no_main]

use firmware::Text::{Count, Number, Word};
use firmware::{bench_begin, bench_end, print};
use jobs::calibrate::{Fit, OFFSET, check, readings};

fn calibrate(fit: &mut Fit) -> bool {
    for (n, reading) in readings().enumerate() {
        if n == 100 {
            bench_begin();
        }
        let read = fit.read(reading);
        if n == 100 {
            bench_end();
        }
        if read.is_err() {
            return false;
        }
    }
    bench_begin();
    let calibration = fit.solve();
    bench_end();
    let Ok(calibration) = calibration else { return false };
    let mut near = true;
    for ((&offset, &error), &truth) in calibration.offset.iter().zip(&calibration.offset_errors).zip(&OFFSET) {
        print(&[Word("offset "), Number(offset), Word(" +- "), Number(error), Word(" true "), Number(truth)]);
        near &= (offset - truth).abs() < 4.0 * error && error < 0.002;
    }
    for [a, b, c] in calibration.correction {
        print(&[Word("correction "), Number(a), Word(" "), Number(b), Word(" "), Number(c)]);
    }
    let (most, mean) = check(&calibration);
    print(&[Word("residual "), Number(calibration.residual)]);
    print(&[Word("strength off by "), Number(mean), Word(" in the mean, at most "), Number(most)]);
    print(&[Word("memory "), Count(size_of::<Fit>())]);
    near && mean < 0.01
}

firmware::firmware!(Fit, Fit::NEW, calibrate);
