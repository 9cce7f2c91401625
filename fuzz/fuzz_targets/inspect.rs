//! Whatever bytes a file has, a look from outside shows a region or says in words that there is none.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| lockproof::hostile::inspect(input));
