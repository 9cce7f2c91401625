//! Two jobs on one number, as `lockproof demo jobs`: the first adds 1, the second 3, and each prints after each step. With the lock
//! around the whole loop there are two sequences that can be printed, whatever the number of steps.

use lockproof::platform::Ordering::Relaxed;
use lockproof::raw::RawMutex;

use super::{Sheet, in_a_row, lock, unlock};
use crate::model::{CONTENTION, Log, Model, Outcome, Sometimes, WAIT};
use crate::platform::{Facts, World};

/// What the two add.
const ADDED: [u64; 2] = [1, 3];
const FIRST: &str = "executions in which the first job came first";
const SECOND: &str = "executions in which the second job came first";

/// Two jobs.
#[derive(Clone, Copy, Debug)]
pub struct JobsModel {
    /// How many steps each takes.
    pub steps: usize,
    /// Whether the lock is held around each loop.
    pub locked: bool,
}

/// What they share.
pub struct Desk<W: World> {
    lock: RawMutex<W::RobustWord>,
    number: W::Word64,
    printed: Sheet<W>,
}

impl<W: World> std::fmt::Debug for Desk<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").finish_non_exhaustive()
    }
}

impl Model for JobsModel {
    type Shared<W: World> = Desk<W>;

    fn processes(&self) -> usize {
        ADDED.len()
    }

    fn share<W: World>(&self, p: &W) -> Desk<W> {
        Desk {
            lock: RawMutex::new(p.new_robust("lock")),
            number: p.new_word64("number"),
            printed: Sheet::new(p, ADDED.len() * self.steps),
        }
    }

    fn process<W: World>(&self, p: &W, desk: &Desk<W>, index: usize, _: &Log) {
        if self.locked {
            lock(p, &desk.lock);
        }
        let scope = p.scope();
        for step in 0..self.steps {
            p.at(scope, step);
            let number = p.load64(&desk.number, Relaxed) + ADDED[index];
            p.store64(&desk.number, number, Relaxed);
            desk.printed.append(p, number);
        }
        if self.locked {
            unlock(p, &desk.lock);
        }
    }

    fn is_symmetric(&self) -> bool {
        false
    }

    fn end<W: World>(&self, p: &W, desk: &Desk<W>, log: &Log, _: Facts) -> Outcome {
        let printed = desk.printed.read(p);
        let [a, b] = ADDED;
        let wrong = if printed == sequence([a, b], self.steps) {
            log.count(FIRST);
            None
        } else if printed == sequence([b, a], self.steps) {
            log.count(SECOND);
            None
        } else {
            Some(format!("{}: as no job after the other prints them", in_a_row(&printed)))
        };
        Outcome { result: in_a_row(&printed), wrong }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        if !self.locked {
            return vec![];
        }
        let first = Sometimes { what: FIRST, happened: |_, log| log.counted(FIRST) > 0 };
        let second = Sometimes { what: SECOND, happened: |_, log| log.counted(SECOND) > 0 };
        vec![CONTENTION, WAIT, first, second]
    }
}

/// What is printed if one is done before the other begins.
fn sequence(added: [u64; 2], steps: usize) -> Vec<u64> {
    let steps = added.into_iter().flat_map(|add| std::iter::repeat_n(add, steps));
    steps
        .scan(0, |number, add| {
            *number += add;
            Some(*number)
        })
        .collect()
}
