//! A semaphore with one permit beside the count.

use lockproof::{BoundedSemaphore, RawValue, shareable};

use super::{Counted, Spot, Witness, in_words};

shareable! {
    /// `BoundedSemaphore<1>` and `RawValue<u64>`.
    pub(crate) struct OnSemaphore {
        semaphore: BoundedSemaphore<1>,
        count: RawValue<u64>,
    }
}

impl Counted for OnSemaphore {
    const NAME: &'static str = "semaphore";
    const A_MOMENTS_INCREMENTS: u64 = 20_000;

    fn increment(spot: &Spot<'_>, witness: &impl Witness) -> Result<(), String> {
        let Self { semaphore, count } = &spot.arena.semaphore;
        let _permit = semaphore.acquire().map_err(in_words)?;
        let before = count.load();
        witness.gap();
        count.store(before + 1);
        Ok(())
    }

    fn total(spot: &Spot<'_>, _witness: &impl Witness) -> Result<u64, String> {
        let Self { semaphore, count } = &spot.arena.semaphore;
        let _permit = semaphore.acquire().map_err(in_words)?;
        Ok(count.load())
    }
}
