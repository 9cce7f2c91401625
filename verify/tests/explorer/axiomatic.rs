//! The outcomes that RC11 allows, by the book: all execution graphs are enumerated, and those kept in which the axioms hold.
//!
//! This is what the explorer is checked against, and it has nothing in common with it: no threads that run, no views, no
//! messages. A program's events are given; what an execution decides is which compare-exchanges succeed, which write each read
//! reads from (`rf`), and in which order each word's writes come (`mo`). All choices are tried. Values follow from them.
//!
//! What is left out: SeqCst accesses and non-atomic ones.

mod axioms;
mod events;
mod relation;

use std::collections::BTreeSet;

pub(crate) use axioms::{Rule, Rules};
use axioms::{consistent, happens_before};
use events::{Events, last};
use relation::{MOST, Relation, Set, members};

use crate::programs::{Op, Program, index};

/// The outcomes of a program, in the words of its litmus model.
pub(crate) fn outcomes(program: &Program) -> BTreeSet<String> {
    enumerate(program, Rules::ALL, true)
}

/// The outcomes under some of the rules only; `early` gives up unfinished graphs as soon as an axiom fails in them.
pub(crate) fn enumerate(program: &Program, rules: Rules, early: bool) -> BTreeSet<String> {
    let exchanges = program.0.iter().flatten().filter(|op| matches!(op, Op::Exchange(..))).count();
    let mut found = BTreeSet::new();
    for succeeding in 0..1 << exchanges {
        let events = Events::new(program, succeeding, rules);
        let reads: Vec<_> = members(events.reads).collect();
        Enumeration {
            program,
            rules,
            early,
            source: [0; MOST],
            rf: Relation::default(),
            mo: events.first_writes_first(),
            hb: events.po,
            events: &events,
            found: &mut found,
        }
        .read_from(&reads);
    }
    found
}

struct Enumeration<'a> {
    program: &'a Program,
    rules: Rules,
    early: bool,
    events: &'a Events,
    /// The write that each read reads from: `rf⁻¹`.
    source: [usize; MOST],
    rf: Relation,
    mo: Relation,
    /// Follows from `rf`.
    hb: Relation,
    found: &'a mut BTreeSet<String>,
}

impl Enumeration<'_> {
    /// Tries all writes for each of these reads.
    fn read_from(&mut self, reads: &[usize]) {
        let Some((read, rest)) = reads.split_first() else {
            if let Some(values) = self.events.values(&self.source) {
                self.order(0, self.writes_of(0), &values);
            }
            return;
        };
        let (rf, hb) = (self.rf, self.hb);
        for write in members(self.events.sources(*read)) {
            self.source[*read] = write;
            self.rf.add(write, *read);
            self.hb = happens_before(self.events, &self.rf, self.rules);
            if !self.early || self.consistent() {
                self.read_from(rest);
            }
            (self.rf, self.hb) = (rf, hb);
        }
    }

    /// Tries all orders of what is left of this word's writes, and then of the next words'.
    fn order(&mut self, word: usize, left: Set, values: &[u32; MOST]) {
        if left == 0 {
            return match self.events.on.get(word + 1) {
                Some(_) => self.order(word + 1, self.writes_of(word + 1), values),
                None => self.finished(values),
            };
        }
        let mo = self.mo;
        for next in members(left) {
            let rest = left & !(1 << next);
            self.mo = mo | Relation::product(1 << next, rest);
            if !self.early || self.consistent() {
                self.order(word, rest, values);
            }
        }
        self.mo = mo;
    }

    fn finished(&mut self, values: &[u32; MOST]) {
        if !self.consistent() {
            return;
        }
        let said = &self.events.said;
        let read: Vec<Vec<_>> =
            said.iter().map(|reads| reads.iter().map(|read| values[*read]).collect()).collect();
        let end = |word| {
            let writes = self.events.on[index(word)] & self.events.writes;
            last(writes, &self.mo).map_or(0, |write| values[write])
        };
        self.found.insert(self.program.outcome(&read, end));
    }

    fn consistent(&self) -> bool {
        consistent(self.events, &self.rf, &self.mo, &self.hb, self.rules)
    }

    /// But the first.
    fn writes_of(&self, word: usize) -> Set {
        self.events.on[word] & self.events.writes & !(1 << word)
    }
}
