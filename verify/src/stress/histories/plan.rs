//! What histories are to be recorded.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::stress::plan::{By, Plan, WATCHDOG};
use crate::stress::subject::Subject;

/// What a history can be recorded of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recordable {
    /// `Queue<[u64; 2], 2>`.
    Queue,
    /// `RwLock<[u64; 2]>`.
    Rwlock,
    /// A ring without a lock: has to be found out.
    #[doc(hidden)]
    UnlockedRing,
    /// A pair of numbers without a lock: has to be found out.
    #[doc(hidden)]
    UnlockedPair,
}

impl Recordable {
    /// Whose histories they are.
    #[must_use]
    pub const fn subject(self) -> Subject {
        match self {
            Self::Queue => Subject::Queue,
            Self::Rwlock => Subject::Rwlock,
            Self::UnlockedRing | Self::UnlockedPair => Subject::Unlocked,
        }
    }

    /// What is recorded for a subject, if anything is.
    #[must_use]
    pub const fn of(subject: Subject) -> Option<Self> {
        match subject {
            Subject::Queue => Some(Self::Queue),
            Subject::Rwlock => Some(Self::Rwlock),
            _ => None,
        }
    }
}

/// Which histories are recorded, and how.
#[derive(Clone, Debug)]
pub struct HistoryPlan {
    /// Of what.
    pub of: Recordable,
    /// How many.
    pub histories: usize,
    /// How many processes take part in each.
    pub processes: usize,
    /// How many calls each of them makes.
    pub calls: usize,
    /// Whether a process is killed in every second one.
    pub kills: bool,
    /// Whether each process stays on one processor, in turn.
    pub pinned: bool,
    /// How the processes get at the region.
    pub by: By,
    /// Where random choices start.
    pub seed: u64,
    /// After how long without any progress everybody counts as stuck.
    pub watchdog: Duration,
}

impl HistoryPlan {
    /// So many histories of three processes with sixteen calls each; nobody is killed.
    #[must_use]
    pub const fn new(of: Recordable, histories: usize) -> Self {
        Self {
            of,
            histories,
            processes: 3,
            calls: 16,
            kills: false,
            pinned: false,
            by: By::Memfd,
            seed: 0,
            watchdog: WATCHDOG,
        }
    }

    /// The command that records such histories again, with the same choices (not the same timing).
    #[must_use]
    pub fn command(&self) -> String {
        let Self { of, histories, kills, by, seed, pinned, .. } = self;
        let plan = Plan {
            histories: *histories,
            kills: u64::from(*kills),
            ..Plan::new(of.subject(), 1, 1)
        };
        Plan { by: *by, seed: *seed, pinned: *pinned, ..plan }.command()
    }
}
