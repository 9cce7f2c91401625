//! Broken: a lock for readers or a writer whose readers let go of it without an ordering.
//!
//! Nothing then puts what they read before what the next writer writes. So it is in iceoryx2
//! (iceoryx2-pal/concurrency-sync/src/strategy/rwlock.rs), whose readers subtract themselves with `Relaxed`.
//!
//! With `RELEASE`, the subtraction matches the writer's Acquire.

use lockproof::platform::Ordering::{Acquire, Relaxed, Release};

use crate::model::{Log, Model, Outcome, Sometimes, violated};
use crate::platform::{Facts, World};

const WRITER: u32 = 1 << 31;

const WRITTEN: &str = "times written";
const READ: &str = "times read before it was written";

/// The first process writes, the others read, if they find the lock free.
#[derive(Clone, Copy, Debug)]
pub struct RelaxedReaders<const RELEASE: bool> {
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
    fn write(&self, p: &W, log: &Log) {
        if p.compare_exchange(&self.lock, 0, WRITER, Acquire, Relaxed).is_ok() {
            p.cell_set(&self.data, 1);
            log.count(WRITTEN);
            p.fetch_and(&self.lock, !WRITER, Release);
        }
    }

    fn read(&self, p: &W, release: bool, log: &Log) {
        let order = if release { Release } else { Relaxed };
        if p.fetch_add(&self.lock, 1, Acquire) & WRITER == 0 {
            match p.cell_get(&self.data) {
                0 => log.count(READ),
                1 => {}
                other => violated(format!("{other} was read")),
            }
        }
        p.fetch_add(&self.lock, 1_u32.wrapping_neg(), order);
    }
}

impl<const RELEASE: bool> Model for RelaxedReaders<RELEASE> {
    type Shared<W: World> = Shared<W>;

    fn processes(&self) -> usize {
        self.processes
    }

    fn share<W: World>(&self, p: &W) -> Shared<W> {
        Shared { lock: p.new_word("lock"), data: p.new_cell("data") }
    }

    fn process<W: World>(&self, p: &W, shared: &Shared<W>, index: usize, log: &Log) {
        if index == 0 { shared.write(p, log) } else { shared.read(p, RELEASE, log) }
    }

    fn is_symmetric(&self) -> bool {
        false
    }

    fn end<W: World>(&self, _: &W, _: &Shared<W>, log: &Log, _: Facts) -> Outcome {
        let (written, read) = (log.counted(WRITTEN), log.counted(READ));
        Outcome { result: format!("{written} written, {read} read before"), wrong: None }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        vec![Sometimes {
            what: "a writer that comes after a reader",
            happened: |_, log| log.counted(READ) > 0 && log.counted(WRITTEN) > 0,
        }]
    }
}
