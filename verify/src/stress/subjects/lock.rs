//! A lock beside the count.

use lockproof::error::LockError;
use lockproof::raw::mutex_state::State;
use lockproof::{Lock, RawValue, shareable};

use super::{Counted, Holder, Spot, Witness, in_words};
use crate::stress::arena::Arena;

shareable! {
    /// `Lock` and `RawValue<u64>`.
    pub(crate) struct OnLock {
        lock: Lock,
        count: RawValue<u64>,
    }
}

impl Counted for OnLock {
    const NAME: &'static str = "lock";
    const HOLDER: Holder = Holder::CanStay;

    fn status(arena: &Arena) -> State {
        arena.lock.lock.status()
    }

    fn increment(spot: &Spot<'_>, witness: &impl Witness) -> Result<(), String> {
        let Self { lock, count } = &spot.arena.lock;
        acquire(lock, witness)?;
        let before = count.load();
        witness.before_store();
        count.store(before + 1);
        witness.after_store();
        lock.release().map_err(in_words)
    }

    fn total(spot: &Spot<'_>, witness: &impl Witness) -> Result<u64, String> {
        let Self { lock, count } = &spot.arena.lock;
        acquire(lock, witness)?;
        let total = count.load();
        lock.release().map_err(in_words)?;
        Ok(total)
    }
}

fn acquire(lock: &Lock, witness: &impl Witness) -> Result<(), String> {
    match lock.acquire(true, None) {
        Ok(_) => Ok(()),
        Err(LockError::OwnerDied(_)) => {
            witness.told();
            lock.make_consistent().map_err(in_words)
        }
        Err(error) => Err(error.to_string()),
    }
}
