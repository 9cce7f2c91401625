//! `lockproof mutate`.

use std::fs;

use super::*;

/// The smallest algorithm.
const SMALL: &str = "counter";

/// The object, without how long anything took.
fn found(output: &Output) -> Value {
    let mut found: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    found["seconds"] = Value::Null;
    for subject in found["subjects"].as_array_mut().expect("subjects") {
        for mutant in subject["mutants"].as_array_mut().expect("mutants") {
            mutant["seconds"] = Value::Null;
        }
    }
    found
}

#[test]
fn every_mutant_is_reported_for_people_and_for_programs() {
    let output = run(&["mutate", SMALL, "--json", "-"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let found = found(&output);
    assert_eq!(found["ok"], true);
    let subject = &found["subjects"][0];
    assert_eq!(
        (&subject["subject"], &subject["file"]),
        (&SMALL.into(), &"src/raw/counter.rs".into())
    );
    let mutants = subject["mutants"].as_array().expect("mutants");
    assert!(!mutants.is_empty());
    for mutant in mutants {
        assert_eq!(mutant["fate"], "caught", "{mutant}");
        for key in ["site", "by", "why", "change"] {
            let words = mutant[key].as_str().expect("words");
            assert!(!words.is_empty());
            let unwrapped = said.split_whitespace().collect::<Vec<_>>().join(" ");
            let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(unwrapped.contains(&words), "{key}: {words}\n{said}");
        }
    }
    assert!(said.contains(&format!("{} mutants in", mutants.len())), "{said}");
    assert!(said.lines().all(|line| line.chars().count() <= 80), "{said}");
}

#[test]
fn the_weakest_orderings_are_those_that_are_shipped() {
    let output = run(&["mutate", "--weakest", SMALL, "once", "--json", "-"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let found: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    for subject in found["subjects"].as_array().expect("subjects") {
        assert_eq!(subject["verdict"], "as shipped", "{subject}");
        for ordering in subject["orderings"].as_array().expect("orderings") {
            assert_eq!(ordering["weakest"], ordering["shipped"], "{ordering}");
        }
    }
    let once = &found["subjects"][1]["orderings"];
    let is_there = |order: &str| {
        let mut all = once.as_array().expect("orderings").iter();
        all.any(|ordering| ordering["shipped"] == order)
    };
    assert!(is_there("Acquire") && is_there("Release"), "something could be weaker: {once}");
    assert!(said.contains("none can be weaker than shipped"), "{said}");
}

#[test]
fn an_algorithm_that_is_not_there_is_refused() {
    assert_refused(
        &run(&["mutate", "mute"]),
        2,
        "there is no such algorithm; did you mean 'mutex'",
    );
}

#[test]
fn without_time_there_is_no_verdict() {
    let output = run(&["mutate", SMALL, "--time-limit", "0s"]);
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    assert!(text(&output.stdout).contains("nothing could be tried"), "{output:?}");
    assert!(!text(&output.stdout).contains("caught by"), "{output:?}");
}

#[test]
fn what_was_found_is_not_looked_for_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("found");
    let path_text = path.to_str().expect("UTF-8");
    let arguments = ["mutate", SMALL, "--resume", path_text, "--json", "-"];
    let first = run(&arguments);
    let kept = fs::read_to_string(&path).expect("a file");
    // What is there is believed, whatever it is.
    let changed = kept.replace("\"by\":\"", "\"by\":\"remembered ");
    assert_ne!(kept, changed);
    fs::write(&path, &changed).expect("a file");
    let again = run(&arguments);
    assert!(!text(&first.stderr).contains("remembered"));
    assert!(text(&again.stderr).contains("remembered"), "{again:?}");
    assert_eq!(fs::read_to_string(&path).expect("a file"), changed);

    fs::write(&path, "somebody's letter\n").expect("a file");
    assert_refused(&run(&arguments), 2, "it is something else; name another file");
    assert_eq!(fs::read_to_string(&path).expect("a file"), "somebody's letter\n");
}
