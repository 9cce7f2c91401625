//! A lock for many readers or one writer, with the data it protects.

use core::cell::UnsafeCell;
use core::fmt;
use core::mem::{ManuallyDrop, offset_of};
use core::ops::{Deref, DerefMut};
use core::panic::{RefUnwindSafe, UnwindSafe};
use std::time::{Duration, Instant};

use super::mutex::{Leaving, Obstacle, deadline_at, not_taken, without_blocking};
use crate::deadline::Deadline;
use crate::diagnosis::primitives::rwlock_words;
use crate::error::{LockError, NotHeld, OwnerDied, TryLockError};
use crate::platform::{Cell64, Linux, Platform, RobustWord, Scope, monotonic_now};
use crate::raw::mutex_state::State;
use crate::raw::rwlock::Met;
use crate::raw::{Acquired, RawRwLock, Read};
use crate::shm::{Outline, Plain, Shareable};

/// A lock between processes, and threads, for many readers or one writer, with the data it protects.
///
/// It lives in a [`Region`](crate::Region) and nowhere else. The API is that of [`std::sync::RwLock`]; where std says
/// poisoned, this says [`OwnerDied`]. `READERS` threads can read at a time (8, if nothing else is said); more wait until
/// one of them is done. Each reader takes one word of the lock for itself, so that readers do not disturb each other, and
/// a writer looks at all of them: give it as many as there are readers at a time, not more.
///
/// A thread that reads must not take the lock once more: a writer that comes between the two waits for the first, and is
/// waited for by the second. To write, it has to let go first ([`write`](Self::write) says
/// [`AlreadyHeld`](LockError::AlreadyHeld) otherwise).
///
/// # Fairness
///
/// A writer that waits keeps new readers out, and one that was inside from coming back; those that come while one writes compete
/// for the lock with the writers that do. Beyond that none is promised: a thread that arrives while the lock is free takes it,
/// whoever has waited longer.
///
/// # What is promised
///
/// | | shown by |
/// |---|---|
/// | writers are alone, readers are not; what is read is whole, and the last that was written | `rwlock/*`, `rwlock-roles/*`, `rwlock/*-histories` |
/// | nobody reads what a dead writer left without being told; a dead reader keeps nobody out | `rwlock*/*/deaths-*`, `rwlock-roles/*/crash`, `rwlock/*/stress` |
/// | nobody writes between a writer's writing and its reading after a downgrade | `rwlock-downgrade/*` |
/// | one that gives up in time takes no wake with it | `rwlock-deadline/*` |
/// | somebody always gets on, whoever waits sleeps, and one reader that comes again and again does not keep a writer out for ever (two may, by turns) | `rwlock-endless/*`, `rwlock-endless-writer/*` |
///
/// Not promised: more fairness than above; that a thread may read twice at a time.
///
/// # What it costs
///
/// A reader takes one compare-exchange to come and one to go, on a word that no other reader needs. A writer pays for that: it closes
/// the words of all readers, one by one, and the first readers after it open them again. So the lock is made for much reading and
/// little writing; where most write, a [`Mutex`](crate::Mutex) is the better choice. `lockproof bench rwlock` measures it beside the
/// C library's, and `docs/bench.md`, in the repository, has the figures.
///
/// # If a holder dies
///
/// A reader: its hold is taken back, and nobody is told. A writer, by SIGKILL, exit, exec, or a panic: whoever takes the
/// lock next, to read or to write, gets [`LockError::OwnerDied`] with a guard inside that can *write*, repairs the data,
/// and calls [`make_consistent`](RwLockWriteGuard::make_consistent). If it lets go without, the lock is
/// [`NotRecoverable`](crate::error::NotRecoverable) for everyone. A dead waiter disturbs nobody.
///
/// Guards that are leaked, to read as well as to write, keep the lock held until their process ends: see
/// [`Mutex`](crate::Mutex#if-a-guard-is-leaked).
///
/// # Examples
///
/// One process writes two numbers that belong together, two others read them. ([`Mutex`](crate::Mutex) shows what to do
/// after a death.)
///
/// ```
/// use lockproof::{Region, RwLock, Workers};
///
/// let prices = Region::<RwLock<[u64; 2]>>::anonymous()?;
/// let work = |number| {
///     for round in 1..=1000 {
///         if number == 0 {
///             *prices.write().expect("nobody has died") = [round, 2 * round];
///         } else {
///             let both = prices.read().expect("nobody has died");
///             assert_eq!(both[1], 2 * both[0], "never one without the other");
///         }
///     }
/// };
/// // SAFETY: this process has no other threads, and the function uses nothing that must not exist twice.
/// let workers = unsafe { Workers::fork(3, work) }?;
/// workers.join()?;
/// assert_eq!(*prices.read().expect("nobody has died"), [1000, 2000]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[repr(C)]
pub struct RwLock<T, const READERS: usize = 8> {
    raw: RawRwLock<RobustWord, Cell64, READERS>,
    data: UnsafeCell<T>,
}

// SAFETY: the raw lock admits to the data either one thread that may be sent it, or several that only share it.
unsafe impl<T: Send + Sync, const READERS: usize> Sync for RwLock<T, READERS> {}

// A panic while writing is reported to the next holder, so data left half-changed by one is never met unawares.
impl<T, const READERS: usize> UnwindSafe for RwLock<T, READERS> {}
impl<T, const READERS: usize> RefUnwindSafe for RwLock<T, READERS> {}

// SAFETY: `repr(C)` of a lock of atomics and of plain data under that lock; no pointers and no drop glue in
// either.
unsafe impl<T: Plain + Sync, const READERS: usize> Shareable for RwLock<T, READERS> {
    fn describe(into: &mut String) {
        const { assert!(READERS > 0, "a lock for readers has room for at least one of them") };
        into.push_str("RwLock<");
        T::describe(into);
        into.push_str(&format!(", {READERS}>"));
    }

    fn outline(into: &mut Outline) {
        into.primitive::<Self>(&rwlock_words::<READERS>(offset_of!(Self, raw)));
    }

    fn after_reboot(&self) {
        if let Ok(p) = Linux::current() {
            self.raw.forget_holders(p);
        }
    }
}

/// A lock taken for reading, or what came instead: for writing, from a dead writer.
type ReadResult<'a, T, const READERS: usize, E> = Result<RwLockReadGuard<'a, T, READERS>, E>;

impl<T: Plain + Sync, const READERS: usize> RwLock<T, READERS> {
    /// Takes the lock for reading, waiting for it as long as it takes.
    ///
    /// # Errors
    ///
    /// See [`LockError`]. With [`LockError::OwnerDied`] the lock *is* taken, for writing; the guard is inside.
    #[inline]
    pub fn read(&self) -> ReadResult<'_, T, READERS, LockError<RwLockWriteGuard<'_, T, READERS>>> {
        self.read_before(Deadline::Never).map_err(without_blocking)
    }

    /// Takes the lock for reading if that can be done at once. It cannot while somebody writes or waits to; nor, for a
    /// moment, while another reader is let in after a writer.
    ///
    /// # Errors
    ///
    /// [`TryLockError::WouldBlock`] if it cannot; else as [`read`](Self::read).
    pub fn try_read(
        &self,
    ) -> ReadResult<'_, T, READERS, TryLockError<RwLockWriteGuard<'_, T, READERS>>> {
        self.read_before(Deadline::Now)
    }

    /// Takes the lock for reading, waiting for it no longer than `timeout`.
    ///
    /// # Errors
    ///
    /// [`TryLockError::WouldBlock`] if the time ran out; else as [`read`](Self::read).
    pub fn try_read_for(
        &self,
        timeout: Duration,
    ) -> ReadResult<'_, T, READERS, TryLockError<RwLockWriteGuard<'_, T, READERS>>> {
        self.read_before(Deadline::after(monotonic_now(), timeout))
    }

    /// Takes the lock for reading, waiting for it no longer than until `moment`.
    ///
    /// # Errors
    ///
    /// As [`try_read_for`](Self::try_read_for).
    pub fn try_read_until(
        &self,
        moment: Instant,
    ) -> ReadResult<'_, T, READERS, TryLockError<RwLockWriteGuard<'_, T, READERS>>> {
        self.read_before(deadline_at(moment))
    }

    #[inline]
    fn read_before(
        &self,
        deadline: Deadline,
    ) -> ReadResult<'_, T, READERS, TryLockError<RwLockWriteGuard<'_, T, READERS>>> {
        // For a thread that is not known yet, no case is plain.
        let p = Linux::lockless();
        match self.raw.read_plain(p, p.me() as usize) {
            Ok(slot) => Ok(RwLockReadGuard { lock: self, p, slot }),
            Err(tried) => self.read_otherwise(tried, deadline),
        }
    }

    #[cold]
    #[inline(never)]
    fn read_otherwise(
        &self,
        tried: usize,
        deadline: Deadline,
    ) -> ReadResult<'_, T, READERS, TryLockError<RwLockWriteGuard<'_, T, READERS>>> {
        let p = Linux::current().map_err(LockError::Unsupported)?;
        match self.raw.read_otherwise(p, p.me() as usize, tried, deadline) {
            Ok(Read::Shared(slot)) => Ok(RwLockReadGuard { lock: self, p, slot }),
            Ok(Read::OwnerDied) => {
                let guard = RwLockWriteGuard::new(self, p, Acquired::OwnerDied);
                Err(LockError::OwnerDied(OwnerDied::new(guard)).into())
            }
            Err(failure) => Err(not_taken(failure)),
        }
    }

    /// Takes the lock for writing, waiting for it as long as it takes.
    ///
    /// # Errors
    ///
    /// See [`LockError`]. With [`LockError::OwnerDied`] the lock *is* taken; the guard is inside.
    // Always: see `Mutex::lock`.
    #[inline(always)]
    pub fn write(
        &self,
    ) -> Result<RwLockWriteGuard<'_, T, READERS>, LockError<RwLockWriteGuard<'_, T, READERS>>> {
        self.write_until(Deadline::Never)
            .map_err(|obstacle| without_blocking(self.in_words(obstacle)))
    }

    /// Takes the lock for writing if nobody else holds it.
    ///
    /// # Errors
    ///
    /// [`TryLockError::WouldBlock`] if somebody does; else as [`write`](Self::write).
    pub fn try_write(
        &self,
    ) -> Result<RwLockWriteGuard<'_, T, READERS>, TryLockError<RwLockWriteGuard<'_, T, READERS>>>
    {
        self.write_until(Deadline::Now).map_err(|obstacle| self.in_words(obstacle))
    }

    /// Takes the lock for writing, waiting for it no longer than `timeout`.
    ///
    /// # Errors
    ///
    /// [`TryLockError::WouldBlock`] if the time ran out; else as [`write`](Self::write).
    pub fn try_write_for(
        &self,
        timeout: Duration,
    ) -> Result<RwLockWriteGuard<'_, T, READERS>, TryLockError<RwLockWriteGuard<'_, T, READERS>>>
    {
        self.write_until(Deadline::after(monotonic_now(), timeout))
            .map_err(|obstacle| self.in_words(obstacle))
    }

    /// Takes the lock for writing, waiting for it no longer than until `moment`.
    ///
    /// # Errors
    ///
    /// As [`try_write_for`](Self::try_write_for).
    pub fn try_write_until(
        &self,
        moment: Instant,
    ) -> Result<RwLockWriteGuard<'_, T, READERS>, TryLockError<RwLockWriteGuard<'_, T, READERS>>>
    {
        self.write_until(deadline_at(moment)).map_err(|obstacle| self.in_words(obstacle))
    }

    #[inline(always)]
    fn write_until(
        &self,
        deadline: Deadline,
    ) -> Result<RwLockWriteGuard<'_, T, READERS>, Obstacle> {
        // For a thread that is not known yet, no case is plain.
        let p = Linux::lockless();
        if let Err(met) = self.raw.write_plain(p) {
            write_otherwise(&self.raw, met, deadline)?;
        }
        Ok(RwLockWriteGuard::new(self, p, Acquired::Clean))
    }

    #[cold]
    #[inline(never)]
    fn in_words(&self, obstacle: Obstacle) -> TryLockError<RwLockWriteGuard<'_, T, READERS>> {
        obstacle.in_words(|p| RwLockWriteGuard::new(self, p, Acquired::OwnerDied))
    }

    /// Who writes at this moment, or is about to (for a moment that may also be a reader, which is let in after a writer);
    /// whether anybody may sleep until it is done; whether a writer died. For diagnosis: it may say something else by the time
    /// the caller looks at it.
    #[must_use]
    pub fn status(&self) -> State {
        self.raw.mutex().state(Linux::lockless())
    }

    /// How many read at this moment. For diagnosis: it may be another number by the time the caller looks at it.
    #[must_use]
    pub fn readers(&self) -> usize {
        self.raw.readers(Linux::lockless())
    }
}

impl<T, const READERS: usize> RwLock<T, READERS> {
    /// What it is made of, to look at.
    pub(crate) const fn raw(&self) -> &RawRwLock<RobustWord, Cell64, READERS> {
        &self.raw
    }
}

impl<T, const READERS: usize> fmt::Debug for RwLock<T, READERS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RwLock").finish_non_exhaustive()
    }
}

#[cold]
#[inline(never)]
fn write_otherwise<const READERS: usize>(
    raw: &RawRwLock<RobustWord, Cell64, READERS>,
    met: Met,
    deadline: Deadline,
) -> Result<(), Obstacle> {
    let p = Linux::current().map_err(Obstacle::Unsupported)?;
    Obstacle::of(raw.write_otherwise(p, met, deadline, Scope::default()))
}

/// The lock, held for reading: gives the data, and lets go when dropped.
///
/// Belongs to the thread that took it, and cannot be sent to another one. In a forked child it holds nothing.
///
/// ```compile_fail,E0277
/// let region = lockproof::Region::<lockproof::RwLock<u64>>::anonymous().unwrap();
/// let guard = region.read().unwrap();
/// std::thread::scope(|scope| {
///     scope.spawn(move || drop(guard));
/// });
/// ```
///
/// # If a holder dies
///
/// Its hold is taken back, and nobody is told: see [`RwLock`].
#[must_use = "the lock is released as soon as the guard is dropped"]
pub struct RwLockReadGuard<'a, T: Plain + Sync, const READERS: usize = 8> {
    lock: &'a RwLock<T, READERS>,
    /// The thread's platform, which cannot be sent: the kernel knows the holder by its thread.
    p: &'static Linux,
    slot: usize,
}

// SAFETY: a shared guard gives only shared access to the data, and cannot release the lock.
unsafe impl<T: Plain + Sync, const READERS: usize> Sync for RwLockReadGuard<'_, T, READERS> {}

impl<T: Plain + Sync, const READERS: usize> RwLockReadGuard<'_, T, READERS> {
    /// Lets go, and says whether this thread really held the lock. A guard that was inherited by a forked child
    /// holds nothing there.
    ///
    /// # Errors
    ///
    /// [`NotHeld`], and nothing changes, in a forked child.
    pub fn unlock(self) -> Result<(), NotHeld> {
        let this = ManuallyDrop::new(self);
        this.lock.raw.unlock_read(this.p, this.slot)
    }
}

impl<T: Plain + Sync, const READERS: usize> Drop for RwLockReadGuard<'_, T, READERS> {
    #[inline]
    fn drop(&mut self) {
        // An error means a forked child's copy of its parent's guard: not its hold to release.
        let _ = self.lock.raw.unlock_read(self.p, self.slot);
    }
}

impl<T: Plain + Sync, const READERS: usize> Deref for RwLockReadGuard<'_, T, READERS> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: while the guard's thread is in a slot nobody writes.
        unsafe { &*self.lock.data.get() }
    }
}

impl<T: Plain + Sync + fmt::Debug, const READERS: usize> fmt::Debug
    for RwLockReadGuard<'_, T, READERS>
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// The lock, held for writing: gives the data, and lets go when dropped.
///
/// Belongs to the thread that took it, and cannot be sent to another one:
///
/// ```compile_fail,E0277
/// let region = lockproof::Region::<lockproof::RwLock<u64>>::anonymous().unwrap();
/// let guard = region.write().unwrap();
/// std::thread::scope(|scope| {
///     scope.spawn(move || drop(guard));
/// });
/// ```
///
/// # If a holder dies
///
/// See [`RwLock`]. A panic while the guard exists, and that drops it, counts as the holder's death.
#[must_use = "the lock is released as soon as the guard is dropped"]
pub struct RwLockWriteGuard<'a, T: Plain + Sync, const READERS: usize = 8> {
    lock: &'a RwLock<T, READERS>,
    /// The thread's platform, which cannot be sent: the kernel knows the holder by its thread.
    p: &'static Linux,
    leaving: Leaving,
}

// SAFETY: a shared guard gives only shared access to the data, and cannot release the lock.
unsafe impl<T: Plain + Sync, const READERS: usize> Sync for RwLockWriteGuard<'_, T, READERS> {}

impl<'a, T: Plain + Sync, const READERS: usize> RwLockWriteGuard<'a, T, READERS> {
    #[inline]
    fn new(lock: &'a RwLock<T, READERS>, p: &'static Linux, how: Acquired) -> Self {
        Self { lock, p, leaving: Leaving::after(how) }
    }

    /// Declares the data consistent again, after [`LockError::OwnerDied`]. Does nothing otherwise.
    pub fn make_consistent(&mut self) {
        // Cannot fail: the guard's thread holds the lock. In a forked child, which does not, nothing changes.
        let _ = self.lock.raw.make_consistent(self.p);
        self.leaving.repaired();
    }

    /// Goes on reading what it has written, and lets other readers in; nobody else writes in between. Declares the data
    /// consistent, as others are going to read it.
    ///
    /// # Errors
    ///
    /// The guard as it was, if the thread holds as many locks as the kernel will look after, or in a forked child.
    pub fn downgrade(this: Self) -> Result<RwLockReadGuard<'a, T, READERS>, Self> {
        match this.lock.raw.downgrade(this.p, this.p.me() as usize) {
            Some(slot) => {
                let this = ManuallyDrop::new(this);
                Ok(RwLockReadGuard { lock: this.lock, p: this.p, slot })
            }
            None => Err(this),
        }
    }

    /// Lets go, and says whether this thread really held the lock. A guard that was inherited by a forked child
    /// holds nothing there.
    ///
    /// # Errors
    ///
    /// [`NotHeld`], and nothing changes, in a forked child.
    pub fn unlock(self) -> Result<(), NotHeld> {
        ManuallyDrop::new(self).release()
    }

    #[inline]
    fn release(&self) -> Result<(), NotHeld> {
        let (raw, p, leaving) = (&self.lock.raw, self.p, self.leaving);
        if leaving.is_plain() { raw.unlock_write(p) } else { release_otherwise(raw, p, leaving) }
    }
}

#[cold]
#[inline(never)]
fn release_otherwise<const READERS: usize>(
    raw: &RawRwLock<RobustWord, Cell64, READERS>,
    p: &'static Linux,
    leaving: Leaving,
) -> Result<(), NotHeld> {
    leaving.leave(|| raw.unlock_write(p), || raw.unlock_abandoned(p), || raw.give_up(p))
}

impl<T: Plain + Sync, const READERS: usize> Drop for RwLockWriteGuard<'_, T, READERS> {
    #[inline]
    fn drop(&mut self) {
        // An error means a forked child's copy of its parent's guard: not its lock to release.
        let _ = self.release();
    }
}

impl<T: Plain + Sync, const READERS: usize> Deref for RwLockWriteGuard<'_, T, READERS> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the guard's thread holds the lock, so nobody else has access to the data.
        unsafe { &*self.lock.data.get() }
    }
}

impl<T: Plain + Sync, const READERS: usize> DerefMut for RwLockWriteGuard<'_, T, READERS> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`; and the guard is borrowed exclusively.
        unsafe { &mut *self.lock.data.get() }
    }
}

impl<T: Plain + Sync + fmt::Debug, const READERS: usize> fmt::Debug
    for RwLockWriteGuard<'_, T, READERS>
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
