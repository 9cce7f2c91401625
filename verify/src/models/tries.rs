//! Models of a mutex that some only try to take: whoever gets it is alone, and it is refused only because somebody has it.

use std::marker::PhantomData;

use lockproof::raw::Acquired;

use super::lock::Lock;
use super::mutex::{DONE, Protected, enter, judge_total, leave, take_over};
use crate::model::{Log, Model, Outcome, Sometimes};
use crate::platform::{Facts, World};

/// A lock that can be tried.
pub trait TryLock: Lock {
    /// Whether it may be refused although nobody has it.
    const REFUSES_FOR_NOTHING: bool;

    /// Takes it if that needs no wait.
    fn try_lock<W: World>(lock: &Self::On<W>, p: &W) -> Option<Acquired>;
}

/// Processes that try to take a lock.
#[derive(Clone, Copy, Debug)]
pub struct TriesModel<L> {
    processes: usize,
    all: bool,
    lock: PhantomData<L>,
}

const REFUSED: &str = "tries that were refused";

impl<L: TryLock> TriesModel<L> {
    /// So many, of which all try, once each.
    #[must_use]
    pub const fn of_all(processes: usize) -> Self {
        Self { processes, all: true, lock: PhantomData }
    }

    /// So many, of which the first tries, and the others wait for it.
    #[must_use]
    pub const fn of_one(processes: usize) -> Self {
        Self { processes, all: false, lock: PhantomData }
    }
}

impl<L: TryLock> Model for TriesModel<L> {
    type Shared<W: World> = Protected<W, L>;

    fn processes(&self) -> usize {
        self.processes
    }

    fn share<W: World>(&self, p: &W) -> Protected<W, L> {
        Protected::new(p)
    }

    fn process<W: World>(&self, p: &W, shared: &Protected<W, L>, index: usize, log: &Log) {
        if !self.all && index > 0 {
            enter::<W, L>(p, shared, log);
        } else if let Some(how) = L::try_lock(&shared.lock, p) {
            take_over::<W, L>(p, shared, how, log);
        } else {
            return log.count(REFUSED);
        }
        let before = p.cell_get(&shared.total);
        p.cell_set(&shared.total, before + 1);
        leave::<W, L>(p, shared);
        log.count(DONE);
    }

    fn is_symmetric(&self) -> bool {
        self.all && L::SYMMETRIC
    }

    fn end<W: World>(&self, p: &W, shared: &Protected<W, L>, log: &Log, facts: Facts) -> Outcome {
        enter::<W, L>(p, shared, log);
        let total = p.cell_get(&shared.total);
        leave::<W, L>(p, shared);
        let all_refused = total == 0 && !L::REFUSES_FOR_NOTHING;
        let wrong = all_refused.then(|| "all were refused, and nobody had it".to_owned());
        let wrong = wrong.or_else(|| judge_total(total, log, facts));
        Outcome { result: format!("{total} got it"), wrong }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        vec![Sometimes {
            what: "a try that is refused",
            happened: |_, log| log.counted(REFUSED) > 0,
        }]
    }
}
