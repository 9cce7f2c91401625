//! The explorer catches every mutant of the shipped mutex that loom catches.

use std::sync::Arc;

use lockproof_verify::claim::{Budget, Silent};
use lockproof_verify::explore::graph::{self, GraphSearch, Memory};
use lockproof_verify::models::broken::Trial;
use lockproof_verify::models::broken::mutants::MUTANTS;
use lockproof_verify::models::lock::Shipped;
use lockproof_verify::models::mutex::{MutexModel, NotRecoverableModel};
use lockproof_verify::platform::{Change, Mutation};
use lockproof_verify::verdict::{Finding, Verdict};

const UNHURRIED: Budget = Budget::seeded(1);

fn tried(trial: Trial, search: GraphSearch) -> Finding {
    let mutex = |processes| MutexModel::<Shipped>::new(processes, 1);
    match trial {
        Trial::Alive(n) => graph::explore(&Arc::new(mutex(n)), "x", search, &UNHURRIED, &Silent),
        Trial::Panicking(n) => {
            graph::explore(&Arc::new(mutex(n).with_panics()), "x", search, &UNHURRIED, &Silent)
        }
        Trial::Dying(n) => {
            let (model, search) = (mutex(n).with_deaths(), GraphSearch { deaths: 1, ..search });
            graph::explore(&Arc::new(model), "x", search, &UNHURRIED, &Silent)
        }
        Trial::GivenUp(processes) => {
            let model = NotRecoverableModel { processes, deaths: false };
            graph::explore(&Arc::new(model), "x", search, &UNHURRIED, &Silent)
        }
    }
}

/// By a counterexample; or, of `waiters-not-marked`, whose processes never sleep but go round and round until the lock is free,
/// by there being no sleep. Neither passes for a proof.
fn is_caught(found: &Finding) -> bool {
    let is_late = matches!(found.verdict, Verdict::Timeout { .. });
    !found.verdict.holds() && !is_late && !graph::is_distrusted(found)
}

#[test]
fn every_mutant_is_caught() {
    for mutant in MUTANTS {
        let mutation = Some(Mutation::at(mutant.site(), mutant.change));
        let found = tried(mutant.caught_by, GraphSearch { mutation, ..GraphSearch::default() });
        assert!(is_caught(&found), "{}: {:?}", mutant.name, found.verdict);
    }
}

/// Where every access synchronises, a weakened ordering is none; all other mutants are as wrong as ever.
#[test]
fn orderings_alone_need_the_weak_memory() {
    let sc = GraphSearch { memory: Memory::Sc, ..GraphSearch::default() };
    for mutant in MUTANTS {
        let mutation = Some(Mutation::at(mutant.site(), mutant.change));
        let found = tried(mutant.caught_by, GraphSearch { mutation, ..sc });
        let by_ordering = matches!(mutant.change, Change::Order(_));
        assert_eq!(is_caught(&found), !by_ordering, "{}: {:?}", mutant.name, found.verdict);
    }
}
