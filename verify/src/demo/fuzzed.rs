//! Files of scenarios, with anything in them.

use super::{csv, tickets};

/// Whatever is in the file of a scenario, it is read for what it is. The first byte says whose: that of tickets, or the CSV.
///
/// # Panics
///
/// If it is not.
pub fn scenarios(input: &[u8]) {
    match input.split_first() {
        Some((which, content)) if which & 1 == 0 => tickets::fuzzed(content),
        Some((_, content)) => csv::fuzzed(content),
        None => {}
    }
}
