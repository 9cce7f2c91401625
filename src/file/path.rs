//! Which file a path means, and what the file beside it is called.

use std::io;
use std::path::{Path, PathBuf};

use super::error::FileError;
use super::opened::Identity;

/// How many links to nowhere are followed: as many as the kernel follows.
const LINKS: usize = 40;

const SUFFIX: &str = ".lock";

/// The longest file name that Linux takes.
const LONGEST_NAME: usize = 255;

/// The longest decimal number of an inode, and what stands before it.
const TEMPORARY_SUFFIX: usize = 1 + 20;

/// The file itself, with all links followed, whether or not it exists. Its directory must.
pub(super) fn resolve(path: &Path) -> Result<PathBuf, FileError> {
    check(path)?;
    let mut at = path.to_owned();
    for _ in 0..LINKS {
        match at.canonicalize() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            found => return found.map_err(|error| failed(path, error)),
        }
        // A link to nowhere means the file that it names.
        match at.read_link() {
            Ok(target) => at = folder(&at).join(target),
            Err(_) => return missing(path, &at),
        }
    }
    Err(FileError::Unsteady(path.to_owned()))
}

/// The lock file beside a file that was [resolved](resolve).
pub(super) fn lock_beside(file: &Path) -> Result<PathBuf, FileError> {
    let bad = |why| FileError::BadPath { path: file.to_owned(), why };
    let mut name = file.file_name().ok_or_else(|| bad("it means a directory"))?.to_owned();
    if name.len() + SUFFIX.len() + TEMPORARY_SUFFIX > LONGEST_NAME {
        return Err(bad("it is too long for a lock file beside it; shorten it to 229 bytes"));
    }
    name.push(SUFFIX);
    Ok(file.with_file_name(name))
}

/// The directory that a path's last component is in.
pub(super) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn check(path: &Path) -> Result<(), FileError> {
    let text = path.as_os_str();
    let why = if text.is_empty() {
        "it is empty; give the path of a file"
    } else if text.as_encoded_bytes().contains(&0) {
        "it contains a NUL character, where the system ends names; leave that out"
    } else {
        return Ok(());
    };
    Err(FileError::BadPath { path: path.to_owned(), why })
}

fn missing(path: &Path, at: &Path) -> Result<PathBuf, FileError> {
    let Some(name) = at.file_name() else {
        return Err(FileError::BadPath { path: path.to_owned(), why: "it means a directory" });
    };
    let folder = folder(at).canonicalize().map_err(|error| failed(path, error))?;
    Ok(folder.join(name))
}

fn failed(path: &Path, error: io::Error) -> FileError {
    match rustix::io::Errno::from_io_error(&error) {
        Some(rustix::io::Errno::LOOP) => {
            FileError::NotAFile { path: path.to_owned(), why: "its symbolic links go in a circle" }
        }
        Some(errno) => FileError::os(path, "find it", errno),
        None => FileError::Os { path: path.to_owned(), attempt: "find it", source: error },
    }
}

/// The file that a [lock file](lock_beside) is beside.
pub(super) fn locked_by(lock: &Path) -> PathBuf {
    lock.with_extension("")
}

/// Where the new content is written before it is put in place. Named after the lock file that is held, so that no two
/// processes use the same one, even if somebody replaces the lock file.
pub(super) fn temporary(lock: &Path, locked: Identity) -> PathBuf {
    let mut name = lock.file_name().unwrap_or_default().to_owned();
    name.push(format!("-{}", locked.inode));
    lock.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_file_is_beside_its_file_whatever_that_is_called() {
        for name in
            ["a", "a.json", ".hidden", "a.lock", "a.lock.lock", "with space.", &"x".repeat(229)]
        {
            let file = Path::new("/some/where").join(name);
            let lock = lock_beside(&file).expect("a good name");
            assert_eq!(lock.to_str(), Some(format!("/some/where/{name}.lock").as_str()));
            assert_eq!(locked_by(&lock), file);
            let temporary = temporary(&lock, Identity { device: 1, inode: u64::MAX });
            assert!(temporary.file_name().is_some_and(|name| name.len() <= LONGEST_NAME));
        }
        assert!(lock_beside(Path::new("/")).is_err());
        assert!(lock_beside(Path::new(&"x".repeat(230))).is_err());
    }
}
