//! The report for programs: one JSON object.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use super::Report;
use super::record::Shard;
use super::words::in_words;
use crate::claim::{Claim, Examined, Expected, MemoryModel, Method, Selection};
use crate::diagram::explanation;
use crate::models::registry;
use crate::trace::{Counterexample, Witness};
use crate::verdict::{Bound, Verdict};

/// What `check` found, which [`Record`](super::record::Record) reads: of this selection of the claims, or of this part of it.
#[must_use]
pub fn report(report: &Report, of: &Selection, shard: Option<Shard>) -> String {
    pretty(&JsonReport {
        lockproof: VERSION,
        seconds: seconds(report.took),
        ok: report.ok(),
        seed: report.seed,
        full: of.full,
        only: &of.only,
        shard,
        claims: report.claims.iter().map(JsonExamined::of).collect(),
    })
}

/// What it looks like.
pub(crate) fn report_schema() -> schemars::Schema {
    crate::report::schema::of::<JsonReport<'_>>()
}

/// What was found about one claim.
#[must_use]
pub fn claim(claim: &Examined) -> String {
    pretty(&JsonExamined::of(claim))
}

/// What it looks like.
pub(crate) fn claim_schema() -> schemars::Schema {
    crate::report::schema::of::<JsonExamined<'_>>()
}

/// What there is to check, to explore, and to look at.
#[must_use]
pub fn list(claims: &[Claim], demos: &[(String, String)]) -> String {
    pretty(&JsonList {
        lockproof: VERSION,
        claims: claims.iter().map(JsonClaim::of).collect(),
        models: registry::models()
            .map(|model| JsonNamed { name: model.name, about: model.about })
            .collect(),
        demos: demos.iter().map(|(name, about)| JsonNamed { name, about }).collect(),
    })
}

/// What it looks like.
pub(crate) fn list_schema() -> schemars::Schema {
    crate::report::schema::of::<JsonList<'_>>()
}

pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

pub(crate) fn pretty(value: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(value)
        .unwrap_or_else(|error| unreachable!("plain data always serialises: {error}"));
    text.push('\n');
    text
}

/// To the millisecond: more is noise.
pub(crate) fn seconds(took: Duration) -> f64 {
    (took.as_secs_f64() * 1000.0).round() / 1000.0
}

#[derive(Serialize, JsonSchema)]
struct JsonReport<'a> {
    lockproof: &'static str,
    seconds: f64,
    ok: bool,
    seed: u64,
    full: bool,
    only: &'a [String],
    shard: Option<Shard>,
    claims: Vec<JsonExamined<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct JsonExamined<'a> {
    id: &'a str,
    subject: &'static str,
    property: &'static str,
    method: Method,
    memory_model: MemoryModel,
    processes: usize,
    increments: usize,
    /// How many tickets there are, where they are sold.
    #[serde(skip_serializing_if = "Option::is_none")]
    tickets: Option<usize>,
    bound: Option<&'a Bound>,
    verdict: &'static str,
    /// The verdict in words, where the word alone does not say it all.
    why: Option<String>,
    expected: Expected,
    ok: bool,
    executions: u64,
    states: Option<u64>,
    transitions: Option<u64>,
    seconds: f64,
    outcomes: &'a BTreeMap<String, u64>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    witnesses: &'a BTreeMap<String, Witness>,
    notes: &'a [String],
    counterexample: Option<&'a Counterexample>,
    /// Why it went wrong, a sentence or two to each entry: which pair was missing, which wake was lost.
    explanation: Vec<String>,
}

impl<'a> JsonExamined<'a> {
    fn of(claim: &'a Examined) -> Self {
        let finding = &claim.finding;
        let word_says_it = matches!(finding.verdict, Verdict::Exhausted | Verdict::Passed);
        Self {
            id: &claim.id,
            subject: claim.subject,
            property: claim.property,
            method: claim.method,
            memory_model: claim.memory_model,
            processes: claim.processes,
            increments: claim.increments,
            tickets: registry::stock(&claim.id),
            bound: claim.bound(),
            verdict: finding.verdict.word(),
            why: (!word_says_it || !claim.ok()).then(|| in_words(claim)),
            expected: claim.expected,
            ok: claim.ok(),
            executions: finding.executions,
            states: finding.states,
            transitions: finding.transitions,
            seconds: seconds(claim.took),
            outcomes: &finding.outcomes,
            witnesses: &finding.witnesses,
            notes: &finding.notes,
            counterexample: finding.counterexample.as_ref(),
            explanation: finding.counterexample.as_ref().map_or_else(Vec::new, explanation),
        }
    }
}

#[derive(Serialize, JsonSchema)]
struct JsonList<'a> {
    lockproof: &'static str,
    claims: Vec<JsonClaim<'a>>,
    models: Vec<JsonNamed<'a>>,
    demos: Vec<JsonNamed<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct JsonClaim<'a> {
    id: &'a str,
    subject: &'static str,
    property: &'static str,
    method: Method,
    memory_model: MemoryModel,
    processes: usize,
    increments: usize,
    /// How many tickets there are, where they are sold.
    #[serde(skip_serializing_if = "Option::is_none")]
    tickets: Option<usize>,
    expected: Expected,
    full_only: bool,
}

impl<'a> JsonClaim<'a> {
    fn of(claim: &'a Claim) -> Self {
        Self {
            id: &claim.id,
            subject: claim.subject,
            property: claim.property,
            method: claim.method,
            memory_model: claim.memory_model,
            processes: claim.processes,
            increments: claim.increments,
            tickets: registry::stock(&claim.id),
            expected: claim.expected,
            full_only: claim.full_only,
        }
    }
}

#[derive(Serialize, JsonSchema)]
struct JsonNamed<'a> {
    name: &'a str,
    about: &'a str,
}
