//! Models of a condition variable: nobody waits in vain for what is there.

use lockproof::deadline::{Deadline, Monotonic};
use lockproof::raw::{Ended, RawCondvar, RawMutex};

use super::mutex::{held, lock, repair};
use crate::model::{DEATH, Log, Model, Outcome, Sometimes, WAIT, violated};
use crate::platform::{Facts, World};

const MADE: &str = "things made";
const TAKEN: &str = "things taken";
const LATE: &str = "waits that timed out";

/// What processes do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// The first makes one thing for each of the others, which take one each.
    HandOver,
    /// The same, where it notifies them while it still holds the mutex.
    Inside,
    /// As `HandOver`, where one of those that take waits only until a deadline.
    Deadline,
    /// All wait until all have come.
    Meeting,
    /// Each waits until it is its turn, and tells the next.
    Relay,
}

/// Processes that wait for each other.
#[derive(Clone, Copy, Debug)]
pub struct CondvarModel {
    /// What they do.
    pub how: Use,
    /// How many.
    pub processes: usize,
    /// Whether one of them dies.
    pub deaths: bool,
}

/// A condition variable, its mutex, and what they wait for.
pub struct Shared<W: World> {
    mutex: RawMutex<W::RobustWord>,
    condvar: RawCondvar<W::Word>,
    things: W::Cell,
}

impl<W: World> std::fmt::Debug for Shared<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl<W: World> Shared<W> {
    /// Things are counted by one store: what a dead holder has left is whole.
    /// Makes one more, and notifies whoever waits, with the mutex still held or after that.
    fn add(&self, p: &W, inside: bool) {
        let scope = p.scope();
        lock(p, &self.mutex);
        p.at(scope, "is inside");
        p.cell_set(&self.things, p.cell_get(&self.things) + 1);
        p.at(scope, "notifies");
        if inside {
            self.condvar.notify(p);
        }
        p.at(scope, "leaves");
        held(self.mutex.unlock(p));
        p.at(scope, "has left");
        if !inside {
            self.condvar.notify(p);
        }
    }

    /// Waits, with the mutex held, until there are so many. Says whether there are.
    fn wait_for(&self, p: &W, least: u64, until: Deadline) -> bool {
        let scope = p.scope();
        let mut late = false;
        loop {
            p.at(scope, late);
            if p.cell_get(&self.things) >= least {
                return true;
            }
            if late {
                return false;
            }
            match self.condvar.wait(p, &self.mutex, until) {
                Ok(Ended { how, timed_out }) => {
                    repair(p, &self.mutex, how);
                    late = timed_out;
                }
                Err(failure) => violated(format!("wait failed: {failure:?}")),
            }
        }
    }
}

/// A time that comes: explorers decide when.
const SOMETIME: Deadline = Deadline::At(Monotonic::from_secs(1));

impl CondvarModel {
    fn takes<W: World>(&self, p: &W, shared: &Shared<W>, index: usize, log: &Log) {
        let limited = self.how == Use::Deadline && index == 1;
        let until = if limited { SOMETIME } else { Deadline::Never };
        let scope = p.scope();
        lock(p, &shared.mutex);
        p.at(scope, "waits");
        if shared.wait_for(p, 1, until) {
            p.cell_set(&shared.things, p.cell_get(&shared.things) - 1);
            log.count(TAKEN);
        } else {
            log.count(LATE);
        }
        p.at(scope, "leaves");
        held(shared.mutex.unlock(p));
    }
}

impl Model for CondvarModel {
    type Shared<W: World> = Shared<W>;

    fn processes(&self) -> usize {
        self.processes
    }

    fn share<W: World>(&self, p: &W) -> Shared<W> {
        Shared {
            mutex: RawMutex::new(p.new_robust("lock")),
            condvar: RawCondvar::new(p.new_word("condvar")),
            things: p.new_cell("things"),
        }
    }

    fn process<W: World>(&self, p: &W, shared: &Shared<W>, index: usize, log: &Log) {
        let scope = p.scope();
        if self.how == Use::Meeting {
            shared.add(p, self.how == Use::Inside);
            log.count(MADE);
            p.at(scope, "comes");
            lock(p, &shared.mutex);
            p.at(scope, "waits");
            shared.wait_for(p, self.processes as u64, Deadline::Never);
            p.at(scope, "leaves");
            held(shared.mutex.unlock(p));
        } else if self.how == Use::Relay {
            lock(p, &shared.mutex);
            p.at(scope, "waits");
            shared.wait_for(p, index as u64, Deadline::Never);
            p.at(scope, "leaves");
            held(shared.mutex.unlock(p));
            shared.add(p, self.how == Use::Inside);
            log.count(MADE);
        } else if index == 0 {
            for round in 1..self.processes {
                p.at(scope, (round, "makes"));
                shared.add(p, self.how == Use::Inside);
                log.count(MADE);
            }
        } else {
            self.takes(p, shared, index, log);
        }
    }

    fn is_symmetric(&self) -> bool {
        self.how == Use::Meeting
    }

    fn is_mortal(&self, index: usize) -> bool {
        // Somebody has to make what the others wait for.
        index > 0
    }

    fn has_deadlines(&self) -> bool {
        self.how == Use::Deadline
    }

    fn end<W: World>(&self, p: &W, shared: &Shared<W>, log: &Log, facts: Facts) -> Outcome {
        lock(p, &shared.mutex);
        let left = p.cell_get(&shared.things);
        held(shared.mutex.unlock(p));
        let (made, taken) = (log.counted(MADE), log.counted(TAKEN));
        // One that has taken a thing and died had no time to say so.
        let fewest = (made - taken).saturating_sub(facts.deaths as u64);
        let wrong = (!(fewest..=made - taken).contains(&left))
            .then(|| format!("{made} were made, {taken} taken, and {left} are left"));
        Outcome { result: format!("{taken} taken, {left} left"), wrong }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        let mut all = vec![WAIT];
        if self.deaths {
            all.push(DEATH);
        }
        if self.how == Use::Deadline {
            all.push(Sometimes {
                what: "a wait that times out",
                happened: |_, log| log.counted(LATE) > 0,
            });
        }
        all
    }
}
