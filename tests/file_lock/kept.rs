//! What a file that is replaced keeps of the old one.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use lockproof::file::{FileError, FileUpdate};
use lockproof::{FileLock, update_file};
use rustix::fs::{XattrFlags, getxattr, setxattr};

use crate::common::child::{fork, say, supervised};
use crate::scratch::Scratch;

/// Nobody in particular.
const SOMEBODY: u32 = 54_321;
const SOME_GROUP: u32 = 54_322;

fn mode_of(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn update(path: &Path) {
    update_file(path, |old| [old, b"."].concat()).unwrap();
}

fn is_root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        say("skipped: only root may give files away");
    }
    root
}

/// For the rest of this process.
fn become_somebody(groups: &[u32]) {
    let groups: Vec<_> = groups.iter().map(|group| rustix::fs::Gid::from_raw(*group)).collect();
    rustix::thread::set_thread_groups(&groups).unwrap();
    // SAFETY: plain numbers, in a process without other threads.
    assert_eq!(unsafe { libc::setgid(SOMEBODY) }, 0);
    // SAFETY: the same.
    assert_eq!(unsafe { libc::setuid(SOMEBODY) }, 0);
}

#[test]
fn the_mode_is_kept_and_a_new_files_is_what_was_said() {
    let scratch = Scratch::new();
    let path = scratch.join("data");
    fs::write(&path, "").unwrap();
    supervised(60, || {
        for mode in [0o600, 0o644, 0o640, 0o666, 0o755, 0o777] {
            set_mode(&path, mode);
            FileUpdate::new(&path).mode(0o600).run(|_| "new".to_owned()).unwrap();
            assert_eq!(mode_of(&path), mode);
        }
        for (mode, kept) in [(0o4755, 0o755), (0o2755, 0o755)] {
            set_mode(&path, mode);
            update(&path);
            assert_eq!(mode_of(&path), kept, "a new content has no old rights");
        }
        let nothing_for_others = rustix::fs::Mode::from_raw_mode(0o027);
        rustix::process::umask(nothing_for_others);
        update(&scratch.join("plain"));
        FileUpdate::new(scratch.join("said")).mode(0o666).run(|_| String::new()).unwrap();
        drop(FileLock::new(scratch.join("lock")).mode(0o606).lock().unwrap());
        let mode = |name| mode_of(&scratch.join(name));
        assert_eq!(["plain", "plain.lock"].map(mode), [0o640; 2]);
        assert_eq!(["said", "said.lock"].map(mode), [0o666; 2]);
        assert_eq!(mode("lock"), 0o606);
    });
}

#[test]
fn the_owner_is_kept_by_one_who_may_give_files_away() {
    let scratch = Scratch::new();
    let path = scratch.join("data");
    fs::write(&path, "").unwrap();
    supervised(60, || {
        if !is_root() {
            return;
        }
        std::os::unix::fs::chown(&path, Some(SOMEBODY), Some(SOME_GROUP)).unwrap();
        set_mode(&path, 0o640);
        update(&path);
        let now = fs::metadata(&path).unwrap();
        assert_eq!((now.uid(), now.gid(), mode_of(&path)), (SOMEBODY, SOME_GROUP, 0o640));
    });
}

#[test]
fn where_the_owner_cannot_be_kept_nobody_gains_rights() {
    let scratch = Scratch::within(&std::env::temp_dir());
    let path = scratch.join("data");
    set_mode(scratch.path(), 0o777);
    supervised(60, || {
        if !is_root() {
            return;
        }
        let mut others_may_write = 0o662;
        for (groups, group) in [(&[SOME_GROUP][..], SOME_GROUP), (&[], SOMEBODY)] {
            let _ = fs::remove_file(&path);
            fs::write(&path, "").unwrap();
            std::os::unix::fs::chown(&path, Some(0), Some(SOME_GROUP)).unwrap();
            if group == SOMEBODY {
                others_may_write = 0o676;
            }
            set_mode(&path, others_may_write);
            fork(|| {
                become_somebody(groups);
                update(&path);
            })
            .join();
            let now = fs::metadata(&path).unwrap();
            assert_eq!((now.uid(), now.gid()), (SOMEBODY, group));
            let kept = if group == SOME_GROUP { 0o662 } else { 0o666 };
            assert_eq!(mode_of(&path), kept);
        }
    });
}

#[test]
fn a_file_that_may_not_be_written_is_not_replaced() {
    let scratch = Scratch::within(&std::env::temp_dir());
    let path = scratch.join("data");
    fs::write(&path, "old").unwrap();
    set_mode(scratch.path(), 0o777);
    set_mode(&path, 0o444);
    supervised(60, || {
        fork(|| {
            if is_root() {
                become_somebody(&[]);
            }
            let error = update_file(&path, |_| "new".to_owned()).unwrap_err();
            assert!(matches!(error, FileError::PermissionDenied { .. }), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        })
        .join();
    });
}

#[test]
fn attributes_are_kept_as_far_as_they_may_be() {
    let scratch = Scratch::new();
    let path = scratch.join("data");
    fs::write(&path, "").unwrap();
    supervised(60, || {
        if setxattr(&path, "user.colour", b"green", XattrFlags::empty()).is_err() {
            return say("skipped: this file system has no attributes");
        }
        let capability = b"\x01\0\0\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
        let may = setxattr(&path, "security.capability", capability, XattrFlags::empty()).is_ok();
        update(&path);
        let mut value = [0; 64];
        assert_eq!(getxattr(&path, "user.colour", &mut value), Ok(5));
        assert_eq!(&value[..5], b"green");
        let gone = getxattr(&path, "security.capability", &mut value);
        assert_eq!(gone, Err(rustix::io::Errno::NODATA), "(set: {may})");
    });
}

/// An access control list as the kernel keeps it: a version, and tag, rights and id of each entry.
fn access_control(entries: &[(u16, u16, u32)]) -> Vec<u8> {
    let mut bytes = 2_u32.to_le_bytes().to_vec();
    for (tag, rights, id) in entries {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(rights.to_le_bytes());
        bytes.extend(id.to_le_bytes());
    }
    bytes
}

#[test]
fn an_access_control_list_is_kept_and_none_is_gained() {
    let scratch = Scratch::new();
    let path = scratch.join("data");
    fs::write(&path, "").unwrap();
    supervised(60, || {
        let (owner, user, group, mask, others, nobody) = (0x01, 0x02, 0x04, 0x10, 0x20, u32::MAX);
        let list = access_control(&[
            (owner, 6, nobody),
            (user, 4, SOMEBODY),
            (group, 0, nobody),
            (mask, 4, nobody),
            (others, 0, nobody),
        ]);
        let name = "system.posix_acl_access";
        if setxattr(&path, name, &list, XattrFlags::empty()).is_err() {
            return say("skipped: this file system has no access control lists");
        }
        let mode = mode_of(&path);
        update(&path);
        let mut value = [0; 256];
        let length = getxattr(&path, name, &mut value).unwrap();
        assert_eq!(&value[..length], list);
        assert_eq!(mode_of(&path), mode);
        // New files in this directory get a list, but not one that replaces a file without.
        fs::remove_file(&path).unwrap();
        fs::write(&path, "").unwrap();
        set_mode(&path, 0o640);
        setxattr(scratch.path(), "system.posix_acl_default", &list, XattrFlags::empty()).unwrap();
        update(&path);
        assert_eq!(getxattr(&path, name, &mut value), Err(rustix::io::Errno::NODATA));
        assert_eq!(mode_of(&path), 0o640);
    });
}
