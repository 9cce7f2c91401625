//! A bounded queue: a ring under a mutex, and two condition variables.
//!
//! # What is promised
//!
//! What one puts comes out once, and of each producer in the order in which it was put. Who puts waits while the queue is
//! full, who takes while it is empty. A producer that dies while it puts loses what it was about to put, and nothing else;
//! a consumer that dies loses what it has taken, at the most. Both are counted. Nobody waits for what has come, or for room
//! that there is, whoever dies at whatever point.
//!
//! Of the losses by producers each is counted, once: those that had begun, and whose store of `tail` is not there. Of those by
//! consumers never more than has gone; of each dead one all that it took in one go, or nothing: nothing if it died once
//! `taking` was 0 again, be it before it had let go of the mutex.
//!
//! # What can go on for ever
//!
//! Not fair: a thread that arrives may overtake those that wait, for ever. With one producer and one consumer there is nobody to
//! overtake, and both get on; but not if one of them tries again and again instead of waiting: it may always have the mutex when
//! the other comes. Whoever waits sleeps.
//!
//! # The words
//!
//! Under the mutex: `head` and `tail`, how many were taken and put so far, wrapping; what lies between them is in the queue,
//! the element of the number `n` in place `n` modulo the capacity. `putting` and `taking`: 0, or one more than `tail` or
//! `head` when an operation began that has not ended; or, once somebody counts what that has lost, `SETTLED` with the
//! number that there are then. `closed`. Two counters of the lost.
//!
//! # Why it notifies first
//!
//! Each change that others may wait for is one store, under the mutex. Before that store whoever waits for it is woken: it
//! then waits for the mutex. So if the one who makes the change dies before the store, nothing has happened; if it dies
//! after it, it dies as the holder of the mutex, and the kernel wakes one of those that wait for that, who finds the change.
//! (If it woke them afterwards and died in between, nobody would: the kernel knows of the mutex only.)
//!
//! # What a death leaves
//!
//! | who dies | what is left | who goes on |
//! |---|---|---|
//! | waiting | nothing | |
//! | putting, before the store | `putting` is one more than `tail` | the next holder: counts one lost |
//! | putting, after it | `putting` is not | the next holder: it was put |
//! | taking, before the store | `taking` is one more than `head` | the next holder: it is still there |
//! | taking, after it | `taking` is not | the next holder: counts it lost |
//! | counting what another lost | that, or `SETTLED` and the number | the next holder: counts it, once |
//!
//! # Models
//!
//! `lockproof-verify`, `models/queue.rs`: everything comes out once and in order, nobody waits in vain, with deaths,
//! deadlines and an end. `models/spans.rs`: batches and messages come out whole, and losses are counted.
//! `models/again.rs`: without an end.

use super::{Acquired, Ended, LockFailure, RawCondvar, RawMutex, WaitFailure};
use crate::deadline::Deadline;
use crate::platform::Platform;

/// In `putting` and `taking`: the rest is what the count of the lost is going to be.
const SETTLED: u64 = 1 << 63;

/// Why nothing was put or taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QueueFailure {
    /// The deadline passed.
    TimedOut,
    /// The queue is closed; and, for who takes, empty.
    Closed,
    /// The mutex could not be taken.
    Lock(LockFailure),
}

impl From<LockFailure> for QueueFailure {
    fn from(failure: LockFailure) -> Self {
        match failure {
            LockFailure::TimedOut => Self::TimedOut,
            other => Self::Lock(other),
        }
    }
}

/// Elements that the calling thread may write or read: it holds the queue's mutex meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use]
pub struct Span {
    /// The number of the first.
    pub first: u64,
    /// How many there are, at least one.
    pub count: u64,
}

/// A queue over a robust word `R`, words `W` and cells `C` of some platform. The elements lie elsewhere.
#[repr(C)]
#[derive(Debug)]
pub struct RawQueue<R, W, C> {
    mutex: RawMutex<R>,
    more: RawCondvar<W>,
    room: RawCondvar<W>,
    head: C,
    tail: C,
    putting: C,
    taking: C,
    closed: C,
    lost_by_producers: C,
    lost_by_consumers: C,
}

/// The cells of a queue.
#[derive(Debug)]
pub struct QueueCells<C> {
    /// How many were taken, and put.
    pub ends: [C; 2],
    /// Operations that have not ended: putting, taking.
    pub begun: [C; 2],
    /// Whether it is closed.
    pub closed: C,
    /// How many were lost: by producers, by consumers.
    pub lost: [C; 2],
}

impl<R, W, C> RawQueue<R, W, C> {
    /// Where its parts are, for those who look from outside: the mutex, and what is waited for.
    pub(crate) const PARTS_AT: [usize; 3] = [
        core::mem::offset_of!(Self, mutex),
        core::mem::offset_of!(Self, more),
        core::mem::offset_of!(Self, room),
    ];

    /// And how many were taken and put, and whether it is closed.
    pub(crate) const CELLS_AT: [usize; 3] = [
        core::mem::offset_of!(Self, head),
        core::mem::offset_of!(Self, tail),
        core::mem::offset_of!(Self, closed),
    ];

    /// An empty queue, over words and cells that hold zero.
    pub fn new(robust: R, more: W, room: W, cells: QueueCells<C>) -> Self {
        let QueueCells { ends, begun, closed, lost } = cells;
        let ([head, tail], [putting, taking]) = (ends, begun);
        let [lost_by_producers, lost_by_consumers] = lost;
        Self {
            mutex: RawMutex::new(robust),
            more: RawCondvar::new(more),
            room: RawCondvar::new(room),
            head,
            tail,
            putting,
            taking,
            closed,
            lost_by_producers,
            lost_by_consumers,
        }
    }

    /// The mutex inside, to look at.
    pub const fn mutex(&self) -> &RawMutex<R> {
        &self.mutex
    }

    /// The condition variables inside, to look at.
    pub(crate) const fn condvars(&self) -> [&RawCondvar<W>; 2] {
        [&self.more, &self.room]
    }

    /// Waits until there is room for `least` elements, at least one, in a queue of this capacity, until `deadline`. The
    /// calling thread may then write the elements, and has to say how many it has put: [`end_put`](Self::end_put).
    ///
    /// # Errors
    ///
    /// See [`QueueFailure`]; nothing has changed.
    pub fn begin_put<P>(
        &self,
        p: &P,
        (capacity, least): (u64, u64),
        deadline: Deadline,
    ) -> Result<Span, QueueFailure>
    where
        P: Platform<RobustWord = R, Word = W, Cell = C>,
    {
        self.enter(p, &self.room, deadline, || {
            if p.cell_get(&self.closed) != 0 {
                return Err(Some(QueueFailure::Closed));
            }
            let tail = p.cell_get(&self.tail);
            match capacity.saturating_sub(tail.wrapping_sub(p.cell_get(&self.head))) {
                count if count < least.max(1) => Err(None),
                count => {
                    p.cell_set(&self.putting, tail.wrapping_add(1));
                    Ok(Span { first: tail, count })
                }
            }
        })
    }

    /// So many elements were written: they are in the queue. Lets go of the mutex.
    pub fn end_put<P>(&self, p: &P, count: u64)
    where
        P: Platform<RobustWord = R, Word = W, Cell = C>,
    {
        self.end(p, (&self.more, &self.tail, &self.putting), count);
    }

    /// Waits until there is something, until `deadline`. The calling thread may then read the elements, and has to say how
    /// many it has taken: [`end_take`](Self::end_take).
    ///
    /// # Errors
    ///
    /// See [`QueueFailure`]; nothing has changed.
    pub fn begin_take<P>(&self, p: &P, deadline: Deadline) -> Result<Span, QueueFailure>
    where
        P: Platform<RobustWord = R, Word = W, Cell = C>,
    {
        self.enter(p, &self.more, deadline, || {
            let head = p.cell_get(&self.head);
            match p.cell_get(&self.tail).wrapping_sub(head) {
                0 if p.cell_get(&self.closed) != 0 => Err(Some(QueueFailure::Closed)),
                0 => Err(None),
                count => {
                    p.cell_set(&self.taking, head.wrapping_add(1));
                    Ok(Span { first: head, count })
                }
            }
        })
    }

    /// So many elements were read: they are not in the queue any more. Lets go of the mutex.
    pub fn end_take<P>(&self, p: &P, count: u64)
    where
        P: Platform<RobustWord = R, Word = W, Cell = C>,
    {
        self.end(p, (&self.room, &self.head, &self.taking), count);
    }

    /// As [`end_take`](Self::end_take) of one element; if it is the last of so many, whoever waits for that is told.
    pub(super) fn end_take_and_tell<P>(&self, p: &P, drained: &RawCondvar<W>, wanted: u64)
    where
        P: Platform<RobustWord = R, Word = W, Cell = C>,
    {
        if p.cell_get(&self.head).wrapping_add(1) == wanted {
            // First, as the header says.
            drained.notify(p);
        }
        self.end_take(p, 1);
    }

    /// How many elements were put so far. Hands that number on while it is so.
    pub(super) fn put_so_far<P>(
        &self,
        p: &P,
        deadline: Deadline,
        hand_on: impl FnOnce(u64),
    ) -> Result<u64, LockFailure>
    where
        P: Platform<RobustWord = R, Word = W, Cell = C>,
    {
        self.lock(p, or_never(deadline))?;
        let put = p.cell_get(&self.tail);
        hand_on(put);
        // Cannot fail: this thread has just taken it.
        let _ = self.mutex.unlock(p);
        Ok(put)
    }

    /// Waits until so many elements were taken, until `deadline`. Whoever takes the last of them has to tell:
    /// [`end_take_and_tell`](Self::end_take_and_tell).
    pub(super) fn wait_until_taken<P>(
        &self,
        p: &P,
        drained: &RawCondvar<W>,
        wanted: u64,
        deadline: Deadline,
    ) -> Result<(), LockFailure>
    where
        P: Platform<RobustWord = R, Word = W, Cell = C>,
    {
        let taken = self.enter(p, drained, deadline, || {
            let head = p.cell_get(&self.head);
            let is_there = head.wrapping_sub(wanted) as i64 >= 0;
            if is_there { Ok(Span { first: head, count: 0 }) } else { Err(None) }
        });
        match taken {
            Ok(_) => {
                // Cannot fail: this thread has the mutex.
                let _ = self.mutex.unlock(p);
                Ok(())
            }
            Err(QueueFailure::Lock(failure)) => Err(failure),
            Err(QueueFailure::TimedOut | QueueFailure::Closed) => Err(LockFailure::TimedOut),
        }
    }

    fn end<P>(&self, p: &P, (waited_for, end, begun): (&RawCondvar<W>, &C, &C), count: u64)
    where
        P: Platform<RobustWord = R, Word = W, Cell = C>,
    {
        if count > 0 {
            // First, as the header says.
            waited_for.notify(p);
            p.cell_set(end, p.cell_get(end).wrapping_add(count));
        }
        p.cell_set(begun, 0);
        // Cannot fail: this thread has the mutex.
        let _ = self.mutex.unlock(p);
    }

    /// Takes the mutex and waits until `ready` gives something, with the mutex held, or an error, without it.
    fn enter<P>(
        &self,
        p: &P,
        waits_for: &RawCondvar<W>,
        deadline: Deadline,
        ready: impl Fn() -> Result<Span, Option<QueueFailure>>,
    ) -> Result<Span, QueueFailure>
    where
        P: Platform<RobustWord = R, Word = W, Cell = C>,
    {
        let scope = p.scope();
        self.lock(p, or_never(deadline))?;
        let mut late = deadline == Deadline::Now;
        loop {
            p.at(scope, late);
            let failure = match ready() {
                Ok(span) => return Ok(span),
                Err(Some(failure)) => failure,
                Err(None) if late => QueueFailure::TimedOut,
                Err(None) => {
                    match waits_for.wait(p, &self.mutex, deadline) {
                        Ok(Ended { how, timed_out }) => {
                            self.look_after(p, how);
                            late = timed_out;
                        }
                        Err(WaitFailure::Lock(failure)) => return Err(failure.into()),
                        Err(WaitFailure::NotHeld) => {
                            return Err(LockFailure::NotRecoverable.into());
                        }
                    }
                    continue;
                }
            };
            // Cannot fail: this thread has the mutex.
            let _ = self.mutex.unlock(p);
            return Err(failure);
        }
    }

    fn lock<P>(&self, p: &P, deadline: Deadline) -> Result<(), LockFailure>
    where
        P: Platform<RobustWord = R, Cell = C>,
    {
        let how = self.mutex.lock(p, deadline)?;
        self.look_after(p, how);
        Ok(())
    }

    /// Under the mutex: counts what the last holder has lost, if it died.
    fn look_after<P>(&self, p: &P, how: Acquired)
    where
        P: Platform<RobustWord = R, Cell = C>,
    {
        if how == Acquired::Clean {
            return;
        }
        self.settle(p, (&self.putting, &self.lost_by_producers), |before| {
            u64::from(before == p.cell_get(&self.tail))
        });
        self.settle(p, (&self.taking, &self.lost_by_consumers), |before| {
            p.cell_get(&self.head).wrapping_sub(before)
        });
        // Cannot fail: this thread has just taken it.
        let _ = self.mutex.make_consistent(p);
    }

    /// Counts what an operation has lost that began where `lost_since` is told, if there is one that has not ended.
    ///
    /// First it notes what the count is going to be, in place of where the operation began: whoever dies meanwhile leaves
    /// that to the next one, who comes to the same. The note stays until the next operation begins.
    fn settle<P>(&self, p: &P, (begun, count): (&C, &C), lost_since: impl Fn(u64) -> u64)
    where
        P: Platform<Cell = C>,
    {
        let seen = p.cell_get(begun);
        let Some(before) = seen.checked_sub(1) else { return };
        let sum = if seen & SETTLED == 0 {
            let sum = p.cell_get(count).wrapping_add(lost_since(before)) & !SETTLED;
            p.cell_set(begun, sum | SETTLED);
            sum
        } else {
            seen & !SETTLED
        };
        p.cell_set(count, sum);
    }

    /// Closes the queue: nothing more can be put; what is there can be taken.
    ///
    /// # Errors
    ///
    /// See [`LockFailure`]; nothing has changed.
    pub fn close<P>(&self, p: &P) -> Result<(), LockFailure>
    where
        P: Platform<RobustWord = R, Word = W, Cell = C>,
    {
        self.lock(p, Deadline::Never)?;
        self.more.notify(p);
        self.room.notify(p);
        p.cell_set(&self.closed, 1);
        // Cannot fail: this thread has just taken it.
        let _ = self.mutex.unlock(p);
        Ok(())
    }

    /// What it is like: a moment's look, under the mutex.
    ///
    /// # Errors
    ///
    /// See [`LockFailure`].
    pub fn look<P>(&self, p: &P) -> Result<Look, LockFailure>
    where
        P: Platform<RobustWord = R, Cell = C>,
    {
        self.lock(p, Deadline::Never)?;
        let look = Look {
            taken: p.cell_get(&self.head),
            length: p.cell_get(&self.tail).wrapping_sub(p.cell_get(&self.head)),
            closed: p.cell_get(&self.closed) != 0,
            lost_by_producers: p.cell_get(&self.lost_by_producers),
            lost_by_consumers: p.cell_get(&self.lost_by_consumers),
        };
        // Cannot fail: this thread has just taken it.
        let _ = self.mutex.unlock(p);
        Ok(look)
    }

    /// Marks a holder of another boot of the machine as dead. Nobody else uses the queue meanwhile.
    pub(crate) fn forget_holder<P>(&self, p: &P)
    where
        P: Platform<RobustWord = R>,
    {
        self.mutex.forget_holder(p);
    }
}

/// Until when to wait for the mutex. Who does not wait for others' elements waits for that all the same: that it is held does not
/// mean that the queue is full, or empty.
fn or_never(deadline: Deadline) -> Deadline {
    if deadline == Deadline::Now { Deadline::Never } else { deadline }
}

/// What a queue is like at some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Look {
    /// How many elements are in it.
    pub length: u64,
    /// How many were taken from it so far, wrapping.
    pub taken: u64,
    /// Whether it is closed.
    pub closed: bool,
    /// How many producers died while they put something, which is lost.
    pub lost_by_producers: u64,
    /// How many elements were taken by consumers that died before that was over: of those that died later, they had them in hand.
    pub lost_by_consumers: u64,
}
