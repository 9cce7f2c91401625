//! What became of an attempt to take a lock, in one word that can be compared.

use lockproof::error::{LockError, TryLockError, Unsupported};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Clean,
    OwnerDied,
    NotRecoverable,
    WouldBlock,
    AlreadyHeld,
    TooManyHeld,
    Unsupported(Unsupported),
}

/// The outcome of any of the crate's ways to take a lock.
pub(crate) trait Attempt {
    type Guard;
    /// The outcome, and the guard where the lock was taken.
    fn taken(self) -> (Outcome, Option<Self::Guard>);
}

impl<G> Attempt for Result<G, TryLockError<G>> {
    type Guard = G;

    fn taken(self) -> (Outcome, Option<G>) {
        match self {
            Ok(guard) => (Outcome::Clean, Some(guard)),
            Err(TryLockError::WouldBlock(_)) => (Outcome::WouldBlock, None),
            Err(TryLockError::Lock(error)) => Err(error).taken(),
            Err(other) => panic!("an outcome that this test does not know: {}", describe(&other)),
        }
    }
}

impl<G> Attempt for Result<G, LockError<G>> {
    type Guard = G;

    fn taken(self) -> (Outcome, Option<G>) {
        match self {
            Ok(guard) => (Outcome::Clean, Some(guard)),
            Err(LockError::OwnerDied(died)) => (Outcome::OwnerDied, Some(died.into_guard())),
            Err(LockError::NotRecoverable(_)) => (Outcome::NotRecoverable, None),
            Err(LockError::AlreadyHeld(_)) => (Outcome::AlreadyHeld, None),
            Err(LockError::TooManyHeld(_)) => (Outcome::TooManyHeld, None),
            Err(LockError::Unsupported(why)) => (Outcome::Unsupported(why), None),
            Err(other) => panic!("an outcome that this test does not know: {other}"),
        }
    }
}

/// The outcome of [`Lock::acquire`](lockproof::Lock::acquire).
pub(crate) fn acquired(attempt: Result<bool, LockError<()>>) -> Outcome {
    match attempt {
        Ok(true) => Outcome::Clean,
        Ok(false) => Outcome::WouldBlock,
        Err(error) => Err(error).taken().0,
    }
}

fn describe<G>(error: &TryLockError<G>) -> String {
    error.to_string()
}
