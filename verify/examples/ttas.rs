//! A spinlock of your own, proved: looks until the lock seems free, and only then tries to take it.
//!
//! `cargo run --release --example ttas` shows the report, and then that of the same lock with a mistake that many have made.

use lockproof_verify::prove::Ordering::{Acquire, Relaxed, Release};
use lockproof_verify::prove::{self, Acquired, World};

/// Test and test-and-set.
struct Ttas;

impl prove::Mutex for Ttas {
    type On<W: World> = W::Word;

    fn new<W: World>(p: &W) -> W::Word {
        p.new_word("lock")
    }

    fn lock<W: World>(word: &W::Word, p: &W) -> Acquired {
        let scope = p.scope();
        loop {
            p.at(scope, ());
            if p.load(word, Relaxed) == 0 && p.swap(word, 1, Acquire) == 0 {
                return Acquired::Clean;
            }
            p.pause();
        }
    }

    fn unlock<W: World>(word: &W::Word, p: &W) {
        p.store(word, 0, Release);
    }
}

/// The same, without what makes the next one see what was written inside.
struct Relaxing;

impl prove::Mutex for Relaxing {
    type On<W: World> = W::Word;

    fn new<W: World>(p: &W) -> W::Word {
        Ttas::new(p)
    }

    fn lock<W: World>(word: &W::Word, p: &W) -> Acquired {
        Ttas::lock(word, p)
    }

    fn unlock<W: World>(word: &W::Word, p: &W) {
        p.store(word, 0, Relaxed);
    }
}

fn main() {
    println!("{}", prove::mutex::<Ttas>("ttas"));
    println!("{}", prove::mutex::<Relaxing>("ttas, relaxing"));
}

#[test]
fn the_spinlock_is_right() {
    let proof = prove::mutex::<Ttas>("ttas");
    proof.assert();
    let missed = proof.mutants().expect("they were tried").missed().count();
    assert_eq!(missed, 0, "{proof}");
}

#[test]
fn the_mistake_is_found() {
    let proof = prove::mutex::<Relaxing>("ttas, relaxing");
    assert!(!proof.holds() && proof.counterexample().is_some(), "{proof}");
}
