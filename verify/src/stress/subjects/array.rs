//! An array with one lock for the whole, and the count in each element.

use lockproof::ArrayGuard;
use lockproof::error::LockError;
use lockproof::raw::mutex_state::State;

use super::{Counted, Holder, Spot, Witness, taken};
use crate::stress::arena::Arena;

/// How many elements there are.
pub(crate) const ELEMENTS: usize = 4;

/// `Array<u64, 4>`.
pub(crate) struct OnArray;

impl Counted for OnArray {
    const NAME: &'static str = "array";
    const HOLDER: Holder = Holder::CanStay;

    fn status(arena: &Arena) -> State {
        arena.array.status()
    }

    fn increment(spot: &Spot<'_>, witness: &impl Witness) -> Result<(), String> {
        let elements = repaired(spot.arena.array.lock(), witness)?;
        let next = whole(&elements)? + 1;
        for at in 0..ELEMENTS {
            elements.write(at, next);
            if at == 0 {
                witness.before_store();
            }
        }
        witness.after_store();
        Ok(())
    }

    fn total(spot: &Spot<'_>, witness: &impl Witness) -> Result<u64, String> {
        repaired(spot.arena.array.lock(), witness).and_then(|elements| whole(&elements))
    }
}

type Held<'a> = ArrayGuard<'a, u64, ELEMENTS>;

/// An increment that was begun counts as done.
fn repaired<'a>(
    taken_or_not: Result<Held<'a>, LockError<Held<'a>>>,
    witness: &impl Witness,
) -> Result<Held<'a>, String> {
    taken(taken_or_not, witness, |elements| {
        elements.write_all([elements.read(0); ELEMENTS]);
        elements.make_consistent();
    })
}

fn whole(elements: &Held<'_>) -> Result<u64, String> {
    let all = elements.read_all();
    let alike = all.iter().all(|element| *element == all[0]);
    if alike { Ok(all[0]) } else { Err(format!("half a change was seen: {all:?}")) }
}
