//! Semaphores between processes: no more inside than there are permits, which come back, whoever dies.

mod common;

use std::time::{Duration, Instant};

use common::child::{
    Child, Ended, fork, is_asleep_on_several, kill_myself, say, state_of, supervised, until,
};
use common::memory::Board;
use common::seed::{Seed, scaled};
use lockproof::error::TryLockError;
use lockproof::{BoundedSemaphore, Permit, Region, Semaphore};

#[test]
fn no_more_are_inside_than_there_are_permits() {
    supervised(120, || {
        let semaphore = Region::<BoundedSemaphore<3>>::anonymous().unwrap();
        let (board, mut seed, rounds) = (Board::new(2), Seed::announced(), scaled(10_000));
        let all: Vec<Child> = (0..6)
            .map(|_| {
                let mut seed = seed.branch();
                let (semaphore, board) = (&semaphore, &board);
                fork(move || {
                    for _ in 0..rounds {
                        let wanted = 1 + seed.below(8) / 7;
                        let permit = semaphore.acquire_many(wanted).unwrap();
                        assert_eq!(permit.count(), wanted);
                        let before = board.add(0, wanted as u64);
                        assert!(before + wanted as u64 <= 3, "{before} were inside");
                        board.add(1, 1);
                        board.add(0, (wanted as u64).wrapping_neg());
                    }
                })
            })
            .collect();
        all.into_iter().for_each(Child::join);
        assert_eq!((board.get(1), semaphore.available()), (6 * rounds, 3));
    });
}

/// Forks one that holds so many permits until it is killed.
fn holder<const N: usize>(semaphore: &BoundedSemaphore<N>, wanted: usize, board: &Board) -> Child {
    let before = board.get(0);
    let holder = fork(|| {
        let _held = semaphore.acquire_many(wanted).unwrap();
        board.add(0, 1);
        loop {
            std::thread::park();
        }
    });
    board.until(0, before + 1);
    holder
}

#[test]
fn the_permits_of_the_dead_come_back() {
    supervised(60, || {
        let (semaphore, board) =
            (Region::<BoundedSemaphore<2>>::anonymous().unwrap(), Board::new(1));
        for _ in 0..scaled(30) {
            let [one, other] = [holder(&semaphore, 1, &board), holder(&semaphore, 1, &board)];
            assert!(matches!(semaphore.try_acquire(), Err(TryLockError::WouldBlock(_))));
            let waits = fork(|| drop(semaphore.acquire().unwrap()));
            until(|| is_asleep_on_several(waits.pid));
            // Whichever it is.
            other.kill();
            waits.join();
            assert_eq!(semaphore.available(), 1);
            one.kill();
            // And if nobody waits, they are there all the same.
            holder(&semaphore, 2, &board).kill();
            assert_eq!(semaphore.available(), 2);
        }
    });
}

#[test]
fn a_permit_by_hand_belongs_to_nobody() {
    supervised(60, || {
        let semaphore = Region::<BoundedSemaphore<1>>::anonymous().unwrap();
        fork(|| semaphore.wait().unwrap()).join();
        assert!(matches!(semaphore.try_wait(), Err(TryLockError::WouldBlock(_))), "it has ended");
        let waits = fork(|| semaphore.wait().unwrap());
        until(|| state_of(waits.pid) == Some('S'));
        semaphore.post().unwrap();
        waits.join();
        semaphore.post().unwrap();
        let refused = semaphore.post().unwrap_err();
        assert!(refused.to_string().contains("more was given back"), "{refused}");
        let held = semaphore.acquire().unwrap();
        assert!(semaphore.post().is_err(), "nobody else's to give back");
        fork(|| {
            // SAFETY: in a child that does not return, the original is never used again.
            drop(unsafe { std::ptr::read(&held) });
            assert_eq!(semaphore.available(), 0, "its parent's permit");
        })
        .join();
        drop(held);
        assert_eq!(semaphore.available(), 1);
    });
}

#[test]
fn every_signal_is_taken_once() {
    supervised(60, || {
        let semaphore = Region::<Semaphore<0, 8>>::anonymous().unwrap();
        let rounds = scaled(3_000);
        assert!(semaphore.try_wait().is_err() && semaphore.available() == 0);
        let takers: Vec<Child> =
            (0..3).map(|_| fork(|| (0..rounds).for_each(|_| semaphore.wait().unwrap()))).collect();
        for _ in 0..3 * rounds {
            until(|| semaphore.post().is_ok());
        }
        takers.into_iter().for_each(Child::join);
        assert_eq!(semaphore.available(), 0);
    });
}

#[test]
fn a_wait_ends_in_time() {
    supervised(60, || {
        let semaphore = Region::<BoundedSemaphore<2>>::anonymous().unwrap();
        let (held, short, now) =
            (semaphore.acquire().unwrap(), Duration::from_millis(30), Instant::now());
        assert!(semaphore.try_acquire_many_for(2, short).is_err() && now.elapsed() >= short);
        assert_eq!(semaphore.available(), 1, "what it had got was given back");
        let both = semaphore.try_acquire().unwrap();
        assert!(semaphore.try_acquire_for(Duration::ZERO).is_err());
        assert!(
            semaphore.try_acquire_until(now).is_err() && semaphore.try_wait_until(now).is_err()
        );
        assert!(semaphore.try_wait_for(Duration::ZERO).is_err());
        let waits = fork(|| drop(semaphore.try_acquire_for(Duration::MAX).unwrap()));
        until(|| is_asleep_on_several(waits.pid));
        drop(both);
        waits.join();
        drop(held);
        assert_eq!(semaphore.acquire_many(0).unwrap().count(), 0);
    });
}

#[test]
fn several_are_taken_together_or_none() {
    supervised(60, || {
        let semaphore = Region::<BoundedSemaphore<4>>::anonymous().unwrap();
        let (held, short) = (semaphore.try_acquire_many(2).unwrap(), Duration::from_millis(30));
        let past = Instant::now();
        for refused in [
            semaphore.try_acquire_many(3),
            semaphore.try_acquire_many_for(3, Duration::ZERO),
            semaphore.try_acquire_many_until(3, past),
            semaphore.try_acquire_many_until(3, past + short),
        ] {
            assert!(matches!(refused, Err(TryLockError::WouldBlock(_))));
            assert_eq!(semaphore.available(), 2, "what it had got was given back");
        }
        assert!(past.elapsed() >= short);
        let count = |taken: Result<Permit<'_, 4, 4>, TryLockError<()>>| taken.unwrap().count();
        assert_eq!(count(semaphore.try_acquire_many(2)), 2);
        assert_eq!(count(semaphore.try_acquire_many_for(2, Duration::ZERO)), 2);
        assert_eq!(count(semaphore.try_acquire_many_until(2, past)), 2);
        let later = past + Duration::from_secs(3600);
        let waits = fork(|| drop(semaphore.try_acquire_many_until(4, later).unwrap()));
        until(|| is_asleep_on_several(waits.pid));
        let refused = semaphore.try_acquire_many(1).unwrap_err();
        assert!(matches!(refused, TryLockError::WouldBlock(_)), "somebody has taken the rest");
        drop(held);
        waits.join();
        assert_eq!(semaphore.available(), 4);
    });
}

#[test]
fn who_dies_with_several_taken_at_once_gives_all_of_them_back() {
    supervised(60, || {
        let semaphore = Region::<BoundedSemaphore<3>>::anonymous().unwrap();
        let dies = fork(|| {
            let _held = semaphore.try_acquire_many(3).unwrap();
            kill_myself();
        });
        assert_eq!(dies.wait(), Ended::Killed(libc::SIGKILL));
        assert_eq!(semaphore.try_acquire_many(3).unwrap().count(), 3);
    });
}

#[test]
fn as_many_are_posted_as_there_is_room_for() {
    supervised(60, || {
        let semaphore = Region::<Semaphore<1, 5>>::anonymous().unwrap();
        let takers = [(); 4].map(|()| fork(|| (0..5).for_each(|_| semaphore.wait().unwrap())));
        let mut left = 4 * 5 - 1;
        while left > 0 {
            left -= semaphore.post_some(left);
        }
        takers.into_iter().for_each(Child::join);
        assert_eq!((semaphore.available(), semaphore.post_some(0)), (0, 0));
        assert_eq!((semaphore.post_some(7), semaphore.post_some(1)), (5, 0));
        let _held = semaphore.acquire_many(2).unwrap();
        assert_eq!(semaphore.post_some(1), 0, "nobody else's to give back");
    });
}

/// Holders and waiters are killed at any point: whoever is left gets in, and in the end all permits are there.
#[test]
fn a_death_at_any_point_leaves_nobody_waiting() {
    supervised(180, || {
        let mut seed = Seed::announced();
        let (semaphore, board) =
            (Region::<BoundedSemaphore<3>>::anonymous().unwrap(), Board::new(1));
        let work = |mut seed: Seed| {
            loop {
                let permit = semaphore.acquire_many(1 + seed.below(6) / 4).unwrap();
                board.add(0, 1);
                drop(permit);
            }
        };
        let mut workers: Vec<Child> = Vec::new();
        for _ in 0..scaled(300) {
            while workers.len() < 5 {
                let seed = seed.branch();
                workers.push(fork(|| work(seed)));
            }
            board.until(0, board.get(0) + 1 + seed.below(200) as u64);
            workers.swap_remove(seed.below(5)).kill();
        }
        workers.into_iter().for_each(Child::kill);
        assert_eq!(semaphore.acquire_many(3).unwrap().count(), 3);
        say(&format!("{} times inside", board.get(0)));
    });
}
