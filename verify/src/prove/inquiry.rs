//! What is asked about a lock of any kind, one search after the other.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::mutants::{Mutants, Trial};
use super::{NOBODY, Otherwise, Part, Proof, budget};
use crate::explore::graph::{self, GraphSearch, Liveness, Memory};
use crate::model::Model;
#[cfg(feature = "shuttle")]
use crate::platform::{Decorated, shuttle::ShuttleWorld};
use crate::verdict::{Finding, Verdict};

/// Somebody else's lock, as the models see it.
pub(super) struct Own<L>(pub(super) PhantomData<L>);

/// The world in which threads of this process run a lock, one at a time: shuttle's.
#[cfg(feature = "shuttle")]
pub type Threads = Decorated<ShuttleWorld>;
/// The world in which threads of this process would run a lock. Without shuttle there are none.
#[cfg(not(feature = "shuttle"))]
pub type Threads = crate::platform::recorder::Recorder;

/// More states than this are not looked at again and again.
const MANY: u64 = 160_000;

const SURVIVES: &str = "so it is when one dies at any step";
const GOES_ON: &str = "somebody always gets on";
const IS_FAIR: &str = "nobody is overtaken for ever";
const SLEEPS: &str = "whoever waits sleeps";

/// How many processes, and how often each does what it does.
pub(super) fn size(processes: usize, rounds: usize) -> String {
    format!("{processes} processes x {rounds}")
}

/// The searches so far. One that finds something wrong is the last.
pub(super) struct Inquiry {
    name: &'static str,
    began: Instant,
    parts: Vec<Part>,
    trials: Vec<Trial>,
}

impl Inquiry {
    /// About the lock of that name.
    pub(super) fn new(name: &'static str) -> Self {
        Self { name, began: Instant::now(), parts: Vec::new(), trials: Vec::new() }
    }

    /// Whether all states are as they should be.
    pub(super) fn explore<M: Model>(&mut self, what: &'static str, size: &str, model: M) {
        self.explore_or(what, size, Otherwise::Wrong, model);
    }

    /// The same, where it may mean something else if not.
    pub(super) fn explore_or<M: Model>(
        &mut self,
        what: &'static str,
        size: &str,
        otherwise: Otherwise,
        model: M,
    ) {
        let (name, model) = (self.name, Arc::new(model));
        let how = format!("explorer, {size}");
        self.ask(what, how, |_| otherwise, || explore(&model, name, GraphSearch::default()));
        self.tries(move |search| explore(&model, name, search));
    }

    /// Whether they are of a larger one, with a memory that hides nothing: of a lock that has many states already, nobody asks.
    pub(super) fn explore_more<M: Model>(&mut self, what: &'static str, size: &str, model: M) {
        let (name, model) = (self.name, Arc::new(model));
        let how = format!("explorer, {size}, SC");
        if self.parts.iter().any(|part| part.finding.states > Some(MANY)) {
            let nothing = || Finding::of(Verdict::Timeout { after: Duration::ZERO });
            self.ask(what, how, |_| Otherwise::LeftOut, nothing);
            return;
        }
        let search = GraphSearch { memory: Memory::Sc, ..GraphSearch::default() };
        self.ask(what, how, |_| Otherwise::Wrong, || explore(&model, name, search));
        self.tries(move |search| {
            explore(&model, name, GraphSearch { memory: Memory::Sc, ..search })
        });
    }

    /// Has mutants tried with what was looked at last, if that does not take too long.
    fn tries(&mut self, trial: impl Fn(GraphSearch) -> Finding + 'static) {
        if self.parts.last().is_some_and(|last| last.finding.states <= Some(MANY)) {
            self.trials.push(Box::new(trial));
        }
    }

    /// Whether they are if one dies. If the lock does not say so, what then happens.
    pub(super) fn kill<M: Model>(
        &mut self,
        is_robust: bool,
        stuck: &'static str,
        size: &str,
        model: M,
    ) {
        let search = GraphSearch { deaths: 1, ..GraphSearch::default() };
        let otherwise = |found: &Finding| match is_robust {
            true => Otherwise::Wrong,
            false if is_stuck(found) => Otherwise::Known(stuck),
            false => Otherwise::Known("a death spoils what is left behind"),
        };
        let name = self.name;
        let how = format!("explorer, {size}");
        self.ask(SURVIVES, how, otherwise, || explore(&Arc::new(model), name, search));
    }

    /// Has mutants tried with the death of one, too.
    pub(super) fn kill_mutants<M: Model>(&mut self, memory: Memory, model: M) {
        let (name, model) = (self.name, Arc::new(model));
        self.trials.push(Box::new(move |search| {
            explore(&model, name, GraphSearch { deaths: 1, memory, ..search })
        }));
    }

    /// Who gets on, where processes go on for ever.
    pub(super) fn last<M: Model>(&mut self, processes: usize, model: M) {
        let (name, model) = (self.name, Arc::new(model));
        for (what, wanted, otherwise) in [
            (GOES_ON, Liveness::Progress, Otherwise::Wrong),
            (IS_FAIR, Liveness::NoStarvation, Otherwise::Known("one may starve")),
            (SLEEPS, Liveness::NoBusyWaiting, Otherwise::Known("it spins")),
        ] {
            // Who waits without an end may be any number of values behind.
            let search =
                GraphSearch { liveness: Some(wanted), messages: 4, ..GraphSearch::default() };
            let how = format!("explorer, {processes} processes for ever");
            self.ask(what, how, |_| otherwise, || explore(&model, name, search));
            if self
                .parts
                .last()
                .is_some_and(|last| last.what == what && last.finding.verdict.holds())
            {
                let (model, messages) = (Arc::clone(&model), search.messages);
                let liveness = search.liveness;
                self.tries(move |search| {
                    explore(&model, name, GraphSearch { liveness, messages, ..search })
                });
            }
        }
    }

    /// Whether loom says so, too. A spinning process is preempted as often as one likes: without a bound there would be no end.
    #[cfg(feature = "loom")]
    pub(super) fn ask_loom<M: Model>(
        &mut self,
        what: &'static str,
        size: &str,
        preemptions: usize,
        model: M,
    ) {
        use crate::explore::SPINS;
        use crate::explore::loom::{LoomSearch, explore};

        let spins = |found: &Finding| match &found.counterexample {
            Some(wrong) if wrong.why == SPINS => Otherwise::Known("loom lets one spin for ever"),
            _ => Otherwise::Wrong,
        };
        let search = LoomSearch { preemptions: Some(preemptions), ..LoomSearch::default() };
        let (name, model) = (self.name, Arc::new(model));
        let how = format!("loom, {size}");
        self.ask(what, how, spins, || explore(&model, name, search, &budget(), NOBODY));
    }

    /// Without loom nobody does.
    #[cfg(not(feature = "loom"))]
    pub(super) fn ask_loom<M: Model>(&mut self, _: &'static str, _: &str, _: usize, _: M) {}

    /// Whether it is so in many executions drawn at random, of more processes.
    #[cfg(feature = "shuttle")]
    pub(super) fn ask_shuttle<M>(&mut self, what: &'static str, size: &str, model: M)
    where
        M: Model<Shared<Threads>: Send + Sync>,
    {
        use crate::explore::shuttle::{Drawn, ShuttleSearch, explore};
        use crate::platform::Plan;

        let (name, model) = (self.name, Arc::new(model));
        for (drawn, how) in [(Drawn::Random, "random"), (Drawn::Pct(3), "PCT")] {
            let search = ShuttleSearch { drawn, schedules: 1000, plan: Plan::default() };
            let how = format!("shuttle, {size}, {how}");
            let found = || explore(&model, name, search, &budget(), NOBODY);
            self.ask(what, how, |_| Otherwise::Wrong, found);
        }
    }

    /// Without shuttle nobody draws.
    #[cfg(not(feature = "shuttle"))]
    pub(super) fn ask_shuttle<M: Model>(&mut self, _: &'static str, _: &str, _: M) {}

    /// What came of it all.
    pub(super) fn end(self) -> Proof {
        let Self { name, began, parts, trials } = self;
        // Of what is wrong as it is, mutants would say nothing.
        let is_right = parts.iter().all(Part::is_right);
        let mutants = is_right.then(|| Mutants::of(&trials));
        Proof { name, parts, mutants, took: began.elapsed() }
    }

    fn ask(
        &mut self,
        what: &'static str,
        how: String,
        otherwise: impl FnOnce(&Finding) -> Otherwise,
        find: impl FnOnce() -> Finding,
    ) {
        if self.parts.iter().all(Part::is_right) {
            let finding = find();
            self.parts.push(Part { what, how, otherwise: otherwise(&finding), finding });
        }
    }
}

fn explore<M: Model>(model: &Arc<M>, name: &str, search: GraphSearch) -> Finding {
    let mut found = graph::explore(model, name, search, &budget(), NOBODY);
    if let Some(wrong) = &mut found.counterexample {
        // The command does not know the lock, and could not show it again.
        wrong.replay.clear();
    }
    found
}

fn is_stuck(found: &Finding) -> bool {
    let why = found.counterexample.as_ref().map_or("", |wrong| &wrong.why);
    why.contains("nobody can go on") || why.contains("for ever")
}
