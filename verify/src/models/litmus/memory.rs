//! What memory does, as C++20 has it: the part that loom shows.

use lockproof::platform::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};

use super::Expect::Outcomes;
use super::On::{X, Y};
use super::Step::{Add, Exchange, Fence, Get, Load, Say, Set, StopUnless, Store, Swap};
use super::{Case, Litmus, RACE, Step, case};

/// One process tells another by a flag.
#[must_use]
pub fn messages() -> Vec<Case> {
    let unordered = Outcomes(&["0 0", "0 1", "1 0", "1 1"]);
    let ordered = Outcomes(&["0 0", "0 1", "1 1"]);
    let racy = "nothing orders the two accesses";
    vec![
        case(
            message("message, relaxed", Relaxed, Relaxed),
            unordered,
            "the flag may be seen before the message",
        ),
        case(
            message("message, release alone", Release, Relaxed),
            unordered,
            "a release wants an acquire",
        ),
        case(
            message("message, acquire alone", Relaxed, Acquire),
            unordered,
            "an acquire wants a release",
        ),
        case(
            message("message, both", Release, Acquire),
            ordered,
            "whoever acquires the flag sees the message",
        ),
        case(
            Litmus::new(
                "message, fences",
                [
                    &[Store(X, 1, Relaxed), Fence(Release), Store(Y, 1, Relaxed)],
                    &[Load(Y, Relaxed), Say, Fence(Acquire), Load(X, Relaxed), Say],
                ],
            ),
            ordered,
            "fences order what is on their far side from the flag",
        ),
        case(
            Litmus::new(
                "message, a fence too early",
                [
                    &[Fence(Release), Store(X, 1, Relaxed), Store(Y, 1, Relaxed)],
                    &[Load(Y, Relaxed), Say, Fence(Acquire), Load(X, Relaxed), Say],
                ],
            ),
            unordered,
            "a release fence orders what is before it, and nothing else",
        ),
        case(data("data, relaxed", Relaxed, Relaxed), RACE, racy),
        case(data("data, release alone", Release, Relaxed), RACE, racy),
        case(data("data, acquire alone", Relaxed, Acquire), RACE, racy),
        case(
            data("data, both", Release, Acquire),
            Outcomes(&["-", "7"]),
            "the flag orders the two accesses",
        ),
        case(
            Litmus::new("data, only read", [&[Get, Say], &[Get, Say]]),
            Outcomes(&["0 | 0"]),
            "two reads are no race",
        ),
        case(
            locked("data, under a lock", Acquire, Release),
            Outcomes(&["- | 7", "7 | -", "7 | 7"]),
            "a lock orders what it keeps apart",
        ),
        case(locked("data, lock without acquire", Relaxed, Release), RACE, racy),
        case(locked("data, lock without release", Acquire, Relaxed), RACE, racy),
    ]
}

/// Each of two processes tells the other.
#[must_use]
pub fn store_buffers() -> Vec<Case> {
    let both_late = Outcomes(&["0 | 0", "0 | 1", "1 | 0", "1 | 1"]);
    let one_seen = Outcomes(&["0 | 1", "1 | 0", "1 | 1"]);
    vec![
        case(
            Litmus::new(
                "store buffers, relaxed",
                [
                    &[Store(X, 1, Relaxed), Load(Y, Relaxed), Say],
                    &[Store(Y, 1, Relaxed), Load(X, Relaxed), Say],
                ],
            ),
            both_late,
            "both stores may be late",
        ),
        case(
            Litmus::new(
                "store buffers, release and acquire",
                [
                    &[Store(X, 1, Release), Load(Y, Acquire), Say],
                    &[Store(Y, 1, Release), Load(X, Acquire), Say],
                ],
            ),
            both_late,
            "release and acquire do not order a store before a later load",
        ),
        case(fenced("store buffers, AcqRel fences", AcqRel), both_late, "nor do AcqRel fences"),
        case(fenced("store buffers, SeqCst fences", SeqCst), one_seen, "SeqCst fences do"),
        case(
            Litmus::new(
                "store buffers, one fence",
                [
                    &[Store(X, 1, Relaxed), Fence(SeqCst), Load(Y, Relaxed), Say],
                    &[Store(Y, 1, Relaxed), Load(X, Relaxed), Say],
                ],
            ),
            both_late,
            "it takes both",
        ),
    ]
}

/// Two fences, of which nothing says which comes first.
#[must_use]
pub fn fence_orders() -> Vec<Case> {
    const WRITE: &[Step] = &[Set(7), Fence(SeqCst), Store(X, 1, Relaxed)];
    const READ: &[Step] = &[Fence(SeqCst), Load(X, Relaxed), StopUnless(1), Get];
    let because = "the reader's fence may come first, and then orders nothing";
    vec![
        case(Litmus::new("a fence too early, writer first", [WRITE, READ]), RACE, because),
        case(Litmus::new("a fence too early, reader first", [READ, WRITE]), RACE, because),
    ]
}

/// How far a release reaches.
#[must_use]
pub fn release_sequences() -> Vec<Case> {
    vec![
        case(
            Litmus::new(
                "release, read-modify-write of another",
                [
                    &[Set(7), Swap(X, 1, Release)],
                    &[Exchange(X, 1, 2, Relaxed)],
                    &[Load(X, Acquire), StopUnless(2), Get, Say],
                ],
            ),
            Outcomes(&["-", "7"]),
            "any thread's read-modify-write, relaxed too, carries a release on (C++20)",
        ),
        case(
            Litmus::new(
                "release, store of another",
                [
                    &[Set(7), Store(X, 1, Release)],
                    &[Load(X, Relaxed), StopUnless(1), Store(X, 2, Relaxed)],
                    &[Load(X, Acquire), StopUnless(2), Get],
                ],
            ),
            RACE,
            "a store of another thread cuts it off",
        ),
        case(
            Litmus::new(
                "release, store of one's own",
                [
                    &[Set(7), Store(X, 1, Release), Store(X, 2, Relaxed)],
                    &[Load(X, Acquire), StopUnless(2), Get],
                ],
            ),
            RACE,
            "and so does a store of the same thread, since C++20",
        ),
    ]
}

/// One word by itself.
#[must_use]
pub fn coherence() -> Vec<Case> {
    vec![
        case(
            Litmus::new(
                "two reads",
                [
                    &[Add(X, 1, Relaxed), Add(X, 1, Relaxed)],
                    &[Load(X, Relaxed), Say, Load(X, Relaxed), Say],
                ],
            ),
            Outcomes(&["0 0", "0 1", "0 2", "1 1", "1 2", "2 2"]),
            "nobody sees a word go back in time",
        ),
        case(
            Litmus::new(
                "a read after one's own write",
                [&[Add(X, 1, Relaxed), Load(X, Relaxed), Say], &[Add(X, 2, Relaxed)]],
            ),
            Outcomes(&["1", "3"]),
            "nobody sees a word older than what it wrote itself",
        ),
        case(
            Litmus::new("two additions", [&[Add(X, 1, Relaxed), Say], &[Add(X, 1, Relaxed), Say]])
                .finally(&[X]),
            Outcomes(&["0 | 1 | X=2", "1 | 0 | X=2"]),
            "no read-modify-write is lost, however weak",
        ),
        case(
            Litmus::new(
                "two writers, one of whom knows the order",
                [
                    &[Add(X, 1, Relaxed), Say],
                    &[Add(X, 2, Relaxed)],
                    &[Load(X, Relaxed), Say, Load(X, Relaxed), Say],
                ],
            ),
            Outcomes(&[
                "0 | 0 0", "0 | 0 1", "0 | 0 3", "0 | 1 1", "0 | 1 3", "0 | 3 3", "2 | 0 0",
                "2 | 0 2", "2 | 0 3", "2 | 2 2", "2 | 2 3", "2 | 3 3",
            ]),
            "all see the changes of one word in the order in which they were made",
        ),
    ]
}

/// Two independent changes.
#[must_use]
pub fn independent() -> Vec<Case> {
    vec![
        case(
            Litmus::new(
                "a message passed on",
                [
                    &[Store(X, 1, Relaxed)],
                    &[Load(X, Relaxed), StopUnless(1), Store(Y, 1, Release)],
                    &[Load(Y, Acquire), StopUnless(1), Load(X, Relaxed), Say],
                ],
            ),
            Outcomes(&["-", "1"]),
            "whoever acquires sees what was seen before the release, not only what was written",
        ),
        case(
            Litmus::new(
                "two readers of two messages",
                [
                    &[Store(X, 1, Release)],
                    &[Store(Y, 1, Release)],
                    &[Load(X, Acquire), StopUnless(1), Load(Y, Acquire), Say],
                    &[Load(Y, Acquire), StopUnless(1), Load(X, Acquire), Say],
                ],
            ),
            Outcomes(&[
                "- | -", "- | 0", "- | 1", "0 | -", "0 | 0", "0 | 1", "1 | -", "1 | 0", "1 | 1",
            ]),
            "they may disagree on which came first",
        ),
        case(
            Litmus::new(
                "two readers of two messages, SeqCst fences",
                [
                    &[Store(X, 1, Release)],
                    &[Store(Y, 1, Release)],
                    &[Load(X, Acquire), StopUnless(1), Fence(SeqCst), Load(Y, Acquire), Say],
                    &[Load(Y, Acquire), StopUnless(1), Fence(SeqCst), Load(X, Acquire), Say],
                ],
            ),
            Outcomes(&["- | -", "- | 0", "- | 1", "0 | -", "0 | 1", "1 | -", "1 | 0", "1 | 1"]),
            "fences make them agree",
        ),
    ]
}

fn message(name: &'static str, raise: Ordering, see: Ordering) -> Litmus {
    Litmus::new(
        name,
        [&[Store(X, 1, Relaxed), Store(Y, 1, raise)], &[Load(Y, see), Say, Load(X, Relaxed), Say]],
    )
}

fn data(name: &'static str, raise: Ordering, see: Ordering) -> Litmus {
    Litmus::new(name, [&[Set(7), Store(Y, 1, raise)], &[Load(Y, see), StopUnless(1), Get, Say]])
}

fn fenced(name: &'static str, order: Ordering) -> Litmus {
    Litmus::new(
        name,
        [
            &[Store(X, 1, Relaxed), Fence(order), Load(Y, Relaxed), Say],
            &[Store(Y, 1, Relaxed), Fence(order), Load(X, Relaxed), Say],
        ],
    )
}

/// A lock that is tried once.
fn locked(name: &'static str, take: Ordering, leave: Ordering) -> Litmus {
    let process = [Exchange(X, 0, 1, take), StopUnless(0), Set(7), Get, Say, Swap(X, 0, leave)];
    Litmus::new(name, [&process, &process])
}
