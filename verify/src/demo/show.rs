//! What the demonstrations have in common for those who look on: flags, text, the verdict, and the report for programs.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use super::cost::Cost;
use super::stage::{Cast, Event, Seen};
use super::verdict::{Ran, verdict};
use crate::claim::Progress;
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
#[derive(Clone, Copy, Debug)]
pub(super) struct Way<How> {
    pub(super) name: &'static str,
    pub(super) what: &'static str,
    pub(super) locked: bool,
    /// For the scenario itself, where it has several locks to choose from.
    pub(super) how: How,
}

/// What there is to see of a way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// What its processes say, line by line.
    Lines,
    /// The same in [words](Stage::word). Nothing else can move on a terminal meanwhile: the line is not yet complete.
    Words,
    /// Nothing but the result, on one line.
    Result,
}

/// A program that people write, and get wrong.
pub(super) trait Scenario: Serialize + JsonSchema {
    /// Its name.
    const NAME: &'static str;
    /// What tells its ways apart, beside whether there is a lock.
    type How: Copy + 'static;
    /// The ways to do it, in the order in which they are shown.
    const WAYS: &'static [Way<Self::How>];
    /// What there is to see of each way.
    const SHOWN: Shown = Shown::Lines;
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
    fn run(&self, way: &Way<Self::How>, stage: &mut Stage<'_>) -> Result<Self::Outcome, Trouble>;
    /// What it costs, measured for itself, where that is wanted.
    fn cost(&self) -> Option<Result<Cost, String>> {
        None
    }
}

/// What came of one way.
pub(super) trait Outcome: Serialize + JsonSchema {
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
    /// What there is to say besides, on lines of its own.
    fn more(&self) -> Option<String> {
        None
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
    shown: Shown,
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
        if self.shown != Shown::Words {
            self.progress.report(done, all, of_what);
        }
    }

    /// Takes note of how long it took and of who was seen, where no processes were [watched](Self::watch).
    pub(super) fn note(&mut self, took: Duration, seen: Vec<Seen>) {
        (self.took, self.seen) = (took, seen);
    }
}

/// What there was to see, for programs.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "{S}Report")]
pub(super) struct Report<'a, S: Scenario> {
    scenario: &'static str,
    #[serde(flatten)]
    sizes: &'a S,
    expected: String,
    ways: Vec<Ran<S::Outcome>>,
    cost: Option<Cost>,
    verdict: String,
    ok: bool,
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
    paragraph(text, &scenario.introduction(), 0)?;
    if S::SHOWN == Shown::Result {
        writeln!(text)?;
    }
    let wanted = |way: &&Way<_>| if way.locked { !flags.without_lock } else { !flags.with_lock };
    let mut ways = Vec::new();
    for way in S::WAYS.iter().filter(wanted) {
        ways.push(show_way(scenario, way, text, progress)?);
    }
    let (cost, no_cost) = match scenario.cost().transpose() {
        Ok(cost) => (cost, None),
        Err(words) => (None, Some(words)),
    };
    if let Some(cost) = &cost {
        writeln!(text, "\n{cost}")?;
    }
    if let Some(words) = &no_cost {
        paragraph(text, &format!("The cost could not be measured: {words}"), 0)?;
    }
    let expected = scenario.expected();
    let verdict = verdict(&expected, &ways);
    writeln!(text)?;
    paragraph(text, &verdict, 0)?;
    let ok = ways.iter().all(|ran| ran.ok) && no_cost.is_none();
    Ok(Report { scenario: S::NAME, sizes: scenario, expected, ways, cost, verdict, ok })
}

fn show_way<S: Scenario>(
    scenario: &S,
    way: &Way<S::How>,
    text: &mut dyn Write,
    progress: &dyn Progress,
) -> io::Result<Ran<S::Outcome>> {
    if S::SHOWN != Shown::Result {
        writeln!(text, "\n{}: {}", way.name, way.what)?;
        text.flush()?;
    }
    let (took, seen) = (Duration::ZERO, Vec::new());
    let mut stage = Stage { text, progress, shown: S::SHOWN, column: 0, took, seen };
    let outcome = match scenario.run(way, &mut stage) {
        Err(Trouble::Output(error)) => return Err(error),
        Err(Trouble::Failed(words)) => Err(words),
        Ok(outcome) => Ok(outcome),
    };
    let Stage { column, took, seen, .. } = stage;
    if column > 0 {
        writeln!(text)?;
    }
    let ran = Ran::new(way, outcome, took, seen);
    if S::SHOWN == Shown::Result {
        writeln!(text, "{}", ran.in_a_row())?;
        if let Some(more) = ran.more() {
            paragraph(text, &more, 4)?;
        }
    } else {
        paragraph(text, &ran.in_words(), 2)?;
    }
    if scenario.flags().cpus {
        ran.tell_processors(text)?;
    }
    text.flush()?;
    Ok(ran)
}

fn paragraph(text: &mut dyn Write, words: &str, indent: usize) -> io::Result<()> {
    let lines = wrapped(words, WIDTH - indent);
    lines.iter().try_for_each(|line| writeln!(text, "{:indent$}{line}", ""))
}
