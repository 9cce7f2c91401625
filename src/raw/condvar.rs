//! A condition variable in one word, for the mutexes of [`mutex`](super::mutex).
//!
//! # What is promised
//!
//! Whoever waits lets go of the mutex, and has it again when the wait is over. A notification that is given after a waiter
//! has let go of the mutex ends its wait. A wait may also end for no reason: callers look, in a loop, whether what they
//! wait for has come. No notification is lost to a dead waiter, at whatever point it dies.
//!
//! # Why every notification wakes all
//!
//! If it woke one, it would be lost when that one dies: before it runs, or later, while it waits for the mutex. The kernel
//! can repeat the wake of a word whose operation is announced, but a thread announces one operation at a time, and while it
//! waits for the mutex that is the mutex's. So all waiters are woken, and those for whom there is nothing wait again. What
//! that costs grows with the number of waiters, not of notifications that find nobody: they cost one instruction.
//!
//! # The word
//!
//! Bits 0 to 30: how many notifications there were, wrapping. Bit 31: `WAITERS`, somebody may sleep. (A waiter that does
//! not get to run between two looks at the word during exactly 2^31 notifications takes them for none.)
//!
//! | from | to | who |
//! |---|---|---|
//! | no `WAITERS` | + `WAITERS` | `wait`, under the mutex |
//! | any | one more | `notify` |
//! | `WAITERS` | without it, all sleepers woken in the same step | `notify`, after it has counted |
//!
//! # What a death leaves
//!
//! A waiter: nothing, or `WAITERS`, which costs the next notification a system call. A notifier: it has notified, or has
//! not; between its two steps it has not, and the next notification wakes those sleepers as well. The mutex: as
//! [`mutex`](super::mutex) says.
//!
//! # What can go on for ever
//!
//! Two that wait for each other in turns, without an end, both get on, and whoever waits sleeps. Who is woken has to take the
//! mutex, and may be overtaken there for ever by others that want it, too.
//!
//! # Models
//!
//! `lockproof-verify`, `models/condvar.rs`: nobody waits in vain for what is there, with deaths and with deadlines;
//! `models/again.rs`: without an end; each
//! ordering, the mark and the wake have mutants that are caught.

use core::sync::atomic::Ordering::Relaxed;

use super::{Acquired, LockFailure, RawMutex};
use crate::deadline::Deadline;
use crate::error::NotHeld;
use crate::platform::{Platform, Update, Waited};

const WAITERS: u32 = 1 << 31;
const FORGET_WAITERS: Update = Update::Clear(31);

/// How a wait ended, with the mutex held again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use]
pub struct Ended {
    /// How the mutex was taken.
    pub how: Acquired,
    /// Whether the deadline had passed.
    pub timed_out: bool,
}

/// Why a wait ended without the mutex.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WaitFailure {
    /// The calling thread did not hold it: there was no wait.
    NotHeld,
    /// It could not be taken again.
    Lock(LockFailure),
}

impl From<NotHeld> for WaitFailure {
    fn from(_: NotHeld) -> Self {
        Self::NotHeld
    }
}

/// A condition variable over the word `W` of some platform.
#[repr(transparent)]
#[derive(Debug)]
pub struct RawCondvar<W> {
    word: W,
}

impl<W> RawCondvar<W> {
    /// One that nobody waits for, over a word that holds zero.
    pub const fn new(word: W) -> Self {
        Self { word }
    }

    /// The word, to look at.
    pub(crate) const fn word(&self) -> &W {
        &self.word
    }

    /// Lets go of the mutex, waits for a notification until `deadline`, and takes the mutex again, as long as that takes.
    ///
    /// # Errors
    ///
    /// See [`WaitFailure`]: the mutex is then not held.
    pub fn wait<P>(
        &self,
        p: &P,
        mutex: &RawMutex<P::RobustWord>,
        deadline: Deadline,
    ) -> Result<Ended, WaitFailure>
    where
        P: Platform<Word = W>,
    {
        if !mutex.is_mine(p) {
            return Err(WaitFailure::NotHeld);
        }
        let scope = p.scope();
        // Relaxed: whoever changes what this thread waits for takes the mutex after it lets go, and so finds the mark, or a
        // later word. Not a load first: a wait is no place to save an instruction, and an old word would be one more reason
        // to wake up for nothing.
        let before = p.fetch_or(&self.word, WAITERS, Relaxed);
        let known = before | WAITERS;
        mutex.unlock(p)?;
        p.at(scope, known);
        let timed_out = deadline == Deadline::Now
            || (!self.changes_soon(p, before)
                && p.futex_wait(&self.word, known, deadline) == Waited::TimedOut);
        p.at(scope, timed_out);
        let how = mutex.lock(p, Deadline::Never).map_err(WaitFailure::Lock)?;
        Ok(Ended { how, timed_out })
    }

    /// Looks for a moment whether somebody notifies, before it is worth a sleep: if nobody else waits, who would need the
    /// processor as well.
    fn changes_soon<P>(&self, p: &P, before: u32) -> bool
    where
        P: Platform<Word = W>,
    {
        let mut round = 0;
        while before & WAITERS == 0 && p.spin(round) {
            // Relaxed: as where a sleep finds the word changed; what else was is seen by the mutex, which is taken next.
            if p.load(&self.word, Relaxed) != before | WAITERS {
                return true;
            }
            round += 1;
        }
        false
    }

    /// Ends the wait of everybody who waits.
    pub fn notify<P>(&self, p: &P)
    where
        P: Platform<Word = W>,
    {
        // Relaxed: the mutex orders what is waited for; this only has to come after a waiter's mark, in the order of this
        // one word, if that waiter has let go of the mutex before.
        if p.fetch_add(&self.word, 1, Relaxed) & WAITERS != 0 {
            p.futex_update_wake_all(&self.word, FORGET_WAITERS);
        }
    }
}
