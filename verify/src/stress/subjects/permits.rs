//! A semaphore with three permits beside the count: an increment takes two of them at once, so that it is alone.
//!
//! Before that, each gives a permit of another semaphore by hand and takes one by hand, be it another's: none may be missing.
//! What the dead have given and not taken stays there.

use lockproof::{BoundedSemaphore, RawValue, Semaphore, shareable};

use super::{Counted, Spot, Witness, in_words};

/// More than have room inside, and fewer than twice what one takes.
const PERMITS: usize = 3;
const TAKEN: usize = 2;
/// As many as can be given by hand.
const GIVEN: usize = 64;

shareable! {
    /// `BoundedSemaphore<3>`, `Semaphore<0, 64>` and `RawValue<u64>`.
    pub(crate) struct OnPermits {
        semaphore: BoundedSemaphore<PERMITS>,
        given: Semaphore<0, GIVEN>,
        count: RawValue<u64>,
    }
}

impl Counted for OnPermits {
    const NAME: &'static str = "permits";
    const A_MOMENTS_INCREMENTS: u64 = 2_000;

    fn increment(spot: &Spot<'_>, witness: &impl Witness) -> Result<(), String> {
        let Self { semaphore, given, count } = &spot.arena.permits;
        // Refused where the dead have left as many as there can be.
        if given.post().is_ok() {
            given.wait().map_err(in_words)?;
        }
        if semaphore.post().is_ok() {
            return Err("a permit was added for which there was no room".to_owned());
        }
        let _permits = semaphore.acquire_many(TAKEN).map_err(in_words)?;
        let before = count.load();
        witness.gap();
        count.store(before + 1);
        Ok(())
    }

    fn total(spot: &Spot<'_>, _witness: &impl Witness) -> Result<u64, String> {
        let Self { semaphore, count, .. } = &spot.arena.permits;
        let _all = semaphore.acquire_many(PERMITS).map_err(in_words)?;
        Ok(count.load())
    }
}
