//! Whatever `lockproof merge` and `lockproof diff` are given to read, they report, or say in words what is wrong.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| lockproof_verify::fuzzed::reports(input));
