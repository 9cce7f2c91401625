//! The clock of the limits. Setting the machine's date back and forth would show it, and disturb everybody else; so the kernel
//! is asked what it was asked for. The steady clock itself is another one in a time namespace, which is tried.

use std::cell::Cell;
use std::time::{Duration, Instant};

use lockproof::diagnosis::Diagnose;
use lockproof::{Mutex, Region};

use super::waits::{All, Limit, Wait, waits};
use crate::LONG;
use crate::common::child::{Child, fork, say, supervised, system_call_with_arguments, until};
use crate::common::memory::{Board, join_unstuck, word_address};
use crate::common::outcome::{Attempt, Outcome};

/// Whether a call waits until some moment on the clock that no change of the date moves; `None` if it is no wait at all.
fn waits_by_the_steady_clock((call, arguments): (libc::c_long, [u64; 6])) -> Option<bool> {
    match call {
        libc::SYS_futex => {
            let operation = arguments[1] as i32;
            let waits = operation & libc::FUTEX_CMD_MASK == libc::FUTEX_WAIT_BITSET;
            waits.then_some(operation & libc::FUTEX_CLOCK_REALTIME == 0 && arguments[3] != 0)
        }
        libc::SYS_futex_waitv => {
            Some(arguments[4] == libc::CLOCK_MONOTONIC as u64 && arguments[3] != 0)
        }
        _ => None,
    }
}

#[test]
fn a_change_of_the_date_changes_no_limit() {
    supervised(60, || {
        for Wait { name, block, wait, .. } in waits() {
            for timeout in [LONG, Duration::from_millis(900)] {
                say(name);
                let all = Region::<All>::anonymous().unwrap();
                let end = block(&all);
                let waits = fork(|| while !wait(&all, Limit::For(timeout)) {});
                let seen = Cell::new(None);
                until(|| {
                    let call = system_call_with_arguments(waits.pid);
                    seen.set(call.and_then(waits_by_the_steady_clock));
                    seen.get().is_some()
                });
                assert_eq!(seen.get(), Some(true), "{name}");
                end();
                waits.join();
            }
        }
    });
}

/// A child whose steady clock is that many seconds ahead of this process's, or behind; `None`, and why is said, where that is not allowed.
fn with_another_clock(ahead: i64, body: impl FnOnce()) -> Option<Child> {
    // SAFETY: concerns the children of this process, which is the test's own, alone.
    if unsafe { libc::unshare(libc::CLONE_NEWTIME) } != 0 {
        say(&format!("left out: no time namespace: {}", std::io::Error::last_os_error()));
        return None;
    }
    let set = std::fs::write("/proc/self/timens_offsets", format!("monotonic {ahead} 0"));
    set.map_err(|why| say(&format!("left out: {why}"))).ok()?;
    Some(fork(body))
}

/// Each has its own idea of what time it is, and all of the same lock: what one writes down of the time misleads no other.
#[test]
fn processes_whose_clocks_differ_share_a_lock() {
    const BIT: Duration = Duration::from_millis(30);
    const HOLDING: usize = 0;
    const GO: usize = 1;
    const WAITS: usize = 2;
    for ahead in [1_000_000, -30] {
        supervised(60, || {
            let (lock, board) = (Region::<Mutex<u64>>::anonymous().unwrap(), Board::new(3));
            let (word, here) = (word_address(&*lock), Instant::now());
            let guard = lock.lock().unwrap();
            let stranger = with_another_clock(ahead, || {
                assert!(Instant::now().checked_duration_since(here).is_none_or(|it| it > LONG));
                for _ in 0..3 {
                    let before = Instant::now();
                    assert_eq!(lock.try_lock_for(BIT).taken().0, Outcome::WouldBlock);
                    assert!(before.elapsed() >= BIT, "its time was up before");
                    assert_eq!(lock.diagnosis().holders.len(), 1, "whatever is noted of the time");
                }
                board.set(WAITS, 1);
                let (how, guard) = lock.try_lock_for(LONG).taken();
                assert_eq!(how, Outcome::Clean);
                board.set(HOLDING, 1);
                board.until(GO, 1);
                core::mem::forget(guard);
            });
            let Some(stranger) = stranger else { return };
            board.until(WAITS, 1);
            stranger.until_asleep_on(word);
            drop(guard);
            board.until(HOLDING, 1);
            let before = Instant::now();
            assert_eq!(lock.try_lock_for(BIT).taken().0, Outcome::WouldBlock);
            assert!(before.elapsed() >= BIT, "its time was up before");
            assert_eq!(lock.diagnosis().holders.len(), 1);
            let waiter = fork(|| assert_eq!(lock.lock().taken().0, Outcome::OwnerDied));
            waiter.until_asleep_on(word);
            board.set(GO, 1);
            stranger.join();
            join_unstuck(word, vec![waiter]);
        });
    }
}
