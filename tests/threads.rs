//! Threads of one process: what each primitive promises, and what a thread leaves behind at its end.

mod common;
#[path = "threads/contracts.rs"]
mod contracts;

use core::cell::{Cell, RefCell};
use core::mem::forget;

use common::child::{fork, supervised};
use common::forgotten::memory_stays_mapped;
use common::outcome::{Attempt, Outcome, acquired};
use common::seed::scaled;
use lockproof::{
    Array, AtomicCounter, Barrier, Counter, JoinableQueue, Lock, Mutex, MutexGuard, RawValue,
    ReentrantMutex, Region, RwLock, RwLockWriteGuard, Semaphore, Value, shareable,
};

const THREADS: u64 = 4;

shareable! {
    struct Shared {
        mutex: Mutex<[u64; 8]>,
        lock: Lock,
        beside: RawValue<u64>,
        value: Value<u64>,
        counter: Counter,
        atomic: AtomicCounter,
        unlocked: RawValue<u64>,
    }
}

#[test]
fn no_addition_is_lost_and_no_write_is_torn() {
    supervised(120, || {
        let shared = Region::<Shared>::anonymous().unwrap();
        let times = scaled(20_000);
        std::thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| (0..times).for_each(|_| add_one_everywhere(&shared)));
            }
        });
        let total = THREADS * times;
        assert_eq!(*shared.mutex.lock().unwrap(), [total; 8]);
        assert_eq!(shared.beside.load(), total);
        assert_eq!(shared.value.get().unwrap(), total);
        assert_eq!(shared.counter.get().unwrap(), total);
        assert_eq!(shared.atomic.get(), total);
        assert_eq!(shared.counter.deaths().unwrap(), 0);
        assert!(shared.unlocked.load() <= total);
    });
}

fn add_one_everywhere(shared: &Shared) {
    {
        let mut words = shared.mutex.lock().unwrap();
        assert!(words.iter().all(|word| *word == words[0]), "a torn write: {words:?}");
        words.iter_mut().for_each(|word| *word += 1);
    }
    assert_eq!(acquired(shared.lock.acquire(true, None)), Outcome::Clean);
    shared.beside.store(shared.beside.load() + 1);
    shared.lock.release().unwrap();
    {
        let _guard = shared.value.lock().unwrap();
        shared.value.set(shared.value.get().unwrap() + 1).unwrap();
    }
    shared.counter.increment().unwrap();
    shared.atomic.increment();
    shared.unlocked.store(shared.unlocked.load() + 1);
}

#[test]
fn only_the_thread_that_took_it_holds_it() {
    supervised(20, || {
        let shared = Region::<Shared>::anonymous().unwrap();
        assert_eq!(acquired(shared.lock.acquire(true, None)), Outcome::Clean);
        let guard = shared.mutex.lock().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                assert!(shared.lock.release().is_err(), "not this thread's");
                assert!(shared.lock.make_consistent().is_err(), "not this thread's");
                assert_eq!(acquired(shared.lock.acquire(false, None)), Outcome::WouldBlock);
                assert_eq!(shared.mutex.try_lock().taken().0, Outcome::WouldBlock);
            });
        });
        drop(guard);
        shared.lock.release().expect("nothing was changed");
        assert!(shared.lock.release().is_err(), "once is enough");
    });
}

#[test]
fn the_memory_of_a_forgotten_guard_stays_mapped() {
    memory_stays_mapped::<Mutex<u64>>("a mutex", |it| forget(it.lock().unwrap()));
    memory_stays_mapped::<Lock>("a lock", |it| assert!(it.acquire(true, None).unwrap()));
    memory_stays_mapped::<ReentrantMutex<()>>("taken twice", |it| {
        forget((it.lock().unwrap(), it.lock().unwrap()));
    });
    memory_stays_mapped::<Value<u64>>("a value", |it| forget(it.lock().unwrap()));
    memory_stays_mapped::<Array<u64, 2>>("an array", |it| forget(it.lock().unwrap()));
    memory_stays_mapped::<RwLock<u64>>("to read", |it| forget(it.read().unwrap()));
    memory_stays_mapped::<RwLock<u64>>("to write", |it| forget(it.write().unwrap()));
    memory_stays_mapped::<RwLock<u64>>("to write, then to read", |it| {
        forget(RwLockWriteGuard::downgrade(it.write().unwrap()).unwrap());
    });
    memory_stays_mapped::<Semaphore<3, 3>>("a permit", |it| forget(it.acquire().unwrap()));
    memory_stays_mapped::<Semaphore<3, 3>>("permits", |it| forget(it.acquire_many(2).unwrap()));
    memory_stays_mapped::<Barrier<2>>("a party", |it| forget(it.register().unwrap()));
    memory_stays_mapped::<JoinableQueue<u64, 2, 2>>("a task", |it| {
        it.put(1).unwrap();
        forget(it.take().unwrap());
    });
}

thread_local! {
    static GUARD: RefCell<Option<MutexGuard<'static, u64>>> = const { RefCell::new(None) };
    /// Something to do when its thread ends.
    static AT_END: Last = const { Last(Cell::new(None)) };
}

struct Last(Cell<Option<Box<dyn FnOnce()>>>);

impl Drop for Last {
    fn drop(&mut self) {
        if let Some(work) = self.0.take() {
            work();
        }
    }
}

/// Runs `first` in a new thread, and `last` while that thread's locals are destroyed: after the library's own if `late`,
/// else before.
fn at_the_end_of_a_thread(
    late: bool,
    first: impl FnOnce() + Send,
    last: impl FnOnce() + Send + 'static,
) {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let arm = || AT_END.with(|end| end.0.set(Some(Box::new(last))));
            // Locals are destroyed in the reverse of the order in which they were first used.
            if late {
                arm();
                first();
            } else {
                first();
                arm();
            }
        });
        // The scope's end alone does not wait for destructors.
        thread.join().unwrap();
    });
}

#[test]
fn locks_work_while_a_threads_locals_are_destroyed() {
    for late in [false, true] {
        supervised(20, || {
            let region = leaked::<Mutex<u64>>();
            at_the_end_of_a_thread(
                late,
                || *region.lock().unwrap() += 1,
                || *region.lock().unwrap() += 1,
            );
            assert_eq!(*region.lock().expect("nobody died"), 2, "late: {late}");
        });
    }
}

#[test]
fn a_guard_is_released_by_whatever_destructor_drops_it() {
    for late in [false, true] {
        supervised(20, || {
            let region = leaked::<Mutex<u64>>();
            let other = leaked::<Mutex<u64>>();
            let thread = std::thread::spawn(move || {
                if late {
                    GUARD.with(|guard| assert!(guard.borrow().is_none()));
                }
                let taken = region.lock().unwrap();
                GUARD.with(|guard| *guard.borrow_mut() = Some(taken));
                drop(other.lock().unwrap());
            });
            thread.join().unwrap();
            assert_eq!(region.lock().taken().0, Outcome::Clean, "late: {late}");
            assert_eq!(other.lock().taken().0, Outcome::Clean, "late: {late}");
        });
    }
}

fn leaked<T: lockproof::shm::Shareable>() -> &'static T {
    let region: &'static Region<T> = Box::leak(Box::new(Region::anonymous().unwrap()));
    region
}

#[test]
fn threads_that_come_and_go_leave_nothing_behind() {
    type End = fn(&'static Shared);
    let ends: [(&str, End); 3] = [
        ("having locked", |shared| drop(shared.mutex.lock())),
        ("holding a lock", |shared| {
            acquired(shared.lock.acquire(true, None));
            shared.lock.make_consistent().unwrap();
        }),
        ("locking in a destructor", |shared| {
            AT_END.with(|end| end.0.set(Some(Box::new(move || drop(shared.mutex.lock())))));
            drop(shared.mutex.lock());
        }),
    ];
    for (how, end) in ends {
        supervised(120, || {
            let shared = leaked::<Shared>();
            let in_threads = |count: u64| {
                (0..count).for_each(|_| std::thread::spawn(move || end(shared)).join().unwrap())
            };
            in_threads(200);
            let before = resident_kilobytes();
            in_threads(scaled(2000));
            let grown = resident_kilobytes().saturating_sub(before);
            assert!(grown < 8 << 10, "threads that end {how}: {grown} KiB more");
        });
    }
}

fn resident_kilobytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn many_threads_at_once_that_begin_end_and_die() {
    supervised(120, || {
        let shared = Region::<[ReentrantMutex<RawValue<u64>>; 4]>::anonymous().unwrap();
        let rounds = scaled(20);
        for _ in 0..rounds {
            std::thread::scope(|scope| {
                for thread in 0..32 {
                    let shared = &shared;
                    scope.spawn(move || {
                        let (outcome, guard) = shared[thread % 4].lock().taken();
                        let mut guard = guard.expect("taken");
                        if outcome == Outcome::OwnerDied {
                            guard.make_consistent();
                        }
                        guard.store(guard.load() + 1);
                        if thread % 8 == 3 {
                            forget(guard);
                        }
                    });
                }
            });
        }
        let mut total = 0;
        for lock in shared.iter() {
            let mut guard = lock.lock().taken().1.unwrap();
            guard.make_consistent();
            total += guard.load();
        }
        assert_eq!(total, 32 * rounds);
        // A process that inherits nothing but the memory sees the same.
        fork(|| assert!(shared.iter().all(|lock| lock.try_lock().is_ok()))).join();
    });
}

#[test]
fn operations_without_locks_are_safe_on_a_platform_without_locks() {
    use lockproof::platform::{Linux, Platform};
    Linux::lockless().robust_end();
}
