//! What is counted on, and one increment of it.

use std::time::Duration;

use clap::ValueEnum;
use lockproof::error::LockError;
use lockproof::raw::mutex_state::State;
use lockproof::{MutexGuard, PutError, RwLockWriteGuard};
use serde::{Deserialize, Serialize};

use super::arena::Arena;
use crate::claim::Expected;

/// A way to count together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// A mutex with the count inside (`Mutex<u64>`).
    Mutex,
    /// A lock beside the count (`Lock` and `RawValue<u64>`).
    Lock,
    /// A value and its own reentrant lock (`Value<u64>`).
    Value,
    /// A counter with a lock inside (`Counter`).
    Counter,
    /// A counter without a lock (`AtomicCounter`).
    Atomic,
    /// A lock for readers or a writer, with the count inside twice (`RwLock<[u64; 2]>`): read between increments.
    Rwlock,
    /// A semaphore with one permit beside the count (`BoundedSemaphore<1>` and `RawValue<u64>`).
    Semaphore,
    /// A mutex with the count inside and a condition variable (`Mutex<u64>` and `Condvar`): now and then a worker waits for
    /// another's increment.
    Condvar,
    /// A queue through which every increment goes (`Queue<[u64; 2], 16>`), counted when it is taken.
    Queue,
    /// A shared value, read and written without a lock (`RawValue<u64>`): loses updates.
    Unlocked,
    /// `counter`, between the threads of one process.
    Threads,
}

/// What whoever increments wants to hear of on the way.
pub(crate) trait Witness {
    /// The lock was taken from a dead holder. Called under the lock, before it is declared consistent.
    fn told(&self) {}
    /// The lock is held and the count read, but not yet written.
    fn before_store(&self) {}
    /// The new count is written, and the lock still held.
    fn after_store(&self) {}
}

/// Wants to hear of nothing.
pub(crate) struct Indifferent;

impl Witness for Indifferent {}

impl Subject {
    /// All of them, as reports list them.
    pub const ALL: [Self; 11] = [
        Self::Mutex,
        Self::Lock,
        Self::Value,
        Self::Counter,
        Self::Atomic,
        Self::Rwlock,
        Self::Semaphore,
        Self::Condvar,
        Self::Queue,
        Self::Unlocked,
        Self::Threads,
    ];

    /// Its name in reports and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mutex => "mutex",
            Self::Lock => "lock",
            Self::Value => "value",
            Self::Counter => "counter",
            Self::Atomic => "atomic",
            Self::Rwlock => "rwlock",
            Self::Semaphore => "semaphore",
            Self::Condvar => "condvar",
            Self::Queue => "queue",
            Self::Unlocked => "unlocked",
            Self::Threads => "threads",
        }
    }

    /// Whether it is told of a process if that dies as its holder: whether there is one lock, and processes.
    #[must_use]
    pub const fn has_holder(self) -> bool {
        matches!(self, Self::Mutex | Self::Lock | Self::Value | Self::Counter)
    }

    /// Whether its workers are processes that may be killed in a run whose result means something.
    #[must_use]
    pub const fn takes_kills(self) -> bool {
        self.has_holder()
            || matches!(
                self,
                Self::Atomic | Self::Rwlock | Self::Semaphore | Self::Condvar | Self::Queue
            )
    }

    /// Whether a holder can be told to stay inside. `counter` keeps its critical section to itself.
    pub(crate) const fn holder_can_stay(self) -> bool {
        matches!(self, Self::Mutex | Self::Lock | Self::Value)
    }

    /// Whether so many workers should lose nothing.
    #[must_use]
    pub const fn expected(self, workers: usize) -> Expected {
        match self {
            Self::Unlocked if workers > 1 => Expected::Fails,
            _ => Expected::Holds,
        }
    }

    /// The lock's word.
    pub(crate) fn status(self, arena: &Arena) -> State {
        match self {
            Self::Mutex => arena.mutex.status(),
            Self::Lock => arena.lock.status(),
            Self::Value => arena.value.status(),
            Self::Counter | Self::Threads => arena.counter.status(),
            Self::Atomic
            | Self::Rwlock
            | Self::Semaphore
            | Self::Condvar
            | Self::Queue
            | Self::Unlocked => State(0),
        }
    }

    /// How many reports of a dead holder have been given so far. `counter` keeps its own account of them.
    pub(crate) fn reports(self, arena: &Arena) -> u64 {
        match self {
            Self::Counter | Self::Threads => arena.counter.deaths_noted(),
            _ => arena.reports_to_workers(),
        }
    }

    /// Adds one.
    ///
    /// # Errors
    ///
    /// Why it could not, in words.
    pub(crate) fn increment(
        self,
        arena: &Arena,
        gap: impl Fn(),
        witness: &impl Witness,
    ) -> Result<(), String> {
        match self {
            Self::Mutex => {
                let mut count = taken(arena.mutex.lock(), witness, |g| g.make_consistent())?;
                witness.before_store();
                *count += 1;
                witness.after_store();
            }
            Self::Lock => {
                acquire(arena, witness)?;
                let before = arena.beside.load();
                witness.before_store();
                arena.beside.store(before + 1);
                witness.after_store();
                arena.lock.release().map_err(|error| error.to_string())?;
            }
            Self::Value => {
                let _held = taken(arena.value.lock(), witness, |g| g.make_consistent())?;
                let before = arena.value.get().map_err(|error| error.to_string())?;
                witness.before_store();
                arena.value.set(before + 1).map_err(|error| error.to_string())?;
                witness.after_store();
            }
            Self::Counter | Self::Threads => {
                arena.counter.increment().map_err(|error| error.to_string())?;
            }
            Self::Atomic => {
                arena.atomic.increment();
            }
            Self::Rwlock => {
                for _ in 0..fastrand::u8(..4) {
                    read(arena)?;
                }
                let mut halves = write(arena)?;
                let next = whole(&halves)? + 1;
                halves[0] = next;
                gap();
                halves[1] = next;
            }
            Self::Semaphore => {
                let _permit = arena.semaphore.acquire().map_err(|error| error.to_string())?;
                let before = arena.admitted.load();
                gap();
                arena.admitted.store(before + 1);
            }
            Self::Condvar => {
                let mut count = watched(arena.watched.lock())?;
                *count += 1;
                arena.changed.notify_one();
                if fastrand::u8(..16) == 0 {
                    wait_for_another(arena, count)?;
                }
            }
            Self::Queue => {
                let number = fastrand::u64(..);
                match arena.queue.try_put([number, number]) {
                    // What the dead have left behind makes room for nobody.
                    Ok(()) | Err(PutError::Full(_)) => {}
                    Err(error) => return Err(error.to_string()),
                }
                match arena.queue.take().map_err(|error| error.to_string())? {
                    Some([left, right]) if left == right => arena.taken.increment(),
                    Some(torn) => return Err(format!("half an element came out: {torn:?}")),
                    None => return Err("the queue was shut down".to_owned()),
                };
            }
            Self::Unlocked => {
                let before = arena.unlocked.load();
                gap();
                arena.unlocked.store(before + 1);
            }
        }
        Ok(())
    }

    /// The count. Takes the lock, and tells the witness if its last holder died.
    ///
    /// # Errors
    ///
    /// Why it could not, in words.
    pub(crate) fn total(self, arena: &Arena, witness: &impl Witness) -> Result<u64, String> {
        match self {
            Self::Mutex => taken(arena.mutex.lock(), witness, |g| g.make_consistent()).map(|g| *g),
            Self::Lock => {
                acquire(arena, witness)?;
                let total = arena.beside.load();
                arena.lock.release().map_err(|error| error.to_string())?;
                Ok(total)
            }
            Self::Value => {
                taken(arena.value.lock(), witness, |g| g.make_consistent()).map(|g| g.read())
            }
            Self::Counter | Self::Threads => arena.counter.get().map_err(|error| error.to_string()),
            Self::Atomic => Ok(arena.atomic.get()),
            Self::Rwlock => write(arena).and_then(|halves| whole(&halves)),
            Self::Semaphore => {
                let _permit = arena.semaphore.acquire().map_err(|error| error.to_string())?;
                Ok(arena.admitted.load())
            }
            Self::Condvar => watched(arena.watched.lock()).map(|count| *count),
            Self::Queue => Ok(arena.taken.get()),
            Self::Unlocked => Ok(arena.unlocked.load()),
        }
    }
}

/// The guard, and the lock in order: whoever was told of a dead holder has nothing else to repair, as a count
/// is written in one store.
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

/// How long a worker waits for another's increment: all may be waiting.
const A_MOMENT: Duration = Duration::from_micros(500);

fn watched<'a>(
    taken_or_not: Result<MutexGuard<'a, u64>, LockError<MutexGuard<'a, u64>>>,
) -> Result<MutexGuard<'a, u64>, String> {
    taken(taken_or_not, &Indifferent, |count| count.make_consistent())
}

fn wait_for_another(arena: &Arena, count: MutexGuard<'_, u64>) -> Result<(), String> {
    let mine = *count;
    let waited = arena.changed.wait_timeout_while(count, A_MOMENT, |count| *count == mine);
    taken(waited, &Indifferent, |(count, _)| count.make_consistent()).map(drop)
}

/// For writing, with what a dead writer left put right.
fn write(arena: &Arena) -> Result<RwLockWriteGuard<'_, [u64; 2]>, String> {
    repaired(arena.rwlock.write())
}

fn read(arena: &Arena) -> Result<u64, String> {
    match arena.rwlock.read() {
        Ok(halves) => whole(&halves),
        Err(died) => repaired(Err(died)).and_then(|halves| whole(&halves)),
    }
}

/// An increment that was begun counts as done.
fn repaired<'a>(
    taken_or_not: Result<RwLockWriteGuard<'a, [u64; 2]>, LockError<RwLockWriteGuard<'a, [u64; 2]>>>,
) -> Result<RwLockWriteGuard<'a, [u64; 2]>, String> {
    taken(taken_or_not, &Indifferent, |halves| {
        halves[1] = halves[0];
        halves.make_consistent();
    })
}

fn whole(halves: &[u64; 2]) -> Result<u64, String> {
    match *halves {
        [left, right] if left == right => Ok(left),
        [left, right] => {
            Err(format!("half a change was seen, and no death was told: {left}, {right}"))
        }
    }
}

fn acquire(arena: &Arena, witness: &impl Witness) -> Result<(), String> {
    match arena.lock.acquire(true, None) {
        Ok(_) => Ok(()),
        Err(LockError::OwnerDied(_)) => {
            witness.told();
            arena.lock.make_consistent().map_err(|error| error.to_string())
        }
        Err(error) => Err(error.to_string()),
    }
}
