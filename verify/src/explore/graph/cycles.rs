//! Whether everybody gets on: cycles that can be gone round for ever.
//!
//! A cycle stands for an execution without end. It counts only if it is *weakly fair*: whoever could always go on does so
//! at some time. What happens by chance alone (a death, an early return) does not happen for ever; and a value is not seen
//! for ever once it has been overwritten, nor written behind a later one, so that a step on stale messages is in no cycle
//! either. A process *gets on* when it comes to one of the marks of its own outermost loop; in a model that ends,
//! nobody goes round there for ever, and every fair cycle is wrong.
//!
//! All executions that stay in a strongly connected component can be as fair as one that goes through all of it. So it is
//! enough to look at whole components.

use super::state::State;
use super::step::Manner;
use super::store::Id;

/// What every process is to be given, however unkindly it is scheduled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Liveness {
    /// Somebody gets on: not all go round for ever and get nowhere (livelock).
    Progress,
    /// Everybody gets on: nobody is overtaken for ever (starvation).
    NoStarvation,
    /// Whoever waits sleeps: nobody goes round and round while the others do nothing.
    NoBusyWaiting,
}

impl Liveness {
    /// As claims are named after it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Progress => "progress",
            Self::NoStarvation => "starvation",
            Self::NoBusyWaiting => "busy",
        }
    }

    /// In words.
    #[must_use]
    pub const fn property(self) -> &'static str {
        match self {
            Self::Progress => "somebody always gets on",
            Self::NoStarvation => "everybody gets on, as long as the scheduler is fair",
            Self::NoBusyWaiting => "whoever waits for others sleeps",
        }
    }
}

/// One state after another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) from: Id,
    pub(super) to: Id,
    pub(super) manner: Manner,
}

/// All that can happen, for a look at what happens again.
#[derive(Debug, Default)]
pub(super) struct Edges {
    all: Vec<Edge>,
    /// States of which some of what can happen was left out.
    incomplete: Vec<Id>,
}

/// A cycle that should not be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cycle {
    /// Who gets nowhere; nobody does where it is not said.
    pub(super) whom: Option<u8>,
    /// The way round: each one begins where the one before ends.
    pub(super) edges: Vec<Edge>,
}

impl Edges {
    pub(super) fn add(&mut self, edge: Edge) {
        self.all.push(edge);
    }

    pub(super) fn add_incomplete(&mut self, state: Id) {
        self.incomplete.push(state);
    }

    pub(super) fn memory(&self) -> usize {
        self.all.capacity() * size_of::<Edge>()
    }

    /// A cycle in which somebody, or everybody, is not given what they should be; one that begins early. The patient may be
    /// overtaken for ever.
    pub(super) fn wrong(
        &self,
        wanted: Liveness,
        states: usize,
        (threads, patient): (usize, &[u8]),
        state: impl Fn(Id) -> State,
    ) -> Option<Cycle> {
        let enabled = self.enabled(states);
        let lasting = |edge: &&Edge| !edge.manner.by_chance && !edge.manner.stale;
        let cycle = |whom: Option<u8>, fair: bool, counts: &dyn Fn(&Edge) -> bool| {
            let edges = self.all.iter().filter(lasting).filter(|edge| counts(edge)).copied();
            let graph = Graph::of(edges.collect(), states);
            let waits = |id| whom.is_none_or(|whom| state(id).waits(whom.into()));
            let components = graph.components();
            let mut all = components.iter().filter(|component| waits(component[0]));
            all.find_map(|component| graph.round(component, &enabled, threads, fair))
                .map(|edges| Cycle { whom, edges })
        };
        let all = 0..threads as u8;
        match wanted {
            Liveness::Progress => cycle(None, true, &|edge| edge.manner.progress == 0),
            Liveness::NoStarvation => all
                .filter(|whom| !patient.contains(whom))
                .filter_map(|whom| {
                    cycle(Some(whom), true, &|edge| edge.manner.progress & 1 << whom == 0)
                })
                .min_by_key(|cycle| cycle.edges[0].from),
            Liveness::NoBusyWaiting => all
                .filter_map(|whom| {
                    cycle(Some(whom), false, &|edge| {
                        edge.manner.thread == whom && edge.manner.progress & 1 << whom == 0
                    })
                })
                .min_by_key(|cycle| cycle.edges[0].from),
        }
    }

    /// Of each state, who can do something there.
    fn enabled(&self, states: usize) -> Vec<u16> {
        let mut enabled = vec![0_u16; states];
        for edge in self.all.iter().filter(|edge| !edge.manner.by_chance) {
            enabled[edge.from as usize] |= 1 << edge.manner.thread;
        }
        for state in &self.incomplete {
            enabled[*state as usize] = u16::MAX;
        }
        enabled
    }
}

/// Edges by where they begin.
struct Graph {
    edges: Vec<Edge>,
    starts: Vec<usize>,
}

/// The number of a state that was not visited.
const UNSEEN: u32 = u32::MAX;

impl Graph {
    fn of(mut edges: Vec<Edge>, states: usize) -> Self {
        edges.sort_by_key(|edge| edge.from);
        let mut starts = vec![0; states + 1];
        for edge in &edges {
            starts[edge.from as usize + 1] += 1;
        }
        for state in 0..states {
            starts[state + 1] += starts[state];
        }
        Self { edges, starts }
    }

    fn from(&self, state: Id) -> &[Edge] {
        &self.edges[self.starts[state as usize]..self.starts[state as usize + 1]]
    }

    /// The strongly connected components that hold a cycle, each in the order of its states; the first to begin comes
    /// first. (Tarjan's algorithm, without recursion.)
    fn components(&self) -> Vec<Vec<Id>> {
        let states = self.starts.len() - 1;
        let mut tarjan = Tarjan {
            graph: self,
            index: vec![UNSEEN; states],
            lowest: vec![0; states],
            open: vec![false; states],
            stack: Vec::new(),
            next: 0,
            found: Vec::new(),
        };
        for state in 0..states as Id {
            if tarjan.index[state as usize] == UNSEEN {
                tarjan.visit(state);
            }
        }
        let mut found = tarjan.found;
        found.retain(|component| {
            component.len() > 1 || self.from(component[0]).iter().any(|e| e.to == component[0])
        });
        found.iter_mut().for_each(|component| component.sort_unstable());
        found.sort_unstable_by_key(|component| component[0]);
        found
    }

    /// A way round in a component, from its first state, that is fair where it has to be; `None` if there is none.
    fn round(
        &self,
        component: &[Id],
        enabled: &[u16],
        threads: usize,
        fair: bool,
    ) -> Option<Vec<Edge>> {
        let within = |edge: &Edge| component.binary_search(&edge.to).is_ok();
        // Of each thread, what makes the way fair to it: a step of its own, or a state in which it can do nothing.
        let mut all_steps = 0_u16;
        let mut always_enabled = u16::MAX;
        for state in component {
            always_enabled &= enabled[*state as usize];
            let inner = self.from(*state).iter().filter(|edge| within(edge));
            all_steps = inner.fold(all_steps, |all, edge| all | 1 << edge.manner.thread);
        }
        let everybody = ((1_u32 << threads) - 1) as u16;
        if fair && everybody & always_enabled & !all_steps != 0 {
            return None;
        }
        let first = component[0];
        let mut left = if fair { everybody } else { 0 };
        let mut way: Vec<Edge> = Vec::new();
        let mut at = first;
        left &= enabled[at as usize];
        while left != 0 {
            let meets = |edge: &Edge| {
                left & 1 << edge.manner.thread != 0 || left & !enabled[edge.to as usize] != 0
            };
            let more = self.shortest(at, &within, &meets)?;
            for edge in &more {
                left &= !(1 << edge.manner.thread) & enabled[edge.to as usize];
                at = edge.to;
            }
            way.extend(more);
        }
        if at != first || way.is_empty() {
            way.extend(self.shortest(at, &within, &|edge| edge.to == first)?);
        }
        Some(way)
    }

    /// A shortest way from a state to the end of an edge that is looked for.
    fn shortest(
        &self,
        from: Id,
        within: &dyn Fn(&Edge) -> bool,
        wanted: &dyn Fn(&Edge) -> bool,
    ) -> Option<Vec<Edge>> {
        let mut came_by = std::collections::HashMap::new();
        let mut queue = std::collections::VecDeque::from([from]);
        while let Some(state) = queue.pop_front() {
            for edge in self.from(state).iter().filter(|edge| within(edge)) {
                if wanted(edge) {
                    let mut way = vec![*edge];
                    let mut at = state;
                    while at != from {
                        let before: &Edge = came_by.get(&at)?;
                        way.push(*before);
                        at = before.from;
                    }
                    way.reverse();
                    return Some(way);
                }
                if edge.to != from && !came_by.contains_key(&edge.to) {
                    came_by.insert(edge.to, *edge);
                    queue.push_back(edge.to);
                }
            }
        }
        None
    }
}

struct Tarjan<'a> {
    graph: &'a Graph,
    index: Vec<u32>,
    lowest: Vec<u32>,
    open: Vec<bool>,
    stack: Vec<Id>,
    next: u32,
    found: Vec<Vec<Id>>,
}

impl Tarjan<'_> {
    fn visit(&mut self, root: Id) {
        self.enter(root);
        // States on the way down, each with how many of its edges were followed.
        let mut path = vec![(root, 0_usize)];
        while let Some((state, followed)) = path.last_mut() {
            let state = *state;
            let Some(edge) = self.graph.from(state).get(*followed) else {
                path.pop();
                self.leave(state);
                if let Some((parent, _)) = path.last() {
                    let parent = *parent as usize;
                    self.lowest[parent] = self.lowest[parent].min(self.lowest[state as usize]);
                }
                continue;
            };
            *followed += 1;
            let to = edge.to as usize;
            if self.index[to] == UNSEEN {
                self.enter(edge.to);
                path.push((edge.to, 0));
            } else if self.open[to] {
                let state = state as usize;
                self.lowest[state] = self.lowest[state].min(self.index[to]);
            }
        }
    }

    fn enter(&mut self, state: Id) {
        let at = state as usize;
        (self.index[at], self.lowest[at], self.open[at]) = (self.next, self.next, true);
        self.next += 1;
        self.stack.push(state);
    }

    /// Takes a component off the stack, if this state is the first of one.
    fn leave(&mut self, state: Id) {
        if self.lowest[state as usize] != self.index[state as usize] {
            return;
        }
        let mut component = Vec::new();
        while let Some(member) = self.stack.pop() {
            self.open[member as usize] = false;
            component.push(member);
            if member == state {
                break;
            }
        }
        self.found.push(component);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explore::graph::{Needs, Shape};

    const NOBODY: u16 = 0;

    fn edge(from: Id, to: Id, thread: u8, progress: u16) -> Edge {
        Edge { from, to, manner: Manner { thread, progress, ..Manner::default() } }
    }

    fn wrong(wanted: Liveness, edges: &[Edge]) -> Option<Cycle> {
        wrong_but_for(&[], wanted, edges)
    }

    fn wrong_but_for(patient: &[u8], wanted: Liveness, edges: &[Edge]) -> Option<Cycle> {
        let states = edges.iter().map(|edge| edge.from.max(edge.to) as usize + 1).max();
        let shape = Shape { threads: 2, words: 0, cells: 0, needs: Needs::default() };
        let state = |_| State::beginning(&shape, [0, 0].into_iter());
        Edges { all: edges.to_vec(), incomplete: Vec::new() }.wrong(
            wanted,
            states.unwrap_or(0),
            (2, patient),
            state,
        )
    }

    #[test]
    fn a_cycle_that_leaves_somebody_out_is_not_fair() {
        // The second thread could always go on, and would end the cycle.
        let spins = [edge(0, 1, 0, NOBODY), edge(1, 0, 0, NOBODY), edge(0, 2, 1, NOBODY)];
        let always = [&spins[..], &[edge(1, 2, 1, NOBODY)]].concat();
        assert_eq!(wrong(Liveness::NoStarvation, &always), None);
        assert_eq!(wrong(Liveness::Progress, &always), None);
        // Now and then it cannot: that is fair to it.
        assert_eq!(wrong(Liveness::Progress, &spins).expect("a cycle").edges.len(), 2);
        let busy = wrong(Liveness::NoBusyWaiting, &always).expect("a cycle");
        assert_eq!((busy.whom, busy.edges.len()), (Some(0), 2));
    }

    #[test]
    fn whoever_does_not_get_on_while_others_do_starves() {
        let both = [edge(0, 1, 0, 1), edge(1, 2, 1, NOBODY), edge(2, 0, 0, NOBODY)];
        assert_eq!(wrong(Liveness::Progress, &both), None);
        let starves = wrong(Liveness::NoStarvation, &both).expect("a cycle");
        assert_eq!((starves.whom, starves.edges), (Some(1), both.to_vec()));
        assert_eq!(wrong_but_for(&[1], Liveness::NoStarvation, &both), None);
        let impatient = wrong_but_for(&[0], Liveness::NoStarvation, &both).expect("a cycle");
        assert_eq!(impatient.whom, Some(1));
        let gets_on = [edge(0, 1, 0, 1), edge(1, 2, 1, 0b10), edge(2, 0, 0, NOBODY)];
        assert_eq!(wrong(Liveness::NoStarvation, &gets_on), None);
    }

    #[test]
    fn chance_and_stale_values_do_not_last() {
        let by_chance = Manner { by_chance: true, ..Manner::default() };
        let stale = Manner { stale: true, ..Manner::default() };
        for manner in [by_chance, stale] {
            let back = Edge { from: 1, to: 0, manner };
            assert_eq!(wrong(Liveness::Progress, &[edge(0, 1, 0, NOBODY), back]), None);
            assert_eq!(wrong(Liveness::NoBusyWaiting, &[edge(0, 1, 0, NOBODY), back]), None);
        }
    }

    #[test]
    fn the_way_round_takes_in_all_that_makes_it_fair() {
        // Two cycles that meet: fair only together.
        let thread = |from, to, thread| edge(from, to, thread, NOBODY);
        let edges = [
            thread(0, 1, 0),
            thread(1, 0, 0),
            thread(0, 2, 1),
            thread(2, 0, 1),
            thread(1, 3, 1),
            thread(2, 3, 0),
        ];
        let cycle = wrong(Liveness::Progress, &edges).expect("a cycle");
        let threads: std::collections::BTreeSet<u8> =
            cycle.edges.iter().map(|edge| edge.manner.thread).collect();
        assert_eq!(threads.len(), 2, "{cycle:?}");
        let joined = cycle.edges.windows(2).all(|pair| pair[0].to == pair[1].from);
        assert!(joined && cycle.edges[0].from == cycle.edges.last().expect("one").to, "{cycle:?}");
    }
}
