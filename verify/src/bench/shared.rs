//! Memory that forked processes share.

use core::ops::Deref;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64};

use lockproof::shm::Shareable;
use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous, munmap};

/// What may lie in shared memory, all zeroes at first.
///
/// # Safety
///
/// Zeroes are a valid value, and several processes may use it at once through a shared reference.
pub(crate) unsafe trait Zeroes: Sync {}

// SAFETY: what is shareable is valid for any bytes, and all zeroes is its initial state.
unsafe impl<T: Shareable> Zeroes for T {}

/// A value in `MAP_SHARED` memory.
pub(crate) struct Shared<T> {
    at: *mut T,
}

impl<T: Zeroes> Shared<T> {
    pub(crate) fn new() -> Result<Self, String> {
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping at an address of the kernel's choice.
        let at =
            unsafe { mmap_anonymous(ptr::null_mut(), size_of::<T>(), access, MapFlags::SHARED) };
        at.map(|at| Self { at: at.cast() }).map_err(|error| format!("no memory to share: {error}"))
    }
}

impl<T: Zeroes> Deref for Shared<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: mapped until drop, page-aligned, and zeroes are valid by the contract of `Zeroes`.
        unsafe { &*self.at }
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        // SAFETY: mapped by `new` with this size; no reference outlives `self`.
        let unmapped = unsafe { munmap(self.at.cast(), size_of::<T>()) };
        debug_assert!(unmapped.is_ok(), "unmapping our own memory");
    }
}

/// The most processes that work together.
pub(super) const MOST: usize = 16;

/// What the processes of one measurement tell one another. Each on cache lines of its own.
#[derive(Default)]
pub(super) struct Board {
    pub(super) ready: Line<AtomicU32>,
    pub(super) go: Line<AtomicBool>,
    pub(super) stop: Line<AtomicBool>,
    /// How much each has done.
    pub(super) done: [Line<AtomicU64>; MOST],
    /// When something happened, in nanoseconds.
    pub(super) moment: Line<AtomicU64>,
    pub(super) told: Line<AtomicBool>,
    /// When all began, the longest that any waited, in nanoseconds, and how often the lock changed its owner.
    pub(super) began: Line<AtomicU64>,
    pub(super) longest: Line<AtomicU64>,
    pub(super) changes: Line<AtomicU64>,
}

// SAFETY: made of atomics.
unsafe impl Zeroes for Board {}

/// A value that shares its cache lines with no other. (Processors fetch them in pairs.)
#[repr(align(128))]
#[derive(Default)]
pub(crate) struct Line<T>(T);

impl<T> Deref for Line<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}
