//! What an algorithm may ask of the machine it runs on.
//!
//! The algorithms in [`raw`](crate::raw) are written once, against [`Platform`]. The shipped library runs
//! them on [`Linux`]; the verification kit runs the same source on checkers, and wraps any platform in
//! decorators that trace, kill or weaken. A platform is a *value* (one per thread): identity, clock,
//! robust list, crash plan and trace live in it, never in globals. Shared words are *inert*: they hold
//! bits, and only a platform can operate on them.
//!
//! Every operation is `#[track_caller]`, so that a trace names the algorithm's own line.

use core::fmt;
use core::time::Duration;

pub use core::sync::atomic::Ordering;

use crate::deadline::{Deadline, Monotonic};
use crate::error::TooManyHeld;

#[cfg(target_os = "linux")]
mod descriptors;
#[cfg(target_os = "linux")]
mod futex;
#[cfg(target_os = "linux")]
mod kept;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
mod list_head;
#[cfg(target_os = "linux")]
mod namespace;
#[cfg(target_os = "linux")]
mod processes;
#[cfg(target_os = "linux")]
mod robust_list;
#[cfg(target_os = "linux")]
mod thread_end;
#[cfg(target_os = "linux")]
mod threads;

#[cfg(target_os = "linux")]
pub use linux::{Cell64, Linux, RobustWord, Word32, Word64};

#[cfg(target_os = "linux")]
pub(crate) use {
    descriptors::{Process, Unshared},
    linux::WORD_FROM_LINK,
    linux::{monotonic_now, sleep_until},
    namespace::namespace_id,
    processes::{copy_of_inherited, end_with_starter, fork, pass_descriptor, pass_no_further},
    threads::any_held_within,
};

/// The kernel's name for a thread: never zero, and below 2^29.
///
/// On Linux this is the thread id (`gettid`), which the kernel itself compares with the lock word when
/// the thread dies; `PID_MAX_LIMIT` keeps it below 2^22.
pub type ThreadId = u32;

/// Why a [`Platform::futex_wait`] or [`Platform::futex_wait_any`] came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// Woken, or interrupted, or for no reason at all: look again.
    Woken,
    /// The word, or one of them, did not hold the expected value, so there was no sleep.
    Changed,
    /// The deadline passed.
    TimedOut,
}

/// The word of a [`Platform::futex_requeue`] did not hold the expected value, so nothing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Changed;

/// For how many words a [`Platform::futex_wait_any`] can wait.
pub const MOST_WAITED_FOR: usize = 128;

/// How [`Platform::futex_update_wake_all`] changes the word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Update {
    /// Clear the bit with this number (0 is the lowest).
    Clear(u32),
    /// Set the bit with this number (0 is the lowest).
    Set(u32),
}

impl Update {
    /// The word after the update.
    #[must_use]
    pub const fn apply(self, word: u32) -> u32 {
        match self {
            Self::Clear(bit) => word & !(1 << bit),
            Self::Set(bit) => word | 1 << bit,
        }
    }
}

/// A loop head's identity, made by [`Platform::scope`] and given back to [`Platform::at`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scope(pub usize);

/// The operations of a machine with shared words, as one of its threads sees it.
///
/// # What a checker must keep in mind
///
/// - Atomic operations obey C++20's memory model with the [`Ordering`] they name.
/// - Futex operations give no ordering to the caller. A platform may give less than Linux, never more.
/// - A thread may die before any operation, and within none. The robust-list operations count: their
///   windows are where a death is hardest to survive.
pub trait Platform {
    /// A shared 32-bit word that threads can sleep on.
    type Word;
    /// A word that the machine marks when the thread that holds it dies.
    type RobustWord;
    /// A shared 64-bit word.
    type Word64;
    /// Shared data of 64 bits that some lock protects. Two accesses of which one is a `cell_set`, and
    /// which nothing orders, are a bug in the algorithm; checkers report it as a data race.
    type Cell;

    /// The word inside a robust word.
    fn word(robust: &Self::RobustWord) -> &Self::Word;

    /// Reads the word.
    #[track_caller]
    fn load(&self, word: &Self::Word, order: Ordering) -> u32;
    /// Writes the word. Not for words that are also changed by read-modify-writes: checkers differ
    /// in what they show of such a mix.
    #[track_caller]
    fn store(&self, word: &Self::Word, value: u32, order: Ordering);
    /// Replaces the word, and returns what it was.
    #[track_caller]
    fn swap(&self, word: &Self::Word, value: u32, order: Ordering) -> u32;
    /// Replaces the word by `new` if it is `current`; never fails otherwise.
    ///
    /// # Errors
    ///
    /// The word as it was, when it was not `current`; that read has the ordering `failure`.
    #[track_caller]
    fn compare_exchange(
        &self,
        word: &Self::Word,
        current: u32,
        new: u32,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u32, u32>;
    /// Adds to the word, wrapping, and returns what it was.
    #[track_caller]
    fn fetch_add(&self, word: &Self::Word, value: u32, order: Ordering) -> u32;
    /// Keeps only the bits of `value`, and returns what the word was.
    #[track_caller]
    fn fetch_and(&self, word: &Self::Word, value: u32, order: Ordering) -> u32;
    /// Sets the bits of `value`, and returns what the word was.
    #[track_caller]
    fn fetch_or(&self, word: &Self::Word, value: u32, order: Ordering) -> u32;
    /// A fence.
    #[track_caller]
    fn fence(&self, order: Ordering);

    /// Reads the 64-bit word.
    #[track_caller]
    fn load64(&self, word: &Self::Word64, order: Ordering) -> u64;
    /// Writes the 64-bit word.
    #[track_caller]
    fn store64(&self, word: &Self::Word64, value: u64, order: Ordering);
    /// Adds to the 64-bit word, wrapping, and returns what it was.
    #[track_caller]
    fn fetch_add64(&self, word: &Self::Word64, value: u64, order: Ordering) -> u64;
    /// Replaces the 64-bit word by `new` if it is `current`; never fails otherwise.
    ///
    /// # Errors
    ///
    /// The word as it was, when it was not `current`.
    #[track_caller]
    fn compare_exchange64(
        &self,
        word: &Self::Word64,
        current: u64,
        new: u64,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u64, u64>;

    /// Reads protected data.
    #[track_caller]
    fn cell_get(&self, cell: &Self::Cell) -> u64;
    /// Writes protected data.
    #[track_caller]
    fn cell_set(&self, cell: &Self::Cell, value: u64);

    /// Sleeps while the word holds `expected`, which is compared as one step with falling asleep.
    /// May return at any time for no reason. Orders nothing.
    #[track_caller]
    fn futex_wait(&self, word: &Self::Word, expected: u32, deadline: Deadline) -> Waited;
    /// Wakes up to `count` sleepers of the word, in no promised order, and returns how many. Orders
    /// nothing.
    #[track_caller]
    fn futex_wake(&self, word: &Self::Word, count: u32) -> u32;
    /// Changes the word and wakes all its sleepers, as one step that neither a death nor somebody
    /// falling asleep can divide. The change is a read-modify-write without ordering of its own.
    #[track_caller]
    fn futex_update_wake_all(&self, word: &Self::Word, update: Update) -> u32;
    /// Sleeps while each of these words holds what is expected of it, until somebody wakes a sleeper of any of them.
    ///
    /// The words are compared one after another, in their order, each as one step with becoming a sleeper of that word.
    /// So this is no look at all of them at one moment; but from a word's comparison on, no wake of it is missed. May
    /// return at any time for no reason. Orders nothing.
    ///
    /// Whoever was woken at one word still is a sleeper of the others until it runs and leaves them, one after another.
    /// So one caller may be what several wakes found, also where it then finds a later word changed or its deadline has
    /// passed: it says that it was woken. Whoever must not keep such wakes to itself has to pass them on, at all of the
    /// words; what it was woken at is not said. If it dies meanwhile, it leaves all of them, and those wakes are lost
    /// with it.
    ///
    /// It costs about as much as a [`futex_wait`](Self::futex_wait) for each of the words, one after another.
    ///
    /// Where the machine refuses the call, the caller sleeps on the first word alone, and returns for no reason after a
    /// moment: wakes of the others find nobody, and are noticed late.
    ///
    /// # Panics
    ///
    /// If there are no words, or more than [`MOST_WAITED_FOR`].
    #[track_caller]
    fn futex_wait_any(&self, words: &[(&Self::Word, u32)], deadline: Deadline) -> Waited;
    /// If the word `from` holds `expected`, wakes up to `wake` of its sleepers and moves up to `moved` of the rest to the
    /// word `to`, which is another one, without waking them; returns how many were woken or moved. All that is one step,
    /// with the comparison, which neither a death nor somebody falling asleep on either word can divide. Orders nothing.
    ///
    /// Whoever was moved sleeps on `to`, whatever that holds: it is a sleeper of that word as others are, also for the
    /// machine where a thread dies, and not of `from` any more. A caller of [`futex_wait_any`](Self::futex_wait_any) is
    /// moved with that one of its words. Somebody who is interrupted while it sleeps there may, without returning,
    /// begin anew with what it had asked for: it then compares `from` again. So whoever moves sleepers changes the
    /// word first. Who is moved and dies, or returns for no reason, is no sleeper any more: the number counts it
    /// all the same.
    ///
    /// Where the machine refuses the call, all sleepers of `from` are woken, as for no reason; some of them are
    /// counted.
    ///
    /// # Errors
    ///
    /// [`Changed`] if the word does not hold that value: nobody was moved.
    #[track_caller]
    fn futex_requeue(
        &self,
        from: &Self::Word,
        expected: u32,
        wake: u32,
        to: &Self::Word,
        moved: u32,
    ) -> Result<u32, Changed>;

    /// Announces an operation on the robust word: if this thread dies before
    /// [`robust_end`](Self::robust_end), the machine looks at that word too.
    ///
    /// # Errors
    ///
    /// When this thread holds as many robust words as the machine will look after.
    #[track_caller]
    fn robust_begin(&self, robust: &Self::RobustWord) -> Result<(), TooManyHeld>;
    /// Enters the robust word among those this thread holds.
    #[track_caller]
    fn robust_insert(&self, robust: &Self::RobustWord);
    /// Strikes the robust word from those this thread holds, and announces the operation like
    /// [`robust_begin`](Self::robust_begin). Returns false, and does nothing, if it was not among them.
    #[track_caller]
    fn robust_remove(&self, robust: &Self::RobustWord) -> bool;
    /// Ends what [`robust_begin`](Self::robust_begin) or [`robust_remove`](Self::robust_remove) began.
    #[track_caller]
    fn robust_end(&self);

    /// As [`robust_begin`](Self::robust_begin), and says whether it did: a platform may do nothing and return false
    /// wherever there is more to it than the plainest case. Whoever asks keeps the rest out of the way of the fast path.
    #[track_caller]
    fn robust_begin_plain(&self, robust: &Self::RobustWord) -> bool {
        self.robust_begin(robust).is_ok()
    }
    /// As [`robust_insert`](Self::robust_insert), after [`robust_begin_plain`](Self::robust_begin_plain).
    #[track_caller]
    fn robust_insert_plain(&self, robust: &Self::RobustWord) {
        self.robust_insert(robust);
    }
    /// As [`robust_remove`](Self::robust_remove), but a platform may do nothing and return false wherever there is more
    /// to it than the plainest case.
    #[track_caller]
    fn robust_remove_plain(&self, robust: &Self::RobustWord) -> bool {
        self.robust_remove(robust)
    }

    /// Whether the robust word is among those this thread holds. Known to the thread itself, without a look at the
    /// word.
    fn robust_holds(&self, robust: &Self::RobustWord) -> bool;

    /// Notes, for people who look on, that somebody waits for this holder; since now, if it is the `first` one to do so.
    fn note_wait(&self, robust: &Self::RobustWord, holder: ThreadId, first: bool) {
        let _ = (robust, holder, first);
    }

    /// This thread.
    fn me(&self) -> ThreadId;
    /// Whether that thread still exists; of the one that gave its process its id, whether the process does. Only a `false` is
    /// certain: ids are reused.
    fn exists(&self, thread: ThreadId) -> bool;
    /// The time.
    fn now(&self) -> Monotonic;
    /// How long a waiter sleeps before it looks whether the one it waits for
    /// [still exists](Self::exists); `None` where no thread can vanish without a trace.
    fn patience(&self) -> Option<Duration>;
    /// Pauses for a moment and returns true while it is worth looking again before sleeping. `round`
    /// counts from zero. A platform may always say no.
    fn spin(&self, round: u32) -> bool;
    /// Lets others go on, on each way round a loop that waits for somebody else's store without sleeping: a hint for the
    /// processor. Checkers that run threads in turn let another one run.
    fn pause(&self) {
        core::hint::spin_loop();
    }

    /// Marks the entry of a loop for checkers that explore states.
    #[track_caller]
    fn scope(&self) -> Scope {
        Scope::default()
    }
    /// Marks a loop's head. `token` is everything that the loop itself changes in local variables.
    #[track_caller]
    fn at(&self, scope: Scope, token: impl fmt::Debug + core::hash::Hash) {
        let _ = (scope, token);
    }
}
