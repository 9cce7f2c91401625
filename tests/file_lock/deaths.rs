//! Whoever changes a file is killed before and after each of its system calls: the file is the old one or the new one, and
//! the next one goes on.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::time::Duration;

use lockproof::file::FileUpdate;
use lockproof::{FileLock, update_file};

use crate::common::child::{Ended, fork, say, supervised, system_call_of};
use crate::common::memory::Board;
use crate::common::seed::{Seed, scaled};
use crate::common::steps::{Stop, Traced, mark};
use crate::scratch::Scratch;

const OLD: &[u8] = b"the old content";

/// Of several calls' length.
fn new_content() -> Vec<u8> {
    b"the new content\n".repeat(10_000)
}

/// Has a process begin the update and kills it at its `stops`-th stop. Says whether it ended first.
fn die_in_update(path: &Path, durable: bool, stops: usize) -> bool {
    let process = Traced::to_first_mark(|| {
        mark();
        FileUpdate::new(path).durable(durable).run(|_| new_content()).unwrap();
        mark();
    });
    let first_stops = 2;
    for stop in 0..stops + first_stops {
        process.run_to_system_call();
        match process.wait() {
            Stop::SystemCall => {}
            Stop::Mark if stop < first_stops => {}
            Stop::Mark => {
                process.kill();
                return true;
            }
            other => panic!("{other:?}"),
        }
    }
    process.kill();
    false
}

fn at_each_system_call(prepare: impl Fn(&Path), old: Option<&[u8]>, durable: bool) {
    let scratch = Scratch::new();
    let path = scratch.join("data");
    supervised(120, || {
        let (mut unchanged, mut changed, mut leftovers) = (0, 0, 0);
        for stops in 0.. {
            prepare(&path);
            let ended = die_in_update(&path, durable, stops);
            let now = fs::read(&path).ok();
            if now.as_deref() == old {
                unchanged += 1;
            } else {
                assert!(now == Some(new_content()), "half-written: {:?}", now.map(|now| now.len()));
                changed += 1;
            }
            let is_temporary = |name: &OsString| name.to_string_lossy().contains(".lock-");
            leftovers += scratch.names().iter().filter(|name| is_temporary(name)).count();
            // Whatever the dead one left, the next one goes on, at once, and cleans up.
            let next = FileUpdate::new(&path).patience(Duration::ZERO);
            next.run(|content| [content, b"and more"].concat()).unwrap();
            assert_eq!(
                fs::read(&path).unwrap(),
                [&now.unwrap_or_default()[..], b"and more"].concat()
            );
            assert_eq!(scratch.names(), ["data", "data.lock"]);
            if ended {
                break;
            }
        }
        say(&format!("{unchanged} unchanged, {changed} changed, {leftovers} left something"));
        assert!(unchanged > 10 && changed > 2 && leftovers > 2, "not all kinds of deaths were met");
    });
}

#[test]
fn at_each_system_call_of_a_change() {
    for durable in [false, true] {
        at_each_system_call(|path| fs::write(path, OLD).unwrap(), Some(OLD), durable);
    }
}

#[test]
fn at_each_system_call_of_a_creation() {
    let remove_all = |path: &Path| {
        for entry in fs::read_dir(path.parent().unwrap()).unwrap() {
            fs::remove_file(entry.unwrap().path()).unwrap();
        }
    };
    at_each_system_call(remove_all, None, true);
}

/// Several count in one file, and are killed at any moment: no increment that was reported done is lost.
#[test]
fn at_any_moment_of_many_who_count() {
    let scratch = Scratch::new();
    let path = scratch.join("number");
    fs::write(&path, "0").unwrap();
    supervised(120, || {
        let mut seed = Seed::announced();
        let board = Board::new(2);
        let (begun, done) = (0, 1);
        let counts = || {
            fork(|| {
                loop {
                    board.add(begun, 1);
                    update_file(&path, |old| {
                        let number: u64 = std::str::from_utf8(old).unwrap().parse().unwrap();
                        (number + 1).to_string()
                    })
                    .unwrap();
                    board.add(done, 1);
                }
            })
        };
        let mut children: Vec<_> = (0..4).map(|_| counts()).collect();
        for _ in 0..scaled(100) {
            board.until(done, board.get(done) + seed.below(20) as u64);
            children.swap_remove(seed.below(4)).kill();
            children.push(counts());
        }
        children.into_iter().for_each(|child| child.kill());
        let number: u64 = fs::read_to_string(&path).unwrap().parse().unwrap();
        assert!((board.get(done)..=board.get(begun)).contains(&number));
        say(&format!("{number} counted, {} reported, {} begun", board.get(done), board.get(begun)));
        assert!(number > 100);
    });
}

/// The dead leave at most one file, whose name the next one knows.
#[test]
fn what_the_dead_leave_is_removed_even_by_one_who_changes_nothing() {
    let scratch = Scratch::new();
    let path = scratch.join("data");
    supervised(60, || {
        let dies = fork(|| {
            update_file(&path, |_| -> String { crate::common::child::kill_myself() }).unwrap();
        });
        assert_eq!(dies.wait(), Ended::Killed(libc::SIGKILL));
        assert_eq!(scratch.names(), ["data.lock"]);
        let inode =
            std::os::unix::fs::MetadataExt::ino(&fs::metadata(scratch.join("data.lock")).unwrap());
        fs::write(scratch.join(&format!("data.lock-{inode}")), "half of what was to be").unwrap();
        update_file(&path, |_| None::<String>).unwrap();
        assert_eq!(scratch.names(), ["data.lock"]);
        drop(FileLock::beside(&path).try_lock().unwrap());
    });
}

/// The calls of an update that concern what a loss of power leaves, in order.
fn calls_for_durability(path: &Path, durable: bool) -> Vec<libc::c_long> {
    let renames = [libc::SYS_renameat, libc::SYS_renameat2];
    let process = Traced::to_first_mark(|| {
        mark();
        FileUpdate::new(path).durable(durable).run(|_| new_content()).unwrap();
        mark();
    });
    let mut calls = Vec::new();
    // It is inside of a call that marks, and stops at each call's beginning and end.
    let mut enters = false;
    loop {
        process.run_to_system_call();
        match process.wait() {
            Stop::Mark => {
                process.kill();
                return calls;
            }
            Stop::SystemCall if enters => match system_call_of(process.child().pid) {
                Some(call) if renames.contains(&call) => calls.push(libc::SYS_renameat),
                Some(libc::SYS_fsync) => calls.push(libc::SYS_fsync),
                _ => {}
            },
            _ => {}
        }
        enters = !enters;
    }
}

#[test]
fn a_durable_update_syncs_the_content_then_the_name() {
    let scratch = Scratch::new();
    let path = scratch.join("data");
    supervised(60, || {
        let (rename, sync) = (libc::SYS_renameat, libc::SYS_fsync);
        assert_eq!(calls_for_durability(&path, false), [rename]);
        assert_eq!(calls_for_durability(&path, true), [sync, rename, sync]);
    });
}
