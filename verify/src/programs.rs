//! Programs at random: small ones, of all that the primitives can be asked for, held against what is promised.
//!
//! A model is a program that somebody thought of. Here nobody does: what several processes do with two mutexes, a condition variable, a lock for
//! readers and writers, and a semaphore is drawn step by step, holds within holds, tries, deadlines and a death among them.
//! Each process notes what it sees; a reference in which each step happens at one moment says [whether](may_come_to) that may be. The
//! same programs run under shuttle, under the explorer of states, with weak memory and every death, and in real processes.
//!
//! A program that fails is made smaller as long as it fails, by `proptest`, and printed as code.
//!
//! # What is not looked for
//!
//! Programs in which somebody may wait for ever, by what is promised, are not drawn: so whoever waits for ever is found out. What one process
//! sees is held against what it could see in some order of all steps, not against the moments at which it saw it.

mod claims;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzed;
mod judge;
mod model;
mod program;
mod reference;
mod run;
mod strategy;

pub(crate) use claims::claims;
pub use judge::{Answer, can_get_stuck, may_come_to};
#[cfg(target_os = "linux")]
pub(crate) use model::IMPOSSIBLE;
pub use model::{Mistake, ProgramModel, Tally};
pub use program::{
    Death, Event, How, MOST_PERMITS, NUMBERS, PERMITS, Program, Seen, Step, What, Whom,
};
#[cfg(target_os = "linux")]
pub(crate) use reference::READERS;
#[cfg(feature = "shuttle")]
pub use run::by_shuttle;
pub use run::{Draw, by_states};
#[cfg(target_os = "linux")]
pub(crate) use run::{Ran, examine};
pub use strategy::{Size, programs};
