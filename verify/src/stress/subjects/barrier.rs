//! Meetings at barriers: up to four workers each, and an increment is some meetings one after the other.
//!
//! Whoever comes to a meeting says to which one, and whoever gets past it looks: all others have come to the same, or to the
//! next already. One that was let past early finds somebody who has not come; so does one for whom a meeting succeeded that
//! failed for others, who come again. A death that nobody is told of stops the rest, and the one in its place, who finds no
//! room.
//!
//! All have to agree which meeting is the next, also with those that come in the place of the dead. Its number is under a
//! mutex, raised by whoever has met before it goes on, and read by whoever comes in the step in which it becomes a party. So
//! what frees a place for the new one came after the number was right: a party that left, or one that was told and recovered the barrier.
//! Only if all have died does the new one reset.

use std::thread;

use lockproof::error::LockError;
use lockproof::{
    AtomicCounter, Barrier, BarrierError, Mutex, MutexGuard, Party, RawValue, shareable,
};

use super::{Counted, Indifferent, Spot, Witness, in_words, taken};
use crate::stress::arena::MOST_WORKERS;

/// How many meet, but for those that are left over.
const TOGETHER: usize = 4;
/// How many meetings an increment is: between them, one remains a party.
const MEETINGS: usize = 3;
/// In place of a number: somebody has done its work, and nobody meets any more.
const OVER: u64 = u64::MAX;

shareable! {
    /// Barriers (`Barrier<4>` and smaller ones), and the count.
    pub(crate) struct OnBarrier {
        count: AtomicCounter,
        groups: [Group; MOST_WORKERS / TOGETHER],
    }
}

shareable! {
    struct Group {
        next: Mutex<u64>,
        come_to: [RawValue<u64>; TOGETHER],
        of_one: Barrier<1>,
        of_two: Barrier<2>,
        of_three: Barrier<3>,
        of_four: Barrier<TOGETHER>,
    }
}

impl Counted for OnBarrier {
    const NAME: &'static str = "barrier";
    const COUNT: u64 = 10_000;
    const A_MOMENTS_INCREMENTS: u64 = 5_000;

    fn increment(spot: &Spot<'_>, witness: &impl Witness) -> Result<(), String> {
        let (group, me) = Group::of(spot);
        match Group::size(spot) {
            1 => group.meet(&group.of_one, me, witness),
            2 => group.meet(&group.of_two, me, witness),
            3 => group.meet(&group.of_three, me, witness),
            _ => group.meet(&group.of_four, me, witness),
        }?;
        spot.arena.barrier.count.increment();
        Ok(())
    }

    fn leave(spot: &Spot<'_>) {
        let (group, _) = Group::of(spot);
        // What else it could be is told to whoever meets.
        if let Ok(mut next) = repaired(group.next.lock()) {
            *next = OVER;
        }
        match Group::size(spot) {
            1 => group.of_one.abort(),
            2 => group.of_two.abort(),
            3 => group.of_three.abort(),
            _ => group.of_four.abort(),
        }
    }

    fn total(spot: &Spot<'_>, _witness: &impl Witness) -> Result<u64, String> {
        Ok(spot.arena.barrier.count.get())
    }
}

impl Group {
    /// The group of a worker, and which of its members that is.
    fn of<'a>(spot: &Spot<'a>) -> (&'a Self, usize) {
        (&spot.arena.barrier.groups[spot.number / TOGETHER], spot.number % TOGETHER)
    }

    fn size(spot: &Spot<'_>) -> usize {
        let first = spot.number - spot.number % TOGETHER;
        (spot.workers - first).min(TOGETHER)
    }

    fn meet<const N: usize>(
        &self,
        barrier: &Barrier<N>,
        me: usize,
        witness: &impl Witness,
    ) -> Result<(), String> {
        let Some((party, mut meeting)) = self.join(barrier)? else { return Ok(()) };
        let mut met = 0;
        while met < MEETINGS {
            if fastrand::u8(..8) == 0 {
                witness.gap();
            }
            self.come_to[me].store(meeting);
            match party.wait() {
                Ok(_) => {
                    self.all_have_come(N, meeting)?;
                    meeting += 1;
                    met += 1;
                    if self.comes_after(meeting)? == OVER {
                        return Ok(());
                    }
                }
                Err(BarrierError::PartyDied | BarrierError::Broken) => {
                    barrier.recover();
                    if self.comes_after(meeting)? == OVER {
                        // Whoever left has broken it, and this has perhaps undone that.
                        barrier.abort();
                        return Ok(());
                    }
                }
                Err(error) => return Err(in_words(error)),
            }
        }
        Ok(())
    }

    /// Becomes a party, and says for which meeting; none if it is over.
    fn join<'a, const N: usize>(
        &self,
        barrier: &'a Barrier<N>,
    ) -> Result<Option<(Party<'a, N>, u64)>, String> {
        loop {
            let next = repaired(self.next.lock())?;
            if *next == OVER {
                return Ok(None);
            }
            match barrier.register() {
                Ok(party) => return Ok(Some((party, *next))),
                // Nobody becomes one meanwhile: there is nobody who could be told of the dead.
                Err(BarrierError::Full) if barrier.taking_part() == 0 => barrier.reset(),
                // Somebody is going to be told, and to reset it.
                Err(BarrierError::Full) => {}
                Err(error) => return Err(in_words(error)),
            }
            drop(next);
            thread::yield_now();
        }
    }

    /// The next meeting is at least that one. Says which it is.
    fn comes_after(&self, meeting: u64) -> Result<u64, String> {
        let mut next = repaired(self.next.lock())?;
        *next = meeting.max(*next);
        Ok(*next)
    }

    fn all_have_come(&self, size: usize, meeting: u64) -> Result<(), String> {
        for (other, come_to) in self.come_to.iter().enumerate().take(size) {
            let its = come_to.load();
            if its != meeting && its != meeting + 1 {
                return Err(format!(
                    "meeting {meeting} was over, and party {} had come to {its}",
                    other + 1
                ));
            }
        }
        Ok(())
    }
}

type Held<'a> = MutexGuard<'a, u64>;

/// A number, written at once: what a dead holder has left is whole.
fn repaired<'a>(taken_or_not: Result<Held<'a>, LockError<Held<'a>>>) -> Result<Held<'a>, String> {
    taken(taken_or_not, &Indifferent, |next| next.make_consistent())
}
