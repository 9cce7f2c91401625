//! Attacks by others on the machine: what is refused, and what is said plainly to be possible. `docs/security.md` lists all of them.

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use common::child::{Ended, exit_now, fork, supervised};
use common::memory::Board;
use lockproof::{Counter, Mutex, Region, RegionError};

/// A user who is nobody in particular.
const SOMEBODY: u32 = 65534;
const DONE: usize = 0;
const GO: usize = 1;

/// A name of this test's own, free again afterwards.
struct Name(String);

impl Name {
    fn new(what: &str) -> Self {
        Self(format!("lockproof-security-{what}-{}", std::process::id()))
    }

    fn path(&self) -> PathBuf {
        PathBuf::from("/dev/shm").join(&self.0)
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.path());
    }
}

/// Does it as another user, in a process of its own. Returns false, and says so, where that is not allowed.
fn as_somebody(work: impl FnOnce()) -> bool {
    if !rustix::process::geteuid().is_root() {
        println!("left out: only root may become another user");
        return false;
    }
    let child = fork(|| {
        // SAFETY: changes this single-threaded process's user.
        assert_eq!(unsafe { libc::setuid(SOMEBODY) }, 0);
        work();
    });
    child.join();
    true
}

#[test]
fn a_name_that_another_user_was_quicker_to_take_is_refused() {
    supervised(60, || {
        let name = Name::new("squatted");
        let source = || Region::<Counter>::named(&*name.0);
        if !as_somebody(|| drop(source().mode(0o666).create().expect("a new name"))) {
            return;
        }
        let before = fs::metadata(name.path()).expect("it is there").len();
        for refused in [source().open(), source().open_or_create(), source().owned_by(1).open()] {
            let error = refused.expect_err("somebody else's");
            let owner = matches!(error, RegionError::ForeignOwner { owner: SOMEBODY, .. });
            assert!(owner, "{error:?}");
            let said = error.to_string();
            assert!(said.contains(&name.0) && said.contains("owned_by(65534)"), "{said}");
        }
        assert_eq!(fs::metadata(name.path()).expect("still there").len(), before);
        source().owned_by(SOMEBODY).open().expect("trusted");
        source().owned_by_anybody().open().expect("trusted");
    });
}

#[test]
fn a_region_of_roots_is_for_whoever_its_mode_is_for() {
    supervised(60, || {
        let name = Name::new("of-root");
        let made = Region::<Counter>::named(&*name.0).mode(0o666).create().expect("a new name");
        let done = as_somebody(|| {
            let region = Region::<Counter>::named(&*name.0).open().expect("root is trusted");
            region.increment().expect("free");
        });
        assert_eq!(made.get().expect("free"), u64::from(done));
    });
}

#[test]
fn an_empty_file_that_another_user_left_under_the_name_is_not_filled() {
    supervised(60, || {
        let name = Name::new("empty");
        let left = as_somebody(|| {
            fs::write(name.path(), "").expect("a new name");
            fs::set_permissions(name.path(), PermissionsExt::from_mode(0o666)).expect("its own");
        });
        if left {
            let error = Region::<Counter>::named(&*name.0).open_or_create().expect_err("a trap");
            assert!(matches!(error, RegionError::ForeignOwner { .. }), "{error}");
            assert_eq!(fs::metadata(name.path()).expect("it is there").len(), 0);
        }
    });
}

#[test]
fn a_hard_link_is_refused() {
    let (real, link) = (Name::new("real"), Name::new("link"));
    Region::<Counter>::named(&*real.0).create().expect("a new name");
    fs::hard_link(real.path(), link.path()).expect("one's own file");
    for name in [&real, &link] {
        let error = Region::<Counter>::named(&*name.0).open().expect_err("two names");
        assert!(error.to_string().contains("hard link"), "{error}");
    }
}

#[test]
fn programs_that_are_started_are_given_no_region() {
    let name = Name::new("leak");
    let named = Region::<Counter>::named(&*name.0).create().expect("a new name");
    let memory = Region::<Counter>::memfd("lockproof-security-leak").expect("memory");
    let listed = Command::new("ls").args(["-l", "/proc/self/fd"]).output().expect("ls");
    let listed = String::from_utf8_lossy(&listed.stdout);
    assert!(listed.contains("->") && !listed.contains("lockproof-security"), "{listed}");
    drop((named, memory));
}

#[test]
fn who_may_write_a_file_may_end_its_users_by_cutting_it_short_but_not_a_memory_file() {
    supervised(60, || {
        let name = Name::new("cut");
        let (region, board) = (
            Region::<Mutex<[u64; 4096]>>::named(&*name.0).create().expect("a new name"),
            Board::new(2),
        );
        let user = fork(|| {
            board.set(DONE, 1);
            board.until(GO, 1);
            let guard = region.lock().expect("free");
            exit_now(i32::from(guard.iter().sum::<u64>() != 0));
        });
        board.until(DONE, 1);
        fs::File::options().write(true).open(name.path()).expect("ours").set_len(0).expect("cut");
        board.set(GO, 1);
        assert_eq!(user.wait(), Ended::Killed(libc::SIGBUS), "as the page says");

        let memory = Region::<Counter>::memfd("sealed").expect("memory");
        let descriptor = memory.as_fd().expect("a memory file").try_clone_to_owned().expect("room");
        let error = fs::File::from(descriptor).set_len(0).expect_err("sealed");
        assert_eq!(error.raw_os_error(), Some(libc::EPERM));
    });
}

#[test]
fn a_new_region_holds_nothing_of_what_was_there_before() {
    let name = Name::new("left");
    let source = || Region::<Mutex<[u64; 1 << 14]>>::named(&*name.0);
    source()
        .create_with(|all| all.lock().map(|mut all| all.fill(7)).map_err(|error| error.to_string()))
        .expect("a new name");
    source().unlink().expect("ours");
    let again = source().create().expect("a new name");
    assert!(again.lock().expect("free").iter().all(|number| *number == 0));
}
