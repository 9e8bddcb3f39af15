#![no_main]

#[path = "../src/web_socket.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|data: &[u8]| target::web_socket(data));
