//! `lockproof explore`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::*;

/// Explores, with the object on standard output; what people are told comes with it.
#[track_caller]
pub(super) fn explored(status: i32, arguments: &[&str]) -> (Value, String) {
    let output = run(&[&["explore"], arguments, &["--json", "-"]].concat());
    let said = text(&output.stderr).to_owned();
    assert_eq!(output.status.code(), Some(status), "{arguments:?}: {said}");
    let found: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    (found, said)
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// The names of all models, from `list`.
fn models() -> Vec<(String, String)> {
    let output = run(&["list", "--json", "-"]);
    let list: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let models = list["models"].as_array().expect("models");
    models.iter().map(|model| (text(&model["name"]), text(&model["about"]))).collect()
}

#[test]
fn models_are_listed_where_none_is_named() {
    let models = models();
    assert!(models.iter().any(|(name, _)| name == "mutex"), "{models:?}");
    let list = run(&["list"]);
    let cases: [(&[&str], &str); 2] = [
        (&["explore"], "which model is to be explored?"),
        (&["explore", "xyz"], "there is no model 'xyz' to explore"),
    ];
    assert_refused(&run(&["explore", "mute"]), 2, "did you mean 'mutex'");
    for (arguments, words) in cases {
        let output = run(arguments);
        assert_refused(&output, 2, words);
        for (name, about) in &models {
            let is_line = |line: &str| {
                let rest = line.strip_prefix(&format!("  {name} "));
                rest.is_some_and(|rest| rest.trim_start() == about)
            };
            assert!(text(&output.stderr).lines().any(is_line), "{name}: {output:?}");
            assert!(text(&list.stdout).lines().any(is_line), "{name}: {list:?}");
        }
    }
}

#[test]
fn what_cannot_be_explored_is_refused_in_words() {
    let cases: [(&[&str], &str); 28] = [
        (
            &["mutex", "--processes", "0"],
            "0 processes of mutex cannot be explored: it has to be 1 to 8",
        ),
        (&["mutex", "--processes", "9"], "9 processes of mutex cannot be explored"),
        (&["mutex", "--processes", "-1"], "unexpected argument '-1'"),
        (&["mutex", "--processes", "two"], "invalid value 'two'"),
        (&["mutex", "--increments", "0"], "at least 1 increment"),
        (&["init", "--increments", "2"], "in init each process acts once"),
        (&["mutex", "--deaths", "3"], "3 deaths are too many for 2 processes"),
        (&["mutex", "--deaths", "256"], "invalid value '256'"),
        (&["mutex-panic", "--deaths", "1"], "mutex-panic says nothing about deaths"),
        (&["mutex", "--memory", "tso"], "[possible values: sc, weak]"),
        (&["mutex", "--memory-limit", "much"], "such as 8G, 500M, or 2GiB"),
        (&["mutex", "--memory-limit", "0"], "such as 8G, 500M, or 2GiB"),
        (&["mutex", "--time-limit", "soon"], "such as 90s, 20min"),
        (&["mutex", "--graph", "mutex.png"], "ends in .dot (for Graphviz) or in .svg"),
        (&["mutex", "--graph", "-"], "ends in .dot (for Graphviz) or in .svg"),
        (&["mutex", "--graph", ".svg"], "ends in .dot (for Graphviz) or in .svg"),
        (&["mutex", "--messages", "1"], "a number from 2 to 64 is wanted"),
        (&["mutex", "--messages", "65"], "a number from 2 to 64 is wanted"),
        (&["mutex", "--kernel", "6.3"], "[possible values: since-6.2, before-6.2]"),
        (&["mutex", "--liveness", "good"], "[possible values: progress, starvation, busy]"),
        (&["mutex-endless", "--increments", "2"], "each process acts without an end"),
        (&["ticket-endless", "--deaths", "1"], "ticket-endless says nothing about deaths"),
        (&["mutex", "--at-random", "0"], "0 is not in 1.."),
        (&["mutex", "--at-random", "9", "--liveness"], "cannot be used with '--liveness"),
        (&["tickets", "--tickets", "0"], "at least 1 ticket"),
        (&["tickets", "--tickets", "3"], "3 tickets are more than the 2 that are wanted"),
        (&["jobs", "--tickets", "1"], "in jobs there are no tickets: leave out --tickets"),
        (&["mutex", "counter"], "unexpected argument 'counter'"),
    ];
    for (arguments, words) in cases {
        assert_refused(&run(&[&["explore"], arguments].concat()), 2, words);
    }
}

/// Each scenario of `demo` has a model that holds, and one without the lock that does not, of which all results are listed.
#[test]
fn every_scenario_is_explored_with_its_lock_and_without() {
    let table = [
        ("counter", "unlocked/2x1/explorer", 2),
        ("threads", "unlocked/2x1/explorer", 2),
        ("jobs", "jobs-unlocked/2x1/explorer", 6),
        ("append", "append-unlocked/2x1/explorer", 6),
        ("workers", "workers-unlocked/2x1/explorer", 2),
        ("tickets", "tickets-unlocked/2x1/explorer", 3),
        ("csv", "csv-unlocked/2x1/explorer", 10),
    ];
    for (scenario, id, at_least) in table {
        let (found, said) = explored(0, &[scenario, "--clients", "2"]);
        assert_eq!(found["verdict"], "exhausted", "{said}");
        let (found, said) = explored(1, &[scenario, "--without-lock"]);
        assert_eq!(
            (&found["id"], &found["verdict"]),
            (&id.into(), &"counterexample".into()),
            "{said}"
        );
        let results = keys(&found["outcomes"]).len();
        assert!(results >= at_least, "{scenario}: {results} results: {said}");
        let ways = found["witnesses"].as_object();
        assert!(ways.is_none_or(serde_json::Map::is_empty), "ways are for --outcomes: {said}");
    }
    let (same, _) = explored(1, &["tickets-unlocked", "--without-lock"]);
    assert_eq!(same["id"], "tickets-unlocked/2x1/explorer");
    assert_refused(
        &run(&["explore", "rwlock", "--without-lock"]),
        2,
        "there is no model of 'rwlock' without its lock; there are of separate-lock, value-lock, counter, atomic, tickets, jobs",
    );
}

/// One ticket for three, as for two; and where it is sold twice without the lock, that is shown again by its token.
#[test]
fn there_are_as_many_tickets_as_are_asked_for() {
    let size = ["tickets", "--clients", "3", "--tickets", "1"];
    let (found, said) = explored(0, &size);
    assert_eq!(found["id"], "tickets/3x1/explorer/tickets-1", "{said}");
    assert_eq!((&found["verdict"], &found["tickets"]), (&"exhausted".into(), &1.into()), "{said}");
    assert_eq!(keys(&found["outcomes"]), ["1 bought, 2 refused, left 0"]);
    assert!(said.contains("3 processes that want 1 ticket each, 1 to be had,"), "{said}");

    let (found, said) = explored(0, &[&size[..], &["--deaths", "1"]].concat());
    assert_eq!(found["id"], "tickets/3x1/explorer/tickets-1/deaths-1", "{said}");
    assert_eq!((&found["ok"], &found["tickets"]), (&true.into(), &1.into()), "{said}");

    let (found, said) = explored(1, &[&size[..], &["--without-lock"]].concat());
    let results = keys(&found["outcomes"]);
    assert!(results.contains(&"3 bought, 0 refused, left 0"), "{said}");
    let token = found["counterexample"]["replay"].as_str().expect("a token");
    assert!(token.starts_with("tickets-unlocked/3x1/explorer/tickets-1#"), "{token}");
    let again = run(&["replay", token, "--json", "-"]);
    let shown: Value = serde_json::from_slice(&again.stdout).expect("one JSON object");
    assert_eq!(shown["counterexample"], found["counterexample"]);
    assert!(text(&again.stderr).contains("that want 1 ticket each, 1 to be had"), "{again:?}");
}

/// As before it could be said how many: what is one less than are wanted has the names that it had, and its tokens are read.
#[test]
fn one_ticket_less_than_are_wanted_needs_no_saying() {
    let (asked, _) = explored(1, &["tickets", "--tickets", "1", "--without-lock"]);
    let (unasked, said) = explored(1, &["tickets-unlocked"]);
    assert_eq!(asked["id"], "tickets-unlocked/2x1/explorer");
    assert_eq!((&asked["id"], &asked["tickets"]), (&unasked["id"], &unasked["tickets"]), "{said}");
    let token = unasked["counterexample"]["replay"].as_str().expect("a token");
    assert!(token.starts_with("tickets-unlocked/2x1/explorer#"), "{token}");
    assert_eq!(run(&["replay", token]).status.code(), Some(1));
    let (other, _) = explored(0, &["counter"]);
    assert!(other.get("tickets").is_none(), "{other}");
}

#[test]
fn every_model_can_be_explored() {
    for (name, about) in models() {
        // Of some, weak memory makes millions of states.
        let output = run(&["explore", &name, "--memory", "sc", "--json", "-"]);
        let found: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
        let (said, is_ok) = (text(&output.stderr), found["ok"] == true);
        assert_eq!(output.status.code(), Some(i32::from(!is_ok)), "{said}");
        // What is broken may need more processes, or weak memory, to fail.
        assert!(about.starts_with("broken") || is_ok == (name != "unlocked"), "{said}");
        let processes = number(&found["processes"]);
        assert_eq!(found["id"], format!("{name}/{processes}x1/explorer/sc"));
    }
}

#[test]
fn the_object_has_what_a_claim_has() {
    let (found, said) = explored(0, &["mutex", "--increments", "2"]);
    assert_eq!(
        keys(&found),
        [
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
            "why"
        ]
    );
    let expected = serde_json::json!({
        "id": "mutex/2x2/explorer", "subject": "mutex", "method": "explorer", "memory_model": "c11",
        "processes": 2, "increments": 2, "bound": null, "verdict": "exhausted", "expected": "holds",
        "ok": true, "executions": 0, "counterexample": null,
    });
    for (key, value) in expected.as_object().expect("an object") {
        assert_eq!(&found[key], value, "{key}");
    }
    assert!(
        number(&found["states"]) > 20 && found["transitions"].as_u64() > found["states"].as_u64()
    );
    assert_eq!(keys(&found["outcomes"]), ["4"]);
    for part in [
        "2 processes with 2 increments, weak memory, nobody dies",
        "exhausted (every execution of the model was explored)",
        " states, ",
        "Results:  4 (in ",
        "load buffering excluded",
    ] {
        assert!(said.contains(part), "'{part}' is missing:\n{said}");
    }
    assert!(!said.contains("loom") && !said.contains("kernel's rule"), "{said}");
}

#[test]
fn deaths_are_a_bound_and_show_what_they_break() {
    let (found, said) = explored(0, &["mutex", "--deaths", "1"]);
    assert_eq!(found["verdict"], "bounded");
    assert_eq!(found["bound"], serde_json::json!({ "deaths": 1 }));
    assert_eq!(keys(&found["outcomes"]), ["1", "2"], "one that died has counted, or not");
    assert!(said.contains("up to 1 death") && said.contains("the kernel's rule"), "{said}");

    let glibc = ["glibc-robust", "--processes", "3"];
    let (found, _) = explored(0, &glibc);
    assert_eq!(found["verdict"], "exhausted", "{found}");
    let (found, said) = explored(1, &[&glibc[..], &["--deaths", "1"]].concat());
    assert_eq!(found["verdict"], "counterexample");
    let steps = found["counterexample"]["steps"].as_array().expect("steps");
    assert_eq!(steps.iter().filter(|step| step["op"] == "dies").count(), 1, "{said}");
    for part in ["nobody can go on", "✗", "dies", "is still asleep.", "the kernel's rule"] {
        assert!(said.contains(part), "'{part}' is missing:\n{said}");
    }
    let explanation = found["explanation"].as_array().expect("sentences");
    let explains =
        |part| explanation.iter().any(|line| line.as_str().is_some_and(|line| line.contains(part)));
    assert!(explains("has called a wake"), "{explanation:?}");
}

#[test]
fn an_older_kernel_repeats_no_wake_for_a_word_with_a_flag() {
    let arguments = ["mutex", "--processes", "3", "--deaths", "1", "--kernel"];
    explored(0, &[&arguments[..], &["since-6.2"]].concat());
    let (found, said) = explored(1, &[&arguments[..], &["before-6.2"]].concat());
    assert_eq!(found["id"], "mutex/3x1/explorer/deaths-1/old-kernel", "{said}");
    assert!(!found["counterexample"].is_null());
    assert!(said.contains("before Linux 6.2") && !said.contains("since Linux 6.2"), "{said}");
}

#[test]
fn sequentially_consistent_memory_has_fewer_states() {
    let size = ["init", "--processes", "3"];
    let (weak, _) = explored(0, &size);
    let (sc, said) = explored(0, &[&size[..], &["--memory", "sc"]].concat());
    assert_eq!(sc["memory_model"], "sc");
    assert_eq!(sc["id"], "init/3x1/explorer/sc");
    assert!(number(&sc["states"]) < number(&weak["states"]), "{sc}\n{weak}");
    assert_eq!(keys(&sc["outcomes"]), keys(&weak["outcomes"]));
    assert!(said.contains("as was asked for: no weak memory"), "{said}");
    assert!(!said.contains("views"), "{said}");
}

#[test]
fn without_symmetry_there_are_more_states_and_the_same_results() {
    let size = ["mutex", "--processes", "3", "--deaths", "1"];
    let (one_of_each, _) = explored(0, &size);
    let (all, _) = explored(0, &[&size[..], &["--no-symmetry"]].concat());
    assert!(number(&all["states"]) > 2 * number(&one_of_each["states"]), "{all}\n{one_of_each}");
    assert_eq!(all["verdict"], one_of_each["verdict"]);
    assert_eq!(keys(&all["outcomes"]), keys(&one_of_each["outcomes"]));
}

#[test]
fn what_is_too_large_is_drawn_at_random() {
    let large = ["mutex", "--processes", "6", "--deaths", "2", "--at-random", "100"];
    let (found, said) = explored(0, &[&large[..], &["--seed", "7"]].concat());
    assert_eq!(found["id"], "mutex/6x1/explorer/deaths-2/random-100");
    assert_eq!(found["verdict"], "bounded", "{said}");
    let bound = &found["bound"];
    let how = (&bound["schedules"], &bound["scheduler"], &bound["seed"]);
    assert_eq!(how, (&100.into(), &"random".into(), &7.into()), "{found}");
    let (other, _) = explored(0, &[&large[..], &["--seed", "8"]].concat());
    assert_ne!(found["states"], other["states"]);
    let lossy = ["glibc-robust", "--processes", "3", "--deaths", "1", "--at-random", "20000"];
    let (hang, _) = explored(1, &lossy);
    let why = hang["counterexample"]["why"].as_str().expect("what is wrong");
    assert!(why.contains("nobody will wake it"), "{why}");
    let (late, _) = explored(4, &[&large[..], &["--time-limit", "0s"]].concat());
    assert_eq!(late["verdict"], "timeout", "{late}");
}

/// Goes a way step by step, where every read sees the latest value, and returns what the word holds then.
#[test]
fn whoever_starves_is_shown_going_round() {
    let (found, said) = explored(1, &["test-and-set-endless", "--liveness"]);
    assert_eq!(found["id"], "test-and-set-endless/2x1/explorer/starvation");
    let counterexample = &found["counterexample"];
    let again = number(&counterexample["again_from"]) as usize;
    let steps = counterexample["steps"].as_array().expect("steps");
    assert!(again > 0 && again < steps.len(), "{counterexample}");
    let output = run(&["explore", "test-and-set-endless", "--liveness"]);
    assert!(text(&output.stdout).contains("── from here on, again and again ──"), "{said}");
    for liveness in ["progress", "starvation", "busy"] {
        let (found, said) = explored(0, &["mutex", "--liveness", liveness]);
        assert_eq!(found["id"], format!("mutex/2x1/explorer/{liveness}"), "{said}");
        assert_eq!(found["counterexample"], Value::Null);
    }
    let (few, _) = explored(0, &["ticket-endless", "--liveness", "--messages", "3"]);
    let (more, _) = explored(0, &["ticket-endless", "--liveness", "--messages", "5"]);
    assert_eq!(few["bound"]["messages"], 3);
    assert!(number(&few["states"]) < number(&more["states"]));
}

fn replay(steps: &[Value]) -> u64 {
    let value = |value: &Value| -> u64 {
        let text = value.as_str().expect("a text");
        text.parse().unwrap_or_else(|_| panic!("{text:?} is no number"))
    };
    let mut word = 0;
    let mut read: BTreeMap<u64, u64> = BTreeMap::new();
    let mut done: BTreeMap<u64, (usize, usize)> = BTreeMap::new();
    for step in steps {
        let thread = number(&step["thread"]);
        let (loads, stores) = done.entry(thread).or_default();
        match step["op"].as_str() {
            Some("load") => {
                assert_eq!(value(&step["before"]), word, "{step}");
                read.insert(thread, word);
                *loads += 1;
            }
            Some("store") => {
                word = value(&step["after"]);
                assert_eq!(Some(word), read.remove(&thread).map(|read| read + 1), "{step}");
                *stores += 1;
            }
            _ => panic!("no step of an unlocked counter: {step}"),
        }
        assert!(step["site"].as_str().expect("a site").starts_with("src/raw/value.rs:"), "{step}");
    }
    assert_eq!(done, BTreeMap::from([(1, (2, 2)), (2, (2, 2))]));
    word
}

#[test]
fn every_result_of_the_unlocked_counter_comes_with_a_way_there() {
    let size = ["unlocked", "--increments", "2"];
    let (first, _) = explored(1, &size);
    assert!(first["witnesses"].is_null(), "nobody asked: {first}");

    let (found, said) = explored(1, &[&size[..], &["--outcomes", "--memory", "sc"]].concat());
    assert_eq!(keys(&found["outcomes"]), ["2", "3", "4"]);
    assert_eq!(keys(&found["witnesses"]), ["2", "3", "4"]);
    for (result, way) in found["witnesses"].as_object().expect("an object") {
        assert_eq!(keys(way), ["replay", "steps"]);
        assert_eq!(&replay(way["steps"].as_array().expect("steps")).to_string(), result);
    }
    let wrong = found["counterexample"]["steps"].as_array().expect("steps");
    assert_eq!(replay(wrong), 2, "{said}");

    let (found, said) = explored(1, &[&size[..], &["--outcomes"]].concat());
    assert_eq!(keys(&found["outcomes"]), ["2", "3", "4"]);
    assert_eq!(keys(&found["witnesses"]), ["2", "3", "4"]);
    for part in [
        "3 results, and a shortest way to each below\n  result  final states  steps\n  2       ",
        "A way to 2\nThe one above.",
        "A way to 3\n",
        "A way to 4\n",
        "process 1",
    ] {
        assert!(said.contains(part), "'{part}' is missing:\n{said}");
    }
    assert_eq!(said.matches("This execution: unlocked/2x2/explorer#").count(), 3, "{said}");
}

#[test]
fn a_limit_says_how_far_it_came() {
    let size = ["mutex", "--processes", "3", "--increments", "3", "--deaths", "1"];
    let (found, said) = explored(0, &[&size[..], &["--memory-limit", "8M"]].concat());
    assert_eq!(found["verdict"], "bounded");
    assert_eq!(found["bound"], serde_json::json!({ "deaths": 1, "states": found["states"] }));
    assert!(said.contains("stopped after a look at "), "{said}");

    let (found, said) = explored(1, &[&size[..], &["--memory-limit", "1M"]].concat());
    assert_eq!(found["verdict"], "vacuous", "what it has to see comes later");
    assert!(said.contains("there was never an execution that comes to an end"), "{said}");
    assert!(said.contains("stopped after a look at "), "{said}");

    let (found, said) = explored(4, &[&size[..], &["--time-limit", "0"]].concat());
    assert_eq!(found["verdict"], "timeout");
    assert_eq!(found["ok"], false);
    assert!(said.contains("timeout"), "{said}");
}

#[test]
fn what_was_never_put_to_the_test_is_no_success() {
    let (found, said) = explored(1, &["mutex", "--processes", "1"]);
    assert_eq!(found["verdict"], "vacuous");
    assert!(said.contains("there was never two processes wanting the lock at once"), "{said}");
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("a directory");
    let name = |entry: io::Result<fs::DirEntry>| entry.expect("an entry").file_name();
    let mut names: Vec<String> =
        entries.map(|entry| name(entry).to_string_lossy().into()).collect();
    names.sort_unstable();
    names
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

/// Explores with a picture of that name, and returns it.
fn picture(directory: &Path, name: &str, arguments: &[&str]) -> String {
    let file = directory.join(name);
    let output = run(&[&["explore"], arguments, &["--graph", path(&file)]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    fs::read_to_string(file).expect("a picture")
}

#[test]
fn files_are_replaced_whole_and_people_get_the_text() {
    let directory = tempfile::tempdir().expect("a directory");
    let (json, dot) = (directory.path().join("found.json"), directory.path().join("mutex.dot"));
    for file in [&json, &dot] {
        fs::write(file, "from last time").expect("a file");
    }
    let output = run(&["explore", "mutex", "--json", path(&json), "--graph", path(&dot)]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(text(&output.stderr), "");
    assert!(text(&output.stdout).contains("exhausted"), "{}", text(&output.stdout));
    let found = fs::read_to_string(&json).expect("a report");
    let found: Value = serde_json::from_str(&found).expect("one JSON object");
    assert_eq!(found["verdict"], "exhausted");
    assert!(fs::read_to_string(&dot).expect("a picture").starts_with("digraph"));
    assert_eq!(names(directory.path()), ["found.json", "mutex.dot"]);
}

#[test]
fn a_picture_that_cannot_be_written_is_refused_before_the_work() {
    let directory = tempfile::tempdir().expect("a directory");
    let nowhere = directory.path().join("no-such-directory/mutex.svg");
    let output = run(&["explore", "mutex", "--graph", path(&nowhere)]);
    assert_refused(&output, 2, "there is no such directory");
    let taken = directory.path().join("taken.dot");
    fs::create_dir(&taken).expect("a directory");
    assert_refused(&run(&["explore", "mutex", "--graph", path(&taken)]), 2, "is a directory");
}

#[test]
fn the_graph_is_the_algorithm_as_the_explorer_sees_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let dot = picture(directory.path(), "mutex.dot", &["mutex"]);
    assert!(dot.starts_with("digraph automaton {\n") && dot.ends_with("}\n"), "{dot}");
    let places = dot.lines().filter(|line| line.starts_with("    p") && line.contains(" [label="));
    let places: Vec<&str> = places.filter(|line| !line.contains(" -> ")).collect();
    let takes =
        places.iter().find(|line| line.contains("free → held by 1")).expect("it takes the lock");
    for part in [
        "mark verify/src/models/mutex.rs:",
        r#"(0, \"comes\")"#,
        "compare_exchange lock",
        "Acquire, where it fails Relaxed",
        "src/raw/mutex.rs:",
        "peripheries=2",
    ] {
        assert!(takes.contains(part), "'{part}' is missing: {takes}");
    }
    for part in
        ["set total", "futex_wait lock", "while held by 2+waiters", "futex_wake lock", "end"]
    {
        assert!(places.iter().any(|line| line.contains(part)), "'{part}' is missing:\n{dot}");
    }
    let steps: Vec<&str> = dot.lines().filter(|line| line.contains(" -> ")).collect();
    for part in [r#"[label="done"]"#, r#"[label="held by 2"]"#, "woken", "0 woken", "free+waiters"]
    {
        assert!(dot.contains(part), "'{part}' is missing:\n{dot}");
    }
    assert!(steps.len() > places.len(), "a loop, and ways that come together:\n{dot}");
    let ends = places.iter().filter(|line| line.contains("shape=ellipse")).count();
    assert_eq!(ends, 1, "all ends are one:\n{dot}");

    assert_eq!(dot, picture(directory.path(), "again.dot", &["mutex"]), "the same each time");
    let all = picture(directory.path(), "all.dot", &["mutex", "--no-symmetry"]);
    assert_eq!(dot, all, "whoever is asked, what is found of any is told of the first");
}

/// What the places of a graph want to do, without the names of others.
fn operations(dot: &str) -> BTreeSet<String> {
    let places = dot.lines().filter(|line| line.starts_with("    p") && !line.contains(" -> "));
    let operation = |line: &str| {
        let (_, label) = line.split_once("[label=").expect("a label");
        label.replace("held by 3", "held by 2")
    };
    places.map(operation).collect()
}

#[test]
fn the_graph_of_one_of_many_is_that_of_any() {
    let directory = tempfile::tempdir().expect("a directory");
    for model in ["mutex", "glibc-robust", "mutex-given-up"] {
        let arguments = [model, "--processes", "3"];
        let one_of_each = picture(directory.path(), "one.dot", &arguments);
        let arguments = [&arguments[..], &["--no-symmetry"]].concat();
        let all = picture(directory.path(), "all.dot", &arguments);
        assert_eq!(operations(&one_of_each), operations(&all), "{model}");
        let places = |dot: &str| dot.lines().filter(|line| line.starts_with("    p")).count();
        assert!(places(&one_of_each) < places(&all), "{model}");
    }
}

#[test]
fn the_drawing_shows_what_the_graph_has() {
    let directory = tempfile::tempdir().expect("a directory");
    for model in ["mutex", "mutex-deadline", "glibc-robust", "init"] {
        let arguments = [model, "--processes", "3"];
        let dot = picture(directory.path(), "model.dot", &arguments);
        let svg = picture(directory.path(), "model.svg", &arguments);
        let drawn = roxmltree::Document::parse(&svg).expect("well-formed");
        let shown = |class: &str| {
            drawn.descendants().filter(|node| node.attribute("class") == Some(class)).count()
        };
        let places = dot.lines().filter(|line| line.starts_with("    p") && !line.contains(" -> "));
        assert_eq!(shown("place"), places.count(), "{model}");
        let steps = dot.lines().filter(|line| line.contains(" -> "));
        let paths = drawn.descendants().filter(|node| node.has_tag_name("path"));
        let paths = paths.filter(|path| path.attribute("class") == Some("step")).count();
        assert_eq!(paths, steps.count(), "{model}");
        let words: Vec<&str> = drawn.descendants().filter_map(|node| node.text()).collect();
        for part in ["compare_exchange lock", "held by 2", "end"] {
            assert!(words.contains(&part), "{model}: '{part}' is missing");
        }
        assert_eq!(svg, picture(directory.path(), "again.svg", &arguments), "the same each time");
    }
}

/// Takes far longer than any test waits for.
const LONG: [&str; 6] = ["explore", "mutex", "--processes", "5", "--increments", "5"];

/// Waits until the process has used a little time to explore.
fn let_it_explore(process: &Child) {
    let began = Instant::now();
    let stat = PathBuf::from(format!("/proc/{}/stat", process.id()));
    loop {
        let stat = fs::read_to_string(&stat).expect("it runs");
        let (_, after_name) = stat.rsplit_once(") ").expect("a name");
        let ticks = after_name.split(' ').nth(11).expect("its time");
        if ticks.parse::<u64>().expect("a number") >= 20 {
            return;
        }
        assert!(began.elapsed() < WATCHDOG, "it does nothing");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_kill_half_way_leaves_no_partial_file() {
    for signal in [Signal::KILL, Signal::INT] {
        let directory = tempfile::tempdir().expect("a directory");
        let (json, svg) = (directory.path().join("found.json"), directory.path().join("mutex.svg"));
        fs::write(&json, "from last time").expect("a file");
        let mut child = command()
            .args(LONG)
            .args(["--json", path(&json), "--graph", path(&svg)])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command starts");
        let_it_explore(&child);
        kill_process(Pid::from_child(&child), signal).expect("it still runs");
        let (mut stdout, mut stderr) = (child.stdout.take(), child.stderr.take());
        // `wait` takes SIGKILL for its own.
        let status = child.wait().expect("the command ends");
        assert_eq!(status.signal(), Some(signal.as_raw()), "{status}");
        let (mut told, mut said) = (String::new(), String::new());
        stdout.as_mut().expect("a pipe").read_to_string(&mut told).expect("UTF-8");
        stderr.as_mut().expect("a pipe").read_to_string(&mut said).expect("UTF-8");
        assert!(
            told.contains("5 processes with 5 increments") && !told.contains("Results"),
            "{told}"
        );
        let interrupted = said.starts_with("interrupted after ") && said.lines().count() == 1;
        assert!(if signal == Signal::INT { interrupted } else { said.is_empty() }, "{said}");
        assert_eq!(names(directory.path()), ["found.json"], "nothing beside");
        assert_eq!(fs::read_to_string(&json).expect("a file"), "from last time");
    }
}

#[test]
fn an_execution_is_shown_again_as_it_was_found() {
    let (found, _) = explored(1, &["glibc-robust", "--processes", "3", "--deaths", "1"]);
    let token = found["counterexample"]["replay"].as_str().expect("a token");
    let output = run(&["replay", token, "--json", "-"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let shown: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    assert_eq!(shown["counterexample"], found["counterexample"]);
    assert_eq!(shown["id"], found["id"]);
    let said = text(&output.stderr);
    assert!(said.contains("nobody will wake it") && said.contains("dies"), "{said}");

    let (found, _) = explored(0, &["mutex", "--outcomes"]);
    let ways = found["witnesses"].as_object().expect("a way to each result");
    let (result, way) = ways.iter().next().expect("a result");
    let output = run(&["replay", way["replay"].as_str().expect("a token")]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let said = text(&output.stdout);
    assert!(said.contains(&format!("Result:  {result}")), "{said}");
    assert!(
        said.lines().all(|line| line.chars().count() <= 80 || line.starts_with("mutex:")),
        "{said}"
    );

    let of_another = token.replace('#', "#0.0.");
    let cases: [(&str, &str); 4] = [
        ("mutex", "names no execution"),
        ("unlocked/2x2/loom#1", "names no execution"),
        (&of_another, "an execution of version 0.0."),
        (&token[..token.len() - 1], "has to be copied as a whole"),
    ];
    for (token, words) in cases {
        assert_refused(&run(&["replay", token]), 2, words);
    }
}
