//! Signals that are handled, and disturb.

use core::sync::atomic::{AtomicU64, Ordering};

static SIGNALS: AtomicU64 = AtomicU64::new(0);

extern "C" fn count_signal(_: i32) {
    SIGNALS.fetch_add(1, Ordering::Relaxed);
}

/// Has SIGUSR1 counted, with these flags of `sigaction`.
pub(crate) fn handle_signals(flags: i32) {
    // SAFETY: all zeroes is a valid `sigaction`.
    let mut action: libc::sigaction = unsafe { core::mem::zeroed() };
    action.sa_sigaction = count_signal as extern "C" fn(i32) as usize;
    action.sa_flags = flags;
    // SAFETY: a handler that only counts.
    let failed =
        unsafe { libc::sigaction(libc::SIGUSR1, &raw const action, core::ptr::null_mut()) };
    assert_eq!(failed, 0);
}

/// How many this process got.
pub(crate) fn signals_seen() -> u64 {
    SIGNALS.load(Ordering::Relaxed)
}
