//! The checkers' limits are as documented. A failure here is good news, and says what to change.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use lockproof_verify::models::litmus::limits;

use crate::check::{all_on_loom, all_on_shuttle};

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
