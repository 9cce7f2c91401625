//! What happened in one execution, step by step.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The names of steps that are more than an access to a word, as [`Step::op`] has them.
pub mod op {
    /// The thread dies. What it does afterwards is what the kernel does on its behalf.
    pub const DIES: &str = "dies";
    /// The thread is about to sleep, while the word holds what [`before`](super::Step::before) says. Recorded
    /// before it does, so that one that sleeps for ever shows; its next step, whatever it is, finds it awake.
    pub const FUTEX_WAIT: &str = "futex_wait";
    /// The same, for one of several words at once: the steps for all of them follow each other.
    pub const FUTEX_WAIT_ANY: &str = "futex_wait_any";
    /// The thread wakes as many others as [`after`](super::Step::after) says.
    pub const FUTEX_WAKE: &str = "futex_wake";
    /// The thread changes a word and wakes as many others as [`after`](super::Step::after) says, in one step.
    pub const FUTEX_UPDATE_WAKE_ALL: &str = "futex_update_wake_all";
    /// The thread wakes some of those that sleep on a word and moves others to another, as many together as
    /// [`after`](super::Step::after) says; where that is empty, the word did not hold what [`before`](super::Step::before)
    /// says, and nothing was done.
    pub const FUTEX_REQUEUE: &str = "futex_requeue";
    /// How it is said that a sleeper is moved to another word, on which it sleeps from then on.
    pub const IS_MOVED: &str = "is moved to ";
    /// How the names of the robust list's bookkeeping steps begin.
    pub const ROBUST: &str = "robust_";
}

/// One step of one thread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// Which thread (process) did it, counted from 1. 0 is whoever looks at the result when all have ended.
    pub thread: usize,
    /// What: `compare_exchange`, `futex_wait`, `dies`, ...
    pub op: String,
    /// On which word, by name, or from which to which; empty for steps that touch none.
    pub word: String,
    /// With which memory ordering; empty where there is none.
    pub ordering: String,
    /// What was there before, in words that fit the word; empty where nothing was read.
    pub before: String,
    /// What is there after; empty where nothing was written.
    pub after: String,
    /// Where in the source: `src/raw/mutex.rs:123`; empty for what happens to a thread.
    pub site: String,
}

/// An execution that comes to a certain result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Witness {
    /// How it comes to that.
    pub steps: Vec<Step>,
    /// As [`Counterexample::replay`].
    pub replay: String,
}

/// An execution that breaks a property.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counterexample {
    /// What went wrong, in a sentence.
    #[serde(rename = "why")]
    pub why: String,
    /// How it came to that.
    pub steps: Vec<Step>,
    /// Where it is one without end: the number of the step, from zero, from which all is done again and again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again_from: Option<usize>,
    /// What names this very execution, for the same version, so that `lockproof replay` shows it again; of real processes, the
    /// command. Empty for what the explorer has found in a mutant.
    pub replay: String,
}
