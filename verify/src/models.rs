//! The models: one file per thing checked, named as the algorithm's file.

pub mod again;
pub mod another;
pub mod any;
pub mod barrier;
pub mod broken;
#[cfg(all(feature = "loom", feature = "shuttle"))]
mod claims;
pub mod condvar;
pub mod counter;
pub mod endless;
pub mod event;
mod explored;
pub mod init;
pub mod litmus;
pub mod lock;
pub mod mutex;
pub mod queue;
pub mod recovery;
pub mod registry;
pub mod replaced;
pub mod rwlock;
pub mod rwlock_endless;
pub mod scenarios;
pub mod semaphore;
pub mod spans;
pub mod tasks;
pub mod tries;
mod wrapping;

#[cfg(all(feature = "loom", feature = "shuttle"))]
pub use claims::claims;

/// The claims that need no other checker: without loom and shuttle, the explorer and real processes are left.
#[cfg(not(all(feature = "loom", feature = "shuttle")))]
#[must_use]
pub fn claims(selection: &crate::claim::Selection) -> Vec<crate::claim::Claim> {
    let mut all = explored::claims();
    #[cfg(target_os = "linux")]
    all.extend(crate::stress::claims());
    all.retain(|claim| selection.includes(claim));
    all
}
