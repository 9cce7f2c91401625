//! Says in a few sentences why an execution went wrong, as far as its steps tell.
//!
//! A drawing shows what happened; this says what to look at. Each part below knows one thing that goes wrong: who wrote over
//! whose update, who sleeps although the word has changed, which write was not seen, what a dead process left. All of it is read
//! off the [trace](crate::trace), so it is the same whoever has found the execution. No part guesses: it names a cause where the
//! steps leave no doubt, and is silent otherwise. Where all are silent, that is said.

mod death;
mod endless;
mod race;
mod stale;
mod stuck;
mod told;
mod update;

use crate::explore::BREAKS_A_LIST;
use crate::trace::Counterexample;
pub(super) use told::Told;

/// More sentences than that nobody reads.
const ENOUGH: usize = 4;

/// What is said where the steps name no cause.
pub(super) const NO_CAUSE: &str = "No cause can be named from these steps alone.";

/// What is said of a lock that stands in two robust lists.
const ONE_LINK: &str = "A lock has room for one link, with which the robust list of whoever holds it goes on. It has to leave that \
                        list before another can take it: who takes it writes a link of its own there, and when the first one dies \
                        the kernel follows that, and misses the locks that come after.";

/// What kind of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Race,
    /// Somebody sleeps for ever.
    Stuck,
    /// It goes on and on, from this step.
    Endless(usize),
    /// A lock stands in two robust lists.
    Listed,
    /// A result that must not be, or what a process must not see.
    Result,
}

impl Kind {
    fn of(counterexample: &Counterexample) -> Self {
        let Counterexample { why, steps, again_from, .. } = counterexample;
        match again_from {
            Some(from) => Self::Endless(*from),
            None if why.contains("data race") => Self::Race,
            None if why.contains(BREAKS_A_LIST) => Self::Listed,
            None if why.contains("nobody will wake it") => Self::Stuck,
            None if why.contains("spins") => Self::Endless(endless::tail(steps)),
            None => Self::Result,
        }
    }
}

/// Why it went wrong, a sentence or two to each line; nothing, if there are no steps.
pub(super) fn explain(counterexample: &Counterexample) -> Vec<String> {
    if counterexample.steps.is_empty() {
        return Vec::new();
    }
    let told = Told::of(&counterexample.steps);
    let kind = Kind::of(counterexample);
    let mut said = match kind {
        Kind::Race => race::explain(&told),
        Kind::Stuck => stuck::explain(&told),
        Kind::Endless(from) => endless::explain(&told, from, &counterexample.why),
        Kind::Listed => vec![ONE_LINK.to_owned()],
        Kind::Result => Vec::new(),
    };
    // Who sleeps or goes round has often read first what another writes later, and that is no mistake.
    if matches!(kind, Kind::Race | Kind::Result) || said.is_empty() {
        said.extend(update::explain(&told));
    }
    if counterexample.again_from.is_none() {
        said.extend(stale::explain(&told));
    }
    said.extend(death::explain(&told));
    said.truncate(ENOUGH);
    if said.is_empty() {
        said.push(NO_CAUSE.to_owned());
    }
    said
}

#[cfg(test)]
mod tests;
