//! The reports of `check` and `merge`, what `diff` says of two of them, and what a shell and a manual are told.

use std::path::Path;

use super::*;

/// Examines the smallest claim, and one that is known to be wrong, and writes every report.
fn written(folder: &Path) -> Vec<String> {
    let names = ["all.json", "all.xml", "all.md", "all.html"];
    let paths = names.map(|name| folder.join(name).to_str().expect("UTF-8").to_owned());
    let [json, junit, markdown, html] = &paths;
    let small = small_claim();
    let output = run(&[
        "check",
        "--only",
        &small,
        "unlocked/2x1/explorer",
        "--json",
        json,
        "--junit",
        junit,
        "--markdown",
        markdown,
        "--html",
        html,
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    paths.iter().map(|path| fs::read_to_string(path).expect("a report")).collect()
}

#[test]
fn every_report_names_every_claim_and_its_verdict() {
    let folder = tempfile::tempdir().expect("a folder");
    let reports = written(folder.path());
    let found: Value = serde_json::from_str(&reports[0]).expect("one JSON object");
    let claims = found["claims"].as_array().expect("claims");
    assert!(claims.len() > 1, "{found}");
    let (junit, markdown, page) = (&reports[1], &reports[2], &reports[3]);
    for claim in claims {
        let id = claim["id"].as_str().expect("an id");
        assert!(junit.contains(id), "{id}: {junit}");
        assert!(page.contains(&id.replace('/', "&#x2f;")), "{id}: {page}");
    }
    let all = format!("{} claims: every one holds", claims.len());
    assert!(markdown.contains(&all) && page.contains(&all), "{markdown}");
    assert!(markdown.contains("| subject | claims |"), "{markdown}");
    assert!(page.contains("class=\"step\""), "the lost update is drawn: {page}");
}

#[test]
fn two_reports_are_compared() {
    let folder = tempfile::tempdir().expect("a folder");
    let old = folder.path().join("all.json");
    let reports = written(folder.path());
    let mut found: Value = serde_json::from_str(&reports[0]).expect("one JSON object");
    let new = folder.path().join("new.json");
    let [old, new] = [&old, &new].map(|path| path.to_str().expect("UTF-8").to_owned());
    let compare = |changed: &Value| {
        fs::write(&new, changed.to_string()).expect("a file");
        run(&["diff", &old, &new, "--json", "-"])
    };
    let output = compare(&found);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("0 worse, 0 better, 0 new"), "{}", text(&output.stderr));
    let claim = &mut found["claims"][0];
    claim["ok"] = Value::Bool(false);
    claim["verdict"] = "vacuous".into();
    let output = compare(&found);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let difference: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    assert_eq!(difference["worse"][0]["id"], found["claims"][0]["id"], "{difference}");
    assert!(text(&output.stderr).contains("1 worse"), "{}", text(&output.stderr));
    assert_refused(
        &run(&["diff", &old, "/nowhere/at-all.json"]),
        2,
        "/nowhere/at-all.json cannot be read: there is no such file",
    );
    assert_refused(&run(&["diff", &old, "/proc/version"]), 2, "this is no report");
}

#[test]
fn shells_and_manuals_are_told_of_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = run(&["completions", shell]);
        assert_eq!(output.status.code(), Some(0));
        for word in ["check", "replay", "junit"] {
            assert!(text(&output.stdout).contains(word), "{shell}: {word}");
        }
    }
    let page = run(&["man"]);
    assert!(text(&page.stdout).contains(".TH lockproof 1"), "{}", text(&page.stdout));
    let folder = tempfile::tempdir().expect("a folder");
    let pages = folder.path().join("man1");
    assert_eq!(run(&["man", pages.to_str().expect("UTF-8")]).status.code(), Some(0));
    for page in ["lockproof.1", "lockproof-check.1", "lockproof-stress.1"] {
        assert!(pages.join(page).exists(), "{page}");
    }
    assert_refused(&run(&["man", "/proc/version/man1"]), 2, "cannot write the manual into");
    assert_refused(&run(&["completions", "dos"]), 2, "invalid value 'dos'");
}

/// What bash proposes for the last of these words.
fn proposed(words: &[&str]) -> Vec<String> {
    let script = run(&["completions", "bash"]);
    let ask = r#"
        COMP_WORDS=(lockproof "$@"); COMP_CWORD=$#
        _lockproof lockproof "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\n' "${COMPREPLY[@]}""#;
    let script = format!("{}\n{ask}", text(&script.stdout));
    let output = Command::new("bash").args(["-c", &script, "bash"]).args(words).output();
    let output = output.expect("bash is there");
    text(&output.stdout).lines().map(str::to_owned).collect()
}

#[test]
fn a_shell_proposes_the_names_that_there_are() {
    let cases: [(&[&str], &str); 9] = [
        (&["expl"], "explore"),
        (&["explore", "tickets-"], "tickets-unlocked"),
        (&["demo", "wor"], "workers"),
        (&["mutate", "sema"], "semaphore"),
        (&["bench", "rw"], "rwlock"),
        (&["bench", "mutex/t"], "mutex/two"),
        (&["zoo", "--only", "peter"], "peterson-relaxed"),
        (&["check", "--only", "tickets-"], "tickets-unlocked"),
        (&["stress", "--subject", "reen"], "reentrant"),
    ];
    for (words, name) in cases {
        let proposed = proposed(words);
        assert!(proposed.iter().any(|one| one == name), "{words:?}: {proposed:?}");
        let begun = words[words.len() - 1];
        assert!(proposed.iter().all(|one| one.starts_with(begun)), "{words:?}: {proposed:?}");
    }
    for shell in ["zsh", "fish"] {
        let script = run(&["completions", shell]);
        for name in ["tickets-unlocked", "semaphore", "mutex/two", "peterson-relaxed"] {
            assert!(text(&script.stdout).contains(name), "{shell}: {name}");
        }
    }
}

/// Before the work, not after it.
#[test]
fn a_page_that_cannot_be_written_is_refused() {
    let commands = ["check", "mutate", "stress", "bench"];
    for command in commands {
        let nowhere = run(&[command, "--html", "/nowhere/at-all.html"]);
        assert_refused(&nowhere, 2, "cannot write the report to /nowhere/at-all.html");
        assert_refused(&run(&[command, "--html", "-"]), 2, "name a file");
    }
}

/// What is written is as its schema says, and what is not, is not.
pub(super) fn assert_as_its_schema_says(name: &str, arguments: &[&str]) {
    let schema = run(&["schema", name]);
    assert_eq!(schema.status.code(), Some(0), "{name}");
    let schema: Value = serde_json::from_slice(&schema.stdout).expect("one JSON object");
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    let written = run(&[arguments, &["--json", "-"][..]].concat());
    let mut written: Value = serde_json::from_slice(&written.stdout)
        .unwrap_or_else(|error| panic!("{name}: {error}: {}", text(&written.stderr)));
    let wrong: Vec<_> = schema.iter_errors(&written).map(|error| error.to_string()).collect();
    assert_eq!(wrong, [""; 0], "{arguments:?}");
    let all = written.as_object_mut().expect("an object");
    let first = all.keys().next().expect("a key").clone();
    all.remove(&first);
    assert!(!schema.is_valid(&written), "{name} is held to nothing: {first} is not missed");
}

#[test]
fn every_report_is_as_its_schema_says() {
    let small = small_claim();
    assert_as_its_schema_says("check", &["check", "--only", &small, "unlocked/2x1/explorer"]);
    for (name, arguments) in [
        ("list", "list"),
        ("explore", "explore unlocked --outcomes"),
        ("zoo", "zoo --only hyman"),
        ("litmus", "litmus"),
        ("mutate", "mutate counter"),
        ("weakest", "mutate --weakest counter"),
        ("stress", "stress --subject mutex --processes 2 --count 100 --kills 1"),
        ("stress", "stress --for 1s --time-limit 10s"),
        ("bench", "bench mutex/alone --rounds 2 --window 2ms"),
        ("ls", "ls"),
    ] {
        assert_as_its_schema_says(name, &arguments.split(' ').collect::<Vec<_>>());
    }
    assert_refused(&run(&["schema", "everything"]), 2, "invalid value 'everything'");
}

/// Programs that are generated from a schema get these names: no two are alike but for a number.
#[test]
fn everything_in_a_schema_has_a_name_of_its_own() {
    for command in
        ["check", "explore", "list", "diff", "mutate", "stress", "bench", "demo", "inspect"]
    {
        let schema = run(&["schema", command]);
        let schema: Value = serde_json::from_slice(&schema.stdout).expect("one JSON object");
        let names = keys(&schema["$defs"]);
        let numbered: Vec<_> = names
            .iter()
            .filter(|name| name.ends_with(|last: char| last.is_ascii_digit()))
            .collect();
        assert!(numbered.is_empty(), "{command}: {numbered:?}");
        if command == "demo" {
            assert!(names.contains(&"TicketsReport") && names.contains(&"SoldWay"), "{names:?}");
        }
    }
}

#[test]
fn every_demonstration_is_as_its_schema_says() {
    for arguments in [
        "counter --processes 2 --increments 2 --sleep 1",
        "counter --processes 2 --increments 2 --sleep 1 --no-cost",
        "jobs --sleep 1",
        "append --sleep 1 --kills 1",
        "workers --processes 2 --most 1",
        "tickets --processes 2 --read 1 --write 1",
        "csv --processes 2 --rows 2",
        "threads --threads 2 --increments 2 --sleep 1 --no-cost",
    ] {
        let arguments: Vec<_> = std::iter::once("demo").chain(arguments.split(' ')).collect();
        assert_as_its_schema_says("demo", &arguments);
    }
}

/// What a profile says is what the report for programs has, in order.
#[test]
fn a_profile_names_each_claim_with_its_time_slowest_first() {
    let output = run(&["check", "--only", "event/", "--profile", "--json", "-"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let report: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    let claims = report["claims"].as_array().expect("claims");
    let seconds = |id: &str| {
        let claim = claims.iter().find(|claim| claim["id"] == id);
        claim.and_then(|claim| claim["seconds"].as_f64())
    };
    let (_, profile) = said.split_once("Time, slowest first").expect("a profile");
    let mut times = Vec::new();
    for line in profile.lines().skip(1).take_while(|line| !line.is_empty()) {
        let mut words = line.split_whitespace();
        let told: f64 = words.next().and_then(|word| word.parse().ok()).expect("seconds");
        let what = words.skip(3).collect::<Vec<_>>().join(" ");
        if let Some(seconds) = seconds(&what) {
            assert!((seconds - told).abs() < 0.1, "{line}: {seconds}");
            times.push(seconds);
        } else {
            let rest = format!("{} claims more", claims.len() - times.len());
            assert_eq!(what, rest, "{said}");
        }
    }
    assert!(times.is_sorted_by(|one, next| one >= next), "{times:?}");
    assert!(!times.is_empty() && times.len() == claims.len().min(30), "{said}");
    let without = run(&["check", "--only", "event/", "--time-limit", "0"]);
    assert!(!text(&without.stdout).contains("slowest first"));
}
