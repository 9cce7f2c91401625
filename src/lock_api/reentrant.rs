//! The mutex that its holder may take again.

use core::mem::offset_of;
use std::time::{Duration, Instant};

use super::marks::Marks;
use super::refusal::{Refusal, may, must};
use crate::deadline::Deadline;
use crate::diagnosis::Part;
use crate::platform::{Cell64, Linux, RobustWord, monotonic_now};
use crate::raw::{Acquired, RawReentrantMutex as Algorithm};
use crate::shm::outline::{Role, Words};
use crate::shm::{Outline, Shareable};
use crate::sync::deadline_at;

/// A mutual exclusion lock that its holder may take again, and has to release as often.
///
/// It has the methods of `lock_api`'s `RawReentrantMutex`, and is no parameter of that: what `lock_api` keeps for itself beside a
/// raw mutex does not survive a death (see the [module](super)). For the same with data, see
/// [`lockproof::ReentrantMutex`](crate::ReentrantMutex).
///
/// # What is promised
///
/// | | shown by |
/// |---|---|
/// | in a region, one holder at a time, released when it was let go as often as it was taken; nobody hangs, whoever dies | `value-lock/*`, `tests/lock_api/reentrant.rs` |
/// | after a death it is taken once, however deep the dead one was in it | `tests/lock_api/reentrant.rs` |
/// | a wait ends in time or with the lock | `tests/lock_api/reentrant.rs` |
///
/// The claims hold for it because the algorithm is [`lockproof::ReentrantMutex`](crate::ReentrantMutex)'s,
/// [`raw::RawReentrantMutex`](crate::raw::RawReentrantMutex), and not a copy of it. No model has what stands around that: the note of a death,
/// and the choice between a region and private memory.
///
/// Not promised: an order among those that wait; that one who does not ask is told of a death; anything of deaths in
/// private memory.
///
/// # If a holder dies
///
/// As [`RawMutex`](super::RawMutex): the next one gets the lock, once, however deep the dead one was in it. If a thread ends
/// that holds it, it stays held until the process ends: what it protects may be in use by others.
///
/// # Examples
///
/// ```
/// use lockproof::lock_api::RawReentrantMutex;
/// use lockproof::{RawValue, Region, Workers, shareable};
///
/// shareable! {
///     struct Account {
///         lock: RawReentrantMutex,
///         balance: RawValue<u64>,
///     }
/// }
///
/// let account = Region::<Account>::anonymous()?;
/// let pay_in = |amount| {
///     account.lock.lock();
///     account.balance.store(account.balance.load() + amount);
///     // SAFETY: it was taken above.
///     unsafe { account.lock.unlock() };
/// };
/// let work = |_number| {
///     for _ in 0..1000 {
///         account.lock.lock();
///         pay_in(2);
///         pay_in(3);
///         // SAFETY: it was taken above.
///         unsafe { account.lock.unlock() };
///     }
/// };
/// // SAFETY: this process has no other threads, and the function uses nothing that must not exist twice.
/// let workers = unsafe { Workers::fork(2, work) }?;
/// workers.join()?;
/// assert_eq!(account.balance.load(), 10_000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[repr(C)]
#[derive(Debug)]
pub struct RawReentrantMutex {
    raw: Algorithm<RobustWord, Cell64>,
    marks: Marks,
}

impl RawReentrantMutex {
    /// A free lock, in private memory.
    #[allow(clippy::declare_interior_mutable_const, reason = "as in lock_api")]
    pub const INIT: Self = Self {
        // SAFETY: atomics, of which all zeroes are a value.
        raw: unsafe { core::mem::zeroed() },
        marks: Marks::of_a_value(),
    };

    /// Takes the lock, or takes it once more if this thread holds it.
    ///
    /// # Panics
    ///
    /// See the [module](super).
    #[track_caller]
    pub fn lock(&self) {
        must(self.take(Deadline::Never));
    }

    /// Takes the lock, or takes it once more, if nobody else holds it. Says whether it did.
    ///
    /// # Panics
    ///
    /// See the [module](super).
    #[must_use]
    #[track_caller]
    pub fn try_lock(&self) -> bool {
        may(self.take(Deadline::Now))
    }

    /// Takes the lock, or takes it once more, waiting for it no longer than `timeout`. Says whether it did.
    ///
    /// # Panics
    ///
    /// See the [module](super).
    #[must_use]
    #[track_caller]
    pub fn try_lock_for(&self, timeout: Duration) -> bool {
        may(self.take(Deadline::after(monotonic_now(), timeout)))
    }

    /// Takes the lock, or takes it once more, waiting for it no longer than until `moment`. Says whether it did.
    ///
    /// # Panics
    ///
    /// See the [module](super).
    #[must_use]
    #[track_caller]
    pub fn try_lock_until(&self, moment: Instant) -> bool {
        may(self.take(deadline_at(moment)))
    }

    /// Undoes one `lock`. At the last one the lock is free for others.
    ///
    /// # Safety
    ///
    /// The calling thread holds the lock, and what it has used under it is no longer in use.
    pub unsafe fn unlock(&self) {
        if let Ok(site) = self.marks.site() {
            // An error means a forked child, which holds nothing of its parent's.
            let _ = self.raw.unlock(&site);
        }
    }

    /// Whether somebody holds the lock at this moment.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        !self.raw.mutex().state(Linux::lockless()).is_free()
    }

    /// Whether the calling thread holds the lock.
    #[must_use]
    pub fn is_owned_by_current_thread(&self) -> bool {
        self.marks.site().is_ok_and(|site| self.raw.mutex().is_mine(&site))
    }

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
    pub(super) const fn algorithm(&self) -> &Algorithm<RobustWord, Cell64> {
        &self.raw
    }

    pub(super) const fn marks(&self) -> &Marks {
        &self.marks
    }
}

// SAFETY: `repr(C)` of atomics; no pointers and no drop glue.
unsafe impl Shareable for RawReentrantMutex {
    fn describe(into: &mut String) {
        into.push_str("lock_api::RawReentrantMutex");
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
