//! What a run is to do.

use std::time::Duration;

use clap::ValueEnum;
use serde::Serialize;

use super::histories::{HistoryPlan, Recordable};
use super::subject::Subject;
use super::task::Sabotage;
use crate::claim::Expected;

/// How the workers get at the region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// As an inherited memory file.
    Memfd,
    /// By a name in `/dev/shm`.
    Name,
}

impl By {
    /// Its name in reports and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Memfd => "memfd",
            Self::Name => "name",
        }
    }
}

/// One run: who counts on what, and who is killed.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What is counted on.
    pub subject: Subject,
    /// How many workers there are at a time.
    pub processes: usize,
    /// How many increments each makes. With kills, each goes on beyond that until the last kill has landed.
    pub increments: u64,
    /// How many workers are killed, and replaced.
    pub kills: u64,
    /// Whether each is killed while it holds the lock.
    pub kill_holders: bool,
    /// Whether each worker stays on one processor, in turn.
    pub pinned: bool,
    /// How the workers get at the region.
    pub by: By,
    /// Where random choices start.
    pub seed: u64,
    /// How long `unlocked` waits between its read and its write.
    pub window: Duration,
    /// How long to sleep between increments.
    pub pause: Duration,
    /// After how long without any progress everybody counts as stuck.
    pub watchdog: Duration,
    /// How many histories are recorded afterwards, where the subject's can be, and judged.
    pub histories: usize,
    /// How the run is to be spoiled, in tests of the harness.
    #[doc(hidden)]
    pub sabotage: Option<Sabotage>,
}

/// How long `unlocked` waits between its read and its write. Compiled code has them so close together that little
/// would be lost.
pub const WINDOW: Duration = Duration::from_micros(5);

/// After how long without any progress everybody counts as stuck.
pub const WATCHDOG: Duration = Duration::from_secs(30);

impl Plan {
    /// A run of so many workers with so many increments each: nobody is killed or pinned, and the region is an
    /// inherited memory file.
    #[must_use]
    pub const fn new(subject: Subject, processes: usize, increments: u64) -> Self {
        Self {
            subject,
            processes,
            increments,
            kills: 0,
            kill_holders: false,
            pinned: false,
            by: By::Memfd,
            seed: 0,
            window: WINDOW,
            pause: Duration::ZERO,
            watchdog: WATCHDOG,
            histories: 0,
            sabotage: None,
        }
    }

    /// The histories that belong to it, if any do: with deaths if it has some.
    #[must_use]
    pub fn history_plan(&self) -> Option<HistoryPlan> {
        let of = Recordable::of(self.subject)?;
        let Self { pinned, by, seed, watchdog, .. } = *self;
        let kills = self.kills > 0;
        let plan = HistoryPlan::new(of, self.histories);
        (self.histories > 0).then_some(HistoryPlan { kills, pinned, by, seed, watchdog, ..plan })
    }

    /// How many increments all workers are to make.
    #[must_use]
    pub const fn asked(&self) -> u64 {
        self.increments.saturating_mul(self.processes as u64)
    }

    /// Whether it should lose nothing.
    #[must_use]
    pub fn expected(&self) -> Expected {
        self.subject.expected(self.processes)
    }

    /// `pinned` or `unpinned`.
    #[must_use]
    pub const fn placement(&self) -> &'static str {
        if self.pinned { "pinned" } else { "unpinned" }
    }

    /// The command that runs it again, with the same choices (not the same timing).
    #[must_use]
    pub fn command(&self) -> String {
        let Self { subject, processes, increments, kills, by, seed, .. } = self;
        let mut command = format!(
            "lockproof stress --subject {} --processes {processes} --count {increments} --kills {kills}",
            subject.name()
        );
        if self.kill_holders {
            command.push_str(" --kill-holders");
        }
        command.push_str(&format!(" --{} --by {} --seed {seed}", self.placement(), by.name()));
        if Recordable::of(*subject).is_some() {
            command.push_str(&format!(" --histories {}", self.histories));
        }
        if *subject == Subject::Unlocked {
            command.push_str(&format!(" --window {}", self.window.as_micros()));
        }
        command
    }
}
