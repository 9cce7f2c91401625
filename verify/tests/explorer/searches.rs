//! Searches with and without the reductions, and what has to come out of all of them alike.

use std::fmt::Debug;

use lockproof_verify::explore::graph::GraphSearch;
use lockproof_verify::verdict::{Finding, Verdict};

/// Each reduction alone.
pub(crate) fn alone(all: GraphSearch) -> Vec<GraphSearch> {
    let plain = all.plain();
    vec![
        GraphSearch { symmetry: true, ..plain },
        GraphSearch { prune: true, ..plain },
        GraphSearch { fuse: true, ..plain },
        GraphSearch { merge_the_dead: true, ..plain },
        GraphSearch { collect: true, ..plain },
        GraphSearch { marks: true, ..plain },
    ]
}

/// All reductions, and all but one.
pub(crate) fn but_for_one(all: GraphSearch) -> Vec<GraphSearch> {
    vec![
        all,
        GraphSearch { symmetry: false, ..all },
        GraphSearch { prune: false, ..all },
        GraphSearch { fuse: false, ..all },
        GraphSearch { merge_the_dead: false, ..all },
        GraphSearch { collect: false, ..all },
        GraphSearch { marks: false, ..all },
    ]
}

/// Whether all was seen, or as much as was asked for. (Which executions are left out depends on the order of steps.)
pub(crate) fn is_whole(found: &Finding) -> bool {
    !found.cut_short && !matches!(found.verdict, Verdict::Timeout { .. })
}

/// Whether a data race was found: after that, or once something is broken that the next step depends on, there is no
/// telling what else comes out.
pub(crate) fn is_race(found: &Finding) -> bool {
    found.counterexample.as_ref().is_some_and(|wrong| wrong.why.contains("race"))
}

/// The same verdict, and the same results.
#[track_caller]
pub(crate) fn assert_alike(found: &Finding, measure: &Finding, what: &dyn Debug) {
    let words = (found.verdict.word(), measure.verdict.word());
    assert_eq!(words.0, words.1, "{what:?}: {:?}", found.verdict);
    if !is_race(measure) {
        let results = (&found.outcomes, &measure.outcomes);
        assert!(results.0.keys().eq(results.1.keys()), "{what:?}: {results:?}");
    }
}
