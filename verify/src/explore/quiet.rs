//! Panics are how an execution ends early; nobody wants to read each of them on stderr.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work`, and returns its panic as a value; whatever panics inside says nothing on stderr. Panics on other threads
/// of the program are reported as ever.
pub(super) fn catch_quietly(work: impl FnOnce()) -> std::thread::Result<()> {
    quietly(|| catch_unwind(AssertUnwindSafe(work)))
}

/// Runs `work`, whose panics say nothing on stderr, and are caught inside.
pub(crate) fn quietly<T>(work: impl FnOnce() -> T) -> T {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        // shuttle puts a hook of its own around whatever is there when it first runs: that has to be inside ours.
        #[cfg(feature = "shuttle")]
        super::shuttle::install_hook();
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !QUIET.try_with(Cell::get).unwrap_or(false) {
                before(info);
            }
        }));
    });
    let before = QUIET.replace(true);
    let result = work();
    QUIET.set(before);
    result
}
