//! Whatever a file is called, and wherever links lead: locking and changing it touches it and its lock file, and no more.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| lockproof::hostile::paths(input));
