//! Runs programs, and says what came of them.

use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::{Duration, Instant};

use super::part::Part;
use super::stage::{ROUNDS, Stage};
use crate::claim::{Budget, Progress};
use crate::programs::{Answer, Draw, IMPOSSIBLE, Program, Ran, Seen, Tally, examine, may_come_to};
use crate::stress::plan::WATCHDOG;
use crate::stress::process::{End, Process};
use crate::stress::scratch::Scratch;
use crate::stress::task::Work;
use crate::trace::Counterexample;
use crate::verdict::Finding;

/// For how long the harness looks without a pause.
const IMPATIENT: Duration = Duration::from_millis(2);

/// Draws programs, and has real processes run each some times. Nobody outlives it. `unlocked` leaves out one of the locks, which has to
/// be found out.
pub fn by_processes(
    draw: Draw,
    unlocked: bool,
    budget: &Budget,
    progress: &dyn Progress,
) -> Finding {
    let tally = Tally::of_sleeps();
    examine(draw, &tally, budget, progress, &|program| match Cast::new((program, unlocked), budget)
    {
        Ok(mut cast) => cast.play_all(&tally),
        Err(why) => Ran::Failed(why),
    })
}

/// A program, the region of its objects, and its processes.
struct Cast<'a> {
    program: &'a Program,
    unlocked: bool,
    budget: &'a Budget,
    scratch: Scratch<Stage>,
    processes: Vec<Process>,
}

/// Why a round did not come to its end.
enum Stop {
    OutOfTime,
    Wrong(String),
    Failed(String),
}

impl<'a> Cast<'a> {
    fn new((program, unlocked): (&'a Program, bool), budget: &'a Budget) -> Result<Self, String> {
        let scratch = Scratch::inherited();
        let scratch = scratch.map_err(|error| format!("cannot make a region: {error}"))?;
        let mut cast = Self { program, unlocked, budget, scratch, processes: Vec::new() };
        for lane in 0..program.processes.len() {
            let process = cast.start(lane, 0)?;
            cast.processes.push(process);
        }
        Ok(cast)
    }

    fn start(&self, lane: usize, from: usize) -> Result<Process, String> {
        let (program, unlocked) = (self.program.clone(), self.unlocked);
        let part = Part { program, unlocked, lane, rounds: from..ROUNDS };
        let started = self.scratch.start(Work::Act(part));
        started.map_err(|error| format!("cannot start a process: {error}"))
    }

    fn play_all(&mut self, tally: &Tally) -> Ran {
        for number in 0..ROUNDS {
            let slept = self.sleeps();
            let seen = match self.play(number) {
                Ok(seen) => seen,
                Err(Stop::OutOfTime) => return Ran::OutOfTime,
                Err(Stop::Failed(why)) => return Ran::Failed(why),
                Err(Stop::Wrong(why)) => return wrong(why),
            };
            tally.count(&seen, self.sleeps().saturating_sub(slept));
            match may_come_to(self.program, &seen) {
                Answer::Yes => {}
                Answer::No => return wrong(format!("{IMPOSSIBLE}: {seen}")),
                Answer::Unknown => {
                    tally.unknown.fetch_add(1, Relaxed);
                }
            }
        }
        Ran::Well
    }

    /// How often the processes have gone to sleep; they wait for nothing but for each other.
    fn sleeps(&self) -> usize {
        self.processes.iter().map(|process| voluntary_switches(process.id())).sum()
    }

    fn play(&mut self, number: usize) -> Result<Seen, Stop> {
        let lanes = self.processes.len();
        let stage = self.scratch.region();
        stage_wait(self.budget, || {
            (0..lanes).all(|lane| stage.present[lane].load() == number as u64 + 1)
        })
        .map_err(|stop| {
            stop.unwrap_or_else(|| Stop::Failed("a process did not come".to_owned()))
        })?;
        stage.begun.store(number as u64 + 1);
        let mut died = None;
        let mut failed = None;
        let (processes, mortal) = (&mut self.processes, self.program.death);
        let waited = stage_wait(self.budget, || {
            for (lane, process) in processes.iter_mut().enumerate() {
                match process.end() {
                    Ok(Some(End::Killed)) if mortal.is_some_and(|dies| dies.process == lane) => {
                        died = Some(lane);
                    }
                    Ok(None | Some(End::Done)) => {}
                    Ok(Some(how)) => failed = Some(format!("process {}: {how:?}", lane + 1)),
                    Err(error) => failed = Some(format!("process {}: {error}", lane + 1)),
                }
            }
            let log = |lane: usize| &stage.rounds[number].lanes[lane];
            failed.is_some()
                || (0..lanes).all(|lane| died == Some(lane) || log(lane).has_finished())
        });
        if let Some(how) = failed {
            return Err(Stop::Wrong(how));
        }
        waited.map_err(|stop| stop.unwrap_or_else(|| Stop::Wrong(self.stuck(number))))?;
        let seen = self.seen(number, died)?;
        if let Some(lane) = died
            && number + 1 < ROUNDS
        {
            self.processes[lane] = self.start(lane, number + 1).map_err(Stop::Failed)?;
        }
        Ok(seen)
    }

    fn seen(&self, number: usize, died: Option<usize>) -> Result<Seen, Stop> {
        let round = &self.scratch.region().rounds[number];
        let lanes = round.lanes[..self.processes.len()].iter();
        let failed = |error: String| Stop::Failed(format!("looking at the end: {error}"));
        Ok(Seen {
            events: lanes.map(|log| log.events()).collect(),
            died,
            numbers: super::part::numbers(round).map_err(failed)?,
            free: round.semaphore.available(),
        })
    }

    fn stuck(&self, number: usize) -> String {
        let lanes = &self.scratch.region().rounds[number].lanes;
        let waiting = (0..self.processes.len()).filter(|lane| !lanes[*lane].has_finished());
        let waiting: Vec<_> = waiting
            .map(|lane| format!("process {} after {} events", lane + 1, lanes[lane].events().len()))
            .collect();
        let seconds = WATCHDOG.as_secs();
        format!("no end within {seconds} s: {} wait", waiting.join(" and "))
    }
}

/// Waits until it is so. Says why not: no time is left for the claim, or, `None`, it takes too long.
fn stage_wait(budget: &Budget, mut there: impl FnMut() -> bool) -> Result<(), Option<Stop>> {
    let start = Instant::now();
    while !there() {
        if start.elapsed() < IMPATIENT {
            thread::yield_now();
            continue;
        }
        if budget.until.is_some_and(|until| Instant::now() >= until) {
            return Err(Some(Stop::OutOfTime));
        }
        if start.elapsed() > WATCHDOG {
            return Err(None);
        }
        thread::sleep(Duration::from_micros(100));
    }
    Ok(())
}

fn wrong(why: String) -> Ran {
    let (steps, again_from, replay) = (Vec::new(), None, String::new());
    Ran::Wrong(Box::new(Counterexample { why, steps, again_from, replay }))
}

/// How often a process has gone to sleep by itself; none if it has ended.
fn voluntary_switches(process: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    line.and_then(|number| number.trim().parse().ok()).unwrap_or(0)
}
