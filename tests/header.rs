//! What is found in a file is checked before a byte of it is used: each row changes a sound region, and names the
//! error that says so.
#![cfg(target_os = "linux")]

use std::fs::{OpenOptions, read, write};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::time::Duration;

use lockproof::shm::RegionError;
use lockproof::{Counter, Region};

/// A change to the file, at an offset that `src/shm/header.rs` documents.
enum Change {
    /// These bytes instead.
    Put(u64, &'static [u8]),
    /// All bits of that byte inverted.
    Invert(u64),
    /// The first eight bytes the other way round.
    SwapMagic,
    /// The region and its payload larger by so much, and the file as well.
    Grow(u64),
    /// The file only this long.
    Cut(u64),
}

use Change::{Cut, Grow, Invert, Put, SwapMagic};

fn sound_region(path: &PathBuf) -> Vec<u8> {
    let _ = std::fs::remove_file(path);
    let source = Region::<Counter>::file(path);
    source.create().expect("a new file").add(7).expect("free");
    read(path).expect("a file")
}

fn apply(change: &Change, path: &PathBuf) {
    let file = OpenOptions::new().read(true).write(true).open(path).expect("a file");
    let mut bytes = [0; 8];
    match *change {
        Put(at, bytes) => file.write_all_at(bytes, at).expect("written"),
        Invert(at) => {
            file.read_exact_at(&mut bytes[..1], at).expect("there");
            file.write_all_at(&[!bytes[0]], at).expect("written");
        }
        SwapMagic => {
            file.read_exact_at(&mut bytes, 0).expect("there");
            bytes.reverse();
            file.write_all_at(&bytes, 0).expect("written");
        }
        Grow(more) => {
            for at in [64, 72] {
                file.read_exact_at(&mut bytes, at).expect("there");
                let larger = u64::from_le_bytes(bytes) + more;
                file.write_all_at(&larger.to_le_bytes(), at).expect("written");
            }
            file.set_len(file.metadata().expect("a file").len() + more).expect("lengthened");
        }
        Cut(length) => file.set_len(length).expect("shortened"),
    }
}

#[test]
fn whatever_was_changed_is_refused_in_words() {
    type Row = (&'static str, Change, fn(&RegionError) -> bool, &'static [&'static str]);
    let rows: &[Row] = &[
        (
            "another version",
            Put(7, &[1]),
            |e| matches!(e, RegionError::WrongVersion { found: 1, expected: 2, .. }),
            &["has format 1", "knows format 2", "same version of lockproof"],
        ),
        (
            "a later version",
            Put(7, &[3]),
            |e| matches!(e, RegionError::WrongVersion { found: 3, expected: 2, .. }),
            &["has format 3", "knows format 2", "same version of lockproof"],
        ),
        (
            "version zero",
            Put(7, &[0]),
            |e| matches!(e, RegionError::WrongVersion { found: 0, .. }),
            &["has format 0"],
        ),
        (
            "another byte order",
            SwapMagic,
            |e| matches!(e, RegionError::WrongByteOrder(_)),
            &["byte order"],
        ),
        (
            "another name",
            Put(0, b"l"),
            |e| matches!(e, RegionError::NotARegion { .. }),
            &["not a region"],
        ),
        (
            "a claim with another list offset",
            Put(8, &[100]),
            |e| matches!(e, RegionError::ForeignLibc { found: 100, .. }),
            &["C library", "offset 100"],
        ),
        (
            "a claim from another PID namespace",
            Invert(9),
            |e| matches!(e, RegionError::ForeignPidNamespace(_)),
            &["PID namespace", "docker"],
        ),
        (
            "another PID namespace with the same low bits",
            Invert(108),
            |e| matches!(e, RegionError::ForeignPidNamespace(_)),
            &["PID namespace"],
        ),
        (
            "no claim",
            Put(8, &[0; 8]),
            |e| matches!(e, RegionError::Damaged { .. }),
            &["nobody claimed it"],
        ),
        (
            "an unknown state",
            Put(56, &[3]),
            |e| matches!(e, RegionError::Damaged { .. }),
            &["state"],
        ),
        (
            "a state with high bits",
            Put(59, &[1]),
            |e| matches!(e, RegionError::Damaged { .. }),
            &["state"],
        ),
        (
            "another total",
            Invert(64),
            |e| matches!(e, RegionError::Damaged { .. }),
            &["sizes do not add up"],
        ),
        (
            "a payload size that overflows",
            Put(72, &[0xff; 8]),
            |e| matches!(e, RegionError::Damaged { .. }),
            &["sizes do not add up"],
        ),
        (
            "another size, consistently",
            Grow(1024),
            |e| matches!(e, RegionError::WrongSize { found, expected, .. } if *found == expected + 1024),
            &["takes 2", "same source"],
        ),
        (
            "another length of its outline",
            Invert(400),
            |e| matches!(e, RegionError::Damaged { .. }),
            &["sizes do not add up"],
        ),
        (
            "another alignment",
            Put(80, &[16]),
            |e| matches!(e, RegionError::WrongSize { .. }),
            &["same source"],
        ),
        (
            "a byte order that is none",
            Invert(88),
            |e| matches!(e, RegionError::Damaged { .. }),
            &["byte order"],
        ),
        (
            "a list offset unlike the claim's",
            Invert(96),
            |e| matches!(e, RegionError::Damaged { .. }),
            &["two C libraries"],
        ),
        (
            "another fingerprint",
            Invert(128),
            |e| matches!(e, RegionError::WrongType { .. }),
            &["holds Counter, and this program wants Counter"],
        ),
        (
            "a description longer than its room",
            Put(136, &[1, 1]),
            |e| matches!(e, RegionError::Damaged { .. }),
            &["description"],
        ),
        (
            "nothing but the first half of the header",
            Cut(200),
            |e| matches!(e, RegionError::Truncated { found: 200, needed: 1024, .. }),
            &["200 bytes", "cut short"],
        ),
        (
            "no payload",
            Cut(1024),
            |e| matches!(e, RegionError::Truncated { found: 1024, .. }),
            &["1024 bytes", "cut short"],
        ),
        (
            "a few bytes of magic",
            Cut(5),
            |e| matches!(e, RegionError::NotARegion { .. }),
            &["not a region"],
        ),
    ];
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("changed-header");
    let source = Region::<Counter>::file(&path).patience(Duration::ZERO);
    for (what, change, expected, words) in rows {
        let sound = sound_region(&path);
        apply(change, &path);
        let changed = read(&path).expect("a file");
        assert!(changed != sound, "{what}: nothing was changed");
        for error in [source.open().expect_err(what), source.open_or_create().expect_err(what)] {
            let said = error.to_string();
            assert!(expected(&error), "{what}: {error:?}");
            assert!(said.contains("changed-header"), "{what}: says where: {said}");
            for word in *words {
                assert!(said.contains(word), "{what}: {word:?} is missing in: {said}");
            }
        }
        assert!(read(&path).expect("a file") == changed, "{what}: the file was changed");
        if !matches!(source.open(), Err(RegionError::NotARegion { .. })) {
            source.unlink().expect(what);
        }
    }
}

#[test]
fn what_somebody_else_wrote_cannot_command_a_terminal() {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("hostile-description");
    sound_region(&path);
    for (at, bytes) in [(128, &[1][..]), (136, &[9]), (144, b"\x1b[2J\n\xff\x07ab")] {
        let file = OpenOptions::new().write(true).open(&path).expect("a file");
        file.write_all_at(bytes, at).expect("written");
    }
    let said = Region::<Counter>::file(&path).open().expect_err("another type").to_string();
    assert!(!said.contains(char::is_control), "{said:?}");
}

#[test]
fn a_file_longer_than_the_region_is_no_obstacle() {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("longer");
    let mut bytes = sound_region(&path);
    bytes.resize(bytes.len() + 10_000, 1);
    write(&path, &bytes).expect("a file");
    let region = Region::<Counter>::file(&path).open().expect("a region and more");
    assert_eq!(region.get().expect("free"), 7);
}

#[test]
fn a_copied_file_is_a_region_of_its_own() {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let (path, copy) = (directory.join("original"), directory.join("copy"));
    sound_region(&path);
    std::fs::copy(&path, &copy).expect("copied");
    let [one, other] = [path, copy].map(|path| Region::<Counter>::file(path).open());
    one.expect("a region").increment().expect("free");
    assert_eq!(other.expect("a region").get().expect("free"), 7);
}
