//! The typed primitives: the algorithms of [`raw`](crate::raw) with data beside them, on Linux.
//!
//! They exist only in place, inside a [`Region`](crate::shm::Region): none can be made by value or moved.

#![deny(clippy::disallowed_types)]

mod array;
mod barrier;
mod bytes;
mod condvar;
mod counter;
mod event;
mod lock;
mod mutex;
mod once;
mod queue;
mod reentrant;
mod rwlock;
mod semaphore;
mod tasks;
mod value;

pub(crate) use mutex::deadline_at;

pub use array::{Array, ArrayGuard, RawArray};
pub use barrier::{Barrier, BarrierError, BarrierWaitResult, Party};
pub use bytes::{MessageQueue, Pipe, PipeEnd, ReceiveError, SendError};
pub use condvar::{Condvar, WaitTimeoutResult};
pub use counter::{AtomicCounter, Counter};
pub use event::Event;
pub use lock::Lock;
pub use mutex::{Mutex, MutexGuard};
pub use once::{Once, OnceState, OnceValue};
pub use queue::{PutError, Queue, TakeError};
pub use reentrant::{ReentrantMutex, ReentrantMutexGuard};
pub use rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};
pub use semaphore::{BoundedSemaphore, Permit, Semaphore, TooManyPermits};
pub use tasks::{JoinableQueue, Task, TaskLook};
pub use value::{RawValue, Scalar, Value, ValueGuard};
