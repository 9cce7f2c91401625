//! Words that several processes share, and who waits for them.

use lockproof::deadline::Deadline::{self, Never};
use lockproof::platform::Ordering::{Acquire, Relaxed};
use lockproof::platform::{Linux, Platform, RobustWord, Waited, Word32};

use crate::common::child::{Child, exit_now, fork};
use crate::common::memory::shared_bytes;

/// All that there are.
pub(crate) const ALL: u32 = u32::MAX;

/// Linux, for the calling thread.
pub(crate) fn linux() -> &'static Linux {
    Linux::current().expect("this machine has robust lists")
}

/// Some words, all 0.
pub(crate) fn words<const N: usize>() -> &'static [Word32; N] {
    let start: *const [Word32; N] = shared_bytes(N * size_of::<Word32>()).cast();
    // SAFETY: fresh, zeroed, page-aligned and long enough, of transparent wrappers of numbers, and mapped for ever.
    unsafe { &*start }
}

/// A robust word that nobody holds.
pub(crate) fn robust_word() -> &'static RobustWord {
    let start: *const RobustWord = shared_bytes(size_of::<RobustWord>()).cast();
    // SAFETY: fresh, zeroed, page-aligned and long enough, of numbers alone, and mapped for ever.
    unsafe { &*start }
}

/// Takes a robust word as a lock does.
pub(crate) fn take(robust: &RobustWord) {
    let p = linux();
    p.robust_begin(robust).expect("few are held");
    let taken = p.compare_exchange(Linux::word(robust), 0, p.me(), Acquire, Relaxed);
    assert_eq!(taken, Ok(0));
    p.robust_insert(robust);
    p.robust_end();
}

/// Each of the words, expected to hold what it holds now.
pub(crate) fn as_they_are(words: &[Word32]) -> Vec<(&Word32, u32)> {
    words.iter().map(|word| (word, linux().load(word, Relaxed))).collect()
}

/// A process that waits for several words, and says by its end what came of it.
pub(crate) fn waits_for(words: &[(&Word32, u32)], deadline: Deadline) -> Child {
    fork(|| exit_now(code(linux().futex_wait_any(words, deadline))))
}

/// A process that waits for one word.
pub(crate) fn waits_for_one(word: &'static Word32) -> Child {
    let expected = linux().load(word, Relaxed);
    let child = fork(|| exit_now(code(linux().futex_wait(word, expected, Never))));
    child.until_asleep_on((&raw const *word).addr());
    child
}

/// What a wait came to, as the end of a process.
pub(crate) const fn code(waited: Waited) -> i32 {
    match waited {
        Waited::Woken => WOKEN,
        Waited::Changed => CHANGED,
        Waited::TimedOut => LATE,
    }
}

pub(crate) const WOKEN: i32 = 10;
pub(crate) const CHANGED: i32 = 11;
pub(crate) const LATE: i32 = 12;
