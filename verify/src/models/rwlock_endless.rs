//! A readers-writer lock that is taken again and again, without an end: the first process writes, the others read.

use lockproof::deadline::Deadline;
use lockproof::raw::{Acquired, RawRwLock, Read};

use super::mutex::held;
use crate::model::{DEATH, DEATH_OF_A_HOLDER, Log, Model, Outcome, Sometimes, violated};
use crate::platform::{Facts, World};

/// A writer, and readers.
#[derive(Clone, Copy, Debug)]
pub struct EndlessRwLockModel {
    /// How many all in all.
    pub processes: usize,
    /// Whether some die.
    pub deaths: bool,
    /// Whether readers may be overtaken for ever.
    pub patient_readers: bool,
}

/// As many as can read at a time.
const SLOTS: usize = 2;

/// A lock, and what it protects.
pub struct Protected<W: World> {
    lock: RawRwLock<W::RobustWord, W::Cell, SLOTS>,
    data: W::Cell,
}

impl<W: World> std::fmt::Debug for Protected<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Protected").finish_non_exhaustive()
    }
}

fn writes<W: World>(p: &W, shared: &Protected<W>, inside: impl FnOnce()) {
    match shared.lock.write(p, Deadline::Never) {
        Ok(Acquired::Clean) => {}
        Ok(Acquired::OwnerDied) => held(shared.lock.make_consistent(p)),
        Err(failure) => violated(format!("write failed: {failure:?}")),
    }
    inside();
    let before = p.cell_get(&shared.data);
    p.cell_set(&shared.data, before);
    held(shared.lock.unlock_write(p));
}

fn reads<W: World>(p: &W, shared: &Protected<W>, inside: impl FnOnce()) {
    match shared.lock.read(p, 0, Deadline::Never) {
        Ok(Read::Shared(slot)) => {
            inside();
            p.cell_get(&shared.data);
            held(shared.lock.unlock_read(p, slot));
        }
        Ok(Read::OwnerDied) => {
            held(shared.lock.make_consistent(p));
            inside();
            p.cell_get(&shared.data);
            held(shared.lock.unlock_write(p));
        }
        Err(failure) => violated(format!("read failed: {failure:?}")),
    }
}

impl Model for EndlessRwLockModel {
    type Shared<W: World> = Protected<W>;

    fn processes(&self) -> usize {
        self.processes
    }

    fn share<W: World>(&self, p: &W) -> Protected<W> {
        let slots = [p.new_robust("slot 1"), p.new_robust("slot 2")];
        Protected {
            lock: RawRwLock::new(p.new_robust("lock"), p.new_cell("writing"), slots),
            data: p.new_cell("data"),
        }
    }

    fn process<W: World>(&self, p: &W, shared: &Protected<W>, index: usize, _: &Log) {
        let scope = p.scope();
        loop {
            p.at(scope, "comes");
            if index == 0 {
                writes(p, shared, || p.at(scope, "writes"));
            } else {
                reads(p, shared, || p.at(scope, "reads"));
            }
        }
    }

    fn is_endless(&self) -> bool {
        true
    }

    fn is_patient(&self, index: usize) -> bool {
        self.patient_readers && index > 0
    }

    fn end<W: World>(&self, p: &W, shared: &Protected<W>, _: &Log, _: Facts) -> Outcome {
        writes(p, shared, || ());
        Outcome { result: "all died".to_owned(), wrong: None }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        if self.deaths { vec![DEATH, DEATH_OF_A_HOLDER] } else { Vec::new() }
    }
}
