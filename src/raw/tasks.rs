//! What was taken from a queue and is not yet done with: whose it is, and how to wait until nothing is left.
//!
//! # What is promised
//!
//! Whoever takes a task has it in hand until it says that it is [done](RawTasks::done), or dies. [`join`](RawTasks::join)
//! returns when everything that was put before it is done with: taken, and in nobody's hand. What was in the hand of somebody
//! who died is done with, too, and counts as lost. Nobody waits in vain, whoever dies at whatever point.
//!
//! # The words
//!
//! A **row of hands**, [slots](super::slot): one for each task that can be in hand at a time. A thread takes one while it has
//! the queue's mutex, *before* the task leaves the queue; so what is not done with is always in the queue or in a hand. And a
//! mutex, the **turn**: whoever has it may sleep on the hands, one after another. Others that join wait for the mutex.
//! `wanted`: how many tasks had been put when whoever has the turn began to join; changed with the queue's mutex. `drained`, a
//! condition variable with that mutex: notified before the last of those tasks leaves the queue. `done`: how many
//! tasks were done with by whoever had them in hand. What was taken, is not done and is in no hand is lost.
//!
//! # Why one look at each hand is enough
//!
//! `join` finds at some moment that all it waits for has left the queue. It is then in a hand, or done with. It then waits for
//! each hand until somebody else has it than at that moment, or nobody. Tasks that come later may fill the queue and others'
//! hands; they are none of its business.
//!
//! # What a death leaves
//!
//! | who dies | what is left | who goes on |
//! |---|---|---|
//! | before the task has left the queue | the hand, free; the task, in the queue | whoever takes it next |
//! | with a task in hand | the hand, free; the task, lost | whoever sleeps on the hand is woken by the kernel |
//! | after it was counted as done | the hand, free | the same |
//! | joining | the turn, marked; a mark on a hand | the next one that joins |
//!
//! # Models
//!
//! `lockproof-verify`, `models/tasks.rs`: after a join all results are there, and nobody waits in vain, with deaths and
//! deadlines; each ordering and wake has a mutant that is caught.

use core::sync::atomic::Ordering::{Acquire, Relaxed};

use super::mutex_state::State;
use super::patience::Patience;
use super::slot::RawSlot;
use super::{Acquired, LockFailure, QueueFailure, RawCondvar, RawMutex, RawQueue, Span};
use crate::deadline::Deadline;
use crate::error::NotHeld;
use crate::platform::Platform;

/// Why no task was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TaskFailure {
    /// There was none.
    Queue(QueueFailure),
    /// As many tasks are in hand as can be.
    HandsFull,
}

impl From<QueueFailure> for TaskFailure {
    fn from(failure: QueueFailure) -> Self {
        Self::Queue(failure)
    }
}

/// The tasks of a queue, over robust words `R`, words `W` and 64-bit words `D` of some platform: up to `N` in hand.
#[repr(C)]
#[derive(Debug)]
pub struct RawTasks<R, W, D, const N: usize> {
    turn: RawMutex<R>,
    hands: [RawSlot<R>; N],
    drained: RawCondvar<W>,
    wanted: D,
    done: D,
}

impl<R, W, D, const N: usize> RawTasks<R, W, D, N> {
    /// Where its parts are, for those who look from outside: the turn, the hands, and what is waited for.
    pub(crate) const PARTS_AT: [usize; 3] = [
        core::mem::offset_of!(Self, turn),
        core::mem::offset_of!(Self, hands),
        core::mem::offset_of!(Self, drained),
    ];

    /// No tasks, over words that hold zero.
    pub fn new(turn: R, hands: [R; N], drained: W, [wanted, done]: [D; 2]) -> Self {
        let (turn, drained) = (RawMutex::new(turn), RawCondvar::new(drained));
        Self { turn, hands: hands.map(RawSlot::new), drained, wanted, done }
    }

    /// Turn, hands and `drained`, to look at.
    pub(crate) fn parts(&self) -> (&RawMutex<R>, impl Iterator<Item = &R>, &RawCondvar<W>) {
        (&self.turn, self.hands.iter().map(RawSlot::robust), &self.drained)
    }

    /// Waits until there is a task in the queue, until `deadline`. The calling thread has it in hand, and may read it; it has
    /// to say that it has: [`end_take`](Self::end_take).
    ///
    /// # Errors
    ///
    /// See [`TaskFailure`]; nothing has changed.
    pub fn begin_take<P, C>(
        &self,
        p: &P,
        queue: &RawQueue<R, W, C>,
        deadline: Deadline,
    ) -> Result<(Span, usize), TaskFailure>
    where
        P: Platform<RobustWord = R, Word = W, Word64 = D, Cell = C>,
    {
        let span = queue.begin_take(p, deadline)?;
        match self.free_hand(p) {
            Ok(hand) => Ok((Span { count: 1, ..span }, hand)),
            Err(failure) => {
                queue.end_take(p, 0);
                Err(failure)
            }
        }
    }

    /// With the queue's mutex.
    fn free_hand<P>(&self, p: &P) -> Result<usize, TaskFailure>
    where
        P: Platform<RobustWord = R>,
    {
        let scope = p.scope();
        for (at, hand) in self.hands.iter().enumerate() {
            let mut seen = hand.state(p);
            while seen.owner() == 0 {
                p.at(scope, (at, seen.0));
                match hand.occupy(p, seen) {
                    Ok(Ok(())) => return Ok(at),
                    Ok(Err(now)) => seen = now,
                    Err(failure) => {
                        let failure = LockFailure::from(failure);
                        return Err(QueueFailure::Lock(failure).into());
                    }
                }
            }
        }
        Err(TaskFailure::HandsFull)
    }

    /// The task was read: it is not in the queue any more. Lets go of the queue's mutex.
    pub fn end_take<P, C>(&self, p: &P, queue: &RawQueue<R, W, C>)
    where
        P: Platform<RobustWord = R, Word = W, Word64 = D, Cell = C>,
    {
        // Relaxed, here and in `join`: under the queue's mutex.
        queue.end_take_and_tell(p, &self.drained, p.load64(&self.wanted, Relaxed));
    }

    /// The word of this hand, for the platform.
    pub(crate) const fn robust(&self, hand: usize) -> &R {
        self.hands[hand].robust()
    }

    /// The calling thread is done with the task in this hand; or gives up, if it is not `finished`, and the task is lost.
    ///
    /// # Errors
    ///
    /// [`NotHeld`], and nothing changes, if the task is not in the calling thread's hand.
    pub fn done<P>(&self, p: &P, hand: usize, finished: bool) -> Result<(), NotHeld>
    where
        P: Platform<RobustWord = R, Word64 = D>,
    {
        let hand = &self.hands[hand];
        if !hand.is_mine(p) {
            return Err(NotHeld::new());
        }
        if finished {
            // Relaxed: a number for people.
            p.fetch_add64(&self.done, 1, Relaxed);
        }
        hand.leave(p)
    }

    /// Waits until everything that was put into the queue so far is done with, until `deadline`.
    ///
    /// # Errors
    ///
    /// [`LockFailure::AlreadyHeld`] if the calling thread has a task in hand itself; else see [`LockFailure`].
    pub fn join<P, C>(
        &self,
        p: &P,
        queue: &RawQueue<R, W, C>,
        deadline: Deadline,
    ) -> Result<(), LockFailure>
    where
        P: Platform<RobustWord = R, Word = W, Word64 = D, Cell = C>,
    {
        if self.hands.iter().any(|hand| hand.is_mine(p)) {
            return Err(LockFailure::AlreadyHeld);
        }
        if self.turn.lock(p, deadline)? == Acquired::OwnerDied {
            // Cannot fail, nor can the unlock: this thread has just taken it. Whoever died left nothing but marks.
            let _ = self.turn.make_consistent(p);
        }
        let joined = queue
            .put_so_far(p, deadline, |put| p.store64(&self.wanted, put, Relaxed))
            .and_then(|put| queue.wait_until_taken(p, &self.drained, put, deadline))
            .and_then(|()| self.wait_for_hands(p, deadline));
        let _ = self.turn.unlock(p);
        joined
    }

    /// In turn: waits until whoever has a task in hand now is done with it.
    fn wait_for_hands<P>(&self, p: &P, deadline: Deadline) -> Result<(), LockFailure>
    where
        P: Platform<RobustWord = R>,
    {
        let scope = p.scope();
        for (at, hand) in self.hands.iter().enumerate() {
            let first = hand.state(p);
            let mut patience = Patience::new();
            let (mut seen, mut late) = (first, deadline == Deadline::Now);
            let is_at_it = |now: State| now.owner() != 0 && now.owner() == first.owner();
            while is_at_it(seen) && !late {
                p.at(scope, (at, seen.0));
                late = hand.wait(p, seen, deadline, &mut patience);
                seen = hand.state(p);
            }
            // Left there, it would cost whoever has the hand later a wake for nobody, task after task.
            if seen.has_waiters() {
                hand.unmark(p);
            }
            if is_at_it(seen) {
                return Err(LockFailure::TimedOut);
            }
        }
        // Acquire: sees what was done with the tasks; matches the Releases with which they left the hands.
        p.fence(Acquire);
        Ok(())
    }

    /// How many tasks are in hand at this moment, and how many were done with so far by whoever had them.
    pub fn look<P>(&self, p: &P) -> (usize, u64)
    where
        P: Platform<RobustWord = R, Word64 = D>,
    {
        // Relaxed: numbers for people. Hands first: a task between the two is done, and not lost.
        let in_hand = self.hands.iter().filter(|hand| hand.state(p).owner() != 0).count();
        (in_hand, p.load64(&self.done, Relaxed))
    }

    /// Empties the hands of another boot of the machine. Nobody else uses them meanwhile.
    pub(crate) fn forget_holders<P>(&self, p: &P)
    where
        P: Platform<RobustWord = R>,
    {
        self.turn.forget_holder(p);
        self.hands.iter().for_each(|hand| hand.forget_holder(p));
    }
}
