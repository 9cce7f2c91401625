//! Processes that take a lock again and again, without an end: what only an explorer of states can look at.
//!
//! Nothing is counted, as a count would tell the states apart. Exclusion is asked for by the data that the lock protects:
//! accesses that nothing orders are a data race.

use std::marker::PhantomData;

use lockproof::deadline::Deadline;
use lockproof::raw::Acquired;

use super::lock::Lock;
use crate::model::{
    CONTENTION, DEATH, DEATH_OF_A_HOLDER, Log, Model, Outcome, Sometimes, violated,
};
use crate::platform::{Facts, World};

/// Processes that each take a lock for ever.
#[derive(Clone, Copy, Debug)]
pub struct EndlessModel<L> {
    processes: usize,
    deaths: bool,
    lock: PhantomData<L>,
}

impl<L: Lock> EndlessModel<L> {
    /// So many of them.
    #[must_use]
    pub const fn new(processes: usize) -> Self {
        Self { processes, deaths: false, lock: PhantomData }
    }

    /// The same, where some die.
    #[must_use]
    pub const fn with_deaths(self) -> Self {
        Self { deaths: true, ..self }
    }
}

/// A lock and what it protects.
pub struct Protected<W: World, L: Lock> {
    lock: L::On<W>,
    data: W::Cell,
}

impl<W: World, L: Lock> std::fmt::Debug for Protected<W, L> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Protected").finish_non_exhaustive()
    }
}

fn once<W: World, L: Lock>(p: &W, shared: &Protected<W, L>, inside: impl FnOnce()) {
    match L::lock(&shared.lock, p, Deadline::Never) {
        Ok(Acquired::Clean) => {}
        Ok(Acquired::OwnerDied) => L::make_consistent(&shared.lock, p),
        Err(failure) => violated(format!("lock failed: {failure:?}")),
    }
    inside();
    let before = p.cell_get(&shared.data);
    p.cell_set(&shared.data, before);
}

fn leave<W: World, L: Lock>(p: &W, shared: &Protected<W, L>) {
    if L::unlock(&shared.lock, p).is_err() {
        violated("a holder was told that it does not hold the lock");
    }
}

impl<L: Lock> Model for EndlessModel<L> {
    type Shared<W: World> = Protected<W, L>;

    fn processes(&self) -> usize {
        self.processes
    }

    fn share<W: World>(&self, p: &W) -> Protected<W, L> {
        Protected { lock: L::make(p), data: p.new_cell("data") }
    }

    fn process<W: World>(&self, p: &W, shared: &Protected<W, L>, _: usize, _: &Log) {
        let scope = p.scope();
        loop {
            p.at(scope, "comes");
            once::<W, L>(p, shared, || p.at(scope, "is inside"));
            p.at(scope, "leaves");
            leave::<W, L>(p, shared);
        }
    }

    fn is_symmetric(&self) -> bool {
        L::SYMMETRIC
    }

    fn is_endless(&self) -> bool {
        true
    }

    fn end<W: World>(&self, p: &W, shared: &Protected<W, L>, _: &Log, _: Facts) -> Outcome {
        once::<W, L>(p, shared, || ());
        leave::<W, L>(p, shared);
        Outcome { result: "all died".to_owned(), wrong: None }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        let contention = L::EXCHANGES.then_some(CONTENTION);
        let deaths: &[_] = if self.deaths { &[DEATH, DEATH_OF_A_HOLDER] } else { &[] };
        contention.iter().chain(deaths).copied().collect()
    }
}
