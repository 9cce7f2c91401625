//! The quick claims of the models, as tests: what `lockproof check` examines, one test per subject.
#![cfg(all(feature = "loom", feature = "shuttle"))]

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use lockproof::platform::Ordering;
use lockproof_verify::claim::{Budget, Claim, Expected, Method, Selection, Silent};
use lockproof_verify::diagram;
use lockproof_verify::explore::loom::LoomSearch;
use lockproof_verify::models::broken::{Trial, mutants};
use lockproof_verify::models::claims;
use lockproof_verify::platform::{Change, Mutation};
use lockproof_verify::verdict::{Finding, Verdict};

/// No test may hang: an exploration that takes longer ends as a `Timeout`, which is a failure.
const WATCHDOG: Duration = Duration::from_secs(480);

fn budget() -> Budget {
    Budget { until: Some(Instant::now() + WATCHDOG), ..Budget::seeded(1) }
}

fn modelled(wanted: impl Fn(&Claim) -> bool) -> Vec<Claim> {
    let mut all = claims(&Selection::default());
    all.retain(|claim| claim.method != Method::Stress && wanted(claim));
    assert!(!all.is_empty(), "no claim was selected");
    all
}

fn drawn(finding: &Finding) -> String {
    let drawing = finding.counterexample.as_ref().map(|c| diagram::draw(c, 100, false));
    format!("{:?}\n{}", finding.verdict, drawing.unwrap_or_default())
}

fn examine(all: &[Claim]) {
    for claim in all {
        let examined = claim.examine(&budget(), &Silent);
        assert!(examined.ok(), "{}: {}", claim.id, drawn(&examined.finding));
    }
}

#[test]
fn the_mutex_holds() {
    examine(&modelled(|c| c.subject.starts_with("mutex") && c.method != Method::Crash));
}

#[test]
fn the_mutex_survives_a_death_at_every_step() {
    examine(&modelled(|c| c.subject.starts_with("mutex") && c.method == Method::Crash));
}

#[test]
fn the_counters_hold_and_survive() {
    let counters = ["separate-lock", "value-lock", "counter", "atomic", "threads"];
    examine(&modelled(|c| counters.contains(&c.subject)));
}

#[test]
fn initialisation_holds_and_survives() {
    examine(&modelled(|c| c.subject == "init"));
}

#[test]
fn every_broken_lock_is_caught() {
    let all = modelled(|c| c.subject == "broken" || c.subject == "other locks");
    let expected_to_fail = all.iter().filter(|c| c.expected == Expected::Fails).count();
    assert!(expected_to_fail >= 30, "only {expected_to_fail} broken locks are left");
    examine(&all);
}

#[test]
fn the_unlocked_counter_reaches_exactly_these_totals() {
    for (id, totals) in [
        ("unlocked/2x1/loom", vec!["1", "2"]),
        ("unlocked/2x2/loom", vec!["2", "3", "4"]),
        ("unlocked/3x1/loom", vec!["1", "2", "3"]),
    ] {
        let claim = modelled(|c| c.id == id).remove(0);
        let examined = claim.examine(&budget(), &Silent);
        assert_eq!(examined.finding.verdict, Verdict::Counterexample, "{id}");
        assert!(examined.finding.outcomes.keys().eq(totals.iter()), "{id}: {examined:?}");
    }
}

/// Every Acquire and Release in the mutex's source is weakened in turn, also one that somebody adds tomorrow.
#[test]
fn every_ordering_is_there_for_a_reason() {
    let mut weakened = 0;
    for op in mutants::sites() {
        if !matches!(op.order, Some(Ordering::Acquire | Ordering::Release | Ordering::AcqRel)) {
            continue;
        }
        let mutation = Mutation::at(op.site, Change::Order(Ordering::Relaxed));
        let search =
            LoomSearch { preemptions: Some(3), mutation: Some(mutation), ..LoomSearch::default() };
        let trials = [Trial::Alive(2), Trial::Panicking(2), Trial::Dying(2)];
        let caught = trials.iter().any(|trial| {
            let finding = trial.of_shipped("weakened", search, &budget(), &Silent);
            finding.verdict == Verdict::Counterexample
        });
        assert!(caught, "{:?} {:?} at {} can be Relaxed unnoticed", op.kind, op.order, op.site);
        weakened += 1;
    }
    assert!(weakened >= 4, "only {weakened} orderings were reached");
}

/// What stands in the last column of a document's tables and looks like claims: `mutex/*/deaths-*`.
fn named_in(document: &Path) -> Vec<String> {
    let text = fs::read_to_string(document).expect("a document");
    let rows = text.lines().map(|line| line.trim_start_matches('/').trim());
    let last = rows.filter_map(|row| row.strip_prefix('|')?.strip_suffix('|')?.rsplit('|').next());
    let quoted = last.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    quoted.filter(|name| name.contains("/*")).map(str::to_owned).collect()
}

/// Whether the claim's id begins as the pattern says, where a star stands for anything.
fn begins_as(pattern: &str, id: &str) -> bool {
    let mut rest = id;
    pattern.split('*').enumerate().all(|(part, wanted)| {
        let found =
            if part == 0 { rest.starts_with(wanted).then_some(0) } else { rest.find(wanted) };
        found.is_some_and(|at| {
            rest = &rest[at + wanted.len()..];
            true
        })
    })
}

#[test]
fn every_claim_that_the_documentation_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let types = fs::read_dir(root.join("src/sync")).expect("sources");
    let documents =
        types.map(|entry| entry.expect("a file").path()).chain([root.join("README.md")]);
    let claims = claims(&Selection::everything());
    let mut named = 0;
    for document in documents {
        for pattern in named_in(&document) {
            let exists = claims.iter().any(|claim| begins_as(&pattern, &claim.id));
            assert!(exists, "{}: no claim is called {pattern}", document.display());
            named += 1;
        }
    }
    assert!(named > 60, "only {named} were found");
}
