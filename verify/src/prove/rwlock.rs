//! A readers-writer lock: whoever writes is alone, and what is read is whole.

use lockproof::deadline::Deadline;
use lockproof::error::NotHeld;
use lockproof::raw::{Acquired, LockFailure, Read};

use super::inquiry::{Inquiry, Own, Threads, size};
use super::{Otherwise, Proof, World};
use crate::explore::graph::Memory;
use crate::models::any::rwlock::ReadWrite;
use crate::models::rwlock::{RwLockModel, Use};
use crate::models::rwlock_endless::EndlessRwLockModel;

/// A readers-writer lock of your own, over the words of a [`World`].
pub trait RwLock: Send + Sync + 'static {
    /// Whether it survives the death of whoever holds it: then the next one is told of a writer's.
    const ROBUST: bool = false;
    /// Whether [`downgrade`](Self::downgrade) makes a reader of a writer.
    const DOWNGRADES: bool = false;

    /// Its words.
    type On<W: World>: 'static;

    /// Makes a free one. A name for each word: counterexamples call it so.
    fn new<W: World>(p: &W) -> Self::On<W>;

    /// Takes it for reading, as long as that takes: [`Read::Shared`], with what [`unlock_read`](Self::unlock_read) is told, such as
    /// which of several words it is. [`Read::OwnerDied`] if the last writer died, and it knows of that: it is then taken for writing.
    fn read<W: World>(lock: &Self::On<W>, p: &W) -> Read;

    /// Lets go of it after reading.
    fn unlock_read<W: World>(lock: &Self::On<W>, p: &W, slot: usize);

    /// Takes it for writing, as long as that takes. [`Acquired::OwnerDied`] if the last writer died, and it knows of that.
    fn write<W: World>(lock: &Self::On<W>, p: &W) -> Acquired;

    /// Lets go of it after writing.
    fn unlock_write<W: World>(lock: &Self::On<W>, p: &W);

    /// Declares what it protects consistent again: called by one that was told of a death, and writes.
    fn make_consistent<W: World>(lock: &Self::On<W>, p: &W) {
        let _ = (lock, p);
    }

    /// Goes on reading after writing, with nobody writing in between. Returns what [`unlock_read`](Self::unlock_read) is told.
    fn downgrade<W: World>(lock: &Self::On<W>, p: &W) -> usize {
        let _ = (lock, p);
        0
    }
}

impl<L: RwLock> ReadWrite for Own<L> {
    // It may wait in many ways. Where all orders are tried, two want it at once in some.
    const SLEEPS: bool = false;
    // It may have words for each process.
    const SYMMETRIC: bool = false;

    type On<W: World> = L::On<W>;

    fn make<W: World>(p: &W) -> L::On<W> {
        L::new(p)
    }

    fn read<W: World>(on: &L::On<W>, p: &W, _: Deadline) -> Result<Read, LockFailure> {
        Ok(L::read(on, p))
    }

    fn unlock_read<W: World>(on: &L::On<W>, p: &W, slot: usize) -> Result<(), NotHeld> {
        L::unlock_read(on, p, slot);
        Ok(())
    }

    fn write<W: World>(on: &L::On<W>, p: &W, _: Deadline) -> Result<Acquired, LockFailure> {
        Ok(L::write(on, p))
    }

    fn unlock_write<W: World>(on: &L::On<W>, p: &W) -> Result<(), NotHeld> {
        L::unlock_write(on, p);
        Ok(())
    }

    fn make_consistent<W: World>(on: &L::On<W>, p: &W) -> Result<(), NotHeld> {
        L::make_consistent(on, p);
        Ok(())
    }

    fn downgrade<W: World>(on: &L::On<W>, p: &W) -> Option<usize> {
        Some(L::downgrade(on, p))
    }
}

const WHOLE: &str = "what is read is whole, all is kept";
const TOGETHER: &str = "so it is where several read";
const STEPS_DOWN: &str = "nobody writes while one steps down";
const STUCK: &str = "a holder's death keeps others waiting for ever";

/// Proves a readers-writer lock. Takes seconds, and for one with many steps some minutes.
pub fn rwlock<L: RwLock>(name: &'static str) -> Proof
where
    L::On<Threads>: Send + Sync,
{
    let model = RwLockModel::<Own<L>>::new;
    let mut inquiry = Inquiry::new(name);
    inquiry.explore(WHOLE, &size(2, 1), model(Use::Both, 2, 1));
    inquiry.explore(WHOLE, "1 writes twice, 1 reads", model(Use::Roles, 2, 2));
    let apart = Otherwise::Never("readers keep each other out");
    inquiry.explore_or(TOGETHER, "1 writes, 2 read", apart, model(Use::Roles, 3, 1));
    if L::DOWNGRADES {
        inquiry.explore(STEPS_DOWN, &size(2, 1), model(Use::Downgrade, 2, 1));
        inquiry.explore(STEPS_DOWN, "1 writes, 1 reads", model(Use::StepsDown, 2, 1));
    }
    inquiry.ask_loom(WHOLE, &size(2, 1), 2, model(Use::Both, 2, 1));
    inquiry.ask_shuttle(WHOLE, &size(4, 4), model(Use::Both, 4, 4));
    let dying = |how| model(how, 2, 1).with_deaths(true);
    inquiry.kill(L::ROBUST, STUCK, "1 writes, 1 reads", dying(Use::Roles));
    if L::ROBUST {
        inquiry.kill_mutants(Memory::C11, dying(Use::Both));
    }
    if L::ROBUST && L::DOWNGRADES {
        inquiry.kill_mutants(Memory::C11, dying(Use::Downgrade));
    }
    inquiry.last(2, EndlessRwLockModel::<Own<L>>::new(2));
    inquiry.end()
}
