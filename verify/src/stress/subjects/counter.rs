//! A counter with a lock inside. Also the subject `threads`: the same between the threads of one process.

use lockproof::raw::mutex_state::State;

use super::{Counted, Holder, Spot, Witness, in_words};
use crate::stress::arena::Arena;

/// `Counter`, which keeps its critical section, and the account of the dead, to itself.
pub(crate) struct OnCounter;

/// The same between threads: nobody is killed.
pub(crate) struct OnCounterBetweenThreads;

impl Counted for OnCounter {
    const NAME: &'static str = "counter";
    const HOLDER: Holder = Holder::CannotStay;

    fn status(arena: &Arena) -> State {
        arena.counter.status()
    }

    fn reports(arena: &Arena) -> u64 {
        arena.counter.deaths_noted()
    }

    fn increment(spot: &Spot<'_>, _witness: &impl Witness) -> Result<(), String> {
        spot.arena.counter.increment().map(drop).map_err(in_words)
    }

    fn total(spot: &Spot<'_>, _witness: &impl Witness) -> Result<u64, String> {
        spot.arena.counter.get().map_err(in_words)
    }
}

impl Counted for OnCounterBetweenThreads {
    const NAME: &'static str = "threads";
    const TAKES_KILLS: bool = false;

    fn status(arena: &Arena) -> State {
        OnCounter::status(arena)
    }

    fn reports(arena: &Arena) -> u64 {
        OnCounter::reports(arena)
    }

    fn increment(spot: &Spot<'_>, witness: &impl Witness) -> Result<(), String> {
        OnCounter::increment(spot, witness)
    }

    fn total(spot: &Spot<'_>, witness: &impl Witness) -> Result<u64, String> {
        OnCounter::total(spot, witness)
    }
}
