//! The mutex.

use core::mem::offset_of;
use std::time::{Duration, Instant};

use ::lock_api::{GuardNoSend, RawMutexTimed};

use super::marks::Marks;
use super::refusal::{Refusal, may, must};
use crate::deadline::Deadline;
use crate::diagnosis::Part;
use crate::platform::{Linux, RobustWord, monotonic_now};
use crate::raw::{Acquired, RawMutex as Algorithm};
use crate::shm::outline::{Role, Words};
use crate::shm::{Outline, Shareable};
use crate::sync::deadline_at;

/// `lock_api`'s mutex with the data it protects, over [`RawMutex`], which says what is promised. There is an example at the
/// [module](super#examples).
pub type Mutex<T> = ::lock_api::Mutex<RawMutex, T>;
/// The guard of a [`Mutex`].
pub type MutexGuard<'a, T> = ::lock_api::MutexGuard<'a, RawMutex, T>;
/// The guard of a part of what a [`Mutex`] protects.
pub type MappedMutexGuard<'a, T> = ::lock_api::MappedMutexGuard<'a, RawMutex, T>;

/// A mutual exclusion lock: the raw mutex of `lock_api`'s traits.
///
/// # What is promised
///
/// | | shown by |
/// |---|---|
/// | in a region, one holder at a time, who sees what the one before did; nobody hangs, whoever dies | `mutex/*`, `tests/lock_api/mutex.rs` |
/// | one that gives up in time takes no wake with it | `mutex-deadline/*` |
/// | a death is noted before the next one has the lock, and stays noted until that is cleared | `tests/lock_api/mutex.rs` |
/// | what a forgotten guard lends is nobody else's while its process lives | `tests/lock_api/thread_end.rs` |
/// | in private memory, one holder at a time between threads | `tests/lock_api/private.rs` |
///
/// The claims hold for it because the algorithm is [`lockproof::Mutex`](crate::Mutex)'s, [`raw::RawMutex`](crate::raw::RawMutex), and
/// not a copy of it. No model has what stands around that: the note, and the choice between a region and private memory.
///
/// Not promised: an order among those that wait; that one who does not ask is told of a death; anything of deaths in
/// private memory.
///
/// # If a holder dies
///
/// In a region, the next one gets the lock, and a note is left: see [`HolderDied`](super::HolderDied). In private memory nobody
/// notices that a thread has ended without letting go. See the [module](super) for both.
///
/// # Examples
///
/// By itself, for something that is not in the lock:
///
/// ```
/// use lock_api::RawMutex as _;
/// use lockproof::lock_api::RawMutex;
/// use lockproof::{RawValue, Region, Workers, shareable};
///
/// shareable! {
///     struct Shared {
///         lock: RawMutex,
///         total: RawValue<u64>,
///     }
/// }
///
/// let shared = Region::<Shared>::anonymous()?;
/// let work = |_number| {
///     for _ in 0..1000 {
///         shared.lock.lock();
///         shared.total.store(shared.total.load() + 1);
///         // SAFETY: it was taken above.
///         unsafe { shared.lock.unlock() };
///     }
/// };
/// // SAFETY: this process has no other threads, and the function uses nothing that must not exist twice.
/// let workers = unsafe { Workers::fork(2, work) }?;
/// workers.join()?;
/// assert_eq!(shared.total.load(), 2000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[repr(C)]
#[derive(Debug)]
pub struct RawMutex {
    raw: Algorithm<RobustWord>,
    marks: Marks,
}

impl RawMutex {
    #[inline]
    fn take(&self, deadline: Deadline) -> Result<(), Refusal> {
        let site = self.marks.site()?;
        if self.raw.lock(&site, deadline)? == Acquired::OwnerDied {
            self.marks.note_death();
            // Cannot fail: this thread has just taken it.
            let _ = self.raw.make_consistent(&site);
        }
        Ok(())
    }

    /// What it is made of, to look at.
    pub(super) const fn algorithm(&self) -> &Algorithm<RobustWord> {
        &self.raw
    }

    pub(super) const fn marks(&self) -> &Marks {
        &self.marks
    }
}

// SAFETY: the algorithm admits one thread at a time; how far that is proved is said there.
unsafe impl ::lock_api::RawMutex for RawMutex {
    #[allow(clippy::declare_interior_mutable_const, reason = "so the trait wants it")]
    const INIT: Self = Self {
        // SAFETY: atomics, of which all zeroes are a value.
        raw: unsafe { core::mem::zeroed() },
        marks: Marks::of_a_value(),
    };

    type GuardMarker = GuardNoSend;

    #[inline]
    #[track_caller]
    fn lock(&self) {
        must(self.take(Deadline::Never));
    }

    #[inline]
    #[track_caller]
    fn try_lock(&self) -> bool {
        may(self.take(Deadline::Now))
    }

    #[inline]
    unsafe fn unlock(&self) {
        if let Ok(site) = self.marks.site() {
            // An error means a forked child's copy of its parent's guard: not its lock to release.
            let _ = self.raw.unlock(&site);
        }
    }

    fn is_locked(&self) -> bool {
        !self.raw.state(Linux::lockless()).is_free()
    }
}

// SAFETY: as above.
unsafe impl RawMutexTimed for RawMutex {
    type Duration = Duration;
    type Instant = Instant;

    #[track_caller]
    fn try_lock_for(&self, timeout: Duration) -> bool {
        may(self.take(Deadline::after(monotonic_now(), timeout)))
    }

    #[track_caller]
    fn try_lock_until(&self, timeout: Instant) -> bool {
        may(self.take(deadline_at(timeout)))
    }
}

// SAFETY: `repr(C)` of atomics; no pointers and no drop glue.
unsafe impl Shareable for RawMutex {
    fn describe(into: &mut String) {
        into.push_str("lock_api::RawMutex");
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
