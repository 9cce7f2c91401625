//! Changing a file's content whole or not at all.

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use super::error::FileError;
use super::guard::FileLockGuard;
use super::lock::FileLock;
use super::path;
use super::replacement::Folder;
use super::waiting::Sharing;
use crate::deadline::Deadline;
use crate::platform::monotonic_now;

/// Changes a file's content, whole or not at all, one process at a time: `change` gets the old content and returns the new
/// one. A file that does not exist yet has no content, and is created.
///
/// The same as [`FileUpdate::new(path).run(change)`](FileUpdate::run), where more is said.
///
/// # Errors
///
/// See [`FileUpdate::run`].
///
/// # Panics
///
/// If `change` does; the file is then as it was.
///
/// # What is promised
///
/// | | shown by |
/// |---|---|
/// | what [`FileUpdate`] promises: no change is lost, and nobody ever finds half of one | `file/*/stress`, `tests/file_lock/updates.rs`, `tests/file_lock/deaths.rs` |
///
/// Not promised: that it survives a loss of power, unless [`FileUpdate::durable`] asks for that; anything against those who write to the
/// file otherwise.
///
/// # If a holder dies
///
/// See [`FileUpdate`].
///
/// # Examples
///
/// Ten processes, of which each takes a ticket if there is one:
///
/// ```
/// use lockproof::{Workers, update_file, workers::End};
///
/// # let path = std::env::temp_dir().join(format!("lockproof-doc-tickets-{}", std::process::id()));
/// std::fs::write(&path, "7")?;
/// let buy = |_customer| -> Result<u8, lockproof::file::FileError> {
///     let mut bought = false;
///     update_file(&path, |old| -> Result<_, Box<dyn std::error::Error + Send + Sync>> {
///         let left: u32 = std::str::from_utf8(old)?.trim().parse()?;
///         bought = left > 0;
///         Ok(bought.then(|| (left - 1).to_string()))
///     })?;
///     Ok(bought.into())
/// };
/// // SAFETY: this process has no other threads, and the function uses nothing that must not exist twice.
/// let mut customers = unsafe { Workers::fork(10, buy) }?;
/// customers.wait_all()?;
/// let bought = customers.iter().filter(|customer| customer.end() == Some(End::Exited(1)));
/// assert_eq!(bought.count(), 7);
/// assert_eq!(std::fs::read_to_string(&path)?, "0");
/// # std::fs::remove_file(&path)?;
/// # std::fs::remove_file(format!("{}.lock", path.display()))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn update_file<C: Change>(
    path: impl Into<PathBuf>,
    change: impl FnOnce(&[u8]) -> C,
) -> Result<(), FileError> {
    FileUpdate::new(path).run(change)
}

/// What a function that changes a file's content may return: the new content, or an `Option` of it (`None` leaves the
/// file as it is), or a `Result` of either, whose error leaves the file as it is.
pub trait Change: sealed::Sealed {
    #[doc(hidden)]
    fn into_content(self) -> Content;
}

type Content = Result<Option<Vec<u8>>, Box<dyn Error + Send + Sync>>;

mod sealed {
    pub trait Sealed {}
    impl Sealed for Vec<u8> {}
    impl Sealed for String {}
    impl<T: Into<Vec<u8>>> Sealed for Option<T> {}
    impl<C, E> Sealed for Result<C, E> {}
}

impl Change for Vec<u8> {
    fn into_content(self) -> Content {
        Ok(Some(self))
    }
}

impl Change for String {
    fn into_content(self) -> Content {
        Ok(Some(self.into_bytes()))
    }
}

impl<T: Into<Vec<u8>>> Change for Option<T> {
    fn into_content(self) -> Content {
        Ok(self.map(Into::into))
    }
}

impl<C: Change, E: Into<Box<dyn Error + Send + Sync>>> Change for Result<C, E> {
    fn into_content(self) -> Content {
        self.map_err(Into::into)?.into_content()
    }
}

/// How a file's content is to be changed: [`update_file`] with choices.
///
/// The new content is written to a file beside the old one, which is then renamed over it. So whoever reads the file, without
/// any lock, reads the old content or the new one, and never part of either. Those who *change* it do so one after the
/// other, under the lock [`beside`](FileLock::beside) it, `NAME.lock`, which stays there. Others who write to
/// the file otherwise are not kept away.
///
/// # What is kept of the old file
///
/// - Its mode, without the set-id bits, as after a write.
/// - Its owner and group, as far as this process may give files away. Where it may not, the new file is this process's, and
///   the group gets no rights that others do not have.
/// - Its extended attributes and access control list, as far as this process may set them; not those that vouch for the
///   old content (`security.capability`, `ima`, `evm`).
/// - A symbolic link to it: the file that the link leads to is replaced, and created if it does not exist.
///
/// Not kept are other hard links to it, which keep the old content, and locks and watches on the old file. A file that this
/// process may not write to is refused, although its directory might allow to replace it.
///
/// # What is promised
///
/// | | shown by |
/// |---|---|
/// | no change is lost, however many change the file | `file/*/stress`, `tests/file_lock/updates.rs` |
/// | whoever reads the file, without a lock, finds the old content or the new one | `tests/file_lock/updates.rs` |
/// | so does whoever comes after a death, at whatever system call; the next update cleans up | `file/*/stress`, `tests/file_lock/deaths.rs` |
/// | what is kept of the old file, as above; nobody gains rights by an update | `tests/file_lock/kept.rs` |
/// | an update without success, as on a full disk, leaves the old file | `tests/file_lock/misuse.rs` |
/// | one that is to be durable syncs the content, then renames, then syncs the directory | `tests/file_lock/deaths.rs`, by its system calls: no power was cut |
///
/// No model explores it, as none has a file system; the lock is the kernel's: see [`FileLock`].
///
/// Not promised: that anybody is told of a death; an order among those that wait; that one who neither locks nor waits, but writes to
/// the file, is not overwritten.
///
/// # If a holder dies
///
/// At any point: the file has the old content or the new one, and the next update goes on from that. What the dead one
/// has left beside the file is removed by the next update (`NAME.lock-` and a number).
///
/// The same holds for a loss of power after an update with [`durable`](Self::durable). Without, what a loss of power leaves
/// is the file system's choice: the old content, the new one, or with some an empty file.
///
/// # Examples
///
/// Four processes note their results in a file that nobody else may read, and that is safe on the disk when each goes on:
///
/// ```
/// use std::time::Duration;
/// use lockproof::{Workers, file::FileUpdate};
///
/// # let path = std::env::temp_dir().join(format!("lockproof-doc-results-{}", std::process::id()));
/// let update = FileUpdate::new(&path).durable(true).mode(0o600).patience(Duration::from_secs(60));
/// let note = |number| update.run(|old| [old, format!("result of {number}\n").as_bytes()].concat());
/// // SAFETY: this process has no other threads, and the function uses nothing that must not exist twice.
/// unsafe { Workers::fork(4, note) }?.join()?;
/// assert_eq!(std::fs::read_to_string(&path)?.lines().count(), 4);
/// # std::fs::remove_file(&path)?;
/// # std::fs::remove_file(format!("{}.lock", path.display()))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is changed until it is run"]
pub struct FileUpdate {
    path: PathBuf,
    durable: bool,
    mode: Option<u32>,
    patience: Option<Duration>,
}

impl FileUpdate {
    /// An update of the file at that path.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), durable: false, mode: None, patience: None }
    }

    /// Whether the new content is to survive a loss of power as soon as [`run`](Self::run) has returned. Takes
    /// as long as the device does, milliseconds often. Not so unless said here.
    pub fn durable(mut self, durable: bool) -> Self {
        self.durable = durable;
        self
    }

    /// The access mode of a file that is created, and of a lock file that is: exactly this, whatever the process's umask.
    /// Without it, 0666 and what the umask leaves of it.
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = Some(mode);
        self
    }

    /// How long to wait for others that change the file: as long as it takes, unless said here.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = Some(patience);
        self
    }

    /// Changes the file: `change` gets the old content, empty if there is no file, and returns the new one.
    ///
    /// # Errors
    ///
    /// See [`FileError`]. The file is as it was, but for [`FileError::NotDurable`].
    ///
    /// # Panics
    ///
    /// If `change` does; the file is then as it was.
    pub fn run<C: Change>(&self, change: impl FnOnce(&[u8]) -> C) -> Result<(), FileError> {
        let deadline = match self.patience {
            Some(patience) => Deadline::after(monotonic_now(), patience),
            None => Deadline::Never,
        };
        let guard = self.lock().acquire(Sharing::Exclusive, deadline)?;
        self.run_locked(&guard, change)
    }

    /// As [`run`](Self::run), by one who holds the lock [`beside`](FileLock::beside) the file already.
    ///
    /// # Errors
    ///
    /// [`FileError::WrongLock`] if the guard is for another file, or shared, or was inherited; else as [`run`](Self::run).
    ///
    /// # Panics
    ///
    /// If `change` does; the file is then as it was.
    pub fn run_under<C: Change>(
        &self,
        guard: &FileLockGuard,
        change: impl FnOnce(&[u8]) -> C,
    ) -> Result<(), FileError> {
        let wrong = |why| Err(FileError::WrongLock { path: self.path.clone(), why });
        if guard.file().descriptor().is_none() {
            return wrong("it was taken by the process that forked this one");
        }
        if guard.is_shared() {
            return wrong("it is shared with others");
        }
        if self.lock().path()? != guard.path() {
            return wrong("it is for another one");
        }
        self.run_locked(guard, change)
    }

    fn run_locked<C: Change>(
        &self,
        guard: &FileLockGuard,
        change: impl FnOnce(&[u8]) -> C,
    ) -> Result<(), FileError> {
        let file = path::locked_by(guard.path());
        let folder = Folder::of(&file)?;
        let temporary = path::temporary(guard.path(), guard.file().identity());
        folder.clean(&temporary)?;
        let old = folder.read(&file)?;
        let content = old.as_ref().map_or(&[][..], |old| &old.content[..]);
        let new = match change(content).into_content() {
            Ok(Some(new)) => new,
            Ok(None) => return Ok(()),
            Err(source) => return Err(FileError::Change { path: file, source }),
        };
        let replacement = folder.write(&temporary, &file, old.as_ref(), self.mode, &new)?;
        if self.durable {
            replacement.sync()?;
        }
        if !self.lock().leads_to(guard.file())? {
            return Err(FileError::LockFileLost(guard.path().to_owned()));
        }
        replacement.put_in_place()?;
        if self.durable { folder.sync(&file) } else { Ok(()) }
    }

    fn lock(&self) -> FileLock {
        let lock = FileLock::beside(&self.path);
        match self.mode {
            Some(mode) => lock.mode(mode),
            None => lock,
        }
    }
}
