//! Every ordering and every wake of the shipped algorithms is there for a reason: without it, a model fails.

use lockproof::platform::Ordering::{self, AcqRel, Acquire, Relaxed, Release};
use lockproof_verify::claim::{Budget, Silent};
use lockproof_verify::explore::graph::{GraphSearch, Liveness, Operation};
use lockproof_verify::models::registry::{Exploration, Explored, Size, find};
use lockproof_verify::platform::{Change, Kind, Mutation};

const UNHURRIED: Budget = Budget { seed: 1, until: None };

/// A source file, and the models that hold it.
struct Held {
    file: &'static str,
    by: &'static [(&'static str, Size)],
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
        equivalent: &[],
    },
    Held {
        file: "src/raw/once.rs",
        by: &[("init", size(2, 1, 0)), ("init", size(3, 1, 1))],
        equivalent: &[],
    },
    Held {
        file: "src/raw/condvar.rs",
        by: &[
            ("condvar", size(2, 1, 0)),
            ("condvar-deadline", size(2, 1, 1)),
            ("condvar-meeting", size(2, 1, 0)),
        ],
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
        equivalent: &[(
            Kind::CompareExchange,
            Relaxed,
            0,
            "a mark that stays costs a call that wakes nobody",
        )],
    },
    Held {
        file: "src/raw/slot.rs",
        by: RWLOCK,
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

/// What is not wrong by itself may keep somebody awake who ought to sleep.
const LOOKED_FOR: [Option<Liveness>; 2] = [None, Some(Liveness::NoBusyWaiting)];

fn explored(
    (name, size): (&str, Size),
    mutation: Option<Mutation>,
    liveness: Option<Liveness>,
) -> Explored {
    let search = GraphSearch { mutation, liveness, ..GraphSearch::default() };
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

#[test]
fn nothing_can_be_done_with_less() {
    for Held { file, by, equivalent } in ALL {
        let mut operations: Vec<Operation> = Vec::new();
        let mut trials = Vec::new();
        for model in *by {
            for liveness in LOOKED_FOR {
                let Explored { finding, extracted } = explored(*model, None, liveness);
                // A model may spin by itself.
                let holds = finding.verdict.holds();
                assert!(holds || liveness.is_some(), "{model:?}: {:?}", finding.verdict);
                operations.extend(extracted.expect("it was wanted").operations);
                trials.extend(holds.then_some((*model, liveness)));
            }
        }
        operations.retain(|operation| operation.site.file() == *file);
        operations.sort_by_key(|operation| (operation.site.line(), operation.site.column()));
        operations.dedup();
        let mut tried = 0;
        for (at, operation) in operations.iter().enumerate() {
            let Operation { kind, order, site } = *operation;
            let alike = |other: &&Operation| (other.kind, other.order) == (kind, order);
            let number = operations[..at].iter().filter(alike).count();
            let reason = equivalent
                .iter()
                .find(|known| (known.0, known.1, known.2) == (kind, order, number));
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
}
