//! shuttle as an explorer: schedules drawn at random, or by PCT, from a seed.

use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use shuttle::scheduler::{self, PctScheduler, RandomScheduler};
use shuttle::{Config, FailurePersistence, MaxSteps, Runner};

use super::failure::{Failure, STUCK, read, why};
use super::named::{LOST, Named};
use super::quiet::catch_quietly;
use super::run::{Run, Shared};
use super::tally::Tally;
use crate::claim::{Budget, Progress};
use crate::model::{Log, Model, Outcome, violated};
use crate::platform::shuttle::ShuttleWorld;
use crate::platform::{Control, Decorated, GivenUp, Plan, WakeOrder, World};
use crate::verdict::{Bound, Finding, Scheduler, Verdict};

/// A step limit for each execution, far above what the largest of our models needs.
const MOST_STEPS: usize = 200_000;

/// How schedules are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drawn {
    /// Each step by a throw of dice.
    Random,
    /// By priorities with this many changes (Burckhardt et al., ASPLOS 2010).
    Pct(usize),
}

/// What to explore.
#[derive(Clone, Copy, Debug)]
pub struct ShuttleSearch {
    /// How schedules are drawn.
    pub drawn: Drawn,
    /// How many of them.
    pub schedules: u64,
    /// What happens beside the model.
    pub plan: Plan,
}

/// Explores a model with shuttle.
pub fn explore<M>(
    model: &Arc<M>,
    name: &str,
    search: ShuttleSearch,
    budget: &Budget,
    progress: &dyn Progress,
) -> Finding
where
    M: Model,
    M::Shared<Decorated<ShuttleWorld>>: Send + Sync,
{
    let begin = {
        let model = Arc::clone(model);
        move |p: &Inside| Arc::new(Shared::new(&model, p)) as Arc<Running>
    };
    let program = Program { model: Arc::<M>::clone(model), begin: Arc::new(begin) };
    explore_program(program, name, search, budget, progress)
}

/// The world that a model's processes see.
type Inside = Decorated<ShuttleWorld>;
type Running = dyn Run<Inside> + Send + Sync;
type Begin = dyn Fn(&Inside) -> Arc<Running> + Send + Sync;

/// A model, whichever it is, and how an execution of it begins.
struct Program {
    model: Arc<dyn Model>,
    begin: Arc<Begin>,
}

fn explore_program(
    program: Program,
    name: &str,
    search: ShuttleSearch,
    budget: &Budget,
    progress: &dyn Progress,
) -> Finding {
    let tally = Arc::new(Tally::new(&*program.model, budget));
    let (seed, schedules) = (budget.seed, search.schedules as usize);
    let scheduler = match search.drawn {
        Drawn::Random => Scheduler::Random,
        Drawn::Pct(_) => Scheduler::Pct,
    };
    if let Some(only) = &budget.only {
        return again(program, name, search.plan, &tally, only);
    }
    let turns = Turns::default();
    let replay = turns.names(name);
    let run = execution(program, &tally, search.plan, replay.clone());
    let schedule = || match search.drawn {
        Drawn::Random => {
            run_all(RandomScheduler::new_from_seed(seed, schedules), turns, budget, run);
        }
        Drawn::Pct(depth) => {
            run_all(PctScheduler::new_from_seed(seed, depth, schedules), turns, budget, run);
        }
    };
    let result = tally.watched(progress, search.schedules, || catch_quietly(schedule));
    let searched = match result.map_err(|panic| read(&*panic)) {
        Err(Failure::Broken(why)) => {
            tally.broke(&why, &replay);
            Err(Failure::Broken(why))
        }
        Err(failure) => Err(failure),
        Ok(()) if tally.executions() < search.schedules => Err(Failure::OutOfTime),
        Ok(()) => Ok(Verdict::Bounded(Bound {
            schedules: Some(search.schedules),
            scheduler: Some(scheduler),
            seed: Some(seed),
            ..Bound::default()
        })),
    };
    tally.finding(searched)
}

/// Runs one execution again.
fn again(program: Program, name: &str, plan: Plan, tally: &Arc<Tally>, only: &Named) -> Finding {
    let lost = || Finding::of(Verdict::Vacuous { what: LOST.to_owned() });
    if only.name != name || !only.which.len().is_multiple_of(2) {
        return lost();
    }
    let replay = {
        let only = only.clone();
        move |_| only.to_string()
    };
    let run = execution(program, tally, plan, replay.clone());
    let follows = Follows { turns: only.which.clone(), at: 0, is_new: true };
    let unhurried = Budget::seeded(0);
    let shown = catch_quietly(|| run_all(follows, Turns::default(), &unhurried, run));
    if let Err(Failure::Broken(why)) = shown.map_err(|panic| read(&*panic)) {
        tally.broke(&why, &replay);
    }
    let finding = tally.finding(Ok(Verdict::Passed));
    if finding.counterexample.is_some() { finding } else { lost() }
}

/// Who went on at each step of the execution under way, and for how many steps, by turns.
#[derive(Clone, Debug, Default)]
struct Turns(Arc<Mutex<Vec<usize>>>);

/// Nobody copies what is longer than so many turns.
const MOST_TURNS: usize = 20_000;

impl Turns {
    fn goes_on(&self, task: usize) {
        let mut turns = self.lock();
        match turns.as_mut_slice() {
            [.., last, steps] if *last == task => *steps += 1,
            _ => turns.extend([task, 1]),
        }
    }

    /// What names the execution under way, of that exploration; nothing, if that would be far too long.
    fn names(&self, name: &str) -> impl Fn(u64) -> String + Clone + Send + Sync + 'static {
        let (turns, name) = (self.clone(), name.to_owned());
        move |_| {
            let which = turns.lock().clone();
            if which.len() > MOST_TURNS {
                return String::new();
            }
            Named { name: name.clone(), which }.to_string()
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<usize>> {
        // A violation unwinds through here; what is inside is never half-changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Draws as another does, writes down who goes on, and says nothing at its end: shuttle's own prints the seed of each failure.
struct Quiet<S>(ManuallyDrop<S>, Turns);

impl<S: scheduler::Scheduler> scheduler::Scheduler for Quiet<S> {
    fn new_execution(&mut self) -> Option<scheduler::Schedule> {
        self.1.lock().clear();
        self.0.new_execution()
    }

    fn next_task(
        &mut self,
        runnable: &[&scheduler::Task],
        current: Option<scheduler::TaskId>,
        is_yielding: bool,
    ) -> Option<scheduler::TaskId> {
        let next = self.0.next_task(runnable, current, is_yielding);
        next.into_iter().for_each(|task| self.1.goes_on(task.into()));
        next
    }

    fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }
}

/// Lets those go on who did before. It ends where one of them cannot.
struct Follows {
    /// Who, and for how many steps, by turns.
    turns: Vec<usize>,
    at: usize,
    is_new: bool,
}

impl scheduler::Scheduler for Follows {
    fn new_execution(&mut self) -> Option<scheduler::Schedule> {
        std::mem::take(&mut self.is_new).then(|| scheduler::Schedule::new(0))
    }

    fn next_task(
        &mut self,
        runnable: &[&scheduler::Task],
        _: Option<scheduler::TaskId>,
        _: bool,
    ) -> Option<scheduler::TaskId> {
        let mut runnable = runnable.iter().map(|task| task.id());
        let Some([task, steps]) = self.turns.get_mut(self.at..self.at + 2) else {
            // It has been shown, and comes to its end in whatever order.
            return runnable.next();
        };
        let next = runnable.find(|id| usize::from(*id) == *task)?;
        *steps = steps.saturating_sub(1);
        if *steps == 0 {
            self.at += 2;
        }
        Some(next)
    }

    fn next_u64(&mut self) -> u64 {
        0
    }
}

/// Lets shuttle install its panic hook, which it does at its first run.
pub(super) fn install_hook() {
    Runner::new(RandomScheduler::new_from_seed(0, 1), Config::new()).run(|| {});
}

fn run_all(
    scheduler: impl scheduler::Scheduler + 'static,
    turns: Turns,
    budget: &Budget,
    run: impl Fn() + Send + Sync + 'static,
) {
    let mut config = Config::new();
    config.failure_persistence = FailurePersistence::None;
    config.max_steps = MaxSteps::FailAfter(MOST_STEPS);
    config.silence_warnings = true;
    config.max_time = budget.until.map(|until| until.saturating_duration_since(Instant::now()));
    config.ungraceful_shutdown_config.immediately_return_on_panic = true;
    Runner::new(Quiet(ManuallyDrop::new(scheduler), turns), config).run(run);
}

fn execution(
    program: Program,
    tally: &Arc<Tally>,
    plan: Plan,
    replay: impl Fn(u64) -> String + Send + Sync + 'static,
) -> impl Fn() + Send + Sync + 'static {
    let tally = Arc::clone(tally);
    move || {
        if tally.is_stopped() {
            return;
        }
        let control = Arc::new(Control::new(plan));
        tally.begin(&control);
        let machine = ShuttleWorld::new(WakeOrder::Fifo, program.model.processes());
        let log = Arc::new(Log::default());
        match run_processes(&program, &machine, &control, &log) {
            Ok(outcome) => {
                if tally.end(outcome, &log, &control.facts(), &replay).is_some() {
                    tally.stop();
                }
            }
            Err(why) => {
                tally.broke(&why, &replay);
                tally.stop();
            }
        }
    }
}

/// What went wrong first in an execution, in words. A panic that left its task would be told of on stderr by shuttle itself, each time.
#[derive(Clone, Debug, Default)]
struct First(Arc<Mutex<Option<String>>>);

impl First {
    fn is(&self, why: String) {
        self.lock().get_or_insert(why);
    }

    fn lock(&self) -> MutexGuard<'_, Option<String>> {
        // Nothing panics while it is locked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn run_processes(
    program: &Program,
    machine: &ShuttleWorld,
    control: &Arc<Control>,
    log: &Arc<Log>,
) -> Result<Outcome, String> {
    let first = First::default();
    let main = Decorated::new(machine.clone(), Arc::clone(control));
    let processes = program.model.processes();
    let run = (program.begin)(&main);
    let threads: Vec<_> = (0..processes)
        .map(|index| {
            let (p, machine) = (main.as_thread(index as u32 + 1), machine.clone());
            let (run, log, first) = (Arc::clone(&run), Arc::clone(log), first.clone());
            shuttle::thread::spawn(move || {
                let process = || p.run_mortal(|p| run.process(p, index, &log));
                if let Err(panic) = catch_unwind(AssertUnwindSafe(process))
                    && !panic.is::<GivenUp>()
                {
                    first.is(why(&*panic));
                    machine.give_up();
                }
                machine.process_ended();
            })
        })
        .collect();
    for thread in threads {
        if thread.join().is_err() {
            violated("a process panicked");
        }
    }
    if machine.is_stuck() {
        first.is(STUCK.to_owned());
    }
    if let Some(why) = first.lock().take() {
        return Err(why);
    }
    control.slept(machine.sleeps());
    let last = main.as_thread(processes as u32 + 1);
    Ok(run.end(&last, log, control.facts()))
}
