//! Waiting for `flock`, with a deadline that the kernel knows nothing of.
//!
//! Without a deadline the kernel does it: the thread sleeps in its queue, and is woken by the release or the holder's death.
//!
//! With one, no good way leads through the kernel. Only a signal ends a `flock` that sleeps, and a library has none to
//! spare; a helper that sleeps in the thread's stead cannot be called back either, and would take a lock that nobody wants
//! any more; being told of the file's closing (`inotify`) takes one of the 128 watches that a user has by default. So the
//! lock is tried again and again, after pauses that grow with the time already waited. That costs little, is late by a
//! share of the wait that is known, and is unfair towards those who sleep in the kernel's queue, or by them. All of which
//! is said where users read it.

use core::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::io::{Errno, retry_on_intr};

use super::opened::LockFile;
use crate::deadline::{Deadline, Monotonic};
use crate::platform::{monotonic_now, sleep_until};

/// The first pause: the time of some context switches.
const SHORTEST: Duration = Duration::from_micros(50);

/// A hundred looks a second cost less than a thousandth of a processor.
const LONGEST: Duration = Duration::from_millis(10);

/// A pause is at most this part of the time waited so far.
const SHARE: u32 = 8;

/// Whether others may hold the lock as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sharing {
    Exclusive,
    Shared,
}

impl Sharing {
    fn blocking(self) -> FlockOperation {
        match self {
            Self::Exclusive => FlockOperation::LockExclusive,
            Self::Shared => FlockOperation::LockShared,
        }
    }

    fn at_once(self) -> FlockOperation {
        match self {
            Self::Exclusive => FlockOperation::NonBlockingLockExclusive,
            Self::Shared => FlockOperation::NonBlockingLockShared,
        }
    }
}

/// Takes the lock, and says whether it did before the deadline.
pub(super) fn acquire(
    file: &LockFile,
    sharing: Sharing,
    deadline: Deadline,
) -> Result<bool, Errno> {
    let began = monotonic_now();
    loop {
        let now = monotonic_now();
        match attempt(file, sharing, deadline == Deadline::Never) {
            Err(Errno::WOULDBLOCK) => {}
            result => return result.map(|()| true),
        }
        match deadline {
            Deadline::At(until) if now < until => {
                sleep_until(until.min(now + pause(now - began)));
            }
            _ => return Ok(false),
        }
    }
}

fn attempt(file: &LockFile, sharing: Sharing, waits: bool) -> Result<(), Errno> {
    let operation = if waits { sharing.blocking() } else { sharing.at_once() };
    let descriptor = file.descriptor().ok_or(Errno::BADF)?;
    retry_on_intr(|| flock(descriptor, operation))
}

fn pause(waited: Monotonic) -> Duration {
    (waited / SHARE).clamp(SHORTEST, LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_with_the_wait_and_are_bounded() {
        assert_eq!(pause(Duration::ZERO), SHORTEST);
        assert_eq!(pause(Duration::from_millis(8)), Duration::from_millis(1));
        assert_eq!(pause(Duration::MAX), LONGEST);
    }
}
