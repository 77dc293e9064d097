//! See `zaun_fuzz::faketls`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| zaun_fuzz::faketls::run(data));
