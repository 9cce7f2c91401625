//! Readers and writers between processes: together or alone as they should be, whoever dies, and in time.

mod common;

use std::time::{Duration, Instant};

use common::child::{Child, Ended, fork, kill_myself, say, supervised, thread_id, until};
use common::memory::{Board, word, word_address};
use common::seed::{Seed, scaled};
use lockproof::error::{LockError, TryLockError};
use lockproof::{Region, RwLock, RwLockWriteGuard};

/// Two halves of one number.
type Halves<const READERS: usize = 4> = RwLock<[u64; 2], READERS>;

fn halves<const READERS: usize>() -> Region<Halves<READERS>> {
    Region::anonymous().unwrap()
}

fn whole(halves: &[u64; 2]) -> u64 {
    assert_eq!(halves[0], halves[1], "half a change");
    halves[0]
}

/// One more in each half, as two steps.
fn count(halves: &mut [u64; 2]) {
    let next = whole(halves) + 1;
    for half in halves {
        // Volatile: two writes, not one of both.
        // SAFETY: a valid reference.
        unsafe { std::ptr::from_mut(half).write_volatile(next) };
    }
}

/// Takes what was half-changed for whole; says what was told.
fn repaired<const READERS: usize>(
    error: LockError<RwLockWriteGuard<'_, [u64; 2], READERS>>,
) -> RwLockWriteGuard<'_, [u64; 2], READERS> {
    match error {
        LockError::OwnerDied(died) => {
            let mut guard = died.into_guard();
            guard[1] = guard[0];
            guard.make_consistent();
            guard
        }
        other => panic!("{other}"),
    }
}

#[test]
fn nothing_is_lost_and_nothing_is_seen_half_done() {
    supervised(120, || {
        let (lock, rounds) = (halves::<2>(), scaled(20_000));
        let mut seed = Seed::announced();
        let workers: Vec<Child> = (0..4)
            .map(|_| {
                let mut seed = seed.branch();
                fork(|| {
                    let mut last = 0;
                    for _ in 0..rounds {
                        count(&mut lock.write().unwrap());
                        for _ in 0..seed.below(4) {
                            let now = whole(&lock.read().unwrap());
                            assert!(now >= last, "{now} after {last}");
                            last = now;
                        }
                    }
                })
            })
            .collect();
        workers.into_iter().for_each(Child::join);
        assert_eq!(whole(&lock.read().unwrap()), 4 * rounds);
    });
}

#[test]
fn readers_are_together_and_a_writer_is_alone() {
    supervised(60, || {
        let (lock, board) = (halves::<4>(), Board::new(2));
        let readers: Vec<Child> = (0..4)
            .map(|_| {
                fork(|| {
                    let _reads = lock.read().unwrap();
                    board.add(0, 1);
                    board.until(1, 1);
                })
            })
            .collect();
        // All four at a time.
        board.until(0, 4);
        assert_eq!(lock.readers(), 4);
        assert!(matches!(lock.try_write(), Err(TryLockError::WouldBlock(_))));
        assert!(matches!(lock.try_read(), Err(TryLockError::WouldBlock(_))), "there are four");
        board.add(1, 1);
        readers.into_iter().for_each(Child::join);
        let writes = lock.write().unwrap();
        assert_eq!((lock.readers(), lock.status().owner()), (0, thread_id() as u32));
        fork(|| {
            assert!(matches!(lock.try_read(), Err(TryLockError::WouldBlock(_))));
            assert!(matches!(lock.try_write(), Err(TryLockError::WouldBlock(_))));
        })
        .join();
        drop(writes);
        drop(lock.try_read().unwrap());
    });
}

/// Forks one that reads until it is killed.
fn reader<const READERS: usize>(lock: &Halves<READERS>, board: &Board) -> Child {
    let before = board.get(0);
    let reader = fork(|| {
        let _reads = lock.read().unwrap();
        board.add(0, 1);
        loop {
            std::thread::park();
        }
    });
    board.until(0, before + 1);
    reader
}

#[test]
fn a_dead_readers_hold_is_taken_back() {
    supervised(60, || {
        let (lock, board) = (halves::<2>(), Board::new(1));
        for _ in 0..scaled(50) {
            let readers = [reader(&lock, &board), reader(&lock, &board)];
            // The mutex's word is the lock's first.
            let writer = fork(|| count(&mut lock.write().unwrap()));
            until(|| word(word_address(&*lock)) != 0);
            readers.into_iter().for_each(Child::kill);
            writer.join();
            // And if nobody waits, the next ones come in all the same.
            for _ in 0..3 {
                reader(&lock, &board).kill();
            }
            drop(lock.try_write().unwrap());
        }
        assert_eq!(whole(&lock.read().unwrap()), scaled(50));
    });
}

#[test]
fn one_more_reader_than_there_is_room_for_waits() {
    supervised(60, || {
        let (lock, board) = (halves::<1>(), Board::new(1));
        let first = reader(&lock, &board);
        assert!(lock.try_read_for(Duration::from_millis(30)).is_err());
        let second = fork(|| assert_eq!(whole(&lock.read().unwrap()), 0));
        until(|| word(word_address(&*lock)) != 0);
        first.kill();
        second.join();
    });
}

#[test]
fn a_dead_writer_is_told_to_whoever_comes_next() {
    supervised(60, || {
        let lock = halves::<2>();
        let dies = || {
            let writer = fork(|| {
                let mut both = lock.write().unwrap();
                both[0] += 1;
                kill_myself();
            });
            assert!(matches!(writer.wait(), Ended::Killed(libc::SIGKILL)));
        };
        dies();
        assert_eq!(whole(&repaired(lock.read().err().unwrap())), 1);
        assert_eq!(whole(&lock.read().unwrap()), 1, "it was repaired");
        dies();
        assert_eq!(whole(&repaired(lock.write().err().unwrap())), 2);
        dies();
        let Err(TryLockError::Lock(error)) = lock.try_read() else { panic!("nothing was told") };
        // A writer by necessity, a reader by wish.
        let reads = RwLockWriteGuard::downgrade(repaired(error)).expect("one lock more");
        assert_eq!((whole(&reads), whole(&lock.read().unwrap())), (3, 3));
        drop(reads);
        dies();
        drop(lock.read().err());
        assert!(matches!(lock.read(), Err(LockError::NotRecoverable(_))));
        assert!(matches!(lock.write(), Err(LockError::NotRecoverable(_))));
    });
}

#[test]
fn a_panic_while_writing_is_told_and_one_while_reading_is_not() {
    let lock = halves::<2>();
    let panics = |body: &dyn Fn()| {
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(body)).expect_err("it panics");
    };
    panics(&|| {
        let _reads = lock.read().unwrap();
        panic!("while reading");
    });
    assert_eq!(lock.readers(), 0);
    panics(&|| {
        lock.write().unwrap()[0] = 7;
        let mut both = lock.write().unwrap();
        both[0] = 8;
        panic!("while writing");
    });
    assert_eq!(whole(&repaired(lock.read().err().unwrap())), 8);
}

#[test]
fn one_goes_on_reading_what_it_has_written() {
    supervised(60, || {
        let lock = halves::<2>();
        let mut writes = lock.write().unwrap();
        count(&mut writes);
        let writer = fork(|| count(&mut lock.write().unwrap()));
        let Ok(reads) = RwLockWriteGuard::downgrade(writes) else { panic!("it holds one lock") };
        assert_eq!(whole(&reads), 1);
        // The lock's mutex has passed to the writer, which waits for this reader.
        until(|| writer_waits(&lock));
        assert_eq!(whole(&reads), 1);
        drop(reads);
        writer.join();
        assert_eq!(whole(&lock.read().unwrap()), 2);
    });
}

fn writer_waits<const READERS: usize>(lock: &Halves<READERS>) -> bool {
    word(word_address(lock)) != 0 && lock.readers() == 1
}

/// A forked child's copy of a guard, as its own.
fn inherited<G>(guard: &G) -> G {
    // SAFETY: in a child that does not return, the original is never used again.
    unsafe { std::ptr::read(guard) }
}

#[test]
fn who_holds_it_is_told_so_and_not_left_to_wait() {
    supervised(60, || {
        let lock = halves::<2>();
        let reads = lock.read().unwrap();
        assert!(matches!(lock.write(), Err(LockError::AlreadyHeld(_))));
        fork(|| {
            // Its parent's hold, not its own.
            assert!(inherited(&reads).unlock().is_err());
            assert!(matches!(lock.try_write(), Err(TryLockError::WouldBlock(_))));
        })
        .join();
        drop(reads);
        let writes = lock.write().unwrap();
        assert!(matches!(lock.read(), Err(LockError::AlreadyHeld(_))));
        fork(|| {
            let Err(writes) = RwLockWriteGuard::downgrade(inherited(&writes)) else {
                panic!("not its own")
            };
            assert!(writes.unlock().is_err());
        })
        .join();
        drop(writes);
        lock.write().unwrap().unlock().unwrap();
    });
}

#[test]
fn a_wait_ends_in_time() {
    supervised(60, || {
        let (lock, short) = (halves::<1>(), Duration::from_millis(30));
        let held = lock.read().unwrap();
        fork(|| {
            for wait in [Duration::ZERO, short] {
                let now = Instant::now();
                assert!(lock.try_write_for(wait).is_err() && now.elapsed() >= wait);
                assert!(lock.try_read_for(wait).is_err() && now.elapsed() >= 2 * wait);
                assert!(lock.try_write_until(now).is_err() && lock.try_read_until(now).is_err());
            }
        })
        .join();
        let waits = fork(|| count(&mut lock.try_write_for(Duration::MAX).unwrap()));
        until(|| word(word_address(&*lock)) != 0);
        drop(held);
        waits.join();
        drop(lock.try_read_for(Duration::ZERO).unwrap());
    });
}

/// Readers and writers are killed at any point: whoever is left comes in, and meets nothing half-done unawares.
#[test]
fn a_death_at_any_point_leaves_nobody_waiting() {
    supervised(180, || {
        let mut seed = Seed::announced();
        let (lock, board) = (halves::<2>(), Board::new(2));
        let [rounds, told] = [0, 1];
        let work = |mut seed: Seed| {
            let take = || match lock.write() {
                Ok(guard) => guard,
                Err(error) => {
                    board.add(told, 1);
                    repaired(error)
                }
            };
            loop {
                if seed.coin() {
                    count(&mut take());
                } else {
                    match lock.read() {
                        Ok(both) => drop(whole(&both)),
                        Err(error) => {
                            board.add(told, 1);
                            drop(repaired(error));
                        }
                    }
                }
                board.add(rounds, 1);
            }
        };
        let mut workers: Vec<Child> = Vec::new();
        let kills = scaled(300);
        for _ in 0..kills {
            while workers.len() < 4 {
                let seed = seed.branch();
                workers.push(fork(|| work(seed)));
            }
            board.until(rounds, board.get(rounds) + 1 + seed.below(200) as u64);
            workers.swap_remove(seed.below(4)).kill();
        }
        workers.into_iter().for_each(Child::kill);
        match lock.write() {
            Ok(guard) => drop(whole(&guard)),
            Err(error) => drop(repaired(error)),
        }
        let told = board.get(told);
        assert!(told <= kills + 4, "{told} deaths were told of {kills}");
        say(&format!("{} rounds, {kills} kills, {told} told", board.get(rounds)));
    });
}
