//! Mutexes.

use lockproof_verify::prove::Ordering::{Acquire, Relaxed, Release};
use lockproof_verify::prove::{self, Acquired, Platform, World};

use lockproof::deadline::Deadline;
use lockproof::raw::RawMutex;

use super::{MARK_STAYS, ROBUST_END, ROBUST_END_LATE, is_found, is_right};

/// The shipped mutex, as if it were somebody else's.
struct Shipped;

impl prove::Mutex for Shipped {
    const ROBUST: bool = true;

    type On<W: World> = RawMutex<W::RobustWord>;

    fn new<W: World>(p: &W) -> Self::On<W> {
        RawMutex::new(p.new_robust("lock"))
    }

    fn lock<W: World>(lock: &Self::On<W>, p: &W) -> Acquired {
        lock.lock(p, Deadline::Never).expect("nobody gives up")
    }

    fn unlock<W: World>(lock: &Self::On<W>, p: &W) {
        lock.unlock(p).expect("it is held");
    }

    fn make_consistent<W: World>(lock: &Self::On<W>, p: &W) {
        lock.make_consistent(p).expect("it is held");
    }
}

/// What a spinlock can do wrong.
struct Spin<const MISTAKE: u8>;

const NONE: u8 = 0;
const LOOKS_ONLY: u8 = 1;
const NEVER_LEAVES: u8 = 2;
const LEAVES_RELAXED: u8 = 3;
const SAYS_ROBUST: u8 = 4;

impl<const MISTAKE: u8> prove::Mutex for Spin<MISTAKE> {
    const ROBUST: bool = MISTAKE == SAYS_ROBUST;

    type On<W: World> = W::Word;

    fn new<W: World>(p: &W) -> W::Word {
        p.new_word("lock")
    }

    fn lock<W: World>(word: &W::Word, p: &W) -> Acquired {
        let scope = p.scope();
        while !takes::<W, MISTAKE>(word, p) {
            p.at(scope, ());
            p.pause();
        }
        Acquired::Clean
    }

    fn unlock<W: World>(word: &W::Word, p: &W) {
        match MISTAKE {
            NEVER_LEAVES => {}
            LEAVES_RELAXED => p.store(word, 0, Relaxed),
            _ => p.store(word, 0, Release),
        }
    }
}

fn takes<W: Platform, const MISTAKE: u8>(word: &W::Word, p: &W) -> bool {
    if MISTAKE == LOOKS_ONLY {
        let is_free = p.load(word, Acquire) == 0;
        p.store(word, 1, Relaxed);
        return is_free;
    }
    p.swap(word, 1, Acquire) == 0
}

#[test]
fn a_robust_lock_is_right_and_no_mutant_of_it_is_missed_that_matters() {
    let proof = prove::mutex::<Shipped>("shipped");
    let ends = [ROBUST_END, ROBUST_END_LATE].repeat(3);
    let report = is_right(&proof, &[ends, vec![MARK_STAYS]].concat());
    assert!(!report.contains("death keeps all others waiting"), "{report}");
    assert!(!report.contains("it spins"), "{report}");
    assert!(report.contains("no: one may starve"), "{report}");
    let mutants = proof.mutants().expect("they were tried");
    assert!(mutants.iter().count() > 15, "{report}");
    assert!(mutants.iter().all(|mutant| mutant.site.contains("src/raw/mutex.rs")), "{report}");
}

#[test]
fn a_lock_that_a_death_leaves_shut_is_right_unless_it_says_that_it_survives() {
    let proof = prove::mutex::<Spin<NONE>>("spin");
    proof.assert();
    let report = proof.to_string();
    assert!(report.contains("no: a holder's death keeps all others waiting for ever"), "{report}");
    assert!(report.contains("no: it spins"), "{report}");
    let proof = prove::mutex::<Spin<SAYS_ROBUST>>("spin, said to be robust");
    assert!(!proof.holds(), "{proof}");
    assert!(proof.counterexample().is_some(), "{proof}");
}

#[test]
fn mistakes_are_found_and_drawn() {
    let table = [
        (prove::mutex::<Spin<LOOKS_ONLY>>("looks only"), "a data race on total"),
        (prove::mutex::<Spin<NEVER_LEAVES>>("never leaves"), "for ever"),
        (prove::mutex::<Spin<LEAVES_RELAXED>>("leaves relaxed"), "a data race on total"),
    ];
    for (proof, why) in table {
        is_found(&proof, why, "mutex");
    }
}

#[test]
fn a_wrong_lock_fails_the_test_that_asserts_it() {
    let failed = std::panic::catch_unwind(|| prove::mutex::<Spin<LOOKS_ONLY>>("x").assert());
    let panic = failed.expect_err("it is wrong");
    let words = panic.downcast_ref::<String>().expect("words");
    assert_eq!(words, "x is not right: the report above says why");
}
