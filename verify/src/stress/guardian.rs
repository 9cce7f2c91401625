//! Sees to it that what a run keeps outside of itself, a folder or a region with a name, is gone when the run is, however that ends.
//!
//! A process that is interrupted (Ctrl-C) or killed cannot tidy up. So a second one does: it waits until the first has let go of
//! the pipe between them, and removes what is left. It has a process group of its own, as a terminal interrupts a whole group.

use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{self, Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use super::task::{MARK, Task, Work};

/// How long the dying may go on writing to a folder that is being removed.
const DYING_TAKES: Duration = Duration::from_secs(10);

/// A process that removes something when this is dropped, and when this process ends.
#[derive(Debug)]
pub(crate) struct Guardian(Child);

impl Guardian {
    /// Of what is at this path.
    ///
    /// # Errors
    ///
    /// Whatever the operating system says.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        let work = Work::Remove(path.to_owned());
        let task = Task { parent: process::id(), region: None, work };
        let guardian = Command::new("/proc/self/exe")
            .arg0("lockproof-guardian")
            .args([MARK, &task.to_argument()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        Ok(Self(guardian))
    }

    /// The process group that it leads, as long as it is there.
    pub(crate) fn group(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Guardian {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// What the guardian does: waits for the end of its starter, and removes what is there.
pub(super) fn remove_in_the_end(path: &Path) -> Result<(), String> {
    let _ = io::stdin().read_to_end(&mut Vec::new());
    let began = Instant::now();
    while let Ok(there) = fs::symlink_metadata(path) {
        let removed = if there.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        match removed {
            Err(error) if began.elapsed() > DYING_TAKES => return Err(error.to_string()),
            _ => thread::sleep(Duration::from_millis(1)),
        }
    }
    Ok(())
}
