//! A fuzzer's bytes, read one after another. Where there are none left, all is zero: so a shorter input is a simpler case.

use crate::deadline::Deadline;
use crate::platform::{Platform, ThreadId};
use crate::raw::mutex_state::{NOT_RECOVERABLE, OWNER_DIED, WAITERS};

use super::machine::{ME, Machine, SHORT};

/// What is left of them.
#[derive(Debug)]
pub(crate) struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.bytes::<1>()[0]
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        let (taken, left) = self.0.split_at(self.0.len().min(N));
        bytes[..taken.len()].copy_from_slice(taken);
        self.0 = left;
        bytes
    }

    /// A number below that one.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::from(self.byte()) % bound
    }

    /// What some word may hold: mostly what means something to the algorithms, alone or with other bits.
    pub(crate) fn value(&mut self) -> u64 {
        const OTHER: ThreadId = ME + 1;
        let choice = self.byte();
        let base: u64 = match choice & 7 {
            0 => 0,
            1 => ME.into(),
            2 => OTHER.into(),
            3 => u64::from(self.byte()),
            4 => u32::from_le_bytes(self.bytes()).into(),
            5 => u64::from_le_bytes(self.bytes()),
            6 => u64::MAX - u64::from(self.byte() & 3),
            _ => 1 << (self.byte() & 63),
        };
        let flags = [(WAITERS, 1 << 3), (OWNER_DIED, 1 << 4), (NOT_RECOVERABLE, 1 << 5)];
        flags.iter().fold(
            base,
            |value, (flag, bit)| {
                if choice & bit == 0 { value } else { value ^ u64::from(*flag) }
            },
        )
    }

    pub(super) fn deadline(&mut self, p: &Machine) -> Deadline {
        let now = p.now();
        match self.byte() & 3 {
            0 => Deadline::Now,
            1 => Deadline::At(now),
            2 => Deadline::At(now + SHORT),
            _ => Deadline::Never,
        }
    }
}
