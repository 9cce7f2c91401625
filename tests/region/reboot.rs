//! A file-backed region outlives the machine's shutdown; whoever held its locks does not.
//!
//! No test can boot the machine, so these make the file what an older boot would have left: another boot id, another
//! claim, and a lock held by a thread id that now belongs to somebody else. Where those are is part of the format
//! (`src/shm/header.rs`).

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::time::Duration;

use lockproof::error::{LockError, TryLockError};
use lockproof::shm::RegionError;
use lockproof::{Counter, Lock, Mutex, Region, Value, shareable};

use super::processes::{Child, End, Name, fork, wait_until};

const CLAIM_OF_BOOT: u64 = 12;
const MUTEX: u64 = 16;
const STATE: u64 = 56;
const BOOT_ID: u64 = 112;
const PAYLOAD: u64 = 1024;

/// Where the lock word stands in a lock.
const WORD: u64 = if cfg!(target_env = "musl") { 4 } else { 0 };

shareable! {
    struct Ledger {
        first: Mutex<u64>,
        counter: Counter,
        rest: [Lock; 2],
        value: Value<u64>,
    }
}

fn write(name: &Name, at: u64, bytes: &[u8]) {
    let file = OpenOptions::new().write(true).open(name.on_disk()).expect("a file");
    file.write_all_at(bytes, at).expect("written");
}

fn read<const N: usize>(name: &Name, at: u64) -> [u8; N] {
    let file = OpenOptions::new().read(true).open(name.on_disk()).expect("a file");
    let mut bytes = [0; N];
    file.read_exact_at(&mut bytes, at).expect("long enough");
    bytes
}

/// Makes it look as if the machine had been booted since.
fn reboot(name: &Name) {
    let hash: [u8; 4] = read(name, CLAIM_OF_BOOT);
    write(name, CLAIM_OF_BOOT, &hash.map(|byte| byte ^ 0x5a));
    let id: [u8; 16] = read(name, BOOT_ID);
    if id != [0; 16] {
        write(name, BOOT_ID, &id.map(|byte| byte ^ 0x5a));
    }
}

/// Has the lock at that place be held by a thread that lives now, and will not be found dead.
fn leave_held(name: &Name, at: u64) {
    write(name, at + WORD, &std::process::id().to_ne_bytes());
}

#[test]
fn after_a_reboot_every_holder_is_dead() {
    let name = Name::new("reboot");
    let source = Region::<Ledger>::file(name.on_disk());
    let region = source.create().expect("a new file");
    *region.first.lock().expect("free") = 7;
    region.counter.add(3).expect("free");
    let place = |lock: &Lock| {
        PAYLOAD + (&raw const *lock).addr() as u64 - (&raw const *region).addr() as u64
    };
    let last = place(&region.rest[1]);
    drop(region);
    leave_held(&name, PAYLOAD);
    leave_held(&name, last);
    reboot(&name);

    let region = source.open().expect("taken over");
    match region.first.try_lock() {
        Err(TryLockError::Lock(LockError::OwnerDied(died))) => assert_eq!(*died.into_guard(), 7),
        other => panic!("{other:?}"),
    }
    let died = region.rest[1].acquire(false, None).expect_err("held before");
    assert!(matches!(died, LockError::OwnerDied(_)), "{died}");
    assert!(region.rest[0].acquire(false, None).expect("was free before"), "and still is");
    assert_eq!(region.counter.get().expect("was free before"), 3);
    assert_eq!(region.value.get().expect("was free before"), 0);
    source.open().expect("one of us now");
}

#[test]
fn many_that_come_after_a_reboot_take_over_once() {
    let name = Name::new("reboot-many");
    let source = Region::<Counter>::file(name.on_disk());
    source.create().expect("a new file");
    for _ in 0..20 {
        leave_held(&name, PAYLOAD);
        reboot(&name);
        let children: Vec<Child> = (0..6)
            .map(|_| {
                fork(|| {
                    let region = source.open().expect("taken over");
                    region.increment().expect("free, or its holder dead");
                    0
                })
            })
            .collect();
        for child in children {
            assert_eq!(child.wait(), End::Exited(0));
        }
    }
    let region = source.open().expect("still there");
    assert_eq!((region.get().ok(), region.deaths().ok()), (Some(120), Some(20)));
}

#[test]
fn what_was_unfinished_before_a_reboot_is_built_after_it() {
    let name = Name::new("reboot-unfinished");
    let source = Region::<Counter>::file(name.on_disk());
    source.create_with(|counter| counter.set(9).map(|_| ())).expect("a new file");
    let building = 1_u32;
    write(&name, STATE, &building.to_ne_bytes());
    leave_held(&name, MUTEX);
    reboot(&name);
    let error = source.open().expect_err("nobody is building it");
    assert!(matches!(error, RegionError::Unfinished(_)), "{error}");
    reboot(&name);
    let region = source.open_or_create().expect("somebody has to");
    assert_eq!(region.get().expect("free"), 0, "afresh");
}

#[test]
fn nothing_is_taken_over_while_somebody_uses_it() {
    let name = Name::new("reboot-in-use");
    let source = Region::<Lock>::file(name.on_disk()).patience(Duration::from_millis(20));
    let (stop, started) = (
        Region::<Lock>::anonymous().expect("an anonymous region"),
        Region::<Counter>::anonymous().expect("an anonymous region"),
    );
    stop.acquire(true, None).expect("free");
    source.create().expect("a new file");
    let child = fork(|| {
        let region = source.open().expect("just created");
        region.acquire(true, None).expect("free");
        started.increment().expect("free");
        let _ = stop.acquire(true, None);
        i32::from(region.release().is_err())
    });
    wait_until(|| started.get().ok() == Some(1));
    // A container with a boot id of its own.
    reboot(&name);
    let error = source.open().expect_err("somebody uses it");
    assert!(matches!(error, RegionError::ForeignBoot { .. }), "{error}");
    assert!(error.to_string().contains("container"), "{error}");
    stop.release().expect("held");
    assert_eq!(child.wait(), End::Exited(0), "nobody took its lock");
    source.open().expect("now nobody does");
}

#[test]
fn memory_that_could_not_be_unmapped_is_still_in_use() {
    let name = Name::new("reboot-leaked");
    let source = Region::<Lock>::file(name.on_disk()).patience(Duration::ZERO);
    for close in [|region: Region<Lock>| assert!(region.close().is_err()), drop] {
        let child = fork(|| {
            let region = source.open_or_create().expect("not in use any more");
            let held = region.acquire(true, None);
            assert!(matches!(held, Ok(true) | Err(LockError::OwnerDied(_))));
            close(region);
            reboot(&name);
            let error = source.open().expect_err("still mapped");
            assert!(matches!(error, RegionError::ForeignBoot { .. }), "{error}");
            0
        });
        assert_eq!(child.wait(), End::Exited(0));
    }
    source.open().expect("not in use any more");
}

#[test]
fn a_descriptor_alone_does_not_take_over() {
    let name = Name::new("reboot-descriptor");
    let source = Region::<Lock>::file(name.on_disk());
    let region = source.create().expect("a new file");
    let fd = region.as_fd().expect("a file").try_clone_to_owned().expect("dup");
    reboot(&name);
    let error = Region::<Lock>::from_fd(fd).expect_err("from another boot");
    assert!(matches!(error, RegionError::ForeignBoot { .. }), "{error}");
    assert!(error.to_string().contains("by its path"), "{error}");
}

#[test]
fn another_type_is_not_put_in_order() {
    let name = Name::new("reboot-type");
    Region::<Counter>::file(name.on_disk()).create().expect("a new file");
    leave_held(&name, PAYLOAD);
    reboot(&name);
    let before: [u8; 56] = read(&name, PAYLOAD);
    let error = Region::<Lock>::file(name.on_disk()).open().expect_err("of counters");
    assert!(matches!(error, RegionError::WrongType { .. }), "{error}");
    assert_eq!(read::<56>(&name, PAYLOAD), before);
}
