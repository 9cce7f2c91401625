//! Broken: locks over futexes.
//!
//! - [`DrepperFirst`], the first mutex of Drepper's *Futexes are tricky* (2011): whoever comes adds one, and once so many have come that
//!   the number is 0 again, the lock seems free. Here that is after four.
//! - [`Ticket`], a ticket lock whose tickets come round too soon: with as many processes as there are tickets two have the same
//!   number. So Linux's had to count further from 256 processors on (LWN 267968, 2008). With `BITS` 1, there are two.
//! - [`Counted`] counts those that wait, so that who lets go need not call the kernel for nobody: without a full fence between
//!   letting go and looking at the count (`FENCES`) it misses one. So did the kernel's own futexes (11d4616bd07f, 2014).
//! - [`TwoSteps`], a robust lock that is let go of in two steps: first nobody owns it, and then it is free. Who dies in between
//!   leaves what nobody takes. glibc's on x86 until 2.25 (bug 20985).
//! - [`LateToTell`], a robust lock that tells the kernel of itself after it was taken: who dies in between leaves it locked. What
//!   `list_op_pending` is for, as Linux's *The robust futex ABI* explains.
//! - [`LateToLeave`], a robust lock that leaves its holder's list after it was let go of: whoever takes it meanwhile writes the link
//!   to its own list over the one that the first list goes on with. The order that the same document asks for.

use lockproof::deadline::Deadline;
use lockproof::error::NotHeld;
use lockproof::platform::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
use lockproof::raw::mutex_state::{State, UNLOCKED, WAITERS};
use lockproof::raw::{Acquired, LockFailure};

use super::others::{GlibcRobust, take_as_glibc, take_if};
use crate::models::lock::Lock;
use crate::platform::World;

const EVERYBODY: u32 = u32::MAX;

/// Drepper's first mutex.
#[derive(Clone, Copy, Debug)]
pub struct DrepperFirst;

/// One of four.
const QUARTER: u32 = 1 << 30;

impl Lock for DrepperFirst {
    const EXCHANGES: bool = false;

    type On<W: World> = W::Word;

    fn make<W: World>(p: &W) -> W::Word {
        p.new_word("lock")
    }

    fn lock<W: World>(word: &W::Word, p: &W, until: Deadline) -> Result<Acquired, LockFailure> {
        let scope = p.scope();
        loop {
            p.at(scope, ());
            let before = p.fetch_add(word, QUARTER, Acquire);
            if before == 0 {
                return Ok(Acquired::Clean);
            }
            p.futex_wait(word, before.wrapping_add(QUARTER), until);
        }
    }

    fn unlock<W: World>(word: &W::Word, p: &W) -> Result<(), NotHeld> {
        p.swap(word, 0, Release);
        p.futex_wake(word, 1);
        Ok(())
    }

    fn make_consistent<W: World>(_: &W::Word, _: &W) {}
}

/// A ticket lock with so many bits of a number.
#[derive(Clone, Copy, Debug)]
pub struct Ticket<const BITS: u32>;

impl<const BITS: u32> Ticket<BITS> {
    /// The numbers are in the highest bits of a word, where they come round.
    const ONE: u32 = 1 << (u32::BITS - BITS);
}

impl<const BITS: u32> Lock for Ticket<BITS> {
    const EXCHANGES: bool = false;

    type On<W: World> = [W::Word; 2];

    fn make<W: World>(p: &W) -> [W::Word; 2] {
        ["next", "serving"].map(|name| p.new_word(name))
    }

    fn lock<W: World>(
        [next, serving]: &[W::Word; 2],
        p: &W,
        until: Deadline,
    ) -> Result<Acquired, LockFailure> {
        let mine = p.fetch_add(next, Self::ONE, AcqRel);
        let scope = p.scope();
        loop {
            p.at(scope, ());
            let now = p.load(serving, Acquire);
            if now == mine {
                return Ok(Acquired::Clean);
            }
            p.futex_wait(serving, now, until);
        }
    }

    fn unlock<W: World>([_, serving]: &[W::Word; 2], p: &W) -> Result<(), NotHeld> {
        p.fetch_add(serving, Self::ONE, Release);
        p.futex_wake(serving, EVERYBODY);
        Ok(())
    }

    fn make_consistent<W: World>(_: &[W::Word; 2], _: &W) {}
}

/// A mutex that counts those that wait for it.
#[derive(Clone, Copy, Debug)]
pub struct Counted<const FENCES: bool>;

impl<const FENCES: bool> Counted<FENCES> {
    fn fence<W: World>(p: &W) {
        if FENCES {
            p.fence(SeqCst);
        }
    }
}

impl<const FENCES: bool> Lock for Counted<FENCES> {
    type On<W: World> = [W::Word; 2];

    fn make<W: World>(p: &W) -> [W::Word; 2] {
        ["lock", "waiters"].map(|name| p.new_word(name))
    }

    fn lock<W: World>(
        [lock, waiters]: &[W::Word; 2],
        p: &W,
        until: Deadline,
    ) -> Result<Acquired, LockFailure> {
        let scope = p.scope();
        loop {
            p.at(scope, ());
            if p.compare_exchange(lock, 0, 1, Acquire, Relaxed).is_ok() {
                return Ok(Acquired::Clean);
            }
            p.fetch_add(waiters, 1, Relaxed);
            Self::fence(p);
            p.futex_wait(lock, 1, until);
            p.fetch_add(waiters, 1_u32.wrapping_neg(), Relaxed);
        }
    }

    fn unlock<W: World>([lock, waiters]: &[W::Word; 2], p: &W) -> Result<(), NotHeld> {
        p.swap(lock, 0, Release);
        Self::fence(p);
        if p.load(waiters, Relaxed) > 0 {
            p.futex_wake(lock, 1);
        }
        Ok(())
    }

    fn make_consistent<W: World>(_: &[W::Word; 2], _: &W) {}
}

/// A robust mutex as glibc's, but for when it tells the kernel.
#[derive(Clone, Copy, Debug)]
pub struct LateToTell;

impl Lock for LateToTell {
    type On<W: World> = W::RobustWord;

    fn make<W: World>(p: &W) -> W::RobustWord {
        GlibcRobust::make(p)
    }

    fn lock<W: World>(
        lock: &W::RobustWord,
        p: &W,
        until: Deadline,
    ) -> Result<Acquired, LockFailure> {
        let how = take_as_glibc(W::word(lock), p, until);
        p.robust_begin(lock)?;
        p.robust_insert(lock);
        p.robust_end();
        Ok(how)
    }

    fn unlock<W: World>(lock: &W::RobustWord, p: &W) -> Result<(), NotHeld> {
        GlibcRobust::unlock(lock, p)
    }

    fn make_consistent<W: World>(lock: &W::RobustWord, p: &W) {
        GlibcRobust::make_consistent(lock, p);
    }
}

/// A robust mutex as glibc's, but that it stays in the list until it is somebody else's to take.
#[derive(Clone, Copy, Debug)]
pub struct LateToLeave;

impl Lock for LateToLeave {
    type On<W: World> = W::RobustWord;

    fn make<W: World>(p: &W) -> W::RobustWord {
        GlibcRobust::make(p)
    }

    fn lock<W: World>(
        lock: &W::RobustWord,
        p: &W,
        until: Deadline,
    ) -> Result<Acquired, LockFailure> {
        GlibcRobust::lock(lock, p, until)
    }

    fn unlock<W: World>(lock: &W::RobustWord, p: &W) -> Result<(), NotHeld> {
        if !p.robust_holds(lock) || p.robust_begin(lock).is_err() {
            return Err(NotHeld::new());
        }
        let word = W::word(lock);
        if State(p.swap(word, UNLOCKED, Release)).has_waiters() {
            p.futex_wake(word, 1);
        }
        p.robust_remove(lock);
        p.robust_end();
        Ok(())
    }

    fn make_consistent<W: World>(lock: &W::RobustWord, p: &W) {
        GlibcRobust::make_consistent(lock, p);
    }
}

/// A robust mutex as glibc's, but for how it is let go of.
#[derive(Clone, Copy, Debug)]
pub struct TwoSteps;

impl Lock for TwoSteps {
    type On<W: World> = W::RobustWord;

    fn make<W: World>(p: &W) -> W::RobustWord {
        GlibcRobust::make(p)
    }

    fn lock<W: World>(
        lock: &W::RobustWord,
        p: &W,
        until: Deadline,
    ) -> Result<Acquired, LockFailure> {
        p.robust_begin(lock)?;
        let is_free = |state: State| state.0 == UNLOCKED || state.owner_died();
        let how = take_if(W::word(lock), p, until, is_free);
        p.robust_insert(lock);
        p.robust_end();
        Ok(how)
    }

    fn unlock<W: World>(lock: &W::RobustWord, p: &W) -> Result<(), NotHeld> {
        if !p.robust_remove(lock) {
            return Err(NotHeld::new());
        }
        let word = W::word(lock);
        if State(p.fetch_and(word, WAITERS, Release)).has_waiters() {
            p.swap(word, UNLOCKED, Release);
            p.futex_wake(word, 1);
        }
        p.robust_end();
        Ok(())
    }

    fn make_consistent<W: World>(lock: &W::RobustWord, p: &W) {
        GlibcRobust::make_consistent(lock, p);
    }
}
