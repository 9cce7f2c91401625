//! What can go wrong with a lock: one small type per failure, gathered by [`LockError`] and
//! [`TryLockError`].

use core::fmt;

/// The lock was taken, but its last holder died while it held it: what it protects may be half-changed.
///
/// The guard is inside, as std hands back the guard of a poisoned mutex. Put the data right, call
/// `make_consistent` on the guard, and go on; dropping the guard without doing so makes the lock
/// [`NotRecoverable`] for everyone. (POSIX: `EOWNERDEAD`.)
pub struct OwnerDied<G> {
    guard: G,
}

impl<G> OwnerDied<G> {
    pub(crate) const fn new(guard: G) -> Self {
        Self { guard }
    }

    /// The guard, to repair the data with.
    pub fn into_guard(self) -> G {
        self.guard
    }

    /// A look at the guard.
    pub const fn get_ref(&self) -> &G {
        &self.guard
    }

    /// The guard, without consuming the error.
    pub const fn get_mut(&mut self) -> &mut G {
        &mut self.guard
    }
}

impl<G> fmt::Debug for OwnerDied<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnerDied").finish_non_exhaustive()
    }
}

impl<G> fmt::Display for OwnerDied<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the previous holder died while it held the lock; the guard is inside this error: repair \
             what the lock protects, then call make_consistent",
        )
    }
}

impl<G> core::error::Error for OwnerDied<G> {}

macro_rules! failure {
    ($(#[$doc:meta])* $name:ident, $words:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub struct $name;

        impl $name {
            /// The failure as a value, for platforms and algorithms outside this crate.
            #[must_use]
            pub const fn new() -> Self {
                Self
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($words)
            }
        }

        impl core::error::Error for $name {}
    };
}

failure! {
    /// A holder died, and whoever was told let go of the lock without `make_consistent`: nobody will
    /// get this lock again. (POSIX: `ENOTRECOVERABLE`.)
    NotRecoverable,
    "a holder of this lock died and nobody repaired what it protects; the lock cannot be taken any \
     more: make a new region"
}
failure! {
    /// This thread already holds the lock; waiting for it would last for ever. (POSIX: `EDEADLK`.)
    AlreadyHeld,
    "this thread already holds the lock, and would wait for itself for ever: release it first"
}
failure! {
    /// This thread does not hold the lock, so it cannot release it. Nothing was changed. (POSIX: `EPERM`.)
    NotHeld,
    "this thread does not hold the lock; only its holder can release it, and nothing was changed"
}
failure! {
    /// The lock is held by somebody else, and still was when the time given (if any) ran out. (POSIX:
    /// `EBUSY`, `ETIMEDOUT`.)
    WouldBlock,
    "somebody else holds the lock"
}
failure! {
    /// This thread holds as many locks as the kernel will look after when it dies.
    ///
    /// The kernel walks at most 2048 entries of a thread's robust list; a lock beyond would stay held
    /// for ever if the thread died.
    TooManyHeld,
    "this thread holds 2048 locks, the most that the kernel releases when a thread dies: release some \
     before taking more"
}

failure! {
    /// A region could not be unmapped, as this process still holds a lock in it: a guard was forgotten.
    StillHeld,
    "this process still holds a lock in the region (was a guard forgotten?); its memory stays mapped, for \
     whoever still uses what the guard gave, and so that the kernel finds the lock when its thread ends"
}

/// Why this thread cannot use locks at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unsupported {
    /// The kernel or a sandbox refused `get_robust_list`: holders' deaths could not be seen.
    NoRobustList,
    /// The C library lays its robust mutexes out differently from the library this was built for, so
    /// the kernel would look for the lock word in the wrong place.
    ForeignListOffset {
        /// Distance from the list entry to the lock word, in bytes, as the C library registered it.
        found: i32,
        /// The distance this crate was built for.
        expected: i32,
    },
    /// The process was forked into another PID namespace than the one its regions belong to, where
    /// thread ids mean other threads.
    ForeignPidNamespace,
    /// The PID namespace could not be told, as `/proc` is not mounted or not readable.
    UnknownPidNamespace,
    /// The C library has no key for thread-specific data left, so the end of a thread could not be seen: a lock could be
    /// taken from a leaked guard that is still in use.
    UnseenThreadEnd,
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRobustList => f.write_str(
                "the kernel refuses get_robust_list, so the death of a holder could not be seen: allow \
                 that system call (seccomp?)",
            ),
            Self::ForeignListOffset { found, expected } => write!(
                f,
                "the C library keeps its robust list at offset {found}, and this program was built for \
                 {expected}: build it for the C library it runs with",
            ),
            Self::ForeignPidNamespace => f.write_str(
                "this process was forked into another PID namespace, where thread ids mean other \
                 threads: use the region only in the namespace it was opened in",
            ),
            Self::UnknownPidNamespace => f.write_str(
                "cannot tell this process's PID namespace from /proc/self/ns/pid: mount /proc",
            ),
            Self::UnseenThreadEnd => f.write_str(
                "the C library refuses pthread_key_create or pthread_setspecific, so the end of this thread \
                 could not be seen: this program uses too many keys, or too much memory",
            ),
        }
    }
}

impl core::error::Error for Unsupported {}

/// Why a lock was not, or not simply, taken.
#[derive(Debug)]
#[non_exhaustive]
pub enum LockError<G> {
    /// Taken, from a holder that died; the guard is inside.
    OwnerDied(OwnerDied<G>),
    /// Can never be taken again.
    NotRecoverable(NotRecoverable),
    /// Held by this very thread.
    AlreadyHeld(AlreadyHeld),
    /// This thread holds too many locks.
    TooManyHeld(TooManyHeld),
    /// Not held by this thread, which has to hold it to wait: in a forked child, with its parent's guard.
    NotHeld(NotHeld),
    /// This thread cannot use locks.
    Unsupported(Unsupported),
}

/// Why a lock was not, or not simply, taken without waiting or in the time given.
#[derive(Debug)]
#[non_exhaustive]
pub enum TryLockError<G> {
    /// Held by somebody else.
    WouldBlock(WouldBlock),
    /// Anything that can also happen when waiting for ever.
    Lock(LockError<G>),
}

impl<G> LockError<G> {
    /// The same, where the guard is wrapped in another.
    pub(crate) fn map<H>(self, wrap: impl FnOnce(G) -> H) -> LockError<H> {
        match self {
            Self::OwnerDied(died) => LockError::OwnerDied(OwnerDied::new(wrap(died.into_guard()))),
            Self::NotRecoverable(e) => LockError::NotRecoverable(e),
            Self::AlreadyHeld(e) => LockError::AlreadyHeld(e),
            Self::TooManyHeld(e) => LockError::TooManyHeld(e),
            Self::NotHeld(e) => LockError::NotHeld(e),
            Self::Unsupported(e) => LockError::Unsupported(e),
        }
    }

    fn inner(&self) -> &dyn fmt::Display
    where
        G: Sized,
    {
        match self {
            Self::OwnerDied(e) => e,
            Self::NotRecoverable(e) => e,
            Self::AlreadyHeld(e) => e,
            Self::TooManyHeld(e) => e,
            Self::NotHeld(e) => e,
            Self::Unsupported(e) => e,
        }
    }
}

impl<G> TryLockError<G> {
    /// The same, where the guard is wrapped in another.
    pub(crate) fn map<H>(self, wrap: impl FnOnce(G) -> H) -> TryLockError<H> {
        match self {
            Self::WouldBlock(e) => TryLockError::WouldBlock(e),
            Self::Lock(error) => error.map(wrap).into(),
        }
    }
}

impl<G> fmt::Display for LockError<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner().fmt(f)
    }
}

impl<G> core::error::Error for LockError<G> where G: fmt::Debug {}

impl<G> fmt::Display for TryLockError<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WouldBlock(e) => e.fmt(f),
            Self::Lock(e) => e.fmt(f),
        }
    }
}

impl<G> core::error::Error for TryLockError<G> where G: fmt::Debug {}

impl<G> From<OwnerDied<G>> for LockError<G> {
    fn from(died: OwnerDied<G>) -> Self {
        Self::OwnerDied(died)
    }
}

impl<G> From<LockError<G>> for TryLockError<G> {
    fn from(error: LockError<G>) -> Self {
        Self::Lock(error)
    }
}

impl<G> From<Unsupported> for LockError<G> {
    fn from(error: Unsupported) -> Self {
        Self::Unsupported(error)
    }
}
