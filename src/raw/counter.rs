//! Two counters: one under a lock, one without.
//!
//! # What is promised
//!
//! No addition is lost, whoever dies. [`RawCounter`] is a mutex and a value inside one object;
//! [`RawAtomicCounter`] is one word, and each addition one read-modify-write.
//!
//! # What a death leaves
//!
//! The value changes by one store of 64 bits, so a holder's death leaves it before or after that store,
//! never between: the next one to take the lock repairs it by saying so, and counts the death. An
//! addition whose caller died may have happened or not.
//!
//! # Models
//!
//! `lockproof-verify`, `models/counter.rs`: the ways `counter` and `atomic`.

use core::sync::atomic::Ordering::Relaxed;

use super::mutex_state::State;
use super::{Acquired, LockFailure, RawMutex};
use crate::deadline::Deadline;
use crate::platform::{Platform, Scope};

/// A value and its lock, over a robust word `R` and cells `C` of some platform.
#[repr(C)]
#[derive(Debug)]
pub struct RawCounter<R, C> {
    mutex: RawMutex<R>,
    value: C,
    deaths: C,
}

impl<R, C> RawCounter<R, C> {
    /// Where the value is, for those who look from outside.
    pub(crate) const VALUE_AT: usize = core::mem::offset_of!(Self, value);

    /// A counter over a robust word and cells that hold zero.
    pub const fn new(robust: R, value: C, deaths: C) -> Self {
        Self { mutex: RawMutex::new(robust), value, deaths }
    }

    /// The mutex inside, to look at.
    pub const fn mutex(&self) -> &RawMutex<R> {
        &self.mutex
    }

    /// Adds `n`, wrapping around at 2^64, and returns the value before.
    ///
    /// # Errors
    ///
    /// See [`LockFailure`]; the value is then unchanged.
    #[inline]
    pub fn add<P>(&self, p: &P, n: u64) -> Result<u64, LockFailure>
    where
        P: Platform<RobustWord = R, Cell = C>,
    {
        self.locked(p, |value| {
            let before = p.cell_get(value);
            p.cell_set(value, before.wrapping_add(n));
            before
        })
    }

    /// The value.
    ///
    /// # Errors
    ///
    /// See [`LockFailure`].
    #[inline]
    pub fn get<P>(&self, p: &P) -> Result<u64, LockFailure>
    where
        P: Platform<RobustWord = R, Cell = C>,
    {
        self.locked(p, |value| p.cell_get(value))
    }

    /// Replaces the value, and returns the one before.
    ///
    /// # Errors
    ///
    /// See [`LockFailure`]; the value is then unchanged.
    #[inline]
    pub fn set<P>(&self, p: &P, new: u64) -> Result<u64, LockFailure>
    where
        P: Platform<RobustWord = R, Cell = C>,
    {
        self.locked(p, |value| {
            let before = p.cell_get(value);
            p.cell_set(value, new);
            before
        })
    }

    /// How many holders died inside, as far as anybody has taken the lock since.
    ///
    /// # Errors
    ///
    /// See [`LockFailure`].
    pub fn deaths<P>(&self, p: &P) -> Result<u64, LockFailure>
    where
        P: Platform<RobustWord = R, Cell = C>,
    {
        self.locked(p, |_| p.cell_get(&self.deaths))
    }

    /// As [`deaths`](Self::deaths), without the lock: a snapshot for diagnosis, which may be old by the time the
    /// caller looks at it. Not for models, where it would be a data race.
    pub fn deaths_noted<P>(&self, p: &P) -> u64
    where
        P: Platform<RobustWord = R, Cell = C>,
    {
        p.cell_get(&self.deaths)
    }

    #[inline]
    fn locked<P, T>(&self, p: &P, work: impl FnOnce(&C) -> T) -> Result<T, LockFailure>
    where
        P: Platform<RobustWord = R, Cell = C>,
    {
        let scope = p.scope();
        if let Err(seen) = self.mutex.lock_plain(p) {
            self.lock_otherwise(p, seen, scope)?;
        }
        let result = work(&self.value);
        // Cannot fail: this thread has taken the lock.
        let _ = self.mutex.unlock(p);
        Ok(result)
    }

    #[cold]
    #[inline(never)]
    fn lock_otherwise<P>(&self, p: &P, seen: Option<State>, scope: Scope) -> Result<(), LockFailure>
    where
        P: Platform<RobustWord = R, Cell = C>,
    {
        if self.mutex.lock_otherwise(p, seen, Deadline::Never, scope)? == Acquired::OwnerDied {
            p.cell_set(&self.deaths, p.cell_get(&self.deaths).wrapping_add(1));
            // Consistent as it is: see "What a death leaves". Cannot fail, as this thread has just taken
            // the lock.
            let _ = self.mutex.make_consistent(p);
        }
        Ok(())
    }
}

/// A counter without a lock, over a 64-bit word `L` of some platform.
///
/// All of it is `Relaxed`: the word's own modification order keeps additions apart, and a count publishes
/// nothing else.
#[repr(transparent)]
#[derive(Debug)]
pub struct RawAtomicCounter<L> {
    word: L,
}

impl<L> RawAtomicCounter<L> {
    /// A counter over a word that holds zero.
    pub const fn new(word: L) -> Self {
        Self { word }
    }

    /// Adds `n`, wrapping around at 2^64, and returns the value before.
    #[inline]
    pub fn add<P>(&self, p: &P, n: u64) -> u64
    where
        P: Platform<Word64 = L>,
    {
        p.fetch_add64(&self.word, n, Relaxed)
    }

    /// The value.
    #[inline]
    pub fn get<P>(&self, p: &P) -> u64
    where
        P: Platform<Word64 = L>,
    {
        p.load64(&self.word, Relaxed)
    }

    /// Replaces the value, and returns the one before. A compare-exchange loop, so that the word is only
    /// ever changed by read-modify-writes.
    #[inline]
    pub fn set<P>(&self, p: &P, new: u64) -> u64
    where
        P: Platform<Word64 = L>,
    {
        let mut seen = self.get(p);
        let scope = p.scope();
        loop {
            p.at(scope, seen);
            match p.compare_exchange64(&self.word, seen, new, Relaxed, Relaxed) {
                Ok(before) => return before,
                Err(now) => seen = now,
            }
        }
    }
}
