//! Whatever processes do with several primitives, and wherever one of them dies, they see what the reference allows.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| lockproof_verify::fuzzed::programs(input));
