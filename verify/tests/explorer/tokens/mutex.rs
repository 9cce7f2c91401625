//! Copies of mutexes whose marks leave one thing out.

use lockproof::deadline::Deadline;
use lockproof::error::NotHeld;
use lockproof::platform::Ordering::{Acquire, Relaxed, Release};
use lockproof::raw::mutex_state::{OWNER_DIED, State, UNLOCKED, WAITERS};
use lockproof::raw::{Acquired, LockFailure};
use lockproof_verify::models::lock::Lock;
use lockproof_verify::platform::World;

/// Leaves nothing out.
pub(crate) const NOTHING: u8 = 0;
/// What was seen last in the word.
pub(crate) const SEEN: u8 = 1;
/// Half of that: who owns it.
pub(crate) const OWNER: u8 = 2;
/// The other half: its flags.
pub(crate) const FLAGS: u8 = 3;
/// That its last holder died, which is learnt in the loop, and told after it.
pub(crate) const DIED: u8 = 4;
/// That it has slept, after which it takes the lock with the waiters' bit.
pub(crate) const SLEPT: u8 = 5;

/// A robust futex mutex whose waiters set the waiters' bit when they take it. It is right as long as no woken thread dies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Copied<const LEAVES_OUT: u8>;

impl<const LEAVES_OUT: u8> Lock for Copied<LEAVES_OUT> {
    type On<W: World> = W::RobustWord;

    fn make<W: World>(p: &W) -> W::RobustWord {
        p.new_robust("lock")
    }

    fn lock<W: World>(
        lock: &W::RobustWord,
        p: &W,
        until: Deadline,
    ) -> Result<Acquired, LockFailure> {
        p.robust_begin(lock)?;
        let how = take::<W, LEAVES_OUT>(W::word(lock), p, until);
        p.robust_insert(lock);
        p.robust_end();
        Ok(how)
    }

    fn unlock<W: World>(lock: &W::RobustWord, p: &W) -> Result<(), NotHeld> {
        if !p.robust_remove(lock) {
            return Err(NotHeld::new());
        }
        let word = W::word(lock);
        if State(p.swap(word, UNLOCKED, Release)).has_waiters() {
            p.futex_wake(word, 1);
        }
        p.robust_end();
        Ok(())
    }

    fn make_consistent<W: World>(lock: &W::RobustWord, p: &W) {
        p.fetch_and(W::word(lock), !OWNER_DIED, Relaxed);
    }
}

fn take<W: World, const LEAVES_OUT: u8>(word: &W::Word, p: &W, until: Deadline) -> Acquired {
    let scope = p.scope();
    let (mut seen, mut died, mut slept) = (UNLOCKED, false, false);
    loop {
        let said = |what: u8| what != LEAVES_OUT;
        let of_seen = match LEAVES_OUT {
            SEEN => None,
            OWNER => Some(seen & (WAITERS | OWNER_DIED)),
            FLAGS => Some(seen & !(WAITERS | OWNER_DIED)),
            _ => Some(seen),
        };
        let (said_died, said_slept) = (said(DIED).then_some(died), said(SLEPT).then_some(slept));
        p.at(scope, (of_seen.map(State), said_died, said_slept));
        if State(seen).is_free() {
            let waiters = if slept { WAITERS } else { 0 };
            let mine = p.me() | seen & WAITERS | waiters;
            match p.compare_exchange(word, seen, mine, Acquire, Relaxed) {
                Ok(_) if died => return Acquired::OwnerDied,
                Ok(_) => return Acquired::Clean,
                Err(now) => seen = now,
            }
        } else if !State(seen).has_waiters()
            && let Err(now) = p.compare_exchange(word, seen, seen | WAITERS, Relaxed, Relaxed)
        {
            seen = now;
        } else {
            p.futex_wait(word, seen | WAITERS, until);
            slept = true;
            seen = p.fetch_or(word, 0, Relaxed);
        }
        died |= State(seen).owner_died();
    }
}
