//! A queue tells of its own word alone: whoever waits for several words, moves others or is moved may still read old
//! values of all other words afterwards, under the weak memory.
//!
//! In each of these programs one of them is read after something that cannot have been earlier, so that an explorer which
//! reads old values only early loses an outcome if it does not see that.

use lockproof::deadline::Deadline::Never;
use lockproof::platform::Ordering::Relaxed;

use super::Expect::Outcomes;
use super::On::{L, M, X, Y, Z};
use super::Step::{Load, Requeue, Say, StopUnless, Swap, Wait, WaitAny, Wake};
use super::{Case, Litmus, SOON, Step, case};

/// Counts y up, which nobody waits for.
const COUNTS: [Step; 2] = [Swap(Y, 1, Relaxed), Swap(Y, 2, Relaxed)];
const READS: [Step; 2] = [Load(Y, Relaxed), Say];

/// All of them.
#[must_use]
pub fn all() -> Vec<Case> {
    vec![comparing(), moved_away(), left(), leaving(), moved()]
}

fn comparing() -> Case {
    let counts = [&COUNTS[..], &[Swap(X, 1, Relaxed), Wake(X, 1)]].concat();
    let compares = [&[WaitAny(&[(X, 0), (Z, 0)], Never)], &READS[..]].concat();
    case(
        Litmus::new("who has compared one word does not know another", [&compares, &counts]),
        Outcomes(&["0", "1", "2"]),
        "a wait orders nothing, woken or not",
    )
}

fn moved_away() -> Case {
    const BRINGS: &[Step] = &[Requeue(X, 0, 0, L, 1), StopUnless(1)];
    case(
        Litmus::new(
            "who wakes nobody, as somebody was moved away, does not know what the mover knew",
            [&[Wait(X, 0, SOON)], &wakes_nobody(BRINGS), &counts_and(Requeue(L, 0, 0, X, 1))],
        ),
        Outcomes(&[
            "- | -", "- | 0", "0 | -", "0 | 0", "0 | 1", "1 | 0", "1 | 1", "2 | 0", "2 | 1",
        ]),
        "1 | 1: the second wakes after the third has moved",
    )
}

fn left() -> Case {
    const BRINGS: &[Step] = &[Requeue(Z, 0, 0, L, 1), StopUnless(1)];
    case(
        Litmus::new(
            "who wakes nobody, as somebody has left, does not know why",
            [&[WaitAny(&[(X, 0), (Z, 0)], SOON)], &wakes_nobody(BRINGS), &counts_and(Wake(X, 1))],
        ),
        Outcomes(&[
            "- | -", "- | 0", "- | 1", "0 | -", "0 | 0", "0 | 1", "1 | 0", "1 | 1", "2 | 0",
            "2 | 1",
        ]),
        "1 | 1: the second wakes after the first has left, and it has left as the third woke it at x",
    )
}

/// Brings somebody to l, says so, finds nobody there, and reads.
fn wakes_nobody(brings: &[Step]) -> Vec<Step> {
    [brings, &[Swap(M, 1, Relaxed), Wake(L, 1), StopUnless(0)], &READS].concat()
}

/// After somebody was brought to l: counts y up, and then sees to it that nobody is there.
fn counts_and(then: Step) -> Vec<Step> {
    [&[Load(M, Relaxed), StopUnless(1)], &COUNTS[..], &[then, Say]].concat()
}

fn leaving() -> Case {
    let waits = [&[WaitAny(&[(Z, 0), (X, 0)], Never)], &READS[..]].concat();
    let wakes = [&[Swap(X, 1, Relaxed), Wake(X, 1), StopUnless(1)], &COUNTS[..]].concat();
    let looks = [&wakes[..], &[Requeue(Z, 0, 0, L, 1), Say]].concat();
    case(
        Litmus::new("who leaves a queue does not know who was there", [&waits, &looks]),
        Outcomes(&["0 | -", "0 | 0", "0 | 1", "1 | 0", "1 | 1", "2 | 0", "2 | 1"]),
        "1 | 1: it was still in the queue of z when y was 2",
    )
}

fn moved() -> Case {
    case(
        Litmus::new(
            "who was moved does not know its first word any better",
            [
                &[Wait(X, 0, Never), Load(X, Relaxed), Say],
                &[
                    Requeue(X, 0, 0, Z, 1),
                    Swap(X, 1, Relaxed),
                    Swap(X, 2, Relaxed),
                    Wake(X, 1),
                    Wake(Z, 1),
                ],
            ],
        ),
        Outcomes(&["0", "1", "2"]),
        "it was woken at z",
    )
}
