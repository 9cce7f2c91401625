//! How long what happens once takes: from a release until a sleeper is inside, and from a death until one is told.

use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use lockproof::Workers;

use super::measure::{Rig, Sample, join, now, pin, set_up, wait_until};
use super::shared::{Board, Shared};
use super::work::{Adds, Section, Told};

/// So many of them are looked at in a round.
const EVENTS: usize = 3;

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
    .inspect(|_| lock.tear_down())
}

/// Microseconds from the SIGKILL that ends a holder until one that slept for it on the other processor is told.
pub(super) fn killed<S: Section>(rig: &Rig) -> Result<Sample, String> {
    let (work, board) = (set_up::<Adds<S, 0>>()?, Shared::<Board>::new()?);
    let lock = work.section();
    median(|| {
        board.told.store(false, Relaxed);
        board.go.store(false, Relaxed);
        let holder = rig.start(1, |_| {
            lock.enter()?;
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
    .inspect(|_| lock.tear_down())
}

/// A process on the second processor that takes the lock, and says when it has it and what it was told.
fn waiter_for<S: Section>(rig: &Rig, lock: &S, board: &Board) -> Result<Workers, String> {
    rig.start(1, |_| {
        pin(rig.processors[1])?;
        lock.enter()?;
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
