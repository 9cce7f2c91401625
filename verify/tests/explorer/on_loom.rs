//! The axioms allow what loom sees, and nothing else.

use std::collections::BTreeSet;
use std::sync::Arc;

use lockproof::platform::Ordering::SeqCst;
use lockproof_verify::claim::{Budget, Silent};
use lockproof_verify::explore::loom::{LoomSearch, explore};
use lockproof_verify::verdict::Verdict;

use crate::axiomatic::outcomes;
use crate::classics;
use crate::programs::{Op, Program};

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
    let stored_and_updated = ops().any(|store| {
        matches!(store, Op::Store(..))
            && ops().any(|op| op.reads() && op.changes() && op.word() == store.word())
    });
    let may_be_stale = ops().any(|op| matches!(op, Op::Exchange(..)));
    let fences = ops().filter(|op| **op == Op::Fence(SeqCst)).count();
    if stored_and_updated {
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
    let budget = Budget { seed: 0, until: None };
    let found = explore(&Arc::new(program.litmus()), "program", search, &budget, &Silent);
    assert_eq!(found.verdict, Verdict::Exhausted, "{program:?}");
    found.outcomes.into_keys().collect()
}

#[test]
fn loom_sees_the_same_but_for_its_limits() {
    let random = (0..500).map(Program::random);
    let classical = classics::all().into_iter().map(|classic| classic.program);
    let (mut equal, mut within) = (0, 0);
    for program in classical.chain(random).filter(|program| program.length() <= 6) {
        let limit = limit(&program);
        if limit == Limit::FalseAlarm {
            continue;
        }
        let (seen, allowed) = (loom(&program), outcomes(&program));
        let more: Vec<_> = seen.difference(&allowed).collect();
        assert!(more.is_empty(), "loom sees {more:?} of {program:?}");
        if limit == Limit::None {
            let less: Vec<_> = allowed.difference(&seen).collect();
            assert!(less.is_empty(), "loom does not see {less:?} of {program:?}");
            equal += 1;
        } else {
            within += 1;
        }
    }
    println!("loom sees the same of {equal} programs, and nothing else of {within} more");
    assert!(equal >= 100 && within >= 50, "{equal}, {within}");
}
