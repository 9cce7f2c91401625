//! A shared value, read and written without a lock: loses updates.

use super::{Counted, Spot, Witness};
use crate::claim::Expected;

/// `RawValue<u64>`.
pub(crate) struct OnUnlocked;

impl Counted for OnUnlocked {
    const NAME: &'static str = "unlocked";
    const TAKES_KILLS: bool = false;
    const A_MOMENTS_INCREMENTS: u64 = 4_000;

    fn expected(workers: usize) -> Expected {
        if workers > 1 { Expected::Fails } else { Expected::Holds }
    }

    fn increment(spot: &Spot<'_>, witness: &impl Witness) -> Result<(), String> {
        let count = &spot.arena.unlocked;
        let before = count.load();
        witness.gap();
        count.store(before + 1);
        Ok(())
    }

    fn total(spot: &Spot<'_>, _witness: &impl Witness) -> Result<u64, String> {
        Ok(spot.arena.unlocked.load())
    }
}
