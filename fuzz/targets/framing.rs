//! See `zaun_fuzz::framing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| zaun_fuzz::framing::run(data));
