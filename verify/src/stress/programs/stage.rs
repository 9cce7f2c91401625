//! The region that the processes of a program share.

use std::sync::atomic::{Ordering, compiler_fence, fence};

use lockproof::{AtomicCounter, Condvar, Mutex, RawValue, RwLock, Semaphore, shareable};

use crate::programs::{Event, MOST_PERMITS, PERMITS, READERS};

/// How many processes there can be.
pub(super) const MOST_PROCESSES: usize = 3;
/// How often a program is run in one region.
pub(super) const ROUNDS: usize = 8;
/// More than any program that is drawn can see.
const MOST_EVENTS: usize = 160;

shareable! {
    /// Everything that the processes share.
    pub(crate) struct Stage {
        /// How many rounds have begun.
        pub(super) begun: RawValue<u64>,
        /// The next round that the process in each lane waits for, plus one.
        pub(super) present: [RawValue<u64>; MOST_PROCESSES],
        pub(super) rounds: [Round; ROUNDS],
    }
}

shareable! {
    /// The objects of one run of the program, all new, and what each process has seen.
    pub(super) struct Round {
        pub(super) first: Mutex<u64>,
        pub(super) second: Mutex<u64>,
        /// What is protected by nothing, where the second mutex is left out.
        pub(super) bare: RawValue<u64>,
        pub(super) condvar: Condvar,
        pub(super) rwlock: RwLock<u64, READERS>,
        pub(super) semaphore: Semaphore<PERMITS, MOST_PERMITS>,
        pub(super) inside: AtomicCounter,
        pub(super) lanes: [Log; MOST_PROCESSES],
    }
}

shareable! {
    /// What one process has seen.
    pub(super) struct Log {
        finished: RawValue<bool>,
        noted: RawValue<u64>,
        events: [RawValue<u64>; MOST_EVENTS],
    }
}

impl Log {
    pub(super) fn note(&self, event: Event) {
        let noted = self.noted.load();
        self.events[noted as usize].store(to_word(event));
        // A death leaves what was written up to some point of the program: for that the compiler has to keep its order.
        compiler_fence(Ordering::SeqCst);
        self.noted.store(noted + 1);
    }

    pub(super) fn finish(&self) {
        // Whoever sees this sees all that was noted.
        fence(Ordering::Release);
        self.finished.store(true);
    }

    pub(super) fn has_finished(&self) -> bool {
        let finished = self.finished.load();
        fence(Ordering::Acquire);
        finished
    }

    pub(super) fn events(&self) -> Vec<Event> {
        let noted = self.noted.load() as usize;
        self.events[..noted].iter().map(|event| from_word(event.load())).collect()
    }
}

/// The largest number that is seen is far below.
const NUMBERS_FROM: u64 = 8;

const fn to_word(event: Event) -> u64 {
    match event {
        Event::Got => 0,
        Event::GotFromTheDead => 1,
        Event::Refused => 2,
        Event::Waited(false) => 3,
        Event::Waited(true) => 4,
        Event::Saw(number) => NUMBERS_FROM + number,
    }
}

const fn from_word(word: u64) -> Event {
    match word {
        0 => Event::Got,
        1 => Event::GotFromTheDead,
        2 => Event::Refused,
        3 => Event::Waited(false),
        4 => Event::Waited(true),
        _ => Event::Saw(word - NUMBERS_FROM),
    }
}
