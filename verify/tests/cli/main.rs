//! The command `lockproof`, as a shell sees it.

use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

#[cfg(target_os = "linux")]
mod bad_input;
mod bench;
mod counterexamples;
mod explore;
mod help;
#[cfg(target_os = "linux")]
mod inspect;
mod interrupted;
mod mutate;
mod outputs;
mod page;
mod reports;
#[cfg(target_os = "linux")]
mod soak;
#[cfg(all(feature = "loom", feature = "shuttle"))]
mod zoo;

/// How long the command may take before it counts as hanging.
const WATCHDOG: Duration = Duration::from_secs(600);

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lockproof"));
    command.env_remove("CLICOLOR_FORCE").env_remove("NO_COLOR");
    command
}

/// Runs the command to its end, and fails if there is none.
fn run(arguments: &[&str]) -> Output {
    let ended = assert_cmd::Command::from_std(command()).args(arguments).timeout(WATCHDOG).output();
    let output = ended.expect("the command runs");
    let killed = output.status.signal() == Some(Signal::KILL.as_raw());
    assert!(!killed, "{arguments:?}: no end within {WATCHDOG:?}: {}", text(&output.stderr));
    output
}

fn wait(mut child: Child) -> ExitStatus {
    let id = Pid::from_child(&child);
    let (ended, watch) = channel::<()>();
    let watchdog = thread::spawn(move || {
        if watch.recv_timeout(WATCHDOG).is_err_and(|error| error == TIMED_OUT) {
            let _ = kill_process(id, Signal::KILL);
        }
    });
    let status = child.wait().expect("the command ends");
    drop(ended);
    watchdog.join().expect("the watchdog ends");
    assert_ne!(status.signal(), Some(Signal::KILL.as_raw()), "no end within {WATCHDOG:?}");
    status
}

const TIMED_OUT: std::sync::mpsc::RecvTimeoutError = std::sync::mpsc::RecvTimeoutError::Timeout;

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

/// Checks what a person is told when a command cannot do what it was asked for.
#[track_caller]
fn assert_refused(output: &Output, status: i32, words: &str) {
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(status), "{stderr}");
    assert_eq!(stdout, "", "nothing belongs on standard output");
    assert!(stderr.contains(words), "'{words}' is missing:\n{stderr}");
    assert!(!stderr.contains("panicked") && !stderr.contains("backtrace"), "{stderr}");
}

/// All claims, from `list`.
fn claims() -> Vec<Value> {
    let output = run(&["list", "--json", "-"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stderr), "");
    let list: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    list["claims"].as_array().expect("claims").clone()
}

/// A claim that takes little time, so that a test may run it.
fn small_claim() -> String {
    let size = |claim: &Value| {
        let number = |name: &str| claim[name].as_u64().expect("a number");
        number("processes").pow(3) * number("increments")
    };
    let quick = |claim: &&Value| claim["full_only"] == false && claim["expected"] == "holds";
    let claims = claims();
    let smallest = claims.iter().filter(quick).min_by_key(|claim| size(claim)).expect("a claim");
    smallest["id"].as_str().expect("an id").to_owned()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[test]
fn help_names_every_exit_status() {
    for command in ["", "check", "explore", "zoo", "litmus", "stress", "demo"] {
        let arguments: Vec<&str> =
            [command, "--help"].into_iter().filter(|word| !word.is_empty()).collect();
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(0));
        let help = text(&output.stdout);
        for status in [
            "0  all claims hold",
            "1  a claim failed",
            "2  the command line is wrong",
            "3  nothing was run",
            "4  the time limit",
        ] {
            assert!(help.contains(status), "{arguments:?}: '{status}' is missing:\n{help}");
        }
    }
}

#[test]
fn a_wrong_command_line_is_refused_in_words() {
    let cases: [(&[&str], &str); 9] = [
        (&[], "Usage:"),
        (&["prove"], "unrecognized subcommand 'prove'"),
        (&["check", "--quick"], "unexpected argument '--quick'"),
        (&["check", "--jobs", "0"], "invalid value '0'"),
        (&["check", "--seed", "today"], "invalid value 'today'"),
        (&["check", "--time-limit", "soon"], "such as 90s, 20min"),
        (&["check", "--json"], "a value is required"),
        (&["check", "--only"], "a value is required"),
        (&["list", "everything"], "unexpected argument 'everything'"),
    ];
    for (arguments, words) in cases {
        assert_refused(&run(arguments), 2, words);
    }
}

#[test]
fn the_list_shows_every_claim_and_demo() {
    let claims = claims();
    let output = run(&["list"]);
    assert_eq!(output.status.code(), Some(0));
    let list = text(&output.stdout);
    assert!(!claims.is_empty());
    let mut ids: Vec<&str> = Vec::new();
    for claim in &claims {
        // Only where they are sold.
        let always = keys(claim).into_iter().filter(|key| *key != "tickets");
        assert_eq!(
            always.collect::<Vec<_>>(),
            [
                "expected",
                "full_only",
                "id",
                "increments",
                "memory_model",
                "method",
                "processes",
                "property",
                "subject"
            ]
        );
        let id = claim["id"].as_str().expect("an id");
        assert!(list.contains(&format!("  {id} ")), "{id} is missing:\n{list}");
        ids.push(id);
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), claims.len(), "ids are unique");
    for demo in ["counter", "jobs", "append", "workers", "tickets", "csv", "threads"] {
        assert!(list.contains(&format!("\n  {demo} ")), "{demo} is missing:\n{list}");
    }
    assert!(!list.contains('\x1b'), "colours, and no terminal");
}

#[test]
fn what_selects_nothing_is_said() {
    let output = run(&["check", "--only", "no-such-claim"]);
    assert_refused(&output, 3, "no claim's id contains 'no-such-claim'");
}

#[test]
fn standard_output_holds_the_object_alone() {
    let id = small_claim();
    let output = run(&["check", "--json", "-", "--only", &id, "--seed", "7"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("every claim holds"), "people are told on standard error:\n{said}");
    let report: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    assert_eq!(
        keys(&report),
        ["claims", "full", "lockproof", "ok", "only", "seconds", "seed", "shard"]
    );
    assert_eq!(report["ok"], true);
    assert_eq!(report["seed"], 7);
    let claims = report["claims"].as_array().expect("claims");
    assert!(claims.iter().any(|claim| claim["id"] == id.as_str()));
    for claim in claims {
        let fields = keys(claim);
        for field in [
            "id",
            "subject",
            "property",
            "method",
            "memory_model",
            "processes",
            "increments",
            "bound",
            "verdict",
            "expected",
            "ok",
            "executions",
            "states",
            "transitions",
            "seconds",
            "outcomes",
            "counterexample",
        ] {
            assert!(fields.contains(&field), "{field} is missing: {claim}");
        }
    }
}

#[test]
fn a_file_gets_the_object_and_people_the_text() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("report.json");
    fs::write(&path, "from last time").expect("a file");
    let id = small_claim();
    let file = path.to_str().expect("a plain path");
    let output = run(&["check", "--json", file, "--only", &id]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains(&id));
    let report = fs::read_to_string(&path).expect("a report");
    serde_json::from_str::<Value>(&report).expect("one JSON object");
    assert_eq!(fs::read_dir(directory.path()).expect("a directory").count(), 1, "nothing beside");
}

#[test]
fn a_report_that_cannot_be_written_is_refused_before_the_work() {
    let directory = tempfile::tempdir().expect("a directory");
    let nowhere = directory.path().join("no-such-directory/report.json");
    let nowhere = nowhere.to_str().expect("a plain path");
    let commands = [
        &["check"][..],
        &["explore", "mutex"],
        &["list"],
        &["stress"],
        &["demo", "counter"],
        &["demo", "jobs"],
    ];
    for command in commands {
        let output = run(&[command, &["--json", nowhere]].concat());
        let words = format!("lockproof: cannot write the report to {nowhere}: there is no such");
        assert_refused(&output, 2, &words);
    }
    let output = run(&["check", "--json", directory.path().to_str().expect("a plain path")]);
    assert_refused(&output, 2, "is a directory");
}

#[test]
fn a_time_limit_leaves_claims_without_a_verdict() {
    let output = run(&["check", "--time-limit", "0", "--json", "-"]);
    assert_eq!(output.status.code(), Some(4), "{}", text(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    assert_eq!(report["ok"], false);
    let claims = report["claims"].as_array().expect("claims");
    assert!(!claims.is_empty());
    for claim in claims {
        assert_eq!(claim["verdict"], "timeout", "{claim}");
        assert_eq!(claim["ok"], false, "{claim}");
    }
}

#[test]
fn nobody_reading_ends_the_command_quietly() {
    let commands = [
        &["list"][..],
        &["list", "--json", "-"],
        &["check"],
        &["explore", "mutex"],
        &["demo", "jobs"],
    ];
    for arguments in commands {
        let (reader, writer) = io::pipe().expect("a pipe");
        drop(reader);
        let mut child = command()
            .args(arguments)
            .stdout(writer)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command starts");
        let mut stderr = child.stderr.take().expect("a pipe");
        let status = wait(child);
        let mut said = String::new();
        stderr.read_to_string(&mut said).expect("UTF-8");
        assert_eq!(status.code(), Some(141), "{arguments:?}: {said}");
        assert_eq!(said, "", "{arguments:?}");
    }
}

#[test]
fn a_full_disk_is_said() {
    let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
    let output = command().arg("list").stdout(full).output().expect("the command runs");
    assert_refused(&output, 2, "cannot write the output");
}

#[test]
fn an_interrupt_ends_the_command_quietly() {
    let mut child = command()
        .args(["check", "--full"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut stderr = child.stderr.take().expect("a pipe");
    let mut heading = String::new();
    stdout.read_line(&mut heading).expect("a line");
    assert!(heading.contains("verdict"), "{heading}");
    kill_process(Pid::from_child(&child), Signal::INT).expect("it still runs");
    let status = wait(child);
    assert_eq!(status.signal(), Some(Signal::INT.as_raw()), "{status}");
    let mut said = String::new();
    stderr.read_to_string(&mut said).expect("UTF-8");
    assert!(!said.contains("panicked") && !said.contains("bug"), "{said}");
}

/// The processes that examine claims for this one, once there are as many as it should have.
fn examiners(of: &Child, jobs: usize) -> Vec<Pid> {
    let began = Instant::now();
    loop {
        let found: Vec<Pid> = children(of.id()).into_iter().filter(is_examiner).collect();
        if found.len() == jobs {
            return found;
        }
        assert!(began.elapsed() < WATCHDOG, "{} examiners instead of {jobs}", found.len());
        thread::sleep(Duration::from_millis(10));
    }
}

/// Children of all of its threads.
fn children(of: u32) -> Vec<Pid> {
    let threads = fs::read_dir(format!("/proc/{of}/task")).expect("it runs");
    let of_thread = |thread: io::Result<fs::DirEntry>| {
        // A thread may end meanwhile.
        thread.and_then(|at| fs::read_to_string(at.path().join("children"))).unwrap_or_default()
    };
    let ids: Vec<String> = threads.map(of_thread).collect();
    let ids = ids.iter().flat_map(|line| line.split_whitespace());
    ids.filter_map(|id| Pid::from_raw(id.parse().expect("a number"))).collect()
}

fn is_examiner(process: &Pid) -> bool {
    let line = fs::read_to_string(format!("/proc/{}/cmdline", process.as_raw_nonzero()));
    line.is_ok_and(|line| line.starts_with("lockproof-examiner"))
}

/// Takes far longer than any test waits for.
const LONG: [&str; 4] = ["check", "--full", "--only", "mutex/3x1/loom/bound-6"];

#[test]
fn an_examiner_that_ends_early_costs_its_claim_alone() {
    let mut child = command()
        .args(LONG)
        .args(["mutex/2x1/loom", "--jobs", "1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the command starts");
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut told = String::new();
    // The small claim comes first: it is examined, and the long one begins.
    while !told.contains("mutex/2x1/loom  ") {
        assert_ne!(stdout.read_line(&mut told).expect("a line"), 0, "{told}");
    }
    for process in examiners(&child, 1) {
        kill_process(process, Signal::KILL).expect("it still runs");
    }
    stdout.read_to_string(&mut told).expect("UTF-8");
    let status = wait(child);
    assert_eq!(status.code(), Some(1), "{told}");
    assert!(told.contains("a process that ended early (signal: 9 (SIGKILL))"), "{told}");
    assert!(told.contains("1 exhausted"), "{told}");
}

#[test]
fn examiners_end_with_the_command() {
    let mut child = command()
        .args(LONG)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the command starts");
    let left = examiners(&child, 1);
    kill_process(Pid::from_child(&child), Signal::KILL).expect("it still runs");
    child.wait().expect("the command ends");
    let began = Instant::now();
    while left.iter().any(is_examiner) {
        assert!(began.elapsed() < WATCHDOG, "an examiner goes on for nobody");
        thread::sleep(Duration::from_millis(10));
    }
}
