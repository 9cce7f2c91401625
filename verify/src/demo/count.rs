//! One counter, four ways to count on it: between [processes](super::counter), and between [threads](super::threads).

use std::error::Error;
use std::hint::spin_loop;
use std::thread::sleep;
use std::time::{Duration, Instant};

use clap::Args;
use lockproof::error::LockError;
use lockproof::{AtomicCounter, Counter, Lock, RawArray, RawValue, Value, ValueGuard, shareable};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::dead::Dead;
use super::show::{self, Way};
use crate::report::numbers::count;

/// Most that may count.
pub(super) const MOST: usize = 256;

shareable! {
    /// A counter of each kind.
    pub(super) struct Counters {
        raw: RawValue<u64>,
        lock: Lock,
        beside_the_lock: RawValue<u64>,
        value: Value<u64>,
        counter: Counter,
        /// How many were told that whoever held the lock before was killed.
        pub(super) told: AtomicCounter,
        /// How many increments each has done: for whoever takes its place, if it is killed.
        pub(super) done: RawArray<u64, MOST>,
    }
}

/// A way to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum How {
    Unlocked,
    SeparateLock,
    ValueLock,
    Counter,
}

impl Counters {
    /// One more. Where read and write are two steps, that happens in between.
    pub(super) fn increment(
        &self,
        how: How,
        in_between: impl FnOnce(),
    ) -> Result<(), Box<dyn Error>> {
        match how {
            How::Unlocked => {
                let before = self.raw.load();
                in_between();
                self.raw.store(before + 1);
            }
            How::SeparateLock => {
                self.acquire()?;
                let before = self.beside_the_lock.load();
                in_between();
                self.beside_the_lock.store(before + 1);
                self.lock.release()?;
            }
            How::ValueLock => {
                let _held = self.lock_value()?;
                // Each takes the lock once more, which its holder may.
                let before = self.value.get().map_err(|error| error.to_string())?;
                in_between();
                self.value.set(before + 1).map_err(|error| error.to_string())?;
            }
            How::Counter => {
                self.counter.increment()?;
            }
        }
        Ok(())
    }

    /// One number is whole whenever its writer is killed, so that whoever is told of that has nothing to repair.
    fn acquire(&self) -> Result<(), Box<dyn Error>> {
        let (block, timeout) = (true, None);
        match self.lock.acquire(block, timeout) {
            Err(LockError::OwnerDied(_)) => {
                self.lock.make_consistent()?;
                self.told.increment();
                Ok(())
            }
            other => Ok(other.map(drop)?),
        }
    }

    fn lock_value(&self) -> Result<ValueGuard<'_, u64>, Box<dyn Error>> {
        match self.value.lock() {
            Err(LockError::OwnerDied(died)) => {
                let mut value = died.into_guard();
                value.make_consistent();
                self.told.increment();
                Ok(value)
            }
            other => other.map_err(|error| error.to_string().into()),
        }
    }

    /// How many increments are noted as done, where they are noted.
    pub(super) fn noted(&self) -> u64 {
        self.done.iter().map(RawValue::load).sum()
    }

    /// How many deaths of holders somebody was told of.
    pub(super) fn told(&self, how: How) -> Result<u64, String> {
        match how {
            // It repairs itself, and counts.
            How::Counter => self.counter.deaths().map_err(|error| error.to_string()),
            _ => Ok(self.told.get()),
        }
    }

    /// What has been counted so far.
    pub(super) fn total(&self, how: How) -> Result<u64, String> {
        match how {
            How::Unlocked => Ok(self.raw.load()),
            How::SeparateLock => Ok(self.beside_the_lock.load()),
            How::ValueLock => self.value.get().map_err(|error| error.to_string()),
            How::Counter => self.counter.get().map_err(|error| error.to_string()),
        }
    }
}

/// An interpreter takes its time between a read and a write.
fn be_busy(time: Duration) {
    // Even to look at the clock would be dear, next to an increment.
    if time.is_zero() {
        return;
    }
    let began = Instant::now();
    while began.elapsed() < time {
        spin_loop();
    }
}

/// What each process, or thread, does.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Counting {
    pub(super) how: How,
    pub(super) increments: u64,
    pub(super) pause: Duration,
    pub(super) window: Duration,
}

impl Counting {
    /// Counts, and says how long it took. In the middle of all increments, `half_way` is called: between its read and its write,
    /// where these are two. After each, `noted` is called.
    pub(super) fn run(
        &self,
        counters: &Counters,
        half_way: impl Fn(),
        mut noted: impl FnMut(),
    ) -> Result<Duration, Box<dyn Error>> {
        let began = Instant::now();
        for number in 0..self.increments {
            let is_half_way = number == self.increments / 2;
            if is_half_way && self.how == How::Counter {
                half_way();
            }
            counters.increment(self.how, || {
                if is_half_way {
                    half_way();
                }
                if self.how == How::Unlocked {
                    be_busy(self.window);
                }
            })?;
            noted();
            if !self.pause.is_zero() {
                sleep(self.pause);
            }
        }
        Ok(began.elapsed())
    }

    /// The same without sleeps, so often.
    pub(super) const fn at_full_speed(how: How, increments: u64) -> Self {
        Self { how, increments, pause: Duration::ZERO, window: Duration::ZERO }
    }
}

/// The sizes.
#[derive(Clone, Debug, Args, Serialize, JsonSchema)]
pub(super) struct Sizes {
    /// How many increments each makes
    #[arg(long, value_name = "N", default_value_t = 50,
          value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub(super) increments: u64,

    /// How long each sleeps between increments, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 50)]
    sleep: u32,

    /// How far apart read and write are without a lock, in microseconds: an interpreter takes its time there
    #[arg(long, value_name = "US", default_value_t = 100)]
    window: u32,

    /// Do not measure what the lock costs
    #[arg(long)]
    #[serde(skip)]
    pub(super) no_cost: bool,
}

impl Sizes {
    pub(super) fn counting(&self, how: How) -> Counting {
        Counting {
            how,
            increments: self.increments,
            pause: Duration::from_millis(self.sleep.into()),
            window: Duration::from_micros(self.window.into()),
        }
    }

    pub(super) fn introduction(&self, who: &str) -> String {
        let Self { increments, sleep, window, .. } = self;
        format!(
            "One counter, {who}, {} increments each, {sleep} ms of sleep between. Without a lock, read and \
             write are {window} us apart.",
            count(*increments)
        )
    }

    /// How long all sleeps and windows of all may take together.
    pub(super) fn sleeps(&self, of: u16) -> Duration {
        let one =
            Duration::from_millis(self.sleep.into()) + Duration::from_micros(self.window.into());
        let times = u32::try_from(self.increments * u64::from(of)).unwrap_or(u32::MAX);
        one.saturating_mul(times)
    }

    pub(super) fn expected(&self, of: u16) -> u64 {
        u64::from(of) * self.increments
    }
}

/// The four, as users call them.
pub(super) const WAYS: &[Way<How>] = &[
    Way { name: "unlocked", what: "read, add, write", locked: false, how: How::Unlocked },
    Way {
        name: "separate-lock",
        what: "a lock beside the value",
        locked: true,
        how: How::SeparateLock,
    },
    Way {
        name: "value-lock",
        what: "the value's own reentrant lock",
        locked: true,
        how: How::ValueLock,
    },
    Way { name: "counter", what: "value and lock in one object", locked: true, how: How::Counter },
];

/// What was counted.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Counted {
    pub(super) total: u64,
    pub(super) lost: u64,
    #[serde(skip)]
    pub(super) expected: u64,
    /// What became of those that were killed, if any were to be.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(super) dead: Option<Dead>,
}

impl Counted {
    pub(super) fn new(total: u64, expected: u64) -> Self {
        Self { total, lost: expected.saturating_sub(total), expected, dead: None }
    }

    /// How many are too many, though some may have been counted again for one that was killed.
    fn too_many(&self) -> u64 {
        let again = self.dead.as_ref().map_or(0, |dead| dead.killed.into());
        self.total.saturating_sub(self.expected + again)
    }
}

impl show::Outcome for Counted {
    fn in_words(&self) -> String {
        format!("{:>7}", count(self.total))
    }

    fn wrong(&self) -> Vec<String> {
        match (self.lost, self.too_many()) {
            (0, 0) => Vec::new(),
            (0, more) => vec![format!("{} too many", count(more))],
            (lost, _) => vec![format!("{} lost", count(lost))],
        }
    }

    fn right(&self) -> &'static str {
        "exact"
    }

    fn luck(&self) -> &'static str {
        "none lost"
    }

    fn more(&self) -> Option<String> {
        let again = self.total.saturating_sub(self.expected);
        self.dead.as_ref().map(|dead| dead.in_words(again))
    }
}
