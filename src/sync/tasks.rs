//! A queue of tasks that somebody waits for until all are done.

use core::fmt;
use core::mem::offset_of;
use core::ops::{Deref, DerefMut};
use std::thread;
use std::time::{Duration, Instant};

use super::mutex::deadline_at;
use super::queue::{PutError, Queue, TakeError, lock_error};
use crate::deadline::Deadline;
use crate::diagnosis::Part;
use crate::error::LockError;
use crate::platform::{Linux, RobustWord, Word32, Word64, monotonic_now};
use crate::raw::{LockFailure, Look, QueueFailure, RawTasks, TaskFailure};
use crate::shm::outline::{Role, Words};
use crate::shm::{Outline, Plain, Shareable};

/// A [`Queue`] of up to `N` tasks, of which up to `HANDS` can be in hand at a time, and that can be
/// [`join`](Self::join)ed: Python's `multiprocessing.JoinableQueue`.
///
/// Whoever takes a task gets it as a [`Task`], which is done when that is dropped: Python's `task_done`. A `join` waits until
/// everything that was put before is done. `HANDS` is at least the number of threads that work on tasks, times the tasks that
/// each takes at a time. Tasks are taken one by one, each into a hand of its own, so that a death loses those alone that the dead
/// one had: there is no counterpart of [`Queue::take_some`].
///
/// # What is promised
///
/// | | shown by |
/// |---|---|
/// | what [`Queue`] promises, as its algorithm is the same | `queue*/*` |
/// | whoever joins finds everything done that was put before, and does not wait in vain | `tasks/*`, `tasks-all-join/*`, `tasks-more/*`, `tasks/*/stress` |
/// | a task in the hand of the dead is waited for no longer, and counted as lost | `tasks*/*/deaths-*`, `tasks/*/crash` |
/// | a join that gives up in time keeps nobody else waiting | `tasks-deadline/*` |
///
/// Not promised: that a lost task is done by another; that a join ends at once where a worker takes the next task in hand before
/// whoever joins has seen that it let go of the last: it may then wait for that one, too. One hand more than there are workers
/// makes that rare.
///
/// # If a holder dies
///
/// A worker that dies with a task in hand loses that, and nothing else; so does one that drops it in a panic. The task is
/// over: nobody waits for it any longer, and [`look`](Self::look) counts it as lost. Else as [`Queue`].
///
/// # Examples
///
/// ```
/// use lockproof::{AtomicCounter, JoinableQueue, Region, Workers, shareable};
///
/// shareable! {
///     struct Shared {
///         numbers: JoinableQueue<u64, 16, 2>,
///         sum: AtomicCounter,
///     }
/// }
///
/// let shared = Region::<Shared>::anonymous()?;
/// let work = |_| -> Result<(), Box<dyn std::error::Error>> {
///     while let Some(number) = shared.numbers.take()? {
///         shared.sum.add(*number);
///         // Done, as `number` is dropped.
///     }
///     Ok(())
/// };
/// // SAFETY: this process has no other threads, and the function uses nothing that must not exist twice.
/// let workers = unsafe { Workers::fork(2, work) }?;
/// for number in 1..=100 {
///     shared.numbers.put(number)?;
/// }
/// shared.numbers.join()?;
/// assert_eq!(shared.sum.get(), 5050);
/// shared.numbers.shutdown()?;
/// workers.join()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[repr(C)]
pub struct JoinableQueue<T, const N: usize, const HANDS: usize> {
    queue: Queue<T, N>,
    tasks: RawTasks<RobustWord, Word32, Word64, HANDS>,
}

// SAFETY: `repr(C)` of a queue and of words made of atomics, without pointers that anybody follows and without drop glue.
unsafe impl<T: Plain, const N: usize, const HANDS: usize> Shareable for JoinableQueue<T, N, HANDS> {
    fn describe(into: &mut String) {
        const { assert!(HANDS > 0, "a task has to be in somebody's hand") };
        into.push_str("Joinable<");
        Queue::<T, N>::describe(into);
        into.push_str(&format!(", {HANDS}>"));
    }

    fn outline(into: &mut Outline) {
        let tasks = offset_of!(Self, tasks);
        let [turn, hands, drained] =
            RawTasks::<RobustWord, Word32, Word64, HANDS>::PARTS_AT.map(|at| tasks + at);
        let own = [
            Words::one(Role::Turn, turn),
            Words::one(Role::Sleep, drained),
            Words::row(Role::Seat(Part::Task), hands, HANDS),
        ];
        let queue = Queue::<T, N>::words()
            .map(|words| Words { at: offset_of!(Self, queue) + words.at, ..words });
        into.primitive::<Self>(&[&queue[..], &own].concat());
    }

    fn after_reboot(&self) {
        self.queue.after_reboot();
        if let Ok(p) = Linux::current() {
            self.tasks.forget_holders(p);
        }
    }
}

/// What the tasks of a [`JoinableQueue`] are like at some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct TaskLook {
    /// The queue itself. What its consumers lost is among `lost`, too.
    pub queue: Look,
    /// How many tasks are in somebody's hand.
    pub in_hand: usize,
    /// How many are done.
    pub done: u64,
    /// How many are over and not done: whoever had them in hand died, or panicked.
    pub lost: u64,
}

impl<T: Plain, const N: usize, const HANDS: usize> JoinableQueue<T, N, HANDS> {
    /// Puts a task in, waiting for room as long as it takes.
    ///
    /// # Errors
    ///
    /// See [`PutError`], of which `Full` does not occur.
    pub fn put(&self, task: T) -> Result<(), PutError<T>> {
        self.queue.put(task)
    }

    /// Puts a task in if there is room.
    ///
    /// # Errors
    ///
    /// See [`PutError`].
    pub fn try_put(&self, task: T) -> Result<(), PutError<T>> {
        self.queue.try_put(task)
    }

    /// Puts a task in, waiting for room no longer than `timeout`.
    ///
    /// # Errors
    ///
    /// See [`PutError`].
    pub fn try_put_for(&self, task: T, timeout: Duration) -> Result<(), PutError<T>> {
        self.queue.try_put_for(task, timeout)
    }

    /// Puts a task in, waiting for room no longer than until `moment`.
    ///
    /// # Errors
    ///
    /// See [`PutError`].
    pub fn try_put_until(&self, task: T, moment: Instant) -> Result<(), PutError<T>> {
        self.queue.try_put_until(task, moment)
    }

    /// Puts as many of these tasks in as there is room for, as [`Queue::put_some`].
    ///
    /// # Errors
    ///
    /// See [`PutError`], of which `Full` does not occur; none was put.
    pub fn put_some(&self, tasks: &[T]) -> Result<usize, PutError<()>> {
        self.queue.put_some(tasks)
    }

    /// Takes a task in hand, waiting for one as long as it takes; `None` once the queue is shut down and empty.
    ///
    /// # Errors
    ///
    /// See [`TakeError`], of which `Empty` does not occur.
    pub fn take(&self) -> Result<Option<Task<'_, T, N, HANDS>>, TakeError> {
        self.take_before(Deadline::Never)
    }

    /// Takes a task in hand if there is one; `None` once the queue is shut down and empty.
    ///
    /// # Errors
    ///
    /// See [`TakeError`].
    pub fn try_take(&self) -> Result<Option<Task<'_, T, N, HANDS>>, TakeError> {
        self.take_before(Deadline::Now)
    }

    /// Takes a task in hand, waiting for one no longer than `timeout`; `None` once the queue is shut down and empty.
    ///
    /// # Errors
    ///
    /// See [`TakeError`].
    pub fn try_take_for(
        &self,
        timeout: Duration,
    ) -> Result<Option<Task<'_, T, N, HANDS>>, TakeError> {
        self.take_before(Deadline::after(monotonic_now(), timeout))
    }

    /// Takes a task in hand, waiting for one no longer than until `moment`; `None` once the queue is shut down and empty.
    ///
    /// # Errors
    ///
    /// See [`TakeError`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// use lockproof::{JoinableQueue, Region, TakeError};
    ///
    /// let tasks = Region::<JoinableQueue<u32, 4, 1>>::anonymous()?;
    /// let moment = Instant::now() + Duration::from_millis(10);
    /// tasks.try_put_until(7, moment)?;
    /// assert_eq!(*tasks.try_take_until(moment)?.expect("it is not shut down"), 7);
    /// assert!(matches!(tasks.try_take_until(moment), Err(TakeError::Empty)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_take_until(
        &self,
        moment: Instant,
    ) -> Result<Option<Task<'_, T, N, HANDS>>, TakeError> {
        self.take_before(deadline_at(moment))
    }

    fn take_before(&self, deadline: Deadline) -> Result<Option<Task<'_, T, N, HANDS>>, TakeError> {
        let p = Linux::current().map_err(|error| TakeError::Lock(error.into()))?;
        let (span, hand) = match self.tasks.begin_take(p, self.queue.raw(), deadline) {
            Ok(taken) => taken,
            Err(TaskFailure::Queue(QueueFailure::Closed)) => return Ok(None),
            Err(TaskFailure::Queue(QueueFailure::TimedOut)) => return Err(TakeError::Empty),
            Err(TaskFailure::Queue(QueueFailure::Lock(failure))) => {
                return Err(TakeError::Lock(lock_error(failure)));
            }
            Err(TaskFailure::HandsFull) => return Err(TakeError::HandsFull),
        };
        // SAFETY: this thread holds the queue's mutex, and the place is one of the array's.
        let task = unsafe { self.queue.place(span.first).read() };
        self.tasks.end_take(p, self.queue.raw());
        // The guard gives references to its own copy.
        p.lends_nothing(self.tasks.robust(hand));
        let panicking = thread::panicking();
        Ok(Some(Task { queue: self, p, hand, task, panicking }))
    }

    /// Waits until everything that was put so far is done, or lost, as long as it takes.
    ///
    /// # Errors
    ///
    /// [`LockError::AlreadyHeld`] if this very thread has a task in hand; else see [`LockError`], of which `OwnerDied` does not
    /// occur.
    pub fn join(&self) -> Result<(), LockError<()>> {
        self.join_before(Deadline::Never).map(|_| ())
    }

    /// Waits until everything that was put so far is done, or lost, no longer than `timeout`. Says whether it is.
    ///
    /// # Errors
    ///
    /// As [`join`](Self::join).
    pub fn join_for(&self, timeout: Duration) -> Result<bool, LockError<()>> {
        self.join_before(Deadline::after(monotonic_now(), timeout))
    }

    /// Waits until everything that was put so far is done, or lost, no longer than until `moment`. Says whether it is.
    ///
    /// # Errors
    ///
    /// As [`join`](Self::join).
    pub fn join_until(&self, moment: Instant) -> Result<bool, LockError<()>> {
        self.join_before(deadline_at(moment))
    }

    fn join_before(&self, deadline: Deadline) -> Result<bool, LockError<()>> {
        match self.tasks.join(Linux::current()?, self.queue.raw(), deadline) {
            Ok(()) => Ok(true),
            Err(LockFailure::TimedOut) => Ok(false),
            Err(failure) => Err(lock_error(failure)),
        }
    }

    /// Shuts the queue down: nothing more can be put into it. What is there can be taken; then takers get `None`.
    ///
    /// # Errors
    ///
    /// See [`LockError`], of which `OwnerDied` does not occur.
    pub fn shutdown(&self) -> Result<(), LockError<()>> {
        self.queue.shutdown()
    }

    /// How many tasks wait, are in hand, are done and are lost, at this moment.
    ///
    /// # Errors
    ///
    /// As [`shutdown`](Self::shutdown).
    pub fn look(&self) -> Result<TaskLook, LockError<()>> {
        // First: what is taken or done meanwhile makes nothing look lost.
        let queue = self.queue.look()?;
        let (in_hand, done) = self.tasks.look(Linux::lockless());
        let over = queue.taken.wrapping_sub(done);
        let lost = if over > u64::MAX / 2 { 0 } else { over.saturating_sub(in_hand as u64) };
        Ok(TaskLook { queue, in_hand, done, lost })
    }

    /// For how many tasks there is room, not counting those in hand.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        N
    }
}

impl<T, const N: usize, const HANDS: usize> JoinableQueue<T, N, HANDS> {
    /// What it is made of, to look at.
    pub(crate) const fn parts(
        &self,
    ) -> (&Queue<T, N>, &RawTasks<RobustWord, Word32, Word64, HANDS>) {
        (&self.queue, &self.tasks)
    }
}

impl<T, const N: usize, const HANDS: usize> fmt::Debug for JoinableQueue<T, N, HANDS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinableQueue")
            .field("capacity", &N)
            .field("hands", &HANDS)
            .finish_non_exhaustive()
    }
}

/// A task in hand: done when this is dropped, and lost if that happens in a panic.
///
/// Belongs to the thread that took it, and cannot be sent to another one:
///
/// ```compile_fail,E0277
/// let region = lockproof::Region::<lockproof::JoinableQueue<u8, 2, 2>>::anonymous().unwrap();
/// region.put(1).unwrap();
/// let task = region.take().unwrap();
/// std::thread::scope(|scope| {
///     scope.spawn(move || drop(task));
/// });
/// ```
///
/// # If a holder dies
///
/// The task is lost: see [`JoinableQueue`]. In a forked child, this is only a copy of the task.
#[must_use = "the task counts as done as soon as this is dropped"]
pub struct Task<'a, T, const N: usize, const HANDS: usize> {
    queue: &'a JoinableQueue<T, N, HANDS>,
    /// The thread's platform, which cannot be sent: the kernel knows the hand by its thread.
    p: &'static Linux,
    hand: usize,
    task: T,
    panicking: bool,
}

impl<T, const N: usize, const HANDS: usize> Deref for Task<'_, T, N, HANDS> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.task
    }
}

impl<T, const N: usize, const HANDS: usize> DerefMut for Task<'_, T, N, HANDS> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.task
    }
}

impl<T, const N: usize, const HANDS: usize> Drop for Task<'_, T, N, HANDS> {
    fn drop(&mut self) {
        let finished = self.panicking || !thread::panicking();
        // In a forked child it is in its parent's hand, and stays there.
        let _ = self.queue.tasks.done(self.p, self.hand, finished);
    }
}

impl<T: fmt::Debug, const N: usize, const HANDS: usize> fmt::Debug for Task<'_, T, N, HANDS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Task").field(&self.task).finish()
    }
}
