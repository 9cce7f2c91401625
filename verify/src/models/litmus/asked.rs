//! The questions that memory models are told apart by: a program, an outcome, and whether that can be.
//!
//! Names and shapes are those of Alglave, Maranget, Tautschnig, *Herding Cats* (TOPLAS 2014), as far as they have them; what follows a
//! name says with which orderings. Every process says all that it reads, and at the end all words are looked at.

use lockproof::deadline::Deadline::Never;
use lockproof::platform::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};

use super::On::{X, Y, Z};
use super::Step::{
    Add, CompareExchange, Fence, Get, IfWoken, Leave, LeaveIf, Load, Loop, Say, Set, StopUnless,
    Store, Swap, Wait, Wake,
};
use super::{Litmus, On, SOON, Step};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// This outcome, in the words of the program.
    Outcome(&'static str),
    /// Two accesses to data that nothing orders.
    Race,
    /// An execution in which nobody can go on.
    Stuck,
}

/// Whether it can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// C11 says so, as C++20 has it.
    ByC11(bool),
    /// C11 allows it, and RC11, on which all rests that is proved here, does not.
    ButByRc11,
    /// Linux's futex does that, or does not.
    ByLinux(bool),
}

impl Allowed {
    /// Whether a checker that shows it is right to.
    #[must_use]
    pub const fn can_be(self) -> bool {
        matches!(self, Self::ByC11(true) | Self::ByLinux(true) | Self::ButByRc11)
    }
}

/// A program, and what is asked of it.
#[derive(Clone, Debug)]
pub struct Question {
    /// The program, by its name.
    pub litmus: Litmus,
    /// What is asked for.
    pub asked: Asked,
    /// Whether it can be.
    pub allowed: Allowed,
    /// What it would be, in words.
    pub means: &'static str,
}

/// All of them.
#[must_use]
pub fn questions() -> Vec<Question> {
    [buffers(), messages(), release_sequences(), coherence(), several(), updates(), futexes()]
        .concat()
}

fn question<const N: usize>(
    name: &'static str,
    processes: [&[Step]; N],
    asked: Asked,
    allowed: Allowed,
    means: &'static str,
) -> Question {
    let all = processes.map(said);
    let used = |on: &&On| all.iter().flatten().any(|step| is_on(step, **on));
    let words: Vec<_> = [X, Y, Z].iter().filter(used).copied().collect();
    let litmus = Litmus::of(name, all.to_vec()).finally(&words);
    Question { litmus, asked, allowed, means }
}

/// The same steps, where all that is read is said.
fn said(steps: &[Step]) -> Vec<Step> {
    let reads = |step: &Step| {
        matches!(step, Load(..) | Swap(..) | Add(..) | CompareExchange(..) | Get | Wait(..))
    };
    let with = |step: &Step| if reads(step) { vec![*step, Say] } else { vec![*step] };
    steps.iter().flat_map(with).collect()
}

fn is_on(step: &Step, word: On) -> bool {
    match step {
        Load(on, _) | Store(on, ..) | Swap(on, ..) | Add(on, ..) | CompareExchange(on, ..) => {
            *on == word
        }
        _ => false,
    }
}

const YES: Allowed = Allowed::ByC11(true);
const NO: Allowed = Allowed::ByC11(false);
const SC: Step = Fence(SeqCst);

const fn w(word: On) -> Step {
    Store(word, 1, Relaxed)
}

const fn r(word: On) -> Step {
    Load(word, Relaxed)
}

/// Each of two processes tells the other, or each hears the other.
fn buffers() -> Vec<Question> {
    let neither = Asked::Outcome("0 | 0 | X=1 | Y=1");
    let both = Asked::Outcome("1 | 1 | X=1 | Y=1");
    let sb = |name, first: &[Step], second: &[Step], allowed| {
        question(name, [first, second], neither, allowed, "each misses what the other wrote before")
    };
    let by =
        |store, load| [[Store(X, 1, store), Load(Y, load)], [Store(Y, 1, store), Load(X, load)]];
    let [weak, sc] = [by(Release, Acquire), by(SeqCst, SeqCst)];
    let lb = |name, load, store, allowed| {
        let process = |from, to| [Load(from, load), Store(to, 1, store)];
        let (first, second) = (process(X, Y), process(Y, X));
        let means = "each reads what the other writes after its own reading";
        question(name, [&first, &second], both, allowed, means)
    };
    vec![
        sb("SB", &[w(X), r(Y)], &[w(Y), r(X)], YES),
        sb("SB+rel+acq", &weak[0], &weak[1], YES),
        sb("SB+fences sc", &[w(X), SC, r(Y)], &[w(Y), SC, r(X)], NO),
        sb("SB+fence sc+po", &[w(X), SC, r(Y)], &[w(Y), r(X)], YES),
        sb("SB+sc accesses", &sc[0], &sc[1], NO),
        lb("LB", Relaxed, Relaxed, Allowed::ButByRc11),
        lb("LB+acq+rel", Acquire, Release, NO),
    ]
}

/// One process tells another by a flag.
fn messages() -> Vec<Question> {
    let mp = |name, writer: &[Step], reader: &[Step], allowed| {
        let means = "the flag is seen before the message";
        let asked = Asked::Outcome("1 0 | X=1 | Y=1");
        question(name, [writer, reader], asked, allowed, means)
    };
    let plain = |name, raise, see, allowed| {
        mp(name, &[w(X), Store(Y, 1, raise)], &[Load(Y, see), r(X)], allowed)
    };
    let data = |name, raise: &[Step], see: &[Step], allowed| {
        let writer = [&[Set(7)], raise].concat();
        let reader = [see, &[StopUnless(1), Get]].concat();
        let means = "data is read that nothing orders after its being written";
        question(name, [&writer, &reader], Asked::Race, allowed, means)
    };
    vec![
        plain("MP", Relaxed, Relaxed, YES),
        plain("MP+rel+rlx", Release, Relaxed, YES),
        plain("MP+rlx+acq", Relaxed, Acquire, YES),
        plain("MP+rel+acq", Release, Acquire, NO),
        mp("MP+fences", &[w(X), Fence(Release), w(Y)], &[r(Y), Fence(Acquire), r(X)], NO),
        mp("MP+fence rel early", &[Fence(Release), w(X), w(Y)], &[Load(Y, Acquire), r(X)], YES),
        data("data, rlx", &[w(Y)], &[r(Y)], YES),
        data("data, rel+acq", &[Store(Y, 1, Release)], &[Load(Y, Acquire)], NO),
        question(
            "data, fences sc alone",
            [&[Set(7), SC, r(Y), StopUnless(0), w(Z)], &[w(Y), SC, r(Z), StopUnless(1), Get]],
            Asked::Race,
            YES,
            "fences order words, and no data",
        ),
    ]
}

/// How far a release reaches.
fn release_sequences() -> Vec<Question> {
    const RELEASE: [Step; 2] = [w(X), Store(Y, 1, Release)];
    const ACQUIRE: [Step; 2] = [Load(Y, Acquire), r(X)];
    let means = "the flag, changed since, is seen before the message";
    let own = [&RELEASE[..], &[Store(Y, 5, Relaxed)]].concat();
    let after = Asked::Outcome("1 | 2 0 | X=1 | Y=2");
    vec![
        question(
            "MP, an update between",
            [&RELEASE, &[Add(Y, 1, Relaxed)], &ACQUIRE],
            after,
            NO,
            means,
        ),
        question(
            "MP, a store of another between",
            [&RELEASE, &[r(Y), Store(Y, 2, Relaxed)], &ACQUIRE],
            after,
            YES,
            means,
        ),
        question(
            "MP, a store of one's own",
            [&own, &ACQUIRE],
            Asked::Outcome("5 0 | X=1 | Y=5"),
            YES,
            means,
        ),
    ]
}

/// One word by itself.
fn coherence() -> Vec<Question> {
    let outcome = Asked::Outcome;
    vec![
        question("CoRR", [&[w(X)], &[r(X), r(X)]], outcome("1 0 | X=1"), NO, "a word goes back"),
        question(
            "CoWW",
            [&[w(X), Store(X, 2, Relaxed)]],
            outcome("X=1"),
            NO,
            "the earlier of two writes is the last",
        ),
        question(
            "CoWR",
            [&[w(X), r(X)], &[Store(X, 2, Relaxed)]],
            outcome("0 | X=1"),
            NO,
            "one reads what is older than its own write",
        ),
        question(
            "CoRW",
            [&[r(X), w(X)], &[Store(X, 2, Relaxed)]],
            outcome("2 | X=2"),
            NO,
            "one writes before what it has read",
        ),
    ]
}

/// Writes to two words by two processes.
fn several() -> Vec<Question> {
    let iriw = |name, between: &[Step], allowed| {
        let reader =
            |first, second| [&[Load(first, Acquire)], between, &[Load(second, Acquire)]].concat();
        let (left, right) = (reader(X, Y), reader(Y, X));
        let write = |word| [Store(word, 1, Release)];
        let asked = Asked::Outcome("1 0 | 1 0 | X=1 | Y=1");
        let means = "two readers disagree on which came first";
        question(name, [&write(X), &write(Y), &left, &right], asked, allowed, means)
    };
    let opposite = |name, between: &[Step], allowed| {
        let process = |first, second| [&[w(first)], between, &[Store(second, 2, Relaxed)]].concat();
        let (left, right) = (process(X, Y), process(Y, X));
        let means = "each one's first write is the last of its word";
        question(name, [&left, &right], Asked::Outcome("X=1 | Y=1"), allowed, means)
    };
    vec![
        iriw("IRIW+rel+acq", &[], YES),
        iriw("IRIW+fences sc", &[SC], NO),
        question(
            "WRC+rel+acq",
            [&[w(X)], &[r(X), StopUnless(1), Store(Y, 1, Release)], &[Load(Y, Acquire), r(X)]],
            Asked::Outcome("1 | 1 0 | X=1 | Y=1"),
            NO,
            "what was seen before a release is not seen after it",
        ),
        opposite("2+2W", &[], YES),
        opposite("2+2W+fences sc", &[SC], NO),
    ]
}

/// Reading and writing at once.
fn updates() -> Vec<Question> {
    let increment = [r(X), w(X)];
    let add = [Add(X, 1, Relaxed)];
    let store = Asked::Outcome("0 | 0 | X=1");
    vec![
        question("a load and a store", [&increment, &increment], store, YES, "an update is lost"),
        question("two updates", [&add, &add], store, NO, "an update is lost"),
        question(
            "a store inside an update",
            [&[Swap(X, 2, Relaxed)], &[w(X)]],
            Asked::Outcome("0 | X=2"),
            NO,
            "a store comes between what an update read and what it wrote, and is gone",
        ),
        question(
            "a stale failure",
            [&[w(X), w(Y)], &[r(Y), StopUnless(1), CompareExchange(X, 7, 8, AcqRel, Relaxed)]],
            Asked::Outcome("1 0 | X=1 | Y=1"),
            YES,
            "a compare-exchange fails on an old value",
        ),
        question(
            "a change after a load",
            [&[r(X)], &[r(X), Add(X, 1, Relaxed)]],
            Asked::Outcome("1 | 0 0 | X=1"),
            YES,
            "a load sees the change of one that has loaded before",
        ),
    ]
}

/// What the kernel does with sleepers.
fn futexes() -> Vec<Question> {
    const SLEEPS: &[Step] = &[Wait(X, 0, Never)];
    const TRUSTS: &[Step] =
        &[Loop(&[Load(X, Acquire), LeaveIf(1), Wait(X, 0, Never), IfWoken(&[Leave])]), Get];
    let (does, never) = (Allowed::ByLinux(true), Allowed::ByLinux(false));
    let change = Swap(X, 1, Release);
    let stuck = |name, wakes: &[Step], allowed, means| {
        question(name, [wakes, SLEEPS], Asked::Stuck, allowed, means)
    };
    vec![
        stuck("futex, a change and a wake", &[change, Wake(X, 1)], never, "a wake is lost"),
        stuck("futex, a wake and a change", &[Wake(X, 1), change], does, "a wake is lost"),
        stuck("futex, a change alone", &[change], does, "nobody wakes the sleeper"),
        question(
            "futex, an early return",
            [&[Wait(X, 0, SOON)]],
            Asked::Outcome("woken"),
            does,
            "a sleep ends for no reason",
        ),
        question(
            "futex, a stale compare",
            [&[w(X), w(Y)], &[r(Y), StopUnless(1), Wait(X, 0, Never)]],
            Asked::Stuck,
            does,
            "one falls asleep on an old value",
        ),
        question(
            "futex, a compare after a wake",
            [
                &[w(X), Wake(X, 1), Store(Y, 1, Release)],
                &[Load(Y, Acquire), StopUnless(1), Wait(X, 0, Never)],
            ],
            Asked::Stuck,
            never,
            "one falls asleep on a value that is older than a wake that it knows of",
        ),
        question(
            "futex, a trusted wake",
            [&[Set(7), change, Wake(X, 1)], TRUSTS],
            Asked::Race,
            does,
            "who was woken does not see what was written before",
        ),
    ]
}
