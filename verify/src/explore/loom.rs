//! loom as an explorer: every execution of a model, with the futex's and the deaths' own choices around it.
//!
//! One exploration is many of loom's: one without any trouble; one per wait that returns early; or, where processes
//! die, one per point of death, and with it per wait that returns early, unless there is a bound anyway. Each of these is
//! done once more with the other wake order wherever two slept at once. The verdict is `Exhausted` only if each of them
//! ran to its end without a bound. It then covers one early return and one death in an execution, not several of
//! either, and one wake order throughout.
//!
//! A death in the middle of a sleep is none of its own. Who dies asleep and unwoken has done nothing in the queue, as if
//! it had died before the wait, and the kernel's part had come late. Who was woken and dies before it runs dies before
//! its next step.
//!
//! A counterexample is looked for again with as few preemptions as will do, since people have to read it. loom tries executions
//! in an order that is always the same, so one is shown again by going as far as it once more.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::failure::{Failure, OutOfTime, read};
use super::named::{LOST, Named};
use super::quiet::catch_quietly;
use super::run::{Run, Shared};
use super::tally::Tally;
use crate::claim::{Budget, Progress};
use crate::model::{Log, Model};
use crate::platform::loom::LoomWorld;
use crate::platform::{
    Control, CrashPoint, Decorated, Interruption, KernelRule, Mutation, Plan, Sites, WakeOrder,
    World,
};
use crate::verdict::{Bound, Finding, Verdict};

/// A step limit for each execution: a lock that spins for ever ends here. Ten times what our models need.
const MOST_BRANCHES: usize = 5_000;

/// Where there is no bound, a counterexample is looked for with fewer preemptions than this.
const MOST_WHEN_SHORTENING: usize = 4;

/// What to explore.
#[derive(Clone, Copy, Debug, Default)]
pub struct LoomSearch {
    /// At most so many preemptions, as loom counts them: it counts one too where another process than the first begins,
    /// and at its bound no longer tries who goes on where a process ends or blocks. `None` for all there are.
    pub preemptions: Option<usize>,
    /// Whether one process dies, at every step in turn.
    pub deaths: bool,
    /// Only before this step, counted from zero: to go straight to a death that is known to matter.
    pub only_death: Option<usize>,
    /// Which kernel cleans up after it.
    pub kernel: KernelRule,
    /// What the algorithm does wrong.
    pub mutation: Option<Mutation>,
    /// Whether a counterexample is expected: then fewer preemptions are tried first, as it has to be short.
    pub shortest_first: bool,
    /// Where to write down the source sites that are passed.
    pub sites: Option<&'static Sites>,
    /// Whether to go on after a counterexample, to see all outcomes.
    pub all_outcomes: bool,
}

/// Explores a model with loom.
pub fn explore<M: Model>(
    model: &Arc<M>,
    name: &str,
    search: LoomSearch,
    budget: &Budget,
    progress: &dyn Progress,
) -> Finding {
    let begin = {
        let model = Arc::clone(model);
        move |p: &Inside| Arc::new(Shared::new(&model, p)) as Arc<dyn Run<Inside>>
    };
    let program = Program { model: Arc::<M>::clone(model), begin: Arc::new(begin) };
    explore_program(program, name, search, budget, progress)
}

fn explore_program(
    program: Program,
    name: &str,
    search: LoomSearch,
    budget: &Budget,
    progress: &dyn Progress,
) -> Finding {
    let tally = Arc::new(Tally::new(&*program.model, budget));
    let mut explorer = Explorer { program, name, search, tally: Arc::clone(&tally), only: None };
    if let Some(only) = &budget.only {
        let shown = tally.watched(progress, 0, || explorer.again(only));
        drop(explorer);
        return match shown {
            Ok(()) => tally.finding(Ok(Verdict::Counterexample)),
            Err(what) => Finding::of(Verdict::Vacuous { what }),
        };
    }
    let searched = tally.watched(progress, 0, || explorer.search());
    drop(explorer);
    let bound = Bound {
        preemptions: search.preemptions,
        deaths: search.deaths.then_some(1),
        ..Bound::default()
    };
    let verdict = match (search.preemptions, search.only_death) {
        (None, None) => Verdict::Exhausted,
        _ => Verdict::Bounded(bound),
    };
    tally.finding(searched.map(|_| verdict))
}

/// The world that a model's processes see.
type Inside = Decorated<LoomWorld>;

type Begin = dyn Fn(&Inside) -> Arc<dyn Run<Inside>> + Send + Sync;

/// A model, whichever it is, and how an execution of it begins.
#[derive(Clone)]
struct Program {
    model: Arc<dyn Model>,
    begin: Arc<Begin>,
}

struct Explorer<'a> {
    program: Program,
    name: &'a str,
    search: LoomSearch,
    tally: Arc<Tally>,
    /// The number of the only execution that is of interest, if it is one.
    only: Option<u64>,
}

/// One of loom's own explorations.
#[derive(Clone, Copy, Debug, Default)]
struct Variant {
    order: WakeOrder,
    interruption: Option<Interruption>,
    crash: Option<CrashPoint>,
    preemptions: Option<usize>,
}

/// What one of them showed that decides on the next ones.
#[derive(Default)]
struct Shown {
    order_mattered: AtomicBool,
    somebody_died: AtomicBool,
    /// How many waits each thread began at most, by thread id.
    waits: Mutex<Vec<usize>>,
}

impl Shown {
    fn waits(&self) -> MutexGuard<'_, Vec<usize>> {
        // A violation unwinds through here; what is inside is never half-changed.
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Explorer<'_> {
    fn search(&mut self) -> Result<(), Failure> {
        if self.search.shortest_first {
            return self.shortest_first();
        }
        let searched = self.all_variants();
        if matches!(searched, Err(Failure::Broken(_))) {
            self.shorten();
        }
        searched
    }

    fn all_variants(&mut self) -> Result<(), Failure> {
        let first = Variant { preemptions: self.search.preemptions, ..Variant::default() };
        let shown = self.run(first)?;
        if self.search.deaths { self.deaths(first) } else { self.interruptions(first, &shown) }
    }

    /// Each wait of each process returns early, one at a time.
    fn interruptions(&mut self, variant: Variant, shown: &Shown) -> Result<(), Failure> {
        let kinds: &[bool] =
            if self.program.model.has_deadlines() { &[false, true] } else { &[false] };
        let waits = shown.waits().clone();
        // Where the first of all that do the same dies, the second one stands for those that live.
        for thread in self.one_for_all(1 + u32::from(variant.crash.is_some())) {
            for wait in 0..waits.get(thread as usize).copied().unwrap_or(0) {
                for timed_out in kinds {
                    let interruption = Interruption { thread, wait, timed_out: *timed_out };
                    self.run(Variant { interruption: Some(interruption), ..variant })?;
                }
            }
        }
        Ok(())
    }

    /// Each process dies before each of its steps in turn, until it ends in every execution before it would die.
    fn deaths(&mut self, first: Variant) -> Result<(), Failure> {
        for thread in self.one_for_all(1) {
            if !self.program.model.is_mortal(thread as usize - 1) {
                continue;
            }
            let (first_step, last_step) =
                self.search.only_death.map_or((0, usize::MAX), |only| (only, only));
            for before in first_step..=last_step {
                let variant = Variant { crash: Some(CrashPoint { thread, before }), ..first };
                let shown = self.run(variant)?;
                if !shown.somebody_died.load(Relaxed) {
                    break;
                }
                if self.search.preemptions.is_none() {
                    self.interruptions(variant, &shown)?;
                }
            }
        }
        Ok(())
    }

    /// The processes that have to be tried: the first ones stand for all, if all do the same.
    fn one_for_all(&self, first: u32) -> std::ops::RangeInclusive<u32> {
        let all = self.program.model.processes() as u32;
        1..=if self.program.model.is_symmetric() { first.min(all) } else { all }
    }

    /// Both wake orders of a variant; one of them if never two slept at once, since then they are the same.
    fn run(&mut self, variant: Variant) -> Result<Arc<Shown>, Failure> {
        let shown = self.in_one_order(variant)?;
        if shown.order_mattered.load(Relaxed) {
            let last_in = Variant { order: WakeOrder::Lifo, ..variant };
            let other = self.in_one_order(last_in)?;
            shown.somebody_died.fetch_or(other.somebody_died.load(Relaxed), Relaxed);
            raise(&mut shown.waits(), &other.waits());
        }
        Ok(shown)
    }

    fn in_one_order(&mut self, variant: Variant) -> Result<Arc<Shown>, Failure> {
        let shown = Arc::new(Shown::default());
        let named = self.named(variant);
        let run = self.execution(variant, Arc::clone(&shown), named.clone());
        let mut checker = loom::model::Builder::new();
        checker.max_branches = MOST_BRANCHES;
        checker.preemption_bound = variant.preemptions;
        // loom's own limits end in silence, as if all had been seen.
        checker.max_permutations = None;
        checker.max_duration = None;
        if let Err(panic) = catch_quietly(|| checker.check(run)) {
            let failure = read(&*panic);
            if let Failure::Broken(why) = &failure {
                self.tally.broke(why, &named);
            }
            return Err(failure);
        }
        Ok(shown)
    }

    /// The closure of one execution.
    fn execution(
        &self,
        variant: Variant,
        shown: Arc<Shown>,
        named: impl Fn(u64) -> String + Send + Sync + 'static,
    ) -> impl Fn() + Send + Sync + 'static {
        let plan = Plan {
            crash: variant.crash,
            mutation: self.search.mutation,
            kernel: self.search.kernel,
            sites: self.search.sites,
        };
        let (program, tally) = (self.program.clone(), Arc::clone(&self.tally));
        let (only, all_outcomes) = (self.only, self.search.all_outcomes);
        move || {
            let control = Arc::new(Control::new(plan));
            let number = tally.begin(&control);
            let machine =
                LoomWorld::new(variant.order, variant.interruption, program.model.processes());
            let log = Arc::new(Log::default());
            let outcome = run_processes(&program, &machine, &control, &log);
            let facts = control.facts();
            shown.order_mattered.fetch_or(machine.order_mattered(), Relaxed);
            shown.somebody_died.fetch_or(facts.deaths > 0, Relaxed);
            raise(&mut shown.waits(), &machine.waits());
            if only.is_some_and(|only| number < only) {
                return;
            }
            match tally.end(outcome, &log, &facts, &named) {
                Some(why) if !all_outcomes => crate::model::violated(why),
                // What comes after it is not asked for.
                None if only.is_some() => std::panic::panic_any(OutOfTime),
                _ => {}
            }
        }
    }

    /// Allows one preemption more after each search without a counterexample.
    fn shortest_first(&mut self) -> Result<(), Failure> {
        let most = self.search.preemptions;
        for preemptions in 0..most.unwrap_or(MOST_WHEN_SHORTENING) {
            self.search.preemptions = Some(preemptions);
            self.all_variants()?;
        }
        self.search.preemptions = most;
        self.all_variants()
    }

    /// Looks again for a counterexample that was found, with fewer preemptions.
    fn shorten(&mut self) {
        let found = self.tally.take_counterexample();
        for preemptions in 0..self.search.preemptions.unwrap_or(MOST_WHEN_SHORTENING) {
            self.search.preemptions = Some(preemptions);
            match self.all_variants() {
                Ok(()) => {}
                Err(Failure::Broken(_)) => return,
                Err(Failure::OutOfTime) => break,
            }
        }
        if let Some(found) = found {
            self.tally.put_back(found);
        }
    }

    /// Runs one execution again, after those that loom tries before it.
    fn again(&mut self, only: &Named) -> Result<(), String> {
        let lost = || LOST.to_owned();
        let variant = only.name.strip_prefix(self.name).and_then(Variant::read).ok_or_else(lost)?;
        let [number] = only.which[..] else { return Err(lost()) };
        self.only = Some(number as u64);
        self.search.all_outcomes = false;
        match self.in_one_order(variant) {
            Err(Failure::Broken(_)) if self.tally.executions() == number as u64 => Ok(()),
            _ => Err(lost()),
        }
    }

    /// What names an execution of a variant that begins now.
    fn named(&self, variant: Variant) -> impl Fn(u64) -> String + Clone + Send + Sync + 'static {
        let (name, before) = (format!("{}{variant}", self.name), self.tally.executions());
        move |number| {
            let which = vec![(number - before) as usize];
            Named { name: name.clone(), which }.to_string()
        }
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.order == WakeOrder::Fifo { "/fifo" } else { "/lifo" })?;
        if let Some(preemptions) = self.preemptions {
            write!(f, "/preemptions={preemptions}")?;
        }
        if let Some(i) = self.interruption {
            write!(f, "/early={}.{}.{}", i.thread, i.wait, u8::from(i.timed_out))?;
        }
        if let Some(crash) = self.crash {
            write!(f, "/dies={}.{}", crash.thread, crash.before)?;
        }
        Ok(())
    }
}

impl Variant {
    /// What is written like that.
    fn read(text: &str) -> Option<Self> {
        let mut variant = Self::default();
        for part in text.strip_prefix('/')?.split('/') {
            let (what, numbers) = part.split_once('=').unwrap_or((part, ""));
            let numbers: Vec<usize> = numbers.split('.').map_while(|n| n.parse().ok()).collect();
            match (what, &numbers[..]) {
                ("fifo", []) => variant.order = WakeOrder::Fifo,
                ("lifo", []) => variant.order = WakeOrder::Lifo,
                ("preemptions", [most]) => variant.preemptions = Some(*most),
                ("early", [thread, wait, late]) => {
                    let thread = (*thread).try_into().ok()?;
                    let timed_out = *late == 1;
                    variant.interruption = Some(Interruption { thread, wait: *wait, timed_out });
                }
                ("dies", [thread, before]) => {
                    let thread = (*thread).try_into().ok()?;
                    variant.crash = Some(CrashPoint { thread, before: *before });
                }
                _ => return None,
            }
        }
        Some(variant)
    }
}

/// Raises each of `most` to the one in `counts`.
fn raise(most: &mut Vec<usize>, counts: &[usize]) {
    most.resize(most.len().max(counts.len()), 0);
    for (most, count) in most.iter_mut().zip(counts) {
        *most = (*most).max(*count);
    }
}

fn run_processes(
    program: &Program,
    machine: &LoomWorld,
    control: &Arc<Control>,
    log: &Arc<Log>,
) -> crate::model::Outcome {
    let main = Decorated::new(machine.clone(), Arc::clone(control));
    let processes = program.model.processes();
    let run = (program.begin)(&main);
    let (ended, waiting) = (Arc::new(AtomicUsize::new(0)), loom::thread::current());
    for index in 0..processes {
        let (p, machine) = (main.as_thread(index as u32 + 1), machine.clone());
        let (run, log) = (Arc::clone(&run), Arc::clone(log));
        let (ended, waiting) = (Arc::clone(&ended), waiting.clone());
        loom::thread::spawn(move || {
            p.run_mortal(|p| run.process(p, index, &log));
            machine.process_ended();
            ended.fetch_add(1, Relaxed);
            waiting.unpark();
        });
    }
    // Not `join`: that is an operation on an object, and loom would explore its order with everything else.
    // `unpark` hands over the process's history as `join` would.
    while ended.load(Relaxed) < processes {
        loom::thread::park();
    }
    control.slept(machine.sleeps());
    let last = main.as_thread(processes as u32 + 1);
    run.end(&last, log, control.facts())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variant_that_was_written_can_be_read() {
        for text in [
            "/fifo",
            "/lifo/preemptions=2",
            "/fifo/early=1.0.1/dies=2.13",
            "/fifo/preemptions=0/dies=1.0",
        ] {
            let read = Variant::read(text).map(|variant| variant.to_string());
            assert_eq!(read.as_deref(), Some(text));
        }
        for text in ["", "fifo", "/fifo/", "/fifo/dies=1", "/random", "/fifo/bound-3"] {
            assert!(Variant::read(text).is_none(), "{text}");
        }
    }
}
