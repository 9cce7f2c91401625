//! A platform that watches, kills and weakens: wraps any [`World`], and is one itself.
//!
//! Each operation passes three hooks: it may be changed ([`mutated`](super::mutated)), its thread may die before it, and
//! it is written down with what it found ([`control`](super::control)). A thread dies by unwinding; the operations of a
//! dead thread do nothing. Then the kernel does its part, on the dead thread's own model thread, as loom has none
//! to spare: [`Decorated::run_mortal`].
//!
//! The robust-list operations never reach the inner platform: only a thread's own death reads the list, so they
//! are places to die at and not places to be interrupted at.

use std::panic::{AssertUnwindSafe, Location, catch_unwind, panic_any, resume_unwind};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lockproof::deadline::{Deadline, Monotonic};
use lockproof::error::TooManyHeld;
use lockproof::platform::{Changed, Ordering, Platform, ThreadId, Update, Waited};

use super::World;
use super::control::{Control, Died, thread_died};
use super::mutated::{Done, Kind, Op};
use super::robust::{RobustList, Told};
use super::words::check_number;

/// A platform, watched. One value per thread of the model.
pub struct Decorated<W: World> {
    inner: W,
    control: Arc<Control>,
    robust: Arc<Mutex<RobustList<W::RobustWord>>>,
    dead: Arc<AtomicBool>,
    /// What the kernel does is watched as well, but neither killed nor weakened.
    as_kernel: bool,
}

impl<W: World> Clone for Decorated<W> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            control: Arc::clone(&self.control),
            robust: Arc::clone(&self.robust),
            dead: Arc::clone(&self.dead),
            as_kernel: self.as_kernel,
        }
    }
}

impl<W: World> std::fmt::Debug for Decorated<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decorated").field("me", &self.me()).finish_non_exhaustive()
    }
}

impl<W: World> Decorated<W> {
    /// Wraps a platform for one execution.
    pub fn new(inner: W, control: Arc<Control>) -> Self {
        Self { inner, control, robust: Arc::default(), dead: Arc::default(), as_kernel: false }
    }

    /// The execution's plan and record.
    pub fn control(&self) -> &Arc<Control> {
        &self.control
    }

    /// Runs a thread of the model, which may die in it. Then, and also if it came to its end, the kernel cleans up after
    /// it: what a thread still holds when it exits, it has died holding.
    pub fn run_mortal(&self, thread: impl FnOnce(&Self)) {
        match catch_unwind(AssertUnwindSafe(|| thread(self))) {
            Ok(()) => self.lives_on(true),
            Err(panic) if thread_died(&*panic) => {}
            Err(panic) => resume_unwind(panic),
        }
        let mut list = std::mem::take(&mut *self.list());
        let kernel =
            Self { as_kernel: true, ..Self::new(self.inner.clone(), self.control.clone()) };
        let held = list.walk(&kernel, self.me(), self.control.plan().kernel);
        self.control.died_holding(held);
    }

    #[track_caller]
    fn op(&self, kind: Kind, word: &'static str) -> Op {
        let site = Location::caller();
        Op { kind, word, order: None, failure: None, operand: None, result: None, site }
    }

    /// Whether, and how, to do the operation. Does not return if the thread dies before it.
    fn before(&self, op: &mut Op) -> Done {
        if self.as_kernel {
            return Done::Yes;
        }
        if self.dead.load(Ordering::Relaxed) {
            return Done::No;
        }
        let done = self.control.before(self.me(), op).unwrap_or_else(|| {
            self.dead.store(true, Ordering::Relaxed);
            panic_any(Died)
        });
        self.lives_on(false);
        done
    }

    /// Says what a mutant has held back, if that is over.
    fn lives_on(&self, is_over: bool) {
        let mut list = self.list();
        if let Some(told) = list.lives_on(is_over) {
            list.note(told, is_same::<W>);
        }
    }

    /// Tells the kernel something, if a mutant does not keep it from that. Returns whether a lock that is let go of was held.
    fn tell(&self, done: Done, told: Told<W::RobustWord>) -> bool {
        match done {
            Done::No => true,
            Done::Late => {
                self.list().hold_back(told);
                true
            }
            Done::Yes | Done::Half => self.list().note(told, is_same::<W>),
        }
    }

    fn did(&self, op: &Op, before: Option<u64>, after: Option<u64>) {
        self.control.did(self.me(), op, before, after, false);
    }

    fn did_to(&self, word: &W::Word, op: &Op, before: Option<u32>, after: Option<u32>) {
        let (before, after) = (before.map(u64::from), after.map(u64::from));
        self.control.did(self.me(), op, before, after, W::is_lock(word));
    }

    /// Why a wait has come to its end.
    fn says_why(&self, waited: Waited, word: &W::Word) {
        let said = match waited {
            Waited::Woken => "wakes up",
            Waited::Changed => "finds it changed",
            Waited::TimedOut => "times out",
        };
        self.control.say(self.me(), said, W::name_of(word));
    }

    fn list(&self) -> MutexGuard<'_, RobustList<W::RobustWord>> {
        // A death unwinds through here; what is inside is never half-changed.
        self.robust.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One read-modify-write: `change` does it on the inner platform, `after` computes its result.
    #[track_caller]
    fn modify(
        &self,
        word: &W::Word,
        mut op: Op,
        change: impl FnOnce(&W, u32, Ordering) -> u32,
        after: impl FnOnce(u32, u32) -> u32,
    ) -> u32 {
        if self.before(&mut op) == Done::No {
            return 0;
        }
        let operand = op.operand.unwrap_or(0) as u32;
        let order = op.order.unwrap_or(Ordering::Relaxed);
        if let Some(result) = op.result {
            let before = self.inner.swap(word, result as u32, order);
            self.did_to(word, &op, Some(before), Some(result as u32));
            return before;
        }
        let before = change(&self.inner, operand, order);
        self.did_to(word, &op, Some(before), Some(after(before, operand)));
        before
    }

    #[track_caller]
    fn op_with(&self, kind: Kind, word: &W::Word, operand: u32, order: Ordering) -> Op {
        Op { order: Some(order), operand: Some(operand.into()), ..self.op(kind, W::name_of(word)) }
    }

    #[track_caller]
    fn robust_op(&self, kind: Kind, robust: &W::RobustWord) -> Done {
        let mut op = self.op(kind, W::name_of(W::word(robust)));
        let done = self.before(&mut op);
        if done != Done::No {
            self.did(&op, None, None);
        }
        done
    }
}

/// An access to data under way. Where a checker finds that nothing orders it, it unwinds there: then the access is written down all
/// the same, so that the record ends with what went wrong.
struct Access<'a, W: World> {
    p: &'a Decorated<W>,
    op: &'a Op,
    after: Option<u64>,
}

impl<'a, W: World> Access<'a, W> {
    const fn to_data(p: &'a Decorated<W>, op: &'a Op, after: Option<u64>) -> Self {
        Self { p, op, after }
    }

    /// The checker let it through.
    fn let_through(self) {
        std::mem::forget(self);
    }
}

impl<W: World> Drop for Access<'_, W> {
    fn drop(&mut self) {
        self.p.did(self.op, None, self.after);
    }
}

fn is_same<W: World>(one: &W::RobustWord, other: &W::RobustWord) -> bool {
    W::id_of(W::word(one)) == W::id_of(W::word(other))
}

impl<W: World> Platform for Decorated<W> {
    type Word = W::Word;
    type RobustWord = W::RobustWord;
    type Word64 = W::Word64;
    type Cell = W::Cell;

    fn word(robust: &W::RobustWord) -> &W::Word {
        W::word(robust)
    }

    fn load(&self, word: &W::Word, order: Ordering) -> u32 {
        let mut op = Op { order: Some(order), ..self.op(Kind::Load, W::name_of(word)) };
        if self.before(&mut op) == Done::No {
            return 0;
        }
        let value = self.inner.load(word, op.order.unwrap_or(order));
        self.did_to(word, &op, Some(value), None);
        value
    }

    fn store(&self, word: &W::Word, value: u32, order: Ordering) {
        let mut op = self.op_with(Kind::Store, word, value, order);
        if self.before(&mut op) != Done::No {
            let value = op.operand.unwrap_or(0) as u32;
            self.inner.store(word, value, op.order.unwrap_or(order));
            self.did_to(word, &op, None, Some(value));
        }
    }

    fn swap(&self, word: &W::Word, value: u32, order: Ordering) -> u32 {
        let op = self.op_with(Kind::Swap, word, value, order);
        self.modify(word, op, |p, value, order| p.swap(word, value, order), |_, value| value)
    }

    fn compare_exchange(
        &self,
        word: &W::Word,
        current: u32,
        new: u32,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u32, u32> {
        let plain = self.op_with(Kind::CompareExchange, word, new, success);
        let mut op = Op { failure: Some(failure), ..plain };
        if self.before(&mut op) == Done::No {
            return Ok(current);
        }
        let order = op.order.unwrap_or(success);
        if let Some(result) = op.result {
            let before = self.inner.swap(word, result as u32, order);
            self.did_to(word, &op, Some(before), Some(result as u32));
            return Ok(current);
        }
        let new = op.operand.unwrap_or(0) as u32;
        let failure = op.failure.unwrap_or(failure);
        let result = self.inner.compare_exchange(word, current, new, order, failure);
        let before = result.unwrap_or_else(|seen| seen);
        self.did_to(word, &op, Some(before), result.is_ok().then_some(new));
        result
    }

    fn fetch_add(&self, word: &W::Word, value: u32, order: Ordering) -> u32 {
        let op = self.op_with(Kind::FetchAdd, word, value, order);
        self.modify(word, op, |p, n, order| p.fetch_add(word, n, order), u32::wrapping_add)
    }

    fn fetch_and(&self, word: &W::Word, value: u32, order: Ordering) -> u32 {
        let op = self.op_with(Kind::FetchAnd, word, value, order);
        self.modify(word, op, |p, mask, order| p.fetch_and(word, mask, order), |a, b| a & b)
    }

    fn fetch_or(&self, word: &W::Word, value: u32, order: Ordering) -> u32 {
        let op = self.op_with(Kind::FetchOr, word, value, order);
        self.modify(word, op, |p, bits, order| p.fetch_or(word, bits, order), |a, b| a | b)
    }

    fn fence(&self, order: Ordering) {
        let mut op = Op { order: Some(order), ..self.op(Kind::Fence, "") };
        if self.before(&mut op) != Done::No {
            // A fence that was weakened that far is none; to ask for it would be a panic, and no finding.
            if op.order != Some(Ordering::Relaxed) {
                self.inner.fence(op.order.unwrap_or(order));
            }
            self.did(&op, None, None);
        }
    }

    fn load64(&self, word: &W::Word64, order: Ordering) -> u64 {
        let mut op = Op { order: Some(order), ..self.op(Kind::Load, W::name_of64(word)) };
        if self.before(&mut op) == Done::No {
            return 0;
        }
        let value = self.inner.load64(word, op.order.unwrap_or(order));
        self.did(&op, Some(value), None);
        value
    }

    fn store64(&self, word: &W::Word64, value: u64, order: Ordering) {
        let mut op = Op { order: Some(order), ..self.op(Kind::Store, W::name_of64(word)) };
        if self.before(&mut op) != Done::No {
            self.inner.store64(word, value, op.order.unwrap_or(order));
            self.did(&op, None, Some(value));
        }
    }

    fn fetch_add64(&self, word: &W::Word64, value: u64, order: Ordering) -> u64 {
        let mut op = Op { order: Some(order), ..self.op(Kind::FetchAdd, W::name_of64(word)) };
        if self.before(&mut op) == Done::No {
            return 0;
        }
        let before = self.inner.fetch_add64(word, value, op.order.unwrap_or(order));
        self.did(&op, Some(before), Some(before.wrapping_add(value)));
        before
    }

    fn compare_exchange64(
        &self,
        word: &W::Word64,
        current: u64,
        new: u64,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u64, u64> {
        let plain = self.op(Kind::CompareExchange, W::name_of64(word));
        let mut op = Op { order: Some(success), failure: Some(failure), ..plain };
        if self.before(&mut op) == Done::No {
            return Ok(current);
        }
        let order = op.order.unwrap_or(success);
        let failure = op.failure.unwrap_or(failure);
        let result = self.inner.compare_exchange64(word, current, new, order, failure);
        let before = result.unwrap_or_else(|seen| seen);
        self.did(&op, Some(before), result.is_ok().then_some(new));
        result
    }

    fn cell_get(&self, cell: &W::Cell) -> u64 {
        let mut op = self.op(Kind::CellGet, W::name_of_cell(cell));
        if self.before(&mut op) == Done::No {
            return 0;
        }
        let access = Access::to_data(self, &op, None);
        let value = self.inner.cell_get(cell);
        access.let_through();
        self.did(&op, Some(value), None);
        value
    }

    fn cell_set(&self, cell: &W::Cell, value: u64) {
        let mut op = self.op(Kind::CellSet, W::name_of_cell(cell));
        if self.before(&mut op) != Done::No {
            let access = Access::to_data(self, &op, Some(value));
            self.inner.cell_set(cell, value);
            access.let_through();
            self.did(&op, None, Some(value));
        }
    }

    fn futex_wait(&self, word: &W::Word, expected: u32, deadline: Deadline) -> Waited {
        let mut op = self.op(Kind::FutexWait, W::name_of(word));
        if self.before(&mut op) == Done::No {
            return Waited::Woken;
        }
        self.did_to(word, &op, Some(expected), None);
        let waited = self.inner.futex_wait(word, expected, deadline);
        self.says_why(waited, word);
        waited
    }

    fn futex_wake(&self, word: &W::Word, count: u32) -> u32 {
        let plain = self.op(Kind::FutexWake, W::name_of(word));
        let mut op = Op { operand: Some(count.into()), ..plain };
        if self.before(&mut op) == Done::No {
            return 1;
        }
        let count = op.operand.map_or(count, |operand| operand as u32);
        let woken = self.inner.futex_wake(word, count);
        self.did(&op, None, Some(woken.into()));
        woken
    }

    fn futex_update_wake_all(&self, word: &W::Word, update: Update) -> u32 {
        let mut op = self.op(Kind::FutexUpdateWakeAll, W::name_of(word));
        let woken = match self.before(&mut op) {
            Done::No => return 1,
            Done::Yes | Done::Late => self.inner.futex_update_wake_all(word, update),
            Done::Half => {
                match update {
                    Update::Clear(_) => {
                        self.inner.fetch_and(word, update.apply(u32::MAX), Ordering::Relaxed)
                    }
                    Update::Set(_) => self.inner.fetch_or(word, update.apply(0), Ordering::Relaxed),
                };
                0
            }
        };
        self.did(&op, None, Some(woken.into()));
        woken
    }

    fn futex_wait_any(&self, words: &[(&W::Word, u32)], deadline: Deadline) -> Waited {
        check_number(words.len());
        let (first, _) = words[0];
        let mut op = self.op(Kind::FutexWaitAny, W::name_of(first));
        let words = match self.before(&mut op) {
            Done::No => return Waited::Woken,
            Done::Half => &words[..1],
            Done::Yes | Done::Late => words,
        };
        for (word, expected) in words {
            let op = Op { word: W::name_of(word), ..op };
            self.did_to(word, &op, Some(*expected), None);
        }
        let waited = self.inner.futex_wait_any(words, deadline);
        self.says_why(waited, first);
        waited
    }

    fn futex_requeue(
        &self,
        from: &W::Word,
        expected: u32,
        wake: u32,
        to: &W::Word,
        moved: u32,
    ) -> Result<u32, Changed> {
        let plain = self.op(Kind::FutexRequeue, W::name_of(from));
        let mut op = Op { operand: Some(wake.into()), ..plain };
        let moved = match self.before(&mut op) {
            Done::No => return Ok(1),
            Done::Half => 0,
            Done::Yes | Done::Late => moved,
        };
        let wake = op.operand.unwrap_or(0) as u32;
        let found = self.inner.futex_requeue(from, expected, wake, to, moved);
        let number = found.ok().map(u64::from);
        self.control.moved(self.me(), &op, W::name_of(to), expected.into(), number);
        found
    }

    fn robust_begin(&self, robust: &W::RobustWord) -> Result<(), TooManyHeld> {
        let done = self.robust_op(Kind::RobustBegin, robust);
        self.tell(done, Told::Announces(robust.clone()));
        Ok(())
    }

    fn robust_insert(&self, robust: &W::RobustWord) {
        let done = self.robust_op(Kind::RobustInsert, robust);
        self.tell(done, Told::Holds(robust.clone()));
    }

    fn robust_remove(&self, robust: &W::RobustWord) -> bool {
        let done = self.robust_op(Kind::RobustRemove, robust);
        self.tell(done, Told::LetsGo { robust: robust.clone(), announced: done != Done::Half })
    }

    fn robust_end(&self) {
        let mut op = self.op(Kind::RobustEnd, "");
        let done = self.before(&mut op);
        if done != Done::No {
            self.did(&op, None, None);
        }
        self.tell(done, Told::IsDone);
    }

    fn robust_holds(&self, robust: &W::RobustWord) -> bool {
        self.list().holds(|held| is_same::<W>(held, robust))
    }

    fn me(&self) -> ThreadId {
        self.inner.me()
    }

    fn exists(&self, thread: ThreadId) -> bool {
        self.inner.exists(thread)
    }

    fn now(&self) -> Monotonic {
        self.inner.now()
    }

    fn patience(&self) -> Option<Duration> {
        self.inner.patience()
    }

    fn spin(&self, round: u32) -> bool {
        self.inner.spin(round)
    }

    fn pause(&self) {
        self.inner.pause();
    }
}

impl<W: World> World for Decorated<W> {
    fn new_word(&self, name: &'static str) -> W::Word {
        self.inner.new_word(self.control.name_word(name))
    }

    fn new_robust(&self, name: &'static str) -> W::RobustWord {
        self.inner.new_robust(self.control.name_word(name))
    }

    fn new_word64(&self, name: &'static str) -> W::Word64 {
        self.inner.new_word64(self.control.name_word(name))
    }

    fn new_cell(&self, name: &'static str) -> W::Cell {
        self.inner.new_cell(self.control.name_cell(name))
    }

    fn name_of(word: &W::Word) -> &'static str {
        W::name_of(word)
    }

    fn name_of64(word: &W::Word64) -> &'static str {
        W::name_of64(word)
    }

    fn name_of_cell(cell: &W::Cell) -> &'static str {
        W::name_of_cell(cell)
    }

    fn id_of(word: &W::Word) -> usize {
        W::id_of(word)
    }

    fn is_lock(word: &W::Word) -> bool {
        W::is_lock(word)
    }

    fn as_thread(&self, thread: ThreadId) -> Self {
        Self::new(self.inner.as_thread(thread), Arc::clone(&self.control))
    }
}
