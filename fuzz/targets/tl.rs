//! See `zaun_fuzz::tl`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| zaun_fuzz::tl::run(data));
