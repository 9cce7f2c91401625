//! Marks that leave something out are found, and those that leave nothing out are not blamed.

mod mutex;
mod noted;
mod planted;
mod random;

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
use random::Drawn;

use crate::scaled;

/// Nothing here takes longer than a second.
const WATCHDOG: Duration = Duration::from_secs(300);

/// A program, by what its wrong marks leave out.
struct Fault {
    left_out: &'static str,
    /// With right marks, or wrong ones.
    explore: fn(bool, GraphSearch) -> Finding,
}

fn explored(model: impl Model, search: GraphSearch) -> Finding {
    let budget = Budget { until: Some(Instant::now() + WATCHDOG), ..Budget::seeded(1) };
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
    let (all, mut missed, mut silent) = (faults(), Vec::new(), 0);
    for Fault { left_out, explore } in &all {
        let wrong = explore(false, GraphSearch::default());
        let unaudited = explore(false, GraphSearch { audit: false, ..GraphSearch::default() });
        println!("{left_out}: {}", in_words(&wrong));
        silent += usize::from(unaudited.verdict.holds());
        if !is_distrusted(&wrong) {
            missed.push(*left_out);
        }
    }
    println!("{} faults, of which {silent} would be false proofs", all.len());
    assert!(missed.is_empty() && silent >= 10, "{missed:?}, {silent}");
}

fn is_audited(found: &Finding) -> bool {
    found.notes.iter().any(|note| note.starts_with("marks audited: "))
}

fn in_words(found: &Finding) -> &str {
    match &found.verdict {
        Verdict::Vacuous { what } => what,
        verdict => verdict.word(),
    }
}

/// It is said which mark, after which histories, and what each goes on with.
#[test]
fn what_is_wrong_with_a_mark_is_said() {
    let wrong = explored(Planted::<planted::Contended>::new(false), GraphSearch::default());
    let site = |line: &str| {
        let source = include_str!("tokens/planted.rs");
        let at = source.find("planted!(Contended").expect("it is there");
        let before = at + source[at..].find(line).expect("and has this line");
        format!("tokens/planted.rs:{}", source[..before].lines().count())
    };
    let said = [
        format!("{}, with the token None", site("p.at(scope")),
        "process 1 comes there once at its beginning, and once after 1 operation \
         (compare_exchange a 0 → 7: 1)"
            .to_owned(),
        "after the same (compare_exchange a 0 → 7: done, swap c → 3: 0)".to_owned(),
        "the one ends, and the other wants futex_wake a".to_owned(),
        site("p.futex_wake"),
        "token has to say all that the loop changes".to_owned(),
    ];
    for said in said {
        assert!(in_words(&wrong).contains(&said), "'{said}' is missing: {}", in_words(&wrong));
    }
    assert!(wrong.counterexample.is_none() && wrong.outcomes.is_empty());
}

#[test]
fn marks_that_leave_nothing_out_are_not_blamed() {
    for Fault { left_out, explore } in faults() {
        let right = explore(true, GraphSearch::default());
        assert!(!is_distrusted(&right), "{left_out}: {}", in_words(&right));
        assert!(is_audited(&right), "{left_out}: {:?}", right.notes);
    }
}

#[test]
fn what_is_not_found_is_known() {
    for (Fault { left_out, explore }, why) in unseen() {
        let wrong = explore(false, GraphSearch::default());
        println!("not found: {left_out} ({why})");
        assert!(!is_distrusted(&wrong), "{left_out} is found by now: {}", in_words(&wrong));
    }
}

#[test]
fn code_that_does_something_else_each_time_is_refused() {
    let found = explored(Fickle::default(), GraphSearch::default());
    let Verdict::Vacuous { what } = &found.verdict else { panic!("{:?}", found.verdict) };
    assert!(what.contains("did something else when it was run again"), "{what}");
}

/// How many random programs. A failure says which: programs are drawn from their numbers.
const PROGRAMS: u64 = 1_500;

/// Whenever it makes a difference that a mark leaves something out, the audit says so.
#[test]
fn what_makes_a_difference_in_random_programs_is_found() {
    let all = GraphSearch { all_outcomes: true, ..GraphSearch::default() };
    let unaudited = GraphSearch { audit: false, ..all };
    let (mut differ, mut blamed, mut missed) = (0, 0, Vec::new());
    let programs = scaled(PROGRAMS);
    for number in 0..programs {
        let drawn = Drawn::new(number);
        let right = explored(drawn.right(), all);
        assert!(!is_distrusted(&right), "program {number}: {:?}", right.verdict);
        let (wrong, audited) = (explored(drawn.clone(), unaudited), explored(drawn, all));
        let said = |found: &Finding| {
            let results: Vec<_> = found.outcomes.keys().cloned().collect();
            (found.verdict.word(), results)
        };
        let is_different = said(&right) != said(&wrong);
        differ += u64::from(is_different);
        blamed += usize::from(is_distrusted(&audited));
        if is_different && !is_distrusted(&audited) {
            missed.push(number);
        }
    }
    println!(
        "{differ} of {programs} come out differently, {blamed} are blamed; missed: {missed:?}"
    );
    assert!(missed.is_empty() && differ > programs / 6, "{missed:?}");
}
