//! How long workers are waited for, and in which order they are told.

use std::time::{Duration, Instant};

use lockproof::Workers;
use lockproof::workers::{End, Worker, WorkerError};

use crate::common::child::{signal, supervised};
use crate::common::memory::Board;
use crate::common::signals::{handle_signals, signals_seen};
use crate::{forked, sleep_for_ever, until_told};

fn number(worker: Result<Option<&Worker>, WorkerError>) -> Option<usize> {
    worker.unwrap().map(Worker::number)
}

#[track_caller]
fn still_running<T>(result: Result<T, WorkerError>) -> Vec<usize> {
    match result {
        Err(WorkerError::StillRunning(numbers)) => numbers,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("ended"),
    }
}

#[test]
fn each_is_told_once_in_the_order_in_which_they_end() {
    supervised(60, || {
        let board = Board::new(1);
        let mut workers = forked(3, until_told(&board));
        for told in 0..3 {
            assert_eq!(still_running(workers.wait_any_for(Duration::ZERO)).len(), 3 - told);
            board.set(0, told as u64 + 1);
            assert_eq!(number(workers.wait_any()), Some(told));
        }
        assert_eq!(number(workers.wait_any()), None);
        assert_eq!(number(workers.wait_any_for(Duration::MAX)), None);
        workers.join().unwrap();
    });
}

#[test]
fn after_all_were_waited_for_each_is_still_told() {
    supervised(60, || {
        let board = Board::new(3);
        let mut workers = forked(3, |number| board.until(number, 1));
        let order = [2, 0, 1];
        for number in order {
            board.set(number, 1);
            while workers[number].end().is_none() {
                let _ = workers.wait_all_for(Duration::from_millis(1));
            }
        }
        assert_eq!(order.map(|_| number(workers.wait_any()).unwrap()), order);
        assert_eq!(number(workers.wait_any()), None);
    });
}

#[test]
fn nobody_is_waited_for_in_vain() {
    supervised(60, || {
        let mut none = Workers::new();
        assert!(none.is_empty());
        none.wait_all().unwrap();
        assert_eq!(number(none.wait_any()), None);
        none.join().unwrap();
    });
}

#[test]
fn a_wait_that_runs_out_does_so_at_its_time_and_not_before() {
    supervised(60, || {
        let past = Instant::now();
        let mut workers = forked(3, |number| if number == 1 { 0 } else { sleep_for_ever() });
        assert_eq!(number(workers.wait_any()), Some(1));
        for milliseconds in [0, 1, 50] {
            let timeout = Duration::from_millis(milliseconds);
            let before = Instant::now();
            assert_eq!(still_running(workers.wait_all_for(timeout)), [0, 2]);
            assert!(before.elapsed() >= timeout);
            let before = Instant::now();
            still_running(workers.wait_any_for(timeout));
            assert!(before.elapsed() >= timeout);
            let moment = Instant::now() + timeout;
            still_running(workers.wait_all_until(moment));
            assert!(Instant::now() >= moment);
        }
        still_running(workers.wait_any_until(past));
        workers.kill_all().unwrap();
        for timeout in [Duration::from_secs(3600), Duration::MAX] {
            workers.wait_all_for(timeout).unwrap();
        }
        let error = WorkerError::StillRunning(vec![0, 2]).to_string();
        assert!(error.contains("workers [0, 2] have not ended"), "{error}");
    });
}

#[test]
fn who_has_ended_is_told_whatever_the_time() {
    supervised(60, || {
        let past = Instant::now();
        let mut workers = forked(3, |_| ());
        workers.wait_all().unwrap();
        workers.wait_all_for(Duration::ZERO).unwrap();
        assert!(number(workers.wait_any_for(Duration::ZERO)).is_some());
        assert!(number(workers.wait_any_until(past)).is_some());
    });
}

#[test]
fn a_signal_ends_no_wait() {
    supervised(60, || {
        let restarts_nothing = 0;
        handle_signals(restarts_nothing);
        let this_process = std::process::id() as libc::pid_t;
        let mut workers = forked(1, |_| {
            for _ in 0..100 {
                // SAFETY: a signal to the process that started this one, which handles it.
                unsafe { libc::kill(this_process, libc::SIGUSR1) };
                std::thread::yield_now();
            }
        });
        workers.wait_all().unwrap();
        assert_eq!(workers[0].end(), Some(End::Exited(0)));
        assert!(signals_seen() > 0);
    });
}

#[test]
fn signals_neither_shorten_nor_prolong_a_wait() {
    supervised(60, || {
        for flags in [0, libc::SA_RESTART] {
            handle_signals(flags);
            let (before, this_process) = (signals_seen(), std::process::id() as libc::pid_t);
            let disturbs = |_| -> () {
                loop {
                    signal(this_process, libc::SIGUSR1);
                    std::thread::yield_now();
                }
            };
            let mut workers = forked(1, disturbs);
            let timeout = Duration::from_millis(50);
            let moment = Instant::now() + timeout;
            assert_eq!(still_running(workers.wait_any_for(timeout)), [0]);
            assert!(Instant::now() >= moment);
            let moment = Instant::now() + timeout;
            assert_eq!(still_running(workers.wait_all_until(moment)), [0]);
            assert!(Instant::now() >= moment && signals_seen() > before);
        }
    });
}

/// A worker that died is replaced by another one, while the others go on.
#[test]
fn workers_can_be_added() {
    supervised(60, || {
        let board = Board::new(1);
        let mut workers = forked(2, until_told(&board));
        workers[0].kill().unwrap();
        assert_eq!(number(workers.wait_any()), Some(0));
        // SAFETY: the same function.
        let another = unsafe { workers.fork_another(|| board.until(0, 2)) };
        assert_eq!(another.unwrap(), 2);
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", "read line"]).stdin(std::process::Stdio::piped());
        assert_eq!(workers.spawn_another(shell).unwrap(), 3);
        assert_eq!(still_running(workers.wait_any_for(Duration::ZERO)), [1, 2, 3]);
        board.set(0, 2);
        // Whoever reads its input until the end is not waited for in vain.
        workers.wait_all().unwrap();
        let ends: Vec<_> = workers.iter().map(|worker| worker.end().unwrap()).collect();
        assert_eq!(ends[1..], [End::Exited(0), End::Exited(0), End::Exited(1)]);
    });
}
