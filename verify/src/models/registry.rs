//! The models by name: what `lockproof explore` explores.

use std::marker::PhantomData;
use std::sync::Arc;

use super::again::{self, AgainModel};
use super::another::{Abandoned, AnotherModel, First, Place};
use super::any;
use super::barrier::{self, BarrierModel};
use super::broken::barrier::OneCountBarrier;
use super::broken::condvar::UnannouncedCondvar;
use super::broken::downgrade::Downgrading;
use super::broken::event::TrustedWake;
use super::broken::once::UntoldOnce;
use super::broken::others::{Drepper, GlibcRobust};
use super::broken::queue::LateQueue;
use super::broken::reentrant::Uncounted;
use super::broken::rwlock::RelaxedReaders;
use super::broken::semaphore::FirstPermit;
use super::broken::spinning::{TestAndSet, Ticket};
use super::broken::tasks::CountedTasks;
use super::condvar::{self, CondvarModel};
use super::counter::{CounterModel, Way};
use super::endless::EndlessModel;
use super::event::{EventModel, Use};
use super::init::InitModel;
use super::lock::{Lock, Shipped};
use super::mutex::{DeadlineModel, MutexModel, NotRecoverableModel};
use super::queue::{self, QueueModel};
use super::recovery::{self, RecoveryModel};
use super::replaced::ReplacedModel;
use super::rwlock::{self, RwLockModel};
use super::rwlock_endless::EndlessRwLockModel;
use super::scenarios::append::{self, AppendModel};
use super::scenarios::csv::CsvModel;
use super::scenarios::jobs::JobsModel;
use super::scenarios::tickets::TicketsModel;
use super::scenarios::workers::WorkersModel;
use super::semaphore::{self, SemaphoreModel};
use super::spans::{self, Mistake, SpanModel};
use super::tasks::{self, TasksModel};
use crate::claim::{Budget, Progress};
use crate::explore::graph::{self, Extracted, GraphSearch, MOST_PROCESSES, Token};
#[cfg(feature = "loom")]
use crate::explore::loom::{self, LoomSearch};
#[cfg(feature = "shuttle")]
use crate::explore::shuttle::{self, ShuttleSearch};
use crate::model::Model;
#[cfg(feature = "shuttle")]
use crate::platform::{Decorated, shuttle::ShuttleWorld};
use crate::report::numbers::counted;
use crate::verdict::{Finding, Verdict};

mod zoo;

pub(super) const KEEPS_COUNT: &str = "exclusion, no lost update, everybody gets there";
pub(super) const SURVIVES: &str =
    "nobody hangs and nothing is lost when one dies at any step, and one is told";
pub(super) const GIVES_EACH_ONCE: &str = "whoever replaces a value is given it, and nobody else is";
pub(super) const TELLS_OF_PANICS: &str =
    "a panic in the critical section is told to the next holder, once";
pub(super) const TAKES_NO_WAKE: &str = "a waiter that gives up takes no wake with it";
pub(super) const TAKES_NO_PERMIT: &str = "one that gives up takes no permit and no wake with it";
pub(super) const REFUSES_ALL: &str = "a lock given up for good refuses everybody, sleepers too";
pub(super) const BUILDS_ONCE: &str = "one builds it, everybody finds it whole";
pub(super) const BUILDS_AGAIN: &str =
    "a builder that dies half-way is followed by another, and nobody hangs";

pub(super) const ANNOUNCES: &str =
    "whoever waits is released, and sees what was written before, whoever dies";
pub(super) const GIVES_UP_WAITING: &str =
    "one that gives up waiting keeps nobody else from being released";
pub(super) const RELEASES_ALL: &str = "set and cleared at once, it releases everybody who waits";
pub(super) const LOSES_NONE: &str = "whoever clears it and then looks misses nothing";
pub(super) const WAITS_FOR_IT: &str = "nobody waits in vain for what is there";
pub(super) const EATS_NONE: &str = "nobody who dies takes a notification with it";
pub(super) const COMES_OUT: &str = "everything comes out once and in order, nobody waits in vain";
pub(super) const LOSES_ONE: &str =
    "nobody hangs when one dies at any step, and no more is lost than what that one had in hand";
pub(super) const COMES_OUT_WHOLE: &str =
    "what goes in at once comes out whole, once and in order, nobody waits in vain";
pub(super) const LOSSES_COUNTED: &str =
    "nobody hangs when one dies at any step, and what it lost, no part of more, is counted";
pub(super) const MEETS: &str =
    "nobody gets past before all have arrived, and all do, or all are told why not";
pub(super) const MEETS_LIVING: &str =
    "nobody hangs when one dies at any step: a generation is complete for all, or all are told";
pub(super) const BREAKS: &str = "once it is broken, whoever waits is told, and sees why";
pub(super) const TELLS: &str = "all who wait for one that is dead are told, whoever else dies";
pub(super) const MEETS_AGAIN: &str = "a barrier that was reset is as good as new";
pub(super) const HAS_ROOM: &str = "a place belongs to one, and to nobody once that one has left it";
pub(super) const COUNTS_ONCE: &str =
    "nobody meets the others before all who take part have come, nor one that was dead before";
pub(super) const TELLS_ALL: &str =
    "all who wait are told that it was broken, whoever recovers it and whoever dies";
pub(super) const RECOVERS: &str = "each is told once of one break, and all meet after it";
pub(super) const RECOVERS_OR_TELLS: &str =
    "nobody hangs when one dies at any step, whoever recovers the barrier";
pub(super) const ALL_DONE: &str = "whoever joins finds everything done, and does not wait in vain";
pub(super) const ALL_DONE_OR_LOST: &str =
    "nobody hangs when one dies at any step: what it had in hand is lost, and counted";
pub(super) const ADMITS: &str = "no more are inside than there are permits, everybody gets there";
pub(super) const COMES_BACK: &str =
    "nobody hangs when one dies at any step, and its permits come back";
pub(super) const READS_WHOLE: &str =
    "what is read is whole, writers are alone, everybody gets there";
pub(super) const READS_REPAIRED: &str = "nobody hangs when one dies at any step, and nobody reads what a dead writer left without being told";
pub(super) const DOWNGRADES: &str = "nobody writes between one's writing and one's reading";
pub(super) const SELLS_ALL: &str =
    "as many are sold as there were, the others are refused, and the file is never empty";
pub(super) const SELLS_WHOEVER_DIES: &str =
    "nothing is sold twice or lost and the file is never empty, whoever dies at any step";
pub(super) const PRINTS_TWO: &str = "two sequences can be printed, and no other";
pub(super) const IN_BLOCKS: &str =
    "each block is in one row, and the lock released where a write fails";
pub(super) const RUNS_ALONE: &str = "one runs at a time, and everybody does";
pub(super) const ROWS_ONCE: &str = "one header, and each row whole and once, whenever one looks";
pub(super) const GOES_ON: &str = "exclusion, and nobody is stuck, without an end";

/// How large a model is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// How many processes.
    pub processes: usize,
    /// How many increments, or critical sections, each.
    pub increments: usize,
    /// How many of the processes may die.
    pub deaths: u8,
    /// How many tickets there are, where they are sold; if it is not said, one less than are wanted.
    pub tickets: Option<usize>,
}

impl Size {
    /// So many processes, with so many increments each, of which so many may die.
    #[must_use]
    pub const fn new(processes: usize, increments: usize, deaths: u8) -> Self {
        Self { processes, increments, deaths, tickets: None }
    }

    /// What an exploration of that model at this size is called.
    #[must_use]
    pub fn explorer_id(&self, model: &str) -> String {
        let Self { processes, increments, deaths, tickets } = self;
        let stock = tickets.map_or_else(String::new, |tickets| format!("{TICKETS}{tickets}"));
        let dying = if *deaths > 0 { format!("/deaths-{deaths}") } else { String::new() };
        format!("{model}/{processes}x{increments}/explorer{stock}{dying}")
    }

    /// The model, and the size, of what is called so. How many may die, its name alone does not say.
    #[must_use]
    pub fn called(id: &str) -> Option<(&'static Entry, Self)> {
        let (model, rest) = id.split_once('/')?;
        let (size, how) = rest.split_once('/').unwrap_or((rest, ""));
        let (processes, increments) = size.split_once('x')?;
        let (processes, increments) = (processes.parse().ok()?, increments.parse().ok()?);
        let tickets = match how.split_once(TICKETS) {
            None => None,
            Some((_, rest)) => Some(rest.split('/').next()?.parse().ok()?),
        };
        Some((find(model)?, Self { tickets, ..Self::new(processes, increments, 0) }))
    }

    /// How many tickets are wanted.
    const fn wanted(&self) -> usize {
        self.processes.saturating_mul(self.increments)
    }

    /// How many tickets there are, where they are sold.
    fn stock(&self) -> usize {
        self.tickets.unwrap_or_else(|| self.wanted().saturating_sub(1))
    }
}

/// What the number of tickets follows in a name.
const TICKETS: &str = "/tickets-";

/// How to explore, and for how long.
#[derive(Clone, Copy)]
pub struct Exploration<'a> {
    /// What names it in replays.
    pub name: &'a str,
    /// What to look at. How many may die is the size's to say.
    pub search: GraphSearch,
    /// Who explores, if not the explorer of states.
    pub by: By,
    /// What it may use.
    pub budget: &'a Budget,
    /// Who is told how far it is.
    pub progress: &'a dyn Progress,
    /// Whether the code is of interest: the first process's automaton, and what all do.
    pub extract: bool,
    /// One execution that is to be shown again, instead of a search.
    pub replay: Option<&'a Token>,
}

/// Who explores.
#[derive(Clone, Copy, Debug, Default)]
pub enum By {
    /// The explorer of states.
    #[default]
    States,
    /// loom. Whether one dies is the size's to say.
    #[cfg(feature = "loom")]
    Loom(LoomSearch),
    /// shuttle. It knows of no deaths.
    #[cfg(feature = "shuttle")]
    Shuttle(ShuttleSearch),
}

/// A model that all of them can explore.
#[cfg(feature = "shuttle")]
trait Anywhere: Sized + Model<Shared<Decorated<ShuttleWorld>>: Send + Sync> {}
#[cfg(feature = "shuttle")]
impl<M: Model<Shared<Decorated<ShuttleWorld>>: Send + Sync>> Anywhere for M {}

/// A model that all of them can explore.
#[cfg(not(feature = "shuttle"))]
trait Anywhere: Sized + Model {}
#[cfg(not(feature = "shuttle"))]
impl<M: Model> Anywhere for M {}

/// How often processes do what they do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Repeats {
    /// As often as they are told to.
    AsTold,
    /// The same: each time they buy a ticket, of which there may be too few.
    Buying,
    Once,
    /// Without an end.
    Endlessly,
}

/// What came of an exploration.
#[derive(Clone, Debug)]
pub struct Explored {
    /// What was found.
    pub finding: Finding,
    /// What was found out about the code, if it was wanted.
    pub extracted: Option<Extracted>,
}

impl From<Finding> for Explored {
    fn from(finding: Finding) -> Self {
        Self { finding, extracted: None }
    }
}

impl std::fmt::Debug for Exploration<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exploration").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Exploration<'_> {
    fn of<M: Anywhere>(&self, model: M, size: Size) -> Explored {
        let model = Arc::new(model);
        match self.by {
            By::States => self.of_states(&model, size),
            #[cfg(feature = "loom")]
            By::Loom(search) => {
                let search = LoomSearch { deaths: size.deaths > 0, ..search };
                loom::explore(&model, self.name, search, self.budget, self.progress).into()
            }
            #[cfg(feature = "shuttle")]
            By::Shuttle(search) => {
                shuttle::explore(&model, self.name, search, self.budget, self.progress).into()
            }
        }
    }

    fn of_states<M: Model>(&self, model: &Arc<M>, size: Size) -> Explored {
        let search = GraphSearch { deaths: size.deaths, ..self.search };
        if let Some(token) = self.replay {
            let replayed = graph::replay(model, token, self.budget, self.progress);
            let finding =
                replayed.unwrap_or_else(|why| Finding::of(Verdict::Vacuous { what: why }));
            return finding.into();
        }
        if self.extract {
            let (finding, extracted) =
                graph::explore_and_extract(model, self.name, search, self.budget, self.progress);
            Explored { finding, extracted: Some(extracted) }
        } else {
            graph::explore(model, self.name, search, self.budget, self.progress).into()
        }
    }
}

/// A model that can be asked for by name.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// What it is, in a line.
    pub about: &'static str,
    /// What it shows as long as nobody dies.
    property: &'static str,
    /// What it shows where somebody may die; none if it cannot say anything then.
    with_deaths: Option<&'static str>,
    /// How often its processes do what they do.
    repeats: Repeats,
    /// How many processes it takes.
    least: usize,
    /// The most.
    most: usize,
    explore: fn(Size, &Exploration<'_>) -> Explored,
}

/// All of them.
pub fn models() -> impl Iterator<Item = &'static Entry> + Clone {
    MODELS.iter().chain(zoo::MODELS)
}

/// All but those that are in the zoo alone.
static MODELS: &[Entry] = &[
    Entry {
        name: "mutex",
        about: "the shipped mutex, with a counter under it",
        ..mutex::<Shipped>()
    },
    Entry {
        name: "mutex-panic",
        about: "the same, where the first process lets go of it as a panic does",
        property: TELLS_OF_PANICS,
        with_deaths: None,
        explore: |size, exploration| {
            let model = MutexModel::new(size.processes, size.increments);
            exploration.of(model.with_panics(), size)
        },
        ..mutex::<Shipped>()
    },
    Entry {
        name: "mutex-deadline",
        about: "the same, once each, where the first process waits only until a deadline",
        property: TAKES_NO_WAKE,
        with_deaths: None,
        repeats: Repeats::Once,
        least: 1,
        most: MOST_PROCESSES,
        explore: |size, exploration| {
            exploration.of(DeadlineModel { processes: size.processes }, size)
        },
    },
    Entry {
        name: "mutex-given-up",
        about: "the shipped mutex, once each, which somebody lets go of unrepaired for good",
        property: REFUSES_ALL,
        with_deaths: Some(REFUSES_ALL),
        repeats: Repeats::Once,
        least: 1,
        most: MOST_PROCESSES,
        explore: |size, exploration| {
            let (processes, deaths) = (size.processes, size.deaths > 0);
            exploration.of(NotRecoverableModel { processes, deaths }, size)
        },
    },
    Entry {
        name: "mutex-another",
        about: "the shipped mutex, once each, after another one that somebody lets go of unrepaired for good",
        property: KEEPS_COUNT,
        with_deaths: Some(SURVIVES),
        repeats: Repeats::Once,
        least: 2,
        most: MOST_PROCESSES,
        explore: after::<Abandoned>,
    },
    Entry {
        name: "unlocked",
        about: "a shared counter without a lock: loses updates",
        property: "no lost update",
        explore: |size, exploration| counter(Way::Unlocked, size, exploration),
        ..COUNTER
    },
    Entry {
        name: "separate-lock",
        about: "a shared counter, and a mutex beside it",
        explore: |size, exploration| counter(Way::SeparateLock, size, exploration),
        ..COUNTER
    },
    Entry {
        name: "value-lock",
        about: "a shared value with a reentrant lock of its own",
        explore: |size, exploration| counter(Way::ValueLock, size, exploration),
        ..COUNTER
    },
    Entry { name: "counter", about: "the shipped counter: value and lock in one", ..COUNTER },
    Entry {
        name: "atomic",
        about: "the shipped counter without a lock",
        explore: |size, exploration| counter(Way::Atomic, size, exploration),
        ..COUNTER
    },
    Entry {
        name: "counter-set",
        about: "the shipped counter, whose value each replaces by its own",
        explore: |size, exploration| replaced(true, size, exploration),
        ..REPLACED
    },
    Entry {
        name: "atomic-set",
        about: "the same, of the counter without a lock",
        explore: |size, exploration| replaced(false, size, exploration),
        ..REPLACED
    },
    Entry {
        name: "tickets",
        about: "tickets in a file, one less than are wanted or --tickets N, replaced under a lock (lockproof demo tickets)",
        with_deaths: Some(SELLS_WHOEVER_DIES),
        ..TICKET_SALE
    },
    Entry {
        name: "tickets-unlocked",
        about: "broken: the same without the lock, where the file is made empty and written",
        explore: |size, exploration| tickets(false, size, exploration),
        ..TICKET_SALE
    },
    Entry {
        name: "jobs",
        about: "two jobs that add to a number and print it, each under a lock for all of its steps",
        ..JOBS
    },
    Entry {
        name: "jobs-unlocked",
        about: "broken: the same without the lock",
        explore: |size, exploration| {
            exploration.of(JobsModel { steps: size.increments, locked: false }, size)
        },
        ..JOBS
    },
    Entry {
        name: "append",
        about: "blocks of two lines in one file, each written under a lock: once each",
        with_deaths: Some(IN_BLOCKS),
        ..APPEND
    },
    Entry {
        name: "append-unlocked",
        about: "broken: the same without the lock",
        explore: |size, exploration| appended(append::Use::Unlocked, size, exploration),
        ..APPEND
    },
    Entry {
        name: "append-kept",
        about: "broken: as `append`, where the lock is not released if a write fails",
        explore: |size, exploration| appended(append::Use::Kept, size, exploration),
        ..APPEND
    },
    Entry {
        name: "workers",
        about: "workers that run under a lock, one at a time",
        property: RUNS_ALONE,
        with_deaths: Some(RUNS_ALONE),
        explore: |size, exploration| workers(true, size, exploration),
        ..COUNTER
    },
    Entry {
        name: "workers-unlocked",
        about: "broken: the same without the lock",
        property: RUNS_ALONE,
        with_deaths: None,
        explore: |size, exploration| workers(false, size, exploration),
        ..COUNTER
    },
    Entry {
        name: "csv",
        about: "rows of two parts in one file, replaced under a lock: one row each",
        with_deaths: Some(ROWS_ONCE),
        ..CSV
    },
    Entry {
        name: "csv-unlocked",
        about: "broken: the same without the lock, where each part is appended",
        explore: |size, exploration| rows(false, size, exploration),
        ..CSV
    },
    Entry {
        name: "init",
        about: "something that is made once, whoever comes first: once each",
        property: BUILDS_ONCE,
        with_deaths: Some(BUILDS_AGAIN),
        repeats: Repeats::Once,
        least: 1,
        most: MOST_PROCESSES,
        explore: |size, exploration| {
            let (processes, deaths) = (size.processes, size.deaths > 0);
            exploration.of(InitModel { processes, deaths, rivals: false }, size)
        },
    },
    Entry {
        name: "init-rivals",
        about: "the same, where every other one comes with another claim",
        property: BUILDS_ONCE,
        with_deaths: Some(BUILDS_AGAIN),
        repeats: Repeats::Once,
        least: 2,
        most: MOST_PROCESSES,
        explore: |size, exploration| {
            let (processes, deaths) = (size.processes, size.deaths > 0);
            exploration.of(InitModel { processes, deaths, rivals: true }, size)
        },
    },
    Entry {
        name: "event",
        about: "an event: two set it, the others wait for it",
        property: ANNOUNCES,
        with_deaths: Some(ANNOUNCES),
        ..EVENT
    },
    Entry {
        name: "event-deadline",
        about: "the same, where one waits only until a deadline",
        property: GIVES_UP_WAITING,
        with_deaths: Some(GIVES_UP_WAITING),
        explore: |size, exploration| events(Use::Deadline, size, exploration),
        ..EVENT
    },
    Entry {
        name: "event-pulse",
        about: "an event that is set and cleared at once, when all others wait",
        least: 2,
        property: RELEASES_ALL,
        explore: |size, exploration| events(Use::Pulse, size, exploration),
        ..EVENT
    },
    Entry {
        name: "event-cleared",
        about: "an event that one sets, that two clear, and that is set again after that; others wait",
        property: WAITS_FOR_IT,
        with_deaths: None,
        least: 3,
        repeats: Repeats::Once,
        explore: |size, exploration| events(Use::Cleared, size, exploration),
        ..EVENT
    },
    Entry {
        name: "event-again",
        about: "an event that one sets after each increment; another waits, clears it, and looks",
        property: LOSES_NONE,
        repeats: Repeats::AsTold,
        least: 2,
        explore: |size, exploration| events(Use::Again, size, exploration),
        ..EVENT
    },
    Entry {
        name: "rwlock",
        about: "a lock for two readers or one writer: each reads, then writes",
        ..RWLOCK
    },
    Entry {
        name: "rwlock-roles",
        about: "the same, where one writes and the others read",
        explore: |size, exploration| rwlock(rwlock::Use::Roles, size, exploration),
        ..RWLOCK
    },
    Entry {
        name: "rwlock-deadline",
        about: "the same, where the writer and one reader wait only until a deadline",
        property: TAKES_NO_WAKE,
        explore: |size, exploration| rwlock(rwlock::Use::Deadlines, size, exploration),
        ..RWLOCK
    },
    Entry {
        name: "rwlock-downgrade",
        about: "the same, where each writes and goes on reading",
        property: DOWNGRADES,
        explore: |size, exploration| rwlock(rwlock::Use::Downgrade, size, exploration),
        ..RWLOCK
    },
    Entry {
        name: "condvar",
        about: "a condition variable: one makes something for each of the others, which wait for it",
        with_deaths: Some(EATS_NONE),
        ..CONDVAR
    },
    Entry {
        name: "condvar-inside",
        about: "the same, where it notifies them while it holds the mutex",
        with_deaths: Some(EATS_NONE),
        explore: |size, exploration| condvars(condvar::Use::Inside, size, exploration),
        ..CONDVAR
    },
    Entry {
        name: "condvar-deadline",
        about: "as `condvar`, where one waits only until a deadline",
        with_deaths: Some(EATS_NONE),
        explore: |size, exploration| condvars(condvar::Use::Deadline, size, exploration),
        ..CONDVAR
    },
    Entry {
        name: "condvar-meeting",
        about: "the same, where all wait until all have come",
        explore: |size, exploration| condvars(condvar::Use::Meeting, size, exploration),
        ..CONDVAR
    },
    Entry {
        name: "condvar-relay",
        about: "the same, where each waits for its turn and tells the next",
        with_deaths: None,
        explore: |size, exploration| condvars(condvar::Use::Relay, size, exploration),
        ..CONDVAR
    },
    Entry {
        name: "queue",
        about: "a queue with one place: one puts something for each of the others, which take it",
        ..QUEUE
    },
    Entry {
        name: "queue-each",
        about: "the same, where everybody puts one and takes one",
        with_deaths: None,
        explore: |size, exploration| queues(queue::Use::Each, size, exploration),
        ..QUEUE
    },
    Entry {
        name: "queue-gather",
        about: "the same, where the others put one each and the first takes all but one",
        least: 3,
        explore: |size, exploration| queues(queue::Use::Gather, size, exploration),
        ..QUEUE
    },
    Entry {
        name: "queue-deadline",
        about: "as `queue`, where one waits only until a deadline",
        explore: |size, exploration| queues(queue::Use::Deadline, size, exploration),
        ..QUEUE
    },
    Entry {
        name: "queue-close",
        about: "as `queue`, where the queue is closed and the others take until then",
        explore: |size, exploration| queues(queue::Use::Close, size, exploration),
        ..QUEUE
    },
    Entry {
        name: "queue-fill",
        about: "as `queue`, with room for all: each puts one, and nobody takes any",
        explore: |size, exploration| queues(queue::Use::Fill, size, exploration),
        ..QUEUE
    },
    Entry {
        name: "queue-batches",
        about: "as `queue-close`, with two places: batches go in, up to two at a time are taken",
        ..SPANS
    },
    Entry {
        name: "queue-batches-fill",
        about: "a queue into which each puts a batch of two, the last of them a part; nobody takes any",
        explore: |size, exploration| spans(spans::Use::Fill, None, size, exploration),
        ..SPANS
    },
    Entry {
        name: "queue-messages",
        about: "a queue of messages of different lengths: the first receives what the others send",
        explore: |size, exploration| spans(spans::Use::Messages, None, size, exploration),
        ..SPANS
    },
    Entry {
        name: "tasks",
        about: "a queue's tasks: the first puts one, takes it if nobody has, and joins; the others try",
        ..TASKS
    },
    Entry {
        name: "tasks-deadline",
        about: "the same, where it joins until a deadline first",
        explore: |size, exploration| all_tasks(tasks::Use::Deadline, size, exploration),
        ..TASKS
    },
    Entry {
        name: "tasks-all-join",
        about: "the same, where all join",
        explore: |size, exploration| all_tasks(tasks::Use::AllJoin, size, exploration),
        ..TASKS
    },
    Entry {
        name: "tasks-more",
        about: "as `tasks`, where the last process puts one, too",
        least: 3,
        explore: |size, exploration| all_tasks(tasks::Use::More, size, exploration),
        ..TASKS
    },
    Entry {
        name: "semaphore",
        about: "a semaphore with one permit, with a count under it",
        ..SEMAPHORE
    },
    Entry {
        name: "semaphore-two",
        about: "a semaphore with two permits",
        least: 3,
        explore: |size, exploration| semaphores(semaphore::Use::Two, size, exploration),
        ..SEMAPHORE
    },
    Entry {
        name: "semaphore-both",
        about: "the same, where the first process takes both permits at once",
        explore: |size, exploration| semaphores(semaphore::Use::Both, size, exploration),
        ..SEMAPHORE
    },
    Entry {
        name: "semaphore-deadline",
        about: "as `semaphore`, where the first process waits only until a deadline",
        property: TAKES_NO_WAKE,
        explore: |size, exploration| semaphores(semaphore::Use::Deadline, size, exploration),
        ..SEMAPHORE
    },
    Entry {
        name: "semaphore-signal",
        about: "a semaphore without a permit: the first gives one for each of the others, by hand",
        property: WAITS_FOR_IT,
        with_deaths: Some(EATS_NONE),
        repeats: Repeats::Once,
        explore: |size, exploration| semaphores(semaphore::Use::Signal, size, exploration),
        ..SEMAPHORE
    },
    Entry {
        name: "semaphore-many",
        about: "a semaphore with two permits, of which each takes both at once",
        explore: |size, exploration| semaphores(semaphore::Use::Many, size, exploration),
        ..SEMAPHORE
    },
    Entry {
        name: "semaphore-many-of-three",
        about: "a semaphore with three permits, of which each takes two at once",
        explore: |size, exploration| slots::<3>(semaphore::Use::Many, size, exploration),
        ..SEMAPHORE
    },
    Entry {
        name: "semaphore-many-deadline",
        about: "as `semaphore-many`, where the first process waits only until a deadline",
        property: TAKES_NO_PERMIT,
        explore: |size, exploration| semaphores(semaphore::Use::ManyLate, size, exploration),
        ..SEMAPHORE
    },
    Entry {
        name: "semaphore-full",
        about: "as `semaphore`, where each tries to add a permit by hand before, and is refused",
        explore: |size, exploration| slots::<1>(semaphore::Use::Refused, size, exploration),
        ..SEMAPHORE
    },
    Entry {
        name: "semaphore-signal-deadline",
        about: "as `semaphore-signal`, where one of those that wait does so only until a deadline",
        property: GIVES_UP_WAITING,
        with_deaths: Some(EATS_NONE),
        repeats: Repeats::Once,
        explore: |size, exploration| semaphores(semaphore::Use::SignalLate, size, exploration),
        ..SEMAPHORE
    },
    Entry {
        name: "semaphore-lent",
        about: "a semaphore without a permit: the first gives one, by hand, that the others take in turn",
        property: ADMITS,
        least: 2,
        explore: |size, exploration| semaphores(semaphore::Use::Lent, size, exploration),
        ..SEMAPHORE
    },
    Entry {
        name: "semaphore-posted",
        about: "the same, where two give one, the first only if there is none; the others take one by hand",
        property: WAITS_FOR_IT,
        with_deaths: Some(WAITS_FOR_IT),
        least: 3,
        most: 3,
        repeats: Repeats::Once,
        explore: |size, exploration| semaphores(semaphore::Use::Posted, size, exploration),
    },
    Entry {
        name: "barrier",
        about: "a barrier where all meet: each writes before, and reads what the others wrote after",
        ..BARRIER
    },
    Entry {
        name: "barrier-passing",
        about: "the same, where each takes part only as long as it waits",
        with_deaths: None,
        explore: |size, exploration| barriers(barrier::Use::Passing, size, exploration),
        ..BARRIER
    },
    Entry {
        name: "barrier-deadline",
        about: "as `barrier`, where the first process waits only until a deadline",
        explore: |size, exploration| barriers(barrier::Use::Deadline, size, exploration),
        ..BARRIER
    },
    Entry {
        name: "barrier-abort",
        about: "as `barrier`, where the first process breaks it and the others wait",
        property: BREAKS,
        with_deaths: Some(BREAKS),
        repeats: Repeats::Once,
        explore: |size, exploration| barriers(barrier::Use::Abort, size, exploration),
        ..BARRIER
    },
    Entry {
        name: "barrier-reset",
        about: "as `barrier`, where the first process tries until a deadline and resets it then",
        property: MEETS_AGAIN,
        with_deaths: None,
        repeats: Repeats::Once,
        explore: |size, exploration| barriers(barrier::Use::Reset, size, exploration),
        ..BARRIER
    },
    Entry {
        name: "barrier-recover",
        about: "as `barrier`, where the first waits until a deadline; whoever is told recovers and tries again",
        property: RECOVERS,
        with_deaths: Some(RECOVERS_OR_TELLS),
        repeats: Repeats::Once,
        explore: |size, exploration| barriers(barrier::Use::Recover, size, exploration),
        ..BARRIER
    },
    Entry {
        name: "barrier-all-reset",
        about: "broken: the same, where whoever is told resets it",
        with_deaths: None,
        property: RECOVERS,
        repeats: Repeats::Once,
        explore: |size, exploration| barriers(barrier::Use::AllReset, size, exploration),
        ..BARRIER
    },
    Entry {
        name: "barrier-relapse",
        about: "as `barrier-recover`, where one takes part and ends while the first breaks it and recovers it",
        property: RECOVERS_OR_TELLS,
        with_deaths: None,
        least: 3,
        repeats: Repeats::Once,
        explore: |size, exploration| barriers(barrier::Use::Relapse, size, exploration),
        ..BARRIER
    },
    Entry {
        name: "barrier-untold",
        about: "a barrier that breaks as the second's time is up, and that the first recovers; the others wait",
        property: TELLS_ALL,
        with_deaths: Some(TELLS_ALL),
        least: 3,
        repeats: Repeats::Once,
        most: recovery::PLACES,
        explore: |size, exploration| recovered(recovery::Use::Untold, size, exploration),
    },
    Entry {
        name: "barrier-another",
        about: "the shipped mutex, once each, after a place at a barrier that each takes and leaves",
        property: KEEPS_COUNT,
        with_deaths: Some(SURVIVES),
        repeats: Repeats::Once,
        least: 2,
        most: 2,
        explore: after::<Place>,
    },
    Entry {
        name: "barrier-back",
        about: "as `barrier-lost`, where the first takes part and leaves before",
        property: TELLS,
        with_deaths: None,
        repeats: Repeats::Once,
        explore: |size, exploration| barriers(barrier::Use::Back, size, exploration),
        ..BARRIER
    },
    Entry {
        name: "barrier-crowd",
        about: "a barrier with one party too many: each finds a place and leaves it, or is refused",
        property: HAS_ROOM,
        with_deaths: None,
        least: 2,
        repeats: Repeats::Once,
        explore: |size, exploration| barriers(barrier::Use::Crowd, size, exploration),
        ..BARRIER
    },
    Entry {
        name: "barrier-lost",
        about: "a barrier that the first process takes part in, and ends; the others wait for it",
        property: TELLS,
        with_deaths: Some(TELLS),
        repeats: Repeats::Once,
        explore: |size, exploration| barriers(barrier::Use::Lost, size, exploration),
        ..BARRIER
    },
    Entry {
        name: "barrier-burial",
        about: "the same, until a deadline; the last does not take part, and resets it",
        property: MEETS_AGAIN,
        with_deaths: Some(MEETS_AGAIN),
        least: 3,
        repeats: Repeats::Once,
        explore: |size, exploration| barriers(barrier::Use::Burial, size, exploration),
        ..BARRIER
    },
    Entry {
        name: "barrier-heir",
        about: "a barrier that is recovered by two, of whom one then comes and dies, and a third takes its place",
        property: COUNTS_ONCE,
        with_deaths: Some(COUNTS_ONCE),
        least: 3,
        most: 3,
        repeats: Repeats::Once,
        explore: |size, exploration| recovered(recovery::Use::Heir, size, exploration),
    },
    Entry {
        name: "barrier-gone",
        about: "the same, where the third looks whether the other is dead before it comes, in whichever place",
        property: COUNTS_ONCE,
        with_deaths: Some(COUNTS_ONCE),
        least: 3,
        most: 4,
        repeats: Repeats::Once,
        explore: |size, exploration| recovered(recovery::Use::Gone, size, exploration),
    },
    Entry {
        name: "drepper",
        about: "another lock, Drepper's futex mutex: right as long as nobody dies",
        ..mutex::<Drepper<true>>()
    },
    Entry {
        name: "drepper-forgets",
        about: "broken: the same, but who was woken forgets that others wait (3 processes hang)",
        ..mutex::<Drepper<false>>()
    },
    Entry {
        name: "glibc-robust",
        about: "another lock, glibc's robust mutex: hangs where one of three processes dies",
        ..mutex::<GlibcRobust>()
    },
    Entry {
        name: "queue-tells-late",
        about: "broken: a queue with one place that notifies after it has let go of its mutex",
        property: COMES_OUT,
        with_deaths: Some(LOSES_ONE),
        repeats: Repeats::Once,
        least: 3,
        most: MOST_PROCESSES,
        explore: |size, exploration| {
            let (processes, deaths) = (size.processes, size.deaths > 0);
            exploration.of(LateQueue::<false> { processes, deaths }, size)
        },
    },
    Entry {
        name: "queue-tells-late-mended",
        about: "the same, where it notifies first",
        property: COMES_OUT,
        with_deaths: Some(LOSES_ONE),
        repeats: Repeats::Once,
        least: 3,
        most: MOST_PROCESSES,
        explore: |size, exploration| {
            let (processes, deaths) = (size.processes, size.deaths > 0);
            exploration.of(LateQueue::<true> { processes, deaths }, size)
        },
    },
    Entry {
        name: "queue-messages-any-room",
        about: "broken: as `queue-messages`, where a message goes in as soon as there is any room",
        explore: |size, exploration| {
            spans(spans::Use::Messages, Some(Mistake::AnyRoom), size, exploration)
        },
        ..SPANS
    },
    Entry {
        name: "queue-messages-in-parts",
        about: "broken: as `queue-messages`, where a message goes in a part at a time",
        explore: |size, exploration| {
            spans(spans::Use::Messages, Some(Mistake::InParts), size, exploration)
        },
        ..SPANS
    },
    Entry {
        name: "condvar-unannounced",
        about: "broken: a condition variable whose waiter lets go of the mutex before it says that it waits",
        property: WAITS_FOR_IT,
        with_deaths: None,
        repeats: Repeats::Once,
        least: 2,
        most: MOST_PROCESSES,
        explore: |size, exploration| {
            exploration.of(UnannouncedCondvar::<false> { processes: size.processes }, size)
        },
    },
    Entry {
        name: "condvar-unannounced-mended",
        about: "the same, where it says so first",
        property: WAITS_FOR_IT,
        with_deaths: None,
        repeats: Repeats::Once,
        least: 2,
        most: MOST_PROCESSES,
        explore: |size, exploration| {
            exploration.of(UnannouncedCondvar::<true> { processes: size.processes }, size)
        },
    },
    Entry {
        name: "barrier-one-count",
        about: "broken: a barrier that counts who has come, and nothing else",
        property: MEETS,
        with_deaths: None,
        repeats: Repeats::AsTold,
        least: 2,
        most: MOST_PROCESSES,
        explore: |size, exploration| {
            exploration.of(
                OneCountBarrier::<false> { processes: size.processes, rounds: size.increments },
                size,
            )
        },
    },
    Entry {
        name: "barrier-one-count-mended",
        about: "the same, where it counts the meetings, too",
        property: MEETS,
        with_deaths: None,
        repeats: Repeats::AsTold,
        least: 2,
        most: MOST_PROCESSES,
        explore: |size, exploration| {
            exploration.of(
                OneCountBarrier::<true> { processes: size.processes, rounds: size.increments },
                size,
            )
        },
    },
    Entry {
        name: "semaphore-one-by-one",
        about: "broken: as `semaphore-many`, where each takes one permit after the other",
        with_deaths: None,
        explore: |size, exploration| semaphores(semaphore::Use::OneByOne, size, exploration),
        ..SEMAPHORE
    },
    Entry {
        name: "semaphore-keeps",
        about: "broken: as `semaphore-many-deadline`, where one that gives up keeps what it has",
        property: TAKES_NO_PERMIT,
        with_deaths: None,
        explore: |size, exploration| semaphores(semaphore::Use::Keeps, size, exploration),
        ..SEMAPHORE
    },
    Entry {
        name: "semaphore-overfull",
        about: "broken: as `semaphore-full`, where there is room for one more",
        with_deaths: None,
        explore: |size, exploration| slots::<2>(semaphore::Use::Refused, size, exploration),
        ..SEMAPHORE
    },
    Entry {
        name: "semaphore-first-permit",
        about: "broken: a semaphore that wakes one only if there was no permit",
        property: WAITS_FOR_IT,
        with_deaths: None,
        repeats: Repeats::Once,
        least: 2,
        most: MOST_PROCESSES,
        explore: |size, exploration| {
            exploration.of(FirstPermit::<false> { processes: size.processes }, size)
        },
    },
    Entry {
        name: "semaphore-first-permit-mended",
        about: "the same, where each permit wakes one",
        property: WAITS_FOR_IT,
        with_deaths: None,
        repeats: Repeats::Once,
        least: 2,
        most: MOST_PROCESSES,
        explore: |size, exploration| {
            exploration.of(FirstPermit::<true> { processes: size.processes }, size)
        },
    },
    Entry {
        name: "rwlock-relaxed-readers",
        about: "broken: a lock for readers or a writer whose readers leave it without an ordering",
        property: READS_WHOLE,
        with_deaths: None,
        repeats: Repeats::Once,
        least: 2,
        most: MOST_PROCESSES,
        explore: |size, exploration| {
            exploration.of(RelaxedReaders::<false> { processes: size.processes }, size)
        },
    },
    Entry {
        name: "rwlock-relaxed-readers-mended",
        about: "the same, where they release it",
        property: READS_WHOLE,
        with_deaths: None,
        repeats: Repeats::Once,
        least: 2,
        most: MOST_PROCESSES,
        explore: |size, exploration| {
            exploration.of(RelaxedReaders::<true> { processes: size.processes }, size)
        },
    },
    Entry {
        name: "rwlock-downgrade-opens",
        about: "broken: the same lock, let go of and taken again to go on as a reader",
        property: DOWNGRADES,
        with_deaths: None,
        repeats: Repeats::Once,
        least: 2,
        most: MOST_PROCESSES,
        explore: |size, exploration| {
            exploration.of(Downgrading::<false> { processes: size.processes }, size)
        },
    },
    Entry {
        name: "rwlock-downgrade-opens-mended",
        about: "the same, where a writer becomes a reader at once",
        property: DOWNGRADES,
        with_deaths: None,
        repeats: Repeats::Once,
        least: 2,
        most: MOST_PROCESSES,
        explore: |size, exploration| {
            exploration.of(Downgrading::<true> { processes: size.processes }, size)
        },
    },
    Entry {
        name: "event-trusted-wake",
        about: "broken: an event whose waiter takes the end of its sleep for the event",
        property: ANNOUNCES,
        with_deaths: None,
        repeats: Repeats::Once,
        least: 2,
        most: MOST_PROCESSES,
        explore: |size, exploration| {
            exploration.of(TrustedWake::<false> { processes: size.processes }, size)
        },
    },
    Entry {
        name: "event-trusted-wake-mended",
        about: "the same, where it looks again",
        property: ANNOUNCES,
        with_deaths: None,
        repeats: Repeats::Once,
        least: 2,
        most: MOST_PROCESSES,
        explore: |size, exploration| {
            exploration.of(TrustedWake::<true> { processes: size.processes }, size)
        },
    },
    Entry {
        name: "reentrant-uncounted",
        about: "broken: a mutex that its holder takes twice, free at the first of the two releases",
        property: KEEPS_COUNT,
        with_deaths: None,
        repeats: Repeats::Once,
        least: 2,
        most: MOST_PROCESSES,
        explore: |size, exploration| {
            exploration.of(Uncounted::<false> { processes: size.processes }, size)
        },
    },
    Entry {
        name: "reentrant-uncounted-mended",
        about: "the same, where it counts them",
        property: KEEPS_COUNT,
        with_deaths: None,
        repeats: Repeats::Once,
        least: 2,
        most: MOST_PROCESSES,
        explore: |size, exploration| {
            exploration.of(Uncounted::<true> { processes: size.processes }, size)
        },
    },
    Entry {
        name: "tasks-done-early",
        about: "broken: as `tasks`, where each says that its task is done before it is",
        with_deaths: None,
        explore: |size, exploration| all_tasks(tasks::Use::Early, size, exploration),
        ..TASKS
    },
    Entry {
        name: "tasks-counted",
        about: "other tasks, a count of what is not done: hangs where one dies with a task in hand",
        property: ALL_DONE,
        with_deaths: Some(ALL_DONE_OR_LOST),
        repeats: Repeats::Once,
        least: 2,
        most: MOST_PROCESSES,
        explore: |size, exploration| {
            let (processes, deaths) = (size.processes, size.deaths > 0);
            exploration.of(CountedTasks { processes, deaths }, size)
        },
    },
    Entry {
        name: "once-untold",
        about: "another once, in a plain word: nobody is told of its maker's death",
        property: BUILDS_ONCE,
        with_deaths: Some(BUILDS_AGAIN),
        repeats: Repeats::Once,
        least: 2,
        most: MOST_PROCESSES,
        explore: |size, exploration| {
            let (processes, deaths) = (size.processes, size.deaths > 0);
            exploration.of(UntoldOnce { processes, deaths }, size)
        },
    },
    Entry {
        name: "mutex-endless",
        about: "the shipped mutex, taken again and again without an end (see --liveness)",
        with_deaths: Some(GOES_ON),
        ..endless::<Shipped>()
    },
    Entry {
        name: "rwlock-endless",
        about: "the shipped readers-writer lock, the same: the first process writes, the others read",
        property: GOES_ON,
        with_deaths: Some(GOES_ON),
        repeats: Repeats::Endlessly,
        least: 2,
        most: MOST_PROCESSES,
        explore: |size, exploration| {
            let model = EndlessRwLockModel::<any::rwlock::Shipped>::new(size.processes);
            exploration.of(model.with_deaths(size.deaths > 0), size)
        },
    },
    Entry {
        name: "rwlock-endless-writer",
        about: "the same, where the starvation of readers is not looked for",
        property: GOES_ON,
        with_deaths: None,
        repeats: Repeats::Endlessly,
        least: 2,
        most: MOST_PROCESSES,
        explore: |size, exploration| {
            let model = EndlessRwLockModel::<any::rwlock::Shipped>::new(size.processes);
            exploration.of(model.with_patient_readers(), size)
        },
    },
    Entry {
        name: "semaphore-endless",
        about: "the shipped semaphore with one permit, the same",
        with_deaths: Some(GOES_ON),
        ..AGAIN
    },
    Entry {
        name: "semaphore-many-endless",
        about: "the same with two permits, of which each takes both at once",
        with_deaths: Some(GOES_ON),
        explore: |size, exploration| again(again::Use::Permits, size, exploration),
        ..AGAIN
    },
    Entry {
        name: "semaphore-signal-endless",
        about: "the same without a permit: the first gives some by hand, the others take them",
        explore: |size, exploration| again(again::Use::Signal, size, exploration),
        ..AGAIN
    },
    Entry {
        name: "queue-endless",
        about: "the shipped queue with one place, the same: the first process puts, the others take",
        explore: |size, exploration| again(again::Use::Queue, size, exploration),
        ..AGAIN
    },
    Entry {
        name: "queue-polled-endless",
        about: "the same, where those that take try again and again instead of waiting",
        explore: |size, exploration| again(again::Use::Polling, size, exploration),
        ..AGAIN
    },
    Entry {
        name: "event-endless",
        about: "two of the shipped events, by which two processes hand over to each other without an end",
        most: 2,
        explore: |size, exploration| again(again::Use::Events, size, exploration),
        ..AGAIN
    },
    Entry {
        name: "condvar-endless",
        about: "the shipped condition variable, the same: each waits for its turn",
        explore: |size, exploration| again(again::Use::Turns, size, exploration),
        ..AGAIN
    },
    Entry {
        name: "barrier-endless",
        about: "the shipped barrier, the same: all meet",
        explore: |size, exploration| again(again::Use::Meetings, size, exploration),
        ..AGAIN
    },
    Entry {
        name: "ticket-endless",
        about: "a ticket spinlock, the same: first come, first served; for up to 3 processes",
        ..endless::<Ticket>()
    },
    Entry {
        name: "test-and-set-endless",
        about: "a test-and-set spinlock, the same: one may be overtaken for ever",
        ..endless::<TestAndSet>()
    },
];

const fn mutex<L: Lock>() -> Entry
where
    MutexModel<L>: Anywhere,
{
    Entry {
        name: "",
        about: "",
        property: KEEPS_COUNT,
        with_deaths: Some(SURVIVES),
        repeats: Repeats::AsTold,
        least: 1,
        most: MOST_PROCESSES,
        explore: |size, exploration| {
            let model = MutexModel::<L>::new(size.processes, size.increments);
            exploration.of(if size.deaths > 0 { model.with_deaths() } else { model }, size)
        },
    }
}

const fn endless<L: Lock>() -> Entry
where
    EndlessModel<L>: Anywhere,
{
    Entry {
        name: "",
        about: "",
        property: GOES_ON,
        with_deaths: None,
        repeats: Repeats::Endlessly,
        least: 1,
        most: MOST_PROCESSES,
        explore: |size, exploration| {
            let model = EndlessModel::<L>::new(size.processes);
            exploration.of(if size.deaths > 0 { model.with_deaths() } else { model }, size)
        },
    }
}

const AGAIN: Entry = Entry {
    least: 2,
    most: again::MOST,
    explore: |size, exploration| again(again::Use::Permit, size, exploration),
    ..endless::<Shipped>()
};

fn again(how: again::Use, size: Size, exploration: &Exploration<'_>) -> Explored {
    let Size { processes, deaths, .. } = size;
    exploration.of(AgainModel { how, processes, deaths: deaths > 0 }, size)
}

const EVENT: Entry = Entry {
    name: "",
    about: "",
    property: "",
    with_deaths: None,
    repeats: Repeats::Once,
    least: 3,
    most: MOST_PROCESSES,
    explore: |size, exploration| events(Use::Announce, size, exploration),
};

fn events(how: Use, size: Size, exploration: &Exploration<'_>) -> Explored {
    let Size { processes, increments: rounds, deaths, .. } = size;
    let model = EventModel::<any::event::Shipped>::new(how, processes, rounds);
    exploration.of(model.with_deaths(deaths > 0), size)
}

const CONDVAR: Entry = Entry {
    name: "",
    about: "",
    property: WAITS_FOR_IT,
    with_deaths: None,
    repeats: Repeats::Once,
    least: 2,
    most: MOST_PROCESSES,
    explore: |size, exploration| condvars(condvar::Use::HandOver, size, exploration),
};

fn condvars(how: condvar::Use, size: Size, exploration: &Exploration<'_>) -> Explored {
    let Size { processes, deaths, .. } = size;
    exploration.of(CondvarModel { how, processes, deaths: deaths > 0 }, size)
}

const QUEUE: Entry = Entry {
    property: COMES_OUT,
    with_deaths: Some(LOSES_ONE),
    explore: |size, exploration| queues(queue::Use::Fan, size, exploration),
    ..CONDVAR
};

fn queues(how: queue::Use, size: Size, exploration: &Exploration<'_>) -> Explored {
    let Size { processes, deaths, .. } = size;
    exploration.of(QueueModel { how, processes, deaths: deaths > 0 }, size)
}

const SPANS: Entry = Entry {
    most: spans::MOST,
    property: COMES_OUT_WHOLE,
    with_deaths: Some(LOSSES_COUNTED),
    explore: |size, exploration| spans(spans::Use::Batches, None, size, exploration),
    ..CONDVAR
};

fn spans(
    how: spans::Use,
    mistake: Option<Mistake>,
    size: Size,
    exploration: &Exploration<'_>,
) -> Explored {
    let Size { processes, deaths, .. } = size;
    exploration.of(SpanModel { how, processes, deaths: deaths > 0, mistake }, size)
}

const TASKS: Entry = Entry {
    property: ALL_DONE,
    with_deaths: Some(ALL_DONE_OR_LOST),
    explore: |size, exploration| all_tasks(tasks::Use::Shared, size, exploration),
    ..CONDVAR
};

fn all_tasks(how: tasks::Use, size: Size, exploration: &Exploration<'_>) -> Explored {
    let Size { processes, deaths, .. } = size;
    exploration.of(TasksModel { how, processes, deaths: deaths > 0 }, size)
}

const SEMAPHORE: Entry = Entry {
    property: ADMITS,
    with_deaths: Some(COMES_BACK),
    explore: |size, exploration| semaphores(semaphore::Use::One, size, exploration),
    ..RWLOCK
};

fn semaphores(how: semaphore::Use, size: Size, exploration: &Exploration<'_>) -> Explored {
    slots::<{ semaphore::SLOTS }>(how, size, exploration)
}

fn slots<const N: usize>(
    how: semaphore::Use,
    size: Size,
    exploration: &Exploration<'_>,
) -> Explored {
    let Size { processes, increments: rounds, deaths, .. } = size;
    let model = SemaphoreModel::<any::semaphore::Shipped<N>>::new(how, processes, rounds);
    exploration.of(model.with_deaths(deaths > 0), size)
}

const BARRIER: Entry = Entry {
    most: barrier::PLACES,
    property: MEETS,
    with_deaths: Some(MEETS_LIVING),
    explore: |size, exploration| barriers(barrier::Use::Rounds, size, exploration),
    ..RWLOCK
};

fn recovered(how: recovery::Use, size: Size, exploration: &Exploration<'_>) -> Explored {
    let Size { processes, deaths, .. } = size;
    exploration.of(RecoveryModel { how, processes, deaths: deaths > 0 }, size)
}

fn after<F: First>(size: Size, exploration: &Exploration<'_>) -> Explored
where
    AnotherModel<F>: Anywhere,
{
    let (processes, deaths) = (size.processes, size.deaths > 0);
    exploration.of(AnotherModel::<F> { processes, deaths, first: PhantomData }, size)
}

fn barriers(how: barrier::Use, size: Size, exploration: &Exploration<'_>) -> Explored {
    let Size { processes, increments: rounds, deaths, .. } = size;
    exploration.of(BarrierModel { how, processes, rounds, deaths: deaths > 0 }, size)
}

const RWLOCK: Entry = Entry {
    name: "",
    about: "",
    property: READS_WHOLE,
    with_deaths: Some(READS_REPAIRED),
    repeats: Repeats::AsTold,
    least: 2,
    most: MOST_PROCESSES,
    explore: |size, exploration| rwlock(rwlock::Use::Both, size, exploration),
};

fn rwlock(how: rwlock::Use, size: Size, exploration: &Exploration<'_>) -> Explored {
    let Size { processes, increments: rounds, deaths, .. } = size;
    let model = RwLockModel::<any::rwlock::Shipped>::new(how, processes, rounds);
    exploration.of(model.with_deaths(deaths > 0), size)
}

const COUNTER: Entry = Entry {
    explore: |size, exploration| counter(Way::Counter, size, exploration),
    ..mutex::<Shipped>()
};

const REPLACED: Entry = Entry {
    property: GIVES_EACH_ONCE,
    with_deaths: Some(GIVES_EACH_ONCE),
    repeats: Repeats::Once,
    least: 2,
    ..mutex::<Shipped>()
};

fn replaced(locked: bool, size: Size, exploration: &Exploration<'_>) -> Explored {
    let Size { processes, deaths, .. } = size;
    exploration.of(ReplacedModel { locked, processes, deaths: deaths > 0 }, size)
}

fn counter(way: Way, size: Size, exploration: &Exploration<'_>) -> Explored {
    let Size { processes, increments, deaths, .. } = size;
    exploration.of(CounterModel { way, processes, increments, deaths: deaths > 0 }, size)
}

const JOBS: Entry = Entry {
    property: PRINTS_TWO,
    with_deaths: None,
    least: 2,
    most: 2,
    explore: |size, exploration| {
        exploration.of(JobsModel { steps: size.increments, locked: true }, size)
    },
    ..COUNTER
};

const APPEND: Entry = Entry {
    property: IN_BLOCKS,
    explore: |size, exploration| appended(append::Use::Locked, size, exploration),
    ..CONDVAR
};

fn appended(how: append::Use, size: Size, exploration: &Exploration<'_>) -> Explored {
    let Size { processes, deaths, .. } = size;
    exploration.of(AppendModel { how, processes, deaths: deaths > 0 }, size)
}

const CSV: Entry = Entry {
    property: ROWS_ONCE,
    explore: |size, exploration| rows(true, size, exploration),
    ..CONDVAR
};

fn rows(locked: bool, size: Size, exploration: &Exploration<'_>) -> Explored {
    let Size { processes, deaths, .. } = size;
    exploration.of(CsvModel { processes, deaths: deaths > 0, locked }, size)
}

fn workers(locked: bool, size: Size, exploration: &Exploration<'_>) -> Explored {
    let Size { processes, increments, deaths, .. } = size;
    exploration.of(WorkersModel { processes, increments, deaths: deaths > 0, locked }, size)
}

const TICKET_SALE: Entry = Entry {
    property: SELLS_ALL,
    with_deaths: None,
    least: 2,
    repeats: Repeats::Buying,
    explore: |size, exploration| tickets(true, size, exploration),
    ..COUNTER
};

fn tickets(locked: bool, size: Size, exploration: &Exploration<'_>) -> Explored {
    let (tickets, deaths) = (size.stock(), size.deaths > 0);
    let Size { processes, increments, .. } = size;
    exploration.of(TicketsModel { processes, increments, tickets, deaths, locked }, size)
}

/// The model of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Entry> {
    models().find(|model| model.name == name)
}

/// How many tickets there are in what is called so, if any are sold.
#[must_use]
pub fn stock(id: &str) -> Option<usize> {
    Size::called(id).and_then(|(model, size)| model.sells().then(|| size.stock()))
}

impl Entry {
    /// What an exploration of that size shows.
    #[must_use]
    pub fn property(&self, size: Size) -> &'static str {
        if size.deaths > 0 { self.with_deaths.unwrap_or(self.property) } else { self.property }
    }

    /// The fewest processes that it can be made of.
    #[must_use]
    pub const fn least(&self) -> usize {
        self.least
    }

    const fn sells(&self) -> bool {
        matches!(self.repeats, Repeats::Buying)
    }

    /// How large that is, in words.
    #[must_use]
    pub fn describe(&self, size: Size) -> String {
        let processes = match size.processes {
            1 => "1 process".to_owned(),
            some => format!("{some} processes"),
        };
        match self.repeats {
            Repeats::Buying => {
                let each = counted(size.increments, "ticket");
                format!("{processes} that want {each} each, {} to be had", size.stock())
            }
            Repeats::AsTold => {
                format!("{processes} with {}", counted(size.increments, "increment"))
            }
            Repeats::Once => format!("{processes}, once each"),
            Repeats::Endlessly => format!("{processes} without an end"),
        }
    }

    /// The same size, if so many tickets are asked for.
    ///
    /// # Errors
    ///
    /// Why there cannot be so many, in words.
    pub fn with_tickets(&self, tickets: Option<usize>, size: Size) -> Result<Size, String> {
        let Some(tickets) = tickets else { return Ok(size) };
        // What is explored anyway keeps its name.
        let as_ever = tickets == size.stock();
        let size = Size { tickets: Some(tickets), ..size };
        self.accepts(size)?;
        Ok(if as_ever { Size { tickets: None, ..size } } else { size })
    }

    /// Explores it.
    ///
    /// # Errors
    ///
    /// Why it cannot be made that large, in words.
    pub fn explore(&self, size: Size, exploration: &Exploration<'_>) -> Result<Explored, String> {
        self.accepts(size)?;
        Ok((self.explore)(size, exploration))
    }

    /// Whether it can be made that large.
    ///
    /// # Errors
    ///
    /// Why not, in words.
    pub fn accepts(&self, size: Size) -> Result<(), String> {
        let Size { processes, increments, deaths, tickets } = size;
        let name = self.name;
        if !(1..=self.most).contains(&processes) {
            let most = self.most;
            Err(format!(
                "{processes} processes of {name} cannot be explored: it has to be 1 to {most}"
            ))
        } else if processes < self.least {
            Err(format!("{name} takes at least {} processes", self.least))
        } else if increments == 0 {
            Err("processes that do nothing show nothing: at least 1 increment".to_owned())
        } else if increments > 1 && matches!(self.repeats, Repeats::Once | Repeats::Endlessly) {
            let how = if self.repeats == Repeats::Once { "once" } else { "without an end" };
            Err(format!("in {name} each process acts {how}: leave out --increments"))
        } else if deaths > 0 && self.with_deaths.is_none() {
            Err(format!("{name} says nothing about deaths: leave out --deaths"))
        } else if usize::from(deaths) > processes {
            Err(format!("{deaths} deaths are too many for {processes} processes"))
        } else {
            tickets.map_or(Ok(()), |tickets| self.accepts_tickets(tickets, size))
        }
    }

    fn accepts_tickets(&self, tickets: usize, size: Size) -> Result<(), String> {
        let (name, wanted) = (self.name, size.wanted());
        if !self.sells() {
            Err(format!("in {name} there are no tickets: leave out --tickets"))
        } else if tickets == 0 {
            Err("where nothing is sold nothing can be sold twice: at least 1 ticket".to_owned())
        } else if tickets > wanted {
            Err(format!(
                "{tickets} tickets are more than the {wanted} that are wanted: nobody would be refused, as with {wanted}"
            ))
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Size = Size::new(2, 1, 0);

    #[test]
    fn every_model_is_found_by_its_name_alone() {
        for model in models() {
            let small = Size { processes: model.least().max(2), ..SMALL };
            assert!(find(model.name).is_some_and(|found| std::ptr::eq(found, model)), "{model:?}");
            assert!(!model.about.is_empty() && model.accepts(small).is_ok(), "{model:?}");
        }
        assert!(find("").is_none() && find("mute").is_none());
    }

    #[test]
    fn sizes_that_make_no_sense_are_refused_in_words() {
        let table = [
            ("mutex", Size { processes: 0, ..SMALL }, "0 processes of mutex cannot be explored"),
            ("mutex", Size { processes: 9, ..SMALL }, "9 processes of mutex cannot be explored"),
            ("barrier", Size { processes: 5, ..SMALL }, "it has to be 1 to 4"),
            ("mutex", Size { increments: 0, ..SMALL }, "at least 1 increment"),
            ("mutex", Size { deaths: 3, ..SMALL }, "3 deaths are too many for 2 processes"),
            ("init", Size { increments: 2, ..SMALL }, "in init each process acts once"),
            ("mutex-panic", Size { deaths: 1, ..SMALL }, "says nothing about deaths"),
            ("jobs", Size { tickets: Some(1), ..SMALL }, "in jobs there are no tickets"),
            ("tickets", Size { tickets: Some(0), ..SMALL }, "at least 1 ticket"),
            ("tickets", Size { tickets: Some(3), ..SMALL }, "more than the 2 that are wanted"),
            ("event", SMALL, "event takes at least 3 processes"),
        ];
        for (name, size, words) in table {
            let why = find(name).expect("a model").accepts(size).expect_err("refused");
            assert!(why.contains(words), "'{words}' is missing: {why}");
        }
    }
}
