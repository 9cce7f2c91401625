//! The clock of the limits. Setting the machine's date back and forth would show it, and disturb everybody else; so the kernel
//! is asked what it was asked for.

use std::cell::Cell;
use std::time::Duration;

use lockproof::Region;

use super::waits::{All, Limit, Wait, waits};
use crate::LONG;
use crate::common::child::{fork, say, supervised, system_call_with_arguments, until};

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
