//! A mutex in one robust word, whose holder may die.
//!
//! # What is promised
//!
//! At most one thread holds it; what the last holder wrote is seen by the next. When a holder dies,
//! whoever takes the lock next is told ([`Acquired::OwnerDied`]). Nobody sleeps on a lock that is free, or
//! held by the dead, whoever dies at whatever point. Not fair: a thread that arrives may overtake sleepers.
//!
//! # The word
//!
//! Its bits and states are in [`mutex_state`](super::mutex_state). Who moves between them:
//!
//! | from | to | who |
//! |---|---|---|
//! | free (flags kept) | held by me | `lock` |
//! | held by another | + `WAITERS` | `lock`, before it sleeps |
//! | held by me | free (flags kept) | `unlock`, which then wakes one if `WAITERS` was set |
//! | `WAITERS` anywhere | without it, all sleepers woken in the same step | `unlock` that found nobody to wake |
//! | held by me, `OWNER_DIED` | without it | `make_consistent` |
//! | held by me | + `NOT_RECOVERABLE`, all sleepers woken in the same step | `give_up` |
//! | held by me | `OWNER_DIED` (`WAITERS` kept), one woken | the kernel at my death; `unlock_abandoned` |
//! | held by a vanished thread | the same | a waiter that lost patience |
//! | held by me, the guard leaked | held by my process's main thread | the platform, at my end |
//!
//! # Invariants
//!
//! 1. *Whoever sleeps is known*: while a thread sleeps on the word, `WAITERS` is set. A sleeper sets it
//!    before the kernel compares; only [`futex_update_wake_all`](Platform::futex_update_wake_all) clears it,
//!    and leaves no sleeper.
//! 2. *Whoever lets go with `WAITERS` set wakes*: one of them, after the word is free. If it dies in
//!    between, its operation is still announced, and the kernel wakes one on its behalf, unless somebody
//!    holds the lock by then: who will let go with `WAITERS` set (1).
//! 3. *A wake that dies with its thread is repeated*: a waiter's operation is announced all the while, so
//!    that the kernel wakes another one at its death, unless somebody holds the lock; see 2.
//!
//! Why a let-go keeps `WAITERS` instead of storing 0 and having the woken thread set the bit again: a woken
//! thread that dies cannot set it again, and if a third one has taken the lock by then, without the bit,
//! it lets go without a wake, and the kernel does not wake for a word that is owned. The bit therefore
//! outlives its sleepers, and would cost a system call at each release; the release that finds nobody
//! asleep clears it, in the one futex operation that changes the word and wakes in one step. (By itself,
//! a compare-exchange after the empty wake is not enough: another thread may take the lock, gain a
//! sleeper, let go and die before its wake, all between the two.)
//!
//! # What a death leaves
//!
//! | the thread dies | the word | who notices |
//! |---|---|---|
//! | before its compare-exchange | unchanged | nobody needs to |
//! | having it, not yet in the list | owned, announced | the kernel: announced |
//! | in the list | owned | the kernel: list |
//! | asleep, or woken and not yet running | as it was | the kernel wakes another if nobody owns it (3) |
//! | out of the list, still owned | owned, announced | the kernel: announced |
//! | let go, not yet woken anyone | free, `WAITERS` | the kernel wakes one (2) |
//! | nobody found asleep, bit not yet cleared | `WAITERS` | nobody needs to: one empty wake more |
//!
//! The second half of (2) and (3) is the kernel's rule since Linux 6.2 (90d758896787, also in 6.1.y, 5.15.y,
//! 5.10.y): it wakes for an announced word that nobody owns. Older kernels want the whole word to be 0; there,
//! a waiter's [patience](Platform::patience) ends the sleep.
//!
//! # Models
//!
//! `lockproof-verify`, `models/mutex.rs`: exclusion, no lost update, everybody terminates, with and without
//! deaths; each ordering and each step above has a mutant in `models/broken.rs`.

use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use super::mutex_state::{FORGET_WAITERS, GIVE_UP, OWNER_DIED, State, UNLOCKED, WAITERS};
use super::patience::Patience;
use crate::deadline::Deadline;
use crate::error::{NotHeld, TooManyHeld};
use crate::platform::{Platform, Scope, Waited};

/// How a lock was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use]
pub enum Acquired {
    /// From nobody, or from a holder that let go.
    Clean,
    /// From a holder that died, or that did not declare a dead one's data consistent.
    OwnerDied,
}

/// Why a lock was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LockFailure {
    /// The deadline passed while somebody else held it.
    TimedOut,
    /// It is lost for good.
    NotRecoverable,
    /// The calling thread holds it.
    AlreadyHeld,
    /// The calling thread holds too many others.
    TooManyHeld,
}

impl From<TooManyHeld> for LockFailure {
    fn from(_: TooManyHeld) -> Self {
        Self::TooManyHeld
    }
}

/// A mutex over the robust word `R` of some platform.
#[repr(transparent)]
#[derive(Debug)]
pub struct RawMutex<R> {
    robust: R,
}

impl<R> RawMutex<R> {
    /// A free mutex, over a robust word that holds zero.
    pub const fn new(robust: R) -> Self {
        Self { robust }
    }

    /// Takes the lock, waiting for it until `deadline`.
    ///
    /// # Errors
    ///
    /// See [`LockFailure`]; the lock is then as it was.
    #[inline]
    pub fn lock<P>(&self, p: &P, deadline: Deadline) -> Result<Acquired, LockFailure>
    where
        P: Platform<RobustWord = R>,
    {
        let scope = p.scope();
        match self.lock_plain(p) {
            Ok(()) => Ok(Acquired::Clean),
            Err(seen) => self.lock_otherwise(p, seen, deadline, scope),
        }
    }

    /// Takes the lock in the plainest case: it is free and has no flags.
    ///
    /// # Errors
    ///
    /// The lock's state if it was another; the operation then stays announced. `None` if the platform found more to do; then
    /// nothing was done. In both cases [`lock_otherwise`](Self::lock_otherwise) has to follow.
    #[inline]
    pub(crate) fn lock_plain<P>(&self, p: &P) -> Result<(), Option<State>>
    where
        P: Platform<RobustWord = R>,
    {
        if !p.robust_begin_plain(&self.robust) {
            return Err(None);
        }
        // Acquire: sees what the holder before wrote; matches the Release of `let_go`.
        match p.compare_exchange(self.word::<P>(), UNLOCKED, p.me(), Acquire, Relaxed) {
            Ok(_) => {
                p.robust_insert_plain(&self.robust);
                p.robust_end();
                Ok(())
            }
            // Branch 3 of the fast path, all of which `platform/robust_list.rs` lists.
            Err(seen) => Err(Some(State(seen))),
        }
    }

    /// Goes on where [`lock_plain`](Self::lock_plain) gave up, with what it saw. `scope` is from before that: what it saw there
    /// is of no further use.
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
        P: Platform<RobustWord = R>,
    {
        match seen {
            Some(seen) => self.lock_contended(p, seen, deadline, scope),
            None => self.lock_anyway(p, deadline, scope),
        }
    }

    fn lock_anyway<P>(
        &self,
        p: &P,
        deadline: Deadline,
        scope: Scope,
    ) -> Result<Acquired, LockFailure>
    where
        P: Platform<RobustWord = R>,
    {
        p.robust_begin(&self.robust)?;
        // Relaxed: only a guess for the compare-exchange that takes the lock.
        let seen = State(p.load(self.word::<P>(), Relaxed));
        self.lock_contended(p, seen, deadline, scope)
    }

    fn lock_contended<P>(
        &self,
        p: &P,
        seen: State,
        deadline: Deadline,
        scope: Scope,
    ) -> Result<Acquired, LockFailure>
    where
        P: Platform<RobustWord = R>,
    {
        let taken = self.take_contended(p, seen, deadline, scope);
        if taken.is_ok() {
            p.robust_insert(&self.robust);
        }
        p.robust_end();
        taken
    }

    fn take_contended<P>(
        &self,
        p: &P,
        mut seen: State,
        deadline: Deadline,
        scope: Scope,
    ) -> Result<Acquired, LockFailure>
    where
        P: Platform<RobustWord = R>,
    {
        let me = p.me();
        let word = self.word::<P>();
        let mut round = 0;
        let mut too_late = deadline == Deadline::Now;
        let mut patience = Patience::new();
        loop {
            p.at(scope, (seen, round, too_late));
            if seen.is_not_recoverable() {
                return Err(LockFailure::NotRecoverable);
            }
            if seen.is_free() {
                // Acquire: as in `lock`; and, for a dead holder's data, matches the kernel's own
                // compare-exchange on that holder's behalf, which is a full barrier.
                match p.compare_exchange(word, seen.0, seen.held_by(me).0, Acquire, Relaxed) {
                    Ok(_) if seen.owner_died() => return Ok(Acquired::OwnerDied),
                    Ok(_) => return Ok(Acquired::Clean),
                    Err(now) => seen = State(now),
                }
                continue;
            }
            if seen.owner() == me {
                return Err(LockFailure::AlreadyHeld);
            }
            if too_late {
                return Err(LockFailure::TimedOut);
            }
            if p.spin(round) {
                round += 1;
                seen = State(p.load(word, Relaxed));
                continue;
            }
            (seen, too_late) = self.sleep(p, seen, deadline, &mut patience);
            round = 0;
        }
    }

    /// Sleeps once, if the word still is `seen`. Returns what the word may be now, and whether the deadline passed.
    ///
    /// After a sleep that is a guess: free, with other sleepers. It saves a load where it is right, and the
    /// compare-exchange that tries it finds out where it is not.
    fn sleep<P>(
        &self,
        p: &P,
        seen: State,
        deadline: Deadline,
        patience: &mut Patience,
    ) -> (State, bool)
    where
        P: Platform<RobustWord = R>,
    {
        const LIKELY: State = State(UNLOCKED).with_waiters();
        let word = self.word::<P>();
        let known = seen.with_waiters();
        // Relaxed: the bit carries no data. That it is seen follows from the word's modification order:
        // whoever lets go changes this very word.
        if !seen.has_waiters()
            && let Err(now) = p.compare_exchange(word, seen.0, known.0, Relaxed, Relaxed)
        {
            return (State(now), false);
        }
        p.note_wait(&self.robust, seen.owner(), !seen.has_waiters());
        let until = patience.until(p, deadline);
        let timed_out = p.futex_wait(word, known.0, until) == Waited::TimedOut;
        if timed_out {
            patience.has_run_out(p, &[(word, known.0)]);
        }
        (LIKELY, timed_out && until == deadline)
    }

    /// Lets go of the lock. If it was taken from a dead holder and not declared consistent since, the next
    /// one is told as well.
    ///
    /// # Errors
    ///
    /// [`NotHeld`], and nothing changes, if the calling thread does not hold it.
    #[inline]
    pub fn unlock<P>(&self, p: &P) -> Result<(), NotHeld>
    where
        P: Platform<RobustWord = R>,
    {
        if self.unlock_plain(p) { Ok(()) } else { self.unlock_otherwise(p) }
    }

    #[cold]
    #[inline(never)]
    fn unlock_otherwise<P>(&self, p: &P) -> Result<(), NotHeld>
    where
        P: Platform<RobustWord = R>,
    {
        if !p.robust_remove(&self.robust) {
            return Err(NotHeld::new());
        }
        self.let_go(p);
        Ok(())
    }

    /// Lets go of the lock in the plainest case: it is the one that the calling thread took last. Returns false, and does
    /// nothing, where the platform finds more to do; [`unlock`](Self::unlock) then does it.
    #[inline]
    pub(crate) fn unlock_plain<P>(&self, p: &P) -> bool
    where
        P: Platform<RobustWord = R>,
    {
        let removed = p.robust_remove_plain(&self.robust);
        if removed {
            self.let_go(p);
        }
        removed
    }

    #[inline]
    fn let_go<P>(&self, p: &P)
    where
        P: Platform<RobustWord = R>,
    {
        let me = p.me();
        // Release: publishes what this holder wrote; matches the Acquire of `lock_plain`. A subtraction takes this
        // thread out and leaves the flags, whoever sets one meanwhile.
        if p.fetch_add(self.word::<P>(), me.wrapping_neg(), Release) != me {
            // Branch 9 of the fast path.
            self.wake_one(p);
        }
        p.robust_end();
    }

    /// After letting go with a flag set: wakes a sleeper, or finds out that there is none.
    #[cold]
    #[inline(never)]
    fn wake_one<P>(&self, p: &P)
    where
        P: Platform<RobustWord = R>,
    {
        let word = self.word::<P>();
        if p.futex_wake(word, 1) == 0 {
            p.futex_update_wake_all(word, FORGET_WAITERS);
        }
    }

    /// The word, to look at, and for the platform.
    pub(crate) const fn robust(&self) -> &R {
        &self.robust
    }

    /// Lets go of the lock for good: what it protects cannot be repaired, and nobody will get it again. For holders that
    /// were told of a death ([`Acquired::OwnerDied`]).
    ///
    /// # Errors
    ///
    /// [`NotHeld`], and nothing changes, if the calling thread does not hold it.
    #[cold]
    #[inline(never)]
    pub fn give_up<P>(&self, p: &P) -> Result<(), NotHeld>
    where
        P: Platform<RobustWord = R>,
    {
        if !p.robust_remove(&self.robust) {
            return Err(NotHeld::new());
        }
        p.futex_update_wake_all(self.word::<P>(), GIVE_UP);
        p.robust_end();
        Ok(())
    }

    /// Lets go of the lock as if the holder had died: the next one to take it is told. For panics inside
    /// the critical section.
    ///
    /// # Errors
    ///
    /// [`NotHeld`], and nothing changes, if the calling thread does not hold it.
    #[cold]
    #[inline(never)]
    pub fn unlock_abandoned<P>(&self, p: &P) -> Result<(), NotHeld>
    where
        P: Platform<RobustWord = R>,
    {
        if !p.robust_remove(&self.robust) {
            return Err(NotHeld::new());
        }
        let word = self.word::<P>();
        // Relaxed: still held, nobody can take it. A death from here on leaves the same as going on.
        p.fetch_or(word, OWNER_DIED, Relaxed);
        // Release: as in `unlock`.
        let before = State(p.fetch_and(word, WAITERS | OWNER_DIED, Release));
        if before.has_waiters() {
            p.futex_wake(word, 1);
        }
        p.robust_end();
        Ok(())
    }

    /// Declares what the lock protects consistent again, after [`Acquired::OwnerDied`].
    ///
    /// # Errors
    ///
    /// [`NotHeld`], and nothing changes, if the calling thread does not hold it.
    pub fn make_consistent<P>(&self, p: &P) -> Result<(), NotHeld>
    where
        P: Platform<RobustWord = R>,
    {
        if !p.robust_holds(&self.robust) {
            return Err(NotHeld::new());
        }
        // Relaxed: only the holder acts on the bit, and the next one gets it with the word it takes.
        p.fetch_and(self.word::<P>(), !OWNER_DIED, Relaxed);
        Ok(())
    }

    /// Whether the calling thread holds the lock.
    pub fn is_mine<P>(&self, p: &P) -> bool
    where
        P: Platform<RobustWord = R>,
    {
        p.robust_holds(&self.robust)
    }

    /// What the word says at this moment. It may be something else by the time the caller looks at it.
    #[inline]
    pub fn state<P>(&self, p: &P) -> State
    where
        P: Platform<RobustWord = R>,
    {
        // Relaxed: a snapshot for people, which orders nothing.
        State(p.load(self.word::<P>(), Relaxed))
    }

    /// Marks a lock whose holder belonged to another boot of the machine: that holder is dead, and no kernel
    /// was there to say so. Nobody else may use the lock meanwhile.
    pub(crate) fn forget_holder<P>(&self, p: &P)
    where
        P: Platform<RobustWord = R>,
    {
        let seen = self.state(p);
        if !seen.is_free() && !seen.is_not_recoverable() {
            // Relaxed: the caller has the lock for itself.
            p.swap(self.word::<P>(), OWNER_DIED, Relaxed);
        }
    }

    fn word<P>(&self) -> &P::Word
    where
        P: Platform<RobustWord = R>,
    {
        P::word(&self.robust)
    }
}
