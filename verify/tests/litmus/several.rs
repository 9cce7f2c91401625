//! Waiting for several words, and moving sleepers: loom, shuttle and the explorer of states all do what the kernel does.

use std::collections::BTreeSet;
use std::sync::Arc;

use lockproof_verify::claim::{Budget, Silent};
use lockproof_verify::explore::graph::{GraphSearch, Memory, explore_and_extract};
use lockproof_verify::explore::loom::LoomSearch;
use lockproof_verify::models::litmus::Expect::{self, Outcomes};
use lockproof_verify::models::litmus::{Case, STUCK, death, old_values, requeue, several};
use lockproof_verify::platform::{Change, Kind, Mutation, Plan};

use crate::check::{EVERYTHING, all, every_state, graph, in_words, loom, outcomes, shuttle};

/// More preemptions than any outcome here needs, and no early returns: those are left out with a bound where processes
/// die. Nobody dies, for no process has so many steps.
const NO_EARLY_RETURNS: LoomSearch =
    LoomSearch { preemptions: Some(12), deaths: true, only_death: Some(usize::MAX), ..EVERYTHING };

const MEMORIES: [Memory; 2] = [Memory::C11, Memory::Sc];

fn without_early_returns(memory: Memory) -> GraphSearch {
    GraphSearch { memory, early_returns: false, ..every_state() }
}

fn on_loom_and_shuttle(cases: &[Case]) {
    all(cases.to_vec(), |litmus| loom(litmus, NO_EARLY_RETURNS));
    cases.iter().for_each(on_shuttle);
}

/// There some waits return early, whatever one wants. So it finds more, but no more than what the explorer finds with such
/// returns.
fn on_shuttle(case: &Case) {
    let found = shuttle(case.litmus.clone(), Plan::default());
    let Outcomes(table) = case.expect else {
        all(vec![case.clone()], |_| found.clone());
        return;
    };
    let table: BTreeSet<String> = table.iter().map(|outcome| (*outcome).to_owned()).collect();
    assert!(found.verdict.holds(), "{}", in_words(case, &found));
    assert!(table.is_subset(&outcomes(&found)), "on shuttle: {}", in_words(case, &found));
    let search = GraphSearch { memory: Memory::Sc, ..every_state() };
    let every = outcomes(&graph(case.litmus.clone(), search));
    assert!(outcomes(&found).is_subset(&every), "on shuttle: {}", in_words(case, &found));
}

fn on_the_explorer(cases: &[Case]) {
    for memory in MEMORIES {
        all(cases.to_vec(), |litmus| graph(litmus, without_early_returns(memory)));
        all(cases.to_vec(), |litmus| graph(litmus, without_early_returns(memory).plain()));
    }
}

fn on_all(cases: &[Case]) {
    on_loom_and_shuttle(cases);
    on_the_explorer(cases);
}

#[test]
fn a_wake_of_any_word_finds_who_waits_for_several() {
    on_all(&several::wakes());
}

#[test]
fn the_words_are_entered_and_left_one_after_another() {
    on_all(&several::in_between());
    on_all(&[several::leaves()]);
    for memory in MEMORIES {
        let search = GraphSearch { deaths: 1, ..without_early_returns(memory) };
        all(vec![several::leaves_and_dies()], |litmus| graph(litmus, search));
        all(vec![several::leaves_and_dies()], |litmus| graph(litmus, search.plain()));
    }
}

#[test]
fn a_queue_tells_whoever_comes_later_of_its_own_word() {
    on_all(&several::in_the_kernel());
}

#[test]
fn and_of_no_other() {
    let search = without_early_returns(Memory::C11);
    all(old_values::all(), |litmus| graph(litmus, search.plain()));
    all(old_values::all(), |litmus| graph(litmus, search));
}

#[test]
fn the_words_are_compared_in_their_order() {
    let cases = [several::in_order()];
    on_loom_and_shuttle(&cases);
    all(cases.to_vec(), |litmus| graph(litmus, without_early_returns(Memory::Sc)));
}

#[test]
fn a_deadline_ends_a_wait_for_several() {
    on_all(&several::late());
}

#[test]
fn trust_in_a_wake_among_several_is_found() {
    all(several::trusting(), |litmus| loom(litmus, EVERYTHING));
    all(several::trusting(), |litmus| graph(litmus, every_state()));
    // The wake itself hands over no history there.
    all(several::trusting(), |litmus| graph(litmus, without_early_returns(Memory::C11)));
}

#[test]
fn who_is_moved_is_found_where_it_is() {
    on_all(&requeue::moves());
}

#[test]
fn so_many_are_woken_and_so_many_moved() {
    on_all(&requeue::numbers());
}

#[test]
fn who_waits_for_several_is_moved_with_one_of_them() {
    on_all(&requeue::of_several());
}

#[test]
fn who_is_moved_keeps_its_deadline() {
    let case = requeue::late();
    on_loom_and_shuttle(std::slice::from_ref(&case));
    // On the explorer a deadline passes whenever it likes.
    let whenever = Outcomes(&["late | 0 0", "late | 1 0", "woken | 1 1"]);
    on_the_explorer(&[Case { expect: whenever, ..case }]);
}

#[test]
fn who_is_moved_may_be_interrupted() {
    for search in [every_state(), every_state().plain()] {
        for memory in MEMORIES {
            let cases = requeue::interrupted().to_vec();
            all(cases, |litmus| graph(litmus, GraphSearch { memory, ..search }));
        }
    }
}

#[test]
fn who_dies_having_been_moved_is_no_sleeper_any_more() {
    for memory in MEMORIES {
        let search = GraphSearch { deaths: 1, ..without_early_returns(memory) };
        all(requeue::deaths(), |litmus| graph(litmus, search));
        all(requeue::deaths(), |litmus| graph(litmus, search.plain()));
    }
}

#[test]
fn the_death_of_a_holder_wakes_who_was_moved_to_its_word() {
    let case = requeue::to_a_holder();
    on_all(std::slice::from_ref(&case));
    let Outcomes(alive) = case.expect else { unreachable!("it has outcomes") };
    let dying = (0..5).flat_map(|after| {
        alive.iter().map(move |outcome| format!("died after {after} | {outcome}"))
    });
    let expected: BTreeSet<String> =
        alive.iter().map(|outcome| (*outcome).to_owned()).chain(dying).collect();
    let every_death = LoomSearch { only_death: None, ..NO_EARLY_RETURNS };
    let on_loom = loom(case.litmus.clone(), every_death);
    assert_eq!(outcomes(&on_loom), expected, "{}", in_words(&case, &on_loom));
    for memory in MEMORIES {
        let search = GraphSearch { deaths: 1, ..without_early_returns(memory) };
        let found = graph(case.litmus.clone(), search);
        assert_eq!(outcomes(&found), expected, "{}", in_words(&case, &found));
    }
}

/// Whoever waits for several holders is told when any of them dies, or ends.
#[test]
fn the_death_of_any_holder_wakes_who_waits_for_all() {
    let ends = || std::iter::once(None).chain((0..5).map(Some));
    let mut expected = BTreeSet::new();
    for (first, second) in ends().flat_map(|first| ends().map(move |second| (first, second))) {
        let holders = [first, second].into_iter().flatten();
        let died: String = holders.map(|after| format!("died after {after} | ")).collect();
        expected.insert(format!("{died}changed"));
        // Whoever died earlier never held its word. The first one is looked at first.
        if first.is_none_or(|after| after >= 2) {
            expected.insert(format!("{died}woken"));
        }
    }
    for memory in MEMORIES {
        let search = GraphSearch { deaths: 2, ..without_early_returns(memory) };
        for search in [search, search.plain()] {
            let found = graph(death::of_two_holders(), search);
            assert!(found.verdict.holds(), "{found:?}");
            let of_survivors =
                outcomes(&found).into_iter().filter(|outcome| !ends_in_death(outcome));
            assert_eq!(of_survivors.collect::<BTreeSet<_>>(), expected);
        }
        all(death::of_two_holders_among_others(), |litmus| {
            graph(litmus, without_early_returns(memory))
        });
    }
}

fn ends_in_death(outcome: &str) -> bool {
    outcome.rsplit(" | ").next().is_some_and(|last| last.contains("died"))
}

/// The same program with one operation of that kind done otherwise.
fn mutated(case: &Case, kind: Kind, change: Change) {
    let explored = explore_and_extract(
        &Arc::new(case.litmus.clone()),
        "litmus",
        every_state(),
        &Budget::seeded(1),
        &Silent,
    );
    let site = explored.1.operations.iter().find(|operation| operation.kind == kind);
    let site = site.unwrap_or_else(|| panic!("no {kind:?} in {}", case.litmus.name())).site;
    let mutation = Some(Mutation::at(site, change));
    all(vec![case.clone()], |litmus| loom(litmus, LoomSearch { mutation, ..NO_EARLY_RETURNS }));
    for memory in MEMORIES {
        let search = GraphSearch { mutation, ..without_early_returns(memory) };
        all(vec![case.clone()], |litmus| graph(litmus, search));
    }
}

#[test]
fn a_wait_for_several_can_be_mutated() {
    let mutated = |change, expect| {
        let second = several::wakes().swap_remove(1);
        mutated(&Case { expect, ..second }, Kind::FutexWaitAny, change);
    };
    mutated(Change::Half, STUCK);
    mutated(Change::Skip, Outcomes(&["woken | 0"]));
}

#[test]
fn a_requeue_can_be_mutated() {
    let mutated = |change, expect| {
        mutated(&Case { expect, ..requeue::then_wakes_all() }, Kind::FutexRequeue, change);
    };
    on_all(&[requeue::then_wakes_all()]);
    mutated(Change::Half, Outcomes(&["changed | 0 0 0", "woken | 0 0 1"]));
    mutated(Change::Skip, Outcomes(&["changed | 1 0 0", "woken | 1 0 1"]));
    let wakes_one = Outcomes(&["changed | 0 0 0", "woken | 0 0 1", "woken | 1 0 0"]);
    mutated(Change::Operand(1), wakes_one);
}

/// Of two that sleep, either is the one that is moved.
#[test]
fn either_sleeper_is_moved() {
    for never in ["woken | late | 1", "late | woken | 1"] {
        let case = requeue::either(never);
        all(vec![case.clone()], |litmus| loom(litmus, EVERYTHING));
        all(vec![case], |litmus| graph(litmus, every_state()));
    }
    let found = shuttle(requeue::either("woken | late | 1").litmus, Plan::default());
    let Expect::Fails(why) = requeue::either("").expect else { unreachable!("it fails") };
    assert!(crate::check::sentence(&found).contains(why), "{:?}", found.outcomes);
}
