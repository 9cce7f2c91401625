//! A claim: one property of one subject, by one method, at one size.

use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::Serialize;

use crate::explore::Named;
use crate::verdict::{Bound, Finding, Verdict};

/// How a claim is examined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// loom: all interleavings and weak-memory behaviours.
    Loom,
    /// shuttle: random schedules, sequentially consistent.
    Shuttle,
    /// loom, with a death at every step in turn.
    Crash,
    /// The explorer of states.
    Explorer,
    /// Real processes.
    Stress,
    /// Programs at random, made smaller where they fail: under shuttle, under the explorer, or in real processes.
    Proptest,
}

/// Which memory model the method sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
pub enum MemoryModel {
    /// C11 as RC11 has it, with C++20's release sequences, load buffering excluded.
    #[serde(rename = "c11")]
    C11,
    /// Sequential consistency.
    #[serde(rename = "sc")]
    Sc,
    /// What the machine does.
    #[serde(rename = "hardware")]
    Hardware,
}

/// What a claim says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Expected {
    /// The property holds.
    Holds,
    /// The property fails, and the method finds out.
    Fails,
}

/// Which claims are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Those that take long, too.
    pub full: bool,
    /// Those whose id contains one of these; all, if there are none.
    pub only: Vec<String>,
}

impl Selection {
    /// Every claim there is.
    #[must_use]
    pub const fn everything() -> Self {
        Self { full: true, only: Vec::new() }
    }

    /// Whether the claim is wanted.
    #[must_use]
    pub fn includes(&self, claim: &Claim) -> bool {
        (self.full || !claim.full_only)
            && (self.only.is_empty() || self.only.iter().any(|part| claim.id.contains(part)))
    }
}

/// What a run may use.
#[derive(Clone, Debug)]
pub struct Budget {
    /// Where random choices start.
    pub seed: u64,
    /// When to stop without a verdict.
    pub until: Option<Instant>,
    /// How much memory states may take, in bytes; a search that comes to it is cut short.
    pub memory: Option<usize>,
    /// One execution that is to be shown again, instead of a search, where loom or shuttle searches.
    pub only: Option<Named>,
}

impl Budget {
    /// As much time and memory as it takes.
    #[must_use]
    pub const fn seeded(seed: u64) -> Self {
        Self { seed, until: None, memory: None, only: None }
    }
}

/// Told by a running claim how far it is.
pub trait Progress: Sync {
    /// `done` of `total` (0 where unknown) of whatever `unit` says.
    fn report(&self, done: u64, total: u64, unit: &str);
}

/// Progress that nobody looks at.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Progress for Silent {
    fn report(&self, _done: u64, _total: u64, _unit: &str) {}
}

type Run = Box<dyn Fn(&Budget, &dyn Progress) -> Finding + Send + Sync>;

/// A claim, and how to examine it.
pub struct Claim {
    /// Names it: `mutex/2x2/loom`. Unique, and the same from run to run.
    pub id: String,
    /// What it is about: `mutex`, `counter`, `unlocked`, ...
    pub subject: &'static str,
    /// What it says, in a few words.
    pub property: &'static str,
    /// How it is examined.
    pub method: Method,
    /// What the method sees of the memory.
    pub memory_model: MemoryModel,
    /// How many processes (threads of the model).
    pub processes: usize,
    /// How many increments (critical sections) each.
    pub increments: usize,
    /// Whether the property should hold.
    pub expected: Expected,
    /// Whether only `--full` runs it.
    pub full_only: bool,
    /// Examines it.
    pub run: Run,
}

impl std::fmt::Debug for Claim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Claim").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A claim that was examined.
#[derive(Clone, Debug)]
pub struct Examined {
    /// [`Claim::id`].
    pub id: String,
    /// [`Claim::subject`].
    pub subject: &'static str,
    /// [`Claim::property`].
    pub property: &'static str,
    /// [`Claim::method`].
    pub method: Method,
    /// [`Claim::memory_model`].
    pub memory_model: MemoryModel,
    /// [`Claim::processes`].
    pub processes: usize,
    /// [`Claim::increments`].
    pub increments: usize,
    /// [`Claim::expected`].
    pub expected: Expected,
    /// What was found.
    pub finding: Finding,
    /// How long it took.
    pub took: Duration,
}

impl Claim {
    /// Examines the claim.
    pub fn examine(&self, budget: &Budget, progress: &dyn Progress) -> Examined {
        let start = Instant::now();
        let finding = (self.run)(budget, progress);
        self.examined(finding, start.elapsed())
    }

    /// The claim with what was found about it.
    #[must_use]
    pub fn examined(&self, finding: Finding, took: Duration) -> Examined {
        Examined {
            id: self.id.clone(),
            subject: self.subject,
            property: self.property,
            method: self.method,
            memory_model: self.memory_model,
            processes: self.processes,
            increments: self.increments,
            expected: self.expected,
            finding,
            took,
        }
    }
}

impl Examined {
    /// Whether the claim stands: the property holds as expected, or the failure that was expected was found.
    #[must_use]
    pub fn ok(&self) -> bool {
        match self.expected {
            Expected::Holds => self.finding.verdict.holds(),
            Expected::Fails => self.finding.verdict == Verdict::Counterexample,
        }
    }

    /// The bound of the search, if it had one.
    #[must_use]
    pub const fn bound(&self) -> Option<&Bound> {
        match &self.finding.verdict {
            Verdict::Bounded(bound) => Some(bound),
            _ => None,
        }
    }
}
