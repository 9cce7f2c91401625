//! What is shared is a region: `counter`, `threads`, `jobs`, `workers`.

use lockproof_verify::stress::Status;
use serde_json::Value;

use super::{Test, demo, demo_json, good, number, way, ways};

pub(super) const TESTS: &[Test] = &[
    ("counters_are_exact_with_a_lock", counters_are_exact_with_a_lock),
    ("counters_lose_without_one", counters_lose_without_one),
    ("losing_nothing_without_a_lock_is_no_error", losing_nothing_without_a_lock_is_no_error),
    (
        "counters_that_are_killed_lose_nothing_with_a_lock",
        counters_that_are_killed_lose_nothing_with_a_lock,
    ),
    ("each_who_counts_is_killed_once_at_the_most", each_who_counts_is_killed_once_at_the_most),
    ("without_a_lock_nobody_is_told_of_a_death", without_a_lock_nobody_is_told_of_a_death),
    ("counters_measure_what_locks_cost", counters_measure_what_locks_cost),
    ("jobs_take_turns_with_the_lock", jobs_take_turns_with_the_lock),
    ("jobs_say_which_sequences_there_can_be", jobs_say_which_sequences_there_can_be),
    ("workers_run_one_at_a_time", workers_run_one_at_a_time),
    ("workers_that_overlap_are_told", workers_that_overlap_are_told),
    ("workers_that_are_killed_keep_nobody_waiting", workers_that_are_killed_keep_nobody_waiting),
];

fn counters_are_exact_with_a_lock() {
    for flags in ["counter --processes 4", "threads --threads 4"] {
        let report = good(&format!("{flags} --increments 30 --sleep 1 --no-cost"));
        for name in ["separate-lock", "value-lock", "counter"] {
            assert_eq!(number(way(&report, name), "total"), 120, "{name}");
        }
        let unlocked = way(&report, "unlocked");
        assert_eq!(number(unlocked, "total") + number(unlocked, "lost"), 120, "{report:#}");
    }
}

fn counters_lose_without_one() {
    for flags in ["counter --processes 4", "threads --threads 4"] {
        let sizes = "--increments 200 --sleep 0 --window 200 --no-cost --without-lock";
        let report = good(&format!("{flags} {sizes}"));
        assert_eq!(ways(&report).len(), 1, "{report:#}");
        assert!(number(way(&report, "unlocked"), "total") < 800, "{report:#}");
    }
}

fn losing_nothing_without_a_lock_is_no_error() {
    let (status, text) = demo("counter --processes 1 --increments 10 --sleep 0 --no-cost");
    assert_eq!(status, Status::Good, "{text}");
    assert!(text.contains("none lost"), "{text}");
    let (status, text) = demo("workers --processes 1 --most 1");
    assert_eq!(status, Status::Good, "{text}");
    assert!(text.contains("by luck"), "{text}");
}

/// Where a lock is taken by hand, each dies with it held, and the next is told. Of a counter only what it finds is known.
fn counters_that_are_killed_lose_nothing_with_a_lock() {
    let report =
        good("counter --processes 4 --increments 20 --sleep 1 --kills 3 --no-cost --with-lock");
    for name in ["separate-lock", "value-lock", "counter"] {
        let way = way(&report, name);
        assert_eq!((number(way, "killed"), number(way, "lost")), (3, 0), "{report:#}");
        assert!((80..=83).contains(&number(way, "total")), "{report:#}");
        assert!(number(way, "told") <= 3, "{report:#}");
    }
    for name in ["separate-lock", "value-lock"] {
        let way = way(&report, name);
        assert_eq!((number(way, "told"), number(way, "total")), (3, 80), "{report:#}");
    }
    assert_eq!(report["kills"], 3);
}

fn each_who_counts_is_killed_once_at_the_most() {
    let flags = "counter --processes 2 --increments 1 --sleep 0 --kills 9 --no-cost --with-lock";
    let (status, text) = demo(flags);
    assert_eq!(status, Status::Good, "{text}");
    assert_eq!(text.matches("2 killed, each while it held the lock").count(), 2, "{text}");
    assert_eq!(text.matches("the next was told: 2").count(), 2, "{text}");
}

fn without_a_lock_nobody_is_told_of_a_death() {
    let flags = "counter --processes 3 --increments 9 --sleep 0 --kills 2 --no-cost --without-lock";
    let (status, text) = demo(flags);
    assert_eq!(status, Status::Good, "{text}");
    let words = "2 killed, each between its read and its write; nobody is told";
    assert!(text.contains(words), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

fn counters_measure_what_locks_cost() {
    for flags in ["counter --processes 2", "threads --threads 2"] {
        let report = good(&format!("{flags} --increments 5 --sleep 0"));
        let ways = report["cost"]["ways"].as_array().expect("costs are listed");
        assert_eq!(ways.len(), 4);
        let alone = |way: &&Value| way["alone_ns"].as_f64().expect("a number");
        let locked = ways.iter().filter(|way| way["name"] != "unlocked");
        let fastest = locked.min_by(|a, b| alone(a).total_cmp(&alone(b))).expect("three");
        assert_eq!(report["cost"]["fastest_alone"], fastest["name"], "told from its own figures");
    }
}

fn jobs_take_turns_with_the_lock() {
    for flags in ["jobs --sleep 1", "jobs --sleep 0 --add 2,5 --steps 20", "jobs --steps 1"] {
        let report = good(flags);
        let allowed = way(&report, "Lock")["allowed"].as_array().expect("two sequences");
        assert!(allowed.contains(&way(&report, "Lock")["printed"]), "{report:#}");
        for name in ["unlocked", "Lock"] {
            let length = way(&report, name)["printed"].as_array().map(Vec::len);
            assert_eq!(length, allowed[0].as_array().map(Vec::len), "every step is printed");
        }
    }
}

fn jobs_say_which_sequences_there_can_be() {
    let (_, report) = demo_json("jobs --sleep 0 --with-lock");
    let expected = "1 2 3 4 5 8 11 14 17 20, or 3 6 9 12 15 16 17 18 19 20";
    assert_eq!(report["expected"], expected);
}

fn workers_run_one_at_a_time() {
    let report = good("workers --processes 6 --most 10 --with-lock");
    let locked = way(&report, "Lock");
    assert_eq!((number(locked, "ran"), number(locked, "most_at_once")), (6, 1), "{report:#}");
}

/// Six that run for a quarter of a second on average, and begin together: that no two overlap does not happen.
fn workers_that_overlap_are_told() {
    let report = good("workers --processes 6 --most 500 --without-lock");
    let unlocked = way(&report, "unlocked");
    assert!(number(unlocked, "overlaps") > 0, "{report:#}");
    assert_ne!(unlocked["wrong"], Value::Array(vec![]), "{report:#}");
}

fn workers_that_are_killed_keep_nobody_waiting() {
    let report = good("workers --processes 6 --most 400 --kills 2 --with-lock");
    let locked = way(&report, "Lock");
    let numbers = ["ran", "most_at_once", "killed"].map(|name| number(locked, name));
    assert_eq!(numbers, [6, 1, 2], "{report:#}");
    assert!(number(locked, "told") <= 2, "{report:#}");
}
