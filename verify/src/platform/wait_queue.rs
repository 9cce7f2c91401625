//! The kernel's side of a futex, which the checker does not see: who sleeps on which word.
//!
//! # What this stand-in can show
//!
//! Sleeping if and only if the word holds the expected value at that instant: the comparison is made by an operation
//! on the word itself that reads its latest value, and nothing runs between it and the entry into the queue.
//! First-in and last-in wake order (each a run of its own), and waits that return for no reason or time out
//! (enumerated by the explorer, one per run). Time also passes where nobody is left awake: then the earliest
//! deadline does, so that a sleeper with a deadline never sleeps for ever.
//!
//! # What it cannot
//!
//! A waker that is not the one that changed the word hands its own history to the woken thread, as loom's
//! `unpark` joins the two; the kernel promises no such thing, and nor is there anybody to hand over anything where a
//! deadline passes. The enumeration of early returns shows what hides behind it: an algorithm that trusts its wake
//! trusts the early return as well. A waker has seen the word's latest value, since the stand-in looks at it.
//! Within one execution all wakes are in the same order. `models/litmus/{futex,limits}.rs` hold these.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use lockproof::deadline::{Deadline, Monotonic};
use lockproof::platform::{ThreadId, Waited};

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
    until: Option<Monotonic>,
    ended: Ended,
}

/// How a sleep ended, once it has.
type Ended = Arc<OnceLock<Waited>>;

struct Queues<S> {
    entries: VecDeque<Entry<S>>,
    /// Processes that have neither ended nor fallen asleep.
    awake: isize,
    sleeps: usize,
    two_at_once: bool,
    waits: Vec<usize>,
}

/// Who sleeps, in one execution.
pub(super) struct WaitQueues<S> {
    order: WakeOrder,
    interruption: Option<Interruption>,
    queues: Mutex<Queues<S>>,
}

impl<S: Sleeper> WaitQueues<S> {
    pub(super) fn new(
        order: WakeOrder,
        interruption: Option<Interruption>,
        processes: usize,
    ) -> Self {
        let queues = Queues {
            entries: VecDeque::new(),
            awake: processes as isize,
            sleeps: 0,
            two_at_once: false,
            waits: Vec::new(),
        };
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

    /// Sleeps until somebody wakes the sleeper, or the deadline passes because nobody can. `park` stops the calling thread
    /// until its sleeper is woken, or for a shorter time.
    pub(super) fn sleep(
        &self,
        word: usize,
        until: Deadline,
        sleeper: S,
        park: impl Fn(),
    ) -> Waited {
        let ended = self.enter(word, until, sleeper);
        loop {
            if let Some(ended) = ended.get() {
                return *ended;
            }
            park();
        }
    }

    fn enter(&self, word: usize, until: Deadline, sleeper: S) -> Ended {
        let until = match until {
            Deadline::At(moment) => Some(moment),
            Deadline::Now | Deadline::Never => None,
        };
        let ended = Ended::default();
        let mut queues = self.lock();
        queues.two_at_once |= queues.entries.iter().any(|entry| entry.word == word);
        queues.entries.push_back(Entry { word, sleeper, until, ended: Arc::clone(&ended) });
        queues.sleeps += 1;
        drop(queues);
        self.one_less_awake();
        ended
    }

    /// A process has ended.
    pub(super) fn process_ended(&self) {
        self.one_less_awake();
    }

    fn one_less_awake(&self) {
        let mut queues = self.lock();
        queues.awake -= 1;
        if queues.awake > 0 {
            return;
        }
        let Some(earliest) = queues.entries.iter().filter_map(|entry| entry.until).min() else {
            return;
        };
        let all = std::mem::take(&mut queues.entries);
        let (late, still_asleep) = all.into_iter().partition(|entry| entry.until == Some(earliest));
        queues.entries = still_asleep;
        drop(queues);
        self.end(late, Waited::TimedOut);
    }

    /// Wakes up to `count` sleepers of the word, and returns how many. Who is woken is settled at once, before any of
    /// them runs.
    pub(super) fn wake(&self, word: usize, count: u32) -> u32 {
        let woken: VecDeque<_> = (0..count).map_while(|_| self.next(word)).collect();
        let number = woken.len() as u32;
        self.end(woken, Waited::Woken);
        number
    }

    /// Ends these sleeps. All are over before the first of the sleepers runs.
    fn end(&self, sleeps: VecDeque<Entry<S>>, how: Waited) {
        self.lock().awake += sleeps.len() as isize;
        for entry in &sleeps {
            entry.ended.get_or_init(|| how);
        }
        for entry in &sleeps {
            entry.sleeper.wake();
        }
    }

    /// Whether two slept on one word at any time: only then does the wake order matter.
    pub(super) fn order_mattered(&self) -> bool {
        self.lock().two_at_once
    }

    /// How often somebody fell asleep.
    pub(super) fn sleeps(&self) -> usize {
        self.lock().sleeps
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
