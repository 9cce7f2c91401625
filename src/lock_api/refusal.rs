//! What becomes of errors where the caller can only be told yes or no, or nothing.

use core::fmt;

use crate::error::{AlreadyHeld, NotRecoverable, TooManyHeld, Unsupported};
use crate::raw::LockFailure;

/// Why a lock was not taken.
pub(super) enum Refusal {
    Failure(LockFailure),
    Unsupported(Unsupported),
}

impl From<LockFailure> for Refusal {
    fn from(failure: LockFailure) -> Self {
        Self::Failure(failure)
    }
}

impl From<Unsupported> for Refusal {
    fn from(why: Unsupported) -> Self {
        Self::Unsupported(why)
    }
}

impl Refusal {
    fn words(&self) -> &dyn fmt::Display {
        match self {
            Self::Failure(LockFailure::TimedOut) => &"somebody else holds the lock",
            Self::Failure(LockFailure::NotRecoverable) => const { &NotRecoverable::new() },
            Self::Failure(LockFailure::AlreadyHeld) => const { &AlreadyHeld::new() },
            Self::Failure(LockFailure::TooManyHeld) => const { &TooManyHeld::new() },
            Self::Unsupported(why) => why,
        }
    }
}

/// The end of an operation that waits for ever, and cannot say that it failed.
#[inline]
#[track_caller]
pub(super) fn must(taken: Result<(), Refusal>) {
    if let Err(refusal) = taken {
        panic_with(&refusal);
    }
}

/// The end of an operation that may say no: because others hold the lock, or this thread does.
#[inline]
#[track_caller]
pub(super) fn may(taken: Result<(), Refusal>) -> bool {
    match taken {
        Ok(()) => true,
        Err(Refusal::Failure(LockFailure::TimedOut | LockFailure::AlreadyHeld)) => false,
        Err(refusal) => panic_with(&refusal),
    }
}

#[cold]
#[inline(never)]
#[track_caller]
pub(super) fn panic_with(refusal: &Refusal) -> ! {
    panic!("{}", refusal.words());
}
