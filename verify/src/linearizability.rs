//! Linearizability: whether what several processes saw of an object could have been seen by one after the other.
//!
//! A [`History`] says of each call when it began, when it ended, and what came of it. It is linearizable if each call
//! can be given one moment between its beginning and its end, so that the calls, done one at a time in the order of those
//! moments, have just those outcomes by the [`Specification`] (Herlihy and Wing, "Linearizability: a correctness
//! condition for concurrent objects", 1990). [`judge`] looks for such moments.
//!
//! # Calls without an answer
//!
//! Whoever was killed in a call, or still is in it, has seen no outcome. The call has taken effect at some moment after it
//! began, or never. If it is known when its process was gone ([`End::Unknown`]), then before that or never: nobody else
//! does a dead one's work later ("strict linearizability", Aguilera and Frølund 2003).
//!
//! # The search
//!
//! That of Wing and Gong ("Testing and verifying concurrent objects", 1993): of the calls that no other unplaced one
//! precedes, each is tried as the next, depth first. Two searches that have placed the same calls and reached the same
//! state have the same future, so each such pair is looked at once (Lowe, "Testing for linearizability", 2017; Horn and
//! Kroening 2015). A process makes one call after the other, so the set of the calls that are placed is one number for
//! each process. The search has a bound; beyond it the judgement is that it was [cut short](Judgement::CutShort), never
//! that all is well.

mod drawing;
mod history;
mod queue;
mod register;
mod search;
#[cfg(test)]
mod tests;

pub use drawing::draw;
pub use history::{Call, End, History, Lane, OutOfOrder};
pub use queue::{BoundedQueue, QueueAnswer, QueueCall};
pub use register::{Looks, PairCall, PairRegister};
pub use search::{Judged, Judgement, MOST_CONFIGURATIONS, Place, judge};

use std::hash::Hash;

/// What an object does if its calls come one at a time.
pub trait Specification {
    /// What the object remembers.
    type State: Clone + Eq + Hash;
    /// What it can be asked.
    type Operation;
    /// What comes of that.
    type Outcome: PartialEq;

    /// What it remembers before the first call.
    fn begin(&self) -> Self::State;

    /// Carries out one call. `None` if it has to wait in that state: then the state is not used any more.
    fn perform(
        &self,
        state: &mut Self::State,
        operation: &Self::Operation,
    ) -> Option<Self::Outcome>;
}
