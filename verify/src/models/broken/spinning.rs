//! Spinlocks: right as long as nobody dies, and never asleep.

use lockproof::deadline::Deadline;
use lockproof::error::NotHeld;
use lockproof::platform::Ordering::{AcqRel, Acquire, Release};
use lockproof::raw::{Acquired, LockFailure};

use crate::models::lock::Lock;
use crate::platform::World;

/// Test-and-set: whoever finds it free has it. The others may find it held for ever.
#[derive(Clone, Copy, Debug)]
pub struct TestAndSet;

impl Lock for TestAndSet {
    const EXCHANGES: bool = false;

    type On<W: World> = W::Word;

    fn make<W: World>(p: &W) -> W::Word {
        p.new_word("lock")
    }

    fn lock<W: World>(word: &W::Word, p: &W, _: Deadline) -> Result<Acquired, LockFailure> {
        let scope = p.scope();
        loop {
            p.at(scope, ());
            if p.swap(word, 1, Acquire) == 0 {
                return Ok(Acquired::Clean);
            }
        }
    }

    fn unlock<W: World>(word: &W::Word, p: &W) -> Result<(), NotHeld> {
        p.swap(word, 0, Release);
        Ok(())
    }

    fn make_consistent<W: World>(_: &W::Word, _: &W) {}
}

/// A ticket lock: first come, first served. Its tickets count in the two highest bits of a word, so that they come round
/// after four: enough for three processes.
#[derive(Clone, Copy, Debug)]
pub struct Ticket;

const ONE: u32 = 1 << 30;

/// The next ticket, and the one whose turn it is.
#[derive(Clone, Debug)]
pub struct Tickets<W: World> {
    next: W::Word,
    serving: W::Word,
}

impl Lock for Ticket {
    const EXCHANGES: bool = false;

    type On<W: World> = Tickets<W>;

    fn make<W: World>(p: &W) -> Tickets<W> {
        Tickets { next: p.new_word("next"), serving: p.new_word("serving") }
    }

    fn lock<W: World>(lock: &Tickets<W>, p: &W, _: Deadline) -> Result<Acquired, LockFailure> {
        // As tickets come round so soon, whoever takes one has to know whose turn it was when the one before was taken:
        // else it may see an old turn of the same number.
        let ticket = p.fetch_add(&lock.next, ONE, AcqRel);
        let scope = p.scope();
        loop {
            p.at(scope, ());
            if p.load(&lock.serving, Acquire) == ticket {
                return Ok(Acquired::Clean);
            }
        }
    }

    fn unlock<W: World>(lock: &Tickets<W>, p: &W) -> Result<(), NotHeld> {
        p.fetch_add(&lock.serving, ONE, Release);
        Ok(())
    }

    fn make_consistent<W: World>(_: &Tickets<W>, _: &W) {}
}
