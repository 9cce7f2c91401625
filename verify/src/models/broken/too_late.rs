//! Broken: what is looked at, or believed, when it is too late.
//!
//! - [`SemPost`] looks at the semaphore after its permit was given: whoever took that one may have destroyed it. glibc until 2.21
//!   (bug 12674), and musl.
//! - [`LastUser`], a mutex in a thing that is freed by its last user: who lets go touches the mutex once more, when another has had it
//!   already and freed it. Linux's mutexes (LWN 575460, 2013), and glibc's (bug 13690).
//! - [`Treiber`], a stack as a list (IBM RJ 5118, 1986): what one has seen on top is there again, but not what was below it.
//!
//! With the parameter, each is mended.

use lockproof::deadline::Deadline;
use lockproof::platform::Ordering::{AcqRel, Acquire, Relaxed, Release};

use super::small::{Small, Stage};
use crate::model::{CONTENTION, Log, Outcome, Sometimes, violated};
use crate::platform::World;

/// Touches memory that may be gone.
fn touch<W: World>(p: &W, gone: &W::Cell) {
    if p.cell_get(gone) == 1 {
        violated("it was used after it had been destroyed");
    }
}

/// The first process gives a permit, the second one takes it and destroys the semaphore.
#[derive(Clone, Copy, Debug)]
pub struct SemPost<const ONCE: bool>;

impl<const ONCE: bool> Small for SemPost<ONCE> {
    const WORDS: &'static [&'static str] = &["permits"];
    const DATA: &'static [&'static str] = &["destroyed"];

    fn act<W: World>(p: &W, on: &Stage<W>, index: usize, _: &Log) {
        let (permits, destroyed) = (&on.words[0], &on.data[0]);
        if index == 0 {
            p.fetch_add(permits, 1, Release);
            if !ONCE {
                touch(p, destroyed);
            }
            // That the kernel is called for memory that is gone harms nobody.
            p.futex_wake(permits, 1);
            return;
        }
        let scope = p.scope();
        loop {
            p.at(scope, ());
            if p.compare_exchange(permits, 1, 0, Acquire, Relaxed).is_ok() {
                break;
            }
            p.futex_wait(permits, 0, Deadline::Never);
        }
        p.cell_set(destroyed, 1);
    }
}

/// Each takes the mutex, says that it needs the thing no longer, and lets go; the last one frees it.
#[derive(Clone, Copy, Debug)]
pub struct LastUser<const ONCE: bool>;

impl<const ONCE: bool> Small for LastUser<ONCE> {
    const WORDS: &'static [&'static str] = &["lock"];
    const DATA: &'static [&'static str] = &["done", "destroyed"];
    const ALIKE: bool = true;

    fn act<W: World>(p: &W, on: &Stage<W>, _: usize, _: &Log) {
        let (lock, [done, destroyed]) = (&on.words[0], &on.data[..]) else { return };
        let scope = p.scope();
        loop {
            p.at(scope, ());
            if p.compare_exchange(lock, 0, 1, Acquire, Relaxed).is_ok() {
                break;
            }
            p.futex_wait(lock, 1, Deadline::Never);
        }
        let so_far = p.cell_get(done) + 1;
        p.cell_set(done, so_far);
        p.swap(lock, 0, Release);
        if !ONCE {
            touch(p, destroyed);
        }
        p.futex_wake(lock, 1);
        if so_far == on.processes as u64 {
            p.cell_set(destroyed, 1);
        }
    }
}

/// The first process pushes two things, pops two, and pushes the one back that it popped first; the second one pops one.
#[derive(Clone, Copy, Debug)]
pub struct Treiber<const COUNTS: bool>;

/// Where the number of changes begins, in the word that says what is on top.
const CHANGES: u32 = 4;

const KEPT: [&str; 3] = ["", "times the first thing is kept", "times the second thing is kept"];

impl<const COUNTS: bool> Treiber<COUNTS> {
    const fn changed(top: u32, to: u32) -> u32 {
        if COUNTS { (top & !(CHANGES - 1)) + CHANGES + to } else { to }
    }

    fn push<W: World>(p: &W, [top, below @ ..]: &[W::Word; 3], thing: u32) {
        let scope = p.scope();
        loop {
            p.at(scope, ());
            let seen = p.load(top, Relaxed);
            p.store(&below[thing as usize - 1], seen % CHANGES, Relaxed);
            let next = Self::changed(seen, thing);
            if p.compare_exchange(top, seen, next, Release, Relaxed).is_ok() {
                return;
            }
        }
    }

    fn pop<W: World>(p: &W, [top, below @ ..]: &[W::Word; 3]) -> Option<u32> {
        let scope = p.scope();
        loop {
            p.at(scope, ());
            let seen = p.load(top, Acquire);
            let thing = seen % CHANGES;
            let next = p.load(below.get((thing as usize).checked_sub(1)?)?, Relaxed);
            let next = Self::changed(seen, next);
            if p.compare_exchange(top, seen, next, AcqRel, Relaxed).is_ok() {
                return Some(thing);
            }
        }
    }
}

impl<const COUNTS: bool> Small for Treiber<COUNTS> {
    const WORDS: &'static [&'static str] = &["top", "below the first", "below the second"];

    fn act<W: World>(p: &W, on: &Stage<W>, index: usize, log: &Log) {
        let Some(stack) = on.words.first_chunk() else { return };
        if index > 0 {
            if let Some(thing) = Self::pop(p, stack) {
                log.count(KEPT[thing as usize]);
            }
            return;
        }
        Self::push(p, stack, 2);
        Self::push(p, stack, 1);
        let (first, second) = (Self::pop(p, stack), Self::pop(p, stack));
        if let Some(thing) = first {
            Self::push(p, stack, thing);
        }
        if let Some(thing) = second {
            log.count(KEPT[thing as usize]);
        }
    }

    fn end<W: World>(p: &W, on: &Stage<W>, log: &Log) -> Outcome {
        let mut times = KEPT.map(|kept| log.counted(kept));
        let mut thing = p.load(&on.words[0], Relaxed) % CHANGES;
        while thing > 0 && times[thing as usize] < 2 {
            times[thing as usize] += 1;
            thing = p.load(&on.words[thing as usize], Relaxed);
        }
        let wrong = times[1..].iter().any(|times| *times != 1);
        Outcome {
            result: format!("the things are there {} and {} times", times[1], times[2]),
            wrong: wrong.then(|| "a thing is in two hands, or in none".to_owned()),
        }
    }

    fn sometimes() -> Vec<Sometimes> {
        vec![CONTENTION]
    }
}
