//! Getting at what another process has mapped: by whatever way is open to us.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use super::error::InspectError;
use super::memory::Memory;
use super::opened::Opened;
use super::process::{self, Mapped};

impl Opened {
    /// What a process has mapped; `None` if that is no region, and an error if it is not permitted to know.
    pub(super) fn mapped(process: u32, mapped: &Mapped) -> Option<Result<Self, InspectError>> {
        let place = match mapped.path.as_str() {
            "/dev/zero (deleted)" => format!("anonymous region of process {process}"),
            path => format!("region in {}", path.escape_debug()),
        };
        let mut refused = false;
        for attempt in [by_map_file, by_path, by_descriptor] {
            match attempt(process, mapped) {
                Ok(file) => {
                    let opened = Self::in_file(file, &place, &mapped.path);
                    // Some file systems tell of a file otherwise than of its mapping.
                    return only_regions(opened.map(|opened| opened.known_as(mapped.file)));
                }
                Err(error) => refused |= error.kind() == io::ErrorKind::PermissionDenied,
            }
        }
        match File::open(format!("/proc/{process}/mem")) {
            Ok(file) => {
                let memory = Memory::new(file, mapped.start);
                let length = mapped.end - mapped.start;
                let (path, id) = (&mapped.path, mapped.file);
                only_regions(Self::in_memory(memory, length, &place, path, id, None))
            }
            Err(_) if refused => Some(Err(InspectError::NotPermitted(place))),
            Err(_) => None,
        }
    }
}

/// What is no region at all is nothing to speak of, where nobody said that it is one.
fn only_regions(opened: Result<Opened, InspectError>) -> Option<Result<Opened, InspectError>> {
    let other = matches!(&opened, Err(InspectError::NotARegion { .. } | InspectError::Os { .. }));
    (!other).then_some(opened)
}

/// The very file that is mapped, for those who have the right.
fn by_map_file(process: u32, mapped: &Mapped) -> io::Result<File> {
    let Mapped { start, end, .. } = mapped;
    open_regular(Path::new(&format!("/proc/{process}/map_files/{start:x}-{end:x}")))
}

/// What has the name of what is mapped, if it is that.
fn by_path(_: u32, mapped: &Mapped) -> io::Result<File> {
    if !mapped.path.starts_with('/') || mapped.path.starts_with("/memfd:") {
        return Err(io::ErrorKind::NotFound.into());
    }
    same(open_regular(Path::new(&mapped.path))?, mapped)
}

/// The descriptor of what is mapped, if the process has kept it.
fn by_descriptor(process: u32, mapped: &Mapped) -> io::Result<File> {
    let opened = process::opened_by(process)?;
    let mut same_name = opened.iter().filter(|(_, target)| *target == mapped.path);
    let found = same_name.find_map(|(path, _)| same(open_regular(path).ok()?, mapped).ok());
    found.ok_or(io::ErrorKind::NotFound.into())
}

fn same(file: File, mapped: &Mapped) -> io::Result<File> {
    if file.metadata()?.ino() == mapped.file.inode {
        return Ok(file);
    }
    Err(io::ErrorKind::NotFound.into())
}

pub(super) fn open_regular(path: &Path) -> io::Result<File> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::ErrorKind::NotFound.into());
    }
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}
