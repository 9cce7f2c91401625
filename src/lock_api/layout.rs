//! `lock_api`'s types in shared memory.
//!
//! They are a raw lock and its data, in an order that the compiler chooses, and another compiler may choose otherwise. So the
//! places of both are part of what a region says of its content: a program with another layout is refused when it opens it.

use core::cell::UnsafeCell;
use core::fmt::Write;
use core::ptr;
use std::alloc::{Layout, alloc_zeroed, handle_alloc_error};

use super::{Mutex, RawMutex, RawRwLock, RwLock};
use crate::shm::{Outline, Plain, Shareable};

/// What `lock_api`'s types consist of, and have no room to be more.
#[repr(C)]
struct Parts<R, T> {
    raw: R,
    data: UnsafeCell<T>,
}

/// Writes the description of a type `L` of raw lock `R` and data `T`.
///
/// # Safety
///
/// All zeroes are a value of `L`.
unsafe fn describe<L, R: Shareable, T: Plain>(
    into: &mut String,
    places: impl FnOnce(&L) -> (*const R, *const T),
) {
    const {
        assert!(size_of::<L>() == size_of::<Parts<R, T>>(), "there is more in lock_api's type");
        assert!(align_of::<L>() == align_of::<Parts<R, T>>(), "there is more in lock_api's type");
        assert!(!core::mem::needs_drop::<L>(), "what is in shared memory is never dropped");
    }
    // SAFETY: as the caller says.
    let sample = unsafe { zeroed::<L>() };
    let start = ptr::from_ref(&*sample).addr();
    let (raw, data) = places(&sample);
    R::describe(into);
    let _ = write!(into, " at {} with ", raw.addr() - start);
    T::describe(into);
    let _ = write!(into, " at {}", data.addr() - start);
}

/// Writes what is where in a type `L` of raw lock `R`.
///
/// # Safety
///
/// All zeroes are a value of `L`.
unsafe fn outline<L, R: Shareable>(into: &mut Outline, raw: impl FnOnce(&L) -> *const R) {
    // SAFETY: as the caller says.
    let sample = unsafe { zeroed::<L>() };
    let at = raw(&sample).addr() - ptr::from_ref(&*sample).addr();
    into.structure(|fields| fields.field::<R>("", at));
}

/// On the heap: data may be large.
///
/// # Safety
///
/// All zeroes are a value of `L`, which is not of size zero.
unsafe fn zeroed<L>() -> Box<L> {
    const { assert!(size_of::<L>() > 0) };
    let layout = Layout::new::<L>();
    // SAFETY: not of size zero.
    let start = unsafe { alloc_zeroed(layout) }.cast::<L>();
    if start.is_null() {
        handle_alloc_error(layout);
    }
    // SAFETY: new memory of that layout, and zeroes, which the caller says are a value.
    unsafe { Box::from_raw(start) }
}

// SAFETY: a raw lock that is shareable, and plain data under it, by the assertions in `describe` nothing else. How they are
// laid out is fixed for a program, and programs that have it otherwise are refused.
unsafe impl<T: Plain> Shareable for Mutex<T> {
    fn describe(into: &mut String) {
        // SAFETY: the raw lock is only looked at.
        let places =
            |lock: &Self| (ptr::from_ref(unsafe { lock.raw() }), lock.data_ptr().cast_const());
        // SAFETY: of the raw lock all zeroes are a value, and of plain data.
        unsafe { describe::<Self, RawMutex, T>(into, places) };
    }

    fn outline(into: &mut Outline) {
        // SAFETY: the raw lock is only looked at.
        let raw = |lock: &Self| ptr::from_ref(unsafe { lock.raw() });
        // SAFETY: of the raw lock all zeroes are a value, and of plain data.
        unsafe { outline::<Self, RawMutex>(into, raw) };
    }

    fn after_reboot(&self) {
        // SAFETY: nobody uses the lock yet.
        unsafe { self.raw() }.after_reboot();
    }
}

// SAFETY: as above.
unsafe impl<T: Plain + Sync, const READERS: usize> Shareable for RwLock<T, READERS> {
    fn describe(into: &mut String) {
        // SAFETY: the raw lock is only looked at.
        let places =
            |lock: &Self| (ptr::from_ref(unsafe { lock.raw() }), lock.data_ptr().cast_const());
        // SAFETY: of the raw lock all zeroes are a value, and of plain data.
        unsafe { describe::<Self, RawRwLock<READERS>, T>(into, places) };
    }

    fn outline(into: &mut Outline) {
        // SAFETY: the raw lock is only looked at.
        let raw = |lock: &Self| ptr::from_ref(unsafe { lock.raw() });
        // SAFETY: of the raw lock all zeroes are a value, and of plain data.
        unsafe { outline::<Self, RawRwLock<READERS>>(into, raw) };
    }

    fn after_reboot(&self) {
        // SAFETY: nobody uses the lock yet.
        unsafe { self.raw() }.after_reboot();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described<L: Shareable>() -> String {
        let mut description = String::new();
        L::describe(&mut description);
        description
    }

    #[test]
    fn a_description_says_where_lock_and_data_are() {
        let in_either_order = |description: String, at: [usize; 2], or: [usize; 2], data: &str| {
            let expected = [at, or].map(|[lock, place]| {
                format!("lock_api::RawMutex at {lock} with {data} at {place}")
            });
            assert!(expected.contains(&description), "{description}");
        };
        in_either_order(described::<Mutex<u64>>(), [0, 48], [8, 0], "u64:8/8");
        in_either_order(described::<Mutex<[u8; 3]>>(), [0, 48], [8, 0], "[u8; 3]:3/1");
        assert!(described::<RwLock<u64, 3>>().starts_with("lock_api::RawRwLock<3> at "));
    }

    #[test]
    fn large_data_is_described_too() {
        assert!(described::<Mutex<[u64; 1 << 24]>>().contains("[u64; 16777216]"));
    }
}
