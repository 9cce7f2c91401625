//! Limits of all sizes, of every wait, between threads.

use std::sync::atomic::{AtomicI32, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use lockproof::{Barrier, Region};

use super::waits::{All, Limit, Wait, waits};
use crate::LONG;
use crate::common::child::{say, supervised, thread_id, until, waits_for_others};

/// Runs it in another thread, which nobody's hold is.
fn in_another_thread(body: impl FnOnce() + Send) {
    thread::scope(|scope| scope.spawn(body).join().unwrap());
}

#[test]
fn a_wait_in_vain_ends_at_its_time_and_not_before() {
    supervised(60, || {
        for Wait { name, block, wait, end_lasts } in waits() {
            say(name);
            let all = Region::<All>::anonymous().unwrap();
            let end = block(&all);
            in_another_thread(|| {
                let past = Instant::now();
                let nanosecond = Duration::from_nanos(1);
                for limit in [
                    Limit::Now,
                    Limit::For(Duration::ZERO),
                    Limit::For(nanosecond),
                    Limit::Until(past),
                ] {
                    assert!(!wait(&all, limit), "{name}, {limit:?}");
                }
                let short = Duration::from_millis(20);
                let moment = Instant::now() + short;
                assert!(!wait(&all, Limit::For(short)), "{name}");
                assert!(Instant::now() >= moment, "{name}: too early");
                let moment = Instant::now() + short;
                assert!(!wait(&all, Limit::Until(moment)), "{name}");
                assert!(Instant::now() >= moment, "{name}: too early");
            });
            if end_lasts {
                end();
            }
        }
    });
}

#[test]
fn what_is_there_is_taken_whatever_the_time() {
    supervised(60, || {
        let past = Instant::now();
        let none = [Limit::Now, Limit::For(Duration::ZERO), Limit::Until(past)];
        let much = [Limit::For(LONG), Limit::For(Duration::MAX), Limit::Until(past + LONG)];
        for Wait { name, block, wait, .. } in waits().into_iter().filter(|wait| wait.end_lasts) {
            for limit in none.into_iter().chain(much) {
                let all = Region::<All>::anonymous().unwrap();
                block(&all)();
                in_another_thread(|| assert!(wait(&all, limit), "{name}, {limit:?}"));
            }
        }
        let alone = Region::<Barrier<1>>::anonymous().unwrap();
        assert!(alone.wait_for(Duration::ZERO).is_ok() && alone.wait_until(past).is_ok());
    });
}

#[test]
fn a_very_long_wait_ends_when_another_thread_ends_it() {
    supervised(120, || {
        let far = Duration::from_secs(1 << 40);
        for Wait { name, block, wait, .. } in waits() {
            say(name);
            let limits = [
                Limit::Forever,
                Limit::For(LONG),
                Limit::For(far),
                Limit::For(Duration::MAX),
                Limit::Until(Instant::now() + far),
            ];
            for limit in limits {
                let (all, waiter) = (Region::<All>::anonymous().unwrap(), AtomicI32::new(0));
                let end = block(&all);
                thread::scope(|scope| {
                    let waits = scope.spawn(|| {
                        waiter.store(thread_id(), SeqCst);
                        assert!(wait(&all, limit), "{name}, {limit:?}");
                    });
                    until(|| waits.is_finished() || waits_for_others(waiter.load(SeqCst)));
                    end();
                    waits.join().unwrap();
                });
            }
        }
    });
}
