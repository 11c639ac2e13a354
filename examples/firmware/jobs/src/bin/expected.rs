//! What the firmwares must come to, computed on the desktop.

use jobs::train::{Trained, curveball, gnvpro, slimtrain};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let line = |name: &str, bytes: usize, trained: Trained| {
        let (first, last) = trained.losses;
        println!("{name} {:016x} losses {first} {last} memory {bytes}", trained.digest.value());
    };
    line("gnvpro", size_of::<gnvpro::Memory>(), gnvpro::run(&mut gnvpro::Memory::NEW)?);
    line("slimtrain", size_of::<slimtrain::Memory>(), slimtrain::run(&mut slimtrain::Memory::NEW)?);
    line("curveball", size_of::<curveball::Memory>(), curveball::run(&mut curveball::Memory::NEW)?);
    Ok(())
}
