//! What all executions of an exploration add up to.

use std::collections::BTreeMap;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::failure::{Failure, OutOfTime};
use crate::claim::{Budget, Progress};
use crate::model::{Log, Model, Outcome, Sometimes};
use crate::platform::{Control, Facts};
use crate::trace::Counterexample;
use crate::verdict::{Finding, Verdict};

/// How often somebody is told how far it is.
const REPORT_EVERY: Duration = Duration::from_millis(200);

/// How many executions pass between two looks at the clock.
const CLOCK_EVERY: u64 = 256;

/// The sum of all executions so far.
pub(super) struct Tally {
    sums: Mutex<Sums>,
    sometimes: Vec<Sometimes>,
    processes: usize,
    until: Option<Instant>,
    began: Instant,
}

#[derive(Default)]
struct Sums {
    executions: u64,
    outcomes: BTreeMap<String, u64>,
    happened: Vec<u64>,
    current: Option<Arc<Control>>,
    shortest: Option<Counterexample>,
    stopped: bool,
}

impl Tally {
    pub(super) fn new(model: &dyn Model, budget: &Budget) -> Self {
        let sometimes = model.sometimes();
        let sums = Sums { happened: vec![0; sometimes.len()], ..Sums::default() };
        Self {
            sums: Mutex::new(sums),
            sometimes,
            processes: model.processes(),
            until: budget.until,
            began: Instant::now(),
        }
    }

    /// An execution begins, the so-manieth. Unwinds if the time is up.
    pub(super) fn begin(&self, control: &Arc<Control>) -> u64 {
        let mut sums = self.lock();
        let look = sums.executions.is_multiple_of(CLOCK_EVERY);
        if look && self.until.is_some_and(|until| Instant::now() >= until) {
            drop(sums);
            std::panic::panic_any(OutOfTime);
        }
        sums.executions += 1;
        sums.current = Some(Arc::clone(control));
        sums.executions
    }

    /// An execution ended. Returns what went wrong, if it did. `replay` names the so-manieth execution.
    pub(super) fn end(
        &self,
        outcome: Outcome,
        log: &Log,
        facts: &Facts,
        replay: &dyn Fn(u64) -> String,
    ) -> Option<String> {
        let mut sums = self.lock();
        for (sometimes, count) in self.sometimes.iter().zip(&mut sums.happened) {
            *count += u64::from((sometimes.happened)(facts, log));
        }
        *sums.outcomes.entry(outcome.result).or_default() += 1;
        if let Some(why) = &outcome.wrong {
            sums.keep(why, replay, self.processes);
        }
        outcome.wrong
    }

    /// No more executions are wanted: for checkers that make much noise about a panic.
    pub(super) fn stop(&self) {
        self.lock().stopped = true;
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.lock().stopped
    }

    /// The execution under way was ended by a panic.
    pub(super) fn broke(&self, why: &str, replay: &dyn Fn(u64) -> String) {
        self.lock().keep(why, replay, self.processes);
    }

    pub(super) fn executions(&self) -> u64 {
        self.lock().executions
    }

    /// Forgets the counterexample, to look for a shorter one.
    pub(super) fn take_counterexample(&self) -> Option<Counterexample> {
        self.lock().shortest.take()
    }

    /// Puts a counterexample back for which there is no shorter one.
    pub(super) fn put_back(&self, counterexample: Counterexample) {
        self.lock().shortest = Some(counterexample);
    }

    /// Does the work, and tells now and then how far it is, of `total` (0 where unknown).
    pub(super) fn watched<T>(
        &self,
        progress: &dyn Progress,
        total: u64,
        work: impl FnOnce() -> T,
    ) -> T {
        let (working, ended) = channel::<()>();
        thread::scope(|scope| {
            scope.spawn(move || {
                while ended.recv_timeout(REPORT_EVERY) == Err(RecvTimeoutError::Timeout) {
                    progress.report(self.executions(), total, "executions");
                }
            });
            // Dropped also where the work unwinds: then the other thread ends.
            let _working = working;
            work()
        })
    }

    /// The finding, if the search ended with `searched`, or by a failure.
    pub(super) fn finding(&self, searched: Result<Verdict, Failure>) -> Finding {
        let mut sums = self.lock();
        let counterexample = sums.shortest.take();
        let happened = || self.sometimes.iter().zip(&sums.happened);
        let never = happened().find(|(_, count)| **count == 0);
        let verdict = match (searched, never) {
            _ if counterexample.is_some() => Verdict::Counterexample,
            (Err(Failure::Broken(_)), _) => Verdict::Counterexample,
            (Err(Failure::OutOfTime), _) => Verdict::Timeout { after: self.began.elapsed() },
            (Ok(_), Some((never, _))) => Verdict::Vacuous { what: never.what.to_owned() },
            (Ok(verdict), None) => verdict,
        };
        let notes =
            happened().map(|(s, count)| format!("{} in {count} executions", s.what)).collect();
        Finding {
            executions: sums.executions,
            outcomes: sums.outcomes.clone(),
            counterexample,
            notes,
            ..Finding::of(verdict)
        }
    }

    fn lock(&self) -> MutexGuard<'_, Sums> {
        // A violation unwinds through here; what is inside is never half-changed.
        self.sums.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sums {
    /// Keeps the execution under way, if it is the shortest that went wrong.
    fn keep(&mut self, why: &str, replay: &dyn Fn(u64) -> String, processes: usize) {
        let Some(control) = &self.current else { return };
        let mut steps = control.steps();
        // Whoever looks at the result is no process of the model.
        steps.iter_mut().filter(|step| step.thread > processes).for_each(|step| step.thread = 0);
        if self.shortest.as_ref().is_none_or(|shortest| steps.len() < shortest.steps.len()) {
            let replay = replay(self.executions);
            self.shortest =
                Some(Counterexample { why: why.to_owned(), steps, again_from: None, replay });
        }
    }
}
