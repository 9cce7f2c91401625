//! What came of all claims together: for people ([`text`]) and for programs ([`json`]).

use std::time::Duration;

use crate::claim::Examined;
use crate::verdict::Verdict;

pub mod difference;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzed;
pub mod html;
pub mod json;
pub mod junit;
pub mod litmus;
pub mod markdown;
pub mod mutation;
pub mod numbers;
mod output;
pub mod record;
pub mod schema;
mod style;
pub mod target;
pub mod text;
pub(crate) mod trouble;
pub mod weakest;
mod words;
pub mod zoo;

pub use output::Output;

/// What came of a whole run.
#[derive(Clone, Debug)]
pub struct Report {
    /// Each claim that was wanted, in the order of the list.
    pub claims: Vec<Examined>,
    /// How long all of it took.
    pub took: Duration,
    /// Where random choices started.
    pub seed: u64,
}

impl Report {
    /// Whether every claim stands.
    #[must_use]
    pub fn ok(&self) -> bool {
        self.claims.iter().all(Examined::ok)
    }

    /// Claims that do not stand, though there was time enough.
    pub fn failed(&self) -> impl Iterator<Item = &Examined> {
        self.claims.iter().filter(|claim| !claim.ok() && !timed_out(claim))
    }

    /// Claims without a verdict, for lack of time.
    pub fn timed_out(&self) -> impl Iterator<Item = &Examined> {
        self.claims.iter().filter(|claim| timed_out(claim))
    }
}

const fn timed_out(claim: &Examined) -> bool {
    matches!(claim.finding.verdict, Verdict::Timeout { .. })
}
