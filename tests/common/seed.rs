//! Repeatable randomness, and how much of it.

use crate::common::child::say;

/// Random numbers from a seed (splitmix64).
pub(crate) struct Seed(u64);

impl Seed {
    /// The seed in `LOCKPROOF_TEST_SEED`, or 1. It is said, so that a failure shows it.
    pub(crate) fn announced() -> Self {
        let seed = from_environment("LOCKPROOF_TEST_SEED").unwrap_or(1);
        say(&format!("repeat with LOCKPROOF_TEST_SEED={seed}"));
        Self(seed)
    }

    /// Another sequence, as repeatable as this one.
    pub(crate) fn branch(&mut self) -> Self {
        Self(self.next())
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub(crate) fn coin(&mut self) -> bool {
        self.next() & 1 == 1
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// `count` times `LOCKPROOF_TEST_SCALE`, which is 1 unless set.
pub(crate) fn scaled(count: u64) -> u64 {
    count * from_environment("LOCKPROOF_TEST_SCALE").unwrap_or(1).max(1)
}

fn from_environment(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is no number: {value}")))
}
