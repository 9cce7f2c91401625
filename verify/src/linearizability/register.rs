//! What a pair of numbers that are always the same does, if its calls come one at a time.

use std::fmt;

use serde::Serialize;

use super::Specification;

/// A number, kept twice, so that half a change can be seen.
#[derive(Clone, Copy, Debug)]
pub struct PairRegister {
    /// What it is at first.
    pub initial: u64,
}

/// What a pair can be asked. Each call looks at it twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PairCall {
    /// Look, and look again.
    Read,
    /// Look, write this, and look again.
    Write(u64),
    /// The same, the second look as a reader beside others.
    WriteThenRead(u64),
}

/// The two looks of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Looks {
    /// What was there at first.
    pub first: [u64; 2],
    /// What was there at last.
    pub last: [u64; 2],
}

impl Specification for PairRegister {
    type State = u64;
    type Operation = PairCall;
    type Outcome = Looks;

    fn begin(&self) -> u64 {
        self.initial
    }

    fn perform(&self, state: &mut u64, operation: &PairCall) -> Option<Looks> {
        let first = [*state; 2];
        if let PairCall::Write(new) | PairCall::WriteThenRead(new) = operation {
            *state = *new;
        }
        Some(Looks { first, last: [*state; 2] })
    }
}

impl fmt::Display for PairCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read => f.write_str("read"),
            Self::Write(new) => write!(f, "write {new}"),
            Self::WriteThenRead(new) => write!(f, "write {new}, read"),
        }
    }
}

impl fmt::Display for Looks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let look = |[left, right]: [u64; 2]| match left == right {
            true => left.to_string(),
            false => format!("{left}|{right}"),
        };
        let (first, last) = (look(self.first), look(self.last));
        if first == last { f.write_str(&first) } else { write!(f, "{first}, {last}") }
    }
}
