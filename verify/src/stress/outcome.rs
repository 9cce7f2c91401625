//! What a run came to, and the verdict on it.

use std::time::Duration;

use super::course::Course;
use super::histories::Recorded;
use super::ledger::{Flaw, Ledger};
use super::plan::Plan;
use crate::claim::Expected;
use crate::report::numbers::count;
use crate::trace::Counterexample;
use crate::verdict::{Finding, Verdict};

/// A stall worth a remark: a waiter whose wake got lost looks again after a second.
const LONG_STALL: Duration = Duration::from_millis(900);

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It could not even be begun. Why, in words.
    NotBegun(String),
    /// All workers did their work; the ledger tells the rest.
    Finished,
    /// Nothing moved any more. Who waited for what, in words.
    Stuck(String),
    /// A worker, or the harness, could not go on. Why, in words.
    Failed(String),
    /// The time limit came.
    OutOfTime,
}

/// A run, and what it came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was to be done.
    pub plan: Plan,
    /// The account. Whole only if the run has [finished](Ended::Finished).
    pub ledger: Ledger,
    /// How it ended.
    pub ended: Ended,
    /// How long it took, starting and ending the workers included.
    pub took: Duration,
    /// How long the workers worked: from when all had begun until all had ended.
    pub worked: Duration,
    /// The longest time in which nobody got on. A lock whose wakes get lost shows here: its waiters look again after
    /// a second.
    pub longest_stall: Duration,
    /// How it went on the way.
    pub course: Course,
    /// What its histories came to, if some were recorded.
    pub histories: Option<Recorded>,
}

impl Outcome {
    /// The verdict.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match &self.ended {
            Ended::NotBegun(what) => Verdict::Vacuous { what: what.clone() },
            Ended::Stuck(_) | Ended::Failed(_) => Verdict::Counterexample,
            Ended::OutOfTime => Verdict::Timeout { after: self.took },
            Ended::Finished => self.verdict_of_ledger(),
        }
    }

    fn verdict_of_ledger(&self) -> Verdict {
        let flaws = self.ledger.flaws();
        if flaws.iter().any(|flaw| matches!(flaw, Flaw::Broken(_))) {
            return Verdict::Counterexample;
        }
        match flaws.into_iter().next() {
            Some(Flaw::Untested(what) | Flaw::Broken(what)) => Verdict::Vacuous { what },
            None => self
                .histories
                .as_ref()
                .map_or(Verdict::Passed, |histories| histories.verdict(self.took)),
        }
    }

    /// Whether it went as expected: nothing is wrong, or updates were lost where they should have been.
    #[must_use]
    pub fn ok(&self) -> bool {
        match self.plan.expected() {
            Expected::Holds => self.verdict().holds(),
            Expected::Fails => self.ended == Ended::Finished && self.ledger.lost() > 0,
        }
    }

    /// What is wrong, a sentence each.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        match &self.ended {
            Ended::NotBegun(words) | Ended::Stuck(words) | Ended::Failed(words) => {
                vec![words.clone()]
            }
            Ended::OutOfTime => vec!["the time limit came before the end".into()],
            Ended::Finished => self
                .ledger
                .flaws()
                .into_iter()
                .map(|(Flaw::Broken(words) | Flaw::Untested(words))| words)
                .chain(self.histories.as_ref().and_then(Recorded::complaint))
                .collect(),
        }
    }

    /// The run as the finding of a claim.
    #[must_use]
    pub fn finding(&self) -> Finding {
        let verdict = self.verdict();
        let mut finding = Finding::of(verdict);
        finding.executions = 1;
        finding.notes = self.notes();
        if self.ended == Ended::Finished {
            finding.outcomes.insert(self.ledger.total.to_string(), 1);
        }
        if finding.verdict == Verdict::Counterexample {
            finding.counterexample = Some(Counterexample {
                why: self.complaints().join("; "),
                steps: Vec::new(),
                again_from: None,
                replay: self.plan.command(),
            });
        }
        finding
    }

    /// A remark on a time without progress, if there was a long one that did not end the run.
    pub(super) fn long_stall(&self) -> Option<String> {
        let long = self.longest_stall >= LONG_STALL.max(self.plan.pause * 2);
        (long && self.ended == Ended::Finished).then(|| {
            let seconds = self.longest_stall.as_secs_f64();
            format!("nobody got on for {seconds:.1} s: a waiter whose wake is lost looks again after one second")
        })
    }

    fn notes(&self) -> Vec<String> {
        let Ledger { acknowledged, total, kills, .. } = self.ledger;
        let mut notes = Vec::new();
        if self.ended == Ended::Finished {
            let (acknowledged, total) = (count(acknowledged), count(total));
            notes.push(format!("{acknowledged} increments acknowledged, total {total}"));
        }
        if self.plan.expected() == Expected::Fails {
            notes.push(match self.ledger.lost() {
                0 => "nothing was lost this time".into(),
                lost => format!("{} increments were lost", count(lost)),
            });
        }
        if self.plan.kills > 0 {
            notes.push(format!("{} kills landed", count(kills)));
        }
        notes.extend(self.long_stall());
        notes.extend(self.histories.as_ref().map(Recorded::summary));
        if self.plan.kills > 0 && self.plan.subject.has_holder() {
            let Ledger { deaths_while_holding, reports, passed_on, .. } = self.ledger;
            let [deaths, reports, passed_on] =
                [deaths_while_holding, reports, passed_on].map(count);
            notes.push(format!(
                "{deaths} deaths while holding = {reports} reports + {passed_on} passed on"
            ));
        }
        notes
    }
}
