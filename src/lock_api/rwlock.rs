//! The lock for many readers or one writer.

use core::mem::offset_of;
use std::time::{Duration, Instant};

use ::lock_api::{GuardNoSend, RawRwLockDowngrade, RawRwLockTimed};

use super::marks::Marks;
use super::refusal::{Refusal, may, must, panic_with};
use super::site::Site;
use crate::deadline::Deadline;
use crate::diagnosis::primitives::rwlock_words;
use crate::platform::{Cell64, Linux, Platform, RobustWord, monotonic_now};
use crate::raw::{Acquired, LockFailure, RawRwLock as Algorithm, Read};
use crate::shm::{Outline, Shareable};
use crate::sync::deadline_at;

/// `lock_api`'s lock for readers and writers with the data it protects, over [`RawRwLock`], which says what is promised, and has an
/// example.
pub type RwLock<T, const READERS: usize = 8> = ::lock_api::RwLock<RawRwLock<READERS>, T>;
/// The guard of an [`RwLock`] held for reading.
pub type RwLockReadGuard<'a, T, const READERS: usize = 8> =
    ::lock_api::RwLockReadGuard<'a, RawRwLock<READERS>, T>;
/// The guard of an [`RwLock`] held for writing.
pub type RwLockWriteGuard<'a, T, const READERS: usize = 8> =
    ::lock_api::RwLockWriteGuard<'a, RawRwLock<READERS>, T>;
/// The guard of a part of what an [`RwLock`] protects, for reading.
pub type MappedRwLockReadGuard<'a, T, const READERS: usize = 8> =
    ::lock_api::MappedRwLockReadGuard<'a, RawRwLock<READERS>, T>;
/// The guard of a part of what an [`RwLock`] protects, for writing.
pub type MappedRwLockWriteGuard<'a, T, const READERS: usize = 8> =
    ::lock_api::MappedRwLockWriteGuard<'a, RawRwLock<READERS>, T>;

/// A lock for many readers or one writer: the raw lock of `lock_api`'s traits.
///
/// `READERS` threads can read at a time; more wait until one of them is done: see [`lockproof::RwLock`](crate::RwLock). To read
/// again while one reads deadlocks if a writer comes in between, as `lock_api` says of `read`.
///
/// `try_read` may say no while nobody writes: for a moment, while another reader is let in after a writer.
///
/// # What is promised
///
/// | | shown by |
/// |---|---|
/// | in a region, writers are alone, readers are not; what is read is whole; nobody hangs, whoever dies | `rwlock/*`, `rwlock-roles/*`, `tests/lock_api/rwlock.rs` |
/// | one that gives up in time takes no wake with it | `rwlock-deadline/*` |
/// | nobody writes between a writer's writing and its reading after a downgrade | `rwlock-downgrade/*`, `tests/lock_api/rwlock.rs` |
/// | a writer's death is noted before the next one has the lock, reader or not | `tests/lock_api/rwlock.rs` |
/// | in private memory, the same between threads as long as all let go | `tests/lock_api/private.rs` |
///
/// The claims hold for it because the algorithm is [`lockproof::RwLock`](crate::RwLock)'s, [`raw::RawRwLock`](crate::raw::RawRwLock), and
/// not a copy of it. No model has what stands around that: the note, how a reader that lets go finds out where it reads, and the choice
/// between a region and private memory.
///
/// Not promised: more fairness than [`lockproof::RwLock`](crate::RwLock#fairness) has; that a thread may read twice at a time; that one who
/// does not ask is told of a death; anything of deaths in private memory.
///
/// # If a holder dies
///
/// A reader: in a region, its hold is taken back, and nobody is told. A writer: the next one gets the lock, to read or
/// to write, and a note is left: see [`HolderDied`](super::HolderDied). In private memory nobody notices that a thread has
/// ended without letting go. See the [module](super).
///
/// # Examples
///
/// One process writes two numbers that belong together, two others read them:
///
/// ```
/// use lockproof::lock_api::RwLock;
/// use lockproof::{Region, Workers};
///
/// let prices = Region::<RwLock<[u64; 2]>>::anonymous()?;
/// let work = |number| {
///     for round in 1..=1000 {
///         if number == 0 {
///             *prices.write() = [round, 2 * round];
///         } else {
///             let both = prices.read();
///             assert_eq!(both[1], 2 * both[0], "never one without the other");
///         }
///     }
/// };
/// // SAFETY: this process has no other threads, and the function uses nothing that must not exist twice.
/// let workers = unsafe { Workers::fork(3, work) }?;
/// workers.join()?;
/// assert_eq!(*prices.read(), [1000, 2000]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[repr(C)]
#[derive(Debug)]
pub struct RawRwLock<const READERS: usize = 8> {
    raw: Algorithm<RobustWord, Cell64, READERS>,
    marks: Marks,
}

impl<const READERS: usize> RawRwLock<READERS> {
    fn read(&self, deadline: Deadline) -> Result<(), Refusal> {
        let site = self.marks.site()?;
        match self.raw.read(&site, first_slot(&site), deadline)? {
            Read::Shared(_) => Ok(()),
            Read::OwnerDied => self.read_after_death(&site),
        }
    }

    /// From a dead writer the lock comes for writing.
    #[cold]
    fn read_after_death(&self, site: &Site) -> Result<(), Refusal> {
        self.marks.note_death();
        if self.raw.downgrade(site, first_slot(site)).is_some() {
            return Ok(());
        }
        // Cannot fail: this thread has it.
        let _ = self.raw.unlock_write(site);
        Err(LockFailure::TooManyHeld.into())
    }

    fn write(&self, deadline: Deadline) -> Result<(), Refusal> {
        let site = self.marks.site()?;
        if self.raw.write(&site, deadline)? == Acquired::OwnerDied {
            self.marks.note_death();
            // Cannot fail: this thread has just taken it.
            let _ = self.raw.make_consistent(&site);
        }
        Ok(())
    }

    /// What it is made of, to look at.
    pub(super) const fn algorithm(&self) -> &Algorithm<RobustWord, Cell64, READERS> {
        &self.raw
    }

    pub(super) const fn marks(&self) -> &Marks {
        &self.marks
    }
}

/// Where a thread reads if nobody else does there.
fn first_slot(site: &Site) -> usize {
    site.me() as usize
}

// SAFETY: the algorithm admits one writer, or several readers; how far that is proved is said there.
unsafe impl<const READERS: usize> ::lock_api::RawRwLock for RawRwLock<READERS> {
    #[allow(clippy::declare_interior_mutable_const, reason = "so the trait wants it")]
    const INIT: Self = {
        assert!(READERS > 0, "a lock for readers has room for at least one of them");
        Self {
            // SAFETY: atomics, of which all zeroes are a value.
            raw: unsafe { core::mem::zeroed() },
            marks: Marks::of_a_value(),
        }
    };

    type GuardMarker = GuardNoSend;

    #[track_caller]
    fn lock_shared(&self) {
        must(self.read(Deadline::Never));
    }

    #[track_caller]
    fn try_lock_shared(&self) -> bool {
        may(self.read(Deadline::Now))
    }

    unsafe fn unlock_shared(&self) {
        if let Ok(site) = self.marks.site() {
            let first = first_slot(&site) % READERS;
            let mut slots = (first..READERS).chain(0..first);
            // None means a forked child's copy of its parent's guard: not its hold to release.
            let _ = slots.find(|slot| self.raw.unlock_read(&site, *slot).is_ok());
        }
    }

    #[track_caller]
    fn lock_exclusive(&self) {
        must(self.write(Deadline::Never));
    }

    #[track_caller]
    fn try_lock_exclusive(&self) -> bool {
        may(self.write(Deadline::Now))
    }

    unsafe fn unlock_exclusive(&self) {
        if let Ok(site) = self.marks.site() {
            // An error means a forked child's copy of its parent's guard: not its lock to release.
            let _ = self.raw.unlock_write(&site);
        }
    }

    fn is_locked(&self) -> bool {
        self.is_locked_exclusive() || self.raw.readers(Linux::lockless()) > 0
    }

    fn is_locked_exclusive(&self) -> bool {
        !self.raw.mutex().state(Linux::lockless()).is_free()
    }
}

// SAFETY: as above.
unsafe impl<const READERS: usize> RawRwLockTimed for RawRwLock<READERS> {
    type Duration = Duration;
    type Instant = Instant;

    #[track_caller]
    fn try_lock_shared_for(&self, timeout: Duration) -> bool {
        may(self.read(Deadline::after(monotonic_now(), timeout)))
    }

    #[track_caller]
    fn try_lock_shared_until(&self, timeout: Instant) -> bool {
        may(self.read(deadline_at(timeout)))
    }

    #[track_caller]
    fn try_lock_exclusive_for(&self, timeout: Duration) -> bool {
        may(self.write(Deadline::after(monotonic_now(), timeout)))
    }

    #[track_caller]
    fn try_lock_exclusive_until(&self, timeout: Instant) -> bool {
        may(self.write(deadline_at(timeout)))
    }
}

// SAFETY: the algorithm lets no writer in between.
unsafe impl<const READERS: usize> RawRwLockDowngrade for RawRwLock<READERS> {
    #[track_caller]
    unsafe fn downgrade(&self) {
        let Ok(site) = self.marks.site() else { return };
        // Else a forked child's copy of its parent's guard, which becomes another one that holds nothing.
        if self.raw.mutex().is_mine(&site) && self.raw.downgrade(&site, first_slot(&site)).is_none()
        {
            panic_with(&LockFailure::TooManyHeld.into());
        }
    }
}

// SAFETY: `repr(C)` of atomics; no pointers and no drop glue.
unsafe impl<const READERS: usize> Shareable for RawRwLock<READERS> {
    fn describe(into: &mut String) {
        const { assert!(READERS > 0, "a lock for readers has room for at least one of them") };
        into.push_str(&format!("lock_api::RawRwLock<{READERS}>"));
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
