//! The axioms give what they should: by the classical tests, and by a theorem.

use std::collections::BTreeSet;

use crate::axiomatic::{Rule, Rules, enumerate, outcomes};
use crate::classics::{self, BY_WHAT_OPERATIONS_ARE};
use crate::interleavings;
use crate::programs::{Program, RACE};
use crate::scaled;

/// Random programs. Each has its number for a seed; a failure says which.
fn programs(count: u64) -> impl Iterator<Item = (u64, Program)> {
    (0..count).map(|seed| (seed, Program::random(seed)))
}

#[test]
fn the_classical_tests_come_out_as_they_should() {
    let all = classics::all();
    let names: BTreeSet<_> = all.iter().map(|classic| classic.name).collect();
    assert_eq!(names.len(), all.len(), "each has a name of its own");
    let objections: Vec<_> =
        all.iter().filter_map(|classic| classic.objection(&outcomes(&classic.program))).collect();
    assert!(objections.is_empty(), "{}", objections.join("\n"));
}

#[test]
fn every_rule_is_held_by_a_classical_test() {
    for rule in Rule::ALL {
        let without = |program| enumerate(program, Rules::ALL.without(rule), true);
        let all = classics::all();
        let held = all.iter().filter_map(|classic| classic.objection(&without(&classic.program)));
        println!("{rule:?} is held by {} of {} classical tests", held.clone().count(), all.len());
        assert!(held.count() > 0, "{rule:?}");
    }
}

/// No outcome is forbidden because it is misspelt, or because its values are written nowhere.
#[test]
fn what_is_forbidden_is_so_by_a_rule() {
    for classic in classics::all() {
        let lawless = enumerate(&classic.program, Rules::NONE, true);
        let by_a_rule = lawless.contains(classic.outcome);
        let name = classic.name;
        assert_ne!(by_a_rule, BY_WHAT_OPERATIONS_ARE.contains(&name), "{name}: {lawless:?}");
    }
}

/// A theorem of the RC11 paper: SeqCst fences between all operations leave sequential consistency.
#[test]
fn fences_between_all_operations_leave_the_interleavings() {
    for (seed, program) in programs(10_000).filter(|(_, program)| program.length() < 10) {
        let (allowed, fenced) = (outcomes(&program), outcomes(&program.fenced()));
        if allowed.contains(RACE) {
            continue;
        }
        let interleaved = interleavings::outcomes(&program);
        assert_eq!(fenced, interleaved, "program {seed}: {program:?}");
        assert!(fenced.is_subset(&allowed), "program {seed}: {program:?}");
    }
}

#[test]
fn giving_up_early_loses_nothing() {
    for (seed, program) in programs(1_000).filter(|(_, program)| program.length() < 7) {
        let all = enumerate(&program, Rules::ALL, false);
        assert_eq!(outcomes(&program), all, "program {seed}: {program:?}");
    }
}

/// Whatever rule of the model an explorer has wrong, random programs show it.
#[test]
fn every_rule_matters_to_random_programs() {
    let number = scaled(1_000);
    let all: Vec<_> = programs(number).map(|(_, program)| (outcomes(&program), program)).collect();
    for rule in Rule::ALL {
        let without = Rules::ALL.without(rule);
        let differs = all.iter().filter(|(all, program)| enumerate(program, without, true) != *all);
        let differs = differs.count() as u64;
        println!("without {rule:?}, {differs} of {number} programs come out differently");
        assert!(differs >= number / 500, "{rule:?} matters to {differs} of {number}");
    }
}
