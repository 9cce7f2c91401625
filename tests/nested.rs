//! Locks that their holder may take again: the reentrant mutex and the array with a lock of its own.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use common::child::{Child, Ended, fork, kill_myself, supervised};
use common::seed::scaled;
use lockproof::error::{LockError, TryLockError};
use lockproof::{Array, RawValue, ReentrantMutex, Region};

type Total = ReentrantMutex<RawValue<u64>>;

/// Adds one, three deep.
fn add_one(total: &Total) {
    let outer = total.lock().unwrap();
    let before = outer.load();
    {
        let _again = total.lock().unwrap();
        let inner = total.try_lock().unwrap();
        inner.store(before + 1);
    }
}

#[test]
fn nothing_is_lost_however_deep() {
    supervised(60, || {
        let (total, rounds) = (Region::<Total>::anonymous().unwrap(), scaled(20_000));
        let add = || (0..rounds).for_each(|_| add_one(&total));
        let all: Vec<Child> = (0..4).map(|_| fork(add)).collect();
        all.into_iter().for_each(Child::join);
        assert_eq!(total.lock().unwrap().load(), 4 * rounds);
    });
}

#[test]
fn others_wait_until_the_last_guard_is_gone() {
    supervised(60, || {
        let nothing = Region::<ReentrantMutex<()>>::anonymous().unwrap();
        let outer = nothing.lock().unwrap();
        let inner = nothing.lock().unwrap();
        let is_refused = || {
            fork(|| {
                let refused = nothing.try_lock_for(Duration::from_millis(1));
                assert!(matches!(refused, Err(TryLockError::WouldBlock(_))));
            })
            .join();
        };
        is_refused();
        drop(outer);
        is_refused();
        inner.unlock().unwrap();
        fork(|| drop(nothing.try_lock().unwrap())).join();
    });
}

#[test]
fn a_death_and_a_panic_are_told() {
    supervised(60, || {
        let total = Region::<Total>::anonymous().unwrap();
        let dies = fork(|| {
            let _held = (total.lock().unwrap(), total.lock().unwrap());
            kill_myself();
        });
        assert!(matches!(dies.wait(), Ended::Killed(libc::SIGKILL)));
        let told = || match total.lock() {
            Err(LockError::OwnerDied(died)) => died.into_guard(),
            other => panic!("{other:?}"),
        };
        let mut guard = told();
        assert!(matches!(total.lock(), Err(LockError::OwnerDied(_))), "not repaired yet");
        guard.make_consistent();
        drop(guard);
        drop(total.lock().unwrap());
        let panics = || {
            let _held = (total.lock().unwrap(), total.lock().unwrap());
            panic!("while holding it");
        };
        catch_unwind(AssertUnwindSafe(panics)).unwrap_err();
        drop(told());
        assert!(matches!(total.lock(), Err(LockError::NotRecoverable(_))));
    });
}

#[test]
fn an_array_has_one_lock_for_the_whole() {
    supervised(60, || {
        let (array, rounds) = (Region::<Array<u32, 5>>::anonymous().unwrap(), scaled(5_000));
        let shift = || {
            for _ in 0..rounds {
                let held = array.lock().unwrap();
                let before = held.read_all();
                assert!(before.iter().all(|each| *each == before[0]), "{before:?}");
                (0..5).for_each(|at| array.set(at, before[at] + 1).unwrap());
            }
        };
        let all: Vec<Child> = (0..4).map(|_| fork(shift)).collect();
        all.into_iter().for_each(Child::join);
        assert_eq!(u64::from(array.get(4).unwrap()), 4 * rounds);
        assert_eq!((array.len(), array.is_empty()), (5, false));
        let beyond = catch_unwind(AssertUnwindSafe(|| drop(array.get(5)))).unwrap_err();
        assert!(beyond.downcast_ref::<String>().is_some_and(|words| words.contains("len is 5")));
    });
}

#[test]
fn an_array_is_told_of_a_death_with_the_guard() {
    supervised(60, || {
        let array = Region::<Array<u64, 2>>::anonymous().unwrap();
        let dies = fork(|| {
            let held = array.lock().unwrap();
            held.write(0, 1);
            kill_myself();
        });
        assert!(matches!(dies.wait(), Ended::Killed(libc::SIGKILL)));
        let Err(LockError::OwnerDied(died)) = array.get(0) else { panic!("nothing was told") };
        let mut held = died.into_guard();
        assert_eq!(held.read_all(), [1, 0]);
        held.write_all([2, 2]);
        held.make_consistent();
        drop(held);
        assert_eq!(array.get(1).unwrap(), 2);
    });
}
