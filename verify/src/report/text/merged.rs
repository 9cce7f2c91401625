//! What came of a run whose shards were joined.

use std::fmt::Write;
use std::time::Duration;

use super::Layout;
use crate::diagram;
use crate::report::numbers::{counted, seconds};
use crate::report::record::{Line, Record};
use crate::report::style::BAD;

impl Layout {
    /// What failed, and how the whole run came out.
    #[must_use]
    pub fn merged(&self, whole: &Record, lines: &[Line], shards: usize) -> String {
        let failed: Vec<&Line> = lines.iter().filter(|line| line.has_failed()).collect();
        let late: Vec<&Line> = lines.iter().filter(|line| line.is_late()).collect();
        let mut text: String = failed.iter().map(|line| self.merged_failure(line)).collect();
        let time = seconds(Duration::try_from_secs_f64(whole.seconds).unwrap_or_default());
        let (claims, shards) = (counted(lines.len(), "claim"), counted(shards, "shard"));
        let what = format!("{claims} of {shards}, {time} together, seed {}", whole.seed);
        let _ = writeln!(text, "{}", self.ended(&what, failed.len(), late.len()));
        let words: Vec<_> = lines.iter().map(|line| (line.verdict.as_str(), line.ok)).collect();
        text + &self.counts(&words, late.iter().map(|line| line.id.as_str()))
    }

    fn merged_failure(&self, line: &Line) -> String {
        let title = format!("FAILED  {}: {}", line.id, line.property);
        let text = self.titled(&title, BAD);
        let rest = match &line.counterexample {
            Some(counterexample) => diagram::draw(counterexample, self.width, self.colour),
            None => self.hanging("", line.why.as_deref().unwrap_or(&line.verdict)),
        };
        format!("{text}{rest}\n")
    }
}
