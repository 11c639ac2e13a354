//! Puts the board's memory map where the linker looks for it.

use std::path::Path;
use std::{env, fs};

/// Flash and RAM of the emulated boards, in bytes from the given addresses.
const MAPS: [(&str, &str); 3] = [
    ("thumbv7em", "FLASH : ORIGIN = 0x00000000, LENGTH = 4M  RAM : ORIGIN = 0x20000000, LENGTH = 4M"),
    ("thumbv6m", "FLASH : ORIGIN = 0x00000000, LENGTH = 256K  RAM : ORIGIN = 0x20000000, LENGTH = 16K"),
    ("riscv32", "RAM : ORIGIN = 0x80000000, LENGTH = 16M"),
];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let (Ok(target), Ok(out)) = (env::var("TARGET"), env::var("OUT_DIR")) else { return };
    let Some((_, map)) = MAPS.iter().find(|(family, _)| target.starts_with(family)) else { return };
    let mut text = format!("MEMORY {{ {map} }}\n");
    if target.starts_with("riscv32") {
        for region in ["TEXT", "RODATA", "DATA", "BSS", "HEAP", "STACK"] {
            text += &format!("REGION_ALIAS(\"REGION_{region}\", RAM);\n");
        }
    }
    if let Err(error) = fs::write(Path::new(&out).join("memory.x"), text) {
        println!("cargo:warning=memory.x: {error}");
    }
    println!("cargo:rustc-link-search={out}");
}
