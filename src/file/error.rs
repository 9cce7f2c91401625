//! What can go wrong with a file: what is wrong, where, and what to do.

use core::fmt;
use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

/// Why a file was not locked, or not changed.
#[derive(Debug)]
#[non_exhaustive]
pub enum FileError {
    /// Somebody else holds the lock, and still did when the time given (if any) ran out.
    WouldBlock {
        /// The lock file.
        path: PathBuf,
        /// The processes that held it a moment later, as far as they could be told; not looked for by an operation that
        /// does not wait at all.
        holders: Vec<u32>,
    },
    /// The calling thread holds the lock; waiting for it would last for ever.
    AlreadyHeld(PathBuf),
    /// The lock given is not the one that is needed.
    WrongLock {
        /// The file that was to be changed.
        path: PathBuf,
        /// What is wrong.
        why: &'static str,
    },
    /// The path cannot be that of a file, or of a file with a lock file beside it.
    BadPath {
        /// The path.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// There is no such directory.
    NotFound(PathBuf),
    /// This process may not do that.
    PermissionDenied {
        /// The file.
        path: PathBuf,
        /// What was attempted.
        attempt: &'static str,
    },
    /// What is there cannot be locked, or not be replaced.
    NotAFile {
        /// Where it is.
        path: PathBuf,
        /// What it is.
        why: &'static str,
    },
    /// The device is full, or the quota is used up, or the file would be larger than allowed.
    OutOfSpace {
        /// The file.
        path: PathBuf,
        /// How many bytes it was to have.
        needed: u64,
    },
    /// The path led to another file at each look.
    Unsteady(PathBuf),
    /// Somebody has removed or replaced the lock file while it was held.
    LockFileLost(PathBuf),
    /// The file system has no locks.
    NoLocks(PathBuf),
    /// The function that was to make the new content failed.
    Change {
        /// The file.
        path: PathBuf,
        /// The function's error.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file was replaced, for all to see, but may be the old one again after a loss of power.
    NotDurable {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
    /// The operating system refused something.
    Os {
        /// The file.
        path: PathBuf,
        /// What was attempted.
        attempt: &'static str,
        /// Its error.
        source: io::Error,
    },
}

impl FileError {
    /// The error for a system call that failed.
    pub(super) fn os(path: &Path, attempt: &'static str, errno: Errno) -> Self {
        let path = path.to_owned();
        match errno {
            Errno::ACCESS | Errno::PERM | Errno::ROFS => Self::PermissionDenied { path, attempt },
            Errno::NOENT | Errno::NOTDIR => Self::NotFound(path),
            Errno::NAMETOOLONG => Self::BadPath { path, why: "it is too long" },
            errno => Self::Os { path, attempt, source: errno.into() },
        }
    }

    /// Whether the reason is that somebody else holds the lock.
    #[must_use]
    pub fn is_would_block(&self) -> bool {
        matches!(self, Self::WouldBlock { .. })
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WouldBlock { path, holders } => {
                write!(f, "{path:?}: somebody else holds the lock")?;
                match &holders[..] {
                    [] => Ok(()),
                    [one] => write!(f, ": process {one}"),
                    more => write!(f, ": processes {more:?}"),
                }
            }
            Self::AlreadyHeld(path) => write!(
                f,
                "{path:?}: this thread already holds the lock, and would wait for itself for ever; release \
                 it first, or use FileUpdate::run_under",
            ),
            Self::WrongLock { path, why } => {
                write!(f, "{path:?}: not locked by the guard given, as {why}; nothing was changed")
            }
            Self::BadPath { path, why } => write!(f, "{path:?} cannot name the file: {why}"),
            Self::NotFound(path) => {
                write!(f, "{path:?}: no such directory; create it first, or was another one meant?")
            }
            Self::PermissionDenied { path, attempt } => write!(
                f,
                "{path:?}: permission denied to {attempt}; look at the owners and modes of the file, its \
                 lock file and its directory",
            ),
            Self::NotAFile { path, why } => write!(f, "{path:?}: {why}; was another file meant?"),
            Self::OutOfSpace { path, needed } => write!(
                f,
                "{path:?}: no space left for its {needed} bytes; the file is as it was: make room, or raise \
                 the quota or limit",
            ),
            Self::Unsteady(path) => write!(
                f,
                "{path:?}: leads to another file at each look; does something replace or remove it all the \
                 time?",
            ),
            Self::LockFileLost(path) => write!(
                f,
                "{path:?}: the lock file was removed or replaced while it was held, so that others may hold \
                 one too; nothing was changed: try again, and let nobody remove lock files",
            ),
            Self::NoLocks(path) => write!(
                f,
                "{path:?}: its file system has no locks; use a file on another one, or mount it with locks",
            ),
            Self::Change { path, source } => {
                write!(
                    f,
                    "{path:?}: making the new content failed, and the file is as it was: {source}"
                )
            }
            Self::NotDurable { path, source } => write!(
                f,
                "{path:?}: replaced, but after a loss of power it may be the old one again: {source}",
            ),
            Self::Os { path, attempt, source } => write!(f, "{path:?}: cannot {attempt}: {source}"),
        }
    }
}

// No `source`: where there is one, the sentence above contains it.
impl std::error::Error for FileError {}
