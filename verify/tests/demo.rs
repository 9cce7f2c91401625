//! The demonstrations: what they show is there, and right where a lock is held.

use clap::Parser;
use libtest_mimic::{Arguments, Trial};
use lockproof_verify::claim::Silent;
use lockproof_verify::demo::{Options, command};
use lockproof_verify::stress::{Status, worker_main};
use serde_json::Value;

fn main() {
    worker_main();
    let tests: [(&str, fn()); 7] = [
        ("counter_is_exact_with_a_lock", counter_is_exact_with_a_lock),
        ("counter_loses_without_one", counter_loses_without_one),
        ("losing_nothing_without_a_lock_is_no_error", losing_nothing_without_a_lock_is_no_error),
        ("counter_measures_what_locks_cost", counter_measures_what_locks_cost),
        ("jobs_take_turns_with_the_lock", jobs_take_turns_with_the_lock),
        ("jobs_say_which_sequences_there_can_be", jobs_say_which_sequences_there_can_be),
        ("the_text_fits_80_columns", the_text_fits_80_columns),
    ];
    let trials = tests.map(|(name, test)| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.into()).exit()
}

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    options: Options,
}

/// What `lockproof demo` says and writes.
fn demo(flags: &str) -> (Status, String) {
    let arguments = ["demo"].into_iter().chain(flags.split_whitespace());
    let options = Cli::try_parse_from(arguments).expect("these flags are right").options;
    let mut text = Vec::new();
    let status = command(&options, &mut text, &Silent).expect("memory can be written");
    (status, String::from_utf8(text).expect("reports are text"))
}

fn demo_json(flags: &str) -> (Status, Value) {
    let (status, text) = demo(&format!("{flags} --json -"));
    (status, serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")))
}

fn total(report: &Value, name: &str) -> u64 {
    let ways = report["ways"].as_array().expect("there are ways");
    let way = ways.iter().find(|way| way["name"] == name).expect("the way is listed");
    way["total"].as_u64().expect("it has a total")
}

fn counter_is_exact_with_a_lock() {
    let (status, report) = demo_json("counter --processes 4 --increments 30 --sleep 1 --no-cost");
    assert_eq!(status, Status::Good, "{report}");
    for way in ["separate-lock", "value-lock", "counter"] {
        assert_eq!(total(&report, way), 120, "{way}");
    }
}

fn counter_loses_without_one() {
    let flags = "counter --processes 4 --increments 200 --sleep 0 --window 200 --no-cost";
    let (status, report) = demo_json(flags);
    assert_eq!(status, Status::Good, "{report}");
    assert!(total(&report, "unlocked") < 800, "{report}");
}

fn losing_nothing_without_a_lock_is_no_error() {
    let (status, text) = demo("counter --processes 1 --increments 10 --sleep 0 --no-cost");
    assert_eq!(status, Status::Good, "{text}");
    assert!(text.contains("none lost"), "{text}");
}

fn counter_measures_what_locks_cost() {
    let (status, report) = demo_json("counter --processes 2 --increments 5 --sleep 0");
    assert_eq!(status, Status::Good, "{report}");
    let ways = report["cost"]["ways"].as_array().expect("costs are listed");
    assert_eq!(ways.len(), 4);
    let alone = |way: &&Value| way["alone_ns"].as_f64().expect("a number");
    let locked = ways.iter().filter(|way| way["name"] != "unlocked");
    let fastest = locked.min_by(|a, b| alone(a).total_cmp(&alone(b))).expect("there are three");
    assert_eq!(report["cost"]["fastest_alone"], fastest["name"], "told from its own figures");
}

fn jobs_take_turns_with_the_lock() {
    for flags in ["jobs --sleep 1", "jobs --sleep 0 --add 2,5 --steps 20", "jobs --steps 1"] {
        let (status, report) = demo_json(flags);
        assert_eq!(status, Status::Good, "{report}");
        let allowed = report["allowed"].as_array().expect("two sequences");
        assert!(allowed.contains(&report["with_lock"]), "{report}");
        let lengths = ["without_lock", "with_lock"].map(|way| report[way].as_array().map(Vec::len));
        assert_eq!(lengths, [allowed[0].as_array().map(Vec::len); 2], "every step is printed");
    }
}

fn jobs_say_which_sequences_there_can_be() {
    let (_, text) = demo("jobs --sleep 0");
    assert!(text.contains("  1 2 3 4 5 8 11 14 17 20\n"), "{text}");
    assert!(text.contains("  3 6 9 12 15 16 17 18 19 20\n"), "{text}");
}

fn the_text_fits_80_columns() {
    let (_, counter) = demo("counter --processes 2 --increments 5 --sleep 0");
    let (_, jobs) = demo("jobs --sleep 0");
    for line in counter.lines().chain(jobs.lines()) {
        assert!(line.chars().count() <= 80, "{line:?} is too long");
    }
}
