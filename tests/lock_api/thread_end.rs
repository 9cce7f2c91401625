//! What a leaked guard has lent, when its thread has ended.

use std::mem::forget;
use std::time::Duration;

use lockproof::lock_api::{
    HolderDied, MappedMutexGuard, Mutex, MutexGuard, RawReentrantMutex, RwLock, RwLockWriteGuard,
};
use lockproof::{Region, shareable};

use crate::common::child::{fork, say, supervised};
use crate::common::forgotten::memory_stays_mapped;
use crate::common::memory::Board;

shareable! {
    struct Locks {
        mutex: Mutex<[u64; 2]>,
        rwlock: RwLock<[u64; 2], 2>,
    }
}

#[test]
fn the_memory_of_a_forgotten_guard_stays_mapped() {
    memory_stays_mapped::<Mutex<u64>>("a mutex", |it| forget(it.lock()));
    memory_stays_mapped::<Mutex<[u64; 2]>>("a part of what a mutex protects", |it| {
        forget(MutexGuard::map(it.lock(), |both| &mut both[0]));
    });
    memory_stays_mapped::<RwLock<u64, 2>>("to read", |it| forget(it.read()));
    memory_stays_mapped::<RwLock<u64, 2>>("to write", |it| forget(it.write()));
    memory_stays_mapped::<RwLock<u64, 2>>("to write, then to read", |it| {
        forget(RwLockWriteGuard::downgrade(it.write()));
    });
    memory_stays_mapped::<RawReentrantMutex>("a reentrant mutex", RawReentrantMutex::lock);
}

/// A way to leak a guard, how to get what it lends in a moment, and whether a death is noted when the process has ended.
type Way = (&'static str, fn(&'static Locks) -> &'static mut u64, fn(&Locks) -> bool, bool);

const A_MOMENT: Duration = Duration::from_millis(1);

const WAYS: [Way; 4] = [
    (
        "a mutex",
        |locks| &mut Box::leak(Box::new(locks.mutex.lock()))[0],
        |locks| locks.mutex.try_lock_for(A_MOMENT).is_some(),
        true,
    ),
    (
        "a part of what a mutex protects",
        |locks| {
            let part = MutexGuard::map(locks.mutex.lock(), |both| &mut both[0]);
            &mut **Box::leak(Box::<MappedMutexGuard<'_, u64>>::new(part))
        },
        |locks| locks.mutex.try_lock_for(A_MOMENT).is_some(),
        true,
    ),
    (
        "a lock for readers and a writer, to write",
        |locks| &mut Box::leak(Box::new(locks.rwlock.write()))[0],
        |locks| {
            locks.rwlock.try_write_for(A_MOMENT).is_some()
                || locks.rwlock.try_read_for(A_MOMENT).is_some()
        },
        true,
    ),
    (
        "the same, to read",
        |locks| {
            let read = RwLockWriteGuard::downgrade(locks.rwlock.write());
            assert_eq!(Box::leak(Box::new(read))[0], 0);
            Box::leak(Box::new(0))
        },
        |locks| locks.rwlock.try_write_for(A_MOMENT).is_some(),
        false,
    ),
];

#[test]
fn nobody_gets_it_while_the_process_lives() {
    for (what, lend, gets, noted) in WAYS {
        supervised(60, || {
            say(what);
            let locks: &'static Region<Locks> = Box::leak(Box::new(Region::anonymous().unwrap()));
            let board = Board::new(1);
            let holder = fork(|| {
                let lent = std::thread::spawn(move || lend(locks)).join().unwrap();
                let others = std::thread::spawn(move || gets(locks));
                assert!(!others.join().unwrap(), "in another thread");
                *lent = 7;
                board.set(0, 1);
                loop {
                    std::thread::park();
                }
            });
            board.until(0, 1);
            assert!(!gets(locks), "in another process");
            holder.kill();
            fork(|| drop((locks.mutex.lock(), locks.rwlock.write()))).join();
            let died = locks.mutex.holder_died() || locks.rwlock.holder_died();
            assert_eq!(died, noted);
        });
    }
}
