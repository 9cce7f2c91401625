//! What a thread knows, or what a message tells whoever reads it.

use super::{MOST_CELLS, MOST_WORDS, Shape};

/// Of each word, the oldest message that may still be read; of each cell, which accesses are known to have happened; and
/// which SeqCst fences have.
///
/// A cell's accesses are known as a bit for its last write and one for each thread's reads since. A view without a bit
/// that somebody else's access needs is a data race.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct View {
    pub(super) at: [u8; MOST_WORDS],
    pub(super) cells: [u16; MOST_CELLS],
    pub(super) fences: u16,
}

/// The bit for a cell's last write.
pub(super) const WRITTEN: u16 = 1 << 15;

impl View {
    /// What tells nobody anything.
    pub(super) const NOTHING: Self =
        Self { at: [0; MOST_WORDS], cells: [0; MOST_CELLS], fences: 0 };

    /// The view of a thread that begins: nothing has been read, and every cell was written before.
    pub(super) fn beginning(shape: &Shape) -> Self {
        let mut view = Self::NOTHING;
        view.cells[..shape.cells].fill(WRITTEN);
        view
    }

    /// Learns what `other` knows.
    pub(super) fn join(&mut self, other: &Self) {
        for (mine, theirs) in self.at.iter_mut().zip(&other.at) {
            *mine = (*mine).max(*theirs);
        }
        for (mine, theirs) in self.cells.iter_mut().zip(&other.cells) {
            *mine |= theirs;
        }
        self.fences |= other.fences;
    }

    /// Keeps what `other` knows as well.
    pub(super) fn meet(&mut self, other: &Self) {
        for (mine, theirs) in self.at.iter_mut().zip(&other.at) {
            *mine = (*mine).min(*theirs);
        }
        for (mine, theirs) in self.cells.iter_mut().zip(&other.cells) {
            *mine &= theirs;
        }
        self.fences &= other.fences;
    }

    /// Forgets what `other` knows.
    pub(super) fn without(&mut self, other: &Self) {
        for (mine, theirs) in self.at.iter_mut().zip(&other.at) {
            if *mine <= *theirs {
                *mine = 0;
            }
        }
        for (mine, theirs) in self.cells.iter_mut().zip(&other.cells) {
            *mine &= !theirs;
        }
        self.fences &= !other.fences;
    }
}
