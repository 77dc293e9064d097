//! See `zaun_fuzz::proxy`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| zaun_fuzz::proxy::run(data));
