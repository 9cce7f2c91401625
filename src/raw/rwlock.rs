//! A lock for many readers or one writer, any of whom may die.
//!
//! # What is promised
//!
//! While a writer holds it nobody else does; readers hold it together, as many at a time as there are slots. Whoever
//! takes it sees what the last writer wrote. When a writer dies, whoever takes the lock next is told, and has it for
//! itself, reader or not. A dead reader's hold is taken back, and nobody is told. Nobody sleeps for the sake of the dead,
//! whoever dies at whatever point.
//!
//! Readers that come while a writer waits do not overtake it: it closes the free slots first, and marks the others, which
//! nobody enters then once they are left, not even who was there. Who finds them closed queues
//! at the same mutex as writers do, and is overtaken there as by any that arrives while it is free: one reader that comes
//! again and again cannot keep a writer out for ever, as there is nobody else to have the mutex then; two can, in turn.
//!
//! # The words
//!
//! - A **row of slots** ([`slot`](super::slot)): a reader is in one of them. That costs it one compare-exchange to enter
//!   and one to leave, on a word that no other reader needs.
//! - A **mutex**: of the writer; and of a reader that finds no open slot, for the moment it takes to open one (or to wait for
//!   one, where all are taken). Whoever holds it may close, open and wait for slots.
//! - **writing**: whether a writer has come as far as to write; touched under the mutex alone.
//!
//! A writer takes the mutex, closes all slots, waiting for each reader in turn, and notes that it writes. When it is done
//! it notes that as well and lets go of the mutex. The slots stay closed: the next writer has less to do, and readers open
//! them one by one, as they need them.
//!
//! # Invariants
//!
//! 1. *Nobody enters while somebody writes*: all slots are closed then, and are opened under the mutex only.
//! 2. *Open slots pass on what was written*: who opens one has seen it, by the mutex; who enters it afterwards sees it by the
//!    slot, from one who leaves to the next that enters.
//! 3. *A writer comes after all readers*: it has closed each slot after the last one left it.
//!
//! # What a death leaves
//!
//! | who dies | what is left | who notices |
//! |---|---|---|
//! | a reader in a slot | that slot, marked by the kernel, which wakes whoever waits for it | who cleans up takes or closes it like a free one |
//! | one that has the mutex and does not write | the mutex, marked; some slots closed | the next one that gets the mutex, which goes on |
//! | a writer, writing | the same, and it is noted that it writes; all slots closed | the next one is told, and writes itself |
//! | a writer that is done | as one that does not write | the next one, which goes on |
//!
//! # Models
//!
//! `lockproof-verify`, `models/rwlock.rs`: readers see whole data and overlap, writers are alone, nobody waits in vain, with
//! and without deaths, deadlines, downgrades; each ordering and each wake has a mutant that is caught.

use super::mutex_state::State;
use super::patience::Patience;
use super::slot::{CLOSED, RawSlot};
use super::{Acquired, LockFailure, RawMutex};
use crate::deadline::Deadline;
use crate::error::NotHeld;
use crate::platform::{Platform, Scope};

/// What one that came to read has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use]
pub enum Read {
    /// A hold beside other readers, in the slot of this number.
    Shared(usize),
    /// The whole lock, as a writer: the last writer died, and somebody has to repair what it left.
    OwnerDied,
}

/// What a writer has met in the plainest case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Met {
    /// At the mutex, as [`RawMutex::lock_plain`] says.
    Somebody(Option<State>),
    /// It has the mutex; this slot is open, as its word says, and those before it are closed.
    OpenSlot(usize, State),
}

/// A readers-writer lock over robust words `R` and a cell `C` of some platform, for `N` readers at a time.
#[repr(C)]
#[derive(Debug)]
pub struct RawRwLock<R, C, const N: usize> {
    mutex: RawMutex<R>,
    writing: C,
    slots: [RawSlot<R>; N],
}

impl<R, C, const N: usize> RawRwLock<R, C, N> {
    /// Where its parts are, for those who look from outside: the mutex, the slots.
    pub(crate) const PARTS_AT: [usize; 2] =
        [core::mem::offset_of!(Self, mutex), core::mem::offset_of!(Self, slots)];

    /// A free lock, over words and a cell that hold zero.
    ///
    /// # Panics
    ///
    /// If there is no slot, nobody could read.
    pub fn new(robust: R, writing: C, slots: [R; N]) -> Self {
        assert!(N > 0, "a lock for readers needs a slot");
        Self { mutex: RawMutex::new(robust), writing, slots: slots.map(RawSlot::new) }
    }

    /// The readers' slots, to look at.
    pub(crate) fn slots(&self) -> impl Iterator<Item = &R> {
        self.slots.iter().map(RawSlot::robust)
    }

    /// The mutex inside, to look at: its holder writes, or is about to; or is a reader that opens a slot.
    pub const fn mutex(&self) -> &RawMutex<R> {
        &self.mutex
    }

    /// Takes the lock for reading, waiting for it until `deadline`. The slot of the number `first`, modulo their number, is
    /// tried before others: best that of the same thread's last hold.
    ///
    /// # Errors
    ///
    /// See [`LockFailure`]; the lock is then as it was.
    pub fn read<P>(&self, p: &P, first: usize, deadline: Deadline) -> Result<Read, LockFailure>
    where
        P: Platform<RobustWord = R, Cell = C>,
    {
        match self.read_plain(p, first) {
            Ok(slot) => Ok(Read::Shared(slot)),
            Err(tried) => self.read_otherwise(p, first, tried, deadline),
        }
    }

    /// Takes the lock for reading in the plainest case: the first slot is open, and nobody is in it. Says in which slot it
    /// is then.
    ///
    /// # Errors
    ///
    /// How many slots were tried, if nothing was done; [`read_otherwise`](Self::read_otherwise) has to follow.
    #[inline]
    pub(crate) fn read_plain<P>(&self, p: &P, first: usize) -> Result<usize, usize>
    where
        P: Platform<RobustWord = R>,
    {
        let at = first % N;
        match self.slots[at].enter_plain(p) {
            Some(true) => Ok(at),
            Some(false) => Err(1),
            None => Err(0),
        }
    }

    /// Goes on where [`read_plain`](Self::read_plain) gave up.
    #[cold]
    #[inline(never)]
    pub(crate) fn read_otherwise<P>(
        &self,
        p: &P,
        first: usize,
        tried: usize,
        deadline: Deadline,
    ) -> Result<Read, LockFailure>
    where
        P: Platform<RobustWord = R, Cell = C>,
    {
        for at in self.from(first).skip(tried) {
            if self.slots[at].enter(p)? {
                return Ok(Read::Shared(at));
            }
        }
        self.read_contended(p, first, deadline)
    }

    fn from(&self, first: usize) -> impl Iterator<Item = usize> + use<R, C, N> {
        (0..N).map(move |at| (first % N + at) % N)
    }

    fn read_contended<P>(
        &self,
        p: &P,
        first: usize,
        deadline: Deadline,
    ) -> Result<Read, LockFailure>
    where
        P: Platform<RobustWord = R, Cell = C>,
    {
        if self.enter(p, deadline)? == Acquired::OwnerDied {
            return Ok(Read::OwnerDied);
        }
        let opened = self.open(p, first, deadline);
        // Cannot fail: this thread has the mutex.
        let _ = self.mutex.unlock(p);
        opened.map(Read::Shared)
    }

    /// Takes the mutex. Of a death it tells only if that was a writer's that wrote; then all slots are closed.
    fn enter<P>(&self, p: &P, deadline: Deadline) -> Result<Acquired, LockFailure>
    where
        P: Platform<RobustWord = R, Cell = C>,
    {
        self.mutex.lock(p, deadline).map(|how| self.entered(p, how))
    }

    /// After the mutex was taken: what there is to tell of a death.
    fn entered<P>(&self, p: &P, how: Acquired) -> Acquired
    where
        P: Platform<RobustWord = R, Cell = C>,
    {
        if how == Acquired::OwnerDied && p.cell_get(&self.writing) == 0 {
            // Cannot fail: this thread has just taken it.
            let _ = self.mutex.make_consistent(p);
            return Acquired::Clean;
        }
        how
    }

    /// Under the mutex: takes any slot that nobody is in, or the first that becomes free.
    fn open<P>(&self, p: &P, first: usize, deadline: Deadline) -> Result<usize, LockFailure>
    where
        P: Platform<RobustWord = R>,
    {
        let scope = p.scope();
        let (mut too_late, mut patience) = (deadline == Deadline::Now, Patience::new());
        loop {
            p.at(scope, too_late);
            for at in self.from(first) {
                let seen = self.slots[at].state(p);
                if (seen == CLOSED || seen.is_free()) && self.slots[at].take(p, seen)?.is_ok() {
                    return Ok(at);
                }
            }
            if too_late {
                return Err(LockFailure::TimedOut);
            }
            let slot = &self.slots[first % N];
            let seen = slot.state(p);
            if !seen.is_free() {
                too_late = slot.wait(p, seen, deadline, &mut patience);
            }
        }
    }

    /// Takes the lock for writing, waiting for it until `deadline`.
    ///
    /// # Errors
    ///
    /// See [`LockFailure`]; nobody's hold is changed. `AlreadyHeld` also if the calling thread reads.
    pub fn write<P>(&self, p: &P, deadline: Deadline) -> Result<Acquired, LockFailure>
    where
        P: Platform<RobustWord = R, Cell = C>,
    {
        let scope = p.scope();
        match self.write_plain(p) {
            Ok(()) => Ok(Acquired::Clean),
            Err(met) => self.write_otherwise(p, met, deadline, scope),
        }
    }

    /// Takes the lock for writing in the plainest case: it is free and has no flags, and nobody has read since it was last
    /// written.
    ///
    /// # Errors
    ///
    /// How far it has come; [`write_otherwise`](Self::write_otherwise) has to follow.
    #[inline]
    pub(crate) fn write_plain<P>(&self, p: &P) -> Result<(), Met>
    where
        P: Platform<RobustWord = R, Cell = C>,
    {
        self.mutex.lock_plain(p).map_err(Met::Somebody)?;
        for (at, slot) in self.slots.iter().enumerate() {
            let seen = slot.state(p);
            if seen != CLOSED {
                return Err(Met::OpenSlot(at, seen));
            }
        }
        p.cell_set(&self.writing, 1);
        Ok(())
    }

    /// Goes on where [`write_plain`](Self::write_plain) gave up; `scope` is from before that.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    #[cold]
    #[inline(never)]
    pub(crate) fn write_otherwise<P>(
        &self,
        p: &P,
        met: Met,
        deadline: Deadline,
        scope: Scope,
    ) -> Result<Acquired, LockFailure>
    where
        P: Platform<RobustWord = R, Cell = C>,
    {
        let (how, open, seen) = match met {
            Met::Somebody(seen) => (self.mutex.lock_otherwise(p, seen, deadline, scope)?, 0, None),
            Met::OpenSlot(slot, seen) => (Acquired::Clean, slot, Some(seen)),
        };
        let how = self.entered(p, how);
        p.at(scope, (how, open, seen));
        if how == Acquired::OwnerDied {
            return Ok(how);
        }
        // Whoever is not there any more keeps others from coming in first, and only then waits for those who are.
        let closed = self.close(p, (open, seen), Deadline::Now).or_else(|failure| match failure {
            LockFailure::TimedOut => self.close(p, (open, None), deadline),
            other => Err(other),
        });
        if let Err(failure) = closed {
            // Cannot fail: this thread has the mutex.
            let _ = self.mutex.unlock(p);
            return Err(failure);
        }
        p.cell_set(&self.writing, 1);
        Ok(how)
    }

    /// Under the mutex: closes all slots from one on, of which it may be known what its word says, as far as that can be done
    /// until the deadline.
    fn close<P>(
        &self,
        p: &P,
        (open, mut known): (usize, Option<State>),
        deadline: Deadline,
    ) -> Result<(), LockFailure>
    where
        P: Platform<RobustWord = R>,
    {
        let scope = p.scope();
        let mut result = Ok(());
        for (at, slot) in self.slots.iter().enumerate().skip(open) {
            let mut seen = known.take().unwrap_or_else(|| slot.state(p));
            let (mut too_late, mut patience) = (deadline == Deadline::Now, Patience::new());
            let mut round = 0;
            loop {
                p.at(scope, (at, seen, round, too_late, &result));
                if seen == CLOSED {
                    break;
                }
                if seen.is_free() {
                    match slot.close(p, seen) {
                        Ok(()) => break,
                        Err(now) => seen = now,
                    }
                    continue;
                }
                if seen.owner() == p.me() {
                    return Err(LockFailure::AlreadyHeld);
                }
                if too_late {
                    result = Err(LockFailure::TimedOut);
                    break;
                }
                if p.spin(round) {
                    round += 1;
                } else {
                    too_late = slot.wait(p, seen, deadline, &mut patience);
                    round = 0;
                }
                seen = slot.state(p);
            }
            if result.is_err() && deadline != Deadline::Now {
                break;
            }
        }
        result
    }

    /// Lets go of a hold for reading, in the slot of that number.
    ///
    /// # Errors
    ///
    /// [`NotHeld`], and nothing changes, if the calling thread is not in it.
    #[inline]
    pub fn unlock_read<P>(&self, p: &P, slot: usize) -> Result<(), NotHeld>
    where
        P: Platform<RobustWord = R>,
    {
        self.slots[slot].leave(p)
    }

    /// Lets go of the lock after writing. If it was taken from a dead writer and not declared consistent since, the next
    /// one is told as well.
    ///
    /// # Errors
    ///
    /// [`NotHeld`], and nothing changes, if the calling thread does not hold it for writing.
    #[inline]
    pub fn unlock_write<P>(&self, p: &P) -> Result<(), NotHeld>
    where
        P: Platform<RobustWord = R, Cell = C>,
    {
        if !self.mutex.is_mine(p) {
            return Err(NotHeld::new());
        }
        if !self.mutex.state(p).owner_died() {
            p.cell_set(&self.writing, 0);
        }
        self.mutex.unlock(p)
    }

    /// Lets go of the lock as if the writer had died: for panics.
    ///
    /// # Errors
    ///
    /// [`NotHeld`], and nothing changes, if the calling thread does not hold it for writing.
    pub fn unlock_abandoned<P>(&self, p: &P) -> Result<(), NotHeld>
    where
        P: Platform<RobustWord = R>,
    {
        self.mutex.unlock_abandoned(p)
    }

    /// Lets go of the lock for good: what it protects cannot be repaired, and nobody will get it again.
    ///
    /// # Errors
    ///
    /// [`NotHeld`], and nothing changes, if the calling thread does not hold it for writing.
    pub fn give_up<P>(&self, p: &P) -> Result<(), NotHeld>
    where
        P: Platform<RobustWord = R>,
    {
        self.mutex.give_up(p)
    }

    /// Declares what the lock protects consistent again, after a writer's death.
    ///
    /// # Errors
    ///
    /// [`NotHeld`], and nothing changes, if the calling thread does not hold it for writing.
    pub fn make_consistent<P>(&self, p: &P) -> Result<(), NotHeld>
    where
        P: Platform<RobustWord = R>,
    {
        self.mutex.make_consistent(p)
    }

    /// Goes on reading what it has written, and lets other readers in. Nobody else writes in between. What it leaves counts
    /// as consistent: others are going to read it. Gives the number of the slot that it is in then; `None`, and it holds
    /// what it held, if the calling thread does not write, or holds too many others.
    pub fn downgrade<P>(&self, p: &P, first: usize) -> Option<usize>
    where
        P: Platform<RobustWord = R, Cell = C>,
    {
        if !self.mutex.is_mine(p) {
            return None;
        }
        // Before a slot is open: whoever finds that somebody died writing finds them all closed (1).
        p.cell_set(&self.writing, 0);
        let at = first % N;
        if !matches!(self.slots[at].take(p, CLOSED), Ok(Ok(()))) {
            p.cell_set(&self.writing, 1);
            return None;
        }
        if self.mutex.state(p).owner_died() {
            // Cannot fail, nor can the unlock, as this thread has the mutex.
            let _ = self.mutex.make_consistent(p);
        }
        let _ = self.mutex.unlock(p);
        Some(at)
    }

    /// How many read at this moment. It may be another number by the time the caller looks at it.
    pub fn readers<P>(&self, p: &P) -> usize
    where
        P: Platform<RobustWord = R>,
    {
        let held = self.slots.iter().map(|slot| slot.state(p));
        held.filter(|state| *state != CLOSED && !state.is_free()).count()
    }

    /// Puts in order what the holders of another boot of the machine have left. Nobody else may use the lock meanwhile.
    pub(crate) fn forget_holders<P>(&self, p: &P)
    where
        P: Platform<RobustWord = R>,
    {
        self.mutex.forget_holder(p);
        for slot in &self.slots {
            if slot.state(p) != CLOSED {
                slot.forget_holder(p);
            }
        }
    }
}
