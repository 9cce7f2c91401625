//! A semaphore: no more inside than there are permits, and nobody waits beside one.

use lockproof::deadline::Deadline;
use lockproof::error::NotHeld;
use lockproof::raw::{LockFailure, Slots};

use super::inquiry::{Inquiry, Own, Threads};
use super::{Proof, World};
use crate::explore::graph::Memory;
use crate::models::any::semaphore::Semaphore as Modelled;
use crate::models::semaphore::{SLOTS, SemaphoreModel, Use};

/// A semaphore of your own, over the words of a [`World`].
pub trait Semaphore: Send + Sync + 'static {
    /// Whether a permit comes back if one dies that has [acquired](Self::acquire) it.
    const ROBUST: bool = false;
    /// Whether there can be no more than one permit.
    const BINARY: bool = false;

    /// Its words.
    type On<W: World>: 'static;

    /// Makes one without a permit: words are zero to begin with, and the models [post](Self::post) what they need. A name for each
    /// word: counterexamples call it so.
    fn new<W: World>(p: &W) -> Self::On<W>;

    /// Gives one permit more; also one that nobody took. There are never more than two, or one if it is
    /// [binary](Self::BINARY).
    fn post<W: World>(semaphore: &Self::On<W>, p: &W);

    /// Takes a permit, as long as that takes.
    fn wait<W: World>(semaphore: &Self::On<W>, p: &W);

    /// Takes a permit that is given back by the one that took it. What it returns, [`release`](Self::release) is told: which of
    /// several words it is, say.
    fn acquire<W: World>(semaphore: &Self::On<W>, p: &W) -> u32 {
        Self::wait(semaphore, p);
        0
    }

    /// Gives that back.
    fn release<W: World>(semaphore: &Self::On<W>, p: &W, taken: u32) {
        let _ = taken;
        Self::post(semaphore, p);
    }

    /// How many permits are free, if it can be asked.
    fn permits<W: World>(semaphore: &Self::On<W>, p: &W) -> Option<u32> {
        let _ = (semaphore, p);
        None
    }
}

impl<S: Semaphore> Modelled for Own<S> {
    const MOST: usize = SLOTS;
    // It may wait in many ways. Where all orders are tried, one finds no permit in some.
    const SLEEPS: bool = false;
    // It may have words for each process.
    const SYMMETRIC: bool = false;

    type On<W: World> = S::On<W>;

    fn make<W: World>(p: &W) -> S::On<W> {
        S::new(p)
    }

    fn acquire<W: World>(
        on: &S::On<W>,
        p: &W,
        _: usize,
        wanted: usize,
        _: Deadline,
    ) -> Result<Slots, LockFailure> {
        debug_assert_eq!(wanted, 1, "no model takes several at once");
        Ok(S::acquire(on, p).into())
    }

    fn release<W: World>(on: &S::On<W>, p: &W, taken: Slots) -> u32 {
        S::release(on, p, taken as u32);
        1
    }

    fn wait<W: World>(on: &S::On<W>, p: &W, _: usize, _: Deadline) -> Result<(), LockFailure> {
        S::wait(on, p);
        Ok(())
    }

    fn post<W: World>(on: &S::On<W>, p: &W, _: usize) -> Result<(), NotHeld> {
        S::post(on, p);
        Ok(())
    }

    fn free<W: World>(on: &S::On<W>, p: &W, _: usize, least: usize) -> usize {
        S::permits(on, p).map_or_else(
            || {
                (0..least).for_each(|_| S::wait(on, p));
                least
            },
            |free| free as usize,
        )
    }
}

const WAKES: &str = "for each permit one gets on";
const ADMITS: &str = "no more inside than permits";
const STUCK: &str = "a permit is lost with whoever has it";

/// Proves a semaphore. Takes seconds, and for one with many steps some minutes.
pub fn semaphore<S: Semaphore>(name: &'static str) -> Proof
where
    S::On<Threads>: Send + Sync,
{
    let model = SemaphoreModel::<Own<S>>::new;
    let mut inquiry = Inquiry::new(name);
    inquiry.explore(WAKES, "1 posts, 1 waits", model(Use::Signal, 2, 1));
    inquiry.explore(ADMITS, "1 permit, 2 x 1", model(Use::Lent, 3, 1));
    if !S::BINARY {
        inquiry.explore_more(WAKES, "1 posts, 2 wait", model(Use::Signal, 3, 1));
    }
    inquiry.explore_more(ADMITS, "1 permit, 2 x 2", model(Use::Lent, 3, 2));
    if !S::BINARY {
        inquiry.explore_more(ADMITS, "2 permits, 3 x 1", model(Use::LentTwo, 4, 1));
    }
    inquiry.ask_loom(WAKES, "1 posts, 1 waits", 3, model(Use::Signal, 2, 1));
    inquiry.ask_loom(ADMITS, "1 permit, 2 x 1", 2, model(Use::Lent, 3, 1));
    inquiry.ask_shuttle(ADMITS, "1 permit, 4 x 5", model(Use::Lent, 5, 5));
    let dying = || model(Use::Lent, 3, 1).with_deaths(true);
    inquiry.kill(S::ROBUST, STUCK, "1 permit, 2 x 1", dying());
    if S::ROBUST {
        inquiry.kill_mutants(Memory::Sc, dying());
    }
    inquiry.end()
}
