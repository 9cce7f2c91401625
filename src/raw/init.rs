//! Making something once, by whoever comes first, when many come at once and any of them may die.
//!
//! # What is promised
//!
//! Of all who [`enter`](RawInit::enter), one at a time is the builder, until one has
//! [`finish`](RawInit::finish)ed; everybody else waits, and then sees all that it wrote. A builder that dies
//! half-way, or gives up, is followed by another that is told to start afresh. Memory full of zeroes is ready to
//! be entered: there is no moment at which it must not be found.
//!
//! # The words
//!
//! `claim`: 0, or who may enter: a number that all participants compute for themselves. It is settled before
//! the mutex is touched, since thread ids of another PID namespace or boot must never get into the
//! mutex's word. Whoever comes first writes it; it never changes while anybody uses the region.
//!
//! `state`: `EMPTY` -> `BUILDING` -> `READY`. A builder that gives up leaves `BUILDING`. It changes only
//! under the mutex. "Building, by whom" is this word together with the mutex's owner.
//!
//! # What a death leaves
//!
//! | the thread dies | left behind | who goes on |
//! |---|---|---|
//! | before the claim | zeroes | whoever comes next |
//! | having claimed | a claim as anybody else's would be | whoever comes next |
//! | waiting for the mutex | as the mutex | the next waiter |
//! | building | `BUILDING`, a dead owner | the next to get the mutex builds again |
//! | having written `READY` | a dead owner, the thing whole | the next to get the mutex finds it ready |
//!
//! # Models
//!
//! `lockproof-verify`, `models/init.rs`: everybody finds what one builder finished, and nobody hangs, with and
//! without deaths.

use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

use super::{Acquired, LockFailure, RawMutex};
use crate::deadline::Deadline;
use crate::error::NotHeld;
use crate::platform::Platform;

pub(crate) const EMPTY: u32 = 0;
pub(crate) const BUILDING: u32 = 1;
pub(crate) const READY: u32 = 2;

/// What whoever enters is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use]
pub enum Role {
    /// Use the thing: it is there.
    User,
    /// Build it, then `finish` or `give_up`. Where `afresh` is set, somebody has begun before and may have
    /// left anything.
    Builder {
        /// Whether remains of an earlier attempt may be there.
        afresh: bool,
    },
}

/// Why nobody may enter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InitFailure {
    /// Claimed by others, with this number.
    Claimed(u64),
    /// The mutex could not be taken.
    Lock(LockFailure),
}

/// The protocol's words, over those of some platform.
#[repr(C)]
#[derive(Debug)]
pub struct RawInit<R, W, L> {
    claim: L,
    mutex: RawMutex<R>,
    state: W,
}

impl<R, W, L> RawInit<R, W, L> {
    /// Where the claim is, for readers of a file.
    pub(crate) const CLAIM_AT: usize = core::mem::offset_of!(Self, claim);
    /// Where the state is, for readers of a file.
    pub(crate) const STATE_AT: usize = core::mem::offset_of!(Self, state);

    /// Nothing built yet, over words that hold zero.
    pub const fn new(claim: L, robust: R, state: W) -> Self {
        Self { claim, mutex: RawMutex::new(robust), state }
    }

    /// Whether the thing is there.
    pub fn is_ready<P>(&self, p: &P) -> bool
    where
        P: Platform<RobustWord = R, Word = W, Word64 = L>,
    {
        // Acquire: sees all that was built; matches the Release of `finish`.
        p.load(&self.state, Acquire) == READY
    }

    /// Whether somebody has begun to build, and neither finished nor given up.
    pub fn is_half_built<P>(&self, p: &P) -> bool
    where
        P: Platform<RobustWord = R, Word = W, Word64 = L>,
    {
        // Relaxed: for an error message.
        p.load(&self.state, Relaxed) == BUILDING
    }

    /// Who claimed it; `None` while nobody has.
    pub fn claimed_by<P>(&self, p: &P) -> Option<u64>
    where
        P: Platform<RobustWord = R, Word = W, Word64 = L>,
    {
        // Acquire: after `take_over`, sees the locks it put in order.
        Some(p.load64(&self.claim, Acquire)).filter(|claim| *claim != 0)
    }

    /// Comes in with the claim `who` (not 0), and waits while somebody builds.
    ///
    /// # Errors
    ///
    /// See [`InitFailure`]; nothing was changed, and the mutex not touched if the claim differs.
    pub fn enter<P>(&self, p: &P, who: u64, deadline: Deadline) -> Result<Role, InitFailure>
    where
        P: Platform<RobustWord = R, Word = W, Word64 = L>,
    {
        // AcqRel: sees the locks in order after a `take_over`, whose Release this matches.
        match p.compare_exchange64(&self.claim, 0, who, AcqRel, Acquire) {
            Err(other) if other != who => return Err(InitFailure::Claimed(other)),
            _ => {}
        }
        if self.is_ready(p) {
            return Ok(Role::User);
        }
        if self.mutex.lock(p, deadline).map_err(InitFailure::Lock)? == Acquired::OwnerDied {
            // Consistent: whatever the dead builder left is built again or was finished. Cannot fail, as this
            // thread has just taken the lock.
            let _ = self.mutex.make_consistent(p);
        }
        // Relaxed: changed only under the mutex.
        match p.load(&self.state, Relaxed) {
            READY => {
                let _ = self.mutex.unlock(p);
                Ok(Role::User)
            }
            before => {
                // Relaxed: read again only under the mutex, or for a message.
                p.swap(&self.state, BUILDING, Relaxed);
                Ok(Role::Builder { afresh: before == BUILDING })
            }
        }
    }

    /// The builder is done: everybody may use the thing.
    ///
    /// # Errors
    ///
    /// [`NotHeld`], and nothing changes, if the calling thread is not the builder.
    pub fn finish<P>(&self, p: &P) -> Result<(), NotHeld>
    where
        P: Platform<RobustWord = R, Word = W, Word64 = L>,
    {
        self.leave(p, READY)
    }

    /// The builder could not do it: the next one starts afresh.
    ///
    /// # Errors
    ///
    /// [`NotHeld`], and nothing changes, if the calling thread is not the builder.
    pub fn give_up<P>(&self, p: &P) -> Result<(), NotHeld>
    where
        P: Platform<RobustWord = R, Word = W, Word64 = L>,
    {
        // Not EMPTY: half a thing may lie there.
        self.leave(p, BUILDING)
    }

    fn leave<P>(&self, p: &P, state: u32) -> Result<(), NotHeld>
    where
        P: Platform<RobustWord = R, Word = W, Word64 = L>,
    {
        if !self.mutex.is_mine(p) {
            return Err(NotHeld::new());
        }
        // Release: publishes what was built; matches the Acquire of `is_ready`, which does not take the mutex.
        p.swap(&self.state, state, Release);
        self.mutex.unlock(p)
    }

    /// Takes the thing over from participants that are all dead, and whose claim was `before`: an earlier boot of
    /// the machine. The caller has excluded others that would do the same, and has put every lock in the
    /// thing in order.
    ///
    /// # Errors
    ///
    /// The claim as it is, and nothing changes, if it is not `before`.
    pub(crate) fn take_over<P>(&self, p: &P, before: u64, who: u64) -> Result<(), u64>
    where
        P: Platform<RobustWord = R, Word = W, Word64 = L>,
    {
        // Relaxed: the caller has excluded others; an error is for one that has not.
        let now = p.load64(&self.claim, Relaxed);
        if now != before {
            return Err(now);
        }
        self.mutex.forget_holder(p);
        // Release: publishes the locks put in order; matches the Acquire of `enter`.
        p.compare_exchange64(&self.claim, before, who, Release, Relaxed).map(|_| ())
    }
}
