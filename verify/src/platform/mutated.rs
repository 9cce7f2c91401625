//! One thing changed at one source site of an algorithm: the decorator's part that weakens.
//!
//! A mutant is the shipped source, run on a platform that does something else than asked at one place. It is how a
//! proof is proved: a model that cannot tell the mutant from the lock says nothing about the lock.

use std::fmt;
use std::panic::Location;

use lockproof::platform::Ordering;

/// What kind of operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "named as the platform's methods")]
pub enum Kind {
    Load,
    Store,
    Swap,
    CompareExchange,
    FetchAdd,
    FetchAnd,
    FetchOr,
    Fence,
    CellGet,
    CellSet,
    FutexWait,
    FutexWake,
    FutexUpdateWakeAll,
    FutexWaitAny,
    FutexRequeue,
    RobustBegin,
    RobustInsert,
    RobustRemove,
    RobustEnd,
}

impl Kind {
    /// The platform's method.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::Store => "store",
            Self::Swap => "swap",
            Self::CompareExchange => "compare_exchange",
            Self::FetchAdd => "fetch_add",
            Self::FetchAnd => "fetch_and",
            Self::FetchOr => "fetch_or",
            Self::Fence => "fence",
            Self::CellGet => "get",
            Self::CellSet => "set",
            Self::FutexWait => "futex_wait",
            Self::FutexWake => "futex_wake",
            Self::FutexUpdateWakeAll => "futex_update_wake_all",
            Self::FutexWaitAny => "futex_wait_any",
            Self::FutexRequeue => "futex_requeue",
            Self::RobustBegin => "robust_begin",
            Self::RobustInsert => "robust_insert",
            Self::RobustRemove => "robust_remove",
            Self::RobustEnd => "robust_end",
        }
    }
}

/// A place in an algorithm's source.
pub type Site = &'static Location<'static>;

/// An operation about to be done.
#[derive(Clone, Copy, Debug)]
pub struct Op {
    /// What.
    pub kind: Kind,
    /// On which word, by name; empty where there is none.
    pub word: &'static str,
    /// With which ordering, if it has one; of a compare-exchange, when it succeeds.
    pub order: Option<Ordering>,
    /// The ordering of a compare-exchange that fails.
    pub failure: Option<Ordering>,
    /// The value it writes, keeps, adds or sets, if it has one; of a wake or a requeue, how many it wakes.
    pub operand: Option<u64>,
    /// What a read-modify-write is made to leave instead of its own result; a compare-exchange then always succeeds.
    pub result: Option<u64>,
    /// Where in the source.
    pub site: Site,
}

impl Op {
    /// Where it is: `src/raw/barrier.rs:279`.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{}:{}", self.site.file(), self.site.line())
    }

    /// What it is: `compare_exchange Release`.
    #[must_use]
    pub fn in_words(&self) -> String {
        match self.order {
            Some(order) => format!("{} {order:?}", self.kind.name()),
            None => self.kind.name().to_owned(),
        }
    }
}

/// What a mutant does instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The ordering becomes this one.
    Order(Ordering),
    /// That of a compare-exchange that fails becomes this one.
    Failure(Ordering),
    /// A compare-exchange does not compare: it writes, and succeeds.
    Unchecked,
    /// The operation is not done, and says it was: a compare-exchange succeeded, a wake woke somebody, a requeue found
    /// somebody.
    Skip,
    /// The operand becomes this value.
    Operand(u64),
    /// A read-modify-write leaves this value, whatever was there.
    Result(u64),
    /// Only the first half of a double operation is done: the word is changed and nobody is woken, the lock is struck from
    /// the list and not announced, sleepers are woken and none moved, the first word is waited for and no other.
    Half,
    /// What the kernel is told about a lock, it is told after the thread's next operation.
    Late,
    /// All operations of a source have these orderings.
    Orders(&'static Orders),
}

/// An ordering for each operation of a source: whether that of a compare-exchange that fails, and which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orders(Vec<(Site, bool, Ordering)>);

impl Orders {
    /// These.
    pub fn new(orders: impl Iterator<Item = (Site, bool, Ordering)>) -> Self {
        Self(orders.collect())
    }

    fn of(&self, site: Site) -> impl Iterator<Item = (bool, Ordering)> {
        let here = move |(other, ..): &&(Site, bool, Ordering)| *other == site;
        self.0.iter().filter(here).map(|(_, fails, order)| (*fails, *order))
    }
}

/// What is done otherwise, and at which source site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mutation {
    /// The source site.
    pub line: u32,
    /// And its column.
    pub column: u32,
    /// And its file.
    pub file: &'static str,
    /// What happens there instead.
    pub change: Change,
}

impl Mutation {
    /// A change at a site.
    #[must_use]
    pub fn at(site: Site, change: Change) -> Self {
        Self { line: site.line(), column: site.column(), file: site.file(), change }
    }

    /// These orderings, of which one is at this site.
    #[must_use]
    pub fn of_orders(site: Site, orders: &'static Orders) -> Self {
        Self::at(site, Change::Orders(orders))
    }

    /// Whether it is about this operation.
    pub(crate) fn concerns(&self, op: &Op) -> bool {
        if let Change::Orders(orders) = self.change {
            return orders.of(op.site).next().is_some();
        }
        (op.site.line(), op.site.column()) == (self.line, self.column)
            && op.site.file() == self.file
    }

    /// Changes the operation if it is the one. Returns whether it is to be done at all.
    pub(super) fn apply(&self, op: &mut Op) -> Done {
        if !self.concerns(op) {
            return Done::Yes;
        }
        match self.change {
            Change::Order(order) => op.order = Some(order),
            Change::Failure(order) => op.failure = Some(order),
            Change::Unchecked => op.result = op.operand,
            Change::Operand(value) => op.operand = Some(value),
            Change::Skip => return Done::No,
            Change::Half => return Done::Half,
            Change::Late => return Done::Late,
            Change::Result(value) => op.result = Some(value),
            Change::Orders(orders) => {
                for (fails, order) in orders.of(op.site) {
                    *if fails { &mut op.failure } else { &mut op.order } = Some(order);
                }
            }
        }
        Done::Yes
    }
}

/// Whether an operation is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Done {
    Yes,
    Half,
    /// After the next one.
    Late,
    No,
}

impl fmt::Display for Mutation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {:?}", self.file, self.line, self.change)
    }
}
