//! Where the kernel refuses a call: slower, and as right.

use std::time::{Duration, Instant};

use lockproof::deadline::Deadline::{At, Never, Now};
use lockproof::platform::Ordering::Relaxed;
use lockproof::platform::{Changed, Platform, Waited};

use crate::common::child::{Ended, exit_now, fork, supervised};
use crate::common::memory::Board;
use crate::common::sandbox::{die_of_call, forbid_futex, refuse_call};
use crate::words::{ALL, WOKEN, as_they_are, linux, waits_for_one, words};

const REFUSALS: [i32; 2] = [libc::ENOSYS, libc::EPERM];

#[test]
fn a_wait_for_several_words_still_ends() {
    for error in REFUSALS {
        supervised(60, || {
            let (p, all) = (linux(), words::<3>());
            refuse_call(libc::SYS_futex_waitv, error);
            let as_they_were = as_they_are(all);
            for (at, word) in all.iter().enumerate() {
                let ready = Board::new(1);
                let waiter = fork(|| {
                    ready.set(0, 1);
                    while linux().load(word, Relaxed) == 0 {
                        let waited = linux().futex_wait_any(&as_they_were, Never);
                        assert_ne!(waited, Waited::TimedOut);
                    }
                });
                ready.until(0, 1);
                p.store(word, 1, Relaxed);
                p.futex_wake(word, ALL);
                waiter.join();
                assert_eq!(p.futex_wait_any(&as_they_were, Never), Waited::Changed, "word {at}");
                p.store(word, 0, Relaxed);
            }
        });
    }
}

#[test]
fn its_deadline_is_kept() {
    supervised(60, || {
        refuse_call(libc::SYS_futex_waitv, libc::ENOSYS);
        let (p, all) = (linux(), words::<2>());
        let as_they_were = as_they_are(all);
        assert_eq!(p.futex_wait_any(&as_they_were, Now), Waited::TimedOut);
        for milliseconds in [0, 1, 50] {
            let (before, timeout) = (Instant::now(), Duration::from_millis(milliseconds));
            let until = At(p.now() + timeout);
            while p.futex_wait_any(&as_they_were, until) != Waited::TimedOut {}
            assert!(before.elapsed() >= timeout);
        }
    });
}

/// What the kernel has refused once, it is not asked for again.
#[test]
fn it_is_asked_for_once() {
    supervised(20, || {
        let all = words::<2>();
        let asks = || linux().futex_wait_any(&as_they_are(all), At(Duration::ZERO));
        let asks_again = |error| {
            refuse_call(libc::SYS_futex_waitv, error);
            asks();
            die_of_call(libc::SYS_futex_waitv);
            asks();
            exit_now(WOKEN);
        };
        for error in REFUSALS {
            assert_eq!(fork(|| asks_again(error)).wait(), Ended::Exited(WOKEN));
        }
        // A passing fault is no refusal.
        let ended = fork(|| asks_again(libc::ENOMEM)).wait();
        assert_eq!(ended, Ended::Killed(libc::SIGSYS));
    });
}

#[test]
fn who_cannot_be_moved_is_woken() {
    supervised(20, || {
        forbid_futex(libc::FUTEX_CMP_REQUEUE);
        let (p, [from, to]) = (linux(), words::<2>());
        for (wake, moved, counted) in [(0, 0, 0), (1, 1, 2), (1, ALL, 3), (ALL, ALL, 3)] {
            let sleepers: Vec<_> = (0..3).map(|_| waits_for_one(from)).collect();
            assert_eq!(p.futex_requeue(from, 1, 1, to, 1), Err(Changed));
            assert_eq!(p.futex_requeue(from, 0, wake, to, moved), Ok(counted));
            for sleeper in sleepers {
                assert_eq!(sleeper.wait(), Ended::Exited(WOKEN));
            }
        }
    });
}
