//! Broken: locks with a queue of those that wait, each on a word of its own, where something goes wrong as one hands over to the next.
//!
//! - [`Mcs`], of Mellor-Crummey and Scott (ACM TOCS 9(1), 1991). Who lets go and knows of nobody has to make sure that nobody has
//!   come meanwhile, and else to wait until that one has said who it is: `MINDFUL`. Who comes has to say so with a release
//!   (`LINKS`), or the holder's word that it is its turn may come before its own that it waits: so hung DPDK's `rte_mcslock`
//!   (2020), and Linux's qspinlock had the same hole (95bcade33a8a, 2018).
//! - [`Clh`], of Craig, Landin and Hagersten (1993). Who lets go has to release (`RELEASES`), and goes on with its predecessor's
//!   place instead of its own, at which somebody may still look (`MOVES`).
//!
//! Those that wait sleep instead of spinning, so that a hang is one for every checker.

use lockproof::deadline::Deadline;
use lockproof::error::NotHeld;
use lockproof::platform::Ordering::{AcqRel, Acquire, Relaxed, Release};
use lockproof::raw::{Acquired, LockFailure};

use crate::models::lock::Lock;
use crate::platform::World;

/// Those that can take part, by their numbers from 1, and one that looks at the end.
const PLACES: usize = 4;

type Places<W> = [<W as lockproof::platform::Platform>::Word; PLACES];

fn places<W: World>(p: &W, name: &'static str) -> Places<W> {
    [(); PLACES].map(|()| p.new_word(name))
}

/// Waits until the word no longer holds that, and returns what it holds.
fn wait_while<W: World>(p: &W, word: &W::Word, value: u32) -> u32 {
    let scope = p.scope();
    loop {
        p.at(scope, ());
        let now = p.load(word, Acquire);
        if now != value {
            return now;
        }
        p.futex_wait(word, value, Deadline::Never);
    }
}

/// The lock of Mellor-Crummey and Scott.
#[derive(Clone, Copy, Debug)]
pub struct Mcs<const MINDFUL: bool, const LINKS: bool>;

/// The last in the queue, by its number, or 0; and for each number who comes after it, and whether it waits.
pub struct McsQueue<W: World> {
    last: W::Word,
    after: Places<W>,
    waits: Places<W>,
}

impl<const MINDFUL: bool, const LINKS: bool> Lock for Mcs<MINDFUL, LINKS> {
    const EXCHANGES: bool = false;
    const SYMMETRIC: bool = false;

    type On<W: World> = McsQueue<W>;

    fn make<W: World>(p: &W) -> McsQueue<W> {
        McsQueue { last: p.new_word("last"), after: places(p, "after"), waits: places(p, "waits") }
    }

    fn lock<W: World>(queue: &McsQueue<W>, p: &W, _: Deadline) -> Result<Acquired, LockFailure> {
        let me = p.me();
        p.store(&queue.after[me as usize], 0, Relaxed);
        p.store(&queue.waits[me as usize], 1, Relaxed);
        let before = p.swap(&queue.last, me, AcqRel) as usize;
        if before > 0 {
            p.store(&queue.after[before], me, if LINKS { Release } else { Relaxed });
            p.futex_wake(&queue.after[before], 1);
            wait_while(p, &queue.waits[me as usize], 1);
        }
        Ok(Acquired::Clean)
    }

    fn unlock<W: World>(queue: &McsQueue<W>, p: &W) -> Result<(), NotHeld> {
        let me = p.me();
        let mut after = p.load(&queue.after[me as usize], Acquire);
        if after == 0 {
            if !MINDFUL {
                p.swap(&queue.last, 0, Release);
                return Ok(());
            }
            if p.compare_exchange(&queue.last, me, 0, Release, Relaxed).is_ok() {
                return Ok(());
            }
            after = wait_while(p, &queue.after[me as usize], 0);
        }
        let waits = &queue.waits[after as usize];
        p.store(waits, 0, Release);
        p.futex_wake(waits, 1);
        Ok(())
    }

    fn make_consistent<W: World>(_: &McsQueue<W>, _: &W) {}
}

/// The lock of Craig, Landin and Hagersten.
#[derive(Clone, Copy, Debug)]
pub struct Clh<const RELEASES: bool, const MOVES: bool>;

/// The last in the queue, by its place; and which places are taken. Each process alone looks at which place it comes with next
/// (less one; 0 is its own), and at which it has come with.
pub struct ClhQueue<W: World> {
    last: W::Word,
    taken: Places<W>,
    next: Places<W>,
    mine: Places<W>,
}

impl<const RELEASES: bool, const MOVES: bool> Lock for Clh<RELEASES, MOVES> {
    const EXCHANGES: bool = false;
    const SYMMETRIC: bool = false;

    type On<W: World> = ClhQueue<W>;

    fn make<W: World>(p: &W) -> ClhQueue<W> {
        ClhQueue {
            last: p.new_word("last"),
            taken: places(p, "taken"),
            next: places(p, "next"),
            mine: places(p, "mine"),
        }
    }

    fn lock<W: World>(queue: &ClhQueue<W>, p: &W, _: Deadline) -> Result<Acquired, LockFailure> {
        let me = p.me() as usize;
        let mine = p.load(&queue.next[me], Relaxed).checked_sub(1).unwrap_or(me as u32);
        p.store(&queue.taken[mine as usize], 1, Relaxed);
        let before = p.swap(&queue.last, mine, AcqRel);
        wait_while(p, &queue.taken[before as usize], 1);
        p.store(&queue.mine[me], mine, Relaxed);
        if MOVES {
            p.store(&queue.next[me], before + 1, Relaxed);
        }
        Ok(Acquired::Clean)
    }

    fn unlock<W: World>(queue: &ClhQueue<W>, p: &W) -> Result<(), NotHeld> {
        let mine = p.load(&queue.mine[p.me() as usize], Relaxed);
        let taken = &queue.taken[mine as usize];
        p.store(taken, 0, if RELEASES { Release } else { Relaxed });
        p.futex_wake(taken, 1);
        Ok(())
    }

    fn make_consistent<W: World>(_: &ClhQueue<W>, _: &W) {}
}

impl<W: World> std::fmt::Debug for McsQueue<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("McsQueue").finish_non_exhaustive()
    }
}

impl<W: World> std::fmt::Debug for ClhQueue<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClhQueue").finish_non_exhaustive()
    }
}
