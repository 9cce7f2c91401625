//! Locks of other crates, between processes.

use core::cell::{RefCell, UnsafeCell};
use core::mem::{ManuallyDrop, MaybeUninit};
use core::ptr;
use core::sync::atomic::{AtomicI32, Ordering::Relaxed};
use std::fs::File;
use std::os::fd::{FromRawFd, IntoRawFd, OwnedFd};

use fd_lock::RwLock as FileRwLock;
use posix_sync::mutex::guards::RobustGuardContainer;
use posix_sync::mutex::robustness_markers::RobustnessMarker;
pub(super) use posix_sync::mutex::robustness_markers::{Robust, Standard};
use posix_sync::mutex::{BorrowedMutex, MutexBuilder, MutexSharing, RawMutexAlloc};
use process_sync::SharedMutex;
use raw_sync::Timeout;
use raw_sync::events::{Event, EventImpl, EventInit, EventState};
use raw_sync::locks::{LockImpl, LockInit};
use rustix_futex_sync::shm;

use crate::bench::shared::Zeroes;
use crate::bench::work::{Number, Readable, Section, Signal, Told, unusable};

/// A place in shared memory for what another crate makes there.
#[repr(transparent)]
pub(super) struct Made<T>(UnsafeCell<MaybeUninit<T>>);

// SAFETY: what is in there is made to be used by several at once.
unsafe impl<T> Sync for Made<T> {}
// SAFETY: used only after `make`.
unsafe impl<T> Zeroes for Made<T> {}

impl<T> Made<T> {
    /// Puts it there, before anybody uses it.
    pub(super) fn make(&self, it: T) {
        // SAFETY: nobody uses it yet.
        unsafe { self.at().write(it) };
    }

    #[inline(always)]
    pub(super) fn get(&self) -> &T {
        // SAFETY: made by `set_up`, and changed by nobody but through itself.
        unsafe { &*self.at() }
    }

    const fn at(&self) -> *mut T {
        self.0.get().cast()
    }
}

/// `posix-sync`: the C library's mutex, with a guard for whoever is told of a death.
#[repr(C)]
pub(super) struct PosixSync<R> {
    mutex: Made<RawMutexAlloc>,
    number: Number,
    how: core::marker::PhantomData<fn() -> R>,
}

// SAFETY: used only after `set_up`.
unsafe impl<R> Zeroes for PosixSync<R> {}

impl<R: RobustnessMarker> PosixSync<R> {
    fn init(&self) {
        let builder = MutexBuilder::<R>::new().with_sharing(MutexSharing::Shared);
        // SAFETY: memory that nobody uses yet, and that stays as long as `self`.
        unsafe { builder.build_borrowed(self.mutex.at(), self) };
    }

    #[inline(always)]
    fn borrowed(&self) -> BorrowedMutex<'_, R> {
        // SAFETY: initialised by `set_up`, with this robustness.
        unsafe { BorrowedMutex::from_raw(self.mutex.at(), self) }
    }
}

impl Section for PosixSync<Standard> {
    fn set_up(&self) -> Result<(), String> {
        self.init();
        Ok(())
    }

    #[inline(always)]
    fn within<T>(&self, work: impl FnOnce(Told, &mut u64) -> T) -> T {
        let mutex = self.borrowed();
        // SAFETY: it stays where it is, initialised, for as long as anybody uses it.
        match unsafe { mutex.lock() } {
            Ok(_held) => work(Told::Nothing, self.number.alone()),
            Err(error) => unusable(&error),
        }
    }
}

impl Section for PosixSync<Robust> {
    fn set_up(&self) -> Result<(), String> {
        self.init();
        Ok(())
    }

    #[inline(always)]
    fn within<T>(&self, work: impl FnOnce(Told, &mut u64) -> T) -> T {
        let mutex = self.borrowed();
        // SAFETY: it stays where it is, initialised, for as long as anybody uses it.
        let (_held, told) = match unsafe { mutex.lock() } {
            Ok(RobustGuardContainer::Standard(held)) => (held, Told::Nothing),
            Ok(RobustGuardContainer::Indeterminate(held)) => match held.make_consistent() {
                Ok(held) => (held, Told::OwnerDied),
                Err(error) => unusable(&error),
            },
            Err(error) => unusable(&error),
        };
        work(told, self.number.alone())
    }
}

/// `process-sync`: the C library's mutex, in memory of its own.
#[repr(C)]
pub(super) struct ProcessSync {
    mutex: Made<SharedMutex>,
    number: Number,
}

// SAFETY: used only after `set_up`.
unsafe impl Zeroes for ProcessSync {}

impl ProcessSync {
    /// What a process has after a fork: one of its own, of the same mutex.
    #[inline(always)]
    fn own(&self) -> ManuallyDrop<SharedMutex> {
        // SAFETY: a copy as a fork makes them, that is never dropped.
        ManuallyDrop::new(unsafe { ptr::read(self.mutex.at()) })
    }
}

impl Section for ProcessSync {
    fn set_up(&self) -> Result<(), String> {
        self.mutex.make(SharedMutex::new().map_err(|error| error.to_string())?);
        Ok(())
    }

    fn tear_down(&self) {
        drop(ManuallyDrop::into_inner(self.own()));
    }

    #[inline(always)]
    fn within<T>(&self, work: impl FnOnce(Told, &mut u64) -> T) -> T {
        let mut mutex = self.own();
        if let Err(error) = mutex.lock() {
            unusable(&error);
        }
        let done = work(Told::Nothing, self.number.alone());
        if let Err(error) = mutex.unlock() {
            unusable(&error);
        }
        done
    }
}

/// As much memory as `raw_sync` needs for what it makes.
#[repr(C, align(16))]
struct Room(UnsafeCell<[u8; 256]>);

impl Room {
    fn holds(&self, bytes: usize) -> Result<*mut u8, String> {
        if bytes > size_of::<Self>() {
            return Err(format!("raw_sync needs {bytes} bytes"));
        }
        Ok(self.0.get().cast())
    }
}

/// `raw_sync`: the C library's mutex. What each process has of it is a box, which a fork copies.
#[repr(C)]
pub(super) struct RawSync {
    room: Room,
    lock: Made<Box<dyn LockImpl>>,
    number: Number,
}

// SAFETY: the room and the number are touched by the lock, and by whoever holds it.
unsafe impl Sync for RawSync {}
// SAFETY: used only after `set_up`.
unsafe impl Zeroes for RawSync {}

impl Section for RawSync {
    fn set_up(&self) -> Result<(), String> {
        let room = self.room.holds(raw_sync::locks::Mutex::size_of(None))?;
        // SAFETY: aligned memory that is large enough, and that nobody uses yet.
        let made = unsafe { raw_sync::locks::Mutex::new(room, ptr::null_mut()) };
        self.lock.make(made.map_err(|error| error.to_string())?.0);
        Ok(())
    }

    fn tear_down(&self) {
        // SAFETY: made by `set_up`, and used by nobody any more.
        drop(unsafe { ptr::read(self.lock.at()) });
    }

    #[inline(always)]
    fn within<T>(&self, work: impl FnOnce(Told, &mut u64) -> T) -> T {
        match self.lock.get().lock() {
            Ok(_held) => work(Told::Nothing, self.number.alone()),
            Err(error) => unusable(&error),
        }
    }
}

/// `raw_sync`: an event, of the C library's mutex and condition variable.
#[repr(C)]
pub(super) struct RawSyncEvent {
    room: Room,
    event: Made<Box<dyn EventImpl>>,
}

// SAFETY: the room is touched by the event alone.
unsafe impl Sync for RawSyncEvent {}
// SAFETY: used only after `set_up`.
unsafe impl Zeroes for RawSyncEvent {}

impl Signal for RawSyncEvent {
    fn set_up(&self) -> Result<(), String> {
        let room = self.room.holds(Event::size_of(None) + align_of::<Room>())?;
        // SAFETY: aligned memory that is large enough, and that nobody uses yet.
        let made = unsafe { Event::new(room, true) };
        self.event.make(made.map_err(|error| error.to_string())?.0);
        Ok(())
    }

    fn tear_down(&self) {
        // SAFETY: made by `set_up`, and used by nobody any more.
        drop(unsafe { ptr::read(self.event.at()) });
    }

    fn send(&self) {
        if let Err(error) = self.event.get().set(EventState::Signaled) {
            unusable(&error);
        }
    }

    fn await_it(&self) {
        if let Err(error) = self.event.get().wait(Timeout::Infinite) {
            unusable(&error);
        }
    }
}

/// `rustix-futex-sync`: the standard library's mutex, with futexes that processes share.
#[repr(transparent)]
pub(super) struct RustixFutex(Made<shm::Mutex<u64>>);

// SAFETY: used only after `set_up`.
unsafe impl Zeroes for RustixFutex {}

impl Section for RustixFutex {
    fn set_up(&self) -> Result<(), String> {
        self.0.make(shm::Mutex::new(0));
        Ok(())
    }

    #[inline(always)]
    fn within<T>(&self, work: impl FnOnce(Told, &mut u64) -> T) -> T {
        work(Told::Nothing, &mut self.0.get().lock())
    }
}

/// `rustix-futex-sync`: the standard library's lock for readers and writers.
#[repr(transparent)]
pub(super) struct RustixRwLock(Made<shm::RwLock<u64>>);

// SAFETY: used only after `set_up`.
unsafe impl Zeroes for RustixRwLock {}

impl Section for RustixRwLock {
    fn set_up(&self) -> Result<(), String> {
        self.0.make(shm::RwLock::new(0));
        Ok(())
    }

    #[inline(always)]
    fn within<T>(&self, work: impl FnOnce(Told, &mut u64) -> T) -> T {
        work(Told::Nothing, &mut self.0.get().write())
    }
}

impl Readable for RustixRwLock {
    #[inline(always)]
    fn read(&self) -> u64 {
        *self.0.get().read()
    }
}

/// `rustix-futex-sync`: a condition, and whether it is fulfilled.
#[repr(C)]
pub(super) struct RustixFlag {
    is_set: RustixFutex,
    changed: Made<shm::Condvar>,
}

// SAFETY: used only after `set_up`.
unsafe impl Zeroes for RustixFlag {}

impl Signal for RustixFlag {
    fn set_up(&self) -> Result<(), String> {
        self.changed.make(shm::Condvar::new());
        self.is_set.set_up()
    }

    fn send(&self) {
        *self.is_set.0.get().lock() = 1;
        self.changed.get().notify_one();
    }

    fn await_it(&self) {
        let is_set = self.is_set.0.get().lock();
        *self.changed.get().wait_while(is_set, |is_set| *is_set == 0) = 0;
    }
}

std::thread_local! {
    /// What this process has opened of the file that is locked.
    static OPENED: RefCell<Option<FileRwLock<File>>> = const { RefCell::new(None) };
}

/// `fd-lock`: a lock of a file. It is its opener's, so each process opens the file for itself.
#[repr(C)]
pub(super) struct FdLock {
    /// The file in memory, which all processes have inherited.
    file: AtomicI32,
    number: Number,
}

// SAFETY: an atomic, and a number.
unsafe impl Zeroes for FdLock {}

impl Section for FdLock {
    fn set_up(&self) -> Result<(), String> {
        let file = rustix::fs::memfd_create("fd-lock", rustix::fs::MemfdFlags::CLOEXEC);
        self.file.store(file.map_err(|error| error.to_string())?.into_raw_fd(), Relaxed);
        self.enter()
    }

    fn enter(&self) -> Result<(), String> {
        let path = format!("/proc/self/fd/{}", self.file.load(Relaxed));
        let file = File::options().read(true).write(true).open(path);
        let file = file.map_err(|error| format!("the file to lock: {error}"))?;
        OPENED.set(Some(FileRwLock::new(file)));
        Ok(())
    }

    fn tear_down(&self) {
        OPENED.set(None);
        // SAFETY: opened by `set_up`, and nobody else closes it.
        drop(unsafe { OwnedFd::from_raw_fd(self.file.load(Relaxed)) });
    }

    #[inline(always)]
    fn within<T>(&self, work: impl FnOnce(Told, &mut u64) -> T) -> T {
        OPENED.with_borrow_mut(|opened| {
            let lock = opened.as_mut().unwrap_or_else(|| unusable(&"no process has entered"));
            match lock.write() {
                Ok(_held) => work(Told::Nothing, self.number.alone()),
                Err(error) => unusable(&error),
            }
        })
    }
}
