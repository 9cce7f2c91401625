//! A bounded queue between processes.

use core::cell::UnsafeCell;
use core::fmt;
use core::mem::offset_of;
use core::panic::{RefUnwindSafe, UnwindSafe};
use std::time::{Duration, Instant};

use super::mutex::{deadline_at, not_taken, without_blocking};
use crate::deadline::Deadline;
use crate::diagnosis::primitives::queue_words;
use crate::error::LockError;
use crate::platform::{Cell64, Linux, RobustWord, Word32, monotonic_now};
use crate::raw::{LockFailure, Look, QueueFailure, RawQueue, Span};
use crate::shm::outline::{Told, Words};
use crate::shm::{Outline, Plain, Shareable};

/// A queue of up to `N` elements between processes, and threads, many of which put and take: Python's
/// `multiprocessing.Queue(N)`.
///
/// What one puts comes out once, and of each producer in the order in which it was put. Who puts waits while the queue is
/// full, who takes while it is empty.
///
/// # What is promised
///
/// | | shown by |
/// |---|---|
/// | what is put comes out once, of each producer in order; nobody waits in vain | `queue/*`, `queue-each/*`, `queue-gather/*`, `queue-fill/*`, `queue/*-histories` |
/// | nobody hangs when one dies, and no more is lost than what that one had in hand | `queue*/*/deaths-*`, `queue/*/crash`, `queue/*/stress` |
/// | one that gives up in time takes no wake with it | `queue-deadline/*` |
/// | so it is of batches, which come out whole as far as there is room; what is lost of them is counted | `queue-batches/*`, `queue-batches-fill/*`, `batches/*/stress` |
/// | once it is shut down and empty, takers are told | `queue-close/*` |
/// | one that puts and one that takes both get on for ever, and sleep while they wait; one that only tries may starve the other | `queue-endless/*`, `queue-polled-endless/*` |
///
/// Not promised: an order among those that wait; that what a consumer took and then died with is given to
/// another.
///
/// # What it costs
///
/// Each put and each take holds one lock for a moment, which all who use the queue share; [`put_some`](Self::put_some) and
/// [`take_some`](Self::take_some) take it once for many elements. Where it is full or empty all the time, somebody has to be woken for
/// each element: give it room. `lockproof bench queue` measures it beside pipes, and `docs/bench.md`, in the repository, has the figures.
///
/// # If a holder dies
///
/// A producer that dies while it puts something loses that, and nothing else; a consumer that dies loses what it has taken,
/// at the most. Nobody hangs. [`look`](Self::look) has counters of both, as far as it happened within the queue's own
/// operations.
///
/// # Examples
///
/// ```
/// use lockproof::{Queue, Region, Workers};
///
/// let (jobs, results) = (
///     Region::<Queue<[u32; 2], 16>>::anonymous()?,
///     Region::<Queue<u32, 16>>::anonymous()?,
/// );
/// let work = |_number| -> Result<(), Box<dyn std::error::Error>> {
///     while let Some([a, b]) = jobs.take()? {
///         results.put(a * b)?;
///     }
///     Ok(())
/// };
/// // SAFETY: this process has no other threads, and the function uses nothing that must not exist twice.
/// let workers = unsafe { Workers::fork(2, work) }?;
/// let mut sum = 0;
/// for number in 1..=100 {
///     jobs.put([number, 2])?;
///     sum += results.take()?.expect("it is not shut down");
/// }
/// jobs.shutdown()?;
/// workers.join()?;
/// assert_eq!(sum, 2 * 5050);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[repr(C)]
pub struct Queue<T, const N: usize> {
    raw: RawQueue<RobustWord, Word32, Cell64>,
    places: UnsafeCell<[T; N]>,
}

// SAFETY: the raw queue admits one thread at a time to the places; elements are sent from one thread to another.
unsafe impl<T: Send, const N: usize> Sync for Queue<T, N> {}

// Elements are copied in and out whole, by code that cannot panic.
impl<T, const N: usize> UnwindSafe for Queue<T, N> {}
impl<T, const N: usize> RefUnwindSafe for Queue<T, N> {}

// SAFETY: `repr(C)` of a lock of atomics and of plain data under that lock; no pointers and no drop glue in either.
unsafe impl<T: Plain, const N: usize> Shareable for Queue<T, N> {
    fn describe(into: &mut String) {
        const { assert!(N > 0, "a queue has room for at least one element") };
        into.push_str("Queue<");
        T::describe(into);
        into.push_str(&format!(", {N}>"));
    }

    fn outline(into: &mut Outline) {
        into.primitive::<Self>(&Self::words());
    }

    fn after_reboot(&self) {
        if let Ok(p) = Linux::current() {
            self.raw.forget_holder(p);
        }
    }
}

/// Why something was not put. It is inside.
#[derive(Debug)]
#[non_exhaustive]
pub enum PutError<T> {
    /// The queue was full, and still was when the time given (if any) ran out.
    Full(T),
    /// The queue was shut down: nobody will take it.
    ShutDown(T),
    /// This thread cannot use the queue's lock.
    Lock(LockError<()>),
}

impl<T> fmt::Display for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(_) => f.write_str("the queue is full: wait until something is taken"),
            Self::ShutDown(_) => {
                f.write_str("the queue was shut down: nothing more can be put into it")
            }
            Self::Lock(error) => error.fmt(f),
        }
    }
}

impl<T: fmt::Debug> core::error::Error for PutError<T> {}

/// Why nothing was taken.
#[derive(Debug)]
#[non_exhaustive]
pub enum TakeError {
    /// The queue was empty, and still was when the time given (if any) ran out.
    Empty,
    /// As many tasks are in hand as can be. Of a [`JoinableQueue`](crate::JoinableQueue) only.
    HandsFull,
    /// This thread cannot use the queue's lock.
    Lock(LockError<()>),
}

impl fmt::Display for TakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the queue is empty: wait until something is put"),
            Self::HandsFull => f.write_str(
                "as many of the queue's tasks are in hand as can be: drop one first, or make more hands",
            ),
            Self::Lock(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for TakeError {}

pub(super) fn lock_error(failure: LockFailure) -> LockError<()> {
    without_blocking(not_taken(failure))
}

impl<T: Plain, const N: usize> Queue<T, N> {
    /// Puts an element in, waiting for room as long as it takes.
    ///
    /// # Errors
    ///
    /// See [`PutError`], of which `Full` does not occur.
    pub fn put(&self, element: T) -> Result<(), PutError<T>> {
        self.put_before(element, Deadline::Never)
    }

    /// Puts an element in if there is room. (Waits while another is at the queue, which takes a moment.)
    ///
    /// # Errors
    ///
    /// See [`PutError`].
    pub fn try_put(&self, element: T) -> Result<(), PutError<T>> {
        self.put_before(element, Deadline::Now)
    }

    /// Puts an element in, waiting for room no longer than `timeout`.
    ///
    /// # Errors
    ///
    /// See [`PutError`].
    pub fn try_put_for(&self, element: T, timeout: Duration) -> Result<(), PutError<T>> {
        self.put_before(element, Deadline::after(monotonic_now(), timeout))
    }

    /// Puts an element in, waiting for room no longer than until `moment`.
    ///
    /// # Errors
    ///
    /// See [`PutError`].
    pub fn try_put_until(&self, element: T, moment: Instant) -> Result<(), PutError<T>> {
        self.put_before(element, deadline_at(moment))
    }

    fn put_before(&self, element: T, deadline: Deadline) -> Result<(), PutError<T>> {
        self.put_all_before(&[element], deadline).map(|_| ()).map_err(|error| match error {
            PutError::Full(_) => PutError::Full(element),
            PutError::ShutDown(_) => PutError::ShutDown(element),
            PutError::Lock(error) => PutError::Lock(error),
        })
    }

    /// Puts as many of these elements in, from the first on and next to each other, as there is room for, waiting for room
    /// for one as long as it takes. Says how many.
    ///
    /// # Errors
    ///
    /// See [`PutError`], of which `Full` does not occur; none was put.
    pub fn put_some(&self, elements: &[T]) -> Result<usize, PutError<()>> {
        self.put_all_before(elements, Deadline::Never)
    }

    fn put_all_before(&self, elements: &[T], deadline: Deadline) -> Result<usize, PutError<()>> {
        if elements.is_empty() {
            return Ok(0);
        }
        let p = Linux::current().map_err(|error| PutError::Lock(error.into()))?;
        let Span { first, count } =
            self.raw.begin_put(p, (N as u64, 1), deadline).map_err(|failure| match failure {
                QueueFailure::TimedOut => PutError::Full(()),
                QueueFailure::Closed => PutError::ShutDown(()),
                QueueFailure::Lock(failure) => PutError::Lock(lock_error(failure)),
            })?;
        let put = elements.iter().zip(first..first.wrapping_add(count));
        let mut done = 0;
        for (element, number) in put {
            // SAFETY: this thread holds the queue's mutex, and the place is one of the array's.
            unsafe { self.place(number).write(*element) };
            done += 1;
        }
        self.raw.end_put(p, done as u64);
        Ok(done)
    }

    /// Takes an element out, waiting for one as long as it takes; `None` once the queue is shut down and empty.
    ///
    /// # Errors
    ///
    /// See [`TakeError`], of which `Empty` does not occur.
    pub fn take(&self) -> Result<Option<T>, TakeError> {
        self.take_before(Deadline::Never)
    }

    /// Takes an element out if there is one; `None` once the queue is shut down and empty. (Waits while another is at the
    /// queue, which takes a moment.)
    ///
    /// # Errors
    ///
    /// See [`TakeError`].
    pub fn try_take(&self) -> Result<Option<T>, TakeError> {
        self.take_before(Deadline::Now)
    }

    /// Takes an element out, waiting for one no longer than `timeout`; `None` once the queue is shut down and empty.
    ///
    /// # Errors
    ///
    /// See [`TakeError`].
    pub fn try_take_for(&self, timeout: Duration) -> Result<Option<T>, TakeError> {
        self.take_before(Deadline::after(monotonic_now(), timeout))
    }

    /// Takes an element out, waiting for one no longer than until `moment`; `None` once the queue is shut down and empty.
    ///
    /// # Errors
    ///
    /// See [`TakeError`].
    pub fn try_take_until(&self, moment: Instant) -> Result<Option<T>, TakeError> {
        self.take_before(deadline_at(moment))
    }

    fn take_before(&self, deadline: Deadline) -> Result<Option<T>, TakeError> {
        let mut taken = None;
        self.take_all_before(1, deadline, |element| taken = Some(element))?;
        Ok(taken)
    }

    /// Takes up to `most` elements out that are there, waiting for one as long as it takes, and adds them to `into`. Says
    /// how many: none once the queue is shut down and empty.
    ///
    /// # Errors
    ///
    /// See [`TakeError`], of which `Empty` does not occur.
    pub fn take_some(&self, most: usize, into: &mut Vec<T>) -> Result<usize, TakeError> {
        // Not under the queue's mutex.
        into.reserve(most.min(N));
        self.take_all_before(most, Deadline::Never, |element| into.push(element))
    }

    fn take_all_before(
        &self,
        most: usize,
        deadline: Deadline,
        mut each: impl FnMut(T),
    ) -> Result<usize, TakeError> {
        if most == 0 {
            return Ok(0);
        }
        let p = Linux::current().map_err(|error| TakeError::Lock(error.into()))?;
        let Span { first, count } = match self.raw.begin_take(p, deadline) {
            Ok(span) => span,
            Err(QueueFailure::Closed) => return Ok(0),
            Err(QueueFailure::TimedOut) => return Err(TakeError::Empty),
            Err(QueueFailure::Lock(failure)) => return Err(TakeError::Lock(lock_error(failure))),
        };
        // A hostile peer may have written any count; no more than this was ever put.
        let count = count.min(most as u64).min(N as u64);
        for number in first..first.wrapping_add(count) {
            // SAFETY: this thread holds the queue's mutex, and the place is one of the array's.
            each(unsafe { self.place(number).read() });
        }
        self.raw.end_take(p, count);
        Ok(count as usize)
    }

    /// The place of the element of that number.
    pub(super) fn place(&self, number: u64) -> *mut T {
        let places: *mut T = self.places.get().cast();
        // SAFETY: the remainder lies within the array.
        unsafe { places.add((number % N as u64) as usize) }
    }

    /// Shuts the queue down: nothing more can be put into it. What is there can be taken; then takers get `None`.
    ///
    /// # Errors
    ///
    /// See [`LockError`], of which `OwnerDied` does not occur.
    pub fn shutdown(&self) -> Result<(), LockError<()>> {
        self.raw.close(Linux::current()?).map_err(lock_error)
    }

    /// How many elements are in it, whether it is closed, and what was lost, at this moment.
    ///
    /// # Errors
    ///
    /// As [`shutdown`](Self::shutdown).
    pub fn look(&self) -> Result<Look, LockError<()>> {
        self.raw.look(Linux::current()?).map_err(lock_error)
    }

    /// For how many elements there is room.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        N
    }
}

impl<T, const N: usize> Queue<T, N> {
    /// Where what it is made of is, for those who look from outside.
    pub(super) fn words() -> [Words; 6] {
        queue_words(offset_of!(Self, raw), Told::Tail)
    }

    /// What it is made of, to look at.
    pub(crate) const fn raw(&self) -> &RawQueue<RobustWord, Word32, Cell64> {
        &self.raw
    }
}

impl<T, const N: usize> fmt::Debug for Queue<T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").field("capacity", &N).finish_non_exhaustive()
    }
}
