//! The C library's own mutexes, in shared memory: neighbours in the robust list, and something to compare with.

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;

use crate::common::memory::{shared_bytes, word_address};

/// How a mutex is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Robust,
    /// Robust, with priority inheritance: marked by bit 0 in the list.
    RobustInheriting,
}

/// A robust, process-shared, error-checking mutex of the C library.
#[repr(transparent)]
pub(crate) struct PthreadMutex(UnsafeCell<libc::pthread_mutex_t>);

// SAFETY: that is what such a mutex is for.
unsafe impl Sync for PthreadMutex {}

impl PthreadMutex {
    /// Some free mutexes in memory that forked children share.
    pub(crate) fn some(count: usize, kind: impl Fn(usize) -> Kind) -> &'static [Self] {
        let start: *const Self = shared_bytes(count * size_of::<Self>()).cast();
        // SAFETY: fresh, page-aligned, long enough and mapped for ever; any bytes are a valid `pthread_mutex_t`.
        let mutexes = unsafe { core::slice::from_raw_parts(start, count) };
        for (at, mutex) in mutexes.iter().enumerate() {
            mutex.initialise(kind(at));
        }
        mutexes
    }

    fn initialise(&self, kind: Kind) {
        let protocol = match kind {
            Kind::Robust => libc::PTHREAD_PRIO_NONE,
            Kind::RobustInheriting => libc::PTHREAD_PRIO_INHERIT,
        };
        let mut attributes = MaybeUninit::<libc::pthread_mutexattr_t>::uninit();
        let attributes = attributes.as_mut_ptr();
        // SAFETY: initialises the attributes given.
        done(unsafe { libc::pthread_mutexattr_init(attributes) });
        // SAFETY: just initialised; so for the next three.
        done(unsafe {
            libc::pthread_mutexattr_setpshared(attributes, libc::PTHREAD_PROCESS_SHARED)
        });
        // SAFETY: as above.
        done(unsafe { libc::pthread_mutexattr_setrobust(attributes, libc::PTHREAD_MUTEX_ROBUST) });
        // SAFETY: as above.
        done(unsafe {
            libc::pthread_mutexattr_settype(attributes, libc::PTHREAD_MUTEX_ERRORCHECK)
        });
        // SAFETY: as above.
        done(unsafe { libc::pthread_mutexattr_setprotocol(attributes, protocol) });
        // SAFETY: memory for a mutex that nobody uses yet.
        done(unsafe { libc::pthread_mutex_init(self.0.get(), attributes) });
    }

    /// Takes the mutex; 0 or an error number, of which `EOWNERDEAD` means that it was taken.
    pub(crate) fn lock(&self) -> i32 {
        // SAFETY: an initialised mutex.
        unsafe { libc::pthread_mutex_lock(self.0.get()) }
    }

    pub(crate) fn try_lock(&self) -> i32 {
        // SAFETY: an initialised mutex.
        unsafe { libc::pthread_mutex_trylock(self.0.get()) }
    }

    pub(crate) fn unlock(&self) {
        // SAFETY: an initialised mutex.
        done(unsafe { libc::pthread_mutex_unlock(self.0.get()) });
    }

    pub(crate) fn make_consistent(&self) {
        // SAFETY: an initialised mutex.
        done(unsafe { libc::pthread_mutex_consistent(self.0.get()) });
    }

    /// The same, if that is what the error number asks for.
    pub(crate) fn make_consistent_if(&self, error: i32) {
        if error == libc::EOWNERDEAD {
            self.make_consistent();
        }
    }

    /// The address of its lock word.
    pub(crate) fn word_address(&self) -> usize {
        word_address(self)
    }
}

#[track_caller]
fn done(error: i32) {
    assert_eq!(error, 0, "the C library's mutex: {}", std::io::Error::from_raw_os_error(error));
}
