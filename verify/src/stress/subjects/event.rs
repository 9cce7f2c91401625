//! Events that workers ring for each other: each has one, which its neighbour sets after every increment, and now and then it
//! waits for that.
//!
//! A ring or a wake that gets lost stops everybody, sooner or later: who waits does not ring, so its neighbour waits as well.
//! Otherwise all cannot wait at once. Take the last ring there was: it was heard, or will be; and whoever hears one clears its
//! event *before* it rings on, so that a ring came after it. Only a death between the two breaks that, and whoever replaces
//! the dead rings everywhere.

use lockproof::{AtomicCounter, Event, RawValue, shareable};

use super::{Counted, Spot, Witness};
use crate::stress::arena::MOST_WORKERS;

shareable! {
    /// An `Event` for each worker, and the count.
    pub(crate) struct OnEvent {
        count: AtomicCounter,
        /// Somebody has done its work: nobody waits any more.
        over: RawValue<bool>,
        bells: [Event; MOST_WORKERS],
    }
}

impl Counted for OnEvent {
    const NAME: &'static str = "event";
    const A_MOMENTS_INCREMENTS: u64 = 20_000;

    fn arrive(spot: &Spot<'_>) {
        spot.arena.event.ring_everywhere(spot.workers);
    }

    fn increment(spot: &Spot<'_>, _witness: &impl Witness) -> Result<(), String> {
        let Self { count, over, bells } = &spot.arena.event;
        if fastrand::u8(..4) == 0 && !over.load() {
            bells[spot.number].wait();
            bells[spot.number].clear();
        }
        count.increment();
        bells[(spot.number + 1) % spot.workers].set();
        Ok(())
    }

    fn leave(spot: &Spot<'_>) {
        let this = &spot.arena.event;
        this.over.store(true);
        this.ring_everywhere(spot.workers);
    }

    fn total(spot: &Spot<'_>, _witness: &impl Witness) -> Result<u64, String> {
        Ok(spot.arena.event.count.get())
    }
}

impl OnEvent {
    fn ring_everywhere(&self, workers: usize) {
        self.bells[..workers].iter().for_each(Event::set);
    }
}
