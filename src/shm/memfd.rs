//! Memory files: no name, no file system, and a size that nobody can change.

use std::os::fd::{AsFd, AsRawFd};

use rustix::fs::{
    MemfdFlags, SealFlags, fcntl_add_seals, fcntl_get_seals, ftruncate, memfd_create, readlink,
};
use rustix::io::Errno;

use super::error::RegionError;
use super::file::File;
use super::place::Place;

/// The longest label that Linux takes.
const LONGEST_LABEL: usize = 249;

/// A new memory file of that size, all zeroes.
pub(super) fn create(label: &str, size: u64) -> Result<File, RegionError> {
    check_label(label)?;
    let place = Place::Memfd(label.to_owned());
    let failed =
        |attempt| move |errno| RegionError::os(&Place::Memfd(label.to_owned()), attempt, errno);
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let fd = memfd_create(label, flags | MemfdFlags::NOEXEC_SEAL)
        .or_else(|errno| match errno {
            // Before Linux 6.3.
            Errno::INVAL => memfd_create(label, flags),
            other => Err(other),
        })
        .map_err(failed("create a memory file"))?;
    ftruncate(&fd, size).map_err(failed("reserve its space"))?;
    fcntl_add_seals(&fd, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)
        .map_err(failed("seal it"))?;
    File::received(fd, place)
}

/// Refuses a memory file that may be cut short. Files in a file system cannot be sealed, and are taken as they
/// are: their names and modes say who may do what.
pub(super) fn check_sealed(file: &File) -> Result<(), RegionError> {
    let link = format!("/proc/self/fd/{}", file.as_fd().as_raw_fd());
    let target = readlink(link.as_str(), Vec::new()).map_err(|errno| {
        RegionError::ProcUnreadable { path: "/proc/self/fd", source: errno.into() }
    })?;
    if !target.as_bytes().starts_with(b"/memfd:") {
        return Ok(());
    }
    match fcntl_get_seals(file) {
        Ok(seals) if seals.contains(SealFlags::SHRINK) => Ok(()),
        _ => Err(RegionError::NotSealed(file.place().clone())),
    }
}

fn check_label(label: &str) -> Result<(), RegionError> {
    let why = if label.contains('\0') {
        "it contains a NUL character, where the system ends names; leave that out"
    } else if label.len() > LONGEST_LABEL {
        "it is longer than 249 bytes; shorten it"
    } else {
        return Ok(());
    };
    Err(RegionError::BadName { name: label.to_owned(), why })
}
