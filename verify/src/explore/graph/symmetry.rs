//! States that differ only in who is who, taken for one.
//!
//! Threads that run the same program are interchangeable, but for their ids, which lock words hold. So a state is
//! renamed: its threads are put into an order, their ids in lock words follow, and where a thread stands is found again
//! by running its code with the results renamed. That ids are nothing but names to the code is checked with each such
//! run: it has to want the same.

use std::collections::{BTreeSet, HashMap};

use lockproof::raw::mutex_state::OWNER;

use super::automaton::{Automata, NO_IDS};
use super::code::encode;
use super::state::{Phase, State};
use super::view::{View, WRITTEN};
use super::{MOST_THREADS, Options, Shape};
use crate::model::Model;

/// More ways than this to order threads that look alike are not tried: some states are then met more than once.
const MOST_ORDERS: usize = 720;

/// The new index of each thread.
pub(super) type Renaming = [u8; MOST_THREADS];

/// What is known of renamed nodes.
#[derive(Debug, Default)]
pub(super) struct Symmetry {
    renamed: HashMap<(u32, Renaming), u32, foldhash::fast::FixedState>,
    orbits: HashMap<u32, u32, foldhash::fast::FixedState>,
    all: Vec<Renaming>,
    scratch: Option<State>,
    keys: Vec<(Vec<u8>, u8)>,
    best: Vec<u8>,
}

/// The code does something else for another id: threads are not interchangeable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotInterchangeable;

impl Symmetry {
    pub(super) fn new(shape: &Shape) -> Self {
        Self { all: all_renamings(shape.threads), ..Self::default() }
    }

    /// Writes down the state that stands for all that differ from this one in who is who.
    pub(super) fn encode<M: Model>(
        &mut self,
        state: &State,
        automata: &mut Automata<M>,
        options: &Options,
        shape: &Shape,
        bytes: &mut Vec<u8>,
    ) -> Result<(), NotInterchangeable> {
        self.sort(state, automata, shape)?;
        let keys = std::mem::take(&mut self.keys);
        let mut best = std::mem::take(&mut self.best);
        best.clear();
        for renaming in orders(&keys) {
            if renaming.iter().enumerate().take(shape.threads).all(|(at, to)| at == *to as usize) {
                encode(state, shape, bytes);
            } else {
                let mut renamed = self.scratch.take().unwrap_or_else(|| state.clone());
                self.rename(state, &renaming, automata, options, &mut renamed)?;
                encode(&renamed, shape, bytes);
                self.scratch = Some(renamed);
            }
            if best.is_empty() || *bytes < best {
                std::mem::swap(&mut best, bytes);
            }
        }
        std::mem::swap(&mut best, bytes);
        (self.keys, self.best) = (keys, best);
        Ok(())
    }

    /// Puts the threads in an order that does not depend on who is who.
    fn sort<M: Model>(
        &mut self,
        state: &State,
        automata: &mut Automata<M>,
        shape: &Shape,
    ) -> Result<(), NotInterchangeable> {
        let mut keys = std::mem::take(&mut self.keys);
        keys.resize_with(state.threads.len(), Default::default);
        for (index, (thread, (key, at))) in state.threads.iter().zip(&mut keys).enumerate() {
            *at = index as u8;
            key.clear();
            key.push(match thread.phase {
                Phase::Runs => 0,
                Phase::Sleeps => 1,
                Phase::Ended => 2,
                Phase::Dead => 3,
                Phase::Cleanup { list, at, wakes, died } => {
                    4 + (list as u8 ^ at << 2 ^ u8::from(wakes) << 4 ^ u8::from(died) << 5) % 250
                }
            });
            key.extend(self.orbit(thread.node, automata)?.to_be_bytes());
            key.extend(&thread.knows.at[..shape.words]);
            key.extend(&thread.floor[..shape.words]);
            for known in &thread.knows.cells[..shape.cells] {
                key.push(known.count_ones() as u8 + 32 * u8::from(known & WRITTEN != 0));
            }
        }
        keys.sort_unstable();
        self.keys = keys;
        Ok(())
    }

    /// The same number for all nodes that differ only in who is who.
    fn orbit<M: Model>(
        &mut self,
        node: u32,
        automata: &mut Automata<M>,
    ) -> Result<u32, NotInterchangeable> {
        if let Some(orbit) = self.orbits.get(&node) {
            return Ok(*orbit);
        }
        let mut members = BTreeSet::new();
        for at in 0..self.all.len() {
            let renaming = self.all[at];
            members.insert(self.renamed(node, &renaming, automata)?);
        }
        let known = members.iter().find_map(|member| self.orbits.get(member)).copied();
        let orbit = known.unwrap_or(node);
        self.orbits.extend(members.into_iter().map(|member| (member, orbit)));
        Ok(orbit)
    }

    fn rename<M: Model>(
        &mut self,
        state: &State,
        renaming: &Renaming,
        automata: &mut Automata<M>,
        options: &Options,
        into: &mut State,
    ) -> Result<(), NotInterchangeable> {
        into.clone_from(state);
        for (index, thread) in state.threads.iter().enumerate() {
            let node = self.renamed(thread.node, renaming, automata)?;
            let over = thread.phase.is_over() && options.merge_the_dead;
            let renamed = &mut into.threads[usize::from(renaming[index])];
            *renamed = *thread;
            renamed.node = if over { automata.node(node).noted } else { node };
        }
        let cells = into.cells.len();
        into.views().for_each(|view| rename_view(view, cells, renaming));
        for (word, (_, robust)) in into.words.iter_mut().zip(&automata.names().words) {
            if *robust {
                for message in &mut word.messages {
                    message.value = rename_value(message.value, renaming);
                }
            }
        }
        for cell in &mut into.cells {
            cell.readers = rename_bits(cell.readers, renaming);
        }
        Ok(())
    }

    fn renamed<M: Model>(
        &mut self,
        node: u32,
        renaming: &Renaming,
        automata: &mut Automata<M>,
    ) -> Result<u32, NotInterchangeable> {
        if let Some(renamed) = self.renamed.get(&(node, *renaming)) {
            return Ok(*renamed);
        }
        if let Some((of, moment)) = automata.node(node).within {
            let of = self.renamed(of, renaming, automata)?;
            let moments = &automata.node(of).moments;
            return moments
                .get(usize::from(moment))
                .map_or(Err(NotInterchangeable), |at| Ok(at.node));
        }
        let from = automata.node(node);
        let (thread, sources) = (renaming[usize::from(from.thread)], from.sources.clone());
        let results = from.script.iter().zip(&sources);
        let script = results.map(|(result, source)| match *source {
            NO_IDS => *result,
            _ => rename_value(*result, renaming),
        });
        let renamed = automata.at(thread, script.collect(), sources);
        let (before, after) = (&automata.node(node).label, &automata.node(renamed).label);
        let same = (before.kind, before.on, before.order, before.site)
            == (after.kind, after.on, after.order, after.site);
        if !same {
            return Err(NotInterchangeable);
        }
        self.renamed.insert((node, *renaming), renamed);
        Ok(renamed)
    }
}

pub(super) fn rename_value(value: u64, renaming: &Renaming) -> u64 {
    let owner = value as u32 & OWNER;
    match renaming.get((owner as usize).wrapping_sub(1)) {
        Some(to) => value & !u64::from(OWNER) | (u64::from(*to) + 1),
        None => value,
    }
}

fn rename_view(view: &mut View, cells: usize, renaming: &Renaming) {
    for known in &mut view.cells[..cells] {
        if *known & !WRITTEN != 0 {
            *known = *known & WRITTEN | rename_bits(*known & !WRITTEN, renaming);
        }
    }
}

fn rename_bits(bits: u16, renaming: &Renaming) -> u16 {
    let set = renaming.iter().enumerate().filter(|(from, _)| bits & 1 << from != 0);
    set.fold(0, |renamed, (_, to)| renamed | 1 << to)
}

/// All ways to give threads other places.
fn all_renamings(threads: usize) -> Vec<Renaming> {
    let keys: Vec<_> = (0..threads).map(|at| (Vec::new(), at as u8)).collect();
    orders(&keys)
}

/// The renamings that bring threads into the order of the keys: several where keys are equal.
fn orders(keys: &[(Vec<u8>, u8)]) -> Vec<Renaming> {
    let identity: Renaming = std::array::from_fn(|at| at as u8);
    let mut all = vec![identity];
    let mut place = 0;
    for group in keys.chunk_by(|a, b| a.0 == b.0) {
        let mut longer = Vec::new();
        for order in permutations(group.len()) {
            for renaming in &all {
                let mut renaming = *renaming;
                for (at, to) in order.iter().enumerate() {
                    renaming[usize::from(group[at].1)] = (place + to) as u8;
                }
                longer.push(renaming);
            }
            if longer.len() >= MOST_ORDERS {
                break;
            }
        }
        all = longer;
        place += group.len();
    }
    all
}

fn permutations(length: usize) -> Vec<Vec<usize>> {
    if length == 0 {
        return vec![Vec::new()];
    }
    let shorter = permutations(length - 1);
    let put = |rest: &Vec<usize>, at: usize| {
        let mut longer = rest.clone();
        longer.insert(at, length - 1);
        longer
    };
    shorter.iter().flat_map(|rest| (0..length).map(move |at| put(rest, at))).collect()
}
