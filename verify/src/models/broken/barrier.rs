//! Broken: a barrier that knows nothing but how many have come, and sets that to zero when all have.
//!
//! Whoever waits for zero may find somebody who has come again already, sleeps on, and is missed by that one at the next
//! meeting: so does Zephyr's `pthread_barrier_wait` (zephyrproject-rtos/zephyr, issues 117756 and 118999, 2026).
//!
//! With `COUNTED`, it counts the meetings in a word of its own, for which those that came wait.

use lockproof::deadline::Deadline;
use lockproof::platform::Ordering::{AcqRel, Acquire, Relaxed, Release};

use crate::model::{Log, Model, Outcome, Sometimes, WAIT, violated};
use crate::platform::{Facts, World};

const EVERYBODY: u32 = u32::MAX;

/// All meet, so many times; each writes before, and reads what the others wrote after.
#[derive(Clone, Copy, Debug)]
pub struct OneCountBarrier<const COUNTED: bool> {
    /// How many processes.
    pub processes: usize,
    /// How often they meet.
    pub rounds: usize,
}

/// The barrier, and what all have written.
pub struct Shared<W: World> {
    come: W::Word,
    meetings: W::Word,
    written: W::Word,
}

impl<W: World> std::fmt::Debug for Shared<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl<W: World> Shared<W> {
    fn meet(&self, p: &W, parties: u32, counted: bool) {
        let scope = p.scope();
        // Relaxed: does not change before this process has come.
        let before = if counted { p.load(&self.meetings, Relaxed) } else { 0 };
        if p.fetch_add(&self.come, 1, AcqRel) + 1 == parties {
            p.swap(&self.come, 0, Release);
            if counted {
                p.fetch_add(&self.meetings, 1, Release);
            }
            p.futex_wake(if counted { &self.meetings } else { &self.come }, EVERYBODY);
            return;
        }
        loop {
            p.at(scope, before);
            let word = if counted { &self.meetings } else { &self.come };
            let now = p.load(word, Acquire);
            let is_over = if counted { now != before } else { now == 0 };
            if is_over {
                return;
            }
            p.futex_wait(word, now, Deadline::Never);
        }
    }
}

impl<const COUNTED: bool> Model for OneCountBarrier<COUNTED> {
    type Shared<W: World> = Shared<W>;

    fn processes(&self) -> usize {
        self.processes
    }

    fn share<W: World>(&self, p: &W) -> Shared<W> {
        Shared {
            come: p.new_word("come"),
            meetings: p.new_word("meetings"),
            written: p.new_word("written"),
        }
    }

    fn process<W: World>(&self, p: &W, shared: &Shared<W>, _: usize, _: &Log) {
        let scope = p.scope();
        for round in 1..=self.rounds {
            p.at(scope, round);
            p.fetch_add(&shared.written, 1, Relaxed);
            shared.meet(p, self.processes as u32, COUNTED);
            if (p.load(&shared.written, Relaxed) as usize) < round * self.processes {
                violated("somebody got past before all had come");
            }
        }
    }

    fn end<W: World>(&self, _: &W, _: &Shared<W>, _: &Log, _: Facts) -> Outcome {
        Outcome { result: "all have met".to_owned(), wrong: None }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        vec![WAIT]
    }
}
