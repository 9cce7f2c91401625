//! The kernel's side of a futex, which the checker does not see: who sleeps on which word.
//!
//! # What this stand-in can show
//!
//! Sleeping if and only if the word holds the expected value at that instant: the comparison is made by an operation
//! on the word itself that reads its latest value, and nothing runs between it and the entry into the queue. Who waits
//! for several words compares and enters one after another, is found at any of them from then on, and leaves them one
//! after another once it runs, as in `futex_wait_multiple` (`kernel/futex/waitwake.c`). Who is moved to another word
//! is found there.
//! First-in and last-in wake order (each a run of its own), and waits that return for no reason or time out
//! (enumerated by the explorer, one per run). Time also passes where nobody is left awake: then the earliest
//! deadline does, so that a sleeper with a deadline never sleeps for ever.
//!
//! # What it cannot
//!
//! A waker that is not the one that changed the word hands its own history to the woken thread, as loom's
//! `unpark` joins the two; the kernel promises no such thing, and nor is there anybody to hand over anything where a
//! deadline passes. The enumeration of early returns shows what hides behind it: an algorithm that trusts its wake
//! trusts the early return as well. A waker has seen the word's latest value, since the stand-in looks at it; whoever
//! moves sleepers has seen that of both words.
//! Within one execution all wakes are in the same order. Whoever was moved sleeps until it is woken or late: that it
//! returns for no reason, begins anew, or dies there, is not shown. `models/litmus/{futex,limits,several}.rs` hold these.

use std::collections::VecDeque;
use std::panic::panic_any;
use std::sync::{Mutex, MutexGuard, PoisonError};

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
pub(super) trait Sleeper: Clone {
    fn wake(&self);
}

/// What a wait asks of the checker on whose thread it runs.
pub(super) trait Thread {
    /// The latest value of the word that is the `at`-th of those waited for: a step, which the checker orders with all
    /// other steps on that word.
    fn latest(&self, at: usize) -> u32;
    /// A step that the checker orders with all wakes, wherever they are.
    fn meets_wakes(&self);
    /// Stops until somebody wakes the sleeper, or for a shorter time.
    fn park(&self);
}

/// A place in a word's queue.
#[derive(Clone, Copy)]
struct Entry {
    word: usize,
    /// Whose it is, and which of its words it waits for there.
    sleep: usize,
    at: usize,
}

/// A wait, from its first comparison to its return.
struct Sleep<S> {
    sleeper: S,
    until: Option<Monotonic>,
    /// Whether it waits for several words.
    several: bool,
    /// Whether it sleeps: time passes only where all do.
    asleep: bool,
    /// Whether a wake has found it.
    found: bool,
}

struct Queues<S> {
    entries: VecDeque<Entry>,
    sleeps: Vec<Sleep<S>>,
    /// Processes that have neither ended nor fallen asleep.
    awake: isize,
    slept: usize,
    two_at_once: bool,
    moved_any: bool,
    waits: Vec<usize>,
    /// Whether the execution is over where nobody can go on; else the checker finds that out itself.
    ends_if_stuck: bool,
    over: Option<Over>,
}

/// Why an execution is over before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    /// Nobody can go on.
    Stuck,
    /// Something else is wrong with it.
    Wrong,
}

/// Unwinds a thread of an execution that is over.
pub(crate) struct GivenUp;

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
            sleeps: Vec::new(),
            awake: processes as isize,
            slept: 0,
            two_at_once: false,
            moved_any: false,
            waits: Vec::new(),
            ends_if_stuck: false,
            over: None,
        };
        Self { order, interruption, queues: Mutex::new(queues) }
    }

    /// The same, where an execution in which nobody can go on is over.
    pub(super) fn ending_if_stuck(self) -> Self {
        self.lock().ends_if_stuck = true;
        self
    }

    /// Why the execution is over, if it is before its end.
    pub(super) fn over(&self) -> Option<Over> {
        self.lock().over
    }

    /// The execution is over: whoever sleeps is woken, to unwind.
    pub(super) fn give_up(&self, why: Over) {
        let mut queues = self.lock();
        queues.over.get_or_insert(why);
        let all: Vec<_> = (0..queues.sleeps.len()).collect();
        let sleepers = queues.end(&all);
        drop(queues);
        sleepers.iter().for_each(S::wake);
    }

    /// Does not return if the execution is over.
    pub(super) fn goes_on(&self) {
        if self.over().is_some() {
            panic_any(GivenUp);
        }
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

    /// Compares these words with what is expected of them, and sleeps until somebody wakes a sleeper of any of them, or
    /// the deadline passes because nobody can.
    pub(super) fn wait(
        &self,
        words: &[(usize, u32)],
        until: Deadline,
        sleeper: S,
        thread: &impl Thread,
    ) -> Waited {
        let until = match until {
            Deadline::At(moment) => Some(moment),
            Deadline::Now | Deadline::Never => None,
        };
        let sleep = self.lock().begin(sleeper, until, words.len() > 1);
        let mut otherwise = Waited::TimedOut;
        for (at, (word, expected)) in words.iter().enumerate() {
            if thread.latest(at) != *expected {
                otherwise = Waited::Changed;
                break;
            }
            self.lock().enter(Entry { word: *word, sleep, at });
        }
        if otherwise != Waited::Changed {
            self.fall_asleep(sleep);
            while self.lock().sleeps[sleep].asleep {
                thread.park();
            }
            self.goes_on();
        }
        if words.len() > 1 {
            (0..words.len()).for_each(|at| self.leave(sleep, at, thread));
        }
        if self.lock().sleeps[sleep].found { Waited::Woken } else { otherwise }
    }

    fn fall_asleep(&self, sleep: usize) {
        let mut queues = self.lock();
        if queues.sleeps[sleep].found {
            return;
        }
        queues.sleeps[sleep].asleep = true;
        queues.slept += 1;
        drop(queues);
        self.one_less_awake();
    }

    /// Takes a wait out of the queue of one of its words, wherever that place has been moved to meanwhile. It may have been
    /// found already: that, too, is only known after a step.
    fn leave(&self, sleep: usize, at: usize, thread: &impl Thread) {
        thread.latest(at);
        if self.moved_any() {
            thread.meets_wakes();
        }
        self.lock().entries.retain(|entry| (entry.sleep, entry.at) != (sleep, at));
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
        let asleep = queues.sleeps.iter().filter(|sleep| sleep.asleep);
        let (mut anybody, mut earliest) = (false, None);
        for sleep in asleep {
            anybody = true;
            earliest = earliest.into_iter().chain(sleep.until).min();
        }
        let Some(earliest) = earliest else {
            let stuck = anybody && queues.ends_if_stuck;
            drop(queues);
            if stuck {
                self.give_up(Over::Stuck);
            }
            return;
        };
        let late: Vec<_> = (0..queues.sleeps.len())
            .filter(|at| queues.sleeps[*at].asleep && queues.sleeps[*at].until == Some(earliest))
            .collect();
        let sleepers = queues.end(&late);
        // Who has several queues to leave does that when it runs.
        let Queues { entries, sleeps, .. } = &mut *queues;
        entries.retain(|entry| sleeps[entry.sleep].several || !late.contains(&entry.sleep));
        drop(queues);
        sleepers.iter().for_each(S::wake);
    }

    /// Wakes up to `count` sleepers of the word, and returns how many. Who is woken is settled at once, before any of
    /// them runs.
    pub(super) fn wake(&self, word: usize, count: u32) -> u32 {
        self.requeue(word, count, word, 0)
    }

    /// Wakes so many sleepers of the word, as [`wake`](Self::wake), and moves so many of the rest to another. Returns how
    /// many that are together.
    pub(super) fn requeue(&self, from: usize, wake: u32, to: usize, moved: u32) -> u32 {
        let mut queues = self.lock();
        let found: Vec<_> = (0..wake).map_while(|_| queues.take_next(from, self.order)).collect();
        for entry in &found {
            queues.sleeps[entry.sleep].found = true;
        }
        let woken: Vec<_> = found.iter().map(|entry| entry.sleep).collect();
        let sleepers = queues.end(&woken);
        let moved: Vec<_> = (0..moved).map_while(|_| queues.take_next(from, self.order)).collect();
        queues.moved_any |= !moved.is_empty();
        for entry in &moved {
            queues.enter(Entry { word: to, ..*entry });
        }
        drop(queues);
        sleepers.iter().for_each(S::wake);
        (found.len() + moved.len()) as u32
    }

    /// Whether anybody was moved to another word.
    pub(super) fn moved_any(&self) -> bool {
        self.lock().moved_any
    }

    /// Whether two slept on one word at any time: only then does the wake order matter.
    pub(super) fn order_mattered(&self) -> bool {
        self.lock().two_at_once
    }

    /// How often somebody fell asleep.
    pub(super) fn sleeps(&self) -> usize {
        self.lock().slept
    }

    /// How many waits each thread began, by thread id.
    pub(super) fn waits(&self) -> Vec<usize> {
        self.lock().waits.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Queues<S>> {
        // A violation unwinds through here; what is inside is never half-changed.
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Sleeper> Queues<S> {
    fn begin(&mut self, sleeper: S, until: Option<Monotonic>, several: bool) -> usize {
        self.sleeps.push(Sleep { sleeper, until, several, asleep: false, found: false });
        self.sleeps.len() - 1
    }

    fn enter(&mut self, new: Entry) {
        self.two_at_once |= self.entries.iter().any(|entry| entry.word == new.word);
        self.entries.push_back(new);
    }

    fn take_next(&mut self, word: usize, order: WakeOrder) -> Option<Entry> {
        let mut sleepers = self.entries.iter();
        let at = match order {
            WakeOrder::Fifo => sleepers.position(|entry| entry.word == word),
            WakeOrder::Lifo => sleepers.rposition(|entry| entry.word == word),
        };
        self.entries.remove(at?)
    }

    /// Ends these sleeps, and returns who has to be told. All are over before the first of the sleepers runs.
    fn end(&mut self, sleeps: &[usize]) -> Vec<S> {
        let mut sleepers = Vec::new();
        for sleep in sleeps {
            let sleep = &mut self.sleeps[*sleep];
            if std::mem::take(&mut sleep.asleep) {
                self.awake += 1;
                sleepers.push(sleep.sleeper.clone());
            }
        }
        sleepers
    }
}
