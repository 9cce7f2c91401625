//! States that differ only in who is who, taken for one.
//!
//! Threads that run the same program are interchangeable, but for their ids, which lock words hold. So a state is
//! renamed: its threads are put into an order, their ids in lock words follow, and where a thread stands is found again
//! by running its code with the results renamed. That ids are nothing but names to the code is checked with each such
//! run: it has to want the same.

use std::collections::HashMap;

use lockproof::raw::mutex_state::OWNER;

use super::MOST_THREADS;
use super::around::Around;
use super::automaton::{Automata, Known, NO_IDS, Node, Unknown};
use super::code::{self, encode};
use super::state::{Phase, State};
use super::step::Stop;
use super::view::{View, WRITTEN};

/// More ways than this to order threads that look alike are not tried: some states are then met more than once.
const MOST_ORDERS: usize = 720;

/// The new index of each thread.
pub(super) type Renaming = [u8; MOST_THREADS];

/// The code does something else for another id: threads are not interchangeable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotInterchangeable;

/// What is known of nodes that differ only in who is who: many can read it at a time.
#[derive(Debug, Default)]
pub(super) struct Symmetry {
    renamed: HashMap<(u32, Renaming), u32, foldhash::fast::FixedState>,
    orbits: HashMap<u32, u32, foldhash::fast::FixedState>,
}

impl Symmetry {
    fn renamed(&self, node: u32, renaming: &Renaming, known: &Known) -> Result<u32, Stop> {
        let renaming = of_those_met(known.node(node), renaming);
        let unknown = || Stop::Unknown(Unknown::Renamed(node, renaming));
        self.renamed.get(&(node, renaming)).copied().ok_or_else(unknown)
    }

    /// The same number for all nodes that differ only in who is who.
    fn orbit(&self, node: u32) -> Result<u32, Stop> {
        let unknown = || Stop::Unknown(Unknown::Orbit(node));
        self.orbits.get(&node).copied().ok_or_else(unknown)
    }

    /// Finds out the node that is this one with other names.
    pub(super) fn learn(
        &mut self,
        node: u32,
        renaming: &Renaming,
        automata: &mut Automata,
    ) -> Result<u32, NotInterchangeable> {
        let renaming = &of_those_met(automata.node(node), renaming);
        if let Some(renamed) = self.renamed.get(&(node, *renaming)) {
            return Ok(*renamed);
        }
        if let Some((of, moment)) = automata.node(node).within {
            let of = self.learn(of, renaming, automata)?;
            let moments = &automata.node(of).moments;
            return match moments.get(usize::from(moment)) {
                Some(at) => {
                    self.renamed.insert((node, *renaming), at.node);
                    Ok(at.node)
                }
                None => Err(NotInterchangeable),
            };
        }
        let from = automata.node(node);
        let (thread, sources) = (renaming[usize::from(from.thread)], from.sources.clone());
        let script = rename_script(&from.script, &sources, renaming);
        let renamed = automata.at(thread, script, sources);
        let (before, after) = (&automata.node(node).label, &automata.node(renamed).label);
        let same = (before.kind, before.on, before.order, before.site)
            == (after.kind, after.on, after.order, after.site)
            && before.wants.others().eq(after.wants.others());
        if !same {
            return Err(NotInterchangeable);
        }
        self.renamed.insert((node, *renaming), renamed);
        Ok(renamed)
    }

    /// Finds out which nodes differ from this one in nothing but who is who.
    ///
    /// They are known by the first of those that the first thread can come to, whatever names the others have that the
    /// thread has met.
    pub(super) fn learn_orbit(
        &mut self,
        node: u32,
        automata: &mut Automata,
    ) -> Result<(), NotInterchangeable> {
        let names = namings(automata.node(node), automata.program().processes());
        let mut first = u32::MAX;
        for renaming in names {
            first = first.min(self.learn(node, &renaming, automata)?);
        }
        self.orbits.insert(node, first);
        Ok(())
    }
}

/// The new names of a node's thread and of those it has met: where it stands depends on no others.
fn of_those_met(node: &Node, renaming: &Renaming) -> Renaming {
    std::array::from_fn(|at| if node.met & 1 << at != 0 { renaming[at] } else { u8::MAX })
}

/// Names states anew; its room is used again.
#[derive(Debug, Default)]
pub(super) struct Renamer {
    renamed: Option<State>,
    keys: Vec<(Vec<u8>, u8)>,
    best: Vec<u8>,
}

impl Renamer {
    /// Writes down the state that stands for all that differ from this one in who is who.
    pub(super) fn encode(
        &mut self,
        around: Around<'_>,
        state: &State,
        bytes: &mut Vec<u8>,
    ) -> Result<(), Stop> {
        self.sort(around, state)?;
        let keys = std::mem::take(&mut self.keys);
        let orders = self.orders(around, state, &keys, bytes);
        self.keys = keys;
        let mut best = std::mem::take(&mut self.best);
        best.clear();
        for renaming in orders? {
            self.write_down(around, state, &renaming, bytes)?;
            if best.is_empty() || *bytes < best {
                std::mem::swap(&mut best, bytes);
            }
        }
        std::mem::swap(&mut best, bytes);
        self.best = best;
        Ok(())
    }

    /// The state with other names, as bytes.
    fn write_down(
        &mut self,
        around: Around<'_>,
        state: &State,
        renaming: &Renaming,
        bytes: &mut Vec<u8>,
    ) -> Result<(), Stop> {
        let threads = renaming.iter().enumerate().take(around.shape.threads);
        if threads.into_iter().all(|(at, to)| at == usize::from(*to)) {
            encode(state, around.shape, bytes);
            return Ok(());
        }
        let mut renamed = self.renamed.take().unwrap_or_else(|| state.clone());
        let done = rename(around, state, renaming, &mut renamed);
        encode(&renamed, around.shape, bytes);
        self.renamed = Some(renamed);
        done
    }

    /// Puts the threads in an order that does not depend on who is who.
    fn sort(&mut self, around: Around<'_>, state: &State) -> Result<(), Stop> {
        let shape = around.shape;
        self.keys.resize_with(state.threads.len(), Default::default);
        for (index, (thread, (key, at))) in state.threads.iter().zip(&mut self.keys).enumerate() {
            *at = index as u8;
            key.clear();
            key.push(match thread.phase {
                Phase::Runs => 0,
                Phase::Sleeps => 1,
                Phase::Ended => 2,
                Phase::Dead => 3,
                Phase::Enters { next, found } => 8 + next + 16 * u8::from(found),
                Phase::Leaves(why) => 48 + code::why(why),
                Phase::Cleanup { list, at, wakes, died } => {
                    4 + (list as u8 ^ at << 2 ^ u8::from(wakes) << 4 ^ u8::from(died) << 5) % 250
                }
            });
            let mut orbit = around.symmetry.orbit(thread.node)?;
            if thread.phase.is_out() && around.options.merge_the_dead {
                // Which node was the first to note the same may differ from thread to thread.
                orbit = around.known.node(orbit).noted;
            }
            key.extend(orbit.to_be_bytes());
            // No more than is written down: the order must not depend on what is not.
            if !thread.phase.is_over() {
                key.extend(&thread.knows.at[..shape.words]);
                for known in &thread.knows.cells[..shape.cells] {
                    key.push(known.count_ones() as u8 + 32 * u8::from(known & WRITTEN != 0));
                }
            }
            if !thread.phase.is_out() {
                key.extend(&thread.floor[..shape.words]);
            }
            key.extend(thread.places.bytes());
            if thread.phase == Phase::Runs {
                key.push(thread.overtaken.until);
            }
        }
        self.keys.sort_unstable();
        Ok(())
    }

    /// The renamings that bring threads into the order of the keys: several where keys are equal.
    fn orders(
        &mut self,
        around: Around<'_>,
        state: &State,
        keys: &[(Vec<u8>, u8)],
        bytes: &mut Vec<u8>,
    ) -> Result<Vec<Renaming>, Stop> {
        let mut all = vec![IDENTITY];
        let mut place = 0;
        for group in keys.chunk_by(|a, b| a.0 == b.0) {
            if let [(_, alone)] = group {
                all.iter_mut().for_each(|renaming| renaming[usize::from(*alone)] = place as u8);
                place += 1;
                continue;
            }
            let members: Vec<u8> = group.iter().map(|(_, member)| *member).collect();
            let twins = if members.len() > 2 {
                self.twins(around, state, &members, bytes)?
            } else {
                members.iter().map(|member| vec![*member]).collect()
            };
            let mut longer = Vec::new();
            for order in arrangements(&twins, members.len()) {
                for renaming in &all {
                    let mut renaming = *renaming;
                    for (at, member) in order.iter().enumerate() {
                        renaming[usize::from(*member)] = (place + at) as u8;
                    }
                    longer.push(renaming);
                }
                if longer.len() >= MOST_ORDERS {
                    break;
                }
            }
            all = longer;
            place += members.len();
        }
        Ok(all)
    }

    /// Brings together threads of which any two can change their names and the state stays what it is: it is all one in
    /// which order they come.
    fn twins(
        &mut self,
        around: Around<'_>,
        state: &State,
        members: &[u8],
        bytes: &mut Vec<u8>,
    ) -> Result<Vec<Vec<u8>>, Stop> {
        let mut unchanged = std::mem::take(&mut self.best);
        encode(state, around.shape, &mut unchanged);
        let mut all: Vec<Vec<u8>> = Vec::new();
        for member in members {
            let mut twin = None;
            for (index, twins) in all.iter().enumerate() {
                let mut exchanged = IDENTITY;
                exchanged.swap(usize::from(*member), usize::from(twins[0]));
                self.write_down(around, state, &exchanged, bytes)?;
                if *bytes == unchanged {
                    twin = Some(index);
                    break;
                }
            }
            match twin {
                Some(index) => all[index].push(*member),
                None => all.push(vec![*member]),
            }
        }
        self.best = unchanged;
        Ok(all)
    }
}

/// Writes into `into` a state with other names.
fn rename(
    around: Around<'_>,
    state: &State,
    renaming: &Renaming,
    into: &mut State,
) -> Result<(), Stop> {
    into.clone_from(state);
    for (index, thread) in state.threads.iter().enumerate() {
        let node = around.symmetry.renamed(thread.node, renaming, around.known)?;
        let out = thread.phase.is_out() && around.options.merge_the_dead;
        let renamed = &mut into.threads[usize::from(renaming[index])];
        *renamed = *thread;
        renamed.node = if out { around.known.node(node).noted } else { node };
    }
    let cells = into.cells.len();
    into.views().for_each(|view| rename_view(view, cells, renaming));
    for (word, (_, robust)) in into.words.iter_mut().zip(&around.known.names().words) {
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

/// A thread's results with other names.
pub(super) fn rename_script(script: &[u64], sources: &[u8], renaming: &Renaming) -> Vec<u64> {
    let results = script.iter().zip(sources);
    results
        .map(|(result, source)| match *source {
            NO_IDS => *result,
            _ => rename_value(*result, renaming),
        })
        .collect()
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

/// Everybody keeps their name.
pub(super) const IDENTITY: Renaming = {
    let mut names = [0; MOST_THREADS];
    let mut at = 0;
    while at < MOST_THREADS {
        names[at] = at as u8;
        at += 1;
    }
    names
};

/// All orders of so many members in which those of one class come as they stand.
fn arrangements(classes: &[Vec<u8>], length: usize) -> Vec<Vec<u8>> {
    let mut all = vec![Vec::new()];
    for _ in 0..length {
        let longer = |order: &Vec<u8>| {
            let next = classes
                .iter()
                .filter_map(|class| class.iter().copied().find(|member| !order.contains(member)));
            next.map(|member| [&order[..], &[member]].concat()).collect::<Vec<_>>()
        };
        all = all.iter().flat_map(longer).collect();
    }
    all
}

/// All ways to name the others that a node's thread has met, where the thread itself is the first.
pub(super) fn namings(node: &Node, threads: usize) -> Vec<Renaming> {
    let mut all = vec![vec![node.thread]];
    for _ in 1..threads {
        let longer = |names: &Vec<u8>| with_one_more(names, node.met, threads as u8);
        all = all.iter().flat_map(longer).collect();
    }
    all.iter().map(|names| naming(names)).collect()
}

/// The threads whose ids are among these results, and the thread itself: a bit for each.
pub(super) fn met(thread: u8, script: &[u64], sources: &[u8]) -> u16 {
    let results = script.iter().zip(sources).filter(|(_, source)| **source != NO_IDS);
    let owners = results.filter_map(|(result, _)| (*result as u32 & OWNER).checked_sub(1));
    let others = owners.filter(|owner| *owner < MOST_THREADS as u32);
    others.fold(1 << thread, |met, owner| met | 1 << owner)
}

/// Whoever can get the next name gets it. It is all one which of those that were never met comes first.
fn with_one_more(names: &[u8], met: u16, threads: u8) -> Vec<Vec<u8>> {
    let left = || (0..threads).filter(|other| !names.contains(other));
    let unmet = left().find(|other| met & 1 << other == 0);
    let next = left().filter(|other| met & 1 << other != 0).chain(unmet);
    next.map(|other| [names, &[other]].concat()).collect()
}

fn naming(names: &[u8]) -> Renaming {
    let mut renaming = IDENTITY;
    for (to, from) in names.iter().enumerate() {
        renaming[usize::from(*from)] = to as u8;
    }
    renaming
}
