//! Broken: ways to keep each other out that do not, as everybody tries once and adds one to a number inside.
//!
//! - [`CheckThenSet`] looks whether the lock is free and takes it then, in two steps: the second attempt of Dijkstra's
//!   *Cooperating sequential processes* (1965), and every lock file that is looked for and then made.
//! - [`TestAndSet`] lets go without an ordering: what one wrote inside the next one need not see. So is the spinlock of the book *CUDA
//!   by Example* (2010), as Alglave and others found (*GPU concurrency*, ASPLOS 2015).
//! - [`Hyman`] looks at the other's flag before it takes the turn, and not after: the algorithm that he published (CACM 9(1), 1966),
//!   and that Knuth refuted four months later.
//!
//! With the parameter, each is mended.

use std::marker::PhantomData;

use lockproof::platform::Ordering::{Acquire, Relaxed, Release, SeqCst};

use super::small::{Small, Stage};
use crate::model::{Log, Outcome, Sometimes};
use crate::platform::World;

const INSIDE: &str = "times somebody got in";

/// A way to keep others out.
pub trait Door: Send + Sync + 'static {
    /// The names of its words.
    const WORDS: &'static [&'static str];
    /// Whether all processes do the same, whoever they are.
    const ALIKE: bool = false;

    /// Tries to get in.
    fn enter<W: World>(p: &W, words: &[W::Word], me: usize) -> bool;

    /// Goes out.
    fn leave<W: World>(p: &W, words: &[W::Word], me: usize);
}

/// Each tries to get in once, and adds one there.
#[derive(Debug)]
pub struct Tries<D>(PhantomData<D>);

impl<D: Door> Small for Tries<D> {
    const WORDS: &'static [&'static str] = D::WORDS;
    const DATA: &'static [&'static str] = &["total"];
    const ALIKE: bool = D::ALIKE;

    fn act<W: World>(p: &W, on: &Stage<W>, index: usize, log: &Log) {
        if D::enter(p, &on.words, index) {
            let before = p.cell_get(&on.data[0]);
            p.cell_set(&on.data[0], before + 1);
            log.count(INSIDE);
            D::leave(p, &on.words, index);
        }
    }

    fn end<W: World>(p: &W, on: &Stage<W>, log: &Log) -> Outcome {
        let (inside, total) = (log.counted(INSIDE), p.cell_get(&on.data[0]));
        let lost = || {
            format!("{inside} got in and added one, and the total is {total}: updates were lost")
        };
        Outcome { result: format!("{inside} got in"), wrong: (inside != total).then(lost) }
    }

    fn sometimes() -> Vec<Sometimes> {
        vec![Sometimes {
            what: "two processes getting in, one after the other",
            happened: |_, log| log.counted(INSIDE) > 1,
        }]
    }
}

/// Looks, and then takes it.
#[derive(Clone, Copy, Debug)]
pub struct CheckThenSet<const AT_ONCE: bool>;

impl<const AT_ONCE: bool> Door for CheckThenSet<AT_ONCE> {
    const WORDS: &'static [&'static str] = &["lock"];
    const ALIKE: bool = true;

    fn enter<W: World>(p: &W, words: &[W::Word], _: usize) -> bool {
        if AT_ONCE {
            return p.compare_exchange(&words[0], 0, 1, Acquire, Relaxed).is_ok();
        }
        let is_free = p.load(&words[0], Acquire) == 0;
        if is_free {
            p.swap(&words[0], 1, Relaxed);
        }
        is_free
    }

    fn leave<W: World>(p: &W, words: &[W::Word], _: usize) {
        p.swap(&words[0], 0, Release);
    }
}

/// A spinlock, tried once.
#[derive(Clone, Copy, Debug)]
pub struct TestAndSet<const RELEASES: bool>;

impl<const RELEASES: bool> Door for TestAndSet<RELEASES> {
    const WORDS: &'static [&'static str] = &["lock"];
    const ALIKE: bool = true;

    fn enter<W: World>(p: &W, words: &[W::Word], _: usize) -> bool {
        p.swap(&words[0], 1, Acquire) == 0
    }

    fn leave<W: World>(p: &W, words: &[W::Word], _: usize) {
        p.swap(&words[0], 0, if RELEASES { Release } else { Relaxed });
    }
}

/// Two flags and whose turn it is, with all the fences that there can be.
#[derive(Clone, Copy, Debug)]
pub struct Hyman<const LOOKS_AGAIN: bool>;

const TURN: usize = 2;

impl<const LOOKS_AGAIN: bool> Door for Hyman<LOOKS_AGAIN> {
    const WORDS: &'static [&'static str] = &["flag 1", "flag 2", "turn"];

    fn enter<W: World>(p: &W, words: &[W::Word], me: usize) -> bool {
        let other_wants = || {
            p.fence(SeqCst);
            p.load(&words[1 - me], Acquire) == 1
        };
        p.store(&words[me], 1, Relaxed);
        p.fence(SeqCst);
        if p.load(&words[TURN], Acquire) == me as u32 {
            return true;
        }
        if other_wants() {
            p.store(&words[me], 0, Release);
            return false;
        }
        p.swap(&words[TURN], me as u32, Release);
        let is_in = !LOOKS_AGAIN || !other_wants();
        if !is_in {
            p.store(&words[me], 0, Release);
        }
        is_in
    }

    fn leave<W: World>(p: &W, words: &[W::Word], me: usize) {
        p.store(&words[me], 0, Release);
    }
}
