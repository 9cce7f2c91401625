//! Broken: the classical ways to keep each other out, as they were published, on memory that is weaker than their authors'.
//!
//! Each says that it wants to get in, and looks whether another does; where the saying can be seen after the looking, both get in.
//! Store buffers do that on every processor that is sold.
//!
//! - [`Peterson`]: *Myths about the mutual exclusion problem* (Information Processing Letters 12(3), 1981). Mended as Dmitriy Vyukov
//!   does: the turn is given away by an exchange.
//! - [`Dekker`], from Dijkstra's *Cooperating sequential processes* (1965); [`Bakery`], Lamport's (CACM 17(8), 1974): mended by
//!   fences.

use lockproof::platform::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};

use super::doors::Door;
use crate::platform::World;

const TURN: usize = 2;

/// Two flags, and who lets the other go first.
#[derive(Clone, Copy, Debug)]
pub struct Peterson<const EXCHANGES: bool>;

impl<const EXCHANGES: bool> Door for Peterson<EXCHANGES> {
    const WORDS: &'static [&'static str] = &["flag 1", "flag 2", "turn"];

    fn enter<W: World>(p: &W, words: &[W::Word], me: usize) -> bool {
        let other = 1 - me;
        p.store(&words[me], 1, Relaxed);
        if EXCHANGES {
            p.swap(&words[TURN], other as u32, AcqRel);
        } else {
            p.store(&words[TURN], other as u32, Relaxed);
        }
        let is_in =
            p.load(&words[other], Acquire) == 0 || p.load(&words[TURN], Relaxed) == me as u32;
        if !is_in {
            Self::leave(p, words, me);
        }
        is_in
    }

    fn leave<W: World>(p: &W, words: &[W::Word], me: usize) {
        p.store(&words[me], 0, Release);
    }
}

/// Two flags.
#[derive(Clone, Copy, Debug)]
pub struct Dekker<const FENCES: bool>;

impl<const FENCES: bool> Door for Dekker<FENCES> {
    const WORDS: &'static [&'static str] = &["flag 1", "flag 2"];

    fn enter<W: World>(p: &W, words: &[W::Word], me: usize) -> bool {
        p.store(&words[me], 1, Relaxed);
        fence(p, FENCES);
        let is_in = p.load(&words[1 - me], Acquire) == 0;
        if !is_in {
            Self::leave(p, words, me);
        }
        is_in
    }

    fn leave<W: World>(p: &W, words: &[W::Word], me: usize) {
        p.store(&words[me], 0, Release);
    }
}

/// Each draws a number greater than the other's; the smaller one goes first.
#[derive(Clone, Copy, Debug)]
pub struct Bakery<const FENCES: bool>;

const CHOOSES: usize = 2;

impl<const FENCES: bool> Door for Bakery<FENCES> {
    const WORDS: &'static [&'static str] = &["number 1", "number 2", "chooses 1", "chooses 2"];

    fn enter<W: World>(p: &W, words: &[W::Word], me: usize) -> bool {
        let other = 1 - me;
        p.store(&words[CHOOSES + me], 1, Relaxed);
        fence(p, FENCES);
        let mine = p.load(&words[other], Relaxed) + 1;
        p.store(&words[me], mine, Relaxed);
        p.store(&words[CHOOSES + me], 0, Release);
        fence(p, FENCES);
        if p.load(&words[CHOOSES + other], Acquire) == 0 {
            let theirs = p.load(&words[other], Acquire);
            if theirs == 0 || (mine, me) < (theirs, other) {
                return true;
            }
        }
        Self::leave(p, words, me);
        false
    }

    fn leave<W: World>(p: &W, words: &[W::Word], me: usize) {
        p.store(&words[me], 0, Release);
    }
}

fn fence<W: World>(p: &W, wanted: bool) {
    if wanted {
        p.fence(SeqCst);
    }
}
