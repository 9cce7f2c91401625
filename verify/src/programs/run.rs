//! Draws programs, runs each, and makes the first that fails smaller.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use super::model::{Mistake, ProgramModel, Tally};
use super::program::{Death, Program};
use super::strategy::{Size, programs};
use crate::claim::{Budget, Progress, Silent};
use crate::explore::graph::{self, GraphSearch};
use crate::report::numbers::{count, counted};
use crate::trace::Counterexample;
use crate::verdict::{Bound, Finding, Verdict};

/// How many times a failing program is made smaller, at most.
const MOST_SHRINKS: u32 = 2_000;

/// Which programs are drawn, and how many.
#[derive(Clone, Copy, Debug)]
pub struct Draw {
    /// How many.
    pub programs: u32,
    /// How large.
    pub size: Size,
}

/// What running a program came to.
#[derive(Debug)]
pub(crate) enum Ran {
    /// Nothing is wrong.
    Well,
    /// Not all of it was run.
    CutShort,
    /// Something is wrong: what, and the execution that shows it.
    Wrong(Box<Counterexample>),
    /// There was no time for it.
    OutOfTime,
    /// It could not be run, for this reason.
    Failed(String),
}

/// Draws programs and has each one run, until one goes wrong; which is then made smaller. What came up in them is in `tally`, and has to
/// be something of everything that such programs can come to.
pub(crate) fn examine(
    draw: Draw,
    tally: &Tally,
    budget: &Budget,
    progress: &dyn Progress,
    run: &dyn Fn(&Program) -> Ran,
) -> Finding {
    let began = Instant::now();
    let state = RefCell::new(State::default());
    let result = runner(draw, budget.seed).run(&programs(draw.size), |program| {
        let mut state = state.borrow_mut();
        state.out_of_time |= budget.until.is_some_and(|until| Instant::now() >= until);
        if state.gives_up() {
            return Ok(());
        }
        state.run += 1;
        progress.report(u64::from(state.run), u64::from(draw.programs), "programs");
        match run(&program) {
            Ran::Well => Ok(()),
            Ran::CutShort => {
                state.cut_short += 1;
                Ok(())
            }
            Ran::OutOfTime => {
                state.out_of_time = true;
                Ok(())
            }
            Ran::Failed(why) => {
                state.failed = Some(why);
                Ok(())
            }
            Ran::Wrong(how) => {
                // The last one that failed is the smallest.
                state.wrong = Some((program, *how));
                Err(TestCaseError::fail("wrong"))
            }
        }
    });
    let state = state.into_inner();
    let verdict = match result {
        Err(TestError::Fail(..)) => Verdict::Counterexample,
        Err(TestError::Abort(why)) => Verdict::Vacuous { what: format!("a program: {why}") },
        Ok(()) if state.out_of_time => Verdict::Timeout { after: began.elapsed() },
        Ok(()) => match state.failed.clone().or_else(|| missing(tally, draw)) {
            Some(what) => Verdict::Vacuous { what },
            None => Verdict::Bounded(Bound {
                programs: Some(u64::from(draw.programs)),
                seed: Some(budget.seed),
                ..Bound::default()
            }),
        },
    };
    let mut finding = Finding::of(verdict);
    finding.executions = tally.executions.load(Relaxed);
    finding.notes = notes(tally, &state);
    finding.counterexample = state.wrong.map(|(program, how)| shown(&program, how));
    finding
}

#[derive(Default)]
struct State {
    run: u32,
    cut_short: u32,
    out_of_time: bool,
    failed: Option<String>,
    wrong: Option<(Program, Counterexample)>,
}

impl State {
    const fn gives_up(&self) -> bool {
        self.out_of_time || self.failed.is_some()
    }
}

fn runner(draw: Draw, seed: u64) -> TestRunner {
    let config = Config {
        cases: draw.programs,
        failure_persistence: None,
        max_shrink_iters: MOST_SHRINKS,
        // Most are dropped because somebody may wait for ever in them.
        max_local_rejects: u32::MAX,
        max_global_rejects: u32::MAX,
        ..Config::default()
    };
    let mut start = [0; 32];
    start[..8].copy_from_slice(&seed.to_le_bytes());
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &start))
}

/// What never came up, of all that has to.
fn missing(tally: &Tally, draw: Draw) -> Option<String> {
    let never = |what: &AtomicU64| what.load(Relaxed) == 0;
    let all = [
        (tally.slept.as_ref().is_some_and(never), "a sleep"),
        (never(&tally.refused), "a refusal"),
        (never(&tally.waited), "a wait at the condition variable"),
        (draw.size.deaths.is_some() && never(&tally.deaths), "a death"),
        (draw.size.deaths.is_some() && never(&tally.told), "a death that somebody is told of"),
    ];
    all.into_iter().find_map(|(never, what)| never.then(|| what.to_owned()))
}

fn notes(tally: &Tally, state: &State) -> Vec<String> {
    let of = |what: &AtomicU64| count(what.load(Relaxed));
    let sleeps = tally.slept.as_ref().map(|slept| format!("{} sleeps, ", of(slept)));
    let mut notes = vec![format!(
        "{}, {}: {}{} refusals, {} deaths, {} of them told to the next holder",
        counted(state.run as usize, "program"),
        counted(tally.executions.load(Relaxed) as usize, "execution"),
        sleeps.unwrap_or_default(),
        of(&tally.refused),
        of(&tally.deaths),
        of(&tally.told),
    )];
    if state.cut_short > 0 {
        notes.push(format!("of {}, not all was run", counted(state.cut_short as usize, "program")));
    }
    let unknown = tally.unknown.load(Relaxed);
    if unknown > 0 {
        let unknown = counted(unknown as usize, "outcome");
        notes.push(format!("{unknown} had too many orders to try them all: not judged"));
    }
    notes
}

fn shown(program: &Program, how: Counterexample) -> Counterexample {
    let why = format!("{}\n\nThe smallest program that was found:\n\n{program}", how.why);
    Counterexample { why, ..how }
}

/// Draws programs, and explores each with shuttle.
#[cfg(feature = "shuttle")]
pub fn by_shuttle(
    draw: Draw,
    schedules: u64,
    mistake: Mistake,
    budget: &Budget,
    progress: &dyn Progress,
) -> Finding {
    use crate::explore::shuttle::{Drawn, ShuttleSearch, explore};
    use crate::platform::{CrashPoint, Plan};

    let tally = Arc::new(Tally::of_sleeps());
    examine(draw, &tally, budget, progress, &|program| {
        let crash = program
            .death
            .map(|Death { process, before }| CrashPoint { thread: process as u32 + 1, before });
        let plan = Plan { crash, ..Plan::default() };
        let search = ShuttleSearch { drawn: Drawn::Random, schedules, plan };
        let model = Arc::new(ProgramModel::new(program.clone(), mistake, Arc::clone(&tally)));
        ran(explore(&model, "", search, budget, &Silent), budget)
    })
}

/// Draws programs, and explores all states of each.
pub fn by_states(
    draw: Draw,
    mistake: Mistake,
    budget: &Budget,
    progress: &dyn Progress,
) -> Finding {
    let tally = Arc::new(Tally::default());
    examine(draw, &tally, budget, progress, &|program| {
        let search = GraphSearch {
            deaths: program.death.is_some().into(),
            memory_limit: Some(ROOM),
            // The programs are small, and other claims want the processors.
            threads: Some(1),
            ..GraphSearch::default()
        };
        let model = Arc::new(ProgramModel::new(program.clone(), mistake, Arc::clone(&tally)));
        ran(graph::explore(&model, "", search, budget, &Silent), budget)
    })
}

/// How much memory the states of one program may take, in bytes.
const ROOM: usize = 100_000_000;

fn ran(found: Finding, budget: &Budget) -> Ran {
    let late = budget.until.is_some_and(|until| Instant::now() >= until);
    let cut_short = found.cut_short;
    match (found.verdict, found.counterexample) {
        (Verdict::Counterexample, Some(mut how)) => {
            // The command does not know the program, and could not show it again.
            how.replay.clear();
            Ran::Wrong(Box::new(how))
        }
        (Verdict::Timeout { .. }, _) if late => Ran::OutOfTime,
        (Verdict::Timeout { .. }, _) => Ran::CutShort,
        (Verdict::Vacuous { what }, _) => Ran::Failed(what),
        _ if cut_short => Ran::CutShort,
        _ => Ran::Well,
    }
}
