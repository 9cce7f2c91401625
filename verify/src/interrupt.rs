//! What happens when people interrupt a run, by Ctrl-C or by closing the terminal: it says what was found so far, and ends as by
//! that signal.
//!
//! Workers and examiners go on until their starter has ended, and then end with it: what they would say of an end that is none
//! of theirs would only stand in the way.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::progress::Board;

#[cfg(target_os = "linux")]
pub(crate) use with_signals::leave_to_the_starter;
#[cfg(unix)]
pub(crate) use with_signals::watch;

/// There is nothing to watch for.
#[cfg(not(unix))]
pub(crate) const fn watch() {}

/// What is going on, to be told of where it is interrupted.
static UNDER_WAY: Mutex<Weak<Board>> = Mutex::new(Weak::new());

/// Tells of this board, and of none before it, where the run is interrupted.
pub(crate) fn tells_of(board: &Arc<Board>) {
    *UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(board);
}

#[cfg(unix)]
mod with_signals {
    use std::io::{Write, stderr};
    use std::sync::PoisonError;
    use std::{process, thread};

    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    use signal_hook::low_level::emulate_default_handler;

    use super::UNDER_WAY;

    /// Watches for interruptions from now on.
    pub(crate) fn watch() {
        // Where it cannot be done, an interruption ends the process at once, as it would without this.
        let Ok(mut signals) = Signals::new([SIGINT, SIGTERM, SIGHUP]) else { return };
        let watcher = thread::Builder::new().name("interruptions".to_owned());
        let _ = watcher.spawn(move || {
            if let Some(signal) = signals.forever().next() {
                tell();
                let _ = emulate_default_handler(signal);
                process::exit(128 + signal);
            }
        });
    }

    fn tell() {
        let board = UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner).upgrade();
        let Some(board) = board else { return };
        board.end();
        // Where standard error is closed, there is nobody to tell.
        let _ = write!(stderr(), "{}", board.so_far());
    }

    /// Does nothing when a terminal interrupts the whole group: the starter's end is what counts.
    #[cfg(target_os = "linux")]
    pub(crate) fn leave_to_the_starter() {
        for signal in [SIGINT, SIGHUP] {
            // A handler, as what is ignored would still be by programs that are started later.
            let _ = signal_hook::flag::register(
                signal,
                std::sync::Arc::<std::sync::atomic::AtomicBool>::default(),
            );
        }
    }
}
