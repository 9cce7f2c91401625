//! The explorer shows what the axioms allow: all of it, and nothing else.

use std::collections::BTreeSet;
use std::sync::Arc;

use lockproof::deadline::Deadline;
use lockproof::error::NotHeld;
use lockproof::platform::Ordering::{Acquire, Relaxed, Release};
use lockproof::raw::{Acquired, LockFailure};
use lockproof_verify::claim::{Budget, Silent};
use lockproof_verify::explore::graph::{self, GraphSearch, MOST_MESSAGES, Memory};
use lockproof_verify::models::broken::others::Drepper;
use lockproof_verify::models::litmus::{Litmus, On, Step};
use lockproof_verify::models::lock::Lock;
use lockproof_verify::models::mutex::MutexModel;
use lockproof_verify::platform::World;
use lockproof_verify::verdict::{Finding, Verdict};

use crate::axiomatic::outcomes;
use crate::classics;
use crate::programs::{Program, RACE};
use crate::scaled;
use crate::step_machine::{self, Options};

const UNHURRIED: Budget = Budget::seeded(1);

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
    for seed in 0..scaled(5_000) {
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
    for seed in 0..scaled(750) {
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

/// Drepper's mutex2 as his text has it: whoever saw 2 goes to sleep without a swap before.
#[derive(Clone, Copy, Debug)]
struct SleepsOnSight;

impl Lock for SleepsOnSight {
    type On<W: World> = W::Word;

    fn make<W: World>(p: &W) -> W::Word {
        p.new_word("lock")
    }

    fn lock<W: World>(word: &W::Word, p: &W, until: Deadline) -> Result<Acquired, LockFailure> {
        let scope = p.scope();
        let mut seen = match p.compare_exchange(word, 0, 1, Acquire, Relaxed) {
            Ok(_) => return Ok(Acquired::Clean),
            Err(seen) => seen,
        };
        if seen != 2 {
            seen = p.swap(word, 2, Acquire);
        }
        while seen != 0 {
            p.at(scope, "waits");
            p.futex_wait(word, 2, until);
            seen = p.swap(word, 2, Acquire);
        }
        Ok(Acquired::Clean)
    }

    fn unlock<W: World>(word: &W::Word, p: &W) -> Result<(), NotHeld> {
        Drepper::<true>::unlock(word, p)
    }

    fn make_consistent<W: World>(_: &W::Word, _: &W) {}
}

/// How many executions of so many processes with so many increments each.
fn executions<L: Lock>(processes: usize, increments: usize, fuse: bool) -> u64 {
    let search = GraphSearch {
        memory: Memory::Sc,
        early_returns: false,
        executions: true,
        marks: true,
        fuse,
        ..GraphSearch::default().plain()
    };
    let model = Arc::new(MutexModel::<L>::new(processes, increments));
    let found = graph::explore(&model, "mutex", search, &UNHURRIED, &Silent);
    assert_eq!(found.verdict, Verdict::Exhausted);
    found.executions
}

/// Paths through the graph of states are the interleavings: as many as the machine has, and as have been counted elsewhere.
#[test]
fn the_executions_of_a_futex_mutex_are_those_of_the_step_machine() {
    for (processes, increments) in [(2, 1), (2, 2), (3, 1), (4, 1), (3, 2)] {
        for cells in [false, true] {
            for sleeps_on_sight in [false, true] {
                let by_hand =
                    Options { cells, early_returns: false, sleeps_on_sight, ..Options::ALL };
                let by_hand = step_machine::executions(processes, increments, by_hand);
                let found = if sleeps_on_sight {
                    executions::<SleepsOnSight>(processes, increments, !cells)
                } else {
                    executions::<Drepper<true>>(processes, increments, !cells)
                };
                let of = format!("{processes}x{increments}, {cells}, {sleeps_on_sight}");
                assert_eq!(u128::from(found), by_hand, "{of}");
            }
        }
    }
    let count = |(processes, increments)| executions::<SleepsOnSight>(processes, increments, true);
    assert_eq!([(2, 1), (2, 2)].map(count), [16, 1_354]);
    // With 19 722 of them, whoever fell asleep first is woken first.
    assert_eq!(count((3, 1)), 19_776);
    let count = |(processes, increments)| executions::<Drepper<true>>(processes, increments, true);
    assert_eq!([(2, 1), (2, 2), (3, 1)].map(count), [16, 1_924, 22_536]);
}

/// Takes a word that is 1 from its first process as a promise that never comes.
const SPINS: &[Step] = &[Step::Loop(&[Step::Load(On::X, Acquire), Step::LeaveIf(2)])];

#[test]
fn spinning_for_ever_is_found() {
    let spins = Litmus::new("spins", [&[Step::Store(On::X, 1, Release)], SPINS]);
    let ends = Litmus::new("ends", [&[Step::Store(On::X, 2, Release)], SPINS]);
    let (spins, ends) = (Arc::new(spins), Arc::new(ends));
    let found = |litmus| graph::explore(litmus, "l", GraphSearch::default(), &UNHURRIED, &Silent);
    let wrong = found(&spins).counterexample.expect("a counterexample");
    assert!(wrong.why.contains("the end cannot be reached"), "{}", wrong.why);
    assert_eq!(wrong.steps.len(), 2, "it never can, and the steps show why: {:?}", wrong.steps);
    assert_eq!(found(&ends).verdict, Verdict::Exhausted);

    let token = wrong.replay.parse().expect("a token");
    let shown = graph::replay(&spins, &token, &UNHURRIED, &Silent).expect("the same execution");
    assert_eq!(shown.counterexample, Some(wrong));
    let other = graph::replay(&ends, &token, &UNHURRIED, &Silent).expect("the same steps");
    assert_eq!(other.counterexample, None, "there they lead to an end");
}

/// What was found wrong stands. What else there is may be more than was seen, and the finding says so.
#[test]
fn a_search_that_is_stopped_says_so_whatever_it_has_found() {
    // A race is found within a few steps, long before all has been seen.
    let races: &[Step] = &[Step::Set(1), Step::Get];
    let longer: &[Step] = &[Step::Swap(On::X, 1, Relaxed); 12];
    let found = |messages| {
        let litmus = Arc::new(Litmus::new("races", [races, races, longer]));
        let search = GraphSearch { all_outcomes: true, messages, ..GraphSearch::default() };
        graph::explore(&litmus, "races", search.plain(), &UNHURRIED, &Silent)
    };
    for (messages, cut_short) in [(MOST_MESSAGES, false), (4, true)] {
        let found = found(messages);
        assert_eq!((found.verdict, found.cut_short), (Verdict::Counterexample, cut_short));
    }
}
