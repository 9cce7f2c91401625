//! The longest time in which a process got nothing done.
//!
//! A look at the clock takes longer than a lock that nobody else wants, so nobody looks each time: work is done in rows, as many
//! times in each as fill a hundred looks, and the clock is looked at between two. Of a row that took long, the whole of what
//! it took counts, so a wait is told too long by the rest of the row, which is a few microseconds; where each time takes as long as
//! a row by itself, the rows are of one. The first row began when all were told to begin, and the last ends when what was begun
//! is done: who never had a turn has waited all the while.

use core::hint::black_box;

use super::measure::now;

/// So many times as long as a look at the clock a row is to take: one part in so many is spent on looking.
const LOOKS: u64 = 100;
/// The most of a row.
const MOST: u64 = 1 << 12;

/// How long a row is to take, in nanoseconds, where looking takes as long as here.
pub(super) fn of_a_row() -> u64 {
    const TIMES: u64 = 1000;
    let began = now();
    for _ in 1..TIMES {
        black_box(now());
    }
    (now() - began).div_ceil(TIMES).clamp(1, 1000) * LOOKS
}

/// A process at work.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    wanted: u64,
    row: u64,
    since: u64,
    longest: u64,
}

impl Pace {
    /// With rows that take so long, from a time on.
    pub(super) const fn from(began: u64, wanted: u64) -> Self {
        Self { wanted, row: 1, since: began, longest: 0 }
    }

    /// How often the work is to be done before the clock is looked at again.
    pub(super) const fn row(&self) -> u64 {
        self.row
    }

    /// What it is after a row that ended then.
    pub(super) fn after_row(self, ended: u64) -> Self {
        let took = ended.saturating_sub(self.since);
        let row = match took {
            took if took > 2 * self.wanted => (self.row / 2).max(1),
            took if took < self.wanted => (self.row * 2).min(MOST),
            _ => self.row,
        };
        Self { row, since: ended, longest: self.longest.max(took), ..self }
    }

    /// The longest that anything took, in nanoseconds.
    pub(super) const fn longest(&self) -> u64 {
        self.longest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Does rows that take so long each time, until one is as long as it stays.
    fn settled(each: u64) -> Pace {
        (0..20).fold(Pace::from(0, 1000), |pace, _| pace.after_row(pace.since + pace.row() * each))
    }

    #[test]
    fn rows_get_as_long_as_they_are_to_take() {
        for (each, row) in [(1, 1024), (10, 128), (400, 4), (1500, 1), (1_000_000, 1)] {
            assert_eq!(settled(each).row(), row, "{each} ns");
        }
    }

    #[test]
    fn the_longest_wait_is_kept() {
        let pace = settled(10);
        let waited = pace.after_row(pace.since + 50_000);
        assert_eq!(waited.longest(), 50_000);
        assert_eq!(waited.after_row(waited.since + 1000).longest(), 50_000);
    }

    #[test]
    fn who_never_had_a_turn_has_waited_from_the_beginning() {
        assert_eq!(Pace::from(7, 1000).after_row(9007).longest(), 9000);
    }
}
