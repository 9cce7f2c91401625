//! An explorer of states: all of them, not all of the ways that lead there.
//!
//! loom and shuttle run whole executions, again and again. This one extracts from each thread's real code an automaton
//! ([`recorder`](crate::platform::recorder)), and searches the states of the automata together with a memory: C11's
//! weak one, or the sequentially consistent one. A death is a step like others, and so is an early return from a sleep; the
//! kernel's part in a death is modelled step by step.
//!
//! `docs/explorer.md` explains the idea, says what is covered and what is not, and names the literature.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lockproof::platform::Ordering;

use crate::claim::{Budget, MemoryModel, Progress};
use crate::model::Model;
use crate::platform::recorder::Play;
use crate::platform::{KernelRule, Kind, Mutation, Site, Sites};
use crate::verdict::{Bound, Finding, Verdict};

mod around;
mod audit;
mod automaton;
mod code;
mod cycles;
mod ending;
mod expand;
mod extract;
mod fences;
mod places;
mod program;
mod reach;
mod replay;
mod search;
mod state;
mod step;
mod store;
mod symmetry;
pub(crate) mod token;
mod trace;
mod view;
mod walks;

pub use cycles::Liveness;
pub use extract::{Automaton, End, Place, Step};
use program::Program;
use search::{Ended, Search};
use step::Stop;
pub use token::Token;

/// More words than this a model cannot have.
const MOST_WORDS: usize = 16;
/// Nor more cells.
const MOST_CELLS: usize = 8;
/// Nor more threads.
const MOST_THREADS: usize = MOST_PROCESSES;
/// How many processes a model can have.
pub const MOST_PROCESSES: usize = 8;
/// Nor may a word have more messages (values) at a time that somebody can still read.
pub const MOST_MESSAGES: usize = 64;

/// What threads see of the memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Memory {
    /// Whatever RC11 lets them see: stale values, stores in different orders.
    #[default]
    C11,
    /// The latest value, always. Orderings mean nothing, and every access synchronises.
    Sc,
}

impl Memory {
    /// As claims name it.
    pub(crate) const fn model(self) -> MemoryModel {
        match self {
            Self::C11 => MemoryModel::C11,
            Self::Sc => MemoryModel::Sc,
        }
    }
}

/// What to explore.
#[derive(Clone, Copy, Debug)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each can be left out by itself, to see that it changes nothing"
)]
pub struct GraphSearch {
    /// What threads see of the memory.
    pub memory: Memory,
    /// How many threads may die.
    pub deaths: u8,
    /// Which kernel cleans up after them.
    pub kernel: KernelRule,
    /// What the algorithm does wrong.
    pub mutation: Option<Mutation>,
    /// Who notes which operations there are.
    pub sites: Option<&'static Sites>,
    /// Whether to go on after a counterexample, to see all outcomes, and to find a way to each.
    pub all_outcomes: bool,
    /// Whether sleeps may end for no reason.
    pub early_returns: bool,
    /// Whether to look for data races, for which states have to tell who knows of which access.
    pub races: bool,
    /// Whether a lock in the robust lists of two processes is wrong. Not part of tokens: it always is there.
    pub lists: bool,
    /// Whether to ask of every state if the end can be reached from it.
    pub ending: bool,
    /// Whether to count the executions, too: the ways from the beginning to an end, where none goes round. With
    /// reductions, many are taken for one.
    pub executions: bool,
    /// What everybody is to be given for ever. States are then told apart by who is who.
    pub liveness: Option<Liveness>,
    /// So many executions chosen at random, instead of all states; where random choices start is the budget's to say.
    pub at_random: Option<u64>,
    /// How many messages (values) of a word there may be at a time that somebody can still read; no more than
    /// [`MOST_MESSAGES`]. What would lead to more is left out, and the verdict says so.
    pub messages: usize,
    /// How much memory the states may take, in bytes.
    pub memory_limit: Option<usize>,
    /// How many threads search; as many as there are processors where it is not said. What is found is the same.
    pub threads: Option<usize>,
    /// A reduction: states that differ in who is who are one.
    pub symmetry: bool,
    /// A reduction: stale messages are read only where that cannot have been done earlier.
    pub prune: bool,
    /// A reduction: what concerns its own thread alone is no step of its own.
    pub fuse: bool,
    /// A reduction: of the dead and the ended, only what they have noted is kept.
    pub merge_the_dead: bool,
    /// A reduction: messages that nobody can read, and knowledge of no use, are dropped.
    pub collect: bool,
    /// A reduction: marks in the code bring together what goes on alike.
    pub marks: bool,
    /// Whether the marks are audited after the search.
    pub audit: bool,
}

type Options = GraphSearch;

impl Default for GraphSearch {
    fn default() -> Self {
        Self {
            memory: Memory::C11,
            deaths: 0,
            kernel: KernelRule::default(),
            mutation: None,
            sites: None,
            all_outcomes: false,
            early_returns: true,
            races: true,
            lists: true,
            ending: true,
            executions: false,
            liveness: None,
            at_random: None,
            messages: MOST_MESSAGES,
            memory_limit: None,
            threads: None,
            symmetry: true,
            prune: true,
            fuse: true,
            merge_the_dead: true,
            collect: true,
            marks: true,
            audit: true,
        }
    }
}

impl GraphSearch {
    /// What claims are called that are found with this, after the model and its size.
    #[must_use]
    pub fn suffix(&self) -> String {
        let memory = matches!(self.memory, Memory::Sc).then(|| "/sc".to_owned());
        let kernel = matches!(self.kernel, KernelRule::Before62).then(|| "/old-kernel".to_owned());
        let liveness = self.liveness.map(|liveness| format!("/{}", liveness.name()));
        let drawn = self.at_random.map(|executions| format!("/random-{executions}"));
        [memory, kernel, liveness, drawn].into_iter().flatten().collect()
    }

    /// The same without any reduction.
    #[must_use]
    pub const fn plain(self) -> Self {
        Self {
            symmetry: false,
            prune: false,
            fuse: false,
            merge_the_dead: false,
            collect: false,
            marks: false,
            ..self
        }
    }
}

/// How large a state is.
#[derive(Clone, Copy, Debug)]
struct Shape {
    threads: usize,
    words: usize,
    cells: usize,
    /// What there is that states have to hold more for.
    needs: Needs,
}

/// What takes more room than other models need. It is found out as the search comes to it.
#[derive(Clone, Copy, Debug, Default)]
struct Needs {
    /// Fences, for which threads have to remember more.
    fences: bool,
    /// Sleepers that are moved to other words, for whom more has to be kept.
    requeues: bool,
}

/// An operation that a model's processes do, and where in the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Operation {
    /// What.
    pub kind: Kind,
    /// With which ordering, where it has one.
    pub order: Ordering,
    /// Where.
    pub site: Site,
}

/// What a search found out about the code that it ran.
#[derive(Clone, Debug, Default)]
pub struct Extracted {
    /// The first process's automaton, as far as the search has asked for it.
    pub automaton: Automaton,
    /// All that any process does, in the order of the source.
    pub operations: Vec<Operation>,
}

/// Explores a model's states.
pub fn explore<M: Model>(
    model: &Arc<M>,
    name: &str,
    search: GraphSearch,
    budget: &Budget,
    progress: &dyn Progress,
) -> Finding {
    let program: Arc<dyn Program> = Arc::<M>::clone(model);
    explore_program(&program, name, search, budget, progress)
}

fn explore_program(
    program: &Arc<dyn Program>,
    name: &str,
    search: GraphSearch,
    budget: &Budget,
    progress: &dyn Progress,
) -> Finding {
    explore_and(program, name, search, budget, progress, |_| ()).0
}

/// The same; with what was found comes what was found out about the code.
pub fn explore_and_extract<M: Model>(
    model: &Arc<M>,
    name: &str,
    search: GraphSearch,
    budget: &Budget,
    progress: &dyn Progress,
) -> (Finding, Extracted) {
    let program: Arc<dyn Program> = Arc::<M>::clone(model);
    let (finding, extracted) =
        explore_and(&program, name, search, budget, progress, Search::extracted);
    (finding, extracted.unwrap_or_default())
}

/// Shows an execution again: where it is wrong, a counterexample; where it comes to an end, a way to its result.
///
/// # Errors
///
/// Why there is no such execution of this model, in words.
pub fn replay<M: Model>(
    model: &Arc<M>,
    token: &Token,
    budget: &Budget,
    progress: &dyn Progress,
) -> Result<Finding, String> {
    let program: Arc<dyn Program> = Arc::<M>::clone(model);
    replay_program(&program, token, budget, progress)
}

fn replay_program(
    program: &Arc<dyn Program>,
    token: &Token,
    budget: &Budget,
    progress: &dyn Progress,
) -> Result<Finding, String> {
    let mut needs = Needs::default();
    loop {
        let play = Play { mutation: None, without_marks: !token.search.marks, sites: None };
        let mut search = Search::new(program, play, &token.search, needs)?;
        match search.replay(token, budget, progress) {
            Ok(replayed) => return Ok(replayed.finding()),
            Err(Stop::Fences) => needs.fences = true,
            Err(Stop::Requeues) => needs.requeues = true,
            Err(Stop::Refused(why)) => return Err(why),
            Err(stop) => return Err(format!("it cannot be shown again: {stop:?}")),
        }
    }
}

/// Explores, and asks the search that came to an end for something.
fn explore_and<T>(
    program: &Arc<dyn Program>,
    name: &str,
    search: GraphSearch,
    budget: &Budget,
    progress: &dyn Progress,
    ask: impl Fn(&mut Search) -> T,
) -> (Finding, Option<T>) {
    let mut options = search;
    options.symmetry &= program.is_interchangeable() && options.liveness.is_none();
    options.ending &= !program.is_endless() && options.at_random.is_none();
    options.executions &= options.at_random.is_none();
    options.liveness = options.liveness.filter(|_| options.at_random.is_none());
    let mut needs = Needs::default();
    loop {
        let GraphSearch { mutation, sites, .. } = options;
        let play = Play { mutation, without_marks: !options.marks, sites };
        let mut search = match Search::new(program, play, &options, needs) {
            Ok(search) => search,
            Err(why) => return (refused(why), None),
        };
        let ended = search.run(name, budget, progress);
        match ended {
            Ended::Stopped(Stop::Fences) => needs.fences = true,
            Ended::Stopped(Stop::Requeues) => needs.requeues = true,
            Ended::Stopped(Stop::NotInterchangeable) => options.symmetry = false,
            ended => {
                let (finding, asked) = match ended {
                    // Perhaps it was a wrong mark that has misled the search.
                    Ended::Stopped(Stop::Refused(why)) => (refused(why), None),
                    ended => (search.finding(&ended, budget.seed), Some(ask(&mut search))),
                };
                let audited = (options.marks && options.audit).then(|| search.audit(budget.seed));
                return (with_audit(finding, audited), asked);
            }
        }
    }
}

/// What was found, if the marks are right, and how they were audited. Where they are not, nothing can be believed.
fn with_audit(mut finding: Finding, audited: Option<Result<String, String>>) -> Finding {
    match audited {
        None => finding,
        Some(Ok(note)) => {
            finding.notes.push(note);
            finding
        }
        Some(Err(why)) => Finding {
            verdict: Verdict::Vacuous { what: format!("{BELIEVED}: {why}") },
            outcomes: BTreeMap::new(),
            witnesses: BTreeMap::new(),
            counterexample: None,
            ..finding
        },
    }
}

/// What there never was where a mark's token leaves something out.
const BELIEVED: &str = "an exploration to be believed";

/// Whether the audit has found that a mark brings together what goes on differently.
#[must_use]
pub fn is_distrusted(finding: &Finding) -> bool {
    matches!(&finding.verdict, Verdict::Vacuous { what } if what.starts_with(BELIEVED))
}

fn refused(why: String) -> Finding {
    Finding::of(Verdict::Vacuous { what: format!("an exploration: {why}") })
}

fn bound(options: &Options) -> Bound {
    Bound { deaths: (options.deaths > 0).then_some(options.deaths.into()), ..Bound::default() }
}

fn timeout(after: Duration) -> Verdict {
    Verdict::Timeout { after }
}
