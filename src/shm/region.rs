//! Shared memory with something in it.

use core::fmt;
use core::ops::Deref;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use super::building::build_unseen;
use super::claim::Surroundings;
use super::error::RegionError;
use super::file::File;
use super::header::Content;
use super::map::Mapping;
use super::memfd;
use super::opening::{Opening, Outcome, Purpose};
use super::place::Place;
use super::shareable::Shareable;
use crate::error::StillHeld;
use crate::platform::monotonic_now;

/// Shared memory that holds a `T`, and gives it by dereferencing.
///
/// | made by | found by | lives until |
/// |---|---|---|
/// | [`anonymous`](Self::anonymous) | children, by fork | the last process that has it ends |
/// | [`memfd`](Self::memfd) | whoever gets its descriptor ([`from_fd`](Self::from_fd)) | the same |
/// | [`named`](Self::named) | its name | it is unlinked, or the machine is shut down |
/// | [`file`](Self::file) | its path | it is unlinked |
///
/// What a `T` can be is said at [`Shareable`]. It begins as all zeroes, which is the initial state of every
/// primitive of this crate. Clones are cheap, and share the mapping, which ends with the last of them.
///
/// # What is promised
///
/// | | shown by |
/// |---|---|
/// | of many that create or open it at once, one makes it, and all find it whole | `init/*`, `tests/region/creation.rs` |
/// | a maker that dies half-way is followed by another, who begins anew; nobody hangs | `init/*/deaths-*`, `init/*/crash`, `tests/region/creation.rs` |
/// | what is not the region that the program means (its type, size, format, byte order), or is damaged, is refused in words | `tests/header.rs`, `tests/region/misuse.rs` |
/// | so is a region of another PID namespace | `tests/region/namespaces.rs` |
/// | after a reboot every holder counts as dead, once for all | `tests/region/reboot.rs` |
/// | children find it, and whoever gets its descriptor | `tests/region/passing.rs` |
/// | the memory stays mapped as long as one of its locks is held, also by a guard that was forgotten | `tests/region/closing.rs`, `tests/threads.rs` |
///
/// The models have what happens in shared memory: who makes it, and who waits for that. What happens in the file system before,
/// and the refusals, real processes show.
///
/// Not promised: anything against those who may write to the region and mean harm, see below; that a named region is ever
/// removed, unless somebody [unlinks](super::Source::unlink) it.
///
/// # If a holder dies
///
/// See each primitive. A process may also die while it creates or opens a region, at any point: others go on.
///
/// # Who can do harm
///
/// Whoever may write to a region can spoil what is in it, and whoever may cut short its file can end its users by
/// SIGBUS (memory files are sealed against it). Checks protect against mistakes, not against processes with the
/// right to write; so the default mode is 0600.
///
/// # Examples
///
/// Four processes find a region by its name. Whoever comes first makes it:
///
/// ```
/// use lockproof::{Counter, Mutex, Region, Workers, shareable};
///
/// shareable! {
///     pub struct Shared {
///         pub tickets: Counter,
///         pub log: Mutex<[u64; 4]>,
///     }
/// }
///
/// let name = format!("lockproof-doc-tickets-{}", std::process::id());
/// let work = |number: usize| -> Result<(), Box<dyn std::error::Error>> {
///     let shared = Region::<Shared>::named(&*name).open_or_create()?;
///     let ticket = shared.tickets.increment()?;
///     shared.log.lock().expect("nobody has died")[number] = ticket;
///     Ok(())
/// };
/// // SAFETY: this process has no other threads, and the function uses nothing that must not exist twice.
/// let workers = unsafe { Workers::fork(4, work) }?;
/// workers.join()?;
///
/// let shared = Region::<Shared>::named(&*name).open()?;
/// let mut log = *shared.log.lock().expect("nobody has died");
/// log.sort_unstable();
/// assert_eq!(log, [0, 1, 2, 3]);
/// Region::<Shared>::named(&*name).unlink()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Region<T: Shareable> {
    inner: Arc<Inner<T>>,
}

struct Inner<T: Shareable> {
    mapping: Mapping<T>,
    /// For passing it on. The mapping holds the file, and with it the lock that says that it is in use, by itself.
    file: Option<OwnedFd>,
    place: Place,
}

impl<T: Shareable> Region<T> {
    /// A new region in no file, shared with the children that this process forks.
    ///
    /// # Errors
    ///
    /// See [`RegionError`].
    pub fn anonymous() -> Result<Self, RegionError> {
        let (here, place) = (Surroundings::here()?, Place::Anonymous);
        let content = Content::of::<T>();
        let mapping = Mapping::anonymous(content.outline().len())
            .map_err(|e| RegionError::os(&place, "map it", e))?;
        build_unseen(&mapping, &here, &content)?;
        Ok(Self::new(mapping, None, place))
    }

    /// A new region in a memory file, which can be passed to other processes. `label` is for people: it is what
    /// `/proc/PID/maps` shows.
    ///
    /// The file is sealed against changes of its size, and closed when this process executes another
    /// program, unless that is undone with `fcntl`.
    ///
    /// # Errors
    ///
    /// See [`RegionError`].
    pub fn memfd(label: &str) -> Result<Self, RegionError> {
        let (here, content) = (Surroundings::here()?, Content::of::<T>());
        let file = memfd::create(label, content.total())?;
        let mapping = Mapping::of_more_of_a_file(&file, content.outline().len())
            .map_err(|e| file.error("map it", e))?;
        build_unseen(&mapping, &here, &content)?;
        let place = file.place().clone();
        Ok(Self::new(mapping, Some(file.into_fd()), place))
    }

    /// The region in a file that was inherited or received: a memory file, or any other that holds one.
    ///
    /// # Errors
    ///
    /// See [`RegionError`].
    pub fn from_fd(fd: OwnedFd) -> Result<Self, RegionError> {
        let place = Place::Descriptor(fd.as_raw_fd());
        let (here, content) = (Surroundings::here()?, Content::of::<T>());
        let file = File::received(fd, place.clone())?;
        memfd::check_sealed(&file)?;
        let opening = Opening {
            file,
            path: None,
            created: false,
            purpose: Purpose::Use,
            here: &here,
            content: &content,
            until: monotonic_now() + super::source::PATIENCE,
        };
        match opening.run(&mut |_| Ok(()))? {
            Outcome::Ready(mapping, file) => Ok(Self::new(mapping, Some(file.into_fd()), place)),
            Outcome::Vanished => Err(RegionError::NotFound(place)),
        }
    }

    /// The file behind the region, to be passed to other processes; none behind an anonymous one.
    #[must_use]
    pub fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        self.inner.file.as_ref().map(AsFd::as_fd)
    }

    /// Where the region is.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.inner.place
    }

    /// Gives this clone of the region up, and unmaps the memory if it was the last.
    ///
    /// Dropping does the same, but can only tell standard error when the memory cannot be unmapped.
    ///
    /// # Errors
    ///
    /// [`StillHeld`] if this process still holds a lock in the region. The memory then stays mapped as long as the process
    /// lives.
    pub fn close(self) -> Result<(), StillHeld> {
        match Arc::into_inner(self.inner) {
            Some(inner) if inner.mapping.is_held() => {
                core::mem::forget(inner);
                Err(StillHeld::new())
            }
            _ => Ok(()),
        }
    }

    pub(super) fn new(mapping: Mapping<T>, file: Option<OwnedFd>, place: Place) -> Self {
        Self { inner: Arc::new(Inner { mapping, file, place }) }
    }
}

impl<T: Shareable> Drop for Inner<T> {
    fn drop(&mut self) {
        if !self.mapping.is_held() {
            return;
        }
        let said = format!("lockproof: {}: {}\n", self.place, StillHeld::new());
        // Neither `eprintln`, which panics where standard error is closed, nor its lock, which a forked child may
        // find held for ever.
        let _ = rustix::io::write(std::io::stderr(), said.as_bytes());
    }
}

impl<T: Shareable> Deref for Region<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.inner.mapping.payload()
    }
}

impl<T: Shareable> Clone for Region<T> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<T: Shareable> fmt::Debug for Region<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Region").field("place", &self.inner.place).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use super::*;
    use crate::Lock;

    #[test]
    fn a_held_lock_is_never_overlooked_while_its_thread_lets_go_of_others() {
        const OTHERS: usize = 100;
        const ROUNDS: usize = 1000;
        let others = Region::<[Lock; OTHERS]>::anonymous().expect("a region");
        let kept = Region::<Lock>::anonymous().expect("a region");
        let newest = Region::<Lock>::anonymous().expect("a region");
        // Odd while the lock is kept.
        let phase = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    others.iter().for_each(|lock| assert!(lock.acquire(true, None).expect("free")));
                    kept.acquire(true, None).expect("free");
                    newest.acquire(true, None).expect("free");
                    phase.fetch_add(1, SeqCst);
                    // The oldest first: each time, all newer ones change their places in the thread's records.
                    others.iter().for_each(|lock| lock.release().expect("held"));
                    phase.fetch_add(1, SeqCst);
                    newest.release().expect("held");
                    kept.release().expect("held");
                }
            });
            let mut looks = 0;
            loop {
                let before = phase.load(SeqCst);
                let held = kept.inner.mapping.is_held();
                if before == 2 * ROUNDS {
                    break;
                }
                if before % 2 == 1 && before == phase.load(SeqCst) {
                    looks += 1;
                    assert!(held, "overlooked at look {looks}");
                }
            }
            assert!(looks > 0, "never looked at the right moment");
        });
    }
}
