//! Whatever is in the files of the demos, it is read for what it is.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| lockproof_verify::fuzzed::scenarios(input));
