//! Readers-writer locks.

use lockproof_verify::prove::Ordering::{AcqRel, Acquire, Relaxed, Release};
use lockproof_verify::prove::{self, Acquired, Deadline, Read, World};

use lockproof::raw::RawRwLock;

use super::{MARK_STAYS, ROBUST_END, ROBUST_END_LATE, is_found, is_right};

/// The shipped lock, as if it were somebody else's.
struct Shipped;

impl prove::RwLock for Shipped {
    const ROBUST: bool = true;
    const DOWNGRADES: bool = true;

    type On<W: World> = RawRwLock<W::RobustWord, W::Cell, 2>;

    fn new<W: World>(p: &W) -> Self::On<W> {
        let slots = [p.new_robust("slot 1"), p.new_robust("slot 2")];
        RawRwLock::new(p.new_robust("lock"), p.new_cell("writing"), slots)
    }

    fn read<W: World>(lock: &Self::On<W>, p: &W) -> Read {
        lock.read(p, 0, Deadline::Never).expect("nobody gives up")
    }

    fn unlock_read<W: World>(lock: &Self::On<W>, p: &W, slot: usize) {
        lock.unlock_read(p, slot).expect("it is held");
    }

    fn write<W: World>(lock: &Self::On<W>, p: &W) -> Acquired {
        lock.write(p, Deadline::Never).expect("nobody gives up")
    }

    fn unlock_write<W: World>(lock: &Self::On<W>, p: &W) {
        lock.unlock_write(p).expect("it is held");
    }

    fn make_consistent<W: World>(lock: &Self::On<W>, p: &W) {
        lock.make_consistent(p).expect("it is held");
    }

    fn downgrade<W: World>(lock: &Self::On<W>, p: &W) -> usize {
        lock.downgrade(p, 0).expect("it is held")
    }
}

/// A word that counts readers, with a bit for the writer; and what can be wrong with that.
struct Word<const MISTAKE: u8>;

const NONE: u8 = 0;
const READS_WHILE_ONE_WRITES: u8 = 1;
const READERS_LEAVE_RELAXED: u8 = 2;
const READERS_WAKE_NOBODY: u8 = 3;
const STEPS_DOWN_IN_TWO: u8 = 4;
const ONE_READS: u8 = 5;

const WRITER: u32 = 1 << 31;
const EVERYBODY: u32 = u32::MAX;

impl<const MISTAKE: u8> prove::RwLock for Word<MISTAKE> {
    const DOWNGRADES: bool = true;

    type On<W: World> = W::Word;

    fn new<W: World>(p: &W) -> W::Word {
        p.new_word("lock")
    }

    fn read<W: World>(word: &W::Word, p: &W) -> Read {
        if MISTAKE == READS_WHILE_ONE_WRITES {
            p.fetch_add(word, 1, Acquire);
            return Read::Shared(0);
        }
        let scope = p.scope();
        let mut seen = p.load(word, Relaxed);
        loop {
            p.at(scope, seen);
            if seen & WRITER != 0 || MISTAKE == ONE_READS && seen != 0 {
                p.futex_wait(word, seen, Deadline::Never);
                seen = p.load(word, Relaxed);
                continue;
            }
            match p.compare_exchange(word, seen, seen + 1, Acquire, Relaxed) {
                Ok(_) => return Read::Shared(0),
                Err(now) => seen = now,
            }
        }
    }

    fn unlock_read<W: World>(word: &W::Word, p: &W, _: usize) {
        let order = if MISTAKE == READERS_LEAVE_RELAXED { Relaxed } else { Release };
        let before = p.fetch_add(word, 1_u32.wrapping_neg(), order);
        if before == 1 && MISTAKE != READERS_WAKE_NOBODY {
            p.futex_wake(word, EVERYBODY);
        }
    }

    fn write<W: World>(word: &W::Word, p: &W) -> Acquired {
        let scope = p.scope();
        while let Err(seen) = p.compare_exchange(word, 0, WRITER, Acquire, Relaxed) {
            p.at(scope, seen);
            p.futex_wait(word, seen, Deadline::Never);
        }
        Acquired::Clean
    }

    fn unlock_write<W: World>(word: &W::Word, p: &W) {
        p.fetch_and(word, !WRITER, Release);
        p.futex_wake(word, EVERYBODY);
    }

    fn downgrade<W: World>(word: &W::Word, p: &W) -> usize {
        if MISTAKE == STEPS_DOWN_IN_TWO {
            Self::unlock_write(word, p);
            let _ = Self::read(word, p);
            return 0;
        }
        p.fetch_add(word, WRITER + 1, AcqRel);
        p.futex_wake(word, EVERYBODY);
        0
    }
}

#[test]
fn the_shipped_one_is_right() {
    let unnoticed = [
        ROBUST_END,
        ROBUST_END_LATE,
        ROBUST_END,
        ROBUST_END_LATE,
        ROBUST_END,
        ROBUST_END_LATE,
        MARK_STAYS,
        ROBUST_END,
        ROBUST_END,
        // It takes more that wait for the same reader than there are here.
        "fetch_add Release: leaves 0, whatever was there",
        ROBUST_END,
    ];
    let report = is_right(&prove::rwlock::<Shipped>("shipped"), &unnoticed);
    assert!(!report.contains("death keeps"), "{report}");
    assert!(!report.contains("it spins"), "{report}");
}

#[test]
fn one_that_a_death_leaves_shut_is_right() {
    let one = "futex_wake: wakes one instead of all";
    let unnoticed = [
        // Whoever is woken wakes the next when it leaves.
        one,
        // A writer is alone in the word.
        "fetch_and Release: leaves 0, whatever was there",
        one,
        // A writer has acquired already.
        "fetch_add AcqRel: Release instead of AcqRel",
        // Those that wait to read then do so until the last reader leaves.
        "futex_wake: is not done",
        one,
    ];
    let report = is_right(&prove::rwlock::<Word<NONE>>("word"), &unnoticed);
    assert!(report.contains("no: a holder's death keeps others waiting for ever"), "{report}");
    assert!(!report.contains("readers keep each other out"), "{report}");
}

#[test]
fn one_that_lets_only_one_read_is_told_so() {
    let report = prove::rwlock::<Word<ONE_READS>>("one reads").to_string();
    assert!(report.contains("yes, but readers keep each other out"), "{report}");
}

#[test]
fn mistakes_are_found_and_drawn() {
    let race = "a data race on";
    for (proof, why) in [
        (prove::rwlock::<Word<READS_WHILE_ONE_WRITES>>("reads while one writes"), race),
        (prove::rwlock::<Word<READERS_LEAVE_RELAXED>>("readers leave relaxed"), race),
        (prove::rwlock::<Word<READERS_WAKE_NOBODY>>("readers wake nobody"), "nobody can go on"),
        (prove::rwlock::<Word<STEPS_DOWN_IN_TWO>>("steps down in two"), "somebody wrote while"),
    ] {
        is_found(&proof, why, "rwlock");
    }
}
