//! Demonstrations: programs that people write and get wrong, run as real processes, without a lock and with it.

mod counter;
mod jobs;

use std::io::{self, Write};

use clap::{Args, Subcommand};

pub use counter::CounterOptions;
pub(crate) use jobs::Job;
pub use jobs::JobsOptions;

use crate::claim::Progress;
use crate::stress::Status;

/// What `lockproof demo` is to show.
#[derive(Clone, Debug, Args)]
pub struct Options {
    #[command(subcommand)]
    scenario: Scenario,
}

/// A scenario.
#[derive(Clone, Debug, Subcommand)]
enum Scenario {
    /// A shared counter, four ways: without a lock, and with it in three forms
    Counter(CounterOptions),
    /// Two jobs on one shared number, with and without the lock held around the whole loop
    Jobs(JobsOptions),
}

/// Does what the flags say, and writes what there is to see to `out` as it happens.
///
/// # Errors
///
/// If it cannot be written.
pub fn command(
    options: &Options,
    out: &mut dyn Write,
    progress: &dyn Progress,
) -> io::Result<Status> {
    match &options.scenario {
        Scenario::Counter(options) => counter::show(options, out, progress),
        Scenario::Jobs(options) => jobs::show(options, out),
    }
}
