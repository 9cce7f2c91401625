//! A holder that is stopped keeps what it holds for as long as it takes: it may go on in the middle of what it was doing.
//!
//! Whoever waits looks from time to time whether the holder is still there. Stopped is there, be it by a signal, by a debugger, or with
//! all around it, as when a machine is suspended.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use common::child::{Child, fork, kill_myself, say, state_of, supervised, switches, until};
use common::memory::{Board, join_unstuck, word_address};
use common::outcome::{Attempt, Outcome};
use lockproof::diagnosis::Diagnose;
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
const BEGINS: usize = 4;

/// Holds everything there is until it is told to let go.
fn hold_all(all: &All, file: &Path, board: &Board) {
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
fn takers(all: &All, file: &Path, board: &Board) -> Vec<Child> {
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
    let file =
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("stopped-{}", std::process::id()));
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
    let _ = fs::remove_file(&file);
}

/// Takes the lock, and lets go of it when it is told to, or dies.
fn hold(lock: &Mutex<u64>, board: &Board, dies: bool) {
    let guard = lock.lock().expect("free");
    board.set(HOLDING, 1);
    board.until(GO, 1);
    if dies {
        kill_myself();
    }
    drop(guard);
}

/// Waits for the lock, and notes whether it was told of a death.
fn wait_for(lock: &Mutex<u64>, board: &Board) {
    take(board, || lock.lock());
}

/// Waits until a waiter has looked for the holder, and found it.
fn has_looked_in_vain(waiter: &Child, lock: &Mutex<u64>) {
    waiter.until_asleep_on(word_address(lock));
    let before = switches(waiter.pid);
    until(|| switches(waiter.pid) >= before + 2);
}

#[test]
fn nobody_takes_anything_from_a_holder_that_is_debugged() {
    let trace = |request, process: libc::pid_t| {
        let nothing = core::ptr::null_mut::<libc::c_void>();
        // SAFETY: neither reads nor writes memory of this process.
        assert_eq!(unsafe { libc::ptrace(request, process, nothing, nothing) }, 0);
    };
    supervised(60, || {
        for dies in [false, true] {
            let (lock, board) = (Region::<Mutex<u64>>::anonymous().unwrap(), Board::new(4));
            let holder = fork(|| hold(&lock, &board, dies));
            board.until(HOLDING, 1);
            trace(libc::PTRACE_ATTACH, holder.pid);
            until(|| state_of(holder.pid) == Some('t'));
            let waiter = fork(|| wait_for(&lock, &board));
            has_looked_in_vain(&waiter, &lock);
            assert_eq!(board.get(GOT), 0, "somebody has what a debugged process holds");
            let seen = lock.diagnosis();
            assert!(seen.holders[0].stopped && seen.holders[0].exists, "{seen:?}");
            // Only once it has been waited for may it be let go.
            // SAFETY: no status is asked for.
            assert_eq!(unsafe { libc::waitpid(holder.pid, core::ptr::null_mut(), 0) }, holder.pid);
            board.set(GO, 1);
            trace(libc::PTRACE_DETACH, holder.pid);
            join_unstuck(word_address(&*lock), vec![waiter]);
            assert_eq!([board.get(GOT), board.get(TOLD)], [1, u64::from(dies)]);
            holder.wait();
        }
    });
}

/// A group of processes that can be frozen together, made by this test. Gone when dropped.
struct Freezer(PathBuf);

impl Freezer {
    fn new() -> Result<Self, String> {
        let root = ["/sys/fs/cgroup/freezer", "/sys/fs/cgroup"].map(Path::new);
        let root = root.into_iter().find(|root| root.join("cgroup.procs").exists());
        let group = root.ok_or("there are no cgroups")?;
        let group = group.join(format!("lockproof-stopped-{}", std::process::id()));
        fs::create_dir(&group).map_err(|error| format!("{}: {error}", group.display()))?;
        let made = Self(group);
        if made.file("freezer.state").exists() || made.file("cgroup.freeze").exists() {
            Ok(made)
        } else {
            Err("these cgroups cannot be frozen".to_owned())
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn join(&self) {
        fs::write(self.file("cgroup.procs"), "0").expect("this process");
    }

    /// Returns once it is so.
    fn set(&self, frozen: bool) {
        let first = self.file("freezer.state");
        if first.exists() {
            let state = if frozen { "FROZEN" } else { "THAWED" };
            fs::write(&first, state).expect("it can be frozen");
            until(|| fs::read_to_string(&first).is_ok_and(|now| now.trim() == state));
        } else {
            let state = format!("frozen {}", u8::from(frozen));
            fs::write(self.file("cgroup.freeze"), &state[7..]).expect("it can be frozen");
            until(|| {
                fs::read_to_string(self.file("cgroup.events")).is_ok_and(|now| now.contains(&state))
            });
        }
    }
}

impl Drop for Freezer {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

/// As if the machine were suspended: holder, waiters and all stand still at whatever point they are, and then go on.
#[test]
fn what_is_frozen_altogether_goes_on_as_if_nothing_had_been() {
    let freezer = match Freezer::new() {
        Ok(freezer) => freezer,
        Err(why) => return println!("left out: {why}"),
    };
    supervised(60, || {
        let (lock, board) = (Region::<Mutex<u64>>::anonymous().unwrap(), Board::new(5));
        let holder = fork(|| {
            freezer.join();
            hold(&lock, &board, false);
        });
        board.until(HOLDING, 1);
        let waiter = fork(|| {
            freezer.join();
            wait_for(&lock, &board);
        });
        let soon = Duration::from_millis(50);
        let impatient = fork(|| {
            freezer.join();
            board.set(BEGINS, 1);
            assert!(lock.try_lock_for(soon).is_err(), "its time runs out while all stand still");
        });
        board.until(BEGINS, 1);
        waiter.until_asleep_on(word_address(&*lock));
        freezer.set(true);
        let outside = fork(|| wait_for(&lock, &board));
        has_looked_in_vain(&outside, &lock);
        assert_eq!(board.get(GOT), 0, "somebody has what a frozen process holds");
        freezer.set(false);
        impatient.join();
        board.set(GO, 1);
        join_unstuck(word_address(&*lock), vec![waiter, outside]);
        assert_eq!([board.get(GOT), board.get(TOLD)], [2, 0], "nobody has died");
        holder.join();

        // And work that is frozen again and again comes to what it should.
        let rounds = 20_000;
        let workers: Vec<Child> = (0..3)
            .map(|_| {
                fork(|| {
                    freezer.join();
                    (0..rounds).for_each(|_| *lock.lock().expect("nobody dies") += 1);
                })
            })
            .collect();
        for _ in 0..10 {
            freezer.set(true);
            assert!(!matches!(lock.try_lock(), Err(error) if error.to_string().contains("died")));
            freezer.set(false);
        }
        workers.into_iter().for_each(Child::join);
        assert_eq!(*lock.lock().expect("nobody died"), 3 * rounds);
        say("frozen and thawed");
    });
}
