//! A region for one run, and the workers that are given it.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{fmt, fs, io, process};

use lockproof::Region;
use lockproof::shm::{RegionError, Shareable};

use super::guardian::Guardian;
use super::process::Process;
use super::task::{Place, Task, Work};

/// How the names of runs' regions in `/dev/shm` begin.
const PREFIX: &str = "lockproof-run-";

/// A region that exists for one run.
pub(crate) struct Scratch<T: Shareable> {
    region: Region<T>,
    name: Option<String>,
    /// Removes it by name, whatever becomes of this process.
    guardian: Option<Guardian>,
}

impl<T: Shareable> Scratch<T> {
    /// One that workers inherit as a memory file.
    ///
    /// # Errors
    ///
    /// See [`RegionError`].
    pub(crate) fn inherited() -> Result<Self, RegionError> {
        Ok(Self { region: Region::memfd("lockproof-run")?, name: None, guardian: None })
    }

    /// One that workers open by its name.
    ///
    /// # Errors
    ///
    /// See [`RegionError`].
    pub(crate) fn named() -> Result<Self, RegionError> {
        remove_leftovers();
        let name = new_name();
        // First, so that there is no moment at which there is a region that nobody would remove. Without a guardian, the next
        // run removes what this one leaves behind if it is killed.
        let guardian = Guardian::of(&Path::new("/dev/shm").join(&name)).ok();
        let region = Region::named(&name).create()?;
        Ok(Self { region, name: Some(name), guardian })
    }

    pub(crate) const fn region(&self) -> &Region<T> {
        &self.region
    }

    /// Starts a worker on it.
    ///
    /// # Errors
    ///
    /// Whatever the operating system says.
    pub(crate) fn start(&self, work: Work) -> io::Result<Process> {
        self.start_with(None, work)
    }

    /// Starts a worker on it, in that process group.
    ///
    /// # Errors
    ///
    /// Whatever the operating system says.
    pub(crate) fn start_in(&self, group: u32, work: Work) -> io::Result<Process> {
        self.start_with(Some(group), work)
    }

    fn start_with(&self, group: Option<u32>, work: Work) -> io::Result<Process> {
        let (region, file) = match &self.name {
            Some(name) => (Place::Named(name.clone()), None),
            None => (Place::Inherited, self.region.as_fd()),
        };
        let task = Task { parent: process::id(), region: Some(region), work };
        Process::start(group, &task, file)
    }
}

impl<T: Shareable> Drop for Scratch<T> {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            // Whoever removed it before did the same.
            let _ = Region::<T>::named(name).unlink();
        }
        drop(self.guardian.take());
    }
}

impl<T: Shareable> fmt::Debug for Scratch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scratch").field("name", &self.name).finish_non_exhaustive()
    }
}

fn new_name() -> String {
    static REGIONS: AtomicU32 = AtomicU32::new(0);
    // Relaxed: only has to be another number each time.
    let number = REGIONS.fetch_add(1, Ordering::Relaxed);
    format!("{}{}-{number}", our_prefix(), process::id())
}

/// The prefix of names whose process ids mean what they mean to us.
fn our_prefix() -> String {
    let namespace = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    let digits = namespace.to_string_lossy().replace(|c: char| !c.is_ascii_digit(), "");
    format!("{PREFIX}{digits}-")
}

/// Removes what runs left behind that were killed before they could do it themselves.
fn remove_leftovers() {
    let prefix = our_prefix();
    let owner_of = |name: &OsStr| -> Option<u32> {
        name.to_str()?.strip_prefix(&prefix)?.split('-').next()?.parse().ok()
    };
    for entry in fs::read_dir("/dev/shm").into_iter().flatten().flatten() {
        let Some(owner) = owner_of(&entry.file_name()) else { continue };
        if !fs::exists(format!("/proc/{owner}")).unwrap_or(true) {
            // Another user's, or gone already: neither is ours to mind.
            let _ = fs::remove_file(entry.path());
        }
    }
}
