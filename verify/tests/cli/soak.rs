//! Everything at once: that it passes what is right, finds what is broken, and leaves nothing behind, however it ends.

use std::path::Path;

use super::*;

/// Runs a soak, and returns its status and its report.
fn soak(flags: &str) -> (Option<i32>, Value) {
    let arguments: Vec<&str> =
        ["stress", "--json", "-"].into_iter().chain(flags.split(' ')).collect();
    let output = run(&arguments);
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", text(&output.stderr)));
    assert_eq!(report["runs"].as_array().map(Vec::len), Some(0));
    (output.status.code(), report["soak"].clone())
}

#[test]
fn nothing_is_wrong_and_nothing_is_left() {
    let (status, soak) = soak("--for 5s --by name");
    assert_eq!(status, Some(0), "{:#}", soak["complaints"]);
    assert_eq!(soak["verdict"], "passed");
    let primitives = soak["primitives"].as_array().expect("a list");
    assert_eq!(primitives.len(), 20, "{primitives:?}");
    for primitive in primitives {
        let (done, total) = (primitive["acknowledged"].as_u64(), primitive["total"].as_u64());
        assert!(done > Some(0) && total >= done, "{primitive}");
    }
    for trouble in ["kills", "stops", "moves", "departures", "forks", "told"] {
        assert!(soak["troubles"][trouble].as_u64() > Some(0), "{trouble}: {}", soak["troubles"]);
    }
    for when in ["beginning", "end"] {
        assert_eq!((&soak[when]["processes"], &soak[when]["regions"]), (&0.into(), &0.into()));
    }
    let descriptors = |when: &str| soak[when]["harness"]["descriptors"].clone();
    assert_eq!(descriptors("beginning"), descriptors("end"));
    assert!(soak["throughput"]["last"].as_f64() > Some(0.0), "{}", soak["throughput"]);
}

#[test]
fn what_is_broken_is_found() {
    for (broken, words) in [("unlocked", "its total is"), ("mortal", "nobody got on for 3 s")] {
        // It ends as soon as that is found.
        let (status, soak) = soak(&format!("--for 300s --watchdog 3 --broken {broken}"));
        assert_eq!(status, Some(0), "{soak:#}");
        assert_eq!(
            (&soak["verdict"], &soak["expected"]),
            (&"counterexample".into(), &"fails".into())
        );
        let complaint = soak["complaints"][0].as_str().expect("a sentence");
        assert!(
            complaint.contains(&format!("`{broken}`")) && complaint.contains(words),
            "{complaint}"
        );
        assert_eq!(soak["end"]["processes"], 0);
    }
}

#[test]
fn what_is_broken_and_not_found_is_a_failure() {
    let output = run(&["stress", "--for", "1ms", "--broken", "mortal"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
    assert!(text(&output.stdout).contains("again: lockproof stress --for 0.001s"));
}

#[test]
fn the_report_is_text_and_a_page_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let page = folder.path().join("soak.html");
    let output = run(&[
        "stress",
        "--for",
        "300s",
        "--time-limit",
        "1s",
        "--html",
        page.to_str().expect("UTF-8"),
    ]);
    assert_eq!(output.status.code(), Some(4));
    let said = text(&output.stdout);
    let in_one_line = said.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "everything at once, 24 processes",
        "told to go",
        "in the first tenth",
        "descriptors of the harness",
    ] {
        assert!(in_one_line.contains(part), "{part}: {said}");
    }
    assert!(said.lines().all(|line| line.chars().count() <= 80), "{said}");
    let page = fs::read_to_string(page).expect("a page");
    assert!(page.contains("Throughput") && page.contains("processes"), "{page}");
}

#[test]
fn a_soak_that_cannot_be_is_refused() {
    for (flags, words) in [
        ("--for 1 --processes 3", "10 to 128 processes"),
        ("--for 1 --processes 200", "10 to 128 processes"),
        ("--for 1 --by both", "one region"),
        ("--for 1 --kills 3", "cannot be used with"),
        ("--broken mortal", "--for <DURATION>"),
        ("--for soon", "a duration is wanted"),
    ] {
        let arguments: Vec<&str> = ["stress"].into_iter().chain(flags.split(' ')).collect();
        assert_refused(&run(&arguments), 2, words);
    }
}

/// What is killed cannot tidy up.
#[test]
fn nothing_outlives_a_harness_that_is_killed() {
    for (signal, by) in [(Signal::KILL, "name"), (Signal::KILL, "memfd"), (Signal::TERM, "name")] {
        let temporary = tempfile::tempdir().expect("a folder");
        let mut harness = command()
            .args(["stress", "--for", "300s", "--by", by])
            .env("TMPDIR", temporary.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the command starts");
        let mark = format!("\"parent\":{},", harness.id());
        until("all are at work", || of_command_line(&mark).len() > 24);
        until("it makes trouble", || is_any_stopped(&of_command_line(&mark)));
        kill_process(Pid::from_child(&harness), signal).expect("it is our child");
        harness.wait().expect("it is our child");
        until("all have ended", || of_command_line(&mark).is_empty());
        assert_eq!(fs::read_dir(temporary.path()).expect("a folder").count(), 0, "{signal:?}");
        let made = format!("-{}-", harness.id());
        let regions = fs::read_dir("/dev/shm").expect("a folder").flatten();
        let left = regions.filter(|region| region.file_name().to_string_lossy().contains(&made));
        assert_eq!(left.count(), 0, "{signal:?}");
    }
}

/// The processes whose command line has that in it: those that are forked have the same.
fn of_command_line(mark: &str) -> Vec<std::path::PathBuf> {
    let processes = fs::read_dir("/proc").expect("processes").flatten().map(|entry| entry.path());
    let has_it = |process: &std::path::PathBuf| {
        let line = fs::read(process.join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(mark)
    };
    processes.filter(has_it).collect()
}

fn is_any_stopped(processes: &[std::path::PathBuf]) -> bool {
    let state = |process: &Path| {
        let stat = fs::read_to_string(process.join("stat")).unwrap_or_default();
        stat.rsplit(") ").next().and_then(|rest| rest.chars().next())
    };
    processes.iter().any(|process| state(process) == Some('T'))
}

#[track_caller]
fn until(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < WATCHDOG, "{what}: not within {WATCHDOG:?}");
        thread::sleep(Duration::from_millis(2));
    }
}
