//! How long others are waited for: not at all, for a while, for ever, through signals, by which clock, and where the kernel
//! refuses to let anybody wait.

#[path = "timeouts/clock.rs"]
mod clock;
mod common;
#[path = "timeouts/edges.rs"]
mod edges;
#[path = "timeouts/races.rs"]
mod races;
#[path = "timeouts/signals.rs"]
mod signals;
#[path = "timeouts/waits.rs"]
mod waits;

use std::time::{Duration, Instant};

use common::child::{
    Child, Ended, exit_now, fork, has_ended, is_asleep_on, say, state_of, supervised, switches,
    until,
};
use common::memory::{Board, end_unstuck, word_address};
use common::outcome::{Attempt, Outcome, acquired};
use common::sandbox::forbid_futex;
use common::seed::{Seed, scaled};
use lockproof::{Lock, Mutex, Region};

const GO: usize = 0;
const HOLDING: usize = 1;

/// A lock and a mutex that another process holds until `GO` is set.
struct Held {
    lock: Region<Lock>,
    mutex: Region<Mutex<u64>>,
    board: Board,
    holder: Child,
}

impl Held {
    fn by_another() -> Self {
        let (lock, mutex) =
            (Region::<Lock>::anonymous().unwrap(), Region::<Mutex<u64>>::anonymous().unwrap());
        let board = Board::new(2);
        let holder = fork(|| {
            assert_eq!(acquired(lock.acquire(true, None)), Outcome::Clean);
            let guard = mutex.lock().unwrap();
            board.set(HOLDING, 1);
            board.until(GO, 1);
            drop(guard);
            lock.release().unwrap();
        });
        board.until(HOLDING, 1);
        Self { lock, mutex, board, holder }
    }

    fn release(self) {
        self.board.set(GO, 1);
        self.holder.join();
    }
}

const LONG: Duration = Duration::from_secs(3600);

#[test]
fn a_wait_that_runs_out_does_so_at_its_time_and_not_before() {
    supervised(60, || {
        let held = Held::by_another();
        let past = Instant::now();
        assert_eq!(held.mutex.try_lock().taken().0, Outcome::WouldBlock);
        assert_eq!(acquired(held.lock.acquire(false, None)), Outcome::WouldBlock);
        assert_eq!(acquired(held.lock.acquire(false, Some(LONG))), Outcome::WouldBlock);
        assert_eq!(held.mutex.try_lock_until(past).taken().0, Outcome::WouldBlock);
        for milliseconds in [0, 1, 20, 100] {
            let timeout = Duration::from_millis(milliseconds);
            for _ in 0..if milliseconds > 1 { 2 } else { 200 } {
                let before = Instant::now();
                assert_eq!(held.mutex.try_lock_for(timeout).taken().0, Outcome::WouldBlock);
                assert!(before.elapsed() >= timeout);
                let before = Instant::now();
                assert_eq!(acquired(held.lock.acquire(true, Some(timeout))), Outcome::WouldBlock);
                assert!(before.elapsed() >= timeout);
                let moment = Instant::now() + timeout;
                assert_eq!(held.mutex.try_lock_until(moment).taken().0, Outcome::WouldBlock);
                assert!(Instant::now() >= moment);
            }
        }
        held.release();
    });
}

#[test]
fn a_free_lock_is_taken_whatever_the_time() {
    supervised(20, || {
        let region = Region::<Mutex<u64>>::anonymous().unwrap();
        let past = Instant::now();
        for timeout in [Duration::ZERO, Duration::from_nanos(1), LONG, Duration::MAX] {
            assert_eq!(region.try_lock_for(timeout).taken().0, Outcome::Clean);
        }
        assert_eq!(region.try_lock_until(past).taken().0, Outcome::Clean);
        assert_eq!(region.try_lock_until(past + LONG).taken().0, Outcome::Clean);
    });
}

#[test]
fn a_very_long_wait_waits() {
    let seconds =
        [i64::MAX as u64, i64::MAX as u64 - 1, 1 << 62, 1 << 34, 1 << 33, 1 << 31, u64::MAX];
    let timeouts = seconds.map(Duration::from_secs).into_iter().chain([Duration::MAX, LONG]);
    for timeout in timeouts {
        supervised(20, || {
            say(&format!("{timeout:?}"));
            let held = Held::by_another();
            let waiter =
                fork(|| assert_eq!(held.mutex.try_lock_for(timeout).taken().0, Outcome::Clean));
            let other = fork(|| {
                assert_eq!(acquired(held.lock.acquire(true, Some(timeout))), Outcome::Clean)
            });
            waiter.until_asleep_on(word_address(&*held.mutex));
            other.until_asleep_on(word_address(&*held.lock));
            held.release();
            waiter.join();
            other.join();
        });
    }
    supervised(20, || {
        let held = Held::by_another();
        let moment = Instant::now() + Duration::from_secs(1 << 40);
        let waiter =
            fork(|| assert_eq!(held.mutex.try_lock_until(moment).taken().0, Outcome::Clean));
        waiter.until_asleep_on(word_address(&*held.mutex));
        held.release();
        waiter.join();
    });
}

#[test]
fn a_waiter_that_gives_up_has_not_eaten_a_wake() {
    supervised(120, || {
        let mut seed = Seed::announced();
        let (mut took, mut gave_up, mut microseconds) = (0, 0, 3000);
        for round in 0.. {
            if round >= scaled(300) && took > 0 && gave_up > 0 {
                break;
            }
            // The release comes at about the moment when the first one gives up: what it did last time says in which
            // direction to go.
            let jitter = seed.below(100) as u64;
            if release_at_the_last_moment(Duration::from_micros(microseconds + jitter)) {
                took += 1;
                microseconds += 20;
            } else {
                gave_up += 1;
                microseconds = microseconds.saturating_sub(20);
            }
        }
        say(&format!("{took} took it, {gave_up} gave up"));
    });
}

/// One waits for three milliseconds, another for ever; the lock is released after that time. Returns whether the first
/// one got it; in any case the other one does.
fn release_at_the_last_moment(after: Duration) -> bool {
    const TOOK: i32 = 1;
    const GAVE_UP: i32 = 2;
    let region = Region::<Mutex<u64>>::anonymous().unwrap();
    let word = word_address(&*region);
    let guard = region.lock().unwrap();
    let start = Instant::now();
    let moment = start + Duration::from_millis(3);
    let timed =
        fork(|| exit_now(if region.try_lock_until(moment).is_ok() { TOOK } else { GAVE_UP }));
    until(|| is_asleep_on(timed.pid, word) || has_ended(timed.pid));
    let patient = fork(|| drop(region.lock().unwrap()));
    patient.until_asleep_on(word);
    until(|| start.elapsed() >= after);
    drop(guard);
    let ends = end_unstuck(word, vec![timed, patient]);
    assert_eq!(ends[1], Ended::Exited(0));
    assert!([Ended::Exited(TOOK), Ended::Exited(GAVE_UP)].contains(&ends[0]));
    ends[0] == Ended::Exited(TOOK)
}

#[test]
fn a_slow_holder_is_not_taken_for_a_dead_one() {
    for stopped in [false, true] {
        supervised(60, || {
            let held = Held::by_another();
            let waiter = fork(|| assert_eq!(held.mutex.lock().taken().0, Outcome::Clean));
            waiter.until_asleep_on(word_address(&*held.mutex));
            if stopped {
                held.holder.signal(libc::SIGSTOP);
                until(|| state_of(held.holder.pid) == Some('T'));
            }
            // It wakes to look for the holder, finds it alive, and sleeps again.
            let before = switches(waiter.pid);
            until(|| switches(waiter.pid) >= before + 2);
            held.holder.signal(libc::SIGCONT);
            held.release();
            waiter.join();
        });
    }
}

#[test]
fn where_waiting_is_forbidden_a_wait_still_ends() {
    supervised(60, || {
        let held = Held::by_another();
        let ready = Board::new(1);
        let polling = fork(|| {
            forbid_futex(libc::FUTEX_WAIT_BITSET | libc::FUTEX_CLOCK_REALTIME);
            forbid_futex(libc::FUTEX_WAIT_BITSET);
            let timeout = Duration::from_millis(20);
            let before = Instant::now();
            assert_eq!(held.mutex.try_lock_for(timeout).taken().0, Outcome::WouldBlock);
            assert!(before.elapsed() >= timeout);
            ready.set(0, 1);
            assert_eq!(held.mutex.lock().taken().0, Outcome::Clean);
        });
        ready.until(0, 1);
        held.release();
        polling.join();
    });
}

#[test]
fn where_waking_in_one_step_is_forbidden_everybody_is_still_woken() {
    supervised(60, || {
        let region = Region::<Mutex<u64>>::anonymous().unwrap();
        let word = word_address(&*region);
        let sleepers = |expected: Outcome, guard| {
            let sleepers: Vec<Child> =
                (0..3).map(|_| fork(|| assert_eq!(region.lock().taken().0, expected))).collect();
            sleepers.iter().for_each(|sleeper| sleeper.until_asleep_on(word));
            drop(guard);
            end_unstuck(word, sleepers);
        };
        forbid_futex(libc::FUTEX_WAKE_OP);
        for _ in 0..3 {
            sleepers(Outcome::Clean, region.lock().unwrap());
        }
        fork(|| core::mem::forget(region.lock().unwrap())).join();
        let (outcome, guard) = region.lock().taken();
        assert_eq!(outcome, Outcome::OwnerDied);
        sleepers(Outcome::NotRecoverable, guard.unwrap());
    });
}
