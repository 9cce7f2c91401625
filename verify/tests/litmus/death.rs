//! A process dies before each of its steps, and the kernel does for it what it does.

use std::collections::BTreeSet;

use lockproof_verify::explore::graph::{GraphSearch, Memory};
use lockproof_verify::explore::loom::LoomSearch;
use lockproof_verify::models::litmus::Expect::Outcomes;
use lockproof_verify::models::litmus::On::L;
use lockproof_verify::models::litmus::death::{self, ANNOUNCED, OPERATIONS};
use lockproof_verify::platform::{CrashPoint, KernelRule, Plan};
use lockproof_verify::verdict::Verdict;

use crate::check::{EVERYTHING, all, every_state, graph, in_words, loom, outcomes, shuttle};

const EVERY_DEATH: LoomSearch = LoomSearch { deaths: true, ..EVERYTHING };

/// More preemptions than any of these programs has room for, and no early returns: here a process that says it was woken was.
const DEATHS_ALONE: LoomSearch = LoomSearch { preemptions: Some(12), ..EVERY_DEATH };

/// On the explorer any process that may die does so anywhere; deaths is how many.
fn every_death() -> GraphSearch {
    GraphSearch { deaths: 1, ..every_state() }
}

fn deaths_alone() -> GraphSearch {
    GraphSearch { early_returns: false, ..every_death() }
}

const MEMORIES: [Memory; 2] = [Memory::C11, Memory::Sc];

#[test]
fn a_process_dies_before_each_of_its_operations_once() {
    let found = loom(death::mortal(OPERATIONS), DEATHS_ALONE);
    let mut expected: Vec<_> =
        (0..OPERATIONS.len()).map(|steps| (format!("died after {steps}"), 1)).collect();
    // The one without a plan, and the one whose death would come after the end.
    expected.push((String::new(), 2));
    assert!(found.verdict.holds(), "{:?}", found.verdict);
    assert_eq!(found.outcomes, expected.into_iter().collect());
}

/// How often it met the same outcome is another thing there: states, not executions.
#[test]
fn on_the_explorer_a_process_dies_before_each_of_its_operations() {
    let found = graph(death::mortal(OPERATIONS), deaths_alone());
    let mut expected: BTreeSet<_> =
        (0..OPERATIONS.len()).map(|steps| format!("died after {steps}")).collect();
    expected.insert(String::new());
    assert!(found.verdict.holds(), "{:?}", found.verdict);
    assert_eq!(found.outcomes.into_keys().collect::<BTreeSet<_>>(), expected);
}

#[test]
fn words_of_the_dead_are_marked() {
    all(death::marks(), |litmus| loom(litmus, EVERY_DEATH));
    for memory in MEMORIES {
        all(death::marks(), |litmus| graph(litmus, GraphSearch { memory, ..every_death() }));
    }
}

#[test]
fn one_waiter_is_woken_by_a_mark() {
    all(death::wakes_by_mark(), |litmus| loom(litmus, DEATHS_ALONE));
}

/// On loom a deadline passes only where nobody can go on. On the explorer it passes whenever it likes: whoever is woken
/// could have been late instead.
#[test]
fn on_the_explorer_whoever_is_woken_by_a_mark_may_be_late_before() {
    for memory in MEMORIES {
        for case in death::wakes_by_mark() {
            let Outcomes(table) = case.expect else { unreachable!("all of these have outcomes") };
            let found = graph(case.litmus.clone(), GraphSearch { memory, ..deaths_alone() });
            let expected = or_late(table);
            assert!(found.verdict.holds(), "{}", in_words(&case, &found));
            assert_eq!(outcomes(&found), expected, "{memory:?}: {}", in_words(&case, &found));
        }
    }
}

/// These, and all in which some that were woken are late.
fn or_late(table: &[&str]) -> BTreeSet<String> {
    let mut all: BTreeSet<String> = table.iter().map(|&outcome| outcome.to_owned()).collect();
    loop {
        let more: Vec<_> = all
            .iter()
            .flat_map(|outcome| outcome.match_indices("woken").map(move |(at, _)| (outcome, at)))
            .map(|(outcome, at)| {
                let (before, after) = outcome.split_at(at);
                before.to_owned() + &after.replacen("woken", "late", 1)
            })
            .filter(|outcome| !all.contains(outcome))
            .collect();
        if more.is_empty() {
            return all;
        }
        all.extend(more);
    }
}

#[test]
fn trust_in_a_mark_is_found_by_a_survivors_early_return() {
    all(vec![death::trusts_the_mark()], |litmus| loom(litmus, EVERY_DEATH));
    all(vec![death::trusts_the_mark()], |litmus| graph(litmus, every_death()));
    // The wake itself hands over no history there.
    all(vec![death::trusts_the_mark()], |litmus| graph(litmus, deaths_alone()));
}

#[test]
fn for_an_announced_word_the_rule_decides() {
    for (kernel, value, woken) in ANNOUNCED {
        let litmus = || death::announced(*value);
        let on_loom = loom(litmus(), LoomSearch { kernel: *kernel, ..DEATHS_ALONE });
        let on_graph = graph(litmus(), GraphSearch { kernel: *kernel, ..deaths_alone() });
        for (checker, found) in [("loom", on_loom), ("graph", on_graph)] {
            let words = format!("{checker}, {kernel:?}, {value:#x}: {:?}", found.outcomes);
            for steps in [2, 3] {
                let outcome = format!("died after {steps} | woken");
                assert_eq!(found.outcomes.contains_key(&outcome), *woken, "{outcome}: {words}");
            }
            let others = ["woken", "died after 0 | woken", "died after 1 | woken"];
            let any = others.iter().find(|outcome| found.outcomes.contains_key(**outcome));
            assert_eq!(any, None, "the word is not announced: {words}");
        }
    }
}

#[test]
fn a_wake_eaten_by_a_death_is_repeated_for_an_announced_word() {
    let program = |announced| death::eaten_wake("x", announced);
    let (new, old) = (KernelRule::Since62, KernelRule::Before62);
    for (announced, kernel, deaths, holds, because) in [
        (false, new, false, true, "nobody dies"),
        (false, new, true, false, "the kernel knows nothing"),
        (true, new, true, true, "the kernel repeats the wake"),
        (true, old, true, false, "the word is not 0"),
    ] {
        let on_loom = loom(program(announced), LoomSearch { kernel, deaths, ..EVERYTHING });
        let search = GraphSearch { kernel, deaths: deaths.into(), ..every_state() };
        let on_graph = graph(program(announced), search);
        for (checker, found) in [("loom", on_loom), ("graph", on_graph)] {
            let counterexample = found.verdict == Verdict::Counterexample;
            assert_eq!(
                (found.verdict.holds(), counterexample),
                (holds, !holds),
                "{checker}: {because}"
            );
        }
    }
}

#[test]
fn on_shuttle_the_kernel_cleans_up_too() {
    let holder = death::mortal(death::TAKE_AND_LET_GO).finally(&[L]);
    for (before, outcome) in [
        (1, "died after 1 | L=free"),
        (2, "died after 2 | L=free+died"),
        (5, "died after 5 | L=free+died"),
        (6, "died after 6 | L=free"),
        (7, "L=free"),
    ] {
        let crash = Some(CrashPoint { thread: 1, before });
        let found = shuttle(holder.clone(), Plan { crash, ..Plan::default() });
        assert!(found.verdict.holds(), "{:?}", found.verdict);
        assert_eq!(found.outcomes.keys().collect::<Vec<_>>(), [outcome], "before {before}");
    }
}
