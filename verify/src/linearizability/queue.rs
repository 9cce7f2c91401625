//! What a bounded queue does if its calls come one at a time.

use std::collections::VecDeque;
use std::fmt;

use serde::Serialize;

use super::Specification;

/// A queue of so many places, empty and open at first.
#[derive(Clone, Copy, Debug)]
pub struct BoundedQueue {
    /// For how many elements there is room.
    pub capacity: usize,
}

/// What a queue can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueCall {
    /// Put this in, when there is room.
    Put(u64),
    /// Put this in, if there is room.
    TryPut(u64),
    /// Take one out, when there is one.
    Take,
    /// Take one out, if there is one.
    TryTake,
    /// Let nothing more in.
    ShutDown,
}

/// What comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueAnswer {
    /// It was done.
    Done,
    /// This was taken: a whole element, the same twice.
    Took([u64; 2]),
    /// There is no room.
    Full,
    /// There is nothing.
    Empty,
    /// Nothing more is let in; and, for who takes, there is nothing left.
    Closed,
}

impl Specification for BoundedQueue {
    /// What is in it, and whether it is closed.
    type State = (VecDeque<u64>, bool);
    type Operation = QueueCall;
    type Outcome = QueueAnswer;

    fn begin(&self) -> Self::State {
        (VecDeque::new(), false)
    }

    fn perform(
        &self,
        (elements, closed): &mut Self::State,
        operation: &QueueCall,
    ) -> Option<QueueAnswer> {
        match *operation {
            QueueCall::ShutDown => {
                *closed = true;
                Some(QueueAnswer::Done)
            }
            QueueCall::Put(_) | QueueCall::TryPut(_) if *closed => Some(QueueAnswer::Closed),
            QueueCall::Put(_) if elements.len() >= self.capacity => None,
            QueueCall::TryPut(_) if elements.len() >= self.capacity => Some(QueueAnswer::Full),
            QueueCall::Put(element) | QueueCall::TryPut(element) => {
                elements.push_back(element);
                Some(QueueAnswer::Done)
            }
            QueueCall::Take | QueueCall::TryTake => match (elements.pop_front(), operation) {
                (Some(element), _) => Some(QueueAnswer::Took([element; 2])),
                (None, _) if *closed => Some(QueueAnswer::Closed),
                (None, QueueCall::TryTake) => Some(QueueAnswer::Empty),
                (None, _) => None,
            },
        }
    }
}

impl fmt::Display for QueueCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Put(element) => write!(f, "put {element}"),
            Self::TryPut(element) => write!(f, "try put {element}"),
            Self::Take => f.write_str("take"),
            Self::TryTake => f.write_str("try take"),
            Self::ShutDown => f.write_str("shut down"),
        }
    }
}

impl fmt::Display for QueueAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("done"),
            Self::Took([left, right]) if left == right => write!(f, "{left}"),
            Self::Took([left, right]) => write!(f, "torn {left}|{right}"),
            Self::Full => f.write_str("full"),
            Self::Empty => f.write_str("empty"),
            Self::Closed => f.write_str("closed"),
        }
    }
}
