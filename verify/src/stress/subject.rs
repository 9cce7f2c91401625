//! What is counted on, by name.

use clap::ValueEnum;
use lockproof::raw::mutex_state::State;
use serde::{Deserialize, Serialize};

use super::arena::Arena;
use super::subjects::{self, Counted, Holder, Spot, Witness};
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
    /// The same with three permits, of which an increment takes two at once (`BoundedSemaphore<3>` and `RawValue<u64>`), and
    /// another one whose permits are given and taken by hand (`Semaphore<0, 64>`).
    Permits,
    /// A mutex with the count inside and a condition variable (`Mutex<u64>` and `Condvar`): now and then a worker waits for
    /// another's increment.
    Condvar,
    /// A queue through which every increment goes (`Queue<[u64; 2], 256>`), counted when it is taken.
    Queue,
    /// A queue through which every increment goes in two elements, put at once (`Queue<[u64; 3], 1024>`).
    Batches,
    /// A mutex that its holder takes twice, with the count inside (`ReentrantMutex<RawValue<u64>>`).
    Reentrant,
    /// An array with one lock and the count in each element (`Array<u64, 4>`).
    Array,
    /// An event of each worker (`Event`), set by its neighbour after each increment, for which it waits now and then.
    Event,
    /// Things that are made once (`Once`, and a value in `OnceValue<[u64; 2]>`), one after the other, each used by all.
    Once,
    /// Meetings at a barrier (`Barrier<4>`, of workers that are left over a smaller one): an increment is three of them.
    Barrier,
    /// A queue of tasks through which every increment goes (`JoinableQueue<[u64; 3], 16, 256>`), counted as done, or lost:
    /// now and then a worker joins.
    Tasks,
    /// A queue of messages through which every increment goes (`MessageQueue<8192>`), counted when it is received.
    Messages,
    /// A pipe with two ends (`Pipe<8192>`): the same, from either end to the other.
    Pipe,
    /// A file with the count in it, changed by `update_file`, and a lock on a path beside a second count (`FileLock` and
    /// `RawValue<u64>`).
    File,
    /// A shared value, read and written without a lock (`RawValue<u64>`): loses updates.
    Unlocked,
    /// `counter`, between the threads of one process.
    Threads,
}

/// Does something with the type that a subject stands for.
macro_rules! with {
    ($subject:expr, $counted:ident => $what:expr) => {
        with! { $subject, $counted => $what;
            Mutex: mutex::OnMutex,
            Lock: lock::OnLock,
            Value: value::OnValue,
            Counter: counter::OnCounter,
            Atomic: atomic::OnAtomic,
            Rwlock: rwlock::OnRwLock,
            Semaphore: semaphore::OnSemaphore,
            Permits: permits::OnPermits,
            Condvar: condvar::OnCondvar,
            Queue: queue::OnQueue,
            Batches: batches::OnBatches,
            Reentrant: reentrant::OnReentrant,
            Array: array::OnArray,
            Event: event::OnEvent,
            Once: once::OnOnce,
            Barrier: barrier::OnBarrier,
            Tasks: tasks::OnTasks,
            Messages: messages::OnMessages,
            Pipe: pipe::OnPipe,
            File: file::OnFile,
            Unlocked: unlocked::OnUnlocked,
            Threads: counter::OnCounterBetweenThreads,
        }
    };
    ($subject:expr, $counted:ident => $what:expr;
     $($name:ident: $module:ident::$type:ident,)*) => {
        match $subject {
            $(Self::$name => {
                type $counted = subjects::$module::$type;
                $what
            })*
        }
    };
}

impl Subject {
    /// All of them, as reports list them.
    pub const ALL: [Self; 22] = [
        Self::Mutex,
        Self::Lock,
        Self::Value,
        Self::Counter,
        Self::Atomic,
        Self::Rwlock,
        Self::Semaphore,
        Self::Permits,
        Self::Condvar,
        Self::Queue,
        Self::Batches,
        Self::Reentrant,
        Self::Array,
        Self::Event,
        Self::Once,
        Self::Barrier,
        Self::Tasks,
        Self::Messages,
        Self::Pipe,
        Self::File,
        Self::Unlocked,
        Self::Threads,
    ];

    /// Its name in reports and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        with!(self, S => S::NAME)
    }

    /// Whether it is told of a process if that dies as its holder: whether there is one lock, and processes.
    #[must_use]
    pub const fn has_holder(self) -> bool {
        !matches!(with!(self, S => S::HOLDER), Holder::Unknown)
    }

    /// Whether its workers are processes that may be killed in a run whose result means something.
    #[must_use]
    pub const fn takes_kills(self) -> bool {
        with!(self, S => S::TAKES_KILLS)
    }

    /// Whether a holder can be told to stay inside.
    pub(crate) const fn holder_can_stay(self) -> bool {
        matches!(with!(self, S => S::HOLDER), Holder::CanStay)
    }

    /// How many increments each of eight processes makes, on two processors, in some tenths of a second.
    pub(crate) const fn a_moments_increments(self) -> u64 {
        with!(self, S => S::A_MOMENTS_INCREMENTS)
    }

    /// How many increments each makes, if nothing else is said.
    #[must_use]
    pub const fn count(self) -> u64 {
        with!(self, S => S::COUNT)
    }

    /// Whether it needs a folder.
    pub(crate) const fn needs_folder(self) -> bool {
        with!(self, S => S::NEEDS_FOLDER)
    }

    /// Whether so many workers should lose nothing.
    #[must_use]
    pub fn expected(self, workers: usize) -> Expected {
        with!(self, S => S::expected(workers))
    }

    /// The lock's word.
    pub(crate) fn status(self, arena: &Arena) -> State {
        with!(self, S => S::status(arena))
    }

    /// How many reports of a dead holder have been given so far.
    pub(crate) fn reports(self, arena: &Arena) -> u64 {
        with!(self, S => S::reports(arena))
    }

    /// Whoever counts has come.
    pub(crate) fn arrive(self, spot: &Spot<'_>) {
        with!(self, S => S::arrive(spot));
    }

    /// Whoever counts has done its work.
    pub(crate) fn leave(self, spot: &Spot<'_>) {
        with!(self, S => S::leave(spot));
    }

    /// Adds one.
    ///
    /// # Errors
    ///
    /// Why it could not, in words.
    pub(crate) fn increment(self, spot: &Spot<'_>, witness: &impl Witness) -> Result<(), String> {
        with!(self, S => S::increment(spot, witness))
    }

    /// The count. Takes the lock, and tells the witness if its last holder died.
    ///
    /// # Errors
    ///
    /// Why it could not, in words.
    pub(crate) fn total(self, spot: &Spot<'_>, witness: &impl Witness) -> Result<u64, String> {
        with!(self, S => S::total(spot, witness))
    }
}
