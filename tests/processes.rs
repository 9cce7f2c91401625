//! Processes: exclusion, who holds what after a fork, and who may not take part.

mod common;

use std::time::{Duration, Instant};

use common::child::{Child, Ended, exit_now, fork, kill_myself, say, supervised, until};
use common::list::listed;
use common::memory::{Board, holder, word, word_address};
use common::outcome::{Attempt, Outcome, acquired};
use common::seed::{Seed, scaled};
use lockproof::error::Unsupported;
use lockproof::{AtomicCounter, Counter, Lock, Mutex, RawValue, Region, Value, shareable};

shareable! {
    struct Shared {
        mutex: Mutex<[u64; 8]>,
        lock: Lock,
        beside: RawValue<u64>,
        value: Value<u64>,
        counter: Counter,
        atomic: AtomicCounter,
    }
}

#[test]
fn no_addition_is_lost_and_no_write_is_torn() {
    const PROCESSES: u64 = 4;
    supervised(120, || {
        let shared = Region::<Shared>::anonymous().unwrap();
        let times = scaled(20_000);
        let work = || (0..times).for_each(|_| add_one_everywhere(&shared));
        let processes: Vec<Child> = (0..PROCESSES).map(|_| fork(work)).collect();
        processes.into_iter().for_each(Child::join);
        let total = PROCESSES * times;
        assert_eq!(*shared.mutex.lock().unwrap(), [total; 8]);
        assert_eq!(shared.beside.load(), total);
        assert_eq!(shared.value.get().unwrap(), total);
        assert_eq!(shared.counter.get().unwrap(), total);
        assert_eq!(shared.atomic.get(), total);
        assert_eq!(shared.counter.deaths().unwrap(), 0);
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
}

#[test]
fn no_addition_is_lost_when_adders_are_killed() {
    supervised(120, || {
        let mut seed = Seed::announced();
        let (counter, acknowledged) = (Region::<Counter>::anonymous().unwrap(), Board::new(1));
        let start = || {
            fork(|| {
                loop {
                    counter.increment().unwrap();
                    acknowledged.add(0, 1);
                }
            })
        };
        let mut adders: Vec<Child> = (0..4).map(|_| start()).collect();
        let kills = scaled(100);
        for _ in 0..kills {
            acknowledged.until(0, acknowledged.get(0) + seed.below(3000) as u64);
            adders.swap_remove(seed.below(4)).kill();
            adders.push(start());
        }
        adders.into_iter().for_each(Child::kill);
        let (total, known) = (counter.get().unwrap(), acknowledged.get(0));
        let dead = kills + 4;
        say(&format!(
            "{total} counted, {known} acknowledged, {} deaths inside",
            counter.deaths().unwrap()
        ));
        assert!((known..=known + dead).contains(&total));
        assert!(counter.deaths().unwrap() <= dead);
    });
}

#[test]
fn whoever_holds_it_is_told_so_instead_of_waiting_for_itself() {
    supervised(20, || {
        let region = Region::<Shared>::memfd("relock").unwrap();
        let file = region.as_fd().unwrap().try_clone_to_owned().unwrap();
        let elsewhere = Region::<Shared>::from_fd(file).unwrap();
        let guard = region.mutex.lock().unwrap();
        let soon = Duration::from_millis(1);
        // The same lock, and the same lock seen at another address.
        for shared in [&region, &elsewhere] {
            assert_eq!(shared.mutex.lock().taken().0, Outcome::AlreadyHeld);
            assert_eq!(shared.mutex.try_lock().taken().0, Outcome::AlreadyHeld);
            assert_eq!(shared.mutex.try_lock_for(soon).taken().0, Outcome::AlreadyHeld);
            assert_eq!(
                shared.mutex.try_lock_until(Instant::now() + soon).taken().0,
                Outcome::AlreadyHeld
            );
        }
        drop(guard);
        assert_eq!(elsewhere.mutex.lock().taken().0, Outcome::Clean);
        for shared in [&region, &elsewhere] {
            assert_eq!(acquired(shared.lock.acquire(true, None)), Outcome::Clean);
            for (block, timeout) in [(true, None), (true, Some(soon)), (false, None)] {
                assert_eq!(acquired(shared.lock.acquire(block, timeout)), Outcome::AlreadyHeld);
            }
            shared.lock.release().unwrap();
        }
    });
}

#[test]
fn a_release_by_somebody_else_changes_nothing() {
    supervised(20, || {
        let region = Region::<Lock>::anonymous().unwrap();
        assert!(region.release().is_err(), "nobody holds it");
        assert_eq!(acquired(region.acquire(true, None)), Outcome::Clean);
        fork(|| {
            assert!(region.release().is_err(), "another process holds it");
            assert!(region.make_consistent().is_err(), "another process holds it");
            assert_eq!(acquired(region.acquire(false, None)), Outcome::WouldBlock);
        })
        .join();
        assert_eq!(holder(word_address(&*region)), std::process::id());
        region.release().unwrap();
        assert!(region.release().is_err(), "once is enough");
        fork(|| assert_eq!(acquired(region.acquire(false, None)), Outcome::Clean)).join();
    });
}

#[test]
fn a_forked_child_holds_nothing_of_its_parents() {
    supervised(20, || {
        let locks = Region::<[Mutex<u64>; 2]>::anonymous().unwrap();
        let guard = locks[0].lock().unwrap();
        for how in ["unlock", "drop", "exit", "forget"] {
            let child = fork(|| {
                let guard = copy_of(&guard);
                assert_eq!(listed(), []);
                match how {
                    "unlock" => assert!(guard.unlock().is_err(), "a copy holds nothing"),
                    "drop" => drop(guard),
                    "exit" => exit_now(0),
                    _ => core::mem::forget(guard),
                }
                // Its own identity, and its own locks.
                let mut mine = locks[1].lock().unwrap();
                assert_eq!(listed(), [word_address(&locks[1])]);
                *mine += 1;
            });
            child.join();
            assert_eq!(holder(word_address(&locks[0])), std::process::id(), "after {how}");
            fork(|| assert_eq!(locks[0].try_lock().taken().0, Outcome::WouldBlock)).join();
        }
        drop(guard);
        assert_eq!(locks[0].lock().taken().0, Outcome::Clean);
        assert_eq!(*locks[1].lock().unwrap(), 3);
    });
}

/// In a forked child, something of the parent's as the child's to use up.
fn copy_of<G>(guard: &G) -> G {
    // SAFETY: used in a forked child, which ends before it could drop the original too.
    unsafe { core::ptr::read(guard) }
}

#[test]
fn a_forked_child_may_close_the_memory_of_its_parents_locks() {
    supervised(20, || {
        let region = Region::<Mutex<u64>>::anonymous().unwrap();
        core::mem::forget(region.lock().unwrap());
        fork(|| assert!(copy_of(&region).close().is_ok(), "the child holds nothing in it")).join();
        assert!(region.close().is_err(), "the parent does");
    });
}

#[test]
fn a_child_may_die_with_locks_of_its_own_while_its_parent_holds_others() {
    supervised(20, || {
        let locks = Region::<[Mutex<u64>; 3]>::anonymous().unwrap();
        let first = locks[0].lock().unwrap();
        let child = fork(|| {
            let _second = locks[1].lock().unwrap();
            let grandchild = fork(|| {
                let _third = locks[2].lock().unwrap();
                kill_myself();
            });
            assert_eq!(grandchild.wait(), Ended::Killed(libc::SIGKILL));
            assert_eq!(locks[2].try_lock().taken().0, Outcome::OwnerDied);
            kill_myself();
        });
        assert_eq!(child.wait(), Ended::Killed(libc::SIGKILL));
        assert_eq!(locks[1].try_lock().taken().0, Outcome::OwnerDied);
        assert_eq!(locks[0].try_lock().taken().0, Outcome::AlreadyHeld);
        drop(first);
        fork(|| assert_eq!(locks[0].try_lock().taken().0, Outcome::Clean)).join();
    });
}

#[test]
fn an_inherited_guard_repairs_nothing() {
    supervised(20, || {
        let region = Region::<Mutex<u64>>::anonymous().unwrap();
        fork(|| core::mem::forget(region.lock().unwrap())).join();
        let (outcome, guard) = region.lock().taken();
        assert_eq!(outcome, Outcome::OwnerDied);
        fork(|| copy_of(&guard).as_mut().unwrap().make_consistent()).join();
        drop(guard);
        assert_eq!(region.lock().taken().0, Outcome::NotRecoverable, "the parent repaired nothing");
    });
}

#[test]
fn a_fork_among_many_threads_gives_a_child_that_can_lock() {
    supervised(120, || {
        let rounds = scaled(100);
        let (shared, held) = (
            Region::<Mutex<u64>>::anonymous().unwrap(),
            Region::<Mutex<u64>>::anonymous().unwrap(),
        );
        let stop = Board::new(1);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let _held = held.lock().unwrap();
                stop.until(0, 1);
            });
            for _ in 0..3 {
                scope.spawn(|| {
                    while stop.get(0) == 0 {
                        *shared.lock().unwrap() += 1;
                    }
                });
            }
            until(|| holder(word_address(&*held)) != 0);
            for _ in 0..rounds {
                fork(|| {
                    drop(shared.lock().unwrap());
                    assert_eq!(held.try_lock().taken().0, Outcome::WouldBlock);
                })
                .join();
            }
            stop.set(0, 1);
        });
        assert_eq!(held.lock().taken().0, Outcome::Clean);
    });
}

#[test]
fn a_fork_during_another_threads_first_lock_gives_a_child_that_can_lock() {
    supervised(120, || {
        let mut seed = Seed::announced();
        let region = Region::<Mutex<u64>>::anonymous().unwrap();
        for _ in 0..scaled(100) {
            let (pauses, board) = (seed.below(400), Board::new(1));
            // A process in which nobody has locked yet.
            fork(|| {
                std::thread::scope(|scope| {
                    let other = scope.spawn(|| {
                        board.set(0, 1);
                        drop(region.lock().unwrap());
                    });
                    board.until(0, 1);
                    (0..pauses).for_each(|_| core::hint::spin_loop());
                    fork(|| drop(region.lock().unwrap())).join();
                    other.join().unwrap();
                });
            })
            .join();
        }
    });
}

#[test]
fn another_pid_namespace_is_refused() {
    for locked_before in [true, false] {
        supervised(20, || {
            let in_memory = Region::<Mutex<u64>>::anonymous().unwrap();
            let in_file = Region::<Mutex<u64>>::memfd("namespace").unwrap();
            if locked_before {
                drop(in_memory.lock().unwrap());
            }
            // SAFETY: changes in which namespace the children of this process, which is the test's own, will live.
            if unsafe { libc::unshare(libc::CLONE_NEWPID) } != 0 {
                say(&format!("skipped: no new PID namespace: {}", std::io::Error::last_os_error()));
                return;
            }
            fork(|| in_another_namespace(&[in_memory.clone(), in_file.clone()])).join();
            assert_eq!(
                in_memory.lock().taken().0,
                Outcome::Clean,
                "this process stays where it was"
            );
            assert_eq!(in_file.lock().taken().0, Outcome::Clean, "this process stays where it was");
        });
    }
}

fn in_another_namespace(regions: &[Region<Mutex<u64>>; 2]) {
    let refused = Outcome::Unsupported(Unsupported::ForeignPidNamespace);
    for region in regions {
        assert_eq!(region.lock().taken().0, refused);
        assert_eq!(region.try_lock().taken().0, refused, "and again");
        let in_a_thread =
            || std::thread::scope(|scope| scope.spawn(|| region.lock().taken().0).join());
        assert_eq!(in_a_thread().unwrap(), refused);
        assert_eq!(word(word_address(&**region)), 0, "nothing was written");
    }
    let file = regions[1].as_fd().unwrap().try_clone_to_owned().unwrap();
    assert!(Region::<Mutex<u64>>::from_fd(file).is_err());
}

#[test]
fn locks_are_released_in_any_order_by_many_at_once() {
    const LOCKS: usize = 5;
    supervised(60, || {
        let mut seed = Seed::announced();
        let locks = Region::<[Mutex<u64>; LOCKS]>::anonymous().unwrap();
        let rounds = scaled(3000);
        let start = |mut mine: Seed| {
            fork(|| {
                for _ in 0..rounds {
                    // Taken in one order by all, so that nobody waits in a circle; released in any.
                    let mut guards: Vec<_> =
                        locks.iter().map(|lock| lock.lock().unwrap()).collect();
                    guards.iter_mut().for_each(|guard| **guard += 1);
                    mine.shuffle(&mut guards);
                }
            })
        };
        let processes: Vec<Child> = (0..3).map(|_| start(seed.branch())).collect();
        processes.into_iter().for_each(Child::join);
        assert!(locks.iter().all(|lock| *lock.lock().unwrap() == 3 * rounds));
    });
}
