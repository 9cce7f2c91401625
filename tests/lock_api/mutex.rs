//! The mutex in a region.

use std::time::{Duration, Instant};

use lockproof::Region;
use lockproof::lock_api::{HolderDied, Mutex, MutexGuard, RawMutex};

use crate::common::child::{Child, fork, kill_myself, say, supervised};
use crate::common::list::listed;
use crate::common::memory::{Board, join_unstuck, word_address};
use crate::common::seed::{Seed, scaled};
use crate::words_of_panic;

fn raw<T>(mutex: &Mutex<T>) -> &RawMutex {
    // SAFETY: only looked at.
    unsafe { mutex.raw() }
}

#[test]
fn nothing_is_lost_between_processes() {
    supervised(120, || {
        let count = Region::<Mutex<u64>>::anonymous().unwrap();
        let (rounds, word) = (scaled(50_000), word_address(raw(&count)));
        let workers =
            (0..4).map(|_| fork(|| (0..rounds).for_each(|_| *count.lock() += 1))).collect();
        join_unstuck(word, workers);
        assert_eq!(*count.lock(), 4 * rounds);
        assert!(!count.holder_died());
    });
}

#[test]
fn the_lock_of_the_dead_is_free_and_the_death_is_noted_until_it_is_cleared() {
    supervised(60, || {
        let data = Region::<Mutex<u64>>::anonymous().unwrap();
        let word = word_address(raw(&data));
        for round in 0..scaled(100) {
            let board = Board::new(1);
            let holder = fork(|| {
                *data.lock() = round;
                let _held = data.lock();
                board.set(0, 1);
                loop {
                    std::thread::park();
                }
            });
            board.until(0, 1);
            let waits = fork(|| {
                let data = data.lock();
                assert_eq!(*data, round);
                assert!(MutexGuard::mutex(&data).holder_died());
            });
            waits.until_asleep_on(word);
            assert!(!data.holder_died());
            holder.kill();
            waits.join();
            // For everyone, and however often the lock was taken since.
            drop(data.lock());
            assert!(data.holder_died() && !data.is_locked());
            fork(|| data.clear_holder_died()).join();
            assert!(!data.holder_died());
        }
    });
}

/// That the next one dies as well, having taken the lock, changes nothing.
#[test]
fn a_note_outlives_those_who_make_it() {
    supervised(60, || {
        let data = Region::<Mutex<u64>>::anonymous().unwrap();
        for _ in 0..2 {
            let died = fork(|| {
                let _held = data.lock();
                kill_myself();
            });
            assert_eq!(died.wait(), crate::common::child::Ended::Killed(libc::SIGKILL));
        }
        drop(data.try_lock().expect("free"));
        assert!(data.holder_died());
    });
}

#[test]
fn a_wait_ends_in_time() {
    supervised(60, || {
        let data = Region::<Mutex<u64>>::anonymous().unwrap();
        let (board, word) = (Board::new(2), word_address(raw(&data)));
        let holder = fork(|| {
            let _held = data.lock();
            board.set(0, 1);
            board.until(1, 1);
        });
        board.until(0, 1);
        let (short, began) = (Duration::from_millis(30), Instant::now());
        assert!(data.is_locked() && data.try_lock().is_none());
        assert!(data.try_lock_for(short).is_none() && began.elapsed() >= short);
        assert!(
            data.try_lock_until(began).is_none() && data.try_lock_for(Duration::ZERO).is_none()
        );
        let later = began + Duration::from_secs(3600);
        let waits = [
            fork(|| assert!(data.try_lock_for(Duration::MAX).is_some())),
            fork(|| assert!(data.try_lock_until(later).is_some())),
        ];
        waits.iter().for_each(|waits| waits.until_asleep_on(word));
        board.set(1, 1);
        waits.into_iter().for_each(Child::join);
        holder.join();
        assert!(data.try_lock_until(began).is_some(), "free, however late");
    });
}

#[test]
fn its_holder_does_not_wait_for_itself() {
    supervised(60, || {
        let data = Region::<Mutex<u64>>::anonymous().unwrap();
        let held = data.lock();
        assert!(data.try_lock().is_none() && data.try_lock_for(Duration::MAX).is_none());
        let words = words_of_panic(|| drop(data.lock()));
        assert!(words.contains("already holds"), "{words}");
        drop(held);
        assert!(listed().is_empty() && !data.is_locked());
    });
}

#[test]
fn a_forked_child_holds_nothing_of_its_parents() {
    supervised(60, || {
        let data = Region::<Mutex<u64>>::anonymous().unwrap();
        let held = data.lock();
        fork(|| {
            // SAFETY: in a child that does not return, the original is never used again.
            drop(unsafe { std::ptr::read(&held) });
            assert!(data.try_lock().is_none());
        })
        .join();
        assert!(data.is_locked());
        drop(held);
        assert!(data.try_lock().is_some());
    });
}

#[test]
fn too_many_locks_are_refused_in_words() {
    supervised(60, || {
        let all = Region::<[Mutex<u64>; 2049]>::anonymous().unwrap();
        let _held: Vec<_> = all[1..].iter().map(|lock| lock.lock()).collect();
        for words in
            [words_of_panic(|| drop(all[0].lock())), words_of_panic(|| drop(all[0].try_lock()))]
        {
            assert!(words.contains("2048 locks"), "{words}");
        }
        assert!(!all[0].is_locked());
    });
}

#[test]
fn another_layout_is_refused() {
    let region = Region::<Mutex<u64>>::memfd("layout").unwrap();
    let fd = || region.as_fd().unwrap().try_clone_to_owned().unwrap();
    *region.lock() = 7;
    assert_eq!(*Region::<Mutex<u64>>::from_fd(fd()).unwrap().lock(), 7);
    // Of the same size and alignment.
    for refused in [
        Region::<Mutex<i64>>::from_fd(fd()).map(drop).unwrap_err(),
        Region::<Mutex<[u32; 2]>>::from_fd(fd()).map(drop).unwrap_err(),
    ] {
        assert!(refused.to_string().contains("lock_api::RawMutex at "), "{refused}");
    }
}

/// Holders and waiters are killed at any point; nothing hangs, and only what the dead had begun may be missing.
#[test]
fn a_death_at_any_point_leaves_nobody_waiting() {
    supervised(180, || {
        let (mut seed, deaths) = (Seed::announced(), scaled(300));
        let (sums, board) = (Region::<Mutex<[u64; 2]>>::anonymous().unwrap(), Board::new(1));
        let work = || {
            loop {
                let mut both = sums.lock();
                if sums.holder_died() {
                    assert!(both[0] - both[1] <= 1, "more than one change was half-made");
                    both[1] = both[0];
                    sums.clear_holder_died();
                }
                assert_eq!(both[0], both[1], "half a change, and no word of a death");
                for half in both.iter_mut() {
                    // SAFETY: a valid reference.
                    unsafe { std::ptr::from_mut(half).write_volatile(*half + 1) };
                    // Often enough somebody dies in between.
                    std::thread::yield_now();
                }
                board.add(0, 1);
            }
        };
        let mut workers: Vec<Child> = Vec::new();
        for _ in 0..deaths {
            while workers.len() < 3 {
                workers.push(fork(work));
            }
            board.until(0, board.get(0) + 1 + seed.below(200) as u64);
            workers.swap_remove(seed.below(3)).kill();
        }
        workers.into_iter().for_each(Child::kill);
        let (both, counted) = (sums.lock(), board.get(0));
        assert!(both[0] >= counted && both[0] <= counted + deaths + 3, "{both:?} of {counted}");
        say(&format!("{counted} times inside"));
    });
}
