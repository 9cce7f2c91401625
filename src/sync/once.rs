//! Things that are made once, by whichever process comes first.

use core::cell::UnsafeCell;
use core::fmt;
use core::mem::offset_of;
use core::panic::{RefUnwindSafe, UnwindSafe};

use super::mutex::not_taken;
use super::mutex::without_blocking;
use crate::deadline::Deadline;
use crate::diagnosis::Part;
use crate::error::LockError;
use crate::platform::{Linux, RobustWord, Word32};
use crate::raw::{RawMutex, RawOnce, Role};
use crate::shm::outline::{self, Told, Words};
use crate::shm::{Outline, Plain, Shareable};

/// Something that is done once, by whichever process or thread comes first; the others wait until it is done. As
/// [`std::sync::Once`].
///
/// # What is promised
///
/// | | shown by |
/// |---|---|
/// | one does it, everybody else finds it done and whole | `init/*`, `init-rivals/*` |
/// | one that dies half-way is followed by another, who is told; nobody hangs | `init/*/deaths-*`, `init/*/crash`, `once/*/stress` |
///
/// Not promised: that what a dead one did half is undone: whoever follows it has to be able to begin anew.
///
/// # If a holder dies
///
/// If whoever does it dies half-way, or panics, the next one that comes (or waits) does it, from the beginning.
/// [`call_once_force`](Self::call_once_force) tells it so. Nobody waits for the dead.
///
/// # Examples
///
/// ```
/// use lockproof::{AtomicCounter, Once, Region, Workers, shareable};
///
/// shareable! {
///     struct Shared {
///         set_up: Once,
///         times: AtomicCounter,
///     }
/// }
///
/// let shared = Region::<Shared>::anonymous()?;
/// let work = |_number| {
///     shared.set_up.call_once(|| {
///         shared.times.increment();
///     })
/// };
/// // SAFETY: this process has no other threads, and the function uses nothing that must not exist twice.
/// let workers = unsafe { Workers::fork(4, work) }?;
/// workers.join()?;
/// assert_eq!(shared.times.get(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[repr(transparent)]
pub struct Once {
    raw: RawOnce<RobustWord, Word32>,
}

// SAFETY: a transparent wrapper of words made of atomics, without pointers that anybody follows and without drop glue.
unsafe impl Shareable for Once {
    fn describe(into: &mut String) {
        into.push_str("Once");
    }

    fn outline(into: &mut Outline) {
        into.primitive::<Self>(&Self::words(offset_of!(Self, raw)));
    }

    fn after_reboot(&self) {
        if let Ok(p) = Linux::current() {
            self.raw.forget_holder(p);
        }
    }
}

/// What is known of earlier attempts: see [`Once::call_once_force`].
#[derive(Clone, Copy, Debug)]
pub struct OnceState {
    afresh: bool,
}

impl OnceState {
    /// Whether somebody has begun before, and died or panicked: anything may be there by now. (std's name for it.)
    #[must_use]
    pub const fn is_poisoned(&self) -> bool {
        self.afresh
    }
}

impl Once {
    /// Where its words are, when it is there.
    fn words(at: usize) -> [Words; 2] {
        let state = at + RawOnce::<RobustWord, Word32>::STATE_AT;
        [
            Words::one(outline::Role::Mutex(Part::Lock), at),
            Words::one(outline::Role::Tells(Told::Done), state),
        ]
    }

    /// Does it, unless that has been done; waits while somebody else does. Afterwards it is done, and what was written on
    /// the way is seen.
    ///
    /// # Errors
    ///
    /// [`LockError::AlreadyHeld`] if `f` itself comes here again; else see [`LockError`], of which `OwnerDied` and
    /// `NotRecoverable` do not occur.
    ///
    /// # Panics
    ///
    /// If `f` does; it then has not been done, and the next one that comes, or waits, does it from the beginning.
    pub fn call_once(&self, f: impl FnOnce()) -> Result<(), LockError<()>> {
        self.call_once_force(|_| f())
    }

    /// The same; `f` is told whether it was begun before.
    ///
    /// # Errors
    ///
    /// As [`call_once`](Self::call_once).
    ///
    /// # Panics
    ///
    /// If `f` does; the next one is told that it was begun, as after a death.
    pub fn call_once_force(&self, f: impl FnOnce(&OnceState)) -> Result<(), LockError<()>> {
        if self.is_completed() {
            return Ok(());
        }
        let p = Linux::current()?;
        match self.raw.enter(p, Deadline::Never) {
            Ok(Role::User) => Ok(()),
            Ok(Role::Builder { afresh }) => {
                let building = Building { raw: &self.raw, p };
                f(&OnceState { afresh });
                building.finish();
                Ok(())
            }
            Err(failure) => Err(without_blocking(not_taken(failure))),
        }
    }

    /// Whether it has been done. What was written on the way is then seen.
    #[inline]
    #[must_use]
    pub fn is_completed(&self) -> bool {
        self.raw.is_ready(Linux::lockless())
    }
}

impl Once {
    /// Its lock, to look at.
    pub(crate) const fn raw_mutex(&self) -> &RawMutex<RobustWord> {
        self.raw.mutex()
    }
}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Once").field("completed", &self.is_completed()).finish()
    }
}

/// The builder's part; dropped without [`finish`](Self::finish), by a panic, it leaves it to the next one.
struct Building<'a> {
    raw: &'a RawOnce<RobustWord, Word32>,
    p: &'static Linux,
}

impl Building<'_> {
    fn finish(self) {
        // Fails in a forked child, which is not the builder.
        let _ = self.raw.finish(self.p);
        core::mem::forget(self);
    }
}

impl Drop for Building<'_> {
    fn drop(&mut self) {
        let _ = self.raw.give_up(self.p);
    }
}

/// A value that is computed once, by whichever process or thread comes first, and only read from then on. As
/// [`std::sync::OnceLock`].
///
/// # What is promised
///
/// | | shown by |
/// |---|---|
/// | as [`Once`]: one computes the value, everybody else finds it, whole | `init/*`, `once/*/stress` |
///
/// Not promised: that the function runs only once: after a death it runs again.
///
/// # If a holder dies
///
/// If whoever computes it dies half-way, or panics, the next one that comes (or waits) computes it. Nobody waits for the
/// dead, and nobody sees half a value.
///
/// # Examples
///
/// The first of four processes to come gives its id, and all agree on it:
///
/// ```
/// use lockproof::{OnceValue, Region, Workers};
///
/// let leader = Region::<OnceValue<u32>>::anonymous()?;
/// let work = |_number| -> Result<(), Box<dyn std::error::Error>> {
///     let first = *leader.get_or_init(std::process::id)?;
///     assert_eq!(leader.get(), Some(&first));
///     Ok(())
/// };
/// // SAFETY: this process has no other threads, and the function uses nothing that must not exist twice.
/// let workers = unsafe { Workers::fork(4, work) }?;
/// let ids: Vec<u32> = workers.iter().map(|worker| worker.id()).collect();
/// workers.join()?;
/// assert!(ids.contains(leader.get().expect("somebody was first")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[repr(C)]
pub struct OnceValue<T> {
    once: Once,
    data: UnsafeCell<T>,
}

// SAFETY: the data is written by one thread, before any other has access, and only shared from then on.
unsafe impl<T: Send + Sync> Sync for OnceValue<T> {}

// A panic while the value is computed leaves no value.
impl<T> UnwindSafe for OnceValue<T> {}
impl<T> RefUnwindSafe for OnceValue<T> {}

// SAFETY: `repr(C)` of a lock of atomics and of plain data that it guards; no pointers and no drop glue in either.
unsafe impl<T: Plain + Sync> Shareable for OnceValue<T> {
    fn describe(into: &mut String) {
        into.push_str("OnceValue<");
        T::describe(into);
        into.push('>');
    }

    fn outline(into: &mut Outline) {
        into.primitive::<Self>(&Once::words(offset_of!(Self, once)));
    }

    fn after_reboot(&self) {
        self.once.after_reboot();
    }
}

impl<T: Plain + Sync> OnceValue<T> {
    /// The value, if there is one yet. Does not wait.
    #[inline]
    #[must_use]
    pub fn get(&self) -> Option<&T> {
        // SAFETY: once it is completed nobody writes any more.
        self.once.is_completed().then(|| unsafe { &*self.data.get() })
    }

    /// The value; computes it if there is none yet, or waits while somebody else does.
    ///
    /// # Errors
    ///
    /// As [`Once::call_once`].
    ///
    /// # Panics
    ///
    /// If `f` does; there is then no value, and the next one that comes, or waits, computes it.
    pub fn get_or_init(&self, f: impl FnOnce() -> T) -> Result<&T, LockError<()>> {
        self.once.call_once(|| {
            let value = f();
            // SAFETY: this thread alone builds, and nobody has a reference before it is completed.
            unsafe { self.data.get().write(value) };
        })?;
        // SAFETY: as in `get`.
        Ok(unsafe { &*self.data.get() })
    }

    /// Sets the value, if there is none yet; waits while somebody else computes it.
    ///
    /// # Errors
    ///
    /// The outer one as [`Once::call_once`]; the inner one is the value given, if there was one already.
    pub fn set(&self, value: T) -> Result<Result<(), T>, LockError<()>> {
        let mut taken = false;
        self.get_or_init(|| {
            taken = true;
            value
        })?;
        Ok(if taken { Ok(()) } else { Err(value) })
    }
}

impl<T> OnceValue<T> {
    /// Its lock, to look at.
    pub(crate) const fn raw_mutex(&self) -> &RawMutex<RobustWord> {
        self.once.raw_mutex()
    }
}

impl<T: Plain + Sync + fmt::Debug> fmt::Debug for OnceValue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OnceValue").field(&self.get()).finish()
    }
}
