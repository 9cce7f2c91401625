//! Locks that are known to be broken. Every one has to be caught by what it says catches it.
//!
//! A proof is only as good as its checker: these are the checker's tests. There are four kinds.
//!
//! - [`mutants`]: the shipped mutex with one thing changed at one source site. Each ordering, each wake, the waiters'
//!   bit and each write to the robust list is there because its mutant is caught.
//! - [`others`]: locks as others build them, written over the same platform: a futex mutex without the waiters' bit set
//!   again, and the robust mutex of glibc, whose two hangs are known. [`spinning`] has spinlocks, right but for deaths and
//!   for the processor's time.
//! - [`doors`], [`unfenced_doors`], [`queue_locks`] and [`futex_locks`]: locks from the literature and from bug reports, each with the
//!   mistake that made it known. [`unfenced`], [`too_late`], [`sleepers`] and [`meetings`] have what is no lock, as [`small`]
//!   programs. They are in the [zoo](crate::zoo), where each is put to every explorer.
//! - [`barrier`], [`condvar`], [`downgrade`], [`event`], [`once`], [`queue`], [`reentrant`], [`rwlock`], [`semaphore`], [`tasks`]: small programs with a mistake in the
//!   algorithm that somebody has made, each beside the same program without it, which has to hold.

pub mod barrier;
pub mod condvar;
pub mod doors;
pub mod downgrade;
pub mod event;
pub mod futex_locks;
pub mod meetings;
#[cfg(feature = "loom")]
pub mod mutants;
pub mod once;
pub mod others;
pub mod queue;
pub mod queue_locks;
pub mod reentrant;
pub mod rwlock;
pub mod semaphore;
pub mod sleepers;
pub mod small;
pub mod spinning;
pub mod tasks;
pub mod too_late;
pub mod unfenced;
pub mod unfenced_doors;

use std::sync::Arc;

use super::lock::Lock;
use super::mutex::{MutexModel, NotRecoverableModel};
use crate::claim::{Budget, Progress};
#[cfg(feature = "loom")]
use crate::explore::loom::{LoomSearch, explore};
use crate::verdict::Finding;

/// Which exploration a broken lock is put to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trial {
    /// So many processes, one increment each, all of them alive.
    Alive(usize),
    /// The same, of which the first lets go as a panic does.
    Panicking(usize),
    /// The same, of which one dies.
    Dying(usize),
    /// So many processes on a lock that one lets go of for good.
    GivenUp(usize),
}

impl Trial {
    /// How many processes take part.
    #[must_use]
    pub const fn processes(self) -> usize {
        match self {
            Self::Alive(n) | Self::Panicking(n) | Self::Dying(n) | Self::GivenUp(n) => n,
        }
    }
}

#[cfg(feature = "loom")]
impl Trial {
    /// Puts the shipped mutex, or a mutant of it, to the trial.
    #[must_use]
    pub fn of_shipped(
        self,
        name: &str,
        search: LoomSearch,
        budget: &Budget,
        progress: &dyn Progress,
    ) -> Finding {
        match self {
            Self::Panicking(n) => {
                let model = Arc::new(MutexModel::new(n, 1).with_panics());
                explore(&model, name, search, budget, progress)
            }
            Self::GivenUp(processes) => {
                let model = Arc::new(NotRecoverableModel { processes, deaths: false });
                explore(&model, name, search, budget, progress)
            }
            _ => self.of::<super::lock::Shipped>(name, search, budget, progress),
        }
    }

    /// Puts any lock to the trial. Panicking and giving up are the shipped mutex's own, and not tried with others.
    #[must_use]
    pub fn of<L: Lock>(
        self,
        name: &str,
        search: LoomSearch,
        budget: &Budget,
        progress: &dyn Progress,
    ) -> Finding {
        let model = MutexModel::<L>::new(self.processes(), 1);
        let dying = matches!(self, Self::Dying(_));
        let model = Arc::new(if dying { model.with_deaths() } else { model });
        explore(&model, name, LoomSearch { deaths: dying, ..search }, budget, progress)
    }
}
