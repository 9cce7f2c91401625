//! Locks that outlive the thread that took them.
//!
//! A guard that gives references can be leaked: `&mut **Box::leak(Box::new(mutex.lock()?))` is safe, lasts as long as the
//! process, and can be sent to another thread. So the end of the thread alone must not set the lock free, as the kernel
//! would have it. At its end, a thread takes such locks out of its list, and makes them its process's: the owner in the
//! word becomes the process's main thread, whose id exists as long as the process does. Nobody gets them meanwhile.
//! After that, who waits for them finds that the owner does not [exist](super::Platform::exists) any more. (An exec
//! leaves the process what it is: then those locks wait for the end of the new program.)
//!
//! (A thread of this library's own that takes over the list would have the kernel tell of the process's end. But programs
//! count their threads: before `unshare`, `setns` and `fork`, and where they end with the last of them.)
//!
//! Locks whose guards give no references stay in the list; the kernel tells of them when the thread ends.

use core::ops::Range;
use core::ptr;
use core::sync::atomic::{
    AtomicPtr, AtomicU32, Ordering::Acquire, Ordering::Relaxed, Ordering::Release,
};

use crate::raw::mutex_state::OWNER;

/// The address of a kept lock's list entry. Never freed: the process keeps each lock once, and for good.
struct Kept {
    entry: usize,
    next: *mut Kept,
}

static KEPT: AtomicPtr<Kept> = AtomicPtr::new(ptr::null_mut());

/// Enters a lock whose memory has to stay mapped as long as the process lives.
pub(super) fn enter(entry: usize) {
    let kept = Box::leak(Box::new(Kept { entry, next: KEPT.load(Relaxed) }));
    loop {
        // Release: publishes the contents to `any_within`.
        match KEPT.compare_exchange_weak(kept.next, kept, Release, Relaxed) {
            Ok(_) => return,
            Err(now) => kept.next = now,
        }
    }
}

/// Whether a kept lock has its entry in that range of addresses.
pub(super) fn any_within(range: &Range<usize>) -> bool {
    // Acquire: matches the Release of `enter`.
    let mut next = KEPT.load(Acquire);
    // SAFETY: null, or published by `enter`, and never freed or changed.
    while let Some(kept) = unsafe { next.as_ref() } {
        if range.contains(&kept.entry) {
            return true;
        }
        next = kept.next;
    }
    false
}

/// In a forked child: those locks are its parent's.
pub(super) fn forget_all() {
    KEPT.store(ptr::null_mut(), Relaxed);
}

/// Makes the process the owner of a lock word that the calling thread owns.
pub(super) fn give_to_process(word: &AtomicU32, thread: u32) {
    let flags_kept =
        |seen: u32| (seen & OWNER == thread).then_some(seen & !OWNER | std::process::id());
    // Relaxed: nobody is let in; whoever takes the lock after the process's end comes after all that it did. A failure
    // means that another process has written over the word.
    let _ = word.fetch_update(Relaxed, Relaxed, flags_kept);
}
