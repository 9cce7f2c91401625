//! Every primitive over words that hold anything, with a peer that goes on writing to them.

use super::input::Input;
use super::machine::{Long, Machine, Robust, Word};
use crate::raw::{
    QueueCells, RawAtomicCounter, RawBarrier, RawCell, RawCondvar, RawCounter, RawEvent, RawInit,
    RawMutex, RawOnce, RawQueue, RawReentrantMutex, RawRwLock, RawSemaphore, RawTasks, Read,
};

/// How many calls there are in a case at most.
const MOST_CALLS: usize = 24;
/// How many slots, permits, places, hands there are.
const ROW: usize = 4;

type Queue = RawQueue<Robust, Word, Long>;

/// A primitive's calls, one after another as the input says.
type Subject = fn(&Machine, &mut Input<'_>);

const SUBJECTS: [Subject; 12] = [
    mutex, reentrant, rwlock, semaphore, condvar, event, barrier, once, init, counters, queue,
    tasks,
];

/// Whatever a primitive's words hold at first, and whatever a peer writes into them between any two operations: each call
/// comes back or goes to sleep after a bounded number of operations, and neither panics nor leaves the thread's list of locks
/// in disorder.
///
/// The first byte chooses the primitive, the next ones the [machine](Machine) with its words and its peer, the others the
/// calls.
///
/// # Panics
///
/// If that is not so.
pub fn words(input: &[u8]) {
    examine(input);
}

/// Says how many operations there were between two sleeps, at most.
pub(super) fn examine(input: &[u8]) -> u32 {
    let mut input = Input::new(input);
    let subject = SUBJECTS[input.below(SUBJECTS.len())];
    let machine = Machine::new(&mut input);
    machine.run(|| subject(&machine, &mut input));
    machine.most_seen()
}

/// Calls while the input lasts: each is told a number below that.
fn calls(
    p: &Machine,
    input: &mut Input<'_>,
    different: usize,
    mut call: impl FnMut(usize, &mut Input<'_>),
) {
    for _ in 0..MOST_CALLS {
        if input.is_empty() {
            break;
        }
        let which = input.below(different);
        p.call(|| call(which, input));
    }
}

fn mutex(p: &Machine, input: &mut Input<'_>) {
    let mutex = RawMutex::new(p.robust());
    calls(p, input, 6, |call, input| match call {
        0 | 1 => drop(mutex.lock(p, input.deadline(p))),
        2 => drop(mutex.unlock(p)),
        3 => drop(mutex.make_consistent(p)),
        4 => drop(mutex.unlock_abandoned(p)),
        _ => drop(mutex.give_up(p)),
    });
    mutex.forget_holder(p);
}

fn reentrant(p: &Machine, input: &mut Input<'_>) {
    let mutex = RawReentrantMutex::new(p.robust(), p.long());
    calls(p, input, 6, |call, input| match call {
        0 | 1 => drop(mutex.lock(p, input.deadline(p))),
        2 => drop(mutex.unlock(p)),
        3 => drop(mutex.make_consistent(p)),
        4 => drop(mutex.unlock_abandoned(p)),
        _ => drop(mutex.give_up(p)),
    });
}

fn rwlock(p: &Machine, input: &mut Input<'_>) {
    let slots = [(); ROW].map(|()| p.robust());
    let lock = RawRwLock::new(p.robust(), p.long(), slots);
    calls(p, input, 9, |call, input| match call {
        0 | 1 => {
            let got = lock.read(p, input.byte().into(), input.deadline(p));
            assert!(!matches!(got, Ok(Read::Shared(slot)) if slot >= ROW), "no such slot");
        }
        2 => drop(lock.write(p, input.deadline(p))),
        3 => drop(lock.unlock_read(p, input.below(ROW))),
        4 => drop(lock.unlock_write(p)),
        5 => drop(lock.make_consistent(p)),
        6 => drop(lock.unlock_abandoned(p)),
        7 => assert!(lock.downgrade(p, input.byte().into()).is_none_or(|slot| slot < ROW)),
        _ => assert!(lock.readers(p) <= ROW),
    });
    lock.forget_holders(p);
}

fn semaphore(p: &Machine, input: &mut Input<'_>) {
    let permits = 1 + input.below(ROW);
    let semaphore = RawSemaphore::new(p.robust(), [(); ROW].map(|()| p.robust()));
    calls(p, input, 7, |call, input| match call {
        0 | 1 => {
            let got = semaphore.acquire(p, permits, input.byte().into(), input.deadline(p));
            assert!(got.is_ok_and(|slots| slots < 1 << ROW) || got.is_err(), "no such slot");
        }
        2 => {
            let wanted = 1 + input.below(ROW);
            let got = semaphore.acquire_many(p, permits, wanted, input.deadline(p));
            assert!(got.is_ok_and(|slots| slots < 1 << ROW) || got.is_err(), "no such slot");
        }
        3 => drop(semaphore.wait(p, permits, input.deadline(p))),
        4 => assert!(semaphore.release(p, input.byte().into()) <= ROW as u32),
        5 => drop(semaphore.post(p, permits)),
        _ => assert!(semaphore.free(p, permits) <= ROW),
    });
    semaphore.forget_holders(p);
}

fn condvar(p: &Machine, input: &mut Input<'_>) {
    let (mutex, condvar) = (RawMutex::new(p.robust()), RawCondvar::new(p.word()));
    calls(p, input, 5, |call, input| match call {
        0 => drop(mutex.lock(p, input.deadline(p))),
        1 => drop(mutex.unlock(p)),
        2 | 3 => drop(condvar.wait(p, &mutex, input.deadline(p))),
        _ => condvar.notify(p),
    });
}

fn event(p: &Machine, input: &mut Input<'_>) {
    let event = RawEvent::new(p.word());
    let mut moment = event.now(p);
    calls(p, input, 6, |call, input| match call {
        0 => event.set(p),
        1 => event.clear(p),
        2 => drop(event.wait(p, input.deadline(p))),
        3 => drop(event.wait_since(p, moment, input.deadline(p))),
        4 => moment = event.now(p),
        _ => drop(event.is_set(p)),
    });
}

fn barrier(p: &Machine, input: &mut Input<'_>) {
    let parties = 1 + input.below(ROW);
    let [places, announced] = [(); 2].map(|()| [(); ROW].map(|()| p.word()));
    let barrier = RawBarrier::new(places.map(Robust), announced, p.word());
    calls(p, input, 8, |call, input| match call {
        0 => {
            let got = barrier.enter(p, parties, input.byte().into());
            assert!(!matches!(got, Ok(Some(place)) if place >= parties), "no such place");
        }
        1 => drop(barrier.leave(p, input.below(parties))),
        2 | 3 => drop(barrier.wait(p, parties, input.below(parties), input.deadline(p))),
        4 => barrier.abort(p),
        5 => barrier.reset(p, parties),
        6 => drop(barrier.recover(p, parties)),
        _ => assert!(barrier.look(p, parties).taking_part <= parties),
    });
    barrier.forget_holders(p);
}

fn once(p: &Machine, input: &mut Input<'_>) {
    let once = RawOnce::new(p.robust(), p.word());
    calls(p, input, 5, |call, input| match call {
        0 | 1 => drop(once.enter(p, input.deadline(p))),
        2 => drop(once.finish(p)),
        3 => drop(once.give_up(p)),
        _ => drop((once.is_ready(p), once.is_half_built(p))),
    });
    once.forget_holder(p);
}

fn init(p: &Machine, input: &mut Input<'_>) {
    const WHO: u64 = 3;
    let init = RawInit::new(p.long(), p.robust(), p.word());
    calls(p, input, 5, |call, input| match call {
        0 | 1 => drop(init.enter(p, WHO, input.deadline(p))),
        2 => drop(init.finish(p)),
        3 => drop(init.give_up(p)),
        _ => drop(init.take_over(p, input.value(), WHO)),
    });
}

fn counters(p: &Machine, input: &mut Input<'_>) {
    let counter = RawCounter::new(p.robust(), p.long(), p.long());
    let (atomic, cell) = (RawAtomicCounter::new(p.long()), RawCell::new(p.long()));
    calls(p, input, 8, |call, input| match call {
        0 | 1 => drop(counter.add(p, input.value())),
        2 => drop(counter.get(p)),
        3 => drop(counter.set(p, input.value())),
        4 => drop(counter.deaths(p)),
        5 => drop(atomic.add(p, input.value())),
        6 => drop(atomic.set(p, input.value())),
        _ => cell.store(p, cell.load(p)),
    });
}

fn new_queue(p: &Machine) -> Queue {
    let cells = QueueCells {
        ends: [p.long(), p.long()],
        begun: [p.long(), p.long()],
        closed: p.long(),
        lost: [p.long(), p.long()],
    };
    RawQueue::new(p.robust(), p.word(), p.word(), cells)
}

fn queue(p: &Machine, input: &mut Input<'_>) {
    const CAPACITY: u64 = 5;
    let queue = new_queue(p);
    calls(p, input, 5, |call, input| match call {
        0 | 1 => {
            let least = input.below(CAPACITY as usize + 1) as u64;
            if let Ok(span) = queue.begin_put(p, (CAPACITY, least), input.deadline(p)) {
                assert!((1..=CAPACITY).contains(&span.count), "{span:?}: there is no such room");
                queue.end_put(p, input.value() % (span.count + 1));
            }
        }
        2 => {
            // How many there are is whatever the peer says: whoever copies them looks.
            if let Ok(span) = queue.begin_take(p, input.deadline(p)) {
                queue.end_take(p, span.count.min(1));
            }
        }
        3 => drop(queue.close(p)),
        _ => drop(queue.look(p)),
    });
    queue.forget_holder(p);
}

fn tasks(p: &Machine, input: &mut Input<'_>) {
    let queue = new_queue(p);
    let hands = [(); ROW].map(|()| p.robust());
    let tasks = RawTasks::new(p.robust(), hands, p.word(), [p.long(), p.long()]);
    calls(p, input, 6, |call, input| match call {
        0 => {
            if queue.begin_put(p, (5, 1), input.deadline(p)).is_ok() {
                queue.end_put(p, 1);
            }
        }
        1 | 2 => {
            if let Ok((_, hand)) = tasks.begin_take(p, &queue, input.deadline(p)) {
                assert!(hand < ROW, "no such hand");
                tasks.end_take(p, &queue);
            }
        }
        3 => drop(tasks.done(p, input.below(ROW), input.byte() & 1 == 0)),
        4 => drop(tasks.join(p, &queue, input.deadline(p))),
        _ => assert!(tasks.look(p).0 <= ROW),
    });
    tasks.forget_holders(p);
}
