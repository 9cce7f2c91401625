//! A holder that is stopped keeps what it holds for as long as it takes: it may go on in the middle of what it was doing.
//!
//! Whoever waits looks from time to time whether the holder is still there. Stopped is there.

mod common;

use common::child::{Child, fork, state_of, supervised, switches, until};
use common::memory::Board;
use common::outcome::{Attempt, Outcome};
use lockproof::{
    Array, BoundedSemaphore, FileLock, Lock, Mutex, Once, RawValue, ReentrantMutex, Region, RwLock,
    Value, shareable,
};

shareable! {
    struct All {
        mutex: Mutex<u64>,
        lock: Lock,
        reentrant: ReentrantMutex<RawValue<u8>>,
        value: Value<u64>,
        array: Array<u8, 3>,
        written: RwLock<u64>,
        read: RwLock<u64>,
        permit: BoundedSemaphore<1>,
        once: Once,
    }
}

const HOLDING: usize = 0;
const GO: usize = 1;
const GOT: usize = 2;
const TOLD: usize = 3;

/// Holds everything there is until it is told to let go.
fn hold_all(all: &All, file: &std::path::Path, board: &Board) {
    all.once
        .call_once(|| {
            let _mutex = all.mutex.lock().unwrap();
            all.lock.acquire(true, None).unwrap();
            let _reentrant = all.reentrant.lock().unwrap();
            let _value = all.value.lock().unwrap();
            let _array = all.array.lock().unwrap();
            let _written = all.written.write().unwrap();
            let _read = all.read.read().unwrap();
            let _permit = all.permit.acquire().unwrap();
            let _file = FileLock::new(file).lock().unwrap();
            board.set(HOLDING, 1);
            board.until(GO, 1);
            all.lock.release().unwrap();
        })
        .unwrap();
}

/// Takes one of all, and notes that it has it, and whether it was told of a death.
fn take<A: Attempt>(board: &Board, take: impl FnOnce() -> A) {
    let (outcome, guard) = take().taken();
    board.add(GOT, 1);
    if outcome == Outcome::OwnerDied {
        board.add(TOLD, 1);
    }
    drop(guard);
}

/// A process for each, that waits for it.
fn takers(all: &All, file: &std::path::Path, board: &Board) -> Vec<Child> {
    vec![
        fork(|| take(board, || all.mutex.lock())),
        fork(|| take(board, || all.reentrant.lock())),
        fork(|| take(board, || all.value.lock())),
        fork(|| take(board, || all.array.lock())),
        fork(|| take(board, || all.written.write())),
        fork(|| take(board, || all.read.write())),
        fork(|| {
            let told = matches!(all.lock.acquire(true, None), Err(error) if error.to_string().contains("died"));
            board.add(GOT, 1);
            board.add(TOLD, u64::from(told));
        }),
        fork(|| {
            let _permit = all.permit.acquire().unwrap();
            board.add(GOT, 1);
        }),
        fork(|| {
            let note = |poisoned: bool| board.add(TOLD, u64::from(poisoned));
            all.once
                .call_once_force(|state| assert!(note(state.is_poisoned()) < ARE_TOLD))
                .unwrap();
            board.add(GOT, 1);
        }),
        fork(|| {
            let _file = FileLock::new(file).lock().unwrap();
            board.add(GOT, 1);
        }),
    ]
}

/// How many of the takers are told of a death: not those of a reader, a permit and a file.
const ARE_TOLD: u64 = 7;

#[test]
fn nobody_takes_anything_from_a_holder_that_is_stopped() {
    let file = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("stopped-{}", std::process::id()));
    supervised(120, || {
        for dies in [false, true] {
            let (all, board) = (Region::<All>::anonymous().unwrap(), Board::new(4));
            let holder = fork(|| hold_all(&all, &file, &board));
            board.until(HOLDING, 1);
            holder.signal(libc::SIGSTOP);
            until(|| state_of(holder.pid) == Some('T'));
            let takers = takers(&all, &file, &board);
            // Whoever waits for a lock looks for its holder when it has slept for a while. The first has done so three times.
            takers.iter().for_each(|taker| until(|| state_of(taker.pid) == Some('S')));
            let before = switches(takers[0].pid);
            until(|| switches(takers[0].pid) >= before + 3);
            assert_eq!(board.get(GOT), 0, "somebody has what a stopped process holds");
            board.set(GO, 1);
            holder.signal(if dies { libc::SIGKILL } else { libc::SIGCONT });
            let count = takers.len() as u64;
            takers.into_iter().for_each(Child::join);
            assert_eq!(board.get(GOT), count);
            assert_eq!(board.get(TOLD), if dies { ARE_TOLD } else { 0 }, "dies: {dies}");
            holder.wait();
        }
    });
    let _ = std::fs::remove_file(&file);
}
