//! Every ordering, wake and write of the shipped algorithms is there for a reason: without it, a model fails.

use lockproof_verify::claim::{Budget, Silent};
use lockproof_verify::mutate::{Mutant, Passed, Reference, SUBJECTS};
use lockproof_verify::platform::Change;

const UNHURRIED: Budget = Budget::seeded(1);

/// Each mutant is caught by one of the models that hold the algorithm, or known to be as good as the original.
fn nothing_can_be_done_with_less_in(name: &str, wanted: impl Fn(&Mutant) -> bool) {
    let subject = SUBJECTS.iter().find(|subject| subject.name == name).expect("a subject");
    let passed = subject.trials().map(|trial| Passed::of(subject, trial, &UNHURRIED, &Silent));
    let passed: Result<Vec<_>, _> = passed.collect();
    let passed = passed.expect("all models hold").into_iter().flatten();
    let reference = Reference::of(subject, passed.collect());
    let place = |mutant: &Mutant| mutant.id.split_once('/').expect("its subject").1.to_owned();
    let places: Vec<String> = reference.mutants.iter().map(place).collect();
    for known in subject.known() {
        let is_there = places.iter().any(|place| known.is_about(place));
        assert!(is_there, "{name} has no mutant {}", known.place);
    }
    let mut tried = 0;
    for mutant in reference.mutants.iter().filter(|mutant| wanted(mutant)) {
        let fate = reference.try_mutant(mutant, &UNHURRIED, &Silent).fate;
        assert!(fate.is_good(), "{}: {}, {}: {fate:?}", mutant.id, mutant.site, mutant.change);
        tried += 1;
    }
    println!("{name}: {tried} of {} mutants", reference.mutants.len());
    assert!(tried > 1, "{name}: {reference:?}");
}

const fn all(_: &Mutant) -> bool {
    true
}

/// Where the models are large: orderings, and what is not done at all but for the robust list. `lockproof mutate` does all.
fn quick(mutant: &Mutant) -> bool {
    let dropped = matches!(mutant.mutation.change, Change::Skip | Change::Half);
    let ordered = matches!(mutant.mutation.change, Change::Order(_));
    let robust = mutant.operation.starts_with("robust");
    (dropped || ordered) && !robust && mutant.equivalent.is_none()
}

#[test]
fn in_the_mutex() {
    nothing_can_be_done_with_less_in("mutex", all);
}

#[test]
fn in_the_counter() {
    nothing_can_be_done_with_less_in("counter", all);
}

#[test]
fn in_the_event() {
    nothing_can_be_done_with_less_in("event", all);
}

#[test]
fn in_the_once() {
    nothing_can_be_done_with_less_in("once", all);
}

#[test]
fn in_the_condvar() {
    nothing_can_be_done_with_less_in("condvar", all);
}

#[test]
fn in_the_semaphore() {
    nothing_can_be_done_with_less_in("semaphore", all);
}

#[test]
#[ignore = "takes four minutes; `lockproof mutate barrier` does it on all processors"]
fn in_the_barrier() {
    nothing_can_be_done_with_less_in("barrier", quick);
}

#[test]
fn in_the_rwlock() {
    nothing_can_be_done_with_less_in("rwlock", all);
}

#[test]
fn in_the_slot() {
    nothing_can_be_done_with_less_in("slot", quick);
}

#[test]
fn in_the_queue() {
    nothing_can_be_done_with_less_in("queue", all);
}

#[test]
fn in_the_tasks() {
    nothing_can_be_done_with_less_in("tasks", quick);
}
