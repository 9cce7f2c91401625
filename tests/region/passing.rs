//! Regions without a name: inherited, or passed as a file descriptor.

use lockproof::error::LockError;
use lockproof::{AtomicCounter, Counter, Mutex, Region};

use super::processes::{End, fork};

#[test]
fn a_forked_child_shares_an_anonymous_region() {
    let region = Region::<Counter>::anonymous().expect("an anonymous region");
    let child = fork(|| {
        region.add(41).expect("the child takes the lock");
        0
    });
    assert_eq!(child.wait(), End::Exited(0));
    assert_eq!(region.increment().expect("nobody died"), 41);
    assert!(region.as_fd().is_none());
}

#[test]
fn a_memory_file_is_a_region_for_whoever_gets_it() {
    let region = Region::<Mutex<[u64; 8]>>::memfd("passing").expect("a memory file");
    region.lock().expect("free")[3] = 7;
    let fd = region.as_fd().expect("behind it is a file").try_clone_to_owned().expect("dup");
    let other = Region::<Mutex<[u64; 8]>>::from_fd(fd).expect("the same type");
    assert_eq!(other.lock().expect("free")[3], 7);
    assert!(!std::ptr::eq(&*region, &*other), "mapped twice");
}

#[test]
fn a_holders_death_in_a_child_is_told_to_the_parent() {
    let region = Region::<Mutex<u64>>::memfd("death").expect("a memory file");
    let child = fork(|| {
        std::mem::forget(region.lock().expect("free"));
        0
    });
    assert_eq!(child.wait(), End::Exited(0));
    assert!(matches!(region.lock(), Err(LockError::OwnerDied(_))));
}

#[test]
fn a_memory_file_is_closed_by_exec_and_cannot_change_its_size() {
    let region = Region::<AtomicCounter>::memfd("sealed").expect("a memory file");
    let fd = region.as_fd().expect("behind it is a file");
    let flags = rustix::io::fcntl_getfd(fd).expect("its flags");
    assert!(flags.contains(rustix::io::FdFlags::CLOEXEC));
    for size in [0, 1 << 20] {
        assert!(rustix::fs::ftruncate(fd, size).is_err(), "to {size} bytes");
    }
}

#[test]
fn a_clone_keeps_the_memory_mapped() {
    let region = Region::<AtomicCounter>::anonymous().expect("an anonymous region");
    let clone = region.clone();
    drop(region);
    assert_eq!(clone.add(2), 0);
    let thread = std::thread::spawn(move || clone.get());
    assert_eq!(thread.join().expect("no panic"), 2);
}

#[test]
fn a_region_may_be_used_through_a_regular_files_descriptor() {
    let name = super::processes::Name::new("by-descriptor");
    let region = name.source::<AtomicCounter>().create().expect("a new name");
    region.add(5);
    let fd = region.as_fd().expect("behind it is a file").try_clone_to_owned().expect("dup");
    name.source::<AtomicCounter>().unlink().expect("it is there");
    let other = Region::<AtomicCounter>::from_fd(fd).expect("though it has no name any more");
    assert_eq!(other.get(), 5);
}
