//! A semaphore as the models see it.

use lockproof::deadline::Deadline;
use lockproof::error::NotHeld;
use lockproof::raw::{LockFailure, RawSemaphore, Slots};

use crate::platform::World;

/// A semaphore over a [`World`]: what [`SemaphoreModel`](crate::models::semaphore::SemaphoreModel) checks.
pub trait Semaphore: Send + Sync + 'static {
    /// As many permits as there can be.
    const MOST: usize;
    /// Whether those that wait sleep.
    const SLEEPS: bool = true;
    /// Whether nothing depends on who takes a permit but what is written of it.
    const SYMMETRIC: bool = true;

    /// Its words.
    type On<W: World>: 'static;

    /// Makes one of which nobody has taken a permit, and to which nobody has given one.
    fn make<W: World>(p: &W) -> Self::On<W>;

    /// Takes so many permits at once, of so many that there are, waiting until the deadline.
    ///
    /// # Errors
    ///
    /// As [`RawSemaphore::acquire_many`].
    fn acquire<W: World>(
        on: &Self::On<W>,
        p: &W,
        permits: usize,
        wanted: usize,
        until: Deadline,
    ) -> Result<Slots, LockFailure>;

    /// Gives back what was taken. Says how many permits that are.
    fn release<W: World>(on: &Self::On<W>, p: &W, taken: Slots) -> u32;

    /// Takes a permit for good, of so many that there are.
    ///
    /// # Errors
    ///
    /// As [`RawSemaphore::wait`].
    fn wait<W: World>(
        on: &Self::On<W>,
        p: &W,
        permits: usize,
        until: Deadline,
    ) -> Result<(), LockFailure>;

    /// Gives one more permit than the so many that there are.
    ///
    /// # Errors
    ///
    /// [`NotHeld`] if there is no room for it.
    fn post<W: World>(on: &Self::On<W>, p: &W, permits: usize) -> Result<(), NotHeld>;

    /// How many are free, of so many that there are. Where that cannot be asked, takes as many as there have to be at least.
    fn free<W: World>(on: &Self::On<W>, p: &W, permits: usize, least: usize) -> usize;
}

/// The shipped semaphore.
#[derive(Clone, Copy, Debug)]
pub struct Shipped<const SLOTS: usize>;

impl<const SLOTS: usize> Semaphore for Shipped<SLOTS> {
    const MOST: usize = SLOTS;

    type On<W: World> = RawSemaphore<W::RobustWord, SLOTS>;

    fn make<W: World>(p: &W) -> Self::On<W> {
        let names = ["slot 1", "slot 2", "slot 3"];
        let slots = std::array::from_fn(|at| p.new_robust(names[at]));
        RawSemaphore::new(p.new_robust("turn"), slots)
    }

    fn acquire<W: World>(
        on: &Self::On<W>,
        p: &W,
        permits: usize,
        wanted: usize,
        until: Deadline,
    ) -> Result<Slots, LockFailure> {
        match wanted {
            1 => on.acquire(p, permits, 0, until),
            _ => on.acquire_many(p, permits, wanted, until),
        }
    }

    fn release<W: World>(on: &Self::On<W>, p: &W, taken: Slots) -> u32 {
        on.release(p, taken)
    }

    fn wait<W: World>(
        on: &Self::On<W>,
        p: &W,
        permits: usize,
        until: Deadline,
    ) -> Result<(), LockFailure> {
        on.wait(p, permits, until)
    }

    fn post<W: World>(on: &Self::On<W>, p: &W, permits: usize) -> Result<(), NotHeld> {
        on.post(p, permits)
    }

    fn free<W: World>(on: &Self::On<W>, p: &W, permits: usize, _: usize) -> usize {
        on.free(p, permits)
    }
}
