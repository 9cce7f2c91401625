//! A lock that is tied to a path.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{AtFlags, CWD, statat};
use rustix::io::Errno;

use super::error::FileError;
use super::guard::FileLockGuard;
use super::held;
use super::opened::{Identity, LockFile, Terms};
use super::path;
use super::status::{self, FileLockStatus};
use super::waiting::{Sharing, acquire};
use crate::deadline::Deadline;
use crate::platform::monotonic_now;
use crate::sync::deadline_at;

/// How often the lock file may be replaced while one process wants to lock it.
const ATTEMPTS: usize = 1000;

/// A lock that is tied to a path: between processes, and between threads. One holder at a time, or many that share it.
///
/// It protects whatever its users agree on. The lock file itself is neither read nor written; it is created if it is
/// not there, and stays. **Nobody may delete or replace it while it is in use**: those who hold it then, and those who
/// come later, would hold two locks. Those who wait notice, and never end up with the wrong one.
///
/// Every operation opens the file anew, so threads exclude each other, whether they use one `FileLock` or several. The
/// methods are named as in [`std::fs::File`]. The path is looked at with each operation: a relative one follows the
/// process's current directory, a symbolic link leads to one lock for the link and the file.
///
/// It is an `flock`, so other programs take part, and a program that ignores it is not kept away. Over a network it
/// is as good as the file system's own locks. It has been tested on ext4 and tmpfs.
///
/// # What is promised
///
/// | | shown by |
/// |---|---|
/// | one holder at a time, or many that share it, between processes and between threads | `file/*/stress`, `tests/file_lock/exclusion.rs` |
/// | the death of a holder releases it, and that of one who waits disturbs nobody | `file/*/stress`, `tests/file_lock/exclusion.rs` |
/// | a forked child holds nothing, and keeps nothing locked | `tests/file_lock/forks.rs` |
/// | those who wait while the lock file is deleted or replaced all end up with the one that is there | `tests/file_lock/replaced.rs` |
/// | a wait with a limit ends in time | `tests/file_lock/timeouts.rs` |
///
/// No model explores it, so nothing of this is *proved*. Who has the lock is settled within the kernel, by one system call; there is
/// no word of ours whose orderings could be wrong. What this crate adds, opening, and looking again after locking, is made of system
/// calls on a file system, which no model has. Real processes show it.
///
/// Not promised: that anybody is told of a death; an order among those that wait, or that one who waits with a limit ever gets it;
/// anything against programs that ignore the lock.
///
/// # Which one to use
///
/// | for | |
/// |---|---|
/// | data in a file that many replace | [`update_file`](super::update_file), which locks by itself |
/// | several steps with such a file, or rows appended to one | [`FileLock::beside`] the file |
/// | anything else | [`FileLock::new`], with a path for the lock alone |
/// | being *told* that a holder died; being woken in time, whoever else comes | a [`Lock`](crate::Lock) in a [`Region::file`](crate::Region::file) |
///
/// # Fairness
///
/// None is promised. [`lock`](Self::lock) and [`lock_shared`](Self::lock_shared) sleep in the kernel's queue, and are
/// woken. The kernel has no time-outs for these locks, so [`try_lock_for`](Self::try_lock_for) and its like look again
/// and again instead, after pauses that grow with the time waited so far: an eighth of it, but at least 50 microseconds
/// and at most 10 milliseconds. So they may notice a release that much later, and as long as others come by `lock`, they
/// may never find it free. New ones that share the lock may keep out one who wants it alone.
///
/// # If a holder dies
///
/// The kernel releases the lock, whatever the holder died of, and the next one gets it. Nobody is told, so what the dead
/// holder has left half-done in a file is there; [`update_file`](super::update_file) leaves nothing half-done.
///
/// A child that the holder forked does not hold the lock, and its copy of the guard does nothing. Nor does the child keep
/// the lock from being released: its copy of the descriptor is closed in it at once, and by `exec`. Only a child made by
/// a raw `clone`, `vfork` or `_Fork`, which run no fork handlers, has a copy until it calls `exec`, drops the guard, or
/// ends: if the holder *dies*, the lock stays held as long as that. (If the holder lets go, it is released all the same.)
///
/// # Examples
///
/// Four processes append rows to one file:
///
/// ```
/// use std::io::Write;
/// use lockproof::{FileLock, Workers};
///
/// # let folder = std::env::temp_dir();
/// let path = folder.join(format!("lockproof-doc-{}.csv", std::process::id()));
/// let append = |worker| -> Result<(), Box<dyn std::error::Error>> {
///     let _guard = FileLock::beside(&path).lock()?;
///     let mut file = std::fs::File::options().append(true).create(true).open(&path)?;
///     if file.metadata()?.len() == 0 {
///         writeln!(file, "worker,result")?;
///     }
///     for result in 0..3 {
///         writeln!(file, "{worker},{result}")?;
///     }
///     Ok(())
/// };
/// // SAFETY: this process has no other threads, and the function uses nothing that must not exist twice.
/// unsafe { Workers::fork(4, append) }?.join()?;
/// let rows = std::fs::read_to_string(&path)?;
/// assert_eq!(rows.lines().count(), 1 + 4 * 3, "one header, and every row");
/// # std::fs::remove_file(&path)?;
/// # std::fs::remove_file(path.with_extension("csv.lock"))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "it locks nothing by itself"]
pub struct FileLock {
    place: Place,
    mode: Option<u32>,
}

#[derive(Clone, Debug)]
enum Place {
    At(PathBuf),
    Beside(PathBuf),
}

impl FileLock {
    /// The lock that is the file at that path.
    ///
    /// A file for this purpose alone, or a directory. For a file with data that is ever replaced use
    /// [`beside`](Self::beside).
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { place: Place::At(path.into()), mode: None }
    }

    /// The lock for the file at that path, which is a file beside it: `NAME.lock`. The same that
    /// [`update_file`](super::update_file) takes.
    ///
    /// Symbolic links are followed first, so the lock is beside the file that they lead to, which need not exist.
    pub fn beside(path: impl Into<PathBuf>) -> Self {
        Self { place: Place::Beside(path.into()), mode: None }
    }

    /// The access mode of a lock file that is created: exactly this, whatever the process's umask. Without it, 0666 and
    /// what the umask leaves of it.
    ///
    /// Whoever may read the lock file, or write to it, may lock it; so also keep others waiting.
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = Some(mode);
        self
    }

    /// Takes the lock alone, waiting for it as long as it takes.
    ///
    /// # Errors
    ///
    /// [`FileError::AlreadyHeld`] if this thread holds it; others of [`FileError`] if the file cannot be opened or
    /// locked.
    pub fn lock(&self) -> Result<FileLockGuard, FileError> {
        self.acquire(Sharing::Exclusive, Deadline::Never)
    }

    /// Takes the lock alone, if nobody holds it.
    ///
    /// # Errors
    ///
    /// [`FileError::WouldBlock`] if somebody does; else as [`lock`](Self::lock).
    pub fn try_lock(&self) -> Result<FileLockGuard, FileError> {
        self.acquire(Sharing::Exclusive, Deadline::Now)
    }

    /// Takes the lock alone, waiting for it no longer than `timeout`.
    ///
    /// # Errors
    ///
    /// [`FileError::WouldBlock`] if somebody still held it when the time ran out; else as [`lock`](Self::lock).
    pub fn try_lock_for(&self, timeout: Duration) -> Result<FileLockGuard, FileError> {
        self.acquire(Sharing::Exclusive, Deadline::after(monotonic_now(), timeout))
    }

    /// Takes the lock alone, waiting for it no longer than until `moment`.
    ///
    /// # Errors
    ///
    /// As [`try_lock_for`](Self::try_lock_for).
    pub fn try_lock_until(&self, moment: Instant) -> Result<FileLockGuard, FileError> {
        self.acquire(Sharing::Exclusive, deadline_at(moment))
    }

    /// Takes the lock together with others that share it, waiting as long as somebody holds it alone.
    ///
    /// # Errors
    ///
    /// As [`lock`](Self::lock). A thread may share a lock with itself.
    pub fn lock_shared(&self) -> Result<FileLockGuard, FileError> {
        self.acquire(Sharing::Shared, Deadline::Never)
    }

    /// Takes the lock together with others that share it, if nobody holds it alone.
    ///
    /// # Errors
    ///
    /// As [`try_lock`](Self::try_lock).
    pub fn try_lock_shared(&self) -> Result<FileLockGuard, FileError> {
        self.acquire(Sharing::Shared, Deadline::Now)
    }

    /// Takes the lock together with others that share it, waiting no longer than `timeout`.
    ///
    /// # Errors
    ///
    /// As [`try_lock_for`](Self::try_lock_for).
    pub fn try_lock_shared_for(&self, timeout: Duration) -> Result<FileLockGuard, FileError> {
        self.acquire(Sharing::Shared, Deadline::after(monotonic_now(), timeout))
    }

    /// Takes the lock together with others that share it, waiting no longer than until `moment`.
    ///
    /// # Errors
    ///
    /// As [`try_lock_for`](Self::try_lock_for).
    pub fn try_lock_shared_until(&self, moment: Instant) -> Result<FileLockGuard, FileError> {
        self.acquire(Sharing::Shared, deadline_at(moment))
    }

    /// Who holds the lock and who waits for it, at this moment. For diagnosis: it may be otherwise by the time the caller
    /// looks at it.
    ///
    /// # Errors
    ///
    /// If the path cannot be followed, or `/proc/locks` not be read.
    pub fn status(&self) -> Result<FileLockStatus, FileError> {
        let path = self.path()?;
        match statat(CWD, &path, AtFlags::empty()) {
            Ok(stat) => status::read(Identity::of(&stat), &path),
            Err(Errno::NOENT) => Ok(FileLockStatus::default()),
            Err(errno) => Err(FileError::os(&path, "look at it", errno)),
        }
    }

    pub(super) fn acquire(
        &self,
        sharing: Sharing,
        deadline: Deadline,
    ) -> Result<FileLockGuard, FileError> {
        for _ in 0..ATTEMPTS {
            let path = self.path()?;
            let file = LockFile::open(&path, self.terms())?;
            if held::in_the_way(&file, sharing) {
                return Err(FileError::AlreadyHeld(path));
            }
            match acquire(&file, sharing, deadline) {
                Ok(true) => {}
                Ok(false) => return Err(would_block(&file, path, deadline)),
                Err(errno) => return Err(not_lockable(&path, errno)),
            }
            // Somebody may have replaced it before it was locked; whoever comes next would lock the new one.
            if self.leads_to(&file)? {
                return Ok(FileLockGuard::new(file, sharing, path));
            }
        }
        Err(FileError::Unsteady(self.path()?))
    }

    /// Whether that is still the file to be locked.
    pub(super) fn leads_to(&self, file: &LockFile) -> Result<bool, FileError> {
        match self.path() {
            Ok(path) => file.is_at(&path),
            Err(FileError::NotFound(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The lock file, with all links followed.
    pub(super) fn path(&self) -> Result<PathBuf, FileError> {
        match &self.place {
            Place::At(path) => path::resolve(path),
            Place::Beside(path) => path::lock_beside(&path::resolve(path)?),
        }
    }

    fn terms(&self) -> Terms {
        Terms { mode: self.mode, may_be_link: matches!(self.place, Place::At(_)) }
    }
}

#[cold]
fn would_block(file: &LockFile, path: PathBuf, deadline: Deadline) -> FileError {
    let holders = if deadline == Deadline::Now {
        Vec::new()
    } else {
        status::read(file.identity(), &path).map_or_else(|_| Vec::new(), |status| status.holders)
    };
    FileError::WouldBlock { path, holders }
}

#[cold]
fn not_lockable(path: &Path, errno: Errno) -> FileError {
    match errno {
        Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL | Errno::NOLCK => {
            FileError::NoLocks(path.to_owned())
        }
        // Over a network, where the file cannot be written.
        Errno::BADF => FileError::os(path, "lock it, as it cannot be written", Errno::ACCESS),
        errno => FileError::os(path, "lock it", errno),
    }
}
