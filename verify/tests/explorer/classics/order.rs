//! Tests of several words: what is seen of one, once another was seen.

use lockproof::platform::Ordering::{AcqRel, Acquire, Release};
use lockproof_verify::models::litmus::On::{X, Y, Z};

use super::Answer::{Allowed, Forbidden};
use super::{Classic, FENCES, IMM, ORDER, R, RACES, RC11, SC, case, r, w};
use crate::programs::Op::{self, Add, Fence, Load, Store};

pub(super) fn all() -> Vec<Classic> {
    [store_buffers(), load_buffers(), two_writers(), chains(), independent(), seqcst_chains()]
        .concat()
}

/// SB: each of two threads writes, then looks for what the other wrote.
fn store_buffers() -> Vec<Classic> {
    let sb = |name, write, between: [Option<Op>; 2], read, answer| {
        let thread = |mine, other, between: Option<Op>| -> Vec<Op> {
            let write = [Store(mine, 1, write)].into_iter();
            write.chain(between).chain([Load(other, read)]).collect()
        };
        let (left, right) = (thread(X, Y, between[0]), thread(Y, X, between[1]));
        case(name, [&left, &right], "0 | 0 | X=1 | Y=1", answer, ORDER)
    };
    let acqrel = Some(Fence(AcqRel));
    let updates = |order| [[w(X), Add(Z, 1, order), r(Y)], [w(Y), Add(Z, 1, order), r(X)]];
    let [left, right] = updates(AcqRel);
    let [left_alone, right_alone] = updates(Release);
    let (first, one) = ("0 0 | 1 0 | X=1 | Y=1 | Z=2", [Add(X, 1, AcqRel), Load(Y, Acquire)]);
    vec![
        sb("SB", R, [None; 2], R, Allowed),
        sb("SB+rel+acq", Release, [None; 2], Acquire, Allowed),
        sb("SB+fences acqrel", R, [acqrel; 2], R, Allowed),
        sb("SB+fences sc, Dekker", R, [Some(SC); 2], R, Forbidden),
        sb("SB+fence sc+po", R, [Some(SC), None], R, Allowed),
        sb("SB+fence sc+fence acqrel", R, [Some(SC), acqrel], R, Allowed),
        case("SB+updates between", [&left, &right], first, Forbidden, RACES),
        case("SB+updates rel between", [&left_alone, &right_alone], first, Allowed, RACES),
        case(
            "SB+updates",
            [&one, &[Add(Y, 1, AcqRel), Load(X, Acquire)]],
            "0 0 | 0 0 | X=1 | Y=1",
            Allowed,
            ORDER,
        ),
        case(
            "3.SB+fences sc",
            [&[w(X), SC, r(Y)], &[w(Y), SC, r(Z)], &[w(Z), SC, r(X)]],
            "0 | 0 | 0 | X=1 | Y=1 | Z=1",
            Forbidden,
            ORDER,
        ),
        case(
            "3.SB+fences sc+sc+acqrel",
            [&[w(X), SC, r(Y)], &[w(Y), SC, r(Z)], &[w(Z), Fence(AcqRel), r(X)]],
            "0 | 0 | 0 | X=1 | Y=1 | Z=1",
            Allowed,
            ORDER,
        ),
    ]
}

/// LB: each of two threads reads what the other writes afterwards. C++20 allows it with Relaxed, and RC11 excludes
/// it.
fn load_buffers() -> Vec<Classic> {
    let both = "1 | 1 | X=1 | Y=1";
    vec![
        case("LB", [&[r(X), w(Y)], &[r(Y), w(X)]], both, Forbidden, RC11),
        case(
            "LB+rels",
            [&[r(X), Store(Y, 1, Release)], &[r(Y), Store(X, 1, Release)]],
            both,
            Forbidden,
            IMM,
        ),
        case(
            "LB+acq+rel",
            [&[Load(X, Acquire), w(Y)], &[r(Y), Store(X, 1, Release)]],
            both,
            Forbidden,
            RACES,
        ),
        case(
            "3.LB",
            [&[r(X), w(Y)], &[r(Y), w(Z)], &[r(Z), w(X)]],
            "1 | 1 | 1 | X=1 | Y=1 | Z=1",
            Forbidden,
            RC11,
        ),
        case("LB, one late", [&[r(X), w(Y)], &[r(Y), w(X)]], "0 | 1 | X=1 | Y=1", Allowed, RC11),
    ]
}

/// 2+2W, R and S: both threads write the same word.
fn two_writers() -> Vec<Classic> {
    let crossing = |order, fence: Option<Op>| -> [Vec<Op>; 2] {
        [(X, Y), (Y, X)].map(|(first, second)| {
            let ops = [Store(first, 1, order)].into_iter().chain(fence);
            ops.chain([Store(second, 2, order)]).collect()
        })
    };
    let two_plus_two = |name, order, fence, answer| {
        let [left, right] = crossing(order, fence);
        case(name, [&left, &right], "X=1 | Y=1", answer, RC11)
    };
    let (r_outcome, s_outcome) = ("0 | X=1 | Y=2", "1 | X=2 | Y=1");
    let r_test = |name, order, fence: Option<Op>, read, answer| {
        let left = [Some(w(X)), fence, Some(Store(Y, 1, order))].into_iter().flatten();
        let right = [Some(Store(Y, 2, R)), fence, Some(Load(X, read))].into_iter().flatten();
        let (left, right) = (left.collect::<Vec<_>>(), right.collect::<Vec<_>>());
        case(name, [&left, &right], r_outcome, answer, RC11)
    };
    let s = |name, flag, look, answer| {
        case(
            name,
            [&[Store(X, 2, R), Store(Y, 1, flag)], &[Load(Y, look), w(X)]],
            s_outcome,
            answer,
            RACES,
        )
    };
    vec![
        two_plus_two("2+2W", R, None, Allowed),
        two_plus_two("2+2W+rels", Release, None, Allowed),
        two_plus_two("2+2W+fences acqrel", R, Some(Fence(AcqRel)), Allowed),
        two_plus_two("2+2W+fences sc", R, Some(SC), Forbidden),
        case(
            "3.2W+fences sc",
            [&[w(X), SC, Store(Y, 2, R)], &[w(Y), SC, Store(Z, 2, R)], &[w(Z), SC, Store(X, 2, R)]],
            "X=1 | Y=1 | Z=1",
            Forbidden,
            RC11,
        ),
        r_test("R", R, None, R, Allowed),
        r_test("R+rel+acq", Release, None, Acquire, Allowed),
        r_test("R+fences acqrel", R, Some(Fence(AcqRel)), R, Allowed),
        r_test("R+fences sc", R, Some(SC), R, Forbidden),
        s("S", R, R, Allowed),
        s("S+rel+rlx", Release, R, Allowed),
        s("S+rel+acq", Release, Acquire, Forbidden),
        case(
            "S+fences",
            [&[Store(X, 2, R), Fence(Release), w(Y)], &[r(Y), Fence(Acquire), w(X)]],
            s_outcome,
            Forbidden,
            FENCES,
        ),
    ]
}

/// WRC, ISA2, Z6.3: a third thread between two.
fn chains() -> Vec<Classic> {
    let (rel_y, acq_y) = (Store(Y, 1, Release), Load(Y, Acquire));
    let wrc = |name, middle: &[Op], last: &[Op], answer| {
        case(name, [&[w(X)], middle, last], "1 | 1 0 | X=1 | Y=1", answer, RACES)
    };
    let isa2 = |name, middle: [Op; 2], answer| {
        case(
            name,
            [&[w(X), rel_y], &middle, &[Load(Z, Acquire), r(X)]],
            "1 | 1 0 | X=1 | Y=1 | Z=1",
            answer,
            RACES,
        )
    };
    let z63 = |name, threads: [&[Op]; 3], answer| {
        case(name, threads, "1 0 | X=1 | Y=2 | Z=1", answer, RC11)
    };
    let (rel_z, rel_y2) = (Store(Z, 1, Release), Store(Y, 2, R));
    vec![
        wrc("WRC", &[r(X), w(Y)], &[r(Y), r(X)], Allowed),
        wrc("WRC+rel+acq", &[r(X), rel_y], &[acq_y, r(X)], Forbidden),
        wrc("WRC+acq+rlx+acq", &[Load(X, Acquire), w(Y)], &[acq_y, r(X)], Allowed),
        wrc("WRC+rel+rlx", &[r(X), rel_y], &[r(Y), r(X)], Allowed),
        wrc("WRC+fences", &[r(X), Fence(Release), w(Y)], &[r(Y), Fence(Acquire), r(X)], Forbidden),
        wrc("WRC+update", &[Add(X, 0, R), rel_y], &[acq_y, r(X)], Forbidden),
        isa2("ISA2", [acq_y, rel_z], Forbidden),
        isa2("ISA2+rlx", [acq_y, w(Z)], Allowed),
        isa2("ISA2+rlx+rel", [r(Y), rel_z], Allowed),
        case(
            "ISA2+fences",
            [
                &[w(X), Fence(Release), w(Y)],
                &[r(Y), Fence(AcqRel), w(Z)],
                &[r(Z), Fence(Acquire), r(X)],
            ],
            "1 | 1 0 | X=1 | Y=1 | Z=1",
            Forbidden,
            FENCES,
        ),
        // The order of two writes synchronizes nothing.
        z63("Z6.3+rel+acq", [&[w(X), rel_y], &[rel_y2, rel_z], &[Load(Z, Acquire), r(X)]], Allowed),
        z63(
            "Z6.3+fences acqrel",
            [
                &[w(X), Fence(AcqRel), w(Y)],
                &[rel_y2, Fence(AcqRel), w(Z)],
                &[r(Z), Fence(AcqRel), r(X)],
            ],
            Allowed,
        ),
        z63(
            "Z6.3+fences sc",
            [&[w(X), SC, w(Y)], &[rel_y2, SC, w(Z)], &[r(Z), SC, r(X)]],
            Forbidden,
        ),
        z63(
            "Z6.3+fence sc+fence sc+acq",
            [&[w(X), SC, w(Y)], &[rel_y2, SC, rel_z], &[Load(Z, Acquire), r(X)]],
            Forbidden,
        ),
    ]
}

/// IRIW: two readers see two independent writes in different orders.
fn independent() -> Vec<Classic> {
    let iriw = |name, write, readers: [Option<Op>; 2], read, answer| {
        let reader = |first, second, between: Option<Op>| -> Vec<Op> {
            [Some(Load(first, read)), between, Some(Load(second, read))]
                .into_iter()
                .flatten()
                .collect()
        };
        let (left, right) = (reader(X, Y, readers[0]), reader(Y, X, readers[1]));
        case(
            name,
            [&[Store(X, 1, write)], &[Store(Y, 1, write)], &left, &right],
            "1 0 | 1 0 | X=1 | Y=1",
            answer,
            RC11,
        )
    };
    let acqrel = Some(Fence(AcqRel));
    vec![
        iriw("IRIW", R, [None; 2], R, Allowed),
        iriw("IRIW+rel+acq", Release, [None; 2], Acquire, Allowed),
        iriw("IRIW+fences acqrel", R, [acqrel; 2], R, Allowed),
        iriw("IRIW+fences sc", R, [Some(SC); 2], R, Forbidden),
        iriw("IRIW+rel+acq+fences sc", Release, [Some(SC); 2], Acquire, Forbidden),
        iriw("IRIW+rel+acq+fence sc+po", Release, [Some(SC), None], Acquire, Allowed),
    ]
}

/// RWC and others: SeqCst fences, and what reaches from one to the next.
fn seqcst_chains() -> Vec<Classic> {
    let rwc = |name, middle: &[Op], last: &[Op], answer| {
        case(name, [&[w(X)], middle, last], "1 0 | 0 | X=1 | Y=1", answer, RC11)
    };
    let w_rwc = |name, middle: [Op; 3], answer| {
        case(
            name,
            [&[w(X), Store(Z, 1, Release)], &middle, &[w(Y), SC, r(X)]],
            "1 0 | 0 | X=1 | Y=1 | Z=1",
            answer,
            RC11,
        )
    };
    let (read, acquire) = ([r(X), SC, r(Y)], [Load(X, Acquire), Load(Y, Acquire)]);
    vec![
        rwc("RWC+acq", &acquire, &[w(Y), Load(X, Acquire)], Allowed),
        rwc("RWC+fences sc", &read, &[w(Y), SC, r(X)], Forbidden),
        rwc("RWC+fence sc+po", &read, &[w(Y), r(X)], Allowed),
        rwc("RWC+acq+fence sc", &acquire, &[w(Y), SC, r(X)], Allowed),
        w_rwc("W+RWC+rel+acq+fences sc", [Load(Z, Acquire), SC, r(Y)], Forbidden),
        w_rwc("W+RWC+rel+rlx+fences sc", [r(Z), SC, r(Y)], Forbidden),
        w_rwc("W+RWC+rel+fence acqrel+fence sc", [r(Z), Fence(AcqRel), r(Y)], Allowed),
        // Two steps of reading from, with nothing but program order between, do not lead from fence to fence.
        case(
            "RWC, a relaxed thread between",
            [&[w(Z), SC, w(X)], &[r(X), w(Y)], &[r(Y), SC, r(Z)]],
            "1 | 1 0 | X=1 | Y=1 | Z=1",
            Allowed,
            IMM,
        ),
        case(
            "RWC, an update between",
            [&[w(Z), SC, w(X)], &[Add(X, 1, R)], &[r(X), SC, r(Z)]],
            "1 | 2 0 | X=2 | Z=1",
            Forbidden,
            FENCES,
        ),
        case(
            "SB+fences sc, a write of a third seen",
            [&[w(X)], &[r(X), SC, r(Y)], &[w(Y), SC, Add(X, 2, R)]],
            "1 0 | 0 | X=2 | Y=1",
            Forbidden,
            RC11,
        ),
    ]
}
