//! What a worker process is told: one argument, as JSON.

use std::os::fd::AsFd;
use std::path::PathBuf;

use lockproof::Region;
use lockproof::shm::Shareable;
use serde::{Deserialize, Serialize};

use super::guardian::remove_in_the_end;
use super::histories::{self, Part};
use super::programs;
use super::soak;
use super::subject::Subject;
use super::worker;
use crate::demo;

/// The first argument of a process that is to be a worker.
pub(crate) const MARK: &str = "__worker";

/// A worker's task.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Task {
    /// Who started it, and with whom it ends.
    pub(crate) parent: u32,
    /// Where the shared region is; none where the work looks for it itself.
    pub(crate) region: Option<Place>,
    /// What to do in it.
    pub(crate) work: Work,
}

/// Where a worker finds its region.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Place {
    /// A memory file, inherited as standard input.
    Inherited,
    /// By this name.
    Named(String),
}

/// What a worker does.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Work {
    /// Counts.
    Count(Count),
    /// Makes calls that are noted.
    Record(Part),
    /// Does everything at once.
    Soak(soak::Share),
    /// Acts in a program that was drawn.
    Act(programs::Part),
    /// Plays a part in a demonstration.
    Part(demo::Part),
    /// Removes a folder once its starter has ended.
    Remove(PathBuf),
}

/// How a worker counts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Count {
    pub(crate) subject: Subject,
    /// Its slot; those of its threads, where it has several.
    pub(crate) slots: std::ops::Range<usize>,
    /// How many workers there are.
    pub(crate) workers: usize,
    /// The folder of subjects that need one.
    pub(crate) folder: PathBuf,
    /// How many increments each slot is to have.
    pub(crate) increments: u64,
    /// Whether it goes on beyond that until it is told that it is enough.
    pub(crate) until_enough: bool,
    /// On which processor each slot stays.
    pub(crate) processors: Option<Vec<usize>>,
    /// How long `unlocked` waits between its read and its write.
    pub(crate) window_ns: u64,
    /// How long to sleep between increments.
    pub(crate) pause_ms: u64,
    pub(crate) sabotage: Option<Sabotage>,
}

/// A way to spoil a run, to see that the harness notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[doc(hidden)]
pub enum Sabotage {
    /// The first worker stops itself (SIGSTOP) while it holds the lock.
    HolderStops,
    /// The first worker acknowledges an increment that it does not make.
    IncrementDropped,
    /// The first worker counts no report that it is given.
    ReportsDropped,
    /// The first worker ends before it is done.
    WorkerLeaves,
}

impl Task {
    pub(crate) fn to_argument(&self) -> String {
        serde_json::to_string(self).expect("a task has nothing that JSON lacks")
    }

    /// Whether it ends with its starter.
    pub(crate) const fn ends_with_starter(&self) -> bool {
        !matches!(self.work, Work::Remove(_))
    }

    /// Does it.
    ///
    /// # Errors
    ///
    /// Why it could not, in words.
    pub(crate) fn run(&self) -> Result<(), String> {
        match &self.work {
            Work::Count(count) => worker::count(&*self.region()?, count),
            Work::Record(part) => histories::take_part(&*self.region()?, part),
            Work::Soak(share) => soak::take_part(&*self.region()?, share),
            Work::Act(part) => part.play(&*self.region()?),
            Work::Part(part) => part.run(),
            Work::Remove(folder) => remove_in_the_end(folder),
        }
    }

    fn region<T: Shareable>(&self) -> Result<Region<T>, String> {
        let opened = match &self.region {
            None => return Err("there is no region".to_owned()),
            Some(Place::Inherited) => {
                let file = std::io::stdin().as_fd().try_clone_to_owned();
                Region::from_fd(file.map_err(|error| error.to_string())?)
            }
            Some(Place::Named(name)) => Region::named(name).open(),
        };
        opened.map_err(|error| format!("cannot open the region: {error}"))
    }
}
