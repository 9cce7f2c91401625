//! What came of each way, and the verdict: what was expected, what is lost or broken, what it cost.

use std::io::{self, Write};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use super::show::{Outcome, Way};
use super::stage::Seen;
use crate::report::json;

/// What came of one way.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "{O}Way")]
pub(super) struct Ran<O> {
    name: &'static str,
    #[serde(skip)]
    what: &'static str,
    locked: bool,
    #[serde(flatten)]
    outcome: Option<O>,
    wrong: Vec<String>,
    pub(super) ok: bool,
    seconds: f64,
    seen: Vec<Seen>,
}

impl<O: Outcome> Ran<O> {
    /// What goes wrong without a lock is what there was to be seen; what cannot be run at all is another thing.
    pub(super) fn new<How>(
        way: &Way<How>,
        outcome: Result<O, String>,
        took: Duration,
        seen: Vec<Seen>,
    ) -> Self {
        let (outcome, wrong) = match outcome {
            Ok(outcome) => {
                let wrong = outcome.wrong();
                (Some(outcome), wrong)
            }
            Err(words) => (None, vec![words]),
        };
        let Way { name, what, locked, .. } = *way;
        let ok = outcome.is_some() && (wrong.is_empty() || !locked);
        Self { name, what, locked, outcome, wrong, ok, seconds: json::seconds(took), seen }
    }

    /// As a sentence.
    pub(super) fn in_words(&self) -> String {
        match &self.outcome {
            Some(outcome) => {
                format!("{}: {}. {:.2} s", outcome.in_words(), self.judgement(), self.seconds)
            }
            None => format!("failed: {}", self.wrong.join("; ")),
        }
    }

    /// As a line of a table.
    pub(super) fn in_a_row(&self) -> String {
        let Self { name, what, .. } = self;
        let result = match &self.outcome {
            Some(outcome) => {
                let (words, judgement) = (outcome.in_words(), self.judgement());
                format!("{words}  {judgement:<11} {:>6.2} s", self.seconds)
            }
            None => self.in_words(),
        };
        format!("  {name:14} {what:30} {result}")
    }

    /// What there is to say besides.
    pub(super) fn more(&self) -> Option<String> {
        self.outcome.as_ref().and_then(Outcome::more)
    }

    fn judgement(&self) -> String {
        match &self.outcome {
            Some(outcome) if self.wrong.is_empty() && self.locked => outcome.right().to_owned(),
            Some(outcome) if self.wrong.is_empty() => outcome.luck().to_owned(),
            _ => self.wrong.join(", "),
        }
    }

    /// On which processors its processes were seen.
    pub(super) fn tell_processors(&self, text: &mut dyn Write) -> io::Result<()> {
        self.seen.iter().try_for_each(|Seen { who, end, cpus }| {
            let cpus: Vec<String> = cpus.iter().map(usize::to_string).collect();
            writeln!(text, "    {who} ran on {}, {end}", cpus.join(" and "))
        })
    }

    /// What one took, in milliseconds.
    fn cost(&self) -> Option<(f64, &'static str)> {
        let (done, what) = self.outcome.as_ref()?.done()?;
        (done > 0).then(|| (self.seconds * 1_000.0 / done as f64, what))
    }
}

/// What was expected, what came of it, and what it cost.
pub(super) fn verdict<O: Outcome>(expected: &str, ways: &[Ran<O>]) -> String {
    let mut text = format!("Expected: {expected}.");
    for ran in ways {
        let loudly = if ran.ok { "" } else { "WRONG: " };
        text.push_str(&format!(" {}: {loudly}{}.", ran.name, ran.judgement()));
    }
    let costs: Vec<_> = ways.iter().filter_map(|ran| Some((ran.name, ran.cost()?))).collect();
    if let [(_, (_, what)), ..] = costs[..] {
        let each = costs.iter().map(|(name, (cost, _))| format!("{cost:.3} ms {name}"));
        let each: Vec<String> = each.collect();
        text.push_str(&format!(" What one {what} took: {}.", each.join(", ")));
    }
    text
}
