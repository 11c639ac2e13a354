//! What the firmwares need of a board: a start, a line of text on the debugger's screen, an end, and no panic.
//!
//! [`firmware!`] makes a program of a memory type and a function. The panic handler calls a function that does not exist, so a
//! program in which the linker sees a way to a panic is not linked: `undefined symbol: a_panic_can_be_reached`.

#![no_std]
#![cfg(target_os = "none")]

mod text;

use gaussling_core::Error;
use jobs::train::Trained;
pub use text::{Text, print};

#[cfg(target_arch = "arm")]
pub use cortex_m_rt;
#[cfg(target_arch = "riscv32")]
pub use riscv_rt;

#[cfg(target_arch = "arm")]
use cortex_m as _; // the critical section's implementation
#[cfg(target_arch = "riscv32")]
use riscv as _;

/// Ends the program; the emulator's exit code says whether all was well.
pub fn exit(success: bool) -> ! {
    #[cfg(target_arch = "arm")]
    {
        use cortex_m_semihosting::debug;
        debug::exit(if success { debug::EXIT_SUCCESS } else { debug::EXIT_FAILURE });
    }
    #[cfg(target_arch = "riscv32")]
    semihosting::process::exit(i32::from(!success));
    #[allow(unreachable_code)]
    loop {
        core::hint::spin_loop();
    }
}

/// The instructions between this and [`bench_end`] are counted by the emulator.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn bench_begin() {
    core::hint::black_box(1_u32);
}

/// See [`bench_begin`]. The bodies differ, or the linker would make one function of both.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn bench_end() {
    core::hint::black_box(2_u32);
}

/// Runs a training of [`jobs::train`] between the marks and prints what became of it; whether the loss fell below half of the first.
#[inline(always)]
pub fn train<M>(memory: &mut M, steps: usize, run: impl FnOnce(&mut M) -> Result<Trained, Error>) -> bool {
    bench_begin();
    let trained = run(memory);
    bench_end();
    let Ok(trained) = trained else { return false };
    let (first, last) = trained.losses;
    print(&[Text::Word("digest "), Text::Hex(trained.digest.value())]);
    print(&[
        Text::Word("losses "),
        Text::Number(first),
        Text::Word(" "),
        Text::Number(last),
        Text::Word(" steps "),
        Text::Count(steps),
    ]);
    print(&[Text::Word("memory "), Text::Count(size_of::<M>())]);
    last < 0.5 * first
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    unsafe extern "C" {
        safe fn a_panic_can_be_reached() -> !;
    }
    a_panic_can_be_reached()
}

/// A hard fault ends the program as a failure.
#[cfg(target_arch = "arm")]
#[cortex_m_rt::exception]
unsafe fn HardFault(_: &cortex_m_rt::ExceptionFrame) -> ! {
    exit(false)
}

/// `firmware!(Memory, zeros, run)`: the program that calls `run(&mut Memory) -> bool` once, with memory of its own in `.bss`.
#[macro_export]
macro_rules! firmware {
    ($memory:ty, $zeros:expr, $run:path) => {
        #[cfg(target_arch = "arm")]
        #[$crate::cortex_m_rt::entry]
        fn main() -> ! {
            static mut MEMORY: $memory = $zeros;
            $crate::exit($run(MEMORY))
        }

        #[cfg(target_arch = "riscv32")]
        #[$crate::riscv_rt::entry]
        fn main() -> ! {
            $crate::exit($run(&mut $zeros))
        }
    };
}
