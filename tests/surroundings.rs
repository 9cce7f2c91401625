//! What is around a lock may run out, be replaced, or interrupt: descriptors, memory, programs that are started, signals.

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use common::child::{Ended, exit_now, fork, kill_myself, say, signal, supervised, until};
use common::memory::{Board, join_unstuck, word_address};
use common::outcome::{Attempt, Outcome};
use lockproof::error::LockError;
use lockproof::{AtomicCounter, Event, Mutex, Region};
use rustix::process::{Resource, Rlimit, setrlimit};

const HOLDING: usize = 0;
const GO: usize = 1;

/// Runs out of something, in this process: from now on it gets no more than it has.
fn limit(what: Resource, most: u64) {
    setrlimit(what, Rlimit { current: Some(most), maximum: Some(most) }).expect("less than before");
}

#[test]
fn without_descriptors_nothing_is_created_and_what_is_there_works() {
    supervised(60, || {
        let there = Region::<Mutex<u64>>::anonymous().expect("memory");
        limit(Resource::Nofile, 0);
        for (what, made) in [
            ("anonymous", Region::<Mutex<u64>>::anonymous().map(drop)),
            ("named", Region::<Mutex<u64>>::named("lockproof-none-left").create().map(drop)),
            ("in memory", Region::<Mutex<u64>>::memfd("none left").map(drop)),
        ] {
            let error = made.expect_err(what);
            let said = error.to_string();
            // As glibc says it, or musl.
            let names_it =
                ["open files", "file descriptors"].iter().any(|words| said.contains(words));
            assert!(names_it && !said.contains("mount"), "{what}: {said}");
        }
        assert!(!Path::new("/dev/shm/lockproof-none-left").exists());
        a_death_is_told(&there);
    });
}

#[test]
fn without_room_for_it_nothing_is_mapped_and_what_is_there_works() {
    type Large = [[AtomicCounter; 1 << 10]; 1 << 12];
    supervised(60, || {
        let there = Region::<Mutex<u64>>::anonymous().expect("memory");
        let used = std::fs::read_to_string("/proc/self/statm").expect("of this process");
        let pages: u64 = used.split(' ').next().expect("a number").parse().expect("of pages");
        limit(Resource::As, pages * 4096 + (1 << 23));
        let name = format!("lockproof-no-room-{}", std::process::id());
        for (what, made) in [
            ("anonymous", Region::<Large>::anonymous().map(drop)),
            ("named", Region::<Large>::named(&*name).create().map(drop)),
        ] {
            let error = made.expect_err(what);
            assert!(error.to_string().contains("memory"), "{what}: {error}");
        }
        assert!(!Path::new("/dev/shm").join(&name).exists(), "nothing is left behind");
        a_death_is_told(&there);
    });
}

/// Everything that a lock promises is there: it is taken, its holder dies, and the next one is told.
fn a_death_is_told(lock: &Mutex<u64>) {
    fork(|| {
        let _held = lock.lock().expect("free");
        kill_myself();
    })
    .wait();
    let (how, guard) = lock.lock().taken();
    assert_eq!(how, Outcome::OwnerDied);
    guard.expect("with it").make_consistent();
    *lock.lock().expect("clean") += 1;
}

#[test]
fn a_program_that_a_holder_starts_neither_holds_nor_keeps_the_lock() {
    supervised(60, || {
        let (region, board) =
            (Region::<Mutex<u64>>::memfd("spawned").expect("memory"), Board::new(2));
        let holder = fork(|| {
            let guard = region.lock().expect("free");
            // The standard library starts it as `posix_spawn` does: with the parent's memory, until it is another program.
            let mut sleeper =
                Command::new("sleep").arg("1000").stdout(Stdio::null()).spawn().expect("sleep");
            assert!(Command::new("true").status().expect("true").success());
            drop(guard);
            let guard = region.lock().expect("what ends there is not this holder");
            board.set(HOLDING, 1 + u64::from(sleeper.id()));
            board.until(GO, 1);
            assert!(sleeper.try_wait().expect("a child").is_none(), "it is still there");
            core::mem::forget(guard);
            exit_now(0);
        });
        board.until(HOLDING, 1);
        assert!(matches!(region.try_lock().taken(), (Outcome::WouldBlock, None)));
        let waiter = fork(|| assert!(matches!(region.lock(), Err(LockError::OwnerDied(_)))));
        waiter.until_asleep_on(word_address(&*region));
        board.set(GO, 1);
        assert_eq!(holder.wait(), Ended::Exited(0));
        join_unstuck(word_address(&*region), vec![waiter]);
        let sleeper = (board.get(HOLDING) - 1) as libc::pid_t;
        // SAFETY: a process that this test has started.
        assert_eq!(unsafe { libc::kill(sleeper, libc::SIGKILL) }, 0, "the program has outlived it");
    });
}

/// What the handler uses.
static HANDLED: OnceLock<(Region<Event>, Region<AtomicCounter>)> = OnceLock::new();

extern "C" fn add_and_say(_: i32) {
    if let Some((event, counter)) = HANDLED.get() {
        counter.increment();
        event.set();
    }
}

#[test]
fn a_signal_handler_may_count_and_set_an_event_whatever_it_interrupts() {
    supervised(120, || {
        let event = Region::<Event>::anonymous().expect("memory");
        let counter = Region::<AtomicCounter>::anonymous().expect("memory");
        let (event, counter) = HANDLED.get_or_init(|| (event, counter));
        // SAFETY: all zeroes is a valid `sigaction`.
        let mut action: libc::sigaction = unsafe { core::mem::zeroed() };
        action.sa_sigaction = add_and_say as extern "C" fn(i32) as usize;
        action.sa_flags = libc::SA_RESTART;
        // SAFETY: what the handler does is what this test is about.
        let failed =
            unsafe { libc::sigaction(libc::SIGUSR1, &raw const action, core::ptr::null_mut()) };
        assert_eq!(failed, 0);

        let lock = Region::<Mutex<u64>>::anonymous().expect("memory");
        let parent = std::process::id() as i32;
        let signals = 2_000;
        let sender = fork(|| {
            for sent in 1..=signals {
                signal(parent, libc::SIGUSR1);
                // One signal is pending at most: the next is sent when this one was handled.
                until(|| counter.get() >= sent);
            }
        });
        let mut rounds = 0;
        while counter.get() < signals {
            *lock.lock().expect("free") += 1;
            rounds += 1;
            event.wait();
            // Before the next look at the counter: what came meanwhile has been counted.
            event.clear();
        }
        sender.join();
        assert_eq!(counter.get(), signals, "each was counted once");
        assert_eq!(*lock.lock().expect("free"), rounds, "nothing was lost in what was interrupted");
    });
}

/// A group of processes with little memory, made by this test; `None`, and why, where that is not allowed.
fn little_memory(most: u64) -> Result<PathBuf, String> {
    let (root, limit) =
        [("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")]
            .into_iter()
            .find(|(root, _)| Path::new(root).join("cgroup.procs").exists())
            .ok_or("there are no cgroups")?;
    let group = Path::new(root).join(format!("lockproof-{}", std::process::id()));
    std::fs::create_dir(&group).map_err(|error| format!("{}: {error}", group.display()))?;
    let limited = std::fs::write(group.join(limit), most.to_string());
    if let Err(error) = limited {
        let _ = std::fs::remove_dir(&group);
        return Err(format!("{}: {error}", group.join(limit).display()));
    }
    Ok(group)
}

/// Uses memory until there is none left.
fn use_all_memory() -> ! {
    let mut all = Vec::new();
    loop {
        all.push(vec![1_u8; 1 << 20]);
        core::hint::black_box(&all);
    }
}

#[test]
fn who_is_killed_for_want_of_memory_is_told_of() {
    let group = match little_memory(64 << 20) {
        Ok(group) => group,
        Err(why) => return println!("left out: {why}"),
    };
    supervised(120, || {
        let (region, board) = (Region::<Mutex<u64>>::anonymous().expect("memory"), Board::new(2));
        let holder = fork(|| {
            let _held = region.lock().expect("free");
            std::fs::write(group.join("cgroup.procs"), "0").expect("this process");
            board.set(HOLDING, 1);
            board.until(GO, 1);
            use_all_memory();
        });
        board.until(HOLDING, 1);
        let waiter = fork(|| assert!(matches!(region.lock(), Err(LockError::OwnerDied(_)))));
        waiter.until_asleep_on(word_address(&*region));
        board.set(GO, 1);
        assert_eq!(holder.wait(), Ended::Killed(libc::SIGKILL));
        join_unstuck(word_address(&*region), vec![waiter]);
        say("killed for want of memory, and told");
    });
    std::fs::remove_dir(&group).expect("nobody is in it any more");
}
