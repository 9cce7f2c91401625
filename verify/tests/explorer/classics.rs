//! The classical litmus tests, by name: whether the memory model allows the outcome that each asks for.
//!
//! Names and shapes are mostly those of Alglave, Maranget, Tautschnig: Herding Cats (TOPLAS 2014). There they are
//! about hardware; here about C++20 without load buffering, and what follows a name says with which orderings.

mod data;
mod messages;
mod order;
mod values;

use std::collections::BTreeSet;

use lockproof::platform::Ordering::{self, Relaxed, SeqCst};
use lockproof_verify::models::litmus::On;

use crate::programs::Op::{self, Fence, Load, Store};
use crate::programs::Program;

/// A program, an outcome, and whether it can be.
#[derive(Clone, Debug)]
pub(crate) struct Classic {
    pub(crate) name: &'static str,
    pub(crate) program: Program,
    /// In the words of the program's litmus model.
    pub(crate) outcome: &'static str,
    pub(crate) answer: Answer,
    /// Who says so.
    pub(crate) source: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Allowed,
    Forbidden,
}

/// Lahav et al.: Repairing Sequential Consistency in C/C++11 (PLDI 2017), its examples or its definitions.
const RC11: &str = "RC11";
/// Podkopaev, Lahav, Vafeiadis: Bridging the Gap between Programming Languages and Hardware Weak Memory Models
/// (POPL 2019), the examples of section 3.
const IMM: &str = "IMM";
/// Boehm, Giroux, Vafeiadis: Weaken Release Sequences; adopted in C++20.
const P0982: &str = "P0982R1";
// Sections of C++20.
const RACES: &str = "[intro.races]";
const ORDER: &str = "[atomics.order]";
const FENCES: &str = "[atomics.fences]";
const OPERATIONS: &str = "[atomics.types.operations]";

/// Those whose outcome no memory model has to forbid: reading from nothing, or what an operation does not do.
pub(crate) const BY_WHAT_OPERATIONS_ARE: [&str; 4] = [
    "an update does not read its own value",
    "nor do two read each other's",
    "both exchanges fail",
    "an exchange fails for no reason",
];

impl Classic {
    /// What is wrong about a memory model with these outcomes of the program.
    pub(crate) fn objection(&self, outcomes: &BTreeSet<String>) -> Option<String> {
        let Self { name, program, outcome, answer, source } = self;
        let seen = if outcomes.contains(*outcome) { Answer::Allowed } else { Answer::Forbidden };
        (seen != *answer).then(|| {
            format!(
                "{name}: {outcome} is {answer:?} says {source}, but comes out {seen:?}: {program:?}"
            )
        })
    }
}

pub(crate) fn all() -> Vec<Classic> {
    [values::all(), messages::all(), order::all(), data::all()].concat()
}

fn case<const N: usize>(
    name: &'static str,
    threads: [&[Op]; N],
    outcome: &'static str,
    answer: Answer,
    source: &'static str,
) -> Classic {
    Classic { name, program: Program::new(threads), outcome, answer, source }
}

const R: Ordering = Relaxed;
const SC: Op = Fence(SeqCst);

const fn w(word: On) -> Op {
    Store(word, 1, Relaxed)
}

const fn r(word: On) -> Op {
    Load(word, Relaxed)
}
