//! What waiters do about holders whose death the kernel does not tell of.
//!
//! After an exec by another thread than the main one, the thread that called it lives on under another id, and its robust
//! words stay under the old one. And where a thread ended and had leaked a guard, the word is its process's, in no
//! thread's list (`platform/kept.rs`). So whoever waits for others looks now and then whether they still
//! [exist](Platform::exists), and does for those that do not what the kernel did not.

use core::sync::atomic::Ordering::Relaxed;

use super::mutex_state::State;
use crate::deadline::Deadline;
use crate::platform::Platform;

/// How long somebody sleeps before it looks. It lasts over several sleeps: somebody whom signals disturb again and again
/// would never look otherwise.
#[derive(Debug)]
pub(super) struct Patience {
    ends: Option<Deadline>,
}

impl Patience {
    pub(super) const fn new() -> Self {
        Self { ends: None }
    }

    /// Until when to sleep, for somebody whose own time is up at `deadline`.
    pub(super) fn until<P: Platform>(&mut self, p: &P, deadline: Deadline) -> Deadline {
        let patience = p.patience();
        let from_now = || patience.map_or(Deadline::Never, |long| Deadline::after(p.now(), long));
        deadline.min(*self.ends.get_or_insert_with(from_now))
    }

    /// The time is up: looks for those who are in these words, as they were last seen. No wake: the caller, awake, is the
    /// next one to look at them.
    ///
    /// Also at the caller's own deadline: somebody who always waits for less than the patience would never look.
    pub(super) fn has_run_out<P: Platform>(&mut self, p: &P, known: &[(&P::Word, u32)]) {
        if p.patience().is_some() {
            known.iter().for_each(|(word, seen)| mark_if_vanished(p, word, State(*seen)));
            self.ends = None;
        }
    }
}

/// Leaves the word as the kernel would have left it.
fn mark_if_vanished<P: Platform>(p: &P, word: &P::Word, seen: State) {
    if seen.owner() != 0 && !p.exists(seen.owner()) {
        // Relaxed: the dead thread's writes were ordered before the system call that did not find it, and whoever takes
        // the word does so with an Acquire of its own.
        let died = seen.after_owners_death().0;
        let _ = p.compare_exchange(word, seen.0, died, Relaxed, Relaxed);
    }
}
