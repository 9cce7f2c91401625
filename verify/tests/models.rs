//! The small ones of the quick claims about models, as tests: of what `lockproof check` examines, one test per subject.
#![cfg(all(feature = "loom", feature = "shuttle"))]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
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

/// The quick claims about models that are wanted.
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

/// Examines those that are small: `lockproof check` examines all of them.
fn examine(all: &[Claim]) {
    let is_small = |claim: &&Claim| claim.processes <= 3 && claim.processes * claim.increments <= 6;
    for claim in all.iter().filter(is_small) {
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

/// What the programs of `lockproof demo` can come to: with the lock, what they should; without it, more.
#[test]
fn the_demonstrations_come_to_exactly_this() {
    for (id, results) in [
        ("jobs/2x2/explorer", vec!["1 2 5 8", "3 6 7 8"]),
        ("jobs/2x5/explorer", vec!["1 2 3 4 5 8 11 14 17 20", "3 6 9 12 15 16 17 18 19 20"]),
        ("jobs-unlocked/2x1/explorer", vec!["1 3", "1 4", "3 1", "3 4", "4 1", "4 3"]),
        ("tickets/3x1/explorer", vec!["2 bought, 1 refused, left 0"]),
        (
            "tickets-unlocked/2x1/explorer",
            vec![
                "1 bought, 0 refused, 1 empty, left 0",
                "1 bought, 1 refused, left 0",
                "2 bought, 0 refused, left 0",
            ],
        ),
        ("tickets/3x1/explorer/tickets-1", vec!["1 bought, 2 refused, left 0"]),
        ("tickets/2x1/explorer/tickets-2", vec!["2 bought, 0 refused, left 0"]),
        ("append/2x1/explorer", vec!["1 1 2 2", "2 2 1 1"]),
        (
            "append-unlocked/2x1/explorer",
            vec!["1 1 2 2", "1 2 1 2", "1 2 2 1", "2 1 1 2", "2 1 2 1", "2 2 1 1"],
        ),
        ("workers/2x1/explorer", vec!["2 ran, 0 overlapped"]),
        ("csv/2x1/explorer", vec!["1 2 3 4 5", "1 4 5 2 3"]),
    ] {
        let claim = modelled(|c| c.id == id).remove(0);
        let examined = claim.examine(&budget(), &Silent);
        assert!(examined.ok(), "{id}: {}", drawn(&examined.finding));
        assert!(examined.finding.outcomes.keys().eq(results.iter()), "{id}: {examined:?}");
    }
}

#[test]
fn the_demonstrations_hold_with_the_lock_and_fail_without() {
    let demos = ["tickets", "jobs", "append", "workers", "csv"];
    examine(&modelled(|c| {
        demos.contains(&c.subject.trim_end_matches("-unlocked")) && !c.full_only
    }));
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

/// Claims about locks that others have made: nobody ships them here.
const OF_OTHERS: [&str; 5] =
    ["drepper", "drepper-forgets", "glibc-robust", "test-and-set-endless", "ticket-endless"];

/// Everything that somebody reads to learn what is promised: the sources, for what is documented there, and the pages.
fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = vec![root.join("README.md"), root.join("CONTRIBUTING.md")];
    let mut folders = vec![root.join("src"), root.join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs" || end == "md") {
                found.push(path);
            }
        }
    }
    found
}

/// Whether that is how claims are named: `mutex/*/deaths-*`, or `mutex/2x1/explorer` in full.
fn names_claims(quoted: &str) -> bool {
    let Some((family, rest)) = quoted.split_once('/') else { return false };
    let sized = |part: &str| {
        part.split_once('x')
            .is_some_and(|(n, c)| n.parse::<u8>().is_ok() && c.parse::<u8>().is_ok())
    };
    let named = family.bytes().all(|b| b.is_ascii_lowercase() || b == b'-' || b == b'*');
    named
        && !family.is_empty()
        && (rest.starts_with('*') || rest.split('/').next().is_some_and(sized))
}

/// The claims that a document names, anywhere: in tables or in the text.
fn named_in(document: &Path) -> Vec<String> {
    let text = fs::read_to_string(document).expect("a document");
    let is_source = document.extension().is_some_and(|end| end == "rs");
    let read = text.lines().filter(|line| !is_source || line.trim_start().starts_with("//"));
    let quoted = read.flat_map(|line| line.split('`').skip(1).step_by(2));
    quoted.filter(|name| names_claims(name)).map(str::to_owned).collect()
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
    let claims = claims(&Selection::everything());
    let mut named = 0;
    for document in documents() {
        for pattern in named_in(&document) {
            let exists = claims.iter().any(|claim| begins_as(&pattern, &claim.id));
            assert!(exists, "{}: no claim is called {pattern}", document.display());
            named += 1;
        }
    }
    assert!(named > 100, "only {named} were found");
}

/// A proof of which no type says what it proves is of no use to those who use the type. A name with a star in the family,
/// as `mutex-*/*`, does not say it.
#[test]
fn every_family_of_claims_is_named_by_the_documentation() {
    let family = |id: &str| id.split('/').next().expect("a first part").to_owned();
    let named: BTreeSet<_> = documents()
        .iter()
        .filter(|document| !document.ends_with("README.md"))
        .flat_map(|document| named_in(document))
        .map(|pattern| family(&pattern))
        .collect();
    let mut all = claims(&Selection::everything());
    all.retain(|claim| claim.subject != "broken" && claim.subject != "other locks");
    let mut families: BTreeSet<_> = all.iter().map(|claim| family(&claim.id)).collect();
    for of_others in OF_OTHERS {
        assert!(families.remove(of_others), "there are no claims about {of_others} any longer");
    }
    let unnamed: Vec<_> = families.difference(&named).collect();
    assert!(unnamed.is_empty(), "no type's documentation names {unnamed:?}");
    assert!(families.len() > 50, "only {} were found", families.len());
}
