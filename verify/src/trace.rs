//! What happened in one execution, step by step.

use serde::Serialize;

/// One step of one thread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Which thread (process) did it, counted from 1.
    pub thread: usize,
    /// What: `compare_exchange`, `futex_wait`, `dies`, ...
    pub op: String,
    /// On which word, by name; empty for steps that touch none.
    pub word: String,
    /// With which memory ordering; empty where there is none.
    pub ordering: String,
    /// What was there before, in words that fit the word; empty where nothing was read.
    pub before: String,
    /// What is there after; empty where nothing was written.
    pub after: String,
    /// Where in the source: `src/raw/mutex.rs:123`.
    pub site: String,
}

/// An execution that breaks a property.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Counterexample {
    /// What went wrong, in a sentence.
    #[serde(rename = "why")]
    pub why: String,
    /// How it came to that.
    pub steps: Vec<Step>,
    /// What names this very execution: model, size, bound and number of the execution, for the same version.
    pub replay: String,
}
