//! The typed primitives: the algorithms of [`raw`](crate::raw) with data beside them, on Linux.
//!
//! They exist only in place, inside a [`Region`](crate::shm::Region): none can be made by value or moved.

#![deny(clippy::disallowed_types)]

mod counter;
mod event;
mod lock;
mod mutex;
mod rwlock;
mod value;

pub use counter::{AtomicCounter, Counter};
pub use event::Event;
pub use lock::Lock;
pub use mutex::{Mutex, MutexGuard};
pub use rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};
pub use value::{RawValue, Scalar, Value, ValueGuard};
