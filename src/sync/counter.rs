//! Counters that lose no addition.

use core::fmt;
use core::mem::offset_of;

use super::mutex::{not_taken, without_blocking};
use crate::diagnosis::Part;
use crate::error::LockError;
use crate::platform::{Cell64, Linux, Platform, RobustWord, Word64};
use crate::raw::mutex_state::State;
use crate::raw::{LockFailure, RawAtomicCounter, RawCounter, RawMutex};
use crate::shm::outline::{Role, Told, Words};
use crate::shm::{Outline, Shareable};

/// A counter with a lock inside: no addition is lost.
///
/// Each operation takes the lock, so that a `get` never comes between the read and the write of an `add`. Where adding
/// is all that is needed, [`AtomicCounter`] does it without a lock and several times as fast.
///
/// # What is promised
///
/// | | shown by |
/// |---|---|
/// | no addition is lost; everybody gets there | `counter/*`, `threads/*` |
/// | whoever replaces the value is given it, and nobody else is | `counter-set/*` |
/// | a death costs at most the addition of the one that died, and is counted | `counter/*/deaths-*`, `counter/*/crash`, `counter/*/stress` |
///
/// Not promised: that a death is counted whose finder dies as well; an order among those that wait.
///
/// # If a holder dies
///
/// Nothing is torn: the value is written in one store. The next operation repairs the lock and goes on;
/// [`deaths`](Self::deaths) says how often that happened. The addition that died with its caller may have happened or
/// not.
///
/// # Examples
///
/// ```
/// use lockproof::{Counter, Region, Workers};
///
/// let visitors = Region::<Counter>::anonymous()?;
/// let work = |_number| -> Result<(), Box<dyn std::error::Error>> {
///     for _ in 0..1000 {
///         visitors.increment()?;
///     }
///     Ok(())
/// };
/// // SAFETY: this process has no other threads, and the function uses nothing that must not exist twice.
/// let workers = unsafe { Workers::fork(4, work) }?;
/// workers.join()?;
/// assert_eq!(visitors.get()?, 4000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[repr(transparent)]
pub struct Counter {
    raw: RawCounter<RobustWord, Cell64>,
}

// SAFETY: a transparent wrapper of a lock and two values made of atomics, without pointers that anybody follows and
// without drop glue.
unsafe impl Shareable for Counter {
    fn describe(into: &mut String) {
        into.push_str("Counter");
    }

    fn outline(into: &mut Outline) {
        let raw = offset_of!(Self, raw);
        into.primitive::<Self>(&[
            Words::one(Role::Mutex(Part::Lock), raw),
            Words::one(Role::Tells(Told::Value), raw + RawCounter::<RobustWord, Cell64>::VALUE_AT),
        ]);
    }

    fn after_reboot(&self) {
        if let Ok(p) = Linux::current() {
            self.raw.mutex().forget_holder(p);
        }
    }
}

impl Counter {
    /// Adds one, and returns the value before.
    ///
    /// # Errors
    ///
    /// See [`LockError`], of which `OwnerDied` and `NotRecoverable` do not occur.
    #[inline]
    pub fn increment(&self) -> Result<u64, LockError<()>> {
        self.add(1)
    }

    /// Adds `n`, wrapping around at 2^64, and returns the value before.
    ///
    /// # Errors
    ///
    /// As [`increment`](Self::increment).
    #[inline]
    pub fn add(&self, n: u64) -> Result<u64, LockError<()>> {
        self.run(|raw, p| raw.add(p, n))
    }

    /// The value.
    ///
    /// # Errors
    ///
    /// As [`increment`](Self::increment).
    #[inline]
    pub fn get(&self) -> Result<u64, LockError<()>> {
        self.run(RawCounter::get)
    }

    /// Replaces the value, and returns the one before.
    ///
    /// # Errors
    ///
    /// As [`increment`](Self::increment).
    #[inline]
    pub fn set(&self, value: u64) -> Result<u64, LockError<()>> {
        self.run(|raw, p| raw.set(p, value))
    }

    /// How many holders died inside an operation, as far as noticed.
    ///
    /// # Errors
    ///
    /// As [`increment`](Self::increment).
    pub fn deaths(&self) -> Result<u64, LockError<()>> {
        self.run(RawCounter::deaths)
    }

    /// What the lock's word says at this moment: who holds it, whether anybody may sleep on it, whether a holder
    /// died. For diagnosis: it may say something else by the time the caller looks at it.
    #[must_use]
    pub fn status(&self) -> State {
        self.raw.mutex().state(Linux::lockless())
    }

    /// As [`deaths`](Self::deaths), without the lock: for diagnosis, while somebody holds it.
    #[must_use]
    pub fn deaths_noted(&self) -> u64 {
        self.raw.deaths_noted(Linux::lockless())
    }

    // Always: a call, with its result in memory, would cost a third more.
    #[inline(always)]
    fn run<T>(
        &self,
        work: impl Fn(&RawCounter<RobustWord, Cell64>, &Linux) -> Result<T, LockFailure>,
    ) -> Result<T, LockError<()>> {
        // A thread that is not known yet is refused, and tries again once it is.
        let p = Linux::lockless();
        match work(&self.raw, p) {
            Ok(done) => Ok(done),
            Err(_) if p.me() == 0 => self.run_first(work),
            Err(failure) => Err(in_words(failure)),
        }
    }

    /// The same, for a thread that comes for the first time.
    #[cold]
    #[inline(never)]
    fn run_first<T>(
        &self,
        work: impl Fn(&RawCounter<RobustWord, Cell64>, &Linux) -> Result<T, LockFailure>,
    ) -> Result<T, LockError<()>> {
        work(&self.raw, Linux::current()?).map_err(in_words)
    }
}

/// A raw failure as an error.
#[cold]
#[inline(never)]
fn in_words(failure: LockFailure) -> LockError<()> {
    without_blocking(not_taken(failure))
}

/// A counter without a lock: each addition is one atomic instruction.
///
/// # What is promised
///
/// | | shown by |
/// |---|---|
/// | no addition is lost, whoever dies | `atomic/*`, `atomic/*/stress` |
/// | whoever replaces the value is given it, and nobody else is | `atomic-set/*` |
///
/// Not promised: any order between it and other memory: it is a number, and announces nothing.
///
/// It may be used in a signal's handler.
///
/// # If a holder dies
///
/// There is none. An addition happened or it did not.
///
/// # Examples
///
/// ```
/// use lockproof::{AtomicCounter, Region, Workers};
///
/// let counter = Region::<AtomicCounter>::anonymous()?;
/// let work = |_number| {
///     for _ in 0..1000 {
///         counter.increment();
///     }
/// };
/// // SAFETY: this process has no other threads, and the function uses nothing that must not exist twice.
/// let workers = unsafe { Workers::fork(4, work) }?;
/// workers.join()?;
/// assert_eq!(counter.get(), 4000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[repr(transparent)]
pub struct AtomicCounter {
    raw: RawAtomicCounter<Word64>,
}

// SAFETY: a transparent wrapper of one atomic.
unsafe impl Shareable for AtomicCounter {
    fn describe(into: &mut String) {
        into.push_str("AtomicCounter");
    }

    fn outline(into: &mut Outline) {
        into.primitive::<Self>(&[Words::one(Role::Tells(Told::Value), 0)]);
    }

    fn after_reboot(&self) {}
}

impl AtomicCounter {
    /// Adds one, and returns the value before.
    #[inline]
    pub fn increment(&self) -> u64 {
        self.add(1)
    }

    /// Adds `n`, wrapping around at 2^64, and returns the value before.
    #[inline]
    pub fn add(&self, n: u64) -> u64 {
        self.raw.add(Linux::lockless(), n)
    }

    /// The value.
    #[inline]
    pub fn get(&self) -> u64 {
        self.raw.get(Linux::lockless())
    }

    /// Replaces the value, and returns the one before.
    #[inline]
    pub fn set(&self, value: u64) -> u64 {
        self.raw.set(Linux::lockless(), value)
    }
}

impl Counter {
    /// Its lock, to look at.
    pub(crate) const fn raw_mutex(&self) -> &RawMutex<RobustWord> {
        self.raw.mutex()
    }
}

macro_rules! opaque_debug {
    ($($counter:ident),*) => {$(
        impl fmt::Debug for $counter {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($counter)).finish_non_exhaustive()
            }
        }
    )*};
}

opaque_debug!(Counter, AtomicCounter);
