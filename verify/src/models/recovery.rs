//! Models of a barrier that is broken and recovered: all who wait are told, whoever recovers it and whoever dies, and nobody
//! meets one that was dead before, whoever has its place by then.

use lockproof::deadline::Deadline;
use lockproof::platform::Ordering::{Acquire, Relaxed, Release};
use lockproof::raw::{BarrierFailure, BarrierLook, RawBarrier};

use super::barrier::{LEFT_BEHIND, has_room_for_all, left, place_of};
use crate::model::{DEATH, DEATH_OF_A_HOLDER, Log, Model, Outcome, Sometimes, WAIT, violated};
use crate::platform::{Facts, World};

const MET: &str = "parties that met the others";
const TOLD: &str = "parties that were told that another died";
const LATE: &str = "parties whose time was up";
const REFUSED: &str = "parties that found no place";

/// Who breaks it, and who recovers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Those after the second wait, for one more than there are; once they have arrived, the time of the second is up, and the
    /// first recovers the barrier.
    Untold,
    /// Three for two places; whoever finds none ends. The first takes part, breaks and recovers the barrier, and leaves; the
    /// second recovers it and comes, and may die; the third comes, perhaps in the place of the second.
    Heir,
    /// The first breaks and recovers the barrier, the second recovers it and comes; the third comes, and looks before whether the
    /// second has died. If there is a fourth, it recovers the barrier as well, and comes, perhaps in the place of the second.
    Gone,
}

/// Processes that meet, and one that breaks the barrier or mends it.
#[derive(Clone, Copy, Debug)]
pub struct RecoveryModel {
    /// How.
    pub how: Use,
    /// How many.
    pub processes: usize,
    /// Whether one of them dies.
    pub deaths: bool,
}

/// As many parties as there can be.
pub const PLACES: usize = 4;

/// A barrier, and how far one of them has come.
pub struct Shared<W: World> {
    barrier: RawBarrier<W::RobustWord, W::Word, PLACES>,
    stage: W::Word,
}

impl<W: World> std::fmt::Debug for Shared<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// The place, and what its party announces.
const NAMES: [[&str; 2]; PLACES] = [
    ["place 1", "announced 1"],
    ["place 2", "announced 2"],
    ["place 3", "announced 3"],
    ["place 4", "announced 4"],
];

/// The stages of `Use::Heir`'s first, and of `Use::Gone`'s second.
const TAKES_PART: u32 = 1;
const LEAVES: u32 = 2;

impl RecoveryModel {
    fn parties(&self) -> usize {
        self.processes - usize::from(self.how != Use::Untold)
    }

    fn hears(&self, met: Result<bool, BarrierFailure>, log: &Log) {
        match met {
            Ok(_) => log.count(MET),
            Err(BarrierFailure::Died) if self.deaths => log.count(TOLD),
            Err(BarrierFailure::TimedOut) => log.count(LATE),
            Err(BarrierFailure::Broken) => {}
            Err(failure) => violated(format!("wait failed: {failure:?}")),
        }
    }

    fn have_come(&self, seen: BarrierLook) -> bool {
        seen.waiting as usize == self.parties() - 2
    }

    /// `Use::Untold`'s first recovers the barrier if all take part and have arrived before, but for the second and for the one
    /// that there is not; or else breaks it, for those that wait for one that does not come.
    fn mends<W: World>(&self, p: &W, shared: &Shared<W>) {
        let seen = shared.barrier.look(p, self.parties());
        if seen.taking_part == self.parties() - 1 && self.have_come(seen) {
            shared.barrier.recover(p, self.parties());
        } else {
            shared.barrier.abort(p);
        }
    }

    fn waits_once<W: World>(&self, p: &W, shared: &Shared<W>, index: usize, log: &Log) {
        let place = place_of(p, &shared.barrier, self.parties(), index);
        let until = if index == 0 { Deadline::Now } else { Deadline::Never };
        let come_later = || !self.have_come(shared.barrier.look(p, self.parties()));
        if index == 0 && come_later() {
            shared.barrier.abort(p);
        } else {
            match shared.barrier.wait(p, self.parties(), place, until) {
                Err(BarrierFailure::TimedOut) if index == 0 => log.count(LATE),
                Err(BarrierFailure::Died) if self.deaths => log.count(TOLD),
                Err(BarrierFailure::Broken) => {}
                met => violated(format!("wait ended: {met:?}")),
            }
        }
        left(shared.barrier.leave(p, place));
    }

    /// `Use::Heir`'s first takes part, breaks and recovers the barrier, and leaves.
    fn never_comes<W: World>(&self, p: &W, shared: &Shared<W>) {
        if let Ok(Some(place)) = shared.barrier.enter(p, self.parties(), 0) {
            p.store(&shared.stage, TAKES_PART, Relaxed);
            shared.barrier.abort(p);
            shared.barrier.recover(p, self.parties());
            p.store(&shared.stage, LEAVES, Relaxed);
            // Whoever has its place sees that it leaves.
            p.fence(Release);
            left(shared.barrier.leave(p, place));
        }
    }

    /// `Use::Heir`'s second recovers the barrier. Nobody meets another while the first takes part.
    fn comes_while_one_is_there<W: World>(
        &self,
        p: &W,
        shared: &Shared<W>,
        index: usize,
        log: &Log,
    ) {
        let Ok(Some(place)) = shared.barrier.enter(p, self.parties(), 1) else {
            return log.count(REFUSED);
        };
        if index == 1 {
            shared.barrier.recover(p, self.parties());
        }
        let was_there = p.load(&shared.stage, Relaxed) == TAKES_PART;
        let met = shared.barrier.wait(p, self.parties(), place, Deadline::Now);
        if met.is_ok() && was_there && p.load(&shared.stage, Relaxed) == TAKES_PART {
            violated("one that takes part was not waited for");
        }
        self.hears(met, log);
        left(shared.barrier.leave(p, place));
    }

    /// `Use::Gone`'s first.
    fn breaks_and_recovers<W: World>(&self, p: &W, shared: &Shared<W>) {
        shared.barrier.abort(p);
        shared.barrier.recover(p, self.parties());
    }

    /// Comes, in whichever place: `Use::Gone`'s second notes that it takes part.
    fn comes<W: World>(&self, p: &W, shared: &Shared<W>, index: usize, log: &Log) {
        if index > 1 {
            shared.barrier.recover(p, self.parties());
        }
        let place = place_of(p, &shared.barrier, self.parties(), 0);
        if index == 0 {
            shared.barrier.recover(p, self.parties());
            // Release: whoever finds it noted finds the place taken, or left.
            p.store(&shared.stage, TAKES_PART, Release);
        }
        let is_alone = || shared.barrier.look(p, self.parties()).taking_part == 1;
        let is_other_dead = index == 1
            && self.parties() == 2
            && p.load(&shared.stage, Acquire) == TAKES_PART
            && is_alone();
        let met = shared.barrier.wait(p, self.parties(), place, Deadline::Now);
        if met.is_ok() && is_other_dead {
            violated("one met another that was dead before it came");
        }
        self.hears(met, log);
        left(shared.barrier.leave(p, place));
    }

    fn can_be_used_again<W: World>(&self, p: &W, shared: &Shared<W>) -> bool {
        shared.barrier.reset(p, self.parties());
        has_room_for_all(p, &shared.barrier, self.parties())
    }
}

impl Model for RecoveryModel {
    type Shared<W: World> = Shared<W>;

    fn processes(&self) -> usize {
        self.processes
    }

    fn share<W: World>(&self, p: &W) -> Shared<W> {
        Shared {
            barrier: RawBarrier::new(
                NAMES.map(|names| p.new_robust(names[0])),
                NAMES.map(|names| p.new_word(names[1])),
                p.new_word("state"),
            ),
            stage: p.new_word("stage"),
        }
    }

    fn process<W: World>(&self, p: &W, shared: &Shared<W>, index: usize, log: &Log) {
        match (self.how, index) {
            (Use::Untold, 0) => self.mends(p, shared),
            (Use::Untold, _) => self.waits_once(p, shared, index - 1, log),
            (Use::Heir, 0) => self.never_comes(p, shared),
            (Use::Heir, _) => self.comes_while_one_is_there(p, shared, index, log),
            (Use::Gone, 0) => self.breaks_and_recovers(p, shared),
            (Use::Gone, _) => self.comes(p, shared, index - 1, log),
        }
    }

    fn is_symmetric(&self) -> bool {
        false
    }

    fn is_mortal(&self, index: usize) -> bool {
        // The first has to break it, or to mend it; and whoever dies is to have an heir.
        index == 1 || (index > 1 && self.how == Use::Untold)
    }

    fn has_deadlines(&self) -> bool {
        self.how == Use::Untold
    }

    fn end<W: World>(&self, p: &W, shared: &Shared<W>, log: &Log, _facts: Facts) -> Outcome {
        let wrong = if shared.barrier.look(p, self.parties()).taking_part > 0 {
            Some(LEFT_BEHIND.to_owned())
        } else {
            (self.deaths && !self.can_be_used_again(p, shared))
                .then(|| "it was reset, and a dead one still has its place".to_owned())
        };
        let met = log.counted(MET);
        Outcome { result: format!("{met} meetings of one with the others"), wrong }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        let may_meet = self.how != Use::Untold;
        let mut all = if may_meet { Vec::new() } else { vec![WAIT] };
        all.push(if may_meet && self.parties() == 2 {
            Sometimes { what: "a meeting", happened: |_, log| log.counted(MET) > 0 }
        } else {
            Sometimes { what: "a party whose time is up", happened: |_, log| log.counted(LATE) > 0 }
        });
        if self.deaths {
            all.extend([
                DEATH,
                DEATH_OF_A_HOLDER,
                Sometimes {
                    what: "a party that is told of a death",
                    happened: |_, log| log.counted(TOLD) > 0,
                },
            ]);
        }
        all
    }
}
