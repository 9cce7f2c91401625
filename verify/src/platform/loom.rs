//! loom as a platform: every interleaving, and the weak-memory behaviours that loom knows.
//!
//! The futex is `wait_queue`; its header says what that can and cannot show. The kernel's
//! comparison is a compare-exchange that can never match: unlike a load, it reads the latest value.
//!
//! loom itself raises false alarms on words changed by both stores and read-modify-writes, on words stored to by
//! several threads, and on SeqCst accesses, and does not show stale failing compare-exchanges, more than seven
//! values of a word, data races between SeqCst fences, and some interleavings where a thread loads a word before it
//! changes it. `models/litmus/limits.rs` holds each of these.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use lockproof::deadline::{Deadline, Monotonic};
use lockproof::error::TooManyHeld;
use lockproof::platform::{Changed, Ordering, Platform, ThreadId, Update, Waited};
use loom::sync::atomic::{AtomicU32, AtomicU64, fence};

use super::wait_queue::{Sleeper, Thread, WaitQueues};
use super::{Interruption, WakeOrder, World};

/// No word ever holds this: ids end far below, and numbers in models are small.
const NEVER: u32 = u32::MAX;

impl Sleeper for loom::thread::Thread {
    fn wake(&self) {
        self.unpark();
    }
}

super::words::named!(AtomicU32, AtomicU64, loom::cell::Cell<u64>);

/// The machine of one execution, as one of its threads sees it.
#[derive(Clone)]
pub struct LoomWorld {
    me: ThreadId,
    kernel: Arc<WaitQueues<loom::thread::Thread>>,
    next_id: Rc<Cell<usize>>,
    /// Changed by each SeqCst fence. loom tries the orders of operations on its objects, and a fence is on none.
    fences: Arc<AtomicU32>,
    /// Changed by whoever leaves the queue of a word that it does not know, having been moved there, and by each wake once
    /// somebody was moved.
    moves: Arc<AtomicU32>,
}

impl LoomWorld {
    /// A machine; made anew inside each execution.
    pub(crate) fn new(
        order: WakeOrder,
        interruption: Option<Interruption>,
        processes: usize,
    ) -> Self {
        Self {
            me: 0,
            kernel: Arc::new(WaitQueues::new(order, interruption, processes)),
            next_id: Rc::new(Cell::new(0)),
            fences: Arc::new(AtomicU32::new(0)),
            moves: Arc::new(AtomicU32::new(0)),
        }
    }

    /// This process has ended, and everything it did.
    pub(crate) fn process_ended(&self) {
        self.kernel.process_ended();
    }

    pub(crate) fn sleeps(&self) -> usize {
        self.kernel.sleeps()
    }

    pub(crate) fn order_mattered(&self) -> bool {
        self.kernel.order_mattered()
    }

    pub(crate) fn waits(&self) -> Vec<usize> {
        self.kernel.waits()
    }

    fn next_id(&self) -> usize {
        self.next_id.set(self.next_id.get() + 1);
        self.next_id.get()
    }

    fn latest(word: &Word) -> u32 {
        let never = word.inner.compare_exchange(NEVER, NEVER, Ordering::Relaxed, Ordering::Relaxed);
        never.unwrap_or_else(|value| value)
    }

    fn wait(&self, words: &[(&Word, u32)], deadline: Deadline) -> Waited {
        if deadline == Deadline::Now {
            return Waited::TimedOut;
        }
        if let Some(early) = self.kernel.begin_wait(self.me) {
            return match early.timed_out && deadline != Deadline::Never {
                true => Waited::TimedOut,
                false => Waited::Woken,
            };
        }
        let ids: Vec<_> = words.iter().map(|(word, expected)| (word.id, *expected)).collect();
        let waiting = Waiting { p: self, words };
        self.kernel.wait(&ids, deadline, loom::thread::current(), &waiting)
    }

    fn before_a_wake(&self) {
        if self.kernel.moved_any() {
            self.moves.fetch_add(0, Ordering::Relaxed);
        }
    }
}

/// A thread that waits for these words.
struct Waiting<'a> {
    p: &'a LoomWorld,
    words: &'a [(&'a Word, u32)],
}

impl Thread for Waiting<'_> {
    fn latest(&self, at: usize) -> u32 {
        LoomWorld::latest(self.words[at].0)
    }

    fn meets_wakes(&self) {
        self.p.moves.fetch_add(0, Ordering::Relaxed);
    }

    fn park(&self) {
        loom::thread::park();
    }
}

impl std::fmt::Debug for LoomWorld {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoomWorld").field("me", &self.me).finish_non_exhaustive()
    }
}

impl Platform for LoomWorld {
    super::words::atomic_operations!();

    fn fence(&self, order: Ordering) {
        if order == Ordering::SeqCst {
            self.fences.fetch_add(0, Ordering::Relaxed);
        }
        fence(order);
    }

    fn cell_get(&self, cell: &Cell64) -> u64 {
        cell.inner.get()
    }

    fn cell_set(&self, cell: &Cell64, value: u64) {
        cell.inner.set(value);
    }

    fn futex_wait(&self, word: &Word, expected: u32, deadline: Deadline) -> Waited {
        self.wait(&[(word, expected)], deadline)
    }

    fn futex_wake(&self, word: &Word, count: u32) -> u32 {
        Self::latest(word);
        self.before_a_wake();
        self.kernel.wake(word.id, count)
    }

    fn futex_update_wake_all(&self, word: &Word, update: Update) -> u32 {
        self.before_a_wake();
        match update {
            Update::Clear(_) => word.inner.fetch_and(update.apply(u32::MAX), Ordering::Relaxed),
            Update::Set(_) => word.inner.fetch_or(update.apply(0), Ordering::Relaxed),
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
        Self::latest(to);
        self.before_a_wake();
        if Self::latest(from) != expected {
            return Err(Changed);
        }
        Ok(self.kernel.requeue(from.id, wake, to.id, moved))
    }

    super::words::bare_thread!();

    fn pause(&self) {
        loom::thread::yield_now();
    }
}

impl World for LoomWorld {
    super::words::make_words!(AtomicU32, AtomicU64, loom::cell::Cell<u64>);
}
