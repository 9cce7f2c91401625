//! Whoever dies holding a lock, by whatever means: the next to take it is told, and nobody hangs.

mod common;

use std::ffi::CString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use common::child::{
    Child, Ended, exit_now, fork, has_ended, kill_myself, say, signal, state_of, supervised,
    thread_id, until,
};
use common::list::listed;
use common::memory::{Board, all_sleep_while, end_unstuck, is_stuck, join_unstuck, word_address};
use common::outcome::{Attempt, Outcome, acquired};
use common::seed::{Seed, scaled};
use common::signals::handle_signals;
use lockproof::error::LockError;
use lockproof::{Counter, Lock, Mutex, Region, Value};

const GO: usize = 0;
const HOLDING: usize = 1;
const REPORTS: usize = 2;
const CLEAN: usize = 3;

const HALF_WRITTEN: u64 = 7;
const REPAIRED: u64 = 8;

type Way = (&'static str, fn());

const WAYS: [Way; 9] = [
    ("SIGKILL", || kill_myself()),
    ("SIGTERM", || signal(std::process::id() as i32, libc::SIGTERM)),
    ("a wild access", || access_nothing()),
    ("abort", || std::process::abort()),
    ("abort, and its memory written to a file", || dump_core()),
    ("exit", || std::process::exit(0)),
    ("_exit", || exit_now(0)),
    ("the end of its only thread", || exit_thread()),
    ("exec", || exec_sleep()),
];

#[test]
fn the_next_holder_is_told_of_every_kind_of_death() {
    supervised(120, || {
        for (way, die) in WAYS {
            for waiters in [0, 1, 3] {
                say(&format!("death by {way}, {waiters} asleep"));
                one_death_is_reported_once(die, waiters);
            }
        }
    });
}

fn one_death_is_reported_once(die: fn(), waiters: usize) {
    let (region, board) = (Region::<Mutex<u64>>::anonymous().unwrap(), Board::new(4));
    let holder = fork(|| {
        let mut guard = region.lock().unwrap();
        *guard = HALF_WRITTEN;
        board.set(HOLDING, 1);
        board.until(GO, 1);
        die();
    });
    board.until(HOLDING, 1);
    let sleepers = sleeping(waiters, word_address(&*region), || repair_and_report(&region, &board));
    board.set(GO, 1);
    until_dead_or_another_program(&holder);
    if waiters == 0 {
        repair_and_report(&region, &board);
    }
    join_unstuck(word_address(&*region), sleepers);
    // A program that replaced the holder is still there.
    holder.signal(libc::SIGKILL);
    holder.wait();
    assert_eq!(board.get(REPORTS), 1, "one death, one report");
    assert_eq!(board.get(CLEAN), waiters.saturating_sub(1) as u64);
    assert_eq!(*region.try_lock().expect("free and consistent"), REPAIRED);
}

/// Takes the lock as one of those who come after the dead holder.
fn repair_and_report(lock: &Mutex<u64>, board: &Board) {
    match lock.lock().taken() {
        (Outcome::OwnerDied, Some(mut guard)) => {
            assert_eq!(*guard, HALF_WRITTEN, "what the dead one wrote is seen");
            *guard = REPAIRED;
            guard.make_consistent();
            board.add(REPORTS, 1);
        }
        (Outcome::Clean, Some(guard)) => {
            assert_eq!(*guard, REPAIRED, "what the one before wrote is seen");
            board.add(CLEAN, 1);
        }
        (other, _) => panic!("{other:?}"),
    }
}

/// That many processes, asleep on the lock.
fn sleeping(count: usize, word: usize, body: impl Fn()) -> Vec<Child> {
    let children: Vec<Child> = (0..count).map(|_| fork(&body)).collect();
    children.iter().for_each(|child| child.until_asleep_on(word));
    children
}

fn access_nothing() {
    // SAFETY: nothing is there, so the kernel ends the process before anything is read.
    unsafe { core::ptr::without_provenance::<u8>(1).read_volatile() };
}

/// The kernel writes the file, where it is allowed to, before it looks after the locks.
fn dump_core() {
    let scratch = CString::new(env!("CARGO_TARGET_TMPDIR")).unwrap();
    // SAFETY: a string that ends with zero.
    assert_eq!(unsafe { libc::chdir(scratch.as_ptr()) }, 0);
    let mut most = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: writes `most` alone.
    assert_eq!(unsafe { libc::getrlimit(libc::RLIMIT_CORE, &raw mut most) }, 0);
    most.rlim_cur = most.rlim_max;
    // SAFETY: reads `most` alone.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_CORE, &raw const most) }, 0);
    std::process::abort();
}

fn until_dead_or_another_program(holder: &Child) {
    let name = || std::fs::read_to_string(format!("/proc/{}/comm", holder.pid));
    until(|| state_of(holder.pid) == Some('Z') || name().is_ok_and(|name| name.trim() == "sleep"));
}

fn exec_sleep() {
    let arguments = [c"/bin/sleep".to_owned(), c"1000".to_owned()];
    exec(&arguments);
}

fn exec(arguments: &[CString]) -> ! {
    let mut pointers: Vec<_> = arguments.iter().map(|argument| argument.as_ptr()).collect();
    pointers.push(core::ptr::null());
    // SAFETY: strings that end with zero, and a list that ends with null.
    unsafe { libc::execv(pointers[0], pointers.as_ptr()) };
    panic!("exec: {}", std::io::Error::last_os_error());
}

/// Ends the thread only, not its process: no handler of `exit` runs.
fn exit_thread() {
    // SAFETY: ends the calling thread, which is always allowed.
    unsafe { libc::syscall(libc::SYS_exit, 0) };
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    ForEver,
    AMomentAgainAndAgain,
    ForEverDisturbedBySignals,
}

#[test]
fn an_exec_by_another_thread_is_noticed_by_those_who_wait() {
    for wait in [Wait::ForEver, Wait::AMomentAgainAndAgain, Wait::ForEverDisturbedBySignals] {
        supervised(60, || {
            say(&format!("{wait:?}"));
            let (region, board) = (Region::<Mutex<u64>>::anonymous().unwrap(), Board::new(3));
            let holder = fork(|| hold_in_a_thread_and_exec(&region, &board));
            board.until(HOLDING, 1);
            let waiters: Vec<Child> = (0..3)
                .map(|_| {
                    fork(|| {
                        handle_signals(0);
                        board.add(REPORTS, 1);
                        take_after_exec(&region, wait);
                    })
                })
                .collect();
            board.until(REPORTS, 3);
            board.set(GO, 1);
            let word = word_address(&*region);
            while waiters.iter().any(|waiter| !has_ended(waiter.pid)) {
                let living = waiters.iter().map(|waiter| waiter.pid).filter(|pid| !has_ended(*pid));
                let living: Vec<_> = living.collect();
                assert!(!all_sleep_while(word, &living, || common::memory::holder(word) == 0));
                if wait == Wait::ForEverDisturbedBySignals {
                    waiters.iter().for_each(|waiter| waiter.signal(libc::SIGUSR1));
                }
            }
            waiters.into_iter().for_each(Child::join);
            assert_ne!(state_of(holder.pid), None, "the process lives on as another program");
            assert_eq!(
                state_of(board.get(HOLDING) as i32),
                None,
                "the thread that held it does not"
            );
            assert_eq!(*region.try_lock().expect("free and consistent"), REPAIRED + 2);
            holder.kill();
        });
    }
}

fn hold_in_a_thread_and_exec(lock: &Mutex<u64>, board: &Board) {
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let _guard = lock.lock().unwrap();
            board.set(HOLDING, thread_id() as u64);
            board.until(GO, 1);
            exec_sleep();
        });
    });
}

fn take_after_exec(lock: &Mutex<u64>, wait: Wait) {
    let (outcome, guard) = loop {
        let (outcome, guard) = match wait {
            Wait::AMomentAgainAndAgain => lock.try_lock_for(Duration::from_millis(20)).taken(),
            _ => lock.lock().taken(),
        };
        if outcome != Outcome::WouldBlock {
            break (outcome, guard);
        }
    };
    let mut guard = guard.expect("taken");
    match outcome {
        Outcome::OwnerDied => *guard = REPAIRED,
        _ => *guard += 1,
    }
    guard.make_consistent();
}

/// Not where a guard may have lent something: that is `thread_end.rs`'s.
#[test]
fn the_end_of_a_thread_counts_where_nothing_was_lent() {
    supervised(20, || {
        for waiters in [0, 3] {
            let (lock, board) = (Region::<Lock>::anonymous().unwrap(), Board::new(4));
            let word = word_address(&*lock);
            let report = || match acquired(lock.acquire(true, None)) {
                Outcome::OwnerDied => {
                    lock.make_consistent().unwrap();
                    lock.release().unwrap();
                    board.add(REPORTS, 1);
                }
                outcome => {
                    assert_eq!(outcome, Outcome::Clean);
                    lock.release().unwrap();
                }
            };
            let mut sleepers = Vec::new();
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    assert_eq!(acquired(lock.acquire(true, None)), Outcome::Clean);
                    board.set(HOLDING, 1);
                    board.until(GO, 1);
                });
                board.until(HOLDING, 1);
                sleepers = sleeping(waiters, word, report);
                board.set(GO, 1);
            });
            if waiters == 0 {
                // The scope may end before the kernel is done with the thread: so wait.
                report();
            }
            // musl walks the list itself where only a thread ends, and forgets the sleepers: they look for the holder
            // after a while.
            match cfg!(target_env = "musl") {
                true => sleepers.into_iter().for_each(Child::join),
                false => join_unstuck(word, sleepers),
            }
            assert_eq!(board.get(REPORTS), 1, "one death, one report");
        }
    });
}

#[test]
fn a_panic_in_the_critical_section_counts() {
    supervised(20, || {
        let region = Region::<Mutex<u64>>::anonymous().unwrap();
        let word = word_address(&*region);
        for waiters in [0, 2] {
            let mut sleepers = Vec::new();
            let panicked = catch_unwind(AssertUnwindSafe(|| {
                let mut guard = region.lock().unwrap();
                *guard = HALF_WRITTEN;
                sleepers = sleeping(waiters, word, || exit_now(repaired(&region).into()));
                panic!("on purpose");
            }));
            assert!(panicked.is_err());
            assert_eq!(listed(), [], "nothing is held or announced any more");
            let ends = end_unstuck(word, sleepers);
            let told = ends.iter().filter(|end| **end == Ended::Exited(1)).count();
            let told = told + usize::from(repaired(&region));
            assert_eq!(told, 1, "{waiters} asleep: one panic, one report");
        }
    });
}

/// Takes the lock, repairs it, and returns whether there was something to repair.
fn repaired(lock: &Mutex<u64>) -> bool {
    let (outcome, guard) = lock.lock().taken();
    guard.expect("taken").make_consistent();
    outcome == Outcome::OwnerDied
}

#[test]
fn a_lock_taken_and_released_by_a_destructor_during_a_panic_stays_consistent() {
    struct Uses<'a>(&'a Mutex<u64>);
    impl Drop for Uses<'_> {
        fn drop(&mut self) {
            assert!(std::thread::panicking());
            *self.0.lock().unwrap() += 1;
        }
    }
    supervised(20, || {
        let region = Region::<Mutex<u64>>::anonymous().unwrap();
        let panicked = catch_unwind(|| {
            let _uses = Uses(&region);
            panic!("on purpose");
        });
        assert!(panicked.is_err());
        assert_eq!(*region.lock().expect("no panic began in the critical section"), 1);
    });
}

#[test]
fn without_make_consistent_the_lock_is_lost_for_everyone() {
    supervised(60, || {
        for waiters in [0, 1, 4] {
            let (region, board) = (Region::<Mutex<u64>>::anonymous().unwrap(), Board::new(2));
            fork(|| core::mem::forget(region.lock().unwrap())).join();
            let told = fork(|| {
                let (outcome, guard) = region.lock().taken();
                assert_eq!(outcome, Outcome::OwnerDied);
                board.set(HOLDING, 1);
                board.until(GO, 1);
                drop(guard);
            });
            board.until(HOLDING, 1);
            let sleepers = sleeping(waiters, word_address(&*region), || lost(&region));
            board.set(GO, 1);
            join_unstuck(word_address(&*region), sleepers);
            told.join();
            lost(&region);
            fork(|| lost(&region)).join();
        }
    });
}

fn lost(lock: &Mutex<u64>) {
    let soon = Duration::from_millis(1);
    assert_eq!(lock.lock().taken().0, Outcome::NotRecoverable);
    assert_eq!(lock.try_lock().taken().0, Outcome::NotRecoverable);
    assert_eq!(lock.try_lock_for(soon).taken().0, Outcome::NotRecoverable);
}

#[test]
fn a_lost_lock_is_nobodys() {
    supervised(20, || {
        let lock = Region::<Lock>::anonymous().unwrap();
        fork(|| assert_eq!(acquired(lock.acquire(true, None)), Outcome::Clean)).join();
        assert_eq!(acquired(lock.acquire(true, None)), Outcome::OwnerDied);
        lock.release().unwrap();
        assert_eq!(acquired(lock.acquire(true, None)), Outcome::NotRecoverable);
        assert!(lock.make_consistent().is_err(), "it is not held");
        assert!(lock.release().is_err(), "it is not held");
        assert_eq!(acquired(lock.acquire(false, None)), Outcome::NotRecoverable);
    });
}

#[test]
fn a_dead_sleeper_disturbs_nobody() {
    supervised(60, || {
        // One bit for each of four sleepers: killed or not.
        for killed in 0..16_usize {
            let region = Region::<Mutex<u64>>::anonymous().unwrap();
            let guard = region.lock().unwrap();
            let sleepers = sleeping(4, word_address(&*region), || *region.lock().unwrap() += 1);
            let mut living = Vec::new();
            for (at, sleeper) in sleepers.into_iter().enumerate() {
                if killed & (1 << at) == 0 { living.push(sleeper) } else { sleeper.kill() }
            }
            drop(guard);
            let expected = living.len() as u64;
            join_unstuck(word_address(&*region), living);
            assert_eq!(*region.lock().expect("no holder died"), expected);
        }
    });
}

#[test]
fn a_stopped_sleeper_that_is_killed_after_the_release_disturbs_nobody() {
    supervised(60, || {
        for stopped in 0..4_usize {
            let region = Region::<Mutex<u64>>::anonymous().unwrap();
            let guard = region.lock().unwrap();
            let mut others = sleeping(4, word_address(&*region), || *region.lock().unwrap() += 1);
            let victim = others.remove(stopped);
            victim.signal(libc::SIGSTOP);
            until(|| state_of(victim.pid) == Some('T'));
            drop(guard);
            victim.kill();
            join_unstuck(word_address(&*region), others);
            assert_eq!(*region.lock().expect("no holder died"), 3);
        }
    });
}

#[test]
fn a_thousand_killed_holders_give_a_thousand_reports() {
    supervised(300, || {
        let kills = scaled(1000);
        let (region, board) = (Region::<Mutex<u64>>::anonymous().unwrap(), Board::new(2));
        let word = word_address(&*region);
        let mut reports = 0;
        for kill in 1..=kills {
            let holder = fork(|| {
                let _guard = region.lock().unwrap();
                board.set(HOLDING, kill);
                board.until(GO, kills + 1);
            });
            board.until(HOLDING, kill);
            // Every second one dies while somebody sleeps.
            let sleeper = (kill % 2 == 0)
                .then(|| fork(|| exit_now(repaired(&region).into())))
                .inspect(|sleeper| sleeper.until_asleep_on(word));
            holder.kill();
            let told = match sleeper {
                Some(sleeper) => end_unstuck(word, vec![sleeper]) == [Ended::Exited(1)],
                None => repaired(&region),
            };
            reports += u64::from(told);
        }
        assert_eq!(reports, kills);
        assert!(!repaired(&region), "and not one more");
    });
}

#[test]
fn the_other_primitives_say_it_too() {
    supervised(60, || {
        let lock = Region::<Lock>::anonymous().unwrap();
        fork(|| assert_eq!(acquired(lock.acquire(true, None)), Outcome::Clean)).join();
        assert_eq!(acquired(lock.acquire(true, None)), Outcome::OwnerDied);
        lock.make_consistent().unwrap();
        lock.release().unwrap();
        assert_eq!(acquired(lock.acquire(false, None)), Outcome::Clean);

        let value = Region::<Value<u64>>::anonymous().unwrap();
        fork(|| {
            let (outer, inner) = (value.lock().unwrap(), value.lock().unwrap());
            inner.write(HALF_WRITTEN);
            core::mem::forget((outer, inner));
        })
        .join();
        let Err(LockError::OwnerDied(died)) = value.get() else {
            panic!("a get that says nothing")
        };
        let mut guard = died.into_guard();
        assert_eq!(guard.read(), HALF_WRITTEN);
        assert!(matches!(value.set(1), Err(LockError::OwnerDied(_))), "not repaired: told again");
        guard.make_consistent();
        value.set(REPAIRED).expect("repaired");
        drop(guard);
        fork(|| assert_eq!(value.get().unwrap(), REPAIRED)).join();

        let counter = Region::<Counter>::anonymous().unwrap();
        counter.add(3).unwrap();
        assert_eq!((counter.get().unwrap(), counter.deaths().unwrap()), (3, 0));
    });
}

/// What the workers of the storm protect: who is in the critical section, and how often anybody was.
type Storm = Mutex<[u64; 2]>;
const INSIDE: usize = 0;
const ROUNDS: usize = 1;

const STORM_TOLD: usize = 0;
const STORM_TORN: usize = 1;
const STORM_ROUNDS: usize = 2;

#[test]
fn a_storm_of_kills_tears_nothing_unnoticed_and_hangs_nobody() {
    supervised(300, || {
        let mut seed = Seed::announced();
        let (region, board) = (Region::<Storm>::anonymous().unwrap(), Board::new(3));
        let start = || fork(|| work_for_ever(&region, &board));
        let mut workers: Vec<Child> = (0..5).map(|_| start()).collect();
        let mut kills = 0;
        // Until enough have died, and one of them with the data half-changed.
        while kills < scaled(200) || board.get(STORM_TORN) == 0 {
            let rounds = board.get(STORM_ROUNDS) + seed.below(200) as u64;
            until_rounds(&region, &board, &workers, rounds);
            workers.swap_remove(seed.below(5)).kill();
            workers.push(start());
            kills += 1;
        }
        until_rounds(&region, &board, &workers, board.get(STORM_ROUNDS) + 100);
        workers.into_iter().for_each(Child::kill);
        let (told, torn) = (board.get(STORM_TOLD), board.get(STORM_TORN));
        say(&format!("{kills} kills, {told} reports, {torn} of them with half-changed data"));
        assert!(told <= kills + 5, "more reports than deaths");
    });
}

fn work_for_ever(lock: &Storm, board: &Board) {
    loop {
        let (outcome, guard) = lock.lock().taken();
        let mut data = guard.expect("taken");
        match outcome {
            Outcome::Clean => assert_eq!(data[INSIDE], 0, "half-changed data, and nobody was told"),
            _ => {
                board.add(STORM_TOLD, 1);
                board.add(STORM_TORN, u64::from(data[INSIDE] != 0));
                data[INSIDE] = 0;
                data.make_consistent();
            }
        }
        data[INSIDE] = std::process::id().into();
        data[ROUNDS] = board.add(STORM_ROUNDS, 1);
        // Long enough for deaths to come in between.
        for turn in 0..500 {
            core::hint::black_box(turn);
        }
        data[INSIDE] = 0;
    }
}

/// Waits for progress, and fails if there can be none: the lock free, and everybody asleep. (A waiter that looks for
/// vanished holders would end that after a second, so that waiting alone would not show it.)
fn until_rounds(lock: &Storm, board: &Board, workers: &[Child], rounds: u64) {
    let threads: Vec<_> = workers.iter().map(|worker| worker.pid).collect();
    until(|| {
        let there = board.get(STORM_ROUNDS) >= rounds;
        assert!(
            there || !is_stuck(word_address(lock), &threads),
            "the lock is free, and all sleep"
        );
        there
    });
}
