//! Broken: condition variables by which all meet, twice, where one sleeps on as another has come to the second meeting already.
//!
//! - [`OneMark`]: all that wait set the same mark, and sleep as long as it is there: one misses that it was taken away and set again.
//!   musl's (97c5b5a87c3d).
//! - [`Semaphored`], out of a semaphore: who was not meant is quicker to take the permit. Andrew Birrell, *Implementing condition
//!   variables with semaphores* (2003).
//!
//! With the parameter, each that waits has a mark, or a semaphore, of its own.

use std::marker::PhantomData;

use lockproof::deadline::Deadline;
use lockproof::platform::Ordering::{Acquire, Relaxed, Release};

use super::small::{Small, Stage};
use crate::model::Log;
use crate::platform::World;

const EVERYBODY: u32 = u32::MAX;
const LOCK: usize = 0;

/// A condition variable.
pub trait Condvar: Send + Sync + 'static {
    /// Lets go of the mutex, waits, and takes it again.
    fn wait<W: World>(p: &W, on: &Stage<W>, index: usize);

    /// Wakes all that wait. The mutex is held.
    fn notify_all<W: World>(p: &W, on: &Stage<W>);
}

/// All meet twice: whoever comes last wakes the others.
#[derive(Debug)]
pub struct Meetings<C>(PhantomData<C>);

const COME: usize = 0;
const MEETINGS: usize = 1;
const WAITING: usize = 2;

impl<C: Condvar> Small for Meetings<C> {
    const WORDS: &'static [&'static str] = &["condvar 1", "condvar 2"];
    const DATA: &'static [&'static str] = &["come", "meetings", "waiting 1", "waiting 2"];
    const LOCKS: &'static [&'static str] = &["lock"];

    fn act<W: World>(p: &W, on: &Stage<W>, index: usize, _: &Log) {
        let (come, meetings) = (&on.data[COME], &on.data[MEETINGS]);
        let scope = p.scope();
        for meeting in 1..=2 {
            p.at(scope, (meeting, "comes"));
            on.lock(p, LOCK);
            let so_far = p.cell_get(come) + 1;
            if so_far == on.processes as u64 {
                p.cell_set(come, 0);
                p.cell_set(meetings, meeting);
                C::notify_all(p, on);
            } else {
                p.cell_set(come, so_far);
                while p.cell_get(meetings) < meeting {
                    C::wait(p, on, index);
                    p.at(scope, (meeting, "waits"));
                }
            }
            on.unlock(p, LOCK);
        }
    }
}

/// Whoever waits sets a mark, which is taken away to wake them.
#[derive(Clone, Copy, Debug)]
pub struct OneMark<const OWN: bool>;

impl<const OWN: bool> Condvar for OneMark<OWN> {
    fn wait<W: World>(p: &W, on: &Stage<W>, index: usize) {
        let mark = if OWN { index as u32 + 1 } else { 1 };
        p.swap(&on.words[0], mark, Relaxed);
        on.unlock(p, LOCK);
        p.futex_wait(&on.words[0], mark, Deadline::Never);
        on.lock(p, LOCK);
    }

    fn notify_all<W: World>(p: &W, on: &Stage<W>) {
        p.swap(&on.words[0], 0, Relaxed);
        p.futex_wake(&on.words[0], EVERYBODY);
    }
}

/// Whoever waits is counted, and takes a permit.
#[derive(Clone, Copy, Debug)]
pub struct Semaphored<const OWN: bool>;

impl<const OWN: bool> Condvar for Semaphored<OWN> {
    fn wait<W: World>(p: &W, on: &Stage<W>, index: usize) {
        let one = if OWN { index } else { 0 };
        let (waiting, permits) = (&on.data[WAITING + one], &on.words[one]);
        p.cell_set(waiting, p.cell_get(waiting) + 1);
        on.unlock(p, LOCK);
        let scope = p.scope();
        loop {
            p.at(scope, ());
            let seen = p.load(permits, Relaxed);
            if seen == 0 {
                p.futex_wait(permits, 0, Deadline::Never);
            } else if p.compare_exchange(permits, seen, seen - 1, Acquire, Relaxed).is_ok() {
                break;
            }
        }
        on.lock(p, LOCK);
    }

    fn notify_all<W: World>(p: &W, on: &Stage<W>) {
        for (one, permits) in on.words.iter().enumerate() {
            let waiting = &on.data[WAITING + one];
            let times = p.cell_get(waiting);
            if times > 0 {
                p.cell_set(waiting, 0);
                p.fetch_add(permits, times as u32, Release);
                p.futex_wake(permits, times as u32);
            }
        }
    }
}
