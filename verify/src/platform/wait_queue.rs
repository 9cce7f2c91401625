//! The kernel's side of a futex, which the checker does not see: who sleeps on which word.
//!
//! # What this stand-in can show
//!
//! Sleeping if and only if the word holds the expected value at that instant: the comparison is made by an operation
//! on the word itself that reads its latest value, and nothing runs between it and the entry into the queue.
//! First-in and last-in wake order (each a run of its own), and waits that return for no reason or time out
//! (enumerated by the explorer, one per run).
//!
//! # What it cannot
//!
//! A waker that is not the one that changed the word hands its own history to the woken thread, as loom's
//! `unpark` joins the two; the kernel promises no such thing. The enumeration of early returns shows what hides
//! behind it: an algorithm that trusts its wake trusts the early return as well. `models/litmus.rs` holds both.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, MutexGuard, PoisonError};

use lockproof::platform::ThreadId;

use super::Interruption;

/// Who is woken first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WakeOrder {
    /// Who slept first: what Linux does.
    #[default]
    Fifo,
    /// Who slept last: what nobody promises not to.
    Lifo,
}

/// How a sleeper of some checker is woken.
pub(super) trait Sleeper {
    fn wake(&self);
}

struct Entry<S> {
    word: usize,
    sleeper: S,
    woken: Arc<AtomicBool>,
}

struct Queues<S> {
    entries: VecDeque<Entry<S>>,
    most: usize,
    waits: Vec<usize>,
}

/// Who sleeps, in one execution.
pub(super) struct WaitQueues<S> {
    order: WakeOrder,
    interruption: Option<Interruption>,
    queues: Mutex<Queues<S>>,
}

impl<S: Sleeper> WaitQueues<S> {
    pub(super) fn new(order: WakeOrder, interruption: Option<Interruption>) -> Self {
        let queues = Queues { entries: VecDeque::new(), most: 0, waits: Vec::new() };
        Self { order, interruption, queues: Mutex::new(queues) }
    }

    /// Counts a wait of that thread, and returns how it is interrupted, if it is.
    pub(super) fn begin_wait(&self, thread: ThreadId) -> Option<Interruption> {
        let mut queues = self.lock();
        let thread_index = thread as usize;
        if queues.waits.len() <= thread_index {
            queues.waits.resize(thread_index + 1, 0);
        }
        let wait = queues.waits[thread_index];
        queues.waits[thread_index] += 1;
        self.interruption.filter(|i| i.thread == thread && i.wait == wait)
    }

    /// Falls asleep; the flag turns true when somebody wakes the sleeper.
    pub(super) fn enter(&self, word: usize, sleeper: S) -> Arc<AtomicBool> {
        let woken = Arc::new(AtomicBool::new(false));
        let mut queues = self.lock();
        queues.entries.push_back(Entry { word, sleeper, woken: Arc::clone(&woken) });
        queues.most = queues.most.max(queues.entries.len());
        woken
    }

    /// Wakes up to `count` sleepers of the word, and returns how many. Who is woken is settled at once, before any of
    /// them runs.
    pub(super) fn wake(&self, word: usize, count: u32) -> u32 {
        let woken: Vec<_> = (0..count).map_while(|_| self.next(word)).collect();
        for entry in &woken {
            entry.woken.store(true, Ordering::Relaxed);
            entry.sleeper.wake();
        }
        woken.len() as u32
    }

    /// Whether two slept at once at any time: only then does the wake order matter.
    pub(super) fn order_mattered(&self) -> bool {
        self.lock().most > 1
    }

    /// How many waits each thread began, by thread id.
    pub(super) fn waits(&self) -> Vec<usize> {
        self.lock().waits.clone()
    }

    fn next(&self, word: usize) -> Option<Entry<S>> {
        let mut queues = self.lock();
        let mut sleepers = queues.entries.iter();
        let at = match self.order {
            WakeOrder::Fifo => sleepers.position(|entry| entry.word == word),
            WakeOrder::Lifo => sleepers.rposition(|entry| entry.word == word),
        };
        queues.entries.remove(at?)
    }

    fn lock(&self) -> MutexGuard<'_, Queues<S>> {
        // A violation unwinds through here; what is inside is never half-changed.
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
