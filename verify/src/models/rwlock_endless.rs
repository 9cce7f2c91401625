//! A readers-writer lock that is taken again and again, without an end: the first process writes, the others read.

use std::marker::PhantomData;

use lockproof::deadline::Deadline;
use lockproof::raw::{Acquired, Read};

use super::any::rwlock::{ReadWrite, Shipped};
use super::mutex::held;
use crate::model::{DEATH, DEATH_OF_A_HOLDER, Log, Model, Outcome, Sometimes, violated};
use crate::platform::{Facts, World};

/// A writer, and readers.
#[derive(Clone, Copy, Debug)]
pub struct EndlessRwLockModel<L = Shipped> {
    processes: usize,
    deaths: bool,
    patient_readers: bool,
    lock: PhantomData<L>,
}

impl<L: ReadWrite> EndlessRwLockModel<L> {
    /// So many all in all.
    #[must_use]
    pub const fn new(processes: usize) -> Self {
        Self { processes, deaths: false, patient_readers: false, lock: PhantomData }
    }

    /// The same, where some die, if so.
    #[must_use]
    pub const fn with_deaths(self, deaths: bool) -> Self {
        Self { deaths, ..self }
    }

    /// The same, where readers may be overtaken for ever.
    #[must_use]
    pub const fn with_patient_readers(self) -> Self {
        Self { patient_readers: true, ..self }
    }
}

/// A lock, and what it protects.
pub struct Protected<W: World, L: ReadWrite> {
    lock: L::On<W>,
    data: W::Cell,
}

impl<W: World, L: ReadWrite> std::fmt::Debug for Protected<W, L> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Protected").finish_non_exhaustive()
    }
}

fn writes<W: World, L: ReadWrite>(p: &W, shared: &Protected<W, L>, inside: impl FnOnce()) {
    match L::write(&shared.lock, p, Deadline::Never) {
        Ok(Acquired::Clean) => {}
        Ok(Acquired::OwnerDied) => held(L::make_consistent(&shared.lock, p)),
        Err(failure) => violated(format!("write failed: {failure:?}")),
    }
    inside();
    let before = p.cell_get(&shared.data);
    p.cell_set(&shared.data, before);
    held(L::unlock_write(&shared.lock, p));
}

fn reads<W: World, L: ReadWrite>(p: &W, shared: &Protected<W, L>, inside: impl FnOnce()) {
    match L::read(&shared.lock, p, Deadline::Never) {
        Ok(Read::Shared(slot)) => {
            inside();
            p.cell_get(&shared.data);
            held(L::unlock_read(&shared.lock, p, slot));
        }
        Ok(Read::OwnerDied) => {
            held(L::make_consistent(&shared.lock, p));
            inside();
            p.cell_get(&shared.data);
            held(L::unlock_write(&shared.lock, p));
        }
        Err(failure) => violated(format!("read failed: {failure:?}")),
    }
}

impl<L: ReadWrite> Model for EndlessRwLockModel<L> {
    type Shared<W: World> = Protected<W, L>;

    fn processes(&self) -> usize {
        self.processes
    }

    fn share<W: World>(&self, p: &W) -> Protected<W, L> {
        Protected { lock: L::make(p), data: p.new_cell("data") }
    }

    fn process<W: World>(&self, p: &W, shared: &Protected<W, L>, index: usize, _: &Log) {
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

    fn end<W: World>(&self, p: &W, shared: &Protected<W, L>, _: &Log, _: Facts) -> Outcome {
        writes(p, shared, || ());
        Outcome { result: "all died".to_owned(), wrong: None }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        if self.deaths { vec![DEATH, DEATH_OF_A_HOLDER] } else { Vec::new() }
    }
}
