//! The threads' automata, extracted from their real code as far as the search asks for them.
//!
//! A node is a place where a thread stands, an edge the result of the operation that it wants to do there. A new edge is
//! found by running the thread's code from its beginning, with the results that lead there.

use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::rc::Rc;
use std::sync::Arc;

use lockproof::platform::ThreadId;

use super::Operation;
use super::program::Program;
use super::step::Stop;
use super::symmetry::{Renaming, met};
use crate::model::Log;
use crate::platform::recorder::{
    Key, Label, List, Marks, Names, Place, Play, Recorder, Stopped, Watch,
};

/// A node of a thread's automaton.
#[derive(Debug)]
pub(super) struct Node {
    /// Whose it is; threads count from zero.
    pub(super) thread: u8,
    pub(super) label: Label,
    /// The moments since its last operation, at any of which it may die.
    pub(super) moments: Vec<Moment>,
    /// Where it is no place at which a thread stands, but such a moment: of which node, and which one.
    pub(super) within: Option<(u32, u8)>,
    /// Results that lead there; if there are several ways, those of the first that was found.
    pub(super) script: Vec<u64>,
    /// The words that those results were read from; for all but words of 32 bits that hold thread ids, this is
    /// [`NO_IDS`].
    pub(super) sources: Vec<u8>,
    /// The threads whose ids are among those results, and the thread itself: a bit for each.
    pub(super) met: u16,
    /// The mark in the code right before it.
    pub(super) mark: Option<u32>,
    /// Whether that mark is one of the outermost loop's: whoever comes there gets on.
    pub(super) is_progress: bool,
    /// The first node of this thread that has noted the same outside of the memory.
    pub(super) noted: u32,
    /// The words that stand in its robust list at one of the moments, a bit for each.
    pub(super) listed: u128,
}

/// A moment between two operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// What the kernel knows.
    pub(super) list: u16,
    /// A node that has noted what the thread has noted then.
    pub(super) node: u32,
}

/// What a search wants to know, and nobody has asked before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unknown {
    /// Where a thread stands that stood at this node and was given this result.
    After(u32, u64),
    /// The node that is this one, but for who is who.
    Renamed(u32, Renaming),
    /// Which nodes differ from this one in nothing but who is who.
    Orbit(u32),
}

/// Marks a result in which no thread id can be.
pub(super) const NO_IDS: u8 = u8::MAX;

/// What is known of all threads' automata so far: many can read it at a time.
#[derive(Debug)]
pub(super) struct Known {
    nodes: Vec<Node>,
    edges: HashMap<(u32, u64), u32, foldhash::fast::FixedState>,
    lists: Vec<List>,
    names: Names,
    mortal: Vec<bool>,
}

impl Known {
    pub(super) const fn names(&self) -> &Names {
        &self.names
    }

    pub(super) fn node(&self, node: u32) -> &Node {
        &self.nodes[node as usize]
    }

    pub(super) fn list(&self, list: u16) -> &List {
        &self.lists[usize::from(list)]
    }

    /// Whether a thread may die.
    pub(super) fn is_mortal(&self, thread: usize) -> bool {
        self.mortal[thread]
    }

    /// Where a thread stands after an operation, if that has been asked before.
    pub(super) fn after(&self, node: u32, result: u64) -> Result<u32, Stop> {
        let unknown = || Stop::Unknown(Unknown::After(node, result));
        self.edges.get(&(node, result)).copied().ok_or_else(unknown)
    }
}

/// All threads' automata, and what it takes to find out more about them.
pub(super) struct Automata {
    program: Arc<dyn Program>,
    play: Play,
    marks: Rc<RefCell<Marks>>,
    known: Known,
    by_key: HashMap<(u8, Key), u32>,
    by_notes: HashMap<(u8, String), u32>,
    runs: u64,
    /// A node, and results with which a thread comes there and wants something else.
    torn: Option<(u32, Vec<u64>)>,
}

impl Automata {
    pub(super) fn new(program: Arc<dyn Program>, play: Play) -> Self {
        let maker = Recorder::new(0, Vec::new(), play, Arc::default(), Rc::default());
        program.name_all(&maker);
        let mortal = (0..program.processes()).map(|thread| program.is_mortal(thread)).collect();
        let known = Known {
            nodes: Vec::new(),
            edges: HashMap::default(),
            lists: Vec::new(),
            names: maker.names(),
            mortal,
        };
        Self {
            program,
            play,
            marks: Rc::default(),
            known,
            by_key: HashMap::new(),
            by_notes: HashMap::new(),
            runs: 0,
            torn: None,
        }
    }

    pub(super) const fn known(&self) -> &Known {
        &self.known
    }

    pub(super) const fn names(&self) -> &Names {
        self.known.names()
    }

    pub(super) fn node(&self, node: u32) -> &Node {
        self.known.node(node)
    }

    pub(super) fn nodes(&self) -> usize {
        self.known.nodes.len()
    }

    /// How often a thread's code was run.
    pub(super) const fn runs(&self) -> u64 {
        self.runs
    }

    pub(super) fn marks(&self) -> usize {
        self.marks.borrow().count()
    }

    /// From which node, with which result, to which: all that are known, in their order.
    pub(super) fn edges(&self) -> Vec<(u32, u64, u32)> {
        let mut all: Vec<_> =
            self.known.edges.iter().map(|((from, result), to)| (*from, *result, *to)).collect();
        all.sort_unstable();
        all
    }

    /// All that any thread does, in the order of the source.
    pub(super) fn operations(&self) -> Vec<Operation> {
        let labels = self.known.nodes.iter().map(|node| &node.label);
        let mut all: Vec<Operation> = labels
            .filter_map(|Label { kind, site, order, .. }| {
                Some(Operation { kind: (*kind)?, order: *order, site: (*site)? })
            })
            .collect();
        all.sort_by_key(|op| (op.site.file(), op.site.line(), op.site.column()));
        all.dedup();
        all
    }

    /// The keys of all nodes that have one: of places where threads stand, and not of moments.
    pub(super) fn keys(&self) -> impl Iterator<Item = (u32, &Key)> {
        self.by_key.iter().map(|((_, key), node)| (*node, key))
    }

    /// What was noted, by the first node that has noted it.
    pub(super) fn notes(&self) -> HashMap<u32, String> {
        self.by_notes.iter().map(|((_, notes), first)| (*first, notes.clone())).collect()
    }

    /// A node, and results with which a thread comes there and wants something else, if that was ever seen.
    pub(super) const fn torn(&self) -> Option<&(u32, Vec<u64>)> {
        self.torn.as_ref()
    }

    /// Says of two places if they are the same for all that is known there: see [`Marks::alike`].
    pub(super) fn likeness(&self) -> impl Fn(&Place, &Place) -> bool + use<> {
        let marks = Rc::clone(&self.marks);
        move |one, other| marks.borrow().alike(one, other)
    }

    /// Where in the source a mark is, and its token.
    pub(super) fn describe_mark(&self, mark: u32) -> Option<(String, String)> {
        let marks = self.marks.borrow();
        marks.describe(mark).map(|(site, token)| (site, token.to_owned()))
    }

    /// Where a thread begins.
    pub(super) fn start(&mut self, thread: u8) -> u32 {
        self.at(thread, Vec::new(), Vec::new())
    }

    /// Where a thread stands after an operation.
    pub(super) fn after(&mut self, node: u32, result: u64) -> u32 {
        if let Some(next) = self.known.edges.get(&(node, result)) {
            return *next;
        }
        let from = &self.known.nodes[node as usize];
        let mut script = from.script.clone();
        script.push(result);
        let mut sources = from.sources.clone();
        sources.push(self.source(&from.label));
        let next = self.at(from.thread, script, sources);
        self.known.edges.insert((node, result), next);
        next
    }

    /// The word whose values the operation's result has, if they can hold a thread's id.
    pub(super) fn source(&self, label: &Label) -> u8 {
        use crate::platform::recorder::Wants;
        let reads =
            matches!(label.wants, Wants::Load | Wants::Modify(..) | Wants::CompareExchange { .. });
        let holds_ids =
            self.known.names.words.get(usize::from(label.on)).is_some_and(|word| word.1);
        if reads && holds_ids { label.on } else { NO_IDS }
    }

    /// Where a thread stands after these results.
    pub(super) fn at(&mut self, thread: u8, script: Vec<u64>, sources: Vec<u8>) -> u32 {
        let (stopped, notes) = self.run(thread, &script, |recorder| recorder);
        let next = self.known.nodes.len() as u32;
        let lists = stopped.key.lists.clone();
        let mark = stopped.key.place.at_mark();
        // In a model that ends nobody goes round for ever there: whoever does anywhere gets nowhere.
        let is_progress = self.program.is_endless()
            && mark.is_some_and(|mark| self.marks.borrow().is_of_the_outermost_loop(mark));
        let node = match self.by_key.entry((thread, stopped.key)) {
            Entry::Occupied(known) => {
                let (node, notes) = (*known.get(), self.by_notes.get(&(thread, notes)));
                let Node { label, noted, .. } = self.known.node(node);
                if self.torn.is_none() && (*label != stopped.label || notes != Some(noted)) {
                    self.torn = Some((node, script));
                }
                return node;
            }
            Entry::Vacant(free) => *free.insert(next),
        };
        let noted = *self.by_notes.entry((thread, notes)).or_insert(node);
        let met = met(thread, &script, &sources);
        self.known.nodes.push(Node {
            met,
            thread,
            listed: listed(&lists),
            label: stopped.label,
            moments: Vec::new(),
            within: None,
            script,
            sources,
            mark,
            is_progress,
            noted,
        });
        let moments = self.moments(node, lists);
        self.known.nodes[node as usize].moments = moments;
        node
    }

    /// The moments before the operation at which a node stands.
    fn moments(&mut self, node: u32, lists: Vec<List>) -> Vec<Moment> {
        let last = lists.len() - 1;
        let mut moments = Vec::with_capacity(lists.len());
        for (at, list) in lists.into_iter().enumerate() {
            let of = if at == last { node } else { self.moment(node, at) };
            moments.push(Moment { list: self.number(list), node: of });
        }
        moments
    }

    /// A node for what has been noted at a moment before the operation at which another one stands.
    fn moment(&mut self, of: u32, at: usize) -> u32 {
        let Node { thread, script, sources, .. } = &self.known.nodes[of as usize];
        let (thread, script, sources) = (*thread, script.clone(), sources.clone());
        let (stopped, notes) = self.run(thread, &script, |recorder| recorder.stopping_at(at));
        let node = self.known.nodes.len() as u32;
        let noted = *self.by_notes.entry((thread, notes)).or_insert(node);
        let met = met(thread, &script, &sources);
        self.known.nodes.push(Node {
            met,
            thread,
            listed: 0,
            label: stopped.label,
            moments: Vec::new(),
            within: Some((of, at as u8)),
            script,
            sources,
            mark: None,
            is_progress: false,
            noted,
        });
        node
    }

    /// Runs a thread's code with these results, watched, and says where it stopped and what it noted until then.
    pub(super) fn watch(&mut self, thread: u8, script: &[u64], watch: Watch) -> (Stopped, String) {
        self.run(thread, script, |recorder| recorder.watched_by(watch))
    }

    /// Runs a thread's code, up to a moment or its next operation, and says where it stopped and what it noted until
    /// then.
    fn run(
        &mut self,
        thread: u8,
        script: &[u64],
        told: impl FnOnce(Recorder) -> Recorder,
    ) -> (Stopped, String) {
        self.runs += 1;
        let log = Arc::new(Log::default());
        let recorder = told(self.recorder(thread, script, &log));
        let (stopped, noted) = self.program.play(&recorder, thread.into(), &log);
        (stopped, format!("{log:?} {noted}"))
    }

    /// What plays the code that leads to a node again.
    pub(super) fn again(&self, node: u32, log: &Arc<Log>) -> Recorder {
        let Node { thread, script, within, .. } = self.node(node);
        let recorder = self.recorder(*thread, script, log);
        match within {
            Some((_, moment)) => recorder.stopping_at(usize::from(*moment)),
            None => recorder,
        }
    }

    fn recorder(&self, thread: u8, script: &[u64], log: &Arc<Log>) -> Recorder {
        let (marks, log) = (Rc::clone(&self.marks), Arc::clone(log));
        Recorder::new(ThreadId::from(thread) + 1, script.to_vec(), self.play, log, marks)
    }

    pub(super) fn program(&self) -> &dyn Program {
        &*self.program
    }

    fn number(&mut self, list: List) -> u16 {
        let known = self.known.lists.iter().position(|known| *known == list);
        known.unwrap_or_else(|| {
            self.known.lists.push(list);
            self.known.lists.len() - 1
        }) as u16
    }
}

/// The words in these lists, a bit for each; those beyond the last bit are left out.
fn listed(lists: &[List]) -> u128 {
    let held = lists.iter().flat_map(|list| &list.held);
    held.filter_map(|word| 1_u128.checked_shl((*word).into())).fold(0, |all, bit| all | bit)
}
