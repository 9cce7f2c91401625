//! What is planned for one execution, and what happened in it: shared by the decorators of all its threads.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::Location;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lockproof::platform::{Ordering, ThreadId};
use lockproof::raw::mutex_state::{NOT_RECOVERABLE, OWNER, OWNER_DIED, WAITERS};

use super::called::Names;
use super::mutated::{Done, Kind, Mutation, Op};
use crate::trace::Step;

/// Which thread dies, and before which of its operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrashPoint {
    /// The thread.
    pub thread: ThreadId,
    /// Its operations are counted from zero.
    pub before: usize,
}

/// For which announced word that the dying thread does not own the kernel wakes a waiter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KernelRule {
    /// One that nobody owns (90d758896787: Linux 6.2 and the stable series of late 2022).
    #[default]
    Since62,
    /// Only one that is 0.
    Before62,
}

/// What is to happen in an execution, beside what the model does.
#[derive(Clone, Copy, Debug, Default)]
pub struct Plan {
    /// Who dies.
    pub crash: Option<CrashPoint>,
    /// What the algorithm does wrong.
    pub mutation: Option<Mutation>,
    /// Which kernel it runs on.
    pub kernel: KernelRule,
    /// Where to write down each source site that is passed.
    pub sites: Option<&'static Sites>,
}

/// The source sites that executions passed, with the operation at each; where it is done with several values, with the
/// largest.
#[derive(Debug, Default)]
pub struct Sites(Mutex<BTreeMap<(&'static str, u32, u32), Op>>);

impl Sites {
    /// Those within the file whose path ends so, in the order of the source.
    pub fn within(&self, file: &str) -> Vec<Op> {
        let sites = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sites.values().filter(|op| op.site.file().ends_with(file)).copied().collect()
    }

    pub(crate) fn pass(&self, op: &Op) {
        let key = (op.site.file(), op.site.line(), op.site.column());
        let mut sites = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = sites.entry(key).or_insert(*op);
        if op.operand > known.operand {
            *known = *op;
        }
    }
}

/// What happened in an execution that makes it worth something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Compare-exchanges that failed: threads met.
    pub contended: usize,
    /// Waits that fell asleep.
    pub slept: usize,
    /// Threads that died.
    pub deaths: usize,
    /// Robust words that a dead thread held.
    pub died_holding: usize,
}

struct State {
    steps: Vec<Recorded>,
    words: Names,
    cells: Names,
    facts: Facts,
    operations: usize,
}

struct Recorded {
    thread: ThreadId,
    what: What,
    word: &'static str,
    /// The other word, of an operation on two.
    to: Option<&'static str>,
    order: Option<Ordering>,
    before: Option<u64>,
    after: Option<u64>,
    robust: bool,
    site: Option<&'static Location<'static>>,
}

#[derive(Clone, Copy)]
enum What {
    Did(Kind),
    Said(&'static str),
}

/// The plan and the record of one execution.
pub struct Control {
    plan: Plan,
    state: Mutex<State>,
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control").field("plan", &self.plan).finish_non_exhaustive()
    }
}

/// Unwinds a thread of a model that dies.
pub(super) struct Died;

/// Whether a panic was the planned death of a model's thread.
#[must_use]
pub fn thread_died(panic: &(dyn std::any::Any + Send)) -> bool {
    panic.is::<Died>()
}

impl Control {
    /// A record, empty.
    #[must_use]
    pub fn new(plan: Plan) -> Self {
        let state = State {
            steps: Vec::new(),
            words: Names::default(),
            cells: Names::default(),
            facts: Facts::default(),
            operations: 0,
        };
        Self { plan, state: Mutex::new(state) }
    }

    /// What is planned.
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What happened so far.
    pub fn facts(&self) -> Facts {
        self.lock().facts
    }

    /// All steps so far, in the order in which they were done.
    pub fn steps(&self) -> Vec<Step> {
        let State { steps, words, cells, .. } = &*self.lock();
        let named = |step: &Recorded| {
            let names = if step.is_to_data() { cells } else { words };
            step.in_words(names)
        };
        steps.iter().map(named).collect()
    }

    /// What a new word is called.
    pub(super) fn name_word(&self, name: &'static str) -> &'static str {
        self.lock().words.give(name)
    }

    /// What new data are called.
    pub(super) fn name_cell(&self, name: &'static str) -> &'static str {
        self.lock().cells.give(name)
    }

    /// Before an operation: whether it is done, and how. `None` means that the thread dies first.
    pub(super) fn before(&self, thread: ThreadId, op: &mut Op) -> Option<Done> {
        if let Some(sites) = self.plan.sites {
            sites.pass(op);
        }
        if let Some(crash) = self.plan.crash
            && crash.thread == thread
        {
            let mut state = self.lock();
            state.operations += 1;
            if state.operations > crash.before {
                state.facts.deaths += 1;
                drop(state);
                self.say(thread, "dies", op.word);
                return None;
            }
        }
        Some(self.plan.mutation.map_or(Done::Yes, |mutation| mutation.apply(op)))
    }

    /// After an operation.
    pub(super) fn did(
        &self,
        thread: ThreadId,
        op: &Op,
        before: Option<u64>,
        after: Option<u64>,
        robust: bool,
    ) {
        let mut state = self.lock();
        state.steps.push(Recorded {
            order: op.order,
            before,
            after,
            robust,
            ..Recorded::of(thread, op)
        });
        if op.kind == Kind::CompareExchange && after.is_none() {
            state.facts.contended += 1;
        }
    }

    /// After sleepers were woken, or moved to another word.
    pub(super) fn moved(
        &self,
        thread: ThreadId,
        op: &Op,
        to: &'static str,
        expected: u64,
        found: Option<u64>,
    ) {
        self.lock().steps.push(Recorded {
            to: Some(to),
            before: Some(expected),
            after: found,
            ..Recorded::of(thread, op)
        });
    }

    /// Something that is no operation: a death, the end of a sleep.
    pub(super) fn say(&self, thread: ThreadId, what: &'static str, word: &'static str) {
        self.lock().steps.push(Recorded {
            thread,
            what: What::Said(what),
            word,
            to: None,
            order: None,
            before: None,
            after: None,
            robust: false,
            site: None,
        });
    }

    /// How often somebody fell asleep, according to the machine: a wait that returns does not know whether it slept.
    pub(crate) fn slept(&self, times: usize) {
        self.lock().facts.slept = times;
    }

    pub(super) fn died_holding(&self, words: usize) {
        self.lock().facts.died_holding += words;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A violation unwinds through here; what is inside is never half-changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recorded {
    /// An operation, of which no more is known.
    const fn of(thread: ThreadId, op: &Op) -> Self {
        Self {
            thread,
            what: What::Did(op.kind),
            word: op.word,
            to: None,
            order: None,
            before: None,
            after: None,
            robust: false,
            site: Some(op.site),
        }
    }

    const fn is_to_data(&self) -> bool {
        matches!(self.what, What::Did(Kind::CellGet | Kind::CellSet))
    }

    fn in_words(&self, names: &Names) -> Step {
        let value = |value: Option<u64>| match value {
            None => String::new(),
            Some(value) if self.robust => lock_word(value as u32),
            Some(value) => value.to_string(),
        };
        Step {
            thread: self.thread as usize,
            op: match self.what {
                What::Did(kind) => kind.name().to_owned(),
                What::Said(what) => what.to_owned(),
            },
            word: match self.to {
                Some(to) => between(names.of(self.word), names.of(to)),
                None => names.of(self.word).to_owned(),
            },
            ordering: self.order.map_or_else(String::new, |order| format!("{order:?}")),
            before: value(self.before),
            after: value(self.after),
            site: self.site.map_or_else(String::new, |at| format!("{}:{}", at.file(), at.line())),
        }
    }
}

/// From one word to another.
pub(crate) fn between(from: &str, to: &str) -> String {
    format!("{from} → {to}")
}

/// A lock word in words: who holds it, and its flags.
pub(crate) fn lock_word(word: u32) -> String {
    let mut said = match word & OWNER {
        0 => "free".to_owned(),
        owner => format!("held by {owner}"),
    };
    for (flag, name) in [(WAITERS, "+waiters"), (OWNER_DIED, "+died"), (NOT_RECOVERABLE, "+lost")] {
        if word & flag != 0 {
            said.push_str(name);
        }
    }
    said
}
