//! A classifier of bearing faults, trained on the desktop and written by `gaussling export --rust`: are its bits the desktop's?

#![no_std]
#![no_main]

use firmware::Text::{Count, Word};
use firmware::{bench_begin, bench_end, print};

#[allow(dead_code, clippy::approx_constant, clippy::excessive_precision, clippy::unreadable_literal)]
mod model {
    include!(concat!(env!("OUT_DIR"), "/model.rs"));
}

fn infer(input: &mut [f32; model::INPUTS]) -> bool {
    // What a sensor would give; unknown to the compiler.
    *input = core::hint::black_box([1.2, -1.1, 0.0125, 0.28, 0.28, -0.09, 4.3, 5.0, 13.5]);
    bench_begin();
    let scores = model::predict(input);
    bench_end();
    let answer = gaussling_core::nn::argmax(&scores);
    let right = model::self_test();
    print(&[Word("class "), Word(model::CLASSES.get(answer).copied().unwrap_or_default())]);
    print(&[Word("recorded predictions "), Word(if right { "have the desktop's bits" } else { "differ" })]);
    print(&[Word("parameters "), Count(model::PARAMETER_BYTES)]);
    print(&[Word("memory "), Count(model::WORKSPACE_BYTES)]);
    right
}

firmware::firmware!([f32; model::INPUTS], [0.0; model::INPUTS], infer);
