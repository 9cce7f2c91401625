//! Semaphores.

use lockproof_verify::prove::Ordering::{Acquire, Relaxed, Release};
use lockproof_verify::prove::{self, Deadline, World};

use lockproof::raw::RawSemaphore;

use super::{ROBUST_END, ROBUST_END_LATE, is_found, is_right, missed_in};

/// The shipped semaphore with one permit, as if it were somebody else's. (With two, that takes minutes.)
struct Shipped;

impl prove::Semaphore for Shipped {
    const ROBUST: bool = true;
    const BINARY: bool = true;

    type On<W: World> = RawSemaphore<W::RobustWord, 1>;

    fn new<W: World>(p: &W) -> Self::On<W> {
        RawSemaphore::new(p.new_robust("turn"), [p.new_robust("slot")])
    }

    fn post<W: World>(semaphore: &Self::On<W>, p: &W) {
        semaphore.post(p, 0).expect("there is room");
    }

    fn wait<W: World>(semaphore: &Self::On<W>, p: &W) {
        semaphore.wait(p, 0, Deadline::Never).expect("nobody gives up");
    }

    fn acquire<W: World>(semaphore: &Self::On<W>, p: &W) -> u32 {
        semaphore.acquire(p, 0, 0, Deadline::Never).expect("nobody gives up") as u32
    }

    fn release<W: World>(semaphore: &Self::On<W>, p: &W, taken: u32) {
        assert_eq!(semaphore.release(p, taken.into()), 1, "it was taken");
    }

    fn permits<W: World>(semaphore: &Self::On<W>, p: &W) -> Option<u32> {
        Some(semaphore.free(p, 0) as u32)
    }
}

/// A word that counts permits, and what can be wrong with that.
struct Word<const MISTAKE: u8>;

const NONE: u8 = 0;
const LOOKS_ONLY: u8 = 1;
const WAKES_FIRST_ONLY: u8 = 2;
const POSTS_RELAXED: u8 = 3;
const WAKES_BEFORE: u8 = 4;
const SAYS_ROBUST: u8 = 5;
const SPINS: u8 = 6;

impl<const MISTAKE: u8> prove::Semaphore for Word<MISTAKE> {
    const ROBUST: bool = MISTAKE == SAYS_ROBUST;

    type On<W: World> = W::Word;

    fn new<W: World>(p: &W) -> W::Word {
        p.new_word("permits")
    }

    fn post<W: World>(word: &W::Word, p: &W) {
        if MISTAKE == WAKES_BEFORE {
            p.futex_wake(word, 1);
        }
        let before = p.fetch_add(word, 1, if MISTAKE == POSTS_RELAXED { Relaxed } else { Release });
        match MISTAKE {
            WAKES_BEFORE | SPINS => {}
            WAKES_FIRST_ONLY if before > 0 => {}
            _ => {
                p.futex_wake(word, 1);
            }
        }
    }

    fn wait<W: World>(word: &W::Word, p: &W) {
        let scope = p.scope();
        let mut seen = p.load(word, Relaxed);
        loop {
            p.at(scope, seen);
            if seen == 0 {
                if MISTAKE == SPINS {
                    p.pause();
                } else {
                    p.futex_wait(word, 0, Deadline::Never);
                }
                seen = p.load(word, Relaxed);
                continue;
            }
            if MISTAKE == LOOKS_ONLY {
                p.fetch_add(word, 1_u32.wrapping_neg(), Acquire);
                return;
            }
            match p.compare_exchange(word, seen, seen - 1, Acquire, Relaxed) {
                Ok(_) => return,
                Err(now) => seen = now,
            }
        }
    }
}

#[test]
fn the_shipped_one_is_right() {
    let proof = prove::semaphore::<Shipped>("shipped");
    let report = proof.to_string();
    assert!(proof.holds(), "{report}");
    // What goes unnoticed of the mutex in it is noticed where that is proved: here it only says whose turn it is.
    let unnoticed = [
        ROBUST_END,
        ROBUST_END_LATE,
        // It takes two that wait for permits by hand.
        "compare_exchange Acquire: does not compare",
        ROBUST_END,
        // Whoever waits then looks again and again, which is not asked of a semaphore.
        "fetch_or Relaxed: is not done",
        // There is one.
        "futex_wait_any: waits for the first word only",
        ROBUST_END,
        ROBUST_END_LATE,
        // Whoever posts does not die in these models.
        "robust_begin: is not announced",
        "robust_begin: is done after the operation that follows",
        ROBUST_END,
        ROBUST_END_LATE,
        // A mark that stays costs a call that wakes nobody.
        "compare_exchange Relaxed: is not done",
    ];
    assert_eq!(missed_in("src/raw/semaphore.rs", &proof), unnoticed, "{report}");
    assert!(!report.contains("no: "), "{report}");
}

#[test]
fn one_that_knows_no_holders_is_right_unless_it_says_that_it_survives() {
    for proof in [prove::semaphore::<Word<NONE>>("word"), prove::semaphore::<Word<SPINS>>("spin")] {
        let report = is_right(&proof, &[]);
        assert!(report.contains("no: a permit is lost with whoever has it"), "{report}");
    }
    let proof = prove::semaphore::<Word<SAYS_ROBUST>>("said to be robust");
    is_found(&proof, "nobody can go on", "semaphore");
}

#[test]
fn mistakes_are_found_and_drawn() {
    for (proof, why) in [
        (prove::semaphore::<Word<LOOKS_ONLY>>("looks only"), "a data race on count"),
        (prove::semaphore::<Word<WAKES_FIRST_ONLY>>("wakes the first only"), "nobody can go on"),
        (prove::semaphore::<Word<POSTS_RELAXED>>("posts relaxed"), "a data race on count"),
        (prove::semaphore::<Word<WAKES_BEFORE>>("wakes before it posts"), "nobody can go on"),
    ] {
        is_found(&proof, why, "semaphore");
    }
}
