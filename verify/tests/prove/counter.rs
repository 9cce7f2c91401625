//! Counters.

use lockproof_verify::prove::Ordering::{Acquire, Relaxed, Release};
use lockproof_verify::prove::{self, Platform, World};

use lockproof::raw::{RawAtomicCounter, RawCounter};

use super::{MARK_STAYS, ROBUST_END, ROBUST_END_LATE, is_found, is_right};

/// The shipped counter, as if it were somebody else's.
struct Shipped;

impl prove::Counter for Shipped {
    const ROBUST: bool = true;

    type On<W: World> = RawCounter<W::RobustWord, W::Cell>;

    fn new<W: World>(p: &W) -> Self::On<W> {
        RawCounter::new(p.new_robust("lock"), p.new_cell("value"), p.new_cell("deaths"))
    }

    fn add<W: World>(counter: &Self::On<W>, p: &W, n: u64) {
        counter.add(p, n).expect("it can be counted");
    }

    fn get<W: World>(counter: &Self::On<W>, p: &W) -> u64 {
        counter.get(p).expect("it can be read")
    }
}

/// The one without a lock.
struct Atomic;

impl prove::Counter for Atomic {
    const ROBUST: bool = true;

    type On<W: World> = RawAtomicCounter<W::Word64>;

    fn new<W: World>(p: &W) -> Self::On<W> {
        RawAtomicCounter::new(p.new_word64("counter"))
    }

    fn add<W: World>(counter: &Self::On<W>, p: &W, n: u64) {
        counter.add(p, n);
    }

    fn get<W: World>(counter: &Self::On<W>, p: &W) -> u64 {
        counter.get(p)
    }
}

/// A number under a spinlock, and what can be wrong with that.
struct Locked<const MISTAKE: u8>;

const NONE: u8 = 0;
const WITHOUT_THE_LOCK: u8 = 1;
const LEAVES_RELAXED: u8 = 2;
const NEVER_LEAVES: u8 = 3;
const SAYS_ROBUST: u8 = 4;

impl<const MISTAKE: u8> Locked<MISTAKE> {
    fn under_it<W: Platform, T>(
        on: &(W::Word, W::Cell),
        p: &W,
        work: impl FnOnce(&W::Cell) -> T,
    ) -> T {
        let scope = p.scope();
        while MISTAKE != WITHOUT_THE_LOCK && p.swap(&on.0, 1, Acquire) == 1 {
            p.at(scope, ());
            p.pause();
        }
        let done = work(&on.1);
        match MISTAKE {
            LEAVES_RELAXED => p.store(&on.0, 0, Relaxed),
            NEVER_LEAVES => {}
            _ => p.store(&on.0, 0, Release),
        }
        done
    }
}

impl<const MISTAKE: u8> prove::Counter for Locked<MISTAKE> {
    const ROBUST: bool = MISTAKE == SAYS_ROBUST;

    type On<W: World> = (W::Word, W::Cell);

    fn new<W: World>(p: &W) -> Self::On<W> {
        (p.new_word("lock"), p.new_cell("value"))
    }

    fn add<W: World>(on: &Self::On<W>, p: &W, n: u64) {
        Self::under_it(on, p, |value| p.cell_set(value, p.cell_get(value) + n));
    }

    fn get<W: World>(on: &Self::On<W>, p: &W) -> u64 {
        Self::under_it(on, p, |value| p.cell_get(value))
    }
}

/// A word that is read and written, or exchanged without a look at whether that worked.
struct Hasty<const EXCHANGES: bool>;

impl<const EXCHANGES: bool> prove::Counter for Hasty<EXCHANGES> {
    type On<W: World> = W::Word64;

    fn new<W: World>(p: &W) -> W::Word64 {
        p.new_word64("counter")
    }

    fn add<W: World>(word: &W::Word64, p: &W, n: u64) {
        let before = p.load64(word, Relaxed);
        if EXCHANGES {
            let _ = p.compare_exchange64(word, before, before + n, Relaxed, Relaxed);
        } else {
            p.store64(word, before + n, Relaxed);
        }
    }

    fn get<W: World>(word: &W::Word64, p: &W) -> u64 {
        p.load64(word, Relaxed)
    }
}

#[test]
fn the_shipped_ones_are_right() {
    let unnoticed = [
        // How many died is not asked.
        "set: is not done",
        ROBUST_END,
        ROBUST_END_LATE,
        ROBUST_END,
        ROBUST_END_LATE,
        // Whoever waits then spins: of a counter, that is not asked.
        "compare_exchange Relaxed: is not done",
        ROBUST_END,
        ROBUST_END_LATE,
        MARK_STAYS,
        // A death is then told again and again, which only the counter itself counts.
        "fetch_and Relaxed: is not done",
    ];
    let shipped = is_right(&prove::counter::<Shipped>("shipped"), &unnoticed);
    let atomic = is_right(&prove::counter::<Atomic>("atomic"), &[]);
    for report in [shipped, atomic] {
        assert!(!report.contains("no: "), "{report}");
    }
}

#[test]
fn a_death_stops_one_with_a_lock_that_does_not_know_of_it() {
    let report = is_right(&prove::counter::<Locked<NONE>>("locked"), &[]);
    assert!(report.contains("no: one's death keeps all others waiting for ever"), "{report}");
    let proof = prove::counter::<Locked<SAYS_ROBUST>>("said to be robust");
    is_found(&proof, "for ever", "counter");
}

#[test]
fn mistakes_are_found_and_drawn() {
    let lost = "updates were lost";
    for (proof, why) in [
        (prove::counter::<Hasty<false>>("reads and writes"), lost),
        (prove::counter::<Hasty<true>>("does not look"), lost),
        (prove::counter::<Locked<WITHOUT_THE_LOCK>>("without the lock"), "a data race on value"),
        (prove::counter::<Locked<LEAVES_RELAXED>>("leaves relaxed"), "a data race on value"),
        (prove::counter::<Locked<NEVER_LEAVES>>("never leaves"), "for ever"),
    ] {
        is_found(&proof, why, "counter");
    }
}
