//! A mutex that is let go of in an unusual way, and another one after it: what is left of the one is in nobody's way.
//!
//! A thread announces one lock at a time to the kernel. Whoever does not take back what it announced of the first spoils what it
//! announces of the second, which shows if it dies on the way into that.

use lockproof::deadline::Deadline;
use lockproof::raw::{Acquired, LockFailure, RawMutex};

use super::lock::Shipped;
use super::mutex::{DONE, Protected, enter, held, judge_total, leave};
use crate::model::{CONTENTION, DEATH, Log, Model, Outcome, Sometimes, WAIT, violated};
use crate::platform::{Facts, World};

const GIVEN_UP: &str = "locks given up";

/// Processes that each let go of a mutex as a panic does, or for good if they are told of that, and then increment a counter under
/// another. Where `deaths` is set, some die.
#[derive(Clone, Copy, Debug)]
pub struct AnotherModel {
    /// How many processes.
    pub processes: usize,
    /// Whether some of them may die.
    pub deaths: bool,
}

/// The two locks.
pub struct Two<W: World> {
    abandoned: RawMutex<W::RobustWord>,
    other: Protected<W, Shipped>,
}

impl<W: World> std::fmt::Debug for Two<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Two").finish_non_exhaustive()
    }
}

impl Model for AnotherModel {
    type Shared<W: World> = Two<W>;

    fn processes(&self) -> usize {
        self.processes
    }

    fn share<W: World>(&self, p: &W) -> Two<W> {
        Two { abandoned: RawMutex::new(p.new_robust("abandoned")), other: Protected::new(p) }
    }

    fn process<W: World>(&self, p: &W, shared: &Two<W>, _: usize, log: &Log) {
        let scope = p.scope();
        p.at(scope, "comes");
        leave_for_good(p, &shared.abandoned, log);
        p.at(scope, "goes on");
        enter::<W, Shipped>(p, &shared.other, log);
        let before = p.cell_get(&shared.other.total);
        p.cell_set(&shared.other.total, before + 1);
        leave::<W, Shipped>(p, &shared.other);
        log.count(DONE);
    }

    fn end<W: World>(&self, p: &W, shared: &Two<W>, log: &Log, facts: Facts) -> Outcome {
        enter::<W, Shipped>(p, &shared.other, log);
        let total = p.cell_get(&shared.other.total);
        leave::<W, Shipped>(p, &shared.other);
        Outcome { result: total.to_string(), wrong: judge_total(total, log, facts) }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        let given_up = Sometimes {
            what: "a lock that is given up",
            happened: |_, log| log.counted(GIVEN_UP) > 0,
        };
        let mut all = vec![CONTENTION, WAIT, given_up];
        all.extend(self.deaths.then_some(DEATH));
        all
    }
}

fn leave_for_good<W: World>(p: &W, lock: &RawMutex<W::RobustWord>, log: &Log) {
    let released = match lock.lock(p, Deadline::Never) {
        Ok(Acquired::Clean) => lock.unlock_abandoned(p),
        Ok(Acquired::OwnerDied) => {
            log.count(GIVEN_UP);
            lock.give_up(p)
        }
        Err(LockFailure::NotRecoverable) => return,
        Err(failure) => violated(format!("lock failed: {failure:?}")),
    };
    held(released);
}
