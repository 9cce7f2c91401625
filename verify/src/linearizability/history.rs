//! What several processes did, and when.

use std::fmt;

use serde::Serialize;

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End<R> {
    /// With this outcome, seen at this moment.
    Answered {
        /// When.
        at: u64,
        /// What came of it.
        outcome: R,
    },
    /// Nobody knows how: its process was killed, or is still in it. It took effect, or it did not.
    Unknown {
        /// When its process was known to be gone: it has not taken effect after that.
        gone: Option<u64>,
    },
}

impl<R> End<R> {
    /// The moment after which the call has not taken effect, if there is one.
    pub(super) const fn latest(&self) -> Option<u64> {
        match self {
            Self::Answered { at, .. } => Some(*at),
            Self::Unknown { gone } => *gone,
        }
    }

    pub(super) const fn is_answered(&self) -> bool {
        matches!(self, Self::Answered { .. })
    }
}

/// One call of one process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Call<O, R> {
    /// What was asked.
    pub operation: O,
    /// When, by a clock that all processes share.
    pub start: u64,
    /// How it ended.
    pub end: End<R>,
}

/// The calls of one process, one after the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lane<O, R> {
    /// Whose they are, for people.
    pub process: String,
    /// The calls.
    pub calls: Vec<Call<O, R>>,
}

/// The calls of all processes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct History<O, R> {
    lanes: Vec<Lane<O, R>>,
}

/// A process began a call before its last one had ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutOfOrder {
    process: String,
    call: usize,
}

impl fmt::Display for OutOfOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { process, call } = self;
        write!(
            f,
            "call {call} of {process} ends before it begins, or begins before the call before it \
             has ended: what was recorded cannot be used"
        )
    }
}

impl std::error::Error for OutOfOrder {}

impl<O, R> History<O, R> {
    /// A history of these processes.
    ///
    /// # Errors
    ///
    /// [`OutOfOrder`]: a process makes one call after the other, and only its last can lack an answer.
    pub fn new(lanes: Vec<Lane<O, R>>) -> Result<Self, OutOfOrder> {
        match lanes.iter().find_map(out_of_order) {
            Some(error) => Err(error),
            None => Ok(Self { lanes }),
        }
    }

    /// The processes.
    #[must_use]
    pub fn lanes(&self) -> &[Lane<O, R>] {
        &self.lanes
    }

    /// How many calls there are.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.lanes.iter().map(|lane| lane.calls.len()).sum()
    }

    /// How many calls have no answer.
    #[must_use]
    pub fn unanswered(&self) -> usize {
        let calls = self.lanes.iter().flat_map(|lane| &lane.calls);
        calls.filter(|call| !call.end.is_answered()).count()
    }

    /// How many calls began while one of another process was under way.
    #[must_use]
    pub fn overlapping(&self) -> usize {
        let under_way = |lane: &Lane<O, R>, at: u64| {
            lane.calls
                .iter()
                .any(|call| call.start <= at && call.end.latest().is_none_or(|end| at < end))
        };
        let overlaps = |own: usize, at: u64| {
            let others = self.lanes.iter().enumerate().filter(|(other, _)| *other != own);
            others.into_iter().any(|(_, lane)| under_way(lane, at))
        };
        let lanes = self.lanes.iter().enumerate();
        lanes
            .map(|(own, lane)| lane.calls.iter().filter(|call| overlaps(own, call.start)).count())
            .sum()
    }
}

impl<O: Clone, R: Clone> History<O, R> {
    /// What was known at that moment: later calls left out, and those under way without an answer.
    #[must_use]
    pub fn until(&self, moment: u64) -> Self {
        let known = |call: &Call<O, R>| match call.end.latest() {
            Some(end) if end > moment => Call { end: End::Unknown { gone: None }, ..call.clone() },
            _ => call.clone(),
        };
        let lanes = self.lanes.iter().map(|lane| Lane {
            process: lane.process.clone(),
            calls: lane.calls.iter().filter(|call| call.start <= moment).map(known).collect(),
        });
        Self { lanes: lanes.collect() }
    }
}

fn out_of_order<O, R>(lane: &Lane<O, R>) -> Option<OutOfOrder> {
    let mut free_from = Some(0);
    for (at, call) in lane.calls.iter().enumerate() {
        let comes_after = free_from.is_some_and(|free| free <= call.start);
        if !comes_after || call.end.latest().is_some_and(|end| end < call.start) {
            return Some(OutOfOrder { process: lane.process.clone(), call: at + 1 });
        }
        free_from = call.end.latest().filter(|_| call.end.is_answered());
    }
    None
}
