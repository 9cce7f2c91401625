//! What `/proc` tells of processes: what they have mapped and open, and on which words their threads sleep.

use core::fmt;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::diagnosis::holder::command_of;

/// `futex_waitv`, of which old C libraries do not know the number: the same on x86_64 and aarch64.
const SYS_FUTEX_WAITV: i64 = 449;
/// How many words that call takes.
const MOST_WORDS: u64 = 128;
/// Where in each of its entries the address is.
const ADDRESS_IN_ENTRY: usize = 8;
/// How long an entry is.
const ENTRY: usize = 24;

/// A thread, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Who {
    /// The thread: the kernel's id.
    pub thread: u32,
    /// Its process.
    pub process: u32,
    /// That process's command line.
    pub command: Option<String>,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "thread {} of process {}", self.thread, self.process)?;
        match &self.command {
            Some(command) => write!(f, " ({command})"),
            None => Ok(()),
        }
    }
}

/// A file's identity: device and inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct FileId {
    pub(super) device: (u32, u32),
    pub(super) inode: u64,
}

impl FileId {
    pub(super) fn of(metadata: &fs::Metadata) -> Self {
        let device = (libc::major(metadata.dev()), libc::minor(metadata.dev()));
        Self { device, inode: metadata.ino() }
    }
}

/// One line of `/proc/PID/maps`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mapped {
    pub(super) start: u64,
    pub(super) end: u64,
    /// Where in the file it begins.
    pub(super) offset: u64,
    pub(super) file: FileId,
    pub(super) path: String,
}

impl Mapped {
    /// A shared mapping of a file.
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.splitn(6, ' ');
        let (start, end) = fields.next()?.split_once('-')?;
        let hexadecimal = |text| u64::from_str_radix(text, 16).ok();
        fields.next().filter(|rights| rights.ends_with('s'))?;
        let offset = hexadecimal(fields.next()?)?;
        let (major, minor) = fields.next()?.split_once(':')?;
        let number = |text| u32::from_str_radix(text, 16).ok();
        let file = FileId {
            device: (number(major)?, number(minor)?),
            inode: fields.next()?.parse().ok().filter(|inode| *inode != 0)?,
        };
        let path = fields.next().unwrap_or("").trim_start().to_owned();
        Some(Self { start: hexadecimal(start)?, end: hexadecimal(end)?, offset, file, path })
    }

    /// Whether it may be a region's beginning, and no device.
    pub(super) fn may_be_region(&self) -> bool {
        let beginning = self.offset == 0;
        let shared = ["/dev/shm/", "/memfd:", "/dev/zero"].iter();
        let known = shared.into_iter().any(|start| self.path.starts_with(start));
        let system = ["/dev/", "/proc/", "/sys/", "/SYSV", "anon_inode:", "["].iter();
        let other = system.into_iter().any(|start| self.path.starts_with(start));
        beginning && (known || !other)
    }
}

/// All processes that are there.
pub(super) fn processes() -> Vec<u32> {
    numbers_in(Path::new("/proc"))
}

/// The threads of a process.
pub(super) fn threads(process: u32) -> Vec<u32> {
    numbers_in(&PathBuf::from(format!("/proc/{process}/task")))
}

/// Whether it is no thread of the kernel, and has not ended.
pub(super) fn has_memory(process: u32) -> bool {
    fs::read(format!("/proc/{process}/cmdline")).is_ok_and(|line| !line.is_empty())
}

fn numbers_in(directory: &Path) -> Vec<u32> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut numbers: Vec<u32> =
        entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    numbers.sort_unstable();
    numbers
}

/// The files that a process has mapped to share them.
pub(super) fn mapped_by(process: u32) -> io::Result<Vec<Mapped>> {
    let maps = fs::read(format!("/proc/{process}/maps"))?;
    Ok(String::from_utf8_lossy(&maps).lines().filter_map(Mapped::parse).collect())
}

/// The files that a process has open: where to find each, and what it is called.
pub(super) fn opened_by(process: u32) -> io::Result<Vec<(PathBuf, String)>> {
    let entries = fs::read_dir(format!("/proc/{process}/fd"))?.flatten();
    Ok(entries
        .filter_map(|entry| {
            let target = fs::read_link(entry.path()).ok()?;
            Some((entry.path(), target.to_string_lossy().into_owned()))
        })
        .collect())
}

pub(super) fn who(process: u32, thread: u32) -> Who {
    Who { thread, process, command: command_of(process) }
}

/// On which addresses a thread sleeps, if on any.
pub(super) fn asleep_on(process: u32, thread: u32) -> io::Result<Vec<u64>> {
    let call = fs::read_to_string(format!("/proc/{process}/task/{thread}/syscall"))?;
    let mut numbers = call.split_whitespace();
    let number = numbers.next().and_then(|number| number.parse::<i64>().ok());
    let arguments =
        numbers.map_while(|text| u64::from_str_radix(text.strip_prefix("0x")?, 16).ok());
    let arguments: Vec<u64> = arguments.collect();
    match (number, &arguments[..]) {
        (Some(libc::SYS_futex), [address, operation, ..]) if is_shared_wait(*operation) => {
            Ok(vec![*address])
        }
        (Some(SYS_FUTEX_WAITV), [entries, count, ..]) => {
            several(process, *entries, (*count).min(MOST_WORDS))
        }
        _ => Ok(Vec::new()),
    }
}

/// A wait for a word that other processes may wake, whatever clock it goes by.
fn is_shared_wait(operation: u64) -> bool {
    let operation = operation as i32 & !libc::FUTEX_CLOCK_REALTIME;
    [libc::FUTEX_WAIT, libc::FUTEX_WAIT_BITSET].contains(&operation)
}

/// The addresses in the array of a `futex_waitv`.
fn several(process: u32, entries: u64, count: u64) -> io::Result<Vec<u64>> {
    let memory = File::open(format!("/proc/{process}/mem"))?;
    let mut bytes = vec![0; count as usize * ENTRY];
    memory.read_exact_at(&mut bytes, entries)?;
    let address = |entry: &[u8]| {
        entry[ADDRESS_IN_ENTRY..].first_chunk().map_or(0, |address| u64::from_ne_bytes(*address))
    };
    Ok(bytes.chunks_exact(ENTRY).map(address).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_maps_are_read_and_private_ones_left_out() {
        let line =
            "7f0000000000-7f0000001000 rw-s 00001000 00:1a 4711                       /dev/shm/a b";
        let mapped = Mapped::parse(line).expect("a shared mapping");
        assert_eq!((mapped.start, mapped.end), (0x7f00_0000_0000, 0x7f00_0000_1000));
        assert_eq!((mapped.offset, &*mapped.path), (0x1000, "/dev/shm/a b"));
        assert_eq!(mapped.file, FileId { device: (0, 0x1a), inode: 4711 });
        for other in
            ["", "nonsense", "1-2 rw-s", &line.replace("rw-s", "rw-p"), "7f-80 rw-s 0 0:0 0"]
        {
            assert_eq!(Mapped::parse(other), None, "{other}");
        }
    }

    #[test]
    fn devices_are_never_opened() {
        let at = |path: &str| Mapped {
            start: 0,
            end: 4096,
            offset: 0,
            file: FileId { device: (0, 1), inode: 1 },
            path: path.to_owned(),
        };
        for region in ["/dev/shm/x", "/memfd:x (deleted)", "/dev/zero (deleted)", "/tmp/x"] {
            assert!(at(region).may_be_region(), "{region}");
        }
        for other in ["/dev/nvidia0", "/SYSV00000000 (deleted)", "/sys/x", "[vdso]", "anon_inode:x"]
        {
            assert!(!at(other).may_be_region(), "{other}");
        }
    }
}
