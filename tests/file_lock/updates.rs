//! Changing a file's content whole or not at all.

use std::fs;
use std::os::unix::fs::symlink;
use std::panic::{AssertUnwindSafe, catch_unwind};

use lockproof::file::{FileError, FileUpdate};
use lockproof::{FileLock, update_file};

use crate::common::child::{Child, fork, supervised};
use crate::common::memory::Board;
use crate::common::seed::scaled;
use crate::scratch::{Holder, Scratch, says_who};

type Anything = Box<dyn std::error::Error + Send + Sync>;

fn plus_one(old: &[u8]) -> Result<String, Anything> {
    let number: u64 = if old.is_empty() { 0 } else { std::str::from_utf8(old)?.parse()? };
    Ok((number + 1).to_string())
}

#[test]
fn no_increment_is_lost() {
    let scratch = Scratch::new();
    let path = scratch.join("number");
    supervised(120, || {
        let rounds = scaled(100);
        let count = || {
            std::thread::scope(|scope| {
                for durable in [false, true] {
                    let path = &path;
                    scope.spawn(move || {
                        let update = FileUpdate::new(path).durable(durable);
                        (0..rounds).for_each(|_| update.run(plus_one).unwrap());
                    });
                }
            });
        };
        let children: Vec<Child> = (0..4).map(|_| fork(count)).collect();
        children.into_iter().for_each(Child::join);
        assert_eq!(fs::read_to_string(&path).unwrap(), (8 * rounds).to_string());
        assert_eq!(scratch.names(), ["number", "number.lock"]);
    });
}

/// Content that shows whether it is whole: one number, over and over, its length depending on it.
fn of(number: u8) -> Vec<u8> {
    vec![number; 1 + usize::from(number) * 1000]
}

#[test]
fn readers_without_a_lock_see_the_old_content_or_the_new() {
    let scratch = Scratch::new();
    let path = scratch.join("data");
    fs::write(&path, of(0)).unwrap();
    supervised(120, || {
        let board = Board::new(2);
        let (done, changes) = (0, 1);
        let readers: Vec<Child> = (0..2)
            .map(|_| {
                fork(|| {
                    while board.get(done) == 0 {
                        let content = fs::read(&path).unwrap();
                        let first = *content.first().expect("never empty");
                        assert!(content == of(first), "torn: {} bytes of {first}", content.len());
                    }
                })
            })
            .collect();
        let writers: Vec<Child> = (0..2)
            .map(|_| {
                fork(|| {
                    for _ in 0..scaled(300) {
                        update_file(&path, |old| of(old[0].wrapping_add(1))).unwrap();
                        board.add(changes, 1);
                    }
                })
            })
            .collect();
        writers.into_iter().for_each(Child::join);
        board.set(done, 1);
        readers.into_iter().for_each(Child::join);
        assert_eq!(fs::read(&path).unwrap(), of(board.get(changes) as u8));
    });
}

#[test]
fn what_the_function_returns_is_what_happens() {
    let scratch = Scratch::new();
    let path = scratch.join("data");
    supervised(60, || {
        let content = || fs::read_to_string(&path).unwrap();
        update_file(&path, |old| {
            assert!(old.is_empty());
            None::<Vec<u8>>
        })
        .unwrap();
        assert!(!path.exists(), "nothing was to be written");
        update_file(&path, |_| b"bytes".to_vec()).unwrap();
        assert_eq!(content(), "bytes");
        update_file(&path, |old| Some(format!("{} and more", old.len()))).unwrap();
        assert_eq!(content(), "5 and more");
        update_file(&path, |_| Ok::<_, Anything>(Some("nested"))).unwrap();
        assert_eq!(content(), "nested");
        update_file(&path, |_| None::<String>).unwrap();
        let error = update_file(&path, |_| Err::<String, _>("not today")).unwrap_err();
        assert!(
            matches!(&error, FileError::Change { source, .. } if source.to_string() == "not today")
        );
        assert!(error.to_string().contains("not today"));
        let panic = catch_unwind(AssertUnwindSafe(|| {
            update_file(&path, |_| -> String { panic!("a test's panic") })
        }));
        assert!(panic.is_err());
        assert_eq!(content(), "nested");
        update_file(&path, |_| String::new()).unwrap();
        assert_eq!(content(), "");
        assert_eq!(scratch.names(), ["data", "data.lock"]);
    });
}

#[test]
fn an_update_waits_no_longer_than_its_patience() {
    let scratch = Scratch::new();
    let path = scratch.join("data");
    supervised(60, || {
        let holder = Holder::of(|| FileLock::beside(&path).lock().unwrap());
        let update = FileUpdate::new(&path).patience(std::time::Duration::from_millis(20));
        says_who(holder.child.pid, || {
            update.run(|_| -> String { unreachable!("not locked") }).unwrap_err()
        });
        holder.release();
        update.run(|_| "at last".to_owned()).unwrap();
    });
}

#[test]
fn several_steps_are_taken_under_one_lock() {
    let scratch = Scratch::new();
    let (path, other) = (scratch.join("data"), scratch.join("other"));
    supervised(60, || {
        let update = FileUpdate::new(&path);
        let guard = FileLock::beside(&path).lock().unwrap();
        assert!(matches!(update.run(|_| "a".to_owned()), Err(FileError::AlreadyHeld(_))));
        update.run_under(&guard, |_| "a".to_owned()).unwrap();
        update.run_under(&guard, |old| [old, b"b"].concat()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "ab");
        let is_wrong = |result: Result<(), _>| {
            assert!(matches!(result, Err(FileError::WrongLock { .. })), "{result:?}");
        };
        is_wrong(FileUpdate::new(&other).run_under(&guard, |_| "c".to_owned()));
        fork(|| is_wrong(update.run_under(&guard, |_| "c".to_owned()))).join();
        drop(guard);
        let shared = FileLock::beside(&path).lock_shared().unwrap();
        is_wrong(update.run_under(&shared, |_| "c".to_owned()));
        drop(shared);
        let somewhere = FileLock::new(&other).lock().unwrap();
        is_wrong(update.run_under(&somewhere, |_| "c".to_owned()));
        assert_eq!(fs::read_to_string(&path).unwrap(), "ab");
    });
}

#[test]
fn a_link_stays_a_link_and_the_lock_is_beside_the_file() {
    let scratch = Scratch::new();
    let elsewhere = scratch.join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let (file, link, chain) = (elsewhere.join("file"), scratch.join("link"), scratch.join("chain"));
    symlink("elsewhere/file", &link).unwrap();
    symlink("link", &chain).unwrap();
    supervised(60, || {
        // It leads nowhere so far.
        for path in [&chain, &link, &file] {
            update_file(path, plus_one).unwrap();
        }
        assert_eq!(fs::read_to_string(&file).unwrap(), "3");
        assert!(link.is_symlink() && chain.is_symlink() && !file.is_symlink());
        let holder = Holder::of(|| FileLock::beside(&file).lock().unwrap());
        assert!(FileLock::beside(&chain).try_lock().unwrap_err().is_would_block());
        holder.release();
        assert_eq!(scratch.names(), ["chain", "elsewhere", "link"]);
    });
}

#[test]
fn a_relative_path_is_followed_from_where_the_process_is() {
    let scratch = Scratch::new();
    supervised(60, || {
        std::env::set_current_dir(scratch.path()).unwrap();
        update_file("number", plus_one).unwrap();
        update_file("./number", plus_one).unwrap();
        assert_eq!(fs::read_to_string(scratch.join("number")).unwrap(), "2");
    });
}

#[test]
fn the_directory_may_be_moved_meanwhile() {
    let scratch = Scratch::new();
    let (before, after) = (scratch.join("before"), scratch.join("after"));
    fs::create_dir(&before).unwrap();
    supervised(60, || {
        let error = update_file(before.join("data"), |_| {
            fs::rename(&before, &after).unwrap();
            "new".to_owned()
        })
        .unwrap_err();
        assert!(matches!(error, FileError::LockFileLost(_)), "{error}");
        let left: Vec<_> =
            fs::read_dir(&after).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["data.lock"]);
    });
}
