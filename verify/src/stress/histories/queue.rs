//! The queue: whatever is put, taken, refused and found empty.

use fastrand::Rng;
use lockproof::{PutError, TakeError};

use super::book::QUEUE_CAPACITY;
use super::object::{Object, Spot};
use crate::linearizability::{BoundedQueue, QueueAnswer, QueueCall};

pub(super) struct RecordedQueue;

impl Object for RecordedQueue {
    type Specification = BoundedQueue;
    const SPECIFICATION: BoundedQueue = BoundedQueue { capacity: QUEUE_CAPACITY };

    fn choose(rng: &mut Rng, _is_first: bool, element: u64) -> QueueCall {
        match rng.u8(..10) {
            0..3 => QueueCall::Put(element),
            3..5 => QueueCall::TryPut(element),
            5..8 => QueueCall::Take,
            _ => QueueCall::TryTake,
        }
    }

    fn perform(spot: &Spot<'_>, operation: &QueueCall) -> Result<QueueAnswer, String> {
        let queue = &spot.round.queue;
        match *operation {
            QueueCall::Put(element) => put(queue.put([element; 2])),
            QueueCall::TryPut(element) => put(queue.try_put([element; 2])),
            QueueCall::Take => took(queue.take()),
            QueueCall::TryTake => took(queue.try_take()),
            QueueCall::ShutDown => match queue.shutdown() {
                Ok(()) => Ok(QueueAnswer::Done),
                Err(error) => Err(error.to_string()),
            },
        }
    }

    fn release() -> Option<QueueCall> {
        Some(QueueCall::ShutDown)
    }

    fn next_look(last: Option<&QueueAnswer>) -> Option<QueueCall> {
        match last {
            None | Some(QueueAnswer::Took(_)) => Some(QueueCall::TryTake),
            Some(_) => None,
        }
    }
}

fn put(result: Result<(), PutError<[u64; 2]>>) -> Result<QueueAnswer, String> {
    match result {
        Ok(()) => Ok(QueueAnswer::Done),
        Err(PutError::Full(_)) => Ok(QueueAnswer::Full),
        Err(PutError::ShutDown(_)) => Ok(QueueAnswer::Closed),
        Err(error) => Err(error.to_string()),
    }
}

fn took(result: Result<Option<[u64; 2]>, TakeError>) -> Result<QueueAnswer, String> {
    match result {
        Ok(Some(element)) => Ok(QueueAnswer::Took(element)),
        Ok(None) => Ok(QueueAnswer::Closed),
        Err(TakeError::Empty) => Ok(QueueAnswer::Empty),
        Err(error) => Err(error.to_string()),
    }
}
