//! `lockproof bench`. Its figures are the machine's; that there are some, of all that was asked for, is ours.

use super::*;

const BRIEFLY: [&str; 4] = ["--rounds", "2", "--window", "2ms"];

fn bench(arguments: &[&str]) -> Output {
    run(&[&["bench"], arguments, &BRIEFLY[..]].concat())
}

#[test]
fn every_case_is_measured_for_people_and_for_programs() {
    let output = bench(&["--json", "-"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let report: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    assert_eq!(report["rounds"], 2);
    let cases = report["cases"].as_array().expect("cases");
    assert!(cases.len() > 20, "{} cases", cases.len());
    for case in cases {
        let id = case["id"].as_str().expect("a name");
        assert!(said.contains(&format!("{id}: ")), "{id} is missing:\n{said}");
        let contenders = case["contenders"].as_array().expect("contenders");
        assert_eq!(contenders[0]["ours"], true, "{case}");
        for contender in contenders {
            let figure = |name: &str| contender[name].as_f64().expect("a figure");
            // Zero where none of its processes got a processor in so short a time.
            assert!(0.0 <= figure("low"), "{case}");
            assert!(figure("low") <= figure("median") && figure("median") <= figure("high"));
            assert_eq!(contender["ratio"].is_null(), contender["ours"] == true, "{case}");
            assert_tells_how_they_got_on(case, contender);
        }
        let got_on = |contender: &Value| contender["high"].as_f64() > Some(0.0);
        assert!(contenders.iter().any(got_on), "{case}");
    }
    assert!(said.contains("round 2 of 2"), "{said}");
}

/// Beside each throughput stand the longest wait, what the last one did, and how often the lock changed hands.
fn assert_tells_how_they_got_on(case: &Value, contender: &Value) {
    let figure = |name: &str| contender[name].as_f64();
    let (wait, longest) = (figure("wait_us"), figure("longest_wait_us"));
    assert_eq!(wait.is_some(), case["unit"] == "M/s", "{case}");
    assert!(wait <= longest && wait.is_none_or(|wait| wait > 0.0), "{case}");
    let id = case["id"].as_str().expect("a name");
    let is_transfer = id.starts_with("queue/");
    assert_eq!(figure("smallest_share").is_some(), wait.is_some() && !is_transfer, "{case}");
    let takes_turns = (id.starts_with("mutex/") || id.starts_with("semaphore/"))
        && contender["name"] != "atomic fetch_add"
        || id == "rwlock/two-write";
    let changes = figure("owner_changes_per_second");
    assert_eq!(changes.is_some(), wait.is_some() && takes_turns, "{case}");
}

/// Of each contender of a case, its name, and whether it goes on when another dies.
#[cfg(feature = "peers")]
fn contenders<'a>(report: &'a Value, id: &str) -> Vec<(&'a str, &'a str)> {
    let cases = report["cases"].as_array().expect("cases");
    let case = cases.iter().find(|case| case["id"] == id).expect("the case");
    let contenders = case["contenders"].as_array().expect("contenders").iter();
    let words = |value: &'a Value| value.as_str().expect("words");
    contenders.map(|it| (words(&it["name"]), words(&it["on_death"]))).collect()
}

#[test]
#[cfg(not(feature = "peers"))]
fn who_would_have_more_peers_is_told_how() {
    let output = bench(&["mutex/two"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("built with `--features peers`"));
}

/// Whoever loses an update gets no figure, and the whole run fails.
#[test]
#[cfg(feature = "peers")]
fn peers_do_the_same_work_lose_nothing_and_say_what_a_death_does() {
    let output = bench(&["mutex", "queue", "--json", "-"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    let there = contenders(&report, "mutex/two");
    for wanted in [
        ("posix-sync, robust", "survives"),
        ("posix-sync, standard", "hangs"),
        ("process-sync", "hangs"),
        ("raw_sync", "hangs"),
        ("rustix-futex-sync", "hangs"),
        ("fd-lock", "survives"),
        ("std Mutex, in process", "no lock"),
        ("parking_lot, in process", "no lock"),
    ] {
        assert!(there.contains(&wanted), "{wanted:?}: {there:?}");
    }
    assert!(contenders(&report, "queue/64B").iter().any(|(name, _)| name.contains("iceoryx2")));
    let left_out = report["left_out"].as_array().expect("a list");
    let left_out = |name: &str| left_out.iter().any(|peer| peer["name"] == name);
    for name in ["Boost.Interprocess", "Python's Lock", "Python's Value"] {
        let is_there = there.contains(&(name, "hangs"));
        assert_ne!(is_there, left_out(name), "{name}: {there:?}, {}", report["left_out"]);
    }
}

#[test]
#[cfg(feature = "peers")]
fn what_the_machine_does_not_have_is_left_out_with_a_word() {
    let folder = tempfile::tempdir().expect("a folder");
    let ended = assert_cmd::Command::from_std(command())
        .args(["bench", "mutex/two"])
        .args(BRIEFLY)
        .env("PATH", folder.path())
        .env_remove("CXX")
        .timeout(WATCHDOG)
        .output();
    let output = ended.expect("the command runs");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let said = text(&output.stdout);
    for wanted in [
        "Boost.Interprocess was left out: there is no C++ compiler",
        "Python's Lock was left out: there is no python3, with multiprocessing.",
    ] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
    assert!(!said.contains("  Python's Lock"), "{said}");
}

#[test]
fn what_is_asked_for_is_measured_and_nothing_else() {
    let table: [(&[&str], &[&str]); 4] = [
        (&["counter/alone"], &["counter/alone"]),
        (&["counter"], &["counter/alone"]),
        (&["counter", "barrier/two"], &["counter/alone", "barrier/two"]),
        (&["mutex/alone", "counter", "--against", "atomic"], &["mutex/alone", "counter/alone"]),
    ];
    for (asked, measured) in table {
        let output = bench(asked);
        let said = text(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{asked:?}: {}", text(&output.stderr));
        let heads = said.lines().filter_map(|line| line.split_once(": ").map(|(id, _)| id));
        let cases: Vec<&str> = heads.filter(|id| id.contains('/') && !id.contains(' ')).collect();
        assert_eq!(cases, measured, "{said}");
        let restricted = asked.contains(&"--against");
        assert_eq!(
            said.contains("pthread") || said.contains("futex"),
            cases.iter().any(|id| { !restricted && *id == "barrier/two" }),
            "{said}"
        );
    }
}

#[test]
fn what_cannot_be_measured_is_refused_in_words() {
    let table: [(&[&str], &str); 6] = [
        (&["mutx"], "there is no case mutx; did you mean 'mutex/"),
        (&["mutex/three"], "there is no case mutex/three"),
        (&["mutex", "--against", "nobody"], "none of the peers there is called nobody"),
        (&["--rounds", "0"], "0 is not in 1.."),
        (&["--window", "soon"], "soon"),
        (&["counter", "--json", "/nowhere/at/all"], "/nowhere/at/all"),
    ];
    for (asked, words) in table {
        assert_refused(&run(&[&["bench"], asked].concat()), 2, words);
    }
}

#[test]
fn instructions_are_counted_and_come_out_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("counts.json");
    let at = file.to_str().expect("a plain path");
    let output = run(&["bench", "--instructions", "--json", at]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let report = fs::read_to_string(&file).expect("a report");
    let mut report: Value = serde_json::from_str(&report).expect("one JSON object");
    for case in report["cases"].as_array().expect("cases") {
        assert_eq!(case["unit"], "instructions", "{case}");
        for contender in case["contenders"].as_array().expect("contenders") {
            assert!(contender["median"].as_f64() >= Some(1.0), "{contender}");
            if cfg!(target_arch = "x86_64") {
                assert!(contender["locked"].as_f64() >= Some(1.0), "{contender}");
            }
        }
    }
    let compare = || run(&["bench", "mutex", "--instructions", "--compare", at]);
    let again = compare();
    assert_eq!(again.status.code(), Some(0), "{}", text(&again.stderr));
    assert!(text(&again.stdout).contains("1 figures compared: 0 worse, 0 better."));
    report["cases"][0]["contenders"][0]["median"] = 5.into();
    fs::write(&file, report.to_string()).expect("written");
    let worse = compare();
    assert_eq!(worse.status.code(), Some(1), "{}", text(&worse.stderr));
    let said = text(&worse.stdout);
    assert!(said.contains("worse: mutex/alone, lockproof Mutex: "), "{said}");
    assert!(said.contains("instructions, were 5"), "{said}");
}

#[test]
fn what_has_become_slower_than_a_peer_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("figures.json");
    let at = file.to_str().expect("a plain path");
    let before = |ratio: f64| {
        let ratio = serde_json::json!({"median": ratio, "low": ratio, "high": ratio});
        let peer = serde_json::json!({"name": "atomic fetch_add", "ours": false, "median": 1.0, "ratio": ratio});
        let case = serde_json::json!({"id": "counter/alone", "unit": "ns", "contenders": [peer]});
        let report = serde_json::json!({"cases": [case]}).to_string();
        fs::write(&file, report).expect("written");
    };
    // No ratio is so small, or so large, whatever else the machine does.
    for (ratio, code, word) in [(1e-9, 1, "worse"), (1e9, 0, "better")] {
        before(ratio);
        let output = bench(&["counter", "--compare", at]);
        assert_eq!(output.status.code(), Some(code), "{}", text(&output.stderr));
        let said = text(&output.stdout);
        let line = format!("{word}: counter/alone against atomic fetch_add: ");
        assert!(said.contains(&line), "{said}");
    }
    assert_refused(
        &run(&["bench", "queue/8B", "--compare", at, "--rounds", "1", "--window", "1ms"]),
        2,
        "none of these cases",
    );
    assert_refused(
        &run(&["bench", "counter", "--instructions", "--compare", at]),
        2,
        "cannot be compared",
    );
    fs::write(&file, "{}").expect("written");
    assert_refused(&run(&["bench", "--compare", at]), 2, "no report of `bench --json`");
    assert_refused(&run(&["bench", "--compare", "/nowhere/at/all"]), 2, "/nowhere/at/all");
    assert_refused(&run(&["bench", "mutex/two", "--instructions"]), 2, "does alone");
}
