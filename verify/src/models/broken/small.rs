//! What many of the small broken programs have in common: a few words, cells and mutexes, and one function.

use std::marker::PhantomData;

use lockproof::deadline::Deadline;
use lockproof::raw::{Acquired, RawMutex};

use crate::model::{Log, Model, Outcome, Sometimes, WAIT, violated};
use crate::models::mutex::held;
use crate::platform::{Facts, World};

/// A small program.
pub trait Small: Send + Sync + 'static {
    /// The names of its words.
    const WORDS: &'static [&'static str] = &[];
    /// The names of its protected data.
    const DATA: &'static [&'static str] = &[];
    /// The names of its mutexes, which are the shipped ones.
    const LOCKS: &'static [&'static str] = &[];
    /// Whether all processes do the same, whoever they are.
    const ALIKE: bool = false;

    /// One of so many processes; `index` counts from zero.
    fn act<W: World>(p: &W, on: &Stage<W>, index: usize, log: &Log);

    /// What came of it.
    fn end<W: World>(p: &W, on: &Stage<W>, log: &Log) -> Outcome {
        let _ = (p, on, log);
        Outcome { result: "all have ended".to_owned(), wrong: None }
    }

    /// What must happen in at least one execution.
    fn sometimes() -> Vec<Sometimes> {
        vec![WAIT]
    }
}

/// The model of a small program.
#[derive(Debug)]
pub struct SmallModel<S> {
    processes: usize,
    program: PhantomData<S>,
}

impl<S> SmallModel<S> {
    /// With so many processes.
    #[must_use]
    pub const fn new(processes: usize) -> Self {
        Self { processes, program: PhantomData }
    }
}

/// What the processes of a small program share.
pub struct Stage<W: World> {
    /// Its words.
    pub words: Vec<W::Word>,
    /// Its protected data.
    pub data: Vec<W::Cell>,
    /// Its mutexes.
    locks: Vec<RawMutex<W::RobustWord>>,
    /// How many processes there are.
    pub processes: usize,
}

impl<W: World> std::fmt::Debug for Stage<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stage").finish_non_exhaustive()
    }
}

impl<W: World> Stage<W> {
    fn new(p: &W, [words, data, locks]: [&[&'static str]; 3], processes: usize) -> Self {
        Self {
            words: words.iter().map(|name| p.new_word(name)).collect(),
            data: data.iter().map(|name| p.new_cell(name)).collect(),
            locks: locks.iter().map(|name| RawMutex::new(p.new_robust(name))).collect(),
            processes,
        }
    }

    /// Takes a mutex.
    pub fn lock(&self, p: &W, which: usize) {
        if self.locks[which].lock(p, Deadline::Never) != Ok(Acquired::Clean) {
            violated("the mutex was not simply taken");
        }
    }

    /// Lets go of it.
    pub fn unlock(&self, p: &W, which: usize) {
        held(self.locks[which].unlock(p));
    }
}

impl<S: Small> Model for SmallModel<S> {
    type Shared<W: World> = Stage<W>;

    fn processes(&self) -> usize {
        self.processes
    }

    fn share<W: World>(&self, p: &W) -> Stage<W> {
        Stage::new(p, [S::WORDS, S::DATA, S::LOCKS], self.processes)
    }

    fn process<W: World>(&self, p: &W, stage: &Stage<W>, index: usize, log: &Log) {
        S::act(p, stage, index, log);
    }

    fn end<W: World>(&self, p: &W, stage: &Stage<W>, log: &Log, _: Facts) -> Outcome {
        S::end(p, stage, log)
    }

    fn is_symmetric(&self) -> bool {
        S::ALIKE
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        S::sometimes()
    }
}
