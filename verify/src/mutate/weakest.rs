//! The opposite question: how weak the orderings of an algorithm may be.
//!
//! At first every operation has the strongest ordering it can have; fences are kept as they are. Then each in turn gets the weakest with
//! which, the others being as they are by then, no model of the algorithm fails. What is left is a set of which no ordering can be
//! weakened any more. It need not be the only one: where two operations can do the same work for each other, the one that comes first in
//! the source is weakened, and the other has to stay strong.
//!
//! A stronger ordering allows fewer executions. So what is nowhere weaker than the shipped source, whose models hold, need not be
//! explored: only attempts to go below it are, and most of these fail soon.

use std::time::{Duration, Instant};

use lockproof::platform::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};

use super::campaign::Reference;
use super::subjects::Subject;
use crate::claim::{Budget, Progress};
use crate::platform::{Kind, Op, Orders};

/// An ordering of the source.
#[derive(Clone, Copy, Debug)]
pub struct Knob {
    /// The operation.
    pub op: Op,
    /// Whether it is the ordering of a compare-exchange that fails.
    pub fails: bool,
    /// The ordering in the source.
    pub shipped: Ordering,
    choices: &'static [Ordering],
}

/// What was found for an ordering.
#[derive(Clone, Debug)]
pub struct Found {
    /// Which.
    pub knob: Knob,
    /// The weakest that was found.
    pub weakest: Ordering,
    /// Why none weaker was tried, though nothing was found against it.
    pub not_tried: Option<&'static str>,
}

/// What was found for an algorithm.
#[derive(Clone, Debug)]
pub struct Weakest {
    /// All its orderings, in the order of the source.
    pub all: Vec<Found>,
    /// How many sets were explored.
    pub explored: usize,
    /// Whether time or memory ran out for some, which then count as wrong.
    pub late: bool,
    /// How long it took.
    pub took: Duration,
}

/// How what was found compares with what is shipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compared {
    /// It is what is shipped.
    Same,
    /// What is shipped is stronger than it has to be.
    Weaker,
    /// Some are weaker than shipped, and others stronger for that.
    Another,
}

impl Weakest {
    /// How it compares with what is shipped.
    #[must_use]
    pub fn compared(&self) -> Compared {
        let all = |is: fn(&Found) -> bool| self.all.iter().all(is);
        if all(|one| one.weakest == one.knob.shipped) {
            Compared::Same
        } else if all(|one| is_at_least(one.knob.shipped, one.weakest)) {
            Compared::Weaker
        } else {
            Compared::Another
        }
    }
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attempt {
    Holds,
    Fails,
    /// Nobody knows, for lack of time or memory.
    Late,
}

/// Looks for a set of weakest orderings of an algorithm.
pub fn weakest(
    subject: &Subject,
    reference: &Reference,
    budget: &Budget,
    progress: &dyn Progress,
) -> Weakest {
    let began = Instant::now();
    let knobs = knobs(&reference.operations(subject));
    let tabu = |knob: &Knob| reference.out_of_reach(&knob.op);
    let mut found = search(&knobs, tabu, |knob, orders| {
        let orders =
            knobs.iter().zip(orders).map(|(knob, order)| (knob.op.site, knob.fails, *order));
        reference.try_orders(&knob.op, Orders::new(orders), budget, progress)
    });
    found.took = began.elapsed();
    found
}

/// All orderings that can be chosen.
fn knobs(operations: &[Op]) -> Vec<Knob> {
    let of = |op: &Op| {
        let order = op.order.and_then(|shipped| {
            let choices: &[_] = match op.kind {
                _ if shipped == SeqCst => return None,
                Kind::Load => &[Relaxed, Acquire],
                Kind::Store => &[Relaxed, Release],
                Kind::Fence => return None,
                _ => &[Relaxed, Acquire, Release, AcqRel],
            };
            Some(Knob { op: *op, fails: false, shipped, choices })
        });
        let failure = op.failure.map(|shipped| Knob {
            op: *op,
            fails: true,
            shipped,
            choices: &[Relaxed, Acquire],
        });
        order.into_iter().chain(failure)
    };
    operations.iter().flat_map(of).collect()
}

fn search(
    knobs: &[Knob],
    not_tried: impl Fn(&Knob) -> Option<&'static str>,
    mut attempt: impl FnMut(&Knob, &[Ordering]) -> Attempt,
) -> Weakest {
    let mut orders: Vec<Ordering> =
        knobs.iter().map(|knob| *knob.choices.last().unwrap_or(&knob.shipped)).collect();
    let (mut explored, mut late) = (0, false);
    for (at, knob) in knobs.iter().enumerate() {
        let strongest = orders[at];
        for choice in knob.choices {
            orders[at] = *choice;
            let is_known =
                knobs.iter().zip(&orders).all(|(knob, order)| is_at_least(*order, knob.shipped));
            if is_known || *choice == strongest {
                break;
            }
            if !is_at_least(*choice, knob.shipped) && not_tried(knob).is_some() {
                continue;
            }
            explored += 1;
            let came_to = attempt(knob, &orders);
            late |= came_to == Attempt::Late;
            if came_to == Attempt::Holds {
                break;
            }
        }
    }
    let found = |(knob, weakest): (&Knob, Ordering)| Found {
        knob: *knob,
        weakest,
        not_tried: not_tried(knob),
    };
    let all = knobs.iter().zip(orders).map(found).collect();
    Weakest { all, explored, late, took: Duration::ZERO }
}

/// Whether one ordering does all that the other does.
fn is_at_least(one: Ordering, other: Ordering) -> bool {
    one == other || one == AcqRel && other != SeqCst || other == Relaxed
}

#[cfg(test)]
mod tests {
    use std::panic::Location;

    use super::*;

    fn knob(kind: Kind, shipped: Ordering) -> Knob {
        let site = Location::caller();
        let op = Op {
            kind,
            word: "",
            order: Some(shipped),
            failure: None,
            operand: None,
            result: None,
            site,
        };
        knobs(&[op])[0]
    }

    fn found(knobs: &[Knob], holds: fn(&[Ordering]) -> bool) -> (Vec<Ordering>, Weakest) {
        let shipped: Vec<_> = knobs.iter().map(|knob| knob.shipped).collect();
        assert!(holds(&shipped), "what is shipped holds");
        let found = search(
            knobs,
            |_| None,
            |_, orders| {
                if holds(orders) { Attempt::Holds } else { Attempt::Fails }
            },
        );
        (found.all.iter().map(|one| one.weakest).collect(), found)
    }

    #[test]
    fn what_is_shipped_is_found_where_nothing_else_holds() {
        let knobs = [knob(Kind::Swap, Acquire), knob(Kind::Store, Release)];
        let (orders, found) =
            found(&knobs, |o| is_at_least(o[0], Acquire) && is_at_least(o[1], Release));
        assert_eq!((orders, found.compared()), (vec![Acquire, Release], Compared::Same));
    }

    #[test]
    fn what_is_stronger_than_it_has_to_be_is_found() {
        let knobs = [knob(Kind::Swap, AcqRel), knob(Kind::Load, Acquire)];
        let (orders, found) = found(&knobs, |o| is_at_least(o[0], Release));
        assert_eq!((orders, found.compared()), (vec![Release, Relaxed], Compared::Weaker));
    }

    #[test]
    fn one_may_do_the_work_of_another() {
        let knobs = [knob(Kind::Swap, AcqRel), knob(Kind::Swap, Relaxed)];
        let (orders, found) = found(&knobs, |o| o[0] == AcqRel || o[1] == AcqRel);
        assert_eq!((orders, found.compared()), (vec![Relaxed, AcqRel], Compared::Another));
    }

    #[test]
    fn what_cannot_be_shown_is_not_weakened_below_what_is_shipped() {
        let knobs = [knob(Kind::Store, Release)];
        let found = search(&knobs, |_| Some("no model has it"), |_, _| Attempt::Holds);
        assert_eq!((found.compared(), found.explored), (Compared::Same, 0));
        assert!(found.all[0].not_tried.is_some());
    }

    #[test]
    fn what_is_not_known_counts_as_wrong() {
        let knobs = [knob(Kind::Store, Release)];
        let found = search(&knobs, |_| None, |_, _| Attempt::Late);
        assert!(found.late && found.compared() == Compared::Same);
    }

    #[test]
    fn of_the_shipped_source_the_strongest_orderings_hold_and_none_at_all_do_not() {
        use crate::claim::Silent;
        use crate::mutate::{Passed, SUBJECTS};

        let budget = Budget::seeded(1);
        let subject = SUBJECTS.iter().find(|subject| subject.name == "once").expect("a subject");
        let passed = subject.trials().map(|trial| Passed::of(subject, trial, &budget, &Silent));
        let passed = passed.filter_map(|passed| passed.expect("it holds")).collect();
        let reference = Reference::of(subject, passed);
        let knobs = knobs(&reference.operations(subject));
        let attempt = |choose: fn(&Knob) -> Ordering| {
            let orders = knobs.iter().map(|knob| (knob.op.site, knob.fails, choose(knob)));
            reference.try_orders(&knobs[0].op, Orders::new(orders), &budget, &Silent)
        };
        let strongest = |knob: &Knob| *knob.choices.last().expect("some");
        assert!(knobs.iter().any(|knob| strongest(knob) != knob.shipped), "{knobs:?}");
        assert_eq!(attempt(strongest), Attempt::Holds);
        assert_eq!(attempt(|knob| knob.choices[0]), Attempt::Fails);
    }
}
