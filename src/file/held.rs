//! The files that a thread has locked: so that it never waits for itself.

use core::cell::RefCell;

use super::opened::{Identity, LockFile};
use super::waiting::Sharing;
use crate::platform::Process;

#[derive(Clone, Copy, PartialEq, Eq)]
struct Held {
    file: Identity,
    sharing: Sharing,
    /// Not a forked child, which holds nothing.
    process: Process,
}

thread_local! {
    static HELD: RefCell<Vec<Held>> = const { RefCell::new(Vec::new()) };
}

/// Whether the calling thread would wait for itself.
pub(super) fn in_the_way(file: &LockFile, sharing: Sharing) -> bool {
    let conflicts = |held: &Held| {
        held.file == file.identity()
            && held.process == file.process()
            && (held.sharing == Sharing::Exclusive || sharing == Sharing::Exclusive)
    };
    // Where a lock is taken by another thread-local's destructor, nothing is known any more.
    HELD.try_with(|held| held.borrow().iter().any(conflicts)).unwrap_or(false)
}

/// The calling thread holds it now.
pub(super) fn note(file: &LockFile, sharing: Sharing) {
    let entry = Held { file: file.identity(), sharing, process: file.process() };
    let _ = HELD.try_with(|held| held.borrow_mut().push(entry));
}

/// The calling thread lets go of it.
pub(super) fn strike(file: &LockFile, sharing: Sharing) {
    let entry = Held { file: file.identity(), sharing, process: file.process() };
    let _ = HELD.try_with(|held| {
        let mut held = held.borrow_mut();
        if let Some(at) = held.iter().rposition(|held| *held == entry) {
            held.swap_remove(at);
        }
    });
}
