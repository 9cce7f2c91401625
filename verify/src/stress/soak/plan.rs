//! What a soak is to do.

use std::time::Duration;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::kind::FEWEST;
use crate::claim::Expected;
use crate::stress::arena::MOST_WORKERS;
use crate::stress::plan::By;

/// Every worker can have a forked child beside it.
pub(crate) const MOST_PROCESSES: usize = MOST_WORKERS / 2;

/// Something to add that is known to be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Broken {
    /// A count without a lock: updates are lost.
    Unlocked,
    /// A lock that stays shut when its holder is killed.
    Mortal,
}

/// A soak.
#[derive(Clone, Debug)]
pub struct SoakPlan {
    /// How many processes there are at a time, those that they fork aside.
    pub processes: usize,
    /// How long.
    pub lasting: Duration,
    /// How the processes get at the region.
    pub by: By,
    /// Where random choices of the harness start.
    pub seed: u64,
    /// After how long without progress on one primitive everything counts as stuck.
    pub watchdog: Duration,
    /// What is added that has to be found.
    pub broken: Option<Broken>,
}

impl SoakPlan {
    /// Whether nothing should be found.
    #[must_use]
    pub const fn expected(&self) -> Expected {
        if self.broken.is_some() { Expected::Fails } else { Expected::Holds }
    }

    /// The command that runs it again, with the same choices (not the same timing).
    #[must_use]
    pub fn command(&self) -> String {
        let Self { processes, by, seed, .. } = self;
        let mut command = format!(
            "lockproof stress --for {}s --processes {processes} --by {} --seed {seed}",
            self.lasting.as_secs_f64(),
            by.name()
        );
        if let Some(broken) = self.broken {
            command.push_str(&format!(" --broken {}", broken.name()));
        }
        command
    }

    /// Why it cannot be, in words.
    pub(crate) fn complaint(&self) -> Option<String> {
        let possible = FEWEST..=MOST_PROCESSES;
        (!possible.contains(&self.processes)).then(|| {
            format!(
                "--for needs {FEWEST} to {MOST_PROCESSES} processes, and not {}",
                self.processes
            )
        })
    }
}

impl Broken {
    /// Its name in reports and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unlocked => "unlocked",
            Self::Mortal => "mortal",
        }
    }
}
