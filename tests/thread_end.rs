//! What becomes of locks whose thread ends before its process does: nobody gets what a leaked guard has lent.

mod common;

use core::cell::{Cell, RefCell};
use core::ffi::c_void;
use core::mem::forget;
use std::thread;
use std::time::Duration;

use common::child::{Child, Ended, fork, say, state_of, supervised, until};
use common::list::listed;
use common::memory::Board;
use common::outcome::{Attempt, Outcome, acquired};
use common::pthread::{Kind, PthreadMutex};
use common::seed::{Seed, scaled};
use lockproof::shm::Shareable;
use lockproof::{
    Array, Barrier, BarrierError, BoundedSemaphore, JoinableQueue, Lock, Mutex, MutexGuard,
    RawValue, ReentrantMutex, Region, RwLock, Value, shareable,
};

const HALF_WRITTEN: u64 = 7;

/// Long enough for a look at whether the holder still exists: somebody whose time is up looks.
const A_MOMENT: Duration = Duration::from_millis(1);

shareable! {
    struct Lending {
        mutex: Mutex<u64>,
        written: RwLock<u64, 2>,
        read: RwLock<u64, 2>,
    }
}

/// A way to leak a guard, and what others get then.
struct Way {
    name: &'static str,
    lend: fn(&'static Lending) -> &'static u64,
    /// In a moment.
    attempt: fn(&Lending) -> Outcome,
    /// However long it takes.
    take: fn(&Lending) -> Outcome,
    after_the_process: Outcome,
}

const WAYS: [Way; 4] = [
    Way {
        name: "a mutex",
        lend: |locks| {
            let lent = &mut **Box::leak(Box::new(locks.mutex.lock().unwrap()));
            *lent = HALF_WRITTEN;
            lent
        },
        attempt: |locks| locks.mutex.try_lock_for(A_MOMENT).taken().0,
        take: |locks| locks.mutex.lock().taken().0,
        after_the_process: Outcome::OwnerDied,
    },
    Way {
        name: "a lock for readers and a writer, to write",
        lend: |locks| {
            let lent = &mut **Box::leak(Box::new(locks.written.write().unwrap()));
            *lent = HALF_WRITTEN;
            lent
        },
        attempt: |locks| {
            let outcome = locks.written.try_write_for(A_MOMENT).taken().0;
            let to_read = locks.written.try_read_for(A_MOMENT);
            assert_eq!(to_read.map(forget).map_err(forget).is_ok(), outcome == Outcome::Clean);
            outcome
        },
        take: |locks| locks.written.write().taken().0,
        after_the_process: Outcome::OwnerDied,
    },
    Way {
        name: "the same, to write and then to read",
        lend: |locks| {
            let mut guard = locks.read.write().unwrap();
            *guard = HALF_WRITTEN;
            Box::leak(Box::new(lockproof::RwLockWriteGuard::downgrade(guard).unwrap()))
        },
        attempt: |locks| locks.read.try_write_for(A_MOMENT).taken().0,
        take: |locks| locks.read.write().taken().0,
        after_the_process: Outcome::Clean,
    },
    Way {
        name: "the same, to read",
        lend: |locks| {
            *locks.read.write().unwrap() = HALF_WRITTEN;
            Box::leak(Box::new(locks.read.read().unwrap()))
        },
        attempt: |locks| locks.read.try_write_for(A_MOMENT).taken().0,
        take: |locks| locks.read.write().taken().0,
        after_the_process: Outcome::Clean,
    },
];

fn leaked<T: Shareable>() -> &'static T {
    let region: &'static Region<T> = Box::leak(Box::new(Region::anonymous().unwrap()));
    region
}

/// Runs `work` in a thread, and waits until that has ended.
fn in_a_thread<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    // The scope's end alone does not wait for destructors.
    thread::scope(|scope| scope.spawn(work).join().unwrap())
}

#[test]
fn what_a_leaked_guard_lends_is_nobody_elses_while_the_process_lives() {
    for main_thread_ends in [false, true] {
        for way in WAYS {
            supervised(60, || {
                say(&format!("{}, main thread ends: {main_thread_ends}", way.name));
                let (locks, board) = (leaked::<Lending>(), Board::new(1));
                let holder = fork(|| lend_and_live_on(&way, locks, &board, main_thread_ends));
                board.until(0, 1);
                assert_eq!((way.attempt)(locks), Outcome::WouldBlock, "in another process");
                let waits = fork(|| assert_eq!((way.take)(locks), way.after_the_process));
                holder.signal(libc::SIGKILL);
                // Before anybody has waited for its end: its main thread can still be sent signals.
                waits.join();
                assert_eq!(state_of(holder.pid), Some('Z'));
                assert_eq!(holder.wait(), Ended::Killed(libc::SIGKILL));
            });
        }
    }
}

fn lend_and_live_on(way: &Way, locks: &'static Lending, board: &Board, main_thread_ends: bool) {
    let lent = in_a_thread(|| (way.lend)(locks));
    assert_eq!(in_a_thread(|| (way.attempt)(locks)), Outcome::WouldBlock, "in another thread");
    assert_eq!((way.attempt)(locks), Outcome::AlreadyHeld, "it would wait for its own process");
    assert_eq!(*lent, HALF_WRITTEN);
    thread::scope(|scope| {
        scope.spawn(|| {
            until(|| !main_thread_ends || state_of(std::process::id() as i32) == Some('Z'));
            board.set(0, 1);
            loop {
                thread::park();
            }
        });
        if main_thread_ends {
            // SAFETY: ends the calling thread, which is always allowed.
            unsafe { libc::syscall(libc::SYS_exit, 0) };
        }
    });
}

/// glibc unwinds the stack for it, which must not come across Rust's `catch_unwind`.
#[cfg(target_env = "musl")]
#[test]
fn the_main_thread_may_leak_a_guard_and_end_as_well() {
    for way in WAYS {
        supervised(60, || {
            let (locks, board) = (leaked::<Lending>(), Board::new(1));
            let holder = fork(|| {
                let (lent, main_thread) = ((way.lend)(locks), std::process::id() as i32);
                thread::scope(|scope| {
                    scope.spawn(|| {
                        until(|| state_of(main_thread) == Some('Z'));
                        assert_eq!((way.attempt)(locks), Outcome::WouldBlock, "{}", way.name);
                        assert_eq!(*lent, HALF_WRITTEN);
                        board.set(0, 1);
                        loop {
                            thread::park();
                        }
                    });
                    // SAFETY: what the other thread uses is not on this one's stack alone: the process is killed before.
                    unsafe { libc::pthread_exit(core::ptr::null_mut()) };
                });
            });
            board.until(0, 1);
            assert_eq!((way.attempt)(locks), Outcome::WouldBlock, "{}", way.name);
            holder.kill();
            assert_eq!((way.take)(locks), way.after_the_process);
        });
    }
}

shareable! {
    struct Others {
        lock: Lock,
        value: Value<u64>,
        array: Array<u64, 2>,
        reentrant: ReentrantMutex<RawValue<u64>>,
        permits: BoundedSemaphore<4>,
        barrier: Barrier<2>,
        tasks: JoinableQueue<u64, 2, 2>,
    }
}

#[test]
fn locks_that_lend_nothing_are_free_when_their_thread_has_ended() {
    supervised(60, || {
        let locks = leaked::<Others>();
        in_a_thread(|| {
            assert!(locks.lock.acquire(true, None).unwrap());
            forget((locks.value.lock().unwrap(), locks.value.lock().unwrap()));
            forget(locks.array.lock().unwrap());
            forget((locks.reentrant.lock().unwrap(), locks.reentrant.lock().unwrap()));
            forget((locks.permits.acquire().unwrap(), locks.permits.acquire_many(3).unwrap()));
            assert_eq!(locks.permits.available(), 0);
            forget(locks.barrier.register().unwrap());
            locks.tasks.put(1).unwrap();
            forget(locks.tasks.take().unwrap());
        });
        assert_eq!(acquired(locks.lock.acquire(false, None)), Outcome::OwnerDied);
        assert_eq!(locks.value.lock().taken().0, Outcome::OwnerDied);
        assert_eq!(locks.array.lock().taken().0, Outcome::OwnerDied);
        assert_eq!(locks.reentrant.try_lock().taken().0, Outcome::OwnerDied);
        assert_eq!(locks.permits.available(), 4);
        assert_eq!(locks.barrier.wait_for(A_MOMENT), Err(BarrierError::PartyDied));
        let look = locks.tasks.look().unwrap();
        assert_eq!((look.in_hand, look.lost), (0, 1));
    });
}

/// Also where an entry's mark comes and goes with others around it.
#[test]
fn a_thread_that_ends_leaves_to_its_process_exactly_what_it_has_lent() {
    const EACH: usize = 5;
    supervised(120, || {
        let mut seed = Seed::announced();
        for _ in 0..scaled(100) {
            let (lending, others) = (leaked::<[Mutex<u64>; EACH]>(), leaked::<[Lock; EACH]>());
            let theirs = PthreadMutex::some(EACH, |_| Kind::Robust);
            let mut mine = seed.branch();
            let held = in_a_thread(|| {
                let mut guards = [const { None }; EACH];
                let mut held = [false; 3 * EACH];
                for _ in 0..30 {
                    let at = mine.below(held.len());
                    let (kind, which) = (at / EACH, at % EACH);
                    match (kind, held[at]) {
                        (0, false) => guards[which] = Some(lending[which].lock().unwrap()),
                        (0, true) => guards[which] = None,
                        (1, false) => assert!(others[which].acquire(true, None).unwrap()),
                        (1, true) => others[which].release().unwrap(),
                        (_, false) => assert_eq!(theirs[which].lock(), 0),
                        (_, true) => theirs[which].unlock(),
                    }
                    held[at] = !held[at];
                }
                forget(guards);
                held
            });
            in_a_thread(|| {
                for which in 0..EACH {
                    let expected =
                        |at: usize, if_held| if held[at] { if_held } else { Outcome::Clean };
                    let (outcome, guard) = lending[which].try_lock().taken();
                    assert_eq!(outcome, expected(which, Outcome::WouldBlock), "{held:?}");
                    drop(guard);
                    let outcome = acquired(others[which].acquire(false, None));
                    assert_eq!(outcome, expected(EACH + which, Outcome::OwnerDied), "{held:?}");
                    others[which].make_consistent().unwrap();
                    others[which].release().unwrap();
                    let error = theirs[which].try_lock();
                    assert_eq!(error == libc::EOWNERDEAD, held[2 * EACH + which], "{held:?}");
                    theirs[which].make_consistent_if(error);
                    theirs[which].unlock();
                }
                assert_eq!(listed(), []);
            });
        }
    });
}

#[test]
fn an_exit_by_any_thread_is_told_at_once() {
    for by_main in [true, false] {
        supervised(60, || {
            let locks = leaked::<[Mutex<u64>; 2]>();
            let holder = fork(|| {
                let (held, exits) = (&locks[0], &locks[1]);
                let exit = || {
                    forget(exits.lock().unwrap());
                    std::process::exit(3);
                };
                thread::scope(|scope| {
                    scope.spawn(|| {
                        forget(held.lock().unwrap());
                        loop {
                            thread::park();
                        }
                    });
                    until(|| !held.status().is_free());
                    if by_main {
                        exit();
                    }
                    scope.spawn(exit);
                });
            });
            assert_eq!(holder.wait(), Ended::Exited(3));
            // Who only tries does not look whether the holder exists: the kernel has told of it.
            assert_eq!(
                locks.each_ref().map(|lock| lock.try_lock().taken().0),
                [Outcome::OwnerDied; 2]
            );
        });
    }
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

#[test]
fn a_guard_in_a_thread_local_is_dropped_and_not_lent_for_ever() {
    for first_lock_first in [false, true] {
        supervised(60, || {
            let locks = leaked::<[Mutex<u64>; 2]>();
            in_a_thread(|| {
                let lock_once = || *locks[1].lock().unwrap() += 1;
                if first_lock_first {
                    lock_once();
                }
                GUARD.with(|guard| *guard.borrow_mut() = Some(locks[0].lock().unwrap()));
            });
            assert_eq!(locks[0].try_lock().taken().0, Outcome::Clean, "{first_lock_first}");
        });
    }
}

/// As a C program keeps it; and as musl's programs keep Rust's thread-locals.
#[test]
fn a_guard_that_the_destructor_of_a_later_key_drops_is_not_lent_for_ever() {
    supervised(60, || {
        let lock = leaked::<Mutex<u64>>();
        // The library's own key is there since the region was made. Keys have their turn in the order of their numbers.
        let key = new_key(Some(drop_guard)).unwrap();
        in_a_thread(|| {
            let guard: Box<MutexGuard<'static, u64>> = Box::new(lock.lock().unwrap());
            // SAFETY: the key was just made, for such values.
            assert_eq!(unsafe { libc::pthread_setspecific(key, Box::into_raw(guard).cast()) }, 0);
        });
        assert_eq!(lock.try_lock().taken().0, Outcome::Clean);
    });
}

unsafe extern "C" fn drop_guard(guard: *mut c_void) {
    // SAFETY: made by `Box::into_raw`, and the destructor of a value is called once.
    drop(unsafe { Box::<MutexGuard<'static, u64>>::from_raw(guard.cast()) });
}

#[test]
fn a_guard_that_a_destructor_leaks_is_lent_too() {
    for locked_before in [false, true] {
        supervised(60, || {
            let locks = leaked::<[Mutex<u64>; 2]>();
            in_a_thread(|| {
                if locked_before {
                    *locks[1].lock().unwrap() += 1;
                }
                let leak = || forget(locks[0].lock().unwrap());
                AT_END.with(|end| end.0.set(Some(Box::new(leak))));
            });
            let attempt = || locks[0].try_lock().taken().0;
            assert_eq!(in_a_thread(attempt), Outcome::WouldBlock, "locked before: {locked_before}");
        });
    }
}

#[test]
fn what_is_lent_stays_mapped_when_the_thread_has_ended() {
    supervised(60, || {
        let region = Region::<Mutex<u64>>::anonymous().unwrap();
        in_a_thread(|| forget(region.lock().unwrap()));
        // To a forked child nothing is lent: the guard and its thread are its parent's.
        let copy = region.clone();
        fork(|| {
            assert_eq!(copy.try_lock_for(A_MOMENT).taken().0, Outcome::WouldBlock);
            // SAFETY: in a child that does not return, the original is never used again.
            drop(unsafe { core::ptr::read(&region) });
            copy.close().expect("nothing is held here");
        })
        .join();
    });
    supervised(60, || {
        let region = Region::<Mutex<u64>>::anonymous().unwrap();
        in_a_thread(|| forget(region.lock().unwrap()));
        let word = common::memory::word_address(&*region);
        region.close().expect_err("its memory may be in use");
        assert_eq!(common::memory::holder(word), std::process::id(), "still there, and held");
    });
}

#[test]
fn many_are_waiting_when_the_process_ends() {
    supervised(60, || {
        let (lock, board) = (leaked::<Mutex<u64>>(), Board::new(2));
        let holder = fork(|| {
            in_a_thread(|| forget(lock.lock().unwrap()));
            board.set(0, 1);
            loop {
                thread::park();
            }
        });
        board.until(0, 1);
        let word = common::memory::word_address(lock);
        let waits = || {
            fork(|| {
                let (outcome, guard) = lock.lock().taken();
                guard.unwrap().make_consistent();
                board.add(1, u64::from(outcome == Outcome::OwnerDied));
            })
        };
        let all: Vec<Child> = (0..3).map(|_| waits()).collect();
        all.iter().for_each(|child| child.until_asleep_on(word));
        holder.kill();
        all.into_iter().for_each(Child::join);
        assert_eq!(board.get(1), 1, "one death, one report");
    });
}

#[test]
fn a_thread_whose_end_cannot_be_seen_takes_no_lock() {
    supervised(60, || {
        let mut last = None;
        while let Some(key) = new_key(None) {
            last = Some(key);
        }
        // Made under a lock.
        let made = || Region::<Mutex<u64>>::anonymous();
        let refused = made().expect_err("no key is left").to_string();
        assert!(refused.contains("pthread_key_create"), "{refused}");
        // SAFETY: created above, and never set.
        unsafe { libc::pthread_key_delete(last.unwrap()) };
        drop(made().expect("there is one").lock().expect("known by now"));
    });
}

fn new_key(destructor: Option<unsafe extern "C" fn(*mut c_void)>) -> Option<libc::pthread_key_t> {
    let mut key = 0;
    // SAFETY: a place for the key, and a function of this program.
    let created = unsafe { libc::pthread_key_create(&raw mut key, destructor) } == 0;
    created.then_some(key)
}
