//! Litmus programs: a few operations per process, and which outcomes a checker must, or must not, show.
//!
//! A proof is worth what its checker sees. These programs hold the checkers themselves: the memory that they show
//! ([`memory`]), what loom is known to get wrong ([`limits`]), the stand-in for the futex ([`futex`]), for waiting on
//! several words ([`several`]) and for moving sleepers ([`requeue`]) with what neither tells ([`old_values`]), and for what a
//! death leaves ([`death`]). `tests/litmus` runs them, and the explorers' own promises beside them.
//!
//! A program is data: a list of [`Step`]s for each process, done by one small interpreter over any
//! [`World`](crate::platform::World). What its processes [say](Step::Say) is an execution's outcome. Where a checker
//! is asked what it shows, it is asked for the whole set of outcomes: one too many is as wrong as one missing.

use lockproof::deadline::{Deadline, Monotonic};
use lockproof::platform::{Ordering, Update};

use crate::model::Sometimes;

pub mod asked;
pub mod death;
pub mod futex;
pub mod limits;
pub mod memory;
pub mod old_values;
pub mod requeue;
mod run;
pub mod several;
pub mod shown;

pub use run::Stage;

/// A deadline that passes if it has to.
pub const SOON: Deadline = Deadline::At(Monotonic::from_secs(1));

/// A word of a program. All hold zero at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "one word is as good as another")]
pub enum On {
    X,
    Y,
    Z,
    /// A robust word.
    L,
    /// Another.
    M,
}

/// One step of a process. A step that reads leaves what it read to the next one.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "named as the platform's methods")]
pub enum Step {
    Load(On, Ordering),
    Store(On, u32, Ordering),
    Swap(On, u32, Ordering),
    Add(On, u32, Ordering),
    And(On, u32, Ordering),
    Or(On, u32, Ordering),
    /// A compare-exchange from the one value to the other. If it fails it has what a read can have of the ordering.
    Exchange(On, u32, u32, Ordering),
    /// The same, with an ordering of its own for when it fails, after the one for when it does not.
    CompareExchange(On, u32, u32, Ordering, Ordering),
    Fence(Ordering),
    /// Reads the protected data.
    Get,
    /// Writes the protected data.
    Set(u64),
    Wait(On, u32, Deadline),
    Wake(On, u32),
    UpdateWakeAll(On, Update),
    /// Waits for several words at once, each while it holds that.
    WaitAny(&'static [(On, u32)], Deadline),
    /// If the first word holds the first number, wakes so many of its sleepers, and moves so many to the other word.
    Requeue(On, u32, u32, On, u32),
    RobustBegin(On),
    RobustInsert(On),
    RobustRemove(On),
    RobustEnd,
    /// What was read last becomes part of the outcome.
    Say,
    /// Does these steps again and again, until one of them leaves.
    Loop(&'static [Step]),
    /// Leaves the loop.
    Leave,
    /// Leaves the loop if this was read last.
    LeaveIf(u32),
    /// Does these steps if the wait before them says that it was woken.
    IfWoken(&'static [Step]),
    /// Ends the process unless this was read last.
    StopUnless(u32),
    /// Breaks a property.
    Violate(&'static str),
}

/// A program.
#[derive(Clone, Debug)]
pub struct Litmus {
    name: &'static str,
    processes: Vec<Vec<Step>>,
    finally: Vec<On>,
    never: Vec<&'static str>,
    only_the_first: bool,
    sometimes: Vec<Sometimes>,
}

impl Litmus {
    /// A program of these processes, whose outcome is what they say.
    #[must_use]
    pub fn new<const N: usize>(name: &'static str, processes: [&[Step]; N]) -> Self {
        Self::of(name, processes.map(<[Step]>::to_vec).to_vec())
    }

    /// The same, where the steps are made up as the program runs.
    #[must_use]
    pub const fn of(name: &'static str, processes: Vec<Vec<Step>>) -> Self {
        Self {
            name,
            processes,
            finally: Vec::new(),
            never: Vec::new(),
            only_the_first: false,
            sometimes: Vec::new(),
        }
    }

    /// What each process does.
    #[must_use]
    pub fn steps(&self) -> &[Vec<Step>] {
        &self.processes
    }

    /// What it shows.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The same; these words' final values are part of the outcome.
    #[must_use]
    pub fn finally(self, finally: &[On]) -> Self {
        Self { finally: finally.to_vec(), ..self }
    }

    /// The same; it is wrong if one of these outcomes is reached.
    #[must_use]
    pub fn never(self, never: &[&'static str]) -> Self {
        Self { never: never.to_vec(), ..self }
    }

    /// The same; it shows nothing unless these happen.
    #[must_use]
    pub fn sometimes(self, sometimes: &[Sometimes]) -> Self {
        Self { sometimes: sometimes.to_vec(), ..self }
    }

    /// The same; only its first process dies or returns early. It stands for all if they do all the same, or the others
    /// only look on.
    #[must_use]
    pub fn only_the_first(self) -> Self {
        Self { only_the_first: true, ..self }
    }
}

/// What a checker makes of a program.
#[derive(Clone, Copy, Debug)]
pub enum Expect {
    /// It sees these outcomes, all of them and no other. A bar sets off what one process says from what the next
    /// one does.
    Outcomes(&'static [&'static str]),
    /// It finds a counterexample, whose sentence contains this.
    Fails(&'static str),
}

/// It finds a data race.
pub const RACE: Expect = Expect::Fails("a data race");
/// It finds an execution in which nobody can go on.
pub const STUCK: Expect = Expect::Fails("nobody can go on");

/// A program, and what a checker makes of it.
#[derive(Clone, Debug)]
pub struct Case {
    /// The program.
    pub litmus: Litmus,
    /// What the checker makes of it.
    pub expect: Expect,
    /// Why; and for a limit, what to do once it is lifted.
    pub because: &'static str,
}

const fn case(litmus: Litmus, expect: Expect, because: &'static str) -> Case {
    Case { litmus, expect, because }
}
