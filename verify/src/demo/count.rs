//! One counter, four ways to count on it: between [processes](super::counter), and between [threads](super::threads).

use std::error::Error;
use std::hint::spin_loop;
use std::thread::sleep;
use std::time::{Duration, Instant};

use clap::Args;
use lockproof::{Counter, Lock, RawValue, Value, shareable};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::show::{self, Way};
use crate::report::numbers::count;

shareable! {
    /// A counter of each kind.
    pub(super) struct Counters {
        raw: RawValue<u64>,
        lock: Lock,
        beside_the_lock: RawValue<u64>,
        value: Value<u64>,
        counter: Counter,
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
    /// One more. Without a lock, read and write are `window` apart.
    pub(super) fn increment(&self, how: How, window: Duration) -> Result<(), Box<dyn Error>> {
        match how {
            How::Unlocked => {
                let before = self.raw.load();
                be_busy(window);
                self.raw.store(before + 1);
            }
            How::SeparateLock => {
                let (block, timeout) = (true, None);
                self.lock.acquire(block, timeout)?;
                self.beside_the_lock.store(self.beside_the_lock.load() + 1);
                self.lock.release()?;
            }
            How::ValueLock => {
                let _held = self.value.lock().map_err(|error| error.to_string())?;
                // Each takes the lock once more, which its holder may.
                let before = self.value.get().map_err(|error| error.to_string())?;
                self.value.set(before + 1).map_err(|error| error.to_string())?;
            }
            How::Counter => {
                self.counter.increment()?;
            }
        }
        Ok(())
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
    /// Counts, and says how long it took. After each increment, `noted` is called.
    pub(super) fn run(
        &self,
        counters: &Counters,
        mut noted: impl FnMut(),
    ) -> Result<Duration, Box<dyn Error>> {
        let began = Instant::now();
        for _ in 0..self.increments {
            counters.increment(self.how, self.window)?;
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
}

impl Counted {
    pub(super) fn new(total: u64, expected: u64) -> Self {
        Self { total, lost: expected.saturating_sub(total), expected }
    }
}

impl show::Outcome for Counted {
    fn in_words(&self) -> String {
        format!("{:>7}", count(self.total))
    }

    fn wrong(&self) -> Vec<String> {
        match (self.lost, self.total > self.expected) {
            (0, false) => Vec::new(),
            (0, true) => vec![format!("{} too many", count(self.total - self.expected))],
            (lost, _) => vec![format!("{} lost", count(lost))],
        }
    }

    fn right(&self) -> &'static str {
        "exact"
    }

    fn luck(&self) -> &'static str {
        "none lost"
    }
}
