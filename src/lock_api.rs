//! Locks in a region for those who want the types of the crate [`lock_api`].
//!
//! [`RawMutex`] and [`RawRwLock`] are raw locks as that crate wants them, so [`Mutex`] and [`RwLock`] here *are* its types, with
//! its guards and all that is written for those. In a [`Region`](crate::Region) they work between processes, and survive
//! the death of any. Where there is a choice, take [`lockproof::Mutex`](crate::Mutex) and
//! [`lockproof::RwLock`](crate::RwLock) instead, which tell of a death at the place where it matters.
//!
//! # What is promised
//!
//! [`RawMutex`], [`RawRwLock`] and [`RawReentrantMutex`] say so, each by a table. The algorithms are those of this crate's own locks, in the
//! same source, so the claims of `lockproof check` about them hold here too; what stands around them is tested, not proved.
//!
//! # If a holder dies
//!
//! `lock_api`'s `lock` gives a guard, and has no way to say more. So a death does here what a panic does in `parking_lot`: the
//! lock is free again, and the next one gets it, with the data as the dead one left it, *perhaps half-changed*. That this has
//! happened is noted in the lock, and stays noted until somebody clears it. Who cares has to ask: [`HolderDied`].
//!
//! (The other ways were to panic in `lock` until somebody clears the note, which makes one death everybody's; or to wait
//! for ever, which this crate exists to avoid. Who wants to be told at each lock has [`lockproof::Mutex`](crate::Mutex).)
//!
//! A dead reader's hold is taken back, and nothing is noted. A dead waiter disturbs nobody. A panic that drops a guard lets go
//! as in `parking_lot`, and is not noted.
//!
//! A guard that was leaked keeps the lock held until its process ends, as with [`lockproof::Mutex`](crate::Mutex#if-a-guard-is-leaked).
//!
//! Who holds one, and how many wait for it, says its [`diagnosis`](crate::diagnosis::Diagnose::diagnosis), where
//! [`owner_died`](crate::diagnosis::Diagnosis::owner_died) is the note.
//!
//! # In private memory
//!
//! What [`Mutex::new`](::lock_api::Mutex::new) makes is no lock in a region: it can be moved, and dropped while it is held (a
//! guard may be forgotten), so the kernel must not be told of it. It knows that of itself, and works between the threads
//! of one process, like any other lock: **robust it is not**. If a thread ends and has forgotten its guard, the lock stays held. In a
//! forked child, the copy of a lock that was held stays held. Where there is no region at all, take `parking_lot`.
//!
//! # What is not offered
//!
//! | `lock_api` has | why not here |
//! |---|---|
//! | `ReentrantMutex` in a region | it keeps owner and depth beside the raw mutex, where no raw mutex can put them right: after a death they are the dead thread's, whose id may be given to a living one, which then believes it holds the lock; and debug builds panic. There is [`RawReentrantMutex`], and [`lockproof::ReentrantMutex`](crate::ReentrantMutex) with data |
//! | `RawMutexFair`, `RawRwLockFair` | nobody hands over a lock, as the one who is to get it may be dead |
//! | `RawRwLockRecursive` | a reader that comes while a writer waits is not let in, not even if it reads already: it would wait for the writer, and that for it |
//! | `RawRwLockUpgrade` | the lock has no such state |
//!
//! # Panics
//!
//! `lock`, `read` and `write` cannot return an error. They panic, with its words, where the thread holds the lock already (it would wait
//! for itself), where it holds [as many as the kernel looks after](crate::error::TooManyHeld), and where locks
//! [cannot be used](crate::error::Unsupported). `try_lock` and the others with limits panic in the latter two cases only. So does
//! a downgrade in the case of too many.
//!
//! # Examples
//!
//! ```
//! use lockproof::lock_api::{HolderDied, Mutex, MutexGuard};
//! use lockproof::{Region, Workers};
//!
//! let sums = Region::<Mutex<[u64; 2]>>::anonymous()?;
//! let work = |number| {
//!     for _ in 0..1000 {
//!         let mut both = sums.lock();
//!         both[0] += 1;
//!         if number == 0 && both[0] > 500 {
//!             std::process::abort(); // with the lock held, and between two changes that belong together
//!         }
//!         both[1] += 1;
//!     }
//! };
//! // SAFETY: this process has no other threads, and the function uses nothing that must not exist twice.
//! let workers = unsafe { Workers::fork(2, work) }?;
//! assert!(workers.join().is_err(), "one was aborted");
//!
//! let mut both = sums.lock();
//! assert!(MutexGuard::mutex(&both).holder_died());
//! assert_eq!(both[0], both[1] + 1);
//! both[1] = both[0];
//! MutexGuard::mutex(&both).clear_holder_died();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![deny(clippy::disallowed_types)]

mod diagnosis;
mod holder_died;
mod layout;
mod marks;
mod mutex;
mod reentrant;
mod refusal;
mod rwlock;
mod site;

pub use holder_died::HolderDied;
pub use mutex::{MappedMutexGuard, Mutex, MutexGuard, RawMutex};
pub use reentrant::RawReentrantMutex;
pub use rwlock::{
    MappedRwLockReadGuard, MappedRwLockWriteGuard, RawRwLock, RwLock, RwLockReadGuard,
    RwLockWriteGuard,
};
