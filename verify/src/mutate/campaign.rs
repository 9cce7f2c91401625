//! Exploring the mutants of a subject.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::changes::{changes, in_words, short};
use super::subjects::{Known, Subject, Trial};
use super::weakest::Attempt;
use crate::claim::{Budget, Progress};
use crate::platform::{Change, Mutation, Op, Orders, Sites};
use crate::verdict::{Finding, Verdict};

/// Trials of so many states are looked at as a whole at once.
const FEW_STATES: u64 = 50_000;
/// Trials of more states are looked at only briefly where nothing is expected to show.
const MANY_STATES: u64 = 250_000;

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
    /// What is known to show it, where most models do not.
    hint: Option<Trial>,
    /// What shows it if no model does that is explored with every mutant.
    slow_trial: Option<Trial>,
    /// Why it is known to be as good as the original, if it is.
    pub equivalent: Option<&'static str>,
    /// Why models cannot show that it is wrong, if that is known.
    pub out_of_reach: Option<&'static str>,
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
    /// No model notices, and that is known: it takes more than models can afford.
    #[serde(rename = "out of reach")]
    OutOfReach,
    /// A model notices, though it is known to be as good as the original: the list is wrong.
    NotEquivalent {
        /// Which one.
        by: String,
    },
    /// Time or memory ran out, and those that came to an end notice nothing.
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
            Self::OutOfReach => "out of reach",
            Self::NotEquivalent { .. } => "not equivalent",
            Self::Timeout { .. } => "timeout",
        }
    }

    /// Whether it is as it should be.
    #[must_use]
    pub const fn is_good(&self) -> bool {
        matches!(self, Self::Caught { .. } | Self::Equivalent | Self::OutOfReach)
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

/// A trial that the shipped source has passed.
#[derive(Clone, Debug)]
pub struct Passed {
    trial: Trial,
    /// What was done on the way, of all that is in the subject's file. A mutant of something else is the shipped source here.
    operations: Vec<Op>,
    states: u64,
}

impl Passed {
    /// Explores the shipped source of the subject; what comes of it is its part of a [`Reference`].
    ///
    /// A trial that asks whether somebody is kept awake may fail, and is none then: a model may spin by itself.
    ///
    /// # Errors
    ///
    /// See [`NoReference`].
    pub fn of(
        subject: &Subject,
        trial: Trial,
        budget: &Budget,
        progress: &dyn Progress,
    ) -> Result<Option<Self>, NoReference> {
        let sites: &'static Sites = Box::leak(Box::default());
        let found = trial.explore(None, Some(sites), budget, progress);
        if found.cut_short {
            Err(NoReference::Late(format!("{} was cut short", trial.id())))
        } else if found.verdict.holds() {
            let states = found.states.unwrap_or(0);
            Ok(Some(Self { trial, operations: sites.within(subject.file), states }))
        } else if matches!(found.verdict, Verdict::Timeout { .. }) {
            Err(NoReference::Late(format!("{} has not come to an end", trial.id())))
        } else if trial.liveness.is_some() {
            Ok(None)
        } else {
            let (id, why) = (trial.id(), why(&found));
            Err(NoReference::Wrong(format!("{id} does not hold of the shipped source: {why}")))
        }
    }

    /// The trial's claim.
    #[must_use]
    pub fn id(&self) -> String {
        self.trial.id()
    }

    fn is_about(&self, mutation: &Mutation) -> bool {
        self.operations.iter().any(|op| mutation.concerns(op))
    }
}

/// A subject as it is shipped: what its models say of it, and what can be done otherwise.
#[derive(Clone, Debug)]
pub struct Reference {
    /// The trials that hold, those with the fewest states first.
    pub passed: Vec<Passed>,
    /// All mutants.
    pub mutants: Vec<Mutant>,
}

/// Why there is no [`Reference`] to compare mutants with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoReference {
    /// A model does not hold of the shipped source, and why not: of a mutant it would say nothing then.
    Wrong(String),
    /// A model did not come to an end, for lack of time or memory.
    Late(String),
}

impl Reference {
    /// Of all the trials that the shipped source has passed.
    #[must_use]
    pub fn of(subject: &'static Subject, mut passed: Vec<Passed>) -> Self {
        passed.sort_by_key(|one| one.states);
        let operations = operations(subject, &passed);
        let mutants = operations.iter().enumerate().flat_map(|(at, op)| {
            let alike = |other: &&Op| (other.kind, other.order) == (op.kind, op.order);
            let number = operations[..at].iter().filter(alike).count();
            changes(op).into_iter().map(move |change| Mutant::of(subject, (op, number), change))
        });
        Self { passed, mutants: mutants.collect() }
    }

    /// All operations of the source that its models come to.
    pub(super) fn operations(&self, subject: &Subject) -> Vec<Op> {
        operations(subject, &self.passed)
    }

    /// Why models cannot show that a weaker ordering of that operation is wrong, if that is known.
    pub(super) fn out_of_reach(&self, op: &Op) -> Option<&'static str> {
        let mut known = self.weakened(op).filter_map(|mutant| mutant.out_of_reach);
        known.next()
    }

    /// The mutants with a weaker ordering of that operation.
    fn weakened(&self, op: &Op) -> impl Iterator<Item = &Mutant> {
        let its = self.mutants.iter().filter(|mutant| mutant.mutation.concerns(op));
        its.filter(|mutant| matches!(mutant.mutation.change, Change::Order(_) | Change::Failure(_)))
    }

    /// Explores the models with these orderings, of which that of this operation is new.
    pub(super) fn try_orders(
        &self,
        op: &Op,
        orders: Orders,
        budget: &Budget,
        progress: &dyn Progress,
    ) -> Attempt {
        let mutation = Mutation::of_orders(op.site, Box::leak(Box::new(orders)));
        let few = self.passed.iter().filter(|one| one.states > FEW_STATES);
        let few = few.map(|one| one.trial.briefly());
        let slow = self.weakened(op).filter_map(|mutant| mutant.slow_trial);
        let mut late = false;
        for trial in few.chain(self.passed.iter().map(|one| one.trial)).chain(slow) {
            let found = trial.explore(Some(mutation), None, budget, progress);
            if matches!(found.verdict, Verdict::Timeout { .. })
                || (found.verdict.holds() && found.cut_short && !trial.is_brief())
            {
                late = true;
            } else if trial.notices(&found) {
                return Attempt::Fails;
            }
        }
        if late { Attempt::Late } else { Attempt::Holds }
    }

    /// Explores the models with a mutant, one after the other, until one fails: at first a few executions of each that is
    /// large, as they mostly show it. Of a mutant that is known not to be shown, the largest get no more than that.
    pub fn try_mutant(&self, mutant: &Mutant, budget: &Budget, progress: &dyn Progress) -> Tried {
        let began = Instant::now();
        let its = || self.passed.iter().filter(|one| one.is_about(&mutant.mutation));
        let few = its().filter(|one| one.states > FEW_STATES).map(|one| one.trial.briefly());
        let is_known = mutant.equivalent.is_some() || mutant.out_of_reach.is_some();
        let most = if is_known { MANY_STATES } else { u64::MAX };
        let whole = its().filter(|one| one.states <= most).map(|one| one.trial);
        let mut late = None;
        for trial in mutant.hint.into_iter().chain(few).chain(whole).chain(mutant.slow_trial) {
            let found = trial.explore(Some(mutant.mutation), None, budget, progress);
            if matches!(found.verdict, Verdict::Timeout { .. })
                || (found.verdict.holds() && found.cut_short)
            {
                late.get_or_insert_with(|| trial.id());
            } else if trial.notices(&found) {
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
            (None, None) if mutant.out_of_reach.is_some() => Fate::OutOfReach,
            (None, None) => Fate::Missed,
        };
        Tried { fate, took: began.elapsed() }
    }
}

/// All operations of the subject's source that these came to.
fn operations(subject: &Subject, passed: &[Passed]) -> Vec<Op> {
    let sites = Sites::default();
    passed.iter().flat_map(|one| &one.operations).for_each(|op| sites.pass(op));
    sites.within(subject.file)
}

impl Mutant {
    fn of(subject: &'static Subject, (op, number): (&Op, usize), change: Change) -> Self {
        let order = op.order.map_or_else(String::new, |order| format!("-{order:?}"));
        let place = format!("{}{order}-{number}/{}", op.kind.name(), short(change));
        let why = |known: &'static [Known]| {
            known.iter().find(|known| known.is_about(&place)).map(|known| known.why)
        };
        let (equivalent, out_of_reach) = (why(subject.equivalent), why(subject.out_of_reach));
        Self {
            id: format!("{}/{place}", subject.name),
            site: op.place(),
            operation: op.in_words(),
            change: in_words(op, change),
            mutation: Mutation::at(op.site, change),
            hint: subject.hint(&place),
            slow_trial: subject.slow_trial(&place),
            equivalent,
            out_of_reach,
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
