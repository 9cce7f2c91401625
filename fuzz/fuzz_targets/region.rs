//! Whatever bytes a region has, whoever opens and uses it is refused, told wrong things or served, and no more.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| lockproof::hostile::region(input));
