//! Locks and shared counters for programs made of several processes, in shared memory, that survive the death of their
//! holder. That they do is proved: the kit `lockproof-verify` runs the source in [`raw`], as shipped, through every
//! interleaving, weak-memory behaviour and point of death within stated bounds.
//!
//! | type | for | when a holder dies |
//! |---|---|---|
//! | [`Mutex`] | data that one at a time may change | the next holder is told, with the guard: [`OwnerDied`](error::OwnerDied) |
//! | [`RwLock`] | data that many may read, or one may change | of a writer: the next holder is told; of a reader: its hold is taken back |
//! | [`ReentrantMutex`] | what its holder may take again | the next holder is told |
//! | [`Lock`] | anything else that one at a time may do; `acquire` and `release` | the next holder is told |
//! | [`Value`] | a value with a reentrant lock of its own | the next holder is told |
//! | [`Array`] | an array with one reentrant lock for the whole | the next holder is told |
//! | [`Counter`] | counting under a lock | nothing is torn; the next operation goes on, and counts the death |
//! | [`AtomicCounter`] | counting without a lock | nothing to lose |
//! | [`Semaphore`], [`BoundedSemaphore`] | permits for so many at a time, and signals | its permits come back; those taken by hand do not |
//! | [`Barrier`] | a point that so many pass together | the others are told at once |
//! | [`Condvar`] | waiting for what others change under a [`Mutex`] | a dead waiter takes no notification with it |
//! | [`Event`] | one says that something happened, others wait for it | nobody is blocked by it |
//! | [`Once`], [`OnceValue`] | what the first one to come does, or computes, for all | the next one does it |
//! | [`Queue`], [`MessageQueue`], [`Pipe`] | handing elements, or messages of any length, from producers to consumers | its unfinished element, or the one it took, is lost, and counted |
//! | [`JoinableQueue`] | tasks, and waiting until all are done | the task it had in hand is lost, and counted; nobody waits for it |
//! | [`FileLock`] | a lock tied to a path, alone or shared; needs no region | the kernel releases it; nobody is told |
//! | [`update_file`] | a file's content, replaced whole or not at all | the old content or the new one is there |
//! | [`Workers`] | starts processes from a function or a command, with the region, and never leaves them behind | tells who, and what of |
//! | [`RawValue`], [`RawArray`] | a number that is only loaded and stored; **loses updates** when it is counted with | nothing to lose |
//!
//! All but those for files and processes live in a [`Region`]: memory that several processes map. [`shareable!`] makes a
//! structure of them that can be placed in one.
//!
//! # Examples
//!
//! ```
//! use lockproof::{Counter, Region};
//!
//! let visitors = Region::<Counter>::memfd("visitors")?;
//! // The file descriptor, handed to another process, is the region: `Region::from_fd` opens it there.
//! let same = Region::<Counter>::from_fd(visitors.as_fd().expect("a memory file").try_clone_to_owned()?)?;
//! visitors.increment()?;
//! same.increment()?;
//! assert_eq!(visitors.get()?, 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # With `lock_api`
//!
//! The feature `lock_api`, which is off by default, adds a module of that name: raw locks for the crate `lock_api`, whose `Mutex`
//! and `RwLock` can then be placed in a region.
//!
//! # Between threads
//!
//! Everything works between the threads of one process as well. `std::sync` is the better choice there.
//!
//! # Elsewhere than on Linux
//!
//! The locks rest on Linux's futexes and robust lists. On other systems only the algorithms are there, [`raw`], and the
//! [`platform`] that they ask for: enough for `lockproof-verify` to check them.

#![cfg_attr(
    not(target_os = "linux"),
    allow(dead_code, reason = "what only the regions and the typed locks need")
)]

pub mod deadline;
#[cfg(target_os = "linux")]
pub mod diagnosis;
pub mod error;
#[cfg(target_os = "linux")]
pub mod file;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod hostile;
#[cfg(target_os = "linux")]
pub mod inspect;
#[cfg(all(target_os = "linux", feature = "lock_api"))]
pub mod lock_api;
pub mod platform;
pub mod raw;
#[cfg(target_os = "linux")]
pub mod shm;
#[cfg(target_os = "linux")]
pub mod sync;
#[cfg(target_os = "linux")]
pub mod workers;

#[cfg(target_os = "linux")]
pub use file::{FileLock, FileLockGuard, update_file};
#[cfg(target_os = "linux")]
pub use shm::{Region, RegionError};
#[cfg(target_os = "linux")]
pub use sync::{
    Array, ArrayGuard, AtomicCounter, Barrier, BarrierError, BarrierWaitResult, BoundedSemaphore,
    Condvar, Counter, Event, JoinableQueue, Lock, MessageQueue, Mutex, MutexGuard, Once, OnceState,
    OnceValue, Party, Permit, Pipe, PipeEnd, PutError, Queue, RawArray, RawValue, ReceiveError,
    ReentrantMutex, ReentrantMutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard, Semaphore,
    SendError, TakeError, Task, TaskLook, TooManyPermits, Value, ValueGuard, WaitTimeoutResult,
};
#[cfg(target_os = "linux")]
pub use workers::Workers;

/// The README's example compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// And those of the pages about the library.
#[cfg(all(doctest, target_os = "linux"))]
mod pages {
    #[doc = include_str!("../docs/mutex-and-death.md")]
    struct MutexAndDeath;
    #[doc = include_str!("../docs/primitives.md")]
    struct Primitives;
    #[doc = include_str!("../docs/regions.md")]
    struct Regions;
}
