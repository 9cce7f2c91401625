//! What a worker starts with, and what happens if it cannot start.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use lockproof::Workers;
use lockproof::workers::WorkerError;

use crate::common::child::{exit_now, fork, supervised};
use crate::common::memory::Board;
use crate::common::seed::scaled;
use crate::{forked, has_no_children, sleep_for_ever};

#[test]
fn a_function_gets_its_number_and_its_own_copy_of_everything() {
    supervised(60, || {
        let (board, mut local) = (Board::new(4), 0);
        let workers = forked(4, |number| board.set(number, u64::from(std::process::id())));
        let ids: Vec<u64> = workers.iter().map(|worker| u64::from(worker.id())).collect();
        workers.join().unwrap();
        assert_eq!((0..4).map(|number| board.get(number)).collect::<Vec<_>>(), ids);
        let mut others = Workers::new();
        // SAFETY: there are no other threads, and nothing is used that must not exist twice.
        unsafe { others.fork_another(|| local += 1) }.unwrap();
        others.join().unwrap();
        assert_eq!(local, 0);
    });
}

#[test]
fn if_one_cannot_be_started_the_others_are_ended() {
    supervised(60, || {
        let error = Workers::spawn(3, |number| {
            let mut command = Command::new(["sleep", "sleep", "/there/is/no/such/program"][number]);
            command.arg("3600");
            command
        })
        .unwrap_err();
        assert!(matches!(error, WorkerError::Start { number: 2, .. }), "{error}");
        assert!(error.to_string().contains("is the program's path right?"), "{error}");
        assert!(has_no_children());
    });
}

#[test]
fn if_a_process_cannot_be_forked_the_others_are_ended() {
    supervised(60, || {
        fork(|| {
            // SAFETY: a plain number, in a process without other threads. Root may have more processes than the limit.
            unsafe { libc::setuid(54_323) };
            let limit = libc::rlimit { rlim_cur: 3, rlim_max: 3 };
            // SAFETY: reads the structure given.
            assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NPROC, &raw const limit) }, 0);
            // SAFETY: there are no other threads, and nothing is used that must not exist twice.
            let error = unsafe { Workers::fork(10, |_| sleep_for_ever()) }.unwrap_err();
            assert!(error.to_string().contains("as many processes as it may"), "{error}");
            assert!(has_no_children());
        })
        .join();
    });
}

/// Runs `body` with its standard output in a pipe, and returns what was written there.
fn output_of(body: impl FnOnce()) -> String {
    let (mut reader, writer) = std::io::pipe().unwrap();
    let child = fork(|| {
        // SAFETY: replaces the standard output of this process, which nobody else uses.
        unsafe { libc::dup2(std::os::fd::AsRawFd::as_raw_fd(&writer), 1) };
        body();
        std::io::stdout().flush().unwrap();
        exit_now(0);
    });
    drop(writer);
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    child.join();
    text
}

#[test]
fn what_is_written_is_written_once() {
    supervised(60, || {
        // Not `print`, which the test harness has its own place for.
        let say = |text: &str| std::io::stdout().write_all(text.as_bytes()).unwrap();
        let text = output_of(|| {
            say("begun ");
            forked(3, |number| say(&format!("worker-{number} "))).join().unwrap();
            say("done");
        });
        let mut words: Vec<&str> = text.split(' ').collect();
        words.sort_unstable();
        assert_eq!(words, ["begun", "done", "worker-0", "worker-1", "worker-2"]);
    });
}

/// Another thread may be writing at the fork: the worker can write all the same.
#[test]
fn standard_output_is_never_found_locked() {
    supervised(120, || {
        let text = output_of(|| {
            let done = Board::new(1);
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    while done.get(0) == 0 {
                        let mut output = std::io::stdout().lock();
                        let _errors = std::io::stderr().lock();
                        output.write_all(b"t").unwrap();
                    }
                });
                for _ in 0..scaled(200) {
                    let work = |_| {
                        eprint!("");
                        std::io::stdout().write_all(b"w\n").unwrap();
                    };
                    forked(1, work).join().unwrap();
                }
                done.set(0, 1);
            });
        });
        assert_eq!(text.matches('w').count() as u64, scaled(200));
    });
}

#[test]
fn a_command_s_pipes_can_be_taken() {
    supervised(60, || {
        let mut workers = Workers::spawn(1, |_| {
            let mut cat = Command::new("sh");
            cat.args(["-c", "cat; echo error >&2"]);
            cat.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
            cat
        })
        .unwrap();
        let cat = &mut workers[0];
        let (mut output, mut errors) = (cat.take_stdout().unwrap(), cat.take_stderr().unwrap());
        cat.take_stdin().unwrap().write_all(b"hello").unwrap();
        assert!(cat.take_stdin().is_none());
        let (mut said, mut complained) = (String::new(), String::new());
        output.read_to_string(&mut said).unwrap();
        errors.read_to_string(&mut complained).unwrap();
        assert_eq!((said.as_str(), complained.as_str()), ("hello", "error\n"));
        workers.join().unwrap();
    });
}
