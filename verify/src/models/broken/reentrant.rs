//! Broken: a mutex that its holder may take again, and that is free as soon as it is released once.
//!
//! So is what tests only whether the lock is its own: `if is_mine { return }` in `lock`, and nothing in `unlock`. Two functions
//! that each take the lock, of which one calls the other, are alone up to the end of the inner one only.
//!
//! With `COUNTS`, it is free at the last release.

use lockproof::deadline::Deadline;
use lockproof::raw::{Acquired, RawMutex};

use crate::model::{CONTENTION, Log, Model, Outcome, Sometimes, violated};
use crate::models::mutex::held;
use crate::platform::{Facts, World};

/// Processes that each take the lock, take it again to read a count, and write it then.
#[derive(Clone, Copy, Debug)]
pub struct Uncounted<const COUNTS: bool> {
    /// How many processes.
    pub processes: usize,
}

/// The lock, how often its holder has it, and what it protects.
pub struct Shared<W: World> {
    mutex: RawMutex<W::RobustWord>,
    depth: W::Cell,
    count: W::Cell,
}

impl<W: World> std::fmt::Debug for Shared<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl<W: World> Shared<W> {
    fn lock(&self, p: &W, counts: bool) {
        if self.mutex.is_mine(p) {
            if counts {
                p.cell_set(&self.depth, p.cell_get(&self.depth) + 1);
            }
        } else if self.mutex.lock(p, Deadline::Never) == Ok(Acquired::Clean) {
            if counts {
                p.cell_set(&self.depth, 1);
            }
        } else {
            violated("nobody has died");
        }
    }

    fn unlock(&self, p: &W, counts: bool) {
        let depth = if counts { p.cell_get(&self.depth) } else { 1 };
        if depth > 1 {
            p.cell_set(&self.depth, depth - 1);
        } else if self.mutex.is_mine(p) {
            held(self.mutex.unlock(p));
        }
    }
}

impl<const COUNTS: bool> Model for Uncounted<COUNTS> {
    type Shared<W: World> = Shared<W>;

    fn processes(&self) -> usize {
        self.processes
    }

    fn share<W: World>(&self, p: &W) -> Shared<W> {
        Shared {
            mutex: RawMutex::new(p.new_robust("lock")),
            depth: p.new_cell("depth"),
            count: p.new_cell("count"),
        }
    }

    fn process<W: World>(&self, p: &W, shared: &Shared<W>, _: usize, _: &Log) {
        shared.lock(p, COUNTS);
        shared.lock(p, COUNTS);
        let before = p.cell_get(&shared.count);
        shared.unlock(p, COUNTS);
        p.cell_set(&shared.count, before + 1);
        shared.unlock(p, COUNTS);
    }

    fn end<W: World>(&self, p: &W, shared: &Shared<W>, _: &Log, _: Facts) -> Outcome {
        let count = p.cell_get(&shared.count);
        let wrong = (count != self.processes as u64)
            .then(|| format!("{} added one each, and the count is {count}", self.processes));
        Outcome { result: count.to_string(), wrong }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        vec![CONTENTION]
    }
}
