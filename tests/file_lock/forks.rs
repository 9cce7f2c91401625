//! A forked child holds nothing, releases nothing, and keeps nothing locked; nor does what it executes.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use lockproof::FileLock;

use crate::common::child::{
    Child, Ended, exit_now, fork, has_ended, kill_myself, signal, supervised, until,
};
use crate::common::memory::Board;
use crate::common::seed::scaled;
use crate::scratch::{Holder, Scratch};

/// The process's descriptors of these files.
fn descriptors_of(paths: &[&Path]) -> usize {
    let open = fs::read_dir("/proc/self/fd").unwrap();
    let leads_to = open.filter_map(|entry| fs::read_link(entry.unwrap().path()).ok());
    leads_to.filter(|to| paths.contains(&&**to)).count()
}

/// Forks behind the C library's back, so that no fork handler runs.
fn raw_fork(body: impl FnOnce()) -> Child {
    let nothing = 0;
    // SAFETY: like a fork, of a process without other threads; the child uses what is made for that.
    let pid = unsafe {
        libc::syscall(libc::SYS_clone, libc::SIGCHLD, nothing, nothing, nothing, nothing)
    };
    if pid == 0 {
        body();
        exit_now(0);
    }
    assert!(pid > 0);
    Child { pid: pid as libc::pid_t }
}

type Body<'a> = Box<dyn FnOnce() + 'a>;

#[test]
fn an_inherited_guard_is_inert() {
    let scratch = Scratch::new();
    let lock = FileLock::new(scratch.join("lock"));
    supervised(60, || {
        let ways: [fn(Body) -> Child; 2] = [|body| fork(body), |body| raw_fork(body)];
        for way in ways {
            let mut guard = Some(lock.lock().unwrap());
            way(Box::new(|| assert!(guard.take().unwrap().unlock().is_err()))).join();
            way(Box::new(|| drop(guard.take()))).join();
            fork(|| assert!(lock.try_lock().unwrap_err().is_would_block())).join();
            guard.take().unwrap().unlock().unwrap();
            drop(lock.try_lock().unwrap());
        }
    });
}

#[test]
fn a_child_may_take_the_lock_after_its_parent() {
    let scratch = Scratch::new();
    let lock = FileLock::new(scratch.join("lock"));
    supervised(60, || {
        let guard = lock.lock().unwrap();
        let child = Holder::beginning(|| lock.lock().unwrap());
        child.until_waiting_for(&lock);
        guard.unlock().unwrap();
        child.until_there();
        assert!(lock.try_lock().unwrap_err().is_would_block());
        child.release();
    });
}

#[test]
fn a_child_does_not_keep_a_dead_parents_lock() {
    let scratch = Scratch::new();
    let (path, other) = (scratch.join("lock"), scratch.join("other"));
    let lock = FileLock::new(&path);
    supervised(60, || {
        let child_is = Board::new(1);
        let parent = fork(|| {
            let _guard = lock.lock().unwrap();
            let guards = [(); 3].map(|()| FileLock::new(&other).lock_shared().unwrap());
            // Not by the test's own function: this child is to outlive its parent.
            // SAFETY: the child goes on as the only thread of a copy.
            let pid = unsafe { libc::fork() };
            if pid == 0 {
                assert_eq!(descriptors_of(&[&path, &other]), 0);
                child_is.set(0, u64::from(std::process::id()));
                loop {
                    std::thread::park();
                }
            }
            child_is.until(0, 1);
            std::mem::forget(guards);
            kill_myself();
        });
        child_is.until(0, 1);
        assert_eq!(parent.wait(), Ended::Killed(libc::SIGKILL));
        let child = child_is.get(0) as libc::pid_t;
        assert!(!has_ended(child));
        drop(lock.try_lock().expect("released with its holder's death"));
        signal(child, libc::SIGKILL);
    });
}

/// What the documentation says of children that run no fork handlers.
#[test]
fn a_child_without_fork_handlers_prolongs_a_dead_parents_lock_but_not_a_release() {
    let scratch = Scratch::new();
    let lock = FileLock::new(scratch.join("lock"));
    supervised(60, || {
        for dies in [false, true] {
            let child_is = Board::new(1);
            let parent = fork(|| {
                let guard = lock.lock().unwrap();
                let sleeps = raw_fork(|| {
                    loop {
                        std::thread::park();
                    }
                });
                child_is.set(0, sleeps.pid as u64);
                if dies {
                    kill_myself();
                }
                drop(guard);
            });
            child_is.until(0, 1);
            parent.wait();
            let child = child_is.get(0) as libc::pid_t;
            assert!(!has_ended(child));
            assert_eq!(lock.try_lock().is_err(), dies);
            signal(child, libc::SIGKILL);
            until(|| lock.try_lock().is_ok());
        }
    });
}

#[test]
fn exec_does_not_keep_it() {
    let scratch = Scratch::new();
    let lock = FileLock::new(scratch.join("lock"));
    supervised(60, || {
        let program = fork(|| {
            std::mem::forget(lock.lock().unwrap());
            panic!("{}", Command::new("sleep").arg("3600").exec());
        });
        let name = || fs::read_to_string(format!("/proc/{}/comm", program.pid)).unwrap();
        until(|| name() == "sleep\n");
        drop(lock.lock().unwrap());
        program.kill();
    });
}

/// Two threads take the lock again and again while another one forks. What they hold when the child looks is not held by
/// the child.
#[test]
fn a_fork_at_any_moment_leaves_the_child_nothing_that_is_locked() {
    let scratch = Scratch::new();
    let path = scratch.join("lock");
    let lock = FileLock::new(&path);
    supervised(120, || {
        let (forks, holding) = (0, [1, 2]);
        let board = Board::new(3);
        let rounds = scaled(2000);
        std::thread::scope(|scope| {
            for holding in holding {
                let (board, lock) = (&board, &lock);
                scope.spawn(move || {
                    for fork in 1..=rounds {
                        let guard = lock.lock_shared().unwrap();
                        board.set(holding, fork);
                        board.until(forks, fork);
                        drop(guard);
                    }
                });
            }
            for fork in 1..=rounds {
                // SAFETY: the child uses the kernel, and memory, which the C library makes safe after a fork.
                let pid = unsafe { libc::fork() };
                if pid == 0 {
                    holding.iter().for_each(|holding| board.until(*holding, fork));
                    exit_now(locked_descriptors_of(&path));
                }
                assert_eq!(Child { pid }.wait(), Ended::Exited(0), "kept a lock");
                board.set(forks, fork);
            }
        });
    });
}

/// The process's descriptors of that file that hold a lock on it.
fn locked_descriptors_of(path: &Path) -> i32 {
    let open = fs::read_dir("/proc/self/fd").unwrap().map(|entry| entry.unwrap().path());
    let locked =
        open.filter(|entry| fs::read_link(entry).is_ok_and(|to| to == path)).filter(|entry| {
            let number = entry.file_name().unwrap().to_str().unwrap();
            fs::read_to_string(format!("/proc/self/fdinfo/{number}")).unwrap().contains("lock:")
        });
    locked.count() as i32
}
