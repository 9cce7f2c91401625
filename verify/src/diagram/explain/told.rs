//! A trace with what follows from it: who had read from which write, who knew of what, who is dead and who sleeps.
//!
//! Who read from which write is known where the value names one write. Who knew of what is C11's happens-before, of what the
//! steps show: a process's own steps, and whatever it acquired from a release. A wake hands over nothing, as with the kernel.

use std::collections::BTreeMap;

use super::super::effect::{Effect, is_failed_exchange};
use crate::trace::{Step, op};

/// A trace, and what follows from it.
pub(in crate::diagram) struct Told<'a> {
    pub(super) steps: &'a [Step],
    /// Of each step, the write that it read from.
    sources: Vec<Option<usize>>,
    /// Of each step, how many steps of each thread are known after it.
    known: Vec<Clock>,
    /// Where somebody dies.
    deaths: BTreeMap<usize, usize>,
}

/// How many steps of each thread.
type Clock = BTreeMap<usize, usize>;

fn join(clock: &mut Clock, other: &Clock) {
    for (thread, steps) in other {
        let known = clock.entry(*thread).or_default();
        *known = (*known).max(*steps);
    }
}

/// Whether an access with that ordering is an acquire.
pub(super) fn acquires(ordering: &str) -> bool {
    matches!(ordering, "Acquire" | "AcqRel" | "SeqCst")
}

/// Whether an access with that ordering is a release.
pub(super) fn releases(ordering: &str) -> bool {
    matches!(ordering, "Release" | "AcqRel" | "SeqCst")
}

/// Protected data, to which no ordering belongs.
pub(super) fn is_data(step: &Step) -> bool {
    matches!(step.op.as_str(), "get" | "set")
}

impl<'a> Told<'a> {
    pub(in crate::diagram) fn of(steps: &'a [Step]) -> Self {
        let sees_old = (0..steps.len()).any(|at| sees_old(steps, at));
        let sources: Vec<_> = (0..steps.len()).map(|at| source(steps, at, sees_old)).collect();
        let known = Knowledge::default().of_all(steps, &sources);
        let deaths = steps.iter().enumerate().filter(|(_, step)| step.op == op::DIES);
        let deaths = deaths.map(|(at, step)| (step.thread, at)).collect();
        Self { steps, sources, known, deaths }
    }

    /// Which write a step read from, where that is known.
    pub(in crate::diagram) fn source(&self, at: usize) -> Option<usize> {
        self.sources[at]
    }

    /// Whether whoever does the later step knew of the earlier one then.
    pub(super) fn knows(&self, later: usize, earlier: usize) -> bool {
        let thread = self.steps[earlier].thread;
        let of_thread = self.steps[..=earlier].iter().filter(|step| step.thread == thread);
        self.known[later].get(&thread).copied().unwrap_or(0) >= of_thread.count()
    }

    /// Where a process dies.
    pub(super) fn death_of(&self, thread: usize) -> Option<usize> {
        self.deaths.get(&thread).copied()
    }

    /// Whether a step is the kernel's, for one that is dead.
    pub(super) fn is_kernels(&self, at: usize) -> bool {
        self.death_of(self.steps[at].thread).is_some_and(|death| death < at)
    }

    /// The last step among these that changes a word.
    pub(super) fn last_change(&self, word: &str, within: std::ops::Range<usize>) -> Option<usize> {
        within.rev().find(|at| self.steps[*at].word == word && self.changes(*at))
    }

    /// Whether a step changes its word, to another value as far as that is told.
    pub(super) fn changes(&self, at: usize) -> bool {
        match Effect::of(&self.steps[at]) {
            Effect::Exchanges(seen, left) => seen != left,
            effect => effect.left().is_some(),
        }
    }

    /// Whether one may have read, between two steps, what another wrote after the first of them. Where it may and need not,
    /// nothing can be said.
    pub(super) fn may_have_met(
        &self,
        (from, earlier): (usize, usize),
        (to, later): (usize, usize),
    ) -> bool {
        (earlier + 1..later).any(|read| {
            let (step, seen) = (&self.steps[read], self.seen(read));
            let reads = step.thread == to && !is_data(step) && seen.is_some();
            let is_of_it = |write: usize| {
                let written = &self.steps[write];
                let left = Effect::of(written).left();
                let may_be_it = left.is_some_and(|left| left.is_none() || left == seen);
                written.thread == from && written.word == step.word && may_be_it
            };
            reads && (earlier..read).any(is_of_it)
        })
    }

    /// What a step writes, if it does and that is told.
    pub(super) fn left(&self, at: usize) -> Option<&'a str> {
        Effect::of(&self.steps[at]).left().flatten()
    }

    /// What a step reads.
    pub(super) fn seen(&self, at: usize) -> Option<&'a str> {
        seen(&self.steps[at])
    }

    /// The wait in which a process sleeps at the end, if it does: a step, or one for each of the words that it waits for.
    pub(super) fn sleep_of(&self, thread: usize) -> Vec<usize> {
        let mut its = (0..self.steps.len()).rev().filter(|at| self.steps[*at].thread == thread);
        let op_at = |at: &usize| self.steps[*at].op.as_str();
        let is_move = |at: &usize| op_at(at).starts_with(op::IS_MOVED);
        match its.next() {
            Some(last) if op_at(&last) == op::FUTEX_WAIT || is_move(&last) => vec![last],
            Some(last) if op_at(&last) == op::FUTEX_WAIT_ANY => {
                let others = its.take_while(|at| op_at(at) == op::FUTEX_WAIT_ANY);
                std::iter::once(last).chain(others).collect()
            }
            _ => Vec::new(),
        }
    }

    /// All that take part, in order.
    pub(super) fn threads(&self) -> Vec<usize> {
        let mut threads: Vec<usize> = self.steps.iter().map(|step| step.thread).collect();
        threads.sort_unstable();
        threads.dedup();
        threads.retain(|thread| *thread != 0);
        threads
    }

    /// What a step did, after the name of who did it: `read 0 from total (src/raw/value.rs:31)`.
    pub(super) fn did(&self, at: usize) -> String {
        let step = &self.steps[at];
        let (word, site) = (&step.word, site(step));
        match Effect::of(step) {
            Effect::Reads(seen) if is_failed_exchange(step) => {
                format!("found {word} to be {seen}{site}")
            }
            Effect::Reads(seen) => format!("read {seen} from {word}{site}"),
            Effect::Writes(left) => format!("wrote {left} to {word}{site}"),
            Effect::Exchanges(seen, left) => format!("changed {word} from {seen} to {left}{site}"),
            Effect::ChangesSomehow => format!("changed {word} and woke all{site}"),
            Effect::None if word.is_empty() => format!("did {}{site}", step.op),
            Effect::None => format!("did {} on {word}{site}", step.op),
        }
    }
}

/// Where in the source, in parentheses after a space.
pub(super) fn site(step: &Step) -> String {
    if step.site.is_empty() { String::new() } else { format!(" ({})", step.site) }
}

fn seen(step: &Step) -> Option<&str> {
    match Effect::of(step) {
        Effect::Reads(seen) | Effect::Exchanges(seen, _) => Some(seen),
        _ => None,
    }
}

/// The writes before a step to its word, the latest first.
fn writes(steps: &[Step], at: usize) -> impl Iterator<Item = usize> {
    (0..at).rev().filter(move |earlier| {
        steps[*earlier].word == steps[at].word && Effect::of(&steps[*earlier]).left().is_some()
    })
}

fn leaves(steps: &[Step], at: usize, value: &str) -> bool {
    Effect::of(&steps[at]).left() == Some(Some(value))
}

/// Whether a step sees another value than the latest.
fn sees_old(steps: &[Step], at: usize) -> bool {
    let latest = writes(steps, at).next();
    seen(&steps[at]).is_some_and(|seen| latest.is_some_and(|write| !leaves(steps, write, seen)))
}

/// The write that a step read from. It is the latest one; where old values are seen, by somebody, and not in a step that
/// writes as well, the value has to tell it from all others.
fn source(steps: &[Step], at: usize, old_are_seen: bool) -> Option<usize> {
    let seen = seen(&steps[at])?;
    let is_exchange = matches!(Effect::of(&steps[at]), Effect::Exchanges(..));
    if is_exchange || is_data(&steps[at]) || !old_are_seen {
        return writes(steps, at).next().filter(|write| leaves(steps, *write, seen));
    }
    let mut candidates = writes(steps, at).filter(|write| leaves(steps, *write, seen));
    candidates.next().filter(|_| candidates.next().is_none())
}

/// What everybody knows, while the steps are gone through.
#[derive(Default)]
struct Knowledge {
    threads: BTreeMap<usize, Thread>,
    /// What each write hands over to whoever acquires it.
    handed: Vec<Clock>,
}

#[derive(Clone, Default)]
struct Thread {
    knows: Clock,
    /// What it will know at its next acquire fence.
    heard: Clock,
    /// What it hands over with a write that is no release.
    fenced: Clock,
}

impl Knowledge {
    fn of_all(mut self, steps: &[Step], sources: &[Option<usize>]) -> Vec<Clock> {
        steps.iter().zip(sources).map(|(step, source)| self.after(step, *source)).collect()
    }

    fn after(&mut self, step: &Step, source: Option<usize>) -> Clock {
        // Whoever looks at the end comes after all.
        let all: Vec<Clock> = self.threads.values().map(|thread| thread.knows.clone()).collect();
        let thread = self.threads.entry(step.thread).or_default();
        if step.thread == 0 {
            all.iter().for_each(|clock| join(&mut thread.knows, clock));
        }
        *thread.knows.entry(step.thread).or_default() += 1;
        let got = source.filter(|_| !is_data(step)).map(|at| self.handed[at].clone());
        let got = got.unwrap_or_default();
        join(&mut thread.heard, &got);
        if acquires(&step.ordering) {
            join(&mut thread.knows, &got);
        }
        if step.op == "fence" {
            thread.fence(&step.ordering);
        }
        let mut hands =
            if releases(&step.ordering) { &thread.knows } else { &thread.fenced }.clone();
        if matches!(Effect::of(step), Effect::Exchanges(..)) {
            // A read-modify-write goes on with the release that it found.
            join(&mut hands, &got);
        }
        let knows = thread.knows.clone();
        self.handed.push(hands);
        knows
    }
}

impl Thread {
    fn fence(&mut self, ordering: &str) {
        if acquires(ordering) {
            let heard = self.heard.clone();
            join(&mut self.knows, &heard);
        }
        if releases(ordering) {
            self.fenced = self.knows.clone();
        }
    }
}
