//! The region that the processes share whose histories are recorded: the objects, and the log of every call.

use std::sync::atomic::{Ordering, compiler_fence, fence};

use lockproof::{AtomicCounter, Queue, RawValue, RwLock, shareable};
use rustix::time::{ClockId, clock_gettime};

use super::words::Words;
use crate::linearizability::{Call, End};

/// How many processes can take part.
pub(crate) const MOST_PROCESSES: usize = 6;
/// How many calls each can make.
pub(crate) const MOST_CALLS: usize = 32;
/// How many histories one region has room for.
pub(super) const ROUNDS: usize = 64;
/// So few that it is often full.
pub(super) const QUEUE_CAPACITY: usize = 2;
/// More than are ever put.
pub(super) const RING_CAPACITY: usize = MOST_PROCESSES * MOST_CALLS;

shareable! {
    /// Everything that the processes share.
    pub(crate) struct Book {
        /// How many rounds have begun.
        pub(super) rounds_begun: RawValue<u64>,
        /// The process in each lane, once it waits for a round.
        pub(super) present: [RawValue<u32>; MOST_PROCESSES],
        pub(super) rounds: [Round; ROUNDS],
    }
}

shareable! {
    /// One history: the objects it can be about, all new, and what was called.
    pub(super) struct Round {
        pub(super) queue: Queue<[u64; 2], QUEUE_CAPACITY>,
        pub(super) rwlock: RwLock<[u64; 2]>,
        pub(super) pair: [RawValue<u64>; 2],
        pub(super) head: RawValue<u64>,
        pub(super) tail: RawValue<u64>,
        pub(super) ring: [RawValue<u64>; RING_CAPACITY],
        /// How many have come to the gap of a broken object.
        pub(super) at_gap: AtomicCounter,
        /// One for each process, and the harness's.
        pub(super) lanes: [Log; MOST_PROCESSES + 1],
    }
}

shareable! {
    /// The calls of one process.
    pub(super) struct Log {
        /// It has made all its calls.
        finished: RawValue<bool>,
        notes: [Note; MOST_CALLS],
    }
}

shareable! {
    /// One call. What is zero was not written.
    struct Note {
        start: RawValue<u64>,
        end: RawValue<u64>,
        operation: [RawValue<u64>; 4],
        outcome: [RawValue<u64>; 4],
    }
}

/// The time in nanoseconds, by the clock of the [header](super).
pub(super) fn now() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    // Never negative, and some centuries away from the end.
    time.tv_sec.unsigned_abs() * 1_000_000_000 + time.tv_nsec.unsigned_abs()
}

impl Log {
    /// Notes a call, makes it, and notes what came of it.
    pub(super) fn noting<O: Words, R: Words>(
        &self,
        number: usize,
        operation: &O,
        make: impl FnOnce() -> Result<R, String>,
    ) -> Result<R, String> {
        let note = &self.notes[number];
        write(&note.operation, operation);
        in_this_order();
        note.start.store(now());
        in_this_order();
        let outcome = make()?;
        in_this_order();
        let end = now();
        write(&note.outcome, &outcome);
        in_this_order();
        note.end.store(end);
        Ok(outcome)
    }

    /// All calls were made.
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

    /// How many calls have begun.
    pub(super) fn begun(&self) -> usize {
        self.notes.iter().take_while(|note| note.start.load() != 0).count()
    }

    /// How many calls have ended.
    pub(super) fn ended(&self) -> usize {
        self.notes.iter().take_while(|note| note.end.load() != 0).count()
    }

    /// What was noted. `gone` is when the process was known to be dead.
    pub(super) fn calls<O: Words, R: Words>(&self, gone: Option<u64>) -> Vec<Call<O, R>> {
        let begun = self.notes[..self.begun()].iter();
        begun
            .map(|note| Call {
                operation: read(&note.operation),
                start: note.start.load(),
                end: match note.end.load() {
                    0 => End::Unknown { gone },
                    at => End::Answered { at, outcome: read(&note.outcome) },
                },
            })
            .collect()
    }
}

/// A death leaves what was written up to some point of the program. For that the compiler has to keep its order; a processor
/// that was interrupted in order has carried out all that came before.
fn in_this_order() {
    compiler_fence(Ordering::SeqCst);
}

fn write(to: &[RawValue<u64>; 4], what: &impl Words) {
    for (to, word) in to.iter().zip(what.to_words()) {
        to.store(word);
    }
}

fn read<T: Words>(from: &[RawValue<u64>; 4]) -> T {
    T::from_words([0, 1, 2, 3].map(|at: usize| from[at].load()))
}
