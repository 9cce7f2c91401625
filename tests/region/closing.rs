//! A region whose lock is still held is not unmapped: guards can be forgotten, which is safe Rust.

use std::io::{Read, Seek};
use std::mem::forget;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::sync::mpsc;

use lockproof::error::LockError;
use lockproof::{Lock, Mutex};

use super::processes::{End, Name, fork, sleeper_with_id, wait_until};

/// Whether this process has a mapping that shows this name.
fn is_mapped(name: &str) -> bool {
    let maps = std::fs::read_to_string("/proc/self/maps").expect("/proc is mounted");
    maps.lines().any(|line| line.contains(name))
}

#[test]
fn closing_the_last_clone_unmaps() {
    let name = Name::new("unmapped");
    let region = name.source::<Mutex<u64>>().create().expect("a new name");
    drop(region.lock().expect("free"));
    let clone = region.clone();
    region.close().expect("the clone is left");
    assert!(is_mapped(&name.0));
    clone.close().expect("nothing is held");
    assert!(!is_mapped(&name.0));
}

#[test]
fn closing_with_a_forgotten_guard_is_an_error_and_unmaps_nothing() {
    let name = Name::new("forgotten");
    let region = name.source::<Mutex<u64>>().create().expect("a new name");
    forget(region.lock().expect("free"));
    let error = region.close().expect_err("this thread holds the lock");
    assert!(error.to_string().contains("guard"), "{error}");
    assert!(is_mapped(&name.0));
}

#[test]
fn closing_sees_what_another_living_thread_forgot() {
    let name = Name::new("other-thread");
    let region = name.source::<Lock>().create().expect("a new name");
    let (tell, told) = mpsc::channel();
    let (end, ended) = mpsc::channel::<()>();
    let theirs = region.clone();
    let thread = std::thread::spawn(move || {
        theirs.acquire(true, None).expect("free");
        drop(theirs);
        tell.send(rustix::thread::gettid()).expect("somebody listens");
        let _ = ended.recv();
    });
    let id = told.recv().expect("the thread holds the lock");
    region.close().expect_err("the thread lives");
    assert!(is_mapped(&name.0));

    let region = name.source::<Lock>().open().expect("still there");
    drop(end);
    thread.join().expect("no panic");
    wait_until(|| !Path::new(&format!("/proc/self/task/{id}")).exists());
    let died = region.acquire(true, None).expect_err("its holder ended");
    assert!(matches!(died, LockError::OwnerDied(_)), "{died}");
    region.make_consistent().expect("held");
    region.release().expect("held");
    region.close().expect("nothing is held by the living");
}

#[test]
fn a_thread_that_ended_holds_nothing_even_if_another_process_has_its_id() {
    let name = Name::new("same-id");
    let region = name.source::<Lock>().create().expect("a new name");
    let theirs = region.clone();
    let thread = std::thread::spawn(move || {
        theirs.acquire(true, None).expect("free");
        rustix::thread::gettid().as_raw_pid()
    });
    let id = thread.join().expect("no panic");
    wait_until(|| !Path::new(&format!("/proc/self/task/{id}")).exists());
    match sleeper_with_id(id) {
        Ok(_sleeper) => region.close().expect("the process with that id is another"),
        Err(error) => println!("skipped: this process may not choose a child's id: {error}"),
    }
}

#[test]
fn dropping_with_a_forgotten_guard_says_so_and_unmaps_nothing() {
    let name = Name::new("dropped");
    let mut said = unnamed_file();
    let child = fork(|| {
        redirect_stderr(&said);
        let region = name.source::<Mutex<u64>>().create().expect("a new name");
        forget(region.lock().expect("free"));
        drop(region);
        i32::from(!is_mapped(&name.0))
    });
    assert_eq!(child.wait(), End::Exited(0), "it stays mapped");
    let mut text = String::new();
    said.rewind().expect("a file");
    said.read_to_string(&mut text).expect("text");
    assert!(text.contains(&name.0) && text.contains("still holds a lock"), "{text:?}");
    assert_eq!(text.lines().count(), 1, "{text:?}");
    let region = name.source::<Mutex<u64>>().open().expect("still there");
    assert!(matches!(region.lock(), Err(LockError::OwnerDied(_))), "the kernel found the lock");
}

#[test]
fn other_locks_are_found_past_a_forgotten_one() {
    let (first, second) = (Name::new("first"), Name::new("second"));
    let child = fork(|| {
        let outer = second.source::<Mutex<u64>>().create().expect("a new name");
        forget(outer.lock().expect("free"));
        let inner = first.source::<Mutex<u64>>().create().expect("a new name");
        forget(inner.lock().expect("free"));
        i32::from(inner.close().is_ok())
    });
    assert_eq!(child.wait(), End::Exited(0));
    for name in [first, second] {
        let region = name.source::<Mutex<u64>>().open().expect("still there");
        assert!(matches!(region.lock(), Err(LockError::OwnerDied(_))), "{}", name.0);
    }
}

#[test]
fn a_forked_child_holds_nothing_of_its_parents() {
    let name = Name::new("inherited");
    let mut region = Some(name.source::<Lock>().create().expect("a new name"));
    region.as_ref().expect("there").acquire(true, None).expect("free");
    let child = fork(|| {
        let theirs = region.take().expect("forking copies it");
        i32::from(theirs.close().is_err() || is_mapped(&name.0))
    });
    assert_eq!(child.wait(), End::Exited(0), "the child holds nothing");
    region.expect("the parent's own").release().expect("still held by the parent");
}

/// An open file without a name.
fn unnamed_file() -> std::fs::File {
    let fd = rustix::fs::memfd_create("text", rustix::fs::MemfdFlags::CLOEXEC).expect("a file");
    std::fs::File::from(fd)
}

/// Sends this process's standard error to a file.
fn redirect_stderr(to: &std::fs::File) {
    // SAFETY: both descriptors are open; what was the second is not used any more.
    let done = unsafe { libc::dup2(to.as_raw_fd(), libc::STDERR_FILENO) };
    assert_eq!(done, libc::STDERR_FILENO);
}
