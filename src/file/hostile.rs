//! Paths of any bytes, and links that lead anywhere within a folder.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use super::opened::Identity;
use super::{FileError, FileLock, FileUpdate, path};

/// How many links there are at most.
const LINKS: u8 = 5;

/// A folder that this process has for itself, and removes and makes anew for each case. Names lead to one in it: what is beside
/// that is here, too.
static FOLDER: LazyLock<PathBuf> =
    LazyLock::new(|| std::env::temp_dir().join(format!("lockproof-paths-{}", std::process::id())));

/// Whatever a path is, a lock file beside it has a name of its own that leads back to it, or the path is refused in words;
/// and locking and changing such a file, through whatever links, touches nothing but the file and its lock file.
///
/// The input is a list of names, with NUL after each: links, each with what it leads to, and then the name that is used. The
/// first byte says how many links there are.
///
/// # Panics
///
/// If that is not so.
pub fn paths(input: &[u8]) {
    let Some((links, rest)) = input.split_first() else { return };
    pure(Path::new(OsStr::from_bytes(rest)));
    let mut names = rest.split(|byte| *byte == 0).map(within);
    let folder = fresh();
    for _ in 0..links % (LINKS + 1) {
        let (Some(name), Some(target)) = (names.next(), names.next()) else { break };
        // What cannot be made is not there.
        let _ = symlink(target, folder.join(name));
    }
    let before = content(&folder);
    if let Some(name) = names.next() {
        in_folder(&folder, &folder.join(name));
    }
    let new: Vec<_> = content(&folder).into_iter().filter(|name| !before.contains(name)).collect();
    assert!(new.len() <= 2, "more is there than the file and its lock file: {new:?}");
    let _ = fs::remove_dir_all(&*FOLDER);
}

/// What needs no file.
fn pure(file: &Path) {
    match path::lock_beside(file) {
        Ok(lock) => {
            assert_eq!(path::locked_by(&lock).file_name(), file.file_name(), "leads back");
            let temporary = path::temporary(&lock, Identity { device: 1, inode: u64::MAX });
            assert!(temporary != lock && temporary != file);
            assert_eq!(temporary.parent(), lock.parent());
        }
        Err(error) => said(&error),
    }
}

fn in_folder(folder: &Path, file: &Path) {
    match FileLock::beside(file).try_lock() {
        Ok(guard) => {
            assert!(FileLock::beside(file).try_lock_shared().is_err(), "it is locked");
            drop(guard);
        }
        Err(error) => said(&error),
    }
    // Nobody else is here.
    let new = |_: &[u8]| Ok::<_, std::io::Error>(Some(b"new".to_vec()));
    match FileUpdate::new(file).run(new) {
        Ok(()) => assert_eq!(fs::read(file).ok().as_deref(), Some(&b"new"[..]), "it was changed"),
        Err(error) => said(&error),
    }
    let _ = FileLock::beside(file).status();
    assert!(folder.exists());
}

fn said(error: &FileError) {
    let said = error.to_string();
    assert!(!said.contains(char::is_control), "says so in one line: {said:?}");
}

/// A name that cannot lead out of the folder, nor to a folder in it.
fn within(bytes: &[u8]) -> OsString {
    let plain = |byte: &u8| if *byte == b'/' { b'_' } else { *byte };
    let name: Vec<u8> = bytes.iter().map(plain).collect();
    OsString::from_vec(if name == b".." { b".".to_vec() } else { name })
}

fn fresh() -> PathBuf {
    let _ = fs::remove_dir_all(&*FOLDER);
    let folder = FOLDER.join("in");
    fs::create_dir_all(&folder).expect("a folder can be made");
    folder
}

fn content(folder: &Path) -> Vec<OsString> {
    let entries = fs::read_dir(folder).expect("it is there");
    entries.map(|entry| entry.expect("it can be read").file_name()).collect()
}
