//! A robust word that says who is there: one thread at a time, and nobody else.
//!
//! Not a mutex: whoever finds it taken goes elsewhere, or sleeps until whoever is there has gone ([`RawSlot::wait`]).
//! Primitives that let several in at a time have a row of them, so that a death is told of each by the kernel.
//!
//! # The word
//!
//! As the mutex's ([`mutex_state`](super::mutex_state)), where `NOT_RECOVERABLE` means [`CLOSED`].
//!
//! | from | to | who |
//! |---|---|---|
//! | 0 | taken by me | `enter` |
//! | free, with flags | taken by me, or closed | who has the right to clean up (below) |
//! | closed | taken by me | the same |
//! | free, with flags | taken by me (`WAITERS` kept) | `occupy`, in rows that nobody closes |
//! | taken by another, or free by now | + `WAITERS` | `wait` |
//! | taken by me | free (`WAITERS` kept) | `leave`, which then wakes if `WAITERS` was set |
//! | with `WAITERS` | without | `unmark`, by the one who has slept |
//! | taken by me | `OWNER_DIED` (`WAITERS` kept), one woken | the kernel at my death |
//! | taken by a vanished thread | the same, by a waiter that lost patience |
//!
//! # Who may sleep and clean up
//!
//! One thread at a time: whoever holds the mutex that goes with the row. So a wake cannot find the wrong one, and what a
//! free slot's flags say concerns nobody else. (Of the [tasks](super::RawTasks), one mutex is for those who sleep, and another
//! for those who `occupy`.)
//!
//! # What a death leaves
//!
//! Whoever enters or leaves has announced it: before the word is changed nothing has happened; after it, the kernel does
//! what was left to do. A sleeper that dies leaves `WAITERS`, and an empty wake is all that comes of it.

use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use super::mutex_state::{NOT_RECOVERABLE, State, WAITERS};
use super::patience::Patience;
use crate::deadline::Deadline;
use crate::error::{NotHeld, TooManyHeld};
use crate::platform::{Platform, Waited};

/// Nobody enters, until somebody with the right to do so opens the slot by taking it.
pub(super) const CLOSED: State = State(NOT_RECOVERABLE);
const FREE: State = State(0);

/// A slot over the robust word `R` of some platform.
#[repr(transparent)]
#[derive(Debug)]
pub(super) struct RawSlot<R> {
    robust: R,
}

impl<R> RawSlot<R> {
    pub(super) const fn new(robust: R) -> Self {
        Self { robust }
    }

    /// Takes it if it is free and has no flags. Says whether it did.
    #[inline]
    pub(super) fn enter<P>(&self, p: &P) -> Result<bool, TooManyHeld>
    where
        P: Platform<RobustWord = R>,
    {
        self.take(p, FREE).map(|taken| taken.is_ok())
    }

    /// The same in the plainest case; `None`, and nothing was done, where the platform finds more to do.
    #[inline]
    pub(super) fn enter_plain<P>(&self, p: &P) -> Option<bool>
    where
        P: Platform<RobustWord = R>,
    {
        if !p.robust_begin_plain(&self.robust) {
            return None;
        }
        let entered = self.exchange(p, FREE, State(p.me())).is_ok();
        if entered {
            p.robust_insert_plain(&self.robust);
        }
        p.robust_end();
        Some(entered)
    }

    /// Takes it if it still is as it was seen; for those who may clean up.
    ///
    /// Gives back what it is instead, if it is.
    pub(super) fn take<P>(&self, p: &P, seen: State) -> Result<Result<(), State>, TooManyHeld>
    where
        P: Platform<RobustWord = R>,
    {
        self.take_as(p, seen, State(p.me()))
    }

    /// Takes it if it still is as it was seen, which has to be free; whoever sleeps there stays known. For rows that nobody
    /// closes, and where somebody else than the sleeper may take a slot that somebody has just left: if the one who left dies
    /// before it has woken the sleeper, the kernel does not, as the word is no longer its own; whoever leaves next does.
    ///
    /// Gives back what it is instead, if it is.
    pub(super) fn occupy<P>(&self, p: &P, seen: State) -> Result<Result<(), State>, TooManyHeld>
    where
        P: Platform<RobustWord = R>,
    {
        self.take_as(p, seen, State(p.me() | seen.0 & WAITERS))
    }

    #[inline]
    fn take_as<P>(&self, p: &P, seen: State, taken: State) -> Result<Result<(), State>, TooManyHeld>
    where
        P: Platform<RobustWord = R>,
    {
        p.robust_begin(&self.robust)?;
        let taken = self.exchange(p, seen, taken);
        if taken.is_ok() {
            p.robust_insert(&self.robust);
        }
        p.robust_end();
        Ok(taken)
    }

    #[inline]
    fn exchange<P>(&self, p: &P, seen: State, taken: State) -> Result<(), State>
    where
        P: Platform<RobustWord = R>,
    {
        // Acquire: sees what was written before it was opened; matches the Release of `leave`, through which what the one
        // who opened it had seen is passed on.
        let taken = p.compare_exchange(self.word::<P>(), seen.0, taken.0, Acquire, Relaxed);
        taken.map(|_| ()).map_err(State)
    }

    /// Closes it if it still is as it was seen, which has to be free.
    pub(super) fn close<P>(&self, p: &P, seen: State) -> Result<(), State>
    where
        P: Platform<RobustWord = R>,
    {
        // Acquire: comes after all that those did who were there; matches the Release of `leave`, and the kernel's
        // compare-exchange on behalf of the dead.
        let closed = p.compare_exchange(self.word::<P>(), seen.0, CLOSED.0, Acquire, Relaxed);
        closed.map(|_| ()).map_err(State)
    }

    /// Leaves it, and wakes whoever waits for that. The mark of one that waits stays, asleep or not: whoever minds it does not
    /// enter before that one has come, or somebody with the same right.
    #[inline]
    pub(super) fn leave<P>(&self, p: &P) -> Result<(), NotHeld>
    where
        P: Platform<RobustWord = R>,
    {
        if !p.robust_remove(&self.robust) {
            return Err(NotHeld::new());
        }
        let me = p.me();
        // Release: whoever closes or takes it comes after what this thread did.
        if p.fetch_add(self.word::<P>(), me.wrapping_neg(), Release) != me {
            self.wake(p);
        }
        p.robust_end();
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn wake<P>(&self, p: &P)
    where
        P: Platform<RobustWord = R>,
    {
        p.futex_wake(self.word::<P>(), 1);
    }

    /// Takes the mark of one that waits away, for those who may sleep there, when they do not any more.
    pub(super) fn unmark<P>(&self, p: &P)
    where
        P: Platform<RobustWord = R>,
    {
        // Relaxed: the bit carries no data.
        p.fetch_and(self.word::<P>(), !WAITERS, Relaxed);
    }

    /// Sleeps once, for those who may, if the slot still is taken as it was seen. Says whether the deadline has passed.
    pub(super) fn wait<P>(
        &self,
        p: &P,
        seen: State,
        deadline: Deadline,
        patience: &mut Patience,
    ) -> bool
    where
        P: Platform<RobustWord = R>,
    {
        let (word, known) = (self.word::<P>(), seen.with_waiters());
        // Relaxed: the bit carries no data; whoever leaves changes this very word. No comparison, which could fail for ever
        // where others come and go: whoever is there by now, nobody else enters after that one.
        if !seen.has_waiters() && p.fetch_or(word, WAITERS, Relaxed) != seen.0 {
            return false;
        }
        p.note_wait(&self.robust, seen.owner(), !seen.has_waiters());
        let until = patience.until(p, deadline);
        let timed_out = p.futex_wait(word, known.0, until) == Waited::TimedOut;
        if timed_out {
            patience.has_run_out(p, &[(word, known.0)]);
        }
        timed_out && until == deadline
    }

    /// Whether the calling thread is there.
    pub(super) fn is_mine<P>(&self, p: &P) -> bool
    where
        P: Platform<RobustWord = R>,
    {
        p.robust_holds(&self.robust)
    }

    /// The word, to look at, and for the platform.
    pub(super) const fn robust(&self) -> &R {
        &self.robust
    }

    /// What the word says.
    #[inline]
    pub(super) fn state<P>(&self, p: &P) -> State
    where
        P: Platform<RobustWord = R>,
    {
        // Relaxed: a guess for the compare-exchange that acts on it.
        State(p.load(self.word::<P>(), Relaxed))
    }

    /// Empties the slot of somebody who belonged to another boot of the machine. Nobody else uses it meanwhile.
    pub(super) fn forget_holder<P>(&self, p: &P)
    where
        P: Platform<RobustWord = R>,
    {
        // Relaxed: the caller has it for itself.
        p.swap(self.word::<P>(), FREE.0, Relaxed);
    }

    fn word<P>(&self) -> &P::Word
    where
        P: Platform<RobustWord = R>,
    {
        P::word(&self.robust)
    }
}
