//! What each primitive is made of, for a look from outside.

use super::{Diagnose, Diagnosis, Part};
use crate::platform::{Cell64, Linux, Platform, RobustWord, Word32};
use crate::raw::{RawMutex, RawQueue, RawRwLock};
use crate::shm::outline::{Role, Told, Words};
use crate::sync::{
    Array, Barrier, Condvar, Counter, Event, JoinableQueue, Lock, MessageQueue, Mutex, Once,
    OnceValue, Pipe, Queue, ReentrantMutex, RwLock, Semaphore, Value,
};

pub(crate) fn mutex(part: Part, mutex: &RawMutex<RobustWord>) -> Diagnosis {
    let state = mutex.state(Linux::lockless());
    if state.is_not_recoverable() {
        // The id in the word is that of whoever held it last.
        let lost = Diagnosis { not_recoverable: true, ..Diagnosis::nothing() };
        return lost.with_sleepers(Linux::word(mutex.robust()));
    }
    Diagnosis { owner_died: state.owner_died(), ..Diagnosis::nothing() }
        .with_seat(part, mutex.robust())
}

/// Where what a queue is made of is, when the queue is there; and whether it counts elements or bytes.
pub(crate) fn queue_words(at: usize, unit: Told) -> [Words; 6] {
    type Raw = RawQueue<RobustWord, Word32, Cell64>;
    let ([mutex, more, room], [head, tail, closed]) = (Raw::PARTS_AT, Raw::CELLS_AT);
    [
        (Role::Mutex(Part::Inside), mutex),
        (Role::Sleep, more),
        (Role::Sleep, room),
        (Role::Tells(Told::Head), head),
        (Role::Tells(unit), tail),
        (Role::Tells(Told::Closed), closed),
    ]
    .map(|(role, part)| Words::one(role, at + part))
}

/// Where what a lock for readers is made of is, when the lock is there.
pub(crate) fn rwlock_words<const N: usize>(at: usize) -> [Words; 2] {
    let [mutex, slots] = RawRwLock::<RobustWord, Cell64, N>::PARTS_AT;
    [
        Words::one(Role::Mutex(Part::Lock), at + mutex),
        Words::row(Role::Seat(Part::Read), at + slots, N),
    ]
}

fn queue(queue: &RawQueue<RobustWord, Word32, Cell64>) -> Diagnosis {
    let diagnosis = Diagnosis { owner_died: false, ..mutex(Part::Inside, queue.mutex()) };
    queue
        .condvars()
        .into_iter()
        .fold(diagnosis, |diagnosis, condvar| diagnosis.with_sleepers(condvar.word()))
}

pub(crate) fn rwlock<const N: usize>(lock: &RawRwLock<RobustWord, Cell64, N>) -> Diagnosis {
    lock.slots().fold(mutex(Part::Lock, lock.mutex()), |diagnosis, slot| {
        diagnosis.with_seat(Part::Read, slot)
    })
}

macro_rules! as_its_mutex {
    ($([$($generics:tt)*] $type:ty),* $(,)?) => {$(
        impl<$($generics)*> Diagnose for $type {
            fn diagnosis(&self) -> Diagnosis {
                mutex(Part::Lock, self.raw_mutex())
            }
        }
    )*};
}

as_its_mutex!(
    [T] Mutex<T>,
    [] Lock,
    [T] ReentrantMutex<T>,
    [T] Value<T>,
    [T, const N: usize] Array<T, N>,
    [] Counter,
    [] Once,
    [T] OnceValue<T>,
);

impl<T, const READERS: usize> Diagnose for RwLock<T, READERS> {
    fn diagnosis(&self) -> Diagnosis {
        rwlock(self.raw())
    }
}

impl<const PERMITS: usize, const MOST: usize> Diagnose for Semaphore<PERMITS, MOST> {
    fn diagnosis(&self) -> Diagnosis {
        let (turn, slots) = self.raw().parts();
        // Whoever has the turn sleeps on all slots at once; the others sleep on the turn.
        let in_turn = slots.iter().map(|slot| Linux::sleepers(Linux::word(slot)));
        let in_turn =
            in_turn.collect::<Option<Vec<_>>>().map(|all| all.into_iter().max().unwrap_or(0));
        let turn = Diagnosis::nothing().with_sleepers(Linux::word(turn.robust()));
        slots.iter().fold(turn.with_waiting(in_turn), |diagnosis, slot| {
            diagnosis.with_holder(Part::Permit, slot)
        })
    }
}

impl<const PARTIES: usize> Diagnose for Barrier<PARTIES> {
    fn diagnosis(&self) -> Diagnosis {
        let (places, state) = self.raw().parts();
        // Each sleeps on the state, and on the places beside it.
        let asleep = Diagnosis::nothing().with_sleepers(state);
        places.iter().fold(asleep, |diagnosis, place| diagnosis.with_holder(Part::Place, place))
    }
}

impl Diagnose for Condvar {
    fn diagnosis(&self) -> Diagnosis {
        Diagnosis::nothing().with_sleepers(self.raw().word())
    }
}

impl Diagnose for Event {
    fn diagnosis(&self) -> Diagnosis {
        Diagnosis::nothing().with_sleepers(self.raw().word())
    }
}

impl<T, const N: usize> Diagnose for Queue<T, N> {
    fn diagnosis(&self) -> Diagnosis {
        queue(self.raw())
    }
}

impl<const N: usize> Diagnose for MessageQueue<N> {
    fn diagnosis(&self) -> Diagnosis {
        queue(self.raw())
    }
}

impl<const N: usize> Diagnose for Pipe<N> {
    fn diagnosis(&self) -> Diagnosis {
        let [one, other] = self.queues();
        one.diagnosis().with(other.diagnosis())
    }
}

impl<T, const N: usize, const HANDS: usize> Diagnose for JoinableQueue<T, N, HANDS> {
    fn diagnosis(&self) -> Diagnosis {
        let (inner, tasks) = self.parts();
        let (turn, hands, drained) = tasks.parts();
        let waiting = inner
            .diagnosis()
            .with_sleepers(Linux::word(turn.robust()))
            .with_sleepers(drained.word());
        hands.fold(waiting, |diagnosis, hand| diagnosis.with_seat(Part::Task, hand))
    }
}
