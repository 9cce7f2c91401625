//! A readers-writer lock as the models see it.

use lockproof::deadline::Deadline;
use lockproof::error::NotHeld;
use lockproof::raw::{Acquired, LockFailure, RawRwLock, Read};

use crate::platform::World;

/// A readers-writer lock over a [`World`]: what [`RwLockModel`](crate::models::rwlock::RwLockModel) checks.
pub trait ReadWrite: Send + Sync + 'static {
    /// Whether those that wait sleep.
    const SLEEPS: bool = true;
    /// Whether nothing depends on who takes it but what is written of it.
    const SYMMETRIC: bool = true;

    /// Its words.
    type On<W: World>: 'static;

    /// Makes one, free.
    fn make<W: World>(p: &W) -> Self::On<W>;

    /// Takes it for reading, waiting until the deadline.
    ///
    /// # Errors
    ///
    /// As [`RawRwLock::read`].
    fn read<W: World>(on: &Self::On<W>, p: &W, until: Deadline) -> Result<Read, LockFailure>;

    /// Lets go of it after reading.
    ///
    /// # Errors
    ///
    /// [`NotHeld`] if this thread does not read.
    fn unlock_read<W: World>(on: &Self::On<W>, p: &W, slot: usize) -> Result<(), NotHeld>;

    /// Takes it for writing, waiting until the deadline.
    ///
    /// # Errors
    ///
    /// As [`RawRwLock::write`].
    fn write<W: World>(on: &Self::On<W>, p: &W, until: Deadline) -> Result<Acquired, LockFailure>;

    /// Lets go of it after writing.
    ///
    /// # Errors
    ///
    /// [`NotHeld`] if this thread does not write.
    fn unlock_write<W: World>(on: &Self::On<W>, p: &W) -> Result<(), NotHeld>;

    /// Declares what it protects consistent after a writer's death.
    ///
    /// # Errors
    ///
    /// [`NotHeld`] if this thread does not write.
    fn make_consistent<W: World>(on: &Self::On<W>, p: &W) -> Result<(), NotHeld>;

    /// Goes on reading after writing. `None` if that cannot be.
    fn downgrade<W: World>(on: &Self::On<W>, p: &W) -> Option<usize>;
}

/// How many can read at a time: fewer than come, so that they also wait for each other.
const SLOTS: usize = 2;

/// The shipped lock.
#[derive(Clone, Copy, Debug)]
pub struct Shipped;

impl ReadWrite for Shipped {
    type On<W: World> = RawRwLock<W::RobustWord, W::Cell, SLOTS>;

    fn make<W: World>(p: &W) -> Self::On<W> {
        let slots = [p.new_robust("slot 1"), p.new_robust("slot 2")];
        RawRwLock::new(p.new_robust("lock"), p.new_cell("writing"), slots)
    }

    fn read<W: World>(on: &Self::On<W>, p: &W, until: Deadline) -> Result<Read, LockFailure> {
        on.read(p, 0, until)
    }

    fn unlock_read<W: World>(on: &Self::On<W>, p: &W, slot: usize) -> Result<(), NotHeld> {
        on.unlock_read(p, slot)
    }

    fn write<W: World>(on: &Self::On<W>, p: &W, until: Deadline) -> Result<Acquired, LockFailure> {
        on.write(p, until)
    }

    fn unlock_write<W: World>(on: &Self::On<W>, p: &W) -> Result<(), NotHeld> {
        on.unlock_write(p)
    }

    fn make_consistent<W: World>(on: &Self::On<W>, p: &W) -> Result<(), NotHeld> {
        on.make_consistent(p)
    }

    fn downgrade<W: World>(on: &Self::On<W>, p: &W) -> Option<usize> {
        on.downgrade(p, 0)
    }
}
