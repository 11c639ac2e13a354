//! The trainings of the firmwares as functions of a WebAssembly module: digests of all weights after the last step, 0 for an
//! error. The page that calls them needs no more than `instance.exports`.

#![no_std]
#![cfg(target_family = "wasm")]

use jobs::train::{curveball, gnvpro, slimtrain};

macro_rules! digest {
    ($method:ident) => {
        /// The digest.
        #[unsafe(no_mangle)]
        pub extern "C" fn $method() -> u64 {
            let mut memory = $method::Memory::NEW;
            $method::run(&mut memory).map_or(0, |trained| trained.digest.value())
        }
    };
}

digest!(gnvpro);
digest!(slimtrain);
digest!(curveball);

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
