//! Descriptors that a forked child must not keep.
//!
//! A lock on a file belongs to the opened file, not to a process: a forked child's copy of the descriptor would keep the
//! file locked after its parent's death, even against the child itself. The kernel closes such copies at `exec`, not at
//! `fork`. So a fork handler closes them, in every child that runs fork handlers (a raw `clone`, `vfork` and `_Fork`
//! run none).
//!
//! The handler finds them in slots. A descriptor that is open and not yet in its slot would be missed, so forks are
//! counted as they begin and as they end: whoever opens a file makes sure that none was under way meanwhile, or opens it
//! again.

use core::mem::ManuallyDrop;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicU64, Ordering::SeqCst};
use core::time::Duration;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use super::linux::{monotonic_now, sleep_until};

/// How often a file is opened again because of forks before that is given up. Each time, some fork began in the few
/// microseconds since another one ended.
const ATTEMPTS: usize = 1000;

/// How long a fork under way is waited for: large processes take tens of milliseconds. It never ends where a fork handler
/// itself takes a lock on a file.
const PATIENCE: Duration = Duration::from_secs(1);

const GLANCE: Duration = Duration::from_micros(100);

/// In a slot: nobody's.
const FREE: RawFd = -1;

/// In a slot: claimed for a descriptor that is not open yet.
const CLAIMED: RawFd = -2;

/// All slots there ever were, newest first; never freed.
static SLOTS: AtomicPtr<Slot> = AtomicPtr::new(ptr::null_mut());

static FORKS_BEGUN: AtomicU64 = AtomicU64::new(0);
static FORKS_ENDED: AtomicU64 = AtomicU64::new(0);

/// How many forks lie between this process and the first of its ancestors that uses this library.
static GENERATION: AtomicU64 = AtomicU64::new(0);

struct Slot {
    descriptor: AtomicI32,
    next: AtomicPtr<Slot>,
}

/// A process, among its ancestors and descendants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    generation: u64,
    /// For children that run no fork handlers.
    id: u32,
}

impl Process {
    pub(crate) fn current() -> Self {
        Self { generation: GENERATION.load(SeqCst), id: std::process::id() }
    }
}

/// A descriptor of this process alone. In a forked child its copy is closed already, or at the latest when dropped there.
pub(crate) struct Unshared {
    descriptor: ManuallyDrop<OwnedFd>,
    slot: &'static Slot,
    process: Process,
}

impl Unshared {
    /// Opens a file. `open` may be called several times; what it returned before is closed again then.
    pub(crate) fn open<E>(mut open: impl FnMut() -> Result<OwnedFd, E>) -> Result<Self, E> {
        watch_forks();
        let slot = Slot::claim();
        let mut attempts = 0;
        loop {
            attempts += 1;
            let forks = no_fork_under_way();
            let descriptor = open().inspect_err(|_| slot.free())?;
            slot.descriptor.store(descriptor.as_raw_fd(), SeqCst);
            if FORKS_BEGUN.load(SeqCst) == forks || attempts == ATTEMPTS {
                let process = Process::current();
                return Ok(Self { descriptor: ManuallyDrop::new(descriptor), slot, process });
            }
            slot.descriptor.store(CLAIMED, SeqCst);
        }
    }

    /// The process that opened it.
    pub(crate) fn process(&self) -> Process {
        self.process
    }

    /// Whether this is a forked child's copy.
    pub(crate) fn is_inherited(&self) -> bool {
        self.process != Process::current()
    }

    /// The descriptor; none in a forked child.
    pub(crate) fn get(&self) -> Option<BorrowedFd<'_>> {
        (!self.is_inherited()).then(|| self.descriptor.as_fd())
    }
}

impl Drop for Unshared {
    fn drop(&mut self) {
        if self.process.generation != GENERATION.load(SeqCst) {
            // The handler has closed it. The number may be another file's by now.
            return;
        }
        // First: once it is closed, its number may become another file's, which no child must lose.
        self.slot.free();
        // SAFETY: taken only here, and open: the process is that which opened it, or a copy without the handler.
        drop(unsafe { ManuallyDrop::take(&mut self.descriptor) });
    }
}

impl Slot {
    fn claim() -> &'static Self {
        let free = slots()
            .find(|slot| slot.descriptor.compare_exchange(FREE, CLAIMED, SeqCst, SeqCst).is_ok());
        free.unwrap_or_else(Self::new)
    }

    fn new() -> &'static Self {
        let slot = Box::leak(Box::new(Self {
            descriptor: AtomicI32::new(CLAIMED),
            next: AtomicPtr::new(ptr::null_mut()),
        }));
        let mut first = SLOTS.load(SeqCst);
        loop {
            slot.next.store(first, SeqCst);
            match SLOTS.compare_exchange_weak(first, slot, SeqCst, SeqCst) {
                Ok(_) => return slot,
                Err(now) => first = now,
            }
        }
    }

    fn free(&self) {
        self.descriptor.store(FREE, SeqCst);
    }
}

fn slots() -> impl Iterator<Item = &'static Slot> {
    let mut next = SLOTS.load(SeqCst);
    core::iter::from_fn(move || {
        // SAFETY: slots are leaked, so any that was ever published is alive.
        let slot = unsafe { next.as_ref() }?;
        next = slot.next.load(SeqCst);
        Some(slot)
    })
}

/// Waits for a moment without a fork under way, and says how many had begun by then.
fn no_fork_under_way() -> u64 {
    let until = monotonic_now() + PATIENCE;
    loop {
        // In this order: none that ends in between can hide one that began.
        let ended = FORKS_ENDED.load(SeqCst);
        let begun = FORKS_BEGUN.load(SeqCst);
        if ended >= begun || monotonic_now() >= until {
            return begun;
        }
        sleep_until(monotonic_now() + GLANCE);
    }
}

fn watch_forks() {
    static WATCHED: AtomicBool = AtomicBool::new(false);
    // Not a `Once`: in a child forked by another thread meanwhile, that would never complete. Registered twice, the
    // handlers run twice, which does no harm.
    if !WATCHED.load(SeqCst) {
        // SAFETY: registers functions of this program that live as long as the program.
        let failed = unsafe {
            libc::pthread_atfork(Some(fork_begins), Some(fork_ended), Some(close_inherited))
        };
        WATCHED.store(failed == 0, SeqCst);
    }
}

/// Runs in a process that forks, before it does.
extern "C" fn fork_begins() {
    FORKS_BEGUN.fetch_add(1, SeqCst);
}

/// Runs in a process that has forked, or failed to.
extern "C" fn fork_ended() {
    FORKS_ENDED.fetch_add(1, SeqCst);
}

/// Runs in a forked child, on its only thread.
extern "C" fn close_inherited() {
    GENERATION.fetch_add(1, SeqCst);
    // Forks that other threads had begun never end here.
    FORKS_ENDED.store(FORKS_BEGUN.load(SeqCst), SeqCst);
    for slot in slots() {
        let descriptor = slot.descriptor.swap(FREE, SeqCst);
        if descriptor >= 0 {
            // SAFETY: a copy of an `Unshared`'s descriptor, which leaves it alone in this process.
            unsafe { libc::close(descriptor) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open_anything() -> std::io::Result<OwnedFd> {
        std::fs::File::open("/dev/null").map(OwnedFd::from)
    }

    #[test]
    fn a_file_is_opened_again_if_a_fork_may_have_copied_it() {
        let mut opened = Vec::new();
        let file = Unshared::open(|| {
            let file = open_anything()?;
            opened.push(file.as_raw_fd());
            if opened.len() < 3 {
                // SAFETY: the child does nothing but end.
                let child = unsafe { libc::fork() };
                if child == 0 {
                    // SAFETY: ends the child.
                    unsafe { libc::_exit(0) };
                }
                // SAFETY: waits for that child.
                unsafe { libc::waitpid(child, ptr::null_mut(), 0) };
            }
            Ok::<_, std::io::Error>(file)
        });
        assert_eq!(opened.len(), 3);
        assert!(file.is_ok_and(|file| file.get().is_some()));
    }

    #[test]
    fn no_file_is_opened_while_a_fork_is_under_way() {
        let ended = AtomicBool::new(false);
        fork_begins();
        std::thread::scope(|scope| {
            let opens = scope.spawn(|| {
                Unshared::open(|| {
                    assert!(ended.load(SeqCst), "did not wait");
                    open_anything()
                })
                .map(drop)
            });
            // Long enough for one that does not wait, and less than patience.
            std::thread::sleep(PATIENCE / 10);
            ended.store(true, SeqCst);
            fork_ended();
            opens.join().expect("no panic").expect("opened");
        });
    }
}
