//! A lock as the models see it.

use lockproof::deadline::Deadline;
use lockproof::error::NotHeld;
use lockproof::raw::{Acquired, LockFailure, RawMutex};

use crate::platform::World;

/// A mutual exclusion lock over a [`World`]: what [`MutexModel`](super::mutex::MutexModel) checks.
pub trait Lock: Send + Sync + 'static {
    /// Whether those who come at once show it by compare-exchanges that fail.
    const EXCHANGES: bool = true;
    /// Whether those that wait sleep.
    const SLEEPS: bool = true;
    /// Whether nothing depends on who takes it but what is written of it.
    const SYMMETRIC: bool = true;

    /// The lock's words.
    type On<W: World>: 'static;

    /// Makes one, free.
    fn make<W: World>(p: &W) -> Self::On<W>;

    /// Takes it, waiting until the deadline.
    ///
    /// # Errors
    ///
    /// As [`RawMutex::lock`].
    fn lock<W: World>(lock: &Self::On<W>, p: &W, until: Deadline) -> Result<Acquired, LockFailure>;

    /// Lets go of it.
    ///
    /// # Errors
    ///
    /// [`NotHeld`] if this thread does not hold it.
    fn unlock<W: World>(lock: &Self::On<W>, p: &W) -> Result<(), NotHeld>;

    /// Lets go of it as a panic does, where the lock knows about that.
    ///
    /// # Errors
    ///
    /// [`NotHeld`] if this thread does not hold it.
    fn abandon<W: World>(lock: &Self::On<W>, p: &W) -> Result<(), NotHeld> {
        Self::unlock(lock, p)
    }

    /// Declares what it protects consistent after a holder's death.
    fn make_consistent<W: World>(lock: &Self::On<W>, p: &W);
}

/// The shipped mutex.
#[derive(Clone, Copy, Debug)]
pub struct Shipped;

impl Lock for Shipped {
    type On<W: World> = RawMutex<W::RobustWord>;

    fn make<W: World>(p: &W) -> Self::On<W> {
        RawMutex::new(p.new_robust("lock"))
    }

    fn lock<W: World>(lock: &Self::On<W>, p: &W, until: Deadline) -> Result<Acquired, LockFailure> {
        lock.lock(p, until)
    }

    fn unlock<W: World>(lock: &Self::On<W>, p: &W) -> Result<(), NotHeld> {
        lock.unlock(p)
    }

    fn abandon<W: World>(lock: &Self::On<W>, p: &W) -> Result<(), NotHeld> {
        lock.unlock_abandoned(p)
    }

    fn make_consistent<W: World>(lock: &Self::On<W>, p: &W) {
        let _ = lock.make_consistent(p);
    }
}
