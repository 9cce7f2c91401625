//! Locks that their holder may take again: the reentrant mutex, the value and the array with a lock of their own.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use common::child::{Child, Ended, fork, kill_myself, supervised};
use common::outcome::{Attempt, Outcome};
use common::seed::scaled;
use lockproof::error::{LockError, TryLockError};
use lockproof::{
    Array, ArrayGuard, RawValue, ReentrantMutex, ReentrantMutexGuard, Region, Value, ValueGuard,
    shareable,
};

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

shareable! {
    struct All {
        reentrant: ReentrantMutex<RawValue<u64>>,
        value: Value<u64>,
        array: Array<u64, 2>,
    }
}

/// How long somebody tries.
#[derive(Clone, Copy, Debug)]
enum Limit {
    AtOnce,
    Within(Duration),
    Until(Instant),
}

/// A guard of any of them.
trait Held {
    fn make_consistent(&mut self);
}

macro_rules! held {
    ($($guard:ty),*) => {$(
        impl Held for $guard {
            fn make_consistent(&mut self) {
                <$guard>::make_consistent(self);
            }
        }
    )*};
}

held!(ReentrantMutexGuard<'_, RawValue<u64>>, ValueGuard<'_, u64>, ArrayGuard<'_, u64, 2>);

type Tried<'a> = (Outcome, Option<Box<dyn Held + 'a>>);

macro_rules! tries {
    ($lock:ident) => {{
        fn try_it(all: &All, limit: Limit) -> Tried<'_> {
            let tried = match limit {
                Limit::AtOnce => all.$lock.try_lock(),
                Limit::Within(timeout) => all.$lock.try_lock_for(timeout),
                Limit::Until(moment) => all.$lock.try_lock_until(moment),
            };
            let (outcome, guard) = tried.taken();
            (outcome, guard.map(|guard| Box::new(guard) as Box<dyn Held>))
        }
        (stringify!($lock), try_it)
    }};
}

type Try = for<'a> fn(&'a All, Limit) -> Tried<'a>;

const TRIES: [(&str, Try); 3] = [tries!(reentrant), tries!(value), tries!(array)];

/// All kinds of limits that are past at once, or soon.
fn limits() -> [Limit; 4] {
    let within = [Duration::ZERO, Duration::from_millis(10)].map(Limit::Within);
    [Limit::AtOnce, within[0], within[1], Limit::Until(Instant::now())]
}

#[test]
fn a_try_is_refused_in_time_while_another_holds_it_however_often() {
    for (name, try_it) in TRIES {
        supervised(60, || {
            let all = Region::<All>::anonymous().unwrap();
            let in_a_child = |expected: Outcome| {
                fork(|| {
                    for limit in limits() {
                        let before = Instant::now();
                        let (outcome, _guard) = try_it(&all, limit);
                        assert_eq!(outcome, expected, "{name}, {limit:?}");
                        if let (Limit::Within(timeout), Outcome::WouldBlock) = (limit, outcome) {
                            assert!(before.elapsed() >= timeout, "{name}, {limit:?}");
                        }
                    }
                })
                .join();
            };
            let held = limits().map(|limit| try_it(&all, limit).1.expect("free, or its own"));
            for guard in held {
                in_a_child(Outcome::WouldBlock);
                drop(guard);
            }
            in_a_child(Outcome::Clean);
        });
    }
}

#[test]
fn a_try_tells_of_a_death_as_a_lock_does() {
    for (name, try_it) in TRIES {
        supervised(60, || {
            for limit in limits() {
                let all = Region::<All>::anonymous().unwrap();
                let taken = || {
                    let (outcome, guard) = try_it(&all, limit);
                    (outcome, guard.expect("taken"))
                };
                let dies = || {
                    let _held = (taken(), taken());
                    kill_myself();
                };
                assert_eq!(fork(dies).wait(), Ended::Killed(libc::SIGKILL));
                let (outcome, mut guard) = taken();
                assert_eq!(outcome, Outcome::OwnerDied, "{name}, {limit:?}");
                assert_eq!(taken().0, Outcome::OwnerDied, "{name} is not repaired yet");
                guard.make_consistent();
                assert_eq!(taken().0, Outcome::Clean, "{name} is repaired");
                drop(guard);
                assert_eq!(fork(dies).wait(), Ended::Killed(libc::SIGKILL));
                assert_eq!(taken().0, Outcome::OwnerDied, "{name}, {limit:?}");
                assert_eq!(try_it(&all, limit).0, Outcome::NotRecoverable, "{name}, {limit:?}");
            }
        });
    }
}

#[test]
fn what_one_guard_declares_consistent_is_so_for_the_others_of_its_thread() {
    for (name, try_it) in TRIES {
        supervised(60, || {
            let all = Region::<All>::anonymous().unwrap();
            let taken = || {
                let (outcome, guard) = try_it(&all, Limit::AtOnce);
                (outcome, guard.expect("taken"))
            };
            let dies = || {
                let _held = taken();
                kill_myself();
            };
            assert_eq!(fork(dies).wait(), Ended::Killed(libc::SIGKILL));
            let (outer, mut inner) = (taken(), taken());
            assert_eq!((outer.0, inner.0), (Outcome::OwnerDied, Outcome::OwnerDied), "{name}");
            inner.1.make_consistent();
            drop(inner);
            drop(outer);
            assert_eq!(taken().0, Outcome::Clean, "{name}");
        });
    }
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
    });
}

#[test]
fn an_element_that_does_not_exist_is_refused_and_harms_nobody() {
    supervised(60, || {
        let array = Region::<Array<u32, 5>>::anonymous().unwrap();
        let calls: [&dyn Fn(); 2] = [&|| drop(array.get(5)), &|| drop(array.set(5, 1))];
        for call in calls {
            let beyond = catch_unwind(AssertUnwindSafe(call)).unwrap_err();
            let words = beyond.downcast_ref::<String>().expect("a panic with words");
            assert!(words.contains("len is 5"), "{words}");
            assert_eq!(array.try_lock().taken().0, Outcome::Clean, "nothing was begun");
        }
        let held = array.lock().unwrap();
        let reads = || {
            let _again = array.lock().unwrap();
            held.read(5)
        };
        catch_unwind(AssertUnwindSafe(reads)).unwrap_err();
        drop(held);
        assert_eq!(array.try_lock().taken().0, Outcome::Clean, "the last guard was dropped calmly");
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
