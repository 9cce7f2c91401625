//! A semaphore whose permits come back when their holders die.
//!
//! # What is promised
//!
//! No more are inside at a time than there are permits. A permit that was [`acquire`](RawSemaphore::acquire)d belongs to the
//! thread that did so, and comes back at its death. One that was taken [by hand](RawSemaphore::wait) belongs to nobody: anyone
//! may give it back, and no death does. Nobody sleeps while there is a permit, whoever dies at whatever point. Not fair: a
//! thread that arrives may overtake sleepers.
//!
//! # What can go on for ever
//!
//! Somebody always gets on, also after a death, and whoever waits sleeps. But one may be overtaken for ever, by those that arrive
//! and find a permit, and among those that wait for their turn, as with the mutex. Somebody who takes by hand what another
//! gives by hand again and again gets on, if nobody else takes any.
//!
//! # The words
//!
//! A **row of slots**, one for each permit that there can be: robust words, which the kernel marks when the thread in them
//! dies. And a mutex, the **turn**: whoever has it may sleep, on all slots at once, so that any of them that becomes free
//! wakes it. The others that wait sleep on the mutex.
//!
//! A slot's word, beside `WAITERS` (bit 31, somebody sleeps there):
//!
//! | | means |
//! |---|---|
//! | 0 | in the first slots, as many as there are permits to begin with: free; in the others: there is no such permit |
//! | `FREE` (bit 30, as the kernel marks a dead thread's word) | free |
//! | a thread's id | acquired by that thread |
//! | `BY_HAND` (bit 29) | taken by hand |
//!
//! | from | to | who |
//! |---|---|---|
//! | free | acquired, taken by hand (`WAITERS` kept) | `acquire`, `wait` |
//! | acquired by me | `FREE` (`WAITERS` kept) | `release`, which then wakes if `WAITERS` was set |
//! | taken by hand; or no permit | `FREE` (`WAITERS` kept) | `post`, the same |
//! | anything but free | + `WAITERS` | whoever has the turn, before it sleeps |
//! | `FREE`, `WAITERS` | `FREE` | who has found nobody to wake |
//! | acquired by me | `FREE` (`WAITERS` kept), one woken | the kernel at my death |
//! | acquired by a vanished thread | the same, by a waiter that lost patience |
//!
//! # What a death leaves
//!
//! | who dies | what is left | who goes on |
//! |---|---|---|
//! | with permits | their slots, free | the kernel wakes whoever has the turn |
//! | after it freed a slot, before it woke anybody | the slot, announced | the same |
//! | having the turn, asleep or awake | the mutex, marked; marks on slots | the next one that waits for its turn looks at all of them |
//!
//! # Models
//!
//! `lockproof-verify`, `models/semaphore.rs`: no more inside than there are permits, nobody waits in vain, with deaths,
//! deadlines, several permits at once, signals, refused ones; `models/again.rs`: without an end; each ordering,
//! mark and wake has a mutant that is caught.

use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use super::mutex_state::{KERNEL_OWNER, NOT_RECOVERABLE, OWNER_DIED, State, WAITERS};
use super::patience::Patience;
use super::{Acquired, LockFailure, RawMutex};
use crate::deadline::Deadline;
use crate::error::{NotHeld, TooManyHeld};
use crate::platform::{MOST_WAITED_FOR, Platform, Waited};

const FREE: u32 = OWNER_DIED;
const BY_HAND: u32 = NOT_RECOVERABLE;

/// Slots, a bit for each.
pub type Slots = u128;

/// Whom a permit is to belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Mine,
    Nobodys,
}

/// A semaphore over robust words `R` of some platform, with up to `N` permits.
#[repr(C)]
#[derive(Debug)]
pub struct RawSemaphore<R, const N: usize> {
    turn: RawMutex<R>,
    slots: [R; N],
}

impl<R, const N: usize> RawSemaphore<R, N> {
    /// Where its parts are, for those who look from outside: the turn, the slots.
    pub(crate) const PARTS_AT: [usize; 2] =
        [core::mem::offset_of!(Self, turn), core::mem::offset_of!(Self, slots)];

    /// A semaphore over robust words that hold zero. How many permits there are to begin with is said at each operation.
    ///
    /// # Panics
    ///
    /// If there is no slot, or more than anybody can wait for at once.
    pub fn new(turn: R, slots: [R; N]) -> Self {
        assert!(N > 0 && N <= MOST_WAITED_FOR, "a semaphore has 1 to {MOST_WAITED_FOR} permits");
        Self { turn: RawMutex::new(turn), slots }
    }

    /// Turn and slots, to look at.
    pub(crate) const fn parts(&self) -> (&RawMutex<R>, &[R; N]) {
        (&self.turn, &self.slots)
    }

    /// Acquires a permit of `permits` that there were to begin with, waiting for it until `deadline`. The slot of the number
    /// `first`, modulo their number, is tried before others. Says in which slot it is.
    ///
    /// # Errors
    ///
    /// See [`LockFailure`]; nothing has changed.
    #[inline]
    pub fn acquire<P>(
        &self,
        p: &P,
        permits: usize,
        first: usize,
        deadline: Deadline,
    ) -> Result<Slots, LockFailure>
    where
        P: Platform<RobustWord = R>,
    {
        match self.acquire_plain(p, permits, first) {
            Ok(slot) => Ok(1 << slot),
            Err(tried) => self.acquire_otherwise(p, permits, first, tried, deadline),
        }
    }

    /// Acquires a permit in the plainest case: that of the first slot is free. Says in which slot it is.
    ///
    /// # Errors
    ///
    /// How many slots were tried, if nothing was done; [`acquire_otherwise`](Self::acquire_otherwise) has to follow.
    #[inline]
    pub(crate) fn acquire_plain<P>(
        &self,
        p: &P,
        permits: usize,
        first: usize,
    ) -> Result<usize, usize>
    where
        P: Platform<RobustWord = R>,
    {
        let at = first % N;
        let (slot, word) = (&self.slots[at], self.word::<P>(at));
        // Relaxed: a guess for the compare-exchange.
        let seen = State(p.load(word, Relaxed));
        if !is_free(seen, at < permits) {
            return Err(1);
        }
        if !p.robust_begin_plain(slot) {
            return Err(0);
        }
        // Acquire: as in `take`.
        let mine = p.me() | seen.0 & WAITERS;
        let taken = p.compare_exchange(word, seen.0, mine, Acquire, Relaxed).is_ok();
        if taken {
            p.robust_insert_plain(slot);
        }
        p.robust_end();
        if taken { Ok(at) } else { Err(1) }
    }

    /// Goes on where [`acquire_plain`](Self::acquire_plain) gave up.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    #[cold]
    #[inline(never)]
    pub(crate) fn acquire_otherwise<P>(
        &self,
        p: &P,
        permits: usize,
        first: usize,
        tried: usize,
        deadline: Deadline,
    ) -> Result<Slots, LockFailure>
    where
        P: Platform<RobustWord = R>,
    {
        let scope = p.scope();
        for at in Self::from(first).skip(tried) {
            if self.take_one(p, permits, at, Whose::Mine)? {
                return Ok(1 << at);
            }
        }
        p.at(scope, ());
        self.take_in_turn(p, permits, 1, Whose::Mine, deadline)
    }

    fn from(first: usize) -> impl Iterator<Item = usize> {
        (0..N).map(move |at| (first % N + at) % N)
    }

    /// Acquires several permits together, waiting until it has them all, or until `deadline`. Says in which slots they are.
    ///
    /// # Errors
    ///
    /// See [`LockFailure`]; nothing has changed.
    pub fn acquire_many<P>(
        &self,
        p: &P,
        permits: usize,
        wanted: usize,
        deadline: Deadline,
    ) -> Result<Slots, LockFailure>
    where
        P: Platform<RobustWord = R>,
    {
        self.take_in_turn(p, permits, wanted, Whose::Mine, deadline)
    }

    /// Takes a permit by hand, waiting for it until `deadline`.
    ///
    /// # Errors
    ///
    /// See [`LockFailure`]; nothing has changed.
    #[inline]
    pub fn wait<P>(&self, p: &P, permits: usize, deadline: Deadline) -> Result<(), LockFailure>
    where
        P: Platform<RobustWord = R>,
    {
        let scope = p.scope();
        match self.take_any(p, permits, 0, Whose::Nobodys)? {
            Some(_) => Ok(()),
            None => {
                p.at(scope, ());
                self.take_in_turn(p, permits, 1, Whose::Nobodys, deadline).map(|_| ())
            }
        }
    }

    /// Takes any permit that is free.
    #[inline]
    fn take_any<P>(
        &self,
        p: &P,
        permits: usize,
        first: usize,
        whose: Whose,
    ) -> Result<Option<usize>, TooManyHeld>
    where
        P: Platform<RobustWord = R>,
    {
        for at in Self::from(first) {
            if self.take_one(p, permits, at, whose)? {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }

    /// Takes the permit in that slot if it is free.
    #[inline]
    fn take_one<P>(
        &self,
        p: &P,
        permits: usize,
        at: usize,
        whose: Whose,
    ) -> Result<bool, TooManyHeld>
    where
        P: Platform<RobustWord = R>,
    {
        // Relaxed: a guess for the compare-exchange.
        let seen = State(p.load(self.word::<P>(at), Relaxed));
        Ok(is_free(seen, at < permits) && self.take(p, at, seen, whose)?)
    }

    #[inline]
    fn take<P>(&self, p: &P, at: usize, seen: State, whose: Whose) -> Result<bool, TooManyHeld>
    where
        P: Platform<RobustWord = R>,
    {
        let (word, waiters) = (self.word::<P>(at), seen.0 & WAITERS);
        if whose == Whose::Nobodys {
            // Acquire: as below.
            let taken = BY_HAND | waiters;
            return Ok(p.compare_exchange(word, seen.0, taken, Acquire, Relaxed).is_ok());
        }
        p.robust_begin(&self.slots[at])?;
        // Acquire: comes after what the one before did with the permit; matches the Release of `free`, and the kernel's
        // compare-exchange on behalf of the dead.
        let taken = p.compare_exchange(word, seen.0, p.me() | waiters, Acquire, Relaxed).is_ok();
        if taken {
            p.robust_insert(&self.slots[at]);
        }
        p.robust_end();
        Ok(taken)
    }

    #[cold]
    #[inline(never)]
    fn take_in_turn<P>(
        &self,
        p: &P,
        permits: usize,
        wanted: usize,
        whose: Whose,
        deadline: Deadline,
    ) -> Result<Slots, LockFailure>
    where
        P: Platform<RobustWord = R>,
    {
        let scope = p.scope();
        if self.turn.lock(p, deadline)? == Acquired::OwnerDied {
            // Cannot fail, nor can the unlock: this thread has just taken it. Whoever died left nothing but marks.
            let _ = self.turn.make_consistent(p);
        }
        p.at(scope, ());
        let taken = self.collect(p, permits, wanted, whose, deadline);
        p.at(scope, taken);
        let _ = self.turn.unlock(p);
        taken
    }

    /// In turn: takes permits as they become free, until there are as many as are wanted.
    fn collect<P>(
        &self,
        p: &P,
        permits: usize,
        wanted: usize,
        whose: Whose,
        deadline: Deadline,
    ) -> Result<Slots, LockFailure>
    where
        P: Platform<RobustWord = R>,
    {
        let scope = p.scope();
        let (mut taken, mut late): (Slots, _) = (0, deadline == Deadline::Now);
        let (mut round, mut patience) = (0, Patience::new());
        loop {
            p.at(scope, (taken, round, late));
            let failure = match self.take_any(p, permits, 0, whose) {
                Ok(Some(slot)) => {
                    taken |= 1 << slot;
                    if taken.count_ones() as usize >= wanted {
                        return Ok(taken);
                    }
                    continue;
                }
                Ok(None) if late => LockFailure::TimedOut,
                Ok(None) if p.spin(round) => {
                    round += 1;
                    continue;
                }
                Ok(None) => {
                    late = self.sleep(p, permits, deadline, &mut patience);
                    round = 0;
                    continue;
                }
                Err(failure) => failure.into(),
            };
            self.release(p, taken);
            return Err(failure);
        }
    }

    /// In turn: sleeps until a permit becomes free. Says whether the deadline has passed.
    fn sleep<P>(&self, p: &P, permits: usize, deadline: Deadline, patience: &mut Patience) -> bool
    where
        P: Platform<RobustWord = R>,
    {
        let mut known = [(self.word::<P>(0), 0); N];
        for (at, known) in known.iter_mut().enumerate() {
            let word = self.word::<P>(at);
            // Relaxed: the mark carries no data; whoever frees the slot changes this very word.
            let seen = p.fetch_or(word, WAITERS, Relaxed);
            if is_free(State(seen), at < permits) {
                return false;
            }
            p.note_wait(&self.slots[at], State(seen).owner(), seen & WAITERS == 0);
            *known = (word, seen | WAITERS);
        }
        let until = patience.until(p, deadline);
        let timed_out = p.futex_wait_any(&known, until) == Waited::TimedOut;
        if timed_out {
            patience.has_run_out(p, &known);
        }
        timed_out && until == deadline
    }

    /// The words of these slots, for the platform.
    #[inline]
    pub(crate) fn robust(&self, mut slots: Slots) -> impl Iterator<Item = &R> {
        core::iter::from_fn(move || {
            // Beyond all slots, if there is none.
            let first = slots.trailing_zeros() as usize;
            slots &= slots.wrapping_sub(1);
            self.slots.get(first)
        })
    }

    /// Gives back permits that the calling thread acquired, in these slots; those that it did not it leaves as they are.
    /// Says how many it gave back.
    #[inline]
    pub fn release<P>(&self, p: &P, slots: Slots) -> u32
    where
        P: Platform<RobustWord = R>,
    {
        let mut released = 0;
        for slot in self.robust(slots) {
            if p.robust_remove(slot) {
                // Release: whoever takes the permit next comes after what this thread did with it. An addition leaves the
                // mark, whoever sets it meanwhile.
                let free = FREE.wrapping_sub(p.me());
                if p.fetch_add(P::word(slot), free, Release) & WAITERS != 0 {
                    self.wake(p, P::word(slot));
                }
                p.robust_end();
                released += 1;
            }
        }
        released
    }

    /// Gives back a permit that was taken by hand, or adds one that was not there before.
    ///
    /// # Errors
    ///
    /// [`NotHeld`], and nothing changes, if no permit is taken by hand and there is no room for more.
    pub fn post<P>(&self, p: &P, permits: usize) -> Result<(), NotHeld>
    where
        P: Platform<RobustWord = R>,
    {
        let by_hand = |seen: u32, _| seen & !WAITERS == BY_HAND;
        let absent = |seen: u32, at| seen & !WAITERS == 0 && at >= permits;
        if self.free_any(p, by_hand) || self.free_any(p, absent) {
            Ok(())
        } else {
            Err(NotHeld::new())
        }
    }

    fn free_any<P>(&self, p: &P, is_one: impl Fn(u32, usize) -> bool) -> bool
    where
        P: Platform<RobustWord = R>,
    {
        let scope = p.scope();
        for (at, slot) in self.slots.iter().enumerate() {
            let word = self.word::<P>(at);
            // Relaxed: a guess for the compare-exchange.
            let mut seen = p.load(word, Relaxed);
            while is_one(seen, at) {
                p.at(scope, (at, seen));
                // Announced: if this thread dies before it has woken anybody, the kernel does. One that holds too many
                // robust words to announce another has to live that long.
                let announced = p.robust_begin(slot).is_ok();
                // Release: as in `release`.
                let freed = p.compare_exchange(word, seen, FREE | seen & WAITERS, Release, Relaxed);
                if freed.is_ok() && seen & WAITERS != 0 {
                    self.wake(p, word);
                }
                if announced {
                    p.robust_end();
                }
                match freed {
                    Ok(_) => return true,
                    Err(now) => seen = now,
                }
            }
        }
        false
    }

    /// After a slot was freed that somebody sleeps on: wakes it, or finds out that nobody does any more.
    #[cold]
    #[inline(never)]
    fn wake<P>(&self, p: &P, word: &P::Word)
    where
        P: Platform<RobustWord = R>,
    {
        if p.futex_wake(word, 1) == 0 {
            // Relaxed: whoever sleeps compares the word with one that is not free. A failure means that somebody has taken
            // the permit, with the mark.
            let _ = p.compare_exchange(word, FREE | WAITERS, FREE, Relaxed, Relaxed);
        }
    }

    /// How many permits are free at this moment, of `permits` that there were to begin with. It may be another number by the
    /// time the caller looks at it.
    pub fn free<P>(&self, p: &P, permits: usize) -> usize
    where
        P: Platform<RobustWord = R>,
    {
        // Relaxed: for people.
        let state = |at: &usize| State(p.load(self.word::<P>(*at), Relaxed));
        (0..N).filter(|at| is_free(state(at), *at < permits)).count()
    }

    /// Takes back what the holders of another boot of the machine had. Nobody else uses the semaphore meanwhile.
    pub(crate) fn forget_holders<P>(&self, p: &P)
    where
        P: Platform<RobustWord = R>,
    {
        self.turn.forget_holder(p);
        for at in 0..N {
            let word = self.word::<P>(at);
            // Relaxed: the caller has it for itself.
            if State(p.load(word, Relaxed)).owner() != 0 {
                p.swap(word, FREE, Relaxed);
            }
        }
    }

    fn word<P>(&self, at: usize) -> &P::Word
    where
        P: Platform<RobustWord = R>,
    {
        P::word(&self.slots[at])
    }
}

/// Whether there is a permit in a slot whose word is that, and it is free.
pub(crate) const fn is_free(seen: State, from_the_beginning: bool) -> bool {
    seen.0 & KERNEL_OWNER == 0 && (from_the_beginning || seen.0 & FREE != 0)
}
