//! What the tests with real processes share.
//!
//! Every test body runs in a child process of its own, under a watchdog ([`child::supervised`]): a lock that hangs
//! fails its test, with the state of each process that was left, and never the run.

// Each test binary uses its part.
#![allow(dead_code)]

pub(crate) mod child;
pub(crate) mod forgotten;
pub(crate) mod list;
pub(crate) mod memory;
pub(crate) mod outcome;
pub(crate) mod pthread;
pub(crate) mod sandbox;
pub(crate) mod seed;
pub(crate) mod signals;
pub(crate) mod steps;
