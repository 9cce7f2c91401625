//! Broken: algorithms without locks that lack a fence, or an ordering, that their proofs rest on.
//!
//! - [`Seqlock`]: the reader's second look at the number, and the writer's data, can come too early. Hans Boehm, *Can seqlocks get
//!   along with programming language memory models?* (MSPC 2012).
//! - [`Deque`], the work-stealing deque of Chase and Lev: the owner and a thief take the same thing. Lê and others, *Correct and
//!   efficient work-stealing for weak memory models* (PPoPP 2013).
//! - [`Hazard`], hazard pointers: the reader's claim is seen after its look. Maged Michael (IEEE TPDS 15(6), 2004).
//! - [`Ring`], a ring for one producer and one consumer, whose index is stored without a release: Linux's *Circular buffers* says
//!   why it has to be one.
//! - [`DoubleChecked`], a once whose quick look is no acquire: *The "double-checked locking is broken" declaration* (2000).
//! - [`Unique`], a reference count that is asked without an acquire if one is alone: Rust's `Arc::get_mut` until 1.29 (rust-lang/rust,
//!   issue 51780, 2018).
//!
//! With the parameter, each is mended.

use lockproof::platform::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};

use super::small::{Small, Stage};
use crate::model::{CONTENTION, Log, Outcome, Sometimes, violated};
use crate::platform::World;

const MET: &str = "times it came to the test";

/// What each of these waits for: that somebody does what could go wrong.
fn met(what: &'static str) -> Vec<Sometimes> {
    vec![Sometimes { what, happened: |_, log| log.counted(MET) > 0 }]
}

/// Two words that are written together, and a number that is odd meanwhile. The first process writes, the second one reads.
#[derive(Clone, Copy, Debug)]
pub struct Seqlock<const FENCES: bool>;

impl<const FENCES: bool> Small for Seqlock<FENCES> {
    const WORDS: &'static [&'static str] = &["number", "left", "right"];

    fn act<W: World>(p: &W, on: &Stage<W>, index: usize, log: &Log) {
        let [number, left, right] = &on.words[..] else { return };
        if index == 0 {
            p.store(number, 1, Relaxed);
            if FENCES {
                p.fence(Release);
            }
            p.store(left, 1, Relaxed);
            p.store(right, 1, Relaxed);
            return p.store(number, 2, Release);
        }
        let before = p.load(number, Acquire);
        let (left, right) = (p.load(left, Relaxed), p.load(right, Relaxed));
        if FENCES {
            p.fence(Acquire);
        }
        let after = p.load(number, Relaxed);
        if before % 2 == 1 || before != after {
            return;
        }
        log.count(MET);
        if left != right {
            violated("half of what was written was read");
        }
    }

    fn sometimes() -> Vec<Sometimes> {
        met("a read that nobody disturbs")
    }
}

/// The first process puts two things in and takes one, the others steal up to two.
#[derive(Clone, Copy, Debug)]
pub struct Deque<const FENCES: bool>;

const TAKEN: [&str; 2] = ["times the first thing was taken", "times the second thing was taken"];

impl<const FENCES: bool> Deque<FENCES> {
    fn fence<W: World>(p: &W) {
        if FENCES {
            p.fence(SeqCst);
        }
    }

    fn take<W: World>(p: &W, top: &W::Word, bottom: &W::Word, log: &Log) {
        p.store(bottom, 1, Relaxed);
        Self::fence(p);
        let first = p.load(top, Relaxed);
        if first < 1 {
            return log.count(TAKEN[1]);
        }
        if first == 1 && p.compare_exchange(top, 1, 2, AcqRel, Relaxed).is_ok() {
            log.count(TAKEN[1]);
        }
        p.store(bottom, 2, Relaxed);
    }

    fn steal<W: World>(p: &W, top: &W::Word, bottom: &W::Word, log: &Log) {
        let first = p.load(top, Acquire);
        Self::fence(p);
        if first < p.load(bottom, Acquire)
            && p.compare_exchange(top, first, first + 1, AcqRel, Relaxed).is_ok()
        {
            log.count(TAKEN[first as usize]);
        }
    }
}

impl<const FENCES: bool> Small for Deque<FENCES> {
    const WORDS: &'static [&'static str] = &["top", "bottom"];

    fn act<W: World>(p: &W, on: &Stage<W>, index: usize, log: &Log) {
        let [top, bottom] = &on.words[..] else { return };
        if index == 0 {
            p.store(bottom, 2, Release);
            return Self::take(p, top, bottom, log);
        }
        Self::steal(p, top, bottom, log);
        Self::steal(p, top, bottom, log);
    }

    fn end<W: World>(_: &W, _: &Stage<W>, log: &Log) -> Outcome {
        let taken = TAKEN.map(|which| log.counted(which));
        let twice = taken.iter().any(|times| *times > 1);
        Outcome {
            result: format!("taken {} and {} times", taken[0], taken[1]),
            wrong: twice.then(|| "one thing was taken twice".to_owned()),
        }
    }

    fn sometimes() -> Vec<Sometimes> {
        vec![Sometimes {
            what: "both things being taken",
            happened: |_, log| TAKEN.iter().all(|which| log.counted(which) > 0),
        }]
    }
}

/// The first process reads what it has claimed, the second one takes it away and frees it, if nobody has claimed it.
#[derive(Clone, Copy, Debug)]
pub struct Hazard<const FENCES: bool>;

impl<const FENCES: bool> Small for Hazard<FENCES> {
    const WORDS: &'static [&'static str] = &["claimed", "taken away"];
    const DATA: &'static [&'static str] = &["freed"];

    fn act<W: World>(p: &W, on: &Stage<W>, index: usize, log: &Log) {
        let [claimed, taken_away] = &on.words[..] else { return };
        let fence = || {
            if FENCES {
                p.fence(SeqCst);
            }
        };
        if index == 0 {
            p.store(claimed, 1, Relaxed);
            fence();
            if p.load(taken_away, Acquire) == 0 && p.cell_get(&on.data[0]) == 1 {
                violated("what was freed was read");
            }
            return p.store(claimed, 0, Release);
        }
        p.swap(taken_away, 1, AcqRel);
        fence();
        if p.load(claimed, Acquire) == 0 {
            log.count(MET);
            p.cell_set(&on.data[0], 1);
        }
    }

    fn sometimes() -> Vec<Sometimes> {
        met("a thing being freed")
    }
}

/// A ring with one place: the first process puts up to two things in, the second one takes up to two out.
#[derive(Clone, Copy, Debug)]
pub struct Ring<const RELEASES: bool>;

impl<const RELEASES: bool> Small for Ring<RELEASES> {
    const WORDS: &'static [&'static str] = &["put", "taken"];
    const DATA: &'static [&'static str] = &["place"];

    fn act<W: World>(p: &W, on: &Stage<W>, index: usize, log: &Log) {
        let [put, taken] = &on.words[..] else { return };
        for thing in 1..=2 {
            if index == 0 {
                if p.load(taken, Acquire) + 1 < thing {
                    return;
                }
                p.cell_set(&on.data[0], thing.into());
                p.store(put, thing, if RELEASES { Release } else { Relaxed });
            } else {
                if p.load(put, Acquire) < thing {
                    return;
                }
                if p.cell_get(&on.data[0]) != u64::from(thing) {
                    violated("something else was taken than was put");
                }
                log.count(MET);
                p.store(taken, thing, Release);
            }
        }
    }

    fn sometimes() -> Vec<Sometimes> {
        met("a thing being taken")
    }
}

/// Something that is made under a mutex by whoever comes first; the others look first whether they need the mutex.
#[derive(Clone, Copy, Debug)]
pub struct DoubleChecked<const ACQUIRES: bool>;

impl<const ACQUIRES: bool> Small for DoubleChecked<ACQUIRES> {
    const WORDS: &'static [&'static str] = &["is made"];
    const DATA: &'static [&'static str] = &["thing"];
    const LOCKS: &'static [&'static str] = &["lock"];
    const ALIKE: bool = true;

    fn act<W: World>(p: &W, on: &Stage<W>, _: usize, _: &Log) {
        let is_made = &on.words[0];
        if p.load(is_made, if ACQUIRES { Acquire } else { Relaxed }) == 0 {
            on.lock(p, 0);
            if p.load(is_made, Relaxed) == 0 {
                p.cell_set(&on.data[0], 1);
                p.swap(is_made, 1, Release);
            }
            on.unlock(p, 0);
        }
        if p.cell_get(&on.data[0]) != 1 {
            violated("it was used before it was made");
        }
    }

    fn sometimes() -> Vec<Sometimes> {
        vec![CONTENTION]
    }
}

/// The first process reads something and gives up its reference; the second one writes it if it finds itself alone.
#[derive(Clone, Copy, Debug)]
pub struct Unique<const ACQUIRES: bool>;

impl<const ACQUIRES: bool> Small for Unique<ACQUIRES> {
    const WORDS: &'static [&'static str] = &["given up"];
    const DATA: &'static [&'static str] = &["thing"];

    fn act<W: World>(p: &W, on: &Stage<W>, index: usize, log: &Log) {
        if index == 0 {
            if p.cell_get(&on.data[0]) == 1 {
                violated("it was changed under one who had a reference");
            }
            p.fetch_add(&on.words[0], 1, Release);
        } else if p.load(&on.words[0], if ACQUIRES { Acquire } else { Relaxed }) == 1 {
            log.count(MET);
            p.cell_set(&on.data[0], 1);
        }
    }

    fn sometimes() -> Vec<Sometimes> {
        met("a process finding itself alone")
    }
}
