//! The axioms allow what loom sees, and nothing else.

use std::collections::BTreeSet;
use std::sync::Arc;

use lockproof::platform::Ordering::SeqCst;
use lockproof_verify::claim::{Budget, Silent};
use lockproof_verify::explore::loom::{LoomSearch, explore};
use lockproof_verify::models::litmus::On::{X, Y, Z};
use lockproof_verify::verdict::Verdict;

use crate::axiomatic::outcomes;
use crate::classics;
use crate::programs::{Op, Program, RACE};

/// What is known to be wrong with what loom sees of a program: `models/litmus/limits.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Limit {
    None,
    /// It sees too little.
    BlindSpot,
    /// It sees what cannot be.
    FalseAlarm,
}

fn limit(program: &Program) -> Limit {
    let ops = || program.0.iter().flatten();
    let stores = |word| ops().filter(move |op| matches!(op, Op::Store(..)) && op.word() == word);
    let updated = |word| ops().any(|op| op.reads() && op.changes() && op.word() == word);
    let words = || [X, Y, Z].into_iter().map(Some);
    let updated_and_stored = words().any(|word| updated(word) && stores(word).count() > 0);
    let goes_back = words().any(|word| {
        let looks_again =
            |ops: &Vec<Op>| ops.iter().filter(|op| op.word() == word).skip(1).any(|op| op.reads());
        stores(word).count() > 2 && program.0.iter().any(looks_again)
    });
    let may_be_stale = ops().any(|op| matches!(op, Op::Exchange(..)));
    let fences = ops().filter(|op| **op == Op::Fence(SeqCst)).count();
    if updated_and_stored || goes_back {
        Limit::FalseAlarm
    } else if may_be_stale || fences > 1 || program.0.iter().any(|ops| loads_then_changes(ops)) {
        Limit::BlindSpot
    } else {
        Limit::None
    }
}

fn loads_then_changes(ops: &[Op]) -> bool {
    let loads = |op: &Op, changed: &Op| matches!(op, Op::Load(..)) && op.word() == changed.word();
    ops.iter().enumerate().any(|(at, changed)| {
        changed.changes() && ops[..at].iter().any(|earlier| loads(earlier, changed))
    })
}

fn loom(program: &Program) -> BTreeSet<String> {
    let search = LoomSearch { all_outcomes: true, ..LoomSearch::default() };
    let budget = Budget::seeded(0);
    let found = explore(&Arc::new(program.litmus()), "program", search, &budget, &Silent);
    match found.counterexample {
        Some(found) if found.why.starts_with(RACE) => BTreeSet::from([RACE.to_owned()]),
        _ => {
            assert_eq!(found.verdict, Verdict::Exhausted, "{program:?}");
            found.outcomes.into_keys().collect()
        }
    }
}

#[test]
fn loom_sees_the_same_but_for_its_limits() {
    let random = (0..500).map(Program::random);
    let classical = classics::all().into_iter().map(|classic| classic.program);
    let (mut equal, mut within, mut races) = (0, 0, 0);
    for program in classical.chain(random).filter(|program| program.length() <= 6) {
        let limit = limit(&program);
        if limit == Limit::FalseAlarm {
            continue;
        }
        let (seen, allowed) = (loom(&program), outcomes(&program));
        if limit == Limit::BlindSpot && allowed.contains(RACE) {
            // It may miss that, and then what it sees means nothing.
            continue;
        }
        let more: Vec<_> = seen.difference(&allowed).collect();
        assert!(more.is_empty(), "loom sees {more:?} of {program:?}");
        if limit == Limit::None {
            let less: Vec<_> = allowed.difference(&seen).collect();
            assert!(less.is_empty(), "loom does not see {less:?} of {program:?}");
            equal += 1;
            races += usize::from(seen.contains(RACE));
        } else {
            within += 1;
        }
    }
    println!(
        "loom sees the same of {equal} programs ({races} with a race), nothing else of {within}"
    );
    assert!(equal >= 100 && races >= 10 && within >= 50, "{equal}, {races}, {within}");
}
