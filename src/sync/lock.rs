//! A lock without data and without a guard.

use core::fmt;
use std::time::Duration;

use super::mutex::{said, without_blocking};
use crate::deadline::Deadline;
use crate::diagnosis::Part;
use crate::error::{LockError, NotHeld, TryLockError};
use crate::platform::{Linux, RobustWord, monotonic_now};
use crate::raw::RawMutex;
use crate::raw::mutex_state::State;
use crate::shm::outline::{Role, Words};
use crate::shm::{Outline, Shareable};

/// A lock for people who think in `acquire` and `release`, as Python's `multiprocessing.Lock`.
///
/// It protects whatever its users agree on: a file, a terminal, memory. Prefer [`Mutex`](crate::Mutex) where that is
/// data in the region, as there the compiler keeps watch.
///
/// Unlike Python's, only the thread that acquired it can release it.
///
/// # What is promised
///
/// | | shown by |
/// |---|---|
/// | what [`Mutex`](crate::Mutex) promises, without data | `mutex*/*`, `separate-lock/*`, `lock/*/stress` |
///
/// Not promised: that a release by anyone else than the holder does anything: it is an error. An order among
/// those that wait.
///
/// # If a holder dies
///
/// By SIGKILL, exit, exec, or the end of its thread: the next to acquire it gets [`LockError::OwnerDied`], holds the lock,
/// and should call [`make_consistent`](Self::make_consistent) once things are in order. If it releases without, the lock is
/// [`NotRecoverable`](crate::error::NotRecoverable) for everyone.
///
/// # Examples
///
/// ```
/// use lockproof::{Lock, RawValue, Region, Workers, shareable};
///
/// shareable! {
///     struct Shared {
///         lock: Lock,
///         total: RawValue<u64>,
///     }
/// }
///
/// let shared = Region::<Shared>::anonymous()?;
/// let work = |_number| -> Result<(), Box<dyn std::error::Error>> {
///     for _ in 0..1000 {
///         let (block, timeout) = (true, None);
///         shared.lock.acquire(block, timeout)?;
///         shared.total.store(shared.total.load() + 1);
///         shared.lock.release()?;
///     }
///     Ok(())
/// };
/// // SAFETY: this process has no other threads, and the function uses nothing that must not exist twice.
/// let workers = unsafe { Workers::fork(2, work) }?;
/// workers.join()?;
/// assert_eq!(shared.total.load(), 2000);
/// assert!(shared.lock.release().is_err(), "not held: an error, and nothing changes");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[repr(transparent)]
pub struct Lock {
    raw: RawMutex<RobustWord>,
}

// SAFETY: a transparent wrapper of a lock made of atomics, without pointers that anybody follows and without drop
// glue.
unsafe impl Shareable for Lock {
    fn describe(into: &mut String) {
        into.push_str("Lock");
    }

    fn outline(into: &mut Outline) {
        into.primitive::<Self>(&[Words::one(Role::Mutex(Part::Lock), 0)]);
    }

    fn after_reboot(&self) {
        if let Ok(p) = Linux::current() {
            self.raw.forget_holder(p);
        }
    }
}

impl Lock {
    /// Takes the lock, and says whether it did.
    ///
    /// With `block` and no `timeout` it waits for ever; with a `timeout` no longer than that; without `block` not
    /// at all, whatever the `timeout`.
    ///
    /// # Errors
    ///
    /// See [`LockError`]. With [`LockError::OwnerDied`] the lock *is* taken.
    pub fn acquire(&self, block: bool, timeout: Option<Duration>) -> Result<bool, LockError<()>> {
        let deadline = match (block, timeout) {
            (false, _) => Deadline::Now,
            (true, None) => Deadline::Never,
            (true, Some(timeout)) => Deadline::after(monotonic_now(), timeout),
        };
        let p = Linux::current()?;
        match said(self.raw.lock(p, deadline), |_| p.lends_nothing(self.raw.robust())) {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock(_)) => Ok(false),
            Err(error) => Err(without_blocking(error)),
        }
    }

    /// Lets go of the lock.
    ///
    /// # Errors
    ///
    /// [`NotHeld`], and nothing changes, if the calling thread does not hold it.
    pub fn release(&self) -> Result<(), NotHeld> {
        let p = Linux::current().map_err(|_| NotHeld::new())?;
        if self.raw.state(p).owner_died() { self.raw.give_up(p) } else { self.raw.unlock(p) }
    }

    /// Declares what the lock protects consistent again, after [`LockError::OwnerDied`].
    ///
    /// # Errors
    ///
    /// [`NotHeld`], and nothing changes, if the calling thread does not hold it.
    pub fn make_consistent(&self) -> Result<(), NotHeld> {
        let p = Linux::current().map_err(|_| NotHeld::new())?;
        self.raw.make_consistent(p)
    }

    /// What the lock's word says at this moment: who holds it, whether anybody may sleep on it, whether a holder
    /// died. For diagnosis: it may say something else by the time the caller looks at it.
    #[must_use]
    pub fn status(&self) -> State {
        self.raw.state(Linux::lockless())
    }
}

impl Lock {
    /// Its lock, to look at.
    pub(crate) const fn raw_mutex(&self) -> &RawMutex<RobustWord> {
        &self.raw
    }
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lock").finish_non_exhaustive()
    }
}
