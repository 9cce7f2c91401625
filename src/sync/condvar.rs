//! A condition variable: waiting, with a mutex, for what others change under it.

use core::fmt;
use core::mem::ManuallyDrop;
use std::time::{Duration, Instant};

use super::mutex::{MutexGuard, deadline_at, not_taken, without_blocking};
use crate::deadline::Deadline;
use crate::error::{LockError, NotHeld, OwnerDied};
use crate::platform::{Linux, Word32, monotonic_now};
use crate::raw::{Acquired, Ended, RawCondvar, WaitFailure};
use crate::shm::outline::{Role, Words};
use crate::shm::{Outline, Plain, Shareable};

/// Waits for what others change under a [`Mutex`](crate::Mutex) of the same region: Python's
/// `multiprocessing.Condition`. The API is that of [`std::sync::Condvar`].
///
/// A wait may end for no reason: look, in a loop, whether what you wait for has come, or let
/// [`wait_while`](Self::wait_while) do so. Change it with the mutex held; notify with or without.
///
/// It belongs to no mutex: one wait may be with one, the next, or another's at the same time, with another. A notification then ends
/// them all, whichever mutex each came with.
///
/// # Every notification wakes all
///
/// [`notify_one`](Self::notify_one) may wake more than one, and does: a notification given to one alone would be lost
/// if that one died before it could act on it. Those for whom there is nothing wait again. A notification that finds nobody
/// waiting costs one instruction.
///
/// That has a price: see [below](#what-it-costs).
///
/// # What is promised
///
/// | | shown by |
/// |---|---|
/// | nobody waits in vain for what was changed with the mutex held and notified after | `condvar/*`, `condvar-inside/*`, `condvar-meeting/*`, `condvar-relay/*` |
/// | nobody who dies takes a notification with it | `condvar/*/deaths-*`, `condvar/*/crash`, `condvar/*/stress` |
/// | one that gives up in time keeps nobody else from being woken | `condvar-deadline/*` |
/// | two that wait for each other again and again both get on, and sleep while they wait | `condvar-endless/*` |
///
/// Not promised: that a wait ends for a reason: look again, or use the waits with a condition; that
/// `notify_one` wakes no more than one.
///
/// # What it costs
///
/// Everybody is woken, also where there is something for one alone, and somebody who is woken while the mutex is held waits for
/// that, too. So the more wait for one thing at a time, the more it costs beside the C library's condition variable, which
/// wakes one. A [`Semaphore`](crate::Semaphore), which wakes one as well, may be the better choice where many wait. `lockproof bench
/// condvar` measures it, and `docs/bench.md`, in the repository, has the figures.
///
/// # If a holder dies
///
/// A dead waiter takes no notification with it. Whoever dies before it has notified has not done so: others wait until
/// somebody else does, or until their time is up. If a holder of the mutex dies, whoever takes it next is told, also at the
/// end of a wait: [`LockError::OwnerDied`], with the guard inside.
///
/// # Examples
///
/// ```
/// use lockproof::{Condvar, Mutex, Region, Workers, shareable};
///
/// shareable! {
///     struct Shared {
///         jobs: Mutex<u64>,
///         more: Condvar,
///     }
/// }
///
/// let shared = Region::<Shared>::anonymous()?;
/// let work = |_number| {
///     for _ in 0..100 {
///         let jobs = shared.jobs.lock().expect("nobody has died");
///         let mut jobs = shared.more.wait_while(jobs, |jobs| *jobs == 0).expect("nobody has died");
///         *jobs -= 1;
///     }
/// };
/// // SAFETY: this process has no other threads, and the function uses nothing that must not exist twice.
/// let workers = unsafe { Workers::fork(2, work) }?;
/// for _ in 0..200 {
///     *shared.jobs.lock().expect("nobody has died") += 1;
///     shared.more.notify_one();
/// }
/// workers.join()?;
/// assert_eq!(*shared.jobs.lock().expect("nobody has died"), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[repr(transparent)]
pub struct Condvar {
    raw: RawCondvar<Word32>,
}

// SAFETY: a transparent wrapper of one atomic.
unsafe impl Shareable for Condvar {
    fn describe(into: &mut String) {
        into.push_str("Condvar");
    }

    fn outline(into: &mut Outline) {
        into.primitive::<Self>(&[Words::one(Role::Sleep, 0)]);
    }

    fn after_reboot(&self) {}
}

/// Whether a wait ended because its time was up. (std's name for it.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// Whether the time was up.
    #[must_use]
    pub const fn timed_out(&self) -> bool {
        self.0
    }
}

/// The guard after a wait, and how that ended.
type Waited<'a, T> = (MutexGuard<'a, T>, WaitTimeoutResult);

impl Condvar {
    /// Lets go of the mutex, waits for a notification, and takes the mutex again.
    ///
    /// # Errors
    ///
    /// See [`LockError`]. With [`LockError::OwnerDied`] the mutex *is* held; the guard is inside. With any other it is not.
    pub fn wait<'a, T: Plain>(
        &self,
        guard: MutexGuard<'a, T>,
    ) -> Result<MutexGuard<'a, T>, LockError<MutexGuard<'a, T>>> {
        let waited = self.wait_before(guard, Deadline::Never);
        waited.map(|(guard, _)| guard).map_err(|error| error.map(|(guard, _)| guard))
    }

    /// The same, as often as it takes for `condition` to become false; not at all if it is.
    ///
    /// # Errors
    ///
    /// As [`wait`](Self::wait); the condition was then not looked at again.
    ///
    /// # Panics
    ///
    /// If `condition` does, which happens with the mutex held: it counts as the holder's death, as every panic under a
    /// [`Mutex`](crate::Mutex) does. Those that wait are not notified of it.
    pub fn wait_while<'a, T: Plain>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> Result<MutexGuard<'a, T>, LockError<MutexGuard<'a, T>>> {
        while condition(&mut guard) {
            guard = self.wait(guard)?;
        }
        Ok(guard)
    }

    /// As [`wait`](Self::wait), for a notification no longer than `timeout`; for the mutex as long as it takes.
    ///
    /// # Errors
    ///
    /// As [`wait`](Self::wait).
    pub fn wait_timeout<'a, T: Plain>(
        &self,
        guard: MutexGuard<'a, T>,
        timeout: Duration,
    ) -> Result<Waited<'a, T>, LockError<Waited<'a, T>>> {
        self.wait_before(guard, Deadline::after(monotonic_now(), timeout))
    }

    /// As [`wait`](Self::wait), for a notification no longer than until `moment`.
    ///
    /// # Errors
    ///
    /// As [`wait`](Self::wait).
    pub fn wait_until<'a, T: Plain>(
        &self,
        guard: MutexGuard<'a, T>,
        moment: Instant,
    ) -> Result<Waited<'a, T>, LockError<Waited<'a, T>>> {
        self.wait_before(guard, deadline_at(moment))
    }

    /// As [`wait_while`](Self::wait_while), no longer than `timeout` in all. The time counts as up if the condition is
    /// still true then.
    ///
    /// # Errors
    ///
    /// As [`wait`](Self::wait).
    ///
    /// # Panics
    ///
    /// As [`wait_while`](Self::wait_while).
    pub fn wait_timeout_while<'a, T: Plain>(
        &self,
        mut guard: MutexGuard<'a, T>,
        timeout: Duration,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> Result<Waited<'a, T>, LockError<Waited<'a, T>>> {
        let deadline = Deadline::after(monotonic_now(), timeout);
        let mut late = false;
        loop {
            if !condition(&mut guard) {
                return Ok((guard, WaitTimeoutResult(false)));
            }
            if late {
                return Ok((guard, WaitTimeoutResult(true)));
            }
            let (again, ended) = self.wait_before(guard, deadline)?;
            (guard, late) = (again, ended.timed_out());
        }
    }

    fn wait_before<'a, T: Plain>(
        &self,
        guard: MutexGuard<'a, T>,
        deadline: Deadline,
    ) -> Result<Waited<'a, T>, LockError<Waited<'a, T>>> {
        let p = Linux::current()?;
        let mutex = ManuallyDrop::new(guard).mutex();
        match self.raw.wait(p, mutex.raw(), deadline) {
            Ok(Ended { how, timed_out }) => {
                let waited = (MutexGuard::new(mutex, p, how), WaitTimeoutResult(timed_out));
                match how {
                    Acquired::Clean => Ok(waited),
                    Acquired::OwnerDied => Err(OwnerDied::new(waited).into()),
                }
            }
            // A forked child's copy of its parent's guard.
            Err(WaitFailure::NotHeld) => Err(LockError::NotHeld(NotHeld::new())),
            Err(WaitFailure::Lock(failure)) => Err(without_blocking(not_taken(failure))),
        }
    }

    /// Ends the wait of one that waits, if anybody does; and, as it is made, of all others.
    pub fn notify_one(&self) {
        self.raw.notify(Linux::lockless());
    }

    /// Ends the wait of `n` that wait, or of all if they are fewer; and, as it is made, of all others.
    pub fn notify(&self, n: usize) {
        if n > 0 {
            self.raw.notify(Linux::lockless());
        }
    }

    /// Ends the wait of everybody who waits.
    pub fn notify_all(&self) {
        self.raw.notify(Linux::lockless());
    }
}

impl Condvar {
    /// What it is made of, to look at.
    pub(crate) const fn raw(&self) -> &RawCondvar<Word32> {
        &self.raw
    }
}

impl fmt::Debug for Condvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condvar").finish_non_exhaustive()
    }
}
