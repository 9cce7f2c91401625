//! Proves a lock of your own: a mutex, a semaphore, a readers-writer lock, an event, a counter.
//!
//! Write it over a [`World`] instead of the atomics of the standard library, implement the trait of its kind, and one line of a
//! test says how good it is:
//!
//! ```
//! use lockproof_verify::prove::{self, Acquired, World};
//! use lockproof_verify::prove::Ordering::{Acquire, Release};
//!
//! struct Spin;
//!
//! impl prove::Mutex for Spin {
//!     type On<W: World> = W::Word;
//!
//!     fn new<W: World>(p: &W) -> W::Word {
//!         p.new_word("lock")
//!     }
//!
//!     fn lock<W: World>(word: &W::Word, p: &W) -> Acquired {
//!         let scope = p.scope();
//!         while p.swap(word, 1, Acquire) == 1 {
//!             p.at(scope, ());
//!             p.pause();
//!         }
//!         Acquired::Clean
//!     }
//!
//!     fn unlock<W: World>(word: &W::Word, p: &W) {
//!         p.store(word, 0, Release);
//!     }
//! }
//!
//! // In your test:
//! prove::mutex::<Spin>("spin").assert();
//! ```
//!
//! `docs/your-own-lock.md` says what each line of the report means, what a loop has to tell the checkers, and how far the proof
//! goes. A lock that does not run over a [`World`] can be put to work by real processes, on Linux: `stress`.

use std::fmt;
use std::time::{Duration, Instant};

use crate::claim::{Budget, Silent};
use crate::diagram::draw;
use crate::models::rwlock::TOGETHER;
use crate::report::numbers::{count, seconds};
use crate::trace::Counterexample;
use crate::verdict::{Bound, Finding, Verdict};

mod counter;
mod event;
mod inquiry;
mod mutants;
mod mutex;
mod rwlock;
mod semaphore;
#[cfg(target_os = "linux")]
mod stress;

pub use lockproof::deadline::Deadline;
pub use lockproof::platform::{Ordering, Platform};
pub use lockproof::raw::{Acquired, Read};

pub use crate::platform::World;
pub use counter::{Counter, counter};
pub use event::{Event, event};
pub use inquiry::Threads;
pub use mutants::{Mutant, Mutants};
pub use mutex::{Mutex, mutex};
pub use rwlock::{RwLock, rwlock};
pub use semaphore::{Semaphore, semaphore};
#[cfg(target_os = "linux")]
pub use stress::{CLock, Stress, Stressed, stress, stress_c};

/// How long one search may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// How much memory its states may take, in bytes.
const ROOM: usize = 2_000_000_000;
/// How wide counterexamples are drawn: tests have no terminal to ask.
const WIDTH: usize = 100;

/// What was found out about a lock, of whichever kind.
#[derive(Debug)]
#[must_use = "`assert` fails the test if the lock is not right"]
pub struct Proof {
    name: &'static str,
    parts: Vec<Part>,
    mutants: Option<Mutants>,
    took: Duration,
}

/// What one search has found.
#[derive(Debug)]
struct Part {
    /// What was asked.
    what: &'static str,
    /// By whom, and of how many processes.
    how: String,
    /// What it means if it is not so.
    otherwise: Otherwise,
    finding: Finding,
}

/// What it means that something is not so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Otherwise {
    /// The lock is wrong.
    Wrong,
    /// It is as many locks are; whoever chooses it should know: in these words.
    Known(&'static str),
    /// The lock is wrong; but what never happened, it need not let happen: in these words.
    Never(&'static str),
    /// It was not asked: there are too many states.
    LeftOut,
}

impl Part {
    fn is_right(&self) -> bool {
        self.finding.verdict.holds() || self.is_known()
    }

    fn is_known(&self) -> bool {
        match (&self.finding.verdict, self.otherwise) {
            (Verdict::Counterexample, Otherwise::Known(_)) => true,
            (Verdict::Vacuous { what }, Otherwise::Never(_)) => what == TOGETHER,
            (_, Otherwise::LeftOut) => true,
            _ => false,
        }
    }
}

/// What each search may use.
fn budget() -> Budget {
    Budget { until: Instant::now().checked_add(PATIENCE), memory: Some(ROOM), ..Budget::seeded(0) }
}

const NOBODY: &Silent = &Silent;

impl Proof {
    /// Whether all that a lock of its kind promises was found to be so, as far as the searches go. Which mutants were missed does
    /// not count: they may be as good as the original.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.parts.iter().all(Part::is_right)
    }

    /// The first execution that shows that it is wrong, if there is one.
    #[must_use]
    pub fn counterexample(&self) -> Option<&Counterexample> {
        let wrong = self.parts.iter().find(|part| !part.is_right())?;
        wrong.finding.counterexample.as_ref()
    }

    /// What was found when one thing at a time was done otherwise; `None` where the lock is wrong as it is.
    #[must_use]
    pub const fn mutants(&self) -> Option<&Mutants> {
        self.mutants.as_ref()
    }

    /// Shows the report, and fails unless [`holds`](Self::holds).
    ///
    /// # Panics
    ///
    /// If something does not hold, or was not found out: with the report, and the execution that shows it.
    #[track_caller]
    pub fn assert(&self) {
        println!("{self}");
        assert!(self.holds(), "{} is not right: the report above says why", self.name);
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.holds() { "right, as far as was looked" } else { "NOT right" };
        writeln!(f, "{}: {verdict} ({})", self.name, seconds(self.took))?;
        for part in &self.parts {
            writeln!(f, "  {:34} {:33} {}", part.what, part.how, found(part))?;
        }
        if let Some(mutants) = &self.mutants {
            write!(f, "{mutants}")?;
        }
        let wrong = self.parts.iter().filter(|part| !part.is_right());
        for counterexample in wrong.filter_map(|part| part.finding.counterexample.as_ref()) {
            write!(f, "\n{}", draw(counterexample, WIDTH, false))?;
        }
        Ok(())
    }
}

fn found(part: &Part) -> String {
    let looked = match part.finding.states {
        Some(states) => format!("{} states", count(states)),
        None => format!("{} executions", count(part.finding.executions)),
    };
    match (&part.finding.verdict, part.otherwise) {
        (_, Otherwise::LeftOut) => "left out: the states are too many".to_owned(),
        (Verdict::Counterexample, Otherwise::Known(words)) => format!("no: {words}"),
        (Verdict::Vacuous { .. }, Otherwise::Never(words)) if part.is_known() => {
            format!("yes, but {words}")
        }
        (Verdict::Counterexample, _) => "WRONG".to_owned(),
        (Verdict::Vacuous { what }, _) => format!("NOTHING SHOWN: there never was {what}"),
        (Verdict::Timeout { after }, _) => format!("NOT KNOWN after {}: {looked}", seconds(*after)),
        (Verdict::Bounded(Bound { messages: Some(most), .. }), _) => {
            format!("yes, in {looked}: of each word, the last {most} values")
        }
        (Verdict::Bounded(_), _) if part.finding.cut_short => format!("yes, in the first {looked}"),
        (Verdict::Bounded(_), _) => format!("yes, in {looked}"),
        (Verdict::Exhausted | Verdict::Passed, _) => format!("yes, in all {looked}"),
    }
}
