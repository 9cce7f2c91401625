//! One run: starts the workers, kills and replaces them, watches over them, and draws up the account.

use std::cell::Cell;
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use rustix::thread::{CpuSet, sched_getaffinity};

use super::arena::{Arena, MOST_WORKERS, Slot, Stage};
use super::course::{Chart, Course};
use super::folder::Folder;
use super::histories::record;
use super::kills::Hunt;
use super::ledger::{Deaths, Ledger};
use super::outcome::{Ended, Outcome};
use super::plan::{By, Plan};
use super::process::{End, Process};
use super::scratch::Scratch;
use super::subject::Subject;
use super::subjects::{Spot, Witness};
use super::task::{Count, Work};
use super::watch::{Watch, who_waits_for_what};
use crate::claim::{Budget, Progress};

/// How often the harness looks after its workers while it waits.
const GLANCE: Duration = Duration::from_micros(200);
/// How often it says how far it is.
const REPORT_EVERY: Duration = Duration::from_millis(100);

/// Carries out a plan. Nobody outlives it, however it ends.
pub fn run(plan: &Plan, budget: &Budget, progress: &dyn Progress) -> Outcome {
    let started = Instant::now();
    let mut outcome = Outcome {
        plan: plan.clone(),
        ledger: Ledger::default(),
        ended: Ended::Finished,
        took: Duration::ZERO,
        worked: Duration::ZERO,
        longest_stall: Duration::ZERO,
        course: Course::default(),
        histories: None,
    };
    match Run::new(plan, budget, progress) {
        Err(words) => outcome.ended = Ended::NotBegun(words),
        Ok(mut run) => {
            outcome.ended = run.carry_out().err().unwrap_or(Ended::Finished);
            outcome.ledger = run.ledger();
            outcome.worked = run.worked;
            outcome.longest_stall = run.watch.longest_stall();
            outcome.course = run.chart.course();
        }
    }
    if let Some(histories) = plan.history_plan()
        && outcome.ended == Ended::Finished
    {
        outcome.histories = Some(record(&histories, budget, progress));
    }
    outcome.took = started.elapsed();
    outcome
}

/// A run in progress.
pub(super) struct Run<'a> {
    pub(super) plan: &'a Plan,
    pub(super) workers: Vec<Process>,
    pub(super) rng: Rng,
    pub(super) deaths: Deaths,
    pub(super) kills: u64,
    pub(super) hunt: Hunt,
    pub(super) chart: Chart,
    /// When the workers began.
    began: Option<Instant>,
    scratch: Scratch<Arena>,
    folder: Option<Folder>,
    processors: Option<Vec<usize>>,
    total: u64,
    worked: Duration,
    reports_to_harness: Cell<u64>,
    watch: Watch,
    budget: &'a Budget,
    progress: &'a dyn Progress,
    told_progress: Instant,
}

impl<'a> Run<'a> {
    fn new(plan: &'a Plan, budget: &'a Budget, progress: &'a dyn Progress) -> Result<Self, String> {
        if plan.processes == 0 || plan.processes > MOST_WORKERS {
            return Err(format!("{} workers: 1 to {MOST_WORKERS} are possible", plan.processes));
        }
        let scratch = match plan.by {
            By::Memfd => Scratch::inherited(),
            By::Name => Scratch::named(),
        };
        let folder = plan.subject.needs_folder().then(|| Folder::new("lockproof-run-"));
        Ok(Self {
            plan,
            workers: Vec::new(),
            rng: Rng::with_seed(plan.seed),
            deaths: Deaths::default(),
            kills: 0,
            hunt: Hunt::default(),
            chart: Chart::default(),
            began: None,
            scratch: scratch.map_err(|error| format!("cannot make a region: {error}"))?,
            folder: folder.transpose()?,
            processors: plan.pinned.then(allowed_processors).transpose()?,
            total: 0,
            worked: Duration::ZERO,
            reports_to_harness: Cell::new(0),
            watch: Watch::new(plan.watchdog),
            budget,
            progress,
            told_progress: Instant::now(),
        })
    }

    pub(super) fn arena(&self) -> &Arena {
        self.scratch.region()
    }

    fn carry_out(&mut self) -> Result<(), Ended> {
        for slots in self.shares() {
            let worker = self.start(slots)?;
            self.workers.push(worker);
        }
        self.wait_until(|run| run.arena().slots[..run.plan.processes].iter().all(begun))?;
        self.arena().orders.go.store(true);
        let began = Instant::now();
        self.began = Some(began);
        while self.kills < self.plan.kills {
            self.strike()?;
        }
        if self.plan.kills > 0 {
            self.note_shares();
        }
        self.arena().orders.enough.store(true);
        self.wait_until(|run| run.workers.iter_mut().all(|w| matches!(w.end(), Ok(Some(_)))))?;
        self.worked = began.elapsed();
        self.note_recovery();
        self.chart.look(self.worked, self.arena().acknowledged());
        self.look_after()?;
        self.collect()
    }

    /// Takes the total, and with it the report of the last death, if nobody else has had it.
    fn collect(&mut self) -> Result<(), Ended> {
        let subject = self.plan.subject;
        self.total = subject
            .total(&self.spot(), &Auditor(&self.reports_to_harness))
            .map_err(|words| Ended::Failed(format!("the total cannot be taken: {words}")))?;
        self.deaths.close(self.reports());
        Ok(())
    }

    fn spot(&self) -> Spot<'_> {
        Spot { folder: self.folder(), ..Spot::alone(self.arena()) }
    }

    fn folder(&self) -> &Path {
        self.folder.as_ref().map_or(Path::new(""), Folder::path)
    }

    /// How many reports of a dead holder there have been.
    pub(super) fn reports(&self) -> u64 {
        self.plan.subject.reports(self.arena()) + self.reports_to_harness.get()
    }

    fn ledger(&self) -> Ledger {
        let Deaths { holding, passed_on, unreported, invented, .. } = self.deaths;
        Ledger {
            asked: self.plan.asked(),
            acknowledged: self.arena().acknowledged(),
            total: self.total,
            kills_asked: self.plan.kills,
            kills: self.kills,
            holders_only: self.plan.kill_holders,
            deaths_while_holding: holding,
            reports: self.reports(),
            passed_on,
            unreported,
            invented,
        }
    }

    /// The slots of each process.
    fn shares(&self) -> Vec<std::ops::Range<usize>> {
        let workers = self.plan.processes;
        match self.plan.subject {
            Subject::Threads => std::iter::once(0..workers).collect(),
            _ => (0..workers).map(|number| number..number + 1).collect(),
        }
    }

    fn start(&self, slots: std::ops::Range<usize>) -> Result<Process, Ended> {
        let plan = self.plan;
        let count = Count {
            subject: plan.subject,
            slots,
            workers: plan.processes,
            folder: self.folder().to_owned(),
            increments: plan.increments,
            until_enough: plan.kills > 0,
            processors: self.processors.clone(),
            window_ns: u64::try_from(plan.window.as_nanos()).unwrap_or(u64::MAX),
            pause_ms: u64::try_from(plan.pause.as_millis()).unwrap_or(u64::MAX),
            sabotage: plan.sabotage,
        };
        self.scratch
            .start(Work::Count(count))
            .map_err(|error| Ended::Failed(format!("cannot start a worker: {error}")))
    }

    /// A new process in the place of one that was killed.
    pub(super) fn replace(&mut self, number: usize) -> Result<(), Ended> {
        let slot = &self.arena().slots[number];
        slot.begun.store(0);
        slot.enter_stage(Stage::Outside);
        self.workers[number] = self.start(number..number + 1)?;
        Ok(())
    }

    /// Waits, looking after the workers meanwhile.
    pub(super) fn wait_until(
        &mut self,
        mut there: impl FnMut(&mut Self) -> bool,
    ) -> Result<(), Ended> {
        while !there(self) {
            self.look_after()?;
            thread::sleep(GLANCE);
        }
        Ok(())
    }

    /// Sees to it that the run goes on as planned.
    pub(super) fn look_after(&mut self) -> Result<(), Ended> {
        self.look_for_failures()?;
        let acknowledged = self.arena().acknowledged();
        if let Some(began) = self.began {
            self.chart.look(began.elapsed(), acknowledged);
            self.note_shares_once_one_is_done();
        }
        if self.watch.is_stuck(acknowledged + self.kills + self.begun() as u64) {
            return Err(Ended::Stuck(who_waits_for_what(self.plan, self.arena())));
        }
        if self.budget.until.is_some_and(|until| Instant::now() >= until) {
            return Err(Ended::OutOfTime);
        }
        if self.told_progress.elapsed() >= REPORT_EVERY {
            self.told_progress = Instant::now();
            match self.plan.kills {
                0 => {
                    self.progress.report(acknowledged, self.plan.asked(), "increments");
                }
                kills => self.progress.report(self.kills, kills, "kills"),
            }
        }
        Ok(())
    }

    /// Without kills, all end with the same number: what tells is how far they are when the first has it.
    fn note_shares_once_one_is_done(&mut self) {
        let slots = &self.arena().slots[..self.plan.processes];
        let done = |slot: &Slot| slot.acknowledged.get() >= self.plan.increments;
        if self.plan.kills == 0 && self.chart.shares.is_empty() && slots.iter().any(done) {
            self.note_shares();
        }
    }

    fn note_shares(&mut self) {
        let slots = &self.arena().slots[..self.plan.processes];
        self.chart.shares = slots.iter().map(|slot| slot.acknowledged.get()).collect();
    }

    fn look_for_failures(&mut self) -> Result<(), Ended> {
        for (number, worker) in self.workers.iter_mut().enumerate() {
            let id = worker.id();
            let how = match worker.end() {
                Ok(None | Some(End::Done)) => continue,
                Ok(Some(End::Killed)) => "was killed by somebody else".to_owned(),
                Ok(Some(End::Failed(how))) => how.clone(),
                Err(error) => format!("was reaped by somebody else: {error}"),
            };
            return Err(Ended::Failed(format!("worker {} (process {id}) {how}", number + 1)));
        }
        Ok(())
    }

    fn begun(&self) -> usize {
        self.arena().slots.iter().filter(|slot| begun(slot)).count()
    }
}

/// Counts the reports that the harness itself is given.
struct Auditor<'a>(&'a Cell<u64>);

impl Witness for Auditor<'_> {
    fn told(&self) {
        self.0.set(self.0.get() + 1);
    }
}

pub(super) fn begun(slot: &Slot) -> bool {
    slot.begun.load() != 0
}

/// An error of the machinery, as the end of the run.
pub(super) fn failed(error: io::Error) -> Ended {
    Ended::Failed(error.to_string())
}

pub(super) fn allowed_processors() -> Result<Vec<usize>, String> {
    let this_thread = None;
    let allowed = sched_getaffinity(this_thread)
        .map_err(|error| format!("cannot tell which processors may be used: {error}"))?;
    Ok((0..CpuSet::MAX_CPU).filter(|number| allowed.is_set(*number)).collect())
}
