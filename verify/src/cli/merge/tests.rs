//! Runs in parts, with claims that stand in for real ones, and their reports joined.

use std::path::Path;

use clap::Parser;
use quick_junit::{Report, TestCaseStatus};

use super::*;
use crate::claim::{Claim, Expected};
use crate::cli::run::Place;
use crate::cli::stand_ins::{Paper, all_hold, claim, unlocked};
use crate::cli::{Command, CommandLine, check};
use crate::verdict::Verdict;

fn command(arguments: &[&str]) -> Command {
    let line = ["lockproof"].into_iter().chain(arguments.iter().copied());
    CommandLine::try_parse_from(line).expect("a command line").command
}

/// Writes the report of `check`, with these arguments besides.
fn check(claims: fn() -> Vec<Claim>, file: &Path, arguments: &[&str]) -> Result<Exit, Failure> {
    let file = file.to_str().expect("a plain path");
    let all: Vec<&str> = [&["check", "--json", file][..], arguments].concat();
    match command(&all) {
        Command::Check(options) => {
            check::run(&options, |_| claims(), Place::Here, Output::plain(Paper::default()))
        }
        other => panic!("not check: {other:?}"),
    }
}

/// Joins, and says how it ended and what it said.
fn merge(files: &[PathBuf], arguments: &[&str]) -> (Result<Exit, Failure>, String) {
    let files = files.iter().map(|file| file.to_str().expect("a plain path"));
    let all: Vec<&str> =
        ["merge"].into_iter().chain(files).chain(arguments.iter().copied()).collect();
    let paper = Paper::default();
    let exit = match command(&all) {
        Command::Merge(options) => run(&options, Output::plain(paper.clone())),
        other => panic!("not merge: {other:?}"),
    };
    (exit, paper.text())
}

/// The reports of all parts.
fn parts(claims: fn() -> Vec<Claim>, of: usize, directory: &Path) -> Vec<PathBuf> {
    let part = |number| {
        let file = directory.join(format!("{number}.json"));
        check(claims, &file, &["--shard", &format!("{number}/{of}")]).expect("a report");
        file
    };
    (1..=of).map(part).collect()
}

/// Without what differs from run to run.
fn without_times(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).expect("a report");
    let times = |line: &&str| !line.trim_start().starts_with("\"seconds\"");
    text.lines().filter(times).map(str::to_owned).collect()
}

#[test]
fn all_parts_together_are_the_whole() {
    let directory = tempfile::tempdir().expect("a directory");
    let (whole, joined) = (directory.path().join("whole"), directory.path().join("joined"));
    check(all_hold, &whole, &[]).expect("a report");
    for of in 1..=all_hold().len() {
        let mut files = parts(all_hold, of, directory.path());
        files.reverse();
        let (exit, text) = merge(&files, &["--json", joined.to_str().expect("a plain path")]);
        assert_eq!(exit.expect("an exit"), Exit::AllHold);
        assert!(text.contains("every claim holds"), "{text}");
        assert_eq!(without_times(&joined), without_times(&whole), "{of} parts");
    }
}

fn good_and_bad() -> Vec<Claim> {
    let late = Verdict::Timeout { after: std::time::Duration::from_secs(3) };
    let vacuous = Verdict::Vacuous { what: "a <wait> & a \"death\"".to_owned() };
    let wrong = Claim { id: "mutex/3x1/loom".to_owned(), expected: Expected::Holds, ..unlocked() };
    vec![wrong, claim("mutex/late", late), claim("event/vacuous", vacuous), unlocked()]
}

fn good_and_late() -> Vec<Claim> {
    good_and_bad()
        .into_iter()
        .filter(|claim| ["mutex/late", "unlocked/2x2/loom"].contains(&claim.id.as_str()))
        .collect()
}

#[test]
fn what_failed_in_a_part_has_failed() {
    let directory = tempfile::tempdir().expect("a directory");
    let (exit, text) = merge(&parts(good_and_bad, 2, directory.path()), &[]);
    assert_eq!(exit.expect("an exit"), Exit::ClaimFailed);
    for words in [
        "4 claims of 2 shards",
        "2 failed, 1 has no verdict",
        "process 1",
        "there was never a <wait>",
    ] {
        assert!(text.contains(words), "'{words}' is missing:\n{text}");
    }
    let (exit, text) = merge(&parts(good_and_late, 2, directory.path()), &[]);
    assert_eq!(exit.expect("an exit"), Exit::TimeLimit, "{text}");
}

#[test]
fn junit_has_every_claim_and_what_became_of_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let (json, xml) = (directory.path().join("json"), directory.path().join("xml"));
    let path = xml.to_str().expect("a plain path");
    check(good_and_bad, &json, &["--junit", path]).expect("a report");
    let from_check = fs::read_to_string(&xml).expect("a report");
    merge(&parts(good_and_bad, 3, directory.path()), &["--junit", path]).0.expect("an exit");
    for text in [from_check, fs::read_to_string(&xml).expect("a report")] {
        let report = Report::deserialize_from_str(&text).expect("strictly JUnit");
        assert_eq!((report.tests, report.failures, report.errors), (4, 2, 1), "{text}");
        let cases = report.test_suites.iter().flat_map(|suite| &suite.test_cases);
        for case in cases {
            let TestCaseStatus::NonSuccess { message, description, .. } = &case.status else {
                assert_eq!(case.name.as_str(), "unlocked/2x2/loom");
                continue;
            };
            let (message, drawing) = (message.as_ref().expect("why"), description.is_some());
            assert_eq!(drawing, case.name.as_str() == "mutex/3x1/loom", "{text}");
            if case.name.as_str() == "event/vacuous" {
                assert!(message.as_str().ends_with("never a <wait> & a \"death\""), "{message:?}");
            }
        }
    }
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let files = parts(all_hold, 3, directory.path());
    let other = |name: &str, arguments: &[&str]| {
        let file = directory.path().join(name);
        check(all_hold, &file, arguments).expect("a report");
        file
    };
    let whole = other("whole", &[]);
    let seed = other("seed", &["--shard", "3/3", "--seed", "8"]);
    let half = other("half", &["--shard", "2/2"]);
    let no_json = directory.path().join("no_json");
    fs::write(&no_json, "<xml/>").expect("written");
    let [one, two, three] = [0, 1, 2].map(|at: usize| files[at].clone());
    let table = [
        (vec![one.clone(), two.clone()], "shard 3/3 is missing"),
        (vec![one.clone(), three.clone()], "shard 2/3 is missing"),
        (vec![two.clone(), three.clone()], "shard 1/3 is missing"),
        (vec![one.clone(), two.clone(), two.clone()], "shard 2/3 is there twice"),
        (vec![one.clone(), two.clone(), seed], "asked for different things"),
        (vec![one.clone(), two.clone(), half], "one is shard 2/2"),
        (vec![whole], "but the whole"),
        (vec![no_json], "no report of `lockproof check --json`"),
        (vec![directory.path().join("none")], "there is no such file"),
    ];
    for (files, words) in table {
        let (exit, text) = merge(&files, &[]);
        match exit.expect_err("refused") {
            Failure::Usage(why) => assert!(why.contains(words), "'{words}' is missing: {why}"),
            other => panic!("{other:?}"),
        }
        assert_eq!(text, "", "something was said of {files:?}");
    }
}

#[test]
fn parts_that_do_not_exist_are_refused() {
    let table = [
        ("0/4", "which part of how many"),
        ("5/4", "no such part"),
        ("1", "which part of how many"),
        ("1/0", "which part of how many"),
        ("-1/4", "which part of how many"),
        ("", "which part of how many"),
    ];
    for (shard, words) in table {
        let argument = format!("--shard={shard}");
        let error = CommandLine::try_parse_from(["lockproof", "check", &argument]);
        let error = error.expect_err("refused").to_string();
        assert!(error.contains(words), "'{words}' is missing: {error}");
    }
    let directory = tempfile::tempdir().expect("a directory");
    let beyond = check(all_hold, &directory.path().join("1"), &["--shard", "9/9"]);
    match beyond.expect_err("empty") {
        Failure::NothingToRun(why) => assert!(why.contains("there are only 5 claims"), "{why}"),
        other => panic!("{other:?}"),
    }
}
