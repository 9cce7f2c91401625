//! Exploring the mutants of a subject.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::changes::{changes, in_words, short};
use super::subjects::{Subject, Trial};
use crate::claim::{Budget, Progress};
use crate::platform::{Change, Mutation, Op, Sites};
use crate::verdict::{Finding, Verdict};

/// An algorithm with one thing done otherwise.
#[derive(Clone, Debug)]
pub struct Mutant {
    /// Names it: `barrier/compare_exchange-Release-0/relaxed`, the operation by its number among those of its kind and
    /// ordering in the source. The same from run to run, as long as the source is.
    pub id: String,
    /// Where: `src/raw/barrier.rs:279`.
    pub site: String,
    /// What is done there: `compare_exchange Release`.
    pub operation: String,
    /// What the mutant does otherwise, in words.
    pub change: String,
    /// The same, for the platform.
    pub mutation: Mutation,
    /// Why it is known to be as good as the original, if it is.
    pub equivalent: Option<&'static str>,
}

/// What became of a mutant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// A model fails with it.
    Caught {
        /// Which one, by the id of its claim.
        by: String,
        /// What went wrong, in words.
        how: String,
        /// After how many states.
        states: u64,
    },
    /// No model notices.
    Missed,
    /// No model notices, and that is known.
    Equivalent,
    /// A model notices, though it is known to be as good as the original: the list is wrong.
    NotEquivalent {
        /// Which one.
        by: String,
    },
    /// Time ran out, and those that came to an end notice nothing.
    Timeout {
        /// The first that did not end.
        by: String,
    },
}

impl Fate {
    /// The word for it in reports.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Caught { .. } => "caught",
            Self::Missed => "missed",
            Self::Equivalent => "equivalent",
            Self::NotEquivalent { .. } => "not equivalent",
            Self::Timeout { .. } => "timeout",
        }
    }

    /// Whether it is as it should be.
    #[must_use]
    pub const fn is_good(&self) -> bool {
        matches!(self, Self::Caught { .. } | Self::Equivalent)
    }
}

/// What became of a mutant, and how long it took to find out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tried {
    /// What became of it.
    pub fate: Fate,
    /// How long it took.
    pub took: Duration,
}

/// A subject as it is shipped: what its models say of it, and what can be done otherwise.
#[derive(Clone, Debug)]
pub struct Reference {
    /// The trials that hold, which is all of them but for those that ask whether somebody is kept awake: a model may spin by
    /// itself.
    pub trials: Vec<Trial>,
    /// Those that are too large to be explored with the source as it is, or with what changes nothing.
    pub long_trials: Vec<Trial>,
    /// All mutants.
    pub mutants: Vec<Mutant>,
}

/// Why there is no [`Reference`] to compare mutants with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoReference {
    /// A model does not hold of the shipped source, and why not: of a mutant it would say nothing then.
    Wrong(String),
    /// A model did not come to an end in time.
    Late(String),
}

impl Reference {
    /// Explores the models with the shipped source.
    ///
    /// # Errors
    ///
    /// See [`NoReference`].
    pub fn of(
        subject: &'static Subject,
        budget: &Budget,
        progress: &dyn Progress,
    ) -> Result<Self, NoReference> {
        let sites: &'static Sites = Box::leak(Box::default());
        let mut trials = Vec::new();
        for trial in subject.trials() {
            let found = trial.explore(None, Some(sites), budget, progress);
            let id = trial.id();
            if found.verdict.holds() {
                trials.push(trial);
            } else if matches!(found.verdict, Verdict::Timeout { .. }) {
                return Err(NoReference::Late(format!("{id} has not come to an end")));
            } else if trial.liveness.is_none() {
                let why = why(&found);
                let why = format!("{id} does not hold of the shipped source: {why}");
                return Err(NoReference::Wrong(why));
            }
        }
        let operations = sites.within(subject.file);
        let mutants = operations.iter().enumerate().flat_map(|(at, op)| {
            let alike = |other: &&Op| (other.kind, other.order) == (op.kind, op.order);
            let number = operations[..at].iter().filter(alike).count();
            changes(op).into_iter().map(move |change| Mutant::of(subject, (op, number), change))
        });
        let long_trials = subject.long_trials().collect();
        Ok(Self { trials, long_trials, mutants: mutants.collect() })
    }

    /// Explores the models with a mutant, one after the other, until one fails.
    pub fn try_mutant(&self, mutant: &Mutant, budget: &Budget, progress: &dyn Progress) -> Tried {
        let began = Instant::now();
        let mut late = None;
        let long = self.long_trials.iter().filter(|_| mutant.equivalent.is_none());
        for trial in self.trials.iter().chain(long) {
            let found = trial.explore(Some(mutant.mutation), None, budget, progress);
            if matches!(found.verdict, Verdict::Timeout { .. }) {
                late.get_or_insert_with(|| trial.id());
            } else if !found.verdict.holds() {
                let (by, states) = (trial.id(), found.states.unwrap_or(0));
                let fate = match mutant.equivalent {
                    None => Fate::Caught { by, how: why(&found), states },
                    Some(_) => Fate::NotEquivalent { by },
                };
                return Tried { fate, took: began.elapsed() };
            }
        }
        let fate = match (late, mutant.equivalent) {
            (Some(by), _) => Fate::Timeout { by },
            (None, Some(_)) => Fate::Equivalent,
            (None, None) => Fate::Missed,
        };
        Tried { fate, took: began.elapsed() }
    }
}

impl Mutant {
    fn of(subject: &'static Subject, (op, number): (&Op, usize), change: Change) -> Self {
        let order = op.order.map_or_else(String::new, |order| format!("-{order:?}"));
        let place = format!("{}{order}-{number}/{}", op.kind.name(), short(change));
        let equivalent = subject.equivalent.iter().find(|known| known.is_about(&place));
        Self {
            id: format!("{}/{place}", subject.name),
            site: format!("{}:{}", op.site.file(), op.site.line()),
            operation: match op.order {
                Some(order) => format!("{} {order:?}", op.kind.name()),
                None => op.kind.name().to_owned(),
            },
            change: in_words(op, change),
            mutation: Mutation::at(op.site, change),
            equivalent: equivalent.map(|known| known.why),
        }
    }
}

/// What went wrong, in words.
fn why(found: &Finding) -> String {
    match (&found.verdict, &found.counterexample) {
        (Verdict::Vacuous { what }, _) => format!("there was never {what}"),
        (_, Some(counterexample)) => counterexample.why.clone(),
        (verdict, None) => verdict.word().to_owned(),
    }
}
