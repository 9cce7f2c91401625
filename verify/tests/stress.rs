//! The stress harness: that it passes what is right, finds what is wrong, and leaves nobody behind.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use libtest_mimic::{Arguments, Trial};
use lockproof_verify::claim::{Budget, Silent};
use lockproof_verify::programs::{Draw, Size};
use lockproof_verify::stress::{
    By, Course, Ended, Flaw, HistoryPlan, Ledger, Options, Outcome, Plan, Recordable, Recorded,
    Sabotage, Status, Subject, by_processes, claims, command, record, run, worker_main,
};
use lockproof_verify::verdict::Verdict;
use rustix::process::{Signal, set_parent_process_death_signal};

/// An argument that makes this binary a harness to be killed.
const HARNESS: &str = "__harness";
/// How long anything may take before it counts as hanging.
const PATIENCE: Duration = Duration::from_secs(60);
const LOCKS: [Subject; 6] = [
    Subject::Mutex,
    Subject::Lock,
    Subject::Value,
    Subject::Counter,
    Subject::Reentrant,
    Subject::Array,
];

fn main() {
    worker_main();
    if std::env::args().nth(1).as_deref() == Some(HARNESS) {
        return be_killed();
    }
    let tests: [(&str, fn()); 29] = [
        ("without_kills_the_total_is_exact", without_kills_the_total_is_exact),
        ("every_kill_and_increment_is_accounted_for", every_kill_and_increment_is_accounted_for),
        ("more_workers_than_processors_get_on", more_workers_than_processors_get_on),
        ("each_kill_of_a_holder_gives_one_report", each_kill_of_a_holder_gives_one_report),
        ("how_a_run_went_is_charted", how_a_run_went_is_charted),
        ("without_a_lock_updates_are_lost", without_a_lock_updates_are_lost),
        ("a_dropped_increment_is_found", a_dropped_increment_is_found),
        ("a_dropped_report_is_found", a_dropped_report_is_found),
        ("a_worker_that_fails_is_found", a_worker_that_fails_is_found),
        ("a_holder_that_stands_still_is_named", a_holder_that_stands_still_is_named),
        ("the_time_limit_ends_a_run", the_time_limit_ends_a_run),
        ("too_many_processes_are_refused", too_many_processes_are_refused),
        ("nobody_outlives_a_killed_harness", nobody_outlives_a_killed_harness),
        ("a_good_ledger_passes", a_good_ledger_passes),
        ("a_ledger_that_does_not_add_up_is_refused", a_ledger_that_does_not_add_up_is_refused),
        ("too_few_kills_are_vacuous", too_few_kills_are_vacuous),
        ("what_is_seen_of_a_lock_is_linearizable", what_is_seen_of_a_lock_is_linearizable),
        ("what_is_seen_without_a_lock_is_not", what_is_seen_without_a_lock_is_not),
        ("an_offence_is_the_runs_verdict", an_offence_is_the_runs_verdict),
        ("a_history_without_an_end_is_described", a_history_without_an_end_is_described),
        ("the_time_limit_ends_histories", the_time_limit_ends_histories),
        ("histories_are_reported", histories_are_reported),
        ("programs_at_random_do_what_is_promised", programs_at_random_do_what_is_promised),
        ("a_program_without_a_lock_is_found", a_program_without_a_lock_is_found),
        ("claims_are_told_apart", claims_are_told_apart),
        ("the_report_fits_80_columns", the_report_fits_80_columns),
        ("thousands_are_apart", thousands_are_apart),
        ("json_stands_alone", json_stands_alone),
        ("flags_that_make_no_sense_are_refused", flags_that_make_no_sense_are_refused),
    ];
    let trials = tests.map(|(name, test)| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.into()).exit()
}

/// Runs a plan from a new seed.
fn stress(plan: Plan) -> Outcome {
    let plan = Plan { seed: fastrand::u64(..1 << 32), watchdog: PATIENCE, ..plan };
    run(&plan, &Budget::seeded(plan.seed), &Silent)
}

#[track_caller]
fn assert_good(outcome: &Outcome) {
    assert!(
        outcome.ok(),
        "{}: {:?}, {:?}",
        outcome.plan.command(),
        outcome.complaints(),
        outcome.ledger
    );
}

fn without_kills_the_total_is_exact() {
    for subject in Subject::ALL.into_iter().filter(|subject| *subject != Subject::Unlocked) {
        for (by, pinned) in [(By::Memfd, false), (By::Name, true)] {
            let outcome = stress(Plan { by, pinned, ..Plan::new(subject, 4, 500) });
            assert_good(&outcome);
            assert_eq!(outcome.verdict(), Verdict::Passed);
            assert_eq!(outcome.ledger.total, 4 * 500, "{}", subject.name());
        }
    }
}

fn every_kill_and_increment_is_accounted_for() {
    let mut passed_on = 0;
    for subject in Subject::ALL.into_iter().filter(|subject| subject.takes_kills()) {
        let outcome = stress(Plan { kills: 60, ..Plan::new(subject, 4, 100) });
        assert_good(&outcome);
        assert_eq!(outcome.ledger.kills, 60);
        passed_on += outcome.ledger.passed_on;
    }
    assert!(passed_on > 0, "not one kill was that of a process just told of another");
}

/// Each waits for all others, one way or another: a wake that goes to the wrong one, or to a dead one, stops them.
fn more_workers_than_processors_get_on() {
    for subject in [
        Subject::Event,
        Subject::Queue,
        Subject::Barrier,
        Subject::Tasks,
        Subject::Messages,
        Subject::Pipe,
    ] {
        assert_good(&stress(Plan { kills: 20, ..Plan::new(subject, 40, 50) }));
    }
}

fn each_kill_of_a_holder_gives_one_report() {
    for subject in LOCKS {
        let plan =
            Plan { kills: 40, kill_holders: true, by: By::Name, ..Plan::new(subject, 3, 100) };
        let outcome = stress(plan);
        assert_good(&outcome);
        let Ledger { kills, deaths_while_holding, reports, passed_on, .. } = outcome.ledger;
        assert_eq!((kills, deaths_while_holding, reports, passed_on), (40, 40, 40, 0));
    }
}

fn how_a_run_went_is_charted() {
    let killed = Plan { kills: 40, kill_holders: true, ..Plan::new(Subject::Mutex, 3, 100) };
    for plan in [killed, Plan::new(Subject::Atomic, 3, 200_000)] {
        let kills = plan.kills as usize;
        let Outcome { course, ledger, worked, .. } = stress(plan);
        let charted: u64 = course.acknowledged.iter().sum();
        assert!((1..=ledger.acknowledged).contains(&charted), "{course:?}");
        let shared: u64 = course.shares.iter().sum();
        assert!(course.shares.len() == 3 && shared <= ledger.acknowledged, "{course:?}");
        let recoveries = &course.recovery_seconds;
        assert_eq!(recoveries.is_empty(), kills == 0, "{course:?}");
        let within = 0.0..=worked.as_secs_f64();
        assert!(recoveries.iter().all(|time| within.contains(time)), "{course:?}");
        assert!(recoveries.len() <= kills, "{course:?}");
    }
}

fn without_a_lock_updates_are_lost() {
    let window = Duration::from_micros(200);
    let outcome = stress(Plan { window, ..Plan::new(Subject::Unlocked, 4, 200) });
    assert_good(&outcome);
    assert_eq!(outcome.verdict(), Verdict::Counterexample);
    assert!(outcome.ledger.lost() > 0);
    let notes = outcome.finding().notes.join("\n");
    assert!(notes.contains(&format!("{} increments were lost", outcome.ledger.lost())), "{notes}");
}

fn a_dropped_increment_is_found() {
    let sabotage = Some(Sabotage::IncrementDropped);
    for subject in LOCKS {
        let outcome = stress(Plan { sabotage, ..Plan::new(subject, 2, 100) });
        assert_eq!(outcome.verdict(), Verdict::Counterexample, "{}", subject.name());
        assert_eq!(outcome.complaints(), ["1 of 200 acknowledged increments were lost"]);
    }
}

fn a_dropped_report_is_found() {
    let sabotage = Some(Sabotage::ReportsDropped);
    for kill_holders in [false, true] {
        // The only worker there is: who is told of a death is the first worker, or the harness.
        let plan = Plan { kills: 40, kill_holders, sabotage, ..Plan::new(Subject::Mutex, 1, 100) };
        let outcome = stress(plan);
        assert_eq!(outcome.verdict(), Verdict::Counterexample, "{:?}", outcome.ledger);
        assert!(outcome.ledger.unreported > 0, "{:?}", outcome.ledger);
    }
}

fn a_worker_that_fails_is_found() {
    let sabotage = Some(Sabotage::WorkerLeaves);
    let outcome = stress(Plan { sabotage, ..Plan::new(Subject::Mutex, 2, 100) });
    assert_eq!(outcome.verdict(), Verdict::Counterexample);
    let words = outcome.complaints().join("\n");
    assert!(words.contains("worker 1") && words.contains("left early"), "{words}");
}

fn a_holder_that_stands_still_is_named() {
    for subject in LOCKS.into_iter().filter(|subject| *subject != Subject::Counter) {
        let sabotage = Some(Sabotage::HolderStops);
        let watchdog = Duration::from_millis(1500);
        let plan = Plan { sabotage, watchdog, ..Plan::new(subject, 3, 1_000_000) };
        let outcome = run(&plan, &Budget::seeded(0), &Silent);
        assert_eq!(outcome.verdict(), Verdict::Counterexample);
        let Ended::Stuck(words) = &outcome.ended else { panic!("{:?}", outcome.ended) };
        let lock = format!("lock of {} is held by worker 1", subject.name());
        for part in [&lock, "alive but stopped", "waiting for it: worker 2", "worker 3"] {
            assert!(words.contains(part), "{part:?} is missing in {words:?}");
        }
    }
}

fn the_time_limit_ends_a_run() {
    let plan = Plan::new(Subject::Mutex, 2, u64::MAX / 4);
    let until = Some(Instant::now() + Duration::from_millis(100));
    let outcome = run(&plan, &Budget { until, ..Budget::seeded(0) }, &Silent);
    assert!(matches!(outcome.verdict(), Verdict::Timeout { .. }), "{:?}", outcome.ended);
}

fn too_many_processes_are_refused() {
    for processes in [0, 257] {
        let outcome = stress(Plan::new(Subject::Mutex, processes, 1));
        let Verdict::Vacuous { what } = outcome.verdict() else { panic!("{:?}", outcome.ended) };
        assert!(what.contains("1 to 256"), "{what}");
    }
}

/// What this binary does as a harness to be killed: a run without an end.
fn be_killed() {
    // Should the test fail before it kills this process.
    set_parent_process_death_signal(Some(Signal::KILL)).expect("any process may ask for that");
    let plan = Plan { by: By::Name, ..Plan::new(Subject::Mutex, 3, u64::MAX / 4) };
    run(&plan, &Budget::seeded(0), &Silent);
}

fn nobody_outlives_a_killed_harness() {
    let mut harness = Command::new(std::env::current_exe().expect("this binary has a path"))
        .arg(HARNESS)
        .stdout(Stdio::null())
        .spawn()
        .expect("this binary can be run");
    // Its region's guardian is one of them.
    let children = until("the harness has workers", || {
        Some(children_of(&harness)).filter(|children| children.len() == 4)
    });
    let regions = until("there is a region", || {
        Some(regions_of(&harness)).filter(|regions| !regions.is_empty())
    });
    harness.kill().expect("it is our child");
    harness.wait().expect("it is our child");
    until("all of them have ended", || {
        children.iter().all(|child| !Path::new("/proc").join(child).exists()).then_some(())
    });
    for region in regions {
        assert!(!region.exists(), "{} was left behind", region.display());
    }
}

fn children_of(parent: &Child) -> Vec<String> {
    let parent = parent.id().to_string();
    let processes = fs::read_dir("/proc").expect("there is a /proc").flatten();
    let names = processes.filter_map(|entry| entry.file_name().into_string().ok());
    let is_child = |name: &String| {
        let stat = fs::read_to_string(format!("/proc/{name}/stat")).unwrap_or_default();
        // After the name in parentheses: the state, and the parent.
        let rest = stat.rsplit(") ").next().unwrap_or_default().to_owned();
        rest.split(' ').nth(1) == Some(&parent)
    };
    names.filter(is_child).collect()
}

fn regions_of(process: &Child) -> Vec<std::path::PathBuf> {
    let wanted = format!("-{}-", process.id());
    let entries = fs::read_dir("/dev/shm").expect("there is a /dev/shm").flatten();
    let paths = entries.map(|entry| entry.path());
    paths.filter(|path| path.to_string_lossy().contains(&wanted)).collect()
}

#[track_caller]
fn until<T>(what: &str, mut there: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(result) = there() {
            return result;
        }
        assert!(start.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

fn good_ledger() -> Ledger {
    Ledger {
        asked: 100,
        acknowledged: 120,
        total: 123,
        kills_asked: 10,
        kills: 10,
        deaths_while_holding: 5,
        reports: 4,
        passed_on: 1,
        ..Ledger::default()
    }
}

fn a_good_ledger_passes() {
    assert_eq!(good_ledger().flaws(), []);
    assert_eq!(Ledger { total: 120, ..good_ledger() }.flaws(), [], "no kill hid an increment");
    assert_eq!(Ledger { total: 130, ..good_ledger() }.flaws(), [], "each kill hid one");
}

fn a_ledger_that_does_not_add_up_is_refused() {
    let good = good_ledger;
    let refused = [
        ("an increment is lost", Ledger { total: 119, ..good() }),
        ("there are too many increments", Ledger { total: 131, ..good() }),
        ("work is left undone", Ledger { asked: 121, ..good() }),
        ("a report is missing", Ledger { reports: 3, ..good() }),
        ("there is a report too many", Ledger { reports: 5, ..good() }),
        ("one is passed on too often", Ledger { passed_on: 2, ..good() }),
        ("one missing and one invented", Ledger { unreported: 1, invented: 1, ..good() }),
        ("not all killed were holders", Ledger { holders_only: true, ..good() }),
        (
            "holders' deaths were passed on",
            Ledger {
                holders_only: true,
                kills: 10,
                deaths_while_holding: 10,
                reports: 9,
                passed_on: 1,
                ..good()
            },
        ),
    ];
    for (what, ledger) in refused {
        let flaws = ledger.flaws();
        assert!(matches!(flaws[..], [Flaw::Broken(_), ..]), "{what}: {flaws:?}");
    }
}

fn good_outcome() -> Outcome {
    Outcome {
        plan: Plan { kills: 10, ..Plan::new(Subject::Queue, 4, 25) },
        ledger: good_ledger(),
        ended: Ended::Finished,
        took: Duration::ZERO,
        worked: Duration::ZERO,
        longest_stall: Duration::ZERO,
        course: Course::default(),
        histories: None,
    }
}

fn too_few_kills_are_vacuous() {
    let ledger = Ledger { kills: 9, ..good_ledger() };
    assert_eq!(ledger.flaws(), [Flaw::Untested("only 9 of 10 kills landed".into())]);
    let outcome = Outcome { ledger, ..good_outcome() };
    assert!(matches!(outcome.verdict(), Verdict::Vacuous { .. }));
    assert!(!outcome.ok());
}

/// Records histories from a new seed.
fn histories(plan: HistoryPlan) -> Recorded {
    let plan = HistoryPlan { seed: fastrand::u64(..1 << 32), watchdog: PATIENCE, ..plan };
    let recorded = record(&plan, &Budget::seeded(plan.seed), &Silent);
    assert_eq!(recorded.asked, plan.histories, "{plan:?}");
    recorded
}

fn what_is_seen_of_a_lock_is_linearizable() {
    for of in [Recordable::Queue, Recordable::Rwlock] {
        for (kills, pinned, by) in [(false, true, By::Name), (true, false, By::Memfd)] {
            // More than one region has room for.
            let recorded = histories(HistoryPlan { kills, pinned, by, ..HistoryPlan::new(of, 80) });
            let drawing = recorded.offence.as_ref().map_or("", |offence| &offence.drawing);
            assert_eq!(recorded.complaint(), None, "{drawing}");
            assert_eq!(recorded.linearizable, 80, "{recorded:?}");
            assert!(recorded.calls > 80 * 16 && recorded.overlapping > 0, "{recorded:?}");
            assert_eq!(recorded.kills > 30, kills, "{recorded:?}");
            assert_eq!(recorded.unanswered > 0, kills, "{recorded:?}");
        }
    }
}

fn what_is_seen_without_a_lock_is_not() {
    for of in [Recordable::UnlockedRing, Recordable::UnlockedPair] {
        let recorded = histories(HistoryPlan { processes: 2, calls: 6, ..HistoryPlan::new(of, 1) });
        let offence = recorded.offence.as_ref().expect("one history is enough");
        assert_eq!((offence.number, recorded.linearizable), (1, 0));
        for line in offence.drawing.lines() {
            assert!(line.chars().count() <= 80, "{line:?} is too long");
        }
        for part in ["process 1", "process 2", "┌ ", "└ "] {
            assert!(offence.drawing.contains(part), "{part} is missing:\n{}", offence.drawing);
        }
        assert!(offence.history["lanes"][0]["calls"][0]["start"].is_u64());
    }
}

fn an_offence_is_the_runs_verdict() {
    let plan =
        HistoryPlan { processes: 2, calls: 6, ..HistoryPlan::new(Recordable::UnlockedPair, 1) };
    let outcome = Outcome { histories: Some(histories(plan)), ..good_outcome() };
    assert_eq!(outcome.verdict(), Verdict::Counterexample);
    assert!(!outcome.ok());
    let words = outcome.complaints().join("\n");
    assert!(words.contains("history 1 is not linearizable"), "{words}");
    let nothing = Recorded { asked: 1, linearizable: 1, ..Recorded::default() };
    let outcome = Outcome { histories: Some(nothing), ..good_outcome() };
    assert!(matches!(outcome.verdict(), Verdict::Vacuous { .. }), "no two calls overlapped");
    let cut = Recorded { overlapping: 1, cut_short: 1, ..Recorded::default() };
    let outcome = Outcome { histories: Some(cut), ..good_outcome() };
    assert!(matches!(outcome.verdict(), Verdict::Vacuous { .. }), "one was not judged");
}

fn a_history_without_an_end_is_described() {
    // One that waits for another, which does not exist.
    let plan = HistoryPlan { processes: 1, ..HistoryPlan::new(Recordable::UnlockedPair, 1) };
    let plan = HistoryPlan { watchdog: Duration::from_millis(300), ..plan };
    let recorded = record(&plan, &Budget::seeded(0), &Silent);
    let words = recorded.complaint().expect("it has no end");
    assert!(words.contains("history 1") && words.contains("in `write 101`, its call 1"), "{words}");
    assert_eq!(recorded.verdict(Duration::ZERO), Verdict::Counterexample);
    let most = histories(HistoryPlan { processes: 7, ..HistoryPlan::new(Recordable::Queue, 1) });
    assert!(most.complaint().is_some_and(|words| words.contains("1 to 6")), "{most:?}");
}

fn the_time_limit_ends_histories() {
    let plan = HistoryPlan { kills: true, ..HistoryPlan::new(Recordable::Queue, usize::MAX) };
    let limited = |milliseconds| {
        let until = Some(Instant::now() + Duration::from_millis(milliseconds));
        let recorded = record(&plan, &Budget { until, ..Budget::seeded(0) }, &Silent);
        assert!(recorded.out_of_time, "{recorded:?}");
        recorded
    };
    assert!(matches!(limited(0).verdict(Duration::ZERO), Verdict::Timeout { .. }));
    // What came before the limit is judged, if there was time for anything.
    let judged = [100, 1_000, 10_000].into_iter().any(|time| limited(time).linearizable > 0);
    assert!(judged, "no history in ten seconds");
}

fn histories_are_reported() {
    let flags = "--subject queue --processes 2 --count 10 --kills 3 --histories 5";
    let (status, text) = lockproof_stress(flags);
    assert_eq!(status, Status::Good, "{text}");
    assert!(text.contains("5 histories linearizable"), "{text}");
    let (_, text) = lockproof_stress(&format!("{flags} --json -"));
    let report: serde_json::Value = serde_json::from_str(&text).expect("nothing but JSON");
    let recorded = &report["runs"][0]["histories"];
    assert_eq!(recorded["linearizable"], 5);
    assert_eq!(recorded["offence"], serde_json::Value::Null);
    let command = report["runs"][0]["command"].as_str().expect("a text");
    assert!(command.contains("--histories 5"), "{command}");
    let (_, text) = lockproof_stress("--subject mutex --processes 2 --count 10 --kills 0 --json -");
    let report: serde_json::Value = serde_json::from_str(&text).expect("nothing but JSON");
    assert_eq!(report["runs"][0]["histories"], serde_json::Value::Null);
}

fn claims_are_told_apart() {
    let claims = claims();
    let mut ids: Vec<_> = claims.iter().map(|claim| &claim.id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), claims.len());
    for subject in Subject::ALL {
        let quick = claims.iter().filter(|claim| !claim.full_only);
        assert!(quick.filter(|claim| claim.subject == subject.name()).count() >= 2);
    }
}

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    options: Options,
}

/// What `lockproof stress` says and writes.
fn lockproof_stress(flags: &str) -> (Status, String) {
    let arguments = ["stress"].into_iter().chain(flags.split_whitespace());
    let options = Cli::try_parse_from(arguments).expect("these flags are right").options;
    let mut text = Vec::new();
    let status = command(&options, &mut text, &Silent, None).expect("memory can be written");
    (status, String::from_utf8(text).expect("reports are text"))
}

fn the_report_fits_80_columns() {
    let (status, text) = lockproof_stress("--processes 3 --count 300 --kills 5 --by both --pinned");
    assert_eq!(status, Status::Good, "{text}");
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line:?} is too long");
    }
    for subject in Subject::ALL {
        let rows = text.lines().filter(|line| line.starts_with(&format!("{} ", subject.name())));
        assert_eq!(rows.count(), 2, "{text}");
    }
}

fn thousands_are_apart() {
    let (_, text) = lockproof_stress("--subject atomic --processes 2 --count 1200 --kills 0");
    assert!(text.contains("2 processes x 1 200 increments"), "{text}");
    assert_eq!(text.matches(" 2 400 ").count(), 2, "acknowledged and total:\n{text}");
}

fn json_stands_alone() {
    let (_, text) = lockproof_stress("--subject lock --processes 2 --kills 3 --seed 7 --json -");
    let report: serde_json::Value = serde_json::from_str(&text).expect("nothing but JSON");
    assert_eq!(report["seed"], 7);
    assert_eq!(report["ok"], true);
    assert_eq!(report["runs"][0]["kills"], 3);
    assert_eq!(report["runs"][0]["verdict"], "passed");
    let run = &report["runs"][0];
    for seconds in [&report["seconds"], &run["seconds"], &run["longest_stall_seconds"]] {
        let seconds = seconds.as_f64().expect("a number");
        assert_eq!((seconds * 1000.0).round() / 1000.0, seconds, "to the millisecond");
    }
}

fn flags_that_make_no_sense_are_refused() {
    let (status, text) = lockproof_stress("--subject atomic --kill-holders");
    let Status::Usage(words) = status else { panic!("{status:?}: {text}") };
    assert!(words.contains("atomic"), "{words}");
    assert_eq!(text, "");
    assert!(Cli::try_parse_from(["stress", "--subject", "nothing"]).is_err());
    assert!(Cli::try_parse_from(["stress", "--processes", "0"]).is_err());
}

const PROGRAMS: Size = Size { processes: 3, steps: 6, deaths: Some(20) };

fn programs_at_random_do_what_is_promised() {
    let draw = Draw { programs: 60, size: PROGRAMS };
    let found = by_processes(draw, false, &Budget::seeded(5), &Silent);
    assert!(matches!(found.verdict, Verdict::Bounded(_)), "{found:#?}");
}

fn a_program_without_a_lock_is_found() {
    let draw = Draw { programs: 2_000, size: PROGRAMS };
    let found = by_processes(draw, true, &Budget::seeded(5), &Silent);
    let how =
        found.counterexample.unwrap_or_else(|| panic!("nothing was found: {:?}", found.notes));
    let is_told = how.why.contains("no order of the steps") && how.why.contains("in_second");
    assert!(is_told, "{}", how.why);
}
