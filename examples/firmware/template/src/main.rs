//! Learns a line from noisy readings, sample by sample, in memory that the linker counts.

#![no_std]
#![no_main]

use cortex_m as _; // the critical section
use cortex_m_rt::entry;
use cortex_m_semihosting::{debug, hio};
use gaussling_core::optim::{AdaptiveHead, AdaptiveHeadOptions};

/// What the device starts from: slope and offset of the factory.
static FACTORY: [[f32; 2]; 1] = [[1.0, 0.0]];

#[entry]
fn main() -> ! {
    static mut HEAD: AdaptiveHead<'static, f32, 2, 1> = AdaptiveHead::unset();
    let learnt = learn(HEAD);
    if let Ok(mut screen) = hio::hstdout() {
        let _ = screen.write_all(if learnt { b"learnt\n" } else { b"not learnt\n" });
    }
    debug::exit(if learnt { debug::EXIT_SUCCESS } else { debug::EXIT_FAILURE });
    loop {
        core::hint::spin_loop();
    }
}

fn learn(head: &mut AdaptiveHead<'static, f32, 2, 1>) -> bool {
    let started = head.reset(&FACTORY, AdaptiveHeadOptions::default()).is_ok();
    // Put your sensor here. This one has the slope 1.2 and the offset 0.3.
    let readings = (0..1000_u16).map(|n| f32::from(n % 10) - 4.5).map(|x| (x, 1.2 * x + 0.3));
    let learnt = readings.map(|(x, y)| head.update(&[x, 1.0], &[y])).all(|learnt| learnt.is_ok());
    started && learnt && head.predict(&[3.0, 1.0]).iter().all(|y| (y - 3.9).abs() < 0.05)
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    unsafe extern "C" {
        safe fn a_panic_can_be_reached() -> !;
    }
    a_panic_can_be_reached() // does not exist: while a panic can be reached, nothing is linked
}
