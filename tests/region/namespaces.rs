//! Thread ids mean something only within one PID namespace: processes elsewhere are refused. (That the check itself
//! refuses is tested without rights to make namespaces, in `tests/header.rs`.)

use std::process::{Command, Stdio};

use lockproof::error::{LockError, Unsupported};
use lockproof::shm::RegionError;
use lockproof::{AtomicCounter, Lock, Region};

use super::processes::{End, Name, SKIPPED, fork, passed_or_skipped};

/// Runs `work` in a child in a PID namespace of its own; says so and does nothing where that is not permitted.
fn in_another_namespace(work: impl FnOnce() -> i32) {
    let child = fork(|| {
        // SAFETY: the children of this process, which has no other threads, get a new PID namespace.
        if unsafe { libc::unshare(libc::CLONE_NEWPID) } != 0 {
            return SKIPPED;
        }
        match fork(work).wait() {
            End::Exited(code) => code,
            End::Killed(signal) => 128 + signal,
        }
    });
    passed_or_skipped(child.wait(), "make a PID namespace");
}

/// Tells the other process which region to open.
const NAME: &str = "LOCKPROOF_TEST_NAME";

#[test]
fn a_region_of_another_namespace_cannot_be_opened() {
    let name = Name::new("namespace");
    let region = name.source::<Lock>().create().expect("a new name");
    in_another_namespace(|| {
        let this_program = std::env::current_exe().expect("its path");
        let status = Command::new(this_program)
            .args(["--ignored", "--exact", "namespaces::the_strangers_part"])
            .env(NAME, &name.0)
            .stdout(Stdio::null())
            .status();
        i32::from(!status.expect("started").success())
    });
    assert!(region.acquire(false, None).expect("nobody died"), "untouched");
    region.release().expect("held");
}

#[test]
#[ignore = "what another process does, which the test above starts"]
fn the_strangers_part() {
    let name = std::env::var(NAME).expect("only to be started by the test above");
    let source = Region::<Lock>::named(name);
    for error in
        [source.open().expect_err("foreign"), source.open_or_create().expect_err("foreign")]
    {
        assert!(matches!(error, RegionError::ForeignPidNamespace(_)), "{error}");
    }
}

#[test]
fn a_forked_child_in_another_namespace_opens_nothing() {
    let name = Name::new("namespace-child");
    let region = name.source::<Lock>().create().expect("a new name");
    let fd = region.as_fd().expect("a file").try_clone_to_owned().expect("dup");
    in_another_namespace(|| {
        for error in [
            name.source::<Lock>().open().expect_err("foreign"),
            Region::<Lock>::from_fd(fd).expect_err("foreign"),
            Region::<Lock>::anonymous().expect_err("this process's home is elsewhere"),
        ] {
            let by_home = RegionError::Unsupported(Unsupported::ForeignPidNamespace);
            let by_header = matches!(error, RegionError::ForeignPidNamespace(_));
            assert!(by_header || error.to_string() == by_home.to_string(), "{error}");
        }
        0
    });
}

#[test]
fn an_inherited_lock_is_refused_in_another_namespace() {
    let lock = Region::<Lock>::anonymous().expect("an anonymous region");
    let count = Region::<AtomicCounter>::anonymous().expect("an anonymous region");
    in_another_namespace(|| {
        let error = lock.acquire(true, None).expect_err("ids mean other threads here");
        assert!(
            matches!(error, LockError::Unsupported(Unsupported::ForeignPidNamespace)),
            "{error}"
        );
        count.increment();
        0
    });
    assert!(lock.acquire(false, None).expect("nobody died"), "untouched");
    lock.release().expect("held");
}
