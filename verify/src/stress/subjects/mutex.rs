//! A mutex with the count inside.

use lockproof::raw::mutex_state::State;

use super::{Counted, Holder, Spot, Witness, taken};
use crate::stress::arena::Arena;

/// `Mutex<u64>`.
pub(crate) struct OnMutex;

impl Counted for OnMutex {
    const NAME: &'static str = "mutex";
    const HOLDER: Holder = Holder::CanStay;

    fn status(arena: &Arena) -> State {
        arena.mutex.status()
    }

    fn increment(spot: &Spot<'_>, witness: &impl Witness) -> Result<(), String> {
        let mut count = taken(spot.arena.mutex.lock(), witness, |g| g.make_consistent())?;
        witness.before_store();
        *count += 1;
        witness.after_store();
        Ok(())
    }

    fn total(spot: &Spot<'_>, witness: &impl Witness) -> Result<u64, String> {
        taken(spot.arena.mutex.lock(), witness, |g| g.make_consistent()).map(|count| *count)
    }
}
