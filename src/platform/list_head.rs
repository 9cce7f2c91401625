//! The head of the calling thread's robust list: the one that the C library registered with the kernel.
//!
//! glibc registers it when the thread begins; musl with the thread's first robust mutex that processes may share. So where
//! none is registered such a mutex is taken and released: once in a thread, in memory of its own.

use core::mem::MaybeUninit;
use core::ptr;
use core::sync::atomic::{AtomicI64, AtomicUsize, Ordering::Relaxed};

use libc::{pthread_mutex_t, pthread_mutexattr_t};

use super::linux::WORD_FROM_LINK;
use crate::error::Unsupported;

/// `struct robust_list_head` of `include/uapi/linux/futex.h`.
#[repr(C)]
pub(super) struct Head {
    pub(super) next: AtomicUsize,
    futex_offset: AtomicI64,
    pub(super) pending: AtomicUsize,
}

/// The list of whoever has none.
pub(super) static NO_LIST: Head = Head {
    next: AtomicUsize::new(0),
    futex_offset: AtomicI64::new(0),
    pending: AtomicUsize::new(0),
};

/// The list head that the C library registered for the calling thread.
pub(super) fn registered_head() -> Result<&'static Head, Unsupported> {
    if let Some(head) = ask_for_head()? {
        return Ok(head);
    }
    take_and_release_a_mutex();
    let head = ask_for_head()?.ok_or(Unsupported::NoRobustList)?;
    // Registered only now, it holds nothing. But musl leaves a forked child's list as the parent's was.
    head.next.store(ptr::from_ref(head).expose_provenance(), Relaxed);
    Ok(head)
}

/// What the kernel knows as the calling thread's list head; `None` if nothing was registered.
fn ask_for_head() -> Result<Option<&'static Head>, Unsupported> {
    let mut head: *const Head = ptr::null();
    let mut length = 0_usize;
    let this_thread = 0;
    // SAFETY: the kernel writes one pointer and one length to the two places given.
    let failed = unsafe {
        libc::syscall(libc::SYS_get_robust_list, this_thread, &raw mut head, &raw mut length)
    };
    if failed != 0 || length != size_of::<Head>() {
        return Err(Unsupported::NoRobustList);
    }
    // Walks along the list come back to the head by its address.
    let _ = head.expose_provenance();
    // SAFETY: null, or the registered head, which lives in the thread's own control block as long as the thread; and a
    // `ThreadContext`, the only place for this reference, does not leave the thread.
    let Some(head) = (unsafe { head.as_ref() }) else { return Ok(None) };
    let found = head.futex_offset.load(Relaxed);
    if found != WORD_FROM_LINK {
        let (found, expected) = (found as i32, WORD_FROM_LINK as i32);
        return Err(Unsupported::ForeignListOffset { found, expected });
    }
    Ok(Some(head))
}

/// Where that fails there is no list afterwards, as there was none before.
fn take_and_release_a_mutex() {
    let mut attributes = MaybeUninit::<pthread_mutexattr_t>::uninit();
    let mut mutex = MaybeUninit::<pthread_mutex_t>::uninit();
    let (attributes, mutex) = (attributes.as_mut_ptr(), mutex.as_mut_ptr());
    let (robust, shared) = (libc::PTHREAD_MUTEX_ROBUST, libc::PTHREAD_PROCESS_SHARED);
    // SAFETY: initialises the attributes given.
    let mut failed = unsafe { libc::pthread_mutexattr_init(attributes) };
    // SAFETY: the attributes were just initialised, which cannot fail; so for the next two.
    failed |= unsafe { libc::pthread_mutexattr_setrobust(attributes, robust) };
    // SAFETY: as above.
    failed |= unsafe { libc::pthread_mutexattr_setpshared(attributes, shared) };
    // SAFETY: as above, and memory for a mutex that nobody uses yet.
    failed |= unsafe { libc::pthread_mutex_init(mutex, attributes) };
    if failed != 0 {
        return;
    }
    // SAFETY: the mutex was just initialised.
    if unsafe { libc::pthread_mutex_lock(mutex) } == 0 {
        // SAFETY: this thread has just taken it.
        unsafe { libc::pthread_mutex_unlock(mutex) };
    }
    // SAFETY: nobody holds it or will use it again.
    unsafe { libc::pthread_mutex_destroy(mutex) };
}
