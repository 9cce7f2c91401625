//! Whatever somebody gives `lockproof replay`, an execution is shown, or it is said in words why none is.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| lockproof_verify::fuzzed::tokens(input));
