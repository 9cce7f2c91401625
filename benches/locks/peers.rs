//! Our mutex, and what it is measured against: the same work under each, in memory that processes share.

use core::cell::UnsafeCell;
use core::ptr;
use core::sync::atomic::{
    AtomicU32, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};

use lockproof::Mutex;
use lockproof::error::LockError;

/// How a lock was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Nothing,
    OwnerDied,
}

/// A number that several processes add to. Lies in shared memory that was zero before `set_up`.
pub(crate) trait Adder: Sync + 'static {
    const NAME: &'static str;

    /// Makes zeroes a working lock.
    fn set_up(&self) {}
    /// Lock, add, unlock. Inlined into the loop that measures it, as far as it can be: the C library's are calls.
    fn add_one(&self);
    /// What it all came to.
    fn total(&self) -> u64;
}

/// An adder that can be held meanwhile.
pub(crate) trait Holder: Adder {
    /// Whether a waiter survives the holder's death.
    const SURVIVES: bool;

    /// Runs `work` with the lock held.
    fn hold(&self, work: impl FnOnce(Told));
}

impl Adder for Mutex<u64> {
    const NAME: &'static str = "lockproof::Mutex";

    #[inline(always)]
    fn add_one(&self) {
        match self.lock() {
            Ok(mut number) => *number += 1,
            Err(error) => unusable(&error),
        }
    }

    fn total(&self) -> u64 {
        let mut total = 0;
        self.lock().map(|number| total = *number).unwrap_or_else(|error| unusable(&error));
        total
    }
}

/// The fast path in a function of its own, so that its instructions can be looked at: CONTRIBUTING.md says how.
#[inline(never)]
pub(crate) fn lock_add_unlock(mutex: &Mutex<u64>) {
    mutex.add_one();
}

impl Holder for Mutex<u64> {
    const SURVIVES: bool = true;

    fn hold(&self, work: impl FnOnce(Told)) {
        match self.lock() {
            Ok(_guard) => work(Told::Nothing),
            Err(LockError::OwnerDied(died)) => {
                work(Told::OwnerDied);
                died.into_guard().make_consistent();
            }
            Err(error) => unusable(&error),
        }
    }
}

#[cold]
#[inline(never)]
fn unusable(error: &dyn core::fmt::Display) -> ! {
    panic!("the lock cannot be used: {error}");
}

/// One atomic instruction: no lock, and the least that any of them can cost.
#[repr(C)]
pub(crate) struct FetchAdd {
    number: AtomicU64,
}

impl Adder for FetchAdd {
    const NAME: &'static str = "atomic fetch_add";

    #[inline(always)]
    fn add_one(&self) {
        self.number.fetch_add(1, Relaxed);
    }

    fn total(&self) -> u64 {
        self.number.load(Relaxed)
    }
}

/// The third mutex of Ulrich Drepper's "Futexes Are Tricky": 0 free, 1 held, 2 held and somebody may sleep.
#[repr(C)]
pub(crate) struct Drepper {
    word: AtomicU32,
    number: UnsafeCell<u64>,
}

// SAFETY: the number is only touched by whoever holds the lock.
unsafe impl Sync for Drepper {}

impl Drepper {
    #[inline]
    fn lock(&self) {
        if let Err(seen) = self.word.compare_exchange(0, 1, Acquire, Relaxed) {
            self.lock_contended(seen);
        }
    }

    #[cold]
    fn lock_contended(&self, mut seen: u32) {
        if seen != 2 {
            seen = self.word.swap(2, Acquire);
        }
        while seen != 0 {
            self.futex(libc::FUTEX_WAIT, 2);
            seen = self.word.swap(2, Acquire);
        }
    }

    #[inline]
    fn unlock(&self) {
        if self.word.fetch_sub(1, Release) != 1 {
            self.unlock_contended();
        }
    }

    #[cold]
    fn unlock_contended(&self) {
        self.word.store(0, Release);
        self.futex(libc::FUTEX_WAKE, 1);
    }

    fn futex(&self, operation: i32, value: u32) {
        let for_ever = ptr::null::<libc::timespec>();
        // SAFETY: the word lives as long as `self`; the kernel only compares it.
        unsafe { libc::syscall(libc::SYS_futex, &raw const self.word, operation, value, for_ever) };
    }
}

impl Adder for Drepper {
    const NAME: &'static str = "plain futex mutex (Drepper)";

    #[inline(always)]
    fn add_one(&self) {
        self.lock();
        // SAFETY: this thread holds the lock.
        unsafe { *self.number.get() += 1 };
        self.unlock();
    }

    fn total(&self) -> u64 {
        self.lock();
        // SAFETY: this thread holds the lock.
        let total = unsafe { *self.number.get() };
        self.unlock();
        total
    }
}

impl Holder for Drepper {
    const SURVIVES: bool = false;

    fn hold(&self, work: impl FnOnce(Told)) {
        self.lock();
        work(Told::Nothing);
        self.unlock();
    }
}

/// The C library's process-shared mutex, normal or robust.
#[repr(C)]
pub(crate) struct Pthread<const ROBUST: bool> {
    mutex: UnsafeCell<libc::pthread_mutex_t>,
    number: UnsafeCell<u64>,
}

// SAFETY: the mutex is made for several threads; the number is only touched by whoever holds it.
unsafe impl<const ROBUST: bool> Sync for Pthread<ROBUST> {}

impl<const ROBUST: bool> Pthread<ROBUST> {
    #[inline]
    fn lock(&self) -> i32 {
        // SAFETY: initialised by `set_up`.
        unsafe { libc::pthread_mutex_lock(self.mutex.get()) }
    }

    #[inline]
    fn unlock(&self) {
        // SAFETY: held by this thread.
        unsafe { libc::pthread_mutex_unlock(self.mutex.get()) };
    }
}

impl<const ROBUST: bool> Adder for Pthread<ROBUST> {
    const NAME: &'static str =
        if ROBUST { "pthread mutex, robust" } else { "pthread mutex, normal" };

    fn set_up(&self) {
        let mut attributes = core::mem::MaybeUninit::uninit();
        let at = attributes.as_mut_ptr();
        // SAFETY: initialises the attributes.
        let mut failed = unsafe { libc::pthread_mutexattr_init(at) };
        // SAFETY: initialised one statement before.
        failed |= unsafe { libc::pthread_mutexattr_setpshared(at, libc::PTHREAD_PROCESS_SHARED) };
        if ROBUST {
            // SAFETY: initialised above.
            failed |= unsafe { libc::pthread_mutexattr_setrobust(at, libc::PTHREAD_MUTEX_ROBUST) };
        }
        // SAFETY: nobody uses the mutex yet.
        failed |= unsafe { libc::pthread_mutex_init(self.mutex.get(), at) };
        assert_eq!(failed, 0, "the C library refuses a process-shared mutex");
    }

    #[inline(always)]
    fn add_one(&self) {
        if self.lock() != 0 {
            unusable(&"pthread_mutex_lock failed");
        }
        // SAFETY: this thread holds the lock.
        unsafe { *self.number.get() += 1 };
        self.unlock();
    }

    fn total(&self) -> u64 {
        assert_eq!(self.lock(), 0, "pthread_mutex_lock");
        // SAFETY: this thread holds the lock.
        let total = unsafe { *self.number.get() };
        self.unlock();
        total
    }
}

impl<const ROBUST: bool> Holder for Pthread<ROBUST> {
    const SURVIVES: bool = ROBUST;

    fn hold(&self, work: impl FnOnce(Told)) {
        match self.lock() {
            0 => work(Told::Nothing),
            libc::EOWNERDEAD => {
                work(Told::OwnerDied);
                // SAFETY: this thread holds the lock, in the inconsistent state.
                unsafe { libc::pthread_mutex_consistent(self.mutex.get()) };
            }
            failure => unusable(&std::io::Error::from_raw_os_error(failure)),
        }
        self.unlock();
    }
}
