//! Who holds a lock on a file, and who waits for it, as the kernel tells everybody.

use std::path::Path;

use super::error::FileError;
use super::opened::Identity;

const LOCKS: &str = "/proc/locks";

/// Who holds a lock on a file, and who waits for it: what was so a moment ago.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileLockStatus {
    /// The processes that hold it. More than one: all of them share it. One that has died may be named if a copy of its
    /// descriptor lives on somewhere. Processes of other PID namespaces are left out.
    pub holders: Vec<u32>,
    /// Whether it is held by those who share it.
    pub is_shared: bool,
    /// The processes that sleep until it is free. Those that wait only until some moment are not among them: they sleep and
    /// look.
    pub waiting: Vec<u32>,
}

/// Reads it from the kernel's table of all locks.
pub(super) fn read(file: Identity, path: &Path) -> Result<FileLockStatus, FileError> {
    let table = std::fs::read_to_string(LOCKS).map_err(|source| FileError::Os {
        path: path.to_owned(),
        attempt: "read /proc/locks, which tells who holds it",
        source,
    })?;
    Ok(gather(&table, file))
}

fn gather(table: &str, file: Identity) -> FileLockStatus {
    let mut status = FileLockStatus::default();
    for line in table.lines().filter_map(Line::parse).filter(|line| line.file == file) {
        if line.waits {
            status.waiting.push(line.process);
        } else {
            status.is_shared |= line.shared;
            status.holders.push(line.process);
        }
    }
    status
}

struct Line {
    waits: bool,
    shared: bool,
    process: u32,
    file: Identity,
}

impl Line {
    /// `12: -> FLOCK  ADVISORY  WRITE 4711 fe:00:12345 0 EOF`, the arrow for those who wait.
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace().skip(1).peekable();
        let waits = words.next_if_eq(&"->").is_some();
        words.next_if_eq(&"FLOCK")?;
        let shared = words.nth(1)? == "READ";
        let process = words.next()?.parse().ok()?;
        let mut numbers = words.next()?.split(':');
        let mut hexadecimal = || u32::from_str_radix(numbers.next()?, 16).ok();
        let device = rustix::fs::makedev(hexadecimal()?, hexadecimal()?);
        let inode = numbers.next()?.parse().ok()?;
        Some(Self { waits, shared, process, file: Identity { device, inode } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_table_is_read() {
        let table = "1: FLOCK  ADVISORY  WRITE 6220 fe:00:10010684 0 EOF\n\
                     1: -> FLOCK  ADVISORY  READ 6221 fe:00:10010684 0 EOF\n\
                     2: POSIX  ADVISORY  WRITE 7 fe:00:10010684 0 EOF\n\
                     3: FLOCK  ADVISORY  READ 8 fe:01:10010684 0 EOF\n\
                     4: FLOCK  ADVISORY  READ 9 fe:00:3 0 EOF\n\
                     nonsense\n";
        let file = |device, inode| Identity { device: rustix::fs::makedev(0xfe, device), inode };
        let status = gather(table, file(0, 10_010_684));
        assert_eq!(
            status,
            FileLockStatus { holders: vec![6220], is_shared: false, waiting: vec![6221] }
        );
        let other = gather(table, file(1, 10_010_684));
        assert_eq!(other, FileLockStatus { holders: vec![8], is_shared: true, waiting: vec![] });
        assert_eq!(gather(table, file(2, 1)), FileLockStatus::default());
    }
}
