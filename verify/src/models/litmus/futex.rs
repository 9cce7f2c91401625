//! What the kernel's futex does, and its stand-in has to do: the part that both loom and shuttle show.

use lockproof::deadline::Deadline::{Never, Now};
use lockproof::platform::Ordering::{Acquire, Relaxed, Release};
use lockproof::platform::Update;

use super::Expect::{Fails, Outcomes};
use super::On::{X, Y};
use super::Step::{
    Add, Get, IfWoken, Leave, LeaveIf, Load, Loop, Or, Say, Set, Swap, UpdateWakeAll, Wait, Wake,
};
use super::{Case, Expect, Litmus, RACE, SOON, STUCK, Step, case};
use crate::model::WAIT;

/// Everybody.
const ALL: u32 = u32::MAX;
/// Waits until x is 1, and takes the data.
const WAITER: &[Step] = &[Loop(&[Load(X, Acquire), LeaveIf(1), Wait(X, 0, Never)]), Get, Say];
/// Waits unless x is 1 already.
const SLEEPER: &[Step] = &[Wait(X, 0, Never)];
/// Leaves data, and sets x.
const SETTER: &[Step] = &[Set(7), Swap(X, 1, Release), Wake(X, ALL)];

/// Nobody sleeps through a wake, and nobody wakes up without one.
#[must_use]
pub fn events() -> Vec<Case> {
    vec![
        case(
            Litmus::new("an event", [SETTER, WAITER]).sometimes(&[WAIT]),
            Outcomes(&["7"]),
            "the word is compared as one step with falling asleep, so the wake finds the sleeper",
        ),
        case(
            Litmus::new("a wake of all", [&[Swap(X, 1, Relaxed), Wake(X, ALL)], SLEEPER, SLEEPER]),
            Outcomes(&[""]),
            "all wake up",
        ),
        case(
            Litmus::new("a wake of two", [&[Swap(X, 1, Relaxed), Wake(X, 2)], SLEEPER, SLEEPER]),
            Outcomes(&[""]),
            "two wake up",
        ),
        case(
            Litmus::new("a wake of one", [&[Swap(X, 1, Relaxed), Wake(X, 1)], SLEEPER, SLEEPER]),
            STUCK,
            "one wakes up, and no other",
        ),
        case(
            Litmus::new("an event that forgets to wake", [&[Set(7), Swap(X, 1, Release)], WAITER]),
            STUCK,
            "a change of the word by itself wakes nobody",
        ),
        case(
            Litmus::new(
                "an event that wakes too early",
                [&[Set(7), Wake(X, ALL), Swap(X, 1, Release)], WAITER],
            ),
            STUCK,
            "a wake is not kept for who sleeps later",
        ),
        case(
            Litmus::new(
                "an event that wakes at another word",
                [&[Set(7), Swap(X, 1, Release), Wake(Y, ALL)], WAITER],
            ),
            STUCK,
            "a wake is for the sleepers of its word",
        ),
    ]
}

/// Waiters that take a wake for an event. What shows it: on loom a data race, on shuttle the data not yet there.
#[must_use]
pub fn trusting(shown: Expect) -> Vec<Case> {
    const TRUSTS: &[Step] =
        &[Loop(&[Load(X, Acquire), LeaveIf(1), Wait(X, 0, Never), IfWoken(&[Leave])]), Get, Say];
    vec![case(
        Litmus::new("an event that trusts its wake", [SETTER, TRUSTS]).never(&["0"]),
        shown,
        "a wait may return for no reason",
    )]
}

/// A waiter that looks again, with too weak an ordering.
#[must_use]
pub fn looking_again_relaxed() -> Vec<Case> {
    const LOOKS: &[Step] = &[
        Loop(&[
            Load(X, Acquire),
            LeaveIf(1),
            Wait(X, 0, Never),
            IfWoken(&[Load(X, Relaxed), LeaveIf(1)]),
        ]),
        Get,
        Say,
    ];
    vec![case(
        Litmus::new("an event that trusts its wake for the ordering", [SETTER, LOOKS]),
        RACE,
        "a wake orders nothing, and a wait that returns for no reason shows that",
    )]
}

/// What a single wait returns.
#[must_use]
pub fn returns() -> Vec<Case> {
    vec![
        case(
            Litmus::new("another value", [&[Wait(X, 1, Never), Say]]),
            Outcomes(&["changed", "woken"]),
            "nobody sleeps on a word that holds something else; any wait may return for no reason",
        ),
        case(
            Litmus::new("no time", [&[Wait(X, 0, Now), Say]]),
            Outcomes(&["late"]),
            "nobody sleeps without time",
        ),
        case(
            Litmus::new("a little time", [&[Wait(X, 0, SOON), Say]]),
            Outcomes(&["late", "woken"]),
            "a deadline passes where nobody comes, and ends the sleep",
        ),
        case(
            Litmus::new("a little time for two", [&[Wait(X, 0, SOON)], &[Wait(X, 0, SOON)]]),
            Outcomes(&[""]),
            "a deadline passes for each",
        ),
        case(
            Litmus::new("no end of time", [&[Wait(X, 0, Never), Say]]),
            STUCK,
            "and without a deadline nothing does",
        ),
        case(
            Litmus::new(
                "one has a little time, and wakes the other",
                [&[Wait(X, 0, SOON), Swap(X, 1, Relaxed), Wake(X, 1)], &[Wait(X, 0, Never)]],
            ),
            Outcomes(&[""]),
            "a deadline passes though others sleep without one",
        ),
    ]
}

/// A waiter that gives up takes nothing with it.
#[must_use]
pub fn giving_up() -> Vec<Case> {
    const GIVES_UP: &[Step] = &[Wait(X, 0, SOON), IfWoken(&[Wake(X, 1)])];
    const WAKES_ONE: &[Step] = &[Swap(X, 1, Relaxed), Wake(X, 1)];
    vec![
        case(
            Litmus::new("a wake passed on", [WAKES_ONE, GIVES_UP, SLEEPER]),
            Outcomes(&[""]),
            "either it is late, and has eaten no wake, or it is woken, and passes the wake on",
        ),
        case(
            Litmus::new("a wake kept", [WAKES_ONE, &[Wait(X, 0, SOON)], SLEEPER]),
            STUCK,
            "one who is woken before its deadline has eaten the wake",
        ),
    ]
}

/// The futex operation that changes the word and wakes in one step.
#[must_use]
pub fn update_and_wake() -> Vec<Case> {
    const SET: Update = Update::Set(0);
    const LATE_SLEEPER: &[Step] = &[Wait(X, 1, SOON)];
    vec![
        case(
            Litmus::new("all are woken", [&[UpdateWakeAll(X, SET), Say], SLEEPER, SLEEPER])
                .finally(&[X]),
            Outcomes(&["0 | X=1", "1 | X=1", "2 | X=1"]),
            "whoever slept before the change is woken by it, and nobody sleeps after it",
        ),
        case(
            Litmus::new(
                "a bit is cleared",
                [&[Add(X, 3, Relaxed), UpdateWakeAll(X, Update::Clear(0)), Say]],
            )
            .finally(&[X]),
            Outcomes(&["0 | X=2"]),
            "the other bits stay",
        ),
        case(
            Litmus::new(
                "change and wake in one step",
                [&[UpdateWakeAll(X, SET), Say], LATE_SLEEPER],
            ),
            Outcomes(&["0"]),
            "nobody can fall asleep on the new value before the wake",
        ),
        case(
            Litmus::new(
                "change and wake in two steps",
                [&[Or(X, 1, Relaxed), Wake(X, ALL), Say], LATE_SLEEPER],
            ),
            Outcomes(&["0", "1"]),
            "here one can",
        ),
    ]
}

/// Who is woken first. `who` is the outcome that shows it, never reached in the other order.
#[must_use]
pub fn wake_order(who: &'static str) -> Case {
    const EARLY: &[Step] = &[Wait(X, 0, SOON), Say];
    const LATE: &[Step] = &[Swap(X, 1, Relaxed), Wait(X, 1, SOON), Say];
    // The first sleeper found 0, so it slept before the second one changed the word. One is woken, the other one is late.
    case(
        Litmus::new("one of two is woken", [&[Wake(X, 1), Say], EARLY, LATE]).never(&[who]),
        Fails("the outcome is"),
        "both orders are tried",
    )
}

/// The same, where the first sleeper sleeps only because an earlier wait returned for no reason.
#[must_use]
pub fn wake_order_after_an_early_return(who: &'static str) -> Case {
    const EARLY: &[Step] = &[Wait(Y, 1, Never), IfWoken(&[Wait(X, 0, SOON), Say])];
    const LATE: &[Step] = &[Swap(X, 1, Relaxed), Wait(X, 1, SOON), Say];
    case(
        Litmus::new(
            "one of two is woken, after an early return",
            [&[Wake(X, 1), Say], EARLY, LATE],
        )
        .never(&[who]),
        Fails("the outcome is"),
        "both orders are tried wherever there are two to wake",
    )
}

/// The first sleeper is woken.
pub const FIRST_IN: &str = "1 | woken | late";
/// The last one is.
pub const LAST_IN: &str = "1 | late | woken";
