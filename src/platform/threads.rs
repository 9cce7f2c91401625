//! Which threads of this process hold which locks: a context for each thread, and a record of each that others can see.
//!
//! A thread makes itself known with its first lock, and is forgotten when it [ends](super::thread_end). The locks that it
//! holds then become its process's, if references may have been given by their guards ([`kept`]). If it holds others, its
//! record stays until the thread is seen to be gone: the kernel has yet to walk the list, and its memory must stay mapped
//! until it has. A forked child forgets all threads: it has another id, and holds nothing.

use core::ops::Range;
use core::ptr;
use core::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU32, Ordering::AcqRel, Ordering::Acquire, Ordering::Relaxed,
    Ordering::Release,
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::list_head::registered_head;
use super::robust_list::{Table, ThreadContext, empty_table, unmarked};
use super::{kept, namespace, thread_end};
use crate::error::Unsupported;

/// No thread's id.
pub(super) const NOBODY: u32 = 0;

/// What other threads may know of a thread. Never freed, but handed to a later thread.
#[repr(C)]
pub(super) struct Record {
    pub(super) held: Table,
    thread: AtomicU32,
    in_use: AtomicBool,
    /// Its thread will not give it back: it is free once that thread no longer exists.
    unattended: AtomicBool,
    next: AtomicPtr<Record>,
}

/// The record of threads that have none.
pub(super) static NO_RECORD: Record = Record::new();

/// All records there ever were, newest first.
static RECORDS: AtomicPtr<Record> = AtomicPtr::new(ptr::null_mut());

thread_local! {
    static CONTEXT: ThreadContext = const { ThreadContext::new() };
}

/// The calling thread's context, whether or not the thread is known yet.
#[inline]
pub(super) fn here() -> &'static ThreadContext {
    CONTEXT.with(|context| {
        // SAFETY: a thread-local without a destructor lives as long as its thread, and this reference cannot leave the
        // thread: `ThreadContext` is not `Sync`.
        unsafe { &*ptr::from_ref(context) }
    })
}

/// The calling thread's context, of a thread that is known.
#[inline]
pub(super) fn current() -> Result<&'static ThreadContext, Unsupported> {
    let context = here();
    if context.thread() == NOBODY {
        enter(context)?;
    }
    Ok(context)
}

/// Whether this process, or a living thread of it, holds a lock with its word in that range of addresses.
pub(crate) fn any_held_within(range: &Range<usize>) -> bool {
    let by_a_thread = records().any(|record| {
        // Before its entries: of a dead thread's record, which a living one may take meanwhile, they are the dead one's.
        // Acquire: matches the Release of `enter`, before which that one struck them out.
        let thread = record.thread.load(Acquire);
        record.in_use.load(Relaxed)
            && record.entries().any(|entry| range.contains(&entry))
            && is_of_this_process(thread)
    });
    // In this order: what is no longer there is here already.
    by_a_thread || kept::any_within(range)
}

#[cold]
#[inline(never)]
fn enter(context: &ThreadContext) -> Result<(), Unsupported> {
    watch_forks();
    namespace::check_home()?;
    let head = registered_head()?;
    thread_end::watch()?;
    let record = free_record().unwrap_or_else(new_record);
    let thread = rustix::thread::gettid().as_raw_nonzero().get().cast_unsigned();
    // Release: whoever reads this finds none of the entries of who had the record before.
    record.thread.store(thread, Release);
    record.unattended.store(false, Relaxed);
    context.enter(thread, head, record);
    Ok(())
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

fn records() -> impl Iterator<Item = &'static Record> {
    // Acquire: sees the contents of what `new_record` published.
    let mut next = RECORDS.load(Acquire);
    core::iter::from_fn(move || {
        // SAFETY: records are leaked, so any that was ever published is alive.
        let record = unsafe { next.as_ref() }?;
        next = record.next.load(Relaxed);
        Some(record)
    })
}

fn free_record() -> Option<&'static Record> {
    let record = records().find(|record| {
        // Acquire: matches the Release with which the thread before let go.
        record.in_use.compare_exchange(false, true, Acquire, Relaxed).is_ok()
            || record.take_from_the_dead()
    })?;
    record.clear();
    Some(record)
}

fn new_record() -> &'static Record {
    let record = Box::leak(Box::new(Record::new()));
    record.in_use.store(true, Relaxed);
    let mut first = RECORDS.load(Relaxed);
    loop {
        record.next.store(first, Relaxed);
        // Release: publishes the contents to `records`.
        match RECORDS.compare_exchange_weak(first, record, AcqRel, Relaxed) {
            Ok(_) => return record,
            Err(now) => first = now,
        }
    }
}

impl Record {
    const fn new() -> Self {
        Self {
            held: empty_table(),
            thread: AtomicU32::new(NOBODY),
            in_use: AtomicBool::new(false),
            unattended: AtomicBool::new(false),
            next: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// Newest first, against the direction in which a removal moves entries, so that none slips by.
    fn entries(&self) -> impl Iterator<Item = usize> {
        let not_the_head = self.held.iter().skip(1).rev();
        // Acquire: matches the Releases of `remove_from_within`.
        not_the_head.map(|entry| unmarked(entry.load(Acquire))).filter(|entry| *entry != 0)
    }

    /// Strikes what a dead thread, or the parent's, held.
    fn clear(&self) {
        self.held.iter().take_while(|entry| entry.swap(0, Relaxed) != 0).for_each(drop);
    }

    /// Claims a record that its thread left behind, once the kernel is done with the entries in it.
    fn take_from_the_dead(&self) -> bool {
        let unattended = self.unattended.load(Acquire);
        let thread = self.thread.load(Relaxed);
        unattended
            && thread != NOBODY
            && !is_of_this_process(thread)
            && self.thread.compare_exchange(thread, NOBODY, Acquire, Relaxed).is_ok()
    }
}

/// Forgets the calling thread, which ends, as far as that can be. Says whether there may be more to do later.
pub(super) fn ended() -> bool {
    let context = here();
    if context.thread() == NOBODY {
        return false;
    }
    context.leave_lent_to_process();
    let record = context.record();
    let holds_nothing = context.holds_nothing();
    if holds_nothing {
        context.leave();
        record.thread.store(NOBODY, Relaxed);
        // Release: matches the Acquire of `free_record`.
        record.in_use.store(false, Release);
    } else {
        // It stays this thread's: another destructor may yet drop a guard, or take a lock.
        // Release: matches the Acquire of `take_from_the_dead`.
        record.unattended.store(true, Release);
    }
    !holds_nothing
}

/// Runs in a forked child, on its only thread.
extern "C" fn forget_parent() {
    here().leave();
    kept::forget_all();
    for record in records() {
        record.unattended.store(false, Relaxed);
        record.in_use.store(false, Relaxed);
    }
}

/// Whether there is such a thread, in whatever process; of a main thread, whether there is still one in its process.
pub(super) fn thread_exists(thread: u32) -> bool {
    main_thread_exists(thread).unwrap_or_else(|| {
        let no_signal = 0;
        // SAFETY: signal 0 is not sent, only checked.
        was_found(unsafe { libc::syscall(libc::SYS_tkill, thread, no_signal) })
    })
}

/// The same for main threads; `None` for others, and where the kernel does not say. Signals do not tell: a main thread can
/// be sent one after its process has ended, until somebody has waited for that.
fn main_thread_exists(thread: u32) -> Option<bool> {
    let thread = Pid::from_raw(thread.cast_signed())?;
    match pidfd_open(thread, PidfdFlags::empty()) {
        Ok(process) => {
            let mut has_ended = [PollFd::new(&process, PollFlags::IN)];
            poll(&mut has_ended, Some(&Timespec::default())).ok().map(|ended| ended == 0)
        }
        Err(Errno::SRCH) => Some(false),
        Err(_) => None,
    }
}

/// Whether there is such a thread in this process. Its id may have become that of a thread elsewhere.
fn is_of_this_process(thread: u32) -> bool {
    // The kernel calls nobody's id invalid, and not unknown.
    if thread == NOBODY {
        return false;
    }
    let (process, no_signal) = (std::process::id(), 0);
    // SAFETY: signal 0 is not sent, only checked.
    was_found(unsafe { libc::syscall(libc::SYS_tgkill, process, thread, no_signal) })
}

fn was_found(result: libc::c_long) -> bool {
    result == 0 || std::io::Error::last_os_error().raw_os_error() != Some(libc::ESRCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a record is while a thread takes it from a dead one: nobody's, with the dead one's entries in it.
    #[test]
    fn what_is_in_a_record_that_is_being_taken_over_is_held_by_nobody() {
        let (record, word) = (new_record(), Box::leak(Box::new(0_u64)));
        let entry = ptr::from_mut(word).expose_provenance();
        record.held[1].store(entry, Relaxed);
        let is_held = || any_held_within(&(entry..entry + size_of::<u64>()));
        assert!(!is_held(), "by nobody");
        record
            .thread
            .store(rustix::thread::gettid().as_raw_nonzero().get().cast_unsigned(), Relaxed);
        assert!(is_held(), "by this thread");
        record.held[1].store(0, Relaxed);
        record.thread.store(NOBODY, Relaxed);
        record.in_use.store(false, Release);
    }
}
