//! The primitives as the models see them: what a model needs of a semaphore, say, whichever it is. [`lock`](super::lock) has the mutex.
//!
//! The shipped ones are in here as well. [`prove`](crate::prove) has those that others wrote.

pub mod counter;
pub mod event;
pub mod rwlock;
pub mod semaphore;
