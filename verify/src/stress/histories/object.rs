//! What histories are recorded of.

use std::fmt::Display;

use fastrand::Rng;
use serde::Serialize;

use super::book::Round;
use super::words::Words;
use crate::linearizability::Specification;

/// An operation of an object.
pub(super) type Operation<O> = <<O as Object>::Specification as Specification>::Operation;
/// What comes of one.
pub(super) type Outcome<O> = <<O as Object>::Specification as Specification>::Outcome;

/// A kind of object, one of which is in each [`Round`].
pub(super) trait Object {
    /// What it should do.
    type Specification: Specification<
            Operation: Words + Display + Serialize + Clone,
            Outcome: Words + Display + Serialize + Clone,
        >;

    const SPECIFICATION: Self::Specification;

    /// A call to make, the first of its process or a later one. `element` is written nowhere else.
    fn choose(rng: &mut Rng, is_first: bool, element: u64) -> Operation<Self>;

    /// Makes it.
    ///
    /// # Errors
    ///
    /// Why it could not be made, in words.
    fn perform(spot: &Spot<'_>, operation: &Operation<Self>) -> Result<Outcome<Self>, String>;

    /// What ends the waiting of processes that wait for each other's calls.
    fn release() -> Option<Operation<Self>> {
        None
    }

    /// What finds out what is left, once all have finished: is asked again after each outcome until it says `None`.
    fn next_look(last: Option<&Outcome<Self>>) -> Option<Operation<Self>>;
}

/// Where and by whom a call is made.
pub(super) struct Spot<'a> {
    pub(super) round: &'a Round,
    pub(super) lane: usize,
    /// A moment's pause, or none: where others should come in between if they can.
    pub(super) pause: &'a dyn Fn(),
}
