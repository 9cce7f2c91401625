//! What is shared is a file: `tickets`, `csv`, `append`.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::{Test, good, number, way, ways};

pub(super) const TESTS: &[Test] = &[
    ("tickets_are_sold_once", tickets_are_sold_once),
    ("tickets_are_sold_once_whoever_is_killed", tickets_are_sold_once_whoever_is_killed),
    ("tickets_are_oversold_without_a_lock", tickets_are_oversold_without_a_lock),
    ("rows_are_whole", rows_are_whole),
    ("rows_are_whole_whoever_is_killed", rows_are_whole_whoever_is_killed),
    ("rows_without_a_lock_are_judged", rows_without_a_lock_are_judged),
    ("blocks_are_not_mixed", blocks_are_not_mixed),
    ("blocks_are_whole_whoever_is_killed", blocks_are_whole_whoever_is_killed),
    ("blocks_without_a_lock_are_judged", blocks_without_a_lock_are_judged),
    ("nothing_is_left_behind", nothing_is_left_behind),
];

fn tickets_are_sold_once() {
    for (tickets, sold_out) in [(1, 7), (5, 3), (8, 0)] {
        let flags =
            format!("tickets --processes 8 --tickets {tickets} --read 2 --write 1 --with-lock");
        let report = good(&flags);
        let locked = way(&report, "update_file");
        assert_eq!(number(locked, "bought"), tickets, "{report:#}");
        assert_eq!(number(locked, "sold_out"), sold_out, "{report:#}");
        assert_eq!(number(locked, "left"), 0, "{report:#}");
    }
}

fn tickets_are_sold_once_whoever_is_killed() {
    let report =
        good("tickets --processes 12 --tickets 4 --read 10 --write 10 --kills 5 --with-lock");
    let locked = way(&report, "update_file");
    let (bought, killed) = (number(locked, "bought"), number(locked, "killed"));
    assert_eq!(bought + number(locked, "sold_out") + killed, 12, "{report:#}");
    assert!((1..=5).contains(&killed) && bought <= 4, "{report:#}");
    assert_eq!(number(locked, "left"), 0, "enough are left to buy all: {report:#}");
}

/// How many are sold depends on who came when; what is said has to fit what is counted.
fn tickets_are_oversold_without_a_lock() {
    let report = good("tickets --processes 10 --read 200 --write 1 --without-lock");
    let unlocked = way(&report, "unlocked");
    let told = ["bought", "sold_out", "torn_reads"].map(|what| number(unlocked, what));
    assert_eq!(told.iter().sum::<u64>(), 10, "{report:#}");
    let wrong = unlocked["wrong"].as_array().expect("what is wrong");
    assert_eq!(wrong.is_empty(), told == [1, 9, 0], "{report:#}");
}

fn rows_are_whole() {
    for length in [10, 5_000, 20_000] {
        let sizes = format!("--processes 3 --rows 5 --length {length} --sleep 0 --with-lock");
        let report = good(&format!("csv {sizes}"));
        for way in ways(&report) {
            assert_eq!((number(way, "whole"), number(way, "headers")), (15, 1), "{report:#}");
        }
        assert_eq!(ways(&report).len(), 2);
    }
}

fn rows_are_whole_whoever_is_killed() {
    let report = good("csv --processes 3 --rows 6 --sleep 10 --kills 4 --with-lock");
    for way in ways(&report) {
        assert_eq!((number(way, "whole"), number(way, "headers")), (18, 1), "{report:#}");
        assert!(number(way, "killed") > 0, "{report:#}");
    }
}

/// What is wrong depends on who came when; what is said has to fit what is counted.
fn rows_without_a_lock_are_judged() {
    let report =
        good("csv --processes 4 --rows 10 --sleep 0 --length 60000 --kills 2 --without-lock");
    let unlocked = way(&report, "unlocked");
    let is_right = number(unlocked, "whole") == 40
        && number(unlocked, "headers") == 1
        && ["broken", "twice"].iter().all(|what| number(unlocked, what) == 0);
    assert_eq!(unlocked["wrong"] == Value::Array(vec![]), is_right, "{report:#}");
}

fn blocks_are_not_mixed() {
    for flags in ["--processes 2", "--processes 5 --failures 3 --lines 4", "--lines 1 --failures 0"]
    {
        let report = good(&format!("append {flags} --sleep 1"));
        let locked = way(&report, "Mutex");
        assert_eq!(locked["whole"], report["processes"], "{report:#}");
        let by_hand = number(&report, "processes") / 2;
        let failed = by_hand * number(&report, "failures");
        assert_eq!(number(locked, "failed_writes"), failed, "and the lock was free again");
    }
}

fn blocks_are_whole_whoever_is_killed() {
    let report = good("append --processes 3 --sleep 5 --kills 4 --with-lock");
    let locked = way(&report, "Mutex");
    let (killed, told) = (number(locked, "killed"), number(locked, "told"));
    assert_eq!(number(locked, "whole"), 3, "{report:#}");
    assert!((1..=4).contains(&killed) && told <= killed, "{report:#}");
}

fn blocks_without_a_lock_are_judged() {
    let report = good("append --processes 4 --sleep 2 --without-lock");
    let unlocked = way(&report, "unlocked");
    let is_right = unlocked["whole"] == report["processes"];
    assert_eq!(unlocked["wrong"] == Value::Array(vec![]), is_right, "{report:#}");
    let order = unlocked["order"].as_array().expect("whose lines");
    assert_eq!(order.len(), 40, "no line is lost: {report:#}");
}

/// How long the kernel, and whoever tidies up, may take.
const WATCHDOG: Duration = Duration::from_secs(120);

fn nothing_is_left_behind() {
    for signal in [None, Some(Signal::INT), Some(Signal::KILL)] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut demo = Command::new(env!("CARGO_BIN_EXE_lockproof"))
            .args("demo tickets --processes 4 --read 20 --write 20 --kills 1".split(' '))
            .env("TMPDIR", folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the command starts");
        let lines = BufReader::new(demo.stdout.take().expect("a pipe")).lines();
        let mut lines = lines.map(|line| line.expect("UTF-8"));
        let first = lines.find(|line| line.ends_with(" left")).expect("a client says something");
        let client = first.split(':').next().expect("who says it").trim();
        if let Some(signal) = signal {
            kill_process(Pid::from_child(&demo), signal).expect("it runs");
        }
        lines.for_each(drop);
        demo.wait().expect("it ends");
        until(|| fs::read_dir(&folder).expect("a folder").next().is_none());
        until(|| !Path::new("/proc").join(client).exists());
    }
}

fn until(there: impl Fn() -> bool) {
    let began = Instant::now();
    while !there() {
        assert!(began.elapsed() < WATCHDOG, "something is left behind");
        sleep(Duration::from_millis(5));
    }
}
