//! A mutex that its holder takes twice, with the count inside.

use lockproof::error::LockError;
use lockproof::raw::mutex_state::State;
use lockproof::{RawValue, ReentrantMutexGuard};

use super::{Counted, Holder, Indifferent, Spot, Witness, in_words, taken};
use crate::stress::arena::Arena;

/// `ReentrantMutex<RawValue<u64>>`.
pub(crate) struct OnReentrant;

impl Counted for OnReentrant {
    const NAME: &'static str = "reentrant";
    const HOLDER: Holder = Holder::CanStay;

    fn status(arena: &Arena) -> State {
        arena.reentrant.status()
    }

    fn increment(spot: &Spot<'_>, witness: &impl Witness) -> Result<(), String> {
        let mutex = &spot.arena.reentrant;
        let outer = repaired(mutex.lock(), witness)?;
        let before = outer.load();
        drop(repaired(mutex.lock(), &Indifferent)?);
        // Released once, and still held.
        witness.before_store();
        outer.store(before + 1);
        witness.after_store();
        outer.unlock().map_err(in_words)
    }

    fn total(spot: &Spot<'_>, witness: &impl Witness) -> Result<u64, String> {
        repaired(spot.arena.reentrant.lock(), witness).map(|count| count.load())
    }
}

type Held<'a> = ReentrantMutexGuard<'a, RawValue<u64>>;

fn repaired<'a>(
    taken_or_not: Result<Held<'a>, LockError<Held<'a>>>,
    witness: &impl Witness,
) -> Result<Held<'a>, String> {
    taken(taken_or_not, witness, |held| held.make_consistent())
}
