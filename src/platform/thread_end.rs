//! How this library learns that a thread ends, and its process does not.
//!
//! By the destructor of a pthread key. It runs in a thread that ends, after Rust's thread-locals were destroyed (which
//! may drop guards), and not in one that calls `exit`. A thread-local's destructor would run in both, and before others.
//!
//! Where the C library has no destructors but those of keys, as musl, Rust destroys its thread-locals in one of its own,
//! which may come after ours. So ours looks only when it is called for the second time: a key that is set anew is called
//! for anew, up to `PTHREAD_DESTRUCTOR_ITERATIONS` (4) times.

use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use libc::pthread_key_t;

use super::threads;
use crate::error::Unsupported;

/// Not yet called for.
const FIRST: *mut c_void = ptr::without_provenance_mut(1);
/// Called for once or more.
const AGAIN: *mut c_void = ptr::without_provenance_mut(2);

/// Has [`threads::ended`] run when the calling thread ends.
pub(super) fn watch() -> Result<(), Unsupported> {
    set(key()?, FIRST)
}

/// The process's one key.
fn key() -> Result<pthread_key_t, Unsupported> {
    /// A key and 1; 0 before there is one. Not a `Once`: in a child forked by another thread meanwhile, that would never
    /// complete.
    static KEY: AtomicU64 = AtomicU64::new(0);
    if let Some(known) = known_key(KEY.load(Relaxed)) {
        return Ok(known);
    }
    let mut new: pthread_key_t = 0;
    // SAFETY: a place for the key, and a function of this program that lives as long as the program.
    if unsafe { libc::pthread_key_create(&raw mut new, Some(thread_ends)) } != 0 {
        return Err(Unsupported::UnseenThreadEnd);
    }
    // Relaxed: the number is all there is.
    match KEY.compare_exchange(0, u64::from(new) + 1, Relaxed, Relaxed) {
        Ok(_) => Ok(new),
        Err(others) => {
            // SAFETY: created above, and never set.
            unsafe { libc::pthread_key_delete(new) };
            known_key(others).ok_or(Unsupported::UnseenThreadEnd)
        }
    }
}

fn known_key(number: u64) -> Option<pthread_key_t> {
    pthread_key_t::try_from(number.checked_sub(1)?).ok()
}

fn set(key: pthread_key_t, value: *mut c_void) -> Result<(), Unsupported> {
    // SAFETY: a key of this process that is never deleted; the value is no pointer to anything.
    match unsafe { libc::pthread_setspecific(key, value) } {
        0 => Ok(()),
        _ => Err(Unsupported::UnseenThreadEnd),
    }
}

unsafe extern "C" fn thread_ends(value: *mut c_void) {
    let more_to_come = match value {
        FIRST => threads::here().thread() != threads::NOBODY,
        _ => threads::ended(),
    };
    if more_to_come && let Ok(key) = key() {
        // Cannot fail: there is room for it since the first time.
        let _ = set(key, AGAIN);
    }
}
