//! What loom 0.7.2 gets wrong, as it is today.
//!
//! Each of these is a fact that our algorithms, models and verdicts take into account. None is a promise: where a new
//! version of loom makes one of them fail, that is good news, and [`Case::because`] says what to change.

use lockproof::platform::Ordering::{Acquire, Relaxed, Release, SeqCst};

use super::Expect::Outcomes;
use super::On::{X, Y, Z};
use super::Step::{Add, Exchange, Fence, Get, Load, Say, Set, StopUnless, Store, Swap, Wake};
use super::{Case, Litmus, case};

/// loom shows outcomes that cannot be: false alarms.
#[must_use]
pub fn false_alarms() -> Vec<Case> {
    vec![
        case(
            Litmus::new(
                "a store inside a swap",
                [&[Swap(X, 0, Relaxed), Say], &[Store(X, 1, Relaxed)]],
            )
            .finally(&[X]),
            Outcomes(&["0 | X=0", "0 | X=1", "1 | X=0"]),
            "0 | X=0 cannot be: the swap found 0, so the store came after it (tokio-rs/loom#254, #389). Once that \
             outcome is gone, words may be changed by stores and read-modify-writes both: say so in \
             Platform::store and DESIGN.md",
        ),
        case(
            Litmus::new(
                "a store and a swap, seen by a third",
                [
                    &[Store(X, 1, Relaxed)],
                    &[Swap(X, 2, Relaxed), Say, StopUnless(0)],
                    &[Load(X, Relaxed), StopUnless(1), Load(X, Relaxed), Say],
                ],
            ),
            Outcomes(&["0 | -", "0 | 1", "0 | 2", "1 | -", "1 | 1", "1 | 2"]),
            "0 | 2 cannot be: the swap found 0, so 2 is older than 1, and the third process goes back in time \
             (tokio-rs/loom#282). Once that outcome is gone, see the case before",
        ),
        case(
            Litmus::new(
                "two stores, and one that is followed by a load",
                [
                    &[Store(X, 1, Relaxed), Load(X, Relaxed), Say],
                    &[Store(X, 2, Relaxed), Store(X, 3, Relaxed)],
                ],
            )
            .finally(&[X]),
            Outcomes(&["1 | X=1", "1 | X=3", "2 | X=2", "2 | X=3", "3 | X=3"]),
            "2 | X=2 cannot be: 3 was stored after 2, and by the same process (as in tokio-rs/loom#282). Once that \
             outcome is gone, let tests/explorer/on_loom.rs no longer leave such programs out",
        ),
        case(
            Litmus::new(
                "store buffers, SeqCst accesses",
                [
                    &[Store(X, 1, SeqCst), Load(Y, SeqCst), Say],
                    &[Store(Y, 1, SeqCst), Load(X, SeqCst), Say],
                ],
            ),
            Outcomes(&["0 | 0", "0 | 1", "1 | 0", "1 | 1"]),
            "0 | 0 cannot be: to loom a SeqCst access is an AcqRel one (tokio-rs/loom#180). Once that outcome is \
             gone, SeqCst accesses will do where algorithms now need fence(SeqCst): say so in DESIGN.md",
        ),
    ]
}

/// loom does not show outcomes that can be: what it does not see, no model proves.
#[must_use]
pub fn blind_spots() -> Vec<Case> {
    vec![
        case(
            Litmus::new(
                "a stale compare-exchange",
                [
                    &[Swap(X, 1, Relaxed), Swap(Y, 1, Relaxed)],
                    &[Load(Y, Relaxed), StopUnless(1), Exchange(X, 7, 8, Relaxed), Say],
                ],
            ),
            Outcomes(&["-", "1"]),
            "0 can be: a compare-exchange that fails is a load, and may read a stale value. Once loom shows it, say \
             so in platform/loom.rs, and let the futex's own look at a word be something that reads the latest",
        ),
        case(
            Litmus::new(
                "a change after a load of one's own",
                [&[Load(X, Relaxed), Say], &[Load(X, Relaxed), Add(X, 1, Relaxed)]],
            ),
            Outcomes(&["0"]),
            "1 can be, in any memory model: loom knows only the last access to a word, and takes the change to depend \
             on the second process's own load, not on the first one's (tokio-rs/loom#166, #392). What loads a word and \
             then changes it is not exhausted. Once loom shows 1, let tests/explorer/on_loom.rs expect it, too",
        ),
        case(
            Litmus::new(
                "load buffers",
                [
                    &[Load(X, Relaxed), Say, Store(Y, 1, Relaxed)],
                    &[Load(Y, Relaxed), Say, Store(X, 1, Relaxed)],
                ],
            ),
            Outcomes(&["0 | 0", "0 | 1", "1 | 0"]),
            "1 | 1 can be: C++20 lets a store overtake a load before it (tokio-rs/loom, tests/litmus.rs, ignored \
             there). Once loom shows it, what is proved no longer excludes load buffering: say so in DESIGN.md",
        ),
        case(
            Litmus::new(
                "a word with eight values",
                [
                    &[
                        Swap(X, 1, Relaxed),
                        Swap(X, 2, Relaxed),
                        Swap(X, 3, Relaxed),
                        Swap(X, 4, Relaxed),
                        Swap(X, 5, Relaxed),
                        Swap(X, 6, Relaxed),
                        Swap(X, 7, Relaxed),
                        Store(Y, 1, Relaxed),
                    ],
                    &[Load(Y, Relaxed), StopUnless(1), Load(X, Relaxed), Say],
                ],
            ),
            Outcomes(&["-", "1", "2", "3", "4", "5", "6", "7"]),
            "0 can be: loom remembers the last seven values of a word (MAX_ATOMIC_HISTORY). Models whose words are \
             loaded and change more often are not exhausted. Once it remembers more, make this program longer",
        ),
        case(
            Litmus::new(
                "data between fences",
                [
                    &[Set(7), Fence(SeqCst), Load(Y, Relaxed), StopUnless(0), Store(Z, 1, Relaxed)],
                    &[
                        Store(Y, 1, Relaxed),
                        Fence(SeqCst),
                        Load(Z, Relaxed),
                        StopUnless(1),
                        Get,
                        Say,
                    ],
                ],
            ),
            Outcomes(&["-", "7"]),
            "a data race: the first process reads 0 from y, so its fence comes first, but fences alone order no \
             data in C++20; loom takes each SeqCst fence for an acquire of the one before. Once loom finds the \
             race, move this program to memory.rs",
        ),
        case(
            Litmus::new(
                "a waker's stale load",
                [
                    &[Swap(X, 1, Relaxed), Swap(Y, 1, Relaxed)],
                    &[Load(Y, Relaxed), StopUnless(1), Wake(X, 1), Load(X, Relaxed), Say],
                ],
            ),
            Outcomes(&["-", "1"]),
            "0 can be: to wake orders nothing, but our stand-in has to look at the word, by which the waker sees its \
             latest value. Once the stand-in can do without, say so in platform/wait_queue.rs",
        ),
        case(
            Litmus::new(
                "the same without a wake",
                [
                    &[Swap(X, 1, Relaxed), Swap(Y, 1, Relaxed)],
                    &[Load(Y, Relaxed), StopUnless(1), Load(X, Relaxed), Say],
                ],
            ),
            Outcomes(&["-", "0", "1"]),
            "it is the wake that hides the stale value",
        ),
    ]
}

/// What memory can do, and shuttle does not show: it is sequentially consistent, whatever the ordering.
#[must_use]
pub fn shuttles_blind_spots() -> Vec<Case> {
    let because = "shuttle takes every ordering for SeqCst. Once it does not, its claims see weakened orderings: say \
                   so in MemoryModel::Sc and DESIGN.md";
    vec![
        case(
            Litmus::new(
                "message, relaxed",
                [
                    &[Store(X, 1, Relaxed), Store(Y, 1, Relaxed)],
                    &[Load(Y, Relaxed), Say, Load(X, Relaxed), Say],
                ],
            ),
            Outcomes(&["0 0", "0 1", "1 1"]),
            because,
        ),
        case(
            Litmus::new(
                "data, relaxed",
                [&[Set(7), Store(Y, 1, Relaxed)], &[Load(Y, Relaxed), StopUnless(1), Get, Say]],
            ),
            Outcomes(&["-", "7"]),
            because,
        ),
        case(
            Litmus::new(
                "store buffers, release and acquire",
                [
                    &[Store(X, 1, Release), Load(Y, Acquire), Say],
                    &[Store(Y, 1, Release), Load(X, Acquire), Say],
                ],
            ),
            Outcomes(&["0 | 1", "1 | 0", "1 | 1"]),
            because,
        ),
    ]
}
