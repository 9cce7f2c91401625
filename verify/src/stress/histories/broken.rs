//! Objects that no lock protects. Their histories have to be found not linearizable, or the judgement is worth nothing.
//!
//! In each, the first process that comes to the gap in the middle of a change stays there until another process has made
//! two calls: the second of them began and ended while the change was half made. So one history is enough to show it:
//! nothing is left to chance.

use fastrand::Rng;

use super::book::{RING_CAPACITY, Round};
use super::object::{Object, Spot};
use crate::linearizability::{BoundedQueue, Looks, PairCall, PairRegister, QueueAnswer, QueueCall};

/// A ring that several put into and take from without a lock.
pub(super) struct UnlockedRing;

/// A pair of numbers without a lock.
pub(super) struct UnlockedPair;

impl Object for UnlockedRing {
    type Specification = BoundedQueue;
    const SPECIFICATION: BoundedQueue = BoundedQueue { capacity: RING_CAPACITY };

    fn choose(rng: &mut Rng, is_first: bool, element: u64) -> QueueCall {
        if is_first || rng.bool() { QueueCall::TryPut(element) } else { QueueCall::TryTake }
    }

    fn perform(spot: &Spot<'_>, operation: &QueueCall) -> Result<QueueAnswer, String> {
        let Round { head, tail, ring, .. } = spot.round;
        Ok(match *operation {
            QueueCall::Put(element) | QueueCall::TryPut(element) => {
                let at = tail.load();
                gap(spot);
                ring[at as usize % RING_CAPACITY].store(element);
                tail.store(at + 1);
                QueueAnswer::Done
            }
            QueueCall::Take | QueueCall::TryTake => {
                let at = head.load();
                if at >= tail.load() {
                    return Ok(QueueAnswer::Empty);
                }
                let element = ring[at as usize % RING_CAPACITY].load();
                head.store(at + 1);
                QueueAnswer::Took([element; 2])
            }
            QueueCall::ShutDown => QueueAnswer::Done,
        })
    }

    fn next_look(last: Option<&QueueAnswer>) -> Option<QueueCall> {
        (last != Some(&QueueAnswer::Empty)).then_some(QueueCall::TryTake)
    }
}

impl Object for UnlockedPair {
    type Specification = PairRegister;
    const SPECIFICATION: PairRegister = PairRegister { initial: 0 };

    fn choose(rng: &mut Rng, is_first: bool, element: u64) -> PairCall {
        if is_first || rng.bool() { PairCall::Write(element) } else { PairCall::Read }
    }

    fn perform(spot: &Spot<'_>, operation: &PairCall) -> Result<Looks, String> {
        let [left, right] = &spot.round.pair;
        let look = || [left.load(), right.load()];
        let first = look();
        if let PairCall::Write(new) | PairCall::WriteThenRead(new) = *operation {
            left.store(new);
            gap(spot);
            right.store(new);
        }
        Ok(Looks { first, last: look() })
    }

    fn next_look(last: Option<&Looks>) -> Option<PairCall> {
        last.is_none().then_some(PairCall::Read)
    }
}

/// Keeps the first that comes here until another has made two calls. There are so many to come; and as the first call of each
/// process is a change, nobody's first has ended when the first comes here, and whoever's second has ended made all of it since.
fn gap(spot: &Spot<'_>) {
    let Round { at_gap, lanes, .. } = spot.round;
    if at_gap.increment() > 0 {
        return;
    }
    let others = || lanes.iter().enumerate().filter(|(lane, _)| *lane != spot.lane);
    while !others().any(|(_, log)| log.ended() >= 2) {
        std::thread::yield_now();
    }
}
