//! Events.

use lockproof_verify::prove::Ordering::{Acquire, Relaxed, Release};
use lockproof_verify::prove::{self, Deadline, World};

use lockproof::raw::RawEvent;

use super::{is_found, is_right};

/// The shipped event, as if it were somebody else's.
struct Shipped;

impl prove::Event for Shipped {
    const ROBUST: bool = true;
    const CLEARS: bool = true;

    type On<W: World> = RawEvent<W::Word>;

    fn new<W: World>(p: &W) -> Self::On<W> {
        RawEvent::new(p.new_word("event"))
    }

    fn set<W: World>(event: &Self::On<W>, p: &W) {
        event.set(p);
    }

    fn wait<W: World>(event: &Self::On<W>, p: &W) {
        assert!(event.wait(p, Deadline::Never), "nobody gives up");
    }

    fn is_set<W: World>(event: &Self::On<W>, p: &W) -> Option<bool> {
        Some(event.is_set(p))
    }

    fn clear<W: World>(event: &Self::On<W>, p: &W) {
        event.clear(p);
    }
}

/// A word that is 1 once it is set, and what can be wrong with that.
struct Word<const MISTAKE: u8>;

const NONE: u8 = 0;
const TRUSTS_ITS_WAKE: u8 = 1;
const WAKES_ONE: u8 = 2;
const SETS_RELAXED: u8 = 3;
const WAKES_NOBODY: u8 = 4;
const SET_ALREADY: u8 = 5;

impl<const MISTAKE: u8> prove::Event for Word<MISTAKE> {
    const ROBUST: bool = true;
    const CLEARS: bool = MISTAKE == SET_ALREADY;

    type On<W: World> = W::Word;

    fn new<W: World>(p: &W) -> W::Word {
        p.new_word("event")
    }

    fn set<W: World>(word: &W::Word, p: &W) {
        if MISTAKE == SET_ALREADY && p.load(word, Relaxed) == 1 {
            return;
        }
        p.swap(word, 1, if MISTAKE == SETS_RELAXED { Relaxed } else { Release });
        match MISTAKE {
            WAKES_NOBODY => {}
            WAKES_ONE => {
                p.futex_wake(word, 1);
            }
            _ => {
                p.futex_wake(word, u32::MAX);
            }
        }
    }

    fn wait<W: World>(word: &W::Word, p: &W) {
        let scope = p.scope();
        while p.load(word, Acquire) == 0 {
            p.at(scope, ());
            p.futex_wait(word, 0, Deadline::Never);
            if MISTAKE == TRUSTS_ITS_WAKE {
                return;
            }
        }
    }

    fn clear<W: World>(word: &W::Word, p: &W) {
        p.swap(word, 0, Acquire);
    }
}

/// A word at which one looks again and again.
struct Spin;

impl prove::Event for Spin {
    const ROBUST: bool = true;

    type On<W: World> = W::Word;

    fn new<W: World>(p: &W) -> W::Word {
        p.new_word("event")
    }

    fn set<W: World>(word: &W::Word, p: &W) {
        p.store(word, 1, Release);
    }

    fn wait<W: World>(word: &W::Word, p: &W) {
        let scope = p.scope();
        while p.load(word, Acquire) == 0 {
            p.at(scope, ());
            p.pause();
        }
    }
}

#[test]
fn the_shipped_one_is_right() {
    // Whoever waits then spins, which is not asked of an event.
    let report =
        is_right(&prove::event::<Shipped>("shipped"), &["compare_exchange Relaxed: is not done"]);
    assert!(!report.contains("no: "), "{report}");
    assert!(report.contains("who clears it misses nothing"), "{report}");
}

#[test]
fn one_that_is_only_set_is_right_and_is_not_asked_for_more() {
    for proof in [prove::event::<Word<NONE>>("word"), prove::event::<Spin>("spin")] {
        let report = is_right(&proof, &[]);
        assert!(!report.contains("clear"), "{report}");
    }
}

#[test]
fn mistakes_are_found_and_drawn() {
    let unseen = "nothing of what was announced is there";
    for (proof, why) in [
        (prove::event::<Word<TRUSTS_ITS_WAKE>>("trusts its wake"), unseen),
        (prove::event::<Word<SETS_RELAXED>>("sets relaxed"), unseen),
        (prove::event::<Word<WAKES_NOBODY>>("wakes nobody"), "nobody can go on"),
        (prove::event::<Word<WAKES_ONE>>("wakes one"), "nobody can go on"),
        (prove::event::<Word<SET_ALREADY>>("set already"), "nobody can go on"),
    ] {
        is_found(&proof, why, "event");
    }
}
