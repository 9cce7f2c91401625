//! What the explorer is checked against, and held itself: the outcomes that the axioms of the memory model allow,
//! and the states and executions of a step machine.

mod agreement;
mod alike;
mod at_random;
mod axiomatic;
#[cfg(all(feature = "loom", feature = "shuttle"))]
mod broken;
mod classics;
mod interleavings;
#[cfg(all(feature = "loom", feature = "shuttle"))]
mod liveness;
#[cfg(all(feature = "loom", feature = "shuttle"))]
mod marks;
mod on_graph;
#[cfg(feature = "loom")]
mod on_loom;
#[cfg(all(feature = "loom", feature = "shuttle"))]
mod over_models;
#[cfg(all(feature = "loom", feature = "shuttle"))]
mod parallel;
mod programs;
mod reductions;
mod replays;
#[cfg(feature = "loom")]
mod same_results;
mod searches;
mod step_machine;
mod tokens;
mod weakened;
