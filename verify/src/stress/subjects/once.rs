//! Things that are made once: all workers use the same, and from time to time go on to the next.
//!
//! A thing is two numbers. Its maker writes one, waits a little, and writes the other. It is used whole, and was made once:
//! whoever is to make it finds nothing there, or is told that its maker has died. And it has a value, for which whoever makes it
//! draws a number: all find the same.

use lockproof::{AtomicCounter, Once, OnceValue, RawValue, shareable};

use super::{Counted, Spot, Witness, in_words};

/// How many things there are. Once they are used up, the last is used on and on.
const THINGS: usize = 1 << 16;
/// After how many uses one goes on to the next, on average.
const USES: u32 = 64;

shareable! {
    /// `Once` and `OnceValue`, many times.
    pub(crate) struct OnOnce {
        uses: AtomicCounter,
        current: RawValue<u64>,
        things: [Thing; THINGS],
    }
}

shareable! {
    struct Thing {
        once: Once,
        begun: RawValue<bool>,
        made: RawValue<u64>,
        value: OnceValue<[u64; 2]>,
        first_seen: RawValue<u64>,
    }
}

impl Counted for OnOnce {
    const NAME: &'static str = "once";

    fn increment(spot: &Spot<'_>, witness: &impl Witness) -> Result<(), String> {
        let Self { uses, current, things } = &spot.arena.once;
        let at = current.load();
        let thing = &things[at as usize];
        let mut well_made = Ok(());
        let once = &thing.once;
        once.call_once_force(|state| well_made = thing.make(state.is_poisoned(), witness))
            .map_err(in_words)?;
        well_made?;
        thing.is_whole()?;
        thing.has_one_value(witness)?;
        uses.increment();
        if fastrand::u32(..USES) == 0 && at + 1 < THINGS as u64 {
            current.store(at + 1);
        }
        Ok(())
    }

    fn total(spot: &Spot<'_>, _witness: &impl Witness) -> Result<u64, String> {
        let Self { uses, things, .. } = &spot.arena.once;
        let made = things.iter().filter(|thing| thing.once.is_completed());
        made.map(Thing::is_whole).collect::<Result<Vec<()>, String>>()?;
        Ok(uses.get())
    }
}

impl Thing {
    fn make(&self, afresh: bool, witness: &impl Witness) -> Result<(), String> {
        if self.begun.load() && !afresh {
            return Err("a thing was to be made again, and no death was told".into());
        }
        self.begun.store(true);
        self.made.store(0);
        // Long enough to die in it, and for others to come and wait.
        (0..4).for_each(|_| witness.gap());
        self.made.store(self.made.load() + 1);
        Ok(())
    }

    fn has_one_value(&self, witness: &impl Witness) -> Result<(), String> {
        let draw = || {
            let number = fastrand::u64(1..);
            witness.gap();
            [number, !number]
        };
        let [number, check] = *self.value.get_or_init(draw).map_err(in_words)?;
        let first = self.first_seen.load();
        if check != !number {
            Err(format!("half a value was found: {number} and {check}"))
        } else if first == 0 {
            self.first_seen.store(number);
            Ok(())
        } else if first == number {
            Ok(())
        } else {
            Err(format!("a thing has the value {number}, and had {first} before"))
        }
    }

    fn is_whole(&self) -> Result<(), String> {
        match self.made.load() {
            1 => Ok(()),
            times => Err(format!("a thing was used that had been made {times} times")),
        }
    }
}
