//! The demonstrations: what they show is there, and right where a lock is held.

use clap::Parser;
use libtest_mimic::{Arguments, Trial};
use lockproof_verify::claim::Silent;
use lockproof_verify::demo::{Options, command};
use lockproof_verify::stress::{Status, worker_main};
use serde_json::Value;

#[path = "demo/files.rs"]
mod files;
#[path = "demo/memory.rs"]
mod memory;

/// A test, by its name.
type Test = (&'static str, fn());

const TESTS: &[Test] = &[
    ("the_text_fits_80_columns", the_text_fits_80_columns),
    ("wrong_flags_are_refused_in_words", wrong_flags_are_refused_in_words),
    ("the_processors_are_named", the_processors_are_named),
];

fn main() {
    worker_main();
    let tests = TESTS.iter().chain(files::TESTS).chain(memory::TESTS);
    let trials = tests.map(|(name, test)| {
        Trial::test(*name, move || {
            test();
            Ok(())
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit()
}

/// Each demo with small sizes.
const SMALL: [&str; 7] = [
    "counter --processes 2 --increments 5 --sleep 0",
    "jobs --sleep 0",
    "append --sleep 0",
    "workers --processes 3 --most 5",
    "tickets --processes 4 --read 1 --write 1",
    "csv --processes 2 --rows 3 --sleep 0",
    "threads --threads 2 --increments 5 --sleep 0",
];

#[derive(Debug, Parser)]
struct Cli {
    #[command(flatten)]
    options: Options,
}

fn parsed(flags: &str) -> Result<Options, clap::Error> {
    let arguments = ["demo"].into_iter().chain(flags.split_whitespace());
    Cli::try_parse_from(arguments).map(|cli| cli.options)
}

/// What `lockproof demo` says and writes.
fn demo(flags: &str) -> (Status, String) {
    let options = parsed(flags).expect("these flags are right");
    let mut text = Vec::new();
    let status = command(&options, &mut text, &Silent).expect("memory can be written");
    (status, String::from_utf8(text).expect("reports are text"))
}

fn demo_json(flags: &str) -> (Status, Value) {
    let (status, text) = demo(&format!("{flags} --json -"));
    (status, serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")))
}

/// The report, of a run in which everything went as it has to.
fn good(flags: &str) -> Value {
    let (status, report) = demo_json(flags);
    assert_eq!(status, Status::Good, "{flags}: {report:#}");
    assert_eq!(report["ok"], true, "{report:#}");
    for way in ways(&report).iter().filter(|way| way["locked"] == true) {
        assert_eq!(way["wrong"], Value::Array(vec![]), "{flags}: {report:#}");
    }
    report
}

fn ways(report: &Value) -> &[Value] {
    report["ways"].as_array().expect("there are ways")
}

fn way<'a>(report: &'a Value, name: &str) -> &'a Value {
    ways(report).iter().find(|way| way["name"] == name).expect("the way is listed")
}

fn number(of: &Value, name: &str) -> u64 {
    of[name].as_u64().unwrap_or_else(|| panic!("{name} is no number: {of:#}"))
}

fn the_text_fits_80_columns() {
    for flags in SMALL {
        let (_, text) = demo(flags);
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{line:?} is too long");
        }
        assert!(text.contains("Expected: "), "{text}");
    }
}

fn wrong_flags_are_refused_in_words() {
    for (flags, words) in [
        ("", "Usage"),
        ("sandwiches", "unrecognized subcommand 'sandwiches'"),
        ("tickets --processes 0", "invalid value '0'"),
        ("tickets --tickets many", "invalid value 'many'"),
        ("tickets --kills -1", "unexpected argument '-1'"),
        ("csv --length 0", "invalid value '0'"),
        ("append --lines 1000000", "invalid value '1000000'"),
        ("workers --with-lock --without-lock", "cannot be used with"),
        ("threads --processes 3", "unexpected argument '--processes'"),
        ("jobs --add 1", "two whole numbers"),
        ("counter --increments 0", "invalid value '0'"),
        ("threads --kills 1", "unexpected argument '--kills'"),
    ] {
        let error = parsed(flags).expect_err("refused").to_string();
        assert!(error.contains(words), "{flags}: '{words}' is missing: {error}");
    }
}

fn the_processors_are_named() {
    for flags in SMALL {
        let report = good(&format!("{flags} --with-lock"));
        for way in ways(&report) {
            let seen = way["seen"].as_array().expect("who was seen");
            assert!(seen.len() >= 2, "{report:#}");
            for one in seen {
                assert!(!one["cpus"].as_array().expect("processors").is_empty(), "{report:#}");
            }
        }
        assert!(ways(&report).iter().all(|way| way["locked"] == true), "{report:#}");
    }
    let (_, text) = demo("workers --processes 2 --most 1 --without-lock --cpus");
    assert_eq!(text.matches(" ran on ").count(), 2, "{text}");
}
