//! A mutex with the data it protects.

use core::cell::UnsafeCell;
use core::fmt;
use core::mem::offset_of;
use core::ops::{Deref, DerefMut};
use core::panic::{RefUnwindSafe, UnwindSafe};
use std::time::{Duration, Instant};

use crate::deadline::{Deadline, Monotonic};
use crate::diagnosis::Part;
use crate::error::{
    AlreadyHeld, LockError, NotHeld, NotRecoverable, OwnerDied, TooManyHeld, TryLockError,
    Unsupported, WouldBlock,
};
use crate::platform::{Linux, RobustWord, Scope, monotonic_now};
use crate::raw::mutex_state::State;
use crate::raw::{Acquired, LockFailure, RawMutex};
use crate::shm::outline::{Role, Words};
use crate::shm::{Outline, Plain, Shareable};

/// A mutual exclusion lock between processes, and threads, with the data it protects.
///
/// It lives in a [`Region`](crate::Region) and nowhere else. The API is that of [`std::sync::Mutex`]; where std
/// says poisoned, this says [`OwnerDied`].
///
/// # Fairness
///
/// None is promised: a thread that arrives while the lock is free takes it, whoever has waited longer.
///
/// # What is promised
///
/// | | shown by |
/// |---|---|
/// | one holder at a time; whoever takes it sees what the one before did; everybody gets there | `mutex/*` |
/// | a holder's death or panic is told to the next, once; nobody hangs | `mutex/*/deaths-*`, `mutex/*/crash`, `mutex-panic/*`, `mutex/*/stress` |
/// | one that gives up in time takes no wake with it | `mutex-deadline/*` |
/// | a lock that nobody repaired refuses everybody | `mutex-given-up/*` |
/// | a lock that was given up, or left by a panic, is in no other lock's way, whoever dies | `mutex-another/*` |
/// | somebody always gets on, and whoever waits sleeps | `mutex-endless/*/progress`, `mutex-endless/*/busy` |
///
/// Not promised: an order among those that wait, of whom one may be overtaken again and again
/// (`mutex-endless/*/starvation` shows how); that repaired data makes sense; anything against a process
/// that writes over the lock's memory.
///
/// # If a holder dies
///
/// By SIGKILL, exit, exec, or a panic: whoever takes the lock next gets [`LockError::OwnerDied`] with the guard inside,
/// repairs the data, and calls [`make_consistent`](MutexGuard::make_consistent). If it lets go without, the lock is
/// [`NotRecoverable`] for everyone. Nobody waits for a dead thread: a sleeper is woken by the kernel at once; only
/// after an exec by a thread other than the main one it takes up to a second, until a waiter notices that the
/// holder no longer exists ([`try_lock`](Self::try_lock), which does not wait, does not notice it). A dead waiter
/// disturbs nobody.
///
/// # If a guard is leaked
///
/// By `mem::forget` or `Box::leak`: the lock stays held as long as the process lives, also when the thread has ended that
/// took it, as what the guard lent may be in use in others. (The process's main thread is then told that it holds the lock
/// already.) If the thread ended first, a waiter notices the end of the process after up to a second, as above.
///
/// # Examples
///
/// Two processes change two numbers that belong together, and one of them dies on the way:
///
/// ```
/// use lockproof::{Mutex, Region, Workers, error::LockError};
///
/// let sums = Region::<Mutex<[u64; 2]>>::anonymous()?;
/// let locked = || match sums.lock() {
///     Ok(both) => both,
///     Err(LockError::OwnerDied(died)) => {
///         let mut both = died.into_guard();
///         both[1] = both[0]; // whatever makes sense of a half-made change
///         both.make_consistent();
///         both
///     }
///     Err(error) => panic!("{error}"),
/// };
/// let work = |number| {
///     for round in 0..1000 {
///         let mut both = locked();
///         both[0] += 1;
///         if number == 0 && round == 500 {
///             std::process::abort(); // half-way, with the lock held
///         }
///         both[1] += 1;
///     }
/// };
/// // SAFETY: this process has no other threads, and the function uses nothing that must not exist twice.
/// let workers = unsafe { Workers::fork(2, work) }?;
/// assert!(workers.join().is_err(), "one was aborted");
/// assert_eq!(*locked(), [1501, 1501]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[repr(C)]
pub struct Mutex<T> {
    raw: RawMutex<RobustWord>,
    data: UnsafeCell<T>,
}

// SAFETY: the raw mutex admits one thread at a time to the data, which may be sent to it.
unsafe impl<T: Send> Sync for Mutex<T> {}

// A panic under the lock is reported to the next holder, so data left half-changed by one is never met unawares.
impl<T> UnwindSafe for Mutex<T> {}
impl<T> RefUnwindSafe for Mutex<T> {}

// SAFETY: `repr(C)` of a lock of atomics and of plain data under that lock; no pointers and no drop glue in
// either.
unsafe impl<T: Plain> Shareable for Mutex<T> {
    fn describe(into: &mut String) {
        into.push_str("Mutex<");
        T::describe(into);
        into.push('>');
    }

    fn outline(into: &mut Outline) {
        into.primitive::<Self>(&[Words::one(Role::Mutex(Part::Lock), offset_of!(Self, raw))]);
    }

    fn after_reboot(&self) {
        if let Ok(p) = Linux::current() {
            self.raw.forget_holder(p);
        }
    }
}

impl<T: Plain> Mutex<T> {
    /// Takes the lock, waiting for it as long as it takes.
    ///
    /// # Errors
    ///
    /// See [`LockError`]. With [`LockError::OwnerDied`] the lock *is* taken; the guard is inside.
    // Always: it is just above what the compiler inlines of its own accord, and a call would cost more than all the
    // branches. (Its counterpart, the guard's drop, cannot be marked so, and is just below.)
    #[inline(always)]
    pub fn lock(&self) -> Result<MutexGuard<'_, T>, LockError<MutexGuard<'_, T>>> {
        self.lock_until(Deadline::Never)
            .map_err(|obstacle| without_blocking(self.in_words(obstacle)))
    }

    /// Takes the lock if nobody else holds it.
    ///
    /// # Errors
    ///
    /// [`TryLockError::WouldBlock`] if somebody does; else as [`lock`](Self::lock).
    pub fn try_lock(&self) -> Result<MutexGuard<'_, T>, TryLockError<MutexGuard<'_, T>>> {
        self.lock_until(Deadline::Now).map_err(|obstacle| self.in_words(obstacle))
    }

    /// Takes the lock, waiting for it no longer than `timeout`.
    ///
    /// # Errors
    ///
    /// [`TryLockError::WouldBlock`] if somebody else still held it when the time ran out; else as
    /// [`lock`](Self::lock).
    pub fn try_lock_for(
        &self,
        timeout: Duration,
    ) -> Result<MutexGuard<'_, T>, TryLockError<MutexGuard<'_, T>>> {
        self.lock_until(Deadline::after(monotonic_now(), timeout))
            .map_err(|obstacle| self.in_words(obstacle))
    }

    /// Takes the lock, waiting for it no longer than until `moment`.
    ///
    /// # Errors
    ///
    /// As [`try_lock_for`](Self::try_lock_for).
    pub fn try_lock_until(
        &self,
        moment: Instant,
    ) -> Result<MutexGuard<'_, T>, TryLockError<MutexGuard<'_, T>>> {
        self.lock_until(deadline_at(moment)).map_err(|obstacle| self.in_words(obstacle))
    }

    /// What the lock's word says at this moment: who holds it, whether anybody may sleep on it, whether a holder
    /// died. For diagnosis: it may say something else by the time the caller looks at it.
    #[must_use]
    pub fn status(&self) -> State {
        self.raw.state(Linux::lockless())
    }

    pub(super) const fn raw(&self) -> &RawMutex<RobustWord> {
        &self.raw
    }

    #[inline(always)]
    fn lock_until(&self, deadline: Deadline) -> Result<MutexGuard<'_, T>, Obstacle> {
        // For a thread that is not known yet, no case is plain.
        let p = Linux::lockless();
        if let Err(seen) = self.raw.lock_plain(p) {
            lock_otherwise(&self.raw, seen, deadline)?;
        }
        Ok(MutexGuard::new(self, p, Acquired::Clean))
    }

    #[cold]
    #[inline(never)]
    fn in_words(&self, obstacle: Obstacle) -> TryLockError<MutexGuard<'_, T>> {
        obstacle.in_words(|p| MutexGuard::new(self, p, Acquired::OwnerDied))
    }
}

/// What kept a lock from being simply taken. Unlike a [`LockError`] it is returned in registers, so that the result of
/// the fast path can stay there too.
pub(super) enum Obstacle {
    /// It was taken, from a dead holder.
    OwnerDied,
    Failure(LockFailure),
    Unsupported(Unsupported),
}

impl Obstacle {
    /// Nothing, if the lock was simply taken after all.
    pub(super) fn of(taken: Result<Acquired, LockFailure>) -> Result<(), Self> {
        match taken {
            Ok(Acquired::Clean) => Ok(()),
            Ok(Acquired::OwnerDied) => Err(Self::OwnerDied),
            Err(failure) => Err(Self::Failure(failure)),
        }
    }

    /// The typed error. `guard` is called if the lock is held.
    pub(super) fn in_words<G>(self, guard: impl FnOnce(&'static Linux) -> G) -> TryLockError<G> {
        match self {
            Self::OwnerDied => {
                LockError::OwnerDied(OwnerDied::new(guard(Linux::lockless()))).into()
            }
            Self::Failure(failure) => not_taken(failure),
            Self::Unsupported(why) => LockError::Unsupported(why).into(),
        }
    }
}

#[cold]
#[inline(never)]
fn lock_otherwise(
    raw: &RawMutex<RobustWord>,
    seen: Option<State>,
    deadline: Deadline,
) -> Result<(), Obstacle> {
    let p = Linux::current().map_err(Obstacle::Unsupported)?;
    Obstacle::of(raw.lock_otherwise(p, seen, deadline, Scope::default()))
}

impl<T> Mutex<T> {
    /// Its lock, to look at.
    pub(crate) const fn raw_mutex(&self) -> &RawMutex<RobustWord> {
        &self.raw
    }
}

impl<T> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mutex").finish_non_exhaustive()
    }
}

/// A `std` moment as a deadline on the same clock. Where time passes between the two looks at the clock, the deadline
/// is later than the moment by that much, never earlier.
pub(crate) fn deadline_at(moment: Instant) -> Deadline {
    let left = moment.saturating_duration_since(Instant::now());
    let now: Monotonic = monotonic_now();
    Deadline::after(now, left)
}

/// The typed result for a raw one. `guard` is called if the mutex is held.
pub(super) fn said<G>(
    taken: Result<Acquired, LockFailure>,
    guard: impl FnOnce(Acquired) -> G,
) -> Result<G, TryLockError<G>> {
    match taken {
        Ok(Acquired::Clean) => Ok(guard(Acquired::Clean)),
        Ok(how) => Err(LockError::OwnerDied(OwnerDied::new(guard(how))).into()),
        Err(failure) => Err(not_taken(failure)),
    }
}

pub(super) fn not_taken<G>(failure: LockFailure) -> TryLockError<G> {
    match failure {
        LockFailure::TimedOut => TryLockError::WouldBlock(WouldBlock::new()),
        LockFailure::NotRecoverable => LockError::NotRecoverable(NotRecoverable::new()).into(),
        LockFailure::AlreadyHeld => LockError::AlreadyHeld(AlreadyHeld::new()).into(),
        LockFailure::TooManyHeld => LockError::TooManyHeld(TooManyHeld::new()).into(),
    }
}

/// The error of an operation that waits for ever.
pub(super) fn without_blocking<G>(error: TryLockError<G>) -> LockError<G> {
    match error {
        TryLockError::Lock(error) => error,
        TryLockError::WouldBlock(_) => unreachable!("a lock without deadline does not time out"),
    }
}

/// The lock, held: gives the data, and lets go when dropped.
///
/// Belongs to the thread that took it. Leaking it keeps the lock held until the process ends: see
/// [`Mutex`](Mutex#if-a-guard-is-leaked).
///
/// It cannot be sent to another thread, as the kernel knows the holder by its thread:
///
/// ```compile_fail,E0277
/// let region = lockproof::Region::<lockproof::Mutex<u64>>::anonymous().unwrap();
/// let guard = region.lock().unwrap();
/// std::thread::scope(|scope| {
///     scope.spawn(move || drop(guard));
/// });
/// ```
///
/// The region stays mapped as long as it exists:
///
/// ```compile_fail,E0505
/// let region = lockproof::Region::<lockproof::Mutex<u64>>::anonymous().unwrap();
/// let guard = region.lock().unwrap();
/// drop(region);
/// drop(guard);
/// ```
///
/// # If a holder dies
///
/// See [`Mutex`]. A panic while the guard exists, and that drops it, counts as the holder's death.
#[must_use = "the lock is released as soon as the guard is dropped"]
pub struct MutexGuard<'a, T: Plain> {
    mutex: &'a Mutex<T>,
    /// The thread's platform, which cannot be sent: the kernel knows the holder by its thread.
    p: &'static Linux,
    leaving: Leaving,
}

// SAFETY: a shared guard gives only shared access to the data, and cannot release the lock.
unsafe impl<T: Plain + Sync> Sync for MutexGuard<'_, T> {}

impl<'a, T: Plain> MutexGuard<'a, T> {
    #[inline]
    pub(super) fn new(mutex: &'a Mutex<T>, p: &'static Linux, how: Acquired) -> Self {
        Self { mutex, p, leaving: Leaving::after(how) }
    }

    /// The mutex that is held.
    pub(super) const fn mutex(&self) -> &'a Mutex<T> {
        self.mutex
    }

    /// Declares the data consistent again, after [`LockError::OwnerDied`]. Does nothing otherwise.
    pub fn make_consistent(&mut self) {
        if let Ok(p) = Linux::current() {
            // Cannot fail: the guard's thread holds the lock. In a forked child, which does not, nothing changes.
            let _ = self.mutex.raw.make_consistent(p);
        }
        self.leaving.repaired();
    }

    /// Lets go, and says whether this thread really held the lock. A guard that was inherited by a forked child
    /// holds nothing there.
    ///
    /// # Errors
    ///
    /// [`NotHeld`], and nothing changes, in a forked child.
    pub fn unlock(self) -> Result<(), NotHeld> {
        let this = core::mem::ManuallyDrop::new(self);
        release(&this.mutex.raw, this.p, this.leaving)
    }
}

/// How a guard lets go when it is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Leaving {
    panicking_before: bool,
    broken: bool,
}

impl Leaving {
    /// As decided when the lock was taken.
    #[inline]
    pub(super) fn after(how: Acquired) -> Self {
        // Branch 4 of the fast path.
        Self { panicking_before: std::thread::panicking(), broken: how == Acquired::OwnerDied }
    }

    /// As is known when the guard goes.
    pub(super) const fn new(panicking_before: bool, broken: bool) -> Self {
        Self { panicking_before, broken }
    }

    /// The data was declared consistent.
    pub(super) const fn repaired(&mut self) {
        self.broken = false;
    }

    /// Whether there is nothing more to it than to let go.
    #[inline]
    pub(super) fn is_plain(self) -> bool {
        !self.broken && !std::thread::panicking()
    }

    /// Lets go: as a death, if the thread has begun to panic since; for good, if a dead holder's data was not repaired.
    #[inline]
    pub(super) fn leave<T>(
        self,
        unlock: impl FnOnce() -> T,
        abandon: impl FnOnce() -> T,
        give_up: impl FnOnce() -> T,
    ) -> T {
        if !self.panicking_before && std::thread::panicking() {
            abandon()
        } else if self.broken {
            give_up()
        } else {
            unlock()
        }
    }
}

#[inline]
fn release(raw: &RawMutex<RobustWord>, p: &'static Linux, leaving: Leaving) -> Result<(), NotHeld> {
    // Branches 5 to 8 of the fast path.
    if leaving.is_plain() && raw.unlock_plain(p) {
        return Ok(());
    }
    release_otherwise(raw, leaving)
}

#[cold]
#[inline(never)]
fn release_otherwise(raw: &RawMutex<RobustWord>, leaving: Leaving) -> Result<(), NotHeld> {
    let p = Linux::current().map_err(|_| NotHeld::new())?;
    leaving.leave(|| raw.unlock(p), || raw.unlock_abandoned(p), || raw.give_up(p))
}

impl<T: Plain> Drop for MutexGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // An error means a forked child's copy of its parent's guard: not its lock to release.
        let _ = release(&self.mutex.raw, self.p, self.leaving);
    }
}

impl<T: Plain> Deref for MutexGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the guard's thread holds the lock, so nobody else has access to the data.
        unsafe { &*self.mutex.data.get() }
    }
}

impl<T: Plain> DerefMut for MutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`; and the guard is borrowed exclusively.
        unsafe { &mut *self.mutex.data.get() }
    }
}

impl<T: Plain + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_never_before_its_moment() {
        let wait = Duration::from_secs(10);
        for _ in 0..10_000 {
            let before = monotonic_now();
            let deadline = deadline_at(Instant::now() + wait);
            assert!(matches!(deadline, Deadline::At(moment) if moment >= before + wait));
        }
    }
}
