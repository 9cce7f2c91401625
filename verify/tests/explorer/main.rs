//! What the explorer is checked against, and held itself: the outcomes that the axioms of the memory model allow,
//! and the states and executions of a step machine.

mod agreement;
mod axiomatic;
mod classics;
mod interleavings;
mod on_graph;
#[cfg(feature = "loom")]
mod on_loom;
mod programs;
mod step_machine;
