//! What the explorers say of what they found.

use lockproof::deadline::Deadline;
use lockproof::platform::Ordering::Acquire;
use lockproof_verify::model::{CONTENTION, WAIT};
use lockproof_verify::models::litmus::Litmus;
use lockproof_verify::models::litmus::On::X;
use lockproof_verify::models::litmus::Step::{Exchange, Wait};
use lockproof_verify::platform::Plan;
use lockproof_verify::verdict::Verdict;

use crate::check::{EVERYTHING, loom, shuttle};

/// Programs in which something almost happens.
#[test]
fn what_never_happens_makes_a_model_vacuous() {
    let alone = Litmus::new("alone", [&[Exchange(X, 0, 1, Acquire)]]);
    let in_no_time = Litmus::new("in no time", [&[Wait(X, 0, Deadline::Now)]]);
    let elsewhere = Litmus::new("on another value", [&[Wait(X, 1, Deadline::Never)]]);
    for (litmus, never) in [(alone, CONTENTION), (in_no_time, WAIT), (elsewhere, WAIT)] {
        let litmus = litmus.sometimes(&[never]);
        let vacuous = Verdict::Vacuous { what: never.what.to_owned() };
        let name = litmus.name();
        assert_eq!(loom(litmus.clone(), EVERYTHING).verdict, vacuous, "{name}, on loom");
        assert_eq!(shuttle(litmus, Plan::default()).verdict, vacuous, "{name}, on shuttle");
    }
}
