//! A machine for one thread, whose memory somebody else writes to.
//!
//! # What it promises
//!
//! What a thread does on it depends on the input alone. A sleep ends when the peer writes next, or the deadline passes, and
//! takes no time but the machine's own. Who would sleep until the end of the world is [asleep](Asleep), which is an answer.
//!
//! # What it looks for
//!
//! - More than [`MOST`] operations between two sleeps, or since a call began: a loop that does not sleep, or wakes without an end.
//! - What would leave the kernel's list of this thread's locks in disorder, which is about other regions, too: a word that is
//!   entered without having been announced, an announcement that outlives the call.

use core::cell::{Cell, RefCell};
use core::time::Duration;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::input::Input;
use crate::deadline::{Deadline, Monotonic};
use crate::error::TooManyHeld;
use crate::platform::{Changed, MOST_WAITED_FOR, Ordering, Platform, ThreadId, Update, Waited};

/// The only thread.
pub(super) const ME: ThreadId = 7;
/// How long a short deadline is.
pub(super) const SHORT: Duration = Duration::from_millis(10);
/// How many operations there may be between two sleeps. The most that were seen, of any call on any input, are some 150.
pub(super) const MOST: u32 = 400;

/// How long a waiter sleeps before it looks for the dead.
const PATIENCE: Duration = Duration::from_secs(1);
/// When everybody who still waits is said to be asleep for ever.
const END: Duration = Duration::from_secs(10);
/// How often a peer writes at most: it is not what drives a loop.
const MOST_WRITES: usize = 16;
/// How many locks a thread holds at most.
const MOST_HELD: usize = 6;

/// The thread sleeps, and nothing will ever wake it.
#[derive(Debug)]
struct Asleep;

/// A word of 32 bits, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word(usize);

/// A word of 64 bits, or data.
#[derive(Clone, Copy, Debug)]
pub(super) struct Long(usize);

/// A word that is looked after when its holder dies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Robust(pub(super) Word);

/// What the peer does next.
#[derive(Clone, Copy, Debug)]
struct Write {
    /// After so many operations.
    after: u8,
    at: usize,
    value: u64,
}

/// The machine.
#[derive(Debug)]
pub(super) struct Machine {
    words: RefCell<Vec<u64>>,
    writes: RefCell<Vec<Write>>,
    /// What threads exist beside this one: those whose number has this lowest bit.
    alive: u32,
    spins: u32,
    /// How many others seem to sleep on every word.
    sleepers: u32,
    clock: Cell<Monotonic>,
    until_write: Cell<u8>,
    since_sleep: Cell<u32>,
    most_seen: Cell<u32>,
    held: RefCell<Vec<Word>>,
    announced: Cell<Option<Word>>,
    values: RefCell<Vec<u64>>,
}

impl Machine {
    /// A machine whose words get these values as they are made, and that peer.
    pub(super) fn new(input: &mut Input<'_>) -> Self {
        let traits = input.byte();
        let mut values: Vec<u64> = (0..input.below(48)).map(|_| input.value()).collect();
        values.reverse();
        let writes = input.below(MOST_WRITES + 1);
        let writes = (0..writes).map(|_| {
            let (after, at) = (input.byte() & 63, input.byte().into());
            Write { after, at, value: input.value() }
        });
        let mut writes: Vec<_> = writes.collect();
        writes.reverse();
        Self {
            words: RefCell::default(),
            until_write: Cell::new(writes.last().map_or(0, |write| write.after)),
            writes: RefCell::new(writes),
            alive: u32::from(traits & 1),
            spins: u32::from(traits >> 1 & 3),
            sleepers: u32::from(traits >> 3 & 1),
            clock: Cell::new(Duration::from_secs(1)),
            since_sleep: Cell::new(0),
            most_seen: Cell::new(0),
            held: RefCell::default(),
            announced: Cell::new(None),
            values: RefCell::new(values),
        }
    }

    pub(super) fn word(&self) -> Word {
        let mut words = self.words.borrow_mut();
        words.push(self.values.borrow_mut().pop().unwrap_or(0));
        Word(words.len() - 1)
    }

    pub(super) fn long(&self) -> Long {
        Long(self.word().0)
    }

    pub(super) fn robust(&self) -> Robust {
        Robust(self.word())
    }

    /// Lets the thread work. Says whether it came to an end: it may be asleep instead.
    pub(super) fn run(&self, work: impl FnOnce()) -> bool {
        match catch_unwind(AssertUnwindSafe(work)) {
            Ok(()) => true,
            Err(payload) if payload.is::<Asleep>() => false,
            Err(payload) => resume_unwind(payload),
        }
    }

    /// One call of an algorithm, from which it has to come back, or go to sleep.
    pub(super) fn call<T>(&self, call: impl FnOnce() -> T) -> T {
        self.since_sleep.set(0);
        let answer = call();
        assert_eq!(self.announced.get(), None, "the kernel is left with an announcement");
        answer
    }

    /// The most operations that there were between two sleeps.
    pub(super) fn most_seen(&self) -> u32 {
        self.most_seen.get()
    }

    /// An operation: the peer may be faster.
    fn step(&self) {
        let now = self.since_sleep.get() + 1;
        self.since_sleep.set(now);
        self.most_seen.set(now.max(self.most_seen.get()));
        assert!(now <= MOST, "{now} operations without a sleep: it does not end");
        match self.until_write.get() {
            0 => {
                self.peer_writes();
            }
            more => self.until_write.set(more - 1),
        }
    }

    /// Says whether it did.
    fn peer_writes(&self) -> bool {
        let mut writes = self.writes.borrow_mut();
        let Some(Write { at, value, .. }) = writes.pop() else { return false };
        self.until_write.set(writes.last().map_or(0, |write| write.after));
        let mut words = self.words.borrow_mut();
        let at = at % words.len();
        words[at] = value;
        true
    }

    fn change(&self, at: usize, change: impl FnOnce(u64) -> u64) -> u64 {
        self.step();
        let mut words = self.words.borrow_mut();
        let before = words[at];
        words[at] = change(before);
        before
    }

    fn change32(&self, word: Word, change: impl FnOnce(u32) -> u32) -> u32 {
        self.change(word.0, |before| u64::from(change(before as u32))) as u32
    }

    fn sleep(&self, deadline: Deadline) -> Waited {
        let now = self.clock.get();
        let until = match deadline {
            Deadline::Now => return Waited::TimedOut,
            Deadline::At(until) if until <= now => return Waited::TimedOut,
            Deadline::At(until) => until.min(END),
            Deadline::Never => END,
        };
        self.since_sleep.set(0);
        if self.peer_writes() {
            self.clock.set(now + Duration::from_millis(1));
            return Waited::Woken;
        }
        if until == END {
            resume_unwind(Box::new(Asleep));
        }
        self.clock.set(until);
        Waited::TimedOut
    }
}

impl Platform for Machine {
    type Word = Word;
    type RobustWord = Robust;
    type Word64 = Long;
    type Cell = Long;

    fn word(robust: &Robust) -> &Word {
        &robust.0
    }

    fn load(&self, word: &Word, _: Ordering) -> u32 {
        self.change32(*word, |value| value)
    }

    fn store(&self, word: &Word, value: u32, _: Ordering) {
        self.change32(*word, |_| value);
    }

    fn swap(&self, word: &Word, value: u32, _: Ordering) -> u32 {
        self.change32(*word, |_| value)
    }

    fn compare_exchange(
        &self,
        word: &Word,
        current: u32,
        new: u32,
        _: Ordering,
        _: Ordering,
    ) -> Result<u32, u32> {
        let before = self.change32(*word, |value| if value == current { new } else { value });
        if before == current { Ok(before) } else { Err(before) }
    }

    fn fetch_add(&self, word: &Word, value: u32, _: Ordering) -> u32 {
        self.change32(*word, |before| before.wrapping_add(value))
    }

    fn fetch_and(&self, word: &Word, value: u32, _: Ordering) -> u32 {
        self.change32(*word, |before| before & value)
    }

    fn fetch_or(&self, word: &Word, value: u32, _: Ordering) -> u32 {
        self.change32(*word, |before| before | value)
    }

    fn fence(&self, _: Ordering) {}

    fn load64(&self, word: &Long, _: Ordering) -> u64 {
        self.change(word.0, |value| value)
    }

    fn store64(&self, word: &Long, value: u64, _: Ordering) {
        self.change(word.0, |_| value);
    }

    fn fetch_add64(&self, word: &Long, value: u64, _: Ordering) -> u64 {
        self.change(word.0, |before| before.wrapping_add(value))
    }

    fn compare_exchange64(
        &self,
        word: &Long,
        current: u64,
        new: u64,
        _: Ordering,
        _: Ordering,
    ) -> Result<u64, u64> {
        let before = self.change(word.0, |value| if value == current { new } else { value });
        if before == current { Ok(before) } else { Err(before) }
    }

    fn cell_get(&self, cell: &Long) -> u64 {
        self.change(cell.0, |value| value)
    }

    fn cell_set(&self, cell: &Long, value: u64) {
        self.change(cell.0, |_| value);
    }

    fn futex_wait(&self, word: &Word, expected: u32, deadline: Deadline) -> Waited {
        self.futex_wait_any(&[(word, expected)], deadline)
    }

    fn futex_wake(&self, _: &Word, count: u32) -> u32 {
        self.step();
        self.sleepers.min(count)
    }

    fn futex_update_wake_all(&self, word: &Word, update: Update) -> u32 {
        self.change32(*word, |before| update.apply(before));
        0
    }

    fn futex_wait_any(&self, words: &[(&Word, u32)], deadline: Deadline) -> Waited {
        assert!((1..=MOST_WAITED_FOR).contains(&words.len()), "{} words", words.len());
        self.step();
        let changed = {
            let memory = self.words.borrow();
            words.iter().any(|(word, expected)| memory[word.0] as u32 != *expected)
        };
        if changed { Waited::Changed } else { self.sleep(deadline) }
    }

    fn futex_requeue(
        &self,
        from: &Word,
        expected: u32,
        _: u32,
        _: &Word,
        _: u32,
    ) -> Result<u32, Changed> {
        let seen = self.change32(*from, |value| value);
        if seen == expected { Ok(0) } else { Err(Changed) }
    }

    fn robust_begin(&self, robust: &Robust) -> Result<(), TooManyHeld> {
        self.step();
        if self.held.borrow().len() >= MOST_HELD {
            return Err(TooManyHeld::new());
        }
        self.announced.set(Some(robust.0));
        Ok(())
    }

    fn robust_insert(&self, robust: &Robust) {
        self.step();
        assert_eq!(self.announced.get(), Some(robust.0), "entered without an announcement");
        self.held.borrow_mut().push(robust.0);
    }

    fn robust_remove(&self, robust: &Robust) -> bool {
        self.step();
        let mut held = self.held.borrow_mut();
        let Some(at) = held.iter().rposition(|word| *word == robust.0) else { return false };
        held.remove(at);
        self.announced.set(Some(robust.0));
        true
    }

    fn robust_end(&self) {
        self.step();
        self.announced.set(None);
    }

    fn robust_holds(&self, robust: &Robust) -> bool {
        self.held.borrow().contains(&robust.0)
    }

    fn me(&self) -> ThreadId {
        ME
    }

    fn exists(&self, thread: ThreadId) -> bool {
        self.step();
        thread == ME || thread & 1 == self.alive
    }

    fn now(&self) -> Monotonic {
        self.clock.get()
    }

    fn patience(&self) -> Option<Duration> {
        Some(PATIENCE)
    }

    fn spin(&self, round: u32) -> bool {
        self.step();
        round < self.spins
    }
}
