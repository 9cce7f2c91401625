//! What is said about a single exploration.

use super::super::numbers::{counted, seconds};
use super::super::words::{briefly, meaning, rest_on};
use super::{BAD, Examined, FAINT, GOOD, LATE, Layout, Output, TITLE, Verdict, count};
use crate::diagram;
use crate::verdict::Finding;

impl Layout {
    /// For one exploration, on this output.
    #[must_use]
    pub fn alone(out: &Output) -> Self {
        Self::of(&[], out)
    }

    /// Everything that is said when it is over.
    #[must_use]
    pub fn exploration(&self, claim: &Examined) -> String {
        let mut text = self.alone_verdict(claim);
        text += &self.hanging("  ", &figures(claim));
        for note in &claim.finding.notes {
            text += &self.faint(note);
        }
        let drawing = self.drawing(claim);
        if !drawing.is_empty() {
            text += &format!("\n{drawing}");
        }
        text += &self.ways(&claim.finding);
        text += "\nAssumed:\n";
        for assumption in rest_on(std::slice::from_ref(claim)) {
            text += &self.hanging("  - ", assumption);
        }
        text
    }

    fn alone_verdict(&self, claim: &Examined) -> String {
        let verdict = &claim.finding.verdict;
        let style = match verdict {
            Verdict::Timeout { .. } => LATE,
            verdict if verdict.holds() => GOOD,
            _ => BAD,
        };
        let meaning = meaning(verdict).map_or_else(String::new, |words| format!(" ({words})"));
        self.titled(&format!("{}{meaning}", briefly(claim)), style)
    }

    fn faint(&self, note: &str) -> String {
        self.hanging("  ", note).lines().map(|line| self.paint(line, FAINT) + "\n").collect()
    }

    /// All final results; where a way to each was asked for, a table of them and then the ways.
    fn ways(&self, finding: &Finding) -> String {
        if finding.outcomes.is_empty() {
            return String::new();
        }
        let mut text = String::from("\n");
        if finding.witnesses.is_empty() {
            let results: Vec<String> =
                finding.outcomes.iter().map(|(result, ends)| in_states(result, *ends)).collect();
            return text + &self.hanging("Results:  ", &results.join(", "));
        }
        text += &self.table(finding);
        for (result, witness) in &finding.witnesses {
            text.push('\n');
            text += &self.titled(&format!("A way to {result}"), TITLE);
            let drawn = finding.counterexample.as_ref();
            if drawn.is_some_and(|counterexample| counterexample.steps == witness.steps) {
                text += "The one above.\n";
            } else {
                text += &diagram::draw_witness(witness, self.width, self.colour);
            }
        }
        text
    }

    /// How often each result comes out, and in how few steps.
    fn table(&self, finding: &Finding) -> String {
        let width = finding.outcomes.keys().map(|result| result.chars().count());
        let width = width.max().unwrap_or(0).max(RESULT.len());
        let all = counted(finding.outcomes.len(), RESULT);
        let mut text = self.titled(&format!("{all}, and a shortest way to each below"), TITLE);
        let heading = format!("  {RESULT:width$}  {STATES:>w$}  {STEPS}", w = STATES.len());
        text += &(self.paint(&heading, FAINT) + "\n");
        for (result, ends) in &finding.outcomes {
            let steps = finding.witnesses.get(result).map(|way| count(way.steps.len() as u64));
            text += &format!(
                "  {result:width$}  {:>w$}  {:>v$}\n",
                count(*ends),
                steps.unwrap_or_default(),
                w = STATES.len(),
                v = STEPS.len(),
            );
        }
        text
    }
}

const RESULT: &str = "result";
const STATES: &str = "final states";
const STEPS: &str = "steps";

fn in_states(result: &str, ends: u64) -> String {
    format!("{result} (in {})", counted(ends as usize, "final state"))
}

fn figures(claim: &Examined) -> String {
    let number = |number: Option<u64>| count(number.unwrap_or(0));
    let (states, transitions) = (claim.finding.states, claim.finding.transitions);
    let speed = states.unwrap_or(0) as f64 / claim.took.as_secs_f64().max(0.001);
    format!(
        "{} states, {} transitions, {} ({} states a second)",
        number(states),
        number(transitions),
        seconds(claim.took),
        count(speed as u64),
    )
}
