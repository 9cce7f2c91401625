//! A file with the count in it, which is replaced as a whole; and beside it a lock tied to a path, which protects a second
//! count in shared memory.

use std::fs;
use std::path::{Path, PathBuf};

use lockproof::{FileLock, RawValue, shareable, update_file};

use super::{Counted, Spot, Witness, in_words};

shareable! {
    /// `update_file`, and `FileLock` with `RawValue<u64>`.
    pub(crate) struct OnFile {
        beside: RawValue<u64>,
    }
}

impl Counted for OnFile {
    const NAME: &'static str = "file";
    const NEEDS_FOLDER: bool = true;
    const COUNT: u64 = 500;
    const A_MOMENTS_INCREMENTS: u64 = 300;

    fn increment(spot: &Spot<'_>, witness: &impl Witness) -> Result<(), String> {
        {
            let _guard = FileLock::new(spot.folder.join("lock")).lock().map_err(in_words)?;
            let beside = &spot.arena.file.beside;
            let before = beside.load();
            witness.gap();
            beside.store(before + 1);
        }
        let next = |old: &[u8]| number(old).map(|count| format!("{:020}", count + 1));
        update_file(path(spot.folder), next).map_err(in_words)
    }

    /// The smaller of the two counts. The one beside may be ahead by one for each that was killed.
    fn total(spot: &Spot<'_>, _witness: &impl Witness) -> Result<u64, String> {
        let content = fs::read(path(spot.folder)).map_err(in_words)?;
        Ok(number(&content)?.min(spot.arena.file.beside.load()))
    }
}

fn path(folder: &Path) -> PathBuf {
    folder.join("count")
}

/// What is in the file: twenty digits, or nothing at first.
fn number(content: &[u8]) -> Result<u64, String> {
    match (content.len(), std::str::from_utf8(content)) {
        (0, _) => Ok(0),
        (20, Ok(digits)) => digits.parse().map_err(in_words),
        _ => Err(format!("half a file was seen: {content:?}")),
    }
}
