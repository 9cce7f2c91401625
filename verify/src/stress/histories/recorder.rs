//! Records histories, and has them judged.

use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;

use super::book::{Book, MOST_CALLS, MOST_PROCESSES, ROUNDS, Round, now};
use super::broken::{UnlockedPair, UnlockedRing};
use super::object::{Object, Operation, Outcome, Spot};
use super::participant::Part;
use super::plan::{HistoryPlan, Recordable};
use super::queue::RecordedQueue;
use super::recorded::{Offence, Recorded};
use super::rwlock::RecordedRwLock;
use crate::claim::{Budget, Progress};
use crate::linearizability::{End, History, Judgement, Lane, MOST_CONFIGURATIONS, draw, judge};
use crate::stress::plan::By;
use crate::stress::process::{End as Ending, Process};
use crate::stress::run::allowed_processors;
use crate::stress::scratch::Scratch;
use crate::stress::task::Work;

/// After how long without a call those that wait for each other are let go.
const NOBODY_MOVES: Duration = Duration::from_millis(1);
/// For how long the harness looks without a pause.
const IMPATIENT: Duration = Duration::from_millis(2);
/// A nanosecond is the clock's unit; a microsecond is the drawing's.
const MICROSECOND: u64 = 1_000;

/// Records and judges what the plan says. Nobody outlives it, however it ends.
pub fn record(plan: &HistoryPlan, budget: &Budget, progress: &dyn Progress) -> Recorded {
    let record = match plan.of {
        Recordable::Queue => record_of::<RecordedQueue>,
        Recordable::Rwlock => record_of::<RecordedRwLock>,
        Recordable::UnlockedRing => record_of::<UnlockedRing>,
        Recordable::UnlockedPair => record_of::<UnlockedPair>,
    };
    let mut recorded =
        Recorded { asked: plan.histories, processes: plan.processes, ..Recorded::default() };
    match record(plan, budget, progress, &mut recorded) {
        Ok(()) => {}
        Err(Stop::TimeLimit) => recorded.out_of_time = true,
        Err(Stop::Failed(words)) => recorded.ended_by = Some(words),
    }
    recorded
}

/// Why there are no more histories.
enum Stop {
    TimeLimit,
    Failed(String),
}

impl From<String> for Stop {
    fn from(words: String) -> Self {
        Self::Failed(words)
    }
}

fn record_of<O: Object>(
    plan: &HistoryPlan,
    budget: &Budget,
    progress: &dyn Progress,
    recorded: &mut Recorded,
) -> Result<(), Stop> {
    let possible = (1..=MOST_PROCESSES).contains(&plan.processes);
    if !possible || !(1..=MOST_CALLS).contains(&plan.calls) {
        let words = format!(
            "{} processes with {} calls: 1 to {MOST_PROCESSES} with 1 to {MOST_CALLS} are possible",
            plan.processes, plan.calls
        );
        return Err(Stop::Failed(words));
    }
    let mut begun = 0;
    while begun < plan.histories && recorded.offence.is_none() {
        let mut batch = Batch::<O>::new(plan, budget, begun)?;
        let mut rounds = 0..batch.rounds;
        let stopped = rounds.find_map(|round| {
            progress.report((begun + round) as u64, plan.histories as u64, "histories");
            batch.record(round).err().map(|stop| (round, stop))
        });
        // What came before counts, whatever ended it.
        let whole = stopped.as_ref().map_or(batch.rounds, |(round, _)| *round);
        recorded.kills += batch.gone[..whole].iter().flatten().count();
        for round in 0..whole {
            judge_one::<O>(&batch, round, recorded)?;
            if recorded.offence.is_some() {
                return Ok(());
            }
        }
        if let Some((_, stop)) = stopped {
            return Err(stop);
        }
        begun += batch.rounds;
    }
    Ok(())
}

fn judge_one<O: Object>(
    batch: &Batch<'_, O>,
    round: usize,
    recorded: &mut Recorded,
) -> Result<(), Stop> {
    let history = batch.history(round).map_err(|error| error.to_string())?;
    recorded.calls += history.calls();
    recorded.overlapping += history.overlapping();
    recorded.unanswered += history.unanswered();
    match judge(&O::SPECIFICATION, &history, MOST_CONFIGURATIONS).judgement {
        Judgement::Linearizable(_) => recorded.linearizable += 1,
        Judgement::CutShort => recorded.cut_short += 1,
        Judgement::NotLinearizable(_) => {
            recorded.offence = Some(Offence {
                number: batch.first + round + 1,
                drawing: drawing::<O>(&history),
                history: serde_json::to_value(&history).unwrap_or_default(),
            });
        }
    }
    Ok(())
}

/// As much of the history as is not linearizable any more, with the numbers of the longest order that fits.
fn drawing<O: Object>(history: &History<Operation<O>, Outcome<O>>) -> String {
    let calls = history.lanes().iter().flat_map(|lane| &lane.calls);
    let mut ends: Vec<u64> = calls
        .filter_map(|call| match call.end {
            End::Answered { at, .. } => Some(at),
            End::Unknown { gone } => gone,
        })
        .collect();
    ends.sort_unstable();
    for end in ends {
        let known = history.until(end);
        let judged = judge(&O::SPECIFICATION, &known, MOST_CONFIGURATIONS);
        if let Judgement::NotLinearizable(order) = judged.judgement {
            return draw(&known, &order, MICROSECOND);
        }
    }
    draw(history, &[], MICROSECOND)
}

/// The histories that one region has room for.
struct Batch<'a, O> {
    plan: &'a HistoryPlan,
    budget: &'a Budget,
    /// How many histories there were before it.
    first: usize,
    rounds: usize,
    scratch: Scratch<Book>,
    processors: Option<Vec<usize>>,
    processes: Vec<Process>,
    /// Who was killed in which round, and when it was known to be gone.
    gone: Vec<Option<(usize, u64)>>,
    rng: Rng,
    of: std::marker::PhantomData<O>,
}

impl<'a, O: Object> Batch<'a, O> {
    fn new(plan: &'a HistoryPlan, budget: &'a Budget, first: usize) -> Result<Self, Stop> {
        let scratch = match plan.by {
            By::Memfd => Scratch::inherited(),
            By::Name => Scratch::named(),
        };
        let rounds = (plan.histories - first).min(ROUNDS);
        let mut batch = Self {
            plan,
            budget,
            first,
            rounds,
            scratch: scratch.map_err(|error| format!("cannot make a region: {error}"))?,
            processors: plan.pinned.then(allowed_processors).transpose()?,
            processes: Vec::new(),
            gone: vec![None; rounds],
            rng: Rng::with_seed(plan.seed.wrapping_add(first as u64)),
            of: std::marker::PhantomData,
        };
        for lane in 0..plan.processes {
            let process = batch.start(lane, 0)?;
            batch.processes.push(process);
        }
        Ok(batch)
    }

    fn book(&self) -> &Book {
        self.scratch.region()
    }

    fn start(&self, lane: usize, from: usize) -> Result<Process, Stop> {
        let part = Part {
            of: self.plan.of,
            lane,
            rounds: from..self.rounds,
            calls: self.plan.calls,
            seed: self.plan.seed.wrapping_add(self.first as u64),
            processors: self.processors.clone(),
        };
        self.scratch
            .start(Work::Record(part))
            .map_err(|error| Stop::Failed(format!("cannot start a process: {error}")))
    }

    fn record(&mut self, number: usize) -> Result<(), Stop> {
        self.look_at_the_time()?;
        let processes = self.plan.processes;
        self.wait(number, |batch| {
            batch.book().present[..processes].iter().all(|process| process.load() != 0)
        })?;
        self.book().rounds_begun.store(number as u64 + 1);
        if self.plan.kills && (self.first + number) % 2 == 1 {
            self.kill_one(number)?;
        }
        let mut own = Own::default();
        let mut released = Ok(());
        let mut moved = (0, Instant::now());
        self.wait(number, |batch| {
            let round = &batch.book().rounds[number];
            let begun = round.lanes[..processes].iter().map(|log| log.begun() + log.ended()).sum();
            if begun != moved.0 {
                moved = (begun, Instant::now());
            } else if moved.1.elapsed() > NOBODY_MOVES && own.made == 0 {
                released = own.release::<O>(round);
            }
            (0..processes).all(|lane| batch.has_finished(number, lane))
        })?;
        released?;
        own.look_at_what_is_left::<O>(&self.book().rounds[number])?;
        if let Some((lane, _)) = self.gone[number]
            && number + 1 < self.rounds
        {
            self.book().present[lane].store(0);
            self.processes[lane] = self.start(lane, number + 1)?;
        }
        Ok(())
    }

    fn has_finished(&self, number: usize, lane: usize) -> bool {
        let killed = self.gone[number].is_some_and(|(dead, _)| dead == lane);
        killed || self.book().rounds[number].lanes[lane].has_finished()
    }

    /// Kills one somewhere between its first call and its last.
    fn kill_one(&mut self, number: usize) -> Result<(), Stop> {
        let lane = self.rng.usize(..self.plan.processes);
        let at = self.rng.usize(1..=self.plan.calls);
        let waiting = Instant::now();
        self.wait(number, |batch| {
            let log = &batch.book().rounds[number].lanes[lane];
            // It may wait for somebody who will not come: then it dies waiting.
            log.begun() >= at || waiting.elapsed() > NOBODY_MOVES
        })?;
        let failed = |error| format!("cannot kill process {}: {error}", lane + 1);
        // After the last round it may have ended by itself.
        if *self.processes[lane].kill().map_err(failed)? == Ending::Killed {
            self.gone[number] = Some((lane, now()));
        }
        Ok(())
    }

    /// Waits, looking after the processes meanwhile.
    fn wait(
        &mut self,
        number: usize,
        mut there: impl FnMut(&mut Self) -> bool,
    ) -> Result<(), Stop> {
        let start = Instant::now();
        while !there(self) {
            if start.elapsed() < IMPATIENT {
                thread::yield_now();
                continue;
            }
            self.look_for_failures(number)?;
            if start.elapsed() > self.plan.watchdog {
                return Err(Stop::Failed(self.stuck(number)));
            }
            self.look_at_the_time()?;
            thread::sleep(Duration::from_micros(100));
        }
        Ok(())
    }

    fn look_at_the_time(&self) -> Result<(), Stop> {
        let late = self.budget.until.is_some_and(|until| Instant::now() >= until);
        if late { Err(Stop::TimeLimit) } else { Ok(()) }
    }

    fn look_for_failures(&mut self, number: usize) -> Result<(), Stop> {
        for (lane, process) in self.processes.iter_mut().enumerate() {
            let how = match process.end() {
                Ok(None | Some(Ending::Done)) => continue,
                Ok(Some(Ending::Killed))
                    if self.gone[number].is_some_and(|gone| gone.0 == lane) =>
                {
                    continue;
                }
                Ok(Some(Ending::Killed)) => "was killed by somebody else".to_owned(),
                Ok(Some(Ending::Failed(how))) => how.clone(),
                Err(error) => format!("was reaped by somebody else: {error}"),
            };
            let words = format!("history {}: process {} {how}", self.first + number + 1, lane + 1);
            return Err(Stop::Failed(words));
        }
        Ok(())
    }

    fn stuck(&self, number: usize) -> String {
        let lanes = &self.book().rounds[number].lanes;
        let waiting = (0..self.plan.processes).filter(|lane| !self.has_finished(number, *lane));
        let waiting: Vec<_> = waiting
            .map(|lane| {
                let calls = lanes[lane].calls::<Operation<O>, Outcome<O>>(None);
                let last = calls.last().map_or("has made no call".to_owned(), |call| {
                    format!("has been in `{}`, its call {}", call.operation, calls.len())
                });
                format!("process {} {last}", lane + 1)
            })
            .collect();
        let seconds = self.plan.watchdog.as_secs_f64();
        let history = self.first + number + 1;
        format!("history {history} did not end within {seconds} s: {}", waiting.join("; "))
    }

    fn history(
        &self,
        number: usize,
    ) -> Result<History<Operation<O>, Outcome<O>>, crate::linearizability::OutOfOrder> {
        let lanes = &self.book().rounds[number].lanes;
        let gone = |lane| self.gone[number].filter(|gone| gone.0 == lane).map(|(_, at)| at);
        let mut all: Vec<_> = (0..self.plan.processes)
            .map(|lane| Lane {
                process: format!("process {}", lane + 1),
                calls: lanes[lane].calls(gone(lane)),
            })
            .collect();
        all.push(Lane { process: "harness".into(), calls: lanes[MOST_PROCESSES].calls(None) });
        History::new(all)
    }
}

/// The calls of the harness itself.
#[derive(Default)]
struct Own {
    made: usize,
}

impl Own {
    fn call<O: Object>(
        &mut self,
        round: &Round,
        operation: &Operation<O>,
    ) -> Result<Outcome<O>, String> {
        let spot = Spot { round, lane: MOST_PROCESSES, pause: &|| {} };
        let number = self.made;
        self.made += 1;
        round.lanes[MOST_PROCESSES].noting(number, operation, || O::perform(&spot, operation))
    }

    /// Lets those go that wait for each other.
    fn release<O: Object>(&mut self, round: &Round) -> Result<(), String> {
        O::release().map_or(Ok(()), |operation| self.call::<O>(round, &operation).map(drop))
    }

    fn look_at_what_is_left<O: Object>(&mut self, round: &Round) -> Result<(), String> {
        let mut last = None;
        while let Some(operation) = O::next_look(last.as_ref()) {
            if self.made == MOST_CALLS {
                return Ok(());
            }
            last = Some(self.call::<O>(round, &operation)?);
        }
        Ok(())
    }
}
