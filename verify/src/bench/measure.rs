//! How work is measured: by one process alone, by several for a while, by several in step, and across a hand-over or a death.

use core::hint::black_box;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::time::{Duration, Instant};

use lockproof::Workers;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use rustix::time::{ClockId, clock_gettime};

use super::shared::{Board, MOST, Shared};
use super::steps::{self, Steps};
use super::work::{Adds, Section, Told, Work};

/// So long something may take that others wait for.
const PATIENCE: Duration = Duration::from_secs(20);
/// So often in a row the work is done between two looks at whether it is over.
const IN_A_ROW: u64 = 100;
/// So many hand-overs and deaths are looked at in a round.
const EVENTS: usize = 3;

/// Where it is measured, and for how long.
pub(super) struct Rig {
    /// Two processors; the same twice on a machine that has no other.
    pub(super) processors: [usize; 2],
    window: Duration,
    /// Whether instructions are counted, where work is done alone, and not time.
    pub(super) counts: bool,
}

/// What one contender came to in one round.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    pub(super) figure: f64,
    /// What the process that did least has done, as a part of what each would have done if all had done as much.
    pub(super) share: Option<f64>,
    /// Where instructions are counted: how many of them are locked.
    pub(super) locked: Option<f64>,
}

impl From<f64> for Sample {
    fn from(figure: f64) -> Self {
        Self { figure, share: None, locked: None }
    }
}

impl Rig {
    /// On the first two processors that this process may use. It keeps to the first of them itself: a release would be seen
    /// sooner where it happens to be on the waiter's.
    pub(super) fn new(window: Duration) -> Result<Self, String> {
        let allowed = sched_getaffinity(None)
            .map_err(|error| format!("nobody says which processors there are: {error}"))?;
        let mut all = (0..CpuSet::MAX_CPU).filter(|processor| allowed.is_set(*processor));
        let first = all.next().ok_or_else(|| "there is no processor".to_owned())?;
        let processors = [first, all.next().unwrap_or(first)];
        pin(first)?;
        Ok(Self { processors, window, counts: false })
    }

    /// Starts processes, in turn on the two processors.
    fn start(
        &self,
        processes: usize,
        work: impl Fn(usize) -> Result<(), String>,
    ) -> Result<Workers, String> {
        let placed = |who: usize| {
            pin(self.processors[who % 2])?;
            work(who)
        };
        // SAFETY: the command has no other threads while it measures, and the work uses shared memory alone.
        let workers = unsafe { Workers::fork(processes, placed) };
        workers.map_err(|error| error.to_string())
    }
}

fn pin(processor: usize) -> Result<(), String> {
    let mut only = CpuSet::new();
    only.set(processor);
    sched_setaffinity(None, &only).map_err(|error| format!("processor {processor}: {error}"))
}

fn set_up<W: Work>() -> Result<Shared<W>, String> {
    let work = Shared::<W>::new()?;
    work.set_up()?;
    Ok(work)
}

fn nanoseconds(clock: ClockId) -> u64 {
    let now = clock_gettime(clock);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// What all processes read the same.
fn now() -> u64 {
    nanoseconds(ClockId::Monotonic)
}

fn wait_until(what: &str, done: impl Fn() -> bool) -> Result<(), String> {
    let began = Instant::now();
    while !done() {
        if began.elapsed() > PATIENCE {
            return Err(format!("waited {PATIENCE:?} for {what}"));
        }
        std::thread::yield_now();
    }
    Ok(())
}

fn join(mut workers: Workers) -> Result<(), String> {
    workers.wait_all_for(PATIENCE).map_err(|error| error.to_string())?;
    workers.join().map_err(|error| error.to_string())
}

/// Nanoseconds for each, with nobody else about. Of processor time: what else the machine has to do meanwhile does not count.
pub(super) fn alone<W: Work>(rig: &Rig) -> Result<Sample, String> {
    let work = set_up::<W>()?;
    if rig.counts {
        let Steps { instructions, locked } = steps::of(&*work)?;
        work.tear_down();
        return Ok(Sample { figure: instructions, share: None, locked });
    }
    let (mut times, mut all, window) = (100, 0, rig.window.as_nanos() as u64);
    let figure = loop {
        let began = nanoseconds(ClockId::ProcessCPUTime);
        black_box(&*work).many(0, times);
        let took = nanoseconds(ClockId::ProcessCPUTime) - began;
        all += times;
        if took >= window {
            break took as f64 / times as f64;
        }
        times = more(times, took, window);
    };
    is_right(&*work, all)?;
    work.tear_down();
    Ok(figure.into())
}

/// How often something has to be done that is to take so long.
fn more(times: u64, took: u64, window: u64) -> u64 {
    let wanted = times as f64 * window as f64 / took.max(1) as f64 * 1.1;
    (wanted as u64).clamp(2 * times, 100 * times)
}

fn is_right<W: Work>(work: &W, done: u64) -> Result<(), String> {
    match work.total() {
        Some(total) if total != done => {
            Err(format!("{done} were done, and it came to {total}: updates were lost"))
        }
        _ => Ok(()),
    }
}

/// Millions in a second, that so many processes get through together.
pub(super) fn together<W: Work, const PROCESSES: usize>(rig: &Rig) -> Result<Sample, String> {
    const { assert!(PROCESSES <= MOST, "more processes than there is room for") };
    let (work, board) = (set_up::<W>()?, Shared::<Board>::new()?);
    let workers = rig.start(PROCESSES, |who| work_until_stopped(&*work, &board, who))?;
    wait_until("the processes to start", || board.ready.load(Acquire) as usize == PROCESSES)?;
    let began = Instant::now();
    board.go.store(true, Release);
    std::thread::sleep(rig.window);
    board.stop.store(true, Release);
    let took = began.elapsed();
    join(workers)?;
    let done: Vec<u64> = board.done[..PROCESSES].iter().map(|done| done.load(Relaxed)).collect();
    let all: u64 = done.iter().sum();
    is_right(&*work, all)?;
    work.tear_down();
    let least = done.iter().min().copied().unwrap_or(0);
    let share = least as f64 * PROCESSES as f64 / all.max(1) as f64;
    let figure = all as f64 / took.as_secs_f64() / 1e6;
    Ok(Sample { figure, share: Some(share), locked: None })
}

fn work_until_stopped<W: Work>(work: &W, board: &Board, who: usize) -> Result<(), String> {
    board.ready.fetch_add(1, Release);
    wait_until("the start", || board.go.load(Acquire))?;
    let mut done = 0;
    while !board.stop.load(Relaxed) {
        work.many(who, IN_A_ROW);
        done += IN_A_ROW;
    }
    board.done[who].store(done, Relaxed);
    Ok(())
}

/// Nanoseconds for each time that all processes have done it, where none gets further ahead than the work lets it.
fn in_step<W: Work, const PROCESSES: usize>(rig: &Rig) -> Result<f64, String> {
    let (mut times, window) = (20, rig.window.as_nanos() as u64);
    loop {
        let took = once_in_step::<W>(rig, PROCESSES, times)?;
        if took >= window {
            return Ok(took as f64 / times as f64);
        }
        times = more(times, took, window);
    }
}

fn once_in_step<W: Work>(rig: &Rig, processes: usize, times: u64) -> Result<u64, String> {
    let (work, board) = (set_up::<W>()?, Shared::<Board>::new()?);
    let workers = rig.start(processes, |who| {
        board.ready.fetch_add(1, Release);
        wait_until("the start", || board.go.load(Acquire))?;
        work.many(who, times);
        board.moment.fetch_max(now(), Relaxed);
        Ok(())
    })?;
    wait_until("the processes to start", || board.ready.load(Acquire) as usize == processes)?;
    let began = now();
    board.go.store(true, Release);
    join(workers)?;
    work.tear_down();
    Ok(board.moment.load(Relaxed) - began)
}

/// Microseconds for each time that so many have met.
pub(super) fn meeting<W: Work, const PROCESSES: usize>(rig: &Rig) -> Result<Sample, String> {
    Ok((in_step::<W, PROCESSES>(rig)? / 1e3).into())
}

/// Microseconds from one process to another, of which each waits for the other.
pub(super) fn one_way<W: Work>(rig: &Rig) -> Result<Sample, String> {
    Ok((in_step::<W, 2>(rig)? / 2e3).into())
}

/// Millions in a second from one process to another.
pub(super) fn transfers<W: Work>(rig: &Rig) -> Result<Sample, String> {
    Ok((1e3 / in_step::<W, 2>(rig)?).into())
}

/// Microseconds from a release until one that slept for it on the other processor is inside.
pub(super) fn hand_over<S: Section>(rig: &Rig) -> Result<Sample, String> {
    let (work, board) = (set_up::<Adds<S, 0>>()?, Shared::<Board>::new()?);
    let lock = work.section();
    median(|| {
        board.moment.store(0, Relaxed);
        let (mut waiter, mut released) = (None, 0);
        let asleep = lock.within(|_, _| {
            let started = waiter.insert(waiter_for(rig, lock, &board));
            let asleep = started
                .as_ref()
                .map_err(Clone::clone)
                .and_then(|worker| wait_asleep(worker, &board));
            released = now();
            asleep
        });
        asleep?;
        waiter.into_iter().try_for_each(|waiter| join(waiter?))?;
        Ok((board.moment.load(Acquire) - released) as f64 / 1e3)
    })
}

/// Microseconds from the SIGKILL that ends a holder until one that slept for it on the other processor is told.
pub(super) fn killed<S: Section>(rig: &Rig) -> Result<Sample, String> {
    let (work, board) = (set_up::<Adds<S, 0>>()?, Shared::<Board>::new()?);
    let lock = work.section();
    median(|| {
        board.told.store(false, Relaxed);
        board.go.store(false, Relaxed);
        let holder = rig.start(1, |_| {
            lock.within(|_, _| {
                board.go.store(true, Release);
                loop {
                    std::thread::park();
                }
            })
        })?;
        wait_until("the holder", || board.go.load(Acquire))?;
        let waiter = waiter_for(rig, lock, &board)?;
        wait_asleep(&waiter, &board)?;
        let killed = now();
        holder.kill_all().map_err(|error| error.to_string())?;
        join(waiter)?;
        if !board.told.load(Acquire) {
            return Err("nobody was told of the death".to_owned());
        }
        Ok((board.moment.load(Acquire) - killed) as f64 / 1e3)
    })
}

/// A process on the second processor that takes the lock, and says when it has it and what it was told.
fn waiter_for<S: Section>(rig: &Rig, lock: &S, board: &Board) -> Result<Workers, String> {
    rig.start(1, |_| {
        pin(rig.processors[1])?;
        board.ready.store(1, Release);
        lock.within(|told, _| {
            board.moment.store(now(), Release);
            board.told.store(told == Told::OwnerDied, Release);
        });
        Ok(())
    })
}

/// Waits until the kernel says that the waiter sleeps.
fn wait_asleep(waiter: &Workers, board: &Board) -> Result<(), String> {
    wait_until("the waiter", || board.ready.load(Acquire) == 1)?;
    let worker = waiter.iter().next().ok_or_else(|| "the waiter was not started".to_owned())?;
    let stat = format!("/proc/{}/stat", worker.id());
    wait_until("the waiter to fall asleep", || {
        let line = std::fs::read_to_string(&stat).unwrap_or_default();
        line.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('S'))
    })?;
    board.ready.store(0, Relaxed);
    Ok(())
}

fn median(mut measure: impl FnMut() -> Result<f64, String>) -> Result<Sample, String> {
    let mut all = (0..EVENTS).map(|_| measure()).collect::<Result<Vec<f64>, String>>()?;
    all.sort_by(f64::total_cmp);
    Ok(all[EVENTS / 2].into())
}

#[cfg(test)]
mod tests {
    use core::sync::atomic::AtomicU64;

    use super::*;
    use crate::bench::shared::Zeroes;

    /// What adds now and then only.
    struct Forgetful(AtomicU64);

    // SAFETY: an atomic.
    unsafe impl Zeroes for Forgetful {}

    impl Work for Forgetful {
        fn once(&self, _: usize) {
            self.0.store(6, Relaxed);
        }

        fn total(&self) -> Option<u64> {
            Some(self.0.load(Relaxed) + 1)
        }
    }

    #[test]
    fn whoever_loses_updates_gets_no_figure() {
        let rig = Rig::new(Duration::from_micros(1)).expect("a processor");
        let why = alone::<Forgetful>(&rig).expect_err("7 were done");
        assert!(why.contains("it came to 7: updates were lost"), "{why}");
    }

    #[test]
    fn the_next_try_is_long_enough_and_not_endless() {
        let table = [
            (100, 1_000, 10_000, 1_100),
            (100, 9_999, 10_000, 200),
            (100, 0, 10_000, 10_000),
            (100, 1, 1_000_000, 10_000),
        ];
        for (times, took, window, wanted) in table {
            assert_eq!(more(times, took, window), wanted, "{times} in {took} of {window}");
        }
    }
}
