//! A mutex with the count inside and a condition variable: now and then a worker waits for another's increment.

use std::time::Duration;

use lockproof::error::LockError;
use lockproof::{Condvar, Mutex, MutexGuard, shareable};

use super::{Counted, Indifferent, Spot, Witness, taken};

shareable! {
    /// `Mutex<u64>` and `Condvar`.
    pub(crate) struct OnCondvar {
        count: Mutex<u64>,
        changed: Condvar,
    }
}

/// How long a worker waits for another's increment: all may be waiting.
const A_MOMENT: Duration = Duration::from_micros(500);

impl Counted for OnCondvar {
    const NAME: &'static str = "condvar";

    fn increment(spot: &Spot<'_>, _witness: &impl Witness) -> Result<(), String> {
        let Self { count, changed } = &spot.arena.condvar;
        let mut held = repaired(count.lock())?;
        *held += 1;
        changed.notify_one();
        if fastrand::u8(..16) == 0 {
            let mine = *held;
            let waited = changed.wait_timeout_while(held, A_MOMENT, |count| *count == mine);
            taken(waited, &Indifferent, |(held, _)| held.make_consistent()).map(drop)?;
        }
        Ok(())
    }

    fn total(spot: &Spot<'_>, _witness: &impl Witness) -> Result<u64, String> {
        repaired(spot.arena.condvar.count.lock()).map(|count| *count)
    }
}

type Held<'a> = MutexGuard<'a, u64>;

fn repaired<'a>(taken_or_not: Result<Held<'a>, LockError<Held<'a>>>) -> Result<Held<'a>, String> {
    taken(taken_or_not, &Indifferent, |count| count.make_consistent())
}
