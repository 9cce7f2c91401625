//! shuttle as a platform: random schedules, sequentially consistent, at sizes that loom cannot reach.
//!
//! The futex is `wait_queue`. Which sleeper is woken is first-in; now and then a wait returns
//! for no reason or is late, by shuttle's own dice, so that a schedule's seed replays it.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use lockproof::deadline::{Deadline, Monotonic};
use lockproof::error::TooManyHeld;
use lockproof::platform::{Changed, Ordering, Platform, ThreadId, Update, Waited};
use shuttle::rand::Rng;
use shuttle::sync::atomic::{AtomicU32, AtomicU64, fence};

use super::wait_queue::{Over, Sleeper, Thread, WaitQueues};
use super::{WakeOrder, World};

/// One wait in so many returns for no reason, or because its deadline passes.
const EARLY_RETURNS: u32 = 16;

impl Sleeper for shuttle::thread::Thread {
    fn wake(&self) {
        self.unpark();
    }
}

super::words::named!(AtomicU32, AtomicU64, AtomicU64);

/// The machine of one execution, as one of its threads sees it.
#[derive(Clone)]
pub struct ShuttleWorld {
    me: ThreadId,
    kernel: Arc<WaitQueues<shuttle::thread::Thread>>,
    next_id: Arc<AtomicUsize>,
}

impl ShuttleWorld {
    /// A machine; made anew inside each execution.
    pub(crate) fn new(order: WakeOrder, processes: usize) -> Self {
        let kernel = Arc::new(WaitQueues::new(order, None, processes).ending_if_stuck());
        Self { me: 0, kernel, next_id: Arc::default() }
    }

    /// This process has ended, and everything it did.
    pub(crate) fn process_ended(&self) {
        self.kernel.process_ended();
    }

    /// Something is wrong with the execution: whoever waits unwinds.
    pub(crate) fn give_up(&self) {
        self.kernel.give_up(Over::Wrong);
    }

    /// Whether nobody could go on.
    pub(crate) fn is_stuck(&self) -> bool {
        self.kernel.over() == Some(Over::Stuck)
    }

    pub(crate) fn sleeps(&self) -> usize {
        self.kernel.sleeps()
    }

    fn next_id(&self) -> usize {
        self.next_id.fetch_add(1, Relaxed)
    }

    fn one_in(number: u32) -> bool {
        shuttle::rand::thread_rng().gen_ratio(1, number)
    }

    fn wait(&self, words: &[(&Word, u32)], deadline: Deadline) -> Waited {
        if deadline == Deadline::Now {
            return Waited::TimedOut;
        }
        self.kernel.goes_on();
        self.kernel.begin_wait(self.me);
        if Self::one_in(EARLY_RETURNS) {
            return match deadline {
                Deadline::At(_) if Self::one_in(2) => Waited::TimedOut,
                _ => Waited::Woken,
            };
        }
        let ids: Vec<_> = words.iter().map(|(word, expected)| (word.id, *expected)).collect();
        self.kernel.wait(&ids, deadline, shuttle::thread::current(), &Waiting { words })
    }
}

/// A thread that waits for these words.
struct Waiting<'a> {
    words: &'a [(&'a Word, u32)],
}

impl Thread for Waiting<'_> {
    fn latest(&self, at: usize) -> u32 {
        self.words[at].0.inner.load(Ordering::SeqCst)
    }

    fn meets_wakes(&self) {
        // Whatever is a step to shuttle will do.
        self.latest(0);
    }

    fn park(&self) {
        shuttle::thread::park();
    }
}

impl std::fmt::Debug for ShuttleWorld {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ShuttleWorld").field("me", &self.me).finish_non_exhaustive()
    }
}

impl Platform for ShuttleWorld {
    super::words::atomic_operations!();

    fn fence(&self, order: Ordering) {
        fence(order);
    }

    fn cell_get(&self, cell: &Cell64) -> u64 {
        cell.inner.load(Ordering::SeqCst)
    }

    fn cell_set(&self, cell: &Cell64, value: u64) {
        cell.inner.store(value, Ordering::SeqCst);
    }

    fn futex_wait(&self, word: &Word, expected: u32, deadline: Deadline) -> Waited {
        self.wait(&[(word, expected)], deadline)
    }

    fn futex_wake(&self, word: &Word, count: u32) -> u32 {
        word.inner.load(Ordering::SeqCst);
        self.kernel.wake(word.id, count)
    }

    fn futex_update_wake_all(&self, word: &Word, update: Update) -> u32 {
        match update {
            Update::Clear(_) => word.inner.fetch_and(update.apply(u32::MAX), Ordering::SeqCst),
            Update::Set(_) => word.inner.fetch_or(update.apply(0), Ordering::SeqCst),
        };
        self.kernel.wake(word.id, u32::MAX)
    }

    fn futex_wait_any(&self, words: &[(&Word, u32)], deadline: Deadline) -> Waited {
        self.wait(words, deadline)
    }

    fn futex_requeue(
        &self,
        from: &Word,
        expected: u32,
        wake: u32,
        to: &Word,
        moved: u32,
    ) -> Result<u32, Changed> {
        if from.inner.load(Ordering::SeqCst) != expected {
            return Err(Changed);
        }
        Ok(self.kernel.requeue(from.id, wake, to.id, moved))
    }

    super::words::bare_thread!();

    fn pause(&self) {
        self.kernel.goes_on();
        shuttle::thread::yield_now();
    }
}

impl World for ShuttleWorld {
    super::words::make_words!(AtomicU32, AtomicU64, AtomicU64);
}
