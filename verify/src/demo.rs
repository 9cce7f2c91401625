//! Demonstrations: programs that people write and get wrong, run as real processes, without a lock and with it.
//!
//! Each is a file of its own. The program itself comes first in it, and uses nothing but `lockproof`'s public API; below stands how
//! it is started, watched, and judged. What all have in common is in `stage.rs`, `show.rs`,
//! `verdict.rs` and `folder.rs`.

mod append;
mod cost;
mod count;
mod counter;
mod csv;
mod dead;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzed;
mod jobs;
mod show;
mod stage;
mod threads;
mod tickets;
mod verdict;
mod workers;

use std::borrow::Cow;
use std::io::{self, Write};

use clap::{Args, Subcommand};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use show::{Report, show};

use crate::claim::Progress;
use crate::stress::Status;

/// How the names of the folders begin that demonstrations work in.
const FOLDERS: &str = "lockproof-demo-";

/// What `lockproof demo` is to show.
#[derive(Clone, Debug, Args)]
pub struct Options {
    #[command(subcommand)]
    scenario: Chosen,
}

/// A scenario.
#[derive(Clone, Debug, Subcommand)]
enum Chosen {
    /// A shared counter, four ways: without a lock, and with it in three forms
    Counter(counter::CounterOptions),
    /// Two jobs on one shared number, with and without the lock held around the whole loop
    Jobs(jobs::JobsOptions),
    /// Processes that append a block of lines each to one file
    Append(append::Append),
    /// Processes that wait, run, and are done, one at a time
    Workers(workers::Crew),
    /// Many buy tickets from a file that says how many are left
    Tickets(tickets::Tickets),
    /// Processes that add long rows to one CSV file
    Csv(csv::Csv),
    /// The shared counter, between the threads of one process
    Threads(threads::ThreadOptions),
}

/// What a process of a demonstration does.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Part {
    /// Of `counter`.
    Participant(counter::Participant),
    /// Of `jobs`.
    Job(jobs::Job),
    /// Of `append`.
    Writer(append::Writer),
    /// Of `workers`.
    Worker(workers::Worker),
    /// Of `tickets`.
    Buyer(tickets::Client),
    /// Of `csv`.
    Client(csv::Client),
}

impl Part {
    /// Plays it, once all others are there.
    ///
    /// # Errors
    ///
    /// Why it could not, in words.
    pub(crate) fn run(&self) -> Result<(), String> {
        stage::wait_at_the_gate()?;
        let played = match self {
            Self::Participant(participant) => participant.run(),
            Self::Job(job) => job.run(),
            Self::Writer(writer) => writer.run(),
            Self::Worker(worker) => worker.run(),
            Self::Buyer(buyer) => buyer.run(),
            Self::Client(client) => client.run(),
        };
        played.map_err(|error| error.to_string())
    }
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
        Chosen::Counter(options) => show(options, out, progress),
        Chosen::Jobs(options) => show(options, out, progress),
        Chosen::Append(options) => show(options, out, progress),
        Chosen::Workers(options) => show(options, out, progress),
        Chosen::Tickets(options) => show(options, out, progress),
        Chosen::Csv(options) => show(options, out, progress),
        Chosen::Threads(options) => show(options, out, progress),
    }
}

/// What the reports look like: each has sizes and results of its own.
pub(crate) fn schema() -> Schema {
    crate::report::schema::of::<AnyReport>()
}

/// The report of one of them.
struct AnyReport;

impl JsonSchema for AnyReport {
    fn schema_name() -> Cow<'static, str> {
        "Report".into()
    }

    fn json_schema(of: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                of.subschema_for::<Report<'_, counter::CounterOptions>>(),
                of.subschema_for::<Report<'_, jobs::JobsOptions>>(),
                of.subschema_for::<Report<'_, append::Append>>(),
                of.subschema_for::<Report<'_, workers::Crew>>(),
                of.subschema_for::<Report<'_, tickets::Tickets>>(),
                of.subschema_for::<Report<'_, csv::Csv>>(),
                of.subschema_for::<Report<'_, threads::ThreadOptions>>(),
            ]
        })
    }
}
