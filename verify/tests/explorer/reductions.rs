//! No reduction changes what comes out: random programs with sleeps, wakes, locks and deaths, with and without each.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fastrand::Rng;
use lockproof::deadline::Deadline::Never;
use lockproof::platform::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};
use lockproof::platform::Update;
use lockproof_verify::claim::{Budget, Silent};
use lockproof_verify::explore::graph::{self, GraphSearch, Memory};
use lockproof_verify::models::litmus::On::{self, L, X, Y};
use lockproof_verify::models::litmus::Step::{
    Add, Exchange, Fence, Get, Load, RobustBegin, RobustEnd, RobustInsert, RobustRemove, Say, Set,
    StopUnless, Store, Swap, UpdateWakeAll, Wait, Wake,
};
use lockproof_verify::models::litmus::{Litmus, SOON, Step};
use lockproof_verify::platform::KernelRule;
use lockproof_verify::verdict::{Finding, Verdict};

use crate::searches::{alone, assert_alike, but_for_one, is_whole};

/// How many programs. A failure says which: programs are drawn from their numbers.
const PROGRAMS: u64 = 1_200;
/// A program that is larger than others without reductions is left out, not waited for.
const PATIENCE: Duration = Duration::from_secs(20);
/// What one process says that others wait for.
const ANSWER: u32 = 5;
/// The waiters' bit of a lock word.
const WAITERS: u32 = 1 << 31;

/// What programs are made of: the more often named, the more often drawn.
const MIXES: [&[Drawn]; 5] = [
    &[
        Drawn::Loads,
        Drawn::Loads,
        Drawn::Stores,
        Drawn::Swaps,
        Drawn::Adds,
        Drawn::Exchanges,
        Drawn::Fences,
    ],
    &[
        Drawn::Loads,
        Drawn::Loads,
        Drawn::Swaps,
        Drawn::Adds,
        Drawn::Exchanges,
        Drawn::Waits,
        Drawn::Wakes,
        Drawn::Updates,
    ],
    &[
        Drawn::Loads,
        Drawn::Loads,
        Drawn::Stores,
        Drawn::Swaps,
        Drawn::Exchanges,
        Drawn::Fences,
        Drawn::Waits,
        Drawn::Wakes,
    ],
    &[
        Drawn::Loads,
        Drawn::Swaps,
        Drawn::Exchanges,
        Drawn::Data,
        Drawn::Waits,
        Drawn::Wakes,
        Drawn::Fences,
    ],
    &[
        Drawn::Loads,
        Drawn::Swaps,
        Drawn::Exchanges,
        Drawn::Waits,
        Drawn::Wakes,
        Drawn::Updates,
        Drawn::Robust,
        Drawn::Robust,
    ],
];

#[derive(Clone, Copy)]
enum Drawn {
    Loads,
    Stores,
    Swaps,
    Adds,
    Exchanges,
    Fences,
    Data,
    Waits,
    Wakes,
    Updates,
    Robust,
}

fn one_of<T: Copy>(rng: &mut Rng, all: &[T]) -> T {
    all[rng.usize(..all.len())]
}

/// Draws the steps of one process.
struct Draws<'a> {
    rng: &'a mut Rng,
    /// Whether processes die: then there is a lock word.
    dying: bool,
    me: u32,
}

impl Draws<'_> {
    fn value(&mut self, word: On) -> u32 {
        let me = self.me;
        match word {
            L => one_of(self.rng, &[0, me, me | WAITERS, WAITERS, 1]),
            _ => self.rng.u32(..3),
        }
    }

    fn any_order(&mut self) -> Ordering {
        one_of(self.rng, &[Relaxed, Relaxed, Acquire, Release, AcqRel])
    }

    fn step(&mut self, kind: Drawn) -> Vec<Step> {
        let word = one_of(self.rng, if self.dying { &[X, L] } else { &[X, Y] });
        let (value, other, order) = (self.value(word), self.value(word), self.any_order());
        match kind {
            Drawn::Loads => {
                let stops = self.rng.u8(..4) == 0;
                let order = one_of(self.rng, &[Relaxed, Relaxed, Acquire]);
                vec![Load(word, order), if stops { StopUnless(value) } else { Say }]
            }
            Drawn::Stores => {
                vec![Store(word, value, one_of(self.rng, &[Relaxed, Relaxed, Release]))]
            }
            Drawn::Adds if word != L => vec![Add(word, 1, order), Say],
            Drawn::Swaps | Drawn::Adds => vec![Swap(word, value, order), Say],
            Drawn::Exchanges => vec![Exchange(word, value, other, order), Say],
            Drawn::Fences => {
                vec![Fence(one_of(self.rng, &[Acquire, Release, AcqRel, SeqCst, SeqCst]))]
            }
            Drawn::Data if self.rng.bool() => vec![Get, Say],
            Drawn::Data => vec![Set(self.rng.u64(1..3))],
            Drawn::Waits => vec![Wait(word, value, one_of(self.rng, &[SOON, Never])), Say],
            Drawn::Wakes => vec![Wake(word, one_of(self.rng, &[1, 1, u32::MAX])), Say],
            Drawn::Updates => {
                let updates = [Update::Set(0), Update::Clear(0), Update::Set(31)];
                vec![UpdateWakeAll(word, one_of(self.rng, &updates)), Say]
            }
            Drawn::Robust => {
                vec![one_of(
                    self.rng,
                    &[RobustBegin(L), RobustInsert(L), RobustRemove(L), RobustEnd],
                )]
            }
        }
    }
}

/// The program of that number, and what is explored of it.
fn drawn(number: u64) -> (Litmus, GraphSearch) {
    let rng = &mut Rng::with_seed(number);
    if rng.bool() { anything(rng) } else { of_the_past(rng) }
}

fn anything(rng: &mut Rng) -> (Litmus, GraphSearch) {
    let (dying, processes) = (rng.bool(), rng.usize(2..=3));
    let mix = one_of(rng, &MIXES);
    let processes = (0..processes).map(|index| {
        let length = rng.usize(1..=if processes == 2 { 4 } else { 3 });
        let mut draws = Draws { rng, dying, me: index as u32 + 1 };
        let kinds = (0..length).map(|_| one_of(draws.rng, mix)).collect::<Vec<_>>();
        kinds.into_iter().flat_map(|kind| draws.step(kind)).collect()
    });
    let litmus = Litmus::of("drawn", processes.collect());
    let litmus = litmus.finally(&[X, if dying { L } else { Y }]);
    let search = GraphSearch {
        all_outcomes: true,
        deaths: u8::from(dying),
        memory: if rng.u8(..4) == 0 { Memory::Sc } else { Memory::C11 },
        early_returns: rng.bool(),
        kernel: if rng.bool() { KernelRule::Since62 } else { KernelRule::Before62 },
        ..GraphSearch::default()
    };
    (litmus, search)
}

/// One process counts a word up; it or another says so elsewhere. Others wait for what may be old by then and wake each
/// other, some of them once they have heard of it; all may look again. (Of programs drawn without this shape, thousands
/// do not show what one of these does.)
fn of_the_past(rng: &mut Rng) -> (Litmus, GraphSearch) {
    let most = rng.u32(1..=2);
    let mut counts: Vec<_> = (1..=most).map(|count| Swap(X, count, Relaxed)).collect();
    let mut processes = Vec::new();
    let says = Swap(Y, 1, Relaxed);
    if rng.bool() {
        counts.push(says);
    } else {
        processes.push(vec![Load(X, Relaxed), StopUnless(most), says]);
    }
    if rng.bool() {
        counts.extend([Load(one_of(rng, &[X, Y]), Relaxed), StopUnless(ANSWER)]);
    }
    if rng.bool() {
        counts.extend([Wake(X, 1), Say]);
    }
    processes.push(counts);
    while processes.len() < 3 {
        let mut steps = Vec::new();
        if rng.bool() {
            steps.extend([Load(Y, Relaxed), StopUnless(1)]);
        }
        for _ in 0..rng.usize(1..=2) {
            let wait = Wait(X, rng.u32(..=most), one_of(rng, &[SOON, Never]));
            steps.extend([one_of(rng, &[wait, wait, Wake(X, 1)]), Say]);
        }
        if rng.bool() {
            steps.push(Swap(one_of(rng, &[X, Y]), ANSWER, Relaxed));
        }
        processes.push(steps);
    }
    for steps in &mut processes {
        if rng.bool() {
            steps.extend([Load(one_of(rng, &[X, Y]), Relaxed), Say]);
        }
    }
    let search = GraphSearch {
        all_outcomes: true,
        early_returns: rng.u8(..4) == 0,
        ..GraphSearch::default()
    };
    (Litmus::of("of the past", processes), search)
}

fn explored(litmus: &Litmus, search: GraphSearch) -> Finding {
    let budget = Budget { seed: 0, until: Some(Instant::now() + PATIENCE) };
    graph::explore(&Arc::new(litmus.clone()), "drawn", search, &budget, &Silent)
}

#[test]
fn no_reduction_changes_what_comes_out() {
    let (mut compared, mut wrong) = (0, 0);
    for number in 0..PROGRAMS {
        let (litmus, all) = drawn(number);
        let plain = explored(&litmus, all.plain());
        if !is_whole(&plain) {
            continue;
        }
        compared += 1;
        wrong += u64::from(plain.verdict == Verdict::Counterexample);
        // Who is who matters to these programs, and none has a mark: the first reduction and the last do nothing.
        let (each, but_for) = (alone(all), but_for_one(all));
        for search in [all].iter().chain(&each[1..5]).chain(&but_for[2..6]).copied() {
            let found = explored(&litmus, search);
            assert_alike(&found, &plain, &(number, &litmus, search));
        }
    }
    assert!(compared > PROGRAMS / 2 && wrong > PROGRAMS / 50, "{compared} compared, {wrong} wrong");
}
