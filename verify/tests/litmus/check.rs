//! Runs litmus programs, and compares what a checker makes of them with what it should.

use std::collections::BTreeSet;
use std::sync::Arc;

use lockproof_verify::claim::{Budget, Silent};
use lockproof_verify::explore::graph::{self, GraphSearch, Memory};
use lockproof_verify::explore::loom::{self, LoomSearch};
use lockproof_verify::explore::shuttle::{self, Drawn, ShuttleSearch};
use lockproof_verify::model::Model;
use lockproof_verify::models::litmus::{Case, Expect, Litmus};
use lockproof_verify::platform::Plan;
use lockproof_verify::verdict::{Finding, Verdict};

/// Enough to reach each outcome of each of these programs from this seed: they are small.
const SCHEDULES: u64 = 3_000;
const SEED: u64 = 1;

const UNHURRIED: Budget = Budget::seeded(SEED);

/// All executions on loom, going on after a wrong one.
pub(crate) const EVERYTHING: LoomSearch = LoomSearch {
    preemptions: None,
    deaths: false,
    kernel: lockproof_verify::platform::KernelRule::Since62,
    mutation: None,
    only_death: None,
    shortest_first: false,
    sites: None,
    all_outcomes: true,
};

pub(crate) fn loom<M: Model>(model: M, search: LoomSearch) -> Finding {
    loom::explore(&Arc::new(model), "litmus", search, &UNHURRIED, &Silent)
}

/// The same on the explorer of states.
pub(crate) fn every_state() -> GraphSearch {
    GraphSearch { all_outcomes: true, ..GraphSearch::default() }
}

/// The same, where everybody sees the latest value.
pub(crate) fn in_order() -> GraphSearch {
    GraphSearch { memory: Memory::Sc, ..every_state() }
}

pub(crate) fn graph<M: Model>(model: M, search: GraphSearch) -> Finding {
    graph::explore(&Arc::new(model), "litmus", search, &UNHURRIED, &Silent)
}

pub(crate) fn shuttle(litmus: Litmus, plan: Plan) -> Finding {
    let search = ShuttleSearch { drawn: Drawn::Random, schedules: SCHEDULES, plan };
    shuttle::explore(&Arc::new(litmus), "litmus", search, &UNHURRIED, &Silent)
}

/// Runs each case, and says of all that came out differently how.
pub(crate) fn all(cases: Vec<Case>, run: impl Fn(Litmus) -> Finding) {
    let wrong: Vec<_> = cases
        .into_iter()
        .filter_map(|case| {
            let found = run(case.litmus.clone());
            (!meets(&found, case.expect)).then(|| in_words(&case, &found))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

pub(crate) fn all_on_loom(cases: Vec<Case>) {
    all(cases, |litmus| loom(litmus, EVERYTHING));
}

pub(crate) fn all_on_graph(cases: Vec<Case>) {
    all(cases, |litmus| graph(litmus, every_state()));
}

pub(crate) fn all_on_shuttle(cases: Vec<Case>) {
    all(cases, |litmus| shuttle(litmus, Plan::default()));
}

fn meets(found: &Finding, expect: Expect) -> bool {
    match expect {
        Expect::Outcomes(outcomes) => {
            found.verdict.holds() && found.outcomes.keys().map(String::as_str).eq(sorted(outcomes))
        }
        Expect::Fails(why) => {
            found.verdict == Verdict::Counterexample && sentence(found).contains(why)
        }
    }
}

fn sorted(outcomes: &'static [&'static str]) -> impl Iterator<Item = &'static str> {
    let mut sorted = outcomes.to_vec();
    sorted.sort_unstable();
    sorted.into_iter()
}

/// What went wrong, according to the finding.
pub(crate) fn sentence(found: &Finding) -> &str {
    found.counterexample.as_ref().map_or("", |counterexample| &counterexample.why)
}

pub(crate) fn in_words(case: &Case, found: &Finding) -> String {
    let outcomes: Vec<_> = found.outcomes.keys().collect();
    format!(
        "{}: expected {:?}; found {:?}, {} executions, {outcomes:?} {}\n  {}",
        case.litmus.name(),
        case.expect,
        found.verdict,
        found.executions,
        sentence(found),
        case.because
    )
}

/// What was reached.
pub(crate) fn outcomes(found: &Finding) -> BTreeSet<String> {
    found.outcomes.keys().cloned().collect()
}

/// What names the counterexample.
pub(crate) fn replay(found: &Finding) -> &str {
    found.counterexample.as_ref().map_or("", |counterexample| &counterexample.replay)
}
