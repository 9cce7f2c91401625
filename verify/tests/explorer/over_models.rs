//! No reduction changes what comes out: every model, every known-broken lock and every mutant, with and without each.

use std::time::{Duration, Instant};

use lockproof_verify::claim::{Budget, Silent};
use lockproof_verify::explore::graph::{GraphSearch, Memory};
use lockproof_verify::models::broken::Trial;
use lockproof_verify::models::broken::mutants::MUTANTS;
use lockproof_verify::models::registry::{Entry, Exploration, MODELS, Size, find};
use lockproof_verify::platform::{KernelRule, Mutation};
use lockproof_verify::verdict::{Finding, Verdict};

/// What takes longer, or more, without reductions is left out, not waited for.
const PATIENCE: Duration = Duration::from_millis(250);
const ROOM: usize = 50 << 20;

fn explored(model: &Entry, size: Size, search: GraphSearch) -> Finding {
    let budget = Budget { seed: 1, until: Some(Instant::now() + PATIENCE) };
    let search = GraphSearch { memory_limit: Some(ROOM), ..search };
    let exploration =
        Exploration { name: "x", search, budget: &budget, progress: &Silent, extract: false };
    model.explore(size, &exploration).expect("a size").finding
}

/// Whether all was seen, or as much as was asked for.
fn is_whole(found: &Finding) -> bool {
    !matches!(&found.verdict, Verdict::Timeout { .. })
        && !matches!(&found.verdict, Verdict::Bounded(bound) if bound.states.is_some())
        // Which executions are cut short depends on the order of the steps.
        && !matches!(&found.verdict, Verdict::Bounded(bound) if bound.messages.is_some())
}

/// Without each.
fn but_for_one(all: GraphSearch) -> Vec<GraphSearch> {
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

/// Each alone.
fn alone(all: GraphSearch) -> Vec<GraphSearch> {
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

/// What was compared with what.
#[derive(Debug, Default)]
struct Tally {
    compared: usize,
    wrong: usize,
    left_out: usize,
}

impl Tally {
    /// Explores with and without each reduction; the fewest that come to an end are the measure.
    fn compare(&mut self, model: &Entry, size: Size, search: GraphSearch) {
        let of = |search| explored(model, size, search);
        // Marks alone make loops finite.
        let measures = [search.plain(), GraphSearch { marks: true, ..search.plain() }, search];
        let found = measures.into_iter().map(of).enumerate().find(|(_, found)| is_whole(found));
        let Some((measured_by, measure)) = found else {
            self.left_out += 1;
            return;
        };
        let mut searches = but_for_one(search);
        if measured_by == 0 {
            searches.extend(alone(search));
        }
        let race = |found: &Finding| {
            found.counterexample.as_ref().is_some_and(|wrong| wrong.why.contains("race"))
        };
        self.wrong += usize::from(measure.counterexample.is_some());
        for search in searches {
            let found = of(search);
            if !is_whole(&found) {
                self.left_out += 1;
                continue;
            }
            self.compared += 1;
            let what = format!("{} {size:?} {search:?}", model.name);
            assert_eq!(found.verdict.word(), measure.verdict.word(), "{what}: {:?}", found.verdict);
            // After a race, or once something is broken that the next step depends on, there is no telling what else.
            if !race(&found) {
                let results = (found.outcomes.keys(), measure.outcomes.keys());
                assert!(
                    results.0.eq(results.1),
                    "{what}: {:?}",
                    (found.outcomes, measure.outcomes)
                );
            }
        }
    }
}

#[test]
fn over_all_models() {
    let mut tally = Tally::default();
    for model in MODELS {
        let least = model.least().max(2);
        let sizes = [(least, 1, 0), (least, 2, 0), (least, 1, 1)];
        for (processes, increments, deaths) in sizes {
            let size = Size { processes, increments, deaths };
            if model.accepts(size).is_err() {
                continue;
            }
            let weak = GraphSearch { all_outcomes: true, ..GraphSearch::default() };
            tally.compare(model, size, weak);
            tally.compare(model, size, GraphSearch { memory: Memory::Sc, ..weak });
            if deaths > 0 {
                let kernel = KernelRule::Before62;
                tally.compare(model, size, GraphSearch { kernel, ..weak });
            }
        }
    }
    println!("{tally:?}");
    assert!(tally.compared > 200 && tally.wrong > 8, "{tally:?}");
}

#[test]
fn over_all_mutants() {
    let mut tally = Tally::default();
    for mutant in MUTANTS {
        let (name, processes, deaths) = match mutant.caught_by {
            Trial::Alive(n) => ("mutex", n, 0),
            Trial::Panicking(n) => ("mutex-panic", n, 0),
            Trial::Dying(n) => ("mutex", n, 1),
            Trial::GivenUp(n) => ("mutex-given-up", n, 0),
        };
        let size = Size { processes: processes.min(3), increments: 1, deaths };
        let mutation = Some(Mutation::at(mutant.site(), mutant.change));
        let search = GraphSearch { mutation, all_outcomes: true, ..GraphSearch::default() };
        tally.compare(find(name).expect("a model"), size, search);
    }
    println!("{tally:?}");
    assert!(tally.compared > 100 && tally.wrong > 10, "{tally:?}");
}
