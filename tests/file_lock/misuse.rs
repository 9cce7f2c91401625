//! What cannot be locked or changed is refused in words that say what is wrong, where, and what to do.

use std::fs;
use std::os::unix::fs::{FileExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use lockproof::file::FileError;
use lockproof::{FileLock, update_file};

use crate::common::child::{fork, say, supervised};
use crate::scratch::Scratch;

fn update(path: impl Into<PathBuf>) -> FileError {
    update_file(path, |_| "new".to_owned()).unwrap_err()
}

#[track_caller]
fn says(error: &FileError, words: &[&str]) {
    let said = error.to_string();
    assert!(words.iter().all(|word| said.contains(word)), "{said}");
    assert!(!said.contains('\n'));
}

#[test]
fn paths_that_cannot_be() {
    let scratch = Scratch::new();
    supervised(60, || {
        says(&update(""), &["empty", "give the path of a file"]);
        says(&update("a\0b"), &["NUL"]);
        says(&update("/"), &["directory"]);
        says(&update(scratch.join("nowhere/..")), &["directory"]);
        says(&update(scratch.join(&"x".repeat(230))), &["shorten it to 229 bytes"]);
        says(&update(scratch.join(&"x".repeat(300))), &["too long"]);
        says(&update(scratch.join("nowhere/data")), &["nowhere/data", "create it first"]);
        let error = FileLock::new(scratch.join("nowhere/lock")).lock().unwrap_err();
        says(&error, &["nowhere/lock", "create it first"]);
        update_file(scratch.join(&"x".repeat(229)), |_| "new".to_owned()).unwrap();
        assert_eq!(scratch.names().len(), 2);
    });
}

fn make_fifo(path: &Path) {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o666), 0).unwrap();
}

#[test]
fn what_is_no_file() {
    let scratch = Scratch::new();
    let (fifo, socket, folder) =
        (scratch.join("fifo"), scratch.join("socket"), scratch.join("folder"));
    make_fifo(&fifo);
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    fs::create_dir(&folder).unwrap();
    supervised(60, || {
        for path in [&fifo, &socket] {
            says(&FileLock::new(path).lock().unwrap_err(), &["so not to be locked"]);
        }
        for path in [&fifo, &socket, &folder] {
            says(&update(path), &["not a regular file"]);
        }
    });
}

#[test]
fn links_that_lead_nowhere() {
    let scratch = Scratch::new();
    let (circle, trap) = (scratch.join("circle"), scratch.join("data.lock"));
    symlink("circle", &circle).unwrap();
    symlink("elsewhere", &trap).unwrap();
    supervised(60, || {
        says(&update(&circle), &["go in a circle"]);
        for elsewhere in [false, true] {
            if elsewhere {
                fs::write(scratch.join("elsewhere"), "").unwrap();
            }
            says(&update(scratch.join("data")), &["symbolic link"]);
        }
        assert!(!scratch.join("data").exists());
    });
}

#[test]
fn what_is_not_permitted() {
    let scratch = Scratch::within(&std::env::temp_dir());
    let mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    let [data, lock, fifo] = ["data", "lock", "fifo"].map(|name| scratch.join(name));
    make_fifo(&fifo);
    fs::write(&data, "old").unwrap();
    fs::write(&lock, "").unwrap();
    mode(&lock, 0o400);
    mode(scratch.path(), 0o755);
    supervised(60, || {
        let as_somebody = |lock_mode, what: &dyn Fn()| {
            fork(|| {
                if rustix::process::geteuid().is_root() {
                    // SAFETY: a plain number, in a process without other threads.
                    assert_eq!(unsafe { libc::setuid(54_321) }, 0);
                } else {
                    mode(scratch.path(), 0o555);
                    mode(&lock, lock_mode);
                }
                what();
            })
            .join();
        };
        as_somebody(0o000, &|| {
            says(&update(&data), &["permission denied", "create it", "data.lock"])
        });
        as_somebody(0o000, &|| {
            let error = FileLock::new(&lock).lock().unwrap_err();
            says(&error, &["permission denied", "open it"]);
        });
        mode(&fifo, 0o444);
        as_somebody(0o000, &|| {
            says(&FileLock::new(&fifo).lock().unwrap_err(), &["so not to be locked"])
        });
        mode(&lock, 0o444);
        as_somebody(0o444, &|| drop(FileLock::new(&lock).lock().expect("it need not be writable")));
        mode(scratch.path(), 0o755);
    });
}

#[test]
fn a_full_disk_leaves_the_old_file() {
    let scratch = Scratch::new();
    let path = scratch.join("data");
    fs::write(&path, "old").unwrap();
    supervised(60, || {
        fork(|| {
            // SAFETY: has a signal ignored in this process alone.
            unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
            let limit = libc::rlimit { rlim_cur: 5000, rlim_max: 5000 };
            // SAFETY: reads the structure given.
            assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit) }, 0);
            let error = update_file(&path, |_| "x".repeat(10_000)).unwrap_err();
            says(&error, &["no space left for its 10000 bytes", "as it was"]);
            assert_eq!(scratch.names(), ["data", "data.lock"]);
            update_file(&path, |_| "x".repeat(5000)).unwrap();
        })
        .join();
    });
}

#[test]
fn errors_cannot_draw_on_the_terminal() {
    let scratch = Scratch::new();
    supervised(60, || {
        let error = update(scratch.join("\u{1b}[31mred/data"));
        assert!(!error.to_string().contains('\u{1b}'), "{error}");
        say(&error.to_string());
    });
}

#[test]
fn a_lock_file_is_not_touched() {
    let scratch = Scratch::new();
    let path = scratch.join("lock");
    fs::write(&path, "somebody's notes").unwrap();
    supervised(60, || {
        drop(FileLock::new(&path).lock().unwrap());
        let mut content = [0; 100];
        let length = fs::File::open(&path).unwrap().read_at(&mut content, 0).unwrap();
        assert_eq!(&content[..length], b"somebody's notes");
    });
}
