//! Small programs, as plain data, and random ones.
//!
//! A program is what the explorer and the enumeration are both asked about: as a [`Litmus`] model for the one, and
//! as it is for the other. Each value read is part of the outcome, and so is each word's final value. A program
//! with a data race has one outcome, [`RACE`]: what else it does has no meaning.

mod random;

use std::collections::BTreeSet;

use lockproof::platform::Ordering::{self, SeqCst};
use lockproof_verify::models::litmus::On::{self, X, Y, Z};
use lockproof_verify::models::litmus::{Litmus, Step};

/// An operation. Named as the steps of a litmus program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Load(On, Ordering),
    Store(On, u32, Ordering),
    Swap(On, u32, Ordering),
    Add(On, u32, Ordering),
    Or(On, u32, Ordering),
    /// From the one value to the other, with an ordering for success and one for failure.
    Exchange(On, u32, u32, Ordering, Ordering),
    Fence(Ordering),
    /// Reads the protected data, which is not atomic.
    Get,
    /// Writes the protected data.
    Set(u32),
    /// Ends the thread unless this was read last.
    StopUnless(u32),
}

use Op::{Add, Exchange, Fence, Get, Load, Or, Set, StopUnless, Store, Swap};

/// The places in memory: three words and the protected data.
pub(crate) const PLACES: usize = 4;
/// The outcome of a program with a data race.
pub(crate) const RACE: &str = "a data race";

impl Op {
    /// The word it is on, if it is on one.
    pub(crate) const fn word(self) -> Option<On> {
        match self {
            Load(on, _) | Store(on, ..) | Swap(on, ..) | Add(on, ..) | Or(on, ..) => Some(on),
            Exchange(on, ..) => Some(on),
            Fence(_) | Get | Set(_) | StopUnless(_) => None,
        }
    }

    /// The number of the place it is on, if it is on one.
    pub(crate) const fn place(self) -> Option<usize> {
        match self {
            Get | Set(_) => Some(PLACES - 1),
            _ => match self.word() {
                Some(word) => Some(index(word)),
                None => None,
            },
        }
    }

    /// Whether it reads: then what it read is said.
    pub(crate) const fn reads(self) -> bool {
        !matches!(self, Store(..) | Fence(_) | Set(_) | StopUnless(_))
    }

    /// Whether it may change what it is on.
    pub(crate) const fn changes(self) -> bool {
        !matches!(self, Load(..) | Fence(_) | Get | StopUnless(_))
    }

    /// Whether it goes one way or the other.
    pub(crate) const fn decides(self) -> bool {
        matches!(self, Exchange(..) | StopUnless(_))
    }

    /// What its place holds after it, if that held `seen` before; `None` if it does not write.
    pub(crate) fn writes(self, seen: u32) -> Option<u32> {
        match self {
            Store(_, value, _) | Swap(_, value, _) | Set(value) => Some(value),
            Add(_, value, _) => Some(seen.wrapping_add(value)),
            Or(_, value, _) => Some(seen | value),
            Exchange(_, from, to, ..) => (seen == from).then_some(to),
            Load(..) | Fence(_) | Get | StopUnless(_) => None,
        }
    }

    const fn step(self) -> Step {
        match self {
            Load(on, order) => Step::Load(on, order),
            Store(on, value, order) => Step::Store(on, value, order),
            Swap(on, value, order) => Step::Swap(on, value, order),
            Add(on, value, order) => Step::Add(on, value, order),
            Or(on, value, order) => Step::Or(on, value, order),
            Exchange(on, from, to, order, failed) => {
                Step::CompareExchange(on, from, to, order, failed)
            }
            Fence(order) => Step::Fence(order),
            Get => Step::Get,
            Set(value) => Step::Set(value as u64),
            StopUnless(value) => Step::StopUnless(value),
        }
    }
}

/// A program: what each thread does. All places hold zero at first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Program(pub(crate) Vec<Vec<Op>>);

impl Program {
    pub(crate) fn new<const N: usize>(threads: [&[Op]; N]) -> Self {
        Self(threads.map(<[Op]>::to_vec).to_vec())
    }

    /// The words it is about, in order.
    pub(crate) fn words(&self) -> Vec<On> {
        let used: BTreeSet<_> =
            self.0.iter().flatten().filter_map(|op| op.word()).map(index).collect();
        used.into_iter().map(|word| [X, Y, Z][word]).collect()
    }

    /// The same as a model: every value read is said, and all words are looked at in the end.
    pub(crate) fn litmus(&self) -> Litmus {
        let said = |op: &Op| {
            let step = op.step();
            if op.reads() { vec![step, Step::Say] } else { vec![step] }
        };
        let threads = self.0.iter().map(|ops| ops.iter().flat_map(said).collect()).collect();
        Litmus::of("a program", threads).finally(&self.words())
    }

    /// An outcome in the words of the model: what each thread `read`, if it has reads, and each place in the
    /// `end`.
    pub(crate) fn outcome(&self, read: &[Vec<u32>], end: [u32; PLACES]) -> String {
        let reads = |(ops, _): &(&Vec<Op>, _)| ops.iter().any(|op| op.reads());
        let said = self.0.iter().zip(read).filter(reads).map(|(_, read)| {
            let values: Vec<_> = read.iter().map(u32::to_string).collect();
            if values.is_empty() { "-".to_owned() } else { values.join(" ") }
        });
        let words = self.words().into_iter().map(|word| format!("{word:?}={}", end[index(word)]));
        said.chain(words).collect::<Vec<_>>().join(" | ")
    }

    /// The same with a SeqCst fence between any two operations that follow each other.
    pub(crate) fn fenced(&self) -> Self {
        let between =
            |ops: &Vec<Op>| ops.iter().flat_map(|op| [Fence(SeqCst), *op]).skip(1).collect();
        Self(self.0.iter().map(between).collect())
    }

    /// How many operations it has.
    pub(crate) fn length(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }

    /// A random program; the same one for the same seed.
    pub(crate) fn random(seed: u64) -> Self {
        random::Generator::new(seed).program()
    }
}

/// A word's number.
pub(crate) const fn index(word: On) -> usize {
    match word {
        X => 0,
        Y => 1,
        _ => 2,
    }
}
