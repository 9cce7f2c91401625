//! `lockproof merge`: joins the reports of a run's shards.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::reports::Reports;
use super::{Exit, Failure, Output};
use crate::report::record::{Line, Record};
use crate::report::target::Target;
use crate::report::text::Layout;
use crate::report::trouble::in_words;

/// What `merge` is asked for.
#[derive(Args, Clone, Debug)]
pub(super) struct Options {
    /// The reports that `check --shard K/N --json FILE` has written: all N of them
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    reports: Reports,
}

impl Options {
    /// Where the report for programs goes.
    pub(super) const fn json(&self) -> Option<&Target> {
        self.reports.json()
    }
}

/// Joins them, and says what came of the whole run.
pub(super) fn run(options: &Options, mut out: Output) -> Result<Exit, Failure> {
    options.reports.probe()?;
    let shards = options.files.iter().map(read).collect::<Result<Vec<Record>, Failure>>()?;
    let whole = Record::merged(shards)
        .map_err(|why| Failure::Usage(format!("these reports cannot be joined: {why}")))?;
    let lines = whole.lines().map_err(Failure::Usage)?;
    let layout = Layout::of(&[], &out);
    out.write_all(layout.merged(&whole, &lines, options.files.len()).as_bytes())?;
    options.reports.write(&whole.text())?;
    Ok(exit(&lines))
}

fn read(path: &PathBuf) -> Result<Record, Failure> {
    let because = |why: String| Failure::Usage(format!("{}: {why}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| {
        Failure::Usage(format!("{} cannot be read: {}", path.display(), in_words(&error)))
    })?;
    Record::parse(&text).map_err(because)
}

/// How a run with these claims ends.
pub(super) fn exit(lines: &[Line]) -> Exit {
    if lines.iter().any(Line::has_failed) {
        Exit::ClaimFailed
    } else if lines.iter().any(Line::is_late) {
        Exit::TimeLimit
    } else {
        Exit::AllHold
    }
}

#[cfg(test)]
mod tests;
