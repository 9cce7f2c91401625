//! What the explorer is checked against, and held itself: the outcomes that the axioms of the memory model allow,
//! and the states and executions of a step machine.

mod agreement;
mod alike;
mod asked;
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

/// `count` times `LOCKPROOF_TEST_SCALE`, which is 1 unless set: how many random programs are compared.
fn scaled(count: u64) -> u64 {
    let scale = std::env::var("LOCKPROOF_TEST_SCALE").ok();
    let scale = scale.map(|scale| scale.parse().unwrap_or_else(|_| panic!("{scale} is no number")));
    count * scale.unwrap_or(1)
}
