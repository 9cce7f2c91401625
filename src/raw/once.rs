//! Making something once, by whoever comes first, when many come at once and any of them may die.
//!
//! # What is promised
//!
//! Of all who [`enter`](RawOnce::enter), one at a time is the builder, until one has
//! [`finish`](RawOnce::finish)ed; everybody else waits, and then sees all that it wrote. A builder that dies
//! half-way, or gives up, is followed by another that is told to start afresh. Nobody sleeps for the sake of the dead.
//!
//! # The words
//!
//! A mutex, which the builder holds; and `state`: `EMPTY` -> `BUILDING` -> `READY`. A builder that gives up leaves
//! `BUILDING`. It changes only under the mutex. "Building, by whom" is this word together with the mutex's owner.
//!
//! # What a death leaves
//!
//! | the thread dies | left behind | who goes on |
//! |---|---|---|
//! | waiting for the mutex | as the mutex | the next waiter |
//! | building | `BUILDING`, a dead owner | the next to get the mutex builds again |
//! | having written `READY` | a dead owner, the thing whole | the next to get the mutex finds it ready |
//!
//! # Models
//!
//! `lockproof-verify`, `models/init.rs`: everybody finds what one builder finished, and nobody hangs, with and
//! without deaths.

use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

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

/// Something to be made once, over a robust word `R` and a word `W` of some platform.
#[repr(C)]
#[derive(Debug)]
pub struct RawOnce<R, W> {
    mutex: RawMutex<R>,
    state: W,
}

impl<R, W> RawOnce<R, W> {
    /// Where the state is, for readers of a file.
    pub(crate) const STATE_AT: usize = core::mem::offset_of!(Self, state);

    /// Nothing made yet, over words that hold zero.
    pub const fn new(robust: R, state: W) -> Self {
        Self { mutex: RawMutex::new(robust), state }
    }

    /// The mutex inside, to look at: its holder builds.
    pub const fn mutex(&self) -> &RawMutex<R> {
        &self.mutex
    }

    /// Whether the thing is there.
    #[inline]
    pub fn is_ready<P>(&self, p: &P) -> bool
    where
        P: Platform<RobustWord = R, Word = W>,
    {
        // Acquire: sees all that was built; matches the Release of `finish`.
        p.load(&self.state, Acquire) == READY
    }

    /// Whether somebody has begun to build, and neither finished nor given up.
    pub fn is_half_built<P>(&self, p: &P) -> bool
    where
        P: Platform<RobustWord = R, Word = W>,
    {
        // Relaxed: for an error message.
        p.load(&self.state, Relaxed) == BUILDING
    }

    /// Comes in, and waits while somebody builds, until `deadline`.
    ///
    /// # Errors
    ///
    /// See [`LockFailure`]; nothing was changed. `AlreadyHeld` if the calling thread builds.
    pub fn enter<P>(&self, p: &P, deadline: Deadline) -> Result<Role, LockFailure>
    where
        P: Platform<RobustWord = R, Word = W>,
    {
        if self.is_ready(p) {
            return Ok(Role::User);
        }
        if self.mutex.lock(p, deadline)? == Acquired::OwnerDied {
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
        P: Platform<RobustWord = R, Word = W>,
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
        P: Platform<RobustWord = R, Word = W>,
    {
        // Not EMPTY: half a thing may lie there.
        self.leave(p, BUILDING)
    }

    fn leave<P>(&self, p: &P, state: u32) -> Result<(), NotHeld>
    where
        P: Platform<RobustWord = R, Word = W>,
    {
        if !self.mutex.is_mine(p) {
            return Err(NotHeld::new());
        }
        // Release: publishes what was built; matches the Acquire of `is_ready`, which does not take the mutex.
        p.swap(&self.state, state, Release);
        self.mutex.unlock(p)
    }

    /// Marks a builder of another boot of the machine as dead. Nobody else uses the thing meanwhile.
    pub(crate) fn forget_holder<P>(&self, p: &P)
    where
        P: Platform<RobustWord = R>,
    {
        self.mutex.forget_holder(p);
    }
}
