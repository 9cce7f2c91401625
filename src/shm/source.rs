//! Regions that are found by a name or a path.

use core::fmt;
use core::marker::PhantomData;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::claim::Surroundings;
use super::error::RegionError;
use super::file::{File, Trusted};
use super::header::{Content, is_region};
use super::opening::{Filling, Opening, Outcome, Purpose};
use super::place::Place;
use super::region::Region;
use super::shareable::Shareable;
use crate::deadline::Monotonic;
use crate::platform::{Linux, monotonic_now};

/// How long others are waited for, unless the caller says otherwise.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// How often a name may come and go while one process wants to open it.
const ATTEMPTS: usize = 1000;

/// Where a region is, or is to be; made by [`Region::named`] and [`Region::file`].
///
/// Any number of processes may do any of this at the same time, and any of them may die at any point: one region
/// comes of it, built once. [`Region`] says what is promised, and what shows it.
///
/// # Examples
///
/// ```
/// use lockproof::{Counter, Region, Workers};
///
/// let jobs = Region::<Counter>::named(format!("lockproof-doc-{}", std::process::id()));
/// let region = jobs.create_with(|counter| counter.set(100).map(|_| ()))?;
/// let work = |_number| -> Result<(), Box<dyn std::error::Error>> {
///     jobs.open()?.increment()?;
///     Ok(())
/// };
/// // SAFETY: this process has no other threads, and the function uses nothing that must not exist twice.
/// let workers = unsafe { Workers::fork(2, work) }?;
/// workers.join()?;
/// assert_eq!(region.get()?, 102);
///
/// // Regions outlive those who use them, and are only removed by saying so.
/// drop(region);
/// assert_eq!(jobs.open_or_create()?.get()?, 102);
/// jobs.unlink()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a source does nothing until it is opened or created"]
pub struct Source<T> {
    place: Place,
    mode: Option<u32>,
    trusted: Trusted,
    patience: Duration,
    holds: PhantomData<fn() -> T>,
}

/// What a function that fills a new region may return: nothing, or a `Result`, whose error ends the creation.
pub trait Filled: sealed::Sealed {
    #[doc(hidden)]
    fn into_filling(self) -> Filling;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for () {}
    impl<E> Sealed for Result<(), E> {}
}

impl Filled for () {
    fn into_filling(self) -> Filling {
        Ok(())
    }
}

impl<E: Into<Box<dyn Error + Send + Sync>>> Filled for Result<(), E> {
    fn into_filling(self) -> Filling {
        self.map_err(Into::into)
    }
}

impl<T: Shareable> Source<T> {
    pub(super) fn new(place: Place) -> Self {
        let trusted = if place.is_for_everybody() { Trusted::Ourselves } else { Trusted::Anybody };
        Self { place, mode: None, trusted, patience: PATIENCE, holds: PhantomData }
    }

    /// The access mode of a region that is created: exactly this, whatever the process's umask. Without it, only the
    /// owner may use the region (0600).
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = Some(mode);
        self
    }

    /// Opens it also if it belongs to that user. Without it, what has a [name](Region::named) is opened only if it belongs to this
    /// process's user or to root: anybody may have been quicker to take a name, and a file's owner can cut it short under those who
    /// use it, which ends them by SIGBUS.
    ///
    /// In a user namespace, all users that have no number there are shown with one and the same, mostly 65534. That number is believed
    /// of a file only if the kernel lets this process do with it what is its owner's to do.
    pub fn owned_by(mut self, user: u32) -> Self {
        self.trusted = Trusted::User(user);
        self
    }

    /// Opens it whoever it belongs to: for machines on which all users are trusted. See [`owned_by`](Self::owned_by).
    pub fn owned_by_anybody(mut self) -> Self {
        self.trusted = Trusted::Anybody;
        self
    }

    /// How long to wait while another process builds the region: 10 seconds unless said here.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Creates the region, all zeroes.
    ///
    /// # Errors
    ///
    /// See [`RegionError`]; nothing is left behind.
    pub fn create(&self) -> Result<Region<T>, RegionError> {
        self.create_with(|_| ())
    }

    /// Creates the region, and has the function fill it, before anybody else can see what is in it.
    ///
    /// # Errors
    ///
    /// See [`RegionError`]; nothing is left behind.
    ///
    /// # Panics
    ///
    /// If the function does; nothing is left behind then either.
    pub fn create_with<R: Filled>(
        &self,
        fill: impl FnOnce(&T) -> R,
    ) -> Result<Region<T>, RegionError> {
        self.obtain(Purpose::Build, fill)
    }

    /// Opens the region. Waits while another process builds it.
    ///
    /// # Errors
    ///
    /// See [`RegionError`].
    pub fn open(&self) -> Result<Region<T>, RegionError> {
        self.obtain(Purpose::Use, |_| ())
    }

    /// Opens the region, or creates it, all zeroes, if there is none, or only what another process has
    /// begun and not finished.
    ///
    /// # Errors
    ///
    /// See [`RegionError`].
    pub fn open_or_create(&self) -> Result<Region<T>, RegionError> {
        self.open_or_create_with(|_| ())
    }

    /// As [`open_or_create`](Self::open_or_create), and has the function fill the region if it is this process that
    /// creates it. Of many processes, one does.
    ///
    /// # Errors
    ///
    /// See [`RegionError`].
    ///
    /// # Panics
    ///
    /// If the function does; the next process then creates the region.
    pub fn open_or_create_with<R: Filled>(
        &self,
        fill: impl FnOnce(&T) -> R,
    ) -> Result<Region<T>, RegionError> {
        self.obtain(Purpose::UseOrBuild, fill)
    }

    /// Removes the region's name. Processes that use it keep it; nobody can open it any more.
    ///
    /// # Errors
    ///
    /// See [`RegionError`]. What is no region, of whatever type and version, is left alone.
    pub fn unlink(&self) -> Result<(), RegionError> {
        let path = self.place.path()?;
        let beginning = File::open(&path, &self.place)?.beginning()?;
        let is_blank = beginning.iter().all(|byte| *byte == 0);
        if !is_blank && !is_region(&beginning, &self.place) {
            let (place, why) = (self.place.clone(), "it does not begin like one");
            return Err(RegionError::NotARegion { place, why });
        }
        rustix::fs::unlink(&path).map_err(|errno| RegionError::os(&self.place, "remove it", errno))
    }

    fn obtain<R: Filled>(
        &self,
        purpose: Purpose,
        fill: impl FnOnce(&T) -> R,
    ) -> Result<Region<T>, RegionError> {
        let path = self.place.path()?;
        let here = Surroundings::here()?;
        // Before a file is made for nothing.
        Linux::current()?;
        let content = Content::of::<T>();
        let until = monotonic_now().checked_add(self.patience).unwrap_or(Monotonic::MAX);
        let mut fill = Some(fill);
        let mut fill_once = |payload: &T| match fill.take() {
            Some(fill) => fill(payload).into_filling(),
            None => Ok(()),
        };
        for _ in 0..ATTEMPTS {
            let Some((file, created)) = self.reach(&path, purpose)? else { continue };
            let (here, content, path) = (&here, &content, Some(path.clone()));
            let opening = Opening { file, path, created, purpose, here, content, until };
            if let Outcome::Ready(mapping, file) = opening.run(&mut fill_once)? {
                return Ok(Region::new(mapping, Some(file.into_fd()), self.place.clone()));
            }
        }
        Err(RegionError::Unsteady(self.place.clone()))
    }

    /// The file, and whether this call created it; `None` if it came and went meanwhile.
    fn reach(&self, path: &Path, purpose: Purpose) -> Result<Option<(File, bool)>, RegionError> {
        let open = || {
            let file = File::open(path, &self.place)?;
            file.check_owner(self.trusted)?;
            Ok(Some((file, false)))
        };
        let create = || File::create(path, self.mode, &self.place).map(|file| Some((file, true)));
        match purpose {
            Purpose::Use => open(),
            Purpose::Build => create(),
            Purpose::UseOrBuild => match open() {
                Err(RegionError::NotFound(_)) => match create() {
                    Err(RegionError::AlreadyExists(_)) => Ok(None),
                    created => created,
                },
                opened => opened,
            },
        }
    }
}

impl<T: Shareable> Region<T> {
    /// A region under that name in `/dev/shm`, for all processes that may read and write it.
    ///
    /// It lives until it is [unlinked](Source::unlink) or the machine is shut down.
    pub fn named(name: impl Into<String>) -> Source<T> {
        Source::new(Place::Named(name.into()))
    }

    /// A region in the file at that path, for all processes that may read and write it.
    ///
    /// It outlives the machine's shutdown: whoever takes a lock afterwards that was held then is told so, as of any
    /// other holder's death.
    ///
    /// The file must be on a file system of this machine: over a network, others would wait for locks without being
    /// woken. While the region is in use, this crate holds a shared `flock` on it.
    pub fn file(path: impl Into<PathBuf>) -> Source<T> {
        Source::new(Place::File(path.into()))
    }
}

impl<T> fmt::Debug for Source<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("place", &self.place).finish_non_exhaustive()
    }
}
