//! The report for people: a line per claim, what went wrong, and what was assumed.

use std::fmt::Write;

use anstyle::{AnsiColor, Effects, Style};
use textwrap::wrap;

use super::Report;
use super::numbers::{count, counted, seconds};
use crate::claim::{Claim, Examined, Expected, MemoryModel, Method};
use crate::diagram;
use crate::verdict::{Bound, Verdict};

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().effects(Effects::BOLD);
const LATE: Style = AnsiColor::Yellow.on_default().effects(Effects::BOLD);
const TITLE: Style = Style::new().effects(Effects::BOLD);
const FAINT: Style = Style::new().effects(Effects::DIMMED);

const NOTES_INDENT: usize = 6;
/// A screen narrower than this shows longer lines than it can.
const NARROWEST: usize = 40;

/// How the lines are laid out, the same for all claims of a run.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    id: usize,
    width: usize,
    colour: bool,
}

impl Layout {
    /// For these claims, on a screen so wide.
    #[must_use]
    pub fn of(claims: &[Claim], width: usize, colour: bool) -> Self {
        let id = claims.iter().map(|claim| claim.id.chars().count()).max().unwrap_or(0).max(5);
        Self { id, width: width.max(NARROWEST), colour }
    }

    /// Names the columns.
    #[must_use]
    pub fn heading(&self) -> String {
        let id = self.id;
        let text = format!("      {:id$}  {:>10}  {:>11}  verdict", "claim", "executions", "time");
        self.paint(&text, FAINT) + "\n"
    }

    /// Stands above claims about one thing.
    #[must_use]
    pub fn title(&self, claim: &Examined) -> String {
        self.paint(&format!("{}: {}", claim.subject, claim.property), TITLE) + "\n"
    }

    /// One claim's line, and for runs of real processes what they did.
    #[must_use]
    pub fn line(&self, claim: &Examined) -> String {
        let (mark, style) = match (claim.ok(), &claim.finding.verdict) {
            (true, _) => ("ok  ", GOOD),
            (false, Verdict::Timeout { .. }) => ("late", LATE),
            (false, _) => ("FAIL", BAD),
        };
        let executions = match claim.finding.executions {
            0 => String::new(),
            executions => count(executions),
        };
        let (id, time) = (&claim.id, seconds(claim.took));
        let width = self.id;
        let mut text = format!(
            "{} {id:width$}  {executions:>10}  {time:>11}  {}\n",
            self.paint(&format!(" {mark}"), style),
            briefly(claim)
        );
        if claim.method == Method::Stress {
            text.push_str(&self.notes(claim));
        }
        text
    }

    fn notes(&self, claim: &Examined) -> String {
        let notes = claim.finding.notes.join("; ");
        let lines = wrap(&notes, self.width - NOTES_INDENT);
        lines
            .iter()
            .filter(|line| !line.is_empty())
            .map(|line| format!("{:NOTES_INDENT$}{}\n", "", self.paint(line, FAINT)))
            .collect()
    }

    /// Everything that is said when all claims have been examined.
    #[must_use]
    pub fn end(&self, report: &Report) -> String {
        let mut text = String::new();
        if let Some(claim) = shown_failure(report) {
            text += &self.expected_failure(claim);
        }
        for claim in report.failed() {
            text += &self.failure(claim);
        }
        text + &self.summary(report)
    }

    /// The unlocked counter's lost update, or another failure that has to be found.
    fn expected_failure(&self, claim: &Examined) -> String {
        let title = format!("Has to fail, and does: {} ({})", claim.id, claim.property);
        format!("\n{}\n{}", self.paint(&title, TITLE), self.what_was_found(claim))
    }

    fn failure(&self, claim: &Examined) -> String {
        let title = format!("FAILED  {}: {}", claim.id, claim.property);
        let mut text = format!("\n{}\n", self.paint(&title, BAD));
        if claim.finding.counterexample.is_none() {
            text += &self.paragraph(&in_words(claim));
        }
        text += &self.what_was_found(claim);
        text + &self.notes(claim)
    }

    fn what_was_found(&self, claim: &Examined) -> String {
        let finding = &claim.finding;
        let mut text = String::new();
        if let Some(counterexample) = &finding.counterexample {
            text += &diagram::draw(counterexample, self.width, self.colour);
        }
        if !finding.outcomes.is_empty() {
            let outcomes: Vec<String> = finding
                .outcomes
                .iter()
                .map(|(outcome, times)| format!("{outcome} ({})", count(*times)))
                .collect();
            let all = outcomes.join(", ");
            text += &self.paragraph(&format!("Results, and how often each was reached: {all}"));
        }
        text
    }

    fn summary(&self, report: &Report) -> String {
        let mut text = String::new();
        let _ = writeln!(text, "\n{}", self.verdict(report));
        for (what, number, meaning) in kinds(report) {
            text += &self.hanging(&format!("{number:>5} {what:<10}  "), meaning);
        }
        for claim in report.timed_out() {
            let _ = writeln!(text, "      no verdict in time: {}", claim.id);
        }
        let assumed = assumptions(report);
        if !assumed.is_empty() {
            text.push_str("\nAssumed:\n");
        }
        for assumption in assumed {
            text += &self.hanging("  - ", assumption);
        }
        text
    }

    fn verdict(&self, report: &Report) -> String {
        let all = report.claims.len();
        let (failed, late) = (report.failed().count(), report.timed_out().count());
        let (words, style) = match (failed, late) {
            (0, 0) => ("every claim holds.".to_owned(), GOOD),
            (0, late) => (format!("{} no verdict in time.", have(late)), LATE),
            (failed, 0) => (format!("{failed} failed."), BAD),
            (failed, late) => (format!("{failed} failed, {} no verdict in time.", have(late)), BAD),
        };
        let (claims, time) = (counted(all, "claim"), seconds(report.took));
        let text = format!("{claims} in {time}, seed {}: {words}", report.seed);
        self.paint(&text, style.effects(Effects::BOLD))
    }

    fn paragraph(&self, text: &str) -> String {
        wrap(text, self.width).into_iter().map(|line| format!("{line}\n")).collect()
    }

    /// A paragraph beside what stands at its head.
    fn hanging(&self, head: &str, text: &str) -> String {
        let indent = " ".repeat(head.chars().count());
        let lines = textwrap::Options::new(self.width).subsequent_indent(&indent);
        let lines = wrap(text, lines.initial_indent(head));
        lines.into_iter().map(|line| format!("{line}\n")).collect()
    }

    fn paint(&self, text: &str, style: Style) -> String {
        if self.colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

fn have(number: usize) -> String {
    format!("{number} {}", if number == 1 { "has" } else { "have" })
}

/// The verdict on one claim, where what went wrong is drawn elsewhere.
fn briefly(claim: &Examined) -> String {
    match (&claim.finding.verdict, claim.expected) {
        (Verdict::Counterexample, Expected::Holds) => "counterexample: see below".to_owned(),
        _ => in_words(claim),
    }
}

/// The verdict on one claim, with its bound, and whether it is the one that it should be.
#[must_use]
pub fn in_words(claim: &Examined) -> String {
    let finding = &claim.finding;
    match (&finding.verdict, claim.expected) {
        (verdict, Expected::Fails) if verdict.holds() => {
            format!("{}: it is known to be wrong, and this did not show it", said(verdict))
        }
        (Verdict::Counterexample, Expected::Fails) => {
            let results: Vec<&str> = finding.outcomes.keys().map(String::as_str).collect();
            match results.as_slice() {
                [] => "counterexample, as it should".to_owned(),
                [result] => format!("counterexample, as it should: result {result}"),
                results => format!("counterexample, as it should: results {}", results.join(", ")),
            }
        }
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

fn bound_in_words(bound: &Bound) -> String {
    let scheduler = bound.scheduler.map_or(String::new(), |name| format!("{name} "));
    let parts = [
        bound.preemptions.map(|most| counted(most, "preemption")),
        bound.deaths.map(|most| counted(most, "death")),
        bound.schedules.map(|most| format!("{} {scheduler}schedules", count(most))),
        bound.seed.map(|seed| format!("seed {seed}")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The expected failure that is drawn: the unlocked counter's, rather between processes that see all writes at once
/// than with old values, and with the fewest steps.
fn shown_failure(report: &Report) -> Option<&Examined> {
    let steps = |claim: &Examined| claim.finding.counterexample.as_ref().map(|c| c.steps.len());
    let found = |claim: &&Examined| claim.expected == Expected::Fails && claim.ok();
    let easiest = |claim: &&Examined| {
        let unlocked = claim.subject.contains("unlocked");
        (!unlocked, claim.memory_model != MemoryModel::Sc, steps(claim))
    };
    report.claims.iter().filter(found).filter(|claim| steps(claim) > Some(0)).min_by_key(easiest)
}

/// How many claims came to which end, and what that end means.
fn kinds(report: &Report) -> Vec<(&'static str, usize, &'static str)> {
    let number = |is_it: fn(&Examined) -> bool| report.claims.iter().filter(|c| is_it(c)).count();
    let holds = |word: &'static str| {
        let is_it = |claim: &&Examined| claim.ok() && claim.finding.verdict.word() == word;
        report.claims.iter().filter(is_it).count()
    };
    let kinds = [
        ("exhausted", holds("exhausted"), "every execution of the model was explored"),
        ("bounded", holds("bounded"), "nothing wrong within the bound; beyond it nobody looked"),
        (
            "passed",
            holds("passed"),
            "nothing went wrong in the runs there were: evidence, no proof",
        ),
        ("refuted", holds("counterexample"), "known to be wrong, and shown to be"),
        ("failed", report.failed().count(), "see above"),
        ("late", number(super::timed_out), "no verdict within the time limit"),
    ];
    kinds.into_iter().filter(|(_, number, _)| *number > 0).collect()
}

/// What the verdicts rest on, as far as it matters to the claims there were.
fn assumptions(report: &Report) -> Vec<&'static str> {
    let some = |is_it: fn(&Examined) -> bool| report.claims.iter().any(is_it);
    let said = [
        (
            some(|claim| claim.memory_model == MemoryModel::C11),
            "loom's memory model: RC11 with C++20 release sequences, load buffering excluded \
             (Rust allows it; no mainstream checker covers it)",
        ),
        (
            some(|claim| claim.memory_model == MemoryModel::Sc),
            "shuttle sees sequentially consistent executions only: no weak memory",
        ),
        (some(|claim| claim.bound().is_some()), "the bounds named with the claims"),
        (
            some(|claim| matches!(claim.method, Method::Crash | Method::Stress)),
            "the kernel's rule for the announced word of a dead thread since Linux 6.2 (also in \
             6.1.y, 5.15.y, 5.10.y): it wakes a waiter if nobody owns the word",
        ),
    ];
    said.into_iter().filter(|(some, _)| *some).map(|(_, what)| what).collect()
}
