//! The two runs: with all alive, and with holders that are killed.

use std::time::{Duration, Instant};

use lockproof::Workers;
use lockproof::workers::{Worker, WorkerError};

use super::board::Board;
use super::{Came, PATIENCE, Stress};
use crate::bench::shared::Shared;
use crate::stress::Watch;

/// How often it is looked what the processes do.
const GLANCE: Duration = Duration::from_millis(1);

/// All add for a while. Says how often, and what came of it.
pub(super) fn alive(stress: &Stress) -> (u64, Came) {
    let (board, mut workers) = begin(stress);
    let began = Instant::now();
    let went = watch(&board, &mut workers, || began.elapsed() >= stress.lasting);
    let came = went.and_then(|()| end(&board, workers)).err().unwrap_or_else(|| judge(&board));
    (board.done(), came)
}

/// The same, while one that holds the lock is killed, up to so many times. Says how often, and what came of it.
pub(super) fn dying(stress: &Stress, most: usize) -> (usize, Came) {
    let (board, mut workers) = begin(stress);
    let mut kills = 0;
    let went = (0..most).try_for_each(|_| {
        kills += 1;
        kill_a_holder(stress, &board, &mut workers)
    });
    let came = went.and_then(|()| end(&board, workers)).err().unwrap_or_else(|| judge(&board));
    (kills, came)
}

fn begin(stress: &Stress) -> (Shared<Board>, Workers) {
    let board = Shared::<Board>::new().unwrap_or_else(|words| panic!("{words}"));
    let made = stress.lock.init(board.lock());
    made.unwrap_or_else(|words| panic!("{}: {words}", stress.name));
    let workers = start(stress.processes, |me| board.work(&stress.lock, me));
    (board, workers)
}

fn start(count: usize, work: impl Fn(usize) -> Result<(), String>) -> Workers {
    // SAFETY: the work uses shared memory and the lock alone, which its functions are fit for, and which is meant for several.
    let workers = unsafe { Workers::fork(count, work) };
    workers.unwrap_or_else(|error| panic!("no processes: {error}"))
}

/// Waits until it is so.
fn watch(
    board: &Board,
    workers: &mut Workers,
    mut is_so: impl FnMut() -> bool,
) -> Result<(), Came> {
    let mut watch = Watch::new(PATIENCE);
    while !is_so() {
        if watch.is_stuck(board.done()) {
            return Err(Came::Stuck);
        }
        match workers.wait_any_for(GLANCE) {
            Err(WorkerError::StillRunning(_)) => {}
            Err(error) => return Err(Came::Failed(error.to_string())),
            Ok(ended) => {
                let how =
                    ended.and_then(Worker::end).map_or_else(String::new, |end| end.to_string());
                return Err(Came::Failed(format!("a process that used it: {how}")));
            }
        }
    }
    Ok(())
}

fn kill_a_holder(stress: &Stress, board: &Board, workers: &mut Workers) -> Result<(), Came> {
    board.keep_aside(true);
    watch(board, workers, || board.is_quiet(stress.processes))?;
    let holder = start(1, |_| board.hold(&stress.lock));
    watch(board, workers, || board.is_held())?;
    board.keep_aside(false);
    watch(board, workers, || board.all_come(stress.processes))?;
    // Killed, and reaped.
    drop(holder);
    let before = board.done();
    watch(board, workers, || board.done() > before)
}

/// Whoever does not come to an end is killed.
fn end(board: &Board, mut workers: Workers) -> Result<(), Came> {
    board.stop();
    match workers.wait_all_for(PATIENCE) {
        Ok(()) => {}
        Err(WorkerError::StillRunning(_)) => return Err(Came::Stuck),
        Err(error) => return Err(Came::Failed(error.to_string())),
    }
    workers.join().map_err(|error| Came::Failed(error.to_string()))
}

fn judge(board: &Board) -> Came {
    match board.lost() {
        0 => Came::Well,
        lost => Came::Lost(lost),
    }
}
