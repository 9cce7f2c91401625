//! What can happen next in a state.
//!
//! # What is done in one step
//!
//! Accesses to cells and fences that only concern their own thread are done together with the operation before them:
//! whoever orders them otherwise has a data race, which is found all the same, since it is knowledge that decides
//! about races and not the order of steps. A death comes between all of these.
//!
//! # Which stale messages are read
//!
//! All that RC11 allows, but for one thing. A thread that reads an old message of a word, and changes nothing by it,
//! could have read it earlier: at the moment when that message was the latest, or right after the thread's own last step
//! if that came later. So an old message is read only if it was old already at that last step (`floor`); the rest are
//! read while they are the latest, in another order of steps. The same goes for falling asleep, unless the thread was
//! `overtaken` since: somebody has called to wake sleepers, who might have found this one; or has looked at the word under
//! the lock of its queue and found a value that is older than the one on which this one falls asleep. And it goes for a
//! call to wake sleepers, unless somebody has fallen asleep or woken up since, or has found an older value than the caller
//! knows of. This is left off (`prune`) for words to
//! which plain stores have gone, as these may go into the middle of the order. `reach.rs` says what has to be kept.
//!
//! # The futex
//!
//! The kernel compares under the lock of the word's queue, and behind a full barrier (`futex_wait_setup`,
//! `futex_hb_waiters_inc` in `kernel/futex`): so a comparison may find an old value, but none that is older than what
//! somebody knew who has called `futex_wake` on the word since: that call either finds the sleeper or comes
//! before it. Who wakes somebody has held that lock after whoever held it before, and knows of the word what they
//! knew; a thread that was woken knows of the word what the one that woke it knew. Nobody learns anything else, though on
//! Linux they do.
//!
//! A wait that returns for no reason does so at once, whatever the word holds, and has not read it. A sleep that ends
//! for no reason comes to the same, but for what the thread knows: more, and that is less to explore. Unless the
//! sleeper was moved to another word: that it was counted cannot be undone. So it is a step that it then begins anew, with
//! what it asked for at first; and that may return for no reason. `step/queues.rs`, `step/several.rs` and `step/requeue.rs`
//! do all this.

use lockproof::platform::{Ordering, Update};
use lockproof::raw::mutex_state::{KERNEL_OWNER, OWNER_DIED, WAITERS};

use super::automaton::{Known, Moment, Unknown};
use super::fences::{self, MOST_FENCES, Touch};
use super::state::{Message, Overtaken, Phase, State};
use super::view::WRITTEN;
use super::{MOST_MESSAGES, Memory, Options, Shape};
use crate::explore::BREAKS_A_LIST;
use crate::platform::KernelRule;
use crate::platform::recorder::{List, Wants, apply};

mod queues;
mod requeue;
mod several;

use requeue::Requeue;

/// One thing that was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Did {
    pub(super) thread: u8,
    /// Where the thread stood.
    pub(super) node: u32,
    pub(super) what: What,
    pub(super) before: Option<u64>,
    pub(super) after: Option<u64>,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// What the node says.
    Wanted,
    FallsAsleep,
    /// Its wait returns for no reason.
    Returns,
    FindsItChanged,
    WakesUp,
    TimesOut,
    Dies,
    /// It enters the queue of this word, one of several.
    Enters(u8),
    /// It finds this one changed, of several.
    FindsChanged(u8),
    /// It was found by a wake, and still is in other queues, or on its way into them.
    IsFound,
    /// It leaves this one's queue.
    Leaves(u8),
    /// It was moved to this one's queue.
    IsMoved(u8),
    /// It compares anew, having been moved and interrupted.
    BeginsAnew,
    /// By the kernel, on this word.
    Marks(u8),
    Looks(u8),
    Wakes(u8),
}

/// A state that can come next.
#[derive(Clone, Debug)]
pub(super) struct Next {
    pub(super) state: State,
    pub(super) did: Vec<Did>,
    /// What is wrong with it.
    pub(super) wrong: Option<String>,
    pub(super) manner: Manner,
}

/// How one state comes after another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Manner {
    /// Whose step it was.
    pub(super) thread: u8,
    /// Whether nothing has to come of it ever: a sleeper that returns for no reason, a death.
    pub(super) by_chance: bool,
    /// Whether something was read that was not the latest, or written before it.
    pub(super) stale: bool,
    /// Who came to where a process has got on with its work, a bit for each.
    pub(super) progress: u16,
}

/// Why a state cannot be explored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// There are fences, and no room was made for what they need.
    Fences,
    /// Sleepers are moved to other words, and not enough was kept for them.
    Requeues,
    /// Something has to be found out first.
    Unknown(Unknown),
    /// The code does something else for another thread's id.
    NotInterchangeable,
    /// The memory model has no room for it.
    Refused(String),
}

/// States that can come next; their room is used again.
#[derive(Debug, Default)]
pub(super) struct Nexts {
    all: Vec<Next>,
    used: usize,
    /// States that were worked on, to be used again.
    spare: Vec<State>,
    /// Some were left out for want of room.
    pub(super) incomplete: bool,
}

impl Nexts {
    pub(super) fn all(&mut self) -> &mut [Next] {
        &mut self.all[..self.used]
    }

    fn add(&mut self, state: &State, did: &[Did]) -> &mut Next {
        if self.used == self.all.len() {
            self.all.push(Next {
                state: state.clone(),
                did: Vec::new(),
                wrong: None,
                manner: Manner::default(),
            });
        }
        let next = &mut self.all[self.used];
        self.used += 1;
        next.state.clone_from(state);
        next.did.clear();
        next.did.extend_from_slice(did);
        (next.wrong, next.manner) = (None, Manner::default());
        next
    }
}

/// What was seen at all, in the whole exploration.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    pub(super) contended: usize,
    pub(super) slept: usize,
    /// The most deaths in a state, and the most of a holder.
    pub(super) deaths: u8,
    pub(super) died_holding: u8,
    /// A word had more messages than there is room for; those states were left out.
    pub(super) too_many_messages: bool,
}

impl Seen {
    pub(super) fn join(&mut self, other: &Self) {
        self.contended += other.contended;
        self.slept += other.slept;
        self.deaths = self.deaths.max(other.deaths);
        self.died_holding = self.died_holding.max(other.died_holding);
        self.too_many_messages |= other.too_many_messages;
    }
}

/// Does steps.
pub(super) struct Stepper<'a> {
    pub(super) known: &'a Known,
    pub(super) options: &'a Options,
    pub(super) shape: &'a Shape,
    pub(super) seen: &'a mut Seen,
    pub(super) nexts: &'a mut Nexts,
    /// Whose step it is, and what was done in it so far.
    thread: usize,
    did: Vec<Did>,
    /// Whether it is on messages that are not the latest.
    stale: bool,
}

const fn acquires(order: Ordering) -> bool {
    matches!(order, Ordering::Acquire | Ordering::AcqRel | Ordering::SeqCst)
}

const fn releases(order: Ordering) -> bool {
    matches!(order, Ordering::Release | Ordering::AcqRel | Ordering::SeqCst)
}

impl<'a> Stepper<'a> {
    pub(super) const fn new(
        known: &'a Known,
        options: &'a Options,
        shape: &'a Shape,
        seen: &'a mut Seen,
        nexts: &'a mut Nexts,
    ) -> Self {
        Self { known, options, shape, seen, nexts, thread: 0, did: Vec::new(), stale: false }
    }

    /// All states that can come next.
    pub(super) fn all(&mut self, state: &State) -> Result<(), Stop> {
        (self.nexts.used, self.nexts.incomplete) = (0, false);
        for thread in 0..state.threads.len() {
            self.thread = thread;
            self.begins(false);
            match state.threads[thread].phase {
                Phase::Runs => self.runs(state)?,
                Phase::Sleeps => self.sleeps(state)?,
                Phase::Enters { next, found } => self.enters(state, usize::from(next), found)?,
                Phase::Leaves(why) => self.departs(state, why)?,
                Phase::Cleanup { .. } => self.cleans_up(state)?,
                Phase::Ended | Phase::Dead => {}
            }
        }
        Ok(())
    }

    fn note(&mut self, state: &State, what: What, before: Option<u64>, after: Option<u64>) {
        let node = state.threads[self.thread].node;
        self.did.push(Did { thread: self.thread as u8, node, what, before, after });
    }

    /// A copy, to work on.
    fn copy(&mut self, state: &State) -> State {
        match self.nexts.spare.pop() {
            Some(mut copy) => {
                copy.clone_from(state);
                copy
            }
            None => state.clone(),
        }
    }

    /// The copy is not needed any more.
    fn put_back(&mut self, copy: State) {
        self.nexts.spare.push(copy);
    }

    /// The thread does something else.
    fn begins(&mut self, stale: bool) {
        self.did.clear();
        self.stale = stale;
    }

    fn emit(&mut self, state: &State) -> &mut Next {
        let progress = if self.options.liveness.is_some() { self.progress(state) } else { 0 };
        let next = self.nexts.add(state, &self.did);
        let (thread, stale) = (self.thread as u8, self.stale);
        next.manner = Manner { thread, stale, progress, by_chance: false };
        next
    }

    /// Who has come to where a process has got on with its work.
    fn progress(&self, state: &State) -> u16 {
        let mut progress = 0;
        let mut comes_to = |thread: u8, node: u32| {
            progress |= u16::from(self.known.node(node).is_progress) << thread;
        };
        for (at, did) in self.did.iter().enumerate() {
            match did.what {
                What::Wanted if at > 0 => comes_to(did.thread, did.node),
                What::WakesUp => comes_to(did.thread, state.threads[usize::from(did.thread)].node),
                _ => {}
            }
        }
        if state.threads[self.thread].phase == Phase::Runs {
            comes_to(self.thread as u8, state.threads[self.thread].node);
        }
        progress
    }

    fn emit_wrong(&mut self, state: &State, wrong: String) {
        self.emit(state).wrong = Some(wrong);
    }

    // The steps of a thread that lives.

    fn runs(&mut self, state: &State) -> Result<(), Stop> {
        self.operates(state)?;
        self.begins(false);
        self.deaths(state);
        Ok(())
    }

    /// It may die here.
    fn deaths(&mut self, state: &State) {
        let mortal = self.known.is_mortal(self.thread);
        if !mortal || state.deaths >= self.options.deaths {
            return;
        }
        let node = state.threads[self.thread].node;
        let (done, moments) = (self.did.len(), self.known.node(node).moments.len());
        // Who sleeps has told the kernel all that it had to say before.
        let first = if state.threads[self.thread].phase == Phase::Sleeps { moments - 1 } else { 0 };
        for at in first..moments {
            let moment = self.known.node(node).moments[at];
            let mut state = self.copy(state);
            self.note(&state, What::Dies, None, None);
            state.deaths += 1;
            self.leaves_its_queue(&mut state);
            self.leaves(&mut state, moment, true);
            self.emit(&state).manner.by_chance = true;
            self.put_back(state);
            self.did.truncate(done);
        }
    }

    /// It is no more; the kernel looks at its list.
    fn leaves(&self, state: &mut State, Moment { list, node }: Moment, died: bool) {
        let thread = &mut state.threads[self.thread];
        thread.overtaken = Overtaken::NOT;
        thread.node = if self.options.merge_the_dead { self.known.node(node).noted } else { node };
        thread.phase = if looked_at(self.known.list(list)).next().is_some() {
            Phase::Cleanup { list, at: 0, wakes: false, died }
        } else {
            over(died)
        };
    }

    /// It has done something, and comes to its next node: does what can be done at once there.
    fn arrives(&mut self, state: &mut State) -> Result<(), Stop> {
        loop {
            if let Some(why) = self.breaks_a_list(state) {
                self.emit_wrong(state, why);
                return Ok(());
            }
            let node = state.threads[self.thread].node;
            let label = &self.known.node(node).label;
            let at_once = match &label.wants {
                Wants::End => {
                    let last = self.known.node(node).moments.last().copied();
                    let mut ended = self.copy(state);
                    if let Some(last) = last {
                        self.leaves(&mut ended, last, false);
                    }
                    self.emit(&ended);
                    self.put_back(ended);
                    self.deaths(state);
                    return Ok(());
                }
                Wants::Violation(why) => {
                    let why = why.clone();
                    self.emit_wrong(state, why);
                    return Ok(());
                }
                Wants::CellGet | Wants::CellSet(_) => self.options.fuse,
                Wants::Fence => self.options.fuse && label.order != Ordering::SeqCst,
                _ => false,
            };
            if !at_once {
                self.emit(state);
                return Ok(());
            }
            self.deaths(state);
            let Some(result) = self.local(state)? else { return Ok(()) };
            state.threads[self.thread].node = self.known.after(node, result)?;
        }
    }

    /// It has put a word into its robust list that stands in another's: there is one link in it, for both.
    fn breaks_a_list(&self, state: &State) -> Option<String> {
        let listed = |thread: usize| self.known.node(state.threads[thread].node).listed;
        let own = listed(self.thread);
        if own == 0 || !self.options.lists {
            return None;
        }
        let alive = (0..state.threads.len()).filter(|at| state.threads[*at].phase.is_alive());
        let other = alive.filter(|at| *at != self.thread).find(|at| own & listed(*at) != 0)?;
        let word = (own & listed(other)).trailing_zeros() as usize;
        let (name, who, other) = (self.known.names().words[word].0, self.thread + 1, other + 1);
        Some(format!(
            "{name} comes into the robust list of process {who} while it stands in process {other}'s, {BREAKS_A_LIST}"
        ))
    }

    /// An operation that concerns nobody else at this moment; `None` if it is wrong, which has been said.
    fn local(&mut self, state: &mut State) -> Result<Option<u64>, Stop> {
        let node = state.threads[self.thread].node;
        let label = &self.known.node(node).label;
        let (cell, order) = (usize::from(label.on), label.order);
        match label.wants {
            Wants::CellGet => {
                let value = state.cells[cell].value;
                self.note(state, What::Wanted, Some(value), None);
                Ok(self.reads_cell(state, cell).then_some(value))
            }
            Wants::CellSet(value) => {
                let before = state.cells[cell].value;
                self.note(state, What::Wanted, Some(before), Some(value));
                Ok(self.writes_cell(state, cell, value).then_some(0))
            }
            _ => {
                if !self.shape.needs.fences {
                    return Err(Stop::Fences);
                }
                self.note(state, What::Wanted, None, None);
                Ok(self.fences(state, order).then_some(0))
            }
        }
    }

    fn reads_cell(&mut self, state: &mut State, cell: usize) -> bool {
        if !self.options.races {
            return true;
        }
        let bit = 1 << self.thread;
        let ok = state.threads[self.thread].knows.cells[cell] & WRITTEN != 0;
        if !ok {
            self.race(state, cell, "reads it, and nothing orders that after another's write");
            return false;
        }
        for view in state.views() {
            view.cells[cell] &= !bit;
        }
        state.threads[self.thread].knows.cells[cell] |= bit;
        state.cells[cell].readers |= bit;
        true
    }

    fn writes_cell(&mut self, state: &mut State, cell: usize, value: u64) -> bool {
        if !self.options.races {
            state.cells[cell].value = value;
            return true;
        }
        let bit = 1 << self.thread;
        let knows = state.threads[self.thread].knows.cells[cell];
        if knows & WRITTEN == 0 {
            self.race(state, cell, "writes it, and nothing orders that after another's write");
            return false;
        }
        if state.cells[cell].readers & !bit & !knows != 0 {
            self.race(state, cell, "writes it, and nothing orders that after another's read");
            return false;
        }
        for view in state.views() {
            view.cells[cell] = 0;
        }
        state.threads[self.thread].knows.cells[cell] = WRITTEN;
        state.cells[cell].readers = 0;
        state.cells[cell].value = value;
        true
    }

    fn race(&mut self, state: &State, cell: usize, how: &str) {
        let name = self.known.names().cells[cell];
        let who = self.thread + 1;
        self.emit_wrong(state, format!("a data race on {name}: process {who} {how}"));
    }

    /// Returns false if there cannot be such an execution, or no room for it.
    fn fences(&mut self, state: &mut State, order: Ordering) -> bool {
        let thread = &mut state.threads[self.thread];
        if acquires(order) {
            let heard = thread.heard;
            thread.knows.join(&heard);
        }
        if order == Ordering::SeqCst && self.options.memory == Memory::C11 {
            if state.fences.len() == MOST_FENCES {
                self.has_no_room();
                return false;
            }
            if !fences::adds(state, self.thread) {
                return false;
            }
        }
        let thread = &mut state.threads[self.thread];
        if releases(order) {
            thread.fenced = thread.knows;
        }
        true
    }

    /// Leaves a state out.
    fn has_no_room(&mut self) {
        self.seen.too_many_messages = true;
        self.nexts.incomplete = true;
    }

    /// Does what the thread's node says, in every way that there is.
    fn operates(&mut self, state: &State) -> Result<(), Stop> {
        let node = state.threads[self.thread].node;
        let label = self.known.node(node).label.clone();
        let word = usize::from(label.on);
        if self.options.memory == Memory::C11 && label.is_sequential_access() {
            let site = label.site.map_or_else(String::new, |site| site.to_string());
            return Err(Stop::Refused(format!(
                "the SeqCst access at {site}: this explorer has SeqCst fences, and no such accesses"
            )));
        }
        match label.wants {
            Wants::Load => self.loads(state, word, label.order),
            Wants::Store(value) => self.stores(state, word, value, label.order),
            Wants::Modify(modify, operand) => self
                .modifies(state, word, label.order, |before| Some(modify.apply(before, operand))),
            Wants::CompareExchange { current, new, failure } => {
                self.modifies(state, word, label.order, |before| {
                    (before == current).then_some(new)
                })?;
                self.fails(state, word, current, failure)
            }
            Wants::Wait(expected, until) => self.waits(state, word, expected, until),
            Wants::Wake(count) => self.wakes(state, word, count),
            Wants::WaitAny(..) => self.waits_for_any(state),
            Wants::Requeue { expected, wake, to, moved } => {
                self.requeues(state, Requeue { from: word, expected, wake, to, moved })
            }
            Wants::UpdateWake(update, wakes) => self.updates(state, word, update, wakes),
            Wants::End | Wants::Violation(_) => self.arrives(&mut state.clone()),
            Wants::Fence | Wants::CellGet | Wants::CellSet(_) => {
                let mut state = state.clone();
                let Some(result) = self.local(&mut state)? else { return Ok(()) };
                self.moved(&mut state);
                self.goes_on(&mut state, result)
            }
        }
    }

    /// The thread has its result.
    fn goes_on(&mut self, state: &mut State, result: u64) -> Result<(), Stop> {
        let node = state.threads[self.thread].node;
        let next = self.known.after(node, result)?;
        let thread = &mut state.threads[self.thread];
        (thread.node, thread.overtaken) = (next, Overtaken::NOT);
        let label = &self.known.node(next).label;
        match label.wants {
            // What comes between from now on is looked at; what came before was not.
            Wants::Wait(..) if self.options.prune => {
                let last = state.words[usize::from(label.on)].last() as u8;
                thread.overtaken = Overtaken { word: label.on, until: last };
            }
            Wants::Wake(_) => self.moved(state),
            _ => {}
        }
        self.arrives(state)
    }

    /// The thread has done something at this moment, that could not have been done earlier.
    fn moved(&self, state: &mut State) {
        let thread = &mut state.threads[self.thread];
        for (floor, word) in thread.floor.iter_mut().zip(&state.words) {
            *floor = word.last() as u8;
        }
    }

    /// The messages that the thread may read.
    fn readable(&self, state: &State, word: usize) -> impl Iterator<Item = usize> + use<'a> {
        let thread = &state.threads[self.thread];
        let (from, last) = (usize::from(thread.knows.at[word]), state.words[word].last());
        let pruned = self.options.prune && state.words[word].is_chained();
        let floor = if pruned { usize::from(thread.floor[word]) } else { last };
        let from = if self.options.memory == Memory::Sc { last } else { from };
        (from..=last).filter(move |at| *at < floor || *at == last)
    }

    /// The messages that the kernel may compare for a thread that waits.
    fn comparable(
        &self,
        state: &State,
        word: usize,
        expected: u64,
    ) -> impl Iterator<Item = usize> + use<'a> {
        let (of, thread) = (&state.words[word], &state.threads[self.thread]);
        let found: u64 = self.readable(state, word).fold(0, |found, at| found | 1 << at);
        let equal = (thread.knows.at[word]..thread.overtaken.until)
            .map(usize::from)
            .filter(|at| of.messages[*at].value == expected);
        let found = equal.fold(found, |found, at| found | 1 << at);
        (usize::from(of.published)..=of.last()).filter(move |at| found & 1 << at != 0)
    }

    /// Learns from a message what a read of it tells. Returns false if there cannot be such an execution.
    fn reads(&self, state: &mut State, word: usize, at: usize, order: Ordering) -> bool {
        let tells = state.words[word].messages[at].tells;
        let thread = &mut state.threads[self.thread];
        thread.knows.at[word] = at as u8;
        if acquires(order) || self.options.memory == Memory::Sc {
            thread.knows.join(&tells);
        } else if self.shape.needs.fences {
            thread.heard.join(&tells);
        }
        fences::touches(state, self.thread, word, at, Touch::Read)
    }

    /// A read that changes nothing.
    fn only_reads(
        &mut self,
        state: &State,
        word: usize,
        at: usize,
        order: Ordering,
    ) -> Option<State> {
        let mut state = self.copy(state);
        if !self.reads(&mut state, word, at, order) {
            return None;
        }
        if at == state.words[word].last() || !state.words[word].is_chained() {
            self.moved(&mut state);
        }
        Some(state)
    }

    fn loads(&mut self, state: &State, word: usize, order: Ordering) -> Result<(), Stop> {
        for at in self.readable(state, word) {
            let value = state.words[word].messages[at].value;
            let Some(mut next) = self.only_reads(state, word, at, order) else { continue };
            self.begins(at != state.words[word].last());
            self.note(state, What::Wanted, Some(value), None);
            self.goes_on(&mut next, value)?;
            self.put_back(next);
        }
        Ok(())
    }

    fn fails(
        &mut self,
        state: &State,
        word: usize,
        current: u64,
        order: Ordering,
    ) -> Result<(), Stop> {
        for at in self.readable(state, word) {
            let value = state.words[word].messages[at].value;
            if value != current {
                self.seen.contended += 1;
                let Some(mut next) = self.only_reads(state, word, at, order) else { continue };
                self.begins(at != state.words[word].last());
                self.note(state, What::Wanted, Some(value), None);
                self.goes_on(&mut next, value)?;
                self.put_back(next);
            }
        }
        Ok(())
    }

    /// Where a write may go: after which messages.
    fn gaps(&self, state: &State, word: usize) -> impl Iterator<Item = usize> + use<'a> {
        let last = state.words[word].last();
        let from = match self.options.memory {
            Memory::Sc => last,
            Memory::C11 => usize::from(state.threads[self.thread].knows.at[word]),
        };
        let messages = &state.words[word].messages;
        let free: u64 = (from..=last)
            .filter(|at| *at == last || !messages[at + 1].attached)
            .fold(0, |free, at| free | 1 << at);
        (from..=last).filter(move |at| free & 1 << at != 0)
    }

    fn stores(
        &mut self,
        state: &State,
        word: usize,
        value: u64,
        order: Ordering,
    ) -> Result<(), Stop> {
        for at in self.gaps(state, word) {
            let mut next = self.copy(state);
            self.begins(at != state.words[word].last());
            let before = state.words[word].messages[at].value;
            self.note(state, What::Wanted, Some(before), Some(value));
            if self.writes_after(&mut next, word, at, value, order, false) {
                self.moved(&mut next);
                self.goes_on(&mut next, 0)?;
            }
            self.put_back(next);
        }
        Ok(())
    }

    fn modifies(
        &mut self,
        state: &State,
        word: usize,
        order: Ordering,
        change: impl Fn(u64) -> Option<u64>,
    ) -> Result<(), Stop> {
        for at in self.gaps(state, word) {
            let before = state.words[word].messages[at].value;
            let Some(after) = change(before) else { continue };
            let mut next = self.copy(state);
            self.begins(at != state.words[word].last());
            self.note(state, What::Wanted, Some(before), Some(after));
            if self.writes_after(&mut next, word, at, after, order, true) {
                self.moved(&mut next);
                self.goes_on(&mut next, before)?;
            }
            self.put_back(next);
        }
        Ok(())
    }

    fn updates(
        &mut self,
        state: &State,
        word: usize,
        update: Update,
        wakes: bool,
    ) -> Result<(), Stop> {
        for at in self.gaps(state, word) {
            let mut next = state.clone();
            let after = apply(update, state.words[word].messages[at].value);
            self.begins(at != state.words[word].last());
            self.note(state, What::Wanted, None, None);
            if !self.writes_after(&mut next, word, at, after, Ordering::Relaxed, true) {
                continue;
            }
            self.moved(&mut next);
            if wakes {
                self.wakes(&next, word, u32::MAX)?;
            } else {
                self.goes_on(&mut next, 0)?;
            }
        }
        Ok(())
    }

    /// Puts a new message after the one at `at`, which it has read if it is `attached`. Returns false where there is no
    /// room for it.
    fn writes_after(
        &mut self,
        state: &mut State,
        word: usize,
        at: usize,
        value: u64,
        order: Ordering,
        attached: bool,
    ) -> bool {
        if state.words[word].messages.len() >= self.options.messages.min(MOST_MESSAGES) {
            self.has_no_room();
            return false;
        }
        let sequential = self.options.memory == Memory::Sc;
        let read = state.words[word].messages[at].tells;
        if attached && !self.reads(state, word, at, order) {
            return false;
        }
        let thread = &state.threads[self.thread];
        let mut tells = if releases(order) || sequential { thread.knows } else { thread.fenced };
        if attached {
            tells.join(&read);
        }
        tells.at[word] = 0;
        let new = at + 1;
        if new < state.words[word].messages.len() {
            for view in state.views() {
                view.at[word] += u8::from(usize::from(view.at[word]) >= new);
            }
            for thread in &mut state.threads {
                thread.floor[word] += u8::from(usize::from(thread.floor[word]) > new);
                let overtaken = &mut thread.overtaken;
                let moves =
                    usize::from(overtaken.word) == word && usize::from(overtaken.until) > new;
                overtaken.until += u8::from(moves);
            }
            let of = &mut state.words[word];
            of.published += u8::from(usize::from(of.published) >= new);
            of.locked += u8::from(usize::from(of.locked) >= new);
            for fence in &mut state.fences {
                fence.knows[word] += u8::from(usize::from(fence.knows[word]) >= new);
                let touched = &mut fence.touched[word];
                if *touched != fences::UNTOUCHED && usize::from(*touched / 2) >= new {
                    *touched += 2;
                }
            }
        }
        state.words[word].messages.insert(new, Message { value, attached, tells });
        state.threads[self.thread].knows.at[word] = new as u8;
        if sequential {
            self.keeps_the_latest(state, word);
        }
        fences::touches(state, self.thread, word, new, Touch::Write)
    }

    /// Where everybody sees the latest value only, there is nothing else to keep.
    fn keeps_the_latest(&self, state: &mut State, word: usize) {
        let last = state.words[word].last();
        state.words[word].messages.drain(..last);
        state.words[word].messages[0].attached = false;
        (state.words[word].published, state.words[word].locked) = (0, 0);
        for view in state.views() {
            view.at[word] = 0;
        }
        for thread in &mut state.threads {
            thread.floor[word] = 0;
            if usize::from(thread.overtaken.word) == word {
                thread.overtaken = Overtaken::NOT;
            }
        }
    }

    // What the kernel does for a thread that is no more: `exit_robust_list` and `handle_futex_death` in
    // `kernel/futex/core.c`, in their order.

    fn cleans_up(&mut self, state: &State) -> Result<(), Stop> {
        let Phase::Cleanup { list, at, wakes, died } = state.threads[self.thread].phase else {
            return Ok(());
        };
        let Some((word, pending)) = looked_at(self.known.list(list)).nth(at.into()) else {
            return Ok(());
        };
        let word = usize::from(word);
        if wakes {
            for choice in self.choices(state, word, 1) {
                let mut next = state.clone();
                self.begins(false);
                self.note(state, What::Wakes(word as u8), None, None);
                let woken = self.wake(&mut next, word, choice)?;
                self.did[0].after = Some(woken);
                self.next_in_list(&mut next, list, at, died);
                self.emit(&next);
            }
            return Ok(());
        }
        let mut next = state.clone();
        let seen = state.words[word].latest() as u32;
        let nobodys = match self.options.kernel {
            _ if !pending => false,
            KernelRule::Since62 => seen & KERNEL_OWNER == 0,
            KernelRule::Before62 => seen == 0,
        };
        let mine = seen & KERNEL_OWNER == self.thread as u32 + 1;
        if !nobodys && mine {
            let marked = seen & WAITERS | OWNER_DIED;
            self.note(state, What::Marks(word as u8), Some(seen.into()), Some(marked.into()));
            let last = next.words[word].last();
            // The kernel's own is a full barrier: what the dead thread wrote is published by it.
            if !self.writes_after(&mut next, word, last, marked.into(), Ordering::AcqRel, true) {
                return Ok(());
            }
            next.died_holding += 1;
        } else {
            self.note(state, What::Looks(word as u8), Some(seen.into()), None);
            next.threads[self.thread].knows.at[word] = next.words[word].last() as u8;
        }
        if nobodys || mine && seen & WAITERS != 0 {
            next.threads[self.thread].phase = Phase::Cleanup { list, at, wakes: true, died };
        } else {
            self.next_in_list(&mut next, list, at, died);
        }
        self.emit(&next);
        Ok(())
    }

    fn next_in_list(&self, state: &mut State, list: u16, at: u8, died: bool) {
        let more = looked_at(self.known.list(list)).nth(usize::from(at) + 1).is_some();
        state.threads[self.thread].phase =
            if more { Phase::Cleanup { list, at: at + 1, wakes: false, died } } else { over(died) };
    }
}

const fn over(died: bool) -> Phase {
    if died { Phase::Dead } else { Phase::Ended }
}

/// The words that the kernel looks at, in its order, and whether each was announced only.
pub(super) fn looked_at(list: &List) -> impl Iterator<Item = (u8, bool)> {
    let held = list.held.iter().rev().filter(|held| list.pending != Some(**held));
    held.map(|word| (*word, false)).chain(list.pending.map(|word| (word, true)))
}

/// Where a state is wrong though nobody says so: all that are left sleep, and nobody will wake them.
pub(super) fn is_stuck(state: &State, nexts: &mut Nexts) -> bool {
    !state.is_over() && !nexts.incomplete && nexts.all().iter().all(|next| next.manner.by_chance)
}
