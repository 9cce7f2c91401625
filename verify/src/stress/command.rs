//! `lockproof stress`.

use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::Serialize;

use super::course::Course;
use super::histories::Recorded;
use super::ledger::Ledger;
use super::options::Options;
use super::outcome::Outcome;
use super::page;
use super::run::run;
use super::soak::{self, Account, Broken, Figures, Own, SoakPlan, Soaked, Throughput, Troubles};
use super::table;
use crate::claim::{Budget, Progress};
use crate::report::json::seconds;
use crate::report::target::Target;
use crate::verdict::Verdict;

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// Everything went as expected.
    Good,
    /// Something did not.
    Bad,
    /// The time limit came first, and nothing was wrong before.
    TimeLimit,
    /// The flags cannot be combined like that. Why, in words.
    Usage(String),
}

/// The report as JSON.
#[derive(Serialize, JsonSchema)]
struct Report<'a> {
    lockproof: &'static str,
    seed: u64,
    seconds: f64,
    ok: bool,
    runs: Vec<Entry<'a>>,
    /// Of `--for`, instead of runs.
    soak: Option<SoakEntry<'a>>,
}

/// What `--for` came to.
#[derive(Serialize, JsonSchema)]
struct SoakEntry<'a> {
    processes: usize,
    asked_seconds: f64,
    by: &'static str,
    broken: Option<&'static str>,
    verdict: &'static str,
    expected: crate::claim::Expected,
    ok: bool,
    complaints: Vec<String>,
    primitives: &'a [Account],
    troubles: Troubles,
    audits: u64,
    throughput: Throughput,
    longest_stall_seconds: f64,
    beginning: Figures,
    end: Figures,
    veteran_at_first: Own,
    veteran_in_the_end: Own,
    course: &'a Course,
    command: String,
}

#[derive(Serialize, JsonSchema)]
struct Entry<'a> {
    subject: &'static str,
    by: &'static str,
    cpus: &'static str,
    processes: usize,
    increments: u64,
    window_us: u128,
    verdict: &'static str,
    expected: crate::claim::Expected,
    ok: bool,
    lost: u64,
    #[serde(flatten)]
    ledger: &'a Ledger,
    complaints: Vec<String>,
    histories: Option<&'a Recorded>,
    seconds: f64,
    longest_stall_seconds: f64,
    course: &'a Course,
    command: String,
}

/// What it looks like.
pub(crate) fn schema() -> schemars::Schema {
    crate::report::schema::of::<Report<'_>>()
}

/// Does what the flags say, and writes the report to `out`, line by line as runs end.
///
/// # Errors
///
/// If the report cannot be written.
pub fn command(
    options: &Options,
    out: &mut dyn Write,
    progress: &dyn Progress,
    until: Option<Instant>,
) -> io::Result<Status> {
    probe_json(options.json())?;
    options.html().map_or(Ok(()), Target::probe)?;
    let (seed, started) = (options.seed(), Instant::now());
    match options.soak_plan(seed) {
        Ok(None) => {}
        Ok(Some(plan)) => return soak_command(options, &plan, out, progress, until),
        Err(words) => return Ok(Status::Usage(words)),
    }
    let plans = match options.plans(seed) {
        Ok(plans) => plans,
        Err(words) => return Ok(Status::Usage(words)),
    };
    let mut nowhere = io::sink();
    let json_only = options.json() == Some(Path::new("-"));
    let text: &mut dyn Write = if json_only { &mut nowhere } else { &mut *out };
    writeln!(text, "{}\n\n{}", table::introduction(&plans, seed), table::HEAD)?;
    let budget = Budget { until, ..Budget::seeded(seed) };
    let mut outcomes = Vec::new();
    for plan in &plans {
        let outcome = run(plan, &budget, progress);
        writeln!(text, "{}", table::row(&outcome))?;
        text.flush()?;
        outcomes.push(outcome);
    }
    if plans.iter().any(|plan| plan.kills > 0) {
        writeln!(text, "\n{}", table::LEGEND)?;
    }
    writeln!(text, "\n{}", table::conclusion(&outcomes))?;
    if let Some(path) = options.json() {
        write_json(path, out, &report(seed, started.elapsed(), &outcomes))?;
    }
    if let Some(target) = options.html() {
        target.write(&page::report(&outcomes, seed, started.elapsed()))?;
    }
    Ok(status(&outcomes))
}

fn soak_command(
    options: &Options,
    plan: &SoakPlan,
    out: &mut dyn Write,
    progress: &dyn Progress,
    until: Option<Instant>,
) -> io::Result<Status> {
    let mut nowhere = io::sink();
    let json_only = options.json() == Some(Path::new("-"));
    let text: &mut dyn Write = if json_only { &mut nowhere } else { &mut *out };
    writeln!(text, "{}\n", soak::introduction(plan))?;
    text.flush()?;
    let soaked = soak::soak(plan, &Budget { until, ..Budget::seeded(plan.seed) }, progress);
    writeln!(text, "{}\n\n{}", soak::table(&soaked), soak::conclusion(&soaked))?;
    if let Some(path) = options.json() {
        write_json(path, out, &soak_report(&soaked))?;
    }
    if let Some(target) = options.html() {
        target.write(&page::soak_report(&soaked))?;
    }
    Ok(match (soaked.ok(), soaked.verdict()) {
        (true, _) => Status::Good,
        (false, Verdict::Timeout { .. }) => Status::TimeLimit,
        (false, _) => Status::Bad,
    })
}

fn soak_report(soaked: &Soaked) -> Report<'_> {
    let SoakPlan { processes, lasting, by, seed, broken, .. } = &soaked.plan;
    let entry = SoakEntry {
        processes: *processes,
        asked_seconds: seconds(*lasting),
        by: by.name(),
        broken: broken.map(Broken::name),
        verdict: soaked.verdict().word(),
        expected: soaked.plan.expected(),
        ok: soaked.ok(),
        complaints: soaked.complaints(),
        primitives: &soaked.accounts,
        troubles: soaked.troubles,
        audits: soaked.audits,
        throughput: soaked.throughput(),
        longest_stall_seconds: seconds(soaked.longest_stall),
        beginning: soaked.left[0],
        end: soaked.left[1],
        veteran_at_first: soaked.veteran[0],
        veteran_in_the_end: soaked.veteran[1],
        course: &soaked.course,
        command: soaked.plan.command(),
    };
    Report {
        lockproof: env!("CARGO_PKG_VERSION"),
        seed: *seed,
        seconds: seconds(soaked.took),
        ok: soaked.ok(),
        runs: Vec::new(),
        soak: Some(entry),
    }
}

fn status(outcomes: &[Outcome]) -> Status {
    let timed_out = |outcome: &&Outcome| matches!(outcome.verdict(), Verdict::Timeout { .. });
    let mut failed = outcomes.iter().filter(|outcome| !outcome.ok()).peekable();
    if failed.peek().is_none() {
        Status::Good
    } else if failed.all(|outcome| timed_out(&outcome)) {
        Status::TimeLimit
    } else {
        Status::Bad
    }
}

fn report(seed: u64, took: Duration, outcomes: &[Outcome]) -> Report<'_> {
    Report {
        lockproof: env!("CARGO_PKG_VERSION"),
        seed,
        seconds: seconds(took),
        ok: outcomes.iter().all(Outcome::ok),
        runs: outcomes.iter().map(entry).collect(),
        soak: None,
    }
}

fn entry(outcome: &Outcome) -> Entry<'_> {
    let plan = &outcome.plan;
    Entry {
        subject: plan.subject.name(),
        by: plan.by.name(),
        cpus: plan.placement(),
        processes: plan.processes,
        increments: plan.increments,
        window_us: plan.window.as_micros(),
        verdict: outcome.verdict().word(),
        expected: plan.expected(),
        ok: outcome.ok(),
        lost: outcome.ledger.lost(),
        ledger: &outcome.ledger,
        complaints: outcome.complaints(),
        histories: outcome.histories.as_ref(),
        seconds: seconds(outcome.took),
        longest_stall_seconds: seconds(outcome.longest_stall),
        course: &outcome.course,
        command: plan.command(),
    }
}

/// Finds out, before the work, whether [`write_json`] will be able to write there.
///
/// # Errors
///
/// If not; the message names the file.
pub fn probe_json(path: Option<&Path>) -> io::Result<()> {
    path.map_or(Ok(()), |path| target(path).probe())
}

/// Writes a report as JSON to `out` if the path is `-`, and otherwise to that file: whole, or not at all.
///
/// # Errors
///
/// If it cannot be written; the message names the file.
pub fn write_json(path: &Path, out: &mut dyn Write, report: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_string_pretty(report)?;
    text.push('\n');
    match target(path) {
        Target::Stdout => out.write_all(text.as_bytes()),
        file => file.write(&text),
    }
}

fn target(path: &Path) -> Target {
    if path == Path::new("-") { Target::Stdout } else { Target::File(path.to_owned()) }
}
