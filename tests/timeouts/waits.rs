//! Every wait that can have a limit, in one table: what makes somebody wait, and what ends that.

use std::fmt::Display;
use std::time::{Duration, Instant};

use lockproof::error::{LockError, TryLockError};
use lockproof::{
    Array, Barrier, BarrierError, BoundedSemaphore, Condvar, Event, JoinableQueue, Lock,
    MessageQueue, Mutex, PutError, Queue, RawValue, ReceiveError, ReentrantMutex, RwLock,
    Semaphore, SendError, TakeError, Value, shareable,
};

shareable! {
    pub(crate) struct All {
        mutex: Mutex<u64>,
        lock: Lock,
        reentrant: ReentrantMutex<RawValue<u64>>,
        value: Value<u64>,
        array: Array<u64, 2>,
        rwlock: RwLock<u64, 1>,
        permits: BoundedSemaphore<2>,
        signals: Semaphore<0, 1>,
        condvar: Condvar,
        event: Event,
        barrier: Barrier<2>,
        queue: Queue<u64, 1>,
        messages: MessageQueue<8>,
        tasks: JoinableQueue<u64, 1, 1>,
    }
}

/// How long to wait.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    Forever,
    Now,
    For(Duration),
    Until(Instant),
}

/// A kind of wait.
pub(crate) struct Wait {
    pub(crate) name: &'static str,
    /// Makes it so that others wait, and returns what ends that.
    pub(crate) block: for<'a> fn(&'a All) -> End<'a>,
    /// Waits, and says whether what was waited for came in time. Leaves things as they were then.
    pub(crate) wait: fn(&All, Limit) -> bool,
    /// Whether somebody who comes after the end does not wait: not so where both sides have to be there.
    pub(crate) end_lasts: bool,
}

type End<'a> = Box<dyn FnOnce() + 'a>;

/// Why a wait ended without what was waited for.
trait Reason: Display {
    /// Whether the time had run out.
    fn is_late(&self) -> bool;
}

macro_rules! reasons {
    ($([$($generics:ident)?] $error:ty => $late:pat),* $(,)?) => {$(
        impl$(<$generics>)? Reason for $error {
            fn is_late(&self) -> bool {
                matches!(self, $late)
            }
        }
    )*};
}

reasons! {
    [G] TryLockError<G> => TryLockError::WouldBlock(_),
    [T] PutError<T> => PutError::Full(_),
    [] TakeError => TakeError::Empty,
    [] SendError => SendError::Full,
    [] ReceiveError => ReceiveError::Empty,
    [] BarrierError => BarrierError::TimedOut,
}

impl<G> Reason for LockError<G> {
    fn is_late(&self) -> bool {
        false
    }
}

/// Whether what was waited for came in time.
fn came<T, E: Reason>(waited: Result<T, E>) -> bool {
    match waited {
        Ok(_) => true,
        Err(reason) if reason.is_late() => false,
        Err(reason) => panic!("neither what was waited for nor the end of the time: {reason}"),
    }
}

/// One of four methods with these arguments, as the limit wants it.
macro_rules! limited {
    ($limit:ident, $on:expr, $forever:ident / $now:ident / $within:ident / $until:ident ($($given:expr),*)) => {
        match $limit {
            Limit::Forever => came($on.$forever($($given),*)),
            Limit::Now => came($on.$now($($given),*)),
            Limit::For(timeout) => came($on.$within($($given,)* timeout)),
            Limit::Until(moment) => came($on.$until($($given,)* moment)),
        }
    };
}

fn kind(
    name: &'static str,
    block: for<'a> fn(&'a All) -> End<'a>,
    wait: fn(&All, Limit) -> bool,
) -> Wait {
    Wait { name, block, wait, end_lasts: true }
}

/// Until whatever was taken is dropped.
fn until_dropped<'a, G: 'a>(held: G) -> End<'a> {
    Box::new(move || drop(held))
}

/// For what is not there to begin with.
fn nothing_to_block<'a>(end: impl FnOnce() + 'a) -> End<'a> {
    Box::new(end)
}

pub(crate) fn waits() -> Vec<Wait> {
    let mut all = for_locks();
    all.extend(for_permits_and_others());
    all.extend(for_what_is_put());
    all
}

fn for_locks() -> Vec<Wait> {
    vec![
        kind(
            "a mutex",
            |all| until_dropped(all.mutex.lock().unwrap()),
            |all, limit| {
                limited!(limit, all.mutex, lock / try_lock / try_lock_for / try_lock_until())
            },
        ),
        kind(
            "a lock",
            |all| {
                assert!(all.lock.acquire(true, None).unwrap());
                Box::new(|| all.lock.release().unwrap())
            },
            |all, limit| {
                let taken = match limit {
                    Limit::Forever => all.lock.acquire(true, None),
                    Limit::Now => all.lock.acquire(false, None),
                    Limit::For(timeout) => all.lock.acquire(true, Some(timeout)),
                    Limit::Until(moment) => {
                        let left = moment.saturating_duration_since(Instant::now());
                        all.lock.acquire(true, Some(left))
                    }
                };
                let taken = taken.unwrap();
                if taken {
                    all.lock.release().unwrap();
                }
                taken
            },
        ),
        kind(
            "a reentrant mutex",
            |all| until_dropped((all.reentrant.lock().unwrap(), all.reentrant.lock().unwrap())),
            |all, limit| {
                limited!(limit, all.reentrant, lock / try_lock / try_lock_for / try_lock_until())
            },
        ),
        kind(
            "a value",
            |all| until_dropped(all.value.lock().unwrap()),
            |all, limit| {
                limited!(limit, all.value, lock / try_lock / try_lock_for / try_lock_until())
            },
        ),
        kind(
            "an array",
            |all| until_dropped(all.array.lock().unwrap()),
            |all, limit| {
                limited!(limit, all.array, lock / try_lock / try_lock_for / try_lock_until())
            },
        ),
        kind(
            "reading while another writes",
            |all| until_dropped(all.rwlock.write().unwrap()),
            |all, limit| {
                limited!(limit, all.rwlock, read / try_read / try_read_for / try_read_until())
            },
        ),
        kind(
            "reading while as many read as can",
            |all| until_dropped(all.rwlock.read().unwrap()),
            |all, limit| {
                limited!(limit, all.rwlock, read / try_read / try_read_for / try_read_until())
            },
        ),
        kind(
            "writing while another writes",
            |all| until_dropped(all.rwlock.write().unwrap()),
            |all, limit| {
                limited!(limit, all.rwlock, write / try_write / try_write_for / try_write_until())
            },
        ),
        kind(
            "writing while another reads",
            |all| until_dropped(all.rwlock.read().unwrap()),
            |all, limit| {
                limited!(limit, all.rwlock, write / try_write / try_write_for / try_write_until())
            },
        ),
    ]
}

fn for_permits_and_others() -> Vec<Wait> {
    vec![
        kind(
            "a permit",
            |all| until_dropped(all.permits.acquire_many(2).unwrap()),
            |all, limit| {
                limited!(
                    limit,
                    all.permits,
                    acquire / try_acquire / try_acquire_for / try_acquire_until()
                )
            },
        ),
        kind(
            "several permits",
            |all| until_dropped(all.permits.acquire().unwrap()),
            |all, limit| {
                limited!(
                    limit,
                    all.permits,
                    acquire_many
                        / try_acquire_many
                        / try_acquire_many_for
                        / try_acquire_many_until(2)
                )
            },
        ),
        kind(
            "a signal",
            |all| nothing_to_block(|| all.signals.post().unwrap()),
            |all, limit| {
                limited!(limit, all.signals, wait / try_wait / try_wait_for / try_wait_until())
            },
        ),
        kind(
            "a condition",
            |all| {
                nothing_to_block(|| {
                    *all.mutex.lock().unwrap() = 1;
                    all.condvar.notify_one();
                })
            },
            wait_for_condition,
        ),
        kind(
            "an event",
            |all| nothing_to_block(|| all.event.set()),
            |all, limit| match limit {
                Limit::Forever => {
                    all.event.wait();
                    true
                }
                Limit::Now => all.event.wait_for(Duration::ZERO),
                Limit::For(timeout) => all.event.wait_for(timeout),
                Limit::Until(moment) => all.event.wait_until(moment),
            },
        ),
        Wait {
            end_lasts: false,
            ..kind(
                "a barrier",
                |all| nothing_to_block(|| _ = all.barrier.wait().unwrap()),
                |all, limit| {
                    let came = match limit {
                        Limit::Forever => came(all.barrier.wait()),
                        Limit::Now => came(all.barrier.wait_for(Duration::ZERO)),
                        Limit::For(timeout) => came(all.barrier.wait_for(timeout)),
                        Limit::Until(moment) => came(all.barrier.wait_until(moment)),
                    };
                    // One that was waited at for too long is broken.
                    assert_eq!(all.barrier.recover(), !came);
                    came
                },
            )
        },
    ]
}

fn wait_for_condition(all: &All, limit: Limit) -> bool {
    let mut guard = all.mutex.lock().unwrap();
    let timeout = match limit {
        Limit::Forever => {
            drop(all.condvar.wait_while(guard, |number| *number == 0).unwrap());
            return true;
        }
        Limit::Until(moment) => {
            let mut late = false;
            while *guard == 0 && !late {
                let (again, ended) = all.condvar.wait_until(guard, moment).unwrap();
                (guard, late) = (again, ended.timed_out());
            }
            return *guard != 0;
        }
        Limit::Now => Duration::ZERO,
        Limit::For(timeout) => timeout,
    };
    let waited = all.condvar.wait_timeout_while(guard, timeout, |number| *number == 0);
    !waited.unwrap().1.timed_out()
}

fn for_what_is_put() -> Vec<Wait> {
    vec![
        kind(
            "an element",
            |all| nothing_to_block(|| all.queue.put(1).unwrap()),
            |all, limit| {
                limited!(limit, all.queue, take / try_take / try_take_for / try_take_until())
            },
        ),
        kind(
            "room for an element",
            |all| {
                all.queue.put(1).unwrap();
                Box::new(|| assert_eq!(all.queue.take().unwrap(), Some(1)))
            },
            |all, limit| limited!(limit, all.queue, put / try_put / try_put_for / try_put_until(2)),
        ),
        kind(
            "a message",
            |all| nothing_to_block(|| all.messages.send(b"a").unwrap()),
            |all, limit| {
                limited!(
                    limit,
                    all.messages,
                    receive / try_receive / try_receive_for / try_receive_until()
                )
            },
        ),
        kind(
            "room for a message",
            |all| {
                all.messages.send(b"full").unwrap();
                Box::new(|| assert!(all.messages.receive().unwrap().is_some()))
            },
            |all, limit| {
                limited!(
                    limit,
                    all.messages,
                    send / try_send / try_send_for / try_send_until(b"more")
                )
            },
        ),
        kind(
            "a task",
            |all| nothing_to_block(|| all.tasks.put(1).unwrap()),
            |all, limit| {
                limited!(limit, all.tasks, take / try_take / try_take_for / try_take_until())
            },
        ),
        kind(
            "room for a task",
            |all| {
                all.tasks.put(1).unwrap();
                Box::new(|| drop(all.tasks.take().unwrap().unwrap()))
            },
            |all, limit| limited!(limit, all.tasks, put / try_put / try_put_for / try_put_until(2)),
        ),
        kind(
            "the end of a task in the queue",
            |all| {
                all.tasks.put(1).unwrap();
                Box::new(|| drop(all.tasks.take().unwrap().unwrap()))
            },
            join,
        ),
        kind(
            "the end of a task in hand",
            |all| {
                all.tasks.put(1).unwrap();
                until_dropped(all.tasks.take().unwrap().unwrap())
            },
            join,
        ),
    ]
}

fn join(all: &All, limit: Limit) -> bool {
    match limit {
        Limit::Forever => came(all.tasks.join()),
        Limit::Now => all.tasks.join_for(Duration::ZERO).unwrap(),
        Limit::For(timeout) => all.tasks.join_for(timeout).unwrap(),
        Limit::Until(moment) => all.tasks.join_until(moment).unwrap(),
    }
}
