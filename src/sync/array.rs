//! Shared arrays, with and without a lock of their own.

use core::fmt;
use std::time::{Duration, Instant};

use super::value::{RawValue, Value, ValueGuard};
use crate::diagnosis::Part;
use crate::error::{LockError, TryLockError};
use crate::platform::RobustWord;
use crate::raw::RawMutex;
use crate::raw::mutex_state::State;
use crate::shm::outline::{Role, Words};
use crate::shm::{Outline, Plain, Shareable};

/// Shared numbers without a lock: each is loaded and stored by itself, and **loses updates**, as
/// [`RawValue`] says. Python's `multiprocessing.RawArray`.
///
/// # What is promised
///
/// | | shown by |
/// |---|---|
/// | what [`RawValue`] promises, of each element | `unlocked/*`, which also shows that additions are lost |
///
/// Not promised: that adding by load and store loses nothing: it does; that several elements fit together.
///
/// # If a holder dies
///
/// There is none: nothing can be left half-done.
///
/// # Examples
///
/// Each process has an element of its own:
///
/// ```
/// use lockproof::{RawArray, Region, Workers};
///
/// let results = Region::<RawArray<u64, 4>>::anonymous()?;
/// let work = |number: usize| results[number].store(number as u64 * 10);
/// // SAFETY: this process has no other threads, and the function uses nothing that must not exist twice.
/// let workers = unsafe { Workers::fork(4, work) }?;
/// workers.join()?;
/// assert_eq!(results.each_ref().map(|each| each.load()), [0, 10, 20, 30]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type RawArray<T, const N: usize> = [RawValue<T>; N];

/// A shared array with one lock for the whole, which its holder may take again: Python's `multiprocessing.Array`.
///
/// [`get`](Self::get) and [`set`](Self::set) each take the lock. To read, compute and write as one step, or several
/// elements together, hold it meanwhile: [`lock`](Self::lock) is Python's `get_lock()`. Where nobody takes the lock twice,
/// [`Mutex`](crate::Mutex)`<[T; N]>` is faster.
///
/// # What is promised
///
/// | | shown by |
/// |---|---|
/// | no change is lost that is made with the lock held; what [`Mutex`](crate::Mutex) promises of deaths | `value-lock/*`, `array/*/stress` |
///
/// Not promised: an order among those that wait; that elements fit together after a death in between two
/// changes.
///
/// # If a holder dies
///
/// As [`Mutex`](crate::Mutex): the next to take the lock is told, with the guard in the error. `get` and `set` tell it
/// as well, and have then read or written nothing. The end of its thread with the guard forgotten is a death, too.
///
/// # Examples
///
/// ```
/// use lockproof::{Array, Region, Workers};
///
/// let places = Region::<Array<i64, 3>>::anonymous()?;
/// let work = |_number| {
///     for round in 0..1000 {
///         let (from, to) = (round % 3, (round + 1) % 3);
///         let held = places.lock().expect("nobody has died");
///         held.write(from, held.read(from) - 1);
///         held.write(to, held.read(to) + 1);
///     }
/// };
/// places.set(0, 10).expect("nobody has died");
/// // SAFETY: this process has no other threads, and the function uses nothing that must not exist twice.
/// let workers = unsafe { Workers::fork(2, work) }?;
/// workers.join()?;
/// assert_eq!(places.lock().expect("nobody has died").read_all(), [8, 2, 0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[repr(transparent)]
pub struct Array<T, const N: usize> {
    value: Value<[T; N]>,
}

// SAFETY: a transparent wrapper of something shareable.
unsafe impl<T: Plain, const N: usize> Shareable for Array<T, N>
where
    [T; N]: Plain,
{
    fn describe(into: &mut String) {
        into.push_str("Array<");
        T::describe(into);
        into.push_str(&format!("; {N}>"));
    }

    fn outline(into: &mut Outline) {
        // In one lock for the whole, as `Value` has it.
        into.primitive::<Self>(&[Words::one(Role::Mutex(Part::Lock), 0)]);
    }

    fn after_reboot(&self) {
        self.value.after_reboot();
    }
}

impl<T: Plain, const N: usize> Array<T, N>
where
    [T; N]: Plain,
{
    /// Takes the array's lock, or takes it once more.
    ///
    /// # Errors
    ///
    /// See [`LockError`], of which `AlreadyHeld` does not occur. With [`LockError::OwnerDied`] the lock *is* taken;
    /// the guard is inside.
    pub fn lock(&self) -> Result<ArrayGuard<'_, T, N>, LockError<ArrayGuard<'_, T, N>>> {
        self.value.lock().map(ArrayGuard::of).map_err(|error| error.map(ArrayGuard::of))
    }

    /// Takes the array's lock, or takes it once more, if nobody else holds it.
    ///
    /// # Errors
    ///
    /// [`TryLockError::WouldBlock`] if somebody else does; else as [`lock`](Self::lock).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use lockproof::{Array, Region, error::TryLockError};
    ///
    /// let table = Region::<Array<u8, 4>>::anonymous()?;
    /// let clear = || match table.try_lock_for(Duration::from_millis(10)) {
    ///     Ok(held) => {
    ///         held.write_all([0; 4]);
    ///         true
    ///     }
    ///     Err(TryLockError::WouldBlock(_)) => false, // somebody is slow
    ///     Err(error) => panic!("{error}"),
    /// };
    /// let held = table.try_lock().expect("nobody else is here");
    /// held.write(2, 7);
    /// std::thread::scope(|scope| scope.spawn(|| assert!(!clear())).join()).expect("no panic");
    /// assert_eq!(held.read(2), 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_lock(&self) -> Result<ArrayGuard<'_, T, N>, TryLockError<ArrayGuard<'_, T, N>>> {
        self.value.try_lock().map(ArrayGuard::of).map_err(|error| error.map(ArrayGuard::of))
    }

    /// Takes the array's lock, or takes it once more, waiting for it no longer than `timeout`.
    ///
    /// # Errors
    ///
    /// [`TryLockError::WouldBlock`] if the time ran out; else as [`lock`](Self::lock).
    pub fn try_lock_for(
        &self,
        timeout: Duration,
    ) -> Result<ArrayGuard<'_, T, N>, TryLockError<ArrayGuard<'_, T, N>>> {
        let taken = self.value.try_lock_for(timeout);
        taken.map(ArrayGuard::of).map_err(|error| error.map(ArrayGuard::of))
    }

    /// Takes the array's lock, or takes it once more, waiting for it no longer than until `moment`.
    ///
    /// # Errors
    ///
    /// As [`try_lock_for`](Self::try_lock_for).
    pub fn try_lock_until(
        &self,
        moment: Instant,
    ) -> Result<ArrayGuard<'_, T, N>, TryLockError<ArrayGuard<'_, T, N>>> {
        let taken = self.value.try_lock_until(moment);
        taken.map(ArrayGuard::of).map_err(|error| error.map(ArrayGuard::of))
    }

    /// An element.
    ///
    /// # Errors
    ///
    /// As [`lock`](Self::lock).
    ///
    /// # Panics
    ///
    /// Where there is no such element. The lock is not taken then.
    #[track_caller]
    pub fn get(&self, at: usize) -> Result<T, LockError<ArrayGuard<'_, T, N>>> {
        Self::expect_element(at);
        self.lock().map(|held| held.read(at))
    }

    /// Replaces an element.
    ///
    /// # Errors
    ///
    /// As [`lock`](Self::lock); nothing was written.
    ///
    /// # Panics
    ///
    /// Where there is no such element. The lock is not taken then.
    #[track_caller]
    pub fn set(&self, at: usize, value: T) -> Result<(), LockError<ArrayGuard<'_, T, N>>> {
        Self::expect_element(at);
        self.lock().map(|held| held.write(at, value))
    }

    /// Before the lock is taken: a panic under it would count as the holder's death.
    #[track_caller]
    fn expect_element(at: usize) {
        assert!(at < N, "index out of bounds: the len is {N} but the index is {at}");
    }

    /// How many elements there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        N
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        N == 0
    }

    /// What the lock's word says at this moment: who holds it, whether anybody may sleep on it, whether a holder
    /// died. For diagnosis: it may say something else by the time the caller looks at it.
    #[must_use]
    pub fn status(&self) -> State {
        self.value.status()
    }
}

impl<T, const N: usize> Array<T, N> {
    /// Its lock, to look at.
    pub(crate) const fn raw_mutex(&self) -> &RawMutex<RobustWord> {
        self.value.raw_mutex()
    }
}

impl<T, const N: usize> fmt::Debug for Array<T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Array").field("len", &N).finish_non_exhaustive()
    }
}

/// The lock of an [`Array`], held. As the same thread may hold several of them, it gives copies of the elements, not
/// references to them.
///
/// Belongs to the thread that took it, and cannot be sent to another one.
///
/// ```compile_fail,E0277
/// let region = lockproof::Region::<lockproof::Array<u64, 4>>::anonymous().unwrap();
/// let guard = region.lock().unwrap();
/// std::thread::scope(|scope| {
///     scope.spawn(move || drop(guard));
/// });
/// ```
///
/// # If a holder dies
///
/// See [`Array`]. A panic that drops the last guard counts as the holder's death.
#[must_use = "the lock is released as soon as the guard is dropped"]
pub struct ArrayGuard<'a, T: Plain, const N: usize>
where
    [T; N]: Plain,
{
    held: ValueGuard<'a, [T; N]>,
}

impl<'a, T: Plain, const N: usize> ArrayGuard<'a, T, N>
where
    [T; N]: Plain,
{
    const fn of(held: ValueGuard<'a, [T; N]>) -> Self {
        Self { held }
    }

    /// An element.
    ///
    /// # Panics
    ///
    /// Where there is no such element, with the lock held: see [`Array`].
    #[must_use]
    pub fn read(&self, at: usize) -> T {
        self.held.element(at)
    }

    /// Replaces an element.
    ///
    /// # Panics
    ///
    /// Where there is no such element, with the lock held: see [`Array`].
    pub fn write(&self, at: usize, value: T) {
        self.held.set_element(at, value);
    }

    /// All elements.
    #[must_use]
    pub fn read_all(&self) -> [T; N] {
        self.held.read()
    }

    /// Replaces all elements.
    pub fn write_all(&self, values: [T; N]) {
        self.held.write(values);
    }

    /// Declares the array consistent again, after [`LockError::OwnerDied`]. Does nothing otherwise.
    pub fn make_consistent(&mut self) {
        self.held.make_consistent();
    }
}

impl<T: Plain + fmt::Debug, const N: usize> fmt::Debug for ArrayGuard<'_, T, N>
where
    [T; N]: Plain,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.read_all().fmt(f)
    }
}
