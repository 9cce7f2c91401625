//! Mutexes that can be tried.

use lockproof_verify::prove::Ordering::{Acquire, Relaxed, Release};
use lockproof_verify::prove::{self, Acquired, Deadline, World};

use super::{is_found, is_right};

/// A futex mutex (0 free, 1 taken, 2 taken and somebody may sleep), and what can be wrong with trying to take it.
struct Futex<const MISTAKE: u8>;

const NONE: u8 = 0;
const LOOKS_ONLY: u8 = 1;
const FORGETS_SLEEPERS: u8 = 2;
const RELAXED: u8 = 3;
const SHY: u8 = 4;
const SAYS_SHY: u8 = 5;

impl<const MISTAKE: u8> prove::Mutex for Futex<MISTAKE> {
    const TRIES: bool = true;
    const REFUSES_FOR_NOTHING: bool = MISTAKE == SAYS_SHY;

    /// The lock, and how many try it.
    type On<W: World> = (W::Word, W::Word);

    fn new<W: World>(p: &W) -> Self::On<W> {
        (p.new_word("lock"), p.new_word("tried"))
    }

    fn lock<W: World>((word, _): &Self::On<W>, p: &W) -> Acquired {
        let scope = p.scope();
        if p.compare_exchange(word, 0, 1, Acquire, Relaxed).is_err() {
            while p.swap(word, 2, Acquire) != 0 {
                p.at(scope, ());
                p.futex_wait(word, 2, Deadline::Never);
            }
        }
        Acquired::Clean
    }

    fn try_lock<W: World>((word, tried): &Self::On<W>, p: &W) -> Option<Acquired> {
        let is_mine = match MISTAKE {
            LOOKS_ONLY => {
                let is_free = p.load(word, Acquire) == 0;
                if is_free {
                    p.swap(word, 1, Acquire);
                }
                is_free
            }
            // What was there is lost where it was not free.
            FORGETS_SLEEPERS => p.swap(word, 1, Acquire) == 0,
            RELAXED => p.compare_exchange(word, 0, 1, Relaxed, Relaxed).is_ok(),
            // Makes way where another tries as well.
            SHY | SAYS_SHY => {
                p.fetch_add(tried, 1, Relaxed);
                let is_alone = p.load(tried, Relaxed) == 1;
                let is_mine = is_alone && p.compare_exchange(word, 0, 1, Acquire, Relaxed).is_ok();
                p.fetch_add(tried, 1_u32.wrapping_neg(), Relaxed);
                is_mine
            }
            _ => p.compare_exchange(word, 0, 1, Acquire, Relaxed).is_ok(),
        };
        is_mine.then_some(Acquired::Clean)
    }

    fn unlock<W: World>((word, _): &Self::On<W>, p: &W) {
        if p.swap(word, 0, Release) == 2 {
            p.futex_wake(word, 1);
        }
    }
}

#[test]
fn one_that_can_be_tried_is_right_and_no_mutant_is_missed() {
    let report = is_right(&prove::mutex::<Futex<NONE>>("futex"), &[]);
    assert!(report.contains("who tries is alone, or refused"), "{report}");
}

#[test]
fn one_that_makes_way_for_others_is_right_if_it_says_so() {
    prove::mutex::<Futex<SAYS_SHY>>("says that it is shy").assert();
    let proof = prove::mutex::<Futex<SHY>>("shy");
    is_found(&proof, "all were refused, and nobody had it", "tries");
}

#[test]
fn mistakes_are_found_and_drawn() {
    for (proof, why) in [
        (prove::mutex::<Futex<LOOKS_ONLY>>("looks only"), "a data race on total"),
        (prove::mutex::<Futex<RELAXED>>("tries relaxed"), "a data race on total"),
        (prove::mutex::<Futex<FORGETS_SLEEPERS>>("forgets sleepers"), "nobody can go on"),
    ] {
        is_found(&proof, why, "tries");
    }
}
