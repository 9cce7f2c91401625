//! No worker outlives who started it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;

use lockproof::workers::WorkerError;
use lockproof::{Counter, Mutex, Region, Workers};

use crate::common::child::{fork, has_ended, kill_myself, supervised, until};
use crate::common::memory::Board;
use crate::{forked, has_no_children, sleep_for_ever};

fn sleeping_commands(count: usize) -> Workers {
    Workers::spawn(count, |_| {
        let mut sleep = Command::new("sleep");
        sleep.arg("3600");
        sleep
    })
    .unwrap()
}

#[test]
fn dropping_ends_all_and_leaves_no_zombies() {
    supervised(60, || {
        for workers in [forked(3, |_| sleep_for_ever()), sleeping_commands(3)] {
            let ids: Vec<_> = workers.iter().map(|worker| worker.id() as libc::pid_t).collect();
            assert!(ids.iter().all(|id| !has_ended(*id)));
            drop(workers);
            assert!(ids.iter().all(|id| has_ended(*id)));
        }
        drop(forked(3, |_| ()));
        assert!(has_no_children());
    });
}

#[test]
fn a_panic_of_who_started_them_ends_them() {
    supervised(60, || {
        let panic = catch_unwind(|| {
            let _workers = forked(2, |_| sleep_for_ever());
            panic!("a test's panic");
        });
        assert!(panic.is_err());
        assert!(has_no_children());
    });
}

#[test]
fn a_panic_of_a_function_that_makes_commands_ends_them() {
    supervised(60, || {
        let region = Region::<Counter>::memfd("never-passed").unwrap();
        let third_panics = |number| {
            assert!(number < 2, "a test's panic");
            let mut sleep = Command::new("sleep");
            sleep.arg("3600");
            sleep
        };
        let starts: [&dyn Fn(); 2] = [&|| drop(Workers::spawn(3, third_panics)), &|| {
            drop(Workers::spawn_sharing(&region, 3, third_panics))
        }];
        for start in starts {
            catch_unwind(AssertUnwindSafe(start)).expect_err("it panics");
            assert!(has_no_children());
        }
    });
}

/// Starts workers in another process, which then dies in that way, and waits until they have too.
fn die_with_starter(start: fn() -> Workers, die: fn(Workers)) {
    let ids = Board::new(2);
    let starter = fork(|| {
        let workers = start();
        workers.iter().for_each(|worker| ids.set(worker.number(), u64::from(worker.id())));
        die(workers);
    });
    starter.wait();
    for number in 0..2 {
        let id = ids.get(number) as libc::pid_t;
        assert_ne!(id, 0);
        until(|| has_ended(id));
    }
}

#[test]
fn whatever_who_started_them_dies_of() {
    supervised(60, || {
        let starts: [fn() -> Workers; 2] =
            [|| forked(2, |_| sleep_for_ever()), || sleeping_commands(2)];
        let dies: [fn(Workers); 3] = [
            |_| kill_myself(),
            |workers| {
                std::mem::forget(workers);
                crate::common::child::exit_now(0);
            },
            |workers| {
                std::mem::forget(workers);
                let error = std::os::unix::process::CommandExt::exec(&mut Command::new("true"));
                panic!("{error}");
            },
        ];
        for start in starts {
            dies.iter().for_each(|die| die_with_starter(start, *die));
        }
    });
}

/// What the documentation says: the kernel looks at threads.
#[test]
fn the_end_of_the_thread_that_started_them_ends_them() {
    supervised(60, || {
        let running = Board::new(1);
        let thread = std::thread::spawn(move || {
            let workers = forked(1, |_| {
                running.set(0, 1);
                sleep_for_ever()
            });
            running.until(0, 1);
            let id = workers[0].id() as libc::pid_t;
            std::mem::forget(workers);
            id
        });
        let id = thread.join().unwrap();
        until(|| has_ended(id));
    });
}

#[test]
fn a_forked_child_does_nothing_to_its_parents_workers() {
    supervised(60, || {
        let mut workers = Some(forked(1, |_| sleep_for_ever()));
        fork(|| {
            let mut inherited = workers.take().unwrap();
            let inert = |result| assert!(matches!(result, Err(WorkerError::Inherited)));
            inert(inherited.kill_all());
            inert(inherited[0].kill());
            inert(inherited.wait_all());
            inert(inherited.wait_any().map(drop));
            // SAFETY: refused.
            inert(unsafe { inherited.fork_another(|| ()) }.map(drop));
            inert(inherited.spawn_another(Command::new("true")).map(drop));
            drop(inherited);
        })
        .join();
        let mut workers = workers.take().unwrap();
        assert!(workers.wait_any_for(std::time::Duration::ZERO).is_err(), "still running");
    });
}

/// The death of a worker with a lock held is told to the next one, as any other.
#[test]
fn a_dead_worker_s_lock_is_taken_over() {
    supervised(60, || {
        let (mutex, deaths) =
            (Region::<Mutex<u64>>::anonymous().unwrap(), Region::<Counter>::anonymous().unwrap());
        let workers = forked(8, |number| {
            let mut guard = match mutex.lock() {
                Ok(guard) => guard,
                Err(lockproof::error::LockError::OwnerDied(died)) => {
                    deaths.increment().unwrap();
                    let mut guard = died.into_guard();
                    guard.make_consistent();
                    guard
                }
                Err(error) => panic!("{error}"),
            };
            if number % 2 == 0 {
                kill_myself();
            }
            *guard += 1;
        });
        let Err(WorkerError::Failed(failures)) = workers.join() else { panic!("four die") };
        assert_eq!(failures.len(), 4);
        let last = u64::from(mutex.lock().is_err());
        assert_eq!(deaths.get().unwrap() + last, 4);
    });
}
