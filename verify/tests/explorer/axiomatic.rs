//! The outcomes that RC11 allows, by the book: all execution graphs are enumerated, and those kept in which the
//! axioms hold.
//!
//! This is what the explorer is checked against, and it has nothing in common with it: no threads that run, no
//! views, no messages. A program's events are given; what an execution decides is which compare-exchanges succeed,
//! which threads stop early, which write each read reads from (`rf`), and in which order each place's writes come
//! (`mo`). All choices are tried. Values follow from them.
//!
//! What is left out: SeqCst accesses.

mod axioms;
mod events;
mod relation;

use std::collections::BTreeSet;

pub(crate) use axioms::{Rule, Rules};
use axioms::{consistent, happens_before, race};
use events::Events;
use relation::{MOST, Relation, Set, members};

use crate::programs::{PLACES, Program, RACE};

/// The outcomes of a program, in the words of its litmus model.
pub(crate) fn outcomes(program: &Program) -> BTreeSet<String> {
    enumerate(program, Rules::ALL, true)
}

/// The outcomes under some of the rules only; `early` gives up unfinished graphs as soon as an axiom fails in
/// them.
pub(crate) fn enumerate(program: &Program, rules: Rules, early: bool) -> BTreeSet<String> {
    let decisions = program.0.iter().flatten().filter(|op| op.decides()).count();
    let mut found = BTreeSet::new();
    for events in (0..1 << decisions).filter_map(|taken| Events::new(program, taken, rules)) {
        let reads: Vec<_> = members(events.reads).collect();
        Enumeration {
            program,
            rules,
            early,
            source: [None; MOST],
            rf: Relation::default(),
            mo: events.first_writes_first(),
            hb: events.po,
            events: &events,
            found: &mut found,
        }
        .read_from(&reads);
    }
    match found.take(RACE) {
        Some(race) => BTreeSet::from([race]),
        None => found,
    }
}

struct Enumeration<'a> {
    program: &'a Program,
    rules: Rules,
    early: bool,
    events: &'a Events,
    /// The write that each read reads from: `rf⁻¹`.
    source: [Option<usize>; MOST],
    rf: Relation,
    mo: Relation,
    /// Follows from `rf`.
    hb: Relation,
    found: &'a mut BTreeSet<String>,
}

impl Enumeration<'_> {
    /// Tries all writes for each of these reads.
    fn read_from(&mut self, reads: &[usize]) {
        let values = self.events.values(&self.source);
        if !self.events.goes_as_decided(&values) {
            return;
        }
        let Some((read, rest)) = reads.split_first() else {
            if let Some(values) = self.events.all_known(&values) {
                self.order(0, self.writes_of(0), &values);
            }
            return;
        };
        let (rf, hb) = (self.rf, self.hb);
        for write in members(self.events.sources(*read)) {
            self.source[*read] = Some(write);
            self.rf.add(write, *read);
            self.hb = happens_before(self.events, &self.rf, self.rules);
            if !self.early || self.consistent() {
                self.read_from(rest);
            }
            (self.rf, self.hb) = (rf, hb);
        }
        self.source[*read] = None;
    }

    /// Tries all orders of what is left of this place's writes, and then of the next places'.
    fn order(&mut self, place: usize, left: Set, values: &[u32; MOST]) {
        if left == 0 {
            return match place + 1 {
                PLACES => self.finished(values),
                next => self.order(next, self.writes_of(next), values),
            };
        }
        let mo = self.mo;
        for next in members(left) {
            let rest = left & !(1 << next);
            self.mo = mo | Relation::product(1 << next, rest);
            if !self.early || self.consistent() {
                self.order(place, rest, values);
            }
        }
        self.mo = mo;
    }

    fn finished(&mut self, values: &[u32; MOST]) {
        if !self.consistent() {
            return;
        }
        if race(self.events, &self.hb) {
            self.found.insert(RACE.to_owned());
            return;
        }
        let said = &self.events.said;
        let read: Vec<Vec<_>> =
            said.iter().map(|reads| reads.iter().map(|read| values[*read]).collect()).collect();
        let end = std::array::from_fn(|place| values[self.last_of(place)]);
        self.found.insert(self.program.outcome(&read, end));
    }

    fn consistent(&self) -> bool {
        consistent(self.events, &self.rf, &self.mo, &self.hb, self.rules)
    }

    /// A place's writes but the first.
    fn writes_of(&self, place: usize) -> Set {
        self.events.on[place] & self.events.writes & !(1 << place)
    }

    /// A place's last write: the one that no other follows.
    fn last_of(&self, place: usize) -> usize {
        members(self.writes_of(place)).find(|write| self.mo.after(*write) == 0).unwrap_or(place)
    }
}
