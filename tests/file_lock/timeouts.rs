//! How long a lock on a file is waited for.

use std::time::{Duration, Instant};

use lockproof::file::FileError;
use lockproof::{FileLock, FileLockGuard};

use crate::common::child::{exit_now, fork, is_in_call, signal, supervised, until};
use crate::common::memory::Board;
use crate::common::signals::{handle_signals, signals_seen};
use crate::scratch::{Holder, Scratch, says_who};

type Timed<T> = fn(&FileLock, T) -> Result<FileLockGuard, FileError>;

/// The system calls in which a lock is waited for.
const WAITING: [libc::c_long; 3] =
    [libc::SYS_flock, libc::SYS_clock_nanosleep, libc::SYS_nanosleep];

const FOR: [Timed<Duration>; 2] = [FileLock::try_lock_for, FileLock::try_lock_shared_for];
const UNTIL: [Timed<Instant>; 2] = [FileLock::try_lock_until, FileLock::try_lock_shared_until];

#[test]
fn a_wait_that_runs_out_does_so_at_its_time_and_not_before() {
    let scratch = Scratch::new();
    let lock = FileLock::new(scratch.join("lock"));
    supervised(60, || {
        let past = Instant::now();
        let holder = Holder::of(|| lock.lock().unwrap());
        for at_once in [FileLock::try_lock, FileLock::try_lock_shared] {
            let error = at_once(&lock).unwrap_err();
            assert!(matches!(error, FileError::WouldBlock { holders, .. } if holders.is_empty()));
        }
        for milliseconds in [0, 1, 30, 100] {
            let timeout = Duration::from_millis(milliseconds);
            for try_for in FOR {
                let before = Instant::now();
                assert!(try_for(&lock, timeout).unwrap_err().is_would_block());
                assert!(before.elapsed() >= timeout);
                says_who(holder.child.pid, || try_for(&lock, timeout).unwrap_err());
            }
            for try_until in UNTIL {
                let moment = Instant::now() + timeout;
                assert!(try_until(&lock, moment).unwrap_err().is_would_block());
                assert!(Instant::now() >= moment);
            }
        }
        for try_until in UNTIL {
            assert!(try_until(&lock, past).unwrap_err().is_would_block());
        }
        holder.release();
    });
}

#[test]
fn a_free_lock_is_taken_whatever_the_time() {
    let scratch = Scratch::new();
    let lock = FileLock::new(scratch.join("lock"));
    supervised(60, || {
        let past = Instant::now();
        for timeout in [Duration::ZERO, Duration::from_millis(1), Duration::MAX] {
            FOR.iter().for_each(|try_for| drop(try_for(&lock, timeout).unwrap()));
        }
        UNTIL.iter().for_each(|try_until| drop(try_until(&lock, past).unwrap()));
    });
}

#[test]
fn who_waits_for_a_time_gets_it_when_it_is_free_or_its_holder_dies() {
    let scratch = Scratch::new();
    let lock = FileLock::new(scratch.join("lock"));
    supervised(60, || {
        for timeout in [Duration::from_secs(3600), Duration::MAX] {
            for try_for in FOR {
                for dies in [false, true] {
                    let holder = Holder::of(|| lock.lock().unwrap());
                    let waiter = Holder::beginning(|| try_for(&lock, timeout).unwrap());
                    until(|| WAITING.iter().any(|call| is_in_call(waiter.child.pid, *call)));
                    assert!(!waiter.is_there());
                    if dies {
                        holder.child.kill()
                    } else {
                        holder.release()
                    }
                    waiter.until_there();
                    waiter.release();
                }
            }
        }
    });
}

#[test]
fn a_signal_ends_no_wait() {
    let scratch = Scratch::new();
    let lock = FileLock::new(scratch.join("lock"));
    supervised(60, || {
        let takes: [fn(&FileLock) -> FileLockGuard; 2] = [
            |lock| lock.lock().unwrap(),
            |lock| lock.try_lock_for(Duration::from_secs(3600)).unwrap(),
        ];
        for take in takes {
            let holder = Holder::of(|| lock.lock().unwrap());
            let seen = Board::new(1);
            let waiter = fork(|| {
                let restarts_nothing = 0;
                handle_signals(restarts_nothing);
                std::thread::scope(|scope| {
                    // On another thread the count can be seen while the first one waits.
                    scope.spawn(|| {
                        until(|| {
                            seen.set(0, signals_seen());
                            signals_seen() == 10
                        });
                    });
                    drop(take(&lock));
                });
                exit_now(if signals_seen() == 10 { 0 } else { 1 });
            });
            for number in 1..=10 {
                until(|| WAITING.iter().any(|call| is_in_call(waiter.pid, *call)));
                // SAFETY: a signal to the main thread of a process that this test started.
                unsafe { libc::syscall(libc::SYS_tgkill, waiter.pid, waiter.pid, libc::SIGUSR1) };
                seen.until(0, number);
            }
            assert!(lock.try_lock().unwrap_err().is_would_block());
            holder.release();
            waiter.join();
        }
    });
}

#[test]
fn signals_neither_shorten_nor_prolong_a_wait() {
    let scratch = Scratch::new();
    let lock = FileLock::new(scratch.join("lock"));
    supervised(60, || {
        let holder = Holder::of(|| lock.lock().unwrap());
        for flags in [0, libc::SA_RESTART] {
            handle_signals(flags);
            let (before, this_process) = (signals_seen(), std::process::id() as libc::pid_t);
            let disturbs = fork(|| {
                loop {
                    signal(this_process, libc::SIGUSR1);
                    std::thread::yield_now();
                }
            });
            let timeout = Duration::from_millis(50);
            for try_for in FOR {
                let moment = Instant::now() + timeout;
                assert!(try_for(&lock, timeout).unwrap_err().is_would_block());
                assert!(Instant::now() >= moment && signals_seen() > before);
            }
            disturbs.kill();
        }
        holder.release();
    });
}
