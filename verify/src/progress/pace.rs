//! How fast it goes, and how long it may still take.

use std::time::Duration;

use crate::report::numbers::{count, seconds};

/// Before that, nobody knows.
const SOON: Duration = Duration::from_secs(1);

/// How long the rest may take, if it goes on as it did: `about 40 s left`. None if that is anybody's guess.
pub(super) fn left(done: u64, all: u64, took: Duration) -> Option<String> {
    if done == 0 || done >= all || took < SOON {
        return None;
    }
    let rest = took.as_secs_f64() * (all - done) as f64 / done as f64;
    let rest = Duration::try_from_secs_f64(rest).ok()?;
    let rest = match rest.as_secs() {
        few @ ..60 => format!("{} s", few.max(1)),
        _ => seconds(rest),
    };
    Some(format!("about {rest} left"))
}

/// The same behind a rate, for what comes at one: `, 166/s, about 2 s left`.
pub(super) fn pace(done: u64, all: u64, took: Duration) -> String {
    left(done, all, took).map_or_else(String::new, |left| {
        let rate = done as f64 / took.as_secs_f64();
        match rate as u64 {
            0 => format!(", {left}"),
            rate => format!(", {}/s, {left}", count(rate)),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_told_once_it_can_be_known() {
        let table = [
            ((0, 100), 5_000, ""),
            ((50, 100), 900, ""),
            ((100, 100), 5_000, ""),
            ((7, 0), 5_000, ""),
            ((50, 100), 5_000, ", 10/s, about 5 s left"),
            ((5_000, 5_001), 1_000, ", 5 000/s, about 1 s left"),
            ((1, 100), 2_000, ", about 3 min 18 s left"),
        ];
        for ((done, all), took, told) in table {
            let said = pace(done, all, Duration::from_millis(took));
            assert_eq!(said, told, "{done} of {all} in {took} ms");
        }
    }
}
