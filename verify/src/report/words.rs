//! Verdicts, and what they rest on, in words.

use super::Report;
use super::numbers::{count, counted, seconds};
use crate::claim::{Examined, Expected, MemoryModel, Method};
use crate::trace::op;
use crate::verdict::{Bound, Verdict};

/// The verdict on one claim, where what went wrong is drawn elsewhere.
pub(super) fn briefly(claim: &Examined) -> String {
    match (&claim.finding.verdict, claim.expected) {
        (Verdict::Counterexample, Expected::Holds) => "counterexample: see below".to_owned(),
        _ => in_words(claim),
    }
}

/// The verdict on one claim, with its bound, and whether it is the one that it should be.
pub(super) fn in_words(claim: &Examined) -> String {
    let finding = &claim.finding;
    match (&finding.verdict, claim.expected) {
        (verdict, Expected::Fails) if verdict.holds() => {
            format!("{}: it is known to be wrong, and this did not show it", said(verdict))
        }
        (Verdict::Counterexample, Expected::Fails) => "counterexample, expected".to_owned(),
        (Verdict::Counterexample, Expected::Holds) => match &finding.counterexample {
            Some(counterexample) => format!("counterexample: {}", counterexample.why),
            None => "counterexample".to_owned(),
        },
        (verdict, _) => said(verdict),
    }
}

fn said(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Bounded(bound) => format!("bounded: {}", bound_in_words(bound)),
        Verdict::Vacuous { what } => format!("vacuous: there was never {what}"),
        Verdict::Timeout { after } if after.is_zero() => "timeout before it began".to_owned(),
        Verdict::Timeout { after } => format!("timeout after {}", seconds(*after)),
        verdict => verdict.word().to_owned(),
    }
}

pub(super) fn bound_in_words(bound: &Bound) -> String {
    let scheduler = bound.scheduler.map_or(String::new(), |drawn| format!("{} ", drawn.word()));
    let parts = [
        bound.preemptions.map(|most| counted(most, "preemption")),
        bound.deaths.map(|most| counted(most, "death")),
        bound.states.map(|most| format!("{} states", count(most))),
        bound.messages.map(|most| format!("{} messages of a word", count(most))),
        bound.programs.map(|most| format!("{} programs", count(most))),
        bound.schedules.map(|most| format!("{} {scheduler}schedules", count(most))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

const LATE: &str = "timeout";
const EXHAUSTED: &str = "every execution of the model was explored";
const BOUNDED: &str = "nothing wrong within the bound; beyond it nobody looked";
const PASSED: &str = "nothing went wrong in the runs there were: evidence, no proof";

/// What a verdict means, where that is not said by it.
pub(super) const fn meaning(verdict: &Verdict) -> Option<&'static str> {
    match verdict {
        Verdict::Exhausted => Some(EXHAUSTED),
        Verdict::Bounded(_) => Some(BOUNDED),
        Verdict::Passed => Some(PASSED),
        Verdict::Counterexample | Verdict::Vacuous { .. } | Verdict::Timeout { .. } => None,
    }
}

/// How many claims came to which end, and what that end means.
///
/// Of each claim it takes the word of its verdict, and whether it stands.
pub(super) fn kinds(claims: &[(&str, bool)]) -> Vec<(&'static str, usize, &'static str)> {
    let number = |is_it: &dyn Fn(&str, bool) -> bool| {
        claims.iter().filter(|(word, ok)| is_it(word, *ok)).count()
    };
    let holds = |wanted: &'static str| number(&|word, ok| ok && word == wanted);
    let kinds = [
        ("exhausted", holds("exhausted"), EXHAUSTED),
        ("bounded", holds("bounded"), BOUNDED),
        ("passed", holds("passed"), PASSED),
        ("refuted", holds("counterexample"), "known to be wrong, and shown to be"),
        ("failed", number(&|word, ok| !ok && word != LATE), "see above"),
        ("late", number(&|word, _| word == LATE), "no verdict within the time limit"),
    ];
    kinds.into_iter().filter(|(_, number, _)| *number > 0).collect()
}

/// What the verdicts rest on, as far as it matters to the claims there were.
pub(super) fn assumptions(report: &Report) -> Vec<&'static str> {
    rest_on(&report.claims)
}

/// What the verdicts on these claims rest on.
pub(super) fn rest_on(claims: &[Examined]) -> Vec<&'static str> {
    let some = |is_it: fn(&Examined) -> bool| claims.iter().any(is_it);
    let said = [
        (
            some(|claim| {
                is_weak(claim) && !matches!(claim.method, Method::Explorer | Method::Proptest)
            }),
            "loom's memory model: RC11 with C++20 release sequences, load buffering excluded \
             (Rust allows it; no mainstream checker covers it)",
        ),
        (
            some(|claim| {
                is_weak(claim) && matches!(claim.method, Method::Explorer | Method::Proptest)
            }),
            "the explorer's memory model: RC11 with C++20 release sequences, as a semantics of \
             views; load buffering excluded (Rust allows it; no mainstream checker covers it)",
        ),
        (
            some(|claim| {
                claim.memory_model == MemoryModel::Sc
                    && matches!(claim.method, Method::Shuttle | Method::Proptest)
            }),
            "shuttle sees sequentially consistent executions only: no weak memory",
        ),
        (
            some(|claim| claim.memory_model == MemoryModel::Sc && claim.method == Method::Explorer),
            "sequentially consistent executions only, as was asked for: no weak memory",
        ),
        (some(|claim| claim.bound().is_some()), "the bounds named with the claims"),
        (
            some(|claim| claim.bound().is_some_and(|bound| bound.preemptions.is_some())),
            "loom's way to count preemptions: to begin with another process is one, and at the \
             bound it does not try who goes on where a process ends or blocks",
        ),
        (
            some(|claim| {
                !is_of_an_old_kernel(claim)
                    && (matches!(claim.method, Method::Crash | Method::Stress | Method::Proptest)
                        || dies(claim))
            }),
            "the kernel's rule for the announced word of a dead thread since Linux 6.2 (also in \
             6.1.y, 5.15.y, 5.10.y): it wakes a waiter if nobody owns the word",
        ),
        (
            some(|claim| is_of_an_old_kernel(claim) && claim.method == Method::Explorer),
            "where it is called so, the rule of kernels before Linux 6.2 for the announced word of a \
             dead thread: it wakes a waiter only if the word is 0",
        ),
    ];
    said.into_iter().filter(|(some, _)| *some).map(|(_, what)| what).collect()
}

fn is_weak(claim: &Examined) -> bool {
    claim.memory_model == MemoryModel::C11
}

fn is_of_an_old_kernel(claim: &Examined) -> bool {
    claim.id.contains("old-kernel")
}

/// Whether somebody may die in what was explored, or does in what was found.
fn dies(claim: &Examined) -> bool {
    let found = claim.finding.counterexample.as_ref();
    let steps = found.map_or(&[][..], |counterexample| &counterexample.steps);
    claim.bound().is_some_and(|bound| bound.deaths.is_some())
        || steps.iter().any(|step| step.op == op::DIES)
}
