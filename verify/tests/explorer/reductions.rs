//! No reduction changes what comes out: random programs with sleeps, wakes, locks and deaths, with and without each.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fastrand::Rng;
use lockproof::deadline::Deadline::Never;
use lockproof::platform::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};
use lockproof::platform::Update;
use lockproof_verify::claim::{Budget, Silent};
use lockproof_verify::explore::graph::{self, GraphSearch, Memory};
use lockproof_verify::models::litmus::On::{self, L, X, Y, Z};
use lockproof_verify::models::litmus::Step::{
    Add, Exchange, Fence, Get, Load, Requeue, RobustBegin, RobustEnd, RobustInsert, RobustRemove,
    Say, Set, StopUnless, Store, Swap, UpdateWakeAll, Wait, WaitAny, Wake,
};
use lockproof_verify::models::litmus::{Litmus, SOON, Step};
use lockproof_verify::platform::KernelRule;
use lockproof_verify::verdict::{Finding, Verdict};

use crate::scaled;
use crate::searches::{alone, assert_alike, but_for_one, is_whole};

/// How many programs. A failure says which: programs are drawn from their numbers.
const PROGRAMS: u64 = 600;
/// How many of those in which processes wait for several words at once, and move each other.
const ON_SEVERAL_WORDS: u64 = 800;
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

/// The same, on several words.
const SEVERAL: &[Drawn] = &[
    Drawn::Loads,
    Drawn::Swaps,
    Drawn::Waits,
    Drawn::WaitsForAny,
    Drawn::WaitsForAny,
    Drawn::Wakes,
    Drawn::Wakes,
    Drawn::Moves,
];
/// The same, where processes die holding one of them.
const AMONG_HOLDERS: &[Drawn] = &[
    Drawn::Swaps,
    Drawn::Exchanges,
    Drawn::WaitsForAny,
    Drawn::WaitsForAny,
    Drawn::Wakes,
    Drawn::Moves,
    Drawn::Robust,
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
    WaitsForAny,
    Moves,
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

    const fn words(&self) -> [On; 2] {
        if self.dying { [X, L] } else { [X, Y] }
    }

    /// Both words, in any order; now and then one of them twice, which the kernel allows.
    fn any_two(&mut self) -> [On; 2] {
        let [one, other] = self.words();
        one_of(self.rng, &[[one, other], [one, other], [other, one], [other, one], [one, one]])
    }

    fn step(&mut self, kind: Drawn) -> Vec<Step> {
        let words = self.words();
        let word = one_of(self.rng, &words);
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
            Drawn::WaitsForAny => {
                let words = self.any_two().map(|word| (word, self.value(word)));
                vec![WaitAny(words.to_vec().leak(), one_of(self.rng, &[SOON, Never])), Say]
            }
            Drawn::Moves => {
                let [one, other] = words;
                let to = if word == one { other } else { one };
                let moved = one_of(self.rng, &[1, 1, u32::MAX]);
                vec![Requeue(word, value, self.rng.u32(..2), to, moved), Say]
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
    if rng.bool() { anything(rng) } else { of_the_past(rng, steps_on_one) }
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
        // They insert what they have not got.
        lists: false,
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
fn of_the_past(rng: &mut Rng, waits_or_wakes: fn(&mut Rng, u32) -> Step) -> (Litmus, GraphSearch) {
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
            steps.extend([waits_or_wakes(rng, most), Say]);
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

/// A wait on the word that is counted up, or a wake.
fn steps_on_one(rng: &mut Rng, most: u32) -> Step {
    let wait = Wait(X, rng.u32(..=most), one_of(rng, &[SOON, Never]));
    one_of(rng, &[wait, wait, Wake(X, 1)])
}

/// The same, also where that is one word of several, or a move from or to it.
fn steps_on_several(rng: &mut Rng, most: u32) -> Step {
    let (seen, until) = ((X, rng.u32(..=most)), one_of(rng, &[SOON, Never]));
    let other = (one_of(rng, &[Y, Z]), rng.u32(..2));
    match rng.u8(..8) {
        0..2 => WaitAny(vec![seen, other].leak(), until),
        2..4 => WaitAny(vec![other, seen].leak(), until),
        4 => Requeue(X, seen.1, rng.u32(..2), other.0, 1),
        5 => Requeue(other.0, other.1, 0, X, 1),
        6 => Wake(one_of(rng, &[X, X, other.0]), 1),
        _ => steps_on_one(rng, most),
    }
}

/// Processes that wait for several words at once and move each other.
fn on_several_words(number: u64) -> (Litmus, GraphSearch) {
    let rng = &mut Rng::with_seed(number);
    if rng.bool() { anything_on_several(rng) } else { of_the_past(rng, steps_on_several) }
}

/// With the lock word taken first where some die.
fn anything_on_several(rng: &mut Rng) -> (Litmus, GraphSearch) {
    let (dying, processes) = (rng.bool(), rng.usize(2..=3));
    let mix = if dying { AMONG_HOLDERS } else { SEVERAL };
    let processes = (0..processes).map(|index| {
        let length = rng.usize(1..=if processes == 2 { 4 } else { 2 });
        let mut draws = Draws { rng, dying, me: index as u32 + 1 };
        let mut steps = Vec::new();
        if dying && draws.rng.u8(..3) == 0 {
            let held = one_of(draws.rng, &[draws.me, draws.me | WAITERS]);
            steps.extend([RobustBegin(L), Exchange(L, 0, held, Relaxed), RobustInsert(L)]);
        }
        for _ in 0..length {
            let kind = one_of(draws.rng, mix);
            steps.extend(draws.step(kind));
        }
        steps
    });
    let litmus = Litmus::of("on several words", processes.collect());
    let search = GraphSearch {
        all_outcomes: true,
        deaths: u8::from(dying),
        // They insert what they have not got.
        lists: false,
        memory: if rng.u8(..4) == 0 { Memory::Sc } else { Memory::C11 },
        early_returns: rng.u8(..3) == 0,
        kernel: if rng.bool() { KernelRule::Since62 } else { KernelRule::Before62 },
        ..GraphSearch::default()
    };
    (litmus, search)
}

fn explored(litmus: &Litmus, search: GraphSearch) -> Finding {
    let budget = Budget { until: Some(Instant::now() + PATIENCE), ..Budget::seeded(0) };
    graph::explore(&Arc::new(litmus.clone()), "drawn", search, &budget, &Silent)
}

#[test]
fn no_reduction_changes_what_comes_out() {
    each_way(scaled(PROGRAMS), drawn);
}

#[test]
fn nor_what_comes_of_waits_for_several_words_and_of_moves() {
    each_way(scaled(ON_SEVERAL_WORDS), on_several_words);
}

fn each_way(programs: u64, drawn: impl Fn(u64) -> (Litmus, GraphSearch)) {
    let (mut compared, mut wrong) = (0, 0);
    for number in 0..programs {
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
    println!("{compared} compared, {wrong} wrong");
    assert!(compared > programs / 2 && wrong > programs / 50, "{compared} compared, {wrong} wrong");
}
