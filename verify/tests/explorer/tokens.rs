//! Marks that leave something out are found, and those that leave nothing out are not blamed.

mod mutex;
mod noted;
mod planted;

use std::sync::Arc;
use std::time::{Duration, Instant};

use lockproof_verify::claim::{Budget, Silent};
use lockproof_verify::explore::graph::{self, GraphSearch, is_distrusted};
use lockproof_verify::model::Model;
use lockproof_verify::models::mutex::MutexModel;
use lockproof_verify::verdict::{Finding, Verdict};

use mutex::Copied;
use noted::{Fickle, Notes};
use planted::{Code, Planted};

/// Nothing here takes longer than a second.
const WATCHDOG: Duration = Duration::from_secs(60);

/// A program, by what its wrong marks leave out.
struct Fault {
    left_out: &'static str,
    /// With right marks, or wrong ones.
    explore: fn(bool, GraphSearch) -> Finding,
}

fn explored(model: impl Model, search: GraphSearch) -> Finding {
    let budget = Budget { seed: 1, until: Some(Instant::now() + WATCHDOG) };
    let found = graph::explore(&Arc::new(model), "planted", search, &budget, &Silent);
    assert!(!matches!(found.verdict, Verdict::Timeout { .. }), "{found:?}");
    found
}

fn planted<C: Code>() -> Fault {
    let explore = |right, search| explored(Planted::<C>::new(right), search);
    Fault { left_out: C::LEAVES_OUT, explore }
}

/// In a copy of a mutex, taken by three processes of which one may die.
fn in_a_mutex<const WHAT: u8>(left_out: &'static str) -> Fault {
    let explore = |right, search| {
        let search = GraphSearch { deaths: 1, ..search };
        if right {
            explored(MutexModel::<Copied<{ mutex::NOTHING }>>::new(3, 1).with_deaths(), search)
        } else {
            explored(MutexModel::<Copied<WHAT>>::new(3, 1).with_deaths(), search)
        }
    };
    Fault { left_out, explore }
}

fn faults() -> Vec<Fault> {
    vec![
        planted::<planted::Attempts>(),
        planted::<planted::ManyAttempts>(),
        planted::<planted::Contended>(),
        planted::<planted::LastRead>(),
        planted::<planted::LastButOne>(),
        planted::<planted::ToWrite>(),
        planted::<planted::HalfTheValue>(),
        planted::<planted::InnerLoop>(),
        planted::<planted::OuterLoop>(),
        planted::<planted::Round>(),
        planted::<planted::RoundInside>(),
        planted::<planted::OwedWake>(),
        planted::<planted::Waits>(),
        planted::<planted::TooLate>(),
        planted::<planted::Patience>(),
        planted::<planted::Ordering>(),
        planted::<planted::Toggle>(),
        planted::<planted::WhichFirst>(),
        planted::<planted::Sum>(),
        planted::<planted::Highest>(),
        planted::<planted::AfterTheLoop>(),
        planted::<planted::Branch>(),
        planted::<planted::Broken>(),
        in_a_mutex::<{ mutex::SEEN }>("in a mutex, what was seen last"),
        in_a_mutex::<{ mutex::OWNER }>("in a mutex, who owned it when it was seen last"),
        in_a_mutex::<{ mutex::FLAGS }>("in a mutex, which flags it had when it was seen last"),
        in_a_mutex::<{ mutex::DIED }>("in a mutex, that its holder has died"),
        in_a_mutex::<{ mutex::SLEPT }>("in a mutex, that it has slept"),
        Fault {
            left_out: "what is noted outside of the memory",
            explore: |right, search| explored(Notes { right }, search),
        },
    ]
}

/// Those that the audit does not find, and why.
fn unseen() -> Vec<(Fault, &'static str)> {
    vec![
        (planted::<planted::unseen::TooManyAttempts>(), "no cycle is gone round a thousand times"),
        (
            planted::<planted::unseen::Combination>(),
            "no walk has just this combination of ten values in a thousand",
        ),
    ]
}

#[test]
fn whatever_a_mark_leaves_out_is_found() {
    let faults = faults();
    let (mut found, mut silent) = (0, 0);
    for fault in &faults {
        let began = Instant::now();
        eprintln!("{}", fault.left_out);
        let wrong = (fault.explore)(false, GraphSearch::default());
        let unaudited =
            (fault.explore)(false, GraphSearch { audit: false, ..GraphSearch::default() });
        println!(
            "{:?} {}: {:?}\n  (without audit: {})",
            began.elapsed(),
            fault.left_out,
            wrong.verdict,
            unaudited.verdict.word()
        );
        found += usize::from(is_distrusted(&wrong));
        silent += usize::from(unaudited.verdict.holds());
    }
    println!("{found} of {} found; {silent} would have been false proofs", faults.len());
    assert_eq!(found, faults.len());
}

#[test]
fn marks_that_leave_nothing_out_are_not_blamed() {
    for fault in faults() {
        let right = (fault.explore)(true, GraphSearch::default());
        assert!(!is_distrusted(&right), "{}: {:?}", fault.left_out, right.verdict);
    }
}

#[test]
fn what_is_not_found_is_known() {
    for (fault, why) in unseen() {
        let wrong = (fault.explore)(false, GraphSearch::default());
        println!("not found: {} ({why}): {:?}", fault.left_out, wrong.verdict);
        assert!(!is_distrusted(&wrong), "{} is found by now: {:?}", fault.left_out, wrong.verdict);
    }
}

#[test]
fn code_that_does_something_else_each_time_is_refused() {
    let found = explored(Fickle::default(), GraphSearch::default());
    let Verdict::Vacuous { what } = &found.verdict else { panic!("{:?}", found.verdict) };
    assert!(what.contains("did something else when it was run again"), "{what}");
}
