//! What happens when people interrupt a run, by Ctrl-C or by closing the terminal: it says what was found so far, and ends as by
//! that signal.
//!
//! Workers and examiners go on until their starter has ended, and then end with it: what they would say of an end that is none
//! of theirs would only stand in the way.

#![cfg_attr(
    not(unix),
    allow(dead_code, reason = "nothing is watched for there, so nobody is told")
)]

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Instant;

use crate::report::numbers::seconds;

#[cfg(target_os = "linux")]
pub(crate) use with_signals::leave_to_the_starter;
#[cfg(unix)]
pub(crate) use with_signals::watch;

/// There is nothing to watch for.
#[cfg(not(unix))]
pub(crate) const fn watch() {}

/// Something that takes its time.
pub(crate) trait UnderWay: Send + Sync {
    /// Clears the screen for what is said next.
    fn end(&self) {}
    /// What was found so far, where the run is interrupted.
    fn so_far(&self) -> String;
}

/// What is going on, to be told of where it is interrupted.
static UNDER_WAY: Mutex<Option<Weak<dyn UnderWay>>> = Mutex::new(None);

/// Tells of this, and of nothing before it, where the run is interrupted.
pub(crate) fn tells_of<T: UnderWay + 'static>(it: &Arc<T>) {
    let it: Weak<T> = Arc::downgrade(it);
    *UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner) = Some(it);
}

/// What has been found, of a run that shows no bars.
#[derive(Debug)]
pub(crate) struct Found {
    began: Instant,
    words: Mutex<String>,
}

impl Found {
    /// Nothing yet.
    pub(crate) fn nothing() -> Arc<Self> {
        let found = Arc::new(Self { began: Instant::now(), words: Mutex::default() });
        tells_of(&found);
        found
    }

    /// That is all of it now.
    pub(crate) fn is_now(&self, words: &impl fmt::Display) {
        *self.words.lock().unwrap_or_else(PoisonError::into_inner) = words.to_string();
    }
}

impl UnderWay for Found {
    fn so_far(&self) -> String {
        let words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        let words = if words.is_empty() { "nothing was found yet\n" } else { words.as_str() };
        format!("interrupted after {}\n{words}", seconds(self.began.elapsed()))
    }
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
        let under_way = UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(it) = under_way.and_then(|it| it.upgrade()) else { return };
        it.end();
        // Where standard error is closed, there is nobody to tell.
        let _ = write!(stderr(), "{}", it.so_far());
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
