//! Locks that cannot be modelled: real processes under them.

use std::ffi::{c_int, c_void};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU32};
use std::thread;
use std::time::Duration;

use lockproof_verify::prove::{self, CLock, Stressed};

/// A spinlock, and what can be wrong with it.
struct Spin<const MISTAKE: u8>(AtomicBool);

const NONE: u8 = 0;
const LOOKS_ONLY: u8 = 1;
const LOSES_PATIENCE: u8 = 2;
const NEVER_LEAVES: u8 = 3;

// SAFETY: without a mistake, one at a time exchanges `false` for `true`. With one, nothing is protected that is not atomic.
unsafe impl<const MISTAKE: u8> lock_api::RawMutex for Spin<MISTAKE> {
    const INIT: Self = Self(AtomicBool::new(false));
    type GuardMarker = lock_api::GuardSend;

    fn lock(&self) {
        for attempt in 0.. {
            if self.try_lock() || MISTAKE == LOSES_PATIENCE && attempt > 2 {
                return;
            }
            thread::yield_now();
        }
    }

    fn try_lock(&self) -> bool {
        if MISTAKE == LOOKS_ONLY {
            let is_free = !self.0.load(Acquire);
            if is_free {
                thread::yield_now();
                self.0.store(true, Relaxed);
            }
            return is_free;
        }
        !self.0.swap(true, Acquire)
    }

    unsafe fn unlock(&self) {
        if MISTAKE != NEVER_LEAVES {
            self.0.store(false, Release);
        }
    }
}

/// A spinlock that knows its holder by its process, and takes the place of a dead one. (A process that has the number of the dead one
/// would be taken for it.)
struct Heir(AtomicU32);

// SAFETY: one at a time exchanges nobody, or a dead one, for itself.
unsafe impl lock_api::RawMutex for Heir {
    const INIT: Self = Self(AtomicU32::new(0));
    type GuardMarker = lock_api::GuardSend;

    fn lock(&self) {
        while !self.try_lock() {
            thread::yield_now();
        }
    }

    fn try_lock(&self) -> bool {
        let seen = self.0.load(Relaxed);
        // SAFETY: signal 0 is none: it is only asked whether there is such a process.
        let is_free = seen == 0 || unsafe { libc::kill(seen.cast_signed(), 0) } != 0;
        is_free && self.0.compare_exchange(seen, std::process::id(), Acquire, Relaxed).is_ok()
    }

    unsafe fn unlock(&self) {
        self.0.store(0, Release);
    }
}

/// The C library's mutex.
fn pthread_mutex(robust: bool) -> CLock {
    let init = if robust {
        init::<{ libc::PTHREAD_MUTEX_ROBUST }>
    } else {
        init::<{ libc::PTHREAD_MUTEX_STALLED }>
    };
    // SAFETY: a mutex that processes share, by the functions that are made for it.
    unsafe { CLock::new(size_of::<libc::pthread_mutex_t>(), init, lock, unlock) }
}

unsafe extern "C" fn init<const ROBUST: c_int>(at: *mut c_void) -> c_int {
    let mut attributes = std::mem::MaybeUninit::<libc::pthread_mutexattr_t>::uninit();
    let to = attributes.as_mut_ptr();
    // SAFETY: makes attributes.
    let mut failed = unsafe { libc::pthread_mutexattr_init(to) };
    // SAFETY: they were made.
    failed |= unsafe { libc::pthread_mutexattr_setpshared(to, libc::PTHREAD_PROCESS_SHARED) };
    // SAFETY: they were made.
    failed |= unsafe { libc::pthread_mutexattr_setrobust(to, ROBUST) };
    // SAFETY: they were made, and there is room for a mutex.
    failed | unsafe { libc::pthread_mutex_init(at.cast(), to) }
}

unsafe extern "C" fn lock(at: *mut c_void) -> c_int {
    // SAFETY: `init` has made one there.
    let how = unsafe { libc::pthread_mutex_lock(at.cast()) };
    // SAFETY: it was just taken.
    if how == libc::EOWNERDEAD { unsafe { libc::pthread_mutex_consistent(at.cast()) } } else { how }
}

unsafe extern "C" fn unlock(at: *mut c_void) -> c_int {
    // SAFETY: `init` has made one there, and it is held.
    unsafe { libc::pthread_mutex_unlock(at.cast()) }
}

unsafe extern "C" fn refuses(_: *mut c_void) -> c_int {
    libc::EINVAL
}

fn spin<const MISTAKE: u8>() -> Stressed {
    prove::stress::<Spin<MISTAKE>>("spin").run()
}

const HANGS: &str = "no: a holder's death keeps all others waiting for ever";

#[test]
fn a_lock_that_a_death_leaves_shut_is_right_unless_it_says_that_it_survives() {
    let seen = spin::<NONE>();
    seen.assert();
    assert_eq!(seen.dies_with_its_holder(), Some(true), "{seen}");
    assert!(seen.to_string().contains(HANGS), "{seen}");
    let seen = prove::stress::<Spin<NONE>>("said to be robust").robust().run();
    assert!(!seen.holds(), "{seen}");
    assert!(seen.to_string().contains("WRONG: nobody got in for 5.0 s"), "{seen}");
}

#[test]
fn a_lock_that_knows_the_dead_survives_them() {
    let lock = prove::stress::<Heir>("heir").robust().processes(3);
    let seen = lock.lasting(Duration::from_millis(200)).run();
    seen.assert();
    assert_eq!(seen.dies_with_its_holder(), Some(false), "{seen}");
}

#[test]
fn lost_additions_are_counted() {
    for seen in [spin::<LOOKS_ONLY>(), spin::<LOSES_PATIENCE>()] {
        assert!(!seen.holds(), "{seen}");
        assert_eq!(seen.dies_with_its_holder(), None, "a wrong lock is not tried further: {seen}");
        assert!(seen.to_string().contains("additions were lost"), "{seen}");
    }
}

#[test]
fn a_lock_that_is_stuck_is_wrong_and_all_processes_are_ended() {
    let seen = spin::<NEVER_LEAVES>();
    assert!(!seen.holds(), "{seen}");
    assert!(seen.to_string().contains("WRONG: nobody got in for"), "{seen}");
    let left = std::fs::read_to_string("/proc/thread-self/children").unwrap_or_default();
    assert_eq!(left, "", "processes that this thread has started, and not reaped");
}

#[test]
fn the_c_librarys_mutex_is_right_and_its_robust_one_survives() {
    let seen = prove::stress_c("pthread", pthread_mutex(false)).run();
    seen.assert();
    assert_eq!(seen.dies_with_its_holder(), Some(true), "{seen}");
    let seen = prove::stress_c("pthread, robust", pthread_mutex(true)).robust().run();
    seen.assert();
    assert_eq!(seen.dies_with_its_holder(), Some(false), "{seen}");
}

#[test]
fn a_lock_that_refuses_is_wrong() {
    let size = size_of::<libc::pthread_mutex_t>();
    // SAFETY: it is never taken.
    let table =
        unsafe { CLock::new(size, init::<{ libc::PTHREAD_MUTEX_STALLED }>, refuses, unlock) };
    let seen = prove::stress_c("refuses", table).run();
    assert!(!seen.holds(), "{seen}");
    assert!(
        seen.to_string().contains("WRONG: a process that used it: exited with code 1"),
        "{seen}"
    );
}

#[test]
fn a_wrong_lock_fails_the_test_that_asserts_it() {
    let failed = std::panic::catch_unwind(|| spin::<LOSES_PATIENCE>().assert());
    let panic = failed.expect_err("it is wrong");
    let words = panic.downcast_ref::<String>().expect("words");
    assert_eq!(words, "spin is not right: the report above says why");
}
