//! Models of the shared counter, whichever way it is counted: no addition is lost.

use super::any::counter::Counting;
pub use super::any::counter::{Counted, Way};
use super::mutex::{DONE, judge, judge_total};
use crate::model::{DEATH, Log, Model, Outcome, Sometimes};
use crate::platform::{Facts, World};

/// Processes that each increment a shared counter.
#[derive(Clone, Copy, Debug)]
pub struct CounterModel<C = Way> {
    /// How they do it.
    pub way: C,
    /// How many processes.
    pub processes: usize,
    /// How many increments each.
    pub increments: usize,
    /// Whether one of them dies.
    pub deaths: bool,
}

impl<C: Counting> Model for CounterModel<C> {
    type Shared<W: World> = C::On<W>;

    fn processes(&self) -> usize {
        self.processes
    }

    fn share<W: World>(&self, p: &W) -> C::On<W> {
        self.way.make(p)
    }

    fn process<W: World>(&self, p: &W, shared: &C::On<W>, _: usize, log: &Log) {
        let scope = p.scope();
        for round in 0..self.increments {
            p.at(scope, round);
            self.way.add(p, shared, log);
            log.count(DONE);
        }
    }

    fn is_symmetric(&self) -> bool {
        C::SYMMETRIC
    }

    fn end<W: World>(&self, p: &W, shared: &C::On<W>, log: &Log, facts: Facts) -> Outcome {
        let total = self.way.total(p, shared, log);
        let wrong =
            if C::TELLS { judge(total, log, facts) } else { judge_total(total, log, facts) };
        Outcome { result: total.to_string(), wrong }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        let mut all = self.way.sometimes();
        if self.deaths {
            all.push(DEATH);
        }
        all
    }
}
