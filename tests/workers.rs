//! Workers: real processes that are started, waited for, killed, and never left behind.
#![cfg(target_os = "linux")]

mod common;

#[path = "workers/ends.rs"]
mod ends;
#[path = "workers/leaving.rs"]
mod leaving;
#[path = "workers/observed.rs"]
mod observed;
#[path = "workers/passed.rs"]
mod passed;
#[path = "workers/starting.rs"]
mod starting;
#[path = "workers/waiting.rs"]
mod waiting;

use lockproof::Workers;
use lockproof::workers::Work;

use crate::common::memory::Board;

/// Workers of a supervised process.
fn forked<W: Work>(count: usize, work: impl Fn(usize) -> W) -> Workers {
    // SAFETY: a supervised process has no other threads unless its test says so, and none of the tests' functions uses
    // what must not exist twice.
    unsafe { Workers::fork(count, work) }.expect("started")
}

/// Waits for ever.
fn sleep_for_ever() -> u8 {
    loop {
        std::thread::park();
    }
}

/// A function for workers that wait until a number on the board is that of the worker plus one, or more.
fn until_told(board: &Board) -> impl Fn(usize) + '_ {
    |number| board.until(0, number as u64 + 1)
}

/// Whether this process has no children, neither living nor ended.
fn has_no_children() -> bool {
    // SAFETY: asks, without a place for a status.
    let child = unsafe { libc::waitpid(-1, core::ptr::null_mut(), libc::WNOHANG) };
    child == -1 && std::io::Error::last_os_error().raw_os_error() == Some(libc::ECHILD)
}
