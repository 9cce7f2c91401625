//! Models of the shared counter, four ways and one more: `unlocked`, `separate-lock`, `value-lock`, `counter`, and `atomic`.

use lockproof::deadline::Deadline;
use lockproof::error::NotHeld;
use lockproof::raw::{
    Acquired, LockFailure, RawAtomicCounter, RawCell, RawCounter, RawMutex, RawReentrantMutex,
};

use super::mutex::{DONE, TOLD, held, judge};
use crate::model::{CONTENTION, DEATH, Log, Model, Outcome, Sometimes, WAIT, violated};
use crate::platform::{Facts, World};

/// How processes count together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A shared value: read, add, write.
    Unlocked,
    /// The same, with a lock beside it.
    SeparateLock,
    /// A value with its own reentrant lock, held around a `get` and a `set` that take it again.
    ValueLock,
    /// A counter: raw value and lock inside.
    Counter,
    /// A counter without a lock.
    Atomic,
}

impl Way {
    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unlocked => "unlocked",
            Self::SeparateLock => "separate-lock",
            Self::ValueLock => "value-lock",
            Self::Counter => "counter",
            Self::Atomic => "atomic",
        }
    }
}

/// Processes that each increment a shared counter.
#[derive(Clone, Copy, Debug)]
pub struct CounterModel {
    /// How they do it.
    pub way: Way,
    /// How many processes.
    pub processes: usize,
    /// How many increments each.
    pub increments: usize,
    /// Whether one of them dies.
    pub deaths: bool,
}

/// Everything that any of the ways needs.
pub struct Counted<W: World> {
    raw: RawCell<W::Word64>,
    lock: RawMutex<W::RobustWord>,
    value_lock: RawReentrantMutex<W::RobustWord, W::Cell>,
    value: W::Cell,
    counter: RawCounter<W::RobustWord, W::Cell>,
    atomic: RawAtomicCounter<W::Word64>,
}

impl<W: World> std::fmt::Debug for Counted<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Counted").finish_non_exhaustive()
    }
}

impl Model for CounterModel {
    type Shared<W: World> = Counted<W>;

    fn processes(&self) -> usize {
        self.processes
    }

    fn share<W: World>(&self, p: &W) -> Counted<W> {
        Counted {
            raw: RawCell::new(p.new_word64("value")),
            lock: RawMutex::new(p.new_robust("lock")),
            value_lock: RawReentrantMutex::new(p.new_robust("value's lock"), p.new_cell("depth")),
            value: p.new_cell("value"),
            counter: RawCounter::new(
                p.new_robust("counter's lock"),
                p.new_cell("counter"),
                p.new_cell("deaths"),
            ),
            atomic: RawAtomicCounter::new(p.new_word64("counter")),
        }
    }

    fn process<W: World>(&self, p: &W, shared: &Counted<W>, _: usize, log: &Log) {
        let scope = p.scope();
        for round in 0..self.increments {
            p.at(scope, round);
            match self.way {
                Way::Unlocked => shared.raw.store(p, shared.raw.load(p) + 1),
                Way::SeparateLock => {
                    told(shared.lock.lock(p, Deadline::Never), log, || {
                        shared.lock.make_consistent(p)
                    });
                    shared.raw.store(p, shared.raw.load(p) + 1);
                    held(shared.lock.unlock(p));
                }
                Way::ValueLock => shared.with_value_lock(p, log, || {
                    let before = shared.value_get(p, log);
                    shared.value_set(p, log, before + 1);
                }),
                Way::Counter => {
                    if let Err(failure) = shared.counter.add(p, 1) {
                        violated(format!("add failed: {failure:?}"));
                    }
                }
                Way::Atomic => {
                    shared.atomic.add(p, 1);
                }
            }
            log.count(DONE);
        }
    }

    fn end<W: World>(&self, p: &W, shared: &Counted<W>, log: &Log, facts: Facts) -> Outcome {
        let total = match self.way {
            Way::Unlocked => shared.raw.load(p),
            Way::SeparateLock => {
                told(shared.lock.lock(p, Deadline::Never), log, || shared.lock.make_consistent(p));
                shared.raw.load(p)
            }
            Way::ValueLock => shared.value_get(p, log),
            Way::Counter => {
                let total = shared.counter.get(p).unwrap_or_else(|f| violated(format!("{f:?}")));
                for _ in 0..shared.counter.deaths(p).unwrap_or(0) {
                    log.count(TOLD);
                }
                total
            }
            Way::Atomic => shared.atomic.get(p),
        };
        let wrong = judge(total, log, facts);
        Outcome { result: total.to_string(), wrong }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        let mut all = match self.way {
            Way::Unlocked | Way::Atomic => vec![],
            _ => vec![CONTENTION, WAIT],
        };
        if self.deaths {
            all.push(DEATH);
        }
        all
    }
}

impl<W: World> Counted<W> {
    fn with_value_lock<T>(&self, p: &W, log: &Log, work: impl FnOnce() -> T) -> T {
        let taken = self.value_lock.lock(p, Deadline::Never);
        told(taken, log, || self.value_lock.make_consistent(p));
        let result = work();
        held(self.value_lock.unlock(p));
        result
    }

    fn value_get(&self, p: &W, log: &Log) -> u64 {
        self.with_value_lock(p, log, || p.cell_get(&self.value))
    }

    fn value_set(&self, p: &W, log: &Log, value: u64) {
        self.with_value_lock(p, log, || p.cell_set(&self.value, value));
    }
}

fn told(
    taken: Result<Acquired, LockFailure>,
    log: &Log,
    make_consistent: impl FnOnce() -> Result<(), NotHeld>,
) {
    match taken {
        Ok(Acquired::Clean) => {}
        Ok(Acquired::OwnerDied) => {
            log.count(TOLD);
            held(make_consistent());
        }
        Err(failure) => violated(format!("lock failed: {failure:?}")),
    }
}
