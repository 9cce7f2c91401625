//! The futex system calls. Words may be shared between processes, so none of them is `PRIVATE`.

use core::num::NonZeroU32;
use core::sync::atomic::{AtomicU32, Ordering};

use rustix::io::Errno;
use rustix::thread::futex::{Flags, WakeOp, WakeOpCmp, cmp_requeue, wait_bitset, wake, wake_op};
use rustix::time::Timespec;

use super::linux::monotonic_now;
use super::{Changed, Update, Waited};
use crate::deadline::Deadline;

mod several;

pub(super) use several::futex_wait_any;

/// Matches every waker; `FUTEX_WAIT_BITSET` is used for its absolute time-outs, which survive a retry.
const ANY: NonZeroU32 = NonZeroU32::MAX;

pub(super) fn futex_wait(word: &AtomicU32, expected: u32, deadline: Deadline) -> Waited {
    if deadline == Deadline::Now {
        return Waited::TimedOut;
    }
    match wait_bitset(word, Flags::empty(), expected, absolute(deadline).as_ref(), ANY) {
        Err(Errno::AGAIN) => Waited::Changed,
        Err(Errno::TIMEDOUT) => Waited::TimedOut,
        Ok(()) | Err(Errno::INTR) => Waited::Woken,
        Err(_) => {
            // A sandbox that forbids the call: waiting becomes polling, which is slow and correct.
            rustix::thread::sched_yield();
            woken_or_late(deadline)
        }
    }
}

/// The deadline as the kernel takes it; none where it lies beyond the kernel's clock.
fn absolute(deadline: Deadline) -> Option<Timespec> {
    match deadline {
        Deadline::At(moment) => Timespec::try_from(moment).ok(),
        Deadline::Now | Deadline::Never => None,
    }
}

/// What to say of a wait that has come to an end without anybody's help.
fn woken_or_late(deadline: Deadline) -> Waited {
    match deadline {
        Deadline::At(moment) if monotonic_now() >= moment => Waited::TimedOut,
        _ => Waited::Woken,
    }
}

pub(super) fn futex_wake(word: &AtomicU32, count: u32) -> u32 {
    number(wake(word, Flags::empty(), signed(count)).unwrap_or(0))
}

/// The kernel takes numbers as signed ones.
const fn signed(count: u32) -> u32 {
    if count < ALL { count } else { ALL }
}

/// As many as there can be.
const ALL: u32 = i32::MAX as u32;

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

pub(super) fn futex_requeue(
    from: &AtomicU32,
    expected: u32,
    wake: u32,
    to: &AtomicU32,
    moved: u32,
) -> Result<u32, Changed> {
    match cmp_requeue(from, Flags::empty(), signed(wake), signed(moved), to, expected) {
        Ok(count) => Ok(number(count)),
        Err(Errno::AGAIN) => Err(Changed),
        Err(_) => wake_instead(from, expected, wake, moved),
    }
}

/// How many sleep on the word: moving all of them to where they are changes nothing, and says how many that is. `None` where
/// moving is refused, or the word changes all the time.
pub(super) fn sleepers(word: &AtomicU32) -> Option<usize> {
    (0..1000).find_map(|_| {
        let seen = word.load(Ordering::Relaxed);
        match cmp_requeue(word, Flags::empty(), 0, ALL, word, seen) {
            Err(Errno::AGAIN) => None,
            counted => Some(counted.ok()),
        }
    })?
}

/// Where moving is refused (seccomp): wakes all, which look again. That and the comparison are not one step, so it is
/// made again; each is a read-modify-write, as those read the latest value.
fn wake_instead(word: &AtomicU32, expected: u32, wake: u32, moved: u32) -> Result<u32, Changed> {
    let is_expected = || word.fetch_or(0, Ordering::Relaxed) == expected;
    if !is_expected() {
        return Err(Changed);
    }
    let woken = futex_wake(word, u32::MAX);
    if !is_expected() {
        return Err(Changed);
    }
    Ok(woken.min(wake.saturating_add(moved)))
}

pub(super) fn futex_update_wake_all(word: &AtomicU32, update: Update) -> u32 {
    let (operation, bit) = match update {
        Update::Clear(bit) => (WakeOp::AndNShift, bit),
        Update::Set(bit) => (WakeOp::OrShift, bit),
    };
    // `FUTEX_WAKE_OP` changes its second word and wakes on its first, here the same, with both locked
    // against sleepers. The comparison could wake more on the second; it wakes none.
    match wake_op(word, Flags::empty(), ALL, 0, word, operation, WakeOpCmp::Eq, bit as u16, 0) {
        Ok(woken) => number(woken),
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
