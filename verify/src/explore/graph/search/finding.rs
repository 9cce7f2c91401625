//! What a search has found, and how far that goes.

use std::sync::Arc;

use super::{Ended, Search};
use crate::explore::graph::{MOST_MESSAGES, bound, timeout};
use crate::model::Log;
use crate::platform::Facts;
use crate::report::numbers::{bytes, count};
use crate::verdict::{Bound, Finding, Scheduler, Verdict};

impl Search {
    /// What was found.
    pub(in crate::explore::graph) fn finding(&mut self, ended: &Ended, seed: u64) -> Finding {
        let counterexample = self.counterexample.take();
        let verdict = match (ended, self.never()) {
            _ if counterexample.is_some() => Verdict::Counterexample,
            (Ended::OutOfTime, _) => timeout(self.began.elapsed()),
            (_, Some(what)) => Verdict::Vacuous { what },
            _ => self.as_far_as(ended, seed),
        };
        let counted = self.options.executions && matches!(ended, Ended::Complete);
        let ways = counted.then(|| self.followers.ways(self.store.len())).flatten();
        let executions = ways.unwrap_or(self.walks);
        Finding {
            executions,
            states: Some(self.store.len() as u64),
            transitions: Some(self.transitions),
            outcomes: std::mem::take(&mut self.outcomes),
            witnesses: std::mem::take(&mut self.witnesses),
            counterexample,
            notes: self.notes(),
            cut_short: matches!(ended, Ended::OutOfTime | Ended::OutOfMemory)
                || self.seen.too_many_messages,
            ..Finding::of(verdict)
        }
    }

    /// What should have happened at some time, and never did.
    fn never(&self) -> Option<String> {
        let endless = self.automata.program().is_endless();
        if self.outcomes.is_empty() && !endless {
            return Some("an execution that comes to an end".to_owned());
        }
        let seen = self.seen;
        let happened =
            |facts: &Facts| Facts { contended: seen.contended, slept: seen.slept, ..*facts };
        let on_the_way = Facts {
            deaths: seen.deaths.into(),
            died_holding: seen.died_holding.into(),
            ..Facts::default()
        };
        let of_ends = self.noted.values().map(|(facts, log)| (*facts, Arc::clone(log)));
        let of_others = endless.then(|| (on_the_way, Arc::default()));
        let all: Vec<(Facts, Arc<Log>)> = of_ends.chain(of_others).collect();
        let sometimes = self.automata.program().sometimes();
        let never = sometimes.iter().find(|sometimes| {
            !all.iter().any(|(facts, log)| (sometimes.happened)(&happened(facts), log))
        });
        never.map(|never| never.what.to_owned())
    }

    /// What was searched, where nothing is wrong: all, or as far as it went.
    fn as_far_as(&self, ended: &Ended, seed: u64) -> Verdict {
        let drawn = self.options.at_random.is_some();
        let most = self.options.messages.min(MOST_MESSAGES) as u64;
        let bound = Bound {
            states: matches!(ended, Ended::OutOfMemory).then_some(self.store.len() as u64),
            schedules: drawn.then_some(self.walks),
            scheduler: drawn.then_some(Scheduler::Random),
            seed: drawn.then_some(seed),
            messages: self.seen.too_many_messages.then_some(most),
            ..bound(&self.options)
        };
        if bound == Bound::default() { Verdict::Exhausted } else { Verdict::Bounded(bound) }
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
