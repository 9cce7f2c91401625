//! What an exploration or a stress run found: a verdict, never a bool.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::trace::{Counterexample, Witness};

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// Everything was explored, and the property holds in all of it.
    Exhausted,
    /// The property holds in all that was explored; what lies beyond the bound was not.
    Bounded(Bound),
    /// A run on real hardware, or of randomly chosen schedules, kept the property. No proof.
    Passed,
    /// The property fails.
    Counterexample,
    /// The property holds, but what would put it to the test never happened.
    Vacuous {
        /// What never happened.
        what: String,
    },
    /// Time ran out before a verdict.
    Timeout {
        /// How long it was tried.
        after: Duration,
    },
}

impl Verdict {
    /// The word for it in reports.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Exhausted => "exhausted",
            Self::Bounded(_) => "bounded",
            Self::Passed => "passed",
            Self::Counterexample => "counterexample",
            Self::Vacuous { .. } => "vacuous",
            Self::Timeout { .. } => "timeout",
        }
    }

    /// Whether this is a verdict that the property holds, as far as was looked.
    #[must_use]
    pub const fn holds(&self) -> bool {
        matches!(self, Self::Exhausted | Self::Bounded(_) | Self::Passed)
    }
}

/// Where a search was cut short.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bound {
    /// At most so many preemptions in an execution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preemptions: Option<usize>,
    /// At most so many deaths in an execution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deaths: Option<usize>,
    /// Only so many schedules, drawn at random.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedules: Option<u64>,
    /// How they were drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduler: Option<Scheduler>,
    /// Only so many states.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub states: Option<u64>,
    /// Only states in which so many messages of a word can still be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages: Option<u64>,
    /// Only so many programs, drawn at random.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub programs: Option<u64>,
    /// From this seed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

/// How schedules are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scheduler {
    /// Each step by a throw of dice.
    Random,
    /// By priorities that change a few times (Burckhardt et al., ASPLOS 2010).
    Pct,
}

impl Scheduler {
    /// The word for it in reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Pct => "pct",
        }
    }
}

/// Everything that one claim's run found out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Finding {
    /// What was found.
    pub verdict: Verdict,
    /// How many executions were run.
    pub executions: u64,
    /// How many distinct states were seen, where the explorer knows states.
    pub states: Option<u64>,
    /// How many transitions between them.
    pub transitions: Option<u64>,
    /// Each final result that was reached, and in how many executions; where the explorer knows states, in how many
    /// final ones.
    pub outcomes: BTreeMap<String, u64>,
    /// For final results, if that was asked for, a shortest way there.
    pub witnesses: BTreeMap<String, Witness>,
    /// The execution that breaks the property.
    pub counterexample: Option<Counterexample>,
    /// Facts worth a line each in the report: what happened, how often.
    pub notes: Vec<String>,
    /// Whether states were left out, or not looked at any more. Whatever the verdict, `outcomes` may then lack some.
    pub cut_short: bool,
}

impl Finding {
    /// A finding of nothing but a verdict.
    #[must_use]
    pub fn of(verdict: Verdict) -> Self {
        Self {
            verdict,
            executions: 0,
            states: None,
            transitions: None,
            outcomes: BTreeMap::new(),
            witnesses: BTreeMap::new(),
            counterexample: None,
            notes: Vec::new(),
            cut_short: false,
        }
    }
}
