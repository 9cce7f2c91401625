//! The events of a program: the nodes of its execution graphs.
//!
//! As in RC11 a read-modify-write is two events, a read and a write, related by `rmw`. A compare-exchange is two or one: which
//! of them succeed is given.

use lockproof::platform::Ordering::{self, AcqRel, Acquire, Release, SeqCst};

use super::axioms::{Rule, Rules};
use super::relation::{MOST, Relation, Set, members};
use crate::programs::{Op, Program, index};

const WORDS: usize = 3;
/// Each word's first value is written by an event of its own, with the word's number, before all others.
const FIRST: Set = (1 << WORDS) - 1;

/// The events, without what the execution decides: who reads from whom, and in which order words change.
#[derive(Default)]
pub(super) struct Events {
    /// What each of them is part of, after those that write the words' first values.
    ops: Vec<Op>,
    /// For each thread, its reads.
    pub(super) said: Vec<Vec<usize>>,
    pub(super) reads: Set,
    pub(super) writes: Set,
    pub(super) fences: Set,
    /// At least acquire.
    pub(super) acquire: Set,
    /// At least release.
    pub(super) release: Set,
    /// The SeqCst fences.
    pub(super) seqcst: Set,
    /// The reads and writes of each word.
    pub(super) on: [Set; WORDS],
    /// Program order; what writes the first values comes before all.
    pub(super) po: Relation,
    /// From the read of a read-modify-write to its write.
    pub(super) rmw: Relation,
}

impl Events {
    /// Of the program's exchanges, counted from the first thread on, those in `succeeding` do succeed.
    pub(super) fn new(program: &Program, succeeding: Set, rules: Rules) -> Self {
        let mut events = Self { writes: FIRST, on: [1, 2, 4], ..Self::default() };
        let mut exchanges = 0;
        for ops in &program.0 {
            let mut earlier = FIRST;
            events.said.push(Vec::new());
            for op in ops {
                let mut fails = false;
                if matches!(op, Op::Exchange(..)) {
                    fails = succeeding >> exchanges & 1 == 0;
                    exchanges += 1;
                }
                events.add(*op, fails, &mut earlier, rules);
            }
        }
        events
    }

    fn add(&mut self, op: Op, fails: bool, earlier: &mut Set, rules: Rules) {
        let order = order_of(op, fails && rules.has(Rule::OrderOfFailure));
        let Some(word) = op.word() else { return self.add_fence(op, order, earlier) };
        assert!(order != SeqCst, "{op:?}: this model has SeqCst fences, but no SeqCst accesses");
        let read = op.reads().then(|| {
            let read = self.add_event(op, earlier);
            self.reads |= 1 << read;
            self.on[index(word)] |= 1 << read;
            self.acquire |= Set::from(acquires(order)) << read;
            self.said.last_mut().expect("a thread").push(read);
            read
        });
        if !fails && op.changes() {
            let write = self.add_event(op, earlier);
            self.writes |= 1 << write;
            self.on[index(word)] |= 1 << write;
            self.release |= Set::from(releases(order)) << write;
            read.into_iter().for_each(|read| self.rmw.add(read, write));
        }
    }

    fn add_fence(&mut self, op: Op, order: Ordering, earlier: &mut Set) {
        let fence = self.add_event(op, earlier);
        self.fences |= 1 << fence;
        self.acquire |= Set::from(acquires(order)) << fence;
        self.release |= Set::from(releases(order)) << fence;
        self.seqcst |= Set::from(order == SeqCst) << fence;
    }

    fn add_event(&mut self, op: Op, earlier: &mut Set) -> usize {
        let event = WORDS + self.ops.len();
        assert!(event < MOST, "too many events");
        self.ops.push(op);
        self.po = self.po | Relation::product(*earlier, 1 << event);
        *earlier |= 1 << event;
        event
    }

    /// The part of the words' orders that is known: what writes a first value comes first.
    pub(super) fn first_writes_first(&self) -> Relation {
        self.on.iter().enumerate().fold(Relation::default(), |mo, (first, on)| {
            mo | Relation::product(1 << first, on & self.writes & !(1 << first))
        })
    }

    /// Which writes a read may read from, as far as the word goes.
    pub(super) fn sources(&self, read: usize) -> Set {
        let word = self.on.iter().find(|on| **on >> read & 1 == 1);
        word.map_or(0, |on| on & self.writes)
    }

    /// What each event reads or writes, where each read reads from its `source`; `None` where no values agree with that,
    /// or a compare-exchange would not do what was decided for it.
    pub(super) fn values(&self, source: &[usize; MOST]) -> Option<[u32; MOST]> {
        let mut values = [None; MOST];
        members(FIRST).for_each(|first| values[first] = Some(0));
        let all = WORDS..WORDS + self.ops.len();
        // A fixpoint: each pass knows at least one value more, unless they depend on themselves.
        for _ in all.clone() {
            for event in all.clone() {
                values[event] = self.value(event, source, &values);
            }
        }
        let known = members(self.reads | self.writes).all(|event| values[event].is_some());
        let values = values.map(Option::unwrap_or_default);
        let written = |read: usize| self.ops[read - WORDS].writes(values[read]).is_some();
        let decided = |read: usize| self.rmw.after(read) != 0;
        (known && members(self.reads).all(|read| written(read) == decided(read))).then_some(values)
    }

    fn value(
        &self,
        event: usize,
        source: &[usize; MOST],
        values: &[Option<u32>; MOST],
    ) -> Option<u32> {
        if self.reads >> event & 1 == 1 {
            return values[source[event]];
        }
        let op = self.ops[event - WORDS];
        // The read of a read-modify-write is the event before the write.
        let seen = if op.reads() { values[event - 1]? } else { 0 };
        op.writes(seen)
    }
}

const fn order_of(op: Op, failed: bool) -> Ordering {
    match op {
        Op::Exchange(.., order) if failed => order,
        Op::Exchange(_, _, _, order, _) => order,
        Op::Swap(_, _, order) | Op::Add(_, _, order) | Op::Or(_, _, order) => order,
        Op::Load(_, order) | Op::Store(_, _, order) | Op::Fence(order) => order,
    }
}

fn acquires(order: Ordering) -> bool {
    matches!(order, Acquire | AcqRel | SeqCst)
}

fn releases(order: Ordering) -> bool {
    matches!(order, Release | AcqRel | SeqCst)
}

/// The word's last write: the one that no other follows.
pub(super) fn last(writes: Set, mo: &Relation) -> Option<usize> {
    members(writes).find(|write| mo.after(*write) == 0)
}
