//! Moving sleepers from one word to another.

use std::sync::atomic::{AtomicI32, Ordering::SeqCst};

use lockproof::deadline::Deadline::Never;
use lockproof::platform::Ordering::Relaxed;
use lockproof::platform::{Changed, Linux, Platform, Waited};

use crate::common::child::{
    Child, Ended, fork, has_ended, is_asleep_on, state_of, supervised, thread_id, until,
};
use crate::common::memory::Board;
use crate::words::{
    ALL, CHANGED, WOKEN, as_they_are, linux, robust_word, take, waits_for, waits_for_one, words,
};

const WAITERS: u32 = 1 << 31;

fn all_woken(sleepers: Vec<Child>) {
    for sleeper in sleepers {
        assert_eq!(sleeper.wait(), Ended::Exited(WOKEN));
    }
}

#[test]
fn a_moved_sleeper_is_woken_at_its_new_word_alone() {
    supervised(20, || {
        let (p, [from, to]) = (linux(), words::<2>());
        // Nobody compares that.
        p.store(to, 7, Relaxed);
        let sleeper = waits_for_one(from);
        assert_eq!(p.futex_requeue(from, 0, 0, to, 1), Ok(1));
        assert_eq!(p.futex_wake(from, ALL), 0);
        assert_eq!(state_of(sleeper.pid), Some('S'));
        assert_eq!(p.futex_wake(to, ALL), 1);
        all_woken(vec![sleeper]);
    });
}

#[test]
fn so_is_a_thread() {
    supervised(20, || {
        let (p, [from, to]) = (linux(), words::<2>());
        let thread = AtomicI32::new(0);
        std::thread::scope(|scope| {
            let sleeper = scope.spawn(|| {
                thread.store(thread_id(), SeqCst);
                linux().futex_wait(from, 0, Never)
            });
            until(|| is_asleep_on(thread.load(SeqCst), (&raw const *from).addr()));
            assert_eq!(p.futex_requeue(from, 0, 0, to, ALL), Ok(1));
            assert_eq!(p.futex_wake(from, ALL), 0);
            assert_eq!(p.futex_wake(to, 1), 1);
            assert_eq!(sleeper.join().unwrap(), Waited::Woken);
        });
    });
}

#[test]
fn so_many_are_woken_and_so_many_moved() {
    supervised(60, || {
        const SLEEPERS: u32 = 5;
        let p = linux();
        for (wake, moved) in [(0, 0), (1, 0), (1, 2), (0, 3), (2, ALL), (ALL, 1), (ALL, ALL)] {
            let [from, to] = words::<2>();
            let sleepers: Vec<_> = (0..SLEEPERS).map(|_| waits_for_one(from)).collect();
            let woken = wake.min(SLEEPERS);
            let left = SLEEPERS - woken - moved.min(SLEEPERS - woken);
            assert_eq!(p.futex_requeue(from, 0, wake, to, moved), Ok(SLEEPERS - left));
            until(|| {
                sleepers.iter().filter(|sleeper| has_ended(sleeper.pid)).count() as u32 == woken
            });
            assert_eq!(p.futex_wake(to, ALL), SLEEPERS - woken - left, "{wake}, {moved}: moved");
            assert_eq!(p.futex_wake(from, ALL), left, "{wake}, {moved}: left");
            all_woken(sleepers);
        }
    });
}

#[test]
fn nobody_is_moved_where_the_word_has_changed() {
    supervised(20, || {
        let (p, [from, to]) = (linux(), words::<2>());
        let sleeper = waits_for_one(from);
        p.store(from, 1, Relaxed);
        assert_eq!(p.futex_requeue(from, 0, 1, to, 1), Err(Changed));
        assert_eq!(p.futex_wake(to, ALL), 0);
        assert_eq!(p.futex_requeue(from, 1, 0, to, 1), Ok(1));
        assert_eq!(p.futex_wake(to, ALL), 1);
        all_woken(vec![sleeper]);
    });
}

/// One that waits for several words is moved with one of them, and still a sleeper of the others.
#[test]
fn one_that_waits_for_several_is_moved_with_one_of_them() {
    supervised(20, || {
        let p = linux();
        for at in [0, 1] {
            for woken_at in [0, 1] {
                let (both, [to]) = (words::<2>(), words::<1>());
                let sleeper = waits_for(&as_they_are(both), Never);
                sleeper.until_asleep_on_several();
                assert_eq!(p.futex_requeue(&both[at], 0, 0, to, 1), Ok(1));
                assert_eq!(p.futex_wake(&both[at], ALL), 0);
                let word = if woken_at == 0 { to } else { &both[1 - at] };
                assert_eq!(p.futex_wake(word, ALL), 1, "word {at} was moved, {woken_at}");
                all_woken(vec![sleeper]);
            }
        }
    });
}

/// It sleeps twice on the one word then, and a wake of two finds it twice.
#[test]
fn one_that_waits_for_several_may_be_moved_to_where_it_sleeps_already() {
    supervised(20, || {
        let (p, both) = (linux(), words::<2>());
        let sleeper = waits_for(&as_they_are(both), Never);
        sleeper.until_asleep_on_several();
        assert_eq!(p.futex_requeue(&both[0], 0, 0, &both[1], 1), Ok(1));
        assert_eq!(p.futex_wake(&both[1], 2), 2);
        all_woken(vec![sleeper]);
    });
}

/// Interrupted, it begins anew with what it had asked for. (A stop and a continuation are enough.)
#[test]
fn an_interrupted_sleeper_goes_back_to_its_own_word() {
    supervised(60, || {
        let p = linux();
        for changes in [false, true] {
            for several in [false, true] {
                let ([from, other], [to]) = (words::<2>(), words::<1>());
                let sleeper = if several {
                    let sleeper = waits_for(&[(from, 0), (other, 0)], Never);
                    sleeper.until_asleep_on_several();
                    sleeper
                } else {
                    waits_for_one(from)
                };
                assert_eq!(p.futex_requeue(from, 0, 0, to, 1), Ok(1));
                if changes {
                    p.store(from, 1, Relaxed);
                }
                sleeper.signal(libc::SIGSTOP);
                until(|| state_of(sleeper.pid) == Some('T'));
                sleeper.signal(libc::SIGCONT);
                if changes {
                    assert_eq!(sleeper.wait(), Ended::Exited(CHANGED));
                } else {
                    if several {
                        sleeper.until_asleep_on_several();
                    } else {
                        sleeper.until_asleep_on((&raw const *from).addr());
                    }
                    assert_eq!(p.futex_wake(to, ALL), 0);
                    assert_eq!(p.futex_wake(from, ALL), 1);
                    all_woken(vec![sleeper]);
                }
            }
        }
    });
}

#[test]
fn who_dies_after_it_was_moved_takes_no_wake() {
    supervised(20, || {
        let (p, [from, to]) = (linux(), words::<2>());
        let (dies, lives) = (waits_for_one(from), waits_for_one(from));
        assert_eq!(p.futex_requeue(from, 0, 0, to, ALL), Ok(2));
        dies.kill();
        assert_eq!(p.futex_wake(to, ALL), 1);
        all_woken(vec![lives]);
    });
}

/// The kernel wakes a sleeper of a dead holder's word, also one that was moved there.
#[test]
fn the_death_of_a_holder_wakes_who_was_moved_to_its_word() {
    supervised(60, || {
        let p = linux();
        for several in [false, true] {
            let ([from, other], robust, board) = (words::<2>(), robust_word(), Board::new(1));
            let holder = fork(|| {
                take(robust);
                board.set(0, 1);
                until(|| false);
            });
            board.until(0, 1);
            let sleeper = if several {
                let sleeper = waits_for(&[(other, 0), (from, 0)], Never);
                sleeper.until_asleep_on_several();
                sleeper
            } else {
                waits_for_one(from)
            };
            p.fetch_or(Linux::word(robust), WAITERS, Relaxed);
            assert_eq!(p.futex_requeue(from, 0, 0, Linux::word(robust), 1), Ok(1));
            holder.kill();
            all_woken(vec![sleeper]);
        }
    });
}
