//! The stand-ins for the futex do what the kernel does: on loom, on shuttle, and the explorer's own.

use lockproof_verify::explore::graph::GraphSearch;
use lockproof_verify::explore::loom::LoomSearch;
use lockproof_verify::models::litmus::futex::{self, FIRST_IN, LAST_IN};
use lockproof_verify::models::litmus::{Case, Expect, RACE};
use lockproof_verify::platform::Plan;
use lockproof_verify::verdict::Verdict;

use crate::check::{
    EVERYTHING, all, all_on_graph, all_on_loom, all_on_shuttle, every_state, graph, in_order, loom,
    replay, sentence, shuttle,
};

/// In the explorer waits return early always, as the tables have it. Deadlines pass there whenever they like; that makes
/// no difference to these tables.
fn on_all(cases: fn() -> Vec<Case>) {
    all_on_loom(cases());
    all_on_shuttle(cases());
    all_on_graph(cases());
    all(cases(), |litmus| graph(litmus, in_order()));
}

#[test]
fn an_event_ends_if_and_only_if_it_wakes() {
    on_all(futex::events);
}

#[test]
fn a_wait_says_why_it_returned() {
    on_all(futex::returns);
}

#[test]
fn one_that_gives_up_eats_no_wake() {
    on_all(futex::giving_up);
}

#[test]
fn an_update_wakes_all_in_the_same_step() {
    on_all(futex::update_and_wake);
}

#[test]
fn trust_in_a_wake_is_found() {
    all_on_loom(futex::trusting(RACE));
    all_on_loom(futex::looking_again_relaxed());
    all_on_shuttle(futex::trusting(Expect::Fails("the outcome is 0")));
    all_on_graph(futex::trusting(RACE));
    all_on_graph(futex::looking_again_relaxed());
    // It knows which accesses are ordered also where all see the latest value; but there a relaxed load orders.
    all(futex::trusting(RACE), |litmus| graph(litmus, in_order()));
    for case in futex::looking_again_relaxed() {
        assert_eq!(graph(case.litmus, in_order()).verdict, Verdict::Exhausted);
    }
}

/// Here a wake by itself hands over no history: it is not an early return that it takes.
#[test]
fn on_the_explorer_trust_in_a_wake_is_found_without_early_returns() {
    let search = GraphSearch { early_returns: false, ..every_state() };
    all(futex::trusting(RACE), |litmus| graph(litmus, search));
    all(futex::looking_again_relaxed(), |litmus| graph(litmus, search));
}

/// What the enumeration of early returns is for: a real wake hands over the waker's history, on loom.
#[test]
fn trust_in_a_wake_is_found_by_an_early_return_alone() {
    for case in futex::trusting(RACE).into_iter().chain(futex::looking_again_relaxed()) {
        let found = loom(case.litmus, LoomSearch::default());
        assert!(replay(&found).contains("/early="), "{}: {}", sentence(&found), replay(&found));
    }
}

#[test]
fn sleepers_are_woken_in_both_orders() {
    for (first, order) in [(FIRST_IN, "/fifo"), (LAST_IN, "/lifo")] {
        let found = loom(futex::wake_order(first).litmus, EVERYTHING);
        let replay = replay(&found);
        assert!(replay.contains(order) && !replay.contains("/early="), "{first}: {replay}");
    }
}

#[test]
fn sleepers_that_an_early_return_brought_together_are_woken_in_both_orders() {
    for (first, order) in [(FIRST_IN, "/fifo"), (LAST_IN, "/lifo")] {
        let found = loom(futex::wake_order_after_an_early_return(first).litmus, EVERYTHING);
        let replay = replay(&found);
        assert!(replay.contains(order) && replay.contains("/early=2.0"), "{first}: {replay}");
    }
}

/// Whoever sleeps may be the one that is woken.
#[test]
fn on_the_explorer_either_sleeper_is_woken() {
    for first in [FIRST_IN, LAST_IN] {
        let cases = [futex::wake_order(first), futex::wake_order_after_an_early_return(first)];
        all_on_graph(cases.into());
    }
}

#[test]
fn on_shuttle_sleepers_are_woken_in_order() {
    let found = shuttle(futex::wake_order(FIRST_IN).litmus, Plan::default());
    assert!(sentence(&found).contains(FIRST_IN), "{:?}", found.outcomes);
}
