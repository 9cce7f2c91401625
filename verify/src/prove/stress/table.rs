//! A lock as a table of functions.

use core::ffi::{c_int, c_void};

/// A place of which the functions of a lock are told.
type Function = unsafe extern "C" fn(*mut c_void) -> c_int;

/// A lock's functions, as C has them. Each is told where the lock is, and returns 0 if all went well.
#[derive(Clone, Copy, Debug)]
pub struct CLock {
    init: Function,
    lock: Function,
    unlock: Function,
}

/// No lock is larger.
pub(super) const ROOM: usize = 4096;

impl CLock {
    /// A lock of so many bytes. It will lie at the beginning of a page that holds zeroes.
    ///
    /// If it survives the death of a holder, `lock` returns 0 also when it says so: it declares what is protected consistent before.
    ///
    /// # Panics
    ///
    /// If it is larger than 4096 bytes.
    ///
    /// # Safety
    ///
    /// With a place of that size in memory that processes share, `init` makes a lock there, for several processes. After that,
    /// `lock` and `unlock` may be called there by any process, `unlock` by the thread that last took it; and none
    /// of them touches anything else that a forked process must not.
    #[must_use]
    pub const unsafe fn new(size: usize, init: Function, lock: Function, unlock: Function) -> Self {
        assert!(size <= ROOM, "the lock is too large");
        Self { init, lock, unlock }
    }

    /// The table of a lock of Rust.
    pub(super) const fn of<R: lock_api::RawMutex>() -> Self {
        assert!(size_of::<R>() <= ROOM && align_of::<R>() <= ROOM, "the lock is too large");
        Self { init: init::<R>, lock: lock::<R>, unlock: unlock::<R> }
    }

    /// Makes a lock there.
    pub(super) fn init(&self, at: *mut [u8; ROOM]) -> Result<(), String> {
        // SAFETY: a page of zeroes, shared and not yet in use; `new` tells what it has to do with that.
        done("to make it", unsafe { (self.init)(at.cast()) })
    }

    /// Takes the lock that is there.
    pub(super) fn lock(&self, at: *mut [u8; ROOM]) -> Result<(), String> {
        // SAFETY: a lock was made there.
        done("to take it", unsafe { (self.lock)(at.cast()) })
    }

    /// Lets go of the lock that is there.
    pub(super) fn unlock(&self, at: *mut [u8; ROOM]) -> Result<(), String> {
        // SAFETY: a lock was made there, and this thread has taken it.
        done("to let go of it", unsafe { (self.unlock)(at.cast()) })
    }
}

fn done(what: &str, code: c_int) -> Result<(), String> {
    if code == 0 { Ok(()) } else { Err(format!("{what} returned {code}")) }
}

unsafe extern "C" fn init<R: lock_api::RawMutex>(at: *mut c_void) -> c_int {
    // SAFETY: it fits, as `of` has looked, and nobody uses what is there.
    unsafe { at.cast::<R>().write(R::INIT) };
    0
}

unsafe extern "C" fn lock<R: lock_api::RawMutex>(at: *mut c_void) -> c_int {
    // SAFETY: `init` has made one there, and it is only used through shared references.
    let lock = unsafe { &*at.cast::<R>() };
    lock.lock();
    0
}

unsafe extern "C" fn unlock<R: lock_api::RawMutex>(at: *mut c_void) -> c_int {
    // SAFETY: `init` has made one there, and it is only used through shared references.
    let lock = unsafe { &*at.cast::<R>() };
    // SAFETY: this thread has taken it.
    unsafe { lock.unlock() };
    0
}
