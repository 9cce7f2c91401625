//! A platform that plays one thread alone: it feeds the thread a script of results, and stops it at the first operation
//! beyond the script.
//!
//! A thread's code is deterministic, given the results of its operations. So what it wants to do next, after any
//! results, can be found out without the others: run it from the start, hand it those results, and look where it
//! stops. The explorer ([`graph`](crate::explore::graph)) builds a thread's automaton that way.
//!
//! *Where a thread stands* is a [`Key`]: the mark it passed last, and the results since. Two runs with equal keys go on
//! alike, provided that the marks' tokens say all that they have to ([`Platform::at`]), which each exploration audits. What a run counted and what it announced to the kernel is part of a mark without being
//! asked for.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::Hash;
use std::panic::{Location, resume_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use foldhash::fast::FixedState;
use lockproof::deadline::{Deadline, Monotonic};
use lockproof::error::TooManyHeld;
use lockproof::platform::{Changed, Ordering, Platform, Scope, ThreadId, Update, Waited};

use super::Sites;
use super::World;
use super::mutated::{Done, Kind, Mutation, Op, Site};
use super::words::check_number;
use crate::model::{Log, violated};

/// A word, by its number.
#[derive(Clone, Debug)]
pub struct Word {
    index: u8,
    name: &'static str,
    robust: bool,
}

/// A robust word.
#[derive(Clone, Debug)]
pub struct Robust(Word);

/// Protected data, by its number.
#[derive(Clone, Debug)]
pub struct Cell64 {
    index: u8,
    name: &'static str,
}

/// What a thread wants to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wants {
    /// Read a word.
    Load,
    /// Write this to a word.
    Store(u64),
    /// Change a word.
    Modify(Modify, u64),
    /// Change a word from the one value to the other.
    CompareExchange {
        /// From.
        current: u64,
        /// To.
        new: u64,
        /// With which ordering it reads if it fails.
        failure: Ordering,
    },
    /// A fence.
    Fence,
    /// Read a cell.
    CellGet,
    /// Write this to a cell.
    CellSet(u64),
    /// Sleep while the word holds this.
    Wait(u64, Until),
    /// Sleep while each of these words holds that.
    WaitAny(Vec<(u8, u64)>, Until),
    /// Wake so many.
    Wake(u32),
    /// Wake so many and move so many of the rest to another word, if the word holds what is expected.
    Requeue {
        /// What it has to hold.
        expected: u64,
        /// How many are woken.
        wake: u32,
        /// To which word the others go.
        to: u8,
        /// How many are moved.
        moved: u32,
    },
    /// Change a word, and wake all (or nobody, in a mutant).
    UpdateWake(Update, bool),
    /// Nothing: the thread has come to its end.
    End,
    /// Nothing: it broke a property, and this is what it says.
    Violation(String),
}

impl Wants {
    /// The words that it is about beside the one that every operation is on.
    pub(crate) fn others(&self) -> impl Iterator<Item = u8> {
        let (several, to) = match self {
            Self::WaitAny(words, _) => (&words[..], None),
            Self::Requeue { to, .. } => (&[][..], Some(*to)),
            _ => (&[][..], None),
        };
        several.iter().map(|(word, _)| *word).chain(to)
    }
}

/// How long a thread sleeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// It does not: the deadline has passed already.
    Now,
    /// Until some time that comes.
    Sometime,
    /// Until it is woken.
    Never,
}

impl Until {
    const fn of(deadline: Deadline) -> Self {
        match deadline {
            Deadline::Now => Self::Now,
            Deadline::At(_) => Self::Sometime,
            Deadline::Never => Self::Never,
        }
    }
}

/// What is wrong with whoever waits when all others have ended.
const LAST_ONE_SPINS: &str =
    "whoever comes last spins for ever: what it waits for, nobody is left to do";
/// No end of a model takes so many operations.
const MOST_TOUCHES: u32 = 1_000_000;
const LAST_ONE_WAITS: &str = "nobody can go on: whoever comes last waits, and nobody will wake it";

/// How a read-modify-write changes a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "named as the platform's methods")]
pub enum Modify {
    Swap,
    Add,
    Add64,
    And,
    Or,
}

impl Modify {
    /// The word after it.
    #[must_use]
    pub const fn apply(self, word: u64, operand: u64) -> u64 {
        match self {
            Self::Swap => operand,
            Self::Add => (word as u32).wrapping_add(operand as u32) as u64,
            Self::Add64 => word.wrapping_add(operand),
            Self::And => word & operand,
            Self::Or => word | operand,
        }
    }
}

/// An operation that a thread is about to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// What.
    pub wants: Wants,
    /// For traces.
    pub kind: Option<Kind>,
    /// On which word or cell.
    pub on: u8,
    /// With which ordering.
    pub order: Ordering,
    /// Where in the source.
    pub site: Option<Site>,
}

impl Label {
    /// Whether it is an access, and no fence, that takes part in the one order of all that is SeqCst.
    #[must_use]
    pub fn is_sequential_access(&self) -> bool {
        match self.wants {
            Wants::Fence => false,
            Wants::CompareExchange { failure: Ordering::SeqCst, .. } => true,
            _ => self.order == Ordering::SeqCst,
        }
    }
}

/// What a thread has told the kernel about its locks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct List {
    /// The words that it holds, in the order in which it took them.
    pub held: Vec<u8>,
    /// The word that it has announced.
    pub pending: Option<u8>,
    /// What it says after its next operation: only a mutant holds something back.
    late: Option<Told>,
}

/// One thing that the kernel is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Told {
    Announces(u8),
    Holds(u8),
    LetsGo { word: u8, announced: bool },
    IsDone,
}

impl List {
    /// Writes it down. Returns whether a lock that is let go of was held.
    fn note(&mut self, told: Told) -> bool {
        match told {
            Told::Announces(word) => self.pending = Some(word),
            Told::Holds(word) => self.held.push(word),
            Told::IsDone => self.pending = None,
            Told::LetsGo { word, announced } => {
                let Some(at) = self.held.iter().rposition(|held| *held == word) else {
                    return false;
                };
                self.held.remove(at);
                if announced {
                    self.pending = Some(word);
                }
            }
        }
        true
    }
}

/// The result of a wait, as scripts have it.
pub mod waited {
    use super::Waited;

    /// Woken, or not asleep any more for whatever reason.
    pub const WOKEN: u64 = 0;
    /// There was no sleep.
    pub const CHANGED: u64 = 1;
    /// The deadline passed.
    pub const TIMED_OUT: u64 = 2;

    /// What it says to the thread.
    pub(super) const fn read(result: u64) -> Waited {
        match result {
            WOKEN => Waited::Woken,
            CHANGED => Waited::Changed,
            _ => Waited::TimedOut,
        }
    }
}

/// The result of a requeue that found the word changed, as scripts have it; others are numbers of 32 bits.
pub const REQUEUE_FOUND_IT_CHANGED: u64 = u64::MAX;

/// Where a thread stands: the mark that it passed last (0 for its beginning), and the results since.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Place {
    mark: u32,
    since: Vec<u64>,
}

impl Place {
    /// The mark right before it, if there is one.
    #[must_use]
    pub const fn at_mark(&self) -> Option<u32> {
        if self.since.is_empty() { self.mark() } else { None }
    }

    /// The mark that was passed last, if there is one.
    #[must_use]
    pub const fn mark(&self) -> Option<u32> {
        if self.mark != 0 { Some(self.mark) } else { None }
    }

    /// The results since.
    #[must_use]
    pub fn since(&self) -> &[u64] {
        &self.since
    }
}

/// A place, and what the thread had told the kernel at the moments since its last operation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// Where it stands.
    pub place: Place,
    /// Each list that a death can find there: at first, and after each message to the kernel since the last operation.
    pub lists: Vec<List>,
}

/// All that decides what a thread does after a mark.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Mark {
    entry: u32,
    site: (&'static str, u32, u32),
    token: String,
    counted: String,
    list: List,
}

/// The marks and the loop entries that were seen, by number.
#[derive(Debug, Default)]
pub struct Marks {
    marks: HashMap<Mark, u32, FixedState>,
    entries: HashMap<Place, u32, FixedState>,
    /// Of each mark, by number, the entry of its loop.
    loops: Vec<u32>,
}

impl Marks {
    /// Whether a mark is one of a loop that the thread enters before it does anything.
    #[must_use]
    pub fn is_of_the_outermost_loop(&self, mark: u32) -> bool {
        let entry = self.loops.get(mark as usize - 1);
        entry.is_some() && entry == self.entries.get(&Place::default())
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.marks.len()
    }

    /// Whether two places are the same, for all that is known there: it may be that a loop was entered elsewhere.
    #[must_use]
    pub fn alike(&self, one: &Place, other: &Place) -> bool {
        let of = |place: &Place| {
            let (mark, _) = self.marks.iter().find(|(_, number)| **number == place.mark)?;
            Some((mark.site, &mark.token, &mark.counted, &mark.list))
        };
        one == other || one.since == other.since && of(one) == of(other)
    }

    /// Where in the source a mark is, and its token.
    #[must_use]
    pub fn describe(&self, mark: u32) -> Option<(String, &str)> {
        let (mark, _) = self.marks.iter().find(|(_, number)| **number == mark)?;
        let (file, line, _) = mark.site;
        Some((format!("{file}:{line}"), &mark.token))
    }
}

/// What a run plays.
#[derive(Clone, Copy, Debug, Default)]
pub struct Play {
    /// What the algorithm does wrong.
    pub mutation: Option<Mutation>,
    /// Whether marks count. Without them, two runs are the same only if all results were.
    pub without_marks: bool,
    /// Who notes which operations there are.
    pub sites: Option<&'static Sites>,
}

struct Run {
    play: Play,
    script: Vec<u64>,
    next: usize,
    stopped: bool,
    label: Option<Label>,
    place: Place,
    entries: Vec<u32>,
    list: List,
    lists: Vec<List>,
    until: Option<usize>,
    watch: Option<Watch>,
    log: Arc<Log>,
    names: Names,
    live: Option<Values>,
    /// How often it has looked at the values, or changed them.
    touched: u32,
}

/// What the words and cells are called, and which words are robust.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Of words.
    pub words: Vec<(&'static str, bool)>,
    /// Of cells.
    pub cells: Vec<&'static str>,
}

/// What words and cells hold, for a thread that runs when all others have ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Values {
    /// Of words.
    pub words: Vec<u64>,
    /// Of cells.
    pub cells: Vec<u64>,
}

/// Looks on as a thread is played. Told, before an operation, how many results the thread has been given, what it wants,
/// where it stands and what it has told the kernel, it says whether to go on.
pub type Watch = Rc<dyn Fn(usize, &Label, &Place, &[List]) -> bool>;

/// Unwinds a thread at the end of its script.
struct Stop;

/// A thread that is played.
#[derive(Clone)]
pub struct Recorder {
    run: Rc<RefCell<Run>>,
    marks: Rc<RefCell<Marks>>,
    me: ThreadId,
}

impl Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorder").field("me", &self.me).finish_non_exhaustive()
    }
}

/// Where a run stopped.
#[derive(Debug)]
pub struct Stopped {
    /// What it wants to do.
    pub label: Label,
    /// Where it stands.
    pub key: Key,
    /// How many results it has been given.
    pub after: usize,
}

impl Recorder {
    /// A thread with this id, which is given these results.
    #[must_use]
    pub fn new(
        me: ThreadId,
        script: Vec<u64>,
        play: Play,
        log: Arc<Log>,
        marks: Rc<RefCell<Marks>>,
    ) -> Self {
        let run = Run {
            play,
            script,
            next: 0,
            stopped: false,
            label: None,
            place: Place::default(),
            entries: Vec::new(),
            list: List::default(),
            lists: vec![List::default()],
            until: None,
            watch: None,
            log,
            names: Names::default(),
            live: None,
            touched: 0,
        };
        Self { run: Rc::new(RefCell::new(run)), marks, me }
    }

    /// A thread that runs alone on these values, to its end.
    #[must_use]
    pub fn alone(me: ThreadId, values: Values) -> Self {
        let thread = Self::new(me, Vec::new(), Play::default(), Arc::default(), Rc::default());
        thread.run.borrow_mut().live = Some(values);
        thread
    }

    /// The same, which stops already at its `moment`-th message to the kernel after the results, counted from zero: there
    /// a death finds [`Key::lists`]`[moment]`.
    #[must_use]
    pub fn stopping_at(self, moment: usize) -> Self {
        self.run.borrow_mut().until = Some(moment);
        self
    }

    /// The same, watched.
    #[must_use]
    pub fn watched_by(self, watch: Watch) -> Self {
        self.run.borrow_mut().watch = Some(watch);
        self
    }

    /// What was made on this platform so far.
    #[must_use]
    pub fn names(&self) -> Names {
        self.run.borrow().names.clone()
    }

    /// Plays the thread, and says where it stopped.
    pub fn play(&self, thread: &mut dyn FnMut(&Self)) -> Stopped {
        let played = crate::explore::quietly(|| {
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| thread(self)))
        });
        let mut run = self.run.borrow_mut();
        if played.is_ok()
            && let Some(told) = run.list.late.take()
        {
            run.list.note(told);
            run.now_stands();
        }
        let ended =
            |wants| Label { wants, kind: None, on: 0, order: Ordering::Relaxed, site: None };
        let label = match played {
            Ok(()) => ended(Wants::End),
            Err(panic) if panic.is::<Stop>() => {
                run.label.take().unwrap_or_else(|| ended(Wants::End))
            }
            Err(panic) => ended(Wants::Violation(crate::explore::why(&*panic))),
        };
        let key = Key { place: run.place.clone(), lists: run.lists.clone() };
        Stopped { label, key, after: run.next }
    }

    #[track_caller]
    fn op(&self, kind: Kind, word: &'static str) -> Op {
        let site = Location::caller();
        Op { kind, word, order: None, failure: None, operand: None, result: None, site }
    }

    /// Whether, and how, the operation is done; a mutant may leave it out.
    fn mutate(&self, op: &mut Op) -> Done {
        let run = self.run.borrow();
        // Whatever is dropped on the way out does nothing more.
        if run.stopped || std::thread::panicking() {
            return Done::No;
        }
        run.play.sites.iter().for_each(|sites| sites.pass(op));
        run.play.mutation.map_or(Done::Yes, |mutation| mutation.apply(op))
    }

    /// The result of an operation from the script; stops the thread where there is none.
    fn result(&self, op: &Op, on: u8, wants: Wants) -> u64 {
        let mut run = self.run.borrow_mut();
        let order = op.order.unwrap_or(Ordering::Relaxed);
        let label = Label { wants, kind: Some(op.kind), on, order, site: Some(op.site) };
        let watch = run.watch.as_ref();
        let goes_on = watch.is_none_or(|watch| watch(run.next, &label, &run.place, &run.lists));
        if let Some(result) = run.script.get(run.next).copied().filter(|_| goes_on) {
            run.next += 1;
            run.place.since.push(result);
            let late = run.list.late.take();
            run.lists.clear();
            run.now_stands();
            run.says_late(late);
            return result;
        }
        run.stopped = true;
        run.label = Some(label);
        drop(run);
        // Not a panic: nobody wants to hear of it.
        resume_unwind(Box::new(Stop))
    }

    /// Does something to the values, if this thread runs on such; `None` if it is played.
    fn live<T>(&self, work: impl FnOnce(&mut Values) -> T) -> Option<T> {
        let mut run = self.run.borrow_mut();
        let Run { live, touched, .. } = &mut *run;
        let values = live.as_mut()?;
        *touched += 1;
        if *touched > MOST_TOUCHES {
            violated(LAST_ONE_SPINS);
        }
        Some(work(values))
    }

    #[track_caller]
    fn modify(
        &self,
        word: &Word,
        kind: Kind,
        modify: Modify,
        operand: u64,
        order: Ordering,
    ) -> u64 {
        let mut op = Op { order: Some(order), operand: Some(operand), ..self.op(kind, word.name) };
        let at = usize::from(word.index);
        let live = self.live(|values| {
            let before = values.words[at];
            values.words[at] = modify.apply(before, operand);
            before
        });
        if let Some(before) = live {
            return before;
        }
        if self.mutate(&mut op) == Done::No {
            return 0;
        }
        let wants = match op.result {
            Some(result) => Wants::Modify(Modify::Swap, result),
            None => Wants::Modify(modify, op.operand.unwrap_or(operand)),
        };
        self.result(&op, word.index, wants)
    }

    #[track_caller]
    fn exchange(
        &self,
        word: &Word,
        current: u64,
        new: u64,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u64, u64> {
        let plain = self.op(Kind::CompareExchange, word.name);
        let mut op =
            Op { order: Some(success), failure: Some(failure), operand: Some(new), ..plain };
        let at = usize::from(word.index);
        let live = self.live(|values| {
            let before = values.words[at];
            if before == current {
                values.words[at] = new;
            }
            before
        });
        let before = match live {
            Some(before) => before,
            None if self.mutate(&mut op) == Done::No => return Ok(current),
            None => match op.result {
                Some(result) => {
                    self.result(&op, word.index, Wants::Modify(Modify::Swap, result));
                    return Ok(current);
                }
                None => {
                    let new = op.operand.unwrap_or(new);
                    let failure = op.failure.unwrap_or(failure);
                    self.result(&op, word.index, Wants::CompareExchange { current, new, failure })
                }
            },
        };
        if before == current { Ok(before) } else { Err(before) }
    }

    #[track_caller]
    fn read(&self, word: &Word, order: Ordering) -> u64 {
        let mut op = Op { order: Some(order), ..self.op(Kind::Load, word.name) };
        if let Some(value) = self.live(|values| values.words[usize::from(word.index)]) {
            return value;
        }
        if self.mutate(&mut op) == Done::No {
            return 0;
        }
        self.result(&op, word.index, Wants::Load)
    }

    #[track_caller]
    fn write(&self, word: &Word, value: u64, order: Ordering) {
        let plain = self.op(Kind::Store, word.name);
        let mut op = Op { order: Some(order), operand: Some(value), ..plain };
        if self.live(|values| values.words[usize::from(word.index)] = value).is_none()
            && self.mutate(&mut op) != Done::No
        {
            self.result(&op, word.index, Wants::Store(op.operand.unwrap_or(value)));
        }
    }

    #[track_caller]
    fn robust_op(&self, kind: Kind, robust: &Robust) -> Done {
        let mut op = self.op(kind, robust.0.name);
        self.mutate(&mut op)
    }

    /// Tells the kernel something, if a mutant does not keep it from that. Returns whether a lock that is let go of was held.
    fn tell(&self, done: Done, told: Told) -> bool {
        let mut run = self.run.borrow_mut();
        match done {
            Done::No => return true,
            Done::Late => {
                let late = Some(told);
                run.list.late = late;
                run.lists.last_mut().expect("what it has said at last").late = late;
                return true;
            }
            Done::Yes | Done::Half => {}
        }
        run.stop_if_it_is_time();
        let late = run.list.late.take();
        let was_held = run.list.note(told);
        run.now_stands();
        run.says_late(late);
        was_held
    }
}

impl Run {
    /// Stops where a death is looked for.
    fn stop_if_it_is_time(&mut self) {
        if self.next == self.script.len() && self.until == Some(self.lists.len() - 1) {
            self.stopped = true;
            resume_unwind(Box::new(Stop))
        }
    }

    /// A death from now on finds the list as it is.
    fn now_stands(&mut self) {
        let list = self.list.clone();
        self.lists.push(list);
    }

    /// Says what was held back until now; a death before that finds it unsaid.
    fn says_late(&mut self, late: Option<Told>) {
        if let Some(told) = late {
            self.stop_if_it_is_time();
            self.list.note(told);
            self.now_stands();
        }
    }
}

impl Platform for Recorder {
    type Word = Word;
    type RobustWord = Robust;
    type Word64 = Word;
    type Cell = Cell64;

    fn word(robust: &Robust) -> &Word {
        &robust.0
    }

    fn load(&self, word: &Word, order: Ordering) -> u32 {
        self.read(word, order) as u32
    }

    fn store(&self, word: &Word, value: u32, order: Ordering) {
        self.write(word, value.into(), order);
    }

    fn swap(&self, word: &Word, value: u32, order: Ordering) -> u32 {
        self.modify(word, Kind::Swap, Modify::Swap, value.into(), order) as u32
    }

    fn compare_exchange(
        &self,
        word: &Word,
        current: u32,
        new: u32,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u32, u32> {
        self.exchange(word, current.into(), new.into(), success, failure)
            .map(|before| before as u32)
            .map_err(|before| before as u32)
    }

    fn fetch_add(&self, word: &Word, value: u32, order: Ordering) -> u32 {
        self.modify(word, Kind::FetchAdd, Modify::Add, value.into(), order) as u32
    }

    fn fetch_and(&self, word: &Word, value: u32, order: Ordering) -> u32 {
        self.modify(word, Kind::FetchAnd, Modify::And, value.into(), order) as u32
    }

    fn fetch_or(&self, word: &Word, value: u32, order: Ordering) -> u32 {
        self.modify(word, Kind::FetchOr, Modify::Or, value.into(), order) as u32
    }

    fn fence(&self, order: Ordering) {
        let mut op = Op { order: Some(order), ..self.op(Kind::Fence, "") };
        // A fence that was weakened that far is none.
        if self.live(|_| ()).is_none()
            && self.mutate(&mut op) != Done::No
            && op.order != Some(Ordering::Relaxed)
        {
            self.result(&op, 0, Wants::Fence);
        }
    }

    fn load64(&self, word: &Word, order: Ordering) -> u64 {
        self.read(word, order)
    }

    fn store64(&self, word: &Word, value: u64, order: Ordering) {
        self.write(word, value, order);
    }

    fn fetch_add64(&self, word: &Word, value: u64, order: Ordering) -> u64 {
        self.modify(word, Kind::FetchAdd, Modify::Add64, value, order)
    }

    fn compare_exchange64(
        &self,
        word: &Word,
        current: u64,
        new: u64,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u64, u64> {
        self.exchange(word, current, new, success, failure)
    }

    fn cell_get(&self, cell: &Cell64) -> u64 {
        let mut op = self.op(Kind::CellGet, cell.name);
        if let Some(value) = self.live(|values| values.cells[usize::from(cell.index)]) {
            return value;
        }
        if self.mutate(&mut op) == Done::No {
            return 0;
        }
        self.result(&op, cell.index, Wants::CellGet)
    }

    fn cell_set(&self, cell: &Cell64, value: u64) {
        let mut op = self.op(Kind::CellSet, cell.name);
        if self.live(|values| values.cells[usize::from(cell.index)] = value).is_none()
            && self.mutate(&mut op) != Done::No
        {
            self.result(&op, cell.index, Wants::CellSet(value));
        }
    }

    fn futex_wait(&self, word: &Word, expected: u32, deadline: Deadline) -> Waited {
        let mut op = self.op(Kind::FutexWait, word.name);
        let value = self.live(|values| values.words[usize::from(word.index)]);
        if value == Some(expected.into()) {
            violated(LAST_ONE_WAITS);
        }
        if value.is_some() {
            return Waited::Changed;
        }
        if self.mutate(&mut op) == Done::No {
            return Waited::Woken;
        }
        let wants = Wants::Wait(expected.into(), Until::of(deadline));
        waited::read(self.result(&op, word.index, wants))
    }

    fn futex_wait_any(&self, words: &[(&Word, u32)], deadline: Deadline) -> Waited {
        check_number(words.len());
        let (first, _) = words[0];
        let mut op = self.op(Kind::FutexWaitAny, first.name);
        let all_equal = self.live(|values| {
            let is_equal = |(word, expected): &(&Word, u32)| {
                values.words[usize::from(word.index)] == u64::from(*expected)
            };
            words.iter().all(is_equal)
        });
        match all_equal {
            Some(true) => violated(LAST_ONE_WAITS),
            Some(false) => return Waited::Changed,
            None => {}
        }
        let words = match self.mutate(&mut op) {
            Done::No => return Waited::Woken,
            Done::Half => &words[..1],
            Done::Yes | Done::Late => words,
        };
        let until = Until::of(deadline);
        let words = words.iter().map(|(word, expected)| (word.index, u64::from(*expected)));
        let wants = match words.collect::<Vec<_>>()[..] {
            [(_, expected)] => Wants::Wait(expected, until),
            ref words => Wants::WaitAny(words.to_vec(), until),
        };
        waited::read(self.result(&op, first.index, wants))
    }

    fn futex_requeue(
        &self,
        from: &Word,
        expected: u32,
        wake: u32,
        to: &Word,
        moved: u32,
    ) -> Result<u32, Changed> {
        let plain = self.op(Kind::FutexRequeue, from.name);
        let mut op = Op { operand: Some(wake.into()), ..plain };
        if let Some(value) = self.live(|values| values.words[usize::from(from.index)]) {
            return if value == u64::from(expected) { Ok(0) } else { Err(Changed) };
        }
        let moved = match self.mutate(&mut op) {
            Done::No => return Ok(1),
            Done::Half => 0,
            Done::Yes | Done::Late => moved,
        };
        let wake = op.operand.unwrap_or(0) as u32;
        let wants = Wants::Requeue { expected: expected.into(), wake, to: to.index, moved };
        match self.result(&op, from.index, wants) {
            REQUEUE_FOUND_IT_CHANGED => Err(Changed),
            number => Ok(number as u32),
        }
    }

    fn futex_wake(&self, word: &Word, count: u32) -> u32 {
        let plain = self.op(Kind::FutexWake, word.name);
        let mut op = Op { operand: Some(count.into()), ..plain };
        if self.live(|_| ()).is_some() {
            return 0;
        }
        if self.mutate(&mut op) == Done::No {
            return 1;
        }
        let count = op.operand.map_or(count, |operand| operand as u32);
        self.result(&op, word.index, Wants::Wake(count)) as u32
    }

    fn futex_update_wake_all(&self, word: &Word, update: Update) -> u32 {
        let mut op = self.op(Kind::FutexUpdateWakeAll, word.name);
        let at = usize::from(word.index);
        if self.live(|values| values.words[at] = apply(update, values.words[at])).is_some() {
            return 0;
        }
        match self.mutate(&mut op) {
            Done::No => 1,
            done => {
                let wants = Wants::UpdateWake(update, done != Done::Half);
                self.result(&op, word.index, wants) as u32
            }
        }
    }

    fn robust_begin(&self, robust: &Robust) -> Result<(), TooManyHeld> {
        let done = self.robust_op(Kind::RobustBegin, robust);
        self.tell(done, Told::Announces(robust.0.index));
        Ok(())
    }

    fn robust_insert(&self, robust: &Robust) {
        let done = self.robust_op(Kind::RobustInsert, robust);
        self.tell(done, Told::Holds(robust.0.index));
    }

    fn robust_remove(&self, robust: &Robust) -> bool {
        let done = self.robust_op(Kind::RobustRemove, robust);
        self.tell(done, Told::LetsGo { word: robust.0.index, announced: done != Done::Half })
    }

    fn robust_end(&self) {
        let done = self.mutate(&mut self.op(Kind::RobustEnd, ""));
        self.tell(done, Told::IsDone);
    }

    fn robust_holds(&self, robust: &Robust) -> bool {
        self.run.borrow().list.held.contains(&robust.0.index)
    }

    fn me(&self) -> ThreadId {
        self.me
    }

    fn exists(&self, _: ThreadId) -> bool {
        true
    }

    fn now(&self) -> Monotonic {
        Monotonic::ZERO
    }

    fn patience(&self) -> Option<Duration> {
        None
    }

    fn spin(&self, _: u32) -> bool {
        false
    }

    fn pause(&self) {}

    fn scope(&self) -> Scope {
        let mut run = self.run.borrow_mut();
        let mut marks = self.marks.borrow_mut();
        let next = marks.entries.len() as u32;
        let entry = *marks.entries.entry(run.place.clone()).or_insert(next);
        run.entries.push(entry);
        Scope(run.entries.len() - 1)
    }

    fn at(&self, scope: Scope, token: impl Debug + Hash) {
        let mut run = self.run.borrow_mut();
        let out = run.stopped || std::thread::panicking();
        if out || run.live.is_some() || run.play.without_marks {
            return;
        }
        let site = Location::caller();
        let mark = Mark {
            entry: run.entries.get(scope.0).copied().unwrap_or(0),
            site: (site.file(), site.line(), site.column()),
            token: format!("{token:?}"),
            counted: format!("{:?}", run.log),
            list: run.list.clone(),
        };
        let mut marks = self.marks.borrow_mut();
        let (next, entry) = (marks.marks.len() as u32 + 1, mark.entry);
        let mark = *marks.marks.entry(mark).or_insert(next);
        if mark == next {
            marks.loops.push(entry);
        }
        run.place.mark = mark;
        run.place.since.clear();
    }
}

/// [`Update::apply`], for words as wide as any.
#[must_use]
pub fn apply(update: Update, word: u64) -> u64 {
    update.apply(word as u32).into()
}

impl World for Recorder {
    fn new_word(&self, name: &'static str) -> Word {
        self.make(name, false)
    }

    fn new_robust(&self, name: &'static str) -> Robust {
        Robust(self.make(name, true))
    }

    fn new_word64(&self, name: &'static str) -> Word {
        self.make(name, false)
    }

    fn new_cell(&self, name: &'static str) -> Cell64 {
        let mut run = self.run.borrow_mut();
        run.names.cells.push(name);
        Cell64 { index: (run.names.cells.len() - 1) as u8, name }
    }

    fn name_of(word: &Word) -> &'static str {
        word.name
    }

    fn name_of64(word: &Word) -> &'static str {
        word.name
    }

    fn name_of_cell(cell: &Cell64) -> &'static str {
        cell.name
    }

    fn id_of(word: &Word) -> usize {
        word.index.into()
    }

    fn is_lock(word: &Word) -> bool {
        word.robust
    }

    fn as_thread(&self, thread: ThreadId) -> Self {
        Self { me: thread, ..self.clone() }
    }
}

impl Recorder {
    fn make(&self, name: &'static str, robust: bool) -> Word {
        let mut run = self.run.borrow_mut();
        run.names.words.push((name, robust));
        Word { index: (run.names.words.len() - 1) as u8, name, robust }
    }
}
