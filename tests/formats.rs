//! Regions as earlier versions stored them: each was made by a program of its time, and is in `tests/formats`, named by what is in it and the
//! number of its format. What this version reads has in it what was stored; what it does not is refused in words, and left as it is.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

#[cfg(target_env = "gnu")]
use common::outcome::{Attempt, Outcome};
use lockproof::{Counter, Mutex, Region, RegionError};

/// What programs of this version make. A new one comes with its files here, and those of this one are then refused, or taken over, by a
/// row of a test.
const CURRENT: u8 = 2;

/// A stored region, in a place where it may be written to.
struct Stored(PathBuf);

impl Stored {
    fn copy(what: &str, format: u8) -> Self {
        let from =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/formats/{what}.{format}"));
        let to = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("{what}.{format}-{}", std::process::id()));
        fs::copy(&from, &to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
        Self(to)
    }
}

impl Drop for Stored {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[test]
fn earlier_formats_are_refused_in_words_and_left_alone() {
    for format in 1..CURRENT {
        let (counter, mutex) =
            (Stored::copy("counter", format), Stored::copy("held-mutex", format));
        let before = [&counter, &mutex].map(|stored| fs::read(&stored.0).expect("a copy"));
        for error in [
            Region::<Counter>::file(&counter.0).open().map(drop).expect_err("another format"),
            Region::<Counter>::file(&counter.0).open_or_create().map(drop).expect_err("the same"),
            Region::<Mutex<u64>>::file(&mutex.0).open().map(drop).expect_err("the same"),
        ] {
            let found = matches!(error, RegionError::WrongVersion { found, .. } if found == format);
            assert!(found, "{error:?}");
            let said = error.to_string();
            let expected = [format!("has format {format}"), format!("knows format {CURRENT}")];
            assert!(expected.iter().all(|part| said.contains(part)), "{said}");
        }
        let after = [&counter, &mutex].map(|stored| fs::read(&stored.0).expect("a copy"));
        assert!(before == after, "something was written");
    }
}

/// They were stored before this machine was booted, or by a process that is gone: what was held is told of.
#[test]
#[cfg(all(target_env = "gnu", target_pointer_width = "64", target_endian = "little"))]
fn what_this_format_has_stored_is_found_again() {
    let counter = Stored::copy("counter", CURRENT);
    let region = Region::<Counter>::file(&counter.0).open().expect("of this format");
    assert_eq!(region.get().expect("free"), 7);

    let mutex = Stored::copy("held-mutex", CURRENT);
    let region = Region::<Mutex<u64>>::file(&mutex.0).open().expect("of this format");
    let (how, guard) = region.lock().taken();
    assert_eq!(how, Outcome::OwnerDied);
    assert_eq!(*guard.expect("with it"), 9);
}

/// Where the list of locks is another, thread ids and flags mean the same, but the kernel would look for them elsewhere.
#[test]
#[cfg(all(target_env = "musl", target_pointer_width = "64", target_endian = "little"))]
fn what_another_c_library_has_stored_is_refused_in_words() {
    let counter = Stored::copy("counter", CURRENT);
    let error = Region::<Counter>::file(&counter.0).open().expect_err("of glibc");
    assert!(matches!(error, RegionError::ForeignLibc { .. }), "{error}");
}
