//! Histories: what real processes saw of a queue and of a lock for readers and writers, recorded call by call, and
//! [judged](crate::linearizability) for whether it could have happened one call after the other.
//!
//! A count at the end says that nothing was lost. A history says more: that nobody saw anything too early, too late, twice,
//! in a wrong order, or by half. It takes long to judge a long one, so many short ones are recorded, each on a new
//! object: a few processes, a few calls each, begun together. In every second one a process is killed. At the end the
//! harness, as one more process, takes out what is left, so that what got lost is missed.
//!
//! # The log
//!
//! Each process notes what it calls and when, and then what came of it and when, in its own part of the shared region
//! (`book.rs`), which outlives it. What a killed process wrote there is what came before its death in its program; a call
//! without an end is one [without an answer](crate::linearizability::End::Unknown).
//!
//! # The clock
//!
//! `CLOCK_MONOTONIC`, which on Linux all processors agree on. A counter that all processes add to would be as good a clock,
//! but each addition to it orders the processes: a lock that orders too little might never be seen to. Reading the time
//! touches nothing that is shared.
//!
//! *What a stamp may be trusted for.* A call is noted as begun before it asks for the lock, and as ended after it has let
//! go. A store, of the stamp too, becomes visible no later than the release that follows it; so who comes to hold the lock
//! after that release reads the time later than the stamp was taken. Two calls that followed each other by the lock are
//! therefore never stamped the other way round, however much a processor defers. Calls at the same nanosecond count as
//! overlapping.
//!
//! # What is not promised
//!
//! What did not come up was not judged; the seed repeats choices, not timing.

mod book;
mod broken;
mod object;
mod participant;
mod plan;
mod queue;
mod recorded;
mod recorder;
mod rwlock;
mod words;

pub(super) use participant::{Part, take_part};
pub use plan::{HistoryPlan, Recordable};
pub use recorded::{Offence, Recorded};
pub use recorder::record;
