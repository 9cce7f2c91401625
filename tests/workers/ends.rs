//! Who died, and what of.

use std::process::Command;

use lockproof::Workers;
use lockproof::workers::{End, WorkerError};

use crate::common::child::{kill_myself, supervised};
use crate::{forked, has_no_children, sleep_for_ever};

fn killed_by(signal: i32) -> End {
    End::Killed { signal, core_dumped: false }
}

/// The ends, by number, without whether memory was dumped: that is the system's choice.
fn ends(workers: &mut Workers) -> Vec<End> {
    workers.wait_all().unwrap();
    let end = |end| match end {
        End::Killed { signal, .. } => killed_by(signal),
        other => other,
    };
    workers.iter().map(|worker| end(worker.end().unwrap())).collect()
}

#[test]
fn a_function_s_result_is_the_exit_code() {
    supervised(60, || {
        let mut nothing = forked(2, |_| ());
        assert_eq!(ends(&mut nothing), [End::Exited(0); 2]);
        let mut numbers = forked(3, |number| number as u8 * 100);
        assert_eq!(ends(&mut numbers), [0, 100, 200].map(End::Exited));
        let mut results = forked(3, |number| match number {
            0 => Ok(0),
            1 => Ok(7),
            _ => Err("not today"),
        });
        assert_eq!(ends(&mut results), [0, 7, 1].map(End::Exited));
        assert!(has_no_children());
    });
}

#[test]
fn a_panic_and_signals_are_told_apart() {
    supervised(60, || {
        let mut workers = forked(6, |number| match number {
            0 => panic!("a test's panic"),
            1 => kill_myself(),
            2 => std::process::abort(),
            // Not as after a panic: this is what the code means elsewhere.
            3 => std::process::exit(3),
            _ => {
                sleep_for_ever();
            }
        });
        workers[4].kill().unwrap();
        workers[5].signal(libc::SIGTERM).unwrap();
        assert_eq!(
            ends(&mut workers),
            [
                End::Exited(101),
                killed_by(libc::SIGKILL),
                killed_by(libc::SIGABRT),
                End::Exited(3),
                killed_by(libc::SIGKILL),
                killed_by(libc::SIGTERM),
            ]
        );
        for worker in &workers {
            worker.kill().expect("nothing to be done");
        }
    });
}

#[test]
fn join_says_who_did_not_end_well() {
    supervised(60, || {
        forked(3, |_| ()).join().unwrap();
        let workers = forked(4, |number| match number {
            1 => kill_myself(),
            2 => 9,
            _ => 0,
        });
        let ids: Vec<u32> = workers.iter().map(lockproof::workers::Worker::id).collect();
        let error = workers.join().unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "worker 1 (process {}) killed by SIGKILL; worker 2 (process {}) exited with code 9",
                ids[1], ids[2],
            )
        );
        let WorkerError::Failed(failures) = error else { panic!("{error}") };
        assert_eq!([failures[0].number, failures[1].number], [1, 2]);
        assert_eq!(failures[1].end, End::Exited(9));
    });
}

#[test]
fn commands_end_like_functions() {
    supervised(60, || {
        let mut workers = Workers::spawn(3, |number| {
            let mut shell = Command::new("sh");
            shell.args(["-c", ["exit 0", "exit 7", "kill -TERM $$"][number]]);
            shell
        })
        .unwrap();
        let expected = [End::Exited(0), End::Exited(7), killed_by(libc::SIGTERM)];
        assert_eq!(ends(&mut workers), expected);
        assert!(has_no_children());
    });
}

#[test]
fn an_end_that_somebody_else_took_note_of_is_unknown() {
    supervised(60, || {
        let mut workers = forked(1, |_| 5);
        // SAFETY: waits for any child, and wants no status.
        unsafe { libc::waitpid(-1, core::ptr::null_mut(), 0) };
        assert_eq!(ends(&mut workers), [End::Unknown]);
        assert!(workers.join().unwrap_err().to_string().contains("SIGCHLD"));
    });
}

#[test]
fn there_is_no_such_signal() {
    supervised(60, || {
        let workers = forked(1, |_| sleep_for_ever());
        for number in [-1, 0, 1000] {
            assert!(workers[0].signal(number).is_err());
        }
    });
}
