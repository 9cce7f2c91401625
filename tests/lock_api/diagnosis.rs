//! Who holds these locks, and how many wait.

use std::thread;

use lockproof::diagnosis::{Diagnose, Part};
use lockproof::lock_api::{HolderDied, Mutex, RawReentrantMutex, RwLock};
use lockproof::{Region, shareable};

use crate::common::child::{Child, fork, state_of, supervised, thread_id, until};
use crate::common::memory::Board;

shareable! {
    struct Locks {
        mutex: Mutex<u64>,
        written: RwLock<u64, 2>,
        read: RwLock<u64, 2>,
        reentrant: RawReentrantMutex,
    }
}

/// Forks one that runs this and then stays until it is killed.
fn stays<G>(hold: impl FnOnce() -> G) -> Child {
    let board = Board::new(1);
    let child = fork(|| {
        let _held = hold();
        board.set(0, 1);
        loop {
            thread::park();
        }
    });
    board.until(0, 1);
    child
}

/// A lock, who holds it how, what another does to wait for it, and whether the holder's death is noted.
type Case<'a> = (&'a dyn Both, Part, Child, &'a dyn Fn(), bool);

trait Both: Diagnose + HolderDied {}
impl<L: Diagnose + HolderDied> Both for L {}

#[test]
fn a_lock_says_who_holds_it_how_many_wait_and_whether_a_holder_died() {
    supervised(60, || {
        let locks = Region::<Locks>::anonymous().unwrap();
        let reentrant = || {
            locks.reentrant.lock();
            // SAFETY: it was taken above.
            unsafe { locks.reentrant.unlock() };
        };
        let cases: [Case<'_>; 4] = [
            (
                &locks.mutex,
                Part::Lock,
                stays(|| locks.mutex.lock()),
                &|| drop(locks.mutex.lock()),
                true,
            ),
            (
                &locks.written,
                Part::Lock,
                stays(|| locks.written.write()),
                &|| drop(locks.written.read()),
                true,
            ),
            (
                &locks.read,
                Part::Read,
                stays(|| locks.read.read()),
                &|| drop(locks.read.write()),
                false,
            ),
            (&locks.reentrant, Part::Lock, stays(|| locks.reentrant.lock()), &reentrant, true),
        ];
        for (lock, part, holder, take, is_noted) in cases {
            let [first] = &lock.diagnosis().holders[..] else { panic!("{}", lock.diagnosis()) };
            assert_eq!((first.part, first.thread as i32), (part, holder.pid));
            assert_eq!(lock.diagnosis().waiting, Some(0));
            let waits = fork(take);
            until(|| state_of(waits.pid) == Some('S') && lock.diagnosis().waiting == Some(1));
            let theirs = |held: &lockproof::diagnosis::Holder| {
                held.thread as i32 == holder.pid && held.waited_for.is_some()
            };
            until(|| lock.diagnosis().holders.iter().any(theirs));
            holder.kill();
            waits.join();
            assert_eq!(lock.diagnosis().owner_died, is_noted, "{}", lock.diagnosis());
            assert!(lock.diagnosis().holders.is_empty());
            lock.clear_holder_died();
            assert_eq!(lock.diagnosis().to_string(), "nobody waits; nobody holds it");
        }
    });
}

#[test]
fn in_private_memory_it_says_so_too() {
    supervised(60, || {
        let (mutex, rwlock) = (Mutex::new(0), RwLock::<_, 2>::new(0));
        let held = (mutex.lock(), rwlock.read());
        let of_each = [(mutex.diagnosis(), Part::Lock), (rwlock.diagnosis(), Part::Read)];
        for (diagnosis, part) in of_each {
            let [holder] = &diagnosis.holders[..] else { panic!("{diagnosis}") };
            assert_eq!((holder.part, holder.thread as i32), (part, thread_id()));
            assert_eq!(holder.process, Some(std::process::id()));
        }
        thread::scope(|scope| {
            let waits = scope.spawn(|| *mutex.lock() = 1);
            until(|| mutex.diagnosis().waiting == Some(1));
            drop(held);
            waits.join().unwrap();
        });
    });
}
