#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gaussling_fuzz::convex(bytes));
