//! Semaphores: permits for so many at a time, and signals.

use core::fmt;
use core::mem::offset_of;
use std::time::{Duration, Instant};

use super::mutex::{deadline_at, not_taken, without_blocking};
use crate::deadline::Deadline;
use crate::diagnosis::Part;
use crate::error::{LockError, TryLockError};
use crate::platform::{Linux, Platform, RobustWord, monotonic_now};
use crate::raw::{RawSemaphore, Slots};
use crate::shm::outline::{Role, Told, Words};
use crate::shm::{Outline, Shareable};

/// A semaphore with `PERMITS` permits to begin with, and up to `MOST`, between processes and threads: Python's
/// `multiprocessing.Semaphore`. `MOST` is 1 to 128.
///
/// There are two ways to use it, also both at once:
///
/// - [`acquire`](Self::acquire) gives a guard. The permit belongs to the thread that acquired it, is given back when the guard
///   is dropped, and comes back if the thread dies.
/// - [`wait`](Self::wait) and [`post`](Self::post), by hand, as POSIX's `sem_wait` and `sem_post`. The permit belongs to nobody:
///   anyone may give it back, and one that is given without having been taken is a signal, which some `wait` takes. With
///   `PERMITS` 0, that is all there is.
///
/// # Fairness
///
/// None is promised: a thread that arrives while there is a permit takes it, whoever has waited longer. Who waits for several
/// permits at once keeps those that it has got, and nobody who came to wait after it gets one before.
///
/// # What is promised
///
/// | | shown by |
/// |---|---|
/// | no more are inside than there are permits; everybody gets there | `semaphore/*`, `semaphore-two/*`, `semaphore-both/*`, `semaphore-lent/*` |
/// | the permits of the dead come back | `semaphore*/*/deaths-*`, `semaphore/*/crash`, `semaphore/*/stress` |
/// | a signal is taken once, and nobody waits in vain for one that is there | `semaphore-signal/*`, `semaphore-posted/*` |
/// | several at once are taken together or not at all, and two that want several do not keep each other waiting | `semaphore-many/*`, `semaphore-many-of-three/*`, `permits/*/stress` |
/// | there are never more than `MOST`: one too many is refused, and changes nothing | `semaphore-full/*` |
/// | one that gives up in time takes no wake with it, and no permit | `semaphore-deadline/*`, `semaphore-many-deadline/*`, `semaphore-signal-deadline/*` |
/// | somebody always gets on, and whoever waits sleeps | `semaphore-endless/*`, `semaphore-many-endless/*`, `semaphore-signal-endless/*` |
///
/// Not promised: an order among those that wait; that a permit taken by hand comes back.
///
/// # What it costs
///
/// To take a permit that is there is one compare-exchange, and the more looks the more are taken. Of those that wait, one sleeps on
/// the words of all permits at once, so that it is woken whoever dies, and the others behind it: waiting costs more the larger `MOST`
/// is. `lockproof bench semaphore` measures it beside POSIX's, and `docs/bench.md`, in the repository, has the figures.
///
/// # If a holder dies
///
/// By SIGKILL, exit, exec, the end of its thread: its acquired permits come back at once, and nobody
/// is told. Permits taken by hand do not come back. A dead waiter disturbs nobody. On Linux before 5.16, and where a sandbox
/// refuses `futex_waitv`, a waiter may notice a permit that comes back late, by some milliseconds.
///
/// # Examples
///
/// ```
/// use lockproof::{AtomicCounter, Region, Semaphore, Workers, shareable};
///
/// shareable! {
///     struct Shared {
///         connections: Semaphore<2, 2>,
///         connected: AtomicCounter,
///         done: Semaphore<0, 16>,
///     }
/// }
///
/// let shared = Region::<Shared>::anonymous()?;
/// let work = |_number| -> Result<(), Box<dyn std::error::Error>> {
///     let connection = shared.connections.acquire()?;
///     assert!(shared.connected.increment() < 2, "two at a time");
///     shared.connected.add(1_u64.wrapping_neg());
///     drop(connection);
///     shared.done.post()?; // a signal
///     Ok(())
/// };
/// // SAFETY: this process has no other threads, and the function uses nothing that must not exist twice.
/// let workers = unsafe { Workers::fork(4, work) }?;
/// for _ in 0..4 {
///     shared.done.wait()?;
/// }
/// assert_eq!(shared.connections.available(), 2);
/// workers.join()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[repr(transparent)]
pub struct Semaphore<const PERMITS: usize, const MOST: usize> {
    raw: RawSemaphore<RobustWord, MOST>,
}

/// A semaphore with `PERMITS` permits, and never more: a [`post`](Semaphore::post) that would add one is refused. Python's
/// `multiprocessing.BoundedSemaphore`.
///
/// It is another name for a [`Semaphore`], whose methods it has.
///
/// # What is promised
///
/// | | shown by |
/// |---|---|
/// | what [`Semaphore`] promises, with all permits there to begin with | `semaphore/*`, `semaphore-two/*`, `semaphore-both/*` |
/// | there are never more permits than `PERMITS` | `semaphore-full/*`, `tests/semaphore.rs` |
///
/// Not promised: that a permit is given back by the one who took it by hand: any other may do so.
///
/// # If a holder dies
///
/// As [`Semaphore`].
///
/// # Examples
///
/// ```
/// use lockproof::{BoundedSemaphore, Region, Workers};
///
/// let seats = Region::<BoundedSemaphore<2>>::anonymous()?;
/// let work = |number| -> Result<(), Box<dyn std::error::Error>> {
///     let _seat = seats.acquire()?;
///     if number == 0 {
///         std::process::abort(); // and its seat is free
///     }
///     Ok(())
/// };
/// // SAFETY: this process has no other threads, and the function uses nothing that must not exist twice.
/// let workers = unsafe { Workers::fork(4, work) }?;
/// assert!(workers.join().is_err(), "one was aborted");
/// assert_eq!(seats.available(), 2);
/// assert!(seats.post().is_err(), "there are two seats");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type BoundedSemaphore<const PERMITS: usize> = Semaphore<PERMITS, PERMITS>;

// SAFETY: a transparent wrapper of words made of atomics, without pointers that anybody follows and without drop glue.
unsafe impl<const PERMITS: usize, const MOST: usize> Shareable for Semaphore<PERMITS, MOST> {
    fn describe(into: &mut String) {
        const { assert!(MOST >= 1 && MOST <= 128, "a semaphore has 1 to 128 permits at the most") };
        const { assert!(PERMITS <= MOST, "no more permits to begin with than there can be") };
        into.push_str(&format!("Semaphore<{PERMITS}, {MOST}>"));
    }

    fn outline(into: &mut Outline) {
        let raw = offset_of!(Self, raw);
        let [turn, slots] = RawSemaphore::<RobustWord, MOST>::PARTS_AT.map(|at| raw + at);
        let more = slots + PERMITS * size_of::<RobustWord>();
        let words = [
            Words::one(Role::Turn, turn),
            Words::row(Role::Any(Part::Permit), slots, MOST),
            Words::row(Role::Tells(Told::Permits), slots, PERMITS),
            Words::row(Role::Tells(Told::MorePermits), more, MOST - PERMITS),
        ];
        into.primitive::<Self>(&words);
    }

    fn after_reboot(&self) {
        if let Ok(p) = Linux::current() {
            self.raw.forget_holders(p);
        }
    }
}

/// A permit could not be given back or added: none is taken by hand, and there are as many as there can be. (POSIX:
/// `EOVERFLOW`.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TooManyPermits;

impl fmt::Display for TooManyPermits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "no permit of this semaphore is taken by hand, and it has as many as it can have: more was \
             given back than was taken",
        )
    }
}

impl core::error::Error for TooManyPermits {}

impl<const PERMITS: usize, const MOST: usize> Semaphore<PERMITS, MOST> {
    /// Acquires a permit, waiting for it as long as it takes.
    ///
    /// # Errors
    ///
    /// See [`LockError`], of which `OwnerDied`, `NotRecoverable` and `AlreadyHeld` do not occur.
    #[inline]
    pub fn acquire(&self) -> Result<Permit<'_, PERMITS, MOST>, LockError<()>> {
        self.acquire_before(1, Deadline::Never).map_err(without_blocking)
    }

    /// Acquires a permit if there is one.
    ///
    /// # Errors
    ///
    /// [`TryLockError::WouldBlock`] if there is none; else as [`acquire`](Self::acquire).
    pub fn try_acquire(&self) -> Result<Permit<'_, PERMITS, MOST>, TryLockError<()>> {
        self.acquire_before(1, Deadline::Now)
    }

    /// Acquires a permit, waiting for it no longer than `timeout`.
    ///
    /// # Errors
    ///
    /// [`TryLockError::WouldBlock`] if the time ran out; else as [`acquire`](Self::acquire).
    pub fn try_acquire_for(
        &self,
        timeout: Duration,
    ) -> Result<Permit<'_, PERMITS, MOST>, TryLockError<()>> {
        self.acquire_before(1, Deadline::after(monotonic_now(), timeout))
    }

    /// Acquires a permit, waiting for it no longer than until `moment`.
    ///
    /// # Errors
    ///
    /// As [`try_acquire_for`](Self::try_acquire_for).
    pub fn try_acquire_until(
        &self,
        moment: Instant,
    ) -> Result<Permit<'_, PERMITS, MOST>, TryLockError<()>> {
        self.acquire_before(1, deadline_at(moment))
    }

    /// Acquires so many permits together, waiting for them as long as it takes.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    ///
    /// # Panics
    ///
    /// If there can never be so many.
    pub fn acquire_many(&self, n: usize) -> Result<Permit<'_, PERMITS, MOST>, LockError<()>> {
        self.acquire_before(n, Deadline::Never).map_err(without_blocking)
    }

    /// Acquires so many permits together, if there are so many. It cannot while somebody waits for a permit, or, for a
    /// moment, while somebody else takes several; and others may find too few while it looks.
    ///
    /// # Errors
    ///
    /// [`TryLockError::WouldBlock`] if it cannot, and none is acquired; else as [`acquire`](Self::acquire).
    ///
    /// # Panics
    ///
    /// If there can never be so many.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockproof::{BoundedSemaphore, Region};
    ///
    /// let seats = Region::<BoundedSemaphore<5>>::anonymous()?;
    /// let family = seats.try_acquire_many(3)?;
    /// assert!(seats.try_acquire_many(3).is_err(), "two are left");
    /// drop(family);
    /// assert_eq!(seats.try_acquire_many(5)?.count(), 5);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_acquire_many(
        &self,
        n: usize,
    ) -> Result<Permit<'_, PERMITS, MOST>, TryLockError<()>> {
        self.acquire_before(n, Deadline::Now)
    }

    /// Acquires so many permits together, waiting for them no longer than `timeout`.
    ///
    /// # Errors
    ///
    /// [`TryLockError::WouldBlock`] if the time ran out, and none is acquired; else as [`acquire`](Self::acquire).
    ///
    /// # Panics
    ///
    /// If there can never be so many.
    pub fn try_acquire_many_for(
        &self,
        n: usize,
        timeout: Duration,
    ) -> Result<Permit<'_, PERMITS, MOST>, TryLockError<()>> {
        self.acquire_before(n, Deadline::after(monotonic_now(), timeout))
    }

    /// Acquires so many permits together, waiting for them no longer than until `moment`.
    ///
    /// # Errors
    ///
    /// As [`try_acquire_many_for`](Self::try_acquire_many_for).
    ///
    /// # Panics
    ///
    /// If there can never be so many.
    pub fn try_acquire_many_until(
        &self,
        n: usize,
        moment: Instant,
    ) -> Result<Permit<'_, PERMITS, MOST>, TryLockError<()>> {
        self.acquire_before(n, deadline_at(moment))
    }

    #[inline]
    fn acquire_before(
        &self,
        n: usize,
        deadline: Deadline,
    ) -> Result<Permit<'_, PERMITS, MOST>, TryLockError<()>> {
        assert!(n <= MOST, "{n} permits of a semaphore that has {MOST} at the most");
        // For a thread that is not known yet, no case is plain.
        let p = Linux::lockless();
        let first = p.me() as usize;
        if n != 1 {
            return self.acquire_many_before(n, deadline);
        }
        match self.raw.acquire_plain(p, PERMITS, first) {
            Ok(slot) => {
                p.newest_lends_nothing(&self.raw.parts().1[slot]);
                Ok(Permit { semaphore: self, p, slots: 1 << slot })
            }
            Err(tried) => self.acquire_otherwise(first, tried, deadline),
        }
    }

    #[cold]
    #[inline(never)]
    fn acquire_otherwise(
        &self,
        first: usize,
        tried: usize,
        deadline: Deadline,
    ) -> Result<Permit<'_, PERMITS, MOST>, TryLockError<()>> {
        let p = Linux::current().map_err(LockError::Unsupported)?;
        let taken = self.raw.acquire_otherwise(p, PERMITS, first, tried, deadline);
        taken.map(|slots| self.permit(p, slots)).map_err(not_taken)
    }

    fn acquire_many_before(
        &self,
        n: usize,
        deadline: Deadline,
    ) -> Result<Permit<'_, PERMITS, MOST>, TryLockError<()>> {
        let p = Linux::current().map_err(LockError::Unsupported)?;
        let taken = if n == 0 { Ok(0) } else { self.raw.acquire_many(p, PERMITS, n, deadline) };
        taken.map(|slots| self.permit(p, slots)).map_err(not_taken)
    }

    fn permit(&self, p: &'static Linux, slots: Slots) -> Permit<'_, PERMITS, MOST> {
        self.raw.robust(slots).for_each(|word| p.lends_nothing(word));
        Permit { semaphore: self, p, slots }
    }

    /// Takes a permit by hand, waiting for it as long as it takes.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    pub fn wait(&self) -> Result<(), LockError<()>> {
        self.wait_before(Deadline::Never).map_err(without_blocking)
    }

    /// Takes a permit by hand if there is one.
    ///
    /// # Errors
    ///
    /// [`TryLockError::WouldBlock`] if there is none; else as [`acquire`](Self::acquire).
    pub fn try_wait(&self) -> Result<(), TryLockError<()>> {
        self.wait_before(Deadline::Now)
    }

    /// Takes a permit by hand, waiting for it no longer than `timeout`.
    ///
    /// # Errors
    ///
    /// [`TryLockError::WouldBlock`] if the time ran out; else as [`acquire`](Self::acquire).
    pub fn try_wait_for(&self, timeout: Duration) -> Result<(), TryLockError<()>> {
        self.wait_before(Deadline::after(monotonic_now(), timeout))
    }

    /// Takes a permit by hand, waiting for it no longer than until `moment`.
    ///
    /// # Errors
    ///
    /// As [`try_wait_for`](Self::try_wait_for).
    pub fn try_wait_until(&self, moment: Instant) -> Result<(), TryLockError<()>> {
        self.wait_before(deadline_at(moment))
    }

    fn wait_before(&self, deadline: Deadline) -> Result<(), TryLockError<()>> {
        let p = Linux::current().map_err(LockError::Unsupported)?;
        self.raw.wait(p, PERMITS, deadline).map_err(not_taken)
    }

    /// Gives back a permit that was taken by hand, by whomever; or adds one, if none is and there is room.
    ///
    /// # Errors
    ///
    /// [`TooManyPermits`], and nothing changes, if there is none to give back and no room for more.
    pub fn post(&self) -> Result<(), TooManyPermits> {
        // One that cannot use locks can signal all the same: it is no holder of anything.
        let p = Linux::current().unwrap_or_else(|_| Linux::lockless());
        self.raw.post(p, PERMITS).map_err(|_| TooManyPermits)
    }

    /// [`post`](Self::post)s up to `n` permits, and says how many: fewer if there is no room for more. They are posted one by
    /// one: others may take the first before the last is there, and whoever dies on the way has posted some of them.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockproof::{Region, Semaphore};
    ///
    /// let signals = Region::<Semaphore<0, 4>>::anonymous()?;
    /// assert_eq!(signals.post_some(3), 3);
    /// signals.wait()?;
    /// assert_eq!(signals.post_some(3), 2, "there is room for four");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use = "it says how many were posted: there may have been no room for all"]
    pub fn post_some(&self, n: usize) -> usize {
        (0..n).take_while(|_| self.post().is_ok()).count()
    }

    /// How many permits are free at this moment. It may be another number by the time the caller looks at it.
    #[must_use]
    pub fn available(&self) -> usize {
        self.raw.free(Linux::lockless(), PERMITS)
    }
}

impl<const PERMITS: usize, const MOST: usize> Semaphore<PERMITS, MOST> {
    /// What it is made of, to look at.
    pub(crate) const fn raw(&self) -> &RawSemaphore<RobustWord, MOST> {
        &self.raw
    }
}

impl<const PERMITS: usize, const MOST: usize> fmt::Debug for Semaphore<PERMITS, MOST> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Semaphore").field("available", &self.available()).finish()
    }
}

/// A permit, or several acquired together: given back when dropped.
///
/// Belongs to the thread that acquired it, and cannot be sent to another one:
///
/// ```compile_fail,E0277
/// let region = lockproof::Region::<lockproof::BoundedSemaphore<2>>::anonymous().unwrap();
/// let permit = region.acquire().unwrap();
/// std::thread::scope(|scope| {
///     scope.spawn(move || drop(permit));
/// });
/// ```
///
/// # If a holder dies
///
/// Its permits come back: see [`Semaphore`]. In a forked child, this holds nothing.
#[must_use = "the permit is given back as soon as this is dropped"]
pub struct Permit<'a, const PERMITS: usize, const MOST: usize> {
    semaphore: &'a Semaphore<PERMITS, MOST>,
    /// The thread's platform, which cannot be sent: the kernel knows the holder by its thread.
    p: &'static Linux,
    slots: Slots,
}

impl<const PERMITS: usize, const MOST: usize> Permit<'_, PERMITS, MOST> {
    /// How many permits these are.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.slots.count_ones() as usize
    }
}

impl<const PERMITS: usize, const MOST: usize> Drop for Permit<'_, PERMITS, MOST> {
    #[inline]
    fn drop(&mut self) {
        // In a forked child they are its parent's, and stay so.
        self.semaphore.raw.release(self.p, self.slots);
    }
}

impl<const PERMITS: usize, const MOST: usize> fmt::Debug for Permit<'_, PERMITS, MOST> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("count", &self.count()).finish()
    }
}
