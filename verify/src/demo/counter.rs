//! `lockproof demo counter`: one counter, four ways to count on it.

mod cost;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use crate::claim::{Budget, Progress};
use crate::report::json;
use crate::report::numbers::count;
use crate::stress::{Ended, Outcome, Plan, Status, Subject, probe_json, run, wrapped, write_json};
use cost::Cost;

/// What `lockproof demo counter` is to do.
#[derive(Clone, Debug, Args)]
pub struct CounterOptions {
    /// How many processes count
    #[arg(long, value_name = "N", default_value_t = 10,
          value_parser = clap::value_parser!(u16).range(1..=256))]
    processes: u16,

    /// How many increments each makes
    #[arg(long, value_name = "N", default_value_t = 50)]
    increments: u64,

    /// How long each sleeps between increments, in milliseconds; 0 is allowed
    #[arg(long, value_name = "MS", default_value_t = 50)]
    sleep: u64,

    /// How far apart read and write are without a lock, in microseconds: an interpreter takes its time there
    #[arg(long, value_name = "US", default_value_t = 100)]
    window: u64,

    /// Do not measure what the lock costs
    #[arg(long)]
    no_cost: bool,

    /// Write the result as JSON to this file; `-` writes it to standard output, and nothing else there
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// A way to count.
#[derive(Clone, Copy, Debug)]
struct Way {
    name: &'static str,
    what: &'static str,
    subject: Subject,
}

const WAYS: [Way; 4] = [
    Way { name: "unlocked", what: "read, add, write", subject: Subject::Unlocked },
    Way { name: "separate-lock", what: "a lock beside the value", subject: Subject::Lock },
    Way { name: "value-lock", what: "the value's own reentrant lock", subject: Subject::Value },
    Way { name: "counter", what: "value and lock in one object", subject: Subject::Counter },
];

#[derive(Serialize)]
struct Report {
    scenario: &'static str,
    processes: u16,
    increments: u64,
    sleep_ms: u64,
    window_us: u64,
    expected: u64,
    ok: bool,
    ways: Vec<Entry>,
    cost: Option<Cost>,
}

#[derive(Serialize)]
struct Entry {
    name: &'static str,
    total: Option<u64>,
    lost: u64,
    ok: bool,
    seconds: f64,
    complaints: Vec<String>,
}

/// Shows it.
pub(super) fn show(
    options: &CounterOptions,
    out: &mut dyn Write,
    progress: &dyn Progress,
) -> io::Result<Status> {
    probe_json(options.json.as_deref())?;
    let json_only = options.json.as_deref() == Some(Path::new("-"));
    let mut nowhere = io::sink();
    let text: &mut dyn Write = if json_only { &mut nowhere } else { &mut *out };
    let report = show_text(options, text, progress)?;
    if let Some(path) = &options.json {
        write_json(path, out, &report)?;
    }
    Ok(if report.ok { Status::Good } else { Status::Bad })
}

fn show_text(
    options: &CounterOptions,
    text: &mut dyn Write,
    progress: &dyn Progress,
) -> io::Result<Report> {
    let CounterOptions { processes, increments, sleep, window, .. } = options;
    let expected = u64::from(*processes) * increments;
    writeln!(
        text,
        "One counter, {processes} processes, {} increments each, {sleep} ms of sleep between.\n\
         Expected: {}. Without a lock, read and write are {window} us apart.\n",
        count(*increments),
        count(expected),
    )?;
    let mut ways = Vec::new();
    for way in &WAYS {
        let outcome = run(&options.plan(way.subject), &budget(), progress);
        let entry = entry(way, &outcome);
        writeln!(text, "  {:14} {:30} {}", way.name, way.what, in_words(&entry))?;
        for line in entry.complaints.iter().flat_map(|complaint| wrapped(complaint, 74)) {
            writeln!(text, "      {line}")?;
        }
        text.flush()?;
        ways.push(entry);
    }
    let cost = if options.no_cost { None } else { Some(Cost::measure(*processes, progress)) };
    match &cost {
        None => {}
        Some(Ok(cost)) => writeln!(text, "\n{cost}")?,
        Some(Err(words)) => writeln!(text, "\nThe cost could not be measured: {words}")?,
    }
    Ok(Report {
        scenario: "counter",
        processes: *processes,
        increments: *increments,
        sleep_ms: *sleep,
        window_us: *window,
        expected,
        ok: ways.iter().all(|way| way.ok) && !matches!(cost, Some(Err(_))),
        ways,
        cost: cost.and_then(Result::ok),
    })
}

impl CounterOptions {
    fn plan(&self, subject: Subject) -> Plan {
        let pause = Duration::from_millis(self.sleep);
        let plan = Plan::new(subject, self.processes.into(), self.increments);
        // Sleeping is no lack of progress.
        let watchdog = plan.watchdog + pause;
        Plan { pause, window: Duration::from_micros(self.window), watchdog, ..plan }
    }
}

/// Losing nothing without a lock is luck, and no error.
fn entry(way: &Way, outcome: &Outcome) -> Entry {
    let finished = outcome.ended == Ended::Finished;
    let unlocked = way.subject == Subject::Unlocked;
    let ok = finished && (unlocked || outcome.ok());
    Entry {
        name: way.name,
        total: finished.then_some(outcome.ledger.total),
        lost: outcome.ledger.lost(),
        ok,
        seconds: json::seconds(outcome.worked),
        complaints: if ok { Vec::new() } else { outcome.complaints() },
    }
}

fn in_words(entry: &Entry) -> String {
    let Entry { name, total, lost, seconds, .. } = entry;
    let Some(total) = total else { return "failed".into() };
    let verdict = match (lost, *name) {
        (0, "unlocked") => "none lost".into(),
        (0, _) => "exact".into(),
        (lost, _) => format!("{} lost", count(*lost)),
    };
    format!("{:>7}  {verdict:<11} {seconds:>5.1} s", count(*total))
}

fn budget() -> Budget {
    Budget::seeded(0)
}
