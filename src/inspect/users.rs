//! Who uses a region.

use core::fmt;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use super::process::{self, FileId, Mapped};
use crate::diagnosis::holder::command_of;

/// A process that uses a region.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct User {
    /// The process.
    pub process: u32,
    /// Its command line.
    pub command: Option<String>,
}

/// Who uses a region, as far as can be seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Users {
    /// Those that have it mapped.
    pub mapped: Vec<User>,
    /// Those of which it is only known that they have it open, or hold the lock of its users.
    pub open: Vec<User>,
    /// Of how many processes it is not permitted to know.
    pub hidden: usize,
    /// Whether somebody uses it, whoever that is.
    pub locked: bool,
}

impl Users {
    /// Whether nobody is known to use it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.mapped.is_empty() && self.open.is_empty() && !self.locked
    }
}

impl fmt::Display for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut between = "";
        for (what, users) in [("mapped", &self.mapped), ("open", &self.open)] {
            let [first, rest @ ..] = &users[..] else { continue };
            let number = if rest.is_empty() { "process" } else { "processes" };
            write!(f, "{between}{what} by {number} {first}")?;
            rest.iter().try_for_each(|user| write!(f, ", {user}"))?;
            between = "; ";
        }
        if self.mapped.is_empty() && self.open.is_empty() {
            f.write_str(match (self.locked, self.hidden) {
                (true, _) => "used by somebody who cannot be seen",
                (false, 0) => "used by nobody",
                (false, _) => "used by nobody who can be seen",
            })?;
        }
        match self.hidden {
            0 => Ok(()),
            1 => f.write_str("; 1 process cannot be looked into without more rights"),
            some => write!(f, "; {some} processes cannot be looked into without more rights"),
        }
    }
}

impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.command {
            Some(command) => write!(f, "{} ({command})", self.process),
            None => write!(f, "{}", self.process),
        }
    }
}

/// What all processes have mapped and open, at one look.
#[derive(Debug, Default)]
pub(super) struct Everybody {
    pub(super) mapped: Vec<(u32, Vec<Mapped>)>,
    /// Those that may be found open at `/proc/PID/fd`, and what they hold the lock of.
    open: Vec<(u32, FileId)>,
    /// Memory files: whose, where to open them, and what they are called.
    pub(super) memory_files: Vec<(u32, PathBuf, String)>,
    pub(super) hidden: usize,
}

impl Everybody {
    pub(super) fn look() -> Self {
        let mut all = Self::default();
        let me = std::process::id();
        for process in process::processes().into_iter().filter(|process| *process != me) {
            match process::mapped_by(process) {
                Ok(mapped) => all.mapped.push((process, mapped)),
                Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                    all.hidden += usize::from(process::has_memory(process));
                    continue;
                }
                // It has just ended.
                Err(_) => continue,
            }
            for (path, target) in process::opened_by(process).unwrap_or_default() {
                // To ask about any other file may take for ever, where its server is gone.
                let in_memory = ["/memfd:", "/dev/shm/"].iter().any(|it| target.starts_with(it));
                let metadata = in_memory.then(|| fs::metadata(&path).ok()).flatten();
                all.open.extend(metadata.map(|metadata| (process, FileId::of(&metadata))));
                if target.starts_with("/memfd:") {
                    all.memory_files.push((process, path, target));
                }
            }
        }
        all.open.extend(locks());
        all
    }

    /// Who uses that file.
    pub(super) fn users_of(&self, file: FileId, path: &str) -> Users {
        let is_it = |mapped: &Mapped| {
            let same_path = !path.is_empty() && mapped.path == path;
            mapped.file.inode == file.inode && (mapped.file.device == file.device || same_path)
        };
        let has = |(process, all): &(u32, Vec<Mapped>)| all.iter().any(is_it).then_some(*process);
        let mapped: BTreeSet<u32> = self.mapped.iter().filter_map(has).collect();
        let open =
            self.open.iter().filter(|(_, other)| *other == file).map(|(process, _)| *process);
        let open: BTreeSet<u32> = open.filter(|process| !mapped.contains(process)).collect();
        let users = |all: BTreeSet<u32>| {
            let user = |process| User { process, command: command_of(process) };
            all.into_iter().map(user).collect()
        };
        Users { mapped: users(mapped), open: users(open), hidden: self.hidden, locked: false }
    }
}

/// Who holds the `flock` of which file: all users of a region in a file do, and everybody may know.
fn locks() -> Vec<(u32, FileId)> {
    let text = fs::read_to_string("/proc/locks").unwrap_or_default();
    text.lines().filter_map(flock).collect()
}

/// `1: FLOCK  ADVISORY  READ 4711 00:1a:17 0 EOF`
fn flock(line: &str) -> Option<(u32, FileId)> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [_, "FLOCK", _, _, process, file, ..] = fields[..] else { return None };
    let parts: Vec<&str> = file.split(':').collect();
    let [major, minor, inode] = parts[..] else { return None };
    let number = |text| u32::from_str_radix(text, 16).ok();
    let file = FileId { device: (number(major)?, number(minor)?), inode: inode.parse().ok()? };
    Some((process.parse().ok()?, file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_are_read_as_the_kernel_writes_them() {
        let file = FileId { device: (0, 0x1a), inode: 17 };
        assert_eq!(flock("1: FLOCK  ADVISORY  READ 4711 00:1a:17 0 EOF"), Some((4711, file)));
        for other in [
            "",
            "1: POSIX  ADVISORY  READ 4711 00:1a:17 0 EOF",
            "1: -> FLOCK  ADVISORY  READ 4711 00:1a:17 0 EOF",
            "1: FLOCK  ADVISORY  READ -1 00:1a:17 0 EOF",
            "1: FLOCK  ADVISORY  READ 4711 00:17 0 EOF",
        ] {
            assert_eq!(flock(other), None, "{other}");
        }
    }

    #[test]
    fn who_uses_a_region_is_said_in_words() {
        let user = |process| User { process, command: Some(format!("./worker {process}")) };
        let table = [
            (vec![], vec![], 0, false, "used by nobody"),
            (vec![], vec![], 0, true, "used by somebody who cannot be seen"),
            (vec![user(7)], vec![], 0, false, "mapped by process 7 (./worker 7)"),
            (
                vec![user(7), user(8)],
                vec![user(9)],
                1,
                true,
                "mapped by processes 7 (./worker 7), 8 (./worker 8); open by process 9 \
                 (./worker 9); 1 process cannot be looked into without more rights",
            ),
        ];
        for (mapped, open, hidden, locked, words) in table {
            assert_eq!(Users { mapped, open, hidden, locked }.to_string(), words);
        }
    }
}
