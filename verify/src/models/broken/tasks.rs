//! Broken where somebody dies: tasks of which only a count is kept, of those that are not done.
//!
//! So does Python's `multiprocessing.JoinableQueue`: `task_done` takes one from a semaphore, and `join` waits until there is
//! none. What was in the hand of a worker that was killed nobody takes from it, and whoever joins waits for ever. Right as long
//! as nobody dies.

use lockproof::deadline::Deadline;
use lockproof::raw::{Ended, RawCondvar, RawMutex};

use crate::model::{DEATH, Log, Model, Outcome, Sometimes, WAIT, violated};
use crate::models::mutex::{held, lock, repair};
use crate::platform::{Facts, World};

/// There is one task for each process but the first, which waits until all are done.
#[derive(Clone, Copy, Debug)]
pub struct CountedTasks {
    /// How many processes.
    pub processes: usize,
    /// Whether one of them dies.
    pub deaths: bool,
}

/// How many are done, and what says so.
pub struct Shared<W: World> {
    mutex: RawMutex<W::RobustWord>,
    all_done: RawCondvar<W::Word>,
    done: W::Cell,
}

impl<W: World> std::fmt::Debug for Shared<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl<W: World> Shared<W> {
    fn join(&self, p: &W, all: u64) {
        let scope = p.scope();
        lock(p, &self.mutex);
        loop {
            p.at(scope, "looks");
            if p.cell_get(&self.done) == all {
                break;
            }
            match self.all_done.wait(p, &self.mutex, Deadline::Never) {
                Ok(Ended { how, .. }) => repair(p, &self.mutex, how),
                Err(failure) => violated(format!("wait failed: {failure:?}")),
            }
        }
        held(self.mutex.unlock(p));
    }
}

impl Model for CountedTasks {
    type Shared<W: World> = Shared<W>;

    fn processes(&self) -> usize {
        self.processes
    }

    fn share<W: World>(&self, p: &W) -> Shared<W> {
        Shared {
            mutex: RawMutex::new(p.new_robust("lock")),
            all_done: RawCondvar::new(p.new_word("all done")),
            done: p.new_cell("done"),
        }
    }

    fn process<W: World>(&self, p: &W, shared: &Shared<W>, index: usize, _: &Log) {
        if index == 0 {
            return shared.join(p, self.processes as u64 - 1);
        }
        lock(p, &shared.mutex);
        shared.all_done.notify(p);
        p.cell_set(&shared.done, p.cell_get(&shared.done) + 1);
        held(shared.mutex.unlock(p));
    }

    fn is_symmetric(&self) -> bool {
        false
    }

    fn is_mortal(&self, index: usize) -> bool {
        index > 0
    }

    fn end<W: World>(&self, _: &W, _: &Shared<W>, _: &Log, facts: Facts) -> Outcome {
        Outcome { result: format!("{} died", facts.deaths), wrong: None }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        if self.deaths { vec![WAIT, DEATH] } else { vec![WAIT] }
    }
}
