//! However many threads search, they find the same, under the same numbers.

use std::sync::Arc;

use lockproof_verify::claim::{Budget, Silent};
use lockproof_verify::explore::graph::{self, GraphSearch};
use lockproof_verify::models::broken::mutants::MUTANTS;
use lockproof_verify::models::lock::Shipped;
use lockproof_verify::models::mutex::MutexModel;
use lockproof_verify::platform::Mutation;
use lockproof_verify::verdict::Finding;

const UNHURRIED: Budget = Budget::seeded(1);

/// Explores a model that is large enough to be shared out.
fn found(search: GraphSearch, threads: Option<usize>) -> Finding {
    let model = Arc::new(MutexModel::<Shipped>::new(3, 2).with_deaths());
    let search = GraphSearch { deaths: 1, threads, ..search };
    graph::explore(&model, "mutex", search, &UNHURRIED, &Silent)
}

#[test]
fn the_same_is_found_by_one_and_by_many() {
    let (mut counterexamples, mut shared_out) = (0, 0);
    let right = GraphSearch { all_outcomes: true, ..GraphSearch::default() };
    let without_symmetry = GraphSearch { symmetry: false, ..right };
    let wrong = MUTANTS.iter().map(|mutant| GraphSearch {
        mutation: Some(Mutation::at(mutant.site(), mutant.change)),
        ..right
    });
    for search in [right, without_symmetry].into_iter().chain(wrong) {
        let alone = found(search, Some(1));
        shared_out += usize::from(alone.states > Some(2_000));
        counterexamples += usize::from(alone.counterexample.is_some());
        for threads in [None, Some(3)] {
            let together = found(search, threads);
            assert_eq!(format!("{together:?}"), format!("{alone:?}"), "{search:?}");
        }
    }
    assert!(counterexamples > 3, "{counterexamples} counterexamples were compared");
    assert!(shared_out > 3, "{shared_out} were large enough to be shared out");
}
