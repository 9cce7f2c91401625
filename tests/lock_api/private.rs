//! Locks that are in no region: for the threads of one process, and not robust.

use std::mem;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use lockproof::lock_api::{HolderDied, Mutex, RawReentrantMutex, RwLock, RwLockWriteGuard};

use crate::common::child::{fork, supervised};
use crate::common::list::listed;
use crate::common::seed::scaled;

#[test]
fn nothing_is_lost_between_threads() {
    static NAMES: Mutex<Vec<u64>> = Mutex::new(Vec::new());
    supervised(120, || {
        let rounds = scaled(5_000);
        let halves = RwLock::<_, 2>::new([0_u64; 2]);
        let (reentrant, under_it) = (RawReentrantMutex::INIT, AtomicU64::new(0));
        let work = || {
            for round in 0..rounds {
                NAMES.lock().push(round);
                for half in halves.write().iter_mut() {
                    *half += 1;
                }
                let both = halves.read();
                assert_eq!(both[0], both[1]);
                drop(both);
                reentrant.lock();
                reentrant.lock();
                under_it.store(under_it.load(Relaxed) + 1, Relaxed);
                // SAFETY: taken twice above.
                unsafe { reentrant.unlock() };
                assert!(reentrant.is_owned_by_current_thread());
                // SAFETY: as above.
                unsafe { reentrant.unlock() };
            }
        };
        thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(work))));
        assert_eq!(NAMES.lock().len() as u64, 4 * rounds);
        assert_eq!(*halves.read(), [4 * rounds; 2]);
        assert_eq!(under_it.into_inner(), 4 * rounds);
    });
}

/// What can be moved and freed must not be in the list that the kernel walks.
#[test]
fn the_kernel_is_not_told() {
    supervised(60, || {
        let (mutex, rwlock) = (Box::new(Mutex::new(1)), Box::new(RwLock::<_, 2>::new(2)));
        mem::forget(mutex.lock());
        mem::forget(RwLockWriteGuard::downgrade(rwlock.write()));
        assert!(listed().is_empty());
        let moved = *mutex;
        assert!(moved.try_lock().is_none() && moved.is_locked());
        // SAFETY: the guard was forgotten.
        unsafe { moved.force_unlock() };
        assert_eq!(moved.into_inner(), 1);
        assert!(rwlock.try_write().is_none());
    });
}

/// A thread that has ended may have given the data to another one, by a guard that it leaked.
#[test]
fn a_forgotten_guard_keeps_the_lock_for_ever() {
    supervised(60, || {
        let (mutex, rwlock) = (Mutex::new(0), RwLock::<_, 2>::new(0));
        thread::scope(|scope| {
            scope.spawn(|| {
                mem::forget(mutex.lock());
                mem::forget(rwlock.write());
            });
        });
        // Longer than a waiter in a region looks away.
        let long = Duration::from_millis(1200);
        assert!(mutex.try_lock_for(long).is_none() && !mutex.holder_died());
        assert!(rwlock.try_read_for(long).is_none() && !rwlock.holder_died());
    });
}

#[test]
fn a_wait_between_threads_ends_in_time_or_with_the_lock() {
    supervised(60, || {
        let mutex = Mutex::new(0);
        let (say, hear) = mpsc::channel();
        thread::scope(|scope| {
            let held = mutex.lock();
            scope.spawn(|| {
                say.send(mutex.try_lock_for(Duration::from_millis(10)).is_none()).unwrap();
                *mutex.lock() += 1;
            });
            assert!(hear.recv().unwrap());
            drop(held);
        });
        assert_eq!(mutex.into_inner(), 1);
    });
}

/// As the documentation says: the copy that a forked child has of a held lock stays held.
#[test]
fn a_forked_child_has_a_copy() {
    supervised(60, || {
        let mutex = Mutex::new(0);
        let held = mutex.lock();
        fork(|| assert!(mutex.try_lock().is_none())).join();
        drop(held);
        fork(|| *mutex.lock() = 1).join();
        assert_eq!(*mutex.lock(), 0);
    });
}
