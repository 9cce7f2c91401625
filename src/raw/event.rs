//! An event in one word: set by anybody, waited for by any number.
//!
//! # What is promised
//!
//! Whoever waits returns once the event is set, and sees what was written before it was. One `set` releases everybody who
//! waits at that time, also if it is cleared at once. Nobody sleeps on an event that is set, whoever dies at whatever
//! point.
//!
//! # The word
//!
//! Bit 0: `SET`. Bit 31: `WAITERS`, somebody may sleep. Between them: how often it was cleared, wrapping. So a waiter can
//! tell that it was set meanwhile, though it no longer is. (One that does not get to run during exactly 2^30 clears takes
//! them for none.)
//!
//! | from | to | who |
//! |---|---|---|
//! | not set, no `WAITERS` | `SET` | `set` |
//! | not set, `WAITERS` | `SET`, all sleepers woken in the same step | `set` |
//! | not set | + `WAITERS` | `wait`, before it sleeps |
//! | `SET` | not set, no `WAITERS`, cleared once more | `clear` |
//!
//! While it is set nobody sleeps: whoever slept was woken by the step that set it, and whoever is about to sleep finds the
//! word changed. So `clear` can drop `WAITERS`.
//!
//! # What a death leaves
//!
//! Each change is one step, and the wake is part of the one that needs it: a thread that dies has set the event and woken
//! everybody, or has done nothing. Nobody depends on a waiter.
//!
//! # What can go on for ever
//!
//! Two that hand over to each other by two events, without an end, both get on, and whoever waits sleeps. `set` and `clear` may
//! have to try again as long as others change the word meanwhile: somebody gets on, but not each.
//!
//! # Models
//!
//! `lockproof-verify`, `models/event.rs`: what was written before is seen, nobody waits in vain, nor after it was cleared at
//! once; `models/again.rs`: without an end; each ordering and the wake has a mutant that is caught.

use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::deadline::Deadline;
use crate::platform::{Platform, Update, Waited};

const SET: u32 = 1;
const WAITERS: u32 = 1 << 31;
const ONE_CLEAR: u32 = 2;
const CLEARS: u32 = !(SET | WAITERS);

/// Changes the word to set, and wakes all sleepers in the same step.
const SET_AND_WAKE: Update = Update::Set(0);

/// An event over the word `W` of some platform.
#[repr(transparent)]
#[derive(Debug)]
pub struct RawEvent<W> {
    word: W,
}

/// A moment in an event's life: how often it had been cleared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Moment(u32);

/// Whether an event whose word is that is set.
pub(crate) const fn is_set(word: u32) -> bool {
    word & SET != 0
}

impl<W> RawEvent<W> {
    /// An event that is not set, over a word that holds zero.
    pub const fn new(word: W) -> Self {
        Self { word }
    }

    /// The word, to look at.
    pub(crate) const fn word(&self) -> &W {
        &self.word
    }

    /// Sets it, and releases everybody who waits. Does nothing if it is set.
    pub fn set<P>(&self, p: &P)
    where
        P: Platform<Word = W>,
    {
        let scope = p.scope();
        // Relaxed: a guess for the compare-exchange.
        let mut seen = p.load(&self.word, Relaxed);
        loop {
            p.at(scope, seen);
            if seen & SET == 0 && seen & WAITERS != 0 {
                // Release: the update orders nothing by itself; with it, this publishes as the compare-exchange does.
                p.fence(Release);
                p.futex_update_wake_all(&self.word, SET_AND_WAKE);
                return;
            }
            // Release: publishes what was written before; matches the Acquire of `wait` and of `clear`. Also where it is
            // set already, as somebody may find it set because of that.
            match p.compare_exchange(&self.word, seen, seen | SET, Release, Relaxed) {
                Ok(_) => return,
                Err(now) => seen = now,
            }
        }
    }

    /// Makes it not set. Does nothing if it is not.
    pub fn clear<P>(&self, p: &P)
    where
        P: Platform<Word = W>,
    {
        let scope = p.scope();
        // Relaxed: a guess for the compare-exchange. What is not set needs no clearing.
        let mut seen = p.load(&self.word, Relaxed);
        loop {
            p.at(scope, seen);
            if seen & SET == 0 {
                return;
            }
            let cleared = (seen & CLEARS).wrapping_add(ONE_CLEAR) & CLEARS;
            // Acquire: whoever clears it and then looks for what it announced sees what came before the `set` that is
            // undone.
            match p.compare_exchange(&self.word, seen, cleared, Acquire, Relaxed) {
                Ok(_) => return,
                Err(now) => seen = now,
            }
        }
    }

    /// Whether it is set.
    pub fn is_set<P>(&self, p: &P) -> bool
    where
        P: Platform<Word = W>,
    {
        // Acquire: as in `wait`.
        is_set(p.load(&self.word, Acquire))
    }

    /// This moment, for [`wait_since`](Self::wait_since).
    pub fn now<P>(&self, p: &P) -> Moment
    where
        P: Platform<Word = W>,
    {
        // Relaxed: a number to compare with. If it is an old one, the wait returns the earlier.
        Moment(p.load(&self.word, Relaxed) & CLEARS)
    }

    /// Waits until it is set, or the deadline passes. Says whether it was set.
    pub fn wait<P>(&self, p: &P, deadline: Deadline) -> bool
    where
        P: Platform<Word = W>,
    {
        self.wait_since(p, self.now(p), deadline)
    }

    /// Waits until it is set, or has been since that moment, or the deadline passes. Says whether it was set.
    pub fn wait_since<P>(&self, p: &P, moment: Moment, deadline: Deadline) -> bool
    where
        P: Platform<Word = W>,
    {
        let scope = p.scope();
        let mut round = 0;
        let mut too_late = deadline == Deadline::Now;
        loop {
            // Acquire: sees what was written before the `set`; matches its Release. Clearing goes on with what it set.
            let seen = p.load(&self.word, Acquire);
            p.at(scope, (seen, round, too_late));
            if seen & SET != 0 || seen & CLEARS != moment.0 {
                return true;
            }
            if too_late {
                return false;
            }
            if p.spin(round) {
                round += 1;
                continue;
            }
            // Relaxed: the bit carries no data. Whoever sets the event changes this very word.
            let known = seen | WAITERS;
            if known == seen
                || p.compare_exchange(&self.word, seen, known, Relaxed, Relaxed).is_ok()
            {
                too_late = p.futex_wait(&self.word, known, deadline) == Waited::TimedOut;
            }
            round = 0;
        }
    }
}
