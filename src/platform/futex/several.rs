//! Waiting on several words at once.

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use core::time::Duration;

use rustix::io::Errno;
use rustix::thread::futex::{Wait, WaitFlags, WaitPtr, WaitvFlags, waitv};
use rustix::time::ClockId;

use super::{absolute, futex_wait, woken_or_late};
use crate::deadline::Deadline;
use crate::platform::linux::monotonic_now;
use crate::platform::{MOST_WAITED_FOR, Waited};

/// Most waits are for few words, and need not fill a place for many.
const FEW: usize = 8;

/// How long a thread sleeps on one of its words before it looks at the others, where the kernel cannot do better.
const NAP: Duration = Duration::from_millis(1);

/// The kernel has no such call (before Linux 5.16; gVisor), or a sandbox forbids it.
static REFUSED: AtomicBool = AtomicBool::new(false);

/// A word, and what it is expected to hold.
pub(in crate::platform) type Expected<'a> = (&'a AtomicU32, u32);

pub(in crate::platform) fn futex_wait_any<'a>(
    words: impl ExactSizeIterator<Item = Expected<'a>> + Clone,
    deadline: Deadline,
) -> Waited {
    let count = words.len();
    assert!((1..=MOST_WAITED_FOR).contains(&count), "a wait for {count} words, of at most 128");
    if deadline == Deadline::Now {
        return Waited::TimedOut;
    }
    if count == 1 || REFUSED.load(Ordering::Relaxed) {
        return nap(words, deadline);
    }
    let waited = if count <= FEW {
        wait::<FEW>(words.clone(), deadline)
    } else {
        wait::<MOST_WAITED_FOR>(words.clone(), deadline)
    };
    match waited {
        Err(Errno::AGAIN) => Waited::Changed,
        Err(Errno::TIMEDOUT) => Waited::TimedOut,
        Ok(_) | Err(Errno::INTR) => Waited::Woken,
        Err(error) => {
            if matches!(error, Errno::NOSYS | Errno::PERM) {
                REFUSED.store(true, Ordering::Relaxed);
            }
            nap(words, deadline)
        }
    }
}

/// As the kernel does it: with room for so many words.
fn wait<'a, const ROOM: usize>(
    words: impl ExactSizeIterator<Item = Expected<'a>>,
    deadline: Deadline,
) -> Result<usize, Errno> {
    let count = words.len();
    let mut waits = [Wait::new(); ROOM];
    for (wait, (word, expected)) in waits.iter_mut().zip(words) {
        wait.val = expected.into();
        wait.uaddr = WaitPtr::new(word.as_ptr().cast());
        wait.flags = WaitFlags::SIZE_U32;
    }
    let until = absolute(deadline);
    waitv(&waits[..count], WaitvFlags::empty(), until.as_ref(), ClockId::Monotonic)
}

/// Sleeps on the first word alone: to the end, if it is the only one; else for a moment, and then returns for no
/// reason, so that the caller looks at all of them. Until then wakes of the others find nobody.
fn nap<'a>(mut words: impl Iterator<Item = Expected<'a>>, deadline: Deadline) -> Waited {
    let Some((first, expected)) = words.next() else { return Waited::Woken };
    let mut others = 0;
    for (word, expected) in words {
        others += 1;
        if word.load(Ordering::Relaxed) != expected {
            return Waited::Changed;
        }
    }
    if others == 0 {
        return futex_wait(first, expected, deadline);
    }
    let soon = Deadline::after(monotonic_now(), NAP);
    match futex_wait(first, expected, deadline.min(soon)) {
        Waited::TimedOut => woken_or_late(deadline),
        waited => waited,
    }
}
