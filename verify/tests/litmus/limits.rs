//! The checkers' limits are as documented. A failure here is good news, and says what to change.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use lockproof_verify::models::litmus::Expect::{self, Outcomes};
use lockproof_verify::models::litmus::{Case, RACE, limits};
use lockproof_verify::verdict::Verdict;

use crate::check::{
    all, all_on_graph, all_on_loom, all_on_shuttle, every_state, graph, in_order, in_words,
};

#[test]
fn looms_false_alarms() {
    all_on_loom(limits::false_alarms());
}

#[test]
fn looms_blind_spots() {
    all_on_loom(limits::blind_spots());
}

#[test]
fn shuttles_blind_spots() {
    all_on_shuttle(limits::shuttles_blind_spots());
}

/// What is so instead, by the program's name, and why. These hold the explorer of states.
const RIGHT: &[(&str, Expect, &str)] = &[
    (
        "a store inside a swap",
        Outcomes(&["0 | X=1", "1 | X=0"]),
        "a swap comes right after what it has read, and the other one's store before or after both",
    ),
    (
        "a store and a swap, seen by a third",
        Outcomes(&["0 | -", "0 | 1", "1 | -", "1 | 1", "1 | 2"]),
        "whoever has read the later value reads no earlier one",
    ),
    (
        "two stores, and one that is followed by a load",
        Outcomes(&["1 | X=1", "1 | X=3", "2 | X=3", "3 | X=3"]),
        "3 was stored after 2, and by the same process",
    ),
    (
        "a change after a load of one's own",
        Outcomes(&["0", "1"]),
        "the change may come before the first process's load",
    ),
    (
        "a stale compare-exchange",
        Outcomes(&["-", "0", "1"]),
        "a compare-exchange that fails is a load",
    ),
    (
        "load buffers",
        Outcomes(&["0 | 0", "0 | 1", "1 | 0"]),
        "1 | 1 can be, and is excluded by RC11, as in all that is proved here",
    ),
    (
        "a word with eight values",
        Outcomes(&["-", "0", "1", "2", "3", "4", "5", "6", "7"]),
        "no value is too old that nothing has made known",
    ),
    ("data between fences", RACE, "fences order words, and no data"),
    ("a waker's stale load", Outcomes(&["-", "0", "1"]), "to wake orders nothing"),
    ("the same without a wake", Outcomes(&["-", "0", "1"]), "nor does a relaxed load"),
];

/// The one that the explorer does not take.
const REFUSED: &str = "store buffers, SeqCst accesses";

fn rightly(case: Case) -> Case {
    let name = case.litmus.name();
    let right = RIGHT.iter().find(|(known, ..)| *known == name);
    let Some((_, expect, because)) = right else { panic!("what is right for {name:?}?") };
    Case { expect: *expect, because, ..case }
}

#[test]
fn the_explorer_has_neither_looms_false_alarms_nor_its_blind_spots() {
    let cases = limits::false_alarms().into_iter().chain(limits::blind_spots());
    let (refused, taken): (Vec<_>, Vec<_>) = cases.partition(|case| case.litmus.name() == REFUSED);
    assert_eq!((refused.len(), taken.len()), (1, RIGHT.len()));
    all_on_graph(taken.into_iter().map(rightly).collect());
    for case in refused {
        let found = graph(case.litmus.clone(), every_state());
        let Verdict::Vacuous { what } = &found.verdict else {
            panic!("{}", in_words(&case, &found))
        };
        assert!(what.contains("the SeqCst access at") && what.contains("litmus/run.rs:"), "{what}");
        // Where all see the latest value, it is what it says.
        let right = Outcomes(&["0 | 1", "1 | 0", "1 | 1"]);
        all(vec![Case { expect: right, ..case }], |litmus| graph(litmus, in_order()));
    }
}

#[test]
fn where_all_see_the_latest_the_explorer_shows_what_shuttle_shows() {
    all(limits::shuttles_blind_spots(), |litmus| graph(litmus, in_order()));
}

/// The platform has no weak compare-exchange, as loom could not show what is weak about it.
#[test]
fn looms_weak_compare_exchange_never_fails_for_no_reason() {
    use loom::sync::atomic::{AtomicU32, Ordering::Relaxed};
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let outcomes = Arc::clone(&seen);
    loom::model(move || {
        let exchanged = AtomicU32::new(0).compare_exchange_weak(0, 1, Relaxed, Relaxed);
        outcomes.lock().expect("nothing panics").insert(exchanged);
    });
    let seen = seen.lock().expect("nothing panics").clone();
    assert_eq!(
        seen,
        BTreeSet::from([Ok(0)]),
        "Err(0) can be. Now that loom shows it, the platform can have a weak compare-exchange"
    );
}
