//! What `lock_api`'s guards cannot say.

use super::{Mutex, RawMutex, RawReentrantMutex, RawRwLock, RwLock};

/// Whether a holder has died: a note in the lock, as [`std::sync::Mutex::is_poisoned`] is.
///
/// It is made by whoever takes the lock from the dead, so that the one who holds the lock has it right; to anybody else it is
/// a hint. It stays, for all processes, until somebody clears it. For a lock for readers and writers it tells of writers.
///
/// # Examples
///
/// ```
/// use lockproof::lock_api::{HolderDied, RwLock, RwLockWriteGuard};
/// use lockproof::{Region, Workers};
///
/// let prices = Region::<RwLock<[u64; 2]>>::anonymous()?;
/// let work = |_number| {
///     prices.write()[0] = 1;
///     let _both = prices.write();
///     std::process::abort()
/// };
/// // SAFETY: this process has no other threads, and the function uses nothing that must not exist twice.
/// let worker = unsafe { Workers::fork::<()>(1, work) }?;
/// assert!(worker.join().is_err());
///
/// let mut both = prices.write();
/// if prices.holder_died() {
///     *both = [0, 0]; // whatever makes sense of a half-made change
///     prices.clear_holder_died();
/// }
/// assert_eq!(*RwLockWriteGuard::downgrade(both), [0, 0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait HolderDied {
    /// Whether a holder has died since this was last cleared.
    fn holder_died(&self) -> bool;

    /// Forgets it. Best under the lock, when the data has been put right: who clears it without may clear what another one has
    /// yet to see.
    fn clear_holder_died(&self);
}

impl HolderDied for RawMutex {
    fn holder_died(&self) -> bool {
        self.marks().holder_died()
    }

    fn clear_holder_died(&self) {
        self.marks().clear_holder_died();
    }
}

impl HolderDied for RawReentrantMutex {
    fn holder_died(&self) -> bool {
        self.marks().holder_died()
    }

    fn clear_holder_died(&self) {
        self.marks().clear_holder_died();
    }
}

impl<const READERS: usize> HolderDied for RawRwLock<READERS> {
    fn holder_died(&self) -> bool {
        self.marks().holder_died()
    }

    fn clear_holder_died(&self) {
        self.marks().clear_holder_died();
    }
}

impl<T: ?Sized> HolderDied for Mutex<T> {
    fn holder_died(&self) -> bool {
        // SAFETY: the raw lock is only asked, not released.
        unsafe { self.raw() }.holder_died()
    }

    fn clear_holder_died(&self) {
        // SAFETY: as above.
        unsafe { self.raw() }.clear_holder_died();
    }
}

impl<T: ?Sized, const READERS: usize> HolderDied for RwLock<T, READERS> {
    fn holder_died(&self) -> bool {
        // SAFETY: the raw lock is only asked, not released.
        unsafe { self.raw() }.holder_died()
    }

    fn clear_holder_died(&self) {
        // SAFETY: as above.
        unsafe { self.raw() }.clear_holder_died();
    }
}
