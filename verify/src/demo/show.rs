//! What the demonstrations have in common for those who look on: flags, text, the verdict, and the report for programs.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::cost::Cost;
use super::stage::{Cast, Event, Seen};
use crate::claim::Progress;
use crate::report::json;
use crate::stress::{Status, probe_json, wrapped, write_json};

/// How wide the text is.
const WIDTH: usize = 80;

/// Flags that all have.
#[derive(Clone, Debug, Args)]
pub(super) struct Flags {
    /// Show only what happens without the lock
    #[arg(long, conflicts_with = "with_lock")]
    without_lock: bool,

    /// Show only what happens with it
    #[arg(long)]
    with_lock: bool,

    /// Say on which processors each process was seen
    #[arg(long)]
    cpus: bool,

    /// Write the result as JSON to this file; `-` writes it to standard output, and nothing else there
    #[arg(long, value_name = "FILE|-")]
    json: Option<PathBuf>,
}

/// A way to do it: without the lock, or with one.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Way {
    pub(super) name: &'static str,
    #[serde(skip)]
    pub(super) what: &'static str,
    pub(super) locked: bool,
}

/// A program that people write, and get wrong.
pub(super) trait Scenario: Serialize {
    /// Its name.
    const NAME: &'static str;
    /// The ways to do it, in the order in which they are shown.
    const WAYS: &'static [Way];
    /// Whether each way is told on one line: there is nothing else to see of it.
    const IN_A_ROW: bool = false;
    /// What comes of one.
    type Outcome: Outcome;

    /// The common flags.
    fn flags(&self) -> &Flags;
    /// What it does, and with which sizes.
    fn introduction(&self) -> String;
    /// What should come of it.
    fn expected(&self) -> String;
    /// Does it, in one way.
    ///
    /// # Errors
    ///
    /// Why it could not be done.
    fn run(&self, way: &Way, stage: &mut Stage<'_>) -> Result<Self::Outcome, Trouble>;
    /// What it costs, measured for itself, where that is wanted.
    fn cost(&self) -> Option<Result<Cost, String>> {
        None
    }
}

/// What came of one way.
pub(super) trait Outcome: Serialize {
    /// What there was, in a few words.
    fn in_words(&self) -> String;
    /// What is lost or broken.
    fn wrong(&self) -> Vec<String>;
    /// What is said if nothing is wrong, as is to be with a lock.
    fn right(&self) -> &'static str {
        "right"
    }
    /// What is said if nothing is wrong without a lock.
    fn luck(&self) -> &'static str {
        "nothing went wrong this time, by luck"
    }
    /// How much was done, of what, if what one took is of interest.
    fn done(&self) -> Option<(u64, &'static str)> {
        None
    }
}

/// Why a run could not be shown.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The text cannot be written; perhaps nobody reads it any more.
    Output(io::Error),
    /// Something else, in words.
    Failed(String),
}

impl From<String> for Trouble {
    fn from(words: String) -> Self {
        Self::Failed(words)
    }
}

/// Where a run is shown, and what is known of it.
pub(super) struct Stage<'a> {
    text: &'a mut dyn Write,
    progress: &'a dyn Progress,
    column: usize,
    took: Duration,
    seen: Vec<Seen>,
}

impl Stage<'_> {
    /// Writes a word, on a new line where this one is full.
    pub(super) fn word(&mut self, word: &str) -> Result<(), Trouble> {
        let width = 1 + word.chars().count();
        let is_full = self.column + width > WIDTH;
        let before = if is_full {
            "\n  "
        } else if self.column == 0 {
            "  "
        } else {
            " "
        };
        self.column = if is_full || self.column == 0 { 1 + width } else { self.column + width };
        self.write(&format!("{before}{word}"))
    }

    /// Writes that, at once.
    pub(super) fn write(&mut self, text: &str) -> Result<(), Trouble> {
        let written = self.text.write_all(text.as_bytes()).and_then(|()| self.text.flush());
        written.map_err(Trouble::Output)
    }

    /// Lets the processes go, and tells of everything they do, until all have ended.
    pub(super) fn watch(
        &mut self,
        mut cast: Cast,
        mut tell: impl FnMut(&mut Self, &mut Cast, usize, &Event) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        let all = cast.seen().len() as u64;
        cast.begin()?;
        let mut ended = 0;
        while let Some((number, event)) = cast.next()? {
            let now = match &event {
                Event::Said(words) => format!("processes done; {}: {words}", cast.process(number)),
                Event::Quiet => String::new(),
                Event::Ended | Event::Killed => {
                    ended += 1;
                    "processes done".to_owned()
                }
            };
            if !now.is_empty() {
                self.progress(ended, all.max(ended), &now);
            }
            tell(self, &mut cast, number, &event)?;
        }
        self.took = cast.took();
        self.seen = cast.seen();
        Ok(())
    }

    /// Says how far it is.
    pub(super) fn progress(&self, done: u64, all: u64, of_what: &str) {
        self.progress.report(done, all, of_what);
    }

    /// Takes note of how long it took and of who was seen, where no processes were [watched](Self::watch).
    pub(super) fn note(&mut self, took: Duration, seen: Vec<Seen>) {
        (self.took, self.seen) = (took, seen);
    }
}

#[derive(Serialize)]
struct Report<'a, S: Scenario> {
    scenario: &'static str,
    #[serde(flatten)]
    sizes: &'a S,
    expected: String,
    ways: Vec<Ran<S::Outcome>>,
    cost: Option<Cost>,
    verdict: String,
    ok: bool,
}

#[derive(Serialize)]
struct Ran<O> {
    #[serde(flatten)]
    way: Way,
    #[serde(flatten)]
    outcome: Option<O>,
    wrong: Vec<String>,
    ok: bool,
    seconds: f64,
    seen: Vec<Seen>,
}

/// Shows a scenario, each way after the other.
///
/// # Errors
///
/// If the text or the report cannot be written.
pub(super) fn show<S: Scenario>(
    scenario: &S,
    out: &mut dyn Write,
    progress: &dyn Progress,
) -> io::Result<Status> {
    let json = scenario.flags().json.as_deref();
    probe_json(json)?;
    let mut nowhere = io::sink();
    let json_only = json == Some(Path::new("-"));
    let text: &mut dyn Write = if json_only { &mut nowhere } else { &mut *out };
    let report = perform(scenario, text, progress)?;
    if let Some(path) = json {
        write_json(path, out, &report)?;
    }
    Ok(if report.ok { Status::Good } else { Status::Bad })
}

fn perform<'a, S: Scenario>(
    scenario: &'a S,
    text: &mut dyn Write,
    progress: &dyn Progress,
) -> io::Result<Report<'a, S>> {
    let flags = scenario.flags();
    paragraph(text, &scenario.introduction())?;
    let wanted = |way: &&Way| if way.locked { !flags.without_lock } else { !flags.with_lock };
    if S::IN_A_ROW {
        writeln!(text)?;
    }
    let mut ways = Vec::new();
    for way in S::WAYS.iter().filter(wanted) {
        if S::IN_A_ROW {
            write!(text, "  {:14} {:30} ", way.name, way.what)?;
        } else {
            writeln!(text, "\n{}: {}", way.name, way.what)?;
        }
        text.flush()?;
        let mut stage = Stage { text, progress, column: 0, took: Duration::ZERO, seen: Vec::new() };
        let outcome = match scenario.run(way, &mut stage) {
            Err(Trouble::Output(error)) => return Err(error),
            Err(Trouble::Failed(words)) => Err(words),
            Ok(outcome) => Ok(outcome),
        };
        let ran = ran(*way, outcome, stage.took, stage.seen);
        if S::IN_A_ROW {
            writeln!(text, "{}", ran.in_a_row())?;
        } else {
            paragraph_indented(text, &ran.in_words())?;
        }
        if flags.cpus {
            tell_processors(text, &ran.seen)?;
        }
        ways.push(ran);
    }
    let (cost, no_cost) = match scenario.cost().transpose() {
        Ok(cost) => (cost, None),
        Err(words) => (None, Some(words)),
    };
    if let Some(cost) = &cost {
        writeln!(text, "\n{cost}")?;
    }
    if let Some(words) = &no_cost {
        paragraph(text, &format!("The cost could not be measured: {words}"))?;
    }
    let expected = scenario.expected();
    let verdict = verdict(&expected, &ways);
    writeln!(text)?;
    paragraph(text, &verdict)?;
    let ok = ways.iter().all(|ran| ran.ok) && no_cost.is_none();
    Ok(Report { scenario: S::NAME, sizes: scenario, expected, ways, cost, verdict, ok })
}

/// What goes wrong without a lock is what there was to be seen; what cannot be run at all is another thing.
fn ran<O: Outcome>(
    way: Way,
    outcome: Result<O, String>,
    took: Duration,
    seen: Vec<Seen>,
) -> Ran<O> {
    let (outcome, wrong) = match outcome {
        Ok(outcome) => {
            let wrong = outcome.wrong();
            (Some(outcome), wrong)
        }
        Err(words) => (None, vec![words]),
    };
    let ok = outcome.is_some() && (wrong.is_empty() || !way.locked);
    Ran { way, outcome, wrong, ok, seconds: json::seconds(took), seen }
}

impl<O: Outcome> Ran<O> {
    fn in_words(&self) -> String {
        match &self.outcome {
            Some(outcome) => {
                format!("{}: {}. {:.2} s", outcome.in_words(), self.judgement(), self.seconds)
            }
            None => format!("failed: {}", self.wrong.join("; ")),
        }
    }

    fn in_a_row(&self) -> String {
        match &self.outcome {
            Some(outcome) => {
                let (words, judgement) = (outcome.in_words(), self.judgement());
                format!("{words}  {judgement:<11} {:>6.2} s", self.seconds)
            }
            None => self.in_words(),
        }
    }

    fn judgement(&self) -> String {
        match &self.outcome {
            Some(outcome) if self.wrong.is_empty() && self.way.locked => outcome.right().to_owned(),
            Some(outcome) if self.wrong.is_empty() => outcome.luck().to_owned(),
            _ => self.wrong.join(", "),
        }
    }

    /// What one took, in milliseconds.
    fn cost(&self) -> Option<(f64, &'static str)> {
        let (done, what) = self.outcome.as_ref()?.done()?;
        (done > 0).then(|| (self.seconds * 1_000.0 / done as f64, what))
    }
}

/// What was expected, what came of it, and what it cost.
fn verdict<O: Outcome>(expected: &str, ways: &[Ran<O>]) -> String {
    let mut text = format!("Expected: {expected}.");
    for ran in ways {
        let loudly = if ran.ok { "" } else { "WRONG: " };
        text.push_str(&format!(" {}: {loudly}{}.", ran.way.name, ran.judgement()));
    }
    let costs: Vec<_> = ways.iter().filter_map(|ran| Some((ran.way.name, ran.cost()?))).collect();
    if let [(_, (_, what)), ..] = costs[..] {
        let each = costs.iter().map(|(name, (cost, _))| format!("{cost:.3} ms {name}"));
        let each: Vec<String> = each.collect();
        text.push_str(&format!(" What one {what} took: {}.", each.join(", ")));
    }
    text
}

fn tell_processors(text: &mut dyn Write, seen: &[Seen]) -> io::Result<()> {
    for Seen { who, end, cpus } in seen {
        let cpus: Vec<String> = cpus.iter().map(usize::to_string).collect();
        writeln!(text, "    {who} ran on {}, {end}", cpus.join(" and "))?;
    }
    Ok(())
}

fn paragraph(text: &mut dyn Write, words: &str) -> io::Result<()> {
    wrapped(words, WIDTH).iter().try_for_each(|line| writeln!(text, "{line}"))
}

fn paragraph_indented(text: &mut dyn Write, words: &str) -> io::Result<()> {
    wrapped(words, WIDTH - 2).iter().try_for_each(|line| writeln!(text, "  {line}"))
}
