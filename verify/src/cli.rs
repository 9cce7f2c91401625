//! The command line.
//!
//! [`main`] takes the list of claims, so that a crate with locks of its own gets the same command for them.

use std::io::{self, Write, stderr};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::claim::{Claim, Selection};
use crate::report::target::{CannotWrite, Target, WriteError};

mod check;
pub(crate) mod duration;
mod exit;
mod list;
mod output;
mod panics;
mod run;
#[cfg(test)]
mod stand_ins;

pub use exit::Exit;
pub use output::Output;

/// Proves cross-process locks: every interleaving, weak memory, every death; and tries them with real processes.
#[derive(Debug, Parser)]
#[command(name = "lockproof", version, after_help = exit::HELP, max_term_width = 100)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Examine every claim, and report
    #[command(after_help = exit::HELP)]
    Check(check::Options),
    /// List the claims, and the demos
    List(list::Options),
}

/// Runs the command that the command line asks for. `claims` gives at least the claims that are selected.
pub fn main(claims: impl Fn(&Selection) -> Vec<Claim>) -> ExitCode {
    panics::install();
    let command = CommandLine::parse().command;
    let exit = run(&command, claims).unwrap_or_else(|failure| failure.tell());
    exit.into()
}

fn run(command: &Command, claims: impl Fn(&Selection) -> Vec<Claim>) -> Result<Exit, Failure> {
    match command {
        Command::Check(options) => check::run(options, claims, people(options.json())),
        Command::List(options) => list::run(options, claims, &[], &mut Output::stdout()),
    }
}

/// Where people read, when a program may want standard output.
fn people(json: Option<&Target>) -> Output {
    if json == Some(&Target::Stdout) { Output::stderr() } else { Output::stdout() }
}

/// Why a command ended without a result.
#[derive(Debug)]
enum Failure {
    /// The output cannot be written; perhaps nobody reads it any more.
    Output(io::Error),
    /// The file for the report cannot be written.
    Report(CannotWrite),
    /// There is nothing to do, and why.
    NothingToRun(String),
}

impl Failure {
    /// Says why, and how the command ends.
    fn tell(&self) -> Exit {
        let (exit, words) = match self {
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                return Exit::ReaderGone;
            }
            Self::Output(error) => (Exit::Usage, format!("cannot write the output: {error}")),
            Self::Report(error) => (Exit::Usage, error.to_string()),
            Self::NothingToRun(why) => (Exit::NothingRun, why.clone()),
        };
        // Where standard error is closed, the exit status has to do.
        let _ = writeln!(stderr(), "lockproof: {words}");
        exit
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<CannotWrite> for Failure {
    fn from(error: CannotWrite) -> Self {
        Self::Report(error)
    }
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Stdout(error) => Self::Output(error),
            WriteError::File(error) => Self::Report(error),
        }
    }
}
