//! Waiting for several words at once.

use std::sync::atomic::{AtomicI32, Ordering::SeqCst};
use std::time::{Duration, Instant};

use lockproof::deadline::Deadline::{At, Never, Now};
use lockproof::platform::Ordering::Relaxed;
use lockproof::platform::{Linux, MOST_WAITED_FOR, Platform, Waited};

use crate::common::child::{
    Ended, exit_now, fork, has_ended, is_asleep_on_several, supervised, thread_id, until,
};
use crate::common::memory::Board;
use crate::common::signals::handle_signals;
use crate::words::{
    ALL, CHANGED, LATE, WOKEN, as_they_are, code, linux, robust_word, take, waits_for, words,
};

/// What the kernel sets when a holder dies.
const OWNER_DIED: u32 = 1 << 30;
/// That somebody waits for the holder.
const WAITERS: u32 = 1 << 31;

#[test]
fn a_wake_of_any_word_finds_the_waiter() {
    supervised(60, || {
        let p = linux();
        for count in [1, 2, 3, 8, 9, 64, MOST_WAITED_FOR] {
            let all = words::<MOST_WAITED_FOR>();
            let all = &all[..count];
            for at in [0, count / 2, count - 1] {
                let waiter = waits_for(&as_they_are(all), Never);
                if count > 1 {
                    waiter.until_asleep_on_several();
                } else {
                    waiter.until_asleep_on((&raw const all[0]).addr());
                }
                assert_eq!(p.futex_wake(&all[at], ALL), 1, "word {at} of {count}");
                assert_eq!(waiter.wait(), Ended::Exited(WOKEN));
                // It is gone from the others.
                assert_eq!(all.iter().map(|word| p.futex_wake(word, ALL)).sum::<u32>(), 0);
            }
        }
    });
}

#[test]
fn between_threads_as_well() {
    supervised(20, || {
        let all = words::<3>();
        for word in all {
            let thread = AtomicI32::new(0);
            std::thread::scope(|scope| {
                let waiter = scope.spawn(|| {
                    thread.store(thread_id(), SeqCst);
                    linux().futex_wait_any(&as_they_are(all), Never)
                });
                until(|| is_asleep_on_several(thread.load(SeqCst)));
                assert_eq!(linux().futex_wake(word, 1), 1);
                assert_eq!(waiter.join().unwrap(), Waited::Woken);
            });
        }
    });
}

#[test]
fn nobody_sleeps_where_one_word_has_changed() {
    supervised(20, || {
        let p = linux();
        for count in [1, 2, 8, 9, MOST_WAITED_FOR] {
            for at in [0, count / 2, count - 1] {
                let all = words::<MOST_WAITED_FOR>();
                let expected = as_they_are(&all[..count]);
                p.store(&all[at], 1, Relaxed);
                assert_eq!(p.futex_wait_any(&expected, Never), Waited::Changed, "{at} of {count}");
            }
        }
    });
}

#[test]
fn a_wait_ends_at_its_deadline_and_not_before() {
    supervised(20, || {
        let (p, [a, b]) = (linux(), words::<2>());
        let both = [(a, 0), (b, 0)];
        assert_eq!(p.futex_wait_any(&both, Now), Waited::TimedOut);
        assert_eq!(p.futex_wait_any(&[(a, 1), (b, 1)], Now), Waited::TimedOut);
        assert_eq!(p.futex_wait_any(&both, At(Duration::ZERO)), Waited::TimedOut);
        for milliseconds in [0, 1, 20, 100] {
            let (before, timeout) = (Instant::now(), Duration::from_millis(milliseconds));
            assert_eq!(p.futex_wait_any(&both, At(p.now() + timeout)), Waited::TimedOut);
            assert!(before.elapsed() >= timeout);
        }
    });
}

#[test]
fn a_very_long_wait_waits() {
    supervised(20, || {
        for deadline in [i64::MAX as u64, u64::MAX, 1 << 34].map(Duration::from_secs) {
            let all = words::<2>();
            let waiter = waits_for(&as_they_are(all), At(deadline));
            waiter.until_asleep_on_several();
            assert_eq!(linux().futex_wake(&all[1], 1), 1);
            assert_eq!(waiter.wait(), Ended::Exited(WOKEN));
        }
    });
}

#[test]
fn a_signal_may_end_a_wait() {
    supervised(20, || {
        let all = words::<2>();
        let waiter = fork(|| {
            handle_signals(0);
            exit_now(code(linux().futex_wait_any(&as_they_are(all), Never)))
        });
        waiter.until_asleep_on_several();
        until(|| {
            waiter.signal(libc::SIGUSR1);
            has_ended(waiter.pid)
        });
        assert_eq!(waiter.wait(), Ended::Exited(WOKEN));
    });
}

#[test]
fn the_numbers_of_words_have_limits() {
    supervised(20, || {
        let all = words::<{ MOST_WAITED_FOR + 1 }>();
        for wrong in [&[][..], &as_they_are(all)] {
            let wait = || linux().futex_wait_any(wrong, Now);
            assert!(std::panic::catch_unwind(wait).is_err(), "{} words", wrong.len());
        }
    });
}

/// Woken at one word, a waiter is still found at the others until it runs: two wakes, one waiter.
#[test]
fn one_waiter_may_take_two_wakes() {
    supervised(60, || {
        let p = linux();
        let mut taken = 0;
        while taken == 0 {
            let all = words::<2>();
            let waiter = waits_for(&as_they_are(all), Never);
            waiter.until_asleep_on_several();
            let first = p.futex_wake(&all[0], 1);
            taken = p.futex_wake(&all[1], 1);
            assert_eq!((first, waiter.wait()), (1, Ended::Exited(WOKEN)));
        }
    });
}

/// One counts words up and wakes, the other waits until none is as it was: no wake may get lost on the way, whichever
/// word it is and however far the waiter has come.
#[test]
fn no_wake_is_lost() {
    supervised(60, || {
        const ROUNDS: u32 = 20_000;
        let (all, heard) = (words::<3>(), Board::new(1));
        let waiter = fork(|| {
            let (p, mut rounds) = (linux(), 0);
            while rounds < ROUNDS {
                let seen: Vec<_> = as_they_are(all);
                rounds = seen.iter().map(|(_, count)| count).sum();
                heard.set(0, rounds.into());
                if rounds < ROUNDS {
                    p.futex_wait_any(&seen, Never);
                }
            }
        });
        for round in 0..ROUNDS {
            let word = &all[round as usize % all.len()];
            linux().fetch_add(word, 1, Relaxed);
            linux().futex_wake(word, 1);
            // Only this one's wake can end the wait.
            heard.until(0, u64::from(round) + 1);
        }
        waiter.join();
    });
}

/// A holder that dies wakes who waits for it, also where that is one word among several.
#[test]
fn the_death_of_a_holder_is_heard_among_several_words() {
    supervised(60, || {
        let p = linux();
        for at in 0..3 {
            let (others, robust, board) = (words::<2>(), robust_word(), Board::new(1));
            let holder = fork(|| {
                take(robust);
                board.set(0, 1);
                until(|| false);
            });
            board.until(0, 1);
            let word = Linux::word(robust);
            let held = p.fetch_or(word, WAITERS, Relaxed) | WAITERS;
            let mut all = as_they_are(others);
            all.insert(at, (word, held));
            let waiter = waits_for(&all, Never);
            waiter.until_asleep_on_several();
            holder.kill();
            assert_eq!(waiter.wait(), Ended::Exited(WOKEN), "word {at}");
            assert_eq!(p.load(word, Relaxed), WAITERS | OWNER_DIED);
        }
    });
}

/// The kernel wakes nobody if nobody has said that there is somebody to wake.
#[test]
fn a_death_is_not_heard_by_who_has_not_set_the_waiters_bit() {
    supervised(60, || {
        let (p, [other], robust, board) = (linux(), words::<1>(), robust_word(), Board::new(1));
        let holder = fork(|| {
            take(robust);
            board.set(0, 1);
            until(|| false);
        });
        board.until(0, 1);
        let word = Linux::word(robust);
        let waiter = waits_for(&[(other, 0), (word, p.load(word, Relaxed))], Never);
        waiter.until_asleep_on_several();
        holder.kill();
        assert_eq!(p.load(word, Relaxed), OWNER_DIED);
        assert_eq!(p.futex_wake(other, 1), 1, "it sleeps on");
        assert_eq!(waiter.wait(), Ended::Exited(WOKEN));
    });
}

/// What dies in the middle of a wait is no sleeper any more, at none of its words.
#[test]
fn who_dies_asleep_takes_no_wake() {
    supervised(60, || {
        let (p, all) = (linux(), words::<3>());
        let dies = waits_for(&as_they_are(all), Never);
        let lives = waits_for(&as_they_are(all), Never);
        dies.until_asleep_on_several();
        lives.until_asleep_on_several();
        dies.kill();
        assert_eq!(p.futex_wake(&all[2], ALL), 1);
        assert_eq!(lives.wait(), Ended::Exited(WOKEN));
    });
}

/// Whatever ends a wait is what it says.
#[test]
fn a_wait_says_why_it_ended() {
    supervised(20, || {
        let all = words::<2>();
        let as_they_were = as_they_are(all);
        let soon = At(linux().now() + Duration::from_millis(1));
        assert_eq!(waits_for(&as_they_were, soon).wait(), Ended::Exited(LATE));
        linux().store(&all[1], 1, Relaxed);
        assert_eq!(waits_for(&as_they_were, Never).wait(), Ended::Exited(CHANGED));
    });
}
