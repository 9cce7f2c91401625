//! loom shows what memory does.

use lockproof_verify::models::litmus::memory;

use crate::check::all_on_loom;

#[test]
fn a_message_is_ordered_by_release_and_acquire() {
    all_on_loom(memory::messages());
}

#[test]
fn stores_are_ordered_before_loads_by_seqcst_fences_alone() {
    all_on_loom(memory::store_buffers());
}

#[test]
fn a_release_reaches_through_read_modify_writes() {
    all_on_loom(memory::release_sequences());
}

#[test]
fn one_word_never_goes_back() {
    all_on_loom(memory::coherence());
}

#[test]
fn independent_changes_need_fences_to_be_agreed_on() {
    all_on_loom(memory::independent());
}

/// To loom by itself a fence is no step: the order of two was whichever the threads' numbers gave.
#[test]
fn fences_come_in_either_order() {
    all_on_loom(memory::fence_orders());
}
