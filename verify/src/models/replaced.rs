//! Models of a shared counter whose value is replaced: whoever replaces a value is given it, and nobody else is.

use lockproof::raw::{RawAtomicCounter, RawCounter};

use crate::explore::graph::MOST_PROCESSES;
use crate::model::{CONTENTION, DEATH, Log, Model, Outcome, Sometimes, WAIT, violated};
use crate::platform::{Facts, World};

/// What a process counts when it is given this value: at first there is 0, and each process leaves its own number.
const GIVEN: [&str; MOST_PROCESSES + 1] = [
    "given 0", "given 1", "given 2", "given 3", "given 4", "given 5", "given 6", "given 7",
    "given 8",
];

/// Processes that each replace a counter's value by their number, from 1.
#[derive(Clone, Copy, Debug)]
pub struct ReplacedModel {
    /// Whether it is the counter with a lock, or the one without.
    pub locked: bool,
    /// How many processes.
    pub processes: usize,
    /// Whether some of them may die.
    pub deaths: bool,
}

/// Both counters, of which one is used.
pub struct Counters<W: World> {
    locked: RawCounter<W::RobustWord, W::Cell>,
    atomic: RawAtomicCounter<W::Word64>,
}

impl<W: World> std::fmt::Debug for Counters<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Counters").finish_non_exhaustive()
    }
}

impl ReplacedModel {
    fn get<W: World>(self, p: &W, counters: &Counters<W>) -> u64 {
        if self.locked { sound(counters.locked.get(p)) } else { counters.atomic.get(p) }
    }

    fn set<W: World>(self, p: &W, counters: &Counters<W>, new: u64) -> u64 {
        if self.locked { sound(counters.locked.set(p, new)) } else { counters.atomic.set(p, new) }
    }
}

fn sound<E: std::fmt::Debug>(result: Result<u64, E>) -> u64 {
    result.unwrap_or_else(|failure| violated(format!("the counter failed: {failure:?}")))
}

impl Model for ReplacedModel {
    type Shared<W: World> = Counters<W>;

    fn processes(&self) -> usize {
        self.processes
    }

    fn share<W: World>(&self, p: &W) -> Counters<W> {
        Counters {
            locked: RawCounter::new(
                p.new_robust("counter's lock"),
                p.new_cell("counter"),
                p.new_cell("deaths"),
            ),
            atomic: RawAtomicCounter::new(p.new_word64("counter")),
        }
    }

    fn process<W: World>(&self, p: &W, shared: &Counters<W>, index: usize, log: &Log) {
        let before = self.set(p, shared, index as u64 + 1);
        match GIVEN.get(before as usize) {
            Some(given) => log.count(given),
            None => violated(format!("{before} was given, which nobody has left")),
        }
    }

    fn is_symmetric(&self) -> bool {
        false
    }

    fn end<W: World>(&self, p: &W, shared: &Counters<W>, log: &Log, facts: Facts) -> Outcome {
        let last = self.get(p, shared);
        let given = |value: usize| log.counted(GIVEN[value]);
        let twice = (0..=self.processes).find(|value| given(*value) > 1);
        let not_given = (0..=self.processes).filter(|value| given(*value) == 0).count();
        // What is there at the end; and of one who dies, what it was given or what it would have left.
        let accounted = 1 + facts.deaths;
        let wrong = if let Some(value) = twice {
            Some(format!("{value} was given to two"))
        } else if GIVEN.get(last as usize).is_none_or(|given| log.counted(given) > 0) {
            Some(format!("{last} is there at the end, though it was replaced"))
        } else {
            (not_given > accounted).then(|| format!("{not_given} values were given to nobody"))
        };
        Outcome { result: format!("{last} is left"), wrong }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        let mut all = vec![CONTENTION];
        all.extend(self.locked.then_some(WAIT));
        all.extend(self.deaths.then_some(DEATH));
        all
    }
}
