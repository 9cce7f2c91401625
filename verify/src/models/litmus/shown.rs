//! Which checker shows what the [questions](super::asked) ask for.

use std::sync::Arc;

use super::asked::{Asked, Question};
use crate::claim::{Budget, Silent};
use crate::explore::graph::{self, GraphSearch, Memory};
#[cfg(feature = "loom")]
use crate::explore::loom::{self, LoomSearch};
#[cfg(feature = "shuttle")]
use crate::explore::shuttle::{self, Drawn, ShuttleSearch};
#[cfg(feature = "shuttle")]
use crate::platform::Plan;
use crate::verdict::{Finding, Verdict};
use crate::zoo::Explorer;

/// Enough to reach each outcome of each of these programs from this seed: they are small.
#[cfg(feature = "shuttle")]
const SCHEDULES: u64 = 3_000;
const UNHURRIED: Budget = Budget::seeded(1);

/// What a checker has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// What is asked for.
    Yes,
    /// All else, but not that.
    No,
    /// Nothing: it does not take the program.
    Refused,
}

impl Shown {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Yes => "shown",
            Self::No => "not shown",
            Self::Refused => "refused",
        }
    }
}

impl Question {
    /// What a checker shows.
    #[must_use]
    pub fn shown_by(&self, explorer: Explorer) -> Shown {
        let found = self.found_by(explorer);
        let says =
            |what| found.counterexample.as_ref().is_some_and(|wrong| wrong.why.contains(what));
        let is_shown = match self.asked {
            Asked::Outcome(outcome) => found.outcomes.contains_key(outcome),
            Asked::Race => says("a data race"),
            Asked::Stuck => says("nobody can go on"),
        };
        match found.verdict {
            _ if is_shown => Shown::Yes,
            Verdict::Vacuous { .. } | Verdict::Timeout { .. } => Shown::Refused,
            _ => Shown::No,
        }
    }

    fn found_by(&self, explorer: Explorer) -> Finding {
        let model = Arc::new(self.litmus.clone());
        let name = self.litmus.name();
        let states = |memory| {
            let search = GraphSearch { memory, all_outcomes: true, ..GraphSearch::default() };
            graph::explore(&model, name, search, &UNHURRIED, &Silent)
        };
        match explorer {
            Explorer::Weak => states(Memory::C11),
            Explorer::Sc => states(Memory::Sc),
            #[cfg(feature = "loom")]
            Explorer::Loom => {
                let search = LoomSearch { all_outcomes: true, ..LoomSearch::default() };
                loom::explore(&model, name, search, &UNHURRIED, &Silent)
            }
            #[cfg(feature = "shuttle")]
            Explorer::Shuttle => {
                let (drawn, plan) = (Drawn::Random, Plan::default());
                let search = ShuttleSearch { drawn, schedules: SCHEDULES, plan };
                shuttle::explore(&model, name, search, &UNHURRIED, &Silent)
            }
        }
    }
}
