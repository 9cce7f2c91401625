//! Shared memory of the tests' own, for what must not rest on the locks under test.

use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use lockproof::platform::RobustWord;

use crate::common::child::{Child, Ended, has_ended, is_asleep_on, state_of, switches, until};

/// Zeroed memory that forked children share, mapped for ever.
pub(crate) fn shared_bytes(size: usize) -> *mut u8 {
    let (protection, flags) =
        (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
    // SAFETY: a new mapping where the kernel finds room touches no memory in use.
    let start = unsafe { libc::mmap(core::ptr::null_mut(), size.max(1), protection, flags, -1, 0) };
    assert_ne!(start, libc::MAP_FAILED, "no shared memory for the test");
    start.cast()
}

/// Numbers that all processes of a test see.
pub(crate) struct Board {
    numbers: &'static [AtomicU64],
}

impl Board {
    pub(crate) fn new(numbers: usize) -> Self {
        let start: *const AtomicU64 = shared_bytes(numbers * size_of::<AtomicU64>()).cast();
        // SAFETY: fresh, zeroed, page-aligned, long enough, and mapped for ever.
        let numbers = unsafe { core::slice::from_raw_parts(start, numbers) };
        Self { numbers }
    }

    pub(crate) fn get(&self, at: usize) -> u64 {
        self.numbers[at].load(Ordering::SeqCst)
    }

    pub(crate) fn set(&self, at: usize, value: u64) {
        self.numbers[at].store(value, Ordering::SeqCst);
    }

    pub(crate) fn add(&self, at: usize, value: u64) -> u64 {
        self.numbers[at].fetch_add(value, Ordering::SeqCst)
    }

    /// Waits until the number is at least that.
    pub(crate) fn until(&self, at: usize, least: u64) {
        until(|| self.get(at) >= least);
    }
}

/// Where the word is within a lock, the C library's or ours: both have the C library's layout.
const WORD_OFFSET: usize = if cfg!(target_env = "musl") { 4 } else { 0 };

/// The bit of a word that nobody will ever hold again, and that names its last holder.
const NOT_RECOVERABLE: u32 = 1 << 29;

/// The address of a lock's word, for anything that begins with a lock.
pub(crate) fn word_address<L>(lock: &L) -> usize {
    assert!(size_of::<L>() >= size_of::<RobustWord>());
    (&raw const *lock).expose_provenance() + WORD_OFFSET
}

/// The lock word at that address: a look from outside of the library.
pub(crate) fn word(address: usize) -> u32 {
    // SAFETY: the address of a 4-aligned word of some lock, all of which are mapped as long as their test runs, and
    // only ever changed atomically.
    let word = unsafe { AtomicU32::from_ptr(core::ptr::with_exposed_provenance_mut(address)) };
    word.load(Ordering::SeqCst)
}

/// The thread that holds the lock whose word is there; 0 for none.
pub(crate) fn holder(address: usize) -> u32 {
    let word = word(address);
    if word & NOT_RECOVERABLE == 0 { word & libc::FUTEX_TID_MASK } else { 0 }
}

/// Whether nobody holds the lock, or somebody who no longer exists, while all of these threads sleep on it and nobody
/// else will wake them.
pub(crate) fn is_stuck(word: usize, threads: &[libc::pid_t]) -> bool {
    all_sleep_while(word, threads, || {
        let holder = holder(word) as libc::pid_t;
        holder == 0 || state_of(holder).is_none()
    })
}

/// Whether all of these threads sleep on the word while something holds.
///
/// Exact, not a guess by time: all are seen asleep twice, without having run in between, and the other look comes between
/// those two.
pub(crate) fn all_sleep_while(
    word: usize,
    threads: &[libc::pid_t],
    holds: impl Fn() -> bool,
) -> bool {
    let asleep = || -> Option<Vec<u64>> {
        threads
            .iter()
            .map(|thread| is_asleep_on(*thread, word).then(|| switches(*thread)))
            .collect()
    };
    let Some(before) = asleep() else { return false };
    holds() && !threads.is_empty() && asleep() == Some(before)
}

/// Waits until the processes have ended, and fails if they are [stuck](is_stuck) on the lock. Waiting alone would not
/// show that: a waiter that looks for vanished holders would end it after a second.
#[track_caller]
pub(crate) fn end_unstuck(word: usize, processes: Vec<Child>) -> Vec<Ended> {
    loop {
        let living: Vec<_> =
            processes.iter().map(|child| child.pid).filter(|pid| !has_ended(*pid)).collect();
        if living.is_empty() {
            return processes.into_iter().map(Child::wait).collect();
        }
        assert!(!is_stuck(word, &living), "the lock is free, and {} sleep on it", living.len());
    }
}

/// Waits until the processes have ended well, as [`end_unstuck`].
#[track_caller]
pub(crate) fn join_unstuck(word: usize, processes: Vec<Child>) {
    for end in end_unstuck(word, processes) {
        assert_eq!(end, Ended::Exited(0));
    }
}
