//! The shipped mutex, with one thing changed at one source site.

use std::sync::OnceLock;

use lockproof::platform::Ordering::{self, Acquire, Relaxed, Release};

use super::Trial;
use crate::claim::{Budget, Progress, Silent};
use crate::explore::loom::LoomSearch;
use crate::platform::{Change, Kind, Mutation, Op, Sites};
use crate::verdict::Finding;

const FILE: &str = "src/raw/mutex.rs";

/// A mutant of the shipped mutex, and what catches it.
#[derive(Clone, Copy, Debug)]
pub struct Mutant {
    /// Its name in reports.
    pub name: &'static str,
    /// Which operation is changed: among those of this kind and ordering in the source, counted from zero.
    pub operation: (Kind, Option<Ordering>, usize),
    /// To what.
    pub change: Change,
    /// What catches it.
    pub caught_by: Trial,
    /// With at most so many preemptions.
    pub preemptions: usize,
}

/// All mutants whose being caught is claimed.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "lock-relaxed",
        operation: (Kind::CompareExchange, Some(Acquire), 0),
        change: Change::Order(Relaxed),
        caught_by: Trial::Alive(2),
        preemptions: 3,
    },
    Mutant {
        name: "lock-contended-relaxed",
        operation: (Kind::CompareExchange, Some(Acquire), 1),
        change: Change::Order(Relaxed),
        caught_by: Trial::Alive(2),
        preemptions: 3,
    },
    Mutant {
        name: "unlock-relaxed",
        operation: (Kind::FetchAdd, Some(Release), 0),
        change: Change::Order(Relaxed),
        caught_by: Trial::Alive(2),
        preemptions: 3,
    },
    Mutant {
        name: "abandon-relaxed",
        operation: (Kind::FetchAnd, Some(Release), 0),
        change: Change::Order(Relaxed),
        caught_by: Trial::Panicking(2),
        preemptions: 3,
    },
    Mutant {
        name: "waiters-not-marked",
        operation: (Kind::CompareExchange, Some(Relaxed), 0),
        change: Change::Skip,
        caught_by: Trial::Alive(2),
        preemptions: 3,
    },
    Mutant {
        name: "waiters-forgotten-on-unlock",
        operation: (Kind::FetchAdd, Some(Release), 0),
        change: Change::Result(0),
        caught_by: Trial::Alive(3),
        preemptions: 3,
    },
    Mutant {
        name: "no-wake-on-unlock",
        operation: (Kind::FutexWake, None, 0),
        change: Change::Skip,
        caught_by: Trial::Alive(2),
        preemptions: 3,
    },
    Mutant {
        name: "no-wake-on-abandon",
        operation: (Kind::FutexWake, None, 1),
        change: Change::Skip,
        caught_by: Trial::Panicking(2),
        preemptions: 3,
    },
    Mutant {
        name: "waiters-cleared-without-waking-all",
        operation: (Kind::FutexUpdateWakeAll, None, 0),
        change: Change::Half,
        caught_by: Trial::Alive(4),
        preemptions: 3,
    },
    Mutant {
        name: "given-up-without-waking-all",
        operation: (Kind::FutexUpdateWakeAll, None, 1),
        change: Change::Half,
        caught_by: Trial::GivenUp(3),
        preemptions: 3,
    },
    Mutant {
        name: "given-up-in-vain",
        operation: (Kind::FutexUpdateWakeAll, None, 1),
        change: Change::Skip,
        caught_by: Trial::GivenUp(3),
        preemptions: 3,
    },
    Mutant {
        name: "not-announced-before-locking",
        operation: (Kind::RobustBegin, None, 0),
        change: Change::Skip,
        caught_by: Trial::Dying(2),
        preemptions: 3,
    },
    Mutant {
        name: "not-announced-before-unlocking",
        operation: (Kind::RobustRemove, None, 0),
        change: Change::Half,
        caught_by: Trial::Dying(2),
        preemptions: 3,
    },
    Mutant {
        name: "announcement-ends-before-the-list-has-it",
        operation: (Kind::RobustInsert, None, 0),
        change: Change::Skip,
        caught_by: Trial::Alive(2),
        preemptions: 3,
    },
    Mutant {
        name: "announced-after-locking",
        operation: (Kind::RobustBegin, None, 0),
        change: Change::Late,
        caught_by: Trial::Dying(2),
        preemptions: 3,
    },
    Mutant {
        name: "listed-after-the-announcement-ends",
        operation: (Kind::RobustInsert, None, 0),
        change: Change::Late,
        caught_by: Trial::Dying(2),
        preemptions: 3,
    },
    Mutant {
        name: "announced-after-unlocking",
        operation: (Kind::RobustRemove, None, 0),
        change: Change::Late,
        caught_by: Trial::Dying(2),
        preemptions: 3,
    },
    Mutant {
        name: "not-made-consistent",
        operation: (Kind::FetchAnd, Some(Relaxed), 0),
        change: Change::Skip,
        caught_by: Trial::Dying(2),
        preemptions: 3,
    },
    Mutant {
        name: "abandon-not-marked",
        operation: (Kind::FetchOr, Some(Relaxed), 0),
        change: Change::Skip,
        caught_by: Trial::Panicking(2),
        preemptions: 3,
    },
];

impl Mutant {
    /// Puts the mutant to its trial.
    #[must_use]
    pub fn try_it(&self, budget: &Budget, progress: &dyn Progress) -> Finding {
        let search = LoomSearch {
            preemptions: Some(self.preemptions),
            shortest_first: true,
            mutation: Some(Mutation::at(self.site(), self.change)),
            ..LoomSearch::default()
        };
        let name = format!("mutex/broken/{}", self.name);
        self.caught_by.of_shipped(&name, search, budget, progress)
    }

    /// Where in the source it differs.
    ///
    /// # Panics
    ///
    /// When the mutex's source no longer has such an operation: then this table has to follow it.
    #[must_use]
    pub fn site(&self) -> crate::platform::Site {
        let (kind, order, nth) = self.operation;
        let mut alike = sites().iter().filter(|op| (op.kind, op.order) == (kind, order));
        match alike.nth(nth) {
            Some(op) => op.site,
            None => panic!("{FILE} has no {nth}th {kind:?} with {order:?}: mutant {}", self.name),
        }
    }
}

/// The mutex's operations that the models reach, in the order of its source.
pub fn sites() -> &'static [Op] {
    static FOUND: OnceLock<Vec<Op>> = OnceLock::new();
    FOUND.get_or_init(|| {
        let sites: &'static Sites = Box::leak(Box::default());
        let search =
            LoomSearch { preemptions: Some(2), sites: Some(sites), ..LoomSearch::default() };
        let budget = Budget::seeded(0);
        for trial in [Trial::Panicking(2), Trial::GivenUp(2), Trial::Dying(2)] {
            let _ = trial.of_shipped("sites", search, &budget, &Silent);
        }
        sites.within(FILE)
    })
}
