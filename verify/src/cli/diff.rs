//! `lockproof diff`: what has changed from one report to another, and whether anything was lost.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::{Exit, Failure, Output};
use crate::report::difference::{Change, Difference};
use crate::report::numbers::counted;
use crate::report::target::Target;
use crate::report::trouble::in_words as in_words_of;

/// What `diff` is asked for.
#[derive(Args, Clone, Debug)]
pub(super) struct Options {
    /// The report to compare with, of `check --json`, `merge --json` or `mutate --json`
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The report that is compared with it, of the same command
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// Write what has changed as JSON to FILE, whole or not at all; with -, it is all that standard output holds
    #[arg(long, value_name = "FILE|-")]
    json: Option<Target>,
}

impl Options {
    /// Where the report for programs goes.
    pub(super) const fn json(&self) -> Option<&Target> {
        self.json.as_ref()
    }
}

/// Compares them. Fails if anything has become worse.
pub(super) fn run(options: &Options, mut out: Output) -> Result<Exit, Failure> {
    if let Some(target) = &options.json {
        target.probe()?;
    }
    let difference = Difference::between(&read(&options.old)?, &read(&options.new)?)
        .map_err(|why| Failure::Usage(format!("these reports cannot be compared: {why}")))?;
    out.write_all(in_words(&difference).as_bytes())?;
    out.flush()?;
    if let Some(target) = &options.json {
        target.write(&difference.json())?;
    }
    Ok(if difference.worse.is_empty() { Exit::AllHold } else { Exit::ClaimFailed })
}

fn read(path: &PathBuf) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| {
        Failure::Usage(format!("{} cannot be read: {}", path.display(), in_words_of(&error)))
    })
}

fn in_words(difference: &Difference) -> String {
    let Difference { of, worse, better, new, same, remarks } = difference;
    let mut text: String = remarks.iter().map(|remark| format!("{remark}\n")).collect();
    for (title, changes) in [("worse", worse), ("better", better), ("new", new)] {
        if !changes.is_empty() {
            text += &format!("{title}:\n");
            text.extend(changes.iter().map(line));
        }
    }
    let number = |changes: &[Change]| changes.len();
    let (worse, better, new) = (number(worse), number(better), number(new));
    let all = counted(worse + better + new + same, of);
    text + &format!("{all}: {worse} worse, {better} better, {new} new, {same} the same\n")
}

fn line(change: &Change) -> String {
    let Change { id, before, after } = change;
    match (before, after) {
        (Some(before), Some(after)) => format!("  {id}\n    was  {before}\n    now  {after}\n"),
        (Some(before), None) => format!("  {id}\n    was  {before}\n    now  not there\n"),
        (None, after) => format!("  {id}\n    {}\n", after.as_deref().unwrap_or_default()),
    }
}
