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

pub use campaign::{Fate, Mutant, NoReference, Passed, Reference, Tried};
pub use changes::{changes, in_words, short};
pub use subjects::{Known, SUBJECTS, Subject, Trial};
