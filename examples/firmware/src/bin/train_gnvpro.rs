//! A network that learns a surface on the device, by the method in the file's name.

#![no_std]
#![no_main]

use firmware::Text::{Count, Hex, Number, Word};
use firmware::{bench_begin, bench_end, print};
use jobs::train::gnvpro::{Memory, STEPS, run};

fn train(memory: &mut Memory) -> bool {
    bench_begin();
    let trained = run(memory);
    bench_end();
    let Ok(trained) = trained else { return false };
    let (first, last) = trained.losses;
    print(&[Word("digest "), Hex(trained.digest.value())]);
    print(&[Word("losses "), Number(first), Word(" "), Number(last), Word(" steps "), Count(STEPS)]);
    print(&[Word("memory "), Count(size_of::<Memory>())]);
    last < 0.5 * first
}

firmware::firmware!(Memory, Memory::NEW, train);
