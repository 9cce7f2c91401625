//! Deaths between any two instructions of the shipped code: a debugger's single steps lead a process into an operation,
//! and SIGKILL ends it there.

mod common;

use common::child::{Child, Ended, exit_now, fork, say, signal, supervised};
use common::memory::{end_unstuck, holder, is_stuck, word_address};
use common::outcome::{Attempt, Outcome};
use common::pthread::{Kind, PthreadMutex};
use common::seed::{Seed, scaled};
use common::steps::{Stop, Traced, mark};
use lockproof::{Counter, Mutex, MutexGuard, Region};

const BEFORE: u64 = 0;
const HALF_WRITTEN: u64 = 1;
const WRITTEN: u64 = 2;

const OWNER_DIED: i32 = 1;
const CLEAN: i32 = 2;
const NOT_RECOVERABLE: i32 = 3;

type Locks<const N: usize> = Region<[Mutex<u64>; N]>;

fn locks<const N: usize>() -> Locks<N> {
    Region::anonymous().unwrap()
}

/// Runs rounds with a death after some, and then `stride`, 2 `stride`, ... instructions more, until one says that the
/// operation ended first.
fn at_each_instruction(what: &str, stride: usize, mut round: impl FnMut(usize) -> Led) {
    let first = Seed::announced().below(stride);
    let last = (first..).step_by(stride).find(|count| round(*count) == Led::ToTheEnd);
    say(&format!("{what}: {} instructions", last.unwrap_or(0)));
}

/// For some hundred instructions, in several variants.
fn short_stride() -> usize {
    (5 / scaled(1) as usize).max(1)
}

/// For thousands of instructions of which most are alike.
fn long_stride() -> usize {
    (61 / scaled(1) as usize).max(1)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Led {
    Within,
    ToTheEnd,
}

/// Leads a process that many instructions, but not into the system call that `stop` says, nor beyond its next mark.
fn lead(process: &Traced, instructions: usize, stop: fn(&Traced) -> bool) -> Led {
    for _ in 0..instructions {
        if stop(process) || process.step() != Stop::Instruction {
            return Led::ToTheEnd;
        }
    }
    Led::Within
}

fn nowhere(_: &Traced) -> bool {
    false
}

/// Takes the lock, and lets it go with the data put right: the end of a process that waited.
fn report(lock: &Mutex<u64>) {
    let (outcome, guard) = lock.lock().taken();
    if let Some(mut guard) = guard {
        repair(&mut guard, outcome);
    }
    exit_now(match outcome {
        Outcome::OwnerDied => OWNER_DIED,
        Outcome::Clean => CLEAN,
        Outcome::NotRecoverable => NOT_RECOVERABLE,
        other => panic!("{other:?}"),
    });
}

fn repair(guard: &mut MutexGuard<'_, u64>, outcome: Outcome) {
    assert!(**guard != HALF_WRITTEN || outcome == Outcome::OwnerDied, "half-changed, and not told");
    **guard = BEFORE;
    guard.make_consistent();
}

fn write(guard: &mut MutexGuard<'_, u64>) {
    **guard = HALF_WRITTEN;
    core::hint::black_box(&mut *guard);
    **guard = WRITTEN;
}

/// Processes asleep on the lock, in that order.
fn asleep(count: usize, lock: &Mutex<u64>) -> Vec<Child> {
    let sleeper = || {
        let sleeper = fork(|| report(lock));
        sleeper.until_asleep_on(word_address(lock));
        sleeper
    };
    (0..count).map(|_| sleeper()).collect()
}

fn count(ends: &[Ended], code: i32) -> usize {
    ends.iter().filter(|end| **end == Ended::Exited(code)).count()
}

#[test]
fn of_an_undisturbed_lock_and_unlock() {
    supervised(120, || {
        let locks = locks::<1>();
        let (mut told, mut clean) = (0, 0);
        at_each_instruction("lock, write, unlock", 1, |instructions| {
            let process = Traced::to_first_mark(|| {
                drop(locks[0].lock());
                mark();
                write(&mut locks[0].lock().unwrap());
                mark();
            });
            let led = lead(&process, instructions, nowhere);
            process.kill();
            let (outcome, guard) = locks[0].try_lock().taken();
            repair(&mut guard.expect("no dead process holds it"), outcome);
            told += u32::from(outcome == Outcome::OwnerDied);
            clean += u32::from(outcome == Outcome::Clean);
            led
        });
        assert!(told > 0 && clean > 0, "all deaths were alike");
    });
}

#[test]
fn of_a_counters_addition() {
    supervised(120, || {
        let counter = Region::<Counter>::anonymous().unwrap();
        at_each_instruction("Counter::increment", 1, |instructions| {
            let before = counter.get().unwrap();
            let process = Traced::to_first_mark(|| {
                counter.get().unwrap();
                mark();
                counter.increment().unwrap();
                mark();
            });
            let led = lead(&process, instructions, nowhere);
            process.kill();
            let added = counter.get().unwrap() - before;
            assert!(added <= 1 && (led == Led::Within || added == 1));
            led
        });
        assert!(counter.deaths().unwrap() > 0);
    });
}

#[test]
fn of_a_release_while_others_sleep() {
    for another_comes_in in [false, true] {
        supervised(120, || {
            at_each_instruction("unlock, two asleep", 1, |instructions| {
                release_and_die(instructions, another_comes_in)
            });
        });
    }
}

fn release_and_die(instructions: usize, another_comes_in: bool) -> Led {
    let locks = locks::<1>();
    let process = Traced::to_first_mark(|| {
        let guard = locks[0].lock();
        mark();
        drop(guard);
        mark();
    });
    let sleepers = asleep(2, &locks[0]);
    let led = lead(&process, instructions, nowhere);
    // Where the lock is free, somebody who has not slept may take it before the death.
    let other = another_comes_in.then(|| locks[0].try_lock().ok()).flatten();
    let was_free = other.is_some();
    process.kill();
    drop(other);
    let ends = end_unstuck(word_address(&locks[0]), sleepers);
    let (told, clean) = (count(&ends, OWNER_DIED), count(&ends, CLEAN));
    assert_eq!(told + clean, 2);
    assert!(told <= 1 && !(was_free && told == 1), "{told} reports; was free: {was_free}");
    led
}

#[test]
fn of_a_waiter_that_has_just_been_woken() {
    for another_comes_in in [false, true] {
        supervised(120, || {
            // Where it does not get the lock, it looks again many times before it sleeps.
            let stride = if another_comes_in { long_stride() } else { 1 };
            at_each_instruction("the woken waiter", stride, |instructions| {
                wake_and_die(instructions, another_comes_in)
            });
        });
    }
}

fn wake_and_die(instructions: usize, another_comes_in: bool) -> Led {
    let locks = locks::<2>();
    let guard = locks[0].lock().unwrap();
    let victim = victim_asleep(
        word_address(&locks[0]),
        || drop(locks[1].lock()),
        || {
            drop(locks[0].lock());
        },
    );
    let sleepers = asleep(1, &locks[0]);
    drop(guard);
    assert_eq!(victim.wait(), Stop::SystemCall, "woken first, as it slept first");
    let other = another_comes_in.then(|| locks[0].try_lock().unwrap());
    let led = lead(&victim, instructions, Traced::before_system_call);
    victim.kill();
    drop(other);
    let ends = end_unstuck(word_address(&locks[0]), sleepers);
    assert_eq!(count(&ends, OWNER_DIED) + count(&ends, CLEAN), 1);
    assert!(!another_comes_in || count(&ends, CLEAN) == 1, "the dead one never held it");
    led
}

/// A traced process that sleeps in `wait` on the word, and stops when it leaves that system call.
fn victim_asleep(word: usize, before: impl FnOnce(), wait: impl FnOnce()) -> Traced {
    let victim = Traced::to_first_mark(|| {
        before();
        mark();
        wait();
        mark();
    });
    loop {
        victim.run_to_system_call();
        assert_eq!(victim.wait(), Stop::SystemCall);
        if victim.is_in_futex_call() {
            break;
        }
    }
    victim.run_to_system_call();
    victim.child().until_asleep_on(word);
    victim
}

#[test]
fn of_a_waiter_that_has_not_slept_yet() {
    supervised(120, || {
        // A loop that looks again before it sleeps makes for many instructions that are alike.
        at_each_instruction("a waiter on its way", long_stride(), |instructions| {
            let locks = locks::<2>();
            let guard = locks[0].lock().unwrap();
            let sleepers = asleep(1, &locks[0]);
            let process = Traced::to_first_mark(|| {
                drop(locks[1].lock());
                mark();
                drop(locks[0].lock());
                mark();
            });
            let led = lead(&process, instructions, Traced::before_system_call);
            process.kill();
            drop(guard);
            assert_eq!(end_unstuck(word_address(&locks[0]), sleepers), [Ended::Exited(CLEAN)]);
            led
        });
    });
}

#[test]
fn of_a_repair() {
    supervised(120, || {
        let (mut told, mut clean) = (0, 0);
        at_each_instruction("repair, make_consistent, unlock, one asleep", 1, |instructions| {
            let locks = locks::<1>();
            leave_half_written(&locks[0]);
            let process = Traced::to_first_mark(|| {
                let mut guard = locks[0].lock().taken().1.unwrap();
                mark();
                *guard = WRITTEN;
                guard.make_consistent();
                drop(guard);
                mark();
            });
            let sleepers = asleep(1, &locks[0]);
            let led = lead(&process, instructions, nowhere);
            process.kill();
            let ends = end_unstuck(word_address(&locks[0]), sleepers);
            told += count(&ends, OWNER_DIED);
            clean += count(&ends, CLEAN);
            assert_eq!(count(&ends, OWNER_DIED) + count(&ends, CLEAN), 1);
            led
        });
        assert!(told > 0 && clean > 0, "all deaths were alike");
    });
}

fn leave_half_written(lock: &Mutex<u64>) {
    let holder = fork(|| {
        let mut guard = lock.lock().unwrap();
        *guard = HALF_WRITTEN;
        core::mem::forget(guard);
    });
    holder.join();
}

#[test]
fn of_giving_up() {
    supervised(120, || {
        at_each_instruction("unlock without a repair, two asleep", 1, |instructions| {
            let locks = locks::<1>();
            leave_half_written(&locks[0]);
            let process = Traced::to_first_mark(|| {
                let guard = locks[0].lock().taken().1;
                mark();
                drop(guard);
                mark();
            });
            let sleepers = asleep(2, &locks[0]);
            let led = lead(&process, instructions, nowhere);
            process.kill();
            let ends = end_unstuck(word_address(&locks[0]), sleepers);
            let lost = count(&ends, NOT_RECOVERABLE);
            let repaired = count(&ends, OWNER_DIED) == 1 && count(&ends, CLEAN) == 1;
            assert!(lost == 2 || repaired, "{ends:?}");
            led
        });
    });
}

#[test]
fn of_a_release_from_the_middle_of_the_list() {
    supervised(240, || {
        // Ours and the C library's, oldest first; one of ours is released.
        for (held, released) in
            [("ooo", 1), ("oooo", 0), ("opo", 0), ("opo", 2), ("popop", 1), ("ppo", 2), ("iooi", 2)]
        {
            let what = format!("{held}: release number {released}");
            at_each_instruction(&what, short_stride(), |instructions| {
                release_one_of(held, released, instructions)
            });
        }
    });
}

/// Holds what `held` says (`o`: ours, `p` and `i`: the C library's, robust, and robust with priority inheritance),
/// releases one, and dies.
fn release_one_of(held: &str, released: usize, instructions: usize) -> Led {
    let locks = locks::<8>();
    let kind = |at| if held.as_bytes()[at] == b'i' { Kind::RobustInheriting } else { Kind::Robust };
    let theirs = PthreadMutex::some(held.len(), kind);
    let process = Traced::to_first_mark(|| {
        let mut guards = Vec::new();
        for (at, kind) in held.bytes().enumerate() {
            guards.push((kind == b'o').then(|| locks[at].lock().unwrap()));
            assert!(kind == b'o' || theirs[at].lock() == 0);
        }
        mark();
        drop(guards[released].take());
        mark();
        core::mem::forget(guards);
    });
    let led = lead(&process, instructions, nowhere);
    process.kill();
    for (at, kind) in held.bytes().enumerate() {
        match kind {
            b'o' => {
                let (outcome, guard) = locks[at].try_lock().taken();
                let free = at == released && outcome == Outcome::Clean;
                assert!(free || outcome == Outcome::OwnerDied, "{held}, lock {at}: {outcome:?}");
                guard.unwrap().make_consistent();
            }
            _ => {
                assert_eq!(theirs[at].try_lock(), libc::EOWNERDEAD, "{held}, mutex {at}");
                theirs[at].make_consistent();
                theirs[at].unlock();
            }
        }
    }
    led
}

/// A mutex as the two known ways to hang see it.
trait Subject {
    fn lock(&self);
    fn unlock(&self);
    fn word(&self) -> usize;
}

impl Subject for lockproof::Lock {
    fn lock(&self) {
        assert_eq!(common::outcome::acquired(self.acquire(true, None)), Outcome::Clean);
    }

    fn unlock(&self) {
        self.release().unwrap();
    }

    fn word(&self) -> usize {
        word_address(self)
    }
}

impl Subject for PthreadMutex {
    fn lock(&self) {
        assert_eq!(PthreadMutex::lock(self), 0);
    }

    fn unlock(&self) {
        PthreadMutex::unlock(self);
    }

    fn word(&self) -> usize {
        self.word_address()
    }
}

#[test]
fn what_hangs_the_c_librarys_robust_mutex_does_not_hang_ours() {
    supervised(60, || {
        for (how, scenario) in [
            ("a woken waiter dies while another holds the lock", Hang::WokenWaiterDies),
            (
                "an owner dies before its wake while another holds the lock",
                Hang::OwnerDiesBeforeItsWake,
            ),
        ] {
            let ours = Region::<lockproof::Lock>::anonymous().unwrap();
            let theirs = &PthreadMutex::some(1, |_| Kind::Robust)[0];
            let does = |hangs| if hangs { "hangs" } else { "goes on" };
            say(&format!("{how}: the C library's robust mutex {}", does(hangs(theirs, scenario))));
            assert!(!hangs(&*ours, scenario), "{how}: ours hangs");
        }
    });
}

#[derive(Clone, Copy)]
enum Hang {
    WokenWaiterDies,
    OwnerDiesBeforeItsWake,
}

/// Plays the scenario, and says whether somebody sleeps for ever on a free lock after it.
fn hangs(lock: &impl Subject, scenario: Hang) -> bool {
    let waiter = || {
        let waiter = fork(|| {
            lock.lock();
            lock.unlock();
        });
        waiter.until_asleep_on(lock.word());
        waiter
    };
    let last = match scenario {
        Hang::WokenWaiterDies => {
            lock.lock();
            let victim = victim_asleep(lock.word(), || (), || lock.lock());
            let last = waiter();
            lock.unlock();
            assert_eq!(victim.wait(), Stop::SystemCall);
            lock.lock();
            victim.kill();
            lock.unlock();
            last
        }
        Hang::OwnerDiesBeforeItsWake => {
            let victim = Traced::to_first_mark(|| {
                lock.lock();
                mark();
                lock.unlock();
                mark();
            });
            let last = waiter();
            while holder(lock.word()) != 0 {
                assert_eq!(victim.step(), Stop::Instruction);
            }
            lock.lock();
            victim.kill();
            lock.unlock();
            last
        }
    };
    let stuck = loop {
        if common::child::has_ended(last.pid) {
            break false;
        }
        if is_stuck(lock.word(), &[last.pid]) {
            break true;
        }
    };
    signal(last.pid, libc::SIGKILL);
    last.wait();
    stuck
}
