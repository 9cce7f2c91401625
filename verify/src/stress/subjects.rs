//! What is counted on: a file for each, with one increment of it.

use std::fmt::Display;
use std::path::Path;

use lockproof::error::LockError;
use lockproof::raw::mutex_state::State;

use super::arena::Arena;
use crate::claim::Expected;

pub(crate) mod array;
pub(crate) mod atomic;
pub(crate) mod barrier;
pub(crate) mod batches;
pub(crate) mod condvar;
pub(crate) mod counter;
pub(crate) mod event;
pub(crate) mod file;
pub(crate) mod lock;
pub(crate) mod messages;
pub(crate) mod mutex;
pub(crate) mod once;
pub(crate) mod permits;
pub(crate) mod pipe;
pub(crate) mod queue;
pub(crate) mod reentrant;
pub(crate) mod rwlock;
pub(crate) mod semaphore;
pub(crate) mod tasks;
pub(crate) mod unlocked;
pub(crate) mod value;

/// Something to count on.
pub(crate) trait Counted {
    /// Its name in reports and on the command line.
    const NAME: &'static str;
    /// What is known of who holds it.
    const HOLDER: Holder = Holder::Unknown;
    /// Whether its workers are processes that may be killed in a run whose result means something.
    const TAKES_KILLS: bool = true;
    /// Whether it needs a [folder](Spot::folder).
    const NEEDS_FOLDER: bool = false;
    /// How many increments each makes, if nothing else is said.
    const COUNT: u64 = 50_000;
    /// How many increments each of eight processes makes, on two processors, in some tenths of a second.
    const A_MOMENTS_INCREMENTS: u64 = 200_000;

    /// Whether so many workers should lose nothing.
    fn expected(_workers: usize) -> Expected {
        Expected::Holds
    }

    /// The lock's word.
    fn status(_arena: &Arena) -> State {
        State(0)
    }

    /// How many reports of a dead holder have been given so far.
    fn reports(arena: &Arena) -> u64 {
        arena.reports_to_workers()
    }

    /// Whoever counts has come: at first, or in place of a dead one.
    fn arrive(_spot: &Spot<'_>) {}

    /// Adds one.
    ///
    /// # Errors
    ///
    /// Why it could not, in words.
    fn increment(spot: &Spot<'_>, witness: &impl Witness) -> Result<(), String>;

    /// Whoever counts has done its work.
    fn leave(_spot: &Spot<'_>) {}

    /// The count. Takes the lock, and tells the witness if its last holder died.
    ///
    /// # Errors
    ///
    /// Why it could not, in words.
    fn total(spot: &Spot<'_>, witness: &impl Witness) -> Result<u64, String>;
}

/// Whether it is known if a process that dies does so as the holder: whether there is one lock, whose word names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    /// There is none, or its word does not name it.
    Unknown,
    /// There is one, which keeps its critical section to itself.
    CannotStay,
    /// There is one, and it can be told to stay inside.
    CanStay,
}

/// Where one counts.
#[derive(Clone, Copy)]
pub(crate) struct Spot<'a> {
    pub(crate) arena: &'a Arena,
    /// Which worker it is.
    pub(crate) number: usize,
    /// How many there are.
    pub(crate) workers: usize,
    /// An empty folder at first, if the subject needs one.
    pub(crate) folder: &'a Path,
}

impl<'a> Spot<'a> {
    /// Where the only one counts.
    pub(crate) fn alone(arena: &'a Arena) -> Self {
        Self { arena, number: 0, workers: 1, folder: Path::new("") }
    }
}

/// What whoever increments wants to hear of on the way.
pub(crate) trait Witness {
    /// The lock was taken from a dead holder. Called under the lock, before it is declared consistent.
    fn told(&self) {}
    /// The lock is held and the count read, but not yet written.
    fn before_store(&self) {}
    /// The new count is written, and the lock still held.
    fn after_store(&self) {}
    /// In the middle of a change, where others must not come in between.
    fn gap(&self) {}
}

/// Wants to hear of nothing.
pub(crate) struct Indifferent;

impl Witness for Indifferent {}

/// The guard, and the lock in order: whoever was told of a dead holder has to repair no more than `make_consistent` does.
fn taken<G>(
    taken: Result<G, LockError<G>>,
    witness: &impl Witness,
    make_consistent: impl FnOnce(&mut G),
) -> Result<G, String> {
    match taken {
        Ok(guard) => Ok(guard),
        Err(LockError::OwnerDied(died)) => {
            witness.told();
            let mut guard = died.into_guard();
            make_consistent(&mut guard);
            Ok(guard)
        }
        Err(error) => Err(error.to_string()),
    }
}

fn in_words(error: impl Display) -> String {
    error.to_string()
}
