//! Platforms that models run on: [`loom`], [`shuttle`], and the decorator that watches, kills and weakens.

use lockproof::platform::{Platform, ThreadId};

mod called;
mod control;
mod decorated;
#[cfg(feature = "loom")]
pub mod loom;
mod mutated;
pub mod recorder;
mod robust;
#[cfg(feature = "shuttle")]
pub mod shuttle;
mod wait_queue;
mod words;

pub use control::{Control, CrashPoint, Facts, KernelRule, Plan, Sites, thread_died};
pub(crate) use control::{between, lock_word};
pub use decorated::Decorated;
pub use mutated::{Change, Kind, Mutation, Op, Orders, Site};
pub(crate) use wait_queue::GivenUp;
pub use wait_queue::WakeOrder;

/// A platform that can make its own words: what a model is written over.
///
/// Words have names, for traces. All start at zero.
pub trait World: Platform<RobustWord: Clone> + Clone + 'static {
    /// A word.
    fn new_word(&self, name: &'static str) -> Self::Word;
    /// A robust word.
    fn new_robust(&self, name: &'static str) -> Self::RobustWord;
    /// A 64-bit word.
    fn new_word64(&self, name: &'static str) -> Self::Word64;
    /// Protected data.
    fn new_cell(&self, name: &'static str) -> Self::Cell;

    /// A word's name.
    fn name_of(word: &Self::Word) -> &'static str;
    /// A 64-bit word's name.
    fn name_of64(word: &Self::Word64) -> &'static str;
    /// A cell's name.
    fn name_of_cell(cell: &Self::Cell) -> &'static str;
    /// What tells a word from all others of one execution.
    fn id_of(word: &Self::Word) -> usize;
    /// Whether the word is a robust word's: traces then show it as a lock word.
    fn is_lock(word: &Self::Word) -> bool;

    /// The same machine, as another thread sees it.
    fn as_thread(&self, thread: ThreadId) -> Self;
}

/// A futex call did not find what it waits for: which of a thread's waits returns early, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interruption {
    /// The thread.
    pub thread: ThreadId,
    /// Its waits are counted from zero.
    pub wait: usize,
    /// Whether its deadline passes; else it returns for no reason.
    pub timed_out: bool,
}
