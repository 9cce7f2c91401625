//! Those who count and are killed at it: how one waits for that, and what is told of it.

use std::process;
use std::thread::sleep;
use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::Serialize;

use super::count::How;

/// What one says that is to be killed, where it is to be killed.
pub(super) const HALF_WAY: &str = "is half-way";
/// How long it waits for that. If nobody comes, it goes on.
const PATIENCE: Duration = Duration::from_secs(10);

/// Says that it is there, and waits to be killed: where it is, or, with a [`How::Counter`], at whatever it does next.
pub(super) fn wait_to_be_killed(how: How) {
    println!("{}: {HALF_WAY}", process::id());
    let began = Instant::now();
    // What that one does inside of an increment is its own business; a kill may come at any point of the next ones.
    while how != How::Counter && began.elapsed() < PATIENCE {
        sleep(Duration::from_millis(10));
    }
}

/// What became of those that were killed.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub(super) struct Dead {
    #[serde(skip)]
    pub(super) how: How,
    /// How many were killed; each had another take its place.
    pub(super) killed: u16,
    /// How many deaths of a lock's holder the next one was told of, or found.
    pub(super) told: u64,
}

impl Dead {
    /// The same for people; so many increments were counted again.
    pub(super) fn in_words(&self, again: u64) -> String {
        let Self { how, killed, told } = self;
        let told = match how {
            How::Unlocked => "between its read and its write; nobody is told".to_owned(),
            How::Counter => format!("at any point; held its lock then, and found: {told}"),
            _ => format!("while it held the lock; the next was told: {told}"),
        };
        let again = match again {
            0 => String::new(),
            some => format!("; counted again, as it was killed before it had noted it: {some}"),
        };
        format!("{killed} killed, each {told}{again}")
    }
}
