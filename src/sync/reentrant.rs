//! A mutex that its holder may take again.

use core::fmt;
use core::mem::offset_of;
use core::ops::Deref;
use std::thread;
use std::time::{Duration, Instant};

use super::mutex::{Leaving, Obstacle, deadline_at, without_blocking};
use crate::deadline::Deadline;
use crate::diagnosis::Part;
use crate::error::{LockError, NotHeld, TryLockError};
use crate::platform::{Cell64, Linux, RobustWord, Scope, monotonic_now};
use crate::raw::mutex_state::State;
use crate::raw::{RawMutex, RawReentrantMutex};
use crate::shm::outline::{Role, Words};
use crate::shm::{Outline, Shareable};

/// A mutual exclusion lock that its holder may take again, and has to release as often: Python's
/// `multiprocessing.RLock`.
///
/// As the same thread may hold several guards, they give shared access only: what is inside changes by itself, as
/// [`RawValue`](crate::RawValue) and structures of them do; for nothing at all there is `ReentrantMutex<()>`. For plain
/// data, see [`Value`](crate::Value), and for data that is not locked twice, [`Mutex`](crate::Mutex), which is faster.
///
/// # What is promised
///
/// | | shown by |
/// |---|---|
/// | one holder at a time, released when it was let go as often as it was taken; what [`Mutex`](crate::Mutex) promises of deaths | `value-lock/*`, `reentrant/*/stress` |
///
/// Not promised: an order among those that wait; that data is whole after a death in between two changes.
///
/// # If a holder dies
///
/// As [`Mutex`](crate::Mutex): the next one to take the lock is told, with the guard in the error. The end of its thread
/// with the guard forgotten is a death, too, as the guard lends nothing that others could not use meanwhile.
///
/// # Examples
///
/// ```
/// use lockproof::{RawValue, ReentrantMutex, Region, Workers};
///
/// let balance = Region::<ReentrantMutex<RawValue<u64>>>::anonymous()?;
/// let add = |amount| {
///     let held = balance.lock().expect("nobody has died");
///     held.store(held.load() + amount);
/// };
/// let work = |_number| {
///     for _ in 0..1000 {
///         let _both_or_none = balance.lock().expect("nobody has died");
///         add(1);
///         add(2);
///     }
/// };
/// // SAFETY: this process has no other threads, and the function uses nothing that must not exist twice.
/// let workers = unsafe { Workers::fork(2, work) }?;
/// workers.join()?;
/// assert_eq!(balance.lock().expect("nobody has died").load(), 6000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[repr(C)]
pub struct ReentrantMutex<T> {
    raw: RawReentrantMutex<RobustWord, Cell64>,
    inside: T,
}

// SAFETY: `repr(C)` of a lock of atomics and of something shareable; no pointers and no drop glue in either.
unsafe impl<T: Shareable> Shareable for ReentrantMutex<T> {
    fn describe(into: &mut String) {
        into.push_str("ReentrantMutex<");
        T::describe(into);
        into.push('>');
    }

    fn outline(into: &mut Outline) {
        into.structure(|fields| {
            let words = [Words::one(Role::Mutex(Part::Lock), 0)];
            fields.part("", offset_of!(Self, raw), |own| own.primitive::<Self>(&words));
            fields.field::<T>("inside", offset_of!(Self, inside));
        });
    }

    fn after_reboot(&self) {
        if let Ok(p) = Linux::current() {
            self.raw.mutex().forget_holder(p);
        }
        self.inside.after_reboot();
    }
}

impl<T: Shareable> ReentrantMutex<T> {
    /// Takes the lock, or takes it once more.
    ///
    /// # Errors
    ///
    /// See [`LockError`], of which `AlreadyHeld` does not occur. With [`LockError::OwnerDied`] the lock *is* taken;
    /// the guard is inside.
    // Always: see `Mutex::lock`.
    #[inline(always)]
    pub fn lock(
        &self,
    ) -> Result<ReentrantMutexGuard<'_, T>, LockError<ReentrantMutexGuard<'_, T>>> {
        self.lock_until(Deadline::Never)
            .map_err(|obstacle| without_blocking(self.in_words(obstacle)))
    }

    /// Takes the lock, or takes it once more, if nobody else holds it.
    ///
    /// # Errors
    ///
    /// [`TryLockError::WouldBlock`] if somebody else does; else as [`lock`](Self::lock).
    pub fn try_lock(
        &self,
    ) -> Result<ReentrantMutexGuard<'_, T>, TryLockError<ReentrantMutexGuard<'_, T>>> {
        self.lock_until(Deadline::Now).map_err(|obstacle| self.in_words(obstacle))
    }

    /// Takes the lock, or takes it once more, waiting for it no longer than `timeout`.
    ///
    /// # Errors
    ///
    /// [`TryLockError::WouldBlock`] if the time ran out; else as [`lock`](Self::lock).
    pub fn try_lock_for(
        &self,
        timeout: Duration,
    ) -> Result<ReentrantMutexGuard<'_, T>, TryLockError<ReentrantMutexGuard<'_, T>>> {
        self.lock_until(Deadline::after(monotonic_now(), timeout))
            .map_err(|obstacle| self.in_words(obstacle))
    }

    /// Takes the lock, or takes it once more, waiting for it no longer than until `moment`.
    ///
    /// # Errors
    ///
    /// As [`try_lock_for`](Self::try_lock_for).
    pub fn try_lock_until(
        &self,
        moment: Instant,
    ) -> Result<ReentrantMutexGuard<'_, T>, TryLockError<ReentrantMutexGuard<'_, T>>> {
        self.lock_until(deadline_at(moment)).map_err(|obstacle| self.in_words(obstacle))
    }

    #[inline(always)]
    fn lock_until(&self, deadline: Deadline) -> Result<ReentrantMutexGuard<'_, T>, Obstacle> {
        let p = lock_lending_nothing(&self.raw, deadline)?;
        Ok(ReentrantMutexGuard { mutex: self, p, panicking_before: thread::panicking() })
    }

    #[cold]
    #[inline(never)]
    fn in_words(&self, obstacle: Obstacle) -> TryLockError<ReentrantMutexGuard<'_, T>> {
        let panicking_before = thread::panicking();
        obstacle.in_words(|p| ReentrantMutexGuard { mutex: self, p, panicking_before })
    }

    /// What the lock's word says at this moment: who holds it, whether anybody may sleep on it, whether a holder
    /// died. For diagnosis: it may say something else by the time the caller looks at it.
    #[must_use]
    pub fn status(&self) -> State {
        self.raw.mutex().state(Linux::lockless())
    }
}

impl<T> ReentrantMutex<T> {
    /// Its lock, to look at.
    pub(crate) const fn raw_mutex(&self) -> &RawMutex<RobustWord> {
        self.raw.mutex()
    }
}

impl<T> fmt::Debug for ReentrantMutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReentrantMutex").finish_non_exhaustive()
    }
}

/// Takes the lock for a guard that gives no references: what is inside can be used by several at once, or is copied.
#[inline(always)]
pub(super) fn lock_lending_nothing(
    raw: &RawReentrantMutex<RobustWord, Cell64>,
    deadline: Deadline,
) -> Result<&'static Linux, Obstacle> {
    // For a thread that is not known yet, no case is plain.
    let p = Linux::lockless();
    match raw.lock_plain(p) {
        Ok(true) => p.newest_lends_nothing(raw.mutex().robust()),
        Ok(false) => {}
        Err(seen) => lock_otherwise(raw, seen, deadline)?,
    }
    Ok(p)
}

#[cold]
#[inline(never)]
fn lock_otherwise(
    raw: &RawReentrantMutex<RobustWord, Cell64>,
    seen: Option<State>,
    deadline: Deadline,
) -> Result<(), Obstacle> {
    let p = Linux::current().map_err(Obstacle::Unsupported)?;
    let taken = raw.lock_otherwise(p, seen, deadline, Scope::default());
    if taken.is_ok() {
        p.lends_nothing(raw.mutex().robust());
    }
    Obstacle::of(taken)
}

/// Undoes one `lock`, as the guard has to.
#[inline]
pub(super) fn release(
    raw: &RawReentrantMutex<RobustWord, Cell64>,
    p: &'static Linux,
    panicking_before: bool,
) -> Result<(), NotHeld> {
    if !thread::panicking() && raw.unlock_plain(p) {
        Ok(())
    } else {
        release_otherwise(raw, p, panicking_before)
    }
}

#[cold]
#[inline(never)]
fn release_otherwise(
    raw: &RawReentrantMutex<RobustWord, Cell64>,
    p: &'static Linux,
    panicking_before: bool,
) -> Result<(), NotHeld> {
    // Not the guard knows whether what a dead one left was repaired: another one of the same thread may have done so.
    let leaving = Leaving::new(panicking_before, raw.is_unrepaired(p));
    leaving.leave(|| raw.unlock(p), || raw.unlock_abandoned(p), || raw.give_up(p))
}

/// The lock, held: gives what is inside, and undoes one `lock` when dropped.
///
/// Belongs to the thread that took it, and cannot be sent to another one:
///
/// ```compile_fail,E0277
/// let region = lockproof::Region::<lockproof::ReentrantMutex<()>>::anonymous().unwrap();
/// let guard = region.lock().unwrap();
/// std::thread::scope(|scope| {
///     scope.spawn(move || drop(guard));
/// });
/// ```
///
/// # If a holder dies
///
/// See [`ReentrantMutex`]. A panic that drops the last guard counts as the holder's death.
#[must_use = "the lock is released as soon as the guard is dropped"]
pub struct ReentrantMutexGuard<'a, T: Shareable> {
    mutex: &'a ReentrantMutex<T>,
    /// The thread's platform, which cannot be sent: the kernel knows the holder by its thread.
    p: &'static Linux,
    panicking_before: bool,
}

// SAFETY: a shared guard gives only shared access to what is inside, and cannot release the lock.
unsafe impl<T: Shareable> Sync for ReentrantMutexGuard<'_, T> {}

impl<T: Shareable> ReentrantMutexGuard<'_, T> {
    /// Declares what the lock protects consistent again, after [`LockError::OwnerDied`]. Does nothing otherwise.
    pub fn make_consistent(&mut self) {
        // Cannot fail: the guard's thread holds the lock. In a forked child, which does not, nothing changes.
        let _ = self.mutex.raw.make_consistent(self.p);
    }

    /// Undoes one `lock`, and says whether this thread really held it. A guard that was inherited by a forked child
    /// holds nothing there.
    ///
    /// # Errors
    ///
    /// [`NotHeld`], and nothing changes, in a forked child.
    pub fn unlock(self) -> Result<(), NotHeld> {
        let this = core::mem::ManuallyDrop::new(self);
        release(&this.mutex.raw, this.p, this.panicking_before)
    }
}

impl<T: Shareable> Drop for ReentrantMutexGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // An error means a forked child's copy of its parent's guard: not its lock to release.
        let _ = release(&self.mutex.raw, self.p, self.panicking_before);
    }
}

impl<T: Shareable> Deref for ReentrantMutexGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.mutex.inside
    }
}

impl<T: Shareable + fmt::Debug> fmt::Debug for ReentrantMutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
