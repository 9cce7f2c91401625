//! Memory that forked processes share.

use core::ops::Deref;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64};

use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous, munmap};

use crate::peers::Adder;

/// A value in `MAP_SHARED` memory. Only for types of atomics and locks that zeroes are valid for.
pub(crate) struct Shared<T> {
    at: *mut T,
}

/// What may lie in shared memory, all zeroes at first.
///
/// # Safety
///
/// Zeroes are a valid value, and several processes may use it at once through a shared reference.
pub(crate) unsafe trait Zeroes {}

// SAFETY: what an adder is, by its contract.
unsafe impl<A: Adder> Zeroes for A {}
// SAFETY: made of atomics.
unsafe impl Zeroes for Board {}

/// What the processes of one measurement tell one another. Each on a cache line of its own.
#[repr(C)]
#[derive(Default)]
pub(crate) struct Board {
    pub(crate) ready: Line<AtomicU32>,
    pub(crate) go: Line<AtomicBool>,
    pub(crate) stop: Line<AtomicBool>,
    pub(crate) done: Line<AtomicU64>,
    pub(crate) moment: Line<AtomicU64>,
    pub(crate) told: Line<AtomicBool>,
}

#[repr(align(128))]
#[derive(Default)]
pub(crate) struct Line<T>(pub(crate) T);

impl<T> Deref for Line<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroes> Shared<T> {
    pub(crate) fn new() -> Self {
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping at an address of the kernel's choice.
        let at =
            unsafe { mmap_anonymous(ptr::null_mut(), size_of::<T>(), access, MapFlags::SHARED) };
        Self { at: at.expect("memory for one lock").cast() }
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
