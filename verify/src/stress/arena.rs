//! The region that a run's processes share: one of everything that can be counted on, the harness's orders,
//! and a slot for each worker to say how far it is.

use lockproof::{
    Array, AtomicCounter, Counter, Mutex, RawValue, ReentrantMutex, RwLock, Value, shareable,
};

use super::subjects::array::ELEMENTS;
use super::subjects::barrier::OnBarrier;
use super::subjects::batches::OnBatches;
use super::subjects::condvar::OnCondvar;
use super::subjects::event::OnEvent;
use super::subjects::file::OnFile;
use super::subjects::lock::OnLock;
use super::subjects::messages::OnMessages;
use super::subjects::once::OnOnce;
use super::subjects::permits::OnPermits;
use super::subjects::pipe::OnPipe;
use super::subjects::queue::OnQueue;
use super::subjects::semaphore::OnSemaphore;
use super::subjects::tasks::OnTasks;

/// How many workers a run can have.
pub(crate) const MOST_WORKERS: usize = 256;

shareable! {
    /// Everything that the processes of a run share.
    pub(crate) struct Arena {
        pub(crate) mutex: Mutex<u64>,
        pub(crate) lock: OnLock,
        pub(crate) value: Value<u64>,
        pub(crate) counter: Counter,
        pub(crate) atomic: AtomicCounter,
        pub(crate) rwlock: RwLock<[u64; 2]>,
        pub(crate) semaphore: OnSemaphore,
        pub(crate) permits: OnPermits,
        pub(crate) condvar: OnCondvar,
        pub(crate) queue: OnQueue,
        pub(crate) batches: OnBatches,
        pub(crate) reentrant: ReentrantMutex<RawValue<u64>>,
        pub(crate) array: Array<u64, ELEMENTS>,
        pub(crate) event: OnEvent,
        pub(crate) once: OnOnce,
        pub(crate) barrier: OnBarrier,
        pub(crate) tasks: OnTasks,
        pub(crate) messages: OnMessages,
        pub(crate) pipe: OnPipe,
        pub(crate) file: OnFile,
        pub(crate) unlocked: RawValue<u64>,
        apart: [RawValue<u64>; CACHE_LINES],
        pub(crate) orders: Orders,
        pub(crate) slots: [Slot; MOST_WORKERS],
    }
}

shareable! {
    /// What the harness tells its workers.
    pub(crate) struct Orders {
        /// Begin.
        pub(crate) go: RawValue<bool>,
        /// Nobody is going to be killed any more: end once the asked increments are done.
        pub(crate) enough: RawValue<bool>,
        /// The next holder to pass this [`Point`] stays there; 0 for nobody.
        pub(crate) stay: RawValue<u64>,
        /// When somebody was killed, on the clock of all: whoever gets on after that says when. 0 for nobody.
        pub(crate) killed: RawValue<u64>,
        apart: [RawValue<u64>; CACHE_LINES],
    }
}

shareable! {
    /// What one worker, and those that replace it when it is killed, tell the harness.
    pub(crate) struct Slot {
        /// How many increments are done: counted *after* each, so that a death leaves at most one uncounted.
        pub(crate) acknowledged: AtomicCounter,
        /// How many reports of a dead holder were given: counted under the lock, before it is declared
        /// consistent.
        pub(crate) reports: AtomicCounter,
        /// The process that has begun to work, 0 before it has.
        pub(crate) begun: RawValue<u32>,
        /// A [`Stage`].
        pub(crate) stage: RawValue<u64>,
        /// When it first acknowledged an increment after the last [`Orders::killed`] that it saw.
        pub(crate) got_on: RawValue<u64>,
        apart: [RawValue<u64>; CACHE_LINES],
    }
}

/// 128 bytes: workers' slots must not slow each other down.
const CACHE_LINES: usize = 16;

/// Where a worker is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub(crate) enum Stage {
    /// Between two increments.
    Outside = 0,
    /// In the operation that takes the lock, or makes the increment.
    Entering = 1,
    /// Holding the lock.
    Inside = 2,
    /// Holding the lock until it is killed, as [ordered](Orders::stay).
    Staying = 3,
}

/// Where a holder can be told to stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub(crate) enum Point {
    /// Told of a dead holder, and not yet having counted that.
    Told = 1,
    /// Having counted that, and not yet having declared the count consistent.
    Counted = 2,
    /// Before it writes the new count.
    BeforeStore = 3,
    /// After it has, and before it lets go.
    AfterStore = 4,
}

impl Slot {
    pub(crate) fn enter_stage(&self, stage: Stage) {
        self.stage.store(stage as u64);
    }

    pub(crate) fn stage(&self) -> Stage {
        match self.stage.load() {
            1 => Stage::Entering,
            2 => Stage::Inside,
            3 => Stage::Staying,
            _ => Stage::Outside,
        }
    }
}

impl Arena {
    /// How many increments all workers have acknowledged.
    pub(crate) fn acknowledged(&self) -> u64 {
        self.slots.iter().map(|slot| slot.acknowledged.get()).sum()
    }

    /// How many reports of a dead holder the workers have counted.
    pub(crate) fn reports_to_workers(&self) -> u64 {
        self.slots.iter().map(|slot| slot.reports.get()).sum()
    }
}
