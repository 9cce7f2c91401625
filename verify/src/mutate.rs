//! Mutation: how good the proofs are.
//!
//! At every source site of a shipped algorithm, one thing at a time is done otherwise: an ordering is weakened by a step, a
//! write or a wake left out, a compare skipped, one woken instead of all, a word of the robust list not written. The
//! models that hold the algorithm are explored with each of these *mutants*. One that none of them notices is a hole in the
//! models, or an ordering stronger than it has to be. What is known to change nothing is listed beside the models, with the
//! reason, and shown to go unnoticed.

mod campaign;
mod changes;
mod subjects;
mod weakest;

use crate::verdict::{Finding, Verdict};

pub use campaign::{Fate, Mutant, NoReference, Passed, Reference, Tried};
pub use changes::{changes, in_words, short};
pub use subjects::{Known, SUBJECTS, Subject, Trial};
pub use weakest::{Compared, Found, Knob, Weakest, weakest};

/// Whether what was found with a mutant, of a model that holds without, shows the mutant. That something never happened does
/// not, where that may have been for want of room.
#[must_use]
pub fn is_noticed(found: &Finding) -> bool {
    match &found.verdict {
        Verdict::Timeout { .. } => false,
        Verdict::Vacuous { .. } => !found.cut_short,
        verdict => !verdict.holds(),
    }
}
