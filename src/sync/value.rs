//! Shared values, with and without a lock of their own.

use core::cell::UnsafeCell;
use core::fmt;
use core::marker::PhantomData;
use core::mem::offset_of;
use core::panic::{RefUnwindSafe, UnwindSafe};
use std::thread;
use std::time::{Duration, Instant};

use super::mutex::{Obstacle, deadline_at, without_blocking};
use super::reentrant::{lock_lending_nothing, release};
use crate::deadline::Deadline;
use crate::diagnosis::Part;
use crate::error::{LockError, TryLockError};
use crate::platform::{Cell64, Linux, RobustWord, Word64, monotonic_now};
use crate::raw::mutex_state::State;
use crate::raw::{RawCell, RawMutex, RawReentrantMutex};
use crate::shm::outline::{Role, Words};
use crate::shm::{Outline, Plain, Shareable};

/// A number that fits 64 bits, as bits.
pub trait Scalar: Copy + Send + Sync + 'static + sealed::Sealed {
    /// The type's name, for the layout's fingerprint.
    const NAME: &'static str;
    /// The value as bits.
    fn to_bits64(self) -> u64;
    /// The value of these bits.
    fn from_bits64(bits: u64) -> Self;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! scalar {
    ($($scalar:ident: $to:expr, $from:expr;)*) => {$(
        impl sealed::Sealed for $scalar {}
        impl Scalar for $scalar {
            const NAME: &'static str = stringify!($scalar);
            #[inline]
            fn to_bits64(self) -> u64 {
                let to: fn($scalar) -> u64 = $to;
                to(self)
            }
            #[inline]
            fn from_bits64(bits: u64) -> Self {
                let from: fn(u64) -> $scalar = $from;
                from(bits)
            }
        }
    )*};
}

scalar! {
    u8: u64::from, |bits| bits as u8;
    u16: u64::from, |bits| bits as u16;
    u32: u64::from, |bits| bits as u32;
    u64: |value| value, |bits| bits;
    i8: |value| value as u64, |bits| bits as i8;
    i16: |value| value as u64, |bits| bits as i16;
    i32: |value| value as u64, |bits| bits as i32;
    i64: |value| value as u64, |bits| bits as i64;
    f32: |value| u64::from(value.to_bits()), |bits| f32::from_bits(bits as u32);
    f64: f64::to_bits, f64::from_bits;
    bool: u64::from, |bits| bits != 0;
}

/// A shared number without a lock: load and store, and nothing else.
///
/// **It loses updates.** `value.store(value.load() + 1)` is two steps; what another process stores between them is
/// overwritten. That is no defect of this type but what "without a lock" means. Use it for a flag, a
/// measurement, a limit that one process writes; use [`Counter`](crate::Counter) or
/// [`AtomicCounter`](crate::AtomicCounter) to count, and [`Value`] or [`Mutex`](crate::Mutex) for changes that
/// depend on what was there.
///
/// A load or a store is never torn. Nothing is ordered: that a flag is seen does not mean that what was written
/// before it is seen too.
///
/// # What is promised
///
/// | | shown by |
/// |---|---|
/// | a load sees some value that was stored, whole | `unlocked/*`, which also shows that additions are lost |
///
/// Not promised: that adding by load and store loses nothing: it does.
///
/// # If a holder dies
///
/// There is none: nothing can be left half-done.
///
/// # Examples
///
/// A flag that tells others to stop:
///
/// ```
/// use lockproof::{RawValue, Region, Workers};
///
/// let stop = Region::<RawValue<bool>>::anonymous()?;
/// let work = |_number| {
///     while !stop.load() {
///         std::thread::yield_now();
///     }
/// };
/// // SAFETY: this process has no other threads, and the function uses nothing that must not exist twice.
/// let workers = unsafe { Workers::fork(2, work) }?;
/// stop.store(true);
/// workers.join()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[repr(transparent)]
pub struct RawValue<T> {
    raw: RawCell<Word64>,
    scalar: PhantomData<T>,
}

// SAFETY: a transparent wrapper of one atomic.
unsafe impl<T: Scalar> Shareable for RawValue<T> {
    fn describe(into: &mut String) {
        into.push_str("RawValue<");
        into.push_str(T::NAME);
        into.push('>');
    }

    fn outline(into: &mut Outline) {
        into.primitive::<Self>(&[]);
    }

    fn after_reboot(&self) {}
}

impl<T: Scalar> RawValue<T> {
    /// Reads the value.
    #[inline]
    pub fn load(&self) -> T {
        T::from_bits64(self.raw.load(Linux::lockless()))
    }

    /// Writes the value.
    #[inline]
    pub fn store(&self, value: T) {
        self.raw.store(Linux::lockless(), value.to_bits64());
    }
}

impl<T> fmt::Debug for RawValue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawValue").finish_non_exhaustive()
    }
}

/// A shared value with a lock of its own, which its holder may take again: Python's `multiprocessing.Value`.
///
/// [`get`](Self::get) and [`set`](Self::set) each take the lock. To read, compute and write as one step, hold it
/// meanwhile: [`lock`](Self::lock) is Python's `get_lock()`. That takes the lock three times for one increment, once
/// for itself and once in each of `get` and `set`, which makes this the slow way to count;
/// [`Mutex`](crate::Mutex) and [`Counter`](crate::Counter) take it once.
///
/// # What is promised
///
/// | | shown by |
/// |---|---|
/// | no change is lost that is made with the lock held; what [`Mutex`](crate::Mutex) promises of deaths | `value-lock/*`, `value/*/stress` |
///
/// Not promised: that a `get` and the `set` that follows are one step, unless the lock is held meanwhile; an order among those that
/// wait.
///
/// # If a holder dies
///
/// As [`Mutex`](crate::Mutex): the next to take the lock is told, with the guard in the error. `get` and `set` tell it
/// as well, and have then read or written nothing. The end of its thread with the guard forgotten is a death, too.
///
/// # Examples
///
/// ```
/// use lockproof::{Region, Value, Workers};
///
/// let total = Region::<Value<u64>>::anonymous()?;
/// let work = |_number| {
///     for _ in 0..1000 {
///         let _held = total.lock().expect("nobody has died");
///         let before = total.get().expect("held already");
///         total.set(before + 1).expect("held already");
///     }
/// };
/// // SAFETY: this process has no other threads, and the function uses nothing that must not exist twice.
/// let workers = unsafe { Workers::fork(2, work) }?;
/// workers.join()?;
/// assert_eq!(total.get().expect("nobody has died"), 2000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[repr(C)]
pub struct Value<T> {
    raw: RawReentrantMutex<RobustWord, Cell64>,
    data: UnsafeCell<T>,
}

// SAFETY: the raw mutex admits one thread at a time to the data, which may be sent to it.
unsafe impl<T: Send> Sync for Value<T> {}

// As `Mutex`: a panic under the lock is reported to the next holder.
impl<T> UnwindSafe for Value<T> {}
impl<T> RefUnwindSafe for Value<T> {}

// SAFETY: `repr(C)` of a lock of atomics and of plain data under that lock; no pointers and no drop glue in either.
unsafe impl<T: Plain> Shareable for Value<T> {
    fn describe(into: &mut String) {
        into.push_str("Value<");
        T::describe(into);
        into.push('>');
    }

    fn outline(into: &mut Outline) {
        into.primitive::<Self>(&[Words::one(Role::Mutex(Part::Lock), offset_of!(Self, raw))]);
    }

    fn after_reboot(&self) {
        if let Ok(p) = Linux::current() {
            self.raw.mutex().forget_holder(p);
        }
    }
}

impl<T: Plain> Value<T> {
    /// Takes the value's lock, or takes it once more.
    ///
    /// # Errors
    ///
    /// See [`LockError`], of which `AlreadyHeld` does not occur. With [`LockError::OwnerDied`] the lock *is* taken;
    /// the guard is inside.
    // Always: see `Mutex::lock`.
    #[inline(always)]
    pub fn lock(&self) -> Result<ValueGuard<'_, T>, LockError<ValueGuard<'_, T>>> {
        self.lock_until(Deadline::Never)
            .map_err(|obstacle| without_blocking(self.in_words(obstacle)))
    }

    /// Takes the value's lock, or takes it once more, if nobody else holds it.
    ///
    /// # Errors
    ///
    /// [`TryLockError::WouldBlock`] if somebody else does; else as [`lock`](Self::lock).
    ///
    /// # Examples
    ///
    /// ```
    /// use lockproof::{Region, Value, error::TryLockError};
    ///
    /// let level = Region::<Value<i32>>::anonymous()?;
    /// let raise = || match level.try_lock() {
    ///     Ok(held) => {
    ///         held.write(held.read() + 1);
    ///         true
    ///     }
    ///     Err(TryLockError::WouldBlock(_)) => false, // later, perhaps
    ///     Err(error) => panic!("{error}"),
    /// };
    /// assert!(raise());
    /// let _held = level.lock().expect("nobody has died");
    /// assert!(raise(), "its holder may take it again");
    /// std::thread::scope(|scope| scope.spawn(|| assert!(!raise())).join()).expect("no panic");
    /// assert_eq!(level.get().expect("held already"), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_lock(&self) -> Result<ValueGuard<'_, T>, TryLockError<ValueGuard<'_, T>>> {
        self.lock_until(Deadline::Now).map_err(|obstacle| self.in_words(obstacle))
    }

    /// Takes the value's lock, or takes it once more, waiting for it no longer than `timeout`.
    ///
    /// # Errors
    ///
    /// [`TryLockError::WouldBlock`] if the time ran out; else as [`lock`](Self::lock).
    pub fn try_lock_for(
        &self,
        timeout: Duration,
    ) -> Result<ValueGuard<'_, T>, TryLockError<ValueGuard<'_, T>>> {
        self.lock_until(Deadline::after(monotonic_now(), timeout))
            .map_err(|obstacle| self.in_words(obstacle))
    }

    /// Takes the value's lock, or takes it once more, waiting for it no longer than until `moment`.
    ///
    /// # Errors
    ///
    /// As [`try_lock_for`](Self::try_lock_for).
    pub fn try_lock_until(
        &self,
        moment: Instant,
    ) -> Result<ValueGuard<'_, T>, TryLockError<ValueGuard<'_, T>>> {
        self.lock_until(deadline_at(moment)).map_err(|obstacle| self.in_words(obstacle))
    }

    #[inline(always)]
    fn lock_until(&self, deadline: Deadline) -> Result<ValueGuard<'_, T>, Obstacle> {
        let p = lock_lending_nothing(&self.raw, deadline)?;
        Ok(ValueGuard { value: self, p, panicking_before: thread::panicking() })
    }

    #[cold]
    #[inline(never)]
    fn in_words(&self, obstacle: Obstacle) -> TryLockError<ValueGuard<'_, T>> {
        let panicking_before = thread::panicking();
        obstacle.in_words(|p| ValueGuard { value: self, p, panicking_before })
    }

    /// The value.
    ///
    /// # Errors
    ///
    /// As [`lock`](Self::lock).
    pub fn get(&self) -> Result<T, LockError<ValueGuard<'_, T>>> {
        self.lock().map(|guard| guard.read())
    }

    /// Replaces the value.
    ///
    /// # Errors
    ///
    /// As [`lock`](Self::lock); nothing was written.
    pub fn set(&self, value: T) -> Result<(), LockError<ValueGuard<'_, T>>> {
        self.lock().map(|guard| guard.write(value))
    }

    /// What the lock's word says at this moment: who holds it, whether anybody may sleep on it, whether a holder
    /// died. For diagnosis: it may say something else by the time the caller looks at it.
    #[must_use]
    pub fn status(&self) -> State {
        self.raw.mutex().state(Linux::lockless())
    }
}

impl<T> Value<T> {
    /// Its lock, to look at.
    pub(crate) const fn raw_mutex(&self) -> &RawMutex<RobustWord> {
        self.raw.mutex()
    }
}

impl<T> fmt::Debug for Value<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Value").finish_non_exhaustive()
    }
}

/// The lock of a [`Value`], held. As the same thread may hold several of them, it gives copies of the value, not
/// references to it.
///
/// Belongs to the thread that took it, and cannot be sent to another one.
///
/// ```compile_fail,E0277
/// let region = lockproof::Region::<lockproof::Value<u64>>::anonymous().unwrap();
/// let guard = region.lock().unwrap();
/// std::thread::scope(|scope| {
///     scope.spawn(move || drop(guard));
/// });
/// ```
///
/// # If a holder dies
///
/// See [`Value`]. A panic that drops the last guard counts as the holder's death.
#[must_use = "the lock is released as soon as the guard is dropped"]
pub struct ValueGuard<'a, T: Plain> {
    value: &'a Value<T>,
    /// The thread's platform, which cannot be sent: the kernel knows the holder by its thread.
    p: &'static Linux,
    panicking_before: bool,
}

impl<T: Plain> ValueGuard<'_, T> {
    /// The value.
    #[must_use]
    pub fn read(&self) -> T {
        // SAFETY: this thread holds the lock, no other has access, and nobody is ever given a reference.
        unsafe { *self.value.data.get() }
    }

    /// Replaces the value.
    pub fn write(&self, value: T) {
        // SAFETY: as in `read`.
        unsafe { *self.value.data.get() = value };
    }

    /// Declares the value consistent again, after [`LockError::OwnerDied`]. Does nothing otherwise.
    pub fn make_consistent(&mut self) {
        // Cannot fail: the guard's thread holds the lock. In a forked child, which does not, nothing changes.
        let _ = self.value.raw.make_consistent(self.p);
    }
}

impl<T: Plain, const N: usize> ValueGuard<'_, [T; N]>
where
    [T; N]: Plain,
{
    /// An element of an array.
    pub(super) fn element(&self, at: usize) -> T {
        // SAFETY: as in `read`; the reference does not outlive this call.
        let array = unsafe { &*self.value.data.get() };
        array[at]
    }

    /// Replaces an element of an array.
    pub(super) fn set_element(&self, at: usize, value: T) {
        // SAFETY: as in `element`; nobody else has a reference.
        let array = unsafe { &mut *self.value.data.get() };
        array[at] = value;
    }
}

impl<T: Plain> Drop for ValueGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // An error means a forked child's copy of its parent's guard: not its lock to release.
        let _ = release(&self.value.raw, self.p, self.panicking_before);
    }
}

impl<T: Plain + fmt::Debug> fmt::Debug for ValueGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.read().fmt(f)
    }
}
