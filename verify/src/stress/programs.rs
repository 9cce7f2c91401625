//! Programs at random in real processes: [`programs`](crate::programs) says which, and what may come of them.
//!
//! Each is run some times over, each time on new objects, by the same processes, which begin together. One that is to die kills itself
//! before one of its steps (SIGKILL), and another takes its place for the next time. What each has seen stands in the region, which
//! outlives it.

mod part;
mod run;
mod stage;

pub(super) use part::Part;
pub use run::by_processes;
