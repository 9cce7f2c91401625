//! Locks as others build them.

use lockproof::deadline::Deadline;
use lockproof::error::NotHeld;
use lockproof::platform::Ordering::{Acquire, Relaxed, Release};
use lockproof::raw::mutex_state::{OWNER_DIED, State, UNLOCKED, WAITERS};
use lockproof::raw::{Acquired, LockFailure};

use crate::models::lock::Lock;
use crate::platform::World;

/// The three-state futex mutex of Drepper's "Futexes Are Tricky" (mutex2): 0 free, 1 held, 2 held and perhaps waited for.
/// Right as long as nobody dies. With `REMARK` off, a woken thread takes the lock as if nobody else waited: then three
/// processes can hang, and two cannot.
#[derive(Clone, Copy, Debug)]
pub struct Drepper<const REMARK: bool>;

const FREE: u32 = 0;
const HELD: u32 = 1;
const WAITED_FOR: u32 = 2;

impl<const REMARK: bool> Lock for Drepper<REMARK> {
    type On<W: World> = W::Word;

    fn make<W: World>(p: &W) -> W::Word {
        p.new_word("lock")
    }

    fn lock<W: World>(word: &W::Word, p: &W, until: Deadline) -> Result<Acquired, LockFailure> {
        let scope = p.scope();
        if p.compare_exchange(word, FREE, HELD, Acquire, Relaxed).is_ok() {
            return Ok(Acquired::Clean);
        }
        let mut woken = false;
        loop {
            // With `REMARK`, nobody asks.
            p.at(scope, (woken && !REMARK, "tries"));
            if woken && !REMARK && p.compare_exchange(word, FREE, HELD, Acquire, Relaxed).is_ok() {
                return Ok(Acquired::Clean);
            }
            if p.swap(word, WAITED_FOR, Acquire) == FREE {
                return Ok(Acquired::Clean);
            }
            p.at(scope, "waits");
            p.futex_wait(word, WAITED_FOR, until);
            woken = true;
        }
    }

    fn unlock<W: World>(word: &W::Word, p: &W) -> Result<(), NotHeld> {
        if p.swap(word, FREE, Release) == WAITED_FOR {
            p.futex_wake(word, 1);
        }
        Ok(())
    }

    fn make_consistent<W: World>(_: &W::Word, _: &W) {}
}

/// glibc's robust mutex: `pthread_mutex_lock` and `pthread_mutex_unlock` for `PTHREAD_MUTEX_ROBUST_NORMAL_NP`
/// (nptl/pthread_mutex_lock.c, glibc 2.36), as an algorithm. It lets go by storing 0, and a thread that has slept sets the waiters'
/// bit when it takes the lock. Two hangs are known, each of which needs one death and a third or fourth process.
#[derive(Clone, Copy, Debug)]
pub struct GlibcRobust;

impl Lock for GlibcRobust {
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
        let how = take_as_glibc(W::word(lock), p, until);
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

pub(super) fn take_as_glibc<W: World>(word: &W::Word, p: &W, until: Deadline) -> Acquired {
    take_if(word, p, until, State::is_free)
}

/// The same, with another idea of when it is free.
pub(super) fn take_if<W: World>(
    word: &W::Word,
    p: &W,
    until: Deadline,
    is_free: impl Fn(State) -> bool,
) -> Acquired {
    let scope = p.scope();
    let me = p.me();
    let mut others_wait = 0;
    let mut seen = UNLOCKED;
    loop {
        p.at(scope, (others_wait == WAITERS, State(seen)));
        if is_free(State(seen)) {
            // From 0, or from a dead owner, whose waiters' bit is kept.
            let mine = me | seen | others_wait;
            match p.compare_exchange(word, seen, mine, Acquire, Relaxed) {
                Ok(_) if State(seen).owner_died() => return Acquired::OwnerDied,
                Ok(_) => return Acquired::Clean,
                Err(now) => seen = now,
            }
            continue;
        }
        if !State(seen).has_waiters()
            && let Err(now) = p.compare_exchange(word, seen, seen | WAITERS, Relaxed, Relaxed)
        {
            seen = now;
            continue;
        }
        others_wait = WAITERS;
        p.futex_wait(word, seen | WAITERS, until);
        // glibc loads here; an exchange that changes nothing reads the latest value, which keeps loom's count small and
        // hides no hang.
        seen = p.fetch_or(word, 0, Relaxed);
    }
}
