//! Broken: a condition variable whose waiter lets go of the mutex before it announces itself.
//!
//! A notification that comes in between finds nobody who waits, and is lost: so it was in librtpi (its pull request 8, "Add
//! sequence counters", 2018), whose waiter could come to its system call after the wake that was meant for it.
//!
//! With `FIRST`, it announces itself first, as the shipped one does.

use lockproof::deadline::Deadline;
use lockproof::platform::Ordering::Relaxed;
use lockproof::raw::{Acquired, RawMutex};

use crate::model::{Log, Model, Outcome, Sometimes, WAIT, violated};
use crate::models::mutex::held;
use crate::platform::{Facts, World};

const WAITERS: u32 = 1 << 31;
const EVERYBODY: u32 = u32::MAX;

/// The first process makes something, the others wait for it.
#[derive(Clone, Copy, Debug)]
pub struct UnannouncedCondvar<const FIRST: bool> {
    /// How many processes.
    pub processes: usize,
}

/// The condition variable, its mutex, and what is waited for.
pub struct Shared<W: World> {
    mutex: RawMutex<W::RobustWord>,
    condvar: W::Word,
    made: W::Cell,
}

impl<W: World> std::fmt::Debug for Shared<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl<W: World> Shared<W> {
    fn lock(&self, p: &W) {
        if self.mutex.lock(p, Deadline::Never) != Ok(Acquired::Clean) {
            violated("the mutex was not simply taken");
        }
    }

    fn wait(&self, p: &W, first: bool) {
        let announce = || p.fetch_or(&self.condvar, WAITERS, Relaxed) | WAITERS;
        let announced = first.then(announce);
        held(self.mutex.unlock(p));
        let known = announced.unwrap_or_else(announce);
        p.futex_wait(&self.condvar, known, Deadline::Never);
        self.lock(p);
    }

    fn notify(&self, p: &W) {
        if p.fetch_add(&self.condvar, 1, Relaxed) & WAITERS != 0 {
            p.fetch_and(&self.condvar, !WAITERS, Relaxed);
            p.futex_wake(&self.condvar, EVERYBODY);
        }
    }
}

impl<const FIRST: bool> Model for UnannouncedCondvar<FIRST> {
    type Shared<W: World> = Shared<W>;

    fn processes(&self) -> usize {
        self.processes
    }

    fn share<W: World>(&self, p: &W) -> Shared<W> {
        Shared {
            mutex: RawMutex::new(p.new_robust("lock")),
            condvar: p.new_word("condvar"),
            made: p.new_cell("made"),
        }
    }

    fn process<W: World>(&self, p: &W, shared: &Shared<W>, index: usize, _: &Log) {
        let scope = p.scope();
        shared.lock(p);
        if index == 0 {
            p.cell_set(&shared.made, 1);
            held(shared.mutex.unlock(p));
            return shared.notify(p);
        }
        loop {
            p.at(scope, ());
            if p.cell_get(&shared.made) == 1 {
                break;
            }
            shared.wait(p, FIRST);
        }
        held(shared.mutex.unlock(p));
    }

    fn is_symmetric(&self) -> bool {
        false
    }

    fn end<W: World>(&self, _: &W, _: &Shared<W>, _: &Log, _: Facts) -> Outcome {
        Outcome { result: "everybody has it".to_owned(), wrong: None }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        vec![WAIT]
    }
}
