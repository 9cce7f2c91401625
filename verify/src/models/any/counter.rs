//! A counter as the models see it, and the shipped ways to count: `unlocked`, `separate-lock`, `value-lock`, `counter`, and `atomic`.

use lockproof::deadline::Deadline;
use lockproof::error::NotHeld;
use lockproof::raw::{
    Acquired, LockFailure, RawAtomicCounter, RawCell, RawCounter, RawMutex, RawReentrantMutex,
};

use crate::model::{CONTENTION, Log, Sometimes, WAIT, violated};
use crate::models::mutex::{TOLD, held};
use crate::platform::World;

/// A way to count together: what [`CounterModel`](crate::models::counter::CounterModel) checks.
pub trait Counting: Send + Sync + 'static {
    /// Whether it says how many died inside.
    const TELLS: bool = true;
    /// Whether nothing depends on who counts.
    const SYMMETRIC: bool = true;

    /// Its words.
    type On<W: World>: 'static;

    /// Makes it, zero.
    fn make<W: World>(&self, p: &W) -> Self::On<W>;

    /// Adds one.
    fn add<W: World>(&self, p: &W, on: &Self::On<W>, log: &Log);

    /// How many were added, once nobody adds any more.
    fn total<W: World>(&self, p: &W, on: &Self::On<W>, log: &Log) -> u64;

    /// What must happen in some execution.
    fn sometimes(&self) -> Vec<Sometimes>;
}

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

impl Counting for Way {
    type On<W: World> = Counted<W>;

    fn make<W: World>(&self, p: &W) -> Counted<W> {
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

    fn add<W: World>(&self, p: &W, shared: &Counted<W>, log: &Log) {
        match self {
            Self::Unlocked => shared.raw.store(p, shared.raw.load(p) + 1),
            Self::SeparateLock => {
                told(shared.lock.lock(p, Deadline::Never), log, || shared.lock.make_consistent(p));
                shared.raw.store(p, shared.raw.load(p) + 1);
                held(shared.lock.unlock(p));
            }
            Self::ValueLock => shared.with_value_lock(p, log, || {
                let before = shared.value_get(p, log);
                shared.value_set(p, log, before + 1);
            }),
            Self::Counter => {
                if let Err(failure) = shared.counter.add(p, 1) {
                    violated(format!("add failed: {failure:?}"));
                }
            }
            Self::Atomic => {
                shared.atomic.add(p, 1);
            }
        }
    }

    fn total<W: World>(&self, p: &W, shared: &Counted<W>, log: &Log) -> u64 {
        match self {
            Self::Unlocked => shared.raw.load(p),
            Self::SeparateLock => {
                told(shared.lock.lock(p, Deadline::Never), log, || shared.lock.make_consistent(p));
                shared.raw.load(p)
            }
            Self::ValueLock => shared.value_get(p, log),
            Self::Counter => {
                let total = shared.counter.get(p).unwrap_or_else(|f| violated(format!("{f:?}")));
                for _ in 0..shared.counter.deaths(p).unwrap_or(0) {
                    log.count(TOLD);
                }
                total
            }
            Self::Atomic => shared.atomic.get(p),
        }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        match self {
            Self::Unlocked | Self::Atomic => vec![],
            _ => vec![CONTENTION, WAIT],
        }
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
