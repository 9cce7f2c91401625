//! Locks of somebody else's, good and bad, proved as their authors would.

mod counter;
mod event;
#[cfg(all(feature = "loom", feature = "shuttle"))]
mod guide;
mod mutex;
mod rwlock;
mod semaphore;
#[cfg(target_os = "linux")]
mod stress;
mod tries;

use lockproof_verify::prove::Proof;

/// What is announced too long is looked at when its thread dies; then somebody is woken for nothing.
const ROBUST_END: &str = "robust_end: is not done";
/// So it is with what is announced one operation too long, unless that operation is of another lock: nobody has two here.
const ROBUST_END_LATE: &str = "robust_end: is done after the operation that follows";
/// A mark that stays costs a call that wakes nobody.
const MARK_STAYS: &str = "futex_update_wake_all: is not done";

/// The lock is right as far as the report goes, and only these of its mutants go unnoticed.
#[track_caller]
fn is_right(proof: &Proof, unnoticed: &[&str]) -> String {
    let report = proof.to_string();
    assert!(proof.holds(), "{report}");
    assert_eq!(missed_in("", proof), unnoticed, "{report}");
    report
}

/// What goes unnoticed of what is done otherwise in that file.
fn missed_in(file: &str, proof: &Proof) -> Vec<String> {
    let mutants = proof.mutants().expect("they were tried");
    assert!(mutants.iter().count() > 0, "{proof}");
    let there = mutants.missed().filter(|mutant| mutant.site.contains(file));
    there.map(|mutant| format!("{}: {}", mutant.operation, mutant.change)).collect()
}

/// The mistake is found, for that reason, and drawn with a line of the lock's own in that file.
#[track_caller]
fn is_found(proof: &Proof, why: &str, file: &str) {
    let report = proof.to_string();
    assert!(!proof.holds(), "{report}");
    let wrong = proof.counterexample().unwrap_or_else(|| panic!("not shown:\n{report}"));
    assert!(wrong.why.contains(why), "{report}");
    assert!(report.contains("NOT right"), "{report}");
    let own = format!("verify/tests/prove/{file}.rs:");
    let drawn = wrong.steps.iter().map(|step| step.site.as_str()).filter(|site| !site.is_empty());
    assert!(drawn.clone().any(|site| site.contains(&own)), "no line of the lock's:\n{report}");
    let shown = |site: &str| site.rsplit_once('/').is_some_and(|(_, line)| report.contains(line));
    assert!(drawn.clone().all(shown), "not drawn:\n{report}");
    assert!(proof.mutants().is_none(), "nothing can be said of mutants of what is wrong");
}
