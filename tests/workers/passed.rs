//! Regions that are handed to workers.

use std::process::Command;

use lockproof::shm::RegionError;
use lockproof::workers::{End, WorkerError};
use lockproof::{AtomicCounter, Counter, Region, Workers};

use crate::common::child::supervised;
use crate::forked;

/// Tells the other process what to do.
const TASK: &str = "LOCKPROOF_TEST_TASK";

const COUNTS: u64 = 1000;

fn this_program(task: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", "passed::the_workers_part", "--quiet"]).env(TASK, task);
    command.stdout(std::process::Stdio::null());
    command
}

#[test]
fn a_function_uses_the_region_as_it_is() {
    supervised(60, || {
        let region = Region::<Counter>::anonymous().unwrap();
        let count =
            |_| (0..COUNTS).all(|_| region.increment().is_ok()).then_some(()).ok_or("not counted");
        forked(4, count).join().unwrap();
        assert_eq!(region.get().unwrap(), 4 * COUNTS);
    });
}

#[test]
fn a_command_is_passed_the_region() {
    let name = format!("lockproof-test-passed-{}", std::process::id());
    let named = Region::<Counter>::named(&name).create().unwrap();
    Region::<Counter>::named(&name).unlink().unwrap();
    supervised(60, || {
        for region in [Region::<Counter>::memfd("passed").unwrap(), named] {
            let workers = Workers::spawn_sharing(&region, 4, |_| this_program("count")).unwrap();
            workers.join().unwrap();
            assert_eq!(region.get().unwrap(), 4 * COUNTS);
        }
    });
}

#[test]
fn a_region_of_another_type_is_refused_by_the_worker() {
    supervised(60, || {
        let region = Region::<AtomicCounter>::memfd("other").unwrap();
        let workers = Workers::spawn_sharing(&region, 1, |_| this_program("be refused")).unwrap();
        workers.join().unwrap();
    });
}

#[test]
fn what_is_in_no_file_cannot_be_passed() {
    supervised(60, || {
        let region = Region::<Counter>::anonymous().unwrap();
        let error = Workers::spawn_sharing(&region, 1, |_| this_program("count")).unwrap_err();
        assert!(matches!(&error, WorkerError::Region(RegionError::NoFile(_))), "{error}");
        assert!(error.to_string().contains("Region::memfd"));
    });
}

#[test]
fn where_nothing_was_passed_nothing_is_found() {
    supervised(60, || {
        let variables = [None, Some("nonsense"), Some("0:1:2"), Some("9999:1:2")];
        let mut workers = Workers::spawn(variables.len(), |number| {
            let mut command = this_program("find nothing");
            match variables[number] {
                None => command.env_remove("LOCKPROOF_REGION"),
                Some(value) => command.env("LOCKPROOF_REGION", value),
            };
            command
        })
        .unwrap();
        workers.wait_all().unwrap();
        assert!(workers.iter().all(|worker| worker.end() == Some(End::Exited(0))));
    });
}

#[test]
#[ignore = "what another process does, which the tests above start"]
fn the_workers_part() {
    let region = Region::<Counter>::passed;
    match std::env::var(TASK).expect("only to be started by the tests above").as_str() {
        "count" => {
            let first = region().unwrap();
            let second = region().unwrap();
            (0..COUNTS / 2).for_each(|_| drop((first.increment(), second.increment())));
            let variable = std::env::var("LOCKPROOF_REGION").unwrap();
            let number: i32 = variable.split(':').next().unwrap().parse().unwrap();
            // SAFETY: asks for flags.
            let flags = unsafe { libc::fcntl(number, libc::F_GETFD) };
            assert_eq!(flags, libc::FD_CLOEXEC, "to be passed no further");
        }
        "be refused" => assert!(matches!(region(), Err(RegionError::WrongType { .. }))),
        "find nothing" => assert!(matches!(region(), Err(RegionError::NotPassed))),
        other => panic!("{other}"),
    }
}
