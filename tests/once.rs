//! Things that are made once: by one process, seen whole by all, and again if their maker dies.

mod common;

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use common::child::{Child, Ended, fork, kill_myself, say, supervised};
use common::memory::{Board, word_address};
use common::seed::{Seed, scaled};
use lockproof::error::LockError;
use lockproof::{Once, OnceValue, RawArray, Region, shareable};

shareable! {
    struct Shared {
        once: Once,
        halves: RawArray<u64, 2>,
    }
}

#[test]
fn one_of_many_does_it_and_all_see_it() {
    supervised(60, || {
        for _ in 0..scaled(50) {
            let (shared, board) = (Region::<Shared>::anonymous().unwrap(), Board::new(1));
            assert!(!shared.once.is_completed());
            let all: Vec<Child> = (0..4)
                .map(|_| {
                    fork(|| {
                        let make = || {
                            board.add(0, 1);
                            shared.halves.iter().for_each(|half| half.store(7));
                        };
                        shared.once.call_once(make).unwrap();
                        assert!(shared.once.is_completed());
                        assert!(shared.halves.iter().all(|half| half.load() == 7));
                    })
                })
                .collect();
            all.into_iter().for_each(Child::join);
            assert_eq!(board.get(0), 1);
        }
    });
}

#[test]
fn after_a_death_or_a_panic_the_next_one_does_it() {
    supervised(60, || {
        let once = Region::<Once>::anonymous().unwrap();
        let dies = fork(|| once.call_once(|| kill_myself()).unwrap());
        assert!(matches!(dies.wait(), Ended::Killed(libc::SIGKILL)));
        assert!(!once.is_completed());
        let panics = || once.call_once_force(|state| panic!("begun: {}", state.is_poisoned()));
        let words = catch_unwind(AssertUnwindSafe(panics)).unwrap_err();
        assert_eq!(words.downcast_ref::<String>().unwrap(), "begun: true");
        once.call_once_force(|state| assert!(state.is_poisoned())).unwrap();
        once.call_once(|| panic!("it has been done")).unwrap();
    });
}

#[test]
fn whoever_waits_for_one_that_panics_does_it() {
    supervised(60, || {
        let (once, value) =
            (Region::<Once>::anonymous().unwrap(), Region::<OnceValue<u64>>::anonymous().unwrap());
        let waits = RefCell::new(None);
        let panics_when_waited_for = |word: usize, wait: &dyn Fn()| -> u64 {
            let child = fork(wait);
            child.until_asleep_on(word);
            waits.replace(Some(child));
            panic!("on purpose");
        };
        let calls: [&dyn Fn(); 2] = [
            &|| {
                let follow = || once.call_once(|| ()).unwrap();
                let panics = || _ = panics_when_waited_for(word_address(&*once), &follow);
                once.call_once(panics).unwrap();
            },
            &|| {
                let follow = || assert_eq!(value.get_or_init(|| 7).unwrap(), &7);
                let panics = || panics_when_waited_for(word_address(&*value), &follow);
                value.get_or_init(panics).unwrap();
            },
        ];
        for call in calls {
            catch_unwind(AssertUnwindSafe(call)).expect_err("it panics");
            waits.take().expect("forked").join();
        }
        assert_eq!((once.is_completed(), value.get()), (true, Some(&7)));
    });
}

#[test]
fn whoever_waits_for_a_dying_one_does_it() {
    supervised(60, || {
        for _ in 0..scaled(20) {
            let (value, board) = (Region::<OnceValue<u64>>::anonymous().unwrap(), Board::new(1));
            let first = fork(|| {
                let _ = value.get_or_init(|| {
                    board.add(0, 1);
                    loop {
                        std::thread::park();
                    }
                });
            });
            board.until(0, 1);
            let waiters: Vec<Child> = (0..3)
                .map(|number| {
                    let value = &value;
                    fork(move || assert!(*value.get_or_init(|| number).unwrap() < 3))
                })
                .collect();
            waiters.iter().for_each(|waiter| waiter.until_asleep_on(word_address(&*value)));
            first.kill();
            waiters.into_iter().for_each(Child::join);
            assert!(value.get().is_some_and(|made| *made < 3));
        }
    });
}

#[test]
fn a_value_is_made_once() {
    let value = Region::<OnceValue<[u32; 2]>>::anonymous().unwrap();
    assert_eq!(value.get(), None);
    assert_eq!(value.set([1, 2]).unwrap(), Ok(()));
    assert_eq!(value.set([3, 4]).unwrap(), Err([3, 4]));
    assert_eq!(value.get_or_init(|| panic!("there is one")).unwrap(), &[1, 2]);
    let nested = Region::<OnceValue<u64>>::anonymous().unwrap();
    let inner = || match nested.get_or_init(|| 1) {
        Err(LockError::AlreadyHeld(_)) => 2,
        other => panic!("{other:?}"),
    };
    assert_eq!(nested.get_or_init(inner).unwrap(), &2);
}

/// Makers are killed at any point: in the end there is one whole value, the same for all.
#[test]
fn a_death_at_any_point_leaves_no_half_value() {
    supervised(120, || {
        let mut seed = Seed::announced();
        let mut begun = 0;
        for _ in 0..scaled(200) {
            let (value, board) =
                (Region::<OnceValue<[u64; 64]>>::anonymous().unwrap(), Board::new(1));
            let make = |number: u64| {
                board.add(0, 1);
                [number; 64]
            };
            let mut all: Vec<Child> = (0..4)
                .map(|number| {
                    let (value, make) = (&value, &make);
                    fork(move || {
                        let made = value.get_or_init(|| make(number)).unwrap();
                        assert!(made.iter().all(|each| *each == made[0]));
                    })
                })
                .collect();
            (0..seed.below(3000)).for_each(|_| std::hint::spin_loop());
            for _ in 0..2 {
                // Perhaps it has ended by now.
                let victim = all.swap_remove(seed.below(all.len()));
                victim.signal(libc::SIGKILL);
                victim.wait();
            }
            all.into_iter().for_each(Child::join);
            let made = value.get().unwrap();
            assert!(made.iter().all(|each| *each == made[0]));
            begun += board.get(0);
        }
        say(&format!("begun {begun} times"));
    });
}
