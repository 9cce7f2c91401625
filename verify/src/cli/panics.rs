//! Panics, said in words: those of a claim's run become its verdict, others are bugs of ours.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::io::Write;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook};

thread_local! {
    static CATCHING: Cell<bool> = const { Cell::new(false) };
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// From now on panics are said in a line, without a backtrace.
pub(super) fn install() {
    set_hook(Box::new(|panic| {
        if !is_caught(panic) {
            tell(panic);
        }
    }));
}

/// Whether [`catch`] is about to return this panic; its place is then kept.
pub(super) fn is_caught(panic: &PanicHookInfo<'_>) -> bool {
    let caught = CATCHING.try_with(Cell::get).unwrap_or(false);
    if caught {
        let _ = PLACE.try_with(|last| last.replace(place(panic)));
    }
    caught
}

fn place(panic: &PanicHookInfo<'_>) -> Option<String> {
    panic.location().map(|at| format!("{}:{}", at.file(), at.line()))
}

fn tell(panic: &PanicHookInfo<'_>) {
    let what = message(panic.payload());
    let place = place(panic).unwrap_or_else(|| "a place unknown".to_owned());
    let _ = writeln!(std::io::stderr(), "lockproof: a bug in lockproof, at {place}: {what}");
}

/// Runs `work`; if it panics, returns in words what it said and where.
pub(super) fn catch<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    CATCHING.set(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    CATCHING.set(false);
    result.map_err(|panic| {
        let what = message(&*panic);
        match PLACE.take() {
            Some(place) => format!("{what} ({place})"),
            None => what,
        }
    })
}

fn message(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string))
        .unwrap_or_else(|| "nothing".to_owned())
}
