//! Queues of messages of any length, and pipes made of two of them.

use core::cell::UnsafeCell;
use core::fmt;
use core::mem::offset_of;
use core::panic::{RefUnwindSafe, UnwindSafe};
use std::time::{Duration, Instant};

use super::mutex::deadline_at;
use super::queue::lock_error;
use crate::deadline::Deadline;
use crate::diagnosis::primitives::queue_words;
use crate::error::LockError;
use crate::platform::{Cell64, Linux, RobustWord, Word32, monotonic_now};
use crate::raw::{Look, QueueFailure, RawQueue, Span};
use crate::shm::outline::Told;
use crate::shm::{Outline, Shareable};

/// Before each message: how long it is.
const LENGTH: usize = size_of::<u32>();

/// A queue of messages of any length between processes, and threads, many of which send and receive. It has room for `N`
/// bytes, of which each message takes four more than its length.
///
/// A message comes out once and whole, and those of each sender in the order in which they were sent. Who sends waits
/// while there is too little room, who receives while there is no message. A long message waits until there is room for
/// all of it, and short ones may overtake it meanwhile.
///
/// # What is promised
///
/// | | shown by |
/// |---|---|
/// | what [`Queue`](crate::Queue) promises, as its algorithm is the same; a message comes out whole | `queue*/*`, `queue-messages/*`, `messages/*/stress` |
///
/// Not promised: that a long message gets in before short ones that come later.
///
/// # If a holder dies
///
/// A sender that dies while it sends loses that message, and nothing else; a receiver that dies loses the one that it has
/// taken, at the most. Nobody hangs. [`look`](Self::look) counts both: senders, and bytes taken.
///
/// # Examples
///
/// ```
/// use lockproof::{MessageQueue, Region, Workers};
///
/// let lines = Region::<MessageQueue<4096>>::anonymous()?;
/// let work = |number| -> Result<(), Box<dyn std::error::Error>> {
///     for line in 0..100 {
///         lines.send(format!("line {line} of {number}").as_bytes())?;
///     }
///     Ok(())
/// };
/// // SAFETY: this process has no other threads, and the function uses nothing that must not exist twice.
/// let workers = unsafe { Workers::fork(2, work) }?;
/// let mut each = [0, 0];
/// while each != [100, 100] {
///     let line = String::from_utf8(lines.receive()?.expect("it is not shut down"))?;
///     let number: usize = line[line.len() - 1..].parse()?;
///     assert_eq!(line, format!("line {} of {number}", each[number]), "in order, of each sender");
///     each[number] += 1;
/// }
/// workers.join()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[repr(C)]
pub struct MessageQueue<const N: usize> {
    raw: RawQueue<RobustWord, Word32, Cell64>,
    bytes: UnsafeCell<[u8; N]>,
}

// SAFETY: the raw queue admits one thread at a time to the bytes.
unsafe impl<const N: usize> Sync for MessageQueue<N> {}

// Messages are copied in and out whole; a panic on the way leaves the queue as it was.
impl<const N: usize> UnwindSafe for MessageQueue<N> {}
impl<const N: usize> RefUnwindSafe for MessageQueue<N> {}

// SAFETY: `repr(C)` of a lock of atomics and of bytes under that lock; no pointers and no drop glue in either.
unsafe impl<const N: usize> Shareable for MessageQueue<N> {
    fn describe(into: &mut String) {
        const { assert!(N > LENGTH, "a queue has room for at least one message of one byte") };
        into.push_str(&format!("MessageQueue<{N}>"));
    }

    fn outline(into: &mut Outline) {
        into.primitive::<Self>(&queue_words(offset_of!(Self, raw), Told::Bytes));
    }

    fn after_reboot(&self) {
        if let Ok(p) = Linux::current() {
            self.raw.forget_holder(p);
        }
    }
}

/// Why a message was not sent.
#[derive(Debug)]
#[non_exhaustive]
pub enum SendError {
    /// There was too little room, and still was when the time given (if any) ran out.
    Full,
    /// There will never be room for a message of this length.
    TooLong {
        /// Its length, in bytes.
        length: usize,
        /// The length of the longest that there can be room for.
        most: usize,
    },
    /// The queue was shut down: nobody will receive it.
    ShutDown,
    /// This thread cannot use the queue's lock.
    Lock(LockError<()>),
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("the queue is full: wait until something is received"),
            Self::TooLong { length, most } => write!(
                f,
                "a message of {length} bytes is too long for this queue: it takes up to {most}; send \
                 it in parts, or make the queue larger"
            ),
            Self::ShutDown => f.write_str("the queue was shut down: nothing more can be sent"),
            Self::Lock(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for SendError {}

/// Why no message was received.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReceiveError {
    /// There was none, and still was none when the time given (if any) ran out.
    Empty,
    /// What lies in the queue is no message: somebody has written there who should not have. It stays there.
    Damaged,
    /// This thread cannot use the queue's lock.
    Lock(LockError<()>),
}

impl fmt::Display for ReceiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("there is no message: wait until one is sent"),
            Self::Damaged => f.write_str(
                "what lies in the queue is no message: a process has written over it; make a new region",
            ),
            Self::Lock(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for ReceiveError {}

impl<const N: usize> MessageQueue<N> {
    /// The length of the longest message that there can be room for, in bytes.
    pub const LONGEST: usize = N - LENGTH;

    /// Sends a message, waiting for room as long as it takes.
    ///
    /// # Errors
    ///
    /// See [`SendError`], of which `Full` does not occur.
    pub fn send(&self, message: &[u8]) -> Result<(), SendError> {
        self.send_before(message, Deadline::Never)
    }

    /// Sends a message if there is room.
    ///
    /// # Errors
    ///
    /// See [`SendError`].
    pub fn try_send(&self, message: &[u8]) -> Result<(), SendError> {
        self.send_before(message, Deadline::Now)
    }

    /// Sends a message, waiting for room no longer than `timeout`.
    ///
    /// # Errors
    ///
    /// See [`SendError`].
    pub fn try_send_for(&self, message: &[u8], timeout: Duration) -> Result<(), SendError> {
        self.send_before(message, Deadline::after(monotonic_now(), timeout))
    }

    /// Sends a message, waiting for room no longer than until `moment`.
    ///
    /// # Errors
    ///
    /// See [`SendError`].
    pub fn try_send_until(&self, message: &[u8], moment: Instant) -> Result<(), SendError> {
        self.send_before(message, deadline_at(moment))
    }

    fn send_before(&self, message: &[u8], deadline: Deadline) -> Result<(), SendError> {
        let (length, most) = (message.len(), Self::LONGEST.min(u32::MAX as usize));
        if length > most {
            return Err(SendError::TooLong { length, most });
        }
        let p = Linux::current().map_err(|error| SendError::Lock(error.into()))?;
        let all = (LENGTH + length) as u64;
        let Span { first, .. } =
            self.raw.begin_put(p, (N as u64, all), deadline).map_err(|failure| match failure {
                QueueFailure::TimedOut => SendError::Full,
                QueueFailure::Closed => SendError::ShutDown,
                QueueFailure::Lock(failure) => SendError::Lock(lock_error(failure)),
            })?;
        self.write(first, &(length as u32).to_ne_bytes());
        self.write(first.wrapping_add(LENGTH as u64), message);
        self.raw.end_put(p, all);
        Ok(())
    }

    /// Receives a message, waiting for one as long as it takes; `None` once the queue is shut down and empty.
    ///
    /// # Errors
    ///
    /// See [`ReceiveError`], of which `Empty` does not occur.
    pub fn receive(&self) -> Result<Option<Vec<u8>>, ReceiveError> {
        self.receive_before(Deadline::Never)
    }

    /// Receives a message if there is one; `None` once the queue is shut down and empty.
    ///
    /// # Errors
    ///
    /// See [`ReceiveError`].
    pub fn try_receive(&self) -> Result<Option<Vec<u8>>, ReceiveError> {
        self.receive_before(Deadline::Now)
    }

    /// Receives a message, waiting for one no longer than `timeout`; `None` once the queue is shut down and empty.
    ///
    /// # Errors
    ///
    /// See [`ReceiveError`].
    pub fn try_receive_for(&self, timeout: Duration) -> Result<Option<Vec<u8>>, ReceiveError> {
        self.receive_before(Deadline::after(monotonic_now(), timeout))
    }

    /// Receives a message, waiting for one no longer than until `moment`; `None` once the queue is shut down and empty.
    ///
    /// # Errors
    ///
    /// See [`ReceiveError`].
    pub fn try_receive_until(&self, moment: Instant) -> Result<Option<Vec<u8>>, ReceiveError> {
        self.receive_before(deadline_at(moment))
    }

    fn receive_before(&self, deadline: Deadline) -> Result<Option<Vec<u8>>, ReceiveError> {
        let p = Linux::current().map_err(|error| ReceiveError::Lock(error.into()))?;
        let Span { first, count } = match self.raw.begin_take(p, deadline) {
            Ok(span) => span,
            Err(QueueFailure::Closed) => return Ok(None),
            Err(QueueFailure::TimedOut) => return Err(ReceiveError::Empty),
            Err(QueueFailure::Lock(failure)) => {
                return Err(ReceiveError::Lock(lock_error(failure)));
            }
        };
        let mut length = [0; LENGTH];
        self.read(first, &mut length);
        let length = u32::from_ne_bytes(length) as usize;
        let all = (LENGTH + length) as u64;
        if all > count || length > Self::LONGEST {
            self.raw.end_take(p, 0);
            return Err(ReceiveError::Damaged);
        }
        let mut message = vec![0; length];
        self.read(first.wrapping_add(LENGTH as u64), &mut message);
        self.raw.end_take(p, all);
        Ok(Some(message))
    }

    /// Copies bytes into the ring, from the place of that number on. The caller holds the queue's mutex.
    fn write(&self, first: u64, bytes: &[u8]) {
        let at = (first % N as u64) as usize;
        let (before, after) = bytes.split_at(bytes.len().min(N - at));
        let ring: *mut u8 = self.bytes.get().cast();
        // SAFETY: a remainder lies within the ring.
        let to = unsafe { ring.add(at) };
        // SAFETY: this thread holds the queue's mutex, and both parts lie within the ring: no message is longer.
        unsafe {
            to.copy_from_nonoverlapping(before.as_ptr(), before.len());
        }
        // SAFETY: as above.
        unsafe {
            ring.copy_from_nonoverlapping(after.as_ptr(), after.len());
        }
    }

    /// Copies bytes out of the ring, from the place of that number on. The caller holds the queue's mutex.
    fn read(&self, first: u64, into: &mut [u8]) {
        let at = (first % N as u64) as usize;
        let (before, after) = into.split_at_mut(into.len().min(N - at));
        let ring: *const u8 = self.bytes.get().cast();
        // SAFETY: a remainder lies within the ring.
        let from = unsafe { ring.add(at) };
        // SAFETY: as in `write`.
        unsafe {
            from.copy_to_nonoverlapping(before.as_mut_ptr(), before.len());
        }
        // SAFETY: as above.
        unsafe {
            ring.copy_to_nonoverlapping(after.as_mut_ptr(), after.len());
        }
    }

    /// Shuts the queue down: nothing more can be sent. What is there can be received; then receivers get `None`.
    ///
    /// # Errors
    ///
    /// See [`LockError`], of which `OwnerDied` does not occur.
    pub fn shutdown(&self) -> Result<(), LockError<()>> {
        self.raw.close(Linux::current()?).map_err(lock_error)
    }

    /// How many bytes are in it (each message and four more), whether it is shut down, and what was lost, at this moment.
    ///
    /// # Errors
    ///
    /// As [`shutdown`](Self::shutdown).
    pub fn look(&self) -> Result<Look, LockError<()>> {
        self.raw.look(Linux::current()?).map_err(lock_error)
    }
}

impl<const N: usize> MessageQueue<N> {
    /// What it is made of, to look at.
    pub(crate) const fn raw(&self) -> &RawQueue<RobustWord, Word32, Cell64> {
        &self.raw
    }
}

impl<const N: usize> fmt::Debug for MessageQueue<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageQueue").field("capacity", &N).finish_non_exhaustive()
    }
}

/// Two queues of messages, one each way: Python's `multiprocessing.Pipe`.
///
/// Each end can be used by several at a time.
///
/// # What is promised
///
/// | | shown by |
/// |---|---|
/// | what [`MessageQueue`] promises, each way | `queue*/*`, `pipe/*/stress` |
///
/// Not promised: that an end notices that nobody is left at the other: that is for whoever started the
/// processes to tell, by shutting down.
///
/// # If a holder dies
///
/// As [`MessageQueue`]. The other end is not told that this one has gone: it waits until its time is up, or until somebody
/// [`shutdown`](PipeEnd::shutdown)s.
///
/// # Examples
///
/// ```
/// use lockproof::{Pipe, Region, Workers};
///
/// let pipe = Region::<Pipe<1024>>::anonymous()?;
/// let (ours, theirs) = pipe.ends();
/// let work = |_number| -> Result<(), Box<dyn std::error::Error>> {
///     while let Some(message) = theirs.receive()? {
///         theirs.send(&message.to_ascii_uppercase())?;
///     }
///     Ok(())
/// };
/// // SAFETY: this process has no other threads, and the function uses nothing that must not exist twice.
/// let worker = unsafe { Workers::fork(1, work) }?;
/// ours.send(b"ping")?;
/// assert_eq!(ours.receive()?, Some(b"PING".to_vec()));
/// ours.shutdown()?;
/// worker.join()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[repr(C)]
pub struct Pipe<const N: usize> {
    there: MessageQueue<N>,
    back: MessageQueue<N>,
}

// SAFETY: `repr(C)` of what is shareable.
unsafe impl<const N: usize> Shareable for Pipe<N> {
    fn describe(into: &mut String) {
        into.push_str("Pipe of two ");
        MessageQueue::<N>::describe(into);
    }

    fn outline(into: &mut Outline) {
        into.structure(|fields| {
            fields.field::<MessageQueue<N>>("there", offset_of!(Self, there));
            fields.field::<MessageQueue<N>>("back", offset_of!(Self, back));
        });
    }

    fn after_reboot(&self) {
        self.there.after_reboot();
        self.back.after_reboot();
    }
}

impl<const N: usize> Pipe<N> {
    /// Both ends: what one sends the other receives.
    #[must_use]
    pub const fn ends(&self) -> (PipeEnd<'_, N>, PipeEnd<'_, N>) {
        let Self { there, back } = self;
        (PipeEnd { to: there, from: back }, PipeEnd { to: back, from: there })
    }
}

impl<const N: usize> Pipe<N> {
    /// What it is made of, to look at.
    pub(crate) const fn queues(&self) -> [&MessageQueue<N>; 2] {
        [&self.there, &self.back]
    }
}

impl<const N: usize> fmt::Debug for Pipe<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipe").field("capacity", &N).finish_non_exhaustive()
    }
}

/// An end of a [`Pipe`].
#[derive(Clone, Copy, Debug)]
pub struct PipeEnd<'a, const N: usize> {
    to: &'a MessageQueue<N>,
    from: &'a MessageQueue<N>,
}

impl<'a, const N: usize> PipeEnd<'a, N> {
    /// The queue into which this end sends; for time limits, and for a look.
    #[must_use]
    pub const fn outgoing(&self) -> &'a MessageQueue<N> {
        self.to
    }

    /// The queue out of which this end receives; for time limits, and for a look.
    #[must_use]
    pub const fn incoming(&self) -> &'a MessageQueue<N> {
        self.from
    }

    /// Sends a message, waiting for room as long as it takes.
    ///
    /// # Errors
    ///
    /// As [`MessageQueue::send`].
    pub fn send(&self, message: &[u8]) -> Result<(), SendError> {
        self.to.send(message)
    }

    /// Receives a message, waiting for one as long as it takes; `None` once the other end has shut down and all is received.
    ///
    /// # Errors
    ///
    /// As [`MessageQueue::receive`].
    pub fn receive(&self) -> Result<Option<Vec<u8>>, ReceiveError> {
        self.from.receive()
    }

    /// Nothing more comes from this end, and nothing more is received by it that was not sent yet.
    ///
    /// # Errors
    ///
    /// As [`MessageQueue::shutdown`].
    pub fn shutdown(&self) -> Result<(), LockError<()>> {
        self.to.shutdown()?;
        self.from.shutdown()
    }
}
