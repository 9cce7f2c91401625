//! The platform the library ships on: Linux on x86_64 and aarch64.
//!
//! The only file that turns inert words into atomics.

use core::fmt;
use core::mem::offset_of;
use core::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};
use core::time::Duration;

use rustix::io::retry_on_intr;
use rustix::thread::{clock_nanosleep_absolute, sched_yield};
use rustix::time::{ClockId, Timespec, clock_gettime};

use super::robust_list::ThreadContext;
use super::{Changed, Platform, ThreadId, Update, Waited, futex, threads};
use crate::deadline::{Deadline, Monotonic};
use crate::error::{TooManyHeld, Unsupported};

#[cfg(not(all(
    any(target_arch = "x86_64", target_arch = "aarch64"),
    target_pointer_width = "64",
    target_endian = "little"
)))]
compile_error!(
    "lockproof's shared memory layout is for 64-bit little-endian Linux (x86_64, aarch64)"
);

/// A shared 32-bit word.
#[repr(transparent)]
pub struct Word32(AtomicU32);

/// A shared 64-bit word.
#[repr(transparent)]
pub struct Word64(AtomicU64);

/// Shared data of 64 bits that a lock protects. Its accesses are relaxed atomics, which cost what plain
/// ones do; that none of them races is shown by the models.
#[repr(transparent)]
pub struct Cell64(AtomicU64);

/// A lock word and the links that let the kernel find it when its holder dies.
///
/// The distance between them is not ours to choose: it is the C library's, which registers one list per
/// thread for its own robust mutexes. glibc has the word 32 bytes before the `next` link, musl 28.
#[repr(C)]
pub struct RobustWord {
    words: [Word32; 2],
    /// For whom somebody waits, and since when: a thread's id above [`MILLISECONDS`] of the monotonic clock.
    waited_for: AtomicU64,
    reserved: AtomicU64,
    pub(super) links: Links,
}

impl RobustWord {
    /// Where the note of who waits is, for readers of a file.
    pub(crate) const NOTE_AT: usize = offset_of!(Self, waited_for);
}

/// An entry of the robust list, as glibc and musl lay it out.
#[repr(C)]
pub(super) struct Links {
    pub(super) previous: AtomicUsize,
    pub(super) next: AtomicUsize,
}

impl Links {
    pub(super) const PREVIOUS_BEFORE_NEXT: usize =
        offset_of!(Self, next) - offset_of!(Self, previous);
}

#[cfg(feature = "lock_api")]
impl Word32 {
    pub(crate) const fn new(value: u32) -> Self {
        Self(AtomicU32::new(value))
    }
}

/// Which of the two words is the lock's.
const WORD: usize = if cfg!(target_env = "musl") { 1 } else { 0 };

/// From an entry's `next` link to the lock word, in bytes: `futex_offset` of the robust list.
pub(crate) const WORD_FROM_LINK: i64 = (WORD * size_of::<Word32>()) as i64
    - (offset_of!(RobustWord, links) + offset_of!(Links, next)) as i64;

/// How long a waiter sleeps before it looks whether the holder still exists.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long a waiter looks away from a contended lock, each time, before it looks again; then it sleeps.
///
/// Each look takes the cache line away from the holder, who gets it back for a hundred nanoseconds or more: the time of
/// several critical sections. So looks are few, and fewer the longer the lock is fought over. All of it together costs
/// less than falling asleep and being woken. Measured with `lockproof bench mutex`: looking all the time halves what two
/// processes get done, and so does sleeping at once.
const PAUSES: [Duration; 3] =
    [Duration::from_nanos(250), Duration::from_micros(1), Duration::from_micros(4)];

/// Linux, as the calling thread sees it: always a `&'static Linux`, which is the thread's own context. (A value
/// that holds a reference would have to be stored on each fast path, for the slow path's sake.)
#[repr(transparent)]
pub struct Linux {
    context: ThreadContext,
}

impl Linux {
    /// Linux, for the calling thread. Cheap, after the first time in each thread.
    ///
    /// # Errors
    ///
    /// See [`Unsupported`].
    #[inline]
    pub fn current() -> Result<&'static Self, Unsupported> {
        Ok(Self::with(threads::current()?))
    }

    /// Linux, for operations that take no lock: those work everywhere, whatever the kernel supports. Taking a
    /// lock through it fails, unless the thread has got [`current`](Self::current) before.
    #[inline]
    #[must_use]
    pub fn lockless() -> &'static Self {
        Self::with(threads::here())
    }

    /// Says of a lock that the calling thread has taken that its guard gives no references. Then it can be the next one's as
    /// soon as the thread ends, also if the guard was leaked. To be said of each such lock, each time it was taken.
    #[inline]
    pub(crate) fn lends_nothing(&self, robust: &RobustWord) {
        self.context.lends_nothing(robust);
    }

    /// The same of the lock that was taken last, in a plain case.
    #[inline]
    pub(crate) fn newest_lends_nothing(&self, robust: &RobustWord) {
        self.context.newest_lends_nothing(robust);
    }

    #[inline]
    const fn with(context: &'static ThreadContext) -> &'static Self {
        // SAFETY: a transparent wrapper.
        unsafe { &*core::ptr::from_ref(context).cast() }
    }
}

/// How many bits of milliseconds there are: 34 years.
const MILLISECONDS: u32 = 40;

impl Linux {
    /// How many sleep on the word, if the kernel says so.
    pub(crate) fn sleepers(word: &Word32) -> Option<usize> {
        futex::sleepers(&word.0)
    }

    /// What is noted beside the word of who waits.
    pub(crate) fn noted_wait(robust: &RobustWord) -> u64 {
        robust.waited_for.load(Ordering::Relaxed)
    }

    /// For how long somebody has waited for that thread to let go, by what is noted beside the word.
    pub(crate) fn waited_for(&self, noted: u64, thread: ThreadId) -> Option<Duration> {
        let since = Duration::from_millis(noted & ((1 << MILLISECONDS) - 1));
        (noted >> MILLISECONDS == u64::from(thread)).then(|| self.now().saturating_sub(since))
    }
}

impl fmt::Debug for Linux {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Linux").field("thread", &self.me()).finish()
    }
}

/// The time on `CLOCK_MONOTONIC`.
pub(crate) fn monotonic_now() -> Monotonic {
    let time = clock_gettime(ClockId::Monotonic);
    // Neither part is ever negative on this clock.
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

/// Sleeps until that moment, whatever signals come. ([`std::thread::sleep`] goes on with what was left when one came, so that the
/// time which their handlers take does not count: where they come one after the other, it never ends.)
pub(crate) fn sleep_until(moment: Monotonic) {
    let sleep = |moment| clock_nanosleep_absolute(ClockId::Monotonic, &moment);
    let slept = Timespec::try_from(moment).is_ok_and(|it| retry_on_intr(|| sleep(it)).is_ok());
    if !slept {
        // A sandbox that forbids the call: waiting becomes polling.
        sched_yield();
    }
}

impl Platform for Linux {
    type Word = Word32;
    type RobustWord = RobustWord;
    type Word64 = Word64;
    type Cell = Cell64;

    #[inline]
    fn word(robust: &RobustWord) -> &Word32 {
        &robust.words[WORD]
    }

    #[inline]
    fn load(&self, word: &Word32, order: Ordering) -> u32 {
        word.0.load(order)
    }

    #[inline]
    fn store(&self, word: &Word32, value: u32, order: Ordering) {
        word.0.store(value, order);
    }

    #[inline]
    fn swap(&self, word: &Word32, value: u32, order: Ordering) -> u32 {
        word.0.swap(value, order)
    }

    #[inline]
    fn compare_exchange(
        &self,
        word: &Word32,
        current: u32,
        new: u32,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u32, u32> {
        word.0.compare_exchange(current, new, success, failure)
    }

    #[inline]
    fn fetch_add(&self, word: &Word32, value: u32, order: Ordering) -> u32 {
        word.0.fetch_add(value, order)
    }

    #[inline]
    fn fetch_and(&self, word: &Word32, value: u32, order: Ordering) -> u32 {
        word.0.fetch_and(value, order)
    }

    #[inline]
    fn fetch_or(&self, word: &Word32, value: u32, order: Ordering) -> u32 {
        word.0.fetch_or(value, order)
    }

    #[inline]
    fn fence(&self, order: Ordering) {
        fence(order);
    }

    #[inline]
    fn load64(&self, word: &Word64, order: Ordering) -> u64 {
        word.0.load(order)
    }

    #[inline]
    fn store64(&self, word: &Word64, value: u64, order: Ordering) {
        word.0.store(value, order);
    }

    #[inline]
    fn fetch_add64(&self, word: &Word64, value: u64, order: Ordering) -> u64 {
        word.0.fetch_add(value, order)
    }

    #[inline]
    fn compare_exchange64(
        &self,
        word: &Word64,
        current: u64,
        new: u64,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u64, u64> {
        word.0.compare_exchange(current, new, success, failure)
    }

    #[inline]
    fn cell_get(&self, cell: &Cell64) -> u64 {
        cell.0.load(Ordering::Relaxed)
    }

    #[inline]
    fn cell_set(&self, cell: &Cell64, value: u64) {
        cell.0.store(value, Ordering::Relaxed);
    }

    fn futex_wait(&self, word: &Word32, expected: u32, deadline: Deadline) -> Waited {
        futex::futex_wait(&word.0, expected, deadline)
    }

    fn futex_wake(&self, word: &Word32, count: u32) -> u32 {
        futex::futex_wake(&word.0, count)
    }

    fn futex_update_wake_all(&self, word: &Word32, update: Update) -> u32 {
        futex::futex_update_wake_all(&word.0, update)
    }

    fn futex_wait_any(&self, words: &[(&Word32, u32)], deadline: Deadline) -> Waited {
        futex::futex_wait_any(words.iter().map(|(word, expected)| (&word.0, *expected)), deadline)
    }

    fn futex_requeue(
        &self,
        from: &Word32,
        expected: u32,
        wake: u32,
        to: &Word32,
        moved: u32,
    ) -> Result<u32, Changed> {
        futex::futex_requeue(&from.0, expected, wake, &to.0, moved)
    }

    #[inline]
    fn robust_begin(&self, robust: &RobustWord) -> Result<(), TooManyHeld> {
        self.context.begin(robust)
    }

    #[inline]
    fn robust_insert(&self, robust: &RobustWord) {
        self.context.insert(robust);
    }

    #[inline]
    fn robust_remove(&self, robust: &RobustWord) -> bool {
        self.context.remove(robust)
    }

    #[inline]
    fn robust_end(&self) {
        self.context.end();
    }

    #[inline]
    fn robust_begin_plain(&self, robust: &RobustWord) -> bool {
        self.context.begin_plain(robust)
    }

    #[inline]
    fn robust_insert_plain(&self, robust: &RobustWord) {
        self.context.insert_plain(robust);
    }

    #[inline]
    fn robust_remove_plain(&self, robust: &RobustWord) -> bool {
        self.context.remove_plain(robust)
    }

    #[inline]
    fn robust_holds(&self, robust: &RobustWord) -> bool {
        self.context.holds(robust)
    }

    fn note_wait(&self, robust: &RobustWord, holder: ThreadId, first: bool) {
        let noted = robust.waited_for.load(Ordering::Relaxed);
        if first || noted >> MILLISECONDS != u64::from(holder) {
            let now = monotonic_now().as_millis() as u64 & ((1 << MILLISECONDS) - 1);
            robust.waited_for.store(u64::from(holder) << MILLISECONDS | now, Ordering::Relaxed);
        }
    }

    #[inline]
    fn me(&self) -> ThreadId {
        self.context.thread()
    }

    fn exists(&self, thread: ThreadId) -> bool {
        threads::thread_exists(thread)
    }

    fn now(&self) -> Monotonic {
        monotonic_now()
    }

    fn patience(&self) -> Option<Duration> {
        Some(PATIENCE)
    }

    fn spin(&self, round: u32) -> bool {
        let Some(pause) = PAUSES.get(round as usize) else { return false };
        // By the clock: a processor's pause instruction takes five nanoseconds on one and seventy on the next.
        let until = monotonic_now() + *pause;
        while monotonic_now() < until {
            core::hint::spin_loop();
        }
        true
    }
}

macro_rules! opaque_debug {
    ($($word:ident),*) => {$(
        impl fmt::Debug for $word {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($word)).finish_non_exhaustive()
            }
        }
    )*};
}

opaque_debug!(Word32, Word64, Cell64, RobustWord);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raw::mutex_state::{OWNER_DIED, State, UNLOCKED, WAITERS};
    use crate::raw::{LockFailure, RawMutex, RawReentrantMutex};

    fn robust_word(value: u32) -> RobustWord {
        let links = Links { previous: AtomicUsize::new(0), next: AtomicUsize::new(0) };
        let robust = RobustWord {
            words: [const { Word32(AtomicU32::new(0)) }; 2],
            waited_for: AtomicU64::new(0),
            reserved: AtomicU64::new(0),
            links,
        };
        Linux::word(&robust).0.store(value, Ordering::Relaxed);
        robust
    }

    /// For a thread that is not known yet, whose id is 0 like the owner of a free lock.
    fn is_nobodys(value: u32) {
        let p = Linux::lockless();
        assert_eq!(p.me(), threads::NOBODY);
        let mutex = RawMutex::new(robust_word(value));
        assert!(!mutex.is_mine(p));
        assert!(mutex.make_consistent(p).is_err());
        assert!(mutex.unlock(p).is_err());
        assert!(mutex.unlock_abandoned(p).is_err());
        assert!(mutex.give_up(p).is_err());
        assert_eq!(mutex.lock(p, Deadline::Now), Err(LockFailure::TooManyHeld));
        assert_eq!(mutex.state(p), State(value));
        let reentrant = RawReentrantMutex::new(robust_word(value), Cell64(AtomicU64::new(0)));
        assert!(reentrant.make_consistent(p).is_err());
        assert!(reentrant.unlock(p).is_err());
        assert_eq!(reentrant.lock(p, Deadline::Now), Err(LockFailure::TooManyHeld));
        assert_eq!(reentrant.mutex().state(p), State(value));
    }

    #[test]
    fn a_free_lock_is_not_held_by_a_thread_without_an_id() {
        let thread = std::thread::spawn(|| {
            for value in [UNLOCKED, WAITERS, OWNER_DIED, OWNER_DIED | WAITERS] {
                is_nobodys(value);
            }
        });
        thread.join().expect("no panic");
    }
}
