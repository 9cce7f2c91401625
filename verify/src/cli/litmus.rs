//! `lockproof litmus`: which outcomes each checker shows.

use std::io::Write;

use clap::Args;

use super::{Exit, Failure, Output};
use crate::interrupt::Found;
use crate::models::litmus::asked::questions;
use crate::report::litmus::{is_right, json, markdown, table};
use crate::report::target::Target;
use crate::zoo::Explorer;

/// What `litmus` is asked for.
#[derive(Args, Clone, Debug)]
pub(super) struct Options {
    /// Print the table for a page of documentation
    #[arg(long)]
    markdown: bool,
    /// Write the table as JSON to FILE, whole or not at all; with -, it is all that standard output holds
    #[arg(long, value_name = "FILE|-")]
    json: Option<Target>,
}

/// Puts each question to each checker.
pub(super) fn run(options: &Options, out: &mut Output) -> Result<Exit, Failure> {
    if let Some(target) = &options.json {
        target.probe()?;
    }
    let (found, mut rows) = (Found::nothing(), Vec::new());
    for question in questions() {
        let shown = Explorer::ALL.iter().map(|explorer| question.shown_by(*explorer)).collect();
        rows.push((question, shown));
        found.is_now(&table(&rows));
    }
    if options.json != Some(Target::Stdout) {
        let text = if options.markdown { markdown(&rows) } else { table(&rows) };
        out.write_all(text.as_bytes())?;
        out.flush()?;
    }
    if let Some(target) = &options.json {
        target.write(&json(&rows))?;
    }
    Ok(if rows.iter().all(is_right) { Exit::AllHold } else { Exit::ClaimFailed })
}
