//! What a lock knows of itself besides who holds it.

use super::site::Site;
use crate::error::Unsupported;
use crate::platform::{Linux, Ordering::Relaxed, Platform, Word32};

/// Set in what is made as a value. In a region, which begins as all zeroes, it is not: no value is ever moved to there, nor
/// from there.
const IN_PRIVATE_MEMORY: u32 = 1 << 0;
/// A holder has died, and nobody has said that the data is in order again.
const HOLDER_DIED: u32 = 1 << 1;

/// Where the lock is, and whether a holder has died.
#[repr(transparent)]
#[derive(Debug)]
pub(super) struct Marks(Word32);

impl Marks {
    pub(super) const fn of_a_value() -> Self {
        Self(Word32::new(IN_PRIVATE_MEMORY))
    }

    /// What the machine does for the lock where it is, for the calling thread.
    #[inline]
    pub(super) fn site(&self) -> Result<Site, Unsupported> {
        Site::current(self.word() & IN_PRIVATE_MEMORY == 0)
    }

    /// Notes a death. To be called by who took the lock from the dead, before it counts as consistent: if that one dies as
    /// well, the next one notes it again.
    #[cold]
    pub(super) fn note_death(&self) {
        // Relaxed: who asks under the lock sees it by the lock; to anybody else it is a hint.
        Linux::lockless().fetch_or(&self.0, HOLDER_DIED, Relaxed);
    }

    pub(super) fn holder_died(&self) -> bool {
        self.word() & HOLDER_DIED != 0
    }

    pub(super) fn clear_holder_died(&self) {
        // Relaxed: as in `note_death`.
        Linux::lockless().fetch_and(&self.0, !HOLDER_DIED, Relaxed);
    }

    #[inline]
    fn word(&self) -> u32 {
        // Relaxed: the place never changes, and for the rest see `note_death`.
        Linux::lockless().load(&self.0, Relaxed)
    }
}
