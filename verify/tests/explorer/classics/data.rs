//! Tests of data that is not atomic: whether two accesses race. The outcome asked for is the race.

use lockproof::platform::Ordering::{self, AcqRel, Acquire, Relaxed, Release};
use lockproof_verify::models::litmus::On::{X, Y, Z};

use super::Answer::{self, Allowed, Forbidden};
use super::{Classic, FENCES, OPERATIONS, P0982, R, RACES, RC11, SC, case, r, w};
use crate::programs::Op::{Add, Exchange, Fence, Get, Load, Set, StopUnless, Store, Swap};
use crate::programs::{Op, RACE};

pub(super) fn all() -> Vec<Classic> {
    [alone(), messages(), locks(), fences()].concat()
}

fn alone() -> Vec<Classic> {
    vec![
        case("data, two writes", [&[Set(1)], &[Set(2)]], RACE, Allowed, RACES),
        case("data, a write and a read", [&[Set(1)], &[Get]], RACE, Allowed, RACES),
    ]
}

fn messages() -> Vec<Classic> {
    let message = |name, flag: &[Op], look: &[Op], answer, source| {
        let writer = [&[Set(7)], flag].concat();
        let reader = [look, &[StopUnless(1), Get]].concat();
        case(name, [&writer, &reader], RACE, answer, source)
    };
    let (release, acquire) = (Store(Y, 1, Release), Load(Y, Acquire));
    let fails = |order, failed| Exchange(Y, 7, 8, order, failed);
    let passed_on = |between: &[Op]| {
        [vec![Set(7), release], between.to_vec(), vec![acquire, StopUnless(2), Get]]
    };
    let by_an_update = passed_on(&[Exchange(Y, 1, 2, Relaxed, Relaxed)]);
    let by_a_store = passed_on(&[r(Y), StopUnless(1), Store(Y, 2, R)]);
    vec![
        message("data, relaxed", &[w(Y)], &[r(Y)], Allowed, RACES),
        message("data, rel+rlx", &[release], &[r(Y)], Allowed, RACES),
        message("data, rlx+acq", &[w(Y)], &[acquire], Allowed, RACES),
        message("data, rel+acq", &[release], &[acquire], Forbidden, RACES),
        message(
            "data, fences",
            &[Fence(Release), w(Y)],
            &[r(Y), Fence(Acquire)],
            Forbidden,
            FENCES,
        ),
        message("data, failure acq", &[release], &[fails(Relaxed, Acquire)], Forbidden, OPERATIONS),
        message("data, failure rlx", &[release], &[fails(AcqRel, Relaxed)], Allowed, OPERATIONS),
        message(
            "data, written again after the flag",
            &[release, Set(8)],
            &[acquire],
            Allowed,
            RACES,
        ),
        message(
            "data, a store of one's own",
            &[Store(Y, 3, Release), w(Y)],
            &[acquire],
            Allowed,
            P0982,
        ),
        three("data, an update between", &by_an_update, Forbidden, P0982),
        three("data, a store of another between", &by_a_store, Allowed, RACES),
    ]
}

fn three(
    name: &'static str,
    threads: &[Vec<Op>; 3],
    answer: Answer,
    source: &'static str,
) -> Classic {
    case(name, [&threads[0], &threads[1], &threads[2]], RACE, answer, source)
}

/// A lock that is tried once by each.
fn locks() -> Vec<Classic> {
    let lock = |name, take: Ordering, leave: Ordering, answer| {
        let thread =
            [Exchange(X, 0, 1, take, Relaxed), StopUnless(0), Get, Set(7), Swap(X, 0, leave)];
        case(name, [&thread, &thread], RACE, answer, RACES)
    };
    vec![
        lock("lock, acq+rel", Acquire, Release, Forbidden),
        lock("lock, rlx+rel", Relaxed, Release, Allowed),
        lock("lock, acq+rlx", Acquire, Relaxed, Allowed),
        lock("lock, rel+acq", Release, Acquire, Allowed),
    ]
}

/// A SeqCst fence orders data only as the release and acquire fence that it is.
fn fences() -> Vec<Classic> {
    let first = [Set(7), SC, r(Y), StopUnless(0), w(Z)];
    vec![
        case(
            "data, fences sc alone",
            [&first, &[w(Y), SC, r(Z), StopUnless(1), Get]],
            RACE,
            Allowed,
            RC11,
        ),
        case(
            "data, fences sc, the flag before one of them",
            [&[Set(7), SC, w(Z)], &[r(Z), SC, StopUnless(1), Get]],
            RACE,
            Forbidden,
            FENCES,
        ),
        case(
            "data, both write where the other has not come yet",
            [&[w(X), SC, r(Y), StopUnless(0), Set(1)], &[w(Y), SC, r(X), StopUnless(0), Set(2)]],
            RACE,
            Forbidden,
            RC11,
        ),
        case(
            "data, the same without fences",
            [&[w(X), r(Y), StopUnless(0), Set(1)], &[w(Y), r(X), StopUnless(0), Set(2)]],
            RACE,
            Allowed,
            RC11,
        ),
        case(
            "data, the same with updates",
            [
                &[Add(X, 1, AcqRel), Load(Y, Acquire), StopUnless(0), Set(1)],
                &[Add(Y, 1, AcqRel), Load(X, Acquire), StopUnless(0), Set(2)],
            ],
            RACE,
            Allowed,
            RC11,
        ),
    ]
}
