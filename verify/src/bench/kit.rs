//! How fast models are explored: executions per second on the kit's platforms, beside the same model written by hand on the bare
//! checker.
//!
//! The model is Drepper's third mutex, which sleeps by a futex, with two processes of one addition each. The kit's is written
//! over a [`World`], and goes the way of every claim: a decorated platform, facts, results, a name for each execution. The one
//! by hand has what a person would write for that one test.

#[macro_use]
mod by_hand;
#[cfg(feature = "loom")]
mod on_loom;
#[cfg(feature = "shuttle")]
mod on_shuttle;

use std::sync::Arc;

use lockproof::deadline::Deadline;
use lockproof::platform::Ordering::{Acquire, Relaxed, Release};

use super::case::{Case, Contender, Death, Unit};
use super::measure::searches;
use crate::claim::{Budget, Silent};
use crate::model::{Log, Model, Outcome, Sometimes, WAIT};
use crate::platform::{Facts, World};
use crate::verdict::{Finding, Verdict};

/// How many add one.
const PROCESSES: usize = 2;

/// What is measured of each checker that there is.
pub(super) fn cases() -> Vec<Case> {
    let case = |id, contenders| {
        let what = "a mutex of two processes, explored by one thread";
        Case { id, what, unit: Unit::Executions, contenders }
    };
    vec![
        #[cfg(feature = "loom")]
        case(
            "kit/loom",
            vec![
                Contender::new("the kit on loom", Death::Ours, |rig| {
                    searches(rig, on_loom::by_the_kit)
                }),
                Contender::new("by hand on bare loom", Death::Nothing, |rig| {
                    searches(rig, on_loom::by_hand)
                }),
            ],
        ),
        #[cfg(feature = "shuttle")]
        case(
            "kit/shuttle",
            vec![
                Contender::new("the kit on shuttle", Death::Ours, |rig| {
                    searches(rig, on_shuttle::by_the_kit)
                }),
                Contender::new("by hand on bare shuttle", Death::Nothing, |rig| {
                    searches(rig, on_shuttle::by_hand)
                }),
            ],
        ),
    ]
}

/// Drepper's third mutex: 0 free, 1 held, 2 held and somebody may sleep.
struct Drepper;

impl Model for Drepper {
    /// The lock, and the number that it protects.
    type Shared<W: World> = (W::Word, W::Cell);

    fn processes(&self) -> usize {
        PROCESSES
    }

    fn share<W: World>(&self, p: &W) -> Self::Shared<W> {
        (p.new_word("lock"), p.new_cell("number"))
    }

    fn process<W: World>(&self, p: &W, (lock, number): &Self::Shared<W>, _: usize, _: &Log) {
        take(p, lock);
        p.cell_set(number, p.cell_get(number) + 1);
        if p.swap(lock, 0, Release) == 2 {
            p.futex_wake(lock, 1);
        }
    }

    fn end<W: World>(&self, p: &W, (_, number): &Self::Shared<W>, _: &Log, _: Facts) -> Outcome {
        let total = p.cell_get(number);
        let wrong = (total != PROCESSES as u64).then(|| "an addition was lost".to_owned());
        Outcome { result: total.to_string(), wrong }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        vec![WAIT]
    }
}

fn take<W: World>(p: &W, lock: &W::Word) {
    if p.compare_exchange(lock, 0, 1, Acquire, Relaxed).is_ok() {
        return;
    }
    let scope = p.scope();
    while p.swap(lock, 2, Acquire) != 0 {
        p.at(scope, ());
        p.futex_wait(lock, 2, Deadline::Never);
    }
}

/// How many executions the kit has looked at.
fn looked_at(
    explore: impl FnOnce(&Arc<Drepper>, &Budget, &Silent) -> Finding,
) -> Result<u64, String> {
    let found = explore(&Arc::new(Drepper), &Budget::seeded(1), &Silent);
    match found.verdict {
        Verdict::Exhausted | Verdict::Bounded(_) => Ok(found.executions),
        other => Err(format!("the model came to another verdict: {}", other.word())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As many executions, of all that there are: it is the same model.
    #[test]
    #[cfg(feature = "loom")]
    fn loom_sees_the_same_executions_of_both() {
        let both = [on_loom::by_the_kit(), on_loom::by_hand()];
        assert!(both[0].as_ref().is_ok_and(|executions| *executions > 10), "{both:?}");
        assert_eq!(both[0], both[1]);
    }

    #[test]
    #[cfg(feature = "shuttle")]
    fn shuttle_draws_as_many_of_both() {
        let both = [on_shuttle::by_the_kit(), on_shuttle::by_hand()];
        assert_eq!(both, [Ok(on_shuttle::SCHEDULES), Ok(on_shuttle::SCHEDULES)]);
    }
}
