//! See `zaun_fuzz::session`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| zaun_fuzz::session::run(data));
