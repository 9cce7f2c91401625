//! Broken: a lock for readers or a writer whose writer, to go on as a reader, lets go of the lock first.
//!
//! Another writer may come in between. It is what callers do whose lock offers nothing else, tokio's until 2020 (tokio-rs/tokio,
//! pull request 2733) and std's: see rust-lang/libs-team, issue 392, which asks for one step.
//!
//! With `AT_ONCE`, it becomes a reader in one step.

use lockproof::deadline::Deadline;
use lockproof::platform::Ordering::{AcqRel, Acquire, Relaxed, Release};

use crate::model::{Log, Model, Outcome, Sometimes, WAIT, violated};
use crate::platform::{Facts, World};

const WRITER: u32 = 1 << 31;
const EVERYBODY: u32 = u32::MAX;

/// Each writes, and goes on reading what it wrote.
#[derive(Clone, Copy, Debug)]
pub struct Downgrading<const AT_ONCE: bool> {
    /// How many processes.
    pub processes: usize,
}

/// The lock, and what it protects.
pub struct Shared<W: World> {
    lock: W::Word,
    data: W::Cell,
}

impl<W: World> std::fmt::Debug for Shared<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl<W: World> Shared<W> {
    fn lock(&self, p: &W) {
        let scope = p.scope();
        loop {
            p.at(scope, ());
            match p.compare_exchange(&self.lock, 0, WRITER, Acquire, Relaxed) {
                Ok(_) => return,
                Err(seen) => p.futex_wait(&self.lock, seen, Deadline::Never),
            };
        }
    }

    fn become_reader(&self, p: &W, at_once: bool) {
        if at_once {
            p.fetch_add(&self.lock, WRITER.wrapping_neg().wrapping_add(1), AcqRel);
            return;
        }
        self.let_go(p, WRITER);
        let scope = p.scope();
        let mut seen = 0;
        loop {
            p.at(scope, seen);
            if seen & WRITER != 0 {
                p.futex_wait(&self.lock, seen, Deadline::Never);
                seen = p.load(&self.lock, Relaxed);
                continue;
            }
            match p.compare_exchange(&self.lock, seen, seen + 1, Acquire, Relaxed) {
                Ok(_) => return,
                Err(now) => seen = now,
            }
        }
    }

    fn let_go(&self, p: &W, held: u32) {
        p.fetch_add(&self.lock, held.wrapping_neg(), Release);
        p.futex_wake(&self.lock, EVERYBODY);
    }
}

impl<const AT_ONCE: bool> Model for Downgrading<AT_ONCE> {
    type Shared<W: World> = Shared<W>;

    fn processes(&self) -> usize {
        self.processes
    }

    fn share<W: World>(&self, p: &W) -> Shared<W> {
        Shared { lock: p.new_word("lock"), data: p.new_cell("data") }
    }

    fn process<W: World>(&self, p: &W, shared: &Shared<W>, index: usize, _: &Log) {
        let mine = index as u64 + 1;
        shared.lock(p);
        p.cell_set(&shared.data, mine);
        shared.become_reader(p, AT_ONCE);
        if p.cell_get(&shared.data) != mine {
            violated("somebody wrote between one's writing and one's reading");
        }
        shared.let_go(p, 1);
    }

    fn is_interchangeable(&self) -> bool {
        // Each writes a number of its own.
        false
    }

    fn end<W: World>(&self, _: &W, _: &Shared<W>, _: &Log, _: Facts) -> Outcome {
        Outcome { result: "all have written and read".to_owned(), wrong: None }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        vec![WAIT]
    }
}
