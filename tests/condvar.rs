//! Condition variables between processes: nobody waits in vain for what is there, whoever dies, and in time.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use common::child::{Child, Ended, fork, kill_myself, say, supervised, until};
use common::list::listed;
use common::memory::{Board, word, word_address};
use common::seed::{Seed, scaled};
use lockproof::error::LockError;
use lockproof::{Condvar, Mutex, MutexGuard, Region, shareable};

shareable! {
    struct Shop {
        things: Mutex<u64>,
        more: Condvar,
    }
}

/// A condition variable is its word.
fn condvar_address(condvar: &Condvar) -> usize {
    (&raw const *condvar).expose_provenance()
}

/// Somebody is about to sleep, and the mutex is free.
fn somebody_waits(shop: &Shop) {
    until(|| word(condvar_address(&shop.more)) >> 31 == 1 && word(word_address(&shop.things)) == 0);
}

fn repaired<'a>(
    taken: Result<MutexGuard<'a, u64>, LockError<MutexGuard<'a, u64>>>,
) -> MutexGuard<'a, u64> {
    match taken {
        Ok(guard) => guard,
        Err(LockError::OwnerDied(died)) => {
            let mut guard = died.into_guard();
            guard.make_consistent();
            guard
        }
        Err(error) => panic!("{error}"),
    }
}

impl Shop {
    fn make(&self) {
        *repaired(self.things.lock()) += 1;
        self.more.notify_one();
    }

    fn take(&self) {
        let mut things = repaired(self.things.lock());
        while *things == 0 {
            things = repaired(self.more.wait(things));
        }
        *things -= 1;
    }
}

#[test]
fn all_that_is_made_is_taken() {
    supervised(60, || {
        let (shop, rounds) = (Region::<Shop>::anonymous().unwrap(), scaled(5_000));
        let takers: Vec<Child> =
            (0..3).map(|_| fork(|| (0..rounds).for_each(|_| shop.take()))).collect();
        let makers: Vec<Child> =
            (0..3).map(|_| fork(|| (0..rounds).for_each(|_| shop.make()))).collect();
        takers.into_iter().chain(makers).for_each(Child::join);
        assert_eq!(*shop.things.lock().unwrap(), 0);
    });
}

#[test]
fn a_notification_ends_every_wait() {
    supervised(60, || {
        let shop = Region::<Shop>::anonymous().unwrap();
        for notify in [Condvar::notify_all, Condvar::notify_one, |it: &Condvar| it.notify(2)] {
            *shop.things.lock().unwrap() = 0;
            let waits = || {
                let things = shop.things.lock().unwrap();
                drop(shop.more.wait_while(things, |things| *things == 0).unwrap());
            };
            let all: Vec<Child> = (0..3).map(|_| fork(waits)).collect();
            all.iter().for_each(|child| child.until_asleep_on(condvar_address(&shop.more)));
            shop.more.notify(0);
            *shop.things.lock().unwrap() = 1;
            notify(&shop.more);
            all.into_iter().for_each(Child::join);
        }
    });
}

/// Takers are killed asleep, awake, and on the way to the mutex: as many things as are made are taken by those that live.
#[test]
fn the_dead_take_no_notification_with_them() {
    supervised(120, || {
        let mut seed = Seed::announced();
        let (shop, board) = (Region::<Shop>::anonymous().unwrap(), Board::new(1));
        let rounds = scaled(300);
        for round in 1..=rounds {
            let taker = || {
                fork(|| {
                    shop.take();
                    board.add(0, 1);
                })
            };
            let (mut doomed, lives) = (vec![taker(), taker()], taker());
            (0..seed.below(4000)).for_each(|_| std::hint::spin_loop());
            if seed.coin() {
                doomed.iter().for_each(|child| child.until_asleep_on(condvar_address(&shop.more)));
            }
            shop.make();
            (0..seed.below(500)).for_each(|_| std::hint::spin_loop());
            for child in doomed.drain(..) {
                child.signal(libc::SIGKILL);
                child.wait();
            }
            // Whatever one of them may have taken is made again: the one that lives gets it.
            shop.make();
            lives.join();
            *repaired(shop.things.lock()) = 0;
            assert!(board.get(0) >= round);
        }
        say(&format!("{} taken in {rounds} rounds", board.get(0)));
    });
}

#[test]
fn a_dead_holder_is_told_at_the_end_of_a_wait() {
    supervised(60, || {
        let shop = Region::<Shop>::anonymous().unwrap();
        let waits = fork(|| {
            let Err(LockError::OwnerDied(died)) = shop.more.wait(shop.things.lock().unwrap())
            else {
                panic!("nothing was told")
            };
            assert_eq!(*died.into_guard(), 7);
        });
        somebody_waits(&shop);
        let dies = fork(|| {
            let mut held = shop.things.lock().unwrap();
            *held = 7;
            shop.more.notify_all();
            kill_myself();
        });
        assert!(matches!(dies.wait(), Ended::Killed(libc::SIGKILL)));
        waits.join();
        // It was not repaired.
        assert!(matches!(shop.things.lock(), Err(LockError::NotRecoverable(_))));
    });
}

shareable! {
    /// Two things that change, and one that tells of both.
    struct Two {
        one: Mutex<u64>,
        other: Mutex<u64>,
        changed: Condvar,
    }
}

impl Two {
    fn wait(&self, things: &Mutex<u64>) {
        let mut some = repaired(things.lock());
        while *some == 0 {
            some = repaired(self.changed.wait(some));
        }
        *some -= 1;
    }

    fn make(&self, things: &Mutex<u64>) {
        *repaired(things.lock()) += 1;
        self.changed.notify_one();
    }
}

#[test]
fn it_waits_with_one_mutex_after_the_other_and_with_both_at_a_time() {
    supervised(60, || {
        let two = Region::<Two>::anonymous().unwrap();
        let asleep =
            |child: &Child| child.until_asleep_on((&raw const two.changed).expose_provenance());
        let waits =
            fork(|| [&two.one, &two.other, &two.one].into_iter().for_each(|it| two.wait(it)));
        for things in [&two.one, &two.other, &two.one] {
            asleep(&waits);
            two.make(things);
        }
        waits.join();
        let both = [&two.one, &two.other].map(|things| fork(|| two.wait(things)));
        both.iter().for_each(asleep);
        *two.one.lock().unwrap() = 1;
        *two.other.lock().unwrap() = 1;
        two.changed.notify_one();
        both.into_iter().for_each(Child::join);
        let rounds = scaled(5_000);
        let all: Vec<Child> = [&two.one, &two.other]
            .into_iter()
            .flat_map(|things| {
                let takes = fork(|| (0..rounds).for_each(|_| two.wait(things)));
                let makes = fork(|| (0..rounds).for_each(|_| two.make(things)));
                [takes, makes]
            })
            .collect();
        all.into_iter().for_each(Child::join);
        assert_eq!((*two.one.lock().unwrap(), *two.other.lock().unwrap()), (0, 0));
    });
}

#[test]
fn a_panic_of_a_condition_is_one_under_the_mutex() {
    type Wait = fn(&Shop, &mut dyn FnMut() -> bool);
    let waits: [Wait; 2] = [
        |shop, asks| drop(shop.more.wait_while(shop.things.lock().unwrap(), |_| asks())),
        |shop, asks| {
            let things = shop.things.lock().unwrap();
            drop(shop.more.wait_timeout_while(things, Duration::MAX, |_| asks()));
        },
    ];
    for wait in waits {
        // Before it waits, and after.
        for asked_before in 0..2 {
            supervised(60, || {
                let shop = Region::<Shop>::anonymous().unwrap();
                let panics = fork(|| {
                    let mut asked = 0;
                    let mut asks = || {
                        asked += 1;
                        assert!(asked <= asked_before, "on purpose");
                        true
                    };
                    let waits = || wait(&shop, &mut asks);
                    catch_unwind(AssertUnwindSafe(waits)).expect_err("it panics");
                    assert_eq!(listed(), [], "it holds nothing any more");
                });
                if asked_before > 0 {
                    panics.until_asleep_on(condvar_address(&shop.more));
                    shop.more.notify_all();
                }
                panics.join();
                assert!(matches!(shop.things.lock(), Err(LockError::OwnerDied(_))));
            });
        }
    }
}

#[test]
fn a_wait_ends_in_time() {
    supervised(60, || {
        let shop = Region::<Shop>::anonymous().unwrap();
        let short = Duration::from_millis(30);
        let now = Instant::now();
        let things = shop.things.lock().unwrap();
        let (things, ended) = shop.more.wait_timeout(things, Duration::ZERO).unwrap();
        assert!(ended.timed_out());
        let (things, ended) = shop.more.wait_until(things, now).unwrap();
        assert!(ended.timed_out());
        let (things, ended) =
            shop.more.wait_timeout_while(things, short, |things| *things == 0).unwrap();
        assert!(ended.timed_out() && now.elapsed() >= short);
        let (things, ended) =
            shop.more.wait_timeout_while(things, Duration::ZERO, |things| *things > 0).unwrap();
        assert!(!ended.timed_out());
        drop(things);
        let waits = fork(|| {
            let things = shop.things.lock().unwrap();
            let waited = shop.more.wait_timeout_while(things, Duration::MAX, |it| *it == 0);
            assert!(!waited.unwrap().1.timed_out());
        });
        waits.until_asleep_on(condvar_address(&shop.more));
        shop.make();
        waits.join();
    });
}

#[test]
fn a_forked_child_does_not_wait_with_its_parents_guard() {
    supervised(60, || {
        let shop = Region::<Shop>::anonymous().unwrap();
        let held = shop.things.lock().unwrap();
        let child = fork(|| {
            // SAFETY: in a child that does not return, the original is never used again.
            let inherited = unsafe { std::ptr::read(&held) };
            assert!(matches!(shop.more.wait(inherited), Err(LockError::NotHeld(_))));
        });
        assert!(matches!(child.wait(), Ended::Exited(0)));
        drop(held);
    });
}
