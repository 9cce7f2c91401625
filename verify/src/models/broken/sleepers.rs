//! Broken: somebody sleeps on, or wakes too soon.
//!
//! - [`WakesFirst`] wakes a sleeper, and grants it then what it waits for: Linux's rwsem (e158488be27b, 2018), where the wake came
//!   before `waiter->task` was cleared.
//! - [`SwapsBack`], a once that takes its word by a swap and puts back what it found: whoever comes in between sleeps for ever.
//!   musl's `pthread_once` (0d0c2f40344640a2).
//! - [`Pulse`], an event that is set and cleared at once: who has come, and does not sleep yet, misses it. Windows's documentation
//!   says of `PulseEvent` that it should not be used.
//! - [`If`], a waiter that looks once: *Experience with processes and monitors in Mesa* (Lampson, Redell, CACM 23(2), 1980) says
//!   why it has to be a loop.
//! - [`TwoOrders`], two mutexes that are taken in either order: *System deadlocks* (Coffman, Elphick, Shoshani, 1971).
//!
//! With the parameter, each is mended.

use lockproof::deadline::Deadline;
use lockproof::platform::Ordering::{Acquire, Relaxed, Release};

use super::small::{Small, Stage};
use crate::model::{CONTENTION, Log, Sometimes, violated};
use crate::platform::World;

const EVERYBODY: u32 = u32::MAX;

/// Waits until the word no longer holds that.
fn wait_while<W: World>(p: &W, word: &W::Word, value: u32) {
    let scope = p.scope();
    loop {
        p.at(scope, ());
        if p.load(word, Acquire) != value {
            return;
        }
        p.futex_wait(word, value, Deadline::Never);
    }
}

/// The first process grants something to the others, one after the other.
#[derive(Clone, Copy, Debug)]
pub struct WakesFirst<const GRANTS_FIRST: bool>;

impl<const GRANTS_FIRST: bool> Small for WakesFirst<GRANTS_FIRST> {
    const WORDS: &'static [&'static str] = &["granted"];

    fn act<W: World>(p: &W, on: &Stage<W>, index: usize, _: &Log) {
        let granted = &on.words[0];
        if index > 0 {
            return wait_while(p, granted, 0);
        }
        if !GRANTS_FIRST {
            p.futex_wake(granted, EVERYBODY);
        }
        p.swap(granted, 1, Release);
        if GRANTS_FIRST {
            p.futex_wake(granted, EVERYBODY);
        }
    }
}

/// All want something to be done once.
#[derive(Clone, Copy, Debug)]
pub struct SwapsBack<const COMPARES: bool>;

const DOING: u32 = 1;
const DONE: u32 = 2;

impl<const COMPARES: bool> SwapsBack<COMPARES> {
    fn take<W: World>(p: &W, state: &W::Word) -> u32 {
        if COMPARES {
            return p.compare_exchange(state, 0, DOING, Acquire, Acquire).unwrap_or_else(|now| now);
        }
        let found = p.swap(state, DOING, Acquire);
        if found == DONE {
            p.swap(state, DONE, Release);
        }
        found
    }
}

impl<const COMPARES: bool> Small for SwapsBack<COMPARES> {
    const WORDS: &'static [&'static str] = &["state"];
    const DATA: &'static [&'static str] = &["thing"];
    const ALIKE: bool = true;

    fn act<W: World>(p: &W, on: &Stage<W>, _: usize, _: &Log) {
        let state = &on.words[0];
        let scope = p.scope();
        loop {
            p.at(scope, ());
            match Self::take(p, state) {
                0 => {
                    p.cell_set(&on.data[0], 1);
                    p.swap(state, DONE, Release);
                    p.futex_wake(state, EVERYBODY);
                    return;
                }
                DONE => break,
                _ => {
                    p.futex_wait(state, DOING, Deadline::Never);
                }
            }
        }
        if p.cell_get(&on.data[0]) != 1 {
            violated("it was used before it was made");
        }
    }
}

/// The first process sets and clears an event, once all others have come.
#[derive(Clone, Copy, Debug)]
pub struct Pulse<const COUNTS: bool>;

impl<const COUNTS: bool> Small for Pulse<COUNTS> {
    const WORDS: &'static [&'static str] = &["come", "event"];

    fn act<W: World>(p: &W, on: &Stage<W>, index: usize, _: &Log) {
        let [come, event] = &on.words[..] else { return };
        if index > 0 {
            // Nobody sets it before this one has come.
            p.fetch_add(come, 1, Release);
            p.futex_wake(come, 1);
            return wait_while(p, event, 0);
        }
        for so_far in 0..on.processes as u32 - 1 {
            wait_while(p, come, so_far);
        }
        p.swap(event, 1, Release);
        p.futex_wake(event, EVERYBODY);
        if !COUNTS {
            p.swap(event, 0, Release);
        }
    }
}

/// The first process makes something for each of the others, which wait for it.
#[derive(Clone, Copy, Debug)]
pub struct If<const LOOPS: bool>;

const THINGS: usize = 0;

impl<const LOOPS: bool> Small for If<LOOPS> {
    const WORDS: &'static [&'static str] = &["notified"];
    const DATA: &'static [&'static str] = &["things"];
    const LOCKS: &'static [&'static str] = &["lock"];

    fn act<W: World>(p: &W, on: &Stage<W>, index: usize, _: &Log) {
        let (notified, things) = (&on.words[0], &on.data[THINGS]);
        let scope = p.scope();
        if index == 0 {
            for thing in 1..on.processes {
                p.at(scope, thing);
                on.lock(p, 0);
                p.cell_set(things, p.cell_get(things) + 1);
                p.fetch_add(notified, 1, Relaxed);
                on.unlock(p, 0);
                p.futex_wake(notified, 1);
            }
            return;
        }
        on.lock(p, 0);
        loop {
            p.at(scope, ());
            if p.cell_get(things) > 0 {
                break;
            }
            let seen = p.load(notified, Relaxed);
            on.unlock(p, 0);
            p.futex_wait(notified, seen, Deadline::Never);
            on.lock(p, 0);
            if !LOOPS {
                break;
            }
        }
        let Some(left) = p.cell_get(things).checked_sub(1) else {
            violated("something was taken where there was nothing");
        };
        p.cell_set(things, left);
        on.unlock(p, 0);
    }
}

/// Each takes two mutexes.
#[derive(Clone, Copy, Debug)]
pub struct TwoOrders<const ONE_ORDER: bool>;

impl<const ONE_ORDER: bool> Small for TwoOrders<ONE_ORDER> {
    const LOCKS: &'static [&'static str] = &["lock 1", "lock 2"];

    fn act<W: World>(p: &W, on: &Stage<W>, index: usize, _: &Log) {
        let first = if ONE_ORDER { 0 } else { index % 2 };
        on.lock(p, first);
        on.lock(p, 1 - first);
        on.unlock(p, 1 - first);
        on.unlock(p, first);
    }

    fn sometimes() -> Vec<Sometimes> {
        vec![CONTENTION]
    }
}
