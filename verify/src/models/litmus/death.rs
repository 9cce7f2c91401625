//! What is left of a process that dies, and what the kernel does for it.
//!
//! The kernel's part is `exit_robust_list` and `handle_futex_death` in `kernel/futex/core.c`: the words in the list
//! first, but for the announced one; then that one. A word whose owner died is marked, keeps `FUTEX_WAITERS`, and one
//! waiter is woken if that was set. For an announced word without an owner one waiter is woken, and the word is left
//! alone: before 90d758896787 (Linux 6.2) if the word was 0 (`pending_op && !pi && !uval`), since then if its owner
//! was (`pending_op && !pi && !owner`).

use lockproof::deadline::Deadline::Never;
use lockproof::platform::Ordering::{Acquire, Relaxed, Release};
use lockproof::platform::Update;
use lockproof::raw::mutex_state::{OWNER_DIED, WAITERS};

use super::Expect::Outcomes;
use super::On::{self, L, M, X, Y};
use super::Step::{
    Add, And, Exchange, Fence, Get, IfWoken, Load, Or, Requeue, RobustBegin, RobustEnd,
    RobustInsert, RobustRemove, Say, Set, StopUnless, Store, Swap, UpdateWakeAll, Wait, WaitAny,
    Wake,
};
use super::{Case, Litmus, RACE, SOON, STUCK, Step, case};
use crate::platform::KernelRule;

/// The first process, as it signs a lock word.
const ME: u32 = 1;
const HELD_AND_WAITED_FOR: u32 = ME | WAITERS;

/// Every operation there is, but for those that depend on others.
pub const OPERATIONS: &[Step] = &[
    Load(X, Relaxed),
    Store(Y, 1, Relaxed),
    Swap(X, 1, Relaxed),
    Add(X, 1, Relaxed),
    And(X, 1, Relaxed),
    Or(X, 2, Relaxed),
    Exchange(X, 7, 8, Relaxed),
    Fence(Release),
    Get,
    Set(1),
    Wait(X, 9, Never),
    Wake(X, 1),
    UpdateWakeAll(X, Update::Set(4)),
    WaitAny(&[(X, 9), (Y, 9)], Never),
    Requeue(X, 9, 1, Y, 1),
    RobustBegin(L),
    RobustInsert(L),
    RobustRemove(L),
    RobustEnd,
];

/// A lock's life, announced and in the list as it should be.
pub const TAKE_AND_LET_GO: &[Step] = &[
    RobustBegin(L),
    Exchange(L, 0, ME, Acquire),
    RobustInsert(L),
    RobustEnd,
    RobustRemove(L),
    Swap(L, 0, Release),
    RobustEnd,
];

/// One process, which does these and may die before each of them.
#[must_use]
pub fn mortal(steps: &[Step]) -> Litmus {
    Litmus::new("one that dies", [steps])
}

/// What becomes of words that nobody waits for.
#[must_use]
pub fn marks() -> Vec<Case> {
    vec![
        case(
            Litmus::new("a lock taken and let go", [TAKE_AND_LET_GO]).finally(&[L]),
            Outcomes(&[
                "L=free",
                "died after 0 | L=free",
                "died after 1 | L=free",
                "died after 2 | L=free+died",
                "died after 3 | L=free+died",
                "died after 4 | L=free+died",
                "died after 5 | L=free+died",
                "died after 6 | L=free",
            ]),
            "a word is marked from its compare-exchange until it is let go, if announced or in the list all the while",
        ),
        case(
            Litmus::new(
                "a lock that is neither announced nor in the list",
                [&[Exchange(L, 0, ME, Acquire), Load(L, Relaxed)]],
            )
            .finally(&[L]),
            Outcomes(&["L=held by 1", "died after 0 | L=free", "died after 1 | L=held by 1"]),
            "the kernel knows no other words",
        ),
        case(
            Litmus::new(
                "a lock of another in the list",
                [&[Swap(L, 2, Relaxed), RobustInsert(L), Load(L, Relaxed)]],
            )
            .finally(&[L]),
            Outcomes(&[
                "L=held by 2",
                "died after 0 | L=free",
                "died after 1 | L=held by 2",
                "died after 2 | L=held by 2",
            ]),
            "the kernel leaves others' words alone",
        ),
        case(
            Litmus::new(
                "two locks, one in the list and one announced",
                [&[
                    Swap(L, ME, Acquire),
                    RobustInsert(L),
                    RobustBegin(M),
                    Swap(M, HELD_AND_WAITED_FOR, Acquire),
                    RobustInsert(M),
                    RobustEnd,
                    Load(L, Relaxed),
                ]],
            )
            .finally(&[L, M]),
            Outcomes(&[
                "L=free+died | M=free+waiters+died",
                "died after 0 | L=free | M=free",
                "died after 1 | L=held by 1 | M=free",
                "died after 2 | L=free+died | M=free",
                "died after 3 | L=free+died | M=free",
                "died after 4 | L=free+died | M=free+waiters+died",
                "died after 5 | L=free+died | M=free+waiters+died",
                "died after 6 | L=free+died | M=free+waiters+died",
            ]),
            "both are looked at; a mark keeps WAITERS; and who ends holding locks has died holding them",
        ),
        case(
            Litmus::new(
                "data of the dead",
                [
                    &[Set(7), RobustBegin(L), Swap(L, ME, Relaxed)],
                    &[Load(L, Acquire), StopUnless(OWNER_DIED), Get, Say],
                ],
            )
            .only_the_first(),
            Outcomes(&["-", "7", "died after 0 | -", "died after 1 | -", "died after 2 | -"]),
            "the kernel's mark is a full barrier: what the dead wrote is seen by whoever acquires it",
        ),
    ]
}

fn among_several(name: &'static str, holder: &[Step], waiter: &[Step]) -> Case {
    case(
        Litmus::new(name, [holder, waiter]).only_the_first(),
        Outcomes(&[
            "changed",
            "woken",
            "died after 0 | changed",
            "died after 1 | changed",
            "died after 2 | changed",
            "died after 2 | woken",
            "died after 3 | changed",
            "died after 3 | woken",
            "died after 4 | changed",
            "died after 4 | woken",
        ]),
        "and so is who waits for a holder among others",
    )
}

/// Who is woken by a mark.
#[must_use]
pub fn wakes_by_mark() -> Vec<Case> {
    const HOLDER: &[Step] = &[
        RobustBegin(L),
        Exchange(L, 0, HELD_AND_WAITED_FOR, Acquire),
        RobustInsert(L),
        Load(L, Relaxed),
        RobustEnd,
    ];
    const SLEEPER: &[Step] = &[Wait(L, HELD_AND_WAITED_FOR, SOON), Say];
    vec![
        case(
            Litmus::new("one waits for a holder", [HOLDER, SLEEPER]).only_the_first().finally(&[L]),
            Outcomes(&[
                "changed | L=free+waiters+died",
                "woken | L=free+waiters+died",
                "died after 0 | changed | L=free",
                "died after 1 | changed | L=free",
                "died after 2 | changed | L=free+waiters+died",
                "died after 2 | woken | L=free+waiters+died",
                "died after 3 | changed | L=free+waiters+died",
                "died after 3 | woken | L=free+waiters+died",
                "died after 4 | changed | L=free+waiters+died",
                "died after 4 | woken | L=free+waiters+died",
            ]),
            "whoever waits for a holder that dies is told",
        ),
        among_several(
            "one waits for a holder, and for something else",
            HOLDER,
            &[WaitAny(&[(X, 0), (L, HELD_AND_WAITED_FOR)], SOON), Say],
        ),
        among_several(
            "one waits for a holder first, and for something else",
            HOLDER,
            &[WaitAny(&[(L, HELD_AND_WAITED_FOR), (X, 0)], SOON), Say],
        ),
        case(
            Litmus::new("two wait for a holder", [HOLDER, SLEEPER, SLEEPER])
                .only_the_first()
                .never(&[
                    "woken | woken",
                    "died after 3 | woken | woken",
                    "died after 4 | woken | woken",
                ]),
            Outcomes(&[
                "changed | changed",
                "changed | woken",
                "late | woken",
                "woken | changed",
                "woken | late",
                "died after 0 | changed | changed",
                "died after 1 | changed | changed",
                "died after 2 | changed | changed",
                "died after 2 | changed | woken",
                "died after 2 | late | woken",
                "died after 2 | woken | changed",
                "died after 2 | woken | late",
                "died after 3 | changed | changed",
                "died after 3 | changed | woken",
                "died after 3 | late | woken",
                "died after 3 | woken | changed",
                "died after 3 | woken | late",
                "died after 4 | changed | changed",
                "died after 4 | changed | woken",
                "died after 4 | late | woken",
                "died after 4 | woken | changed",
                "died after 4 | woken | late",
            ]),
            "one of them, also where the word is in the list and announced: it is handled once",
        ),
        case(
            Litmus::new(
                "one waits and has not said so",
                [&[RobustBegin(L), Exchange(L, 0, ME, Acquire)], &[Wait(L, ME, SOON), Say]],
            )
            .only_the_first()
            .finally(&[L]),
            Outcomes(&[
                "changed | L=free+died",
                "late | L=free+died",
                "died after 0 | changed | L=free",
                "died after 1 | changed | L=free",
            ]),
            "without WAITERS the kernel wakes nobody",
        ),
    ]
}

/// A waiter that is woken by a mark, and looks at it with too weak an ordering.
#[must_use]
pub fn trusts_the_mark() -> Case {
    const MARKED: u32 = WAITERS | OWNER_DIED;
    const HOLDER: &[Step] = &[
        RobustBegin(L),
        Set(7),
        Swap(L, HELD_AND_WAITED_FOR, Relaxed),
        Load(L, Relaxed),
        RobustEnd,
    ];
    const LOOKS: &[Step] = &[
        Wait(L, HELD_AND_WAITED_FOR, SOON),
        IfWoken(&[Load(L, Relaxed), StopUnless(MARKED), Get]),
    ];
    case(
        Litmus::new("one that trusts the mark of the dead", [HOLDER, LOOKS]).only_the_first(),
        RACE,
        "the kernel's wake orders nothing either: an early return, of a survivor, shows that",
    )
}

/// Whether one is woken for an announced word that holds `value`, and is not the dead process's.
#[must_use]
pub fn announced(value: u32) -> Litmus {
    let dies = [Swap(L, value, Relaxed), RobustBegin(L), Load(L, Relaxed), RobustEnd];
    let sleeps = [Wait(L, value, SOON), Say];
    Litmus::new("one that dies half-way", [&dies, &sleeps]).only_the_first()
}

/// What each kernel does for an announced word: its value, and whether one is woken.
pub const ANNOUNCED: &[(KernelRule, u32, bool)] = &[
    (KernelRule::Since62, 0, true),
    (KernelRule::Since62, WAITERS, true),
    (KernelRule::Since62, OWNER_DIED, true),
    (KernelRule::Since62, WAITERS | OWNER_DIED, true),
    (KernelRule::Since62, 2, false),
    (KernelRule::Since62, 2 | WAITERS, false),
    (KernelRule::Before62, 0, true),
    (KernelRule::Before62, WAITERS, false),
    (KernelRule::Before62, OWNER_DIED, false),
    (KernelRule::Before62, 2, false),
    (KernelRule::Before62, 2 | WAITERS, false),
];

/// Two wait at a word; whoever is woken wakes the other one. If one dies having been woken, the other one sleeps on,
/// unless the kernel repeats the wake: for that the word has to be announced.
#[must_use]
pub fn eaten_wake(name: &'static str, announced: bool) -> Litmus {
    const TELLS: &[Step] = &[Swap(L, WAITERS, Relaxed), Wake(L, 1)];
    const PASSES_ON: &[Step] = &[Wait(L, 0, Never), Wake(L, 1)];
    const ANNOUNCES: &[Step] = &[RobustBegin(L), Wait(L, 0, Never), Wake(L, 1), RobustEnd];
    let waiter = if announced { ANNOUNCES } else { PASSES_ON };
    Litmus::new(name, [waiter, waiter, TELLS]).only_the_first()
}

/// Holds a word, which somebody waits for, until it ends.
const fn holder(word: On, held: u32) -> [Step; 5] {
    [
        RobustBegin(word),
        Exchange(word, 0, held, Relaxed),
        RobustInsert(word),
        Load(word, Relaxed),
        RobustEnd,
    ]
}

const FIRST_HELD: u32 = 1 | WAITERS;
const SECOND_HELD: u32 = 2 | WAITERS;
const FIRST: &[Step] = &holder(L, FIRST_HELD);
const SECOND: &[Step] = &holder(M, SECOND_HELD);
/// Waits for both of them.
const WAITS_FOR_BOTH: Step = WaitAny(&[(L, FIRST_HELD), (M, SECOND_HELD)], Never);

/// One waits for two holders. All of them may die; each holder ends holding its word.
#[must_use]
pub fn of_two_holders() -> Litmus {
    Litmus::new("one waits for two holders", [FIRST, SECOND, &[WAITS_FOR_BOTH, Say]])
}

/// The same, and another waits for one of them.
#[must_use]
pub fn of_two_holders_among_others() -> Vec<Case> {
    const SLEEPS: &[Step] = &[Wait(M, SECOND_HELD, Never), Say];
    const PASSES_ON: &[Step] = &[WAITS_FOR_BOTH, IfWoken(&[Wake(L, 1), Wake(M, 1)])];
    vec![
        case(
            Litmus::new("two deaths are told to one", [FIRST, SECOND, &[WAITS_FOR_BOTH], SLEEPS]),
            STUCK,
            "woken by the first death it is found by the second as well, and the other waiter sleeps on",
        ),
        case(
            Litmus::new(
                "two deaths are told to one, who passes on both",
                [FIRST, SECOND, PASSES_ON, SLEEPS],
            ),
            Outcomes(&["changed", "woken"]),
            "whoever says that it was woken may have been told of any of them",
        ),
    ]
}
