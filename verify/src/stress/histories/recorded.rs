//! What recorded histories came to.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use super::plan::HistoryPlan;
use crate::report::numbers::{count, counted};
use crate::trace::Counterexample;
use crate::verdict::{Finding, Verdict};

/// Histories, and how they were judged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Recorded {
    /// How many were asked for.
    pub asked: usize,
    /// How many were recorded and found linearizable.
    pub linearizable: usize,
    /// How many processes took part in each.
    pub processes: usize,
    /// How many calls were made in all.
    pub calls: usize,
    /// How many of them began while another process was in one.
    pub overlapping: usize,
    /// How many processes were killed.
    pub kills: usize,
    /// How many calls those left without an answer.
    pub unanswered: usize,
    /// How many histories took too long to judge.
    pub cut_short: usize,
    /// Why there are no more, if it is not that one is not linearizable.
    pub ended_by: Option<String>,
    /// Whether the time limit came first.
    pub out_of_time: bool,
    /// One that is not linearizable.
    pub offence: Option<Offence>,
}

/// A history that is not linearizable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Offence {
    /// Which it was, from 1.
    pub number: usize,
    /// It, as far as it is needed to see that, for people.
    pub drawing: String,
    /// All of it: who called what, when in nanoseconds, and what came of it.
    pub history: serde_json::Value,
}

impl Recorded {
    /// The verdict on them. `took` is how long everything was tried.
    #[must_use]
    pub fn verdict(&self, took: Duration) -> Verdict {
        if self.offence.is_some() || self.ended_by.is_some() {
            return Verdict::Counterexample;
        }
        if self.out_of_time {
            return Verdict::Timeout { after: took };
        }
        self.says_nothing().map_or(Verdict::Passed, |what| Verdict::Vacuous { what })
    }

    /// What they came to as the finding of a claim.
    pub(in crate::stress) fn finding(&self, plan: &HistoryPlan) -> Finding {
        let mut finding = Finding::of(self.verdict(Duration::ZERO));
        finding.executions = self.linearizable as u64;
        finding.notes = vec![self.summary()];
        finding.notes.extend(self.says_nothing());
        if finding.verdict == Verdict::Counterexample {
            let drawing = self.offence.iter().map(|offence| offence.drawing.clone());
            let why: Vec<_> = self.complaint().into_iter().chain(drawing).collect();
            finding.counterexample = Some(Counterexample {
                why: why.join("\n"),
                steps: Vec::new(),
                again_from: None,
                replay: plan.command(),
            });
        }
        finding
    }

    /// What is wrong, if something is.
    #[must_use]
    pub fn complaint(&self) -> Option<String> {
        if let Some(offence) = &self.offence {
            return Some(format!(
                "history {} is not linearizable: no order of its calls, each at one moment between its \
                 beginning and its end, gives what was seen",
                offence.number
            ));
        }
        let out_of_time =
            || self.out_of_time.then(|| "the time limit came before the last history".to_owned());
        self.ended_by.clone().or_else(out_of_time).or_else(|| self.says_nothing())
    }

    /// Why it says nothing, if it does not: nothing came up, or it could not be judged.
    fn says_nothing(&self) -> Option<String> {
        if self.cut_short > 0 {
            let cut = counted(self.cut_short, "history");
            return Some(format!("judging {cut} was cut short").replace("historys", "histories"));
        }
        (self.overlapping == 0).then(|| "in all histories no two calls overlapped".into())
    }

    /// What was recorded, in words.
    #[must_use]
    pub fn summary(&self) -> String {
        let [linearizable, calls, overlapping] =
            [self.linearizable, self.calls, self.overlapping].map(|n| count(n as u64));
        let mut words = format!(
            "{linearizable} histories linearizable: {calls} calls, {overlapping} begun during another's"
        );
        if self.kills > 0 {
            words.push_str(&format!(
                "; {} killed, {} in a call",
                counted(self.kills, "process").replace("processs", "processes"),
                count(self.unanswered as u64)
            ));
        }
        words
    }
}
