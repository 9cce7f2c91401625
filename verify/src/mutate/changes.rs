//! What can be done otherwise about an operation.

use lockproof::platform::Ordering::{self, AcqRel, Acquire, Relaxed, Release};

use crate::platform::{Change, Kind, Op};

/// All that is tried with an operation.
#[must_use]
pub fn changes(op: &Op) -> Vec<Change> {
    let mut all: Vec<Change> = op.order.map_or_else(Vec::new, |order| weaker(op.kind, order));
    if op.failure == Some(Acquire) {
        all.push(Change::Failure(Relaxed));
    }
    all.extend(match op.kind {
        Kind::Store | Kind::Swap | Kind::CellSet => vec![Change::Skip],
        Kind::CompareExchange => vec![Change::Skip, Change::Unchecked],
        Kind::FetchAdd | Kind::FetchAnd | Kind::FetchOr => vec![Change::Skip, Change::Result(0)],
        Kind::FutexWake if op.operand > Some(1) => vec![Change::Skip, Change::Operand(1)],
        Kind::FutexWake => vec![Change::Skip],
        Kind::FutexUpdateWakeAll | Kind::FutexRequeue => vec![Change::Half, Change::Skip],
        Kind::FutexWaitAny => vec![Change::Half],
        Kind::RobustRemove => vec![Change::Half, Change::Skip, Change::Late],
        Kind::RobustBegin | Kind::RobustInsert | Kind::RobustEnd => {
            vec![Change::Skip, Change::Late]
        }
        Kind::Load | Kind::Fence | Kind::CellGet | Kind::FutexWait => Vec::new(),
    });
    all
}

/// The orderings one step weaker. A fence `SeqCst` is none of them: what it is for, models can seldom afford to show.
fn weaker(kind: Kind, order: Ordering) -> Vec<Change> {
    match order {
        AcqRel => vec![Change::Order(Acquire), Change::Order(Release)],
        Acquire | Release => vec![Change::Order(Relaxed)],
        Ordering::SeqCst if kind != Kind::Fence => vec![Change::Order(AcqRel)],
        _ => Vec::new(),
    }
}

/// A word for it, as part of a mutant's name.
#[must_use]
pub fn short(change: Change) -> String {
    match change {
        Change::Order(order) => format!("{order:?}").to_lowercase(),
        Change::Failure(order) => format!("failing-{order:?}").to_lowercase(),
        Change::Unchecked => "unchecked".to_owned(),
        Change::Skip => "skipped".to_owned(),
        Change::Half => "half".to_owned(),
        Change::Late => "late".to_owned(),
        Change::Operand(value) => format!("with-{value}"),
        Change::Result(value) => format!("leaves-{value}"),
        Change::Orders(_) => "orders".to_owned(),
    }
}

/// What is done otherwise, for people.
#[must_use]
pub fn in_words(op: &Op, change: Change) -> String {
    match (change, op.kind) {
        (Change::Order(order), _) => {
            let shipped = op.order.unwrap_or(Relaxed);
            format!("{order:?} instead of {shipped:?}")
        }
        (Change::Failure(order), _) => {
            let shipped = op.failure.unwrap_or(Relaxed);
            format!("{order:?} instead of {shipped:?} where it fails")
        }
        (Change::Unchecked, _) => "does not compare".to_owned(),
        (Change::Skip, Kind::RobustBegin) => "is not announced".to_owned(),
        (Change::Skip, _) => "is not done".to_owned(),
        (Change::Half, Kind::FutexUpdateWakeAll) => "changes the word and wakes nobody".to_owned(),
        (Change::Half, Kind::FutexRequeue) => "wakes and moves nobody".to_owned(),
        (Change::Half, Kind::FutexWaitAny) => "waits for the first word only".to_owned(),
        (Change::Half, _) => "is not announced".to_owned(),
        (Change::Late, _) => "is done after the operation that follows".to_owned(),
        (Change::Operand(1), Kind::FutexWake) => "wakes one instead of all".to_owned(),
        (Change::Operand(value), _) => format!("is done with {value}"),
        (Change::Result(value), _) => format!("leaves {value}, whatever was there"),
        (Change::Orders(_), _) => "other orderings".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::panic::Location;

    use super::*;

    fn op(kind: Kind, order: Option<Ordering>, failure: Option<Ordering>) -> Op {
        let site = Location::caller();
        Op { kind, word: "", order, failure, operand: Some(2), result: None, site }
    }

    #[test]
    fn each_change_has_a_name_of_its_own() {
        for kind in [
            Kind::Load,
            Kind::Store,
            Kind::Swap,
            Kind::CompareExchange,
            Kind::FetchAdd,
            Kind::FutexWake,
            Kind::FutexUpdateWakeAll,
            Kind::RobustInsert,
            Kind::RobustRemove,
            Kind::Fence,
        ] {
            for order in [None, Some(Relaxed), Some(Release), Some(AcqRel), Some(Ordering::SeqCst)]
            {
                let op = op(kind, order, Some(Acquire));
                let mut names: Vec<String> = changes(&op).into_iter().map(short).collect();
                let (all, _) = (names.len(), names.sort());
                names.dedup();
                assert_eq!(names.len(), all, "{op:?}");
                assert!(changes(&op).into_iter().all(|change| !in_words(&op, change).is_empty()));
            }
        }
    }

    #[test]
    fn orderings_are_weakened_step_by_step() {
        let orders = |order| {
            let changes = changes(&op(Kind::Load, Some(order), None));
            changes.into_iter().map(short).collect::<Vec<_>>()
        };
        assert_eq!(orders(AcqRel), ["acquire", "release"]);
        assert_eq!(orders(Acquire), ["relaxed"]);
        assert_eq!(orders(Relaxed), [""; 0]);
    }
}
