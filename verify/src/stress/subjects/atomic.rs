//! A counter without a lock.

use super::{Counted, Spot, Witness};

/// `AtomicCounter`.
pub(crate) struct OnAtomic;

impl Counted for OnAtomic {
    const NAME: &'static str = "atomic";

    fn increment(spot: &Spot<'_>, _witness: &impl Witness) -> Result<(), String> {
        spot.arena.atomic.increment();
        Ok(())
    }

    fn total(spot: &Spot<'_>, _witness: &impl Witness) -> Result<u64, String> {
        Ok(spot.arena.atomic.get())
    }
}
