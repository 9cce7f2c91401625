//! `check` with claims that stand in for real ones.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use clap::Parser;

use super::*;
use crate::claim::Expected;
use crate::cli::stand_ins::{Paper, WATCHDOG, all_hold, claim, claim_that, stress, unlocked};
use crate::cli::{Command, CommandLine};
use crate::verdict::{Finding, Verdict};

fn options(arguments: &[&str]) -> Options {
    let line = ["lockproof", "check"].into_iter().chain(arguments.iter().copied());
    match CommandLine::try_parse_from(line).expect("a command line").command {
        Command::Check(options) => options,
        other => panic!("not check: {other:?}"),
    }
}

/// Runs `check`; the claims are made anew for each look at them, as the real ones are.
fn check(arguments: &[&str], claims: impl Fn() -> Vec<Claim>) -> (Result<Exit, Failure>, String) {
    let paper = Paper::default();
    let exit = run(&options(arguments), |_| claims(), Place::Here, Output::plain(paper.clone()));
    (exit, paper.text())
}

fn timeout() -> Verdict {
    Verdict::Timeout { after: Duration::from_secs(3) }
}

#[test]
fn the_whole_report_reads_well() {
    let (exit, text) = check(&["--seed", "7"], all_hold);
    assert_eq!(exit.expect("an exit"), Exit::AllHold);
    // Times differ from run to run, in digits only.
    let text: String = text.replace(|digit: char| digit.is_ascii_digit(), "0");
    let expected: String = WHOLE_REPORT.replace(|digit: char| digit.is_ascii_digit(), "0");
    assert!(text == expected, "{text}\nexpected:\n{expected}");
}

const WHOLE_REPORT: &str = "      claim                   runs     time  verdict
mutex: no update is lost
 ok   mutex/2x2/loom         1 234    0.0 s  exhausted
 ok   mutex/3x2/crash        1 234    0.0 s  bounded: 3 preemptions, 1 death
 ok   mutex/4x10/shuttle     1 234    0.0 s  bounded: 10 000 random schedules
unlocked counter: no update is lost
 ok   unlocked/2x2/loom         56    0.0 s  counterexample, expected
mutex: nobody hangs
 ok   mutex/stress                    0.0 s  passed
      100 kills, 17 of a holder, 17 reports

Has to fail, and does: unlocked/2x2/loom (no update is lost)
4 increments, but the total is 2

 process 1                process 2
 │                        │
 ○ load total: 0          │                        Relaxed  src/raw/value.rs:31
 ┃                        ○ load total: 0          Relaxed  src/raw/value.rs:31
 ┃                        ● store total: 0 → 1     Relaxed  src/raw/value.rs:31
 ● store total: 1 → 1     │                        Relaxed  src/raw/value.rs:31
 │ └ went on from the 0   │
 │   it read: process     │
 │   2's write of 1 is    │
 │   lost                 │

Why:
  - Process 1 read 0 from total (src/raw/value.rs:31). Then process 2 wrote 1
    (src/raw/value.rs:31). Process 1, which had not seen that, wrote 1 over it
    (src/raw/value.rs:31): what process 2 wrote is lost.

○ reads   ● writes   ┃ holds a value that has changed
This execution: unlocked/2x2/loom#1
Results, each with the number of executions that came to it:
  unlocked/2x2/loom  2 (12), 3 (30), 4 (14)

5 claims in 0.0 s, seed 7: every claim holds.
    1 exhausted   every execution of the model was explored
    2 bounded     nothing wrong within the bound; beyond it nobody looked
    1 passed      nothing went wrong in the runs there were: evidence, no proof
    1 refuted     known to be wrong, and shown to be

Assumed:
  - loom's memory model: RC11 with C++20 release sequences, load buffering
    excluded (Rust allows it; no mainstream checker covers it)
  - shuttle sees sequentially consistent executions only: no weak memory
  - the bounds named with the claims
  - loom's way to count preemptions: to begin with another process is one, and
    at the bound it does not try who goes on where a process ends or blocks
  - the kernel's rule for the announced word of a dead thread since Linux 6.2
    (also in 6.1.y, 5.15.y, 5.10.y): it wakes a waiter if nobody owns the word
";

#[test]
fn each_way_to_end_has_its_exit_status() {
    let vacuous = || Verdict::Vacuous { what: "a process sleeping".to_owned() };
    let too_good =
        || Claim { expected: Expected::Fails, ..claim("broken/2x1/loom", Verdict::Exhausted) };
    let holds = || claim("mutex/2x1/loom", Verdict::Exhausted);
    type Make<'a> = &'a dyn Fn() -> Vec<Claim>;
    let cases: [(Make<'_>, Exit, &str); 8] = [
        (&|| vec![holds()], Exit::AllHold, "every claim holds"),
        (&|| vec![unlocked()], Exit::AllHold, "counterexample, expected"),
        (&|| vec![holds(), claim("b", Verdict::Counterexample)], Exit::ClaimFailed, "1 failed."),
        (&|| vec![claim("b", vacuous())], Exit::ClaimFailed, "there was never a process sleeping"),
        (&|| vec![too_good()], Exit::ClaimFailed, "this did not show it"),
        (&|| vec![holds(), claim("b", timeout())], Exit::TimeLimit, "1 has no verdict in time"),
        (
            &|| vec![claim("b", timeout()), claim("c", Verdict::Counterexample)],
            Exit::ClaimFailed,
            "1 failed, 1 has no verdict in time",
        ),
        (
            &|| vec![Claim { expected: Expected::Fails, ..claim("b", timeout()) }],
            Exit::TimeLimit,
            "timeout after 3.0 s",
        ),
    ];
    for (claims, expected, words) in cases {
        let (exit, text) = check(&[], claims);
        assert_eq!(exit.expect("an exit"), expected, "{text}");
        assert!(text.contains(words), "'{words}' is missing:\n{text}");
    }
}

#[test]
fn a_failure_is_drawn_with_all_that_is_known() {
    let (exit, text) = check(&[], || vec![Claim { expected: Expected::Holds, ..unlocked() }]);
    assert_eq!(exit.expect("an exit"), Exit::ClaimFailed);
    for part in [
        "FAILED  unlocked/2x2/loom: no update is lost",
        "4 increments, but the total is 2",
        "● store total: 1 → 1",
        "This execution: unlocked/2x2/loom#1",
        "unlocked/2x2/loom  2 (12), 3 (30), 4 (14)",
    ] {
        assert!(text.contains(part), "'{part}' is missing:\n{text}");
    }
}

#[test]
fn a_panic_is_a_failure_in_words() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !crate::cli::panics::is_caught(panic) {
            before(panic);
        }
    }));
    let panics = || {
        let table = [1];
        claim_that("broken/2x1/loom", move |budget, _| {
            let index = usize::try_from(budget.seed).expect("small");
            Finding { executions: table[index], ..Finding::of(Verdict::Counterexample) }
        })
    };
    // Even where a failure is expected: this is not the one.
    let both = || vec![panics(), Claim { expected: Expected::Fails, ..panics() }];
    let (exit, text) = check(&["--seed", "7"], both);
    assert_eq!(exit.expect("an exit"), Exit::ClaimFailed);
    assert!(text.contains("2 failed."), "{text}");
    assert!(text.contains("index out of bounds"), "{text}");
    assert!(text.contains("tests.rs:"), "no place:\n{text}");
    assert!(!text.contains("backtrace"), "{text}");
}

#[test]
fn no_claim_starts_after_the_time_limit() {
    let started = Arc::new(AtomicUsize::new(0));
    let late = |id: &str| {
        let started = Arc::clone(&started);
        claim_that(id, move |_, _| {
            started.fetch_add(1, SeqCst);
            Finding::of(Verdict::Exhausted)
        })
    };
    let (exit, text) = check(&["--time-limit", "0"], || vec![late("a"), late("b")]);
    assert_eq!(exit.expect("an exit"), Exit::TimeLimit);
    assert_eq!(started.load(SeqCst), 0);
    assert!(text.contains("2 have no verdict in time"), "{text}");
}

#[test]
fn lines_are_in_order_whoever_ends_first() {
    let make = || {
        let (second_ended, first_waits) = channel();
        let (second_ended, first_waits) = (Mutex::new(second_ended), Mutex::new(first_waits));
        let first = claim_that("first", move |_, _| {
            let waits = first_waits.lock().expect("not poisoned");
            waits.recv_timeout(WATCHDOG).expect("the second claim runs beside the first");
            Finding::of(Verdict::Exhausted)
        });
        let second = claim_that("second", move |_, _| {
            second_ended.lock().expect("not poisoned").send(()).expect("the first waits");
            Finding::of(Verdict::Exhausted)
        });
        vec![first, second]
    };
    let (exit, text) = check(&["--jobs", "2"], make);
    assert_eq!(exit.expect("an exit"), Exit::AllHold, "{text}");
    assert!(text.find(" first ") < text.find(" second "), "{text}");
}

#[test]
fn real_processes_have_the_machine_for_themselves() {
    let running = Arc::new(AtomicUsize::new(0));
    let make = || {
        let alone = |id: &str, alone: bool| {
            let running = Arc::clone(&running);
            let run = move |_: &Budget, _: &dyn crate::claim::Progress| {
                let beside = running.fetch_add(1, SeqCst);
                std::thread::yield_now();
                running.fetch_sub(1, SeqCst);
                let verdict = if alone && beside > 0 { timeout() } else { Verdict::Passed };
                Finding::of(verdict)
            };
            if alone { stress(id, run) } else { claim_that(id, run) }
        };
        (0..60).map(|index| alone(&format!("{index}"), index % 3 == 0)).collect()
    };
    let (exit, text) = check(&["--jobs", "4"], make);
    assert_eq!(exit.expect("an exit"), Exit::AllHold, "{text}");
}

#[test]
fn only_what_is_wanted_is_examined() {
    let make = || {
        let slow = claim("mutex/4x1/loom", Verdict::Exhausted);
        vec![
            claim("mutex/2x1/loom", Verdict::Exhausted),
            claim("counter/2x1/loom", Verdict::Exhausted),
            Claim { full_only: true, ..slow },
        ]
    };
    let cases: [(&[&str], &str); 5] = [
        (&[], "2 claims"),
        (&["--full"], "3 claims"),
        (&["--only", "counter"], "1 claim "),
        (&["--only", "counter", "mutex"], "2 claims"),
        (&["--full", "--only", "counter", "--only", "4x1"], "2 claims"),
    ];
    for (arguments, words) in cases {
        let (exit, text) = check(arguments, make);
        assert_eq!(exit.expect("an exit"), Exit::AllHold);
        assert!(text.contains(words), "{arguments:?}: '{words}' is missing:\n{text}");
    }
    for (arguments, words) in [
        (["--only", "rwlock"], "no claim's id contains 'rwlock'"),
        (["--only", "4x1"], "1 claim only with --full"),
    ] {
        let (exit, _) = check(&arguments, make);
        match exit {
            Err(Failure::NothingToRun(why)) => assert!(why.contains(words), "{why}"),
            other => panic!("{arguments:?}: {other:?}"),
        }
    }
}

#[test]
fn the_object_has_every_field() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("report.json");
    let file = path.to_str().expect("a plain path");
    let late = || vec![unlocked(), claim("late", timeout())];
    let both = || all_hold().into_iter().chain(late()).collect();
    let (exit, _) = check(&["--json", file], both);
    assert_eq!(exit.expect("an exit"), Exit::TimeLimit);
    let text = std::fs::read_to_string(&path).expect("a report");
    assert!(!text.contains('\x1b'), "colours in a file");
    let report: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(report["lockproof"], env!("CARGO_PKG_VERSION"));
    assert_eq!(report["ok"], false);
    assert!(report["seconds"].is_number());
    let claims = report["claims"].as_array().expect("claims");
    let names = |claim: &serde_json::Value| {
        claim.as_object().expect("an object").keys().cloned().collect::<Vec<_>>()
    };
    let fields = [
        "bound",
        "counterexample",
        "executions",
        "expected",
        "explanation",
        "id",
        "increments",
        "memory_model",
        "method",
        "notes",
        "ok",
        "outcomes",
        "processes",
        "property",
        "seconds",
        "states",
        "subject",
        "transitions",
        "verdict",
        "why",
    ];
    for claim in claims {
        assert_eq!(names(claim), fields);
    }
    let by_id = |id: &str| claims.iter().find(|claim| claim["id"] == id).expect("the claim");
    let unlocked = by_id("unlocked/2x2/loom");
    assert_eq!(unlocked["verdict"], "counterexample");
    assert_eq!(unlocked["expected"], "fails");
    assert_eq!(unlocked["ok"], true);
    assert_eq!(unlocked["outcomes"]["3"], 30);
    assert_eq!(names(&unlocked["counterexample"]), ["replay", "steps", "why"]);
    assert_eq!(
        names(&unlocked["counterexample"]["steps"][0]),
        ["after", "before", "op", "ordering", "site", "thread", "word"]
    );
    let bounded = by_id("mutex/4x10/shuttle");
    assert_eq!(bounded["bound"]["schedules"], 10_000);
    assert_eq!(bounded["memory_model"], "sc");
    assert_eq!(by_id("mutex/2x2/loom")["bound"], serde_json::Value::Null);
    assert_eq!(by_id("late")["verdict"], "timeout");
}

#[test]
fn a_reader_who_goes_away_ends_the_run() {
    #[derive(Debug)]
    struct Gone;
    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let claims = |_: &Selection| vec![claim("mutex/2x1/loom", Verdict::Exhausted)];
    let failure =
        run(&options(&[]), claims, Place::Here, Output::plain(Gone)).expect_err("nobody reads");
    assert_eq!(failure.tell(), Exit::ReaderGone);
}

#[test]
fn a_report_that_cannot_be_written_is_known_before_the_work() {
    let started = Arc::new(AtomicUsize::new(0));
    let make = || {
        let started = Arc::clone(&started);
        vec![claim_that("mutex/2x1/loom", move |_, _| {
            started.fetch_add(1, SeqCst);
            Finding::of(Verdict::Exhausted)
        })]
    };
    let (exit, _) = check(&["--json", "/no/such/directory/report.json"], make);
    assert_eq!(exit.expect_err("cannot be written").tell(), Exit::Usage);
    assert_eq!(started.load(SeqCst), 0);
}
