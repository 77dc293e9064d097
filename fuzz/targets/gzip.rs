//! See `zaun_fuzz::gzip`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| zaun_fuzz::gzip::run(data));
