//! On which processors workers were seen.

use std::time::Duration;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::common::child::{say, supervised, switches, until};
use crate::common::memory::Board;
use crate::forked;

/// The processors that this process may use; two of them are needed.
fn two_processors() -> Option<[usize; 2]> {
    let may = sched_getaffinity(None).unwrap();
    let mut all = (0..CpuSet::MAX_CPU).filter(|processor| may.is_set(*processor));
    let two = all.next().zip(all.next()).map(|(first, second)| [first, second]);
    if two.is_none() {
        say("skipped: there is one processor");
    }
    two
}

fn run_on(processor: usize) {
    let mut only = CpuSet::new();
    only.set(processor);
    sched_setaffinity(None, &only).unwrap();
}

#[test]
fn the_one_on_which_it_ended_is_known() {
    supervised(60, || {
        let Some(two) = two_processors() else { return };
        for processor in two {
            let mut workers = forked(2, |_| run_on(processor));
            assert!(workers.iter().all(|worker| !worker.processors().is_empty()));
            workers.wait_all().unwrap();
            assert!(workers.iter().all(|worker| worker.processors().contains(&processor)));
        }
    });
}

#[test]
fn each_wait_looks_at_all_threads() {
    supervised(60, || {
        let Some([first, second]) = two_processors() else { return };
        // Inherited: the worker's first thread never runs anywhere else.
        run_on(first);
        let (there, board) = (1, Board::new(2));
        let mut workers = forked(1, |_| {
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    run_on(second);
                    board.set(there, 1);
                    board.until(0, 1);
                });
            });
        });
        board.until(there, 1);
        workers.wait_all_for(Duration::ZERO).unwrap_err();
        assert!([first, second].iter().all(|one| workers[0].processors().contains(one)));
        board.set(0, 1);
        workers.join().unwrap();
    });
}

#[test]
fn one_long_wait_looks_again_and_again_if_asked() {
    supervised(60, || {
        let Some([first, second]) = two_processors() else { return };
        let this_process = std::process::id() as libc::pid_t;
        run_on(second);
        let mut workers = forked(1, |_| {
            run_on(first);
            let before = switches(this_process);
            // So often has the other process slept since.
            until(|| switches(this_process) > before + 3);
            run_on(second);
        });
        workers.observe_every(Duration::from_millis(1));
        workers.wait_all().unwrap();
        assert!([first, second].iter().all(|one| workers[0].processors().contains(one)));
    });
}
