//! The futex system calls. Words may be shared between processes, so none of them is `PRIVATE`.

use core::num::NonZeroU32;
use core::sync::atomic::{AtomicU32, Ordering};

use rustix::io::Errno;
use rustix::thread::futex::{Flags, WakeOp, WakeOpCmp, wait_bitset, wake, wake_op};
use rustix::time::Timespec;

use super::linux::monotonic_now;
use super::{Update, Waited};
use crate::deadline::Deadline;

/// Matches every waker; `FUTEX_WAIT_BITSET` is used for its absolute time-outs, which survive a retry.
const ANY: NonZeroU32 = NonZeroU32::MAX;

pub(super) fn futex_wait(word: &AtomicU32, expected: u32, deadline: Deadline) -> Waited {
    let until = match deadline {
        Deadline::Now => return Waited::TimedOut,
        Deadline::At(moment) => Timespec::try_from(moment).ok(),
        Deadline::Never => None,
    };
    match wait_bitset(word, Flags::empty(), expected, until.as_ref(), ANY) {
        Err(Errno::AGAIN) => Waited::Changed,
        Err(Errno::TIMEDOUT) => Waited::TimedOut,
        Ok(()) | Err(Errno::INTR) => Waited::Woken,
        Err(_) => {
            // A sandbox that forbids the call: waiting becomes polling, which is slow and correct.
            rustix::thread::sched_yield();
            match deadline {
                Deadline::At(moment) if monotonic_now() >= moment => Waited::TimedOut,
                _ => Waited::Woken,
            }
        }
    }
}

pub(super) fn futex_wake(word: &AtomicU32, count: u32) -> u32 {
    // The kernel takes the number as a signed one.
    let woken = wake(word, Flags::empty(), count.min(i32::MAX as u32)).unwrap_or(0);
    u32::try_from(woken).unwrap_or(u32::MAX)
}

pub(super) fn futex_update_wake_all(word: &AtomicU32, update: Update) -> u32 {
    let (operation, bit) = match update {
        Update::Clear(bit) => (WakeOp::AndNShift, bit),
        Update::Set(bit) => (WakeOp::OrShift, bit),
    };
    // `FUTEX_WAKE_OP` changes its second word and wakes on its first, here the same, with both locked
    // against sleepers. The comparison could wake more on the second; it wakes none.
    let all = i32::MAX as u32;
    match wake_op(word, Flags::empty(), all, 0, word, operation, WakeOpCmp::Eq, bit as u16, 0) {
        Ok(woken) => u32::try_from(woken).unwrap_or(u32::MAX),
        Err(_) => update_then_wake(word, update),
    }
}

/// Where the one-step call is refused (gVisor, seccomp): a bit that is set is set before the wake, which
/// only a death in between can lose; a bit that would be cleared stays, and costs wakes that find nobody.
fn update_then_wake(word: &AtomicU32, update: Update) -> u32 {
    if let Update::Set(bit) = update {
        word.fetch_or(1 << bit, Ordering::Relaxed);
        return futex_wake(word, u32::MAX);
    }
    0
}
