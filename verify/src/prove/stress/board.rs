//! What the processes share, and what each does.

use core::cell::UnsafeCell;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use core::sync::atomic::{AtomicBool, AtomicU8, AtomicU64};
use std::thread;
use std::time::Duration;

use super::table::{CLock, ROOM};
use crate::bench::shared::{Line, Zeroes};

/// The most processes.
pub(super) const MOST: usize = 16;
/// So often one stays inside for a while.
const LINGERS: u64 = 64;

const OUTSIDE: u8 = 0;
const COMING: u8 = 1;
const INSIDE: u8 = 2;

/// What the processes share: a lock, and a number that only the lock protects.
#[repr(C, align(4096))]
pub(super) struct Board {
    lock: UnsafeCell<[u8; ROOM]>,
    number: Line<AtomicU64>,
    stop: Line<AtomicBool>,
    aside: Line<AtomicBool>,
    held: Line<AtomicBool>,
    done: [Line<AtomicU64>; MOST],
    at: [Line<AtomicU8>; MOST],
}

// SAFETY: atomics, and a lock that only its own functions touch.
unsafe impl Sync for Board {}
// SAFETY: atomics that are zero, and bytes.
unsafe impl Zeroes for Board {}

impl Board {
    /// Where the lock is.
    pub(super) const fn lock(&self) -> *mut [u8; ROOM] {
        self.lock.get()
    }

    /// Adds under the lock until it is told to stop.
    pub(super) fn work(&self, lock: &CLock, me: usize) -> Result<(), String> {
        while !self.stop.load(Relaxed) {
            if self.aside.load(Acquire) {
                thread::yield_now();
                continue;
            }
            self.at[me].store(COMING, Release);
            lock.lock(self.lock())?;
            self.at[me].store(INSIDE, Release);
            self.add();
            lock.unlock(self.lock())?;
            let done = self.done[me].load(Relaxed);
            self.done[me].store(done + 1, Relaxed);
            self.at[me].store(OUTSIDE, Release);
        }
        Ok(())
    }

    /// Adds one as nobody may who is not alone. That the number is atomic only keeps the program defined where somebody is not.
    fn add(&self) {
        let before = self.number.load(Relaxed);
        if before.is_multiple_of(LINGERS) {
            thread::yield_now();
        }
        self.number.store(before + 1, Relaxed);
    }

    /// Takes the lock, and stays.
    pub(super) fn hold(&self, lock: &CLock) -> Result<(), String> {
        lock.lock(self.lock())?;
        self.held.store(true, Release);
        loop {
            thread::sleep(Duration::from_secs(1));
        }
    }

    /// Whether the one that stays is inside.
    pub(super) fn is_held(&self) -> bool {
        self.held.load(Acquire)
    }

    /// Keeps all others from coming, or lets them.
    pub(super) fn keep_aside(&self, aside: bool) {
        self.held.store(false, Relaxed);
        self.aside.store(aside, Release);
    }

    /// Whether all stand aside, of so many.
    pub(super) fn is_quiet(&self, processes: usize) -> bool {
        self.at[..processes].iter().all(|at| at.load(Acquire) == OUTSIDE)
    }

    /// Whether all have come for the lock, of so many.
    pub(super) fn all_come(&self, processes: usize) -> bool {
        self.at[..processes].iter().all(|at| at.load(Acquire) != OUTSIDE)
    }

    /// Tells all to stop.
    pub(super) fn stop(&self) {
        self.aside.store(false, Relaxed);
        self.stop.store(true, Relaxed);
    }

    /// How many additions were done.
    pub(super) fn done(&self) -> u64 {
        self.done.iter().map(|done| done.load(Relaxed)).sum()
    }

    /// How many of them are not in the number.
    pub(super) fn lost(&self) -> u64 {
        self.done().saturating_sub(self.number.load(Relaxed))
    }
}
