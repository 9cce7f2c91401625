//! The stand-in for the futex does what the kernel does, on loom and on shuttle.

use lockproof_verify::explore::loom::LoomSearch;
use lockproof_verify::models::litmus::futex::{self, FIRST_IN, LAST_IN};
use lockproof_verify::models::litmus::{Case, Expect, RACE};
use lockproof_verify::platform::Plan;

use crate::check::{EVERYTHING, all_on_loom, all_on_shuttle, loom, replay, sentence, shuttle};

fn all_on_both(cases: fn() -> Vec<Case>) {
    all_on_loom(cases());
    all_on_shuttle(cases());
}

#[test]
fn an_event_ends_if_and_only_if_it_wakes() {
    all_on_both(futex::events);
}

#[test]
fn a_wait_says_why_it_returned() {
    all_on_both(futex::returns);
}

#[test]
fn one_that_gives_up_eats_no_wake() {
    all_on_both(futex::giving_up);
}

#[test]
fn an_update_wakes_all_in_the_same_step() {
    all_on_both(futex::update_and_wake);
}

#[test]
fn trust_in_a_wake_is_found() {
    all_on_loom(futex::trusting(RACE));
    all_on_loom(futex::looking_again_relaxed());
    all_on_shuttle(futex::trusting(Expect::Fails("the outcome is 0")));
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

#[test]
fn on_shuttle_sleepers_are_woken_in_order() {
    let found = shuttle(futex::wake_order(FIRST_IN).litmus, Plan::default());
    assert!(sentence(&found).contains(FIRST_IN), "{:?}", found.outcomes);
}
