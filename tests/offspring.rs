//! What a holder starts: a copy of itself, somebody who borrows its memory, another program. None of them holds its locks, and the
//! end of none is its own.

mod common;

use core::ffi::{c_int, c_void};
use std::time::Duration;

use common::child::{
    Child, Ended, exit_now, fork, kill_myself, say, signal, state_of, supervised, until,
};
use common::memory::{Board, holder, join_unstuck, word_address};
use common::outcome::{Attempt, Outcome};
use lockproof::error::LockError;
use lockproof::{BoundedSemaphore, Mutex, Region, RwLock, shareable};

shareable! {
    struct All {
        mutex: Mutex<u64>,
        rwlock: RwLock<u64>,
        permit: BoundedSemaphore<1>,
    }
}

const HOLDING: usize = 0;
const GO: usize = 1;
const OFFSPRING: usize = 2;

/// What somebody does who borrows the memory.
type Work = fn() -> c_int;

extern "C" fn start(work: *mut c_void) -> c_int {
    // SAFETY: what `borrow_memory` was given, which waits until this has ended.
    let work = unsafe { *work.cast::<Work>() };
    work()
}

/// As `vfork` does: the child has this process's memory, not a copy, and this process stands still until the child has ended or become
/// another program. On a stack of its own, as a language that checks borrows wants it.
fn borrow_memory(mut work: Work) -> Child {
    let mut stack = vec![0_u64; 1 << 13];
    let top = stack.as_mut_ptr_range().end;
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
    // SAFETY: the stack is the child's alone and lives until the call returns, as the argument does; the child calls nothing but
    // the kernel.
    let pid = unsafe { libc::clone(start, top.cast(), flags, (&raw mut work).cast()) };
    assert!(pid > 0, "clone: {}", std::io::Error::last_os_error());
    Child { pid }
}

fn borrows_and_leaves() -> c_int {
    exit_now(3)
}

fn borrows_and_is_killed() -> c_int {
    // SAFETY: the kernel is asked, as the C library may remember the parent's.
    let me = unsafe { libc::syscall(libc::SYS_getpid) };
    signal(me as libc::pid_t, libc::SIGKILL);
    0
}

fn borrows_and_is_another_program() -> c_int {
    let (program, nothing) = (c"/bin/true".as_ptr(), core::ptr::null());
    // SAFETY: lists that end with null.
    unsafe { libc::execve(program, [program, nothing].as_ptr(), [nothing].as_ptr()) };
    1
}

#[test]
fn whoever_borrows_a_holders_memory_takes_nothing_with_it() {
    supervised(60, || {
        let ways: [(&str, Work, Ended); 3] = [
            ("leaves", borrows_and_leaves, Ended::Exited(3)),
            ("is killed", borrows_and_is_killed, Ended::Killed(libc::SIGKILL)),
            ("becomes another program", borrows_and_is_another_program, Ended::Exited(0)),
        ];
        for (what, work, expected) in ways {
            say(what);
            let (all, board) = (Region::<All>::anonymous().unwrap(), Board::new(3));
            let word = word_address(&all.mutex);
            let parent = fork(|| {
                let mut guard = all.mutex.lock().unwrap();
                let _read = all.rwlock.read().unwrap();
                let _permit = all.permit.acquire().unwrap();
                assert_eq!(borrow_memory(work).wait(), expected);
                assert_eq!(holder(word), std::process::id(), "still this one's");
                board.set(HOLDING, 1);
                board.until(GO, 1);
                *guard += 1;
                drop(guard);
                // It has lost nothing by it: its own death is told.
                let _again = all.mutex.lock();
                kill_myself();
            });
            board.until(HOLDING, 1);
            assert_eq!(all.mutex.try_lock().taken().0, Outcome::WouldBlock);
            assert!(all.rwlock.try_write().is_err() && all.permit.try_acquire().is_err());
            let waiter = fork(|| {
                // Before the death, or after it.
                let (_, guard) = all.mutex.lock().taken();
                assert_eq!(*guard.expect("taken"), 1);
            });
            waiter.until_asleep_on(word);
            board.set(GO, 1);
            assert_eq!(parent.wait(), Ended::Killed(libc::SIGKILL));
            waiter.wait();
            assert!(all.rwlock.try_write().is_ok() && all.permit.try_acquire().is_ok());
        }
    });
}

#[test]
fn a_copy_of_a_holder_dies_and_nothing_is_told() {
    supervised(60, || {
        let all = Region::<All>::anonymous().unwrap();
        let word = word_address(&all.mutex);
        let guard = all.mutex.lock().unwrap();
        let (_read, _permit) = (all.rwlock.read().unwrap(), all.permit.acquire().unwrap());
        let waiter = fork(|| assert_eq!(all.mutex.lock().taken().0, Outcome::Clean));
        waiter.until_asleep_on(word);
        for _ in 0..3 {
            fork(|| kill_myself()).wait();
            assert_eq!(holder(word), std::process::id(), "still this one's");
            fork(|| {
                assert!(all.rwlock.try_write().is_err() && all.permit.try_acquire().is_err());
            })
            .join();
        }
        drop(guard);
        join_unstuck(word, vec![waiter]);
    });
}

#[test]
fn a_holder_dies_and_its_copy_does_not_keep_the_lock() {
    supervised(60, || {
        let (all, board) = (Region::<All>::anonymous().unwrap(), Board::new(3));
        let word = word_address(&all.mutex);
        let parent = fork(|| {
            let _held = all.mutex.lock().unwrap();
            let (_read, _permit) = (all.rwlock.read().unwrap(), all.permit.acquire().unwrap());
            fork(|| {
                // SAFETY: this one is to outlive its parent.
                unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, 0) };
                board.set(OFFSPRING, std::process::id().into());
                board.until(GO, 1);
            });
            board.until(OFFSPRING, 1);
            kill_myself();
        });
        board.until(OFFSPRING, 1);
        assert_eq!(parent.wait(), Ended::Killed(libc::SIGKILL));
        let waiter = fork(|| {
            assert!(matches!(all.mutex.lock(), Err(LockError::OwnerDied(_))));
            assert!(all.rwlock.try_write_for(Duration::from_secs(60)).is_ok(), "no reader is left");
            assert!(all.permit.try_acquire_for(Duration::from_secs(60)).is_ok(), "it came back");
        });
        join_unstuck(word, vec![waiter]);
        let copy = board.get(OFFSPRING) as libc::pid_t;
        assert!(!matches!(state_of(copy), None | Some('Z' | 'X')), "it is still there");
        board.set(GO, 1);
        until(|| matches!(state_of(copy), None | Some('Z' | 'X')));
        assert_eq!(all.mutex.lock().taken().0, Outcome::NotRecoverable, "not repaired above");
    });
}
