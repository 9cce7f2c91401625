//! What is measured. Each function is one round of one case with one lock.

use core::hint::black_box;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use crate::peers::{Adder, Holder, Told};
use crate::shared::{Board, Shared};
use crate::workers::{Worker, wait_until};

/// How much work a round does.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    pub(crate) additions: u32,
    pub(crate) window: Duration,
    pub hand_overs: u32,
    pub(crate) kills: u32,
}

/// Nanoseconds for lock, add, unlock, with nobody else about.
pub(crate) fn uncontended<A: Adder>(effort: Effort) -> f64 {
    let adder = set_up::<A>();
    let adder: &A = &adder;
    for _ in 0..effort.additions / 10 {
        black_box(adder).add_one();
    }
    // Processor time: what else the machine has to do meanwhile does not count.
    let start = nanoseconds(ClockId::ProcessCPUTime);
    for _ in 0..effort.additions {
        black_box(adder).add_one();
    }
    (nanoseconds(ClockId::ProcessCPUTime) - start) as f64 / f64::from(effort.additions)
}

/// Million critical sections per second that `processes` get through together, on the given cores in turn.
pub(crate) fn contended<A: Adder>(effort: Effort, processes: u32, cores: [usize; 2]) -> f64 {
    let adder = set_up::<A>();
    let board = Shared::<Board>::new();
    let workers: Vec<Worker> = (0..processes)
        .map(|i| Worker::start(cores[i as usize % 2], || add_until_stopped(&*adder, &board)))
        .collect();
    wait_until("the workers to start", || board.ready.load(Acquire) == processes);
    let start = Instant::now();
    board.go.store(true, Release);
    std::thread::sleep(effort.window);
    board.stop.store(true, Release);
    let took = start.elapsed();
    workers.into_iter().for_each(Worker::join);
    let done = board.done.load(Relaxed);
    assert_eq!(adder.total(), done, "{} lost updates", A::NAME);
    done as f64 / took.as_secs_f64() / 1e6
}

fn add_until_stopped<A: Adder>(adder: &A, board: &Board) {
    board.ready.fetch_add(1, Release);
    wait_until("the start", || board.go.load(Acquire));
    let mut done = 0;
    while !board.stop.load(Relaxed) {
        for _ in 0..100 {
            adder.add_one();
        }
        done += 100;
    }
    board.done.fetch_add(done, Relaxed);
}

/// Microseconds, each time, from a release until a sleeper on the other core holds the lock.
pub(crate) fn hand_over<H: Holder>(effort: Effort, cores: [usize; 2]) -> Vec<f64> {
    let lock = set_up::<H>();
    let board = Shared::<Board>::new();
    let times = (0..effort.hand_overs).map(|_| {
        let mut waiter = None;
        let mut released = 0;
        board.moment.store(0, Relaxed);
        lock.hold(|_| {
            let waiter = waiter.insert(Worker::start(cores[1], || report_moment(&*lock, &board)));
            waiter.wait_asleep_in_lock(&board);
            released = nanoseconds(EVERYBODYS);
        });
        waiter.into_iter().for_each(Worker::join);
        (board.moment.load(Acquire) - released) as f64 / 1e3
    });
    times.collect()
}

/// Microseconds, each time, from the SIGKILL that ends a holder until a sleeper is told.
pub(crate) fn killed_holder<H: Holder>(effort: Effort, cores: [usize; 2]) -> Vec<f64> {
    let lock = set_up::<H>();
    let board = Shared::<Board>::new();
    let times = (0..effort.kills).map(|_| {
        board.told.store(false, Relaxed);
        board.go.store(false, Relaxed);
        let mut holder = Worker::start(cores[0], || {
            lock.hold(|_| {
                board.go.store(true, Release);
                loop {
                    std::thread::sleep(Duration::from_secs(60));
                }
            });
        });
        wait_until("the holder", || board.go.load(Acquire));
        let waiter = Worker::start(cores[1], || report_moment(&*lock, &board));
        waiter.wait_asleep_in_lock(&board);
        let killed = nanoseconds(EVERYBODYS);
        holder.kill();
        holder.reap();
        waiter.join();
        assert!(board.told.load(Acquire), "{} did not tell of the death", H::NAME);
        (board.moment.load(Acquire) - killed) as f64 / 1e3
    });
    times.collect()
}

impl Worker {
    /// Waits until a worker that runs [`report_moment`] sleeps on the lock.
    fn wait_asleep_in_lock(&self, board: &Board) {
        wait_until("the waiter", || board.ready.load(Acquire) == 1);
        self.wait_asleep();
        board.ready.store(0, Relaxed);
    }
}

fn report_moment<H: Holder>(lock: &H, board: &Board) {
    board.ready.store(1, Release);
    lock.hold(|told| {
        board.moment.store(nanoseconds(EVERYBODYS), Release);
        board.told.store(told == Told::OwnerDied, Release);
    });
}

fn set_up<A: Adder>() -> Shared<A> {
    let adder = Shared::<A>::new();
    adder.set_up();
    adder
}

/// The clock that all processes read the same.
const EVERYBODYS: ClockId = ClockId::Monotonic;

fn nanoseconds(clock: ClockId) -> u64 {
    let now = clock_gettime(clock);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}
