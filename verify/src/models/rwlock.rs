//! Models of the readers-writer lock: what is read is whole, writers are alone, and nobody waits in vain.

use std::marker::PhantomData;

use lockproof::deadline::{Deadline, Monotonic};
use lockproof::platform::Ordering::Relaxed;
use lockproof::raw::{Acquired, LockFailure, Read};

use super::any::rwlock::{ReadWrite, Shipped};
use super::mutex::{DONE, TOLD, held};
use crate::model::{DEATH, DEATH_OF_A_HOLDER, Log, Model, Outcome, Sometimes, WAIT, violated};
use crate::platform::{Facts, World};

/// What never happens where readers keep each other out.
pub(crate) const TOGETHER: &str = "two that read at the same time";
const OVERLAPS: &str = "readers that met another reader";
const LATE: &str = "waits that timed out";
const BEGAN: &str = "attempts to write";
const ENDED: &str = "attempts to write that came to an end";

/// What processes do with the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Each reads, and then writes.
    Both,
    /// The first writes, as often as it is told to; the others read once each.
    Roles,
    /// The same, where the writer and one reader wait only until a deadline.
    Deadlines,
    /// Each writes, goes on reading, and finds what it wrote.
    Downgrade,
    /// The first does that; the others read once each.
    StepsDown,
}

/// Processes that read and write two halves of a number.
#[derive(Clone, Copy, Debug)]
pub struct RwLockModel<L = Shipped> {
    how: Use,
    processes: usize,
    rounds: usize,
    deaths: bool,
    lock: PhantomData<L>,
}

/// A lock, and what it protects.
pub struct Protected<W: World, L: ReadWrite> {
    lock: L::On<W>,
    left: W::Cell,
    right: W::Cell,
    reading: W::Word,
}

impl<W: World, L: ReadWrite> std::fmt::Debug for Protected<W, L> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Protected").finish_non_exhaustive()
    }
}

impl<W: World, L: ReadWrite> Protected<W, L> {
    fn look(&self, p: &W) -> u64 {
        let (left, right) = (p.cell_get(&self.left), p.cell_get(&self.right));
        if left != right {
            violated(format!(
                "a half-made change was found, and no death was told: {left}, {right}"
            ));
        }
        left
    }

    /// After a writer's death: takes what was begun for done.
    fn repair(&self, p: &W, log: &Log) {
        log.count(TOLD);
        p.cell_set(&self.right, p.cell_get(&self.left));
        held(L::make_consistent(&self.lock, p));
    }

    /// Takes the lock for writing. Says whether it did.
    fn enter(&self, p: &W, until: Deadline, log: &Log) -> bool {
        match L::write(&self.lock, p, until) {
            Ok(Acquired::Clean) => {}
            Ok(Acquired::OwnerDied) => self.repair(p, log),
            Err(LockFailure::TimedOut) if until != Deadline::Never => {
                log.count(LATE);
                return false;
            }
            Err(failure) => violated(format!("write failed: {failure:?}")),
        }
        true
    }

    fn write(&self, p: &W) -> u64 {
        let next = self.look(p) + 1;
        p.cell_set(&self.left, next);
        p.cell_set(&self.right, next);
        next
    }
}

/// A time that comes: explorers decide when.
const SOMETIME: Deadline = Deadline::At(Monotonic::from_secs(1));

impl<L: ReadWrite> RwLockModel<L> {
    /// So many processes, of which each that writes does it so often.
    #[must_use]
    pub const fn new(how: Use, processes: usize, rounds: usize) -> Self {
        Self { how, processes, rounds, deaths: false, lock: PhantomData }
    }

    /// The same, where one process dies, if so.
    #[must_use]
    pub const fn with_deaths(self, deaths: bool) -> Self {
        Self { deaths, ..self }
    }

    fn until(&self, index: usize) -> Deadline {
        if self.how == Use::Deadlines && index < 2 { SOMETIME } else { Deadline::Never }
    }

    fn writes<W: World>(&self, p: &W, shared: &Protected<W, L>, index: usize, log: &Log) {
        log.count(BEGAN);
        if !shared.enter(p, self.until(index), log) {
            return log.count(ENDED);
        }
        let written = shared.write(p);
        if matches!(self.how, Use::Downgrade | Use::StepsDown) {
            match L::downgrade(&shared.lock, p) {
                Some(slot) => {
                    if shared.look(p) != written {
                        violated("somebody wrote while it went from writing to reading");
                    }
                    held(L::unlock_read(&shared.lock, p, slot));
                }
                None => violated("a writer was told that it cannot go on as a reader"),
            }
        } else {
            held(L::unlock_write(&shared.lock, p));
        }
        log.count(DONE);
        log.count(ENDED);
    }

    fn reads<W: World>(&self, p: &W, shared: &Protected<W, L>, index: usize, log: &Log) {
        let until = self.until(index);
        match L::read(&shared.lock, p, until) {
            Ok(Read::Shared(slot)) => {
                let counts = self.how == Use::Roles && !self.deaths;
                if counts && p.fetch_add(&shared.reading, 1, Relaxed) > 0 {
                    log.count(OVERLAPS);
                }
                shared.look(p);
                if counts {
                    p.fetch_add(&shared.reading, u32::MAX, Relaxed);
                }
                held(L::unlock_read(&shared.lock, p, slot));
            }
            Ok(Read::OwnerDied) => {
                shared.repair(p, log);
                shared.look(p);
                held(L::unlock_write(&shared.lock, p));
            }
            Err(LockFailure::TimedOut) if until != Deadline::Never => log.count(LATE),
            Err(failure) => violated(format!("read failed: {failure:?}")),
        }
    }
}

impl<L: ReadWrite> Model for RwLockModel<L> {
    type Shared<W: World> = Protected<W, L>;

    fn processes(&self) -> usize {
        self.processes
    }

    fn share<W: World>(&self, p: &W) -> Protected<W, L> {
        Protected {
            lock: L::make(p),
            left: p.new_cell("left"),
            right: p.new_cell("right"),
            reading: p.new_word("reading"),
        }
    }

    fn process<W: World>(&self, p: &W, shared: &Protected<W, L>, index: usize, log: &Log) {
        let scope = p.scope();
        let both = self.how == Use::Both;
        if both || self.how != Use::Downgrade && index > 0 {
            self.reads(p, shared, index, log);
        }
        if both || self.how == Use::Downgrade || index == 0 {
            for round in 0..self.rounds {
                p.at(scope, round);
                self.writes(p, shared, index, log);
            }
        }
    }

    fn is_symmetric(&self) -> bool {
        matches!(self.how, Use::Both | Use::Downgrade) && L::SYMMETRIC
    }

    fn has_deadlines(&self) -> bool {
        self.how == Use::Deadlines
    }

    fn end<W: World>(&self, p: &W, shared: &Protected<W, L>, log: &Log, facts: Facts) -> Outcome {
        shared.enter(p, Deadline::Never, log);
        let total = shared.look(p);
        held(L::unlock_write(&shared.lock, p));
        let (done, told, deaths) = (log.counted(DONE), log.counted(TOLD), facts.deaths as u64);
        let wrong = if total < done {
            Some(format!("{done} were written, and the total is {total}: updates were lost"))
        } else if total > done + deaths {
            Some(format!("{done} were written, and the total is {total}: too many"))
        } else if told > deaths {
            Some(format!("{deaths} died, and {told} deaths were told"))
        } else if told > 0 && log.counted(BEGAN) == log.counted(ENDED) {
            Some("a writer's death was told, and none has died".to_owned())
        } else {
            None
        };
        Outcome { result: total.to_string(), wrong }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        let mut all: Vec<_> = L::SLEEPS.then_some(WAIT).into_iter().collect();
        if self.deaths {
            all.push(DEATH);
            all.extend(L::SLEEPS.then_some(DEATH_OF_A_HOLDER));
        } else if self.how == Use::Roles && self.processes > 2 {
            all.push(Sometimes { what: TOGETHER, happened: |_, log| log.counted(OVERLAPS) > 0 });
        }
        if self.how == Use::Deadlines {
            all.push(Sometimes {
                what: "one whose time is up",
                happened: |_, log| log.counted(LATE) > 0,
            });
        }
        all
    }
}
