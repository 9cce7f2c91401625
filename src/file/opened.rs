//! An opened lock file: what `flock` locks.

use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{self, AtFlags, CWD, FileType, FlockOperation, Mode, OFlags};
use rustix::io::{Errno, retry_on_intr};

use super::error::FileError;
use super::path;
use crate::platform::{Process, Unshared};

/// How often a file may come and go while it is being opened.
const ATTEMPTS: usize = 1000;

/// Which file it is, whatever it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) device: u64,
    pub(super) inode: u64,
}

impl Identity {
    pub(super) fn of(stat: &fs::Stat) -> Self {
        Self { device: stat.st_dev, inode: stat.st_ino }
    }
}

/// How a lock file is to be opened.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    /// The mode of a file that is created: exactly this, or what the umask leaves.
    pub(super) mode: Option<u32>,
    /// Whether the path may be a link. Beside another file that would be a trap.
    pub(super) may_be_link: bool,
}

/// A lock file, opened by this process alone. Dropping it releases the lock; a forked child's copy does nothing.
pub(super) struct LockFile {
    file: Unshared,
    identity: Identity,
}

impl LockFile {
    /// Opens the file, or creates it. It is neither read nor written.
    pub(super) fn open(path: &Path, terms: Terms) -> Result<Self, FileError> {
        let file = Unshared::open(|| open_or_create(path, terms))?;
        let opened = file.get().map(fs::fstat);
        let Some(Ok(stat)) = opened else {
            return Err(FileError::Unsteady(path.to_owned()));
        };
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile | FileType::Directory => {
                Ok(Self { file, identity: Identity::of(&stat) })
            }
            _ => Err(FileError::NotAFile {
                path: path.to_owned(),
                why: "neither a regular file nor a directory, so not to be locked",
            }),
        }
    }

    pub(super) const fn identity(&self) -> Identity {
        self.identity
    }

    pub(super) fn process(&self) -> Process {
        self.file.process()
    }

    /// The descriptor; none in a forked child.
    pub(super) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.file.get()
    }

    /// Whether that path leads to this file.
    pub(super) fn is_at(&self, path: &Path) -> Result<bool, FileError> {
        match fs::statat(CWD, path, AtFlags::empty()) {
            Ok(stat) => Ok(Identity::of(&stat) == self.identity),
            Err(Errno::NOENT) => Ok(false),
            Err(errno) => Err(FileError::os(path, "look at it", errno)),
        }
    }
}

impl Drop for LockFile {
    fn drop(&mut self) {
        if let Some(descriptor) = self.descriptor() {
            // Closing it is not enough where a raw clone has left a copy somewhere. It cannot fail on what was locked.
            let _ = retry_on_intr(|| fs::flock(descriptor, FlockOperation::Unlock));
        }
    }
}

fn open_or_create(path: &Path, terms: Terms) -> Result<OwnedFd, FileError> {
    // Not blocking: it may be a pipe, which is refused afterwards.
    let mut flags = OFlags::CLOEXEC | OFlags::NOCTTY | OFlags::NONBLOCK;
    if !terms.may_be_link {
        flags |= OFlags::NOFOLLOW;
    }
    for _ in 0..ATTEMPTS {
        // Not in one call with the creation, which directories that are writable for all may refuse for others' files.
        match open_existing(path, flags) {
            Err(Errno::NOENT) => {}
            opened => return opened.map_err(|errno| refused(path, "open it", errno)),
        }
        match create(path, flags, terms.mode) {
            Err(Errno::EXIST) => {}
            created => return created.map_err(|errno| refused(path, "create it", errno)),
        }
    }
    Err(FileError::Unsteady(path.to_owned()))
}

/// For writing if possible, which file systems over a network want for an exclusive lock.
fn open_existing(path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
    match retry_on_intr(|| fs::open(path, flags | OFlags::RDWR, Mode::empty())) {
        Err(Errno::ISDIR | Errno::ACCESS | Errno::PERM | Errno::ROFS | Errno::TXTBSY) => {
            retry_on_intr(|| fs::open(path, flags | OFlags::RDONLY, Mode::empty()))
        }
        opened => opened,
    }
}

fn create(path: &Path, flags: OFlags, mode: Option<u32>) -> Result<OwnedFd, Errno> {
    let wanted = Mode::from_raw_mode(mode.unwrap_or(0o666));
    let flags = flags | OFlags::RDWR | OFlags::CREATE | OFlags::EXCL;
    let created = retry_on_intr(|| fs::open(path, flags, wanted))?;
    if mode.is_some() {
        // The process's umask has been applied.
        fs::fchmod(&created, wanted)?;
    }
    Ok(created)
}

fn refused(path: &Path, attempt: &'static str, errno: Errno) -> FileError {
    let is_there = path::folder(path).is_dir();
    let path = path.to_owned();
    match errno {
        Errno::LOOP => {
            FileError::NotAFile { path, why: "a symbolic link, where only a lock file should be" }
        }
        Errno::NXIO => FileError::NotAFile { path, why: "a socket or device, so not to be locked" },
        Errno::NOSPC | Errno::DQUOT => FileError::OutOfSpace { path, needed: 0 },
        Errno::NOENT if is_there => FileError::Unsteady(path),
        errno => FileError::os(&path, attempt, errno),
    }
}
