//! The mutex.

use std::time::{Duration, Instant};

use ::lock_api::{GuardNoSend, RawMutexTimed};

use super::marks::Marks;
use super::refusal::{Refusal, may, must};
use crate::deadline::Deadline;
use crate::platform::{Linux, RobustWord, monotonic_now};
use crate::raw::{Acquired, RawMutex as Algorithm};
use crate::shm::Shareable;
use crate::sync::deadline_at;

/// `lock_api`'s mutex with the data it protects, over [`RawMutex`].
pub type Mutex<T> = ::lock_api::Mutex<RawMutex, T>;
/// The guard of a [`Mutex`].
pub type MutexGuard<'a, T> = ::lock_api::MutexGuard<'a, RawMutex, T>;
/// The guard of a part of what a [`Mutex`] protects.
pub type MappedMutexGuard<'a, T> = ::lock_api::MappedMutexGuard<'a, RawMutex, T>;

/// A mutual exclusion lock: the raw mutex of `lock_api`'s traits.
///
/// # If a holder dies
///
/// In a region, the next one gets the lock, and a note is left: see [`HolderDied`](super::HolderDied). In private memory nobody
/// notices that a thread has ended without letting go. See the [module](super) for both.
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

    fn after_reboot(&self) {
        if let Ok(p) = Linux::current() {
            self.raw.forget_holder(p);
        }
    }
}
