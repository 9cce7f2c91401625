//! What only the explorer of states shows, and what it says of it.

use std::time::Instant;

use lockproof::deadline::Deadline::Never;
use lockproof::platform::Ordering::{Acquire, Relaxed, Release};
use lockproof::platform::Update;
use lockproof_verify::claim::{Budget, Silent};
use lockproof_verify::explore::graph::{self as explorer, GraphSearch};
use lockproof_verify::model::{CONTENTION, DEATH, Sometimes, WAIT};
use lockproof_verify::models::litmus::Expect::{Fails, Outcomes};
use lockproof_verify::models::litmus::On::{X, Y};
use lockproof_verify::models::litmus::Step::{
    Add, Exchange, Get, LeaveIf, Load, Loop, Say, Set, StopUnless, Store, Swap, UpdateWakeAll,
    Violate, Wait, Wake,
};
use lockproof_verify::models::litmus::{Case, Litmus, SOON, Step};
use lockproof_verify::verdict::{Bound, Verdict};

use crate::check::{all, every_state, graph, sentence};

/// Each of these was missed once by some reduction, or is what keeps one from being simpler.
fn cases() -> Vec<Case> {
    let case = |litmus, expect, because| Case { litmus, expect, because };
    vec![
        case(
            Litmus::new(
                "a stale load after a wake that found somebody",
                [
                    &[Swap(X, 1, Relaxed), Wait(Y, 0, SOON)],
                    &[Wake(Y, 1), StopUnless(1), Load(X, Relaxed), Say],
                ],
            ),
            Outcomes(&["-", "0", "1"]),
            "the wake cannot have come before the sleeper's swap, and still orders nothing",
        ),
        case(
            Litmus::new(
                "a stale load after being woken",
                [
                    &[Wait(X, 0, SOON), Say, Load(Y, Relaxed), Say],
                    &[Swap(Y, 1, Relaxed), Wake(X, 1), Say],
                ],
            ),
            Outcomes(&["late 0 | 0", "late 1 | 0", "woken 0 | 1", "woken 1 | 1"]),
            "woken 0 | 1: to be woken orders nothing but the word that one slept on",
        ),
        case(
            Litmus::new(
                "falling asleep on a stale value after a wake",
                [
                    &[Swap(X, 1, Relaxed), Swap(Y, 1, Relaxed), Wake(X, 1), Say],
                    &[Load(Y, Relaxed), Say, Wake(X, 1), Say],
                    &[Wait(X, 0, Never), Say],
                ],
            ),
            Outcomes(&[
                "0 | 0 0 | changed",
                "0 | 0 1 | woken",
                "0 | 1 0 | changed",
                "0 | 1 1 | woken",
                "1 | 0 0 | woken",
                "1 | 1 0 | woken",
            ]),
            "1 | 1 0 | woken: the second process knows that the first has changed y, not that it has changed x; so its \
             wake orders nobody who comes later, and the third falls asleep on 0",
        ),
        case(
            Litmus::new(
                "falling asleep on a stale value after one who found a staler one",
                [
                    &[Swap(X, 1, Relaxed), Swap(X, 2, Relaxed), Swap(Y, 1, Relaxed)],
                    &[Load(Y, Relaxed), StopUnless(1), Wait(X, 0, SOON), Say],
                    &[Wait(X, 1, SOON), Say],
                ],
            ),
            Outcomes(&[
                "- | changed",
                "- | late",
                "changed | changed",
                "changed | late",
                "late | changed",
                "late | late",
            ]),
            "late | late: the second process sleeps on 0 before the third sleeps on 1, as they take the same lock; and \
             when it does, there is 2 already",
        ),
        case(
            Litmus::new(
                "falling asleep on a value that is stale for all others, after a wake",
                [
                    &[
                        Swap(X, 1, Relaxed),
                        Swap(Y, 1, Relaxed),
                        Load(X, Relaxed),
                        StopUnless(2),
                        Wake(X, 1),
                        Say,
                    ],
                    &[Load(Y, Relaxed), StopUnless(1), Wake(X, 1), Say, Swap(X, 2, Relaxed)],
                    &[Wait(X, 0, SOON), Say],
                ],
            ),
            Outcomes(&[
                "- | - | changed",
                "- | - | late",
                "- | 0 | changed",
                "- | 0 | late",
                "- | 1 | woken",
                "0 | 0 | changed",
                "0 | 0 | late",
                "0 | 1 | woken",
                "1 | 0 | woken",
            ]),
            "1 | 0 | woken: the second process has found nobody, and who sleeps after that does so on 0",
        ),
        case(
            Litmus::new(
                "a stale load after a wake that came after one who found a value changed",
                [
                    &[Swap(X, 1, Relaxed), Swap(X, 2, Relaxed), Wake(X, 1), Load(Y, Relaxed), Say],
                    &[Load(X, Relaxed), StopUnless(2), Swap(Y, 1, Relaxed)],
                    &[Load(Y, Relaxed), StopUnless(1), Wait(X, 5, SOON), Load(X, Relaxed), Say],
                ],
            ),
            Outcomes(&["0 | -", "0 | 0", "0 | 1", "0 | 2", "1 | -", "1 | 0", "1 | 1", "1 | 2"]),
            "0 | 1: the third process finds 1, which nobody does after the wake; so the wake comes after y was written",
        ),
        case(
            Litmus::new(
                "loads after a sleep that others have seen the end of",
                [
                    &[Swap(X, 1, Relaxed), Swap(X, 2, Relaxed), Swap(Y, 1, Relaxed)],
                    &[Wait(X, 0, SOON), Say, Wait(X, 1, SOON), Say],
                    &[Load(Y, Relaxed), StopUnless(1), Wake(X, 1), Say, Swap(X, 5, Relaxed)],
                ],
            )
            .never(&["woken late | 1"]),
            Fails("the outcome is woken late | 1"),
            "whoever is woken may find an old value then, though it is too old for all who are awake",
        ),
        case(
            Litmus::new(
                "an update and wake before a store that is older",
                [
                    &[Store(X, 4, Relaxed), Store(Y, 1, Relaxed)],
                    &[Store(Y, 2, Relaxed), UpdateWakeAll(X, Update::Set(0))],
                ],
            )
            .finally(&[X, Y]),
            Outcomes(&["X=4 | Y=1", "X=4 | Y=2", "X=5 | Y=1", "X=5 | Y=2"]),
            "X=4 | Y=2: its change is a read-modify-write without ordering, and may come before a store seen earlier",
        ),
    ]
}

#[test]
fn nothing_is_lost_by_a_reduction() {
    let search = GraphSearch { early_returns: false, ..every_state() };
    all(cases(), |litmus| graph(litmus, search));
    all(cases(), |litmus| graph(litmus, search.plain()));
}

/// Both read before either writes.
fn lost_update() -> Litmus {
    let first_increment = [Load(X, Acquire), Say, Store(X, 1, Release)];
    Litmus::new("lost update", [&first_increment, &first_increment]).never(&["0 | 0"])
}

#[test]
fn every_kind_of_failure_is_said_in_words() {
    let broken = Litmus::new("broken", [&[Violate("the sky fell")]]);
    let stuck = Litmus::new("stuck", [&[Wait(X, 0, Never)]]);
    let race = Litmus::new("race", [&[Set(1)], &[Get]]);
    for (litmus, why) in [
        (broken, "the sky fell"),
        (stuck, "nobody can go on: every process that is left waits, and nobody will wake it"),
        (lost_update(), "the outcome is 0 | 0"),
        (
            race,
            "a data race on data: process 2 reads it, and nothing orders that after another's write",
        ),
    ] {
        for search in [GraphSearch::default(), GraphSearch::default().plain()] {
            let found = graph(litmus.clone(), search);
            assert_eq!(found.verdict, Verdict::Counterexample, "{why}");
            assert_eq!(sentence(&found), why);
        }
    }
}

#[test]
fn what_never_happens_makes_a_model_vacuous() {
    let alone = Litmus::new("alone", [&[Exchange(X, 0, 1, Acquire)]]);
    let on_another_value = Litmus::new("on another value", [&[Wait(X, 1, Never)]]);
    let immortal = Litmus::new("immortal", [&[Load(X, Relaxed)]]);
    let cases: [(Litmus, Sometimes); 3] =
        [(alone, CONTENTION), (on_another_value, WAIT), (immortal, DEATH)];
    for (litmus, never) in cases {
        let vacuous = Verdict::Vacuous { what: never.what.to_owned() };
        let name = litmus.name();
        assert_eq!(graph(litmus.sometimes(&[never]), every_state()).verdict, vacuous, "{name}");
    }
}

/// Whoever spins for ever is found; where nobody asks for that, nothing was judged, and nothing is proved.
#[test]
fn where_nothing_ends_nothing_is_proved() {
    const SPINS: &[Step] = &[Loop(&[Load(X, Relaxed), LeaveIf(1)])];
    let spins = || Litmus::new("spins", [SPINS]);
    let found = graph(spins(), every_state());
    assert!(sentence(&found).contains("the end cannot be reached"), "{:?}", found.verdict);
    let found = graph(spins(), GraphSearch { ending: false, ..every_state() });
    let what = "an execution that comes to an end".to_owned();
    assert_eq!(found.verdict, Verdict::Vacuous { what });
}

#[test]
fn a_bound_is_in_the_verdict() {
    let litmus = || Litmus::new("two", [&[Add(X, 1, Relaxed)], &[Add(X, 1, Relaxed)]]);
    assert_eq!(graph(litmus(), every_state()).verdict, Verdict::Exhausted);
    let deaths = GraphSearch { deaths: 1, ..every_state() };
    let bound = Bound { deaths: Some(1), ..Bound::default() };
    assert_eq!(graph(litmus(), deaths).verdict, Verdict::Bounded(bound));
    let memory = GraphSearch { memory_limit: Some(1), ..every_state() };
    let nothing = "an execution that comes to an end".to_owned();
    assert_eq!(graph(litmus(), memory).verdict, Verdict::Vacuous { what: nothing });
    // Nothing is dropped, and somebody writes for ever.
    const WRITES: &[Step] = &[Loop(&[Swap(X, 1, Relaxed), LeaveIf(2)])];
    const LOOKS: &[Step] = &[Load(X, Relaxed), Load(X, Relaxed)];
    let litmus = || Litmus::new("writes", [WRITES, LOOKS, LOOKS, &[Swap(X, 2, Relaxed)]]);
    let keeps_all = GraphSearch { collect: false, messages: 16, ..every_state() };
    let Verdict::Bounded(bound) = graph(litmus(), keeps_all).verdict else { panic!("no bound") };
    assert_eq!((bound.messages, bound.states), (Some(16), None));
    let found = graph(litmus(), GraphSearch { memory_limit: Some(1 << 20), ..keeps_all });
    let Verdict::Bounded(bound) = &found.verdict else { panic!("no bound: {:?}", found.verdict) };
    assert!(found.cut_short && bound.states.is_some(), "{bound:?}");
}

#[test]
fn an_end_of_time_is_no_verdict() {
    let budget = Budget { until: Some(Instant::now()), ..Budget::seeded(1) };
    let found = explorer::explore(&lost_update().into(), "x", every_state(), &budget, &Silent);
    assert!(matches!(found.verdict, Verdict::Timeout { .. }), "{:?}", found.verdict);
}

/// The drawn steps are those of an execution: each reads what the one before left, where all see the latest.
#[test]
fn a_counterexample_is_an_execution() {
    for deaths in [0, 1] {
        let search = GraphSearch { deaths, ..crate::check::in_order() };
        let found = graph(lost_update(), search);
        let Some(counterexample) = found.counterexample else { panic!("{:?}", found.verdict) };
        let ops: Vec<_> = counterexample
            .steps
            .iter()
            .map(|step| (step.thread, step.op.as_str(), step.before.as_str(), step.after.as_str()))
            .collect();
        let [first, second, ..] = ops[..] else { panic!("{ops:?}") };
        assert_eq!([first.1, second.1], ["load", "load"], "{ops:?}");
        assert_eq!([first.2, second.2], ["0", "0"], "{ops:?}");
        assert_ne!(first.0, second.0, "{ops:?}");
        assert_eq!(ops.len(), 4, "{ops:?}");
    }
}
