//! The algorithms, written once over a [`Platform`](crate::platform::Platform).
//!
//! No `unsafe`, no `T`, no operating system: what is in these files runs as shipped on Linux and on every
//! checker of the verification kit. The typed API in [`sync`](crate::sync) puts data beside them.

#![deny(clippy::disallowed_types)]

pub(crate) mod barrier;
mod condvar;
mod counter;
pub(crate) mod event;
pub(crate) mod init;
mod mutex;
pub mod mutex_state;
pub(crate) mod once;
mod patience;
mod queue;
mod reentrant;
pub(crate) mod rwlock;
pub(crate) mod semaphore;
mod slot;
pub mod source;
mod tasks;
mod value;

pub use barrier::{BarrierFailure, BarrierLook, RawBarrier};
pub use condvar::{Ended, RawCondvar, WaitFailure};
pub use counter::{RawAtomicCounter, RawCounter};
pub use event::{Moment, RawEvent};
pub use init::{InitFailure, RawInit};
pub use mutex::{Acquired, LockFailure, RawMutex};
pub use once::{RawOnce, Role};
pub use queue::{Look, QueueCells, QueueFailure, RawQueue, Span};
pub use reentrant::RawReentrantMutex;
pub use rwlock::{RawRwLock, Read};
pub use semaphore::{RawSemaphore, Slots};
pub use tasks::{RawTasks, TaskFailure};
pub use value::RawCell;
