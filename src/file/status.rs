//! Who holds a lock on a file, and who waits for it, as the kernel tells everybody.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::error::FileError;
use super::opened::Identity;

const LOCKS: &str = "/proc/locks";

/// How often a long table is read.
const LOOKS: usize = 10;

/// More than the kernel gives at once.
const ROOM: usize = 1 << 16;

/// Who holds a lock on a file, and who waits for it: what was so a moment ago. Where very many locks come and go, a process
/// may be missing.
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
///
/// One system call gives what is so at one moment, but no more than some sixty lines. Of a longer table, lines may be
/// missed or come twice as locks come and go in between: so it is read until it says the same twice.
pub(super) fn read(file: Identity, path: &Path) -> Result<FileLockStatus, FileError> {
    let failed = |source| FileError::Os {
        path: path.to_owned(),
        attempt: "read /proc/locks, which tells who holds it",
        source,
    };
    let mut before = None;
    for _ in 0..LOOKS {
        let (table, of_one_moment) = read_table().map_err(failed)?;
        let status = gather(&String::from_utf8_lossy(&table), file);
        if of_one_moment || before.as_ref() == Some(&status) {
            return Ok(status);
        }
        before = Some(status);
    }
    Ok(before.unwrap_or_default())
}

/// The table, and whether all of it was so at one moment.
fn read_table() -> io::Result<(Vec<u8>, bool)> {
    let mut file = File::open(LOCKS)?;
    let mut table = vec![0; ROOM];
    let (mut length, mut calls) = (0, 0);
    loop {
        table.resize(length + ROOM, 0);
        match file.read(&mut table[length..]) {
            Ok(0) => break,
            Ok(more) => (length, calls) = (length + more, calls + 1),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    table.truncate(length);
    Ok((table, calls <= 1))
}

fn gather(table: &str, file: Identity) -> FileLockStatus {
    let mut status = FileLockStatus::default();
    for line in table.lines().filter_map(Line::parse).filter(|line| line.file == file) {
        status.is_shared |= line.shared && !line.waits;
        let processes = if line.waits { &mut status.waiting } else { &mut status.holders };
        processes.push(line.process);
    }
    for processes in [&mut status.holders, &mut status.waiting] {
        processes.sort_unstable();
        processes.dedup();
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
                     5: FLOCK  ADVISORY  READ 8 fe:01:10010684 0 EOF\n\
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
