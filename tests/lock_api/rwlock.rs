//! The lock for readers and writers in a region.

use std::time::{Duration, Instant};

use lockproof::Region;
use lockproof::lock_api::{HolderDied, RawReentrantMutex, RwLock, RwLockWriteGuard};

use crate::common::child::{Child, fork, is_in_call, say, supervised, until};
use crate::common::list::listed;
use crate::common::memory::{Board, word_address};
use crate::common::seed::{Seed, scaled};
use crate::words_of_panic;

/// Two halves of one number.
type Halves = RwLock<[u64; 2], 3>;

fn halves() -> Region<Halves> {
    Region::anonymous().unwrap()
}

fn count(halves: &mut [u64; 2]) {
    for half in halves {
        // SAFETY: a valid reference.
        unsafe { std::ptr::from_mut(half).write_volatile(*half + 1) };
        // So that others run in between; and often enough somebody dies there.
        std::thread::yield_now();
    }
}

/// Forks one that gets into the lock and stays there.
fn stays<G>(board: &Board, enter: impl FnOnce() -> G) -> Child {
    let before = board.get(0);
    let child = fork(|| {
        let _held = enter();
        board.add(0, 1);
        loop {
            std::thread::park();
        }
    });
    board.until(0, before + 1);
    child
}

#[test]
fn nothing_is_lost_and_nothing_is_seen_half_done() {
    supervised(120, || {
        let (lock, rounds, mut seed) = (halves(), scaled(5_000), Seed::announced());
        let workers: Vec<Child> = (0..4)
            .map(|_| {
                let mut seed = seed.branch();
                let lock = &lock;
                fork(move || {
                    for _ in 0..rounds {
                        count(&mut lock.write());
                        for _ in 0..seed.below(4) {
                            let both = lock.read();
                            assert_eq!(both[0], both[1]);
                        }
                    }
                })
            })
            .collect();
        workers.into_iter().for_each(Child::join);
        assert_eq!(*lock.read(), [4 * rounds; 2]);
        assert!(!lock.holder_died());
    });
}

#[test]
fn a_dead_reader_is_in_nobodys_way_and_no_news() {
    supervised(60, || {
        let (lock, board) = (halves(), Board::new(1));
        let reader = stays(&board, || lock.read());
        assert!(lock.try_write().is_none() && lock.try_read().is_some() && lock.is_locked());
        let writer = fork(|| count(&mut lock.write()));
        // Only then has it closed what is open.
        until(|| is_in_call(writer.pid, libc::SYS_futex));
        assert!(lock.is_locked_exclusive() && lock.try_read().is_none(), "a writer waits");
        reader.kill();
        writer.join();
        assert_eq!(*lock.read(), [1, 1]);
        assert!(!lock.holder_died());
    });
}

#[test]
fn after_a_dead_writer_readers_are_together() {
    supervised(60, || {
        let board = Board::new(1);
        for asleep in [false, true] {
            let lock = halves();
            let writer = stays(&board, || {
                let mut both = lock.write();
                both[0] = 1;
                both
            });
            let waits = asleep.then(|| {
                let waits = fork(|| assert_eq!(*lock.read(), [1, 0]));
                // SAFETY: only looked at.
                waits.until_asleep_on(word_address(unsafe { lock.raw() }));
                waits
            });
            assert!(lock.is_locked_exclusive() && lock.try_read().is_none());
            writer.kill();
            waits.into_iter().for_each(Child::join);
            let here = lock.read();
            assert!(lock.holder_died());
            fork(|| assert_eq!(*lock.read(), [1, 0])).join();
            assert!(lock.try_write().is_none());
            drop(here);
            lock.clear_holder_died();
            drop(lock.read());
            assert!(listed().is_empty() && !lock.holder_died() && !lock.is_locked());
        }
    });
}

#[test]
fn after_a_dead_writer_the_next_one_is_like_any_other() {
    supervised(60, || {
        let (lock, board) = (halves(), Board::new(1));
        stays(&board, || lock.write()).kill();
        let both = lock.write();
        assert!(lock.holder_died());
        lock.clear_holder_died();
        drop(both);
        drop(lock.write());
        assert!(listed().is_empty() && !lock.holder_died() && !lock.is_locked());
    });
}

#[test]
fn a_writer_goes_on_reading_and_none_comes_in_between() {
    supervised(60, || {
        let lock = halves();
        let mut both = lock.write();
        let other = fork(|| {
            let both = lock.write();
            assert_eq!(*both, [1, 1], "what was changed under one hold");
        });
        // SAFETY: only looked at.
        other.until_asleep_on(word_address(unsafe { lock.raw() }));
        count(&mut both);
        let both = RwLockWriteGuard::downgrade(both);
        assert_eq!(*both, [1, 1]);
        fork(|| assert!(lock.try_write().is_none())).join();
        drop(both);
        other.join();
        assert!(listed().is_empty());
    });
}

#[test]
fn a_wait_ends_in_time() {
    supervised(60, || {
        let (lock, board) = (halves(), Board::new(1));
        let (short, began) = (Duration::from_millis(30), Instant::now());
        let writer = stays(&board, || lock.write());
        assert!(lock.try_read_for(short).is_none() && began.elapsed() >= short);
        assert!(lock.try_write_for(short).is_none() && began.elapsed() >= 2 * short);
        assert!(lock.try_read_until(began).is_none() && lock.try_write_until(began).is_none());
        assert!(lock.is_locked());
        let later = began + Duration::from_secs(3600);
        let waits = [
            fork(|| assert!(lock.try_read_for(Duration::MAX).is_some())),
            fork(|| assert!(lock.try_read_until(later).is_some())),
            fork(|| assert!(lock.try_write_for(Duration::MAX).is_some())),
            fork(|| assert!(lock.try_write_until(later).is_some())),
        ];
        // SAFETY: only looked at.
        let word = word_address(unsafe { lock.raw() });
        waits.iter().for_each(|waits| waits.until_asleep_on(word));
        writer.kill();
        waits.into_iter().for_each(Child::join);
        assert!(lock.try_read_until(began).is_some(), "free, however late");
        let readers: Vec<Child> = (0..3).map(|_| stays(&board, || lock.read())).collect();
        assert!(lock.try_read().is_none(), "there is room for three");
        readers.into_iter().for_each(Child::kill);
        assert!(lock.try_write_until(began).is_some());
    });
}

#[test]
fn its_holder_does_not_wait_for_itself() {
    supervised(60, || {
        let lock = halves();
        let held = lock.write();
        assert!(lock.try_read().is_none() && lock.try_write().is_none());
        for words in [words_of_panic(|| drop(lock.read())), words_of_panic(|| drop(lock.write()))] {
            assert!(words.contains("already holds"), "{words}");
        }
        let held = RwLockWriteGuard::downgrade(held);
        let words = words_of_panic(|| drop(lock.write()));
        assert!(words.contains("already holds"), "{words}");
        // Twice is once too often only where a writer waits.
        drop(lock.read());
        fork(|| assert!(lock.try_write().is_none())).join();
        drop(held);
        assert!(lock.try_write().is_some() && listed().is_empty());
    });
}

/// To go on reading takes one hold more than to write, for a moment.
#[test]
fn too_many_locks_are_refused_in_words_and_leave_it_free() {
    supervised(60, || {
        let (lock, board) = (halves(), Board::new(1));
        let others = Region::<[RawReentrantMutex; 2047]>::anonymous().unwrap();
        stays(&board, || lock.write()).kill();
        others.iter().for_each(RawReentrantMutex::lock);
        let words = [
            words_of_panic(|| drop(lock.read())),
            words_of_panic(|| drop(RwLockWriteGuard::downgrade(lock.write()))),
        ];
        for words in words {
            assert!(words.contains("2048 locks"), "{words}");
            assert!(!lock.is_locked());
        }
        // SAFETY: taken above.
        others.iter().for_each(|other| unsafe { other.unlock() });
        assert!(lock.holder_died() && lock.try_read().is_some());
        assert!(listed().is_empty());
    });
}

/// Readers and writers are killed at any point; nothing hangs, and whoever finds half a change has been told.
#[test]
fn a_death_at_any_point_leaves_nobody_waiting() {
    supervised(180, || {
        let (mut seed, deaths) = (Seed::announced(), scaled(300));
        let (lock, board) = (halves(), Board::new(1));
        let work = |mut seed: Seed| {
            loop {
                if seed.coin() {
                    let both = lock.read();
                    assert!(both[0] == both[1] || lock.holder_died(), "half a change: {both:?}");
                } else {
                    let mut both = lock.write();
                    if lock.holder_died() {
                        both[1] = both[0];
                        lock.clear_holder_died();
                    }
                    count(&mut both);
                }
                board.add(0, 1);
            }
        };
        let mut workers: Vec<Child> = Vec::new();
        for _ in 0..deaths {
            while workers.len() < 4 {
                let seed = seed.branch();
                workers.push(fork(|| work(seed)));
            }
            board.until(0, board.get(0) + 1 + seed.below(200) as u64);
            workers.swap_remove(seed.below(4)).kill();
        }
        workers.into_iter().for_each(Child::kill);
        drop(lock.write());
        say(&format!("{} times inside", board.get(0)));
    });
}
