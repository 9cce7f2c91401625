//! Which PID namespace this process lives in, and that it still does after a fork.
//!
//! Thread ids mean something only within one PID namespace. In another one, the kernel would take a lock
//! away from its living holder when a mere waiter with the same number dies.

use core::sync::atomic::{AtomicU64, Ordering};

use crate::error::Unsupported;

/// The namespace this process's regions belong to; 0 before the first look. Survives forks, on purpose.
static HOME: AtomicU64 = AtomicU64::new(0);

/// The identity of the calling process's PID namespace, unique on this machine until the next boot.
///
/// # Errors
///
/// [`Unsupported::UnknownPidNamespace`] without `/proc`.
pub(crate) fn pid_namespace() -> Result<u64, Unsupported> {
    namespace_id().map_err(|_| Unsupported::UnknownPidNamespace)
}

/// The same, with the system's error.
pub(crate) fn namespace_id() -> std::io::Result<u64> {
    Ok(rustix::fs::stat("/proc/self/ns/pid")?.st_ino)
}

/// Checks that this process, or the one it was forked from, has always been in this namespace.
///
/// # Errors
///
/// [`Unsupported::ForeignPidNamespace`] if not.
pub(super) fn check_home() -> Result<(), Unsupported> {
    let here = pid_namespace()?;
    // Relaxed: the number is all there is, and it is set once.
    match HOME.compare_exchange(0, here, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => Ok(()),
        Err(home) if home == here => Ok(()),
        Err(_) => Err(Unsupported::ForeignPidNamespace),
    }
}
