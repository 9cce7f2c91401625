//! A new file in the place of an old one.
//!
//! Everything happens in one directory, held open: wherever it is moved meanwhile, the new file ends up in it.

use std::ffi::OsStr;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{self, Access, AtFlags, FileType, Mode, OFlags, Stat};
use rustix::io::{Errno, retry_on_intr};

use super::error::FileError;
use super::{metadata, path};

/// What a file is opened with that is neither followed nor waited for, nor passed on.
const PLAIN: OFlags = OFlags::CLOEXEC.union(OFlags::NOCTTY).union(OFlags::NONBLOCK);

/// The directory that a file is in.
pub(super) struct Folder {
    descriptor: OwnedFd,
}

/// The file that is to be replaced.
pub(super) struct Old {
    pub(super) file: std::fs::File,
    pub(super) stat: Stat,
    pub(super) content: Vec<u8>,
}

/// The new file, not yet in place; removed again when dropped.
pub(super) struct Replacement<'a> {
    folder: &'a Folder,
    file: std::fs::File,
    temporary: &'a Path,
    target: &'a Path,
    length: usize,
    in_place: bool,
}

impl Folder {
    pub(super) fn of(file: &Path) -> Result<Self, FileError> {
        let folder = path::folder(file);
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let descriptor = retry_on_intr(|| fs::open(folder, flags, Mode::empty()))
            .map_err(|errno| FileError::os(folder, "open the directory", errno))?;
        Ok(Self { descriptor })
    }

    /// Removes what somebody who died has left.
    pub(super) fn clean(&self, temporary: &Path) -> Result<(), FileError> {
        match fs::unlinkat(&self.descriptor, name(temporary), AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => {
                Err(FileError::os(temporary, "remove what an earlier update has left", errno))
            }
        }
    }

    /// The file as it is; none if there is none.
    pub(super) fn read(&self, path: &Path) -> Result<Option<Old>, FileError> {
        let failed = |attempt| move |errno| FileError::os(path, attempt, errno);
        let flags = PLAIN | OFlags::RDONLY | OFlags::NOFOLLOW;
        let opened =
            retry_on_intr(|| fs::openat(&self.descriptor, name(path), flags, Mode::empty()));
        let descriptor = match opened {
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::LOOP) => return Err(FileError::Unsteady(path.to_owned())),
            Err(Errno::NXIO) => return Err(not_regular(path)),
            opened => opened.map_err(failed("open it"))?,
        };
        let stat = fs::fstat(&descriptor).map_err(failed("look at it"))?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(not_regular(path));
        }
        fs::accessat(&self.descriptor, name(path), Access::WRITE_OK, AtFlags::EACCESS)
            .map_err(failed("write to it"))?;
        let mut file = std::fs::File::from(descriptor);
        let mut content = Vec::new();
        file.read_to_end(&mut content).map_err(|source| FileError::Os {
            path: path.to_owned(),
            attempt: "read it",
            source,
        })?;
        Ok(Some(Old { file, stat, content }))
    }

    /// Writes a new file, complete but for its name. Without an `old` one, `mode` is its mode.
    pub(super) fn write<'a>(
        &'a self,
        temporary: &'a Path,
        target: &'a Path,
        old: Option<&Old>,
        mode: Option<u32>,
        content: &[u8],
    ) -> Result<Replacement<'a>, FileError> {
        // What replaces a file is its owner's alone until it is complete.
        let at_first = old.map_or(mode.unwrap_or(0o666), |_| 0o600);
        let file = self.create(temporary, target, at_first, content.len())?;
        let length = content.len();
        let mut new =
            Replacement { folder: self, file, temporary, target, length, in_place: false };
        new.file.write_all(content).map_err(|source| new.not_written(source))?;
        match (old, mode) {
            (Some(old), _) => metadata::keep(old, &new.file),
            // The process's umask has been applied.
            (None, Some(mode)) => fs::fchmod(&new.file, Mode::from_raw_mode(mode)),
            (None, None) => Ok(()),
        }
        .map_err(|errno| {
            FileError::os(target, "give the new file the mode of the old one", errno)
        })?;
        Ok(new)
    }

    fn create(
        &self,
        temporary: &Path,
        target: &Path,
        mode: u32,
        length: usize,
    ) -> Result<std::fs::File, FileError> {
        let flags = PLAIN | OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
        let mode = Mode::from_raw_mode(mode);
        match retry_on_intr(|| fs::openat(&self.descriptor, name(temporary), flags, mode)) {
            Ok(descriptor) => Ok(descriptor.into()),
            Err(Errno::NOSPC | Errno::DQUOT) => {
                Err(FileError::OutOfSpace { path: target.to_owned(), needed: length as u64 })
            }
            Err(errno) => Err(FileError::os(temporary, "create the new file", errno)),
        }
    }

    /// Makes sure that the names in it survive a loss of power.
    pub(super) fn sync(&self, target: &Path) -> Result<(), FileError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        retry_on_intr(|| fs::openat(&self.descriptor, ".", flags, Mode::empty()))
            .and_then(|folder| retry_on_intr(|| fs::fsync(&folder)))
            .map_err(|errno| FileError::NotDurable {
                path: target.to_owned(),
                source: errno.into(),
            })
    }
}

impl Replacement<'_> {
    fn not_written(&self, source: std::io::Error) -> FileError {
        let path = self.target.to_owned();
        match source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                FileError::OutOfSpace { path, needed: self.length as u64 }
            }
            _ => FileError::Os { path, attempt: "write the new file", source },
        }
    }

    /// Makes sure that the new content survives a loss of power.
    pub(super) fn sync(&self) -> Result<(), FileError> {
        self.file.sync_all().map_err(|source| self.not_written(source))
    }

    /// From here on everybody sees the new file.
    pub(super) fn put_in_place(mut self) -> Result<(), FileError> {
        let folder = &self.folder.descriptor;
        match fs::renameat(folder, name(self.temporary), folder, name(self.target)) {
            Ok(()) => {
                self.in_place = true;
                Ok(())
            }
            Err(Errno::BUSY) => Err(FileError::NotAFile {
                path: self.target.to_owned(),
                why: "something is mounted on it, so it cannot be replaced",
            }),
            Err(errno) => Err(FileError::os(self.target, "put the new file in its place", errno)),
        }
    }
}

impl Drop for Replacement<'_> {
    fn drop(&mut self) {
        if !self.in_place {
            // What cannot be removed now, the next update tries to remove.
            let _ = self.folder.clean(self.temporary);
        }
    }
}

/// Of a path that ends in one, as all that come here do.
fn name(path: &Path) -> &OsStr {
    path.file_name().unwrap_or_default()
}

fn not_regular(path: &Path) -> FileError {
    FileError::NotAFile { path: path.to_owned(), why: "not a regular file, so not to be replaced" }
}
