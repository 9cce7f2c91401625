//! Explorers: each runs a model through many executions and returns a finding.

mod failure;
pub mod graph;
#[cfg(feature = "loom")]
pub mod loom;
mod named;
mod quiet;
#[cfg(any(feature = "loom", feature = "shuttle"))]
mod run;
#[cfg(feature = "shuttle")]
pub mod shuttle;
mod tally;

pub use named::Named;

pub(crate) use failure::{BREAKS_A_LIST, SPINS, why};
pub(crate) use quiet::quietly;
