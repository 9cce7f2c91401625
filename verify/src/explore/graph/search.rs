//! The search: by breadth, so that the first counterexample is one of the shortest.

mod finding;
mod ways;

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lockproof::platform::ThreadId;
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::around::Around;
use super::audit::audit;
use super::automaton::{Automata, Unknown};
use super::code::{decode, encode};
use super::cycles::{Edge, Edges};
use super::ending::Followers;
use super::expand::{Batch, Found, To, Worker, tidy};
use super::extract::extract;
use super::program::Program;
use super::state::{State, Thread};
use super::step::{Did, Manner, Seen, Stop};
use super::store::{Id, Store};
use super::symmetry::{NotInterchangeable, Symmetry};
use super::{Extracted, MOST_CELLS, MOST_THREADS, MOST_WORDS, Needs, Options, Shape};
use crate::claim::{Budget, Progress};
use crate::model::{Log, Outcome};
use crate::platform::Facts;
use crate::platform::recorder::{Play, Recorder, Values};
use crate::report::numbers::{bytes, count};
use crate::trace::{Counterexample, Witness};

pub(super) use ways::goes_round;

/// How many states are looked at between two looks at the clock.
const AT_A_TIME: Id = 4096;
/// So many are enough to share them out,
const WORTH_SHARING: usize = 512;
/// so many in a row.
const IN_A_ROW: usize = 64;
/// How often somebody is told how far it is.
pub(super) const REPORT_EVERY: Duration = Duration::from_millis(200);

/// What is wrong where nobody can go on.
pub(super) const STUCK: &str =
    "nobody can go on: every process that is left waits, and nobody will wake it";
/// What is wrong where the end cannot be reached.
pub(super) const NO_END: &str =
    "from here on the end cannot be reached any more: somebody spins for ever";

/// How a search ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// All states were seen.
    Complete,
    /// The time was up.
    OutOfTime,
    /// There was no more room for states.
    OutOfMemory,
    /// It has to be done otherwise, or cannot be done.
    Stopped(Stop),
}

/// A search.
pub(super) struct Search {
    automata: Automata,
    options: Options,
    shape: Shape,
    store: Store,
    symmetry: Symmetry,
    seen: Seen,
    /// Looks at states alone: where many cannot, and where it is not worth their while.
    worker: Worker,
    /// Those who look at them together, where it is said how many.
    pool: Option<ThreadPool>,
    followers: Followers,
    /// All that can happen, where it is asked what happens again.
    edges: Edges,
    transitions: u64,
    /// What can come after the state that was looked at last, where executions are followed one by one.
    nexts: Vec<(Manner, Id)>,
    /// How many executions were followed.
    pub(super) walks: u64,
    /// How many states had been looked at, where the search was stopped.
    stopped_after: Option<Id>,
    outcomes: BTreeMap<String, u64>,
    /// Of each result, the first state that came to it.
    firsts: BTreeMap<String, Id>,
    witnesses: BTreeMap<String, Witness>,
    ends: HashMap<Vec<u8>, Option<String>>,
    /// What happened in executions that came to an end, each once.
    noted: BTreeMap<String, (Facts, Arc<Log>)>,
    counterexample: Option<Counterexample>,
    /// The first state from which the end cannot be reached.
    without_end: Option<Id>,
    began: Instant,
}

impl Search {
    pub(super) fn new(
        program: &Arc<dyn Program>,
        play: Play,
        options: &Options,
        needs: Needs,
    ) -> Result<Self, String> {
        let automata = Automata::new(Arc::clone(program), play);
        let names = automata.names();
        let shape = Shape {
            threads: program.processes(),
            words: names.words.len(),
            cells: names.cells.len(),
            needs,
        };
        let limits = [
            (shape.threads, MOST_THREADS, "processes"),
            (shape.words, MOST_WORDS, "words"),
            (shape.cells, MOST_CELLS, "cells"),
        ];
        for (there, most, what) in limits {
            if there > most {
                return Err(format!("{there} {what} are more than the {most} there is room for"));
            }
        }
        Ok(Self {
            automata,
            options: *options,
            shape,
            store: Store::new(),
            symmetry: Symmetry::default(),
            seen: Seen::default(),
            worker: Worker::new(&shape),
            pool: pool(options.threads)?,
            followers: Followers::default(),
            edges: Edges::default(),
            transitions: 0,
            nexts: Vec::new(),
            walks: 0,
            stopped_after: None,
            outcomes: BTreeMap::new(),
            firsts: BTreeMap::new(),
            witnesses: BTreeMap::new(),
            ends: HashMap::new(),
            noted: BTreeMap::new(),
            counterexample: None,
            without_end: None,
            began: Instant::now(),
        })
    }

    /// Searches all states, until the first one that is wrong.
    pub(super) fn run(&mut self, name: &str, budget: &Budget, progress: &dyn Progress) -> Ended {
        let ended = match self.options.at_random {
            Some(walks) => self.at_random(walks, name, budget, progress),
            None => self.all_states(name, budget, progress),
        };
        let ended = ended.and_then(|ended| {
            if self.options.all_outcomes {
                self.find_witnesses(name)?;
            }
            Ok(ended)
        });
        ended.unwrap_or_else(Ended::Stopped)
    }

    fn beginning(&mut self) -> State {
        let nodes: Vec<u32> =
            (0..self.shape.threads).map(|thread| self.automata.start(thread as u8)).collect();
        State::beginning(&self.shape, nodes.into_iter())
    }

    /// The first state, as the search reads it.
    pub(super) fn tidy_beginning(&mut self) -> Result<State, Stop> {
        let mut state = self.beginning();
        self.learning(|around, _| tidy(around, &mut state))?;
        self.forget_what_is_not_written(&mut state);
        Ok(state)
    }

    /// Finds the first state.
    pub(super) fn begin(&mut self) -> Result<Id, Stop> {
        let state = self.beginning();
        self.begin_with(state)
    }

    fn begin_with(&mut self, mut state: State) -> Result<Id, Stop> {
        let bytes = self
            .learning(|around, worker| worker.write_down(around, &mut state).map(<[u8]>::to_vec))?;
        Ok(self.store.add(self.store.hash(&bytes), &bytes, 0))
    }

    fn all_states(
        &mut self,
        name: &str,
        budget: &Budget,
        progress: &dyn Progress,
    ) -> Result<Ended, Stop> {
        let state = self.beginning();
        self.all_states_after(state, name, budget, progress)
    }

    /// Searches all that can come of a state.
    pub(super) fn all_states_after(
        &mut self,
        state: State,
        name: &str,
        budget: &Budget,
        progress: &dyn Progress,
    ) -> Result<Ended, Stop> {
        let mut next = self.begin_with(state)?;
        let mut told = Instant::now();
        while next < self.store.len() as Id {
            if let Some(ended) = self.at_a_limit(budget) {
                self.stopped_after = Some(next);
                return Ok(ended);
            }
            if told.elapsed() >= REPORT_EVERY {
                self.tell(next, progress);
                told = Instant::now();
            }
            let end = (self.store.len() as Id).min(next.saturating_add(AT_A_TIME));
            for batch in self.expand(next..end) {
                if self.put_together(name, batch)? {
                    return Ok(Ended::Complete);
                }
            }
            next = end;
        }
        self.look_back(name)?;
        self.look_for_cycles(name)?;
        Ok(Ended::Complete)
    }

    /// What can come after a state, unless something is wrong.
    pub(super) fn nexts(&mut self, of: Id, name: &str) -> Result<Option<Vec<(Manner, Id)>>, Stop> {
        self.nexts.clear();
        for batch in self.expand(of..of + 1) {
            if self.put_together(name, batch)? {
                return Ok(None);
            }
        }
        Ok(Some(std::mem::take(&mut self.nexts)))
    }

    fn around(&self) -> Around<'_> {
        Around {
            known: self.automata.known(),
            symmetry: &self.symmetry,
            options: &self.options,
            shape: &self.shape,
        }
    }

    /// What comes of these states: by all processors, where there are enough of them.
    fn expand(&mut self, states: Range<Id>) -> Vec<Batch> {
        if states.len() < WORTH_SHARING || self.options.threads == Some(1) {
            let mut worker = std::mem::replace(&mut self.worker, Worker::new(&self.shape));
            let batch = worker.expand_all(self.around(), &self.store, states);
            self.worker = worker;
            return vec![batch];
        }
        let (around, store) = (self.around(), &self.store);
        let end = states.end;
        let rows = states.into_par_iter().step_by(IN_A_ROW);
        let batches = rows.map_init(
            || Worker::new(around.shape),
            |worker, first| {
                let row = first..end.min(first + IN_A_ROW as Id);
                worker.expand_all(around, store, row)
            },
        );
        match &self.pool {
            Some(pool) => pool.install(|| batches.collect()),
            None => batches.collect(),
        }
    }

    /// Adds what was found to what is known. Says whether that is enough.
    fn put_together(&mut self, name: &str, batch: Batch) -> Result<bool, Stop> {
        let Batch { found, bytes, seen } = batch;
        self.seen.join(&seen);
        let (mut of, mut at) = (0, 0);
        for found in found {
            match found {
                Found::Of(id) => of = id,
                Found::Next(manner, to) => {
                    self.transitions += 1;
                    let to = match to {
                        To::Known(id) => id,
                        To::New(hash, end) => {
                            let state = &bytes[at..end];
                            at = end;
                            self.store.add(hash, state, of)
                        }
                    };
                    if self.options.ending && !manner.by_chance {
                        self.followers.add(of, to);
                    }
                    if self.options.at_random.is_some() {
                        self.nexts.push((manner, to));
                    }
                    if self.options.liveness.is_some() {
                        self.edges.add(Edge { from: of, to, manner });
                    }
                }
                Found::Wrong(why, did) => {
                    self.transitions += 1;
                    if self.is_wrong(name, of, why, &did)? {
                        return Ok(true);
                    }
                }
                Found::Over => {
                    self.followers.add_end(of);
                    if let Some(why) = self.judge(of)
                        && self.is_wrong(name, of, why, &[])?
                    {
                        return Ok(true);
                    }
                }
                Found::Stuck => {
                    if self.is_wrong(name, of, STUCK.to_owned(), &[])? {
                        return Ok(true);
                    }
                }
                // What was left out may lead to an end.
                Found::Incomplete => {
                    self.followers.add_end(of);
                    self.edges.add_incomplete(of);
                }
                Found::Stopped(Stop::Unknown(unknown)) => {
                    self.learn(unknown)?;
                    let mut again = self.expand(of..of + 1);
                    if let Some(batch) = again.pop()
                        && self.put_together(name, batch)?
                    {
                        return Ok(true);
                    }
                }
                Found::Stopped(stop) => return Err(stop),
            }
        }
        Ok(false)
    }

    /// Keeps the first thing that is wrong. Says whether that is enough.
    fn is_wrong(&mut self, name: &str, id: Id, why: String, last: &[Did]) -> Result<bool, Stop> {
        if self.counterexample.is_none() {
            self.counterexample = Some(self.counterexample(name, id, why, last)?);
        }
        Ok(!self.options.all_outcomes)
    }

    /// Finds out what nobody has asked before.
    fn learn(&mut self, unknown: Unknown) -> Result<(), Stop> {
        let Self { automata, symmetry, .. } = self;
        let learnt = match unknown {
            Unknown::After(node, result) => {
                automata.after(node, result);
                Ok(())
            }
            Unknown::Renamed(node, renaming) => {
                symmetry.learn(node, &renaming, automata).map(|_| ())
            }
            Unknown::Orbit(node) => symmetry.learn_orbit(node, automata),
        };
        learnt.map_err(|NotInterchangeable| Stop::NotInterchangeable)
    }

    /// Does something, as often as it takes to learn all that it needs.
    pub(super) fn learning<T>(
        &mut self,
        mut work: impl FnMut(Around<'_>, &mut Worker) -> Result<T, Stop>,
    ) -> Result<T, Stop> {
        let mut worker = std::mem::replace(&mut self.worker, Worker::new(&self.shape));
        let done = loop {
            match work(self.around(), &mut worker) {
                Err(Stop::Unknown(unknown)) => {
                    if let Err(stop) = self.learn(unknown) {
                        break Err(stop);
                    }
                }
                done => break done,
            }
        };
        self.worker = worker;
        done
    }

    /// Looks for a state from which the end cannot be reached, when all have been seen.
    fn look_back(&mut self, name: &str) -> Result<(), Stop> {
        if self.counterexample.is_some() || !self.options.ending {
            return Ok(());
        }
        let mut followers = std::mem::take(&mut self.followers);
        let without_end = followers.first_without_end(self.store.len());
        self.followers = followers;
        if let Some(state) = without_end {
            self.without_end = Some(state);
            // Where nothing comes to an end, not even the beginning: the furthest state shows most of why.
            let shown = if state == 0 { self.store.len() as Id - 1 } else { state };
            self.counterexample = Some(self.counterexample(name, shown, NO_END.to_owned(), &[])?);
        }
        Ok(())
    }

    /// Looks for what can go on for ever and should not, when all states have been seen.
    fn look_for_cycles(&mut self, name: &str) -> Result<(), Stop> {
        let Some(wanted) = self.options.liveness else { return Ok(()) };
        if self.counterexample.is_some() {
            return Ok(());
        }
        let (states, threads) = (self.store.len(), self.shape.threads);
        let program = self.automata.program();
        let patient: Vec<u8> = (0..threads)
            .filter(|index| program.is_patient(*index))
            .map(|index| index as u8)
            .collect();
        let threads = (threads, &patient[..]);
        let Some(cycle) = self.edges.wrong(wanted, states, threads, |id| self.state(id)) else {
            return Ok(());
        };
        self.counterexample = Some(self.round_counterexample(name, wanted, &cycle)?);
        Ok(())
    }

    pub(super) fn at_a_limit(&self, budget: &Budget) -> Option<Ended> {
        if budget.until.is_some_and(|until| Instant::now() >= until) {
            return Some(Ended::OutOfTime);
        }
        let limits = [self.options.memory_limit, budget.memory];
        let full = limits.into_iter().flatten().any(|most| self.memory() > most);
        full.then_some(Ended::OutOfMemory)
    }

    /// How many bytes of memory the states take, and who follows whom.
    fn memory(&self) -> usize {
        self.store.memory() + self.followers.memory() + self.edges.memory()
    }

    fn tell(&self, seen: Id, progress: &dyn Progress) {
        let found = self.store.len() as u64;
        let waiting = count(found.saturating_sub(seen.into()));
        let speed = count((f64::from(seen) / self.began.elapsed().as_secs_f64()) as u64);
        let memory = bytes(self.memory() as u64);
        progress.report(seen.into(), 0, &format!("states, {speed}/s, {waiting} left, {memory}"));
    }

    /// Looks at the end of an execution, and says what is wrong with it.
    fn judge(&mut self, id: Id) -> Option<String> {
        let state = &self.state(id);
        let key = end_key(state);
        if let Some(known) = self.ends.get(&key) {
            return known.clone();
        }
        let (outcome, log) = self.end(state);
        let facts = facts(state);
        self.noted.entry(format!("{facts:?} {log:?}")).or_insert((facts, log));
        self.firsts.entry(outcome.result.clone()).or_insert(id);
        *self.outcomes.entry(outcome.result).or_default() += 1;
        self.ends.insert(key, outcome.wrong.clone());
        outcome.wrong
    }

    /// What came of an execution: plays all threads again, for what they have noted, and then the model's end.
    pub(super) fn end(&self, state: &State) -> (Outcome, Arc<Log>) {
        let log = Arc::new(Log::default());
        let again = |thread: &Thread| self.automata.again(thread.node, &log);
        let all: Vec<Recorder> = state.threads.iter().map(again).collect();
        let values = Values {
            words: state.words.iter().map(super::state::Word::latest).collect(),
            cells: state.cells.iter().map(|cell| cell.value).collect(),
        };
        let last = Recorder::alone(self.shape.threads as ThreadId + 1, values);
        let ended = crate::explore::quietly(|| {
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                self.automata.program().play_end(&all, &last, &log, facts(state))
            }))
        });
        let outcome = ended.unwrap_or_else(|panic| Outcome {
            result: "-".to_owned(),
            wrong: Some(crate::explore::why(&*panic)),
        });
        (outcome, log)
    }

    fn state(&self, id: Id) -> State {
        let mut state = State::beginning(&self.shape, std::iter::repeat_n(0, self.shape.threads));
        decode(self.store.get(id), &self.shape, &mut state);
        state
    }

    pub(super) const fn automata(&self) -> &Automata {
        &self.automata
    }

    /// Whether two states are one.
    pub(super) fn is_same(&self, one: &State, other: &State) -> bool {
        let (mut first, mut second) = (Vec::new(), Vec::new());
        encode(one, &self.shape, &mut first);
        encode(other, &self.shape, &mut second);
        first == second
    }

    /// Whether the end could not even be reached from where the search began.
    pub(super) fn is_without_end(&self) -> bool {
        self.without_end == Some(0)
    }

    /// Makes a state what the search reads back of it: what is not written down must not matter.
    pub(super) fn forget_what_is_not_written(&self, state: &mut State) {
        let mut bytes = Vec::new();
        encode(state, &self.shape, &mut bytes);
        decode(&bytes, &self.shape, state);
    }

    /// What was found out about the code.
    pub(super) fn extracted(&mut self) -> Extracted {
        let automaton = extract(&mut self.automata, self.options.symmetry);
        Extracted { automaton, operations: self.automata.operations() }
    }

    /// Follows what marks have brought together: how far, or what is wrong with a mark.
    pub(super) fn audit(&mut self, seed: u64) -> Result<String, String> {
        audit(&mut self.automata, self.options.symmetry, seed)
    }
}

/// Threads that search, where it is said how many.
fn pool(threads: Option<usize>) -> Result<Option<ThreadPool>, String> {
    let build = |threads| ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = threads.filter(|threads| *threads > 1).map(build).transpose();
    pool.map_err(|why| format!("threads to search with cannot be started: {why}"))
}

fn facts(state: &State) -> Facts {
    Facts {
        contended: 0,
        slept: 0,
        deaths: state.deaths.into(),
        died_holding: state.died_holding.into(),
    }
}

/// All of a state that its end depends on.
fn end_key(state: &State) -> Vec<u8> {
    let mut key = vec![state.deaths, state.died_holding];
    key.extend(state.threads.iter().flat_map(|thread| thread.node.to_le_bytes()));
    key.extend(state.words.iter().flat_map(|word| word.latest().to_le_bytes()));
    key.extend(state.cells.iter().flat_map(|cell| cell.value.to_le_bytes()));
    key
}
