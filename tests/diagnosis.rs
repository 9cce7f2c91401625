//! Looks at primitives from outside: who holds them, and how many wait.

mod common;

use std::time::Duration;

use common::child::{Child, fork, is_asleep_on_several, state_of, supervised, until};
use common::memory::Board;
use lockproof::diagnosis::{Diagnose, Diagnosis, Part};
use lockproof::{
    Array, Barrier, BoundedSemaphore, Condvar, Counter, Event, JoinableQueue, Lock, MessageQueue,
    Mutex, Once, OnceValue, Pipe, Queue, RawValue, ReentrantMutex, Region, RwLock, Value,
    shareable,
};

/// Forks one that runs this and then stays until it is killed.
fn stays<G>(board: &Board, hold: impl FnOnce() -> G) -> Child {
    let before = board.get(0);
    let child = fork(|| {
        let _held = hold();
        board.add(0, 1);
        loop {
            std::thread::park();
        }
    });
    board.until(0, before + 1);
    child
}

/// Forks one that falls asleep in this.
fn sleeps(wait: impl FnOnce()) -> Child {
    let child = fork(wait);
    until(|| state_of(child.pid) == Some('S'));
    child
}

fn is_held_by(diagnosis: &Diagnosis, part: Part, child: &Child) {
    let [holder] = &diagnosis.holders[..] else { panic!("not one holder: {diagnosis:?}") };
    assert_eq!((holder.part, holder.thread as i32), (part, child.pid), "{diagnosis}");
    assert_eq!(holder.process.map(|id| id as i32), Some(child.pid), "{diagnosis}");
    let command = holder.command.as_deref().unwrap_or_default();
    assert!(holder.exists && command.contains("diagnosis"), "{diagnosis}");
}

#[test]
fn a_mutex_says_who_holds_it_and_how_many_wait_since_when() {
    supervised(60, || {
        let (mutex, board) = (Region::<Mutex<u64>>::anonymous().unwrap(), Board::new(1));
        assert_eq!(mutex.diagnosis().to_string(), "nobody waits; nobody holds it");
        let holder = stays(&board, || mutex.lock().unwrap());
        is_held_by(&mutex.diagnosis(), Part::Lock, &holder);
        assert_eq!(mutex.diagnosis().holders[0].waited_for, None, "nobody waits");
        let waits = [(); 3].map(|()| sleeps(|| drop(mutex.lock())));
        until(|| mutex.diagnosis().waiting == Some(3));
        let diagnosis = mutex.diagnosis();
        is_held_by(&diagnosis, Part::Lock, &holder);
        let long = diagnosis.holders[0].waited_for.expect("somebody waits");
        assert!(long < Duration::from_secs(60), "{diagnosis}");
        until(|| mutex.diagnosis().holders[0].waited_for > Some(long));
        // SAFETY: a child of this process that was not waited for yet.
        assert_eq!(unsafe { libc::kill(holder.pid, libc::SIGSTOP) }, 0);
        until(|| mutex.diagnosis().holders[0].stopped);
        let words = mutex.diagnosis().to_string();
        let expected = format!("3 threads wait; held by thread {}", holder.pid);
        assert!(words.starts_with(&expected) && words.contains("which is stopped"), "{words}");
        assert!(words.contains("waited for since"), "{words}");
        holder.kill();
        waits.into_iter().for_each(Child::join);
        let words = mutex.diagnosis().to_string();
        assert_eq!(words, "not recoverable, nobody waits; nobody holds it");
    });
}

#[test]
fn whatever_has_a_lock_says_who_holds_it() {
    supervised(60, || {
        shareable! {
            struct All {
                lock: Lock,
                reentrant: ReentrantMutex<RawValue<u8>>,
                value: Value<u8>,
                array: Array<u8, 3>,
                counter: Counter,
                once: Once,
                once_value: OnceValue<u8>,
            }
        }
        let (all, board) = (Region::<All>::anonymous().unwrap(), Board::new(1));
        let forever = || -> u8 {
            board.add(0, 1);
            loop {
                std::thread::park();
            }
        };
        let holders: [(&dyn Diagnose, Child); 6] = [
            (&all.lock, stays(&board, || all.lock.acquire(true, None).unwrap())),
            (&all.reentrant, stays(&board, || all.reentrant.lock().unwrap())),
            (&all.value, stays(&board, || all.value.lock().unwrap())),
            (&all.array, stays(&board, || all.array.lock().unwrap())),
            (&all.once, fork(|| drop(all.once.call_once(|| assert_eq!(forever(), 0))))),
            (&all.once_value, fork(|| drop(all.once_value.get_or_init(forever)))),
        ];
        board.until(0, 6);
        for (primitive, holder) in holders {
            is_held_by(&primitive.diagnosis(), Part::Lock, &holder);
            holder.kill();
            assert!(primitive.diagnosis().owner_died, "{}", primitive.diagnosis());
        }
        assert_eq!(all.counter.diagnosis().to_string(), "nobody waits; nobody holds it");
    });
}

#[test]
fn what_several_hold_says_who_they_are() {
    supervised(60, || {
        let board = Board::new(1);
        let rwlock = Region::<RwLock<u64, 4>>::anonymous().unwrap();
        let reads = stays(&board, || rwlock.read().unwrap());
        is_held_by(&rwlock.diagnosis(), Part::Read, &reads);
        let writes = sleeps(|| drop(rwlock.write().unwrap()));
        until(|| rwlock.diagnosis().waiting == Some(1));
        let parts: Vec<_> = rwlock.diagnosis().holders.iter().map(|holder| holder.part).collect();
        assert_eq!(parts, [Part::Lock, Part::Read], "who is to write next keeps others out");
        until(|| rwlock.diagnosis().holders[1].waited_for.is_some());
        reads.kill();
        writes.join();

        let semaphore = Region::<BoundedSemaphore<2>>::anonymous().unwrap();
        let both = stays(&board, || semaphore.acquire_many(2).unwrap());
        let waits = [(); 2].map(|()| sleeps(|| drop(semaphore.acquire().unwrap())));
        until(|| semaphore.diagnosis().waiting == Some(2));
        let diagnosis = semaphore.diagnosis();
        let theirs = |holder: &lockproof::diagnosis::Holder| {
            holder.part == Part::Permit && holder.thread as i32 == both.pid
        };
        assert!(diagnosis.holders.len() == 2 && diagnosis.holders.iter().all(theirs));
        assert!(diagnosis.holders.iter().all(|holder| holder.waited_for.is_some()), "{diagnosis}");
        both.kill();
        waits.into_iter().for_each(Child::join);

        let barrier = Region::<Barrier<3>>::anonymous().unwrap();
        let party = stays(&board, || barrier.register().unwrap());
        is_held_by(&barrier.diagnosis(), Part::Place, &party);
        let waits = fork(|| assert!(barrier.wait().is_err()));
        until(|| is_asleep_on_several(waits.pid) && barrier.diagnosis().waiting == Some(1));
        assert_eq!(barrier.diagnosis().holders.len(), 2, "{}", barrier.diagnosis());
        assert!(barrier.diagnosis().holders.iter().all(|party| party.waited_for.is_none()));
        party.kill();
        waits.join();
    });
}

#[test]
fn what_is_only_waited_for_says_how_many_do() {
    supervised(60, || {
        shareable! {
            struct All {
                event: Event,
                mutex: Mutex<u8>,
                condvar: Condvar,
                queue: Queue<u8, 2>,
                messages: MessageQueue<64>,
                pipe: Pipe<64>,
                tasks: JoinableQueue<u8, 2, 2>,
            }
        }
        let (all, board) = (Region::<All>::anonymous().unwrap(), Board::new(1));
        let there = |diagnosis: Diagnosis| diagnosis.waiting == Some(1);
        let waits = [
            sleeps(|| all.event.wait()),
            sleeps(|| drop(all.condvar.wait(all.mutex.lock().unwrap()).unwrap())),
            sleeps(|| assert_eq!(all.queue.take().unwrap(), Some(1))),
            sleeps(|| drop(all.messages.receive().unwrap())),
            sleeps(|| drop(all.pipe.ends().0.receive().unwrap())),
        ];
        until(|| there(all.event.diagnosis()) && there(all.condvar.diagnosis()));
        until(|| there(all.queue.diagnosis()) && there(all.messages.diagnosis()));
        until(|| there(all.pipe.diagnosis()));
        all.event.set();
        all.condvar.notify_all();
        all.queue.put(1).unwrap();
        all.messages.send(b"a").unwrap();
        all.pipe.ends().1.send(b"a").unwrap();
        waits.into_iter().for_each(Child::join);

        all.tasks.put(1).unwrap();
        let works = stays(&board, || all.tasks.take().unwrap());
        let joins = sleeps(|| all.tasks.join().unwrap());
        until(|| there(all.tasks.diagnosis()));
        is_held_by(&all.tasks.diagnosis(), Part::Task, &works);
        works.kill();
        joins.join();
        assert_eq!(all.tasks.diagnosis().to_string(), "nobody waits; nobody holds it");
    });
}
