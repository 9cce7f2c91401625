//! How work is measured: by one process alone, by several for a while, and by several in step. (`events` has hand-overs and deaths.)

use core::hint::black_box;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::time::{Duration, Instant};

use lockproof::Workers;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use rustix::time::{ClockId, clock_gettime};

use super::pace::{self, Pace};
use super::shared::{Board, MOST, Shared};
use super::steps::{self, Steps};
use super::work::Work;

/// So long something may take that others wait for.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// Where it is measured, and for how long.
pub(super) struct Rig {
    /// Two processors; the same twice on a machine that has no other.
    pub(super) processors: [usize; 2],
    pub(super) window: Duration,
    /// How many nanoseconds pass between two looks at the clock.
    pub(super) row: u64,
    /// Whether instructions are counted, where work is done alone, and not time.
    pub(super) counts: bool,
}

/// What one contender came to in one round.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sample {
    pub(super) figure: f64,
    /// What the process that did least has done, as a part of what each would have done if all had done as much.
    pub(super) share: Option<f64>,
    /// The longest time in which any process got nothing done, in microseconds.
    pub(super) wait: Option<f64>,
    /// How often in a second the lock went from one process to another, where one at a time has it.
    pub(super) changes: Option<f64>,
    /// Where instructions are counted: how many of them are locked.
    pub(super) locked: Option<f64>,
}

impl From<f64> for Sample {
    fn from(figure: f64) -> Self {
        Self { figure, ..Self::default() }
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
        Ok(Self { processors, window, row: pace::of_a_row(), counts: false })
    }

    /// Starts processes, in turn on the two processors.
    pub(super) fn start(
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

pub(super) fn pin(processor: usize) -> Result<(), String> {
    let mut only = CpuSet::new();
    only.set(processor);
    sched_setaffinity(None, &only).map_err(|error| format!("processor {processor}: {error}"))
}

pub(super) fn set_up<W: Work>() -> Result<Shared<W>, String> {
    let work = Shared::<W>::new()?;
    work.set_up()?;
    Ok(work)
}

fn nanoseconds(clock: ClockId) -> u64 {
    let now = clock_gettime(clock);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// What all processes read the same.
pub(super) fn now() -> u64 {
    nanoseconds(ClockId::Monotonic)
}

pub(super) fn wait_until(what: &str, done: impl Fn() -> bool) -> Result<(), String> {
    let began = Instant::now();
    while !done() {
        if began.elapsed() > PATIENCE {
            return Err(format!("waited {PATIENCE:?} for {what}"));
        }
        std::thread::yield_now();
    }
    Ok(())
}

pub(super) fn join(mut workers: Workers) -> Result<(), String> {
    workers.wait_all_for(PATIENCE).map_err(|error| error.to_string())?;
    workers.join().map_err(|error| error.to_string())
}

/// Nanoseconds for each, with nobody else about. Of processor time: what else the machine has to do meanwhile does not count.
pub(super) fn alone<W: Work>(rig: &Rig) -> Result<Sample, String> {
    let work = set_up::<W>()?;
    if rig.counts {
        let Steps { instructions, locked } = steps::of(&*work)?;
        work.tear_down();
        return Ok(Sample { figure: instructions, locked, ..Sample::default() });
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
    let workers = rig.start(PROCESSES, |who| work_until_stopped(rig, &*work, &board, who))?;
    let took = let_work(rig, &board, PROCESSES)?;
    join(workers)?;
    come_to(&*work, &board, PROCESSES, took)
}

/// The same with threads of this process.
#[cfg(feature = "peers")]
pub(super) fn together_in_process<W: Work, const THREADS: usize>(
    rig: &Rig,
) -> Result<Sample, String> {
    const { assert!(THREADS <= MOST, "more threads than there is room for") };
    let (work, board) = (set_up::<W>()?, Shared::<Board>::new()?);
    let (at, told) = (&*work, &*board);
    let took = std::thread::scope(|scope| {
        let one = |who: usize| {
            pin(rig.processors[who % 2])?;
            work_until_stopped(rig, at, told, who)
        };
        let workers: Vec<_> = (0..THREADS).map(|who| scope.spawn(move || one(who))).collect();
        let took = let_work(rig, told, THREADS);
        for worker in workers {
            worker.join().map_err(|_| "a thread panicked".to_owned())??;
        }
        took
    })?;
    come_to(at, told, THREADS, took)
}

/// Lets so many work for as long as is wanted, and says how many nanoseconds that was.
fn let_work(rig: &Rig, board: &Board, how_many: usize) -> Result<u64, String> {
    wait_until("the processes to start", || board.ready.load(Acquire) as usize == how_many)?;
    let began = begin(board);
    std::thread::sleep(rig.window);
    board.stop.store(true, Release);
    Ok(now() - began)
}

/// What so many have come to, when all are done.
fn come_to<W: Work>(work: &W, board: &Board, how_many: usize, took: u64) -> Result<Sample, String> {
    let done: Vec<u64> = board.done[..how_many].iter().map(|done| done.load(Relaxed)).collect();
    is_right(work, done.iter().sum())?;
    work.tear_down();
    let changes = W::TAKES_TURNS.then(|| board.changes.load(Relaxed));
    Ok(Sample::of_several(&done, took, board.longest.load(Relaxed), changes))
}

impl Sample {
    /// What processes have got done together in so many nanoseconds, of which one waited the longest.
    pub(super) fn of_several(done: &[u64], took: u64, longest: u64, changes: Option<u64>) -> Self {
        let (all, seconds) = (done.iter().sum::<u64>(), took as f64 / 1e9);
        let least = done.iter().min().copied().unwrap_or(0);
        Self {
            figure: all as f64 / seconds / 1e6,
            share: Some(least as f64 * done.len() as f64 / all.max(1) as f64),
            wait: Some(longest as f64 / 1e3),
            changes: changes.map(|changes| changes as f64 / seconds),
            locked: None,
        }
    }
}

/// Lets all that are ready begin, and says when.
fn begin(board: &Board) -> u64 {
    let began = now();
    board.began.store(began, Relaxed);
    board.go.store(true, Release);
    began
}

/// Waits until all begin, and says when that was.
fn begins(board: &Board) -> Result<u64, String> {
    board.ready.fetch_add(1, Release);
    wait_until("the start", || board.go.load(Acquire))?;
    Ok(board.began.load(Relaxed))
}

fn work_until_stopped<W: Work>(
    rig: &Rig,
    work: &W,
    board: &Board,
    who: usize,
) -> Result<(), String> {
    work.enter()?;
    let mut pace = Pace::from(begins(board)?, rig.row);
    let (mut done, mut changes) = (0, 0);
    while !board.stop.load(Relaxed) {
        changes += work.many(who, pace.row());
        done += pace.row();
        pace = pace.after_row(now());
    }
    // Who was not let run at all waited as well.
    let longest = pace.after_row(now()).longest();
    board.done[who].store(done, Relaxed);
    board.longest.fetch_max(longest, Relaxed);
    board.changes.fetch_add(changes, Relaxed);
    Ok(())
}

/// What all processes did so often, where none gets further ahead than the work lets it.
struct InStep {
    /// Nanoseconds for each time.
    each: f64,
    /// The longest that any waited, in nanoseconds, where it was looked at.
    longest: u64,
}

/// How a process does something so often, from a time on.
type Does<W> = fn(&Rig, &Board, &W, usize, u64, u64);

fn at_once<W: Work>(_: &Rig, _: &Board, work: &W, who: usize, _: u64, times: u64) {
    work.many(who, times);
}

fn in_rows<W: Work>(rig: &Rig, board: &Board, work: &W, who: usize, began: u64, times: u64) {
    let (mut pace, mut left) = (Pace::from(began, rig.row), times);
    while left > 0 {
        let row = pace.row().min(left);
        work.many(who, row);
        left -= row;
        pace = pace.after_row(now());
    }
    board.longest.fetch_max(pace.longest(), Relaxed);
}

fn in_step<W: Work, const PROCESSES: usize>(rig: &Rig, does: Does<W>) -> Result<InStep, String> {
    let (mut times, window) = (20, rig.window.as_nanos() as u64);
    loop {
        let (took, longest) = once_in_step::<W>(rig, does, PROCESSES, times)?;
        if took >= window {
            return Ok(InStep { each: took as f64 / times as f64, longest });
        }
        times = more(times, took, window);
    }
}

fn once_in_step<W: Work>(
    rig: &Rig,
    does: Does<W>,
    processes: usize,
    times: u64,
) -> Result<(u64, u64), String> {
    let (work, board) = (set_up::<W>()?, Shared::<Board>::new()?);
    let workers = rig.start(processes, |who| {
        let began = begins(&board)?;
        does(rig, &board, &work, who, began, times);
        board.moment.fetch_max(now(), Relaxed);
        Ok(())
    })?;
    wait_until("the processes to start", || board.ready.load(Acquire) as usize == processes)?;
    let began = begin(&board);
    join(workers)?;
    work.tear_down();
    Ok((board.moment.load(Relaxed) - began, board.longest.load(Relaxed)))
}

/// Microseconds for each time that so many have met.
pub(super) fn meeting<W: Work, const PROCESSES: usize>(rig: &Rig) -> Result<Sample, String> {
    Ok((in_step::<W, PROCESSES>(rig, at_once)?.each / 1e3).into())
}

/// Microseconds from one process to another, of which each waits for the other.
pub(super) fn one_way<W: Work>(rig: &Rig) -> Result<Sample, String> {
    Ok((in_step::<W, 2>(rig, at_once)?.each / 2e3).into())
}

/// Millions in a second from one process to another.
pub(super) fn transfers<W: Work>(rig: &Rig) -> Result<Sample, String> {
    let InStep { each, longest } = in_step::<W, 2>(rig, in_rows)?;
    let wait = Some(longest as f64 / 1e3);
    Ok(Sample { figure: 1e3 / each, wait, ..Sample::default() })
}

/// Executions in a second of processor time that a search of all of them, again and again, gets through in a process of its own.
#[cfg(any(feature = "loom", feature = "shuttle"))]
pub(super) fn searches(rig: &Rig, search: fn() -> Result<u64, String>) -> Result<Sample, String> {
    let board = Shared::<Board>::new()?;
    let worker = rig.start(1, |_| {
        let (mut executions, window) = (0, rig.window.as_nanos() as u64);
        let began = nanoseconds(ClockId::ProcessCPUTime);
        loop {
            executions += search()?;
            let took = nanoseconds(ClockId::ProcessCPUTime) - began;
            if took >= window {
                board.done[0].store(executions, Relaxed);
                board.moment.store(took, Relaxed);
                return Ok(());
            }
        }
    })?;
    join(worker)?;
    let seconds = board.moment.load(Relaxed) as f64 / 1e9;
    Ok((board.done[0].load(Relaxed) as f64 / seconds).into())
}

#[cfg(test)]
mod tests {
    use core::sync::atomic::AtomicU64;

    use super::*;
    use crate::bench::shared::Zeroes;
    use crate::bench::work::Turn;

    /// What adds now and then only.
    struct Forgetful(AtomicU64);

    // SAFETY: an atomic.
    unsafe impl Zeroes for Forgetful {}

    impl Work for Forgetful {
        fn once(&self, _: usize) -> Turn {
            self.0.store(6, Relaxed);
            Turn::Own
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
