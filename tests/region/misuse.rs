//! Everything that is refused, and that the error says what is wrong, where and what to do.

use std::os::fd::OwnedFd;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lockproof::shm::{RegionError, Shareable};
use lockproof::{AtomicCounter, Counter, Mutex, Region};

use super::processes::{End, Name, SKIPPED, fork, passed_or_skipped};

/// Checks that an error says all of it, in one line.
fn says(error: &RegionError, words: &[&str]) {
    let said = error.to_string();
    for word in words {
        assert!(said.contains(word), "{word:?} is missing in: {said}");
    }
    assert!(!said.contains('\n'), "{said:?}");
}

/// The error of a region of counters at that path.
fn refused(path: &Path) -> RegionError {
    let source = Region::<Counter>::file(path).patience(Duration::ZERO);
    let error = source.open().expect_err("not a region of counters");
    let other = source.open_or_create().expect_err("nor made one");
    assert_eq!(error.to_string(), other.to_string());
    error
}

#[test]
fn another_type() {
    let name = Name::new("type");
    name.source::<Counter>().create().expect("a new name");
    let error = name.source::<Mutex<[u64; 8]>>().open().expect_err("of counters");
    assert!(matches!(error, RegionError::WrongType { .. }), "{error}");
    says(&error, &[&name.0, "holds Counter", "wants Mutex<[u64; 8]:64/8>", "unlink"]);
    let error = name.source::<Mutex<u64>>().open_or_create().expect_err("of counters");
    assert!(matches!(error, RegionError::WrongType { .. }), "{error}");

    let region = Region::<Counter>::memfd("type").expect("a memory file");
    let fd = region.as_fd().expect("a file").try_clone_to_owned().expect("dup");
    let error = Region::<Mutex<u64>>::from_fd(fd).expect_err("of counters");
    says(&error, &["file descriptor", "holds Counter", "wants Mutex<u64"]);
}

/// Two types that are told apart by their size alone.
#[repr(C)]
struct Versioned<const N: usize>([AtomicCounter; N]);

// SAFETY: an array of what is shareable; it says less about itself than it should, which is not unsafe.
unsafe impl<const N: usize> Shareable for Versioned<N> {
    fn describe(into: &mut String) {
        into.push_str("Versioned");
    }

    fn after_reboot(&self) {}
}

#[test]
fn another_size() {
    let name = Name::new("size");
    let region = name.source::<Versioned<2>>().create().expect("a new name");
    region.0[1].increment();
    for error in [
        name.source::<Versioned<3>>().open().map(drop).expect_err("smaller"),
        name.source::<Versioned<1>>().open().map(drop).expect_err("larger"),
    ] {
        assert!(matches!(error, RegionError::WrongSize { .. }), "{error}");
        says(&error, &[&name.0, "1040 bytes", "same source"]);
    }
}

#[test]
fn no_such_name() {
    let name = Name::new("none");
    let source = name.source::<Counter>();
    for error in [source.open().expect_err("none"), source.unlink().expect_err("none")] {
        assert!(matches!(error, RegionError::NotFound(_)), "{error}");
        says(&error, &[&name.0, "/dev/shm", "create"]);
    }
    let path = name.on_disk().join("deeper");
    let error = Region::<Counter>::file(&path).create().expect_err("no such directory");
    assert!(matches!(error, RegionError::NotFound(_)), "{error}");
    says(&error, &["deeper", "no such file or directory"]);
}

#[test]
fn exists_already() {
    let name = Name::new("exists");
    let source = name.source::<Counter>();
    source.create().expect("a new name").add(3).expect("nobody died");
    let error = source.create().expect_err("not new any more");
    assert!(matches!(error, RegionError::AlreadyExists(_)), "{error}");
    says(&error, &[&name.0, "exists already", "open it"]);
    assert_eq!(source.open().expect("untouched").get().expect("nobody died"), 3);
}

#[test]
fn names_that_are_none() {
    let long = "x".repeat(256);
    for (name, why) in [
        ("", "empty"),
        (".", "directory"),
        ("..", "directory"),
        ("/jobs", "slash"),
        ("a/b", "Region::file"),
        ("a\0b", "NUL"),
        (&long, "255 bytes"),
    ] {
        let source = Region::<Counter>::named(name);
        for error in [
            source.open().expect_err("no name"),
            source.create().expect_err("no name"),
            source.open_or_create().expect_err("no name"),
            source.unlink().expect_err("no name"),
        ] {
            assert!(matches!(error, RegionError::BadName { .. }), "{error}");
            says(&error, &[why]);
        }
    }
    for (path, why) in [("", "empty"), ("/tmp/a\0b", "NUL")] {
        let error = Region::<Counter>::file(path).create().expect_err("no path");
        says(&error, &[why]);
    }
    for (label, why) in [("a\0b", "NUL"), (&*long, "249 bytes")] {
        says(&Region::<Counter>::memfd(label).expect_err("no label"), &[why]);
    }
}

#[test]
fn somebody_elses_file_is_refused_and_left_as_it_is() {
    let name = Name::new("text");
    let zeroes_first = [vec![0; 2000], b"and then something".to_vec()].concat();
    let more_zeroes = vec![0; 1 << 20];
    for content in [b"a letter".to_vec(), b"LOCKPR".to_vec(), zeroes_first, more_zeroes] {
        std::fs::write(name.on_disk(), &content).expect("a file");
        let error = refused(&name.on_disk());
        assert!(matches!(error, RegionError::NotARegion { .. }), "{error}");
        says(&error, &[&name.0, "not a region"]);
        assert!(std::fs::read(name.on_disk()).expect("still there") == content, "unchanged");
    }
    std::fs::write(name.on_disk(), b"a letter").expect("a file");
    let error = Region::<Counter>::file(name.on_disk()).unlink().expect_err("not a region");
    assert!(matches!(error, RegionError::NotARegion { .. }), "{error}");
    assert!(name.on_disk().exists());
}

#[test]
fn what_is_no_file_is_refused() {
    let error = refused(Path::new(env!("CARGO_TARGET_TMPDIR")));
    says(&error, &["a directory"]);
    let error = refused(Path::new("/dev/null"));
    says(&error, &["not a regular file"]);
    let (target, link) = (Name::new("target"), Name::new("link"));
    target.source::<Counter>().create().expect("a new name");
    symlink(target.path(), link.path()).expect("a link");
    let error = link.source::<Counter>().open().expect_err("a link");
    says(&error, &["symbolic link"]);
    Region::<Counter>::file(link.path()).open().expect("paths may lead over links");
    target.source::<Counter>().unlink().expect("it is there");
    let error = Region::<Counter>::file(link.path()).open_or_create().expect_err("to nowhere");
    assert!(matches!(error, RegionError::Unsteady(_)), "{error}");
    says(&error, &[&link.0, "link to nowhere"]);
}

#[test]
fn no_permission() {
    let name = Name::new("private");
    name.source::<Counter>().create().expect("a new name");
    let child = fork(|| {
        become_somebody_else(&name.path());
        let error = name.source::<Counter>().open().expect_err("of another user");
        assert!(matches!(error, RegionError::PermissionDenied(_)), "{error}");
        says(&error, &[&name.0, "permission denied", "mode"]);
        0
    });
    assert_eq!(child.wait(), End::Exited(0));
}

/// Gives up the right to open that file, in this process.
fn become_somebody_else(path: &Path) {
    if rustix::process::geteuid().is_root() {
        // SAFETY: changes this single-threaded process's user.
        assert_eq!(unsafe { libc::setuid(65534) }, 0);
    } else {
        let nobody = std::os::unix::fs::PermissionsExt::from_mode(0o000);
        std::fs::set_permissions(path, nobody).expect("our own file");
    }
}

#[test]
fn an_unsealed_memory_file() {
    let flags = rustix::fs::MemfdFlags::CLOEXEC | rustix::fs::MemfdFlags::ALLOW_SEALING;
    let fd: OwnedFd = rustix::fs::memfd_create("unsealed", flags).expect("a memory file");
    rustix::fs::ftruncate(&fd, 8192).expect("room");
    let error = Region::<Counter>::from_fd(fd).expect_err("could be cut short");
    assert!(matches!(error, RegionError::NotSealed(_)), "{error}");
    says(&error, &["file descriptor", "sealed", "Region::memfd"]);
}

#[test]
fn a_descriptor_of_something_else() {
    let (read_end, _write_end) = std::io::pipe().expect("a pipe");
    let error = Region::<Counter>::from_fd(read_end.into()).expect_err("a pipe");
    says(&error, &["not a regular file"]);
}

/// More than any machine has.
type Huge = [[AtomicCounter; 1 << 20]; 1 << 20];

#[test]
fn out_of_space() {
    let name = Name::new("huge");
    let child = fork(|| {
        forbid_large_files();
        let source = name.source::<Huge>();
        for error in [
            source.create().map(drop).expect_err("8 TiB"),
            source.open_or_create().map(drop).expect_err("8 TiB"),
        ] {
            assert!(matches!(error, RegionError::OutOfSpace { .. }), "{error}");
            says(&error, &[&name.0, "no space left", "/dev/shm"]);
            assert!(!name.path().exists(), "nothing is left behind");
        }
        0
    });
    assert_eq!(child.wait(), End::Exited(0));
}

/// Sees to it that this test, should what it tests fail, does not use up the machine's memory.
fn forbid_large_files() {
    let most = libc::rlimit { rlim_cur: 1 << 26, rlim_max: 1 << 26 };
    // SAFETY: reads `most` alone.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_FSIZE, &raw const most) }, 0);
    // SAFETY: an error instead of a signal, in this process.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
}

#[test]
fn out_of_space_on_a_small_file_system() {
    let directory = Name::new("small");
    std::fs::create_dir(directory.on_disk()).expect("a new name");
    let child = fork(|| on_a_small_file_system(&directory.on_disk()));
    let end = child.wait();
    std::fs::remove_dir(directory.on_disk()).expect("empty outside the child");
    passed_or_skipped(end, "mount a file system");
}

fn on_a_small_file_system(at: &Path) -> i32 {
    if mount_small(at).is_err() {
        return SKIPPED;
    }
    let path: PathBuf = at.join("region");
    let source = Region::<[AtomicCounter; 10_000]>::file(&path);
    let error = source.create().expect_err("80 kB on 64");
    assert!(matches!(error, RegionError::OutOfSpace { needed: 81_024..=81_124, .. }), "{error}");
    assert!(!path.exists(), "nothing is left behind");
    Region::<[AtomicCounter; 1_000]>::file(&path).create().expect("8 kB on 64");
    0
}

fn mount_small(at: &Path) -> Result<(), std::io::Error> {
    let path = std::ffi::CString::new(at.as_os_str().as_encoded_bytes())?;
    let (nothing, kind, root, options) = (c"none", c"tmpfs", c"/", c"size=64k");
    let private = libc::MS_REC | libc::MS_PRIVATE;
    // SAFETY: gives this process a mount table of its own, so that nobody else sees what follows.
    let unshared = unsafe { libc::unshare(libc::CLONE_NEWNS) };
    // SAFETY: all strings end with NUL.
    let alone = unsafe {
        libc::mount(nothing.as_ptr(), root.as_ptr(), std::ptr::null(), private, std::ptr::null())
    };
    // SAFETY: as above.
    let mounted = unsafe {
        libc::mount(nothing.as_ptr(), path.as_ptr(), kind.as_ptr(), 0, options.as_ptr().cast())
    };
    if (unshared, alone, mounted) == (0, 0, 0) {
        Ok(())
    } else {
        Err(std::io::Error::last_os_error())
    }
}

#[test]
fn proc_is_not_readable() {
    let empty = Name::new("root");
    std::fs::create_dir(empty.on_disk()).expect("a new name");
    let child = fork(|| without_proc(&empty.on_disk()));
    let end = child.wait();
    std::fs::remove_dir(empty.on_disk()).expect("empty");
    passed_or_skipped(end, "change its root");
}

fn without_proc(empty: &Path) -> i32 {
    if std::os::unix::fs::chroot(empty).is_err() {
        return SKIPPED;
    }
    let error = Region::<Counter>::anonymous().expect_err("no /proc");
    assert!(matches!(error, RegionError::ProcUnreadable { .. }), "{error}");
    says(&error, &["/proc/self/ns/pid", "mount /proc"]);
    let error = Region::<Counter>::file("/region").create().expect_err("no /proc");
    assert!(matches!(error, RegionError::ProcUnreadable { .. }), "{error}");
    assert!(!Path::new("/region").exists(), "nothing is left behind");
    0
}
