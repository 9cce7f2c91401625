//! A model: a small program over a [`World`], with properties.
//!
//! The same source runs on every explorer. A model's processes are the explorer's threads; each gets a platform value of
//! its own. It says what must always be so by calling [`violated`], or at the end by what it returns; what must
//! sometimes happen for that to mean anything it lists in [`Model::sometimes`].

use std::collections::BTreeMap;
use std::fmt;
use std::panic::panic_any;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::platform::{Facts, World};

/// A small program whose executions are explored.
pub trait Model: Send + Sync + 'static {
    /// What its processes share.
    type Shared<W: World>: 'static
    where
        Self: Sized;

    /// How many processes it has.
    fn processes(&self) -> usize;

    /// Makes what they share, all zero.
    fn share<W: World>(&self, p: &W) -> Self::Shared<W>
    where
        Self: Sized;

    /// One process; `index` counts from zero.
    fn process<W: World>(&self, p: &W, shared: &Self::Shared<W>, index: usize, log: &Log)
    where
        Self: Sized;

    /// What came of it, after all processes have ended or died. Runs as one more process, which does not die.
    fn end<W: World>(&self, p: &W, shared: &Self::Shared<W>, log: &Log, facts: Facts) -> Outcome
    where
        Self: Sized;

    /// Whether all processes run the same program: then one of them dies for all.
    fn is_symmetric(&self) -> bool {
        true
    }

    /// Whether any process may take the place of any other: they run the same program, with nothing of their own in it but
    /// their id. Explorers of states then take states for the same that differ in who is who.
    fn is_interchangeable(&self) -> bool {
        self.is_symmetric()
    }

    /// Whether the process may die, where one does.
    fn is_mortal(&self, index: usize) -> bool {
        let _ = index;
        true
    }

    /// What a process has noted so far outside of the checked memory and the [`Log`], if anything: whatever
    /// [`end`](Self::end) looks at.
    fn noted<W: World>(&self, shared: &Self::Shared<W>, index: usize) -> String
    where
        Self: Sized,
    {
        let _ = (shared, index);
        String::new()
    }

    /// Whether its processes go on for ever: then nothing comes of it, and explorers look for what happens again and again.
    fn is_endless(&self) -> bool {
        false
    }

    /// Whether this process may be overtaken for ever: its starvation is not looked for.
    fn is_patient(&self, index: usize) -> bool {
        let _ = index;
        false
    }

    /// Whether waits have deadlines: then the explorer lets them pass, too.
    fn has_deadlines(&self) -> bool {
        false
    }

    /// What must happen in at least one execution.
    fn sometimes(&self) -> Vec<Sometimes>;
}

/// What came of one execution.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The final result, as people compare it: a total, a sequence.
    pub result: String,
    /// What went wrong, if it did.
    pub wrong: Option<String>,
}

/// Something that must happen in some execution, or a model says nothing.
#[derive(Clone, Copy, Debug)]
pub struct Sometimes {
    /// What: "two processes wanted the lock at once".
    pub what: &'static str,
    /// Whether it happened in that execution.
    pub happened: fn(&Facts, &Log) -> bool,
}

/// Two processes wanted the same word at once.
pub const CONTENTION: Sometimes =
    Sometimes { what: "two processes wanting the lock at once", happened: |f, _| f.contended > 0 };
/// A process slept.
pub const WAIT: Sometimes =
    Sometimes { what: "a process sleeping until it is woken", happened: |f, _| f.slept > 0 };
/// A process died.
pub const DEATH: Sometimes = Sometimes { what: "a process dying", happened: |f, _| f.deaths > 0 };
/// A process died holding a lock.
pub const DEATH_OF_A_HOLDER: Sometimes = Sometimes {
    what: "a process dying while it holds the lock",
    happened: |f, _| f.died_holding > 0,
};

/// What a model's processes count, outside of its memory: nothing here orders anything.
#[derive(Default)]
pub struct Log(Mutex<BTreeMap<&'static str, u64>>);

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lock().fmt(f)
    }
}

impl Log {
    /// Counts one more of `what`.
    pub fn count(&self, what: &'static str) {
        *self.lock().entry(what).or_default() += 1;
    }

    /// How many of `what` were counted.
    pub fn counted(&self, what: &'static str) -> u64 {
        self.lock().get(what).copied().unwrap_or(0)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Unwinds an execution that broke a property.
pub(crate) struct Violation(pub(crate) String);

/// Ends the execution: a property is broken, and `why` says how.
pub fn violated(why: impl Into<String>) -> ! {
    panic_any(Violation(why.into()))
}
