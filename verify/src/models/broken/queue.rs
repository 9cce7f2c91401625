//! Broken: a bounded queue that notifies after it has let go of its mutex.
//!
//! So does Boost's `message_queue` ("Notify outside lock to avoid contention", boost/interprocess/ipc/message_queue.hpp), where it
//! is right as long as nobody dies. One that dies between the two has left something in the queue of which nobody was told:
//! whoever takes sleeps, and whoever has something to put waits for room.
//!
//! With `FIRST`, it notifies before the change, with the mutex held, as the shipped queue does: whoever was woken waits for the
//! mutex, which tells of the death.

use lockproof::deadline::Deadline;
use lockproof::raw::{Ended, RawCondvar, RawMutex};

use crate::model::{DEATH, Log, Model, Outcome, Sometimes, WAIT, violated};
use crate::models::mutex::{held, lock, repair};
use crate::platform::{Facts, World};

/// The first process takes all but one of the things that the others put, one each, into a queue with one place.
#[derive(Clone, Copy, Debug)]
pub struct LateQueue<const FIRST: bool> {
    /// How many processes.
    pub processes: usize,
    /// Whether one of them dies.
    pub deaths: bool,
}

/// A queue with one place.
pub struct Shared<W: World> {
    mutex: RawMutex<W::RobustWord>,
    filled: RawCondvar<W::Word>,
    emptied: RawCondvar<W::Word>,
    things: W::Cell,
}

impl<W: World> std::fmt::Debug for Shared<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl<W: World> Shared<W> {
    /// Changes the number of things to `next` once it is the other one, and notifies those that wait for that.
    fn change(&self, p: &W, first: bool, next: u64) {
        let scope = p.scope();
        let (mine, others) = match next {
            0 => (&self.filled, &self.emptied),
            _ => (&self.emptied, &self.filled),
        };
        lock(p, &self.mutex);
        loop {
            p.at(scope, "looks");
            if p.cell_get(&self.things) != next {
                break;
            }
            match mine.wait(p, &self.mutex, Deadline::Never) {
                Ok(Ended { how, .. }) => repair(p, &self.mutex, how),
                Err(failure) => violated(format!("wait failed: {failure:?}")),
            }
        }
        p.at(scope, "is about to change it");
        if first {
            others.notify(p);
        }
        p.cell_set(&self.things, next);
        held(self.mutex.unlock(p));
        p.at(scope, "has changed it");
        if !first {
            others.notify(p);
        }
    }
}

impl<const FIRST: bool> Model for LateQueue<FIRST> {
    type Shared<W: World> = Shared<W>;

    fn processes(&self) -> usize {
        self.processes
    }

    fn share<W: World>(&self, p: &W) -> Shared<W> {
        Shared {
            mutex: RawMutex::new(p.new_robust("lock")),
            filled: RawCondvar::new(p.new_word("filled")),
            emptied: RawCondvar::new(p.new_word("emptied")),
            things: p.new_cell("things"),
        }
    }

    fn process<W: World>(&self, p: &W, shared: &Shared<W>, index: usize, _: &Log) {
        let scope = p.scope();
        if index > 0 {
            return shared.change(p, FIRST, 1);
        }
        for round in 2..self.processes {
            p.at(scope, round);
            shared.change(p, FIRST, 0);
        }
    }

    fn is_symmetric(&self) -> bool {
        false
    }

    fn is_mortal(&self, index: usize) -> bool {
        // Somebody has to take what the others put.
        index > 0
    }

    fn end<W: World>(&self, _: &W, _: &Shared<W>, _: &Log, facts: Facts) -> Outcome {
        Outcome { result: format!("{} died", facts.deaths), wrong: None }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        if self.deaths { vec![WAIT, DEATH] } else { vec![WAIT] }
    }
}
