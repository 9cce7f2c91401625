//! Attacks by others on the machine: what is refused, and what is said plainly to be possible. `docs/security.md` lists all of them.

mod common;

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::PathBuf;
use std::process::Command;

use common::child::{Ended, exit_now, fork, kill_myself, say, supervised, switches, until};
use common::memory::{Board, join_unstuck, word_address};
use common::seed::scaled;
use lockproof::error::LockError;
use lockproof::{Counter, MessageQueue, Mutex, Queue, Region, RegionError};

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
        become_user(SOMEBODY);
        work();
    });
    child.join();
    true
}

fn become_user(user: u32) {
    // SAFETY: changes this single-threaded process's user.
    assert_eq!(unsafe { libc::setuid(user) }, 0);
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

/// In a user namespace whoever has no number there is shown with the number of nobody. Where this process has that number as
/// well, for the same reason or because it is nobody, a number does not tell whose a file is.
#[test]
fn who_has_no_number_in_a_user_namespace_is_not_taken_for_its_user() {
    supervised(60, || {
        if !rustix::process::geteuid().is_root() {
            return say("left out: only root may make a file somebody else's");
        }
        let (ours, theirs) = (Name::new("user-ours"), Name::new("user-theirs"));
        let source = |name: &Name| Region::<Counter>::named(&*name.0);
        source(&ours).create().expect("a new name");
        source(&theirs).mode(0o666).create().expect("a new name");
        chown(theirs.path(), Some(1), Some(1)).expect("root may");
        // SAFETY: gives this single-threaded process a namespace in which nobody has a number.
        if unsafe { libc::unshare(libc::CLONE_NEWUSER) } != 0 {
            return say("left out: no user namespace can be made here");
        }
        let shown = |name: &Name| {
            let file = fs::metadata(name.path()).expect("it is there");
            std::os::unix::fs::MetadataExt::uid(&file)
        };
        let me = rustix::process::geteuid().as_raw();
        assert_eq!([shown(&ours), shown(&theirs)], [me, me], "they look alike");
        source(&ours).open().expect("it is ours, whatever our number");
        for refused in [source(&theirs).open(), source(&theirs).owned_by(me).open_or_create()] {
            let error = refused.expect_err("it only looks like ours");
            assert!(matches!(error, RegionError::ForeignOwner { .. }), "{error}");
            assert!(error.to_string().contains("owned_by_anybody"), "{error}");
        }
        source(&theirs).owned_by_anybody().open().expect("trusted");
    });
}

/// Somebody of the same user takes the name away, and puts there what may be found there, again and again.
#[test]
fn whatever_comes_and_goes_under_a_name_nothing_else_is_written_to() {
    const LETTER: &str = "a letter";
    supervised(120, || {
        let (name, letter) = (Name::new("race"), Name::new("letter"));
        fs::write(letter.path(), LETTER).expect("a new name");
        let board = Board::new(2);
        let attacker = fork(|| {
            let mut at = 0;
            while board.get(GO) == 0 {
                let _ = fs::remove_file(name.path());
                let _ = match at % 5 {
                    0 => symlink(letter.path(), name.path()),
                    1 => fs::hard_link(letter.path(), name.path()),
                    2 => fs::write(name.path(), ""),
                    3 => fs::create_dir(name.path()).and_then(|()| fs::remove_dir(name.path())),
                    _ => Ok(()),
                };
                at += 1;
            }
        });
        let (mut made, mut refused) = (0, 0);
        while made + refused < scaled(3_000) || made == 0 || refused == 0 {
            match Region::<Counter>::named(&*name.0).open_or_create() {
                Ok(region) => {
                    region.increment().expect("free");
                    made += 1;
                }
                Err(error) => {
                    assert!(error.to_string().contains(&name.0), "{error}");
                    refused += 1;
                }
            }
        }
        board.set(GO, 1);
        attacker.join();
        say(&format!("{made} regions, {refused} refusals"));
        assert_eq!(fs::read_to_string(letter.path()).expect("still there"), LETTER);
    });
}

#[test]
fn no_umask_opens_a_region_to_others_or_shuts_it() {
    supervised(60, || {
        for umask in [0o000, 0o022, 0o777] {
            // SAFETY: concerns only this process.
            unsafe { libc::umask(umask) };
            for (wanted, expected) in [(None, 0o600), (Some(0o660), 0o660), (Some(0o666), 0o666)] {
                let name = Name::new("umask");
                let source = Region::<Counter>::named(&*name.0);
                let source = wanted.into_iter().fold(source, |source, mode| source.mode(mode));
                let made = source.create().expect("a new name");
                let mode = fs::metadata(name.path()).expect("it is there").permissions().mode();
                // A umask can take away what nobody asked for by a number.
                let lost = if wanted.is_none() { umask } else { 0 };
                assert_eq!(mode & 0o777, expected & !lost, "umask {umask:o}, {wanted:?}");
                drop(made);
            }
        }
    });
}

/// What the page says of freed places: it is so.
#[test]
fn what_was_taken_out_can_still_be_read_by_whoever_may_open_the_region() {
    const SECRET: u64 = 0x5EC4_E700_5EC4_E700;
    let finds = |file: &fs::File| {
        let mut bytes = vec![0; file.metadata().expect("a file").len() as usize];
        std::os::unix::fs::FileExt::read_exact_at(file, &mut bytes, 0).expect("it can be read");
        bytes.windows(8).any(|word| word == SECRET.to_ne_bytes())
    };
    let queue = Region::<Queue<u64, 4>>::memfd("left").expect("memory");
    let file = fs::File::from(queue.as_fd().expect("a file").try_clone_to_owned().expect("room"));
    queue.put(SECRET).expect("room");
    assert_eq!(queue.take().expect("one").expect("open"), SECRET);
    assert!(finds(&file), "a queue");
    (0..4).for_each(|_| queue.put(0).expect("room"));
    assert!(!finds(&file), "written over");

    let messages = Region::<MessageQueue<32>>::memfd("left").expect("memory");
    let file =
        fs::File::from(messages.as_fd().expect("a file").try_clone_to_owned().expect("room"));
    messages.send(&SECRET.to_ne_bytes()).expect("room");
    assert!(messages.receive().expect("one").is_some());
    assert!(finds(&file), "messages");
}

/// Neither needs a right over the holder: the kernel does it, and tells whether somebody is there.
#[test]
fn the_lock_of_somebody_who_may_not_be_touched_is_kept_and_comes_back() {
    supervised(60, || {
        if !rustix::process::geteuid().is_root() {
            return say("left out: only root may become other users");
        }
        let (lock, board) = (Region::<Mutex<u64>>::anonymous().expect("memory"), Board::new(2));
        let holder = fork(|| {
            become_user(SOMEBODY);
            let _held = lock.lock().expect("free");
            board.set(DONE, 1);
            board.until(GO, 1);
            kill_myself();
        });
        board.until(DONE, 1);
        let waiter = fork(|| {
            become_user(1);
            assert_eq!(refusal_to_list_the_locks_of(holder.pid), Some(libc::EPERM));
            // SAFETY: asks whether a signal could be sent.
            assert_eq!(unsafe { libc::kill(holder.pid, 0) }, -1);
            assert!(matches!(lock.lock(), Err(LockError::OwnerDied(_))));
        });
        waiter.until_asleep_on(word_address(&*lock));
        // It looks from time to time whether the holder is there, and has done so now.
        let before = switches(waiter.pid);
        until(|| switches(waiter.pid) >= before + 2);
        waiter.until_asleep_on(word_address(&*lock));
        board.set(GO, 1);
        assert_eq!(holder.wait(), Ended::Killed(libc::SIGKILL));
        join_unstuck(word_address(&*lock), vec![waiter]);
    });
}

fn refusal_to_list_the_locks_of(thread: libc::pid_t) -> Option<i32> {
    let (mut head, mut length) = (0_usize, 0_usize);
    // SAFETY: the kernel writes one address and one length to the two places given.
    let failed =
        unsafe { libc::syscall(libc::SYS_get_robust_list, thread, &raw mut head, &raw mut length) };
    (failed != 0).then(|| std::io::Error::last_os_error().raw_os_error()).flatten()
}
