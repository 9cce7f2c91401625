//! Locks and shared counters for programs made of several processes.
#![doc = ""]
// Front page follows once the API is whole.

#[cfg(not(target_os = "linux"))]
compile_error!("lockproof's locks rest on Linux futexes; other systems are not supported");

pub mod deadline;
pub mod error;
pub mod platform;
pub mod raw;
#[cfg(target_os = "linux")]
pub mod shm;
#[cfg(target_os = "linux")]
pub mod sync;

#[cfg(target_os = "linux")]
pub use {
    shm::{Region, RegionError},
    sync::{AtomicCounter, Counter, Lock, Mutex, MutexGuard, RawValue, Value, ValueGuard},
};
