//! The report for people: a line per claim, what went wrong, and what was assumed.
//! (`exploration` has what is said about a single one.)

use std::fmt::Write;

use anstyle::{Effects, Style};
use textwrap::wrap;

use super::numbers::{count, counted, seconds, seconds_only};
use super::style::{BAD, FAINT, GOOD, LATE, TITLE};
use super::words::{assumptions, briefly, in_words, kinds};
use super::{Output, Report};
use crate::claim::{Claim, Examined, Expected, MemoryModel, Method};
use crate::diagram;
use crate::diagram::paint;
use crate::verdict::Verdict;

mod exploration;
mod merged;
mod profile;

/// Room for the mark before a claim's id.
const MARK: usize = 6;
const RUNS: usize = 8;
const TIME: usize = 7;
const GAP: usize = 2;
const RUNS_TO_IT: &str = "executions that came to it";
/// A claim's numbers, and the space around them.
const NUMBERS: usize = GAP + RUNS + GAP + TIME + GAP;
/// A verdict is not squeezed into less than this; long ids then have a line of their own.
const NARROWEST_VERDICT: usize = 28;
/// A screen narrower than this shows longer lines than it can.
const NARROWEST: usize = 60;

/// How the lines are laid out, the same for all claims of a run.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    id: usize,
    width: usize,
    /// Where a claim's line ends at the latest: nowhere, if no screen wraps it.
    line: usize,
    colour: bool,
    /// What the numbers count.
    counted: &'static str,
}

impl Layout {
    /// For these claims, on this output.
    #[must_use]
    pub fn of(claims: &[Claim], out: &Output) -> Self {
        let width = out.width().max(NARROWEST);
        let line = if out.is_terminal() { width } else { usize::MAX };
        let longest = claims.iter().map(|claim| claim.id.chars().count()).max().unwrap_or(0);
        let id = longest.min(line - MARK - NUMBERS - NARROWEST_VERDICT);
        Self { id, width, line, colour: out.colour(), counted: counted_in(claims) }
    }

    /// Names the columns.
    #[must_use]
    pub fn heading(&self) -> String {
        let (id, numbers) = (self.id, Self::numbers(self.counted, "time"));
        let text = format!("{:MARK$}{:id$}{numbers}verdict", "", "claim");
        self.paint(&text, FAINT) + "\n"
    }

    /// Stands above claims about one thing.
    #[must_use]
    pub fn title(&self, claim: &Examined) -> String {
        let title = format!("{}: {}", claim.subject, claim.property);
        let lines = wrap(&title, self.line);
        lines.iter().map(|line| self.paint(line, TITLE) + "\n").collect()
    }

    /// One claim's line, and for runs of real processes what they did.
    #[must_use]
    pub fn line(&self, claim: &Examined) -> String {
        let (mark, style) = match (claim.ok(), &claim.finding.verdict) {
            (true, _) => ("ok  ", GOOD),
            (false, Verdict::Timeout { .. }) => ("late", LATE),
            (false, _) => ("FAIL", BAD),
        };
        let runs = match (claim.finding.executions, claim.finding.states) {
            (0, states) => states.map(count).unwrap_or_default(),
            (runs, _) => count(runs),
        };
        let mut text = self.paint(&format!(" {mark}"), style);
        text += &format!(" {:width$}", claim.id, width = self.id);
        if claim.id.chars().count() > self.id {
            text += &format!("\n{}", " ".repeat(MARK + self.id));
        }
        text += &Self::numbers(&runs, &seconds_only(claim.took));
        let indent = MARK + self.id + NUMBERS;
        let verdict = briefly(claim);
        text += &wrap(&verdict, self.line - indent).join(&format!("\n{}", " ".repeat(indent)));
        text.push('\n');
        if matches!(claim.method, Method::Stress | Method::Proptest) {
            text += &self.notes(claim);
        }
        text
    }

    fn numbers(runs: &str, time: &str) -> String {
        format!("{:GAP$}{runs:>RUNS$}{:GAP$}{time:>TIME$}{:GAP$}", "", "", "")
    }

    fn notes(&self, claim: &Examined) -> String {
        let notes = claim.finding.notes.join("; ");
        let lines = wrap(&notes, self.width - MARK);
        lines
            .iter()
            .filter(|line| !line.is_empty())
            .map(|line| format!("{:MARK$}{}\n", "", self.paint(line, FAINT)))
            .collect()
    }

    /// Everything that is said when all claims have been examined.
    #[must_use]
    pub fn end(&self, report: &Report) -> String {
        let mut text = String::new();
        if let Some(claim) = shown_failure(report) {
            text += &self.expected_failure(claim, report);
        }
        for claim in report.failed() {
            text += &self.failure(claim);
        }
        text + &self.summary(report)
    }

    /// The unlocked counter's lost update, or another failure that has to be found, with all results that its like
    /// comes to.
    fn expected_failure(&self, claim: &Examined, report: &Report) -> String {
        let title = format!("Has to fail, and does: {} ({})", claim.id, claim.property);
        let mut text = format!("\n{}", self.titled(&title, TITLE));
        text += &self.drawing(claim);
        let explored = |other: &&Examined| {
            let same = (claim.subject, claim.expected) == (other.subject, other.expected);
            same && other.ok() && other.method == Method::Loom
        };
        let explored: Vec<&Examined> = report.claims.iter().filter(explored).collect();
        text + &if explored.is_empty() { self.results(&[claim]) } else { self.results(&explored) }
    }

    fn failure(&self, claim: &Examined) -> String {
        let title = format!("FAILED  {}: {}", claim.id, claim.property);
        let mut text = format!("\n{}", self.titled(&title, BAD));
        if claim.finding.counterexample.is_none() {
            text += &self.hanging("", &in_words(claim));
        }
        text + &self.drawing(claim) + &self.results(&[claim]) + &self.notes(claim)
    }

    fn drawing(&self, claim: &Examined) -> String {
        let counterexample = claim.finding.counterexample.as_ref();
        counterexample.map_or(String::new(), |one| diagram::draw(one, self.width, self.colour))
    }

    fn results(&self, claims: &[&Examined]) -> String {
        let mut text = String::new();
        for claim in claims.iter().filter(|claim| !claim.finding.outcomes.is_empty()) {
            if text.is_empty() {
                let of_states = claims.iter().all(|claim| claim.method == Method::Explorer);
                let ends = if of_states { "final states that have it" } else { RUNS_TO_IT };
                let _ = writeln!(text, "Results, each with the number of {ends}:");
            }
            let results = claim.finding.outcomes.iter();
            let results: Vec<String> =
                results.map(|(result, times)| format!("{result} ({})", count(*times))).collect();
            text += &self.hanging(&format!("  {}  ", claim.id), &results.join(", "));
        }
        text
    }

    fn summary(&self, report: &Report) -> String {
        let mut text = String::new();
        let _ = writeln!(text, "\n{}", self.verdict(report));
        let claims = report.claims.iter();
        let claims: Vec<_> =
            claims.map(|claim| (claim.finding.verdict.word(), claim.ok())).collect();
        text += &self.counts(&claims, report.timed_out().map(|claim| &*claim.id));
        let assumed = assumptions(report);
        if !assumed.is_empty() {
            text.push_str("\nAssumed:\n");
        }
        for assumption in assumed {
            text += &self.hanging("  - ", assumption);
        }
        text
    }

    /// How many claims came to which end, and which were late.
    fn counts<'a>(&self, claims: &[(&str, bool)], late: impl Iterator<Item = &'a str>) -> String {
        let mut text = String::new();
        for (what, number, meaning) in kinds(claims) {
            text += &self.hanging(&format!("{number:>5} {what:<10}  "), meaning);
        }
        for id in late {
            let _ = writeln!(text, "      no verdict in time: {id}");
        }
        text
    }

    fn verdict(&self, report: &Report) -> String {
        let (claims, time) = (counted(report.claims.len(), "claim"), seconds(report.took));
        let what = format!("{claims} in {time}, seed {}", report.seed);
        self.ended(&what, report.failed().count(), report.timed_out().count())
    }

    /// How what was examined came out.
    fn ended(&self, what: &str, failed: usize, late: usize) -> String {
        let (words, style) = match (failed, late) {
            (0, 0) => ("every claim holds.".to_owned(), GOOD),
            (0, late) => (format!("{} no verdict in time.", have(late)), LATE),
            (failed, 0) => (format!("{failed} failed."), BAD),
            (failed, late) => (format!("{failed} failed, {} no verdict in time.", have(late)), BAD),
        };
        self.paint(&format!("{what}: {words}"), style.effects(Effects::BOLD))
    }

    fn titled(&self, title: &str, style: Style) -> String {
        wrap(title, self.width).iter().map(|line| self.paint(line, style) + "\n").collect()
    }

    /// A paragraph beside what stands at its head.
    fn hanging(&self, head: &str, text: &str) -> String {
        let indent = " ".repeat(head.chars().count());
        let lines = textwrap::Options::new(self.width).subsequent_indent(&indent);
        let lines = wrap(text, lines.initial_indent(head));
        lines.into_iter().map(|line| format!("{line}\n")).collect()
    }

    fn paint(&self, text: &str, style: Style) -> String {
        paint(text, style, self.colour)
    }
}

/// What a claim's number is the number of.
fn counted_in(claims: &[Claim]) -> &'static str {
    let of_states = claims.iter().filter(|claim| claim.method == Method::Explorer).count();
    match of_states {
        0 => "runs",
        some if some == claims.len() => "states",
        _ => "explored",
    }
}

fn have(number: usize) -> String {
    format!("{number} {}", if number == 1 { "has" } else { "have" })
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
