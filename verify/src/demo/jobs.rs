//! `lockproof demo jobs`: two processes add to one shared number, and print it after each step.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use lockproof::error::LockError;
use lockproof::{AtomicCounter, Lock, RawValue, shareable};
use serde::{Deserialize, Serialize};

use crate::stress::{End, Process, Scratch, Status, Work, probe_json, write_json};

/// How many lines there is room for.
const MOST_LINES: usize = 1024;
/// How often somebody who waits for shared memory to change looks.
const GLANCE: Duration = Duration::from_millis(1);
/// How long two processes may take beyond their sleeps before they count as stuck.
const PATIENCE: Duration = Duration::from_secs(30);

/// What `lockproof demo jobs` is to do.
#[derive(Clone, Debug, Args)]
pub struct JobsOptions {
    /// What the two processes add in each step
    #[arg(long, value_name = "A,B", default_value = "1,3", value_parser = two_numbers)]
    add: (u32, u32),

    /// How many steps each takes
    #[arg(long, value_name = "N", default_value_t = 5,
          value_parser = clap::value_parser!(u16).range(1..=(MOST_LINES / 2) as i64))]
    steps: u16,

    /// How long each sleeps before a step, in milliseconds; 0 is allowed
    #[arg(long, value_name = "MS", default_value_t = 100)]
    sleep: u64,

    /// Write the result as JSON to this file; `-` writes it to standard output, and nothing else there
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

shareable! {
    /// What the two processes share.
    pub(crate) struct Desk {
        lock: Lock,
        number: RawValue<u64>,
        begun: AtomicCounter,
        go: RawValue<bool>,
        /// How many lines have been begun.
        lines: AtomicCounter,
        /// What was printed, one more than the number each; 0 while a line is not yet written.
        printed: [RawValue<u64>; MOST_LINES],
    }
}

/// What one of the two processes does.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    add: u32,
    steps: u16,
    sleep_ms: u64,
    hold_lock: bool,
}

#[derive(Serialize)]
struct Report {
    scenario: &'static str,
    add: [u32; 2],
    steps: u16,
    sleep_ms: u64,
    /// The sequences that there can be with the lock.
    allowed: [Vec<u64>; 2],
    without_lock: Vec<u64>,
    with_lock: Vec<u64>,
    ok: bool,
}

/// Shows it.
pub(super) fn show(options: &JobsOptions, out: &mut dyn Write) -> io::Result<Status> {
    probe_json(options.json.as_deref())?;
    let json_only = options.json.as_deref() == Some(Path::new("-"));
    let mut nowhere = io::sink();
    let text: &mut dyn Write = if json_only { &mut nowhere } else { &mut *out };
    let Some(report) = show_text(options, text)? else { return Ok(Status::Bad) };
    if let Some(path) = &options.json {
        write_json(path, out, &report)?;
    }
    Ok(if report.ok { Status::Good } else { Status::Bad })
}

fn show_text(options: &JobsOptions, text: &mut dyn Write) -> io::Result<Option<Report>> {
    let JobsOptions { steps, sleep, .. } = options;
    let [a, b] = options.added();
    let allowed = [sequence([a, b], *steps), sequence([b, a], *steps)];
    writeln!(
        text,
        "Two processes add to one number, one {a} and one {b}, {steps} times each. Each sleeps {sleep} ms\n\
         before every step, and prints the number after it.\n"
    )?;
    let mut printed = Vec::new();
    for (hold_lock, title) in [(false, "without a lock"), (true, "lock around the loop")] {
        write!(text, "  {title:21}")?;
        match play(options, hold_lock, text)? {
            Ok(numbers) => printed.push(numbers),
            Err(words) => {
                writeln!(text, "\n  failed: {words}")?;
                return Ok(None);
            }
        }
        writeln!(text)?;
    }
    let with_lock = printed.pop().unwrap_or_default();
    let without_lock = printed.pop().unwrap_or_default();
    let ok = allowed.contains(&with_lock);
    writeln!(text, "\n{}", judgement(&without_lock, &with_lock, &allowed))?;
    Ok(Some(Report {
        scenario: "jobs",
        add: [a, b],
        steps: *steps,
        sleep_ms: *sleep,
        allowed,
        without_lock,
        with_lock,
        ok,
    }))
}

fn judgement(without: &Vec<u64>, with: &Vec<u64>, allowed: &[Vec<u64>; 2]) -> String {
    let mut text = String::from("One job after the other prints one of\n");
    for sequence in allowed {
        let _ = writeln!(text, "  {}", in_a_row(sequence));
    }
    text.push_str(if allowed.contains(without) {
        "Without a lock it happened to be one of them this time;\n"
    } else {
        "Without a lock it was neither;\n"
    });
    text.push_str(if allowed.contains(with) {
        "with the lock it always is."
    } else {
        "with the lock it must be, and WAS NOT."
    });
    text
}

fn two_numbers(text: &str) -> Result<(u32, u32), String> {
    let parsed = text.split_once(',').map(|(a, b)| (a.trim().parse(), b.trim().parse()));
    match parsed {
        Some((Ok(a), Ok(b))) => Ok((a, b)),
        _ => Err("two whole numbers with a comma between them are wanted, as in 1,3".into()),
    }
}

impl JobsOptions {
    const fn added(&self) -> [u32; 2] {
        [self.add.0, self.add.1]
    }

    fn longest(&self) -> Duration {
        let sleeps = 2 * u64::from(self.steps) * self.sleep;
        PATIENCE + Duration::from_millis(sleeps)
    }
}

/// What is printed if the first job is done before the second begins.
fn sequence(added: [u32; 2], steps: u16) -> Vec<u64> {
    let steps = added.into_iter().flat_map(|add| (0..steps).map(move |_| u64::from(add)));
    steps
        .scan(0, |number, add| {
            *number += add;
            Some(*number)
        })
        .collect()
}

/// Runs both jobs, and writes what they print as they do. What they printed, in the true order; or why they could not.
fn play(
    options: &JobsOptions,
    hold_lock: bool,
    text: &mut dyn Write,
) -> io::Result<Result<Vec<u64>, String>> {
    let started = match start(options, hold_lock) {
        Ok(started) => started,
        Err(words) => return Ok(Err(words)),
    };
    let (desk, mut jobs) = started;
    let (wanted, start) = (2 * usize::from(options.steps), Instant::now());
    let mut printed = Vec::new();
    while printed.len() < wanted {
        match desk.region().printed[printed.len()].load().checked_sub(1) {
            Some(number) => {
                write!(text, " {number}")?;
                text.flush()?;
                printed.push(number);
            }
            None if start.elapsed() > options.longest() => {
                return Ok(Err(format!(
                    "{} of {wanted} steps after {:?}",
                    printed.len(),
                    options.longest()
                )));
            }
            None => {
                if let Some(words) = failure(&mut jobs) {
                    return Ok(Err(words));
                }
                thread::sleep(GLANCE);
            }
        }
    }
    Ok(Ok(printed))
}

fn start(options: &JobsOptions, hold_lock: bool) -> Result<(Scratch<Desk>, Vec<Process>), String> {
    let desk = Scratch::<Desk>::inherited().map_err(|error| error.to_string())?;
    let mut jobs = Vec::new();
    for add in options.added() {
        let job = Job { add, steps: options.steps, sleep_ms: options.sleep, hold_lock };
        jobs.push(desk.start(Work::Job(job)).map_err(|error| error.to_string())?);
    }
    let start = Instant::now();
    while desk.region().begun.get() < 2 {
        if let Some(words) = failure(&mut jobs) {
            return Err(words);
        }
        if start.elapsed() > PATIENCE {
            return Err(format!("the processes did not begin within {PATIENCE:?}"));
        }
        thread::sleep(GLANCE);
    }
    desk.region().go.store(true);
    Ok((desk, jobs))
}

fn failure(jobs: &mut [Process]) -> Option<String> {
    jobs.iter_mut().find_map(|job| match job.end() {
        Ok(None | Some(End::Done)) => None,
        Ok(Some(End::Killed)) => Some("a process was killed by somebody else".into()),
        Ok(Some(End::Failed(how))) => Some(format!("a process {how}")),
        Err(error) => Some(error.to_string()),
    })
}

impl Job {
    /// Does it.
    ///
    /// # Errors
    ///
    /// Why it could not, in words.
    pub(crate) fn run(&self, desk: &Desk) -> Result<(), String> {
        desk.begun.increment();
        while !desk.go.load() {
            thread::sleep(GLANCE);
        }
        if self.hold_lock {
            self.take(&desk.lock)?;
        }
        for _ in 0..self.steps {
            thread::sleep(Duration::from_millis(self.sleep_ms));
            let number = desk.number.load() + u64::from(self.add);
            desk.number.store(number);
            desk.print(number);
        }
        if self.hold_lock {
            desk.lock.release().map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    fn take(&self, lock: &Lock) -> Result<(), String> {
        lock.acquire(true, None).map(|_| ()).map_err(|error: LockError<()>| error.to_string())
    }
}

impl Desk {
    /// The line's place is taken in the same moment for both processes to see: so the lines are in true order.
    fn print(&self, number: u64) {
        let line = self.lines.increment();
        if let Some(place) = usize::try_from(line).ok().and_then(|line| self.printed.get(line)) {
            place.store(number + 1);
        }
    }
}

fn in_a_row(numbers: &[u64]) -> String {
    numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(" ")
}
