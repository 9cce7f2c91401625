//! The reports of a run of claims that can be asked for, each whole or not at all: `check` and `merge` write the same.

use std::io;

use clap::Args;

use super::Failure;
use crate::report::record::Record;
use crate::report::target::Target;
use crate::report::{html, junit, markdown};

/// Which of them are wanted.
#[derive(Args, Clone, Debug)]
pub(super) struct Reports {
    /// Write the report as JSON to FILE, whole or not at all; with -, it is all that standard output holds
    #[arg(long, value_name = "FILE|-")]
    json: Option<Target>,
    /// Write the report as JUnit XML to FILE, whole or not at all
    #[arg(long, value_name = "FILE", value_parser = Target::file)]
    junit: Option<Target>,
    /// Write the report as Markdown to FILE, for the page that a CI system shows of a job
    #[arg(long, value_name = "FILE", value_parser = Target::file)]
    markdown: Option<Target>,
    /// Write the report as a page to FILE, for a browser; it needs nothing but itself
    #[arg(long, value_name = "FILE", value_parser = Target::file)]
    html: Option<Target>,
}

impl Reports {
    /// Where the report for programs goes.
    pub(super) const fn json(&self) -> Option<&Target> {
        self.json.as_ref()
    }

    /// Finds out, before the work, whether they can be written after it.
    pub(super) fn probe(&self) -> io::Result<()> {
        let all = [&self.json, &self.junit, &self.markdown, &self.html];
        all.into_iter().flatten().try_for_each(Target::probe)
    }

    /// Writes them. The text is the report for programs.
    pub(super) fn write(&self, text: &str) -> Result<(), Failure> {
        if let Some(target) = &self.json {
            target.write(text)?;
        }
        if self.junit.is_none() && self.markdown.is_none() && self.html.is_none() {
            return Ok(());
        }
        let record = Record::parse(text).map_err(Failure::Usage)?;
        let lines = record.lines().map_err(Failure::Usage)?;
        if let Some(target) = &self.junit {
            target.write(&junit::report(&lines))?;
        }
        if let Some(target) = &self.markdown {
            target.write(&markdown::report(&record, &lines))?;
        }
        if let Some(target) = &self.html {
            target.write(&html::report(&record, &lines))?;
        }
        Ok(())
    }
}
