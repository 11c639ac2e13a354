//! A classifier whose last layer goes on learning while its sensor drifts.

#![no_std]
#![no_main]

use firmware::Text::{Count, Hex, Number, Word};
use firmware::{bench_begin, bench_end, print};
use jobs::adapt::{Head, PARAMETER_BYTES, Right, UNSET, run};

/// The fourth sample is the first one with a turn of the prior, the dearest of them.
const COUNTED: [usize; 2] = [0, 3];

fn adapt(head: &mut Head) -> bool {
    let learn = |n, head: &mut Head, z: &[f32; _], c: &[f32; _]| {
        if !COUNTED.contains(&n) {
            return head.update(z, c).map(|_| ());
        }
        bench_begin();
        let updated = head.update(z, c).map(|_| ());
        bench_end();
        updated
    };
    print(&[Word("sample\tfixed\tadapted\tlambda")]);
    let record = |n, right: Right, lambda| {
        let tab = Word("\t");
        print(&[Count(n), tab, Count(right.fixed), tab, Count(right.adapted), tab, Number(lambda)]);
    };
    let Ok(outcome) = run(head, learn, record) else { return false };
    let line = |what, right: Right| {
        print(&[
            Word(what),
            Count(right.samples),
            Word(" right: fixed "),
            Count(right.fixed),
            Word(" adapted "),
            Count(right.adapted),
        ]);
    };
    line("before the drift of ", outcome.before);
    line("after it of ", outcome.after);
    print(&[Word("digest "), Hex(outcome.digest.value())]);
    print(&[Word("memory "), Count(size_of::<Head>())]);
    print(&[Word("parameters "), Count(PARAMETER_BYTES)]);
    let share = |right: usize, of: Right| right as f32 / of.samples as f32;
    let (before, without) = (share(outcome.before.fixed, outcome.before), share(outcome.after.fixed, outcome.after));
    let with = share(outcome.after.adapted, outcome.after);
    without < before - 0.1 && with > without + 0.1
}

firmware::firmware!(Head, UNSET, adapt);
