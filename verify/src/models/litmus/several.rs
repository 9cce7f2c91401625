//! What the kernel does for who waits for several words at once (`futex_wait_multiple` in `kernel/futex/waitwake.c`), and
//! its stand-ins have to do.
//!
//! The tables are those without early returns, and of a deadline only that which passes where nobody can go on.

use lockproof::deadline::Deadline::{Never, Now};
use lockproof::platform::Ordering::{Acquire, Relaxed, Release};

use super::Expect::Outcomes;
use super::On::{L, X, Y, Z};
use super::Step::{
    Get, IfWoken, Leave, LeaveIf, Load, Loop, Requeue, Say, Set, StopUnless, Swap, Wait, WaitAny,
    Wake,
};
use super::{Case, Litmus, RACE, SOON, STUCK, Step, case};

/// Everybody.
const ALL: u32 = u32::MAX;
/// Waits for x and y while both are 0.
const WAITS: &[Step] = &[WaitAny(&[(X, 0), (Y, 0)], Never), Say];
/// Waits for y alone.
const SLEEPS: &[Step] = &[Wait(Y, 0, Never), Say];

/// Nobody sleeps through a wake of any of its words, and nobody wakes up without one.
#[must_use]
pub fn wakes() -> Vec<Case> {
    vec![
        case(
            Litmus::new(
                "a wake of the first word",
                [WAITS, &[Swap(X, 1, Relaxed), Wake(X, 1), Say]],
            ),
            Outcomes(&["changed | 0", "woken | 1"]),
            "the word is compared as one step with entering its queue",
        ),
        case(
            Litmus::new(
                "a wake of the second word",
                [WAITS, &[Swap(Y, 1, Relaxed), Wake(Y, 1), Say]],
            ),
            Outcomes(&["changed | 0", "woken | 1"]),
            "and so is the other; who finds it changed has taken no wake",
        ),
        case(
            Litmus::new("a wake of another word", [WAITS, &[Swap(Z, 1, Relaxed), Wake(Z, ALL)]]),
            STUCK,
            "a wake is for the sleepers of its word",
        ),
        case(
            Litmus::new("a change without a wake", [WAITS, &[Swap(Y, 1, Relaxed)]]),
            STUCK,
            "a change of a word by itself wakes nobody",
        ),
        case(
            Litmus::new(
                "several of one word",
                [&[WaitAny(&[(X, 0)], Never), Say], &[Swap(X, 1, Relaxed), Wake(X, 1), Say]],
            ),
            Outcomes(&["changed | 0", "woken | 1"]),
            "a wait for one word is that",
        ),
        case(
            Litmus::new(
                "a wake of all",
                [WAITS, SLEEPS, &[Swap(Y, 1, Relaxed), Wake(Y, ALL), Say]],
            ),
            Outcomes(&[
                "changed | changed | 0",
                "changed | woken | 1",
                "woken | changed | 1",
                "woken | woken | 2",
            ]),
            "everybody is found, each once",
        ),
        case(
            Litmus::new("a wake of one", [WAITS, SLEEPS, &[Swap(Y, 1, Relaxed), Wake(Y, 1)]]),
            STUCK,
            "one is found, and no other",
        ),
    ]
}

/// Queueing and leaving are not one step.
#[must_use]
pub fn in_between() -> Vec<Case> {
    vec![
        case(
            Litmus::new(
                "a wake between two queueings",
                [WAITS, &[Wake(X, 1), Say, Swap(Y, 1, Relaxed), Wake(Y, 1), Say]],
            ),
            Outcomes(&["changed | 0 0", "woken | 0 1", "woken | 1 0", "woken | 1 1"]),
            "changed | 1 0 is none: who was found at x says so, though it finds y changed. 1 1: who was found at x is still \
             in the queue of y until it runs",
        ),
        case(
            Litmus::new(
                "a wake of the first word where the second has changed",
                [&[WaitAny(&[(X, 0), (Y, 1)], Never), Say], &[Wake(X, 1), Say]],
            ),
            Outcomes(&["changed | 0", "woken | 1"]),
            "nobody sleeps; but who has entered the first queue is found there until it has left it",
        ),
        case(
            Litmus::new(
                "a wake of the second word where the first has changed",
                [&[WaitAny(&[(X, 1), (Y, 0)], Never), Say], &[Wake(Y, 1), Say]],
            ),
            Outcomes(&["changed | 0"]),
            "it never comes to the second",
        ),
        case(
            Litmus::new(
                "no look at one moment",
                [
                    &[WaitAny(&[(Y, 0), (X, 0)], Never), Say],
                    &[Swap(Y, 1, Relaxed), Wake(X, 1), Say],
                ],
            ),
            STUCK,
            "it compares y before the change and x after the wake, and sleeps while y is 1",
        ),
        case(
            Litmus::new(
                "a wake that is kept by one who did not need it",
                [
                    &[WaitAny(&[(X, 0), (Y, 0)], Never)],
                    &[Wait(Y, 0, Never)],
                    &[Swap(X, 1, Relaxed), Wake(X, 1), Swap(Y, 1, Relaxed), Wake(Y, 1)],
                ],
            ),
            STUCK,
            "the first is found at both words, and the second sleeps on",
        ),
        case(
            Litmus::new(
                "such a wake, passed on",
                [
                    &[WaitAny(&[(X, 0), (Y, 0)], Never), IfWoken(&[Wake(Y, 1)])],
                    &[Wait(Y, 0, Never)],
                    &[Swap(X, 1, Relaxed), Wake(X, 1), Swap(Y, 1, Relaxed), Wake(Y, 1)],
                ],
            ),
            Outcomes(&[""]),
            "whoever says that it was woken may have taken a wake at any of its words",
        ),
    ]
}

/// How the places of a wait come to be known: it is moved from the first one, and so is known to have been there.
const LOOKS_AT_ITS_PLACES: &[Step] =
    &[Requeue(X, 0, 0, Z, 1), Say, Wake(Z, 1), Say, Wake(Y, 1), Say];

/// Who has left one queue may still be in the next.
#[must_use]
pub fn leaves() -> Case {
    case(
        Litmus::new(
            "a wake between two leavings",
            [&[WaitAny(&[(X, 0), (Y, 0), (L, 1)], Never), Say], LOOKS_AT_ITS_PLACES],
        ),
        Outcomes(&[
            "changed | 0 0 0",
            "woken | 0 0 1",
            "changed | 1 0 0",
            "woken | 1 0 1",
            "woken | 1 1 0",
            "woken | 1 1 1",
        ]),
        "1 0 1: it has left its first place, and is found at the second",
    )
}

/// So may who is killed there. Nobody else dies.
#[must_use]
pub fn leaves_and_dies() -> Case {
    const ENDS_IT: &[Step] = &[Swap(X, 1, Relaxed), Wake(X, ALL)];
    let looks = [LOOKS_AT_ITS_PLACES, ENDS_IT].concat();
    case(
        Litmus::new(
            "a death between two leavings",
            [&[WaitAny(&[(X, 0), (Y, 0)], Never), Load(L, Relaxed)], &looks],
        )
        .only_the_first(),
        Outcomes(&[
            "0 0 0",
            "0 0 1",
            "1 1 0",
            "1 1 1",
            "died after 0 | 0 0 0",
            "died after 0 | 0 0 1",
            "died after 0 | 1 0 0",
            "died after 0 | 1 0 1",
            "died after 1 | 0 0 0",
            "died after 1 | 0 0 1",
            "died after 1 | 1 1 0",
            "died after 1 | 1 1 1",
        ]),
        "1 0 1: it was killed, has left its first place, and is found at the second",
    )
}

/// What the lock of a queue tells those who come later, and what not.
#[must_use]
pub fn in_the_kernel() -> Vec<Case> {
    /// Enters the queue of x knowing that it is 1, leaves it, and says so at z.
    const BEEN_THERE: &[Step] =
        &[Load(X, Relaxed), StopUnless(1), WaitAny(&[(X, 1), (Y, 1)], Never), Swap(Z, 1, Relaxed)];
    const KNOWS: &[Step] = &[Load(Z, Relaxed), StopUnless(1)];
    let comes_later = |name, what: Step| {
        case(
            Litmus::new(
                name,
                [&[Swap(X, 1, Relaxed)], BEEN_THERE, &[KNOWS, &[what, Say]].concat()],
            ),
            Outcomes(&["-", "changed"]),
            "whoever has held the lock of a word's queue before has found 1 there",
        )
    };
    vec![
        comes_later("a wait after a wait for several", Wait(X, 0, Never)),
        comes_later("another wait for several", WaitAny(&[(X, 0), (Y, 0)], Never)),
        comes_later("a requeue after a wait for several", Requeue(X, 0, 0, Y, 1)),
        case(
            Litmus::new(
                "who was woken knows the word",
                [
                    &[WaitAny(&[(X, 0), (Y, 0)], Never), Load(Y, Relaxed), Say],
                    &[Swap(Y, 1, Relaxed), Wake(Y, 1)],
                ],
            ),
            Outcomes(&["1"]),
            "as the one knew it that has woken it there",
        ),
    ]
}

/// Where all see the latest value: x is compared first, so who misses the wake there finds y changed.
#[must_use]
pub fn in_order() -> Case {
    case(
        Litmus::new(
            "the words are compared in their order",
            [WAITS, &[Swap(Y, 1, Relaxed), Wake(X, 1), Say]],
        ),
        Outcomes(&["changed | 0", "woken | 1"]),
        "the same with y before x sleeps for ever",
    )
}

/// Deadlines.
#[must_use]
pub fn late() -> Vec<Case> {
    const BRIEFLY: &[Step] = &[WaitAny(&[(X, 0), (Y, 0)], SOON), Say];
    vec![
        case(
            Litmus::new("no time", [&[WaitAny(&[(X, 0), (Y, 0)], Now), Say]]),
            Outcomes(&["late"]),
            "nobody sleeps without time",
        ),
        case(
            Litmus::new("a little time", [BRIEFLY]),
            Outcomes(&["late"]),
            "a deadline passes where nobody comes",
        ),
        case(
            Litmus::new("a little time, and a wake", [BRIEFLY, &[Wake(Y, 1), Say]]),
            Outcomes(&["late | 0", "woken | 1"]),
            "late | 1 is none: who is found while it leaves says so",
        ),
        case(
            Litmus::new(
                "one is late, and the next one",
                [BRIEFLY, &[WaitAny(&[(Y, 0), (X, 0)], SOON), Say, Wake(X, 1), Say]],
            ),
            Outcomes(&["late | late 0", "woken | late 1"]),
            "the second may wake the first, as long as that has not left",
        ),
    ]
}

/// Whoever trusts its wake is found out.
#[must_use]
pub fn trusting() -> Vec<Case> {
    const SETTER: &[Step] = &[Set(7), Swap(Y, 1, Release), Wake(Y, ALL)];
    const TRUSTS: &[Step] = &[
        Loop(&[Load(Y, Acquire), LeaveIf(1), WaitAny(&[(X, 0), (Y, 0)], Never), IfWoken(&[Leave])]),
        Get,
    ];
    const LOOKS: &[Step] =
        &[WaitAny(&[(X, 0), (Y, 0)], Never), Load(Y, Relaxed), StopUnless(1), Get];
    vec![
        case(
            Litmus::new("an event among several that is trusted", [SETTER, TRUSTS]),
            RACE,
            "a wait for several may return for no reason, too",
        ),
        case(
            Litmus::new(
                "an event among several, looked at with too weak an ordering",
                [SETTER, LOOKS],
            ),
            RACE,
            "nor does it order anything",
        ),
    ]
}
