//! A mutex: one at a time is inside.

use lockproof::deadline::Deadline;
use lockproof::error::NotHeld;
use lockproof::raw::{Acquired, LockFailure};

use super::inquiry::{Inquiry, Own, Threads, size};
use super::{Proof, World};
use crate::explore::graph::Memory;
use crate::models::endless::EndlessModel;
use crate::models::lock::Lock;
use crate::models::mutex::MutexModel;
use crate::models::tries::{TriesModel, TryLock};

/// A mutual exclusion lock of your own, over the words of a [`World`].
pub trait Mutex: Send + Sync + 'static {
    /// Whether it survives the death of whoever holds it: then [`lock`](Self::lock) tells the next one of it.
    const ROBUST: bool = false;

    /// Whether [`try_lock`](Self::try_lock) is one that can be called.
    const TRIES: bool = false;
    /// Whether that may refuse although nobody has the lock, as a weak exchange may.
    const REFUSES_FOR_NOTHING: bool = false;

    /// Its words.
    type On<W: World>: 'static;

    /// Makes a free one. A name for each word: counterexamples call it so.
    fn new<W: World>(p: &W) -> Self::On<W>;

    /// Takes it, as long as that takes. [`Acquired::OwnerDied`] if the last holder died, and it knows of that.
    fn lock<W: World>(lock: &Self::On<W>, p: &W) -> Acquired;

    /// Takes it if that needs no wait. Is not called unless it [says so](Self::TRIES).
    fn try_lock<W: World>(lock: &Self::On<W>, p: &W) -> Option<Acquired> {
        let _ = (lock, p);
        None
    }

    /// Lets go of it. Called by whoever holds it.
    fn unlock<W: World>(lock: &Self::On<W>, p: &W);

    /// Declares what it protects consistent again: called by one that was told of a death.
    fn make_consistent<W: World>(lock: &Self::On<W>, p: &W) {
        let _ = (lock, p);
    }
}

impl<L: Mutex> Lock for Own<L> {
    // A lock may wait in many ways. Where all orders are tried, two want it at once in some.
    const EXCHANGES: bool = false;
    const SLEEPS: bool = false;
    // It may have words for each process.
    const SYMMETRIC: bool = false;

    type On<W: World> = L::On<W>;

    fn make<W: World>(p: &W) -> L::On<W> {
        L::new(p)
    }

    fn lock<W: World>(lock: &L::On<W>, p: &W, _: Deadline) -> Result<Acquired, LockFailure> {
        Ok(L::lock(lock, p))
    }

    fn unlock<W: World>(lock: &L::On<W>, p: &W) -> Result<(), NotHeld> {
        L::unlock(lock, p);
        Ok(())
    }

    fn make_consistent<W: World>(lock: &L::On<W>, p: &W) {
        L::make_consistent(lock, p);
    }
}

impl<L: Mutex> TryLock for Own<L> {
    const REFUSES_FOR_NOTHING: bool = L::REFUSES_FOR_NOTHING;

    fn try_lock<W: World>(lock: &L::On<W>, p: &W) -> Option<Acquired> {
        L::try_lock(lock, p)
    }
}

const EXCLUDES: &str = "one at a time, all get there";
const TRIES: &str = "who tries is alone, or refused";
const STUCK: &str = "a holder's death keeps all others waiting for ever";

/// Proves a mutex. Takes seconds, and for a lock with many steps some minutes.
pub fn mutex<L: Mutex>(name: &'static str) -> Proof
where
    L::On<Threads>: Send + Sync,
{
    let model = MutexModel::<Own<L>>::new;
    let mut inquiry = Inquiry::new(name);
    for (processes, rounds) in [(2, 1), (2, 2), (3, 1)] {
        inquiry.explore(EXCLUDES, &size(processes, rounds), model(processes, rounds));
    }
    if L::TRIES {
        inquiry.explore(TRIES, "2 try", TriesModel::<Own<L>>::of_all(2));
        inquiry.explore(TRIES, "3 try", TriesModel::<Own<L>>::of_all(3));
        inquiry.explore(TRIES, "1 tries, 2 wait", TriesModel::<Own<L>>::of_one(3));
    }
    inquiry.ask_loom(EXCLUDES, &size(2, 1), 3, model(2, 1));
    inquiry.ask_shuttle(EXCLUDES, &size(4, 5), model(4, 5));
    inquiry.kill(L::ROBUST, STUCK, &size(2, 1), model(2, 1).with_deaths());
    if L::ROBUST {
        inquiry.kill_mutants(Memory::C11, model(3, 1).with_deaths());
    }
    inquiry.last(2, EndlessModel::<Own<L>>::new(2));
    inquiry.end()
}
