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
//! it holds, in the order of the list. A link is read back only where the C library's own mutexes are
//! neighbours in the list, as those change their neighbours' links.
//!
//! An entry's `previous` is room for the C library, which writes there when a mutex of its own goes in or out
//! before ours. It reads only its own mutexes' links, and the kernel only goes forward: we need not fill it.
//!
//! # The list
//!
//! ```text
//! head ──► newest ──► ... ──► oldest ──► head      (each arrow a `next`; new entries go in at the head)
//! table:   [count]            [1]        [0]
//! ```
//!
//! Invariants:
//!
//! 1. `held[0]` is the head, and `held[1..=count]` are this thread's entries, oldest first, in the order in which
//!    they stand in the list; the C library's entries may stand anywhere between them. The rest is 0.
//! 2. The successor of `held[i]` in the list is `held[i - 1]`, unless `held[i]` is marked [`FOREIGN_NEXT`]: then
//!    one of the C library's stood there when the entry was made, and the link is read.
//! 3. An entry is marked [`LENDS_NOTHING`] if the guard of its lock gives no references. When the thread ends, and its
//!    process does not, the others become the [process's](super::kept).
//!
//! A death between two writes finds each lock in the list or pending, as every change of the list happens
//! while the lock concerned is pending.
//!
//! # With musl
//!
//! A thread's list is registered late, which [`list_head`](super::list_head) brings forward. Where a thread ends
//! but not its process, musl walks the list itself: it trusts the links, marks the words, forgets that somebody sleeps
//! on them, and wakes nobody in other processes. Sleepers then find out by their
//! [patience](crate::platform::Platform::patience).
//!
//! # The fast path
//!
//! Taking a free lock and letting go of it, from [`begin_plain`](ThreadContext::begin_plain) to the second
//! [`end`](ThreadContext::end), has two locked instructions, no call, and these branches, none of which is taken.
//! The code says where each of them is.
//!
//! | | on the way | why it cannot go |
//! |---|---|---|
//! | 1 | in | the kernel's limit, beyond which a death would release nothing; 0 for threads that come for the first time |
//! | 2 | in | somebody else's entry is the list's first: it must be linked with ours, and counts towards the limit |
//! | 3 | in | the compare-exchange did not find the lock free |
//! | 4 | in | the thread is panicking already: then the guard's drop is no new panic |
//! | 5 | out | the lock was taken from a dead holder and not repaired |
//! | 6 | out | the thread has begun to panic: that is a death |
//! | 7 | out | not the list's first entry |
//! | 8 | out | not the newest of ours, or its successor is not ours to know |
//! | 9 | out | the word had flags: somebody may sleep, or a holder died |

use core::cell::Cell;
use core::ptr;
use core::sync::atomic::{
    AtomicU32, AtomicUsize, Ordering::Relaxed, Ordering::Release, Ordering::SeqCst, compiler_fence,
    fence,
};

use super::kept;
use super::linux::{Links, RobustWord, WORD_FROM_LINK};
use super::list_head::{Head, NO_LIST};
use super::threads::{NO_RECORD, NOBODY, Record};
use crate::error::TooManyHeld;

/// How many entries the kernel walks (`ROBUST_LIST_LIMIT` in `include/uapi/linux/futex.h`).
const KERNEL_LIMIT: usize = 2048;

/// A power of two above the limit: numbers of entries are brought below it by a mask, which never changes them,
/// instead of being checked by a branch, which would never be taken.
const BEYOND: usize = 2 * KERNEL_LIMIT;

/// A thread's own account of its entries (invariant 1). Written by that thread; others may look.
pub(super) type Table = [AtomicUsize; BEYOND + 1];

/// A table of nothing.
pub(super) const fn empty_table() -> Table {
    [const { AtomicUsize::new(0) }; BEYOND + 1]
}

/// The address of an entry's `next` link, as lists hold it; bit 0 marks the C library's
/// priority-inheritance mutexes.
type Entry = usize;

/// In the table, marks an entry whose successor is one of the C library's. Addresses of links are even.
const FOREIGN_NEXT: Entry = 1;

/// In the table, marks an entry that stays in the list until the thread has ended.
const LENDS_NOTHING: Entry = 2;

/// What this crate keeps for a thread, in memory of that thread: two loads less than elsewhere.
pub(super) struct ThreadContext {
    head: Cell<&'static Head>,
    record: Cell<&'static Record>,
    /// How many locks the thread holds, and how many it may: 0 until it [enters](Self::enter).
    count: Cell<usize>,
    room: Cell<usize>,
    thread: Cell<u32>,
}

impl ThreadContext {
    /// The context of a thread that never took a lock.
    pub(super) const fn new() -> Self {
        Self {
            head: Cell::new(&NO_LIST),
            record: Cell::new(&NO_RECORD),
            count: Cell::new(0),
            room: Cell::new(0),
            thread: Cell::new(NOBODY),
        }
    }

    /// Begins to keep account for a thread, in a record of its own.
    pub(super) fn enter(&self, thread: u32, head: &'static Head, record: &'static Record) {
        record.held[0].store(ptr::from_ref(head).addr(), Relaxed);
        self.head.set(head);
        self.record.set(record);
        self.count.set(0);
        self.room.set(KERNEL_LIMIT);
        self.thread.set(thread);
    }

    /// Ends what `enter` began.
    pub(super) fn leave(&self) {
        self.head.set(&NO_LIST);
        self.record.set(&NO_RECORD);
        self.count.set(0);
        self.room.set(0);
        self.thread.set(NOBODY);
    }

    pub(super) fn record(&self) -> &'static Record {
        self.record.get()
    }

    #[inline]
    fn held(&self) -> &'static Table {
        &self.record.get().held
    }

    #[inline]
    pub(super) fn thread(&self) -> u32 {
        self.thread.get()
    }

    pub(super) fn holds_nothing(&self) -> bool {
        self.count.get() == 0
    }

    #[inline]
    pub(super) fn begin(&self, robust: &RobustWord) -> Result<(), TooManyHeld> {
        if self.begin_plain(robust) { Ok(()) } else { self.begin_anyway(robust) }
    }

    #[cold]
    #[inline(never)]
    fn begin_anyway(&self, robust: &RobustWord) -> Result<(), TooManyHeld> {
        if self.thread() == NOBODY {
            return Err(TooManyHeld::new());
        }
        // How many locks a thread may hold is the kernel's limit less what the C library's mutexes use up.
        self.room.set(KERNEL_LIMIT.saturating_sub(self.foreign_entries()));
        if self.count.get() >= self.room.get() {
            return Err(TooManyHeld::new());
        }
        announce(self.head.get(), entry_of(robust));
        Ok(())
    }

    #[inline]
    pub(super) fn insert(&self, robust: &RobustWord) {
        if self.head.get().next.load(Relaxed) == self.newest() {
            self.insert_plain(robust);
        } else {
            self.insert_anyway(robust);
        }
    }

    #[cold]
    #[inline(never)]
    fn insert_anyway(&self, robust: &RobustWord) {
        let first = self.head.get().next.load(Relaxed);
        if !self.is_foreign(first) {
            return self.insert_plain(robust);
        }
        link_back(first, entry_of(robust));
        self.push(robust, first, FOREIGN_NEXT);
    }

    /// Returns false if the thread does not hold it.
    #[inline]
    pub(super) fn remove(&self, robust: &RobustWord) -> bool {
        self.remove_plain(robust) || self.remove_from_within(entry_of(robust))
    }

    /// The entry that was made last, of ours, or the head.
    #[inline]
    fn newest(&self) -> Entry {
        unmarked(self.held()[self.count.get() % BEYOND].load(Relaxed))
    }

    /// The same as `begin` where none of the C library's entries stand before ours, and the limit is far. Else it does
    /// nothing, and returns false.
    #[inline]
    pub(super) fn begin_plain(&self, robust: &RobustWord) -> bool {
        let head = self.head.get();
        // Branches 1 and 2.
        if (self.count.get() >= self.room.get()) | (head.next.load(Relaxed) != self.newest()) {
            return false;
        }
        announce(head, entry_of(robust));
        true
    }

    /// The same as `insert`, after `begin_plain`.
    #[inline]
    pub(super) fn insert_plain(&self, robust: &RobustWord) {
        self.push(robust, self.head.get().next.load(Relaxed), 0);
    }

    #[inline]
    fn push(&self, robust: &RobustWord, first: Entry, mark: Entry) {
        let entry = entry_of(robust);
        robust.links.next.store(first, Relaxed);
        // Release: an entry is in the list only with its link in order.
        self.head.get().next.store(entry, Release);
        let above = self.count.get() % BEYOND + 1;
        self.held()[above].store(entry | mark, Relaxed);
        self.count.set(above);
    }

    /// The same as `remove` where it is the newest entry, and none of the C library's stands before or after it. Else it
    /// does nothing, and returns false.
    #[inline]
    pub(super) fn remove_plain(&self, robust: &RobustWord) -> bool {
        let entry = entry_of(robust);
        let (head, held) = (self.head.get(), self.held());
        // One less than what the thread holds; if it holds nothing, the table's end, where nothing ever stands.
        let below = self.count.get().wrapping_sub(1) % BEYOND;
        let newest = held[below + 1].load(Relaxed);
        // Branches 7 and 8.
        if (head.next.load(Relaxed) != entry) | (newest & !LENDS_NOTHING != entry) {
            return false;
        }
        head.pending.store(entry, Relaxed);
        // Release: it leaves the list only when it is announced.
        head.next.store(unmarked(held[below].load(Relaxed)), Release);
        held[below + 1].store(0, Relaxed);
        self.count.set(below);
        // What comes next, the operation that lets go of the word, is a Release: it stays behind all this.
        true
    }

    #[inline]
    pub(super) fn end(&self) {
        // Release: stays behind all that was announced.
        self.head.get().pending.store(0, Release);
    }

    #[inline]
    pub(super) fn holds(&self, robust: &RobustWord) -> bool {
        let entry = entry_of(robust);
        self.newest() == entry || (self.count.get() > 1 && self.position_below(entry).is_some())
    }

    /// Marks a lock that the thread holds, and whose guard gives no references.
    #[inline]
    pub(super) fn lends_nothing(&self, robust: &RobustWord) {
        if let Some(at) = self.position(entry_of(robust)) {
            // Not `fetch_or`, which would be a locked instruction: nobody else writes here.
            let entry = &self.held()[at];
            entry.store(entry.load(Relaxed) | LENDS_NOTHING, Relaxed);
        }
    }

    /// The same right after `insert_plain`.
    #[inline]
    pub(super) fn newest_lends_nothing(&self, robust: &RobustWord) {
        self.held()[self.count.get() % BEYOND].store(entry_of(robust) | LENDS_NOTHING, Relaxed);
    }

    /// At the thread's end: makes the locks the process's to which references may have been given.
    pub(super) fn leave_lent_to_process(&self) {
        for at in (1..=self.count.get()).rev() {
            let entry = self.held()[at].load(Relaxed);
            if entry & LENDS_NOTHING == 0 {
                let entry = unmarked(entry);
                // First, so that `any_held_within` finds it in one place or in the other.
                kept::enter(entry);
                // Announced until it has another owner: if the process is killed here, the kernel tells of it.
                self.remove_from_within(entry);
                kept::give_to_process(word_of(entry), self.thread());
                self.end();
            }
        }
    }

    /// How many of the list's entries are the C library's.
    fn foreign_entries(&self) -> usize {
        let head = self.own_head();
        let following =
            |at: &Entry| Some(unmarked(self.successor_of(*at))).filter(|next| *next != head);
        let entries = core::iter::successors(following(&head), following).take(KERNEL_LIMIT);
        entries.filter(|entry| self.position(*entry).is_none()).count()
    }

    #[cold]
    #[inline(never)]
    fn remove_from_within(&self, entry: Entry) -> bool {
        let Some(at) = self.position(entry) else {
            return false;
        };
        // Release, as in `remove_newest`, in what follows.
        self.head.get().pending.store(entry, Relaxed);
        let next = self.successor_of(entry);
        if let Some(before) = self.predecessor_of(entry) {
            link_of(before).store(next, Release);
            if self.is_foreign(next) {
                link_back(next, before);
            }
        }
        let (held, count) = (self.held(), self.count.get());
        if at < count {
            // The entry above now has this one's successor, and knows it if both knew theirs.
            held[at + 1].fetch_or(held[at].load(Relaxed) & FOREIGN_NEXT, Relaxed);
        }
        for i in at..=count {
            // Release: whoever misses an entry in its old place finds it in the new one; see `Record::entries`.
            held[i].store(held[i + 1].load(Relaxed), Release);
        }
        // The same for what is stored later, by insertions too.
        fence(Release);
        self.count.set(count - 1);
        true
    }

    /// The entry that precedes this one in the list, or the head. `None` if the walk from the head does not
    /// come to it: somebody has overwritten links in shared memory. The entry then stays in the list, where
    /// it does no harm: the kernel passes over words that the dead thread does not own.
    fn predecessor_of(&self, entry: Entry) -> Option<Entry> {
        let mut at = self.own_head();
        for _ in 0..KERNEL_LIMIT {
            let next = unmarked(self.successor_of(at));
            if next == entry {
                return Some(at);
            }
            at = next;
        }
        None
    }

    /// The successor of an entry or of the head: from the table where that knows it (invariant 2).
    fn successor_of(&self, entry: Entry) -> Entry {
        let held = self.held();
        match self.position(entry) {
            Some(at) if held[at].load(Relaxed) & FOREIGN_NEXT == 0 => {
                unmarked(held[at - 1].load(Relaxed))
            }
            _ => link_of(entry).load(Relaxed),
        }
    }

    fn is_foreign(&self, entry: Entry) -> bool {
        unmarked(entry) != self.own_head() && self.position(entry).is_none()
    }

    /// Where in the table an entry of this thread's stands.
    #[inline]
    fn position(&self, entry: Entry) -> Option<usize> {
        match self.count.get() % BEYOND {
            0 => None,
            newest if self.newest() == unmarked(entry) => Some(newest),
            _ => self.position_below(entry),
        }
    }

    #[inline(never)]
    fn position_below(&self, entry: Entry) -> Option<usize> {
        let (held, newest) = (self.held(), self.count.get() % BEYOND);
        let is_it = |at: &usize| unmarked(held[*at].load(Relaxed)) == unmarked(entry);
        (1..newest).rev().find(is_it)
    }

    fn own_head(&self) -> Entry {
        ptr::from_ref(self.head.get()).addr()
    }
}

#[inline]
fn announce(head: &Head, entry: Entry) {
    head.pending.store(entry, Relaxed);
    // Neither the compiler nor this core (the kernel reads on it, when the thread dies) moves what follows
    // before the announcement.
    compiler_fence(SeqCst);
}

#[inline]
fn entry_of(robust: &RobustWord) -> Entry {
    (&raw const robust.links.next).expose_provenance()
}

/// The address in an entry that may be marked, by us in the table or by the C library in a link.
#[inline]
pub(super) const fn unmarked(entry: Entry) -> Entry {
    entry & !(FOREIGN_NEXT | LENDS_NOTHING)
}

/// The lock word of an entry of ours.
fn word_of<'a>(entry: Entry) -> &'a AtomicU32 {
    let word = entry.wrapping_add_signed(WORD_FROM_LINK as isize);
    // SAFETY: an entry of ours is in a `RobustWord`, in a region that stays mapped while locks in it are held, at that
    // distance from the word, which is an atomic.
    unsafe { &*ptr::with_exposed_provenance(word) }
}

/// The `next` link at an entry's address.
fn link_of<'a>(entry: Entry) -> &'a AtomicUsize {
    // SAFETY: an entry of this thread's list is the address of a `next` link: our own, in a region
    // that stays mapped while locks in it are held, the head's, or one of the C library's mutexes,
    // which live as long as they are in the list.
    unsafe { &*ptr::with_exposed_provenance(unmarked(entry)) }
}

/// Tells one of the C library's entries what precedes it, which that library needs for removing it: its
/// `prev` stands right before its `next`.
fn link_back(foreign: Entry, previous: Entry) {
    const { assert!(Links::PREVIOUS_BEFORE_NEXT == size_of::<usize>()) };
    link_of(unmarked(foreign) - Links::PREVIOUS_BEFORE_NEXT).store(previous, Relaxed);
}
