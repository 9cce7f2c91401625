//! Whatever a primitive's words hold, and whatever a peer writes to them meanwhile, nobody panics or goes on for ever.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| lockproof::hostile::words(input));
