//! Tests of one message: what is seen of it by whoever sees the flag that was raised after it.

use lockproof::platform::Ordering::{AcqRel, Acquire, Relaxed, Release};
use lockproof_verify::models::litmus::On::{X, Y};

use super::Answer::{self, Allowed, Forbidden};
use super::{Classic, FENCES, IMM, ORDER, P0982, R, RACES, RC11, SC, case, r, w};
use crate::programs::Op::{self, Add, Exchange, Fence, Load, Or, Store, Swap};

pub(super) fn all() -> Vec<Classic> {
    [plain(), by_fences(), release_sequences(), cut_release_sequences()].concat()
}

/// MP: one thread writes a message, then a flag; the other sees the flag, and not the message.
fn mp(
    name: &'static str,
    writer: &[Op],
    reader: &[Op],
    answer: Answer,
    source: &'static str,
) -> Classic {
    let writer = [&[w(X)], writer].concat();
    let reader = [reader, &[r(X)]].concat();
    case(name, [&writer, &reader], "1 0 | X=1 | Y=1", answer, source)
}

fn plain() -> Vec<Classic> {
    let flag = |order| [Store(Y, 1, order)];
    let look = |order| [Load(Y, order)];
    vec![
        mp("MP", &flag(R), &look(R), Allowed, RACES),
        mp("MP+rel+rlx", &flag(Release), &look(R), Allowed, RACES),
        mp("MP+rlx+acq", &flag(R), &look(Acquire), Allowed, RACES),
        mp("MP+rel+acq", &flag(Release), &look(Acquire), Forbidden, IMM),
        case(
            "MP+updates rel+acq",
            [&[w(X), Add(Y, 1, Release)], &[Or(Y, 2, Acquire), r(X)]],
            "0 | 1 0 | X=1 | Y=3",
            Forbidden,
            ORDER,
        ),
        case(
            "MP+updates acq+rel",
            [&[w(X), Add(Y, 1, Acquire)], &[Or(Y, 2, Release), r(X)]],
            "0 | 1 0 | X=1 | Y=3",
            Allowed,
            ORDER,
        ),
    ]
}

fn by_fences() -> Vec<Classic> {
    let (rel, acq, acqrel) = (Fence(Release), Fence(Acquire), Fence(AcqRel));
    let fenced_flag = |fence| [fence, w(Y)];
    let fenced_look = |fence| [r(Y), fence];
    let late = [w(Y), rel];
    let early = [acq, r(Y)];
    vec![
        mp("MP+fences", &fenced_flag(rel), &fenced_look(acq), Forbidden, FENCES),
        mp("MP+fences acqrel", &fenced_flag(acqrel), &fenced_look(acqrel), Forbidden, FENCES),
        mp("MP+fences sc", &fenced_flag(SC), &fenced_look(SC), Forbidden, FENCES),
        mp("MP+fence rel+acq", &fenced_flag(rel), &[Load(Y, Acquire)], Forbidden, FENCES),
        mp("MP+rel+fence acq", &[Store(Y, 1, Release)], &fenced_look(acq), Forbidden, FENCES),
        mp("MP+fence rel+po", &fenced_flag(rel), &[r(Y)], Allowed, FENCES),
        mp("MP+po+fence acq", &[w(Y)], &fenced_look(acq), Allowed, FENCES),
        mp("MP+fence sc+po", &fenced_flag(SC), &[r(Y)], Allowed, FENCES),
        mp("MP+fences the wrong way round", &fenced_flag(acq), &fenced_look(rel), Allowed, FENCES),
        mp(
            "MP+fence acq on the right alone",
            &fenced_flag(acq),
            &fenced_look(acq),
            Allowed,
            FENCES,
        ),
        mp("MP+fence rel after the flag", &late, &fenced_look(acq), Allowed, FENCES),
        mp("MP+fence acq before the flag", &fenced_flag(rel), &early, Allowed, FENCES),
        case(
            "MP+fence rel before the message",
            [&[rel, w(X), w(Y)], &[Load(Y, Acquire), r(X)]],
            "1 0 | X=1 | Y=1",
            Allowed,
            FENCES,
        ),
        case(
            "MP+fence acq after the message",
            [&[w(X), Store(Y, 1, Release)], &[r(Y), r(X), acq]],
            "1 0 | X=1 | Y=1",
            Allowed,
            FENCES,
        ),
    ]
}

/// A release reaches through read-modify-writes.
fn release_sequences() -> Vec<Classic> {
    let release = [w(X), Store(Y, 1, Release)];
    let acquire = [Load(Y, Acquire), r(X)];
    let (add, two, three) = (Add(Y, 1, Relaxed), "1 | 2 0 | X=1 | Y=2", "1 | 2 | 3 0 | X=1 | Y=3");
    vec![
        case("MP, an update between", [&release, &[add], &acquire], two, Forbidden, P0982),
        case("MP, two updates", [&release, &[add], &[add], &acquire], three, Forbidden, P0982),
        case(
            "MP, an exchange between",
            [&release, &[Exchange(Y, 1, 2, Relaxed, Relaxed)], &acquire],
            two,
            Forbidden,
            P0982,
        ),
        case(
            "MP, an update of one's own",
            [&[w(X), Store(Y, 1, Release), add], &acquire],
            "1 | 2 0 | X=1 | Y=2",
            Forbidden,
            P0982,
        ),
        case(
            "MP, an update between fences",
            [&[w(X), Fence(Release), w(Y)], &[add], &[r(Y), Fence(Acquire), r(X)]],
            two,
            Forbidden,
            FENCES,
        ),
        case(
            "MP, an update as the reader",
            [&release, &[add], &[Swap(Y, 5, Acquire), r(X)]],
            "1 | 2 0 | X=1 | Y=5",
            Forbidden,
            P0982,
        ),
        case(
            "MP, an update that releases something else",
            [&release, &[Add(Y, 1, Release)], &acquire],
            two,
            Forbidden,
            P0982,
        ),
        case(
            "an update reads a release, and does not acquire",
            [&release, &[add, r(X)]],
            "1 0 | X=1 | Y=2",
            Allowed,
            RACES,
        ),
    ]
}

/// Stores end it, since C++20 those of the same thread, too.
fn cut_release_sequences() -> Vec<Classic> {
    let release = [w(X), Store(Y, 1, Release)];
    let acquire = [Load(Y, Acquire), r(X)];
    let again = [w(X), Store(Y, 1, Release), Store(Y, 5, Relaxed)];
    let add = Add(Y, 1, Relaxed);
    vec![
        case("MP, a store of one's own", [&again, &acquire], "5 0 | X=1 | Y=5", Allowed, P0982),
        case(
            "MP, a store of one's own, fenced",
            [&[w(X), Fence(Release), w(Y), Store(Y, 2, Relaxed)], &acquire],
            "2 0 | X=1 | Y=2",
            Forbidden,
            FENCES,
        ),
        case(
            "MP, a store of one's own, then an update",
            [&again, &[add], &acquire],
            "5 | 6 0 | X=1 | Y=6",
            Allowed,
            P0982,
        ),
        case(
            "MP, an update before a store of one's own",
            [&again, &[add], &acquire],
            "1 | 2 0 | X=1 | Y=5",
            Forbidden,
            P0982,
        ),
        case(
            "MP, a store of another",
            [&release, &[r(Y), Store(Y, 2, Relaxed)], &acquire],
            "1 | 2 0 | X=1 | Y=2",
            Allowed,
            RACES,
        ),
        case(
            "MP, an update, then a store, both of another",
            [&release, &[Add(Y, 1, AcqRel), Store(Y, 3, Relaxed)], &acquire],
            "1 | 3 0 | X=1 | Y=3",
            Allowed,
            P0982,
        ),
        case(
            "MP, a fence, an update, then a store, all of another",
            [&release, &[Fence(Release), Add(Y, 1, Acquire), Store(Y, 3, Relaxed)], &acquire],
            "1 | 3 0 | X=1 | Y=3",
            Allowed,
            RC11,
        ),
        case(
            "MP, an update, a fence, then a store, all of another",
            [&release, &[Add(Y, 1, Acquire), Fence(Release), Store(Y, 3, Relaxed)], &acquire],
            "1 | 3 0 | X=1 | Y=3",
            Forbidden,
            FENCES,
        ),
    ]
}
