//! Broken: a semaphore that wakes somebody only if there was no permit before.
//!
//! Where two sleep and two permits are given before either has run, the second is given without a wake, and one sleeps beside a
//! permit: so did libc++'s `counting_semaphore` (llvm/llvm-project, issue 46357 of 2020, repaired in 2024 by pull request 79265).
//!
//! With `ALWAYS`, each permit wakes one.

use lockproof::deadline::Deadline;
use lockproof::platform::Ordering::{Acquire, Relaxed, Release};

use crate::model::{Log, Model, Outcome, Sometimes, WAIT};
use crate::platform::{Facts, World};

/// The first process gives one permit for each of the others, which take one each.
#[derive(Clone, Copy, Debug)]
pub struct FirstPermit<const ALWAYS: bool> {
    /// How many processes.
    pub processes: usize,
}

/// How many permits there are.
pub struct Shared<W: World> {
    permits: W::Word,
}

impl<W: World> std::fmt::Debug for Shared<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl<W: World> Shared<W> {
    fn post(&self, p: &W, always: bool) {
        if p.fetch_add(&self.permits, 1, Release) == 0 || always {
            p.futex_wake(&self.permits, 1);
        }
    }

    fn wait(&self, p: &W) {
        let scope = p.scope();
        let mut seen = p.load(&self.permits, Relaxed);
        loop {
            p.at(scope, seen);
            if seen == 0 {
                p.futex_wait(&self.permits, 0, Deadline::Never);
                seen = p.load(&self.permits, Relaxed);
                continue;
            }
            match p.compare_exchange(&self.permits, seen, seen - 1, Acquire, Relaxed) {
                Ok(_) => return,
                Err(now) => seen = now,
            }
        }
    }
}

impl<const ALWAYS: bool> Model for FirstPermit<ALWAYS> {
    type Shared<W: World> = Shared<W>;

    fn processes(&self) -> usize {
        self.processes
    }

    fn share<W: World>(&self, p: &W) -> Shared<W> {
        Shared { permits: p.new_word("permits") }
    }

    fn process<W: World>(&self, p: &W, shared: &Shared<W>, index: usize, _: &Log) {
        let scope = p.scope();
        if index > 0 {
            return shared.wait(p);
        }
        for round in 1..self.processes {
            p.at(scope, round);
            shared.post(p, ALWAYS);
        }
    }

    fn is_symmetric(&self) -> bool {
        false
    }

    fn end<W: World>(&self, p: &W, shared: &Shared<W>, _: &Log, _: Facts) -> Outcome {
        let left = p.load(&shared.permits, Acquire);
        let wrong = (left > 0).then(|| format!("{left} permits are left"));
        Outcome { result: format!("{left} left"), wrong }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        vec![WAIT]
    }
}
