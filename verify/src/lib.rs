//! The kit that proves the locks of `lockproof`, and yours.
#![cfg_attr(
    not(all(feature = "loom", feature = "shuttle")),
    allow(
        dead_code,
        unused_imports,
        unused_macros,
        reason = "what one of the checkers alone needs"
    )
)]

#[cfg(target_os = "linux")]
pub mod bench;
pub mod claim;
pub mod cli;
#[cfg(target_os = "linux")]
pub mod demo;
pub mod diagram;
pub mod explore;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzed;
mod interrupt;
pub mod linearizability;
pub mod model;
pub mod models;
pub mod mutate;
pub mod picture;
pub mod platform;
pub mod programs;
pub mod progress;
pub mod prove;
pub mod report;
#[cfg(target_os = "linux")]
pub mod stress;
pub mod trace;
pub mod verdict;
pub mod zoo;

/// The guide's program compiles.
#[cfg(all(doctest, target_os = "linux", feature = "loom", feature = "shuttle"))]
#[doc = include_str!("../../docs/your-own-lock.md")]
struct Guide;
