//! No reduction changes what comes out: every model, every known-broken lock and every mutant, with and without each.

use std::time::{Duration, Instant};

use lockproof_verify::claim::{Budget, Silent};
use lockproof_verify::explore::graph::{GraphSearch, Memory};
use lockproof_verify::models::broken::Trial;
use lockproof_verify::models::broken::mutants::MUTANTS;
use lockproof_verify::models::registry::{By, Entry, Exploration, Size, find, models};
use lockproof_verify::platform::{KernelRule, Mutation};
use lockproof_verify::verdict::Finding;

use crate::searches::{alone, assert_alike, but_for_one, is_whole};

/// What takes longer, or more, without reductions is left out, not waited for. Of the models there are many more than enough
/// that do not take long.
const FOR_MODELS: Duration = Duration::from_millis(5);
const FOR_MUTANTS: Duration = Duration::from_millis(250);
const ROOM: usize = 10 << 20;

fn explored(model: &Entry, size: Size, search: GraphSearch, patience: Duration) -> Finding {
    let budget = Budget { until: Some(Instant::now() + patience), ..Budget::seeded(1) };
    let search = GraphSearch { memory_limit: Some(ROOM), ..search };
    let exploration = Exploration {
        name: "x",
        search,
        by: By::States,
        budget: &budget,
        progress: &Silent,
        extract: false,
        replay: None,
    };
    model.explore(size, &exploration).expect("a size").finding
}

/// What was compared with what.
#[derive(Debug, Default)]
struct Tally {
    patience: Duration,
    compared: usize,
    wrong: usize,
    left_out: usize,
    /// How often without each reduction, in the order of [`but_for_one`]; and how often with each alone.
    without: [usize; 7],
    alone: [usize; 6],
}

impl Tally {
    /// Explores with and without each reduction; the fewest that come to an end are the measure.
    fn compare(&mut self, model: &Entry, size: Size, search: GraphSearch) {
        let of = |search| explored(model, size, search, self.patience);
        // Marks alone make loops finite.
        let measures = [search.plain(), GraphSearch { marks: true, ..search.plain() }, search];
        let found = measures.into_iter().map(of).enumerate().find(|(_, found)| is_whole(found));
        let Some((measured_by, measure)) = found else {
            self.left_out += 1;
            return;
        };
        self.wrong += usize::from(measure.counterexample.is_some());
        let mut like = |searches: Vec<GraphSearch>, counts: &mut [usize]| {
            for (search, count) in searches.into_iter().zip(counts) {
                let found = of(search);
                if is_whole(&found) {
                    assert_alike(&found, &measure, &(model.name, size, search));
                    (self.compared, *count) = (self.compared + 1, *count + 1);
                } else {
                    self.left_out += 1;
                }
            }
        };
        like(but_for_one(search), &mut self.without);
        if measured_by == 0 {
            like(alone(search), &mut self.alone);
        }
    }

    /// The same, with sleeps that may end for no reason, and without: loops are then finite.
    fn compare_both(&mut self, model: &Entry, size: Size, search: GraphSearch) {
        self.compare(model, size, search);
        self.compare(model, size, GraphSearch { early_returns: false, ..search });
    }

    fn assert_at_least(&self, compared: usize, wrong: usize, each: usize) {
        println!("{self:?}");
        let fewest = self.without.iter().chain(&self.alone).min();
        let enough = self.compared >= compared && self.wrong >= wrong && fewest >= Some(&each);
        assert!(enough, "{self:?}");
    }
}

#[test]
fn over_all_models() {
    let mut tally = Tally { patience: FOR_MODELS, ..Tally::default() };
    for model in models() {
        let least = model.least().max(2);
        let sizes = [(least, 1, 0), (least, 1, 1)];
        for (processes, increments, deaths) in sizes {
            let size = Size::new(processes, increments, deaths);
            if model.accepts(size).is_err() {
                continue;
            }
            let weak = GraphSearch { all_outcomes: true, ..GraphSearch::default() };
            tally.compare_both(model, size, weak);
            tally.compare_both(model, size, GraphSearch { memory: Memory::Sc, ..weak });
            if deaths > 0 {
                let kernel = KernelRule::Before62;
                tally.compare_both(model, size, GraphSearch { kernel, ..weak });
            }
        }
    }
    tally.assert_at_least(400, 16, 30);
}

#[test]
fn over_all_mutants() {
    let mut tally = Tally { patience: FOR_MUTANTS, ..Tally::default() };
    for mutant in MUTANTS {
        let (name, processes, deaths) = match mutant.caught_by {
            Trial::Alive(n) => ("mutex", n, 0),
            Trial::Panicking(n) => ("mutex-panic", n, 0),
            Trial::Dying(n) => ("mutex", n, 1),
            Trial::GivenUp(n) => ("mutex-given-up", n, 0),
        };
        let size = Size::new(processes.min(3), 1, deaths);
        let mutation = Some(Mutation::at(mutant.site(), mutant.change));
        let search = GraphSearch { mutation, all_outcomes: true, ..GraphSearch::default() };
        tally.compare_both(find(name).expect("a model"), size, search);
    }
    tally.assert_at_least(200, 20, 10);
}
