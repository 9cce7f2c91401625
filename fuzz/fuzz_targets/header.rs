//! Whatever a file begins with, the check of a region's header neither panics nor vouches for what it should not.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| lockproof::hostile::header(input));
