//! Waits that are interrupted by signals: with `SA_RESTART`, where the kernel may go on by itself, and without.

use std::cell::Cell;
use std::time::{Duration, Instant};

use lockproof::{Once, OnceValue, Region, shareable};

use super::waits::{All, Limit, Wait, waits};
use crate::common::child::{Child, fork, has_ended, say, supervised, until, waits_for_others};
use crate::common::memory::Board;
use crate::common::signals::{handle_signals, signals_seen};

/// Long enough to be disturbed again and again in.
const TIMEOUT: Duration = Duration::from_millis(50);

const READY: usize = 0;

/// Forks one that can be disturbed.
fn disturbed(board: &Board, flags: i32, body: impl FnOnce()) -> Child {
    let before = board.get(READY);
    let child = fork(|| {
        handle_signals(flags);
        board.add(READY, 1);
        body();
        assert!(signals_seen() > 0, "not disturbed");
    });
    board.until(READY, before + 1);
    child
}

/// Interrupts the waits of these, until something holds.
fn interrupt_until(children: &[&Child], holds: impl Fn() -> bool) {
    until(|| {
        for child in children.iter().filter(|child| waits_for_others(child.pid)) {
            child.signal(libc::SIGUSR1);
        }
        holds()
    });
}

#[test]
fn signals_neither_shorten_nor_prolong_a_wait() {
    for Wait { name, block, wait, end_lasts } in waits() {
        for flags in [0, libc::SA_RESTART] {
            supervised(60, || {
                say(name);
                let [in_vain, in_time] = [(); 2].map(|()| Region::<All>::anonymous().unwrap());
                let board = Board::new(1);
                let (too_late, end) = (block(&in_vain), block(&in_time));
                let timed = disturbed(&board, flags, || {
                    for limit in [Limit::For, |timeout| Limit::Until(Instant::now() + timeout)] {
                        let before = Instant::now();
                        assert!(!wait(&in_vain, limit(TIMEOUT)), "{name}");
                        assert!(before.elapsed() >= TIMEOUT, "{name}: too early");
                    }
                });
                let patient = disturbed(&board, flags, || assert!(wait(&in_time, Limit::Forever)));
                interrupt_until(&[&timed, &patient], || has_ended(timed.pid));
                timed.join();
                until(|| waits_for_others(patient.pid));
                end();
                patient.join();
                if end_lasts {
                    too_late();
                }
            });
        }
    }
}

#[test]
fn signals_do_not_end_the_wait_for_what_is_done_once() {
    shareable! {
        struct Shared {
            once: Once,
            value: OnceValue<u64>,
        }
    }
    for flags in [0, libc::SA_RESTART] {
        supervised(60, || {
            let (shared, board) = (Region::<Shared>::anonymous().unwrap(), Board::new(1));
            let waits = Cell::new(None);
            let while_they_wait = || {
                let children = [
                    disturbed(&board, flags, || {
                        shared.once.call_once(|| panic!("it has been done")).unwrap();
                    }),
                    disturbed(&board, flags, || {
                        assert_eq!(shared.value.get_or_init(|| 8).unwrap(), &7);
                    }),
                ];
                let rounds = Cell::new(0);
                interrupt_until(&[&children[0], &children[1]], || {
                    rounds.set(rounds.get() + 1);
                    rounds.get() > 1000 && children.iter().all(|child| waits_for_others(child.pid))
                });
                waits.set(Some(children));
            };
            let made = shared.value.get_or_init(|| {
                shared.once.call_once(while_they_wait).unwrap();
                7
            });
            assert_eq!(made.unwrap(), &7);
            waits.take().expect("forked").into_iter().for_each(Child::join);
        });
    }
}
