//! loom and the explorer of states show what memory does: the same outcomes, all of them and no other.

use lockproof_verify::models::litmus::{Case, memory};

use crate::check::{all_on_graph, all_on_loom};

fn on_both(cases: fn() -> Vec<Case>) {
    all_on_loom(cases());
    all_on_graph(cases());
}

#[test]
fn a_message_is_ordered_by_release_and_acquire() {
    on_both(memory::messages);
}

#[test]
fn stores_are_ordered_before_loads_by_seqcst_fences_alone() {
    on_both(memory::store_buffers);
}

#[test]
fn a_release_reaches_through_read_modify_writes() {
    on_both(memory::release_sequences);
}

#[test]
fn one_word_never_goes_back() {
    on_both(memory::coherence);
}

#[test]
fn independent_changes_need_fences_to_be_agreed_on() {
    on_both(memory::independent);
}

/// To loom by itself a fence is no step: the order of two was whichever the threads' numbers gave.
#[test]
fn fences_come_in_either_order() {
    on_both(memory::fence_orders);
}
