//! The mutex that its holder may take again, in a region.

use std::time::{Duration, Instant};

use lockproof::lock_api::{HolderDied, RawReentrantMutex};
use lockproof::{RawValue, Region, shareable};

use crate::common::child::{Child, Ended, fork, kill_myself, supervised};
use crate::common::list::listed;
use crate::common::memory::{Board, join_unstuck, word_address};
use crate::common::seed::scaled;

shareable! {
    struct Counted {
        lock: RawReentrantMutex,
        count: RawValue<u64>,
    }
}

fn release(lock: &RawReentrantMutex) {
    assert!(lock.is_owned_by_current_thread());
    // SAFETY: held, by the assertion.
    unsafe { lock.unlock() };
}

#[test]
fn nothing_is_lost_between_processes() {
    supervised(120, || {
        let counted = Region::<Counted>::anonymous().unwrap();
        let rounds = scaled(20_000);
        let add = || {
            counted.lock.lock();
            counted.count.store(counted.count.load() + 1);
            release(&counted.lock);
        };
        let work = || {
            for _ in 0..rounds {
                counted.lock.lock();
                add();
                add();
                release(&counted.lock);
            }
        };
        let workers = (0..3).map(|_| fork(work)).collect();
        join_unstuck(word_address(&counted.lock), workers);
        assert_eq!(counted.count.load(), 6 * rounds);
    });
}

#[test]
fn it_is_free_after_as_many_releases() {
    supervised(60, || {
        let lock = Region::<RawReentrantMutex>::anonymous().unwrap();
        lock.lock();
        assert!(lock.try_lock() && lock.try_lock_for(Duration::ZERO));
        assert!(lock.try_lock_until(Instant::now()));
        for _ in 0..4 {
            fork(|| {
                let short = Duration::from_millis(10);
                assert!(lock.is_locked() && !lock.is_owned_by_current_thread());
                assert!(!lock.try_lock() && !lock.try_lock_for(short));
                // SAFETY: does nothing, as this is a forked child.
                unsafe { lock.unlock() };
                assert!(lock.is_locked());
            })
            .join();
            release(&lock);
        }
        assert!(!lock.is_locked() && listed().is_empty());
    });
}

#[test]
fn a_wait_ends_in_time_or_with_the_lock() {
    supervised(60, || {
        let lock = Region::<RawReentrantMutex>::anonymous().unwrap();
        lock.lock();
        let later = Instant::now() + Duration::from_secs(3600);
        let waits = [
            fork(|| assert!(lock.try_lock_for(Duration::MAX))),
            fork(|| assert!(lock.try_lock_until(later))),
        ];
        waits.iter().for_each(|waits| waits.until_asleep_on(word_address(&*lock)));
        fork(|| assert!(!lock.try_lock_until(Instant::now()))).join();
        release(&lock);
        // They end with the lock held, which is free then.
        waits.into_iter().for_each(Child::join);
        assert!(lock.try_lock());
        release(&lock);
    });
}

#[test]
fn after_a_death_deep_inside_it_is_taken_once() {
    supervised(60, || {
        let lock = Region::<RawReentrantMutex>::anonymous().unwrap();
        let board = Board::new(1);
        let holder = fork(|| {
            (0..3).for_each(|_| lock.lock());
            board.set(0, 1);
            loop {
                std::thread::park();
            }
        });
        board.until(0, 1);
        let waits = fork(|| {
            lock.lock();
            assert!(lock.holder_died());
            release(&lock);
            assert!(!lock.is_locked(), "it was taken once");
        });
        waits.until_asleep_on(word_address(&*lock));
        holder.kill();
        waits.join();
        let died_again = fork(|| {
            lock.clear_holder_died();
            lock.lock();
            kill_myself();
        });
        assert_eq!(Child::wait(died_again), Ended::Killed(libc::SIGKILL));
        assert!(lock.try_lock() && lock.holder_died());
        lock.clear_holder_died();
        release(&lock);
        lock.lock();
        assert!(!lock.holder_died(), "told once");
        release(&lock);
    });
}
