//! Executions chosen at random: what they find is there, what they do not find they make no promise of.

use std::sync::Arc;
use std::time::Instant;

use lockproof_verify::claim::{Budget, Silent};
use lockproof_verify::explore::graph::{self, GraphSearch, Memory};
use lockproof_verify::model::Model;
use lockproof_verify::models::counter::{CounterModel, Way};
use lockproof_verify::models::lock::Shipped;
use lockproof_verify::models::mutex::MutexModel;
use lockproof_verify::models::recovery::{RecoveryModel, Use};
use lockproof_verify::verdict::{Finding, Scheduler, Verdict};

fn drawn<M: Model>(model: M, executions: u64, search: GraphSearch, budget: &Budget) -> Finding {
    let search = GraphSearch { at_random: Some(executions), ..search };
    graph::explore(&Arc::new(model), "drawn", search, budget, &Silent)
}

#[test]
fn what_is_found_at_random_is_what_a_search_of_everything_finds() {
    let model = || CounterModel { way: Way::Unlocked, processes: 2, increments: 2, deaths: false };
    let all = GraphSearch { all_outcomes: true, races: false, ..GraphSearch::default() };
    let whole =
        graph::explore(&Arc::new(model()), "whole", all, &Budget::seeded(1), &Silent).outcomes;
    assert!(whole.len() > 1, "{whole:?}");
    let found = drawn(model(), 1_000, all, &Budget::seeded(1));
    assert_eq!(found.outcomes.keys().collect::<Vec<_>>(), whole.keys().collect::<Vec<_>>());
    let one = drawn(model(), 1, all, &Budget::seeded(1));
    assert!(one.outcomes.len() < whole.len(), "{:?}", one.outcomes);
    assert_eq!(one.executions, 1);
}

#[test]
fn a_lost_update_is_found_at_random_and_drawn() {
    let model = CounterModel { way: Way::Unlocked, processes: 3, increments: 1, deaths: false };
    let found = drawn(model, 1_000, GraphSearch::default(), &Budget::seeded(1));
    assert_eq!(found.verdict, Verdict::Counterexample);
    let counterexample = found.counterexample.expect("what is wrong");
    assert!(counterexample.steps.len() > 2, "{counterexample:?}");
}

#[test]
fn the_same_seed_draws_the_same() {
    let draw = |seed| {
        let model = MutexModel::<Shipped>::new(3, 1).with_deaths();
        let search = GraphSearch { deaths: 1, ..GraphSearch::default() };
        drawn(model, 50, search, &Budget::seeded(seed))
    };
    let (first, again, other) = (draw(1), draw(1), draw(2));
    assert_eq!(format!("{first:?}"), format!("{again:?}"));
    assert_ne!(first.states, other.states);
    let Verdict::Bounded(bound) = first.verdict else { panic!("{first:?}") };
    assert_eq!((bound.schedules, bound.seed, bound.deaths), (Some(50), Some(1), Some(1)));
    assert_eq!(bound.scheduler, Some(Scheduler::Random));
}

#[test]
fn what_is_too_large_for_a_search_of_everything_can_be_drawn() {
    let model = RecoveryModel { how: Use::Gone, processes: 4, deaths: true };
    let search = GraphSearch { deaths: 1, memory: Memory::Sc, ..GraphSearch::default() };
    let found = drawn(model, 3_000, search, &Budget::seeded(1));
    assert!(matches!(found.verdict, Verdict::Bounded(_)), "{found:?}");
    assert!(!found.cut_short && found.executions == 3_000, "{found:?}");
}

#[test]
fn nothing_is_said_when_time_or_memory_ran_out() {
    let draw = |budget: &Budget| {
        drawn(MutexModel::<Shipped>::new(3, 1), 1 << 40, GraphSearch::default(), budget)
    };
    let late = draw(&Budget { until: Some(Instant::now()), ..Budget::seeded(1) });
    assert!(matches!(late.verdict, Verdict::Timeout { .. }), "{late:?}");
    let full = draw(&Budget { memory: Some(1), ..Budget::seeded(1) });
    assert!(full.cut_short, "{full:?}");
}
