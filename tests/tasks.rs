//! Tasks between processes: whoever joins finds everything done, or lost with its worker.

mod common;

use std::time::{Duration, Instant};

use common::child::{Child, fork, say, state_of, supervised, until};
use common::memory::Board;
use common::seed::{Seed, scaled};
use lockproof::error::LockError;
use lockproof::{JoinableQueue, PutError, Region, TakeError};

type Tasks = JoinableQueue<u64, 8, 4>;

#[test]
fn whoever_joins_finds_everything_done() {
    supervised(120, || {
        let tasks = Region::<Tasks>::anonymous().unwrap();
        let board = Board::new(2);
        let work = || {
            while let Some(task) = tasks.take().unwrap() {
                board.add(0, *task);
            }
        };
        let workers = [(); 3].map(|()| fork(work));
        let mut sum = 0;
        for round in 0..scaled(1_000) {
            for task in 0..1 + round % 20 {
                tasks.put(task).unwrap();
                sum += task;
            }
            tasks.join().unwrap();
            assert_eq!(board.get(0), sum, "in round {round}");
        }
        tasks.shutdown().unwrap();
        workers.into_iter().for_each(Child::join);
        let look = tasks.look().unwrap();
        assert_eq!((look.lost, look.in_hand, look.queue.length), (0, 0, 0));
        assert_eq!(look.done, look.queue.taken);
    });
}

/// Forks one that takes a task and keeps it until it is killed.
fn holder(tasks: &Tasks, board: &Board) -> Child {
    let before = board.get(0);
    let holder = fork(|| {
        let _task = tasks.take().unwrap().unwrap();
        board.add(0, 1);
        loop {
            std::thread::park();
        }
    });
    board.until(0, before + 1);
    holder
}

#[test]
fn a_task_in_the_hand_of_the_dead_is_waited_for_no_longer() {
    supervised(60, || {
        let tasks = Region::<Tasks>::anonymous().unwrap();
        let board = Board::new(1);
        for round in 1..=scaled(30) {
            tasks.put(7).unwrap();
            let holder = holder(&tasks, &board);
            let waits = [(); 2].map(|()| fork(|| tasks.join().unwrap()));
            waits.iter().for_each(|waits| until(|| state_of(waits.pid) == Some('S')));
            assert!(!tasks.join_for(Duration::from_millis(1)).unwrap(), "it is in hand");
            holder.kill();
            waits.into_iter().for_each(Child::join);
            let look = tasks.look().unwrap();
            assert_eq!((look.lost, look.in_hand, look.done), (round, 0, 0));
        }
    });
}

#[test]
fn a_join_does_not_wait_for_what_is_put_later() {
    supervised(60, || {
        let (tasks, board) = (Region::<Tasks>::anonymous().unwrap(), Board::new(1));
        tasks.put(1).unwrap();
        let joins = fork(|| {
            tasks.join().unwrap();
            board.add(0, 1);
        });
        until(|| state_of(joins.pid) == Some('S'));
        for later in 0..3 {
            // Never empty from here on.
            tasks.put(later).unwrap();
            drop(tasks.take().unwrap());
        }
        board.until(0, 1);
        joins.join();
        assert_eq!(tasks.look().unwrap().queue.length, 1);
    });
}

#[test]
fn a_wait_ends_in_time() {
    supervised(60, || {
        let (tasks, board) = (Region::<Tasks>::anonymous().unwrap(), Board::new(1));
        let (now, short) = (Instant::now(), Duration::from_millis(30));
        assert!(tasks.join_for(Duration::ZERO).unwrap() && tasks.join_until(now).unwrap());
        assert!(matches!(tasks.try_take(), Err(TakeError::Empty)));
        tasks.put(1).unwrap();
        for too_short in [Duration::ZERO, short] {
            assert!(!tasks.join_for(too_short).unwrap(), "it is in the queue");
        }
        assert!(!tasks.join_until(now).unwrap() && now.elapsed() >= short);
        for task in 2..9 {
            tasks.try_put_until(task, now).unwrap();
        }
        let (before, soon) = (Instant::now(), Instant::now() + short);
        assert!(matches!(tasks.try_put_until(9, soon), Err(PutError::Full(9))));
        assert!(matches!(tasks.try_put_for(9, Duration::ZERO), Err(PutError::Full(9))));
        assert!(before.elapsed() >= short);
        for task in 1..9 {
            assert_eq!(*tasks.try_take_until(now).unwrap().unwrap(), task);
        }
        let (before, soon) = (Instant::now(), Instant::now() + short);
        assert!(matches!(tasks.try_take_until(soon), Err(TakeError::Empty)));
        assert!(matches!(tasks.try_take_for(Duration::ZERO), Err(TakeError::Empty)));
        assert!(before.elapsed() >= short);
        tasks.put(1).unwrap();
        let task = tasks.try_take_for(Duration::MAX).unwrap().unwrap();
        let mine = tasks.join().unwrap_err();
        assert!(matches!(mine, LockError::AlreadyHeld(_)), "{mine}");
        let waits = fork(|| {
            assert!(!tasks.join_for(Duration::ZERO).unwrap(), "it is in hand");
            assert!(!tasks.join_for(short).unwrap());
            board.add(0, 1);
            assert!(tasks.join_for(Duration::MAX).unwrap());
        });
        board.until(0, 1);
        until(|| state_of(waits.pid) == Some('S'));
        drop(task);
        waits.join();
    });
}

#[test]
fn hands_are_counted_and_a_copy_in_a_child_is_none() {
    supervised(60, || {
        let tasks = Region::<Tasks>::anonymous().unwrap();
        for task in 0..5 {
            tasks.put(task).unwrap();
        }
        let mut held: Vec<_> = (0..4).map(|_| tasks.take().unwrap().unwrap()).collect();
        let refused = tasks.take().unwrap_err();
        assert!(matches!(refused, TakeError::HandsFull), "{refused}");
        *held[3] += 10;
        assert_eq!(*held[3], 13, "it may be changed on the way");
        let first = &held[0];
        fork(|| {
            // SAFETY: in a child that does not return, the original is never used again.
            drop(unsafe { std::ptr::read(first) });
            assert_eq!(tasks.look().unwrap().in_hand, 4, "its parent's");
        })
        .join();
        drop(held);
        assert_eq!(*tasks.take().unwrap().unwrap(), 4);
        let look = tasks.look().unwrap();
        assert_eq!((look.done, look.lost, look.in_hand), (5, 0, 0));
    });
}

#[test]
fn a_panic_loses_the_task() {
    supervised(60, || {
        let tasks = Region::<Tasks>::anonymous().unwrap();
        tasks.put(1).unwrap();
        let panicked = std::panic::catch_unwind(|| {
            let _task = tasks.take().unwrap().unwrap();
            std::panic::resume_unwind(Box::new("on purpose"));
        });
        assert!(panicked.is_err());
        tasks.join().unwrap();
        let look = tasks.look().unwrap();
        assert_eq!((look.done, look.lost), (0, 1));
    });
}

/// Workers are killed at any point: every join returns, and each death costs no more than one task.
#[test]
fn a_death_at_any_point_leaves_nobody_waiting() {
    supervised(240, || {
        let mut seed = Seed::announced();
        let tasks = Region::<Tasks>::anonymous().unwrap();
        let board = Board::new(1);
        let work = || {
            while let Some(task) = tasks.take().unwrap() {
                board.add(0, *task);
            }
        };
        let mut workers: Vec<Child> = (0..3).map(|_| fork(work)).collect();
        let kills = scaled(300);
        for _ in 0..kills {
            for _ in 0..1 + seed.below(12) {
                tasks.put(1).unwrap();
            }
            let killed = workers.swap_remove(seed.below(3));
            for _ in 0..seed.below(3_000) {
                std::hint::spin_loop();
            }
            killed.kill();
            workers.push(fork(work));
            tasks.join().unwrap();
        }
        tasks.shutdown().unwrap();
        workers.into_iter().for_each(Child::join);
        let look = tasks.look().unwrap();
        assert_eq!(look.done + look.lost, look.queue.taken);
        assert!(look.lost <= kills && look.in_hand == 0, "{look:?}");
        assert!((look.done..=look.queue.taken).contains(&board.get(0)), "{look:?}");
        say(&format!("{look:?}"));
    });
}
