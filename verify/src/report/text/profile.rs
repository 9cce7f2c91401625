//! Where the time went.

use std::fmt::Write;
use std::time::Duration;

use super::Layout;
use crate::claim::Examined;
use crate::report::Report;
use crate::report::numbers::{counted, seconds, seconds_only};
use crate::report::style::TITLE;

/// So many have a line of their own: the rest is seldom worth anybody's time.
const LINES: usize = 30;

impl Layout {
    /// The claims that took the longest, slowest first, each with its part of what all took together.
    #[must_use]
    pub fn profile(&self, report: &Report) -> String {
        let mut claims: Vec<&Examined> = report.claims.iter().collect();
        claims.sort_by_key(|claim| std::cmp::Reverse(claim.took));
        let all = together(&claims);
        let title = format!("Time, slowest first; all claims together: {}", seconds(all));
        let mut text = format!("\n{}", self.titled(&title, TITLE));
        let mut line = |took: Duration, what: &str| {
            let part = took.as_secs_f64() / all.as_secs_f64().max(f64::MIN_POSITIVE) * 100.0;
            let _ = writeln!(text, "{:>9}  {part:>5.1} %  {what}", seconds_only(took));
        };
        let (slowest, rest) = claims.split_at(claims.len().min(LINES));
        for claim in slowest {
            line(claim.took, &claim.id);
        }
        if !rest.is_empty() {
            line(together(rest), &format!("{} more", counted(rest.len(), "claim")));
        }
        text
    }
}

fn together(claims: &[&Examined]) -> Duration {
    claims.iter().map(|claim| claim.took).sum()
}
