//! Puts the board's memory map where the linker looks for it, and the exported model where `include!` takes it, which cannot be
//! with its head of inner attributes.

use std::path::Path;
use std::{env, fs};

/// Flash and RAM of the emulated boards, in bytes from the given addresses.
const MAPS: [(&str, &str); 3] = [
    ("thumbv7em", "FLASH : ORIGIN = 0x00000000, LENGTH = 4M  RAM : ORIGIN = 0x20000000, LENGTH = 4M"),
    ("thumbv6m", "FLASH : ORIGIN = 0x00000000, LENGTH = 256K  RAM : ORIGIN = 0x20000000, LENGTH = 16K"),
    ("riscv32", "RAM : ORIGIN = 0x80000000, LENGTH = 16M"),
];

/// Sizes that the record of a run states.
const SIZES: &str = "
pub const PARAMETER_BYTES: usize = size_of_val(&WEIGHTS) + size_of_val(&RECORDED)
    + 2 * (size_of_val(&INPUT_MEAN) + size_of_val(&TARGET_MEAN));
pub const WORKSPACE_BYTES: usize = 4 * (predictor_work_len(SHAPE) + OUTPUTS);
";

fn model(out: &str) -> std::io::Result<()> {
    let data = env::var("FIRMWARE_DATA").unwrap_or_else(|_| "data".into());
    let source = Path::new(&data).join("model.rs");
    println!("cargo:rerun-if-changed={}", source.display());
    println!("cargo:rerun-if-env-changed=FIRMWARE_DATA");
    let text = fs::read_to_string(source)?;
    let body = text.lines().filter(|line| !line.starts_with("//!") && !line.starts_with("#!["));
    let body: String = body.flat_map(|line| [line, "\n"]).collect();
    fs::write(Path::new(out).join("model.rs"), body + SIZES)
}

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let (Ok(target), Ok(out)) = (env::var("TARGET"), env::var("OUT_DIR")) else { return };
    if let Err(error) = model(&out) {
        println!("cargo:warning=model.rs: {error}");
    }
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
    if target.starts_with("riscv32") {
        println!("cargo:rustc-link-arg-bins=-Tmemory.x");
    }
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
}
