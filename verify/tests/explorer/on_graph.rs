//! The explorer shows what the axioms allow: all of it, and nothing else.

use std::collections::BTreeSet;
use std::sync::Arc;

use lockproof::platform::Ordering::{Acquire, Release};
use lockproof_verify::claim::{Budget, Silent};
use lockproof_verify::explore::graph::{self, GraphSearch, Memory};
use lockproof_verify::models::broken::others::Drepper;
use lockproof_verify::models::litmus::{Litmus, On, Step};
use lockproof_verify::models::mutex::MutexModel;
use lockproof_verify::verdict::{Finding, Verdict};

use crate::axiomatic::outcomes;
use crate::classics;
use crate::programs::{Program, RACE};
use crate::step_machine::{self, Options};

const UNHURRIED: Budget = Budget { seed: 1, until: None };

fn explored(program: &Program, search: GraphSearch) -> BTreeSet<String> {
    let search = GraphSearch { all_outcomes: true, ..search };
    let found = graph::explore(&Arc::new(program.litmus()), "program", search, &UNHURRIED, &Silent);
    shown(found)
}

fn shown(found: Finding) -> BTreeSet<String> {
    match found.counterexample {
        Some(wrong) if wrong.why.starts_with(RACE) => BTreeSet::from([RACE.to_owned()]),
        Some(wrong) => panic!("{}", wrong.why),
        None => {
            assert_eq!(found.verdict, Verdict::Exhausted);
            found.outcomes.into_keys().collect()
        }
    }
}

#[test]
fn the_classical_tests_come_out_as_the_axioms_say() {
    for classic in classics::all() {
        let (name, program) = (classic.name, &classic.program);
        let all = outcomes(program);
        assert_eq!(explored(program, GraphSearch::default()), all, "{name}: {program:?}");
        assert_eq!(explored(program, GraphSearch::default().plain()), all, "{name}, plain");
    }
}

#[test]
fn random_programs_come_out_as_the_axioms_say() {
    for seed in 0..10_000 {
        let program = Program::random(seed);
        let all = outcomes(&program);
        let found = explored(&program, GraphSearch::default());
        assert_eq!(found, all, "program {seed}: {program:?}");
    }
}

#[test]
fn each_reduction_by_itself_changes_nothing() {
    let all = GraphSearch::default();
    let without = [
        GraphSearch { prune: false, ..all },
        GraphSearch { fuse: false, ..all },
        GraphSearch { collect: false, ..all },
        GraphSearch { merge_the_dead: false, ..all },
        GraphSearch { marks: false, ..all },
        all.plain(),
    ];
    for seed in 0..1_500 {
        let program = Program::random(seed);
        let expected = explored(&program, all);
        for search in without {
            let found = explored(&program, search);
            assert_eq!(found, expected, "program {seed}: {program:?}, {search:?}");
        }
    }
}

/// Without reductions and weak memory, the explorer has as many states as a machine written by hand.
#[test]
fn the_states_of_a_futex_mutex_are_those_of_the_step_machine() {
    // Where a thread stands is a matter of what it does next, in the machine: so marks count, and the end is the end.
    let plain = GraphSearch {
        memory: Memory::Sc,
        races: false,
        marks: true,
        collect: true,
        merge_the_dead: true,
        ..GraphSearch::default().plain()
    };
    for (processes, increments) in [(2, 1), (2, 2), (3, 1), (3, 2), (4, 1), (2, 10)] {
        let model = Arc::new(MutexModel::<Drepper<true>>::new(processes, increments));
        for early_returns in [true, false] {
            let search = GraphSearch { early_returns, ..plain };
            let found = graph::explore(&model, "drepper", search, &UNHURRIED, &Silent);
            let by_hand = Options { early_returns, ..Options::ALL };
            let states = step_machine::states(processes, increments, by_hand) as u64;
            assert_eq!(found.states, Some(states), "{processes}x{increments}, {early_returns}");
        }
    }
}

/// The ways through those states are as many as the machine has, which are known.
#[test]
fn the_executions_of_a_futex_mutex_are_those_of_the_step_machine() {
    let by_hand = Options { cells: false, early_returns: false, ..Options::ALL };
    let search = GraphSearch {
        memory: Memory::Sc,
        races: false,
        early_returns: false,
        executions: true,
        // A cell is then no step of its own.
        fuse: true,
        marks: true,
        collect: true,
        merge_the_dead: true,
        ..GraphSearch::default().plain()
    };
    for (processes, increments, known) in [(2, 1, 16), (2, 2, 1_924), (3, 1, 22_536)] {
        let model = Arc::new(MutexModel::<Drepper<true>>::new(processes, increments));
        let found = graph::explore(&model, "drepper", search, &UNHURRIED, &Silent);
        let executions = step_machine::executions(processes, increments, by_hand);
        assert_eq!((u128::from(found.executions), executions), (known, known), "{processes}");
    }
}

/// Takes a word that is 1 from its first process as a promise that never comes.
const SPINS: &[Step] = &[Step::Loop(&[Step::Load(On::X, Acquire), Step::LeaveIf(2)])];

#[test]
fn spinning_for_ever_is_found() {
    let spins = Litmus::new("spins", [&[Step::Store(On::X, 1, Release)], SPINS]);
    let ends = Litmus::new("ends", [&[Step::Store(On::X, 2, Release)], SPINS]);
    let found = |litmus| {
        graph::explore(&Arc::new(litmus), "l", GraphSearch::default(), &UNHURRIED, &Silent)
    };
    let wrong = found(spins);
    let why = wrong.counterexample.expect("a counterexample").why;
    assert!(why.contains("the end cannot be reached"), "{why}");
    assert_eq!(found(ends).verdict, Verdict::Exhausted);
}
