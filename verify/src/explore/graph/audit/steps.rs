//! The steps of threads that are known: what an audit walks along.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::explore::graph::automaton::{Automata, NO_IDS, Node};
use crate::explore::graph::symmetry::{IDENTITY, Renaming, rename_script, rename_value};
use crate::platform::recorder::Wants;

/// Where a thread comes to with a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) result: u64,
    pub(super) to: u32,
}

/// All steps that are known, of one thread or of several.
#[derive(Debug)]
pub(super) struct Steps {
    onward: Vec<Vec<Step>>,
    /// Of each node from which an end is known to be reached, the first step of a shortest way there.
    to_the_end: Vec<Option<Step>>,
    cut_short: bool,
}

impl Steps {
    /// Those that the threads were asked for. Where they are interchangeable, all are told of the first one: a search that
    /// keeps one of the states that differ only in who is who asks now the one thread, now another.
    pub(super) fn of(automata: &mut Automata, interchangeable: bool) -> Self {
        let known = automata.edges();
        let known: Vec<_> = if interchangeable {
            OfFirst::default().all(automata, &known)
        } else {
            known.into_iter().map(|(from, result, to)| (from, Step { result, to })).collect()
        };
        let cut_short = interchangeable && known.len() == MOST_OF_FIRST;
        let ends = |node: u32| automata.node(node).label.wants == Wants::End;
        Self { cut_short, ..Self::new(automata.nodes(), &known, ends) }
    }

    /// These steps between so many nodes, some of them ends.
    pub(super) fn new(nodes: usize, known: &[(u32, Step)], ends: impl Fn(u32) -> bool) -> Self {
        let mut onward = vec![Vec::new(); nodes];
        let mut back = vec![Vec::new(); nodes];
        for (from, step) in known {
            onward[*from as usize].push(*step);
            back[step.to as usize].push((*from, *step));
        }
        let ends: Vec<u32> = (0..nodes as u32).filter(|node| ends(*node)).collect();
        let to_the_end = to_the_end(&ends, &back);
        Self { onward, to_the_end, cut_short: false }
    }

    /// Whether none was left out, for being too many.
    pub(super) fn are_all(&self) -> bool {
        !self.cut_short
    }

    /// From a node.
    pub(super) fn onward(&self, node: u32) -> &[Step] {
        &self.onward[node as usize]
    }

    /// From all nodes.
    pub(super) fn all(&self) -> impl Iterator<Item = (u32, Step)> {
        let nodes = self.onward.iter().zip(0..);
        nodes.flat_map(|(steps, from)| steps.iter().map(move |step| (from, *step)))
    }

    /// A shortest way to an end; nowhere, if none is known.
    pub(super) fn to_the_end(&self, mut at: u32) -> Vec<Step> {
        let mut way = Vec::new();
        while let Some(step) = self.to_the_end[at as usize] {
            way.push(step);
            at = step.to;
        }
        way
    }
}

fn to_the_end(ends: &[u32], back: &[Vec<(u32, Step)>]) -> Vec<Option<Step>> {
    let mut steps = vec![None; back.len()];
    let mut left: VecDeque<u32> = ends.iter().copied().collect();
    while let Some(node) = left.pop_front() {
        for (from, step) in &back[node as usize] {
            let first = &mut steps[*from as usize];
            if first.is_none() {
                *first = Some(*step);
                left.push_back(*from);
            }
        }
    }
    steps
}

/// More steps than this are not told of the first thread.
const MOST_OF_FIRST: usize = 20_000;

/// Steps told of the first thread, whoever has done them, and with whatever names the others have.
#[derive(Default)]
struct OfFirst {
    renamed: HashMap<(u32, Renaming), u32>,
    known: HashSet<(u32, u64)>,
    steps: Vec<(u32, Step)>,
}

impl OfFirst {
    fn all(mut self, automata: &mut Automata, known: &[(u32, u64, u32)]) -> Vec<(u32, Step)> {
        for (from, result, _) in known {
            let thread = usize::from(automata.node(*from).thread);
            self.add(automata, *from, *result, &swapped(0, thread));
        }
        // All ways to name the others come of changing the names of two neighbours, again and again.
        let mut at = 0;
        while let Some((from, step)) = self.steps.get(at).copied() {
            for other in 2..automata.program().processes() {
                self.add(automata, from, step.result, &swapped(other - 1, other));
            }
            at += 1;
        }
        self.steps.sort_unstable_by_key(|(from, step)| (*from, step.result));
        self.steps
    }

    fn add(&mut self, automata: &mut Automata, from: u32, result: u64, renaming: &Renaming) {
        if self.steps.len() == MOST_OF_FIRST {
            return;
        }
        let has_ids = automata.source(&automata.node(from).label) != NO_IDS;
        let result = if has_ids { rename_value(result, renaming) } else { result };
        let from = self.renamed(automata, from, renaming);
        if self.known.insert((from, result)) {
            let to = automata.after(from, result);
            self.steps.push((from, Step { result, to }));
        }
    }

    fn renamed(&mut self, automata: &mut Automata, node: u32, renaming: &Renaming) -> u32 {
        if let Some(known) = self.renamed.get(&(node, *renaming)) {
            return *known;
        }
        let Node { thread, script, sources, .. } = automata.node(node);
        let renamed = rename_script(script, sources, renaming);
        let to = renaming[usize::from(*thread)];
        let found = if (to, &renamed) == (*thread, script) {
            node
        } else {
            let sources = sources.clone();
            automata.at(to, renamed, sources)
        };
        self.renamed.insert((node, *renaming), found);
        found
    }
}

fn swapped(one: usize, other: usize) -> Renaming {
    let mut renaming = IDENTITY;
    renaming.swap(one, other);
    renaming
}
