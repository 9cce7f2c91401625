//! A mutex that its holder may take again: the mutex of [`mutex`](super::mutex) and a depth.
//!
//! # What is promised
//!
//! As the mutex; and the holder may take it as often as it likes, and must release it as often.
//!
//! # The words
//!
//! The mutex's own, and one that only the holder touches: how many releases are due, and in bit 63 whether the holder
//! was told of a death and has not repaired yet. It means nothing while nobody holds the mutex.
//!
//! # What a death leaves
//!
//! A stale depth, overwritten by the next holder before it lets anybody else in.
//!
//! # Models
//!
//! `lockproof-verify`, `models/counter.rs`, the way `value-lock`: each step takes the lock three deep; each change of the depth
//! has a mutant that is caught.

use super::mutex_state::State;
use super::{Acquired, LockFailure, RawMutex};
use crate::deadline::Deadline;
use crate::error::NotHeld;
use crate::platform::{Platform, Scope};

/// The holder was told of a death, and has not declared the data consistent.
const UNREPAIRED: u64 = 1 << 63;

/// A reentrant mutex over a robust word `R` and a cell `C` of some platform.
#[repr(C)]
#[derive(Debug)]
pub struct RawReentrantMutex<R, C> {
    mutex: RawMutex<R>,
    depth: C,
}

impl<R, C> RawReentrantMutex<R, C> {
    /// A free mutex, over a robust word and a cell that hold zero.
    pub const fn new(robust: R, depth: C) -> Self {
        Self { mutex: RawMutex::new(robust), depth }
    }

    /// The mutex inside, to look at.
    pub const fn mutex(&self) -> &RawMutex<R> {
        &self.mutex
    }

    /// Takes the lock, or takes it once more if this thread holds it.
    ///
    /// # Errors
    ///
    /// See [`LockFailure`], of which `AlreadyHeld` does not occur; the lock is then as it was.
    #[inline]
    pub fn lock<P>(&self, p: &P, deadline: Deadline) -> Result<Acquired, LockFailure>
    where
        P: Platform<RobustWord = R, Cell = C>,
    {
        let scope = p.scope();
        match self.lock_plain(p) {
            Ok(_) => Ok(Acquired::Clean),
            Err(seen) => self.lock_otherwise(p, seen, deadline, scope),
        }
    }

    /// Takes the lock in the plainest cases: it is free and has no flags; or once more, and there is no death to tell of. Says
    /// whether it is for the first time.
    ///
    /// # Errors
    ///
    /// As [`RawMutex::lock_plain`]; [`lock_otherwise`](Self::lock_otherwise) has to follow.
    #[inline]
    pub(crate) fn lock_plain<P>(&self, p: &P) -> Result<bool, Option<State>>
    where
        P: Platform<RobustWord = R, Cell = C>,
    {
        if self.mutex.is_mine(p) {
            return self.lock_again(p);
        }
        self.mutex.lock_plain(p)?;
        p.cell_set(&self.depth, 1);
        Ok(true)
    }

    #[inline(never)]
    fn lock_again<P>(&self, p: &P) -> Result<bool, Option<State>>
    where
        P: Platform<RobustWord = R, Cell = C>,
    {
        let depth = p.cell_get(&self.depth).wrapping_add(1);
        if depth & UNREPAIRED != 0 {
            return Err(None);
        }
        p.cell_set(&self.depth, depth);
        Ok(false)
    }

    /// Goes on where [`lock_plain`](Self::lock_plain) gave up, with what it saw.
    ///
    /// # Errors
    ///
    /// As [`lock`](Self::lock).
    #[cold]
    #[inline(never)]
    pub(crate) fn lock_otherwise<P>(
        &self,
        p: &P,
        seen: Option<State>,
        deadline: Deadline,
        scope: Scope,
    ) -> Result<Acquired, LockFailure>
    where
        P: Platform<RobustWord = R, Cell = C>,
    {
        if seen.is_none() && self.mutex.is_mine(p) {
            p.cell_set(&self.depth, p.cell_get(&self.depth).wrapping_add(1));
            return Ok(Acquired::OwnerDied);
        }
        let how = self.mutex.lock_otherwise(p, seen, deadline, scope)?;
        let unrepaired = if how == Acquired::OwnerDied { UNREPAIRED } else { 0 };
        p.cell_set(&self.depth, unrepaired | 1);
        Ok(how)
    }

    /// Undoes one `lock`. At the last one the lock is free for others.
    ///
    /// # Errors
    ///
    /// [`NotHeld`], and nothing changes, if the calling thread does not hold it.
    #[inline]
    pub fn unlock<P>(&self, p: &P) -> Result<(), NotHeld>
    where
        P: Platform<RobustWord = R, Cell = C>,
    {
        if self.mutex.is_mine(p) && self.unlock_plain(p) {
            Ok(())
        } else {
            self.leave(p, RawMutex::unlock)
        }
    }

    /// Undoes one `lock` in the plainest case: it is the last one, and the lock the one that the calling thread took last.
    /// Returns false, and does nothing, where there is more to do; [`unlock`](Self::unlock) then does it. For whoever holds it;
    /// for others, as a forked child with a guard of its parent's, nothing is plain, but they read a depth that changes
    /// meanwhile.
    #[inline]
    pub(crate) fn unlock_plain<P>(&self, p: &P) -> bool
    where
        P: Platform<RobustWord = R, Cell = C>,
    {
        p.cell_get(&self.depth) == 1 && self.mutex.unlock_plain(p)
    }

    /// Undoes one `lock`, the last one for good; see [`RawMutex::give_up`].
    ///
    /// # Errors
    ///
    /// [`NotHeld`], and nothing changes, if the calling thread does not hold it.
    pub fn give_up<P>(&self, p: &P) -> Result<(), NotHeld>
    where
        P: Platform<RobustWord = R, Cell = C>,
    {
        self.leave(p, RawMutex::give_up)
    }

    /// Undoes one `lock` as if the holder had died; see [`RawMutex::unlock_abandoned`].
    ///
    /// # Errors
    ///
    /// [`NotHeld`], and nothing changes, if the calling thread does not hold it.
    pub fn unlock_abandoned<P>(&self, p: &P) -> Result<(), NotHeld>
    where
        P: Platform<RobustWord = R, Cell = C>,
    {
        self.leave(p, RawMutex::unlock_abandoned)
    }

    /// Whether the calling thread holds it, was told of a death, and has not declared the data consistent since.
    pub(crate) fn is_unrepaired<P>(&self, p: &P) -> bool
    where
        P: Platform<RobustWord = R, Cell = C>,
    {
        self.mutex.is_mine(p) && p.cell_get(&self.depth) & UNREPAIRED != 0
    }

    /// See [`RawMutex::make_consistent`].
    ///
    /// # Errors
    ///
    /// [`NotHeld`], and nothing changes, if the calling thread does not hold it.
    pub fn make_consistent<P>(&self, p: &P) -> Result<(), NotHeld>
    where
        P: Platform<RobustWord = R, Cell = C>,
    {
        self.mutex.make_consistent(p)?;
        p.cell_set(&self.depth, p.cell_get(&self.depth) & !UNREPAIRED);
        Ok(())
    }

    fn leave<P>(
        &self,
        p: &P,
        last: impl FnOnce(&RawMutex<R>, &P) -> Result<(), NotHeld>,
    ) -> Result<(), NotHeld>
    where
        P: Platform<RobustWord = R, Cell = C>,
    {
        if !self.mutex.is_mine(p) {
            return Err(NotHeld::new());
        }
        let depth = p.cell_get(&self.depth);
        if depth & !UNREPAIRED > 1 {
            p.cell_set(&self.depth, depth - 1);
            return Ok(());
        }
        last(&self.mutex, p)
    }
}
