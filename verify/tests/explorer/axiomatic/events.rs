//! The events of a program: the nodes of its execution graphs.
//!
//! As in RC11 a read-modify-write is two events, a read and a write, related by `rmw`. A compare-exchange is two
//! or one, and a thread may stop early: which way these go is given.

use lockproof::platform::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};

use super::axioms::{Rule, Rules};
use super::relation::{MOST, Relation, Set, members};
use crate::programs::{Op, PLACES, Program};

/// Each place's first value is written by an event of its own, with the place's number, before all others.
pub(super) const FIRST: Set = (1 << PLACES) - 1;

/// What is read or written by each event, where that is known.
pub(super) type Values = [Option<u32>; MOST];

/// The events, without what the execution decides: who reads from whom, and in which order words change.
#[derive(Default)]
pub(super) struct Events {
    /// What each of them is part of, after those that write the first values.
    ops: Vec<Op>,
    /// For each thread, its reads.
    pub(super) said: Vec<Vec<usize>>,
    /// Reads after which a thread stops unless they read a value, that value, and whether they do.
    guards: Vec<(usize, u32, bool)>,
    pub(super) reads: Set,
    pub(super) writes: Set,
    pub(super) fences: Set,
    /// At least acquire.
    pub(super) acquire: Set,
    /// At least release.
    pub(super) release: Set,
    /// The SeqCst fences.
    pub(super) seqcst: Set,
    /// The reads and writes of each place.
    pub(super) on: [Set; PLACES],
    /// Those that are atomic: all but those of the protected data.
    pub(super) atomic: Set,
    /// For each thread, its events.
    pub(super) threads: Vec<Set>,
    /// Program order; what writes the first values comes before all.
    pub(super) po: Relation,
    /// From the read of a read-modify-write to its write.
    pub(super) rmw: Relation,
}

impl Events {
    /// Where the program decides, counted from the first thread on, it is a yes where `taken` says so: an exchange
    /// succeeds, a thread goes on. `None` if that says yes where a thread that has stopped would have decided.
    pub(super) fn new(program: &Program, mut taken: Set, rules: Rules) -> Option<Self> {
        let on = std::array::from_fn(|place| 1 << place);
        let mut events = Self { writes: FIRST, on, ..Self::default() };
        for ops in &program.0 {
            events.said.push(Vec::new());
            events.threads.push(0);
            let mut ended = false;
            for op in ops {
                let yes = op.decides() && taken & 1 == 1;
                taken >>= u32::from(op.decides());
                if ended && yes {
                    return None;
                } else if let Op::StopUnless(value) = *op {
                    events.guard(value, yes, &mut ended);
                } else if !ended {
                    events.add(*op, op.decides() && !yes, rules);
                }
            }
        }
        Some(events)
    }

    fn guard(&mut self, value: u32, passes: bool, ended: &mut bool) {
        if !*ended {
            let read = self.said.last().and_then(|said| said.last());
            self.guards.push((*read.expect("a read before each StopUnless"), value, passes));
            *ended = !passes;
        }
    }

    fn add(&mut self, op: Op, fails: bool, rules: Rules) {
        let order = order_of(op, fails && rules.has(Rule::OrderOfFailure));
        let Some(place) = op.place() else { return self.add_fence(op, order) };
        assert!(order != SeqCst, "{op:?}: this model has SeqCst fences, but no SeqCst accesses");
        let mut read = None;
        if op.reads() {
            let event = self.add_access(op, place);
            self.reads |= 1 << event;
            self.acquire |= Set::from(acquires(order)) << event;
            self.said.last_mut().expect("a thread").push(event);
            read = Some(event);
        }
        if op.changes() && !fails {
            let event = self.add_access(op, place);
            self.writes |= 1 << event;
            self.release |= Set::from(releases(order)) << event;
            read.into_iter().for_each(|read| self.rmw.add(read, event));
        }
    }

    fn add_access(&mut self, op: Op, place: usize) -> usize {
        let event = self.add_event(op);
        self.on[place] |= 1 << event;
        self.atomic |= Set::from(op.word().is_some()) << event;
        event
    }

    fn add_fence(&mut self, op: Op, order: Ordering) {
        let fence = self.add_event(op);
        self.fences |= 1 << fence;
        self.acquire |= Set::from(acquires(order)) << fence;
        self.release |= Set::from(releases(order)) << fence;
        self.seqcst |= Set::from(order == SeqCst) << fence;
    }

    fn add_event(&mut self, op: Op) -> usize {
        let event = PLACES + self.ops.len();
        assert!(event < MOST, "too many events");
        self.ops.push(op);
        let thread = self.threads.last_mut().expect("a thread");
        self.po = self.po | Relation::product(FIRST | *thread, 1 << event);
        *thread |= 1 << event;
        event
    }

    /// The part of `mo` that is known: what writes a first value comes first.
    pub(super) fn first_writes_first(&self) -> Relation {
        self.on.iter().enumerate().fold(Relation::default(), |mo, (first, on)| {
            mo | Relation::product(1 << first, on & self.writes & !(1 << first))
        })
    }

    /// Which writes a read may read from, as far as the place goes.
    pub(super) fn sources(&self, read: usize) -> Set {
        let place = self.on.iter().find(|on| **on >> read & 1 == 1);
        place.map_or(0, |on| on & self.writes)
    }

    /// What each event reads or writes, as far as that follows from where the reads read from.
    pub(super) fn values(&self, source: &[Option<usize>; MOST]) -> Values {
        let mut values = [None; MOST];
        members(FIRST).for_each(|first| values[first] = Some(0));
        loop {
            let before = values;
            for event in members(self.reads | self.writes & !FIRST) {
                values[event] = self.value(event, source, &before);
            }
            if values == before {
                return values;
            }
        }
    }

    fn value(&self, event: usize, source: &[Option<usize>; MOST], values: &Values) -> Option<u32> {
        if self.reads >> event & 1 == 1 {
            return values[source[event]?];
        }
        let op = self.ops[event - PLACES];
        // The read of a read-modify-write is the event before the write.
        let seen = if op.reads() { values[event - 1]? } else { 0 };
        op.writes(seen)
    }

    /// Whether all goes the way that was decided, as far as values are known.
    pub(super) fn goes_as_decided(&self, values: &Values) -> bool {
        let writes = |read: usize, seen| self.ops[read - PLACES].writes(seen).is_some();
        let decided = |read: usize| self.rmw.after(read) != 0;
        members(self.reads)
            .all(|read| values[read].is_none_or(|seen| writes(read, seen) == decided(read)))
            && self.guards.iter().all(|(read, value, passes)| {
                values[*read].is_none_or(|seen| (seen == *value) == *passes)
            })
    }

    /// The values, if all are known. They are not where they depend on themselves.
    pub(super) fn all_known(&self, values: &Values) -> Option<[u32; MOST]> {
        let known = members(self.reads | self.writes).all(|event| values[event].is_some());
        known.then(|| values.map(Option::unwrap_or_default))
    }
}

const fn order_of(op: Op, failed: bool) -> Ordering {
    match op {
        Op::Exchange(.., order) if failed => order,
        Op::Exchange(_, _, _, order, _) => order,
        Op::Swap(_, _, order) | Op::Add(_, _, order) | Op::Or(_, _, order) => order,
        Op::Load(_, order) | Op::Store(_, _, order) | Op::Fence(order) => order,
        Op::Get | Op::Set(_) | Op::StopUnless(_) => Relaxed,
    }
}

fn acquires(order: Ordering) -> bool {
    matches!(order, Acquire | AcqRel | SeqCst)
}

fn releases(order: Ordering) -> bool {
    matches!(order, Release | AcqRel | SeqCst)
}
