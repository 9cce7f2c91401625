//! Making something once among participants that have to agree first: the [`RawOnce`] of a region, behind a claim.
//!
//! # What is promised
//!
//! As [`once`](super::once); and only those enter who come with the same claim. Memory full of zeroes is ready to be
//! entered: there is no moment at which it must not be found.
//!
//! # The words
//!
//! Those of [`once`](super::once), and `claim`: 0, or who may enter: a number that all participants compute for themselves.
//! It is settled before the mutex is touched, since thread ids of another PID namespace or boot must never get into the
//! mutex's word. Whoever comes first writes it; it never changes while anybody uses the region.
//!
//! # What a death leaves
//!
//! Before the claim, zeroes; after it, a claim as anybody else's would be: whoever comes next goes on. Then as
//! [`once`](super::once).
//!
//! # Models
//!
//! `lockproof-verify`, `models/init.rs`: everybody finds what one builder finished, and nobody hangs, with and
//! without deaths; those that come with another claim are refused.

use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

use super::{LockFailure, RawOnce, Role};
use crate::deadline::Deadline;
use crate::error::NotHeld;
use crate::platform::Platform;

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
    once: RawOnce<R, W>,
}

impl<R, W, L> RawInit<R, W, L> {
    /// Where the claim is, for readers of a file.
    pub(crate) const CLAIM_AT: usize = core::mem::offset_of!(Self, claim);
    /// Where the state is, for readers of a file.
    pub(crate) const STATE_AT: usize =
        core::mem::offset_of!(Self, once) + RawOnce::<R, W>::STATE_AT;

    /// Nothing built yet, over words that hold zero.
    pub const fn new(claim: L, robust: R, state: W) -> Self {
        Self { claim, once: RawOnce::new(robust, state) }
    }

    /// Whether the thing is there.
    pub fn is_ready<P>(&self, p: &P) -> bool
    where
        P: Platform<RobustWord = R, Word = W, Word64 = L>,
    {
        self.once.is_ready(p)
    }

    /// Whether somebody has begun to build, and neither finished nor given up.
    pub fn is_half_built<P>(&self, p: &P) -> bool
    where
        P: Platform<RobustWord = R, Word = W, Word64 = L>,
    {
        self.once.is_half_built(p)
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
        self.once.enter(p, deadline).map_err(InitFailure::Lock)
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
        self.once.finish(p)
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
        self.once.give_up(p)
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
        self.once.forget_holder(p);
        // Release: publishes the locks put in order; matches the Acquire of `enter`.
        p.compare_exchange64(&self.claim, before, who, Release, Relaxed).map(|_| ())
    }
}
