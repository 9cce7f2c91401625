//! Calls and outcomes as words, for the log in shared memory.

use crate::linearizability::{Looks, PairCall, QueueAnswer, QueueCall};

/// Something that four words can say.
pub(super) trait Words {
    fn to_words(&self) -> [u64; 4];
    /// What these words say, which [`to_words`](Self::to_words) gave.
    fn from_words(words: [u64; 4]) -> Self;
}

impl Words for QueueCall {
    fn to_words(&self) -> [u64; 4] {
        match *self {
            Self::Put(element) => [0, element, 0, 0],
            Self::TryPut(element) => [1, element, 0, 0],
            Self::Take => [2, 0, 0, 0],
            Self::TryTake => [3, 0, 0, 0],
            Self::ShutDown => [4, 0, 0, 0],
        }
    }

    fn from_words([what, element, ..]: [u64; 4]) -> Self {
        match what {
            0 => Self::Put(element),
            1 => Self::TryPut(element),
            2 => Self::Take,
            3 => Self::TryTake,
            _ => Self::ShutDown,
        }
    }
}

impl Words for QueueAnswer {
    fn to_words(&self) -> [u64; 4] {
        match *self {
            Self::Done => [0; 4],
            Self::Took([left, right]) => [1, left, right, 0],
            Self::Full => [2, 0, 0, 0],
            Self::Empty => [3, 0, 0, 0],
            Self::Closed => [4, 0, 0, 0],
        }
    }

    fn from_words([what, left, right, _]: [u64; 4]) -> Self {
        match what {
            0 => Self::Done,
            1 => Self::Took([left, right]),
            2 => Self::Full,
            3 => Self::Empty,
            _ => Self::Closed,
        }
    }
}

impl Words for PairCall {
    fn to_words(&self) -> [u64; 4] {
        match *self {
            Self::Read => [0; 4],
            Self::Write(new) => [1, new, 0, 0],
            Self::WriteThenRead(new) => [2, new, 0, 0],
        }
    }

    fn from_words([what, new, ..]: [u64; 4]) -> Self {
        match what {
            0 => Self::Read,
            1 => Self::Write(new),
            _ => Self::WriteThenRead(new),
        }
    }
}

impl Words for Looks {
    fn to_words(&self) -> [u64; 4] {
        let ([a, b], [c, d]) = (self.first, self.last);
        [a, b, c, d]
    }

    fn from_words([a, b, c, d]: [u64; 4]) -> Self {
        Self { first: [a, b], last: [c, d] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_kept<T: Words + PartialEq + std::fmt::Debug + Copy>(all: &[T]) {
        for one in all {
            assert_eq!(T::from_words(one.to_words()), *one);
        }
    }

    #[test]
    fn what_is_written_is_read() {
        use QueueCall::{Put, ShutDown, Take, TryPut, TryTake};
        assert_kept(&[Put(7), TryPut(8), Take, TryTake, ShutDown]);
        use QueueAnswer::{Closed, Done, Empty, Full, Took};
        assert_kept(&[Done, Took([1, 2]), Full, Empty, Closed]);
        assert_kept(&[PairCall::Read, PairCall::Write(7), PairCall::WriteThenRead(8)]);
        assert_kept(&[Looks { first: [1, 2], last: [3, 4] }]);
    }
}
