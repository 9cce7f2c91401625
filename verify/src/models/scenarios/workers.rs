//! Workers of which one at a time runs, as `lockproof demo workers`.

use lockproof::platform::Ordering::{AcqRel, Relaxed};
use lockproof::raw::RawMutex;

use super::{lock, unlock};
use crate::model::{CONTENTION, DEATH, DEATH_OF_A_HOLDER, Log, Model, Outcome, Sometimes, WAIT};
use crate::platform::{Facts, World};

const RAN: &str = "runs";
const OVERLAPPED: &str = "runs that began while another was on";

/// Workers that run in turn.
#[derive(Clone, Copy, Debug)]
pub struct WorkersModel {
    /// How many.
    pub processes: usize,
    /// How often each runs.
    pub increments: usize,
    /// Whether one of them dies.
    pub deaths: bool,
    /// Whether they do it under a lock.
    pub locked: bool,
}

/// What they share.
pub struct Room<W: World> {
    lock: RawMutex<W::RobustWord>,
    /// How many are running.
    running: W::Word,
}

impl<W: World> std::fmt::Debug for Room<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Room").finish_non_exhaustive()
    }
}

impl<W: World> Room<W> {
    fn run(&self, p: &W, log: &Log) {
        if p.fetch_add(&self.running, 1, AcqRel) > 0 {
            log.count(OVERLAPPED);
        }
        p.fetch_add(&self.running, 1_u32.wrapping_neg(), AcqRel);
        log.count(RAN);
    }

    /// Whoever died while it was running, under the lock, is running no more.
    fn lock(&self, p: &W) {
        if lock(p, &self.lock) {
            p.swap(&self.running, 0, Relaxed);
        }
    }
}

impl Model for WorkersModel {
    type Shared<W: World> = Room<W>;

    fn processes(&self) -> usize {
        self.processes
    }

    fn share<W: World>(&self, p: &W) -> Room<W> {
        Room { lock: RawMutex::new(p.new_robust("lock")), running: p.new_word("running") }
    }

    fn process<W: World>(&self, p: &W, room: &Room<W>, _: usize, log: &Log) {
        let scope = p.scope();
        for round in 0..self.increments {
            p.at(scope, round);
            if self.locked {
                room.lock(p);
                room.run(p, log);
                unlock(p, &room.lock);
            } else {
                room.run(p, log);
            }
        }
    }

    fn end<W: World>(&self, _: &W, _: &Room<W>, log: &Log, facts: Facts) -> Outcome {
        let (ran, overlaps) = (log.counted(RAN), log.counted(OVERLAPPED));
        let missing = ran < (self.processes * self.increments) as u64 && facts.deaths == 0;
        let wrong = if overlaps > 0 {
            Some(format!("{overlaps} began to run while another was running"))
        } else if missing {
            Some(format!("{ran} ran"))
        } else {
            None
        };
        Outcome { result: format!("{ran} ran, {overlaps} overlapped"), wrong }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        if !self.locked {
            return vec![];
        }
        let mut all = vec![CONTENTION, WAIT];
        if self.deaths {
            all.extend([DEATH, DEATH_OF_A_HOLDER]);
        }
        all
    }
}
