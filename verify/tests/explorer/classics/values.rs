//! Tests of one word by itself: coherence, read-modify-writes, compare-exchanges.

use lockproof::platform::Ordering::{AcqRel, Acquire, Relaxed, Release};
use lockproof_verify::models::litmus::On::{X, Y};

use super::Answer::{Allowed, Forbidden};
use super::{Classic, FENCES, IMM, OPERATIONS, ORDER, RACES, RC11, case};
use crate::programs::Op::{Add, Exchange, Fence, Load, Or, Store, Swap};

pub(super) fn all() -> Vec<Classic> {
    [coherence(), atomicity(), exchanges(), failures()].concat()
}

fn coherence() -> Vec<Classic> {
    let writer = |value| [Store(X, value, Relaxed)];
    let two_reads = [Load(X, Relaxed), Load(X, Relaxed)];
    vec![
        case("CoWW", [&[Store(X, 1, Relaxed), Store(X, 2, Relaxed)]], "X=1", Forbidden, RACES),
        case("CoRR", [&writer(1), &two_reads], "1 0 | X=1", Forbidden, RACES),
        case("CoRR, in order", [&writer(1), &two_reads], "0 1 | X=1", Allowed, RACES),
        case(
            "CoRR, two readers disagree",
            [&writer(1), &writer(2), &two_reads, &two_reads],
            "1 2 | 2 1 | X=1",
            Forbidden,
            RACES,
        ),
        case(
            "CoRR, a reader and the end disagree",
            [&writer(1), &writer(2), &two_reads],
            "1 2 | X=1",
            Forbidden,
            RACES,
        ),
        case("CoRW1", [&[Load(X, Relaxed), Store(X, 1, Relaxed)]], "1 | X=1", Forbidden, RACES),
        case(
            "CoRW2",
            [&[Load(X, Relaxed), Store(X, 1, Relaxed)], &writer(2)],
            "2 | X=2",
            Forbidden,
            RACES,
        ),
        case(
            "CoWR, the first value",
            [&[Store(X, 1, Relaxed), Load(X, Relaxed)]],
            "0 | X=1",
            Forbidden,
            RACES,
        ),
        case(
            "CoWR",
            [&[Store(X, 1, Relaxed), Load(X, Relaxed)], &writer(2)],
            "2 | X=1",
            Forbidden,
            RACES,
        ),
        case(
            "CoWR, overtaken",
            [&[Store(X, 1, Relaxed), Load(X, Relaxed)], &writer(2)],
            "1 | X=2",
            Allowed,
            RACES,
        ),
        case(
            "CoRR, after a message",
            [
                &[Store(X, 1, Relaxed), Store(X, 2, Relaxed), Store(Y, 1, Release)],
                &[Load(Y, Acquire), Load(X, Relaxed)],
            ],
            "1 1 | X=2 | Y=1",
            Forbidden,
            RACES,
        ),
    ]
}

fn atomicity() -> Vec<Classic> {
    let add = [Add(X, 1, Relaxed)];
    vec![
        case("two additions", [&add, &add], "0 | 0 | X=1", Forbidden, ORDER),
        case("two additions, one after the other", [&add, &add], "1 | 0 | X=2", Allowed, ORDER),
        case(
            "a store inside an update",
            [&[Swap(X, 2, Relaxed)], &[Store(X, 1, Relaxed)]],
            "0 | X=2",
            Forbidden,
            ORDER,
        ),
        case(
            "a store after an update",
            [&[Swap(X, 2, Relaxed)], &[Store(X, 1, Relaxed)]],
            "0 | X=1",
            Allowed,
            ORDER,
        ),
        case(
            "CoWR, an update between",
            [&add, &[Store(X, 2, Relaxed), Load(X, Relaxed)]],
            "0 | 1 | X=1",
            Forbidden,
            IMM,
        ),
        case(
            "a reader sees a store inside an update",
            [
                &[Store(X, 1, Relaxed)],
                &[Swap(X, 2, Relaxed)],
                &[Load(X, Relaxed), Load(X, Relaxed)],
            ],
            "0 | 1 2 | X=1",
            Forbidden,
            ORDER,
        ),
        case(
            "a bit that is lost",
            [&[Or(X, 1, Relaxed)], &[Or(X, 2, Relaxed)]],
            "0 | 0 | X=2",
            Forbidden,
            ORDER,
        ),
        case(
            "an update does not read its own value",
            [&[Swap(X, 1, Relaxed)]],
            "1 | X=1",
            Forbidden,
            ORDER,
        ),
        case(
            "nor do two read each other's",
            [&[Swap(X, 1, Relaxed)], &[Swap(X, 2, Relaxed)]],
            "2 | 1 | X=1",
            Forbidden,
            RC11,
        ),
    ]
}

fn exchanges() -> Vec<Classic> {
    let take = |value| [Exchange(X, 0, value, Relaxed, Relaxed)];
    vec![
        case("two exchanges succeed", [&take(1), &take(2)], "0 | 0 | X=2", Forbidden, ORDER),
        case("one exchange succeeds", [&take(1), &take(2)], "0 | 1 | X=1", Allowed, OPERATIONS),
        case("both exchanges fail", [&take(1), &take(2)], "2 | 1 | X=1", Forbidden, RC11),
        case("an exchange fails for no reason", [&take(1)], "0 | X=0", Forbidden, OPERATIONS),
        case(
            "an exchange from a stale value",
            [&[Store(X, 1, Relaxed), Exchange(X, 0, 2, Relaxed, Relaxed)]],
            "0 | X=2",
            Forbidden,
            RACES,
        ),
        case(
            "an exchange succeeds after a store inside it",
            [&take(2), &[Store(X, 1, Relaxed)]],
            "0 | X=2",
            Forbidden,
            ORDER,
        ),
    ]
}

/// A compare-exchange that fails is a load.
fn failures() -> Vec<Classic> {
    let stale = [Swap(X, 1, Relaxed), Swap(Y, 1, Relaxed)];
    let fails_on_x = Exchange(X, 7, 8, AcqRel, Relaxed);
    let message = |flag| [Store(X, 1, Relaxed), Store(Y, 1, flag)];
    let fails_on_y = |order, failed| [Exchange(Y, 7, 8, order, failed), Load(X, Relaxed)];
    let (late, held) = ("1 0 | X=1 | Y=1", Forbidden);
    vec![
        case(
            "a stale exchange",
            [&stale, &[Load(Y, Relaxed), fails_on_x]],
            "0 0 | 1 0 | X=1 | Y=1",
            Allowed,
            OPERATIONS,
        ),
        case(
            "a stale exchange, fenced",
            [
                &[Swap(X, 1, Relaxed), Fence(Release), Swap(Y, 1, Relaxed)],
                &[Load(Y, Relaxed), Fence(Acquire), fails_on_x],
            ],
            "0 0 | 1 0 | X=1 | Y=1",
            Forbidden,
            OPERATIONS,
        ),
        case(
            "an exchange does not go back",
            [&[Store(X, 1, Relaxed)], &[Load(X, Relaxed), fails_on_x]],
            "1 0 | X=1",
            Forbidden,
            RACES,
        ),
        case(
            "MP+rel+failure acq",
            [&message(Release), &fails_on_y(Relaxed, Acquire)],
            late,
            held,
            OPERATIONS,
        ),
        case(
            "MP+rel+failure rlx",
            [&message(Release), &fails_on_y(AcqRel, Relaxed)],
            late,
            Allowed,
            OPERATIONS,
        ),
        case(
            "MP+rel+failure rlx+fence",
            [
                &message(Release),
                &[Exchange(Y, 7, 8, AcqRel, Relaxed), Fence(Acquire), Load(X, Relaxed)],
            ],
            late,
            Forbidden,
            FENCES,
        ),
        case(
            "MP+failure rel",
            [
                &[Store(X, 1, Relaxed), Exchange(Y, 7, 1, Release, Relaxed), Store(Y, 1, Relaxed)],
                &[Load(Y, Acquire), Load(X, Relaxed)],
            ],
            "0 | 1 0 | X=1 | Y=1",
            Allowed,
            OPERATIONS,
        ),
        case(
            "MP+rel+success rlx",
            [&message(Release), &[Exchange(Y, 1, 2, Relaxed, Acquire), Load(X, Relaxed)]],
            "1 0 | X=1 | Y=2",
            Allowed,
            OPERATIONS,
        ),
        case(
            "MP+rel+success acq",
            [&message(Release), &[Exchange(Y, 1, 2, Acquire, Relaxed), Load(X, Relaxed)]],
            "1 0 | X=1 | Y=2",
            Forbidden,
            OPERATIONS,
        ),
    ]
}
