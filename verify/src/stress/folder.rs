//! A folder that is gone when this process is, however that ends.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::{env, io};

use super::guardian::Guardian;
use crate::report::trouble;

/// A folder for one run. Its guardian removes it.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    guardian: Guardian,
}

impl Folder {
    /// Makes one, empty.
    pub(crate) fn new(prefix: &str) -> Result<Self, String> {
        let all = env::temp_dir();
        let in_words = |error: io::Error| {
            let (all, why) = (all.display(), trouble::in_words(&error));
            format!("cannot make a folder in {all}, which TMPDIR may say otherwise: {why}")
        };
        let path = all.join(format!("{prefix}{:016x}", fastrand::u64(..)));
        // First, so that there is no moment at which there is a folder that nobody would remove.
        let guardian = Guardian::of(&path).map_err(in_words)?;
        DirBuilder::new().mode(0o700).create(&path).map_err(in_words)?;
        Ok(Self { path, guardian })
    }

    /// A file in it.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// A process group that is there as long as this is.
    pub(crate) fn group(&self) -> u32 {
        self.guardian.group()
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}
