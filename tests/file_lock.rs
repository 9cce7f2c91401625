//! Locks on files, and files that are replaced whole, between real processes that die at any point.
#![cfg(target_os = "linux")]

mod common;

#[path = "file_lock/deaths.rs"]
mod deaths;
#[path = "file_lock/exclusion.rs"]
mod exclusion;
#[path = "file_lock/forks.rs"]
mod forks;
#[path = "file_lock/kept.rs"]
mod kept;
#[path = "file_lock/misuse.rs"]
mod misuse;
#[path = "file_lock/replaced.rs"]
mod replaced;
#[path = "file_lock/scratch.rs"]
mod scratch;
#[path = "file_lock/timeouts.rs"]
mod timeouts;
#[path = "file_lock/updates.rs"]
mod updates;
