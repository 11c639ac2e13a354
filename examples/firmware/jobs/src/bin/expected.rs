//! What the firmwares must come to, computed on the desktop: a line for each digest.

use jobs::train::{curveball, gnvpro, slimtrain};

fn main() -> Result<(), gaussling_core::Error> {
    let line = |name: &str, digest: jobs::digest::Digest| println!("{name} {:016x}", digest.value());
    let (mut first, mut second, mut third) = (gnvpro::Memory::NEW, slimtrain::Memory::NEW, curveball::Memory::NEW);
    line("train_gnvpro", gnvpro::run(&mut first)?.digest);
    line("train_slimtrain", slimtrain::run(&mut second)?.digest);
    line("train_curveball", curveball::run(&mut third)?.digest);
    let learn = |_, head: &mut jobs::adapt::Head, z: &[f32; _], c: &[f32; _]| head.update(z, c).map(|_| ());
    let mut head = jobs::adapt::UNSET;
    line("adapt", jobs::adapt::run(&mut head, learn, |_, _, _| ())?.digest);
    Ok(())
}
