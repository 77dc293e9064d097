//! See `zaun_fuzz::client`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| zaun_fuzz::client::run(data));
