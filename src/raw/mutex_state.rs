//! The mutex's word, as pure code.
//!
//! | bits | name | who sets it | who clears it |
//! |---|---|---|---|
//! | 0..=28 | owner's thread id, 0 for nobody | the locker | the holder, or the kernel at its death |
//! | 29 | `NOT_RECOVERABLE` | a holder that lets go of inconsistent data | nobody |
//! | 30 | `OWNER_DIED` | the kernel at the owner's death, a panicking holder | a holder, by `make_consistent` |
//! | 31 | `WAITERS` | whoever is about to sleep | only together with waking every sleeper |
//!
//! Bits 30 and 31 and the meaning of the rest are the kernel's (`FUTEX_OWNER_DIED`, `FUTEX_WAITERS`,
//! `FUTEX_TID_MASK`). Bit 29 lies within the kernel's thread-id mask, but above every id there can be
//! (`PID_MAX_LIMIT` is 2^22): to the kernel, a word with it is owned by a thread that does not exist.

use crate::platform::{ThreadId, Update};

/// Somebody sleeps on the word, or did since the bit was last cleared.
pub const WAITERS: u32 = 1 << WAITERS_BIT;
/// The last holder died, and what the lock protects has not been declared consistent since.
pub const OWNER_DIED: u32 = 1 << 30;
/// Nobody will ever get this lock again.
pub const NOT_RECOVERABLE: u32 = 1 << NOT_RECOVERABLE_BIT;
/// Where the owner's thread id is, for us.
pub const OWNER: u32 = NOT_RECOVERABLE - 1;
/// Where the kernel looks for the owner's thread id (`FUTEX_TID_MASK`).
pub const KERNEL_OWNER: u32 = OWNER | NOT_RECOVERABLE;
/// Free, consistent, and nobody sleeps.
pub const UNLOCKED: u32 = 0;

/// Clears [`WAITERS`].
pub const FORGET_WAITERS: Update = Update::Clear(WAITERS_BIT);
/// Sets [`NOT_RECOVERABLE`].
pub const GIVE_UP: Update = Update::Set(NOT_RECOVERABLE_BIT);

const WAITERS_BIT: u32 = 31;
const NOT_RECOVERABLE_BIT: u32 = 29;

/// One value of the mutex's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State(pub u32);

impl State {
    /// The thread that holds the lock, or 0.
    #[must_use]
    pub const fn owner(self) -> ThreadId {
        self.0 & OWNER
    }

    /// Whether somebody may sleep on the word.
    #[must_use]
    pub const fn has_waiters(self) -> bool {
        self.0 & WAITERS != 0
    }

    /// Whether a holder died and nobody has declared the data consistent since.
    #[must_use]
    pub const fn owner_died(self) -> bool {
        self.0 & OWNER_DIED != 0
    }

    /// Whether the lock is lost for good.
    #[must_use]
    pub const fn is_not_recoverable(self) -> bool {
        self.0 & NOT_RECOVERABLE != 0
    }

    /// Whether the lock can be taken.
    #[must_use]
    pub const fn is_free(self) -> bool {
        self.0 & KERNEL_OWNER == 0
    }

    /// The same state, held by `me`. Keeps both flags: who takes the lock from a dead holder still has
    /// to declare the data consistent, and sleepers stay known.
    #[must_use]
    pub const fn held_by(self, me: ThreadId) -> Self {
        Self(self.0 | me)
    }

    /// The same state, with a sleeper announced.
    #[must_use]
    pub const fn with_waiters(self) -> Self {
        Self(self.0 | WAITERS)
    }

    /// What the kernel makes of the word when its owner dies.
    #[must_use]
    pub const fn after_owners_death(self) -> Self {
        Self(self.0 & WAITERS | OWNER_DIED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn the_flags_are_the_kernels() {
        assert_eq!(WAITERS, libc::FUTEX_WAITERS);
        assert_eq!(OWNER_DIED, libc::FUTEX_OWNER_DIED);
        assert_eq!(KERNEL_OWNER, libc::FUTEX_TID_MASK);
        assert_eq!(FORGET_WAITERS.apply(u32::MAX), !WAITERS);
        assert_eq!(GIVE_UP.apply(0), NOT_RECOVERABLE);
    }

    #[test]
    fn every_state_is_told_apart() {
        // word, owner, free, waiters, owner died, not recoverable
        let table = [
            (UNLOCKED, 0, true, false, false, false),
            (WAITERS, 0, true, true, false, false),
            (7, 7, false, false, false, false),
            (7 | WAITERS, 7, false, true, false, false),
            (OWNER_DIED, 0, true, false, true, false),
            (OWNER_DIED | WAITERS, 0, true, true, true, false),
            (7 | OWNER_DIED, 7, false, false, true, false),
            (7 | OWNER_DIED | WAITERS, 7, false, true, true, false),
            (7 | OWNER_DIED | NOT_RECOVERABLE, 7, false, false, true, true),
            (7 | OWNER_DIED | NOT_RECOVERABLE | WAITERS, 7, false, true, true, true),
        ];
        for (word, owner, free, waiters, died, lost) in table {
            let state = State(word);
            assert_eq!(
                (
                    state.owner(),
                    state.is_free(),
                    state.has_waiters(),
                    state.owner_died(),
                    state.is_not_recoverable()
                ),
                (owner, free, waiters, died, lost),
                "{word:#x}"
            );
        }
        assert_eq!(
            State(7 | WAITERS).after_owners_death(),
            State(WAITERS | OWNER_DIED),
            "a death keeps the sleepers known"
        );
    }
}
