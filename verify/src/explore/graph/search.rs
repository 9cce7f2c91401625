//! The search: by breadth, so that the first counterexample is one of the shortest.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use lockproof::platform::ThreadId;

use super::automaton::Automata;
use super::code::{decode, encode};
use super::ending::Followers;
use super::extract::{Automaton, extract};
use super::state::{Reach, State};
use super::step::{Did, Next, Nexts, Seen, Stepper, Stop, is_stuck};
use super::store::{Id, Store};
use super::symmetry::Symmetry;
use super::{MOST_CELLS, MOST_THREADS, MOST_WORDS, Options, Shape, bound, timeout, trace};
use crate::claim::{Budget, Progress};
use crate::model::{Log, Model, Outcome};
use crate::platform::Facts;
use crate::platform::recorder::{Play, Recorder, Values};
use crate::report::numbers::{bytes, count};
use crate::trace::{Counterexample, Witness};
use crate::verdict::{Finding, Verdict};

/// How many states pass between two looks at the clock.
const CLOCK_EVERY: u32 = 1024;
/// How often somebody is told how far it is.
const REPORT_EVERY: Duration = Duration::from_millis(200);

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
pub(super) struct Search<M> {
    automata: Automata<M>,
    options: Options,
    shape: Shape,
    store: Store,
    symmetry: Symmetry,
    seen: Seen,
    followers: Followers,
    transitions: u64,
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
    began: Instant,
    bytes: Vec<u8>,
}

impl<M: Model> Search<M> {
    pub(super) fn new(
        model: &Arc<M>,
        play: Play,
        options: &Options,
        fences: bool,
    ) -> Result<Self, String> {
        let automata = Automata::new(Arc::clone(model), play);
        let names = automata.names();
        let shape = Shape {
            threads: model.processes(),
            words: names.words.len(),
            cells: names.cells.len(),
            fences,
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
            symmetry: Symmetry::new(&shape),
            seen: Seen::default(),
            followers: Followers::default(),
            transitions: 0,
            stopped_after: None,
            outcomes: BTreeMap::new(),
            firsts: BTreeMap::new(),
            witnesses: BTreeMap::new(),
            ends: HashMap::new(),
            noted: BTreeMap::new(),
            counterexample: None,
            began: Instant::now(),
            bytes: Vec::new(),
        })
    }

    /// Searches all states, until the first one that is wrong.
    pub(super) fn run(&mut self, name: &str, budget: &Budget, progress: &dyn Progress) -> Ended {
        let ended = self.all_states(name, budget, progress).and_then(|ended| {
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

    fn all_states(
        &mut self,
        name: &str,
        budget: &Budget,
        progress: &dyn Progress,
    ) -> Result<Ended, Stop> {
        let mut state = self.beginning();
        self.write_down(&mut state)?;
        self.store.add(&self.bytes, 0);
        let mut nexts = Nexts::default();
        let mut told = Instant::now();
        let mut id = 0;
        while (id as usize) < self.store.len() {
            if id % CLOCK_EVERY == 0 {
                if let Some(ended) = self.at_a_limit(budget) {
                    self.stopped_after = Some(id);
                    return Ok(ended);
                }
                if told.elapsed() >= REPORT_EVERY {
                    self.tell(id, progress);
                    told = Instant::now();
                }
            }
            decode(self.store.get(id), &self.shape, &mut state);
            let wrong = self.expand(&state, id, &mut nexts)?;
            if let Some((why, last)) = wrong
                && self.counterexample.is_none()
            {
                self.counterexample = Some(self.counterexample(name, id, why, &last)?);
                if !self.options.all_outcomes {
                    return Ok(Ended::Complete);
                }
            }
            id += 1;
        }
        self.look_back(name)?;
        Ok(Ended::Complete)
    }

    /// Looks for a state from which the end cannot be reached, when all have been seen.
    fn look_back(&mut self, name: &str) -> Result<(), Stop> {
        if self.counterexample.is_some() || !self.options.ending {
            return Ok(());
        }
        let mut followers = std::mem::take(&mut self.followers);
        if let Some(state) = followers.first_without_end(self.store.len()) {
            let why = "from here on the end cannot be reached any more: somebody spins for ever";
            self.counterexample = Some(self.counterexample(name, state, why.to_owned(), &[])?);
        }
        Ok(())
    }

    fn at_a_limit(&self, budget: &Budget) -> Option<Ended> {
        if budget.until.is_some_and(|until| Instant::now() >= until) {
            return Some(Ended::OutOfTime);
        }
        let full = self.options.memory_limit.is_some_and(|most| self.memory() > most);
        full.then_some(Ended::OutOfMemory)
    }

    /// How many bytes of memory the states take, and who follows whom.
    fn memory(&self) -> usize {
        self.store.memory() + self.followers.memory()
    }

    fn tell(&self, seen: Id, progress: &dyn Progress) {
        let found = self.store.len() as u64;
        let waiting = count(found.saturating_sub(seen.into()));
        let speed = count((f64::from(seen) / self.began.elapsed().as_secs_f64()) as u64);
        let memory = bytes(self.memory() as u64);
        progress.report(seen.into(), 0, &format!("states, {speed}/s, {waiting} left, {memory}"));
    }

    /// Looks at one state, and adds those that can come next. Returns what is wrong, and what was done last.
    fn expand(
        &mut self,
        state: &State,
        id: Id,
        nexts: &mut Nexts,
    ) -> Result<Option<(String, Vec<Did>)>, Stop> {
        if state.is_over() {
            self.followers.add_end(id);
            return Ok(self.judge(state, id).map(|why| (why, Vec::new())));
        }
        self.nexts(state, nexts)?;
        if is_stuck(state, nexts) {
            let why = "nobody can go on: every process that is left waits, and nobody will wake it";
            return Ok(Some((why.to_owned(), Vec::new())));
        }
        let mut wrong = None;
        for next in nexts.all() {
            self.transitions += 1;
            if let Some(why) = &next.wrong {
                wrong = wrong.or_else(|| Some((why.clone(), next.did.clone())));
                continue;
            }
            self.write_down(&mut next.state)?;
            let (to, _) = self.store.add(&self.bytes, id);
            if self.options.ending && !next.by_chance {
                self.followers.add(id, to);
            }
        }
        if nexts.incomplete {
            // What was left out may lead to an end.
            self.followers.add_end(id);
        }
        Ok(wrong)
    }

    fn nexts(&mut self, state: &State, nexts: &mut Nexts) -> Result<(), Stop> {
        let Self { automata, options, shape, seen, .. } = self;
        Stepper::new(automata, options, shape, seen, nexts).all(state)
    }

    /// Tidies a state, and writes into `bytes` the one that stands for it.
    fn write_down(&mut self, state: &mut State) -> Result<(), Stop> {
        self.tidy(state);
        if self.options.symmetry {
            let Self { symmetry, automata, options, shape, bytes, .. } = self;
            symmetry
                .encode(state, automata, options, shape, bytes)
                .map_err(|_| Stop::NotInterchangeable)
        } else {
            encode(state, &self.shape, &mut self.bytes);
            Ok(())
        }
    }

    fn tidy(&mut self, state: &mut State) {
        if self.options.collect {
            let mut reach = [[Reach::None; MOST_WORDS]; MOST_THREADS];
            for (thread, reach) in reach.iter_mut().enumerate().take(self.shape.threads) {
                for (word, reach) in reach.iter_mut().enumerate().take(self.shape.words) {
                    *reach = Stepper::reach(&mut self.automata, &self.options, state, thread, word);
                }
            }
            state.tidy(|thread, word| reach[thread][word]);
        }
    }

    /// Looks at the end of an execution, and says what is wrong with it.
    fn judge(&mut self, state: &State, id: Id) -> Option<String> {
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
    fn end(&self, state: &State) -> (Outcome, Arc<Log>) {
        let log = Arc::new(Log::default());
        let maker = self.automata.recorder(0, &[], &log);
        let model = self.automata.model();
        let shared = model.share(&maker);
        for thread in &state.threads {
            self.automata.play_again(thread.node, &shared, &log);
        }
        let values = Values {
            words: state.words.iter().map(super::state::Word::latest).collect(),
            cells: state.cells.iter().map(|cell| cell.value).collect(),
        };
        let last = Recorder::alone(self.shape.threads as ThreadId + 1, values);
        let ended = crate::explore::quietly(|| {
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                model.end(&last, &shared, &log, facts(state))
            }))
        });
        let outcome = ended.unwrap_or_else(|panic| Outcome {
            result: "-".to_owned(),
            wrong: Some(crate::explore::why(&*panic)),
        });
        (outcome, log)
    }

    /// For each result, the way to the first state that came to it.
    fn find_witnesses(&mut self, name: &str) -> Result<(), Stop> {
        for (result, id) in std::mem::take(&mut self.firsts) {
            let (_, did) = self.way_to(id)?;
            let steps = trace::steps(&self.automata, &did);
            self.witnesses.insert(result, Witness { steps, replay: replay(name, id) });
        }
        Ok(())
    }

    /// The way to what is wrong in a state, or with what comes next.
    fn counterexample(
        &mut self,
        name: &str,
        id: Id,
        why: String,
        last: &[Did],
    ) -> Result<Counterexample, Stop> {
        let (state, mut did) = self.way_to(id)?;
        // The last step once more, by those who are who here.
        let mut nexts = Nexts::default();
        self.nexts(&state, &mut nexts)?;
        let ends = nexts.all().iter().find(|next| next.wrong.is_some() && !last.is_empty());
        let why = match ends {
            Some(next) => {
                did.extend(next.did.iter().copied());
                next.wrong.clone().unwrap_or(why)
            }
            None => why,
        };
        let steps = trace::steps(&self.automata, &did);
        Ok(Counterexample { why, steps, replay: replay(name, id) })
    }

    /// The way to a state, step by step, and that state: who is who changes in what the search keeps, and not in this.
    fn way_to(&mut self, id: Id) -> Result<(State, Vec<Did>), Stop> {
        let path = self.store.path(id);
        let mut state = self.beginning();
        self.tidy(&mut state);
        encode(&state.clone(), &self.shape, &mut self.bytes);
        decode(&self.bytes, &self.shape, &mut state);
        let mut nexts = Nexts::default();
        let mut did = Vec::new();
        for to in &path[1..] {
            self.nexts(&state, &mut nexts)?;
            let mut found = None;
            for next in nexts.all() {
                let Next { state, .. } = next;
                if next.wrong.is_some() {
                    continue;
                }
                self.write_down(state)?;
                if self.bytes == self.store.get(*to) {
                    found = Some((state.clone(), next.did.clone()));
                    break;
                }
            }
            let Some((next, done)) = found else {
                return Err(Stop::Refused("the way to a state was lost".to_owned()));
            };
            did.extend(done);
            // As the search reads it back: what is not written down must not matter.
            encode(&next, &self.shape, &mut self.bytes);
            decode(&self.bytes, &self.shape, &mut state);
        }
        Ok((state, did))
    }

    /// The first thread's automaton, as far as it is known.
    pub(super) fn automaton(&mut self) -> Automaton {
        extract(&mut self.automata, self.options.symmetry)
    }

    /// What was found.
    pub(super) fn finding(&mut self, ended: &Ended) -> Finding {
        let sometimes = self.automata.model().sometimes();
        let seen = self.seen;
        let happened =
            |facts: &Facts| Facts { contended: seen.contended, slept: seen.slept, ..*facts };
        let never = sometimes.iter().find(|sometimes| {
            !self.noted.values().any(|(facts, log)| (sometimes.happened)(&happened(facts), log))
        });
        let counterexample = self.counterexample.take();
        let limits = bound(&self.options);
        let verdict = match (ended, never) {
            _ if counterexample.is_some() => Verdict::Counterexample,
            (Ended::OutOfTime, _) => timeout(self.began.elapsed()),
            (Ended::OutOfMemory, _) => {
                let states = Some(self.store.len() as u64);
                Verdict::Bounded(crate::verdict::Bound { states, ..limits })
            }
            (_, Some(never)) => Verdict::Vacuous { what: never.what.to_owned() },
            _ if self.outcomes.is_empty() => {
                Verdict::Vacuous { what: "an execution that comes to an end".to_owned() }
            }
            _ if self.seen.too_many_messages => {
                let messages = Some(super::MOST_MESSAGES as u64);
                Verdict::Bounded(crate::verdict::Bound { messages, ..limits })
            }
            _ if self.options.deaths > 0 => Verdict::Bounded(limits),
            _ => Verdict::Exhausted,
        };
        Finding {
            executions: 0,
            states: Some(self.store.len() as u64),
            transitions: Some(self.transitions),
            outcomes: std::mem::take(&mut self.outcomes),
            witnesses: std::mem::take(&mut self.witnesses),
            counterexample,
            notes: self.notes(),
            ..Finding::of(verdict)
        }
    }

    fn notes(&self) -> Vec<String> {
        let states = self.store.len() as u64;
        let stopped = self.stopped_after.map(|after| {
            format!("stopped after a look at {} of the states found so far", count(after.into()))
        });
        let memory = self.store.memory() as u64;
        let size =
            format!("{} for the states, {} each", bytes(memory), bytes(memory / states.max(1)));
        let threads = format!(
            "{} states of the threads, found in {} runs of their code; {} places brought together by marks",
            count(self.automata.nodes() as u64),
            count(self.automata.runs()),
            count(self.automata.marks() as u64),
        );
        stopped.into_iter().chain([size, threads]).collect()
    }
}

/// What names an execution that leads to a state.
fn replay(name: &str, id: Id) -> String {
    format!("{name}#{id}")
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
