//! Somebody deletes or replaces the lock file, and there is still one lock for those who come.

use std::fs;
use std::path::Path;

use lockproof::FileLock;

use crate::common::child::supervised;
use crate::common::child::{Child, fork};
use crate::common::memory::Board;
use crate::common::seed::{Seed, scaled};
use crate::scratch::{Holder, Scratch, until_held_by};

const WAYS: [fn(&Path); 2] = [
    |path| fs::remove_file(path).unwrap(),
    |path| {
        let other = path.with_extension("other");
        fs::write(&other, "").unwrap();
        fs::rename(&other, path).unwrap();
    },
];

#[test]
fn who_waits_for_a_lock_file_that_is_gone_waits_for_the_new_one() {
    let scratch = Scratch::new();
    let path = scratch.join("lock");
    let lock = FileLock::new(&path);
    supervised(60, || {
        for replace in WAYS {
            let before = Holder::of(|| lock.lock().unwrap());
            let waiter = Holder::beginning(|| lock.lock().unwrap());
            waiter.until_waiting_for(&lock);
            replace(&path);
            let after = Holder::of(|| lock.lock().unwrap());
            before.release();
            // Nobody holds the old file now, which the waiter had opened.
            waiter.until_waiting_for(&lock);
            assert!(!waiter.is_there());
            after.release();
            waiter.until_there();
            until_held_by(&lock, &[waiter.child.pid as u32], false);
            assert!(lock.try_lock().unwrap_err().is_would_block());
            waiter.release();
        }
    });
}

#[test]
fn who_finds_the_lock_file_gone_makes_a_new_one() {
    let scratch = Scratch::new();
    let path = scratch.join("lock");
    let lock = FileLock::new(&path);
    supervised(60, || {
        let before = Holder::of(|| lock.lock().unwrap());
        let waiter = Holder::beginning(|| lock.lock().unwrap());
        waiter.until_waiting_for(&lock);
        fs::remove_file(&path).unwrap();
        before.release();
        waiter.until_there();
        assert!(path.exists());
        assert!(lock.try_lock().unwrap_err().is_would_block());
        waiter.release();
    });
}

/// Whoever has a lock deletes its file while it holds it: what libraries do that clean up after themselves. It is the holder,
/// so nobody else holds the file that is there.
#[test]
fn deleted_by_each_holder_there_is_still_one_holder_at_a_time() {
    let scratch = Scratch::new();
    let path = scratch.join("lock");
    supervised(120, || {
        let (inside, rounds) = (Board::new(1), scaled(500));
        let mut seed = Seed::announced();
        let children: Vec<Child> = (0..4)
            .map(|_| {
                let mut seed = seed.branch();
                fork(|| {
                    let lock = FileLock::new(&path);
                    for _ in 0..rounds {
                        let _guard = lock.lock().unwrap();
                        assert_eq!(inside.add(0, 1), 0, "two holders");
                        if seed.coin() {
                            std::thread::yield_now();
                        }
                        // From here on another one may come.
                        inside.set(0, 0);
                        fs::remove_file(&path).unwrap();
                    }
                })
            })
            .collect();
        children.into_iter().for_each(Child::join);
    });
}

#[test]
fn an_update_whose_lock_file_goes_says_so_and_changes_nothing() {
    let scratch = Scratch::new();
    let path = scratch.join("data");
    fs::write(&path, "old").unwrap();
    supervised(60, || {
        for replace in WAYS {
            let error = lockproof::update_file(&path, |_| {
                replace(&scratch.join("data.lock"));
                "new".to_owned()
            })
            .unwrap_err();
            assert!(matches!(error, lockproof::file::FileError::LockFileLost(_)), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        }
        assert_eq!(scratch.names(), ["data", "data.lock"]);
    });
}

/// Two links to two files, swapped while somebody waits.
#[test]
fn a_link_that_leads_elsewhere_afterwards_is_followed_anew() {
    let scratch = Scratch::new();
    let link = scratch.join("current");
    std::os::unix::fs::symlink("first", &link).unwrap();
    supervised(60, || {
        let lock = FileLock::beside(&link);
        let first = Holder::of(|| FileLock::beside(scratch.join("first")).lock().unwrap());
        let waiter = Holder::beginning(|| lock.lock().unwrap());
        waiter.until_waiting_for(&lock);
        fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink("second", &link).unwrap();
        let second = Holder::of(|| FileLock::beside(scratch.join("second")).lock().unwrap());
        first.release();
        waiter.until_waiting_for(&lock);
        assert!(!waiter.is_there());
        second.release();
        waiter.until_there();
        waiter.release();
    });
}
