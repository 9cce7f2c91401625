//! The command line.
//!
//! [`main`] takes the list of claims, so that a crate with locks of its own gets the same command for them.

use std::io::{self, Write, stderr};
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::claim::{Claim, Selection};
use crate::report::Output;
use crate::report::target::{CannotWrite, Target};

#[cfg(target_os = "linux")]
mod bench;
mod check;
mod diff;
pub(crate) mod duration;
#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(target_os = "linux")]
mod examiner;
mod exit;
mod explore;
mod generate;
mod help;
#[cfg(target_os = "linux")]
pub(crate) mod inspect;
mod list;
mod litmus;
mod memory;
mod merge;
mod mutate;
mod notebook;
mod panics;
mod pool;
#[cfg(target_os = "linux")]
mod processes;
pub(crate) mod replay;
mod reports;
mod run;
pub(crate) mod similar;
#[cfg(test)]
mod stand_ins;
mod svg;
mod zoo;

#[cfg(not(target_os = "linux"))]
use elsewhere::{self as examiner, self as processes};
pub use exit::Exit;

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
    #[command(after_help = help::check())]
    Check(check::Options),
    /// Join the reports of `check --shard`, and say what came of the whole run
    #[command(after_help = help::merge())]
    Merge(merge::Options),
    /// Compare two reports of `check` or `mutate`, and say what has become worse
    #[command(after_help = help::diff())]
    Diff(diff::Options),
    /// Explore all states of one model, at a size of your choice
    #[command(after_help = help::explore())]
    Explore(explore::Options),
    /// Show an execution again that `check` or `explore` has drawn
    #[command(after_help = help::replay())]
    Replay(replay::Options),
    /// Change one thing at a time in the shipped algorithms, and see whether a model notices
    #[command(after_help = help::mutate())]
    Mutate(mutate::Options),
    /// Show which explorer catches which known-broken lock, of the literature and of bug reports
    #[command(after_help = help::zoo())]
    Zoo(zoo::Options),
    /// Show which outcomes of small programs each checker shows, and which can be
    #[command(after_help = help::litmus())]
    Litmus(litmus::Options),
    /// Let real processes count together, kill some, and account for every increment and every death
    #[command(after_help = help::stress())]
    Stress(processes::Stress),
    /// Show what goes wrong without a lock, and right with one, in programs that people write
    #[command(after_help = help::demo())]
    Demo(processes::Demo),
    /// Measure how fast the locks are, beside the C library's, a plain futex mutex, and pipes
    #[command(after_help = help::bench())]
    Bench(processes::Bench),
    /// Show who holds what in a region, or in all regions of a process, who waits, and who waits for ever
    #[command(after_help = help::inspect())]
    Inspect(processes::Inspect),
    /// List the regions of this machine, and who uses them
    #[command(after_help = help::ls())]
    Ls(processes::Ls),
    /// Remove a region that nobody uses any more
    #[command(after_help = help::rm())]
    Rm(processes::Rm),
    /// List the claims, the models, and the demos
    #[command(after_help = help::list())]
    List(list::Options),
    /// Write the JSON Schema of what a command writes with --json
    #[command(after_help = help::schema())]
    Schema(generate::Schema),
    /// Write what makes a shell complete this command
    #[command(after_help = help::completions())]
    Completions(generate::Completions),
    /// Write the manual's pages
    #[command(after_help = help::man())]
    Man(generate::Manual),
}

/// The command line, as its parser knows it: for tests that go through all of it.
#[doc(hidden)]
#[must_use]
pub fn command_line() -> clap::Command {
    CommandLine::command()
}

/// Runs the command that the command line asks for. `claims` gives at least the claims that are selected.
///
/// Called first thing in the program's `main`: workers are the program itself, started again.
pub fn main(claims: impl Fn(&Selection) -> Vec<Claim>) -> ExitCode {
    processes::worker_main();
    examiner::examiner_main(&claims);
    panics::install();
    crate::interrupt::watch();
    let command = CommandLine::parse().command;
    let exit = run(&command, claims).unwrap_or_else(|failure| failure.tell());
    exit.into()
}

fn run(command: &Command, claims: impl Fn(&Selection) -> Vec<Claim>) -> Result<Exit, Failure> {
    match command {
        Command::Check(options) => {
            check::run(options, claims, examiner::PLACE, people(options.json()))
        }
        Command::Merge(options) => merge::run(options, people(options.json())),
        Command::Diff(options) => diff::run(options, people(options.json())),
        Command::Explore(options) => explore::run(options, people(options.json())),
        Command::Replay(options) => replay::run(options, claims, people(options.json())),
        Command::Mutate(options) => mutate::run(options, people(options.json())),
        Command::Zoo(options) => zoo::run(options),
        Command::Litmus(options) => litmus::run(options, &mut Output::stdout()),
        Command::Stress(options) => processes::stress(options, Output::stdout()),
        Command::Demo(options) => processes::demo(options, Output::stdout()),
        Command::Bench(options) => processes::bench(options),
        Command::Schema(options) => generate::schema(options, Output::stdout()),
        Command::Completions(options) => {
            generate::completions(options, CommandLine::command(), Output::stdout())
        }
        Command::Man(options) => {
            generate::manual(options, CommandLine::command(), Output::stdout())
        }
        Command::Inspect(options) => processes::inspect(options),
        Command::Ls(options) => processes::ls(options),
        Command::Rm(options) => processes::rm(options),
        Command::List(options) => list::run(options, claims, &demos(), &mut Output::stdout()),
    }
}

/// The scenarios of `demo`, and what each shows.
fn demos() -> Vec<(String, String)> {
    let command = CommandLine::command();
    let demo = command.find_subcommand("demo").into_iter();
    let about = |scenario: &clap::Command| scenario.get_about().map(ToString::to_string);
    demo.flat_map(|demo| demo.get_subcommands())
        .map(|scenario| (scenario.get_name().to_owned(), about(scenario).unwrap_or_default()))
        .collect()
}

/// Where people read, when a program may want standard output.
fn people(json: Option<&Target>) -> Output {
    if json == Some(&Target::Stdout) { Output::stderr() } else { Output::stdout() }
}

/// Why a command ended without a result.
#[derive(Debug)]
enum Failure {
    /// The output, or the file for the report, cannot be written; perhaps nobody reads it any more.
    Output(io::Error),
    /// The flags cannot be combined like that, and why.
    Usage(String),
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
            Self::Output(error)
                if error.get_ref().is_some_and(|inner| inner.is::<CannotWrite>()) =>
            {
                (Exit::Usage, error.to_string())
            }
            Self::Output(error) => (Exit::Usage, format!("cannot write the output: {error}")),
            Self::Usage(why) => (Exit::Usage, why.clone()),
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
