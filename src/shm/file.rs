//! The file under a region: opening, locking, growing and reading it, each step explained if it fails.
//!
//! Its `flock` keeps apart those who change what the region stands on:
//!
//! | held | by | for |
//! |---|---|---|
//! | shared | everybody who uses the region | as long as it is mapped |
//! | exclusive | whoever lays the foundation | a few system calls |
//! | exclusive | whoever takes over after a reboot | while it puts the locks in order |
//!
//! So a region that looks as if an older boot had left it is taken over only when nobody uses it: containers may
//! have boot ids of their own. The kernel releases these locks with the last descriptor and the last mapping of the
//! opened file, so with the process at the latest: they need no recovery. A forked child shares its parent's.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{
    self, AtFlags, CWD, FallocateFlags, FileType, FlockOperation, Mode, OFlags, Stat,
};
use rustix::io::{Errno, pread, pwrite, retry_on_intr};

use super::error::RegionError;
use super::header::{MAGIC, PAYLOAD_OFFSET};
use super::place::Place;

/// How much is reserved, read or zeroed at a time. A signal makes the kernel start a reservation over, so a whole
/// large one might never end.
const CHUNK: u64 = 16 << 20;

/// Whose files are opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trusted {
    /// Of this process's user, and root's.
    Ourselves,
    /// These, and that user's.
    User(u32),
    Anybody,
}

/// Whether the number may stand for anybody: it is what users are shown with that have none in this user namespace, and there are such.
fn is_stand_in(user: u32) -> bool {
    const USUAL: u32 = 65534;
    let stand_in = std::fs::read_to_string("/proc/sys/kernel/overflowuid").ok();
    let stand_in = stand_in.and_then(|number| number.trim().parse().ok()).unwrap_or(USUAL);
    user == stand_in && !all_have_numbers()
}

/// Whether this user namespace has a number for each user, as the first one of a machine has. Not known is no.
fn all_have_numbers() -> bool {
    let map = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    let lengths =
        map.lines().filter_map(|line| line.split_ascii_whitespace().nth(2)?.parse::<u64>().ok());
    lengths.sum::<u64>() >= u32::MAX.into()
}

/// A file that is, or is to be, a region.
#[derive(Debug)]
pub(super) struct File {
    fd: OwnedFd,
    place: Place,
}

impl File {
    /// Opens what is there.
    pub(super) fn open(path: &Path, place: &Place) -> Result<Self, RegionError> {
        Self::opened(path, OFlags::empty(), Mode::empty(), place)
    }

    /// Creates what is not there yet. `mode` is exact if given, and for the owner alone if not.
    pub(super) fn create(
        path: &Path,
        mode: Option<u32>,
        place: &Place,
    ) -> Result<Self, RegionError> {
        let wanted = Mode::from_raw_mode(mode.unwrap_or(0o600));
        let file = Self::opened(path, OFlags::CREATE | OFlags::EXCL, wanted, place)?;
        if mode.is_some() {
            // The process's umask has been applied.
            fs::fchmod(&file.fd, wanted).map_err(|e| file.error("set its mode", e))?;
        }
        Ok(file)
    }

    /// A file that was received.
    pub(super) fn received(fd: OwnedFd, place: Place) -> Result<Self, RegionError> {
        let file = Self { fd, place };
        file.check_kind()?;
        Ok(file)
    }

    fn opened(path: &Path, flags: OFlags, mode: Mode, place: &Place) -> Result<Self, RegionError> {
        let mut flags = flags | OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOCTTY;
        if !place.follows_links() {
            flags |= OFlags::NOFOLLOW;
        }
        let place = place.clone();
        match retry_on_intr(|| fs::open(path, flags, mode)) {
            Ok(fd) => Self::received(fd, place),
            Err(Errno::LOOP) => {
                Err(RegionError::NotARegion { place, why: "it is a symbolic link" })
            }
            Err(Errno::ISDIR) => Err(RegionError::NotARegion { place, why: "it is a directory" }),
            Err(Errno::NOSPC | Errno::DQUOT) => {
                Err(RegionError::OutOfSpace { place, needed: PAYLOAD_OFFSET as u64 })
            }
            Err(errno) => Err(RegionError::os(&place, "open it", errno)),
        }
    }

    fn check_kind(&self) -> Result<(), RegionError> {
        let stat = self.stat()?;
        let why = if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            "it is not a regular file"
        } else if self.place.is_for_everybody() && stat.st_nlink > 1 {
            "it is a hard link: the same file has another name, too"
        } else {
            return Ok(());
        };
        Err(RegionError::NotARegion { place: self.place.clone(), why })
    }

    /// Refuses what belongs to somebody who is not trusted.
    pub(super) fn check_owner(&self, trusted: Trusted) -> Result<(), RegionError> {
        let owner = self.stat()?.st_uid;
        let ours = rustix::process::geteuid().as_raw();
        let is_trusted = match trusted {
            Trusted::Anybody => true,
            Trusted::User(user) => owner == user || owner == ours || owner == 0,
            Trusted::Ourselves => owner == ours || owner == 0,
        };
        if is_trusted
            && (trusted == Trusted::Anybody || !is_stand_in(owner) || self.is_ours_to_change())
        {
            return Ok(());
        }
        Err(RegionError::ForeignOwner { place: self.place.clone(), owner })
    }

    /// Whether this process may do what only the owner may, or who has power over that user in this namespace. The kernel compares
    /// the users themselves then, and not the numbers that they are shown with.
    fn is_ours_to_change(&self) -> bool {
        let set = |flags| fs::fcntl_setfl(&self.fd, flags);
        let Ok(flags) = fs::fcntl_getfl(&self.fd) else { return false };
        set(flags | OFlags::NOATIME).is_ok() && set(flags).is_ok()
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    pub(super) fn into_fd(self) -> OwnedFd {
        self.fd
    }

    pub(super) fn length(&self) -> Result<u64, RegionError> {
        Ok(self.stat()?.st_size.unsigned_abs())
    }

    /// As much of the file's first [`PAYLOAD_OFFSET`] bytes as there is.
    pub(super) fn beginning(&self) -> Result<Vec<u8>, RegionError> {
        let mut bytes = vec![0; PAYLOAD_OFFSET];
        let mut read = 0;
        loop {
            match retry_on_intr(|| pread(&self.fd, &mut bytes[read..], read as u64)) {
                Ok(0) => break,
                Ok(more) => read += more,
                Err(errno) => return Err(self.error("read it", errno)),
            }
        }
        bytes.truncate(read);
        Ok(bytes)
    }

    /// Whether the whole file is zeroes.
    pub(super) fn is_all_zeroes(&self) -> Result<bool, RegionError> {
        let mut bytes = vec![0; 1 << 16];
        let mut at = 0;
        loop {
            match retry_on_intr(|| pread(&self.fd, &mut bytes[..], at)) {
                Ok(0) => return Ok(true),
                Ok(read) if bytes[..read].iter().any(|byte| *byte != 0) => return Ok(false),
                Ok(read) => at += read as u64,
                Err(errno) => return Err(self.error("read it", errno)),
            }
        }
    }

    /// Makes an empty file, or one full of zeroes, a region of which nothing is built yet. For the holder of the
    /// exclusive lock.
    pub(super) fn lay_foundation(&self) -> Result<(), RegionError> {
        self.reserve(PAYLOAD_OFFSET as u64)?;
        self.write(&MAGIC.to_le_bytes(), 0)
    }

    /// Makes the file at least this long, and has the file system set the space aside: a full one is an error
    /// here, and not a SIGBUS later. Never shrinks it. For one process at a time.
    pub(super) fn reserve(&self, size: u64) -> Result<(), RegionError> {
        self.check_room(size)?;
        let mut from = 0;
        while from < size {
            let length = CHUNK.min(size - from);
            let reserved =
                retry_on_intr(|| fs::fallocate(&self.fd, FallocateFlags::empty(), from, length));
            match reserved {
                Ok(()) => from += length,
                Err(Errno::OPNOTSUPP | Errno::NOSYS) => return self.lengthen(size),
                Err(errno) => return Err(self.no_room(size, errno)),
            }
        }
        Ok(())
    }

    /// Refuses early what would only fill the file system before it fails.
    fn check_room(&self, size: u64) -> Result<(), RegionError> {
        let has = self.stat()?.st_blocks.unsigned_abs().saturating_mul(512);
        // A file system that cannot say, or knows no limit, has no blocks at all.
        match fs::fstatvfs(&self.fd) {
            Ok(all) if all.f_blocks > 0 => {
                let free = all.f_bavail.saturating_mul(all.f_frsize);
                if size.saturating_sub(has) > free {
                    return Err(self.no_room(size, Errno::NOSPC));
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn lengthen(&self, size: u64) -> Result<(), RegionError> {
        if self.length()? >= size {
            return Ok(());
        }
        retry_on_intr(|| fs::ftruncate(&self.fd, size)).map_err(|errno| self.no_room(size, errno))
    }

    fn no_room(&self, needed: u64, errno: Errno) -> RegionError {
        match errno {
            Errno::NOSPC | Errno::DQUOT => {
                RegionError::OutOfSpace { place: self.place.clone(), needed }
            }
            errno => self.error("reserve its space", errno),
        }
    }

    /// Overwrites what an earlier builder may have left in the payload.
    pub(super) fn zero_payload(&self, end: u64) -> Result<(), RegionError> {
        let zeroes = vec![0; 1 << 16];
        let mut at = PAYLOAD_OFFSET as u64;
        while at < end {
            let length = (zeroes.len() as u64).min(end - at);
            self.write(&zeroes[..length as usize], at)?;
            at += length;
        }
        Ok(())
    }

    /// Writes within what is reserved.
    pub(super) fn write(&self, mut bytes: &[u8], mut at: u64) -> Result<(), RegionError> {
        while !bytes.is_empty() {
            let written = retry_on_intr(|| pwrite(&self.fd, bytes, at))
                .map_err(|errno| self.no_room(at + bytes.len() as u64, errno))?;
            bytes = &bytes[written..];
            at += written as u64;
        }
        Ok(())
    }

    /// Takes the lock as one of many, and says whether it did.
    pub(super) fn try_share(&self) -> Result<bool, RegionError> {
        self.flock(FlockOperation::NonBlockingLockShared)
    }

    /// Takes the lock alone, and says whether it did. If not, a shared one that was held is gone.
    pub(super) fn try_exclude(&self) -> Result<bool, RegionError> {
        self.flock(FlockOperation::NonBlockingLockExclusive)
    }

    /// Lets others take the lock alone.
    pub(super) fn let_go(&self) -> Result<(), RegionError> {
        self.flock(FlockOperation::Unlock).map(|_| ())
    }

    fn flock(&self, operation: FlockOperation) -> Result<bool, RegionError> {
        match retry_on_intr(|| fs::flock(&self.fd, operation)) {
            Ok(()) => Ok(true),
            Err(Errno::WOULDBLOCK) => Ok(false),
            Err(errno) => Err(self.error("lock its file", errno)),
        }
    }

    /// Whether that path still leads to this file.
    pub(super) fn is_at(&self, path: &Path) -> Result<bool, RegionError> {
        let ours = self.stat()?;
        let links =
            if self.place.follows_links() { AtFlags::empty() } else { AtFlags::SYMLINK_NOFOLLOW };
        match fs::statat(CWD, path, links) {
            Ok(there) => Ok((there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)),
            Err(Errno::NOENT) => Ok(false),
            Err(errno) => Err(self.error("look for it", errno)),
        }
    }

    fn stat(&self) -> Result<Stat, RegionError> {
        fs::fstat(&self.fd).map_err(|errno| self.error("look at it", errno))
    }

    pub(super) fn error(&self, attempt: &'static str, errno: Errno) -> RegionError {
        RegionError::os(&self.place, attempt, errno)
    }
}

impl AsFd for File {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
