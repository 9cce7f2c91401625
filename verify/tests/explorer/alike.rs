//! Who is who makes no difference: random programs whose processes do all the same, with their ids in a lock word.
//!
//! What a process says of the lock word it says without names: whether it is free, its own, or another's. Then what comes
//! out is the same whoever is who, and has to be the same whether the explorer tells its processes apart or not.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fastrand::Rng;
use lockproof::deadline::{Deadline, Monotonic};
use lockproof::platform::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};
use lockproof::platform::Waited;
use lockproof::raw::mutex_state::{OWNER, OWNER_DIED, WAITERS};
use lockproof_verify::claim::{Budget, Silent};
use lockproof_verify::explore::graph::{self, GraphSearch, Memory};
use lockproof_verify::model::{Log, Model, Outcome, Sometimes};
use lockproof_verify::platform::{Facts, KernelRule, World};
use lockproof_verify::verdict::{Finding, Verdict};

use crate::scaled;
use crate::searches::{assert_alike, is_whole};

/// How many programs. A failure says which: programs are drawn from their numbers.
const PROGRAMS: u64 = 300;
/// A program that is larger than others without reductions is left out, not waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// What each process does, one after the other.
#[derive(Clone, Copy, Debug)]
enum Does {
    /// Reads the lock word.
    Looks(Ordering),
    /// Puts its id into the word if that holds nothing at all.
    Takes(Ordering),
    /// Puts its id into the word as it was seen last, if nobody's was there.
    TakesWhatItSaw(Ordering),
    /// Puts its id into the word, whatever is there.
    Grabs(Ordering),
    /// Sets a flag in the word.
    Flags(u32),
    /// Sets the waiters' flag in the word, if that is what was seen last.
    Marks,
    /// Takes whatever id is there out of the word.
    Clears(Ordering),
    /// Sleeps while the word is what was seen last.
    Waits(Deadline),
    Wakes(u32),
    /// Sleeps while the word is what was seen last, and the other one this number; which is compared first?
    WaitsForBoth(First, u32, Deadline),
    /// Wakes sleepers of the other word.
    WakesThere(u32),
    /// If the word is what was seen last, wakes so many, and moves so many to the other one.
    MovesThere(u32, u32),
    /// If the other word is this number, moves so many from there.
    MovesHere(u32, u32),
    Begins,
    Inserts,
    Removes,
    Ends,
    /// Goes on only if it is there, among those in the word.
    StopsUnlessMine,
    StopsIfMine,
    /// Another word, which holds no ids.
    Counts(Ordering),
    Reads(Ordering),
    Fences(Ordering),
    Gets,
    Sets(u64),
}

#[derive(Clone, Copy, Debug)]
enum First {
    Lock,
    Other,
}

/// Processes that do all the same.
#[derive(Clone, Debug)]
struct Alike {
    processes: usize,
    does: Vec<Does>,
}

struct Stage<W: World> {
    lock: W::RobustWord,
    word: W::Word,
    data: W::Cell,
    /// Outside of the checked memory: what each process has said.
    said: Mutex<Vec<Vec<String>>>,
}

impl<W: World> fmt::Debug for Stage<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stage").finish_non_exhaustive()
    }
}

impl<W: World> Stage<W> {
    fn said(&self) -> MutexGuard<'_, Vec<Vec<String>>> {
        // A death unwinds through here; what is inside is never half-changed.
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A lock word without names.
fn nameless(word: u32, me: u32) -> String {
    let owner = match word & OWNER {
        0 => "free",
        owner if owner == me => "mine",
        _ => "another's",
    };
    format!("{owner}+{:x}", word & !OWNER)
}

impl Model for Alike {
    type Shared<W: World> = Stage<W>;

    fn processes(&self) -> usize {
        self.processes
    }

    fn share<W: World>(&self, p: &W) -> Stage<W> {
        Stage {
            lock: p.new_robust("lock"),
            word: p.new_word("word"),
            data: p.new_cell("data"),
            said: Mutex::new(vec![Vec::new(); self.processes]),
        }
    }

    fn process<W: World>(&self, p: &W, stage: &Stage<W>, index: usize, _: &Log) {
        let say = |what: String| stage.said()[index].push(what);
        let mut seen = 0;
        for does in &self.does {
            if !step(*does, p, stage, &mut seen, &say) {
                say("stopped".to_owned());
                return;
            }
        }
        say("ended".to_owned());
    }

    fn end<W: World>(&self, p: &W, stage: &Stage<W>, _: &Log, facts: Facts) -> Outcome {
        let mut said: Vec<_> = stage.said().iter().map(|said| said.join(" ")).collect();
        said.sort_unstable();
        let word = p.load(&stage.word, Relaxed);
        let lock = nameless(p.load(W::word(&stage.lock), Relaxed), p.me());
        let deaths = facts.deaths;
        let result = format!("{}; word {word}, lock {lock}, {deaths} died", said.join(" | "));
        Outcome { result, wrong: None }
    }

    fn noted<W: World>(&self, stage: &Stage<W>, index: usize) -> String {
        stage.said()[index].join(" ")
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        Vec::new()
    }
}

/// Returns false if the process stops there.
fn step<W: World>(
    does: Does,
    p: &W,
    stage: &Stage<W>,
    seen: &mut u32,
    say: &impl Fn(String),
) -> bool {
    let (lock, me) = (W::word(&stage.lock), p.me());
    let last = *seen;
    let mut saw = |value: u32| {
        *seen = value;
        say(nameless(value, me));
    };
    match does {
        Does::Looks(order) => saw(p.load(lock, order)),
        Does::Takes(order) => {
            saw(p.compare_exchange(lock, 0, me, order, Relaxed).unwrap_or_else(|now| now))
        }
        Does::TakesWhatItSaw(order) => {
            let free = last & !OWNER;
            let taken = p.compare_exchange(lock, free, free | me, order, Relaxed);
            saw(taken.unwrap_or_else(|now| now));
        }
        Does::Grabs(order) => saw(p.swap(lock, me, order)),
        Does::Flags(flag) => saw(p.fetch_or(lock, flag, Relaxed)),
        Does::Marks => {
            let marked = p.compare_exchange(lock, last, last | WAITERS, Relaxed, Relaxed);
            match marked {
                Ok(before) => *seen = before | WAITERS,
                Err(now) => saw(now),
            }
        }
        Does::Clears(order) => saw(p.fetch_and(lock, !OWNER, order)),
        Does::Waits(until) => say(in_words(p.futex_wait(lock, last, until))),
        Does::Wakes(count) => say(p.futex_wake(lock, count).to_string()),
        Does::WaitsForBoth(first, number, until) => {
            let mut both = [(lock, last), (&stage.word, number)];
            if let First::Other = first {
                both.reverse();
            }
            say(in_words(p.futex_wait_any(&both, until)));
        }
        Does::WakesThere(count) => say(p.futex_wake(&stage.word, count).to_string()),
        Does::MovesThere(wake, moved) => {
            say(format!("{:?}", p.futex_requeue(lock, last, wake, &stage.word, moved)));
        }
        Does::MovesHere(number, moved) => {
            say(format!("{:?}", p.futex_requeue(&stage.word, number, 0, lock, moved)));
        }
        Does::Begins => {
            let _ = p.robust_begin(&stage.lock);
        }
        Does::Inserts => p.robust_insert(&stage.lock),
        Does::Removes => say(p.robust_remove(&stage.lock).to_string()),
        Does::Ends => p.robust_end(),
        Does::StopsUnlessMine => return last & OWNER == me,
        Does::StopsIfMine => return last & OWNER != me,
        Does::Counts(order) => say(p.fetch_add(&stage.word, 1, order).to_string()),
        Does::Reads(order) => say(p.load(&stage.word, order).to_string()),
        Does::Fences(order) => p.fence(order),
        Does::Gets => say(p.cell_get(&stage.data).to_string()),
        Does::Sets(value) => p.cell_set(&stage.data, value),
    }
    true
}

fn in_words(waited: Waited) -> String {
    match waited {
        Waited::Woken => "woken".to_owned(),
        Waited::Changed => "changed".to_owned(),
        Waited::TimedOut => "late".to_owned(),
    }
}

fn one_of<T: Copy>(rng: &mut Rng, all: &[T]) -> T {
    all[rng.usize(..all.len())]
}

/// The program of that number, and what is explored of it.
fn drawn(number: u64) -> (Alike, GraphSearch) {
    let rng = &mut Rng::with_seed(number);
    let (dying, processes) = (rng.bool(), rng.usize(2..=3));
    let length = if processes == 2 { rng.usize(3..=6) } else { rng.usize(2..=4) };
    // Wait for both words at once, and move each other.
    let on_both = number % 3 == 2;
    let mut does: Vec<_> = (0..length)
        .map(|_| if on_both && rng.bool() { on_both_words(rng) } else { one_step(rng, dying) })
        .collect();
    if dying {
        does.insert(0, Does::Begins);
    }
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
    (Alike { processes, does }, search)
}

fn one_step(rng: &mut Rng, dying: bool) -> Does {
    let order = one_of(rng, &[Relaxed, Acquire, Release, AcqRel]);
    let reads = one_of(rng, &[Relaxed, Acquire]);
    let soon = Deadline::At(Monotonic::from_secs(1));
    let robust = one_of(rng, &[Does::Inserts, Does::Removes, Does::Ends, Does::Begins]);
    match rng.u8(..20) {
        0..2 => Does::Looks(reads),
        2..5 => Does::Takes(order),
        5..7 => Does::TakesWhatItSaw(order),
        7 => Does::Grabs(order),
        8 => Does::Flags(one_of(rng, &[WAITERS, OWNER_DIED])),
        9 => Does::Marks,
        10 => Does::Clears(order),
        11 => Does::Waits(one_of(rng, &[Deadline::Never, soon])),
        12 => Does::Wakes(one_of(rng, &[1, 1, u32::MAX])),
        13 => one_of(rng, &[Does::StopsUnlessMine, Does::StopsIfMine]),
        14 => Does::Counts(order),
        15 => Does::Reads(reads),
        16 => Does::Fences(one_of(rng, &[Acquire, Release, SeqCst])),
        17 if rng.bool() => one_of(rng, &[Does::Gets, Does::Sets(1)]),
        _ if dying => robust,
        _ => Does::Clears(order),
    }
}

fn on_both_words(rng: &mut Rng) -> Does {
    let soon = Deadline::At(Monotonic::from_secs(1));
    let some = [1, 1, u32::MAX];
    match rng.u8(..8) {
        0..3 => Does::WaitsForBoth(
            one_of(rng, &[First::Lock, First::Other]),
            rng.u32(..2),
            one_of(rng, &[Deadline::Never, soon]),
        ),
        3 => Does::Waits(one_of(rng, &[Deadline::Never, soon])),
        4 => Does::Wakes(one_of(rng, &some)),
        5 => Does::WakesThere(one_of(rng, &some)),
        6 => Does::MovesThere(rng.u32(..2), one_of(rng, &some)),
        _ => Does::MovesHere(rng.u32(..2), one_of(rng, &some)),
    }
}

fn explored(alike: &Alike, search: GraphSearch) -> Finding {
    let budget = Budget { until: Some(Instant::now() + PATIENCE), ..Budget::seeded(0) };
    graph::explore(&Arc::new(alike.clone()), "alike", search, &budget, &Silent)
}

#[test]
fn who_is_who_makes_no_difference() {
    let (mut compared, mut wrong, mut fewer) = (0, 0, 0);
    let (mut died, programs) = (0, scaled(PROGRAMS));
    for number in 0..programs {
        let (alike, all) = drawn(number);
        let plain = explored(&alike, all.plain());
        if !is_whole(&plain) {
            continue;
        }
        compared += 1;
        wrong += u64::from(plain.verdict == Verdict::Counterexample);
        died += u64::from(plain.outcomes.keys().any(|result| result.ends_with("1 died")));
        let alone = GraphSearch { symmetry: true, ..all.plain() };
        for search in [alone, all, GraphSearch { symmetry: false, ..all }] {
            let found = explored(&alike, search);
            assert_alike(&found, &plain, &(number, &alike, search));
            if search.symmetry && !search.prune {
                fewer += u64::from(found.states < plain.states);
            }
        }
    }
    println!("{compared} compared, {wrong} wrong, {died} with deaths, {fewer} with fewer states");
    assert!(compared > programs / 2 && died > programs / 5, "{compared} compared, {died} died");
    // Who is who was brought together at all.
    assert!(fewer * 10 > compared * 9, "{fewer} of {compared}");
}
