//! What commands write, as somebody has read it last: results, drawings, comparisons, and what is said of mistakes. Where it has
//! changed: read it, then let `SNAPSHOTS=overwrite` write it down.
//!
//! How long something took, and how many states it was, are left out: the one differs from run to run, the other with every
//! change of a model, and neither is what these are for.

use std::path::Path;

use regex::Regex;
use snapbox::{Assert, Data};

use super::*;

/// What is left out, and what stands for it.
const LEFT_OUT: [(&str, &str); 7] = [
    // The figures of an exploration, and the lines about them that follow.
    (r"(?m)^  \d[\d ]* states, [^\n]*\n(?:  [^\n]*\n)*", "  (figures)\n"),
    (r"in \d[\d ]* final states?", "in _ final states"),
    // In a table: how many, and how long it took.
    (r"(\S) +\d[\d ]* \d+\.\d+ s\b", "$1  _  _ s"),
    (r"\d+\.\d+ s\b", "_ s"),
    (r"\d+\.\d+ ms\b", "_ ms"),
    (r"\.rs:\d+", ".rs:_"),
    (r"(This execution: [^#\s]+)#\S+", "$1#_"),
];

/// A file of `outputs/`, and what it shows, one after the other.
type Row = (&'static str, &'static [&'static str]);

const OUTPUTS: [Row; 6] = [
    (
        "explore.txt",
        &[
            "explore tickets --clients 3 --tickets 1",
            "explore jobs --steps 2",
            "explore counter --deaths 1",
            "explore unlocked --outcomes",
            "explore counter --without-lock",
            "explore test-and-set-endless --liveness",
            "explore mutex --processes 4 --time-limit 0",
        ],
    ),
    ("check.txt", &["check --only unlocked/2x1/explorer tickets/2x1/explorer"]),
    (
        "demo.txt",
        &[
            "demo counter --processes 2 --increments 5 --sleep 0 --no-cost --with-lock",
            "demo csv --processes 2 --rows 2 --sleep 0 --with-lock",
        ],
    ),
    (
        "unknown.txt",
        &[
            "explore appendd",
            "explore rwlock --without-lock",
            "explore rwlock --processes 99",
            "explore append --increments 3",
            "explore tickets --clients 3 --tickets 4",
            "explore jobs --tickets 1",
            "demo countr",
            "demo tickets --customers 5",
            "check --only appendd",
            "check --only mutex --shard 7/3",
            "bench mutx",
            "zoo --only nothing-like-it",
            "stress --subject mutx",
            "schema everything",
            "inspect there-is-none-of-that-name",
            "inspect there-is-none-of-that-name --watch",
            "rm there-is-none-of-that-name",
            "rm Cargo.toml",
            "rm /dev/null",
        ],
    ),
    (
        "unreadable.txt",
        &[
            "diff no-such-file.json another.json",
            "diff Cargo.toml Cargo.toml",
            "diff src src",
            "merge no-such-file.json",
            "merge Cargo.toml",
            "replay xyz",
            "replay unlocked/2x1/explorer#0.0.9:_PAAAAgC:ABAA._6pU",
            "replay unlocked/2x1/explorer#0.1.0:_PAAAAgC:ABAA._6pV",
            "inspect Cargo.toml",
            "inspect .",
            "inspect /dev/zero",
        ],
    ),
    (
        "impossible.txt",
        &[
            "check --time-limit soon",
            "check --json /nowhere/at-all.json",
            "check --html -",
            "check --json Cargo.toml/report.json",
            "explore mutex --svg mutex.png",
            "mutate once --resume src",
            "man Cargo.toml",
            "explore mutex --messages 1",
            "explore mutex --memory-limit much",
            "demo jobs --add 1",
            "demo csv --length 0",
            "demo counter --with-lock --without-lock",
            "stress --kills many",
            "completions dos",
        ],
    ),
];

/// What the command says of these, and how it ends.
fn said(lines: &[&str]) -> String {
    let one = |line: &&str| {
        let arguments: Vec<&str> = line.split(' ').collect();
        let output = run(&arguments);
        let status = output.status.code().expect("an end of its own");
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(!err.contains("panicked"), "{err}");
        let status = if status == 0 { String::new() } else { format!("[status {status}]\n") };
        format!("$ lockproof {line}\n{out}{err}{status}")
    };
    left_out(&lines.iter().map(one).collect::<Vec<_>>().join("\n"))
}

fn left_out(text: &str) -> String {
    LEFT_OUT.iter().fold(text.to_owned(), |text, (pattern, instead)| {
        let pattern = Regex::new(pattern).expect("a pattern");
        pattern.replace_all(&text, *instead).into_owned()
    })
}

fn assert_as_it_was_read_last(name: &str, said: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/outputs");
    let assert = Assert::new().action_env("SNAPSHOTS");
    assert.eq(said, Data::read_from(&folder.join(name), None));
}

#[test]
fn what_is_written_is_as_it_was_read_last() {
    for (name, lines) in OUTPUTS {
        assert_as_it_was_read_last(name, &said(lines));
    }
}

/// Of the list only what is about one subject: all of it changes with every claim.
#[cfg(all(feature = "loom", feature = "shuttle"))]
#[test]
fn the_list_is_as_it_was_read_last() {
    let all = run(&["list"]);
    let is_wanted = |line: &&str| line.contains("tickets") || line.starts_with("demos");
    let lines: Vec<&str> = text(&all.stdout).lines().filter(is_wanted).collect();
    assert_as_it_was_read_last("list.txt", &(lines.join("\n") + "\n"));
}

/// A report, and the same with a claim that fails, one whose bound has shrunk, and one that is gone.
#[test]
fn what_has_become_worse_is_as_it_was_read_last() {
    let wanted = ["mutex/2x1/explorer", "mutex/2x2/explorer"];
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, report: &Value| {
        let path = folder.path().join(name);
        fs::write(&path, report.to_string()).expect("a file");
        path.to_str().expect("UTF-8").to_owned()
    };
    let output = run(&[&["check", "--json", "-", "--only"], &wanted[..]].concat());
    let report: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    let old = file("old.json", &report);
    let mut report = report;
    let claims = report["claims"].as_array_mut().expect("claims");
    claims.retain(|claim| claim["id"] != "mutex/2x1/explorer");
    for claim in claims {
        match claim["id"].as_str().expect("an id") {
            "mutex/2x2/explorer" => {
                (claim["verdict"], claim["ok"]) = ("counterexample".into(), false.into());
            }
            "mutex/2x2/explorer/deaths-2" => {
                (claim["bound"]["deaths"], claim["why"]) = (1.into(), "bounded: 1 death".into());
            }
            _ => {}
        }
    }
    let compared = run(&["diff", &old, &file("new.json", &report)]);
    assert_eq!(compared.status.code(), Some(1));
    let said = format!("{}{}", text(&compared.stdout), text(&compared.stderr));
    let folder = folder.path().to_str().expect("UTF-8");
    assert_as_it_was_read_last("diff.txt", &left_out(&said.replace(folder, "…")));
}
