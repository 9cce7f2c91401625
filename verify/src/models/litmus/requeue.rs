//! What the kernel does for who moves sleepers to another word (`futex_requeue` in `kernel/futex/requeue.c`), and its
//! stand-ins have to do.
//!
//! The tables are those without early returns, and of a deadline only that which passes where nobody can go on.

use lockproof::deadline::Deadline::Never;
use lockproof::platform::Ordering::Relaxed;
use lockproof::raw::mutex_state::WAITERS;

use super::Expect::{Fails, Outcomes};
use super::On::{L, X, Y, Z};
use super::Step::{
    Exchange, Leave, LeaveIf, Load, Loop, Or, Requeue, RobustBegin, RobustEnd, RobustInsert, Say,
    Swap, Wait, WaitAny, Wake,
};
use super::{Case, Litmus, SOON, STUCK, Step, case};

/// Everybody.
const ALL: u32 = u32::MAX;
/// Waits while x is 0.
const SLEEPS: &[Step] = &[Wait(X, 0, Never), Say];

/// Who is found where.
#[must_use]
pub fn moves() -> Vec<Case> {
    vec![
        case(
            Litmus::new(
                "one is moved",
                [
                    SLEEPS,
                    &[
                        Swap(Y, 7, Relaxed),
                        Requeue(X, 0, 0, Y, 1),
                        Say,
                        Swap(X, 1, Relaxed),
                        Wake(X, ALL),
                        Say,
                        Wake(Y, ALL),
                        Say,
                    ],
                ],
            ),
            Outcomes(&["changed | 0 0 0", "woken | 0 1 0", "woken | 1 0 1"]),
            "1 0 1: who was moved is not found where it fell asleep, and sleeps on the other word whatever that holds",
        ),
        case(
            Litmus::new(
                "one is moved and moved again",
                [
                    SLEEPS,
                    &[
                        Requeue(X, 0, 0, Y, 1),
                        Say,
                        Requeue(Y, 0, 0, Z, 1),
                        Say,
                        Wake(Z, 1),
                        Say,
                        Swap(X, 1, Relaxed),
                        Wake(X, ALL),
                        Say,
                    ],
                ],
            ),
            Outcomes(&["changed | 0 0 0 0", "woken | 0 0 0 1", "woken | 1 1 1 0"]),
            "it is a sleeper of its new word as any other",
        ),
        case(
            Litmus::new(
                "the word has changed",
                [SLEEPS, &[Swap(X, 1, Relaxed), Requeue(X, 0, 1, Y, 1), Say, Wake(X, ALL), Say]],
            ),
            Outcomes(&["changed | changed 0", "woken | changed 1"]),
            "then nobody is woken, nor moved",
        ),
        case(
            Litmus::new(
                "one is left where nobody looks",
                [SLEEPS, &[Requeue(X, 0, 0, Y, 1)], &[Swap(X, 1, Relaxed), Wake(X, ALL)]],
            ),
            STUCK,
            "a wake does not follow who was moved",
        ),
    ]
}

/// One is moved, and then everybody is woken.
#[must_use]
pub fn then_wakes_all() -> Case {
    case(
        Litmus::new(
            "one is moved, and then all are woken",
            [
                SLEEPS,
                &[
                    Requeue(X, 0, 0, Y, 1),
                    Say,
                    Wake(Y, 1),
                    Say,
                    Swap(X, 1, Relaxed),
                    Wake(X, ALL),
                    Say,
                ],
            ],
        ),
        Outcomes(&["changed | 0 0 0", "woken | 0 0 1", "woken | 1 1 0"]),
        "whoever sleeps is found at the one word or the other",
    )
}

/// How many are woken, and how many moved.
#[must_use]
pub fn numbers() -> Vec<Case> {
    vec![
        case(
            Litmus::new(
                "one is woken, and all others are moved",
                [
                    SLEEPS,
                    SLEEPS,
                    &[Swap(X, 1, Relaxed), Requeue(X, 1, 1, Y, ALL), Say, Wake(Y, ALL), Say],
                ],
            ),
            Outcomes(&[
                "changed | changed | 0 0",
                "changed | woken | 1 0",
                "woken | changed | 1 0",
                "woken | woken | 2 1",
            ]),
            "the first that is found is woken, and both are counted",
        ),
        case(
            Litmus::new(
                "one is moved, and the others stay",
                [
                    SLEEPS,
                    SLEEPS,
                    &[
                        Swap(X, 1, Relaxed),
                        Requeue(X, 1, 0, Y, 1),
                        Say,
                        Wake(X, ALL),
                        Say,
                        Wake(Y, ALL),
                        Say,
                    ],
                ],
            ),
            Outcomes(&[
                "changed | changed | 0 0 0",
                "changed | woken | 1 0 1",
                "woken | changed | 1 0 1",
                "woken | woken | 1 1 1",
            ]),
            "no more than that",
        ),
        case(
            Litmus::new(
                "one is woken, and no other",
                [SLEEPS, SLEEPS, &[Swap(X, 1, Relaxed), Requeue(X, 1, 1, Y, 0), Say, Wake(Y, ALL)]],
            ),
            STUCK,
            "and where nobody is to be moved, nobody is",
        ),
        case(
            Litmus::new(
                "one joins who sleeps there",
                [
                    SLEEPS,
                    &[Wait(Y, 0, Never), Say],
                    &[
                        Swap(X, 1, Relaxed),
                        Requeue(X, 1, 0, Y, 1),
                        Say,
                        Swap(Y, 1, Relaxed),
                        Wake(Y, ALL),
                        Say,
                    ],
                ],
            ),
            Outcomes(&[
                "changed | changed | 0 0",
                "changed | woken | 0 1",
                "woken | changed | 1 1",
                "woken | woken | 1 2",
            ]),
            "a wake of all finds both",
        ),
    ]
}

/// Who waits for several words, and is moved with one of them.
#[must_use]
pub fn of_several() -> Vec<Case> {
    const WAITS: &[Step] = &[WaitAny(&[(X, 0), (Z, 0)], Never), Say];
    vec![
        case(
            Litmus::new(
                "one of two places is moved",
                [
                    WAITS,
                    &[
                        Swap(X, 1, Relaxed),
                        Requeue(X, 1, 0, Y, 1),
                        Say,
                        Wake(X, ALL),
                        Say,
                        Wake(Y, ALL),
                        Say,
                    ],
                ],
            ),
            Outcomes(&["changed | 0 0 0", "woken | 1 0 1"]),
            "also while the other has not been entered yet",
        ),
        case(
            Litmus::new(
                "one of two places is moved, and the other one found",
                [
                    WAITS,
                    &[
                        Swap(X, 1, Relaxed),
                        Requeue(X, 1, 0, Y, 1),
                        Say,
                        Wake(Z, 1),
                        Say,
                        Wake(Y, 1),
                        Say,
                    ],
                ],
            ),
            Outcomes(&["changed | 0 0 0", "woken | 1 0 1", "woken | 1 1 0", "woken | 1 1 1"]),
            "it leaves its new queue as it would have left the old one",
        ),
        case(
            Litmus::new(
                "one is moved to where it waits already",
                [
                    &[WaitAny(&[(X, 0), (Y, 0)], Never), Say],
                    &[
                        Swap(X, 1, Relaxed),
                        Requeue(X, 1, 0, Y, 1),
                        Say,
                        Swap(Y, 1, Relaxed),
                        Wake(Y, 2),
                        Say,
                    ],
                ],
            ),
            Outcomes(&["changed | 0 0", "changed | 1 0", "woken | 1 1", "woken | 1 2"]),
            "1 2: it is found twice. changed | 1 0: it was moved, found y changed, and left before the wake",
        ),
    ]
}

/// Which of two is moved. `who` is the outcome that shows it, never reached in the other order.
#[must_use]
pub fn either(who: &'static str) -> Case {
    const EARLY: &[Step] = &[Wait(X, 0, SOON), Say];
    const LATE: &[Step] = &[Swap(X, 1, Relaxed), Wait(X, 1, SOON), Say];
    // The first sleeper found 0, so it slept before the second one changed the word. Only who was moved is woken.
    const MOVES: &[Step] = &[Requeue(X, 1, 0, Y, 1), Wake(Y, 1), Say];
    case(
        Litmus::new("one of two is moved", [EARLY, LATE, MOVES]).never(&[who]),
        Fails("the outcome is"),
        "both orders are tried",
    )
}

/// Deadlines. On loom one passes only where nobody can go on.
#[must_use]
pub fn late() -> Case {
    case(
        Litmus::new(
            "one is moved, and late",
            [&[Wait(X, 0, SOON), Say], &[Requeue(X, 0, 0, Y, 1), Say, Wake(Y, 1), Say]],
        ),
        Outcomes(&["late | 0 0", "woken | 1 1"]),
        "it keeps its deadline",
    )
}

/// What else may become of one who was moved: it may be late, or begin anew where it had been, and return for no reason.
#[must_use]
pub fn interrupted() -> [Case; 2] {
    let of = |name, wait: Step| {
        case(
            Litmus::new(
                name,
                [&[wait, Say], &[Requeue(X, 0, 0, Y, 1), Say, Wake(X, 1), Say, Wake(Y, 1), Say]],
            ),
            Outcomes(&[
                "late | 0 0 0",
                "late | 1 0 0",
                "woken | 0 0 0",
                "woken | 0 1 0",
                "woken | 1 0 0",
                "woken | 1 0 1",
                "woken | 1 1 0",
            ]),
            "woken | 1 0 0: it was moved, and returned for no reason. 1 1 0: it was moved, began anew, and was found at x",
        )
    };
    [
        of("one is moved, and interrupted", Wait(X, 0, SOON)),
        of(
            "one is moved from one of its places, and interrupted",
            WaitAny(&[(X, 0), (Z, 0)], SOON),
        ),
    ]
}

/// Who dies having been moved is no sleeper any more, unless it had been woken.
#[must_use]
pub fn deaths() -> Vec<Case> {
    const MORTAL: &[Step] = &[Wait(X, 0, Never), Load(Z, Relaxed)];
    vec![
        case(
            Litmus::new(
                "one that was moved dies",
                [MORTAL, &[Swap(X, 1, Relaxed), Requeue(X, 1, 0, Y, ALL), Say, Wake(Y, ALL), Say]],
            )
            .only_the_first(),
            Outcomes(&[
                "0 0",
                "1 1",
                "died after 0 | 0 0",
                "died after 0 | 1 0",
                "died after 1 | 0 0",
                "died after 1 | 1 1",
            ]),
            "1 0: it was moved, died, and was not found. died after 1 | 0 0: it found x changed",
        ),
        case(
            Litmus::new(
                "one that was moved and woken dies",
                [MORTAL, SLEEPS, &[Swap(X, 1, Relaxed), Requeue(X, 1, 0, Y, ALL), Wake(Y, 1)]],
            )
            .only_the_first(),
            STUCK,
            "it has taken the wake with it",
        ),
    ]
}

/// One is moved to the word of a holder, who then ends holding it, and may die before. Whoever moves it there looks
/// whether somebody still holds it.
#[must_use]
pub fn to_a_holder() -> Case {
    const HELD: u32 = 1 | WAITERS;
    const HOLDER: &[Step] = &[
        RobustBegin(L),
        Exchange(L, 0, HELD, Relaxed),
        RobustInsert(L),
        Load(Z, Relaxed),
        RobustEnd,
    ];
    const MOVES: &[Step] = &[
        Requeue(X, 0, 0, L, 1),
        Say,
        Swap(X, 1, Relaxed),
        Wake(X, ALL),
        Or(L, 0, Relaxed),
        Loop(&[LeaveIf(HELD), Wake(L, 1), Leave]),
    ];
    case(
        Litmus::new("one is moved to a holder's word", [HOLDER, SLEEPS, MOVES]).only_the_first(),
        Outcomes(&["changed | 0", "woken | 0", "woken | 1"]),
        "the kernel's walk wakes who was moved to the word of the dead as any other",
    )
}
