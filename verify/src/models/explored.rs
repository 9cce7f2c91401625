//! What the explorer of states is asked about: the main proof of each claim, without a bound on preemptions.

use super::registry::{By, Exploration, Size, find};
use crate::claim::{Budget, Claim, Expected, Method, Progress};
use crate::explore::graph::{GraphSearch, Liveness, Memory};
use crate::platform::KernelRule;
use crate::verdict::{Finding, Verdict};

/// A model at some sizes: processes, increments of each, deaths.
type Row = (&'static str, &'static [(usize, usize, u8)]);

/// What holds.
const HOLDS: &[Row] = &[
    ("mutex", &[(2, 1, 0), (2, 2, 0), (2, 10, 0), (3, 1, 0), (3, 2, 0), (3, 4, 0), (4, 1, 0)]),
    ("mutex", &[(5, 1, 0), (6, 1, 0)]),
    (
        "mutex",
        &[
            (2, 1, 1),
            (2, 2, 2),
            (2, 10, 1),
            (3, 1, 2),
            (3, 2, 1),
            (3, 3, 1),
            (4, 1, 1),
            (4, 1, 2),
            (5, 1, 1),
        ],
    ),
    ("mutex-panic", &[(2, 2, 0), (3, 2, 0), (4, 1, 0)]),
    ("mutex-deadline", &[(2, 1, 0), (3, 1, 0), (4, 1, 0)]),
    ("mutex-given-up", &[(2, 1, 0), (3, 1, 0), (4, 1, 0), (3, 1, 1), (4, 1, 1)]),
    ("mutex-another", &[(2, 1, 0), (2, 1, 1), (3, 1, 0)]),
    ("barrier-another", &[(2, 1, 0), (2, 1, 1)]),
    ("separate-lock", &[(2, 2, 0), (3, 1, 0), (2, 1, 1), (3, 1, 1)]),
    ("value-lock", &[(2, 2, 0), (3, 1, 0), (2, 1, 1), (3, 1, 1)]),
    ("counter", &[(2, 2, 0), (3, 2, 0), (2, 1, 1), (3, 1, 1)]),
    ("atomic", &[(2, 2, 0), (3, 2, 0), (2, 1, 1), (3, 1, 1)]),
    ("counter-set", &[(2, 1, 0), (3, 1, 0), (2, 1, 1), (3, 1, 1)]),
    ("atomic-set", &[(2, 1, 0), (3, 1, 0), (2, 1, 1)]),
    ("tickets", &[(2, 1, 0), (3, 1, 0), (2, 2, 0), (2, 1, 1), (3, 1, 1)]),
    ("jobs", &[(2, 1, 0), (2, 2, 0), (2, 5, 0)]),
    ("append", &[(2, 1, 0), (2, 1, 1)]),
    ("workers", &[(2, 1, 0), (3, 1, 0), (2, 2, 1), (3, 1, 1)]),
    ("csv", &[(2, 1, 0), (2, 1, 1)]),
    ("init", &[(2, 1, 0), (3, 1, 0), (2, 1, 1), (3, 1, 1), (3, 1, 2)]),
    ("init-rivals", &[(2, 1, 0), (3, 1, 0), (3, 1, 1)]),
    ("event", &[(3, 1, 0), (4, 1, 0), (3, 1, 1), (4, 1, 2)]),
    ("event-deadline", &[(3, 1, 0), (4, 1, 0), (3, 1, 1)]),
    ("event-pulse", &[(3, 1, 0), (4, 1, 0)]),
    ("event-cleared", &[(3, 1, 0)]),
    ("event-again", &[(2, 4, 0)]),
    ("rwlock", &[(2, 1, 0), (2, 2, 0), (2, 1, 1), (2, 1, 2)]),
    ("rwlock-roles", &[(3, 1, 0), (2, 2, 1), (3, 1, 1)]),
    ("rwlock-deadline", &[(3, 1, 0), (2, 1, 1)]),
    ("rwlock-downgrade", &[(2, 1, 0), (2, 1, 1)]),
    ("condvar", &[(2, 1, 0), (2, 1, 1)]),
    ("condvar-inside", &[(2, 1, 0), (2, 1, 1)]),
    ("condvar-deadline", &[(2, 1, 0), (2, 1, 1)]),
    ("condvar-meeting", &[(2, 1, 0)]),
    ("semaphore", &[(2, 1, 0), (3, 1, 0), (2, 1, 1), (2, 1, 2)]),
    ("semaphore-two", &[(3, 1, 0), (3, 1, 1)]),
    ("semaphore-both", &[(2, 1, 0), (2, 1, 1)]),
    ("semaphore-deadline", &[(2, 1, 0), (2, 1, 1)]),
    ("semaphore-signal", &[(2, 1, 0), (2, 1, 1)]),
    ("semaphore-lent", &[(2, 2, 0), (2, 2, 1)]),
    ("semaphore-many", &[(2, 1, 0), (2, 1, 1)]),
    ("semaphore-many-of-three", &[(2, 1, 0), (2, 1, 1)]),
    ("semaphore-many-deadline", &[(2, 1, 0), (2, 1, 1)]),
    ("semaphore-full", &[(2, 1, 0), (2, 1, 1)]),
    ("semaphore-signal-deadline", &[(2, 1, 0), (2, 1, 1)]),
    ("semaphore-posted", &[(3, 1, 0), (3, 1, 1)]),
    ("barrier", &[(2, 1, 0), (2, 2, 0), (3, 1, 1)]),
    ("barrier-passing", &[(2, 2, 0)]),
    ("barrier-deadline", &[(2, 1, 0), (2, 2, 0)]),
    ("barrier-abort", &[(2, 1, 0), (2, 1, 1)]),
    ("barrier-reset", &[(2, 1, 0)]),
    ("barrier-recover", &[(2, 1, 0)]),
    ("barrier-back", &[(2, 1, 0)]),
    ("barrier-crowd", &[(3, 1, 0)]),
    ("barrier-lost", &[(2, 1, 0), (2, 1, 1)]),
    ("tasks", &[(2, 1, 0), (2, 1, 1)]),
    ("tasks-deadline", &[(2, 1, 0), (2, 1, 1)]),
    ("queue", &[(2, 1, 0), (2, 1, 1)]),
    ("queue-deadline", &[(2, 1, 0), (2, 1, 1)]),
    ("queue-fill", &[(2, 1, 0), (2, 1, 2)]),
    ("queue-batches-fill", &[(2, 1, 0), (2, 1, 1), (2, 1, 2)]),
    ("drepper", &[(2, 2, 0), (3, 2, 0), (4, 1, 0)]),
    ("drepper-forgets", &[(2, 2, 0)]),
    ("glibc-robust", &[(3, 1, 0), (2, 1, 1)]),
];

/// What holds, and takes long.
const HOLDS_IN_MINUTES: &[Row] = &[
    ("mutex", &[(4, 2, 0), (3, 4, 1), (4, 2, 1)]),
    ("init", &[(4, 1, 0)]),
    ("mutex-deadline", &[(5, 1, 0)]),
    ("barrier-deadline", &[(3, 1, 1)]),
    ("barrier-recover", &[(3, 1, 1)]),
    ("barrier-relapse", &[(3, 1, 0)]),
    ("barrier-burial", &[(3, 1, 0)]),
    ("tasks", &[(3, 1, 0)]),
    ("semaphore", &[(2, 2, 0), (3, 1, 1)]),
    ("semaphore-signal", &[(3, 1, 0)]),
    ("rwlock", &[(3, 1, 0)]),
    ("rwlock-deadline", &[(3, 1, 1)]),
    ("rwlock-downgrade", &[(3, 1, 1)]),
    ("tickets", &[(4, 1, 0)]),
    ("append", &[(3, 1, 0)]),
    ("workers", &[(4, 1, 2)]),
    ("csv", &[(3, 1, 1)]),
];

/// What holds under sequential consistency: more processes than weak memory leaves room for.
const UNDER_SC: &[Row] = &[
    ("mutex", &[(3, 2, 0), (3, 1, 1)]),
    ("append", &[(3, 1, 0)]),
    ("csv", &[(3, 1, 0), (3, 1, 1)]),
    ("condvar", &[(3, 1, 0), (3, 1, 1)]),
    ("condvar-deadline", &[(3, 1, 0)]),
    ("condvar-meeting", &[(3, 1, 0)]),
    ("condvar-relay", &[(3, 1, 0)]),
    ("barrier-burial", &[(3, 1, 0)]),
    ("barrier-recover", &[(3, 1, 1)]),
    ("barrier-relapse", &[(3, 1, 0)]),
    ("barrier-heir", &[(3, 1, 0), (3, 1, 1)]),
    ("barrier-gone", &[(3, 1, 0), (3, 1, 1)]),
    ("tasks", &[(3, 1, 0)]),
    ("tasks-all-join", &[(2, 1, 1)]),
    ("queue", &[(3, 1, 0)]),
    ("queue-gather", &[(3, 1, 0), (3, 1, 1)]),
    ("queue-each", &[(3, 1, 0)]),
    ("queue-deadline", &[(3, 1, 0)]),
    ("queue-batches-fill", &[(3, 1, 1)]),
    ("queue-messages", &[(3, 1, 0)]),
];

/// The same, which takes long.
const UNDER_SC_IN_MINUTES: &[Row] = &[
    ("tickets", &[(3, 2, 0), (4, 1, 1)]),
    ("append", &[(3, 1, 1)]),
    ("barrier-lost", &[(3, 1, 0), (3, 1, 1)]),
    ("tasks", &[(3, 1, 1)]),
    ("rwlock-roles", &[(4, 1, 0)]),
    ("condvar", &[(4, 1, 0)]),
    ("queue", &[(3, 1, 1)]),
    ("queue-close", &[(3, 1, 0)]),
    ("queue-batches", &[(3, 1, 0)]),
    ("queue-messages", &[(3, 1, 1)]),
    ("semaphore-many", &[(3, 1, 0)]),
    ("barrier", &[(3, 1, 0)]),
    ("barrier-deadline", &[(3, 1, 0)]),
    ("barrier-untold", &[(3, 1, 0), (3, 1, 1)]),
    ("tasks-more", &[(3, 1, 0), (3, 1, 1)]),
];

/// What is larger than can be explored: with weak memory, so many executions of it, drawn at random.
const DRAWN: &[Row] = &[
    ("mutex", &[(6, 2, 2)]),
    ("rwlock", &[(4, 1, 2)]),
    ("semaphore-two", &[(4, 1, 2)]),
    ("semaphore-many", &[(4, 1, 1)]),
    ("condvar", &[(5, 1, 1)]),
    ("event", &[(6, 1, 2)]),
    ("init", &[(6, 1, 2)]),
    ("barrier", &[(4, 2, 1)]),
    ("barrier-deadline", &[(4, 1, 1)]),
    ("barrier-lost", &[(4, 1, 1)]),
    ("barrier-untold", &[(4, 1, 1)]),
    ("barrier-gone", &[(4, 1, 1)]),
    ("queue", &[(4, 1, 1)]),
    ("queue-batches", &[(3, 1, 1)]),
    ("queue-messages", &[(3, 1, 1)]),
    ("tasks", &[(4, 1, 1)]),
];
const EXECUTIONS: u64 = 2_000;

/// A sale at some size, with so many tickets, and what is expected of it.
type Sale = (&'static str, (usize, usize, u8), usize, Expected);

/// Where there are fewer than one less than are wanted, several are refused; where there are enough, nobody is.
const SALES: &[Sale] = &[
    ("tickets", (3, 1, 0), 1, Expected::Holds),
    ("tickets", (3, 1, 1), 1, Expected::Holds),
    ("tickets", (2, 1, 0), 2, Expected::Holds),
    ("tickets-unlocked", (3, 1, 0), 1, Expected::Fails),
];

/// Where waits that end for no reason have no end, and each writes a little more, somebody who does nothing meanwhile could
/// be any number of values behind; here it is so many.
const NOT_FAR_BEHIND: usize = 4;
const BEHIND: &[Row] = &[
    ("condvar", &[(3, 1, 0)]),
    ("condvar-inside", &[(3, 1, 0)]),
    ("condvar-deadline", &[(3, 1, 0)]),
    ("tasks-all-join", &[(2, 1, 0)]),
    ("queue-each", &[(2, 1, 0)]),
    ("queue-close", &[(2, 1, 0), (2, 1, 1)]),
    ("queue-batches", &[(2, 1, 0), (2, 1, 1)]),
    ("queue-messages", &[(2, 1, 0), (2, 1, 1)]),
];

/// The same, which takes long.
const BEHIND_IN_MINUTES: &[Row] = &[("condvar-meeting", &[(3, 1, 0)]), ("queue", &[(3, 1, 0)])];

/// What has to fail.
const FAILS: &[Row] = &[
    ("unlocked", &[(2, 1, 0), (2, 2, 0), (2, 3, 0), (3, 1, 0)]),
    ("tickets-unlocked", &[(2, 1, 0), (3, 1, 0)]),
    ("jobs-unlocked", &[(2, 1, 0), (2, 2, 0)]),
    ("append-unlocked", &[(2, 1, 0)]),
    ("workers-unlocked", &[(2, 1, 0)]),
    ("csv-unlocked", &[(2, 1, 0)]),
    ("drepper", &[(2, 1, 1)]),
    ("drepper-forgets", &[(3, 1, 0)]),
    ("glibc-robust", &[(3, 1, 1), (4, 1, 1)]),
];

/// A model, the same mended, processes with increments and deaths, and the memory.
type Mistake = (&'static str, &'static str, (usize, usize, u8), Memory);

/// A mistake in an algorithm, the same without it, and how large it has to be to show: the one has to fail, the other to hold.
const MISTAKES: &[Mistake] = &[
    ("queue-tells-late", "queue-tells-late-mended", (3, 1, 1), Memory::Sc),
    ("condvar-unannounced", "condvar-unannounced-mended", (2, 1, 0), Memory::C11),
    ("barrier-one-count", "barrier-one-count-mended", (2, 2, 0), Memory::C11),
    ("semaphore-first-permit", "semaphore-first-permit-mended", (3, 1, 0), Memory::C11),
    ("rwlock-relaxed-readers", "rwlock-relaxed-readers-mended", (2, 1, 0), Memory::C11),
    ("rwlock-downgrade-opens", "rwlock-downgrade-opens-mended", (2, 1, 0), Memory::C11),
    ("event-trusted-wake", "event-trusted-wake-mended", (2, 1, 0), Memory::C11),
    ("reentrant-uncounted", "reentrant-uncounted-mended", (2, 1, 0), Memory::C11),
];

fn mistakes() -> Vec<Claim> {
    let examined = |name, size, memory, expected| {
        let search = GraphSearch { memory, ..GraphSearch::default() };
        Claim { subject: "broken", expected, ..searched(name, size, search) }
    };
    let mut all = Vec::new();
    for (broken, mended, size, memory) in MISTAKES {
        all.push(examined(broken, *size, *memory, Expected::Fails));
        all.push(examined(mended, *size, *memory, Expected::Holds));
    }
    all.push(examined("append-kept", (2, 1, 0), Memory::C11, Expected::Fails));
    all.push(examined("barrier-all-reset", (2, 1, 0), Memory::C11, Expected::Fails));
    all.push(examined("queue-messages-any-room", (2, 1, 0), Memory::C11, Expected::Fails));
    all.push(examined("queue-messages-in-parts", (2, 1, 1), Memory::C11, Expected::Fails));
    all.push(examined("semaphore-one-by-one", (2, 1, 0), Memory::C11, Expected::Fails));
    all.push(examined("semaphore-keeps", (2, 1, 0), Memory::C11, Expected::Fails));
    all.push(examined("semaphore-overfull", (2, 1, 0), Memory::C11, Expected::Fails));
    all.push(examined("tasks-done-early", (2, 1, 0), Memory::C11, Expected::Fails));
    all.push(examined("tasks-counted", (2, 1, 0), Memory::C11, Expected::Holds));
    all.push(examined("tasks-counted", (2, 1, 1), Memory::C11, Expected::Fails));
    all.push(examined("once-untold", (3, 1, 0), Memory::C11, Expected::Holds));
    all.push(examined("once-untold", (2, 1, 1), Memory::C11, Expected::Fails));
    all
}

/// A model without an end: processes, deaths, what everybody is to be given, and whether they are.
type Endless = (&'static str, (usize, u8), Liveness, Expected);

/// What can go on for ever, and what cannot.
const WITHOUT_AN_END: &[Endless] = &[
    ("mutex-endless", (3, 0), Liveness::Progress, Expected::Holds),
    ("mutex-endless", (3, 1), Liveness::Progress, Expected::Holds),
    ("mutex-endless", (3, 1), Liveness::NoBusyWaiting, Expected::Holds),
    ("mutex-endless", (2, 0), Liveness::NoStarvation, Expected::Fails),
    ("rwlock-endless", (2, 0), Liveness::Progress, Expected::Holds),
    ("rwlock-endless", (2, 1), Liveness::Progress, Expected::Holds),
    ("rwlock-endless", (2, 0), Liveness::NoBusyWaiting, Expected::Holds),
    ("rwlock-endless", (2, 0), Liveness::NoStarvation, Expected::Fails),
    ("rwlock-endless-writer", (2, 0), Liveness::NoStarvation, Expected::Holds),
    ("semaphore-many-endless", (2, 0), Liveness::Progress, Expected::Holds),
    ("queue-endless", (2, 0), Liveness::NoBusyWaiting, Expected::Holds),
    ("event-endless", (2, 0), Liveness::NoStarvation, Expected::Holds),
    ("event-endless", (2, 0), Liveness::NoBusyWaiting, Expected::Holds),
    ("condvar-endless", (2, 0), Liveness::NoBusyWaiting, Expected::Holds),
    ("ticket-endless", (3, 0), Liveness::NoStarvation, Expected::Holds),
    ("ticket-endless", (2, 0), Liveness::NoBusyWaiting, Expected::Fails),
    ("test-and-set-endless", (3, 0), Liveness::Progress, Expected::Holds),
    ("test-and-set-endless", (2, 0), Liveness::NoStarvation, Expected::Fails),
];

/// The same, which takes long.
const WITHOUT_AN_END_IN_MINUTES: &[Endless] =
    &[("barrier-endless", (2, 0), Liveness::NoBusyWaiting, Expected::Holds)];

/// The same under sequential consistency, where nobody can be behind: without a bound.
const WITHOUT_AN_END_UNDER_SC: &[Endless] = &[
    ("semaphore-endless", (2, 0), Liveness::Progress, Expected::Holds),
    ("semaphore-endless", (2, 1), Liveness::Progress, Expected::Holds),
    ("semaphore-endless", (2, 0), Liveness::NoBusyWaiting, Expected::Holds),
    ("semaphore-endless", (2, 0), Liveness::NoStarvation, Expected::Fails),
    ("semaphore-many-endless", (2, 0), Liveness::NoStarvation, Expected::Fails),
    ("semaphore-many-endless", (2, 0), Liveness::NoBusyWaiting, Expected::Holds),
    ("semaphore-many-endless", (2, 1), Liveness::Progress, Expected::Holds),
    ("semaphore-signal-endless", (2, 0), Liveness::NoStarvation, Expected::Holds),
    ("semaphore-signal-endless", (2, 0), Liveness::NoBusyWaiting, Expected::Holds),
    ("queue-endless", (2, 0), Liveness::NoStarvation, Expected::Holds),
    ("queue-polled-endless", (2, 0), Liveness::NoStarvation, Expected::Fails),
    ("queue-polled-endless", (2, 0), Liveness::NoBusyWaiting, Expected::Fails),
    ("condvar-endless", (2, 0), Liveness::NoStarvation, Expected::Holds),
    ("barrier-endless", (2, 0), Liveness::NoStarvation, Expected::Holds),
    ("barrier-endless", (2, 0), Liveness::NoBusyWaiting, Expected::Holds),
];

/// Without an end, somebody may be any number of values behind; here it is so many.
const FAR_BEHIND: usize = 4;

/// All claims of this method.
pub(super) fn claims() -> Vec<Claim> {
    let mut all = Vec::new();
    for (rows, expected, full_only) in [
        (HOLDS, Expected::Holds, false),
        (HOLDS_IN_MINUTES, Expected::Holds, true),
        (FAILS, Expected::Fails, false),
    ] {
        for (name, sizes) in rows {
            all.extend(sizes.iter().map(|size| Claim {
                expected,
                full_only,
                ..claim(name, *size)
            }));
        }
    }
    let strong = GraphSearch { memory: Memory::Sc, ..GraphSearch::default() };
    for (rows, full_only) in [(UNDER_SC, false), (UNDER_SC_IN_MINUTES, true)] {
        for (name, sizes) in rows {
            all.extend(
                sizes.iter().map(|size| Claim { full_only, ..searched(name, *size, strong) }),
            );
        }
    }
    let drawn = GraphSearch { at_random: Some(EXECUTIONS), ..GraphSearch::default() };
    for (name, sizes) in DRAWN {
        all.extend(sizes.iter().map(|size| searched(name, *size, drawn)));
    }
    for (name, (processes, increments, deaths), tickets, expected) in SALES {
        let size = Size { tickets: Some(*tickets), ..Size::new(*processes, *increments, *deaths) };
        all.push(Claim { expected: *expected, ..sized(name, size, GraphSearch::default(), "") });
    }
    let behind = GraphSearch { messages: NOT_FAR_BEHIND, ..GraphSearch::default() };
    for (rows, full_only) in [(BEHIND, false), (BEHIND_IN_MINUTES, true)] {
        for (name, sizes) in rows {
            all.extend(
                sizes
                    .iter()
                    .map(|size| Claim { full_only, ..called(name, *size, behind, "/behind") }),
            );
        }
    }
    for (rows, memory, full_only) in [
        (WITHOUT_AN_END, Memory::C11, false),
        (WITHOUT_AN_END_IN_MINUTES, Memory::C11, true),
        (WITHOUT_AN_END_UNDER_SC, Memory::Sc, false),
    ] {
        all.extend(rows.iter().map(|row| Claim { full_only, ..endless(row, memory) }));
    }
    all.extend(mistakes());
    let old = GraphSearch { kernel: KernelRule::Before62, ..GraphSearch::default() };
    all.push(Claim { expected: Expected::Fails, ..searched("mutex", (3, 1, 1), old) });
    all
}

fn endless((name, (processes, deaths), liveness, expected): &Endless, memory: Memory) -> Claim {
    let messages = match memory {
        Memory::C11 => FAR_BEHIND,
        Memory::Sc => GraphSearch::default().messages,
    };
    let liveness = *liveness;
    let search =
        GraphSearch { memory, messages, liveness: Some(liveness), ..GraphSearch::default() };
    let claim = searched(name, (*processes, 1, *deaths), search);
    Claim { expected: *expected, property: liveness.property(), ..claim }
}

fn claim(name: &'static str, size: (usize, usize, u8)) -> Claim {
    searched(name, size, GraphSearch::default())
}

fn searched(name: &'static str, size: (usize, usize, u8), search: GraphSearch) -> Claim {
    called(name, size, search, "")
}

/// The same, called something else than what is searched, too.
fn called(
    name: &'static str,
    (processes, increments, deaths): (usize, usize, u8),
    search: GraphSearch,
    suffix: &str,
) -> Claim {
    sized(name, Size::new(processes, increments, deaths), search, suffix)
}

fn sized(name: &'static str, size: Size, search: GraphSearch, suffix: &str) -> Claim {
    let Size { processes, increments, .. } = size;
    let property = find(name).map_or("", |model| model.property(size));
    let id = size.explorer_id(name) + &search.suffix() + suffix;
    let token = id.clone();
    // Of what is done without a lock, all that can come of it is of interest.
    let all_outcomes = name.ends_with("unlocked");
    let run = move |budget: &Budget, progress: &dyn Progress| -> Finding {
        let search = GraphSearch { all_outcomes, ..search };
        let exploration = Exploration {
            name: &token,
            search,
            by: By::States,
            budget,
            progress,
            extract: false,
            replay: None,
        };
        match find(name).map(|model| model.explore(size, &exploration)) {
            Some(Ok(explored)) => explored.finding,
            Some(Err(why)) => Finding::of(Verdict::Vacuous { what: why }),
            None => Finding::of(Verdict::Vacuous { what: format!("a model called {name}") }),
        }
    };
    Claim {
        id,
        subject: name,
        property,
        method: Method::Explorer,
        memory_model: search.memory.model(),
        processes,
        increments,
        expected: Expected::Holds,
        full_only: false,
        run: Box::new(run),
    }
}
