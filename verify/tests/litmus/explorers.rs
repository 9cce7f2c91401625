//! What the explorers say of what they found.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lockproof::deadline::Deadline::{Never, Now};
use lockproof::platform::Ordering::{Acquire, Relaxed, Release};
use lockproof_verify::claim::{Budget, Silent};
use lockproof_verify::explore::loom::{self, LoomSearch};
use lockproof_verify::explore::shuttle::{self, Drawn, ShuttleSearch};
use lockproof_verify::model::{CONTENTION, DEATH, Sometimes, WAIT};
use lockproof_verify::models::litmus::On::X;
use lockproof_verify::models::litmus::Step::{
    Add, Exchange, Get, LeaveIf, Load, Loop, Say, Set, Store, Swap, Violate, Wait, Wake,
};
use lockproof_verify::models::litmus::{Litmus, SOON, Step};
use lockproof_verify::platform::Plan;
use lockproof_verify::trace::Step as Traced;
use lockproof_verify::verdict::{Bound, Finding, Verdict};

use crate::check::{EVERYTHING, loom, sentence, shuttle};

/// Too many executions to see the end of.
fn endless() -> Litmus {
    let steps = [Add(X, 1, Relaxed); 6];
    Litmus::new("much to do", [&steps, &steps, &steps, &steps])
}

/// Both read before either writes.
const LOST: &str = "0 | 0";

fn lost_update() -> Litmus {
    let first_increment = [Load(X, Acquire), Say, Store(X, 1, Release)];
    Litmus::new("lost update", [&first_increment, &first_increment]).never(&[LOST])
}

#[test]
fn what_never_happens_makes_a_model_vacuous() {
    let alone = Litmus::new("alone", [&[Exchange(X, 0, 1, Acquire)]]);
    let in_no_time = Litmus::new("in no time", [&[Wait(X, 0, Now)]]);
    let on_another_value = Litmus::new("on another value", [&[Wait(X, 1, Never)]]);
    let immortal = Litmus::new("immortal", [&[Load(X, Relaxed)]]);
    let cases: [(Litmus, Sometimes); 4] =
        [(alone, CONTENTION), (in_no_time, WAIT), (on_another_value, WAIT), (immortal, DEATH)];
    for (litmus, never) in cases {
        let litmus = litmus.sometimes(&[never]);
        let vacuous = Verdict::Vacuous { what: never.what.to_owned() };
        let name = litmus.name();
        assert_eq!(loom(litmus.clone(), EVERYTHING).verdict, vacuous, "{name}, on loom");
        assert_eq!(shuttle(litmus, Plan::default()).verdict, vacuous, "{name}, on shuttle");
    }
}

#[test]
fn without_a_bound_all_is_seen_and_with_one_the_verdict_says_so() {
    let litmus = Litmus::new("two", [&[Add(X, 1, Relaxed)], &[Add(X, 1, Relaxed)]]);
    let bounded = LoomSearch { preemptions: Some(2), ..EVERYTHING };
    let bound = Bound { preemptions: Some(2), ..Bound::default() };
    assert_eq!(loom(litmus.clone(), EVERYTHING).verdict, Verdict::Exhausted);
    assert_eq!(loom(litmus.clone(), bounded).verdict, Verdict::Bounded(bound.clone()));
    let deaths = LoomSearch { deaths: true, ..bounded };
    let bound = Bound { deaths: Some(1), ..bound };
    assert_eq!(loom(litmus, deaths).verdict, Verdict::Bounded(bound));
}

#[test]
fn an_end_of_time_is_no_verdict() {
    let soon = Instant::now() + Duration::from_millis(200);
    for (until, any) in [(Instant::now(), false), (soon, true)] {
        let budget = Budget { until: Some(until), ..Budget::seeded(1) };
        let found =
            loom::explore(&Arc::new(endless()), "x", LoomSearch::default(), &budget, &Silent);
        assert!(matches!(found.verdict, Verdict::Timeout { .. }), "loom: {:?}", found.verdict);
        assert_eq!(found.executions > 0, any, "loom");
        let search =
            ShuttleSearch { drawn: Drawn::Random, schedules: 1_000_000_000, plan: Plan::default() };
        let found = shuttle::explore(&Arc::new(endless()), "x", search, &budget, &Silent);
        assert!(matches!(found.verdict, Verdict::Timeout { .. }), "shuttle: {:?}", found.verdict);
    }
}

#[test]
fn every_kind_of_failure_is_said_in_words() {
    const SPINS: &[Step] = &[Loop(&[Load(X, Relaxed), LeaveIf(1)])];
    let broken = Litmus::new("broken", [&[Violate("the sky fell")]]);
    let stuck = Litmus::new("stuck", [&[Wait(X, 0, Never)]]);
    let spins = Litmus::new("spins", [SPINS]);
    for (litmus, why) in [
        (broken, "the sky fell"),
        (stuck, "nobody can go on: every process that is left waits, and nobody will wake it"),
        (spins, "an execution does not end within the steps allowed: somebody spins"),
        (lost_update(), "the outcome is 0 | 0"),
    ] {
        for found in [loom(litmus.clone(), LoomSearch::default()), shuttle(litmus, Plan::default())]
        {
            assert_eq!(found.verdict, Verdict::Counterexample, "{why}");
            assert_eq!(sentence(&found), why);
        }
    }
    let race = loom(Litmus::new("race", [&[Set(1)], &[Get]]), LoomSearch::default());
    assert_eq!(race.verdict, Verdict::Counterexample);
    assert_eq!(
        sentence(&race),
        "a data race: two accesses to protected data, of which one is a write, and nothing orders them"
    );
}

fn steps(found: &Finding) -> &[Traced] {
    found.counterexample.as_ref().map_or(&[], |counterexample| &counterexample.steps)
}

/// How often a process is overtaken that has not ended.
fn preemptions(order: &[usize]) -> usize {
    let overtaken =
        |at: &usize| order[*at] != order[at - 1] && order[*at..].contains(&order[at - 1]);
    (1..order.len()).filter(overtaken).count()
}

#[test]
fn a_counterexample_has_the_fewest_preemptions() {
    let look = [Add(X, 0, Relaxed), Say, Add(X, 0, Relaxed), Say];
    let in_a_row = [Add(X, 1, Relaxed), Add(X, 1, Relaxed), Add(X, 1, Relaxed)];
    let overtakes = |name, outcome| Litmus::new(name, [&in_a_row, &look]).never(&[outcome]);
    for (litmus, fewest) in [
        (overtakes("before", "0 0"), 0),
        (overtakes("after", "3 3"), 0),
        (overtakes("between", "2 2"), 1),
        (overtakes("around", "0 3"), 1),
        (overtakes("between and after", "2 3"), 2),
        (overtakes("twice between", "1 2"), 3),
    ] {
        let name = litmus.name();
        let found = loom(litmus, LoomSearch::default());
        let order: Vec<_> = steps(&found).iter().map(|step| step.thread).collect();
        assert_eq!(found.verdict, Verdict::Counterexample, "{name}");
        assert_eq!(preemptions(&order), fewest, "{name}: {order:?}");
    }
}

#[test]
fn the_same_exploration_finds_the_same_again() {
    let event =
        || Litmus::new("event", [&[Swap(X, 1, Release)], &[Load(X, Acquire), Wait(X, 0, Never)]]);
    let on_loom = [(); 2].map(|()| loom(event(), LoomSearch::default()));
    let on_shuttle = [(); 2].map(|()| shuttle(lost_update(), Plan::default()));
    for [first, second] in [on_loom, on_shuttle] {
        assert!(first.counterexample.is_some(), "{:?}", first.verdict);
        assert_eq!(first.counterexample, second.counterexample);
        assert_eq!(first.executions, second.executions);
    }
}

/// What processes that do all the same came to, whichever of them did it.
fn whoever(found: &Finding) -> BTreeSet<Vec<&str>> {
    found
        .outcomes
        .keys()
        .map(|outcome| {
            let mut parts: Vec<_> = outcome.split(" | ").collect();
            parts.sort_unstable();
            parts
        })
        .collect()
}

#[test]
fn one_stands_for_all_that_do_the_same() {
    let same = [Wait(X, 0, SOON), Say, Wake(X, 1), Say];
    let litmus = Litmus::new("all the same", [&same, &same, &same]);
    for deaths in [false, true] {
        let search = LoomSearch { deaths, ..EVERYTHING };
        let all = loom(litmus.clone(), search);
        let first = loom(litmus.clone().only_the_first(), search);
        assert_eq!(whoever(&all), whoever(&first), "deaths: {deaths}");
        assert!(first.executions < all.executions);
    }
}
