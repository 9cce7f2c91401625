//! What people take instead: the C library's, a plain futex mutex, and pipes. All between processes.

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::ptr;
use core::sync::atomic::{
    AtomicI32, AtomicU32,
    Ordering::{Acquire, Relaxed, Release},
};
use std::os::fd::IntoRawFd;

use super::shared::Zeroes;
use super::work::{Channel, Number, Readable, Section, Signal, Told, Turn, Work, unusable};

/// What a call of the C library has come to.
fn done(what: &str, failed: i32) -> Result<(), String> {
    match failed {
        0 => Ok(()),
        failed => Err(format!("{what}: {}", std::io::Error::from_raw_os_error(failed))),
    }
}

#[inline(always)]
fn worked(failed: i32) {
    if failed != 0 {
        unusable(&std::io::Error::from_raw_os_error(failed));
    }
}

/// The third mutex of Ulrich Drepper's "Futexes Are Tricky": 0 free, 1 held, 2 held and somebody may sleep.
#[repr(C)]
pub(super) struct Drepper {
    word: AtomicU32,
    number: Number,
}

// SAFETY: an atomic, and a number.
unsafe impl Zeroes for Drepper {}

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

impl Section for Drepper {
    #[inline(always)]
    fn within<T>(&self, work: impl FnOnce(Told, &mut u64) -> T) -> T {
        self.lock();
        let done = work(Told::Nothing, self.number.alone());
        self.unlock();
        done
    }
}

/// Which of the C library's mutexes.
pub(super) const NORMAL: u8 = 0;
pub(super) const ROBUST: u8 = 1;
pub(super) const RECURSIVE: u8 = 2;

/// The C library's process-shared mutex.
#[repr(C)]
pub(super) struct PthreadMutex<const KIND: u8> {
    mutex: UnsafeCell<libc::pthread_mutex_t>,
    number: Number,
}

// SAFETY: the mutex is made for several threads; the number is only touched by whoever holds it.
unsafe impl<const KIND: u8> Sync for PthreadMutex<KIND> {}
// SAFETY: used only after `set_up`.
unsafe impl<const KIND: u8> Zeroes for PthreadMutex<KIND> {}

impl<const KIND: u8> PthreadMutex<KIND> {
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

impl<const KIND: u8> Section for PthreadMutex<KIND> {
    fn set_up(&self) -> Result<(), String> {
        let mut attributes = MaybeUninit::uninit();
        let at = attributes.as_mut_ptr();
        // SAFETY: initialises the attributes.
        let mut failed = unsafe { libc::pthread_mutexattr_init(at) };
        // SAFETY: initialised one statement before.
        failed |= unsafe { libc::pthread_mutexattr_setpshared(at, libc::PTHREAD_PROCESS_SHARED) };
        if KIND == ROBUST {
            // SAFETY: initialised above.
            failed |= unsafe { libc::pthread_mutexattr_setrobust(at, libc::PTHREAD_MUTEX_ROBUST) };
        }
        if KIND == RECURSIVE {
            // SAFETY: initialised above.
            failed |= unsafe { libc::pthread_mutexattr_settype(at, libc::PTHREAD_MUTEX_RECURSIVE) };
        }
        // SAFETY: nobody uses the mutex yet.
        failed |= unsafe { libc::pthread_mutex_init(self.mutex.get(), at) };
        done("a mutex between processes", failed)
    }

    #[inline(always)]
    fn within<T>(&self, work: impl FnOnce(Told, &mut u64) -> T) -> T {
        let told = match self.lock() {
            0 => Told::Nothing,
            libc::EOWNERDEAD => {
                // SAFETY: this thread holds the mutex, in the inconsistent state.
                worked(unsafe { libc::pthread_mutex_consistent(self.mutex.get()) });
                Told::OwnerDied
            }
            failed => unusable(&std::io::Error::from_raw_os_error(failed)),
        };
        let done = work(told, self.number.alone());
        self.unlock();
        done
    }
}

/// The C library's lock for readers and writers.
#[repr(C)]
pub(super) struct PthreadRwLock {
    lock: UnsafeCell<libc::pthread_rwlock_t>,
    number: Number,
}

// SAFETY: the lock is made for several threads; the number is only touched by whom it lets in.
unsafe impl Sync for PthreadRwLock {}
// SAFETY: used only after `set_up`.
unsafe impl Zeroes for PthreadRwLock {}

impl Section for PthreadRwLock {
    fn set_up(&self) -> Result<(), String> {
        let mut attributes = MaybeUninit::uninit();
        let at = attributes.as_mut_ptr();
        // SAFETY: initialises the attributes.
        let mut failed = unsafe { libc::pthread_rwlockattr_init(at) };
        // SAFETY: initialised one statement before.
        failed |= unsafe { libc::pthread_rwlockattr_setpshared(at, libc::PTHREAD_PROCESS_SHARED) };
        // SAFETY: nobody uses the lock yet.
        failed |= unsafe { libc::pthread_rwlock_init(self.lock.get(), at) };
        done("a readers-writer lock between processes", failed)
    }

    #[inline(always)]
    fn within<T>(&self, work: impl FnOnce(Told, &mut u64) -> T) -> T {
        // SAFETY: initialised by `set_up`.
        worked(unsafe { libc::pthread_rwlock_wrlock(self.lock.get()) });
        let done = work(Told::Nothing, self.number.alone());
        // SAFETY: held by this thread.
        worked(unsafe { libc::pthread_rwlock_unlock(self.lock.get()) });
        done
    }
}

impl Readable for PthreadRwLock {
    #[inline(always)]
    fn read(&self) -> u64 {
        // SAFETY: initialised by `set_up`.
        worked(unsafe { libc::pthread_rwlock_rdlock(self.lock.get()) });
        let number = self.number.read();
        // SAFETY: held by this thread.
        worked(unsafe { libc::pthread_rwlock_unlock(self.lock.get()) });
        number
    }
}

/// The C library's semaphore, with as many permits as it is given.
#[repr(C)]
pub(super) struct Sem<const PERMITS: u32> {
    semaphore: UnsafeCell<libc::sem_t>,
    number: Number,
}

// SAFETY: the semaphore is made for several threads; the number is only touched by whoever has its only permit.
unsafe impl<const PERMITS: u32> Sync for Sem<PERMITS> {}
// SAFETY: used only after `set_up`.
unsafe impl<const PERMITS: u32> Zeroes for Sem<PERMITS> {}

impl<const PERMITS: u32> Sem<PERMITS> {
    fn init(&self) -> Result<(), String> {
        // SAFETY: nobody uses the semaphore yet.
        let failed = unsafe { libc::sem_init(self.semaphore.get(), 1, PERMITS) };
        done("a semaphore between processes", failed)
    }

    #[inline(always)]
    fn wait(&self) {
        // SAFETY: initialised by `set_up`. Interrupted, it is asked again.
        while unsafe { libc::sem_wait(self.semaphore.get()) } != 0 {}
    }

    #[inline(always)]
    fn post(&self) {
        // SAFETY: initialised by `set_up`.
        worked(unsafe { libc::sem_post(self.semaphore.get()) });
    }
}

impl Section for Sem<1> {
    fn set_up(&self) -> Result<(), String> {
        self.init()
    }

    #[inline(always)]
    fn within<T>(&self, work: impl FnOnce(Told, &mut u64) -> T) -> T {
        self.wait();
        let done = work(Told::Nothing, self.number.alone());
        self.post();
        done
    }
}

impl Signal for Sem<0> {
    fn set_up(&self) -> Result<(), String> {
        self.init()
    }

    fn send(&self) {
        self.post();
    }

    fn await_it(&self) {
        self.wait();
    }
}

/// The C library's condition variable.
#[repr(transparent)]
struct PthreadCond(UnsafeCell<libc::pthread_cond_t>);

// SAFETY: made for several threads.
unsafe impl Sync for PthreadCond {}

impl PthreadCond {
    fn set_up(&self) -> Result<(), String> {
        let mut attributes = MaybeUninit::uninit();
        let at = attributes.as_mut_ptr();
        // SAFETY: initialises the attributes.
        let mut failed = unsafe { libc::pthread_condattr_init(at) };
        // SAFETY: initialised one statement before.
        failed |= unsafe { libc::pthread_condattr_setpshared(at, libc::PTHREAD_PROCESS_SHARED) };
        // SAFETY: nobody uses the condition variable yet.
        failed |= unsafe { libc::pthread_cond_init(self.0.get(), at) };
        done("a condition variable between processes", failed)
    }

    /// Under the mutex.
    fn wait(&self, mutex: &PthreadMutex<NORMAL>) {
        // SAFETY: both are initialised, and this thread holds the mutex.
        worked(unsafe { libc::pthread_cond_wait(self.0.get(), mutex.mutex.get()) });
    }

    fn notify_all(&self) {
        // SAFETY: initialised by `set_up`.
        worked(unsafe { libc::pthread_cond_broadcast(self.0.get()) });
    }

    fn notify_one(&self) {
        // SAFETY: initialised by `set_up`.
        worked(unsafe { libc::pthread_cond_signal(self.0.get()) });
    }
}

/// A condition, and whether it is fulfilled.
#[repr(C)]
pub(super) struct PthreadFlag {
    is_set: PthreadMutex<NORMAL>,
    changed: PthreadCond,
}

// SAFETY: used only after `set_up`.
unsafe impl Zeroes for PthreadFlag {}

impl Signal for PthreadFlag {
    fn set_up(&self) -> Result<(), String> {
        self.is_set.set_up()?;
        self.changed.set_up()
    }

    fn send(&self) {
        self.is_set.within(|_, is_set| *is_set = 1);
        self.changed.notify_one();
    }

    fn await_it(&self) {
        worked(self.is_set.lock());
        while self.is_set.number.read() == 0 {
            self.changed.wait(&self.is_set);
        }
        *self.is_set.number.alone() = 0;
        self.is_set.unlock();
    }
}

/// So many meet, by a condition that the last of them fulfils.
#[repr(C)]
pub(super) struct PthreadCrowd<const N: usize> {
    /// Which meeting it is.
    met: PthreadMutex<NORMAL>,
    /// How many are there.
    here: Number,
    changed: PthreadCond,
}

// SAFETY: used only after `set_up`.
unsafe impl<const N: usize> Zeroes for PthreadCrowd<N> {}

impl<const N: usize> Work for PthreadCrowd<N> {
    fn set_up(&self) -> Result<(), String> {
        self.met.set_up()?;
        self.changed.set_up()
    }

    fn once(&self, _: usize) -> Turn {
        worked(self.met.lock());
        let this = self.met.number.read();
        *self.here.alone() += 1;
        if self.here.read() == N as u64 {
            *self.here.alone() = 0;
            *self.met.number.alone() += 1;
            self.met.unlock();
            self.changed.notify_all();
            return Turn::Own;
        }
        while self.met.number.read() == this {
            self.changed.wait(&self.met);
        }
        self.met.unlock();
        Turn::Own
    }
}

/// The C library's barrier.
#[repr(transparent)]
pub(super) struct PthreadBarrier<const N: u32>(UnsafeCell<libc::pthread_barrier_t>);

// SAFETY: made for several threads.
unsafe impl<const N: u32> Sync for PthreadBarrier<N> {}
// SAFETY: used only after `set_up`.
unsafe impl<const N: u32> Zeroes for PthreadBarrier<N> {}

impl<const N: u32> Work for PthreadBarrier<N> {
    fn set_up(&self) -> Result<(), String> {
        let mut attributes = MaybeUninit::uninit();
        let at = attributes.as_mut_ptr();
        // SAFETY: initialises the attributes.
        let mut failed = unsafe { libc::pthread_barrierattr_init(at) };
        // SAFETY: initialised one statement before.
        failed |= unsafe { libc::pthread_barrierattr_setpshared(at, libc::PTHREAD_PROCESS_SHARED) };
        // SAFETY: nobody uses the barrier yet.
        failed |= unsafe { libc::pthread_barrier_init(self.0.get(), at, N) };
        done("a barrier between processes", failed)
    }

    fn once(&self, _: usize) -> Turn {
        // SAFETY: initialised by `set_up`.
        match unsafe { libc::pthread_barrier_wait(self.0.get()) } {
            0 | libc::PTHREAD_BARRIER_SERIAL_THREAD => {}
            failed => worked(failed),
        }
        Turn::Own
    }
}

/// A pipe: what most would send messages through.
#[repr(C)]
pub(super) struct Pipe<const BYTES: usize> {
    /// The ends, which all processes have inherited.
    reads: AtomicI32,
    writes: AtomicI32,
}

// SAFETY: atomics.
unsafe impl<const BYTES: usize> Zeroes for Pipe<BYTES> {}

impl<const BYTES: usize> Channel for Pipe<BYTES> {
    fn set_up(&self) -> Result<(), String> {
        let (reads, writes) = rustix::pipe::pipe().map_err(|error| format!("no pipe: {error}"))?;
        self.reads.store(reads.into_raw_fd(), Relaxed);
        self.writes.store(writes.into_raw_fd(), Relaxed);
        Ok(())
    }

    fn tear_down(&self) {
        for end in [&self.reads, &self.writes] {
            // SAFETY: opened by `set_up`, and nobody else closes it.
            unsafe { libc::close(end.load(Relaxed)) };
        }
    }

    fn put(&self) {
        let message = [1_u8; BYTES];
        // SAFETY: reads from the array. Up to PIPE_BUF bytes are written as a whole.
        let written = unsafe {
            libc::write(self.writes.load(Relaxed), message.as_ptr().cast(), message.len())
        };
        if written != BYTES as isize {
            unusable(&std::io::Error::last_os_error());
        }
    }

    fn take(&self) {
        let mut message = [0_u8; BYTES];
        let mut there = 0;
        while there < BYTES {
            let rest = &mut message[there..];
            // SAFETY: writes into the rest of the array.
            let read = unsafe {
                libc::read(self.reads.load(Relaxed), rest.as_mut_ptr().cast(), rest.len())
            };
            match usize::try_from(read) {
                Ok(0) | Err(_) => unusable(&std::io::Error::last_os_error()),
                Ok(read) => there += read,
            }
        }
        core::hint::black_box(message);
    }
}
