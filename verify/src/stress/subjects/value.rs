//! A value and its own reentrant lock.

use lockproof::raw::mutex_state::State;

use super::{Counted, Holder, Spot, Witness, in_words, taken};
use crate::stress::arena::Arena;

/// `Value<u64>`.
pub(crate) struct OnValue;

impl Counted for OnValue {
    const NAME: &'static str = "value";
    const HOLDER: Holder = Holder::CanStay;

    fn status(arena: &Arena) -> State {
        arena.value.status()
    }

    fn increment(spot: &Spot<'_>, witness: &impl Witness) -> Result<(), String> {
        let value = &spot.arena.value;
        let _held = taken(value.lock(), witness, |g| g.make_consistent())?;
        let before = value.get().map_err(in_words)?;
        witness.before_store();
        value.set(before + 1).map_err(in_words)?;
        witness.after_store();
        Ok(())
    }

    fn total(spot: &Spot<'_>, witness: &impl Witness) -> Result<u64, String> {
        taken(spot.arena.value.lock(), witness, |g| g.make_consistent()).map(|held| held.read())
    }
}
