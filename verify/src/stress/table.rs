//! The report of a stress run for people: a table of 80 columns.

use std::fmt::Write;

use super::histories::Recorded;
use super::outcome::{Ended, Outcome};
use super::plan::Plan;
use crate::claim::Expected;
use crate::report::numbers::count;

pub(super) const HEAD: &str =
    "subject   by    cpus     acknowledged     total kills  held reports passed  secs";

pub(super) const LEGEND: &str = "\
kills: processes that ended by SIGKILL   held: of these, while holding the lock
reports: of OwnerDied, as counted        passed: on, when the one told died too";

const NUMBERS: &str = "#: the longest order that fits; no other call can come next.";

/// What all runs have in common.
pub(super) fn introduction(plans: &[Plan], seed: u64) -> String {
    let Some(plan) = plans.first() else { return String::new() };
    let Plan { processes, .. } = plan;
    let increments = plans.iter().map(|plan| plan.increments).max().unwrap_or_default();
    let kills = plans.iter().map(|plan| plan.kills).max().unwrap_or_default();
    let mut text = format!("{processes} processes x {} increments", count(increments));
    if kills > 0 {
        let whom = if plan.kill_holders { "holders" } else { "processes" };
        let _ = write!(text, " or more, {} {whom} killed", count(kills));
    }
    let _ = write!(text, "; seed {seed}");
    text
}

/// One run, on a line; and what is to be said about it, indented below.
pub(super) fn row(outcome: &Outcome) -> String {
    let (plan, ledger) = (&outcome.plan, &outcome.ledger);
    let mut text = format!(
        "{:9} {:5} {:8} {:>12} {:>9} ",
        plan.subject.name(),
        plan.by.name(),
        plan.placement(),
        count(ledger.acknowledged),
        if outcome.ended == Ended::Finished { count(ledger.total) } else { "?".into() },
    );
    let deaths = [ledger.kills, ledger.deaths_while_holding, ledger.reports, ledger.passed_on];
    let shown = match (plan.kills > 0, plan.subject.has_holder()) {
        (false, _) => 0,
        (true, false) => 1,
        (true, true) => 4,
    };
    for (at, (number, width)) in deaths.iter().zip([5, 5, 7, 6]).enumerate() {
        let cell = if at < shown { count(*number) } else { "-".into() };
        let _ = write!(text, "{cell:>width$} ");
    }
    let _ = write!(text, "{:>5.1}", outcome.took.as_secs_f64());
    for remark in remarks(outcome) {
        for line in wrapped(&remark, 76) {
            let _ = write!(text, "\n    {line}");
        }
    }
    if let Some(offence) = outcome.histories.as_ref().and_then(|all| all.offence.as_ref()) {
        let _ = writeln!(text, "\n\n{}", offence.drawing);
        if offence.drawing.contains(" #") {
            let _ = writeln!(text, "\n{NUMBERS}");
        }
    }
    text
}

/// What is to be said about a run besides its figures.
pub(super) fn remarks(outcome: &Outcome) -> Vec<String> {
    let (plan, lost) = (&outcome.plan, outcome.ledger.lost());
    let expected_to_lose = plan.expected() == Expected::Fails;
    let window = plan.window.as_micros();
    match outcome.ended {
        Ended::Finished if expected_to_lose && lost > 0 => vec![format!(
            "{} of {} increments lost, as is expected without a lock (read and write {window} us apart)",
            count(lost),
            count(outcome.ledger.acknowledged)
        )],
        Ended::Finished if expected_to_lose => vec![format!(
            "nothing lost this time, with read and write {window} us apart: try a larger --window"
        )],
        _ => {
            let mut remarks = outcome.complaints();
            if !remarks.is_empty() {
                remarks.push(format!("again: {}", plan.command()));
            }
            remarks.extend(outcome.long_stall());
            remarks.extend(outcome.histories.as_ref().map(Recorded::summary));
            remarks
        }
    }
}

/// The last line.
pub(super) fn conclusion(outcomes: &[Outcome]) -> String {
    let failed = outcomes.iter().filter(|outcome| !outcome.ok()).count();
    match (failed, outcomes.len()) {
        (0, 1) => "The run accounts for every kill and every increment.".into(),
        (0, runs) => format!("All {runs} runs account for every kill and every increment."),
        (failed, runs) => format!("{failed} of {runs} runs did not go as expected."),
    }
}

/// The text in lines of at most `width` characters, broken between words.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is always a line");
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}
