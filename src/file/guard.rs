//! A lock on a file, held.

use core::fmt;
use core::marker::PhantomData;
use std::path::{Path, PathBuf};

use super::held;
use super::opened::LockFile;
use super::waiting::Sharing;
use crate::error::NotHeld;

/// A lock on a file, held: it is released when this is dropped.
///
/// It belongs to the thread that took it, which is how a thread is kept from waiting for itself. Leaking it
/// (`mem::forget`) keeps the lock held until the process ends.
///
/// ```compile_fail,E0277
/// let guard = lockproof::FileLock::new("a.lock").lock().unwrap();
/// std::thread::scope(|scope| {
///     scope.spawn(move || drop(guard));
/// });
/// ```
///
/// # If a holder dies
///
/// See [`FileLock`](super::FileLock). A forked child's copy holds nothing and releases nothing.
#[must_use = "the lock is released as soon as the guard is dropped"]
pub struct FileLockGuard {
    file: LockFile,
    sharing: Sharing,
    path: PathBuf,
    /// Stays in its thread.
    unsendable: PhantomData<*const ()>,
}

impl FileLockGuard {
    pub(super) fn new(file: LockFile, sharing: Sharing, path: PathBuf) -> Self {
        held::note(&file, sharing);
        Self { file, sharing, path, unsendable: PhantomData }
    }

    /// The lock file, with all links followed.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether others may hold the lock at the same time.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.sharing == Sharing::Shared
    }

    /// Lets go, and says whether this process really held the lock. A guard that was inherited by a forked child holds
    /// nothing there.
    ///
    /// # Errors
    ///
    /// [`NotHeld`], and nothing changes, in a forked child.
    pub fn unlock(self) -> Result<(), NotHeld> {
        match self.file.descriptor() {
            Some(_) => Ok(()),
            None => Err(NotHeld::new()),
        }
    }

    pub(super) const fn file(&self) -> &LockFile {
        &self.file
    }
}

impl Drop for FileLockGuard {
    fn drop(&mut self) {
        held::strike(&self.file, self.sharing);
    }
}

impl fmt::Debug for FileLockGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("FileLockGuard");
        text.field("path", &self.path).field("shared", &self.is_shared()).finish_non_exhaustive()
    }
}
