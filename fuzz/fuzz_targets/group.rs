#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| boplish_fuzz::group(data));
