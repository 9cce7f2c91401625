//! Every ordering and every wake of the shipped algorithms is there for a reason: without it, a model fails.

use lockproof::platform::Ordering::{self, AcqRel, Acquire, Relaxed, Release};
use lockproof_verify::claim::{Budget, Silent};
use lockproof_verify::explore::graph::{GraphSearch, Liveness, Memory, Operation};
use lockproof_verify::models::registry::{Exploration, Explored, Size, find};
use lockproof_verify::platform::{Change, Kind, Mutation};

const UNHURRIED: Budget = Budget { seed: 1, until: None };

/// A source file, and the models that hold it.
struct Held {
    file: &'static str,
    by: &'static [(&'static str, Size)],
    /// The same, where that much is only feasible under sequential consistency.
    by_sc: &'static [(&'static str, Size)],
    /// What may be changed and nothing fails, by its number among those of its kind and ordering in the file, and why.
    equivalent: &'static [(Kind, Ordering, usize, &'static str)],
}

const fn size(processes: usize, increments: usize, deaths: u8) -> Size {
    Size { processes, increments, deaths }
}

const ALL: &[Held] = &[
    Held {
        file: "src/raw/event.rs",
        by: &[
            ("event", size(3, 1, 0)),
            ("event", size(4, 1, 0)),
            ("event-again", size(2, 2, 0)),
            ("event-pulse", size(3, 1, 0)),
        ],
        by_sc: &[],
        equivalent: &[],
    },
    Held {
        file: "src/raw/once.rs",
        by: &[("init", size(2, 1, 0)), ("init", size(3, 1, 1))],
        by_sc: &[],
        equivalent: &[],
    },
    Held {
        file: "src/raw/condvar.rs",
        by: &[
            ("condvar", size(2, 1, 0)),
            ("condvar-deadline", size(2, 1, 1)),
            ("condvar-meeting", size(2, 1, 0)),
        ],
        by_sc: &[],
        equivalent: &[],
    },
    Held {
        file: "src/raw/semaphore.rs",
        by: &[
            ("semaphore", size(2, 1, 0)),
            ("semaphore", size(2, 1, 1)),
            ("semaphore-deadline", size(2, 1, 1)),
            ("semaphore-both", size(2, 1, 1)),
            ("semaphore-signal", size(2, 1, 1)),
        ],
        by_sc: &[],
        equivalent: &[(
            Kind::CompareExchange,
            Relaxed,
            0,
            "a mark that stays costs a call that wakes nobody",
        )],
    },
    Held {
        file: "src/raw/barrier.rs",
        by: &[
            ("barrier", size(2, 1, 0)),
            ("barrier", size(2, 2, 0)),
            ("barrier-lost", size(2, 1, 0)),
            ("barrier-passing", size(2, 2, 0)),
            ("barrier-deadline", size(2, 1, 0)),
            ("barrier-abort", size(2, 1, 0)),
            ("barrier-reset", size(2, 1, 0)),
            ("barrier-burial", size(3, 1, 0)),
            ("barrier-recover", size(2, 1, 0)),
            ("barrier", size(3, 1, 1)),
        ],
        by_sc: &[
            ("barrier-lost", size(3, 1, 0)),
            ("barrier-lost", size(3, 1, 1)),
            ("barrier-deadline", size(3, 1, 0)),
            ("barrier-relapse", size(3, 1, 0)),
            ("barrier-untold", size(3, 1, 1)),
        ],
        equivalent: &[],
    },
    Held {
        file: "src/raw/tasks.rs",
        by: &[
            ("tasks", size(2, 1, 0)),
            ("tasks", size(2, 1, 1)),
            ("tasks-deadline", size(2, 1, 0)),
        ],
        by_sc: &[],
        equivalent: &[],
    },
    Held {
        file: "src/raw/slot.rs",
        by: RWLOCK,
        by_sc: &[],
        equivalent: &[(
            Kind::CompareExchange,
            Relaxed,
            0,
            "a slot whose flag stays is not lost: it takes the mutex to get in",
        )],
    },
];

const RWLOCK: &[(&str, Size)] = &[
    ("rwlock", size(2, 1, 0)),
    ("rwlock", size(2, 1, 1)),
    ("rwlock-downgrade", size(2, 1, 1)),
    ("rwlock-roles", size(3, 1, 0)),
    ("rwlock-deadline", size(3, 1, 0)),
];

/// What is not wrong by itself may keep somebody awake who ought to sleep; that takes no more processes than two.
fn looked_for(memory: Memory) -> Vec<Option<Liveness>> {
    let busy = (memory == Memory::C11).then_some(Some(Liveness::NoBusyWaiting));
    [None].into_iter().chain(busy).collect()
}

fn explored(
    (name, size, memory): (&str, Size, Memory),
    mutation: Option<Mutation>,
    liveness: Option<Liveness>,
) -> Explored {
    let search = GraphSearch { mutation, liveness, memory, ..GraphSearch::default() };
    let exploration = Exploration {
        name,
        search,
        budget: &UNHURRIED,
        progress: &Silent,
        extract: mutation.is_none(),
    };
    find(name).expect("a model").explore(size, &exploration).expect("a size")
}

/// All that could be done with less.
fn changes(operation: &Operation) -> Vec<Change> {
    match (operation.kind, operation.order) {
        (Kind::FutexWake, _) => vec![Change::Skip],
        (Kind::FutexUpdateWakeAll | Kind::FutexRequeue, _) => vec![Change::Half, Change::Skip],
        (Kind::FutexWaitAny, _) => vec![Change::Half],
        (_, AcqRel) => vec![Change::Order(Acquire), Change::Order(Release)],
        (_, Acquire | Release) => vec![Change::Order(Relaxed)],
        (Kind::CompareExchange | Kind::FetchAdd | Kind::FetchOr, Relaxed) => vec![Change::Skip],
        _ => Vec::new(),
    }
}

/// Every change to the file's operations is caught by one of its models.
fn nothing_can_be_done_with_less_in(name: &str) {
    let file = format!("src/raw/{name}.rs");
    let Held { by, by_sc, equivalent, .. } =
        ALL.iter().find(|held| held.file == file).expect("held");
    let mut operations: Vec<Operation> = Vec::new();
    let mut trials = Vec::new();
    let weak = by.iter().map(|(name, size)| (*name, *size, Memory::C11));
    let strong = by_sc.iter().map(|(name, size)| (*name, *size, Memory::Sc));
    for model in weak.chain(strong) {
        for liveness in looked_for(model.2) {
            let Explored { finding, extracted } = explored(model, None, liveness);
            // A model may spin by itself.
            let holds = finding.verdict.holds();
            assert!(holds || liveness.is_some(), "{model:?}: {:?}", finding.verdict);
            operations.extend(extracted.expect("it was wanted").operations);
            trials.extend(holds.then_some((model, liveness)));
        }
    }
    operations.retain(|operation| operation.site.file() == file);
    operations.sort_by_key(|operation| {
        let Operation { kind, order, site } = operation;
        (site.line(), site.column(), format!("{kind:?} {order:?}"))
    });
    operations.dedup();
    let mut tried = 0;
    for (at, operation) in operations.iter().enumerate() {
        let Operation { kind, order, site } = *operation;
        let alike = |other: &&Operation| (other.kind, other.order) == (kind, order);
        let number = operations[..at].iter().filter(alike).count();
        let reason =
            equivalent.iter().find(|known| (known.0, known.1, known.2) == (kind, order, number));
        for change in changes(operation) {
            tried += 1;
            let mutation = Some(Mutation::at(site, change));
            let caught = trials.iter().any(|(model, liveness)| {
                !explored(*model, mutation, *liveness).finding.verdict.holds()
            });
            match reason {
                None => assert!(caught, "{site}: {kind:?} {order:?}, {change:?} is missed"),
                Some((.., why)) => {
                    assert!(!caught, "{site}: {change:?} is caught, though {why}")
                }
            }
        }
    }
    println!("{file}: {tried} changes, each of them caught or known to be none");
    assert!(tried > 1, "{file}: {operations:?}");
}

#[test]
fn in_the_event() {
    nothing_can_be_done_with_less_in("event");
}

#[test]
fn in_the_once() {
    nothing_can_be_done_with_less_in("once");
}

#[test]
fn in_the_condvar() {
    nothing_can_be_done_with_less_in("condvar");
}

#[test]
fn in_the_semaphore() {
    nothing_can_be_done_with_less_in("semaphore");
}

#[test]
fn in_the_barrier() {
    nothing_can_be_done_with_less_in("barrier");
}

#[test]
fn in_the_slot() {
    nothing_can_be_done_with_less_in("slot");
}

#[test]
fn in_the_tasks() {
    nothing_can_be_done_with_less_in("tasks");
}
