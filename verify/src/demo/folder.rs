//! A folder that is gone when this process is, however that ends.
//!
//! A process that is interrupted (Ctrl-C) or killed cannot tidy up. So a second one does: it waits until the first has let go of
//! the pipe between them, and removes what is left. It has a process group of its own, as a terminal interrupts a whole group.

use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use tempfile::TempDir;

use crate::stress::{MARK, Task, Work};

/// How long the dying may go on writing to a folder that is being removed.
const DYING_TAKES: Duration = Duration::from_secs(10);

/// A folder for one run.
#[derive(Debug)]
pub(super) struct Folder {
    folder: Option<TempDir>,
    guardian: Child,
}

impl Folder {
    /// Makes one, empty.
    pub(super) fn new() -> Result<Self, String> {
        let in_words = |error: io::Error| format!("cannot make a folder: {error}");
        let folder = TempDir::with_prefix("lockproof-demo-").map_err(in_words)?;
        let work = Work::Remove(folder.path().to_owned());
        let task = Task { parent: process::id(), region: None, work };
        let guardian = Command::new("/proc/self/exe")
            .arg0("lockproof-guardian")
            .args([MARK, &task.to_argument()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(in_words)?;
        Ok(Self { folder: Some(folder), guardian })
    }

    /// A file in it.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.as_ref().map_or_else(PathBuf::new, |folder| folder.path().join(name))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Whatever cannot be removed here, the guardian tries again.
        drop(self.folder.take());
        drop(self.guardian.stdin.take());
        let _ = self.guardian.wait();
    }
}

/// What the guardian does: waits for the end of its starter, and removes the folder.
pub(crate) fn remove_in_the_end(folder: &Path) -> Result<(), String> {
    let _ = io::stdin().read_to_end(&mut Vec::new());
    let began = Instant::now();
    while folder.exists() {
        match fs::remove_dir_all(folder) {
            Err(error) if began.elapsed() > DYING_TAKES => return Err(error.to_string()),
            _ => thread::sleep(Duration::from_millis(1)),
        }
    }
    Ok(())
}
