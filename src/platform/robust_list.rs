//! The calling thread's robust list: which locks the kernel has to look at when the thread dies.
//!
//! # What is promised
//!
//! A held lock is in the list, or announced as pending; the kernel finds it whenever the thread dies
//! (`exit_robust_list` in `kernel/futex/core.c`). The list is the one the C library registered for its own robust
//! mutexes, shared with them: there can only be one per thread.
//!
//! # Who is trusted
//!
//! An entry's links lie in shared memory, where another process can overwrite them. They are written for
//! the kernel, which reads them with care, and not believed: each thread keeps a private table of the locks
//! it holds and of each one's successor. A link is read back only where the C library's own mutexes are
//! neighbours in the list, as those change their neighbours' links.
//!
//! # The list
//!
//! ```text
//! head ──► newest ──► ... ──► oldest ──► head      (each arrow a `next`; new entries go in at the head)
//! table:   [count-1]          [0]
//! ```
//!
//! Invariants:
//!
//! 1. `held[..count]` are this thread's entries, oldest first, in the order in which they stand in the list;
//!    the C library's entries may stand anywhere between them.
//! 2. `held[i].successor` is the entry's successor in the list if that is one of ours or the head. It is
//!    [`FOREIGN`] if one of the C library's stood there when the entry was made: then the link is read.
//! 3. `top` is the newest of ours, or the head: what an insertion expects the list to begin with.
//!
//! A death between two writes finds each lock in the list or pending, as every change of the list happens
//! while the lock concerned is pending.

use core::ptr;
use core::sync::atomic::{
    AtomicBool, AtomicI64, AtomicPtr, AtomicU32, AtomicUsize, Ordering::AcqRel, Ordering::Acquire,
    Ordering::Relaxed, Ordering::Release, Ordering::SeqCst, compiler_fence, fence,
};
use std::cell::Cell;

use super::linux::{Links, RobustWord, WORD_FROM_LINK};
use super::namespace;
use crate::error::{TooManyHeld, Unsupported};

/// How many entries the kernel walks (`ROBUST_LIST_LIMIT` in `include/uapi/linux/futex.h`).
const KERNEL_LIMIT: usize = 2048;

/// The address of an entry's `next` link, as lists hold it; bit 0 marks the C library's
/// priority-inheritance mutexes.
type Entry = usize;

/// Stands for "read the link": no entry has this address.
const FOREIGN: Entry = 0;

/// No thread's id.
const NOBODY: u32 = 0;

/// `struct robust_list_head` of `include/uapi/linux/futex.h`.
#[repr(C)]
pub(super) struct Head {
    next: AtomicUsize,
    futex_offset: AtomicI64,
    pending: AtomicUsize,
}

struct Held {
    entry: AtomicUsize,
    successor: AtomicUsize,
}

/// What this crate keeps for a thread. Made on the thread's first lock, never freed, handed to a
/// later thread. Only its thread writes to it; others may look, so all of it is atomic.
pub(super) struct ThreadContext {
    thread: AtomicU32,
    head: AtomicPtr<Head>,
    top: AtomicUsize,
    count: AtomicUsize,
    room: AtomicUsize,
    held: &'static [Held],
    in_use: AtomicBool,
    /// Its thread will not give it back: it is free once that thread no longer exists.
    unattended: AtomicBool,
    next: AtomicPtr<ThreadContext>,
}

thread_local! {
    static CONTEXT: Cell<Option<&'static ThreadContext>> = const { Cell::new(None) };
    static AT_EXIT: AtExit = const { AtExit };
}

/// The list of whoever has none.
static NO_LIST: Head = Head {
    next: AtomicUsize::new(0),
    futex_offset: AtomicI64::new(0),
    pending: AtomicUsize::new(0),
};

/// A context for operations that never take a lock: it has room for none.
pub(super) static LOCKLESS: ThreadContext = ThreadContext {
    thread: AtomicU32::new(NOBODY),
    head: AtomicPtr::new((&raw const NO_LIST).cast_mut()),
    top: AtomicUsize::new(0),
    count: AtomicUsize::new(0),
    room: AtomicUsize::new(0),
    held: &[],
    in_use: AtomicBool::new(false),
    unattended: AtomicBool::new(false),
    next: AtomicPtr::new(ptr::null_mut()),
};

/// All contexts there ever were, newest first.
static CONTEXTS: AtomicPtr<ThreadContext> = AtomicPtr::new(ptr::null_mut());

/// The calling thread's context.
#[inline]
pub(super) fn current() -> Result<&'static ThreadContext, Unsupported> {
    match CONTEXT.get() {
        Some(context) => Ok(context),
        None => enter(),
    }
}

/// Whether a living thread of this process holds a lock with its word in that range of addresses.
pub(crate) fn any_held_within(range: &core::ops::Range<usize>) -> bool {
    contexts().any(|context| context.holds_within(range))
}

#[cold]
fn enter() -> Result<&'static ThreadContext, Unsupported> {
    watch_forks();
    namespace::check_home()?;
    let head = registered_head()?;
    let context = free_context().unwrap_or_else(new_context);
    context.thread.store(rustix::thread::gettid().as_raw_nonzero().get() as u32, Relaxed);
    context.head.store(head, Relaxed);
    context.top.store(head.addr(), Relaxed);
    context.count.store(0, Relaxed);
    CONTEXT.set(Some(context));
    // The hook is gone where a lock is taken by some other thread-local's destructor.
    let attended = AT_EXIT.try_with(|_| ()).is_ok();
    context.unattended.store(!attended, Relaxed);
    Ok(context)
}

/// Has [`forget_parent`] run in every child that this process forks.
fn watch_forks() {
    static WATCHED: AtomicBool = AtomicBool::new(false);
    // Not a `Once`: in a child forked by another thread meanwhile, that would never complete. Registered twice, the
    // function runs twice, which does no harm.
    if !WATCHED.load(Relaxed) {
        // SAFETY: registers a function of this program that lives as long as the program.
        let failed = unsafe { libc::pthread_atfork(None, None, Some(forget_parent)) };
        WATCHED.store(failed == 0, Relaxed);
    }
}

/// The list head that the C library registered for this thread.
fn registered_head() -> Result<*mut Head, Unsupported> {
    let mut head: *mut Head = ptr::null_mut();
    let mut length = 0_usize;
    let this_thread = 0;
    // SAFETY: the kernel writes one pointer and one length to the two places given.
    let failed = unsafe {
        libc::syscall(libc::SYS_get_robust_list, this_thread, &raw mut head, &raw mut length)
    };
    if failed != 0 || head.is_null() || length != size_of::<Head>() {
        return Err(Unsupported::NoRobustList);
    }
    // SAFETY: the registered head lives in the thread's own control block, as long as the thread.
    let found = unsafe { &*head }.futex_offset.load(Relaxed);
    if found != WORD_FROM_LINK {
        return Err(Unsupported::ForeignListOffset { found, expected: WORD_FROM_LINK });
    }
    Ok(head)
}

fn contexts() -> impl Iterator<Item = &'static ThreadContext> {
    // Acquire: sees the contents of what `new_context` published.
    let mut next = CONTEXTS.load(Acquire);
    core::iter::from_fn(move || {
        // SAFETY: contexts are leaked, so any that was ever published is alive.
        let context = unsafe { next.as_ref() }?;
        next = context.next.load(Relaxed);
        Some(context)
    })
}

fn free_context() -> Option<&'static ThreadContext> {
    contexts().find(|context| {
        // Acquire: matches the Release with which the thread before let go.
        context.in_use.compare_exchange(false, true, Acquire, Relaxed).is_ok()
            || context.take_from_the_dead()
    })
}

fn new_context() -> &'static ThreadContext {
    let held: Vec<Held> = (0..KERNEL_LIMIT)
        .map(|_| Held { entry: AtomicUsize::new(0), successor: AtomicUsize::new(0) })
        .collect();
    let context = Box::leak(Box::new(ThreadContext {
        thread: AtomicU32::new(NOBODY),
        head: AtomicPtr::default(),
        top: AtomicUsize::new(0),
        count: AtomicUsize::new(0),
        room: AtomicUsize::new(KERNEL_LIMIT),
        held: held.leak(),
        in_use: AtomicBool::new(true),
        unattended: AtomicBool::new(false),
        next: AtomicPtr::default(),
    }));
    let mut first = CONTEXTS.load(Relaxed);
    loop {
        context.next.store(first, Relaxed);
        // Release: publishes the contents to `contexts`.
        match CONTEXTS.compare_exchange_weak(first, context, AcqRel, Relaxed) {
            Ok(_) => return context,
            Err(now) => first = now,
        }
    }
}

/// Gives a thread's context back when the thread ends.
struct AtExit;

impl Drop for AtExit {
    fn drop(&mut self) {
        let Some(context) = CONTEXT.get() else { return };
        if context.count.load(Relaxed) > 0 {
            // It stays this thread's: another thread-local's destructor may yet drop a guard, and what is held at
            // the very end must stay mapped until the kernel has walked it.
            // Release: matches the Acquire of `take_from_the_dead`.
            context.unattended.store(true, Release);
        } else {
            CONTEXT.set(None);
            // Release: matches the Acquire of `free_context`.
            context.in_use.store(false, Release);
        }
    }
}

/// Runs in a forked child, on its only thread: the child has another id and holds nothing.
extern "C" fn forget_parent() {
    let _ = CONTEXT.try_with(|context| context.set(None));
    for context in contexts() {
        context.count.store(0, Relaxed);
        context.in_use.store(false, Relaxed);
    }
}

impl ThreadContext {
    #[inline]
    pub(super) fn thread(&self) -> u32 {
        self.thread.load(Relaxed)
    }

    #[inline]
    pub(super) fn begin(&self, robust: &RobustWord) -> Result<(), TooManyHeld> {
        // Branch 1 of the fast path: the kernel's limit, which somebody else's entries, if there are new ones, use
        // up too. One branch for both.
        let full = self.count.load(Relaxed) >= self.room.load(Relaxed);
        let crowded = self.head().next.load(Relaxed) != self.top.load(Relaxed);
        if full | crowded {
            self.make_room()?;
        }
        self.announce(entry_of(robust));
        Ok(())
    }

    #[inline]
    pub(super) fn insert(&self, robust: &RobustWord) {
        let entry = entry_of(robust);
        let head = self.head();
        let first = head.next.load(Relaxed);
        let count = self.count.load(Relaxed);
        let mut successor = first;
        // Branch 3: somebody else's entries in the list.
        if first != self.top.load(Relaxed) {
            successor = FOREIGN;
            link_back(first, entry);
        }
        let held = &self.held[count];
        held.entry.store(entry, Relaxed);
        held.successor.store(successor, Relaxed);
        robust.links.next.store(first, Relaxed);
        robust.links.previous.store(self.head.load(Relaxed).addr(), Relaxed);
        compiler_fence(SeqCst);
        head.next.store(entry, Relaxed);
        self.top.store(entry, Relaxed);
        self.count.store(count + 1, Relaxed);
    }

    /// Returns false if the thread does not hold it.
    #[inline]
    pub(super) fn remove(&self, robust: &RobustWord) -> bool {
        let entry = entry_of(robust);
        let head = self.head();
        let count = self.count.load(Relaxed);
        // Branch 4: not the newest entry of the list, or one whose successor is not ours to know.
        if head.next.load(Relaxed) != entry || count == 0 {
            return self.remove_from_within(entry);
        }
        let successor = self.held[count - 1].successor.load(Relaxed);
        if successor == FOREIGN {
            return self.remove_from_within(entry);
        }
        self.announce(entry);
        head.next.store(successor, Relaxed);
        self.top.store(successor, Relaxed);
        self.count.store(count - 1, Relaxed);
        compiler_fence(SeqCst);
        true
    }

    #[inline]
    pub(super) fn holds(&self, robust: &RobustWord) -> bool {
        self.position(entry_of(robust)).is_some()
    }

    #[inline]
    pub(super) fn end(&self) {
        compiler_fence(SeqCst);
        self.head().pending.store(0, Relaxed);
    }

    #[inline]
    fn announce(&self, entry: Entry) {
        self.head().pending.store(entry, Relaxed);
        // Neither the compiler nor this core (the kernel reads on it, when the thread dies) moves
        // what follows before the announcement.
        compiler_fence(SeqCst);
    }

    #[inline]
    fn head(&self) -> &Head {
        // SAFETY: `enter` stored the calling thread's own list head, which lives as long as the thread;
        // contexts are used by their own thread only.
        unsafe { &*self.head.load(Relaxed) }
    }

    /// How many locks this thread may hold is the kernel's limit less what the C library's mutexes use up.
    #[cold]
    fn make_room(&self) -> Result<(), TooManyHeld> {
        if self.thread() == NOBODY {
            return Err(TooManyHeld::new());
        }
        let room = KERNEL_LIMIT.saturating_sub(self.foreign_entries());
        self.room.store(room, Relaxed);
        if self.count.load(Relaxed) < room { Ok(()) } else { Err(TooManyHeld::new()) }
    }

    /// How many of the list's entries are the C library's.
    fn foreign_entries(&self) -> usize {
        let head = self.head.load(Relaxed).addr();
        let following = |at: &Entry| Some(self.successor_of(*at) & !1).filter(|next| *next != head);
        let entries = core::iter::successors(following(&head), following).take(KERNEL_LIMIT);
        entries.filter(|entry| self.position(*entry).is_none()).count()
    }

    #[cold]
    fn remove_from_within(&self, entry: Entry) -> bool {
        let count = self.count.load(Relaxed);
        let held = &self.held[..count];
        let Some(at) = held.iter().rposition(|held| held.entry.load(Relaxed) == entry) else {
            return false;
        };
        self.announce(entry);
        let known = held[at].successor.load(Relaxed);
        let next = self.successor_of(entry);
        if let Some(before) = self.predecessor_of(entry) {
            link_of(before).store(next, Relaxed);
            if self.position(next).is_none() && next & !1 != self.head.load(Relaxed).addr() {
                link_back(next, before);
            }
        }
        // The entry above now has this one's successor, and knows it if this one did.
        if let Some(above) = held.get(at + 1)
            && above.successor.load(Relaxed) == entry
        {
            above.successor.store(known, Relaxed);
        }
        for i in at + 1..count {
            // Release: whoever misses an entry in its old place finds it in the new one; see `holds_within`.
            held[i - 1].entry.store(held[i].entry.load(Relaxed), Release);
            held[i - 1].successor.store(held[i].successor.load(Relaxed), Relaxed);
        }
        // The same for what is stored later, by insertions too.
        fence(Release);
        self.count.store(count - 1, Relaxed);
        let top = match count - 1 {
            0 => self.head.load(Relaxed).addr(),
            left => held[left - 1].entry.load(Relaxed),
        };
        self.top.store(top, Relaxed);
        compiler_fence(SeqCst);
        true
    }

    /// The entry that precedes this one in the list, or the head. `None` if the walk from the head does not
    /// come to it: somebody has overwritten links in shared memory. The entry then stays in the list, where
    /// it does no harm: the kernel passes over words that the dead thread does not own.
    fn predecessor_of(&self, entry: Entry) -> Option<Entry> {
        let mut at = self.head.load(Relaxed).addr();
        for _ in 0..KERNEL_LIMIT {
            let next = self.successor_of(at);
            if next & !1 == entry {
                return Some(at);
            }
            at = next & !1;
        }
        None
    }

    /// The successor of an entry or of the head: from the table where that knows it (invariant 2).
    fn successor_of(&self, entry: Entry) -> Entry {
        match self.position(entry).map(|at| self.held[at].successor.load(Relaxed)) {
            Some(FOREIGN) | None => link_of(entry).load(Relaxed),
            Some(successor) => successor,
        }
    }

    fn position(&self, entry: Entry) -> Option<usize> {
        let held = &self.held[..self.count.load(Relaxed)];
        held.iter().rposition(|held| held.entry.load(Relaxed) == entry & !1)
    }

    fn holds_within(&self, range: &core::ops::Range<usize>) -> bool {
        // Newest first, against the direction in which a removal moves entries, so that none slips by.
        // Acquire: matches the Releases of `remove_from_within`.
        let held = &self.held[..self.count.load(Acquire)];
        held.iter().rev().any(|held| range.contains(&held.entry.load(Acquire)))
            && self.in_use.load(Relaxed)
            && self.thread_lives()
    }

    /// Claims a context that its thread left behind, once the kernel is done with the entries in it.
    fn take_from_the_dead(&self) -> bool {
        let unattended = self.unattended.load(Acquire);
        let thread = self.thread.load(Relaxed);
        unattended
            && thread != NOBODY
            && !thread_exists(thread)
            && self.thread.compare_exchange(thread, NOBODY, Acquire, Relaxed).is_ok()
    }

    fn thread_lives(&self) -> bool {
        thread_exists(self.thread.load(Relaxed))
    }
}

/// Whether there is such a thread.
pub(super) fn thread_exists(thread: u32) -> bool {
    let no_signal = 0;
    // SAFETY: signal 0 is not sent, only checked.
    let failed = unsafe { libc::syscall(libc::SYS_tkill, thread, no_signal) };
    failed == 0 || std::io::Error::last_os_error().raw_os_error() != Some(libc::ESRCH)
}

#[inline]
fn entry_of(robust: &RobustWord) -> Entry {
    (&raw const robust.links.next).expose_provenance()
}

/// The `next` link at an entry's address.
fn link_of<'a>(entry: Entry) -> &'a AtomicUsize {
    // SAFETY: an entry of this thread's list is the address of a `next` link: our own, in a region
    // that stays mapped while locks in it are held, the head's, or one of the C library's mutexes,
    // which live as long as they are in the list.
    unsafe { &*ptr::with_exposed_provenance(entry & !1) }
}

/// Tells one of the C library's entries what precedes it, which that library needs for removing it: its
/// `prev` stands right before its `next`.
fn link_back(foreign: Entry, previous: Entry) {
    const { assert!(Links::PREVIOUS_BEFORE_NEXT == size_of::<usize>()) };
    link_of((foreign & !1) - Links::PREVIOUS_BEFORE_NEXT).store(previous, Relaxed);
}
