//! The compiler's version, for the log of campaigns.
fn main() {
    let compiler = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let output = std::process::Command::new(compiler).arg("--version").output();
    let version = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    println!("cargo:rustc-env=FUZZ_RUSTC_VERSION={}", version.unwrap_or_else(|_| "unknown".to_owned()));
    println!("cargo:rerun-if-changed=build.rs");
}
