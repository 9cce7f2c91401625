//! One holder at a time, or many that share it.

use std::fs;
use std::path::Path;

use lockproof::{FileLock, FileLockGuard};

use crate::common::child::{Child, fork, supervised};
use crate::common::seed::scaled;
use crate::scratch::{Holder, Scratch, until_held_by};

/// Adds one to the number in a file, as people do who know no better.
fn add_one(path: &Path) {
    let number: u64 = fs::read_to_string(path).unwrap().parse().unwrap();
    fs::write(path, (number + 1).to_string()).unwrap();
}

#[test]
fn no_increment_is_lost_between_processes_and_threads() {
    let scratch = Scratch::new();
    let path = scratch.join("number");
    fs::write(&path, "0").unwrap();
    supervised(120, || {
        let rounds = scaled(100);
        let count = |lock: &FileLock| {
            for _ in 0..rounds {
                let _guard = lock.lock().unwrap();
                add_one(&path);
            }
        };
        let with_threads = || {
            let shared = FileLock::beside(&path);
            std::thread::scope(|scope| {
                scope.spawn(|| count(&shared));
                scope.spawn(|| count(&shared));
                scope.spawn(|| count(&FileLock::beside(&path)));
            });
        };
        let children: Vec<Child> = (0..4).map(|_| fork(with_threads)).collect();
        children.into_iter().for_each(Child::join);
        assert_eq!(fs::read_to_string(&path).unwrap(), (4 * 3 * rounds).to_string());
    });
}

#[test]
fn many_share_it_or_one_has_it_alone() {
    let scratch = Scratch::new();
    let lock = FileLock::new(scratch.join("lock"));
    supervised(60, || {
        let readers = [(); 3].map(|()| Holder::of(|| lock.lock_shared().unwrap()));
        assert!(lock.try_lock_shared().unwrap().is_shared());
        assert!(lock.try_lock().unwrap_err().is_would_block());
        let writer = Holder::beginning(|| lock.lock().unwrap());
        writer.until_waiting_for(&lock);
        let ids: Vec<_> = readers.iter().map(|reader| reader.child.pid as u32).collect();
        until_held_by(&lock, &ids, true);
        assert!(!writer.is_there());
        readers.into_iter().for_each(Holder::release);
        writer.until_there();
        assert!(lock.try_lock_shared().unwrap_err().is_would_block());
        until_held_by(&lock, &[writer.child.pid as u32], false);
        let reader = Holder::beginning(|| lock.lock_shared().unwrap());
        reader.until_waiting_for(&lock);
        writer.release();
        reader.until_there();
        reader.release();
        until_held_by(&lock, &[], false);
    });
}

#[test]
fn threads_of_one_process_exclude_each_other() {
    let scratch = Scratch::new();
    let lock = FileLock::new(scratch.join("lock"));
    supervised(60, || {
        let guard = lock.lock().unwrap();
        std::thread::scope(|scope| {
            let other = scope.spawn(|| lock.try_lock().unwrap_err().is_would_block());
            assert!(other.join().unwrap());
            drop(guard);
            scope.spawn(|| drop(lock.lock().unwrap()));
        });
    });
}

/// The ways to have the lock when the holder is killed.
const WAYS: [fn(&FileLock) -> FileLockGuard; 2] =
    [|lock| lock.lock().unwrap(), |lock| lock.lock_shared().unwrap()];

#[test]
fn the_death_of_a_holder_releases_it() {
    let scratch = Scratch::new();
    let lock = FileLock::new(scratch.join("lock"));
    supervised(60, || {
        for take in WAYS {
            for _ in 0..scaled(20) {
                let holder = Holder::of(|| take(&lock));
                let waiter = Holder::beginning(|| lock.lock().unwrap());
                waiter.until_waiting_for(&lock);
                assert!(!waiter.is_there());
                holder.child.kill();
                waiter.until_there();
                waiter.child.kill();
                drop(lock.try_lock().expect("the dead hold nothing"));
            }
        }
    });
}

#[test]
fn the_death_of_one_who_waits_disturbs_nobody() {
    let scratch = Scratch::new();
    let lock = FileLock::new(scratch.join("lock"));
    supervised(60, || {
        let holder = Holder::of(|| lock.lock().unwrap());
        let [first, second, third] = [(); 3].map(|()| {
            let waiter = Holder::beginning(|| lock.lock().unwrap());
            waiter.until_waiting_for(&lock);
            waiter
        });
        second.child.kill();
        holder.release();
        // In whatever order.
        [&first, &third].into_iter().for_each(Holder::let_go);
        drop(lock.lock().unwrap());
        [first, third].into_iter().for_each(Holder::release);
    });
}

#[test]
fn other_programs_take_part() {
    let scratch = Scratch::new();
    let lock = FileLock::new(scratch.join("lock"));
    supervised(60, || {
        let guard = lock.lock().unwrap();
        let file = fs::File::open(guard.path()).unwrap();
        let flock = |how| rustix::fs::flock(&file, how);
        let shared = rustix::fs::FlockOperation::NonBlockingLockShared;
        assert_eq!(flock(shared), Err(rustix::io::Errno::WOULDBLOCK));
        guard.unlock().unwrap();
        flock(shared).unwrap();
        assert!(lock.try_lock().unwrap_err().is_would_block());
        drop(lock.try_lock_shared().unwrap());
    });
}

#[test]
fn a_directory_can_be_locked() {
    let scratch = Scratch::new();
    supervised(60, || {
        let lock = FileLock::new(scratch.path());
        let holder = Holder::of(|| lock.lock().unwrap());
        assert!(lock.try_lock().unwrap_err().is_would_block());
        holder.release();
        assert!(scratch.names().is_empty());
    });
}

#[test]
fn a_thread_does_not_wait_for_itself() {
    let scratch = Scratch::new();
    let lock = FileLock::new(scratch.join("lock"));
    supervised(60, || {
        let held = |result: Result<FileLockGuard, _>| {
            assert!(
                matches!(result, Err(lockproof::file::FileError::AlreadyHeld(_))),
                "{result:?}"
            );
        };
        let guard = lock.lock().unwrap();
        held(lock.lock());
        held(lock.try_lock());
        held(FileLock::new(scratch.join("lock")).lock_shared());
        drop(guard);
        let first = lock.lock_shared().unwrap();
        let second = lock.lock_shared().unwrap();
        held(lock.lock());
        drop(first);
        held(lock.lock());
        drop(second);
        std::mem::forget(lock.lock().unwrap());
        held(lock.lock());
    });
}
