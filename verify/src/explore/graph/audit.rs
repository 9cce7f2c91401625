//! The audit of what the algorithm's marks say.
//!
//! A mark brings together all histories of a thread that reach it with equal tokens: from there on, the search
//! follows the first of them for all. A token that leaves something out makes that a silent, false proof. So after
//! each search the others are followed, too. Behind every *other way* into a known node, the thread's code is run
//! again along steps that are known, and has to want the same operations, to have told the kernel the same, to pass
//! the same marks with the same tokens, and to have noted the same at the end.
//!
//! 1. Each other way is looked at the moment it is found: whether the same is wanted there.
//! 2. Walks are planned from the node, so that every known step behind it is on one of them; each leads to an end.
//!    They are walked behind every other way.
//! 3. Each way that closes a cycle goes round it many times, for what only counts up, and then to an end.
//! 4. Random walks, half as many again.
//!
//! A walk goes on where steps are known, whether or not its results can follow each other in any execution: a token
//! says what the code remembers, and not what can happen.
//!
//! This is a test of the tokens, and no proof: `docs/explorer.md` says what it can miss.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::rc::Rc;

use fastrand::Rng;

use super::automaton::Automata;
use crate::platform::recorder::{Key, Label, Stopped, Watch};
use crate::report::numbers::{count, counted};

mod plan;
mod steps;
mod words;

use plan::{LENGTH, Plan};
use steps::{Step, Steps};

/// How many operations are played at most: some tenths of a second's worth.
const OPERATIONS: usize = 250_000;
/// So many of them at least on random walks.
const AT_RANDOM: usize = 2_000;
/// A cycle is gone round so often,
const ROUNDS: usize = 70;
/// or less, so that it takes no more steps than this.
const CYCLED: usize = 400;

/// What is known of a node.
#[derive(Debug)]
struct Node {
    label: Label,
    key: Key,
}

/// A way into a node by which it was not found first.
#[derive(Clone, Copy, Debug)]
struct Way {
    from: u32,
    step: Step,
}

/// A thread goes on differently after two histories that a mark has brought together.
#[derive(Debug)]
struct Difference {
    /// Results, after which the thread should stand at this node.
    script: Vec<u64>,
    node: u32,
    /// And at this one before the last of them.
    before: Option<u32>,
    /// Whether it does not stand there: else it does, and wants something else, or has noted something else.
    elsewhere: bool,
}

/// Follows every history that was brought together with another one. Returns how much that was, or what is wrong with a
/// mark.
pub(super) fn audit(
    automata: &mut Automata,
    interchangeable: bool,
    seed: u64,
) -> Result<String, String> {
    let torn = automata.torn().cloned();
    if let Some((node, script)) = torn {
        let difference = Difference { script, node, before: None, elsewhere: false };
        return Err(words::of(automata, &difference));
    }
    let steps = Steps::of(automata, interchangeable);
    let mut audit = Audit::new(automata, steps);
    match audit.all(&mut Rng::with_seed(seed)) {
        Ok(()) => Ok(audit.note()),
        Err(difference) => {
            let why = words::of(automata, &difference);
            Err(format!("{why} (found from seed {seed})"))
        }
    }
}

/// Whether the same is wanted. Most of what is compared is the same, and then need not be compared by its file's name.
fn same(one: &Label, other: &Label) -> bool {
    let here = one.site.zip(other.site).is_some_and(|(one, other)| std::ptr::eq(one, other));
    let but_for_the_site = |label: &Label| (label.kind, label.on, label.order);
    (here || one.site == other.site)
        && but_for_the_site(one) == but_for_the_site(other)
        && one.wants == other.wants
}

struct Audit<'a> {
    automata: &'a mut Automata,
    steps: Steps,
    nodes: Rc<[Option<Node>]>,
    /// What was noted, by the first node that noted it.
    notes: HashMap<u32, String>,
    ways: Vec<Way>,
    /// From each node that has several ways into it.
    plans: BTreeMap<u32, Plan>,
    /// How many operations may still be played.
    left: usize,
    walked: usize,
}

impl<'a> Audit<'a> {
    fn new(automata: &'a mut Automata, steps: Steps) -> Self {
        let mut nodes: Vec<_> = (0..automata.nodes()).map(|_| None).collect();
        for (node, key) in automata.keys() {
            let label = automata.node(node).label.clone();
            nodes[node as usize] = Some(Node { label, key: key.clone() });
        }
        let first = |(from, step): &(u32, Step)| {
            let script = &automata.node(*from).script;
            let found = &automata.node(step.to).script;
            found.strip_prefix(&script[..]).is_some_and(|rest| rest == [step.result])
        };
        let ways: Vec<_> = steps
            .all()
            .filter(|step| !first(step))
            .map(|(from, step)| Way { from, step })
            .collect();
        let mut plans = BTreeMap::new();
        for way in &ways {
            plans.entry(way.step.to).or_insert_with(|| Plan::behind(way.step.to, &steps));
        }
        let (nodes, notes) = (nodes.into(), automata.notes());
        Self { automata, steps, nodes, notes, ways, plans, left: OPERATIONS, walked: 0 }
    }

    fn all(&mut self, rng: &mut Rng) -> Result<(), Difference> {
        // Where there is no time for all, it shall not be the same ones each time.
        rng.shuffle(&mut self.ways);
        self.cover(0..1)?;
        self.go_round()?;
        let most = self.plans.values().map(|plan| plan.walks.len()).max().unwrap_or(0);
        self.cover(1..most)?;
        self.at_random(rng, ((OPERATIONS - self.left) / 2).max(AT_RANDOM))
    }

    /// Does these of the planned walks behind every way.
    fn cover(&mut self, walks: Range<usize>) -> Result<(), Difference> {
        for walk in walks {
            for at in 0..self.ways.len() {
                let way = self.ways[at];
                let planned = &self.plans[&way.step.to].walks;
                if walk < planned.len() {
                    // Where they cannot be done all, each way gets others.
                    let walk = &planned[(walk + at) % planned.len()];
                    let (steps, new) = (walk.steps.clone(), walk.new);
                    if self.walk(way, &steps)? {
                        self.walked += new;
                    }
                }
            }
        }
        Ok(())
    }

    /// Closes each cycle again and again.
    fn go_round(&mut self) -> Result<(), Difference> {
        for at in 0..self.ways.len() {
            let way = self.ways[at];
            let Some(mut cycle) = self.plans[&way.step.to].way_to(way.from) else { continue };
            cycle.push(way.step);
            let rounds = ROUNDS.min(CYCLED / cycle.len()).max(2);
            let mut steps = cycle.repeat(rounds);
            steps.extend(self.steps.to_the_end(way.step.to));
            self.walk(way, &steps)?;
        }
        Ok(())
    }

    fn at_random(&mut self, rng: &mut Rng, most: usize) -> Result<(), Difference> {
        let until = self.left.saturating_sub(most);
        let mut before = usize::MAX;
        while self.left > until && self.left < before {
            before = self.left;
            for at in 0..self.ways.len() {
                let way = self.ways[at];
                let (mut steps, mut node) = (Vec::new(), way.step.to);
                while steps.len() < LENGTH
                    && let Some(step) = rng.choice(self.steps.onward(node))
                {
                    steps.push(*step);
                    node = step.to;
                }
                steps.extend(self.steps.to_the_end(node));
                self.walk(way, &steps)?;
            }
        }
        Ok(())
    }

    /// Walks behind a way; returns false if there was no time for it.
    fn walk(&mut self, way: Way, steps: &[Step]) -> Result<bool, Difference> {
        let from = self.automata.node(way.from);
        let (thread, mut script) = (from.thread, from.script.clone());
        script.push(way.step.result);
        let played = script.len() + steps.len();
        if self.left < played {
            return Ok(false);
        }
        self.left -= played;
        let begins = script.len();
        script.extend(steps.iter().map(|step| step.result));
        let ends: Vec<u32> =
            [way.step.to].into_iter().chain(steps.iter().map(|step| step.to)).collect();
        let ends: Rc<[u32]> = ends.into();
        let watch = self.watch(begins, &ends);
        let (stopped, notes) = self.automata.watch(thread, &script, watch);
        self.compare(way, begins, script, &ends, &stopped, &notes).map_or(Ok(true), Err)
    }

    /// Looks on as a thread comes to these nodes, and stops it where it does not.
    fn watch(&self, begins: usize, ends: &Rc<[u32]>) -> Watch {
        let (nodes, ends) = (Rc::clone(&self.nodes), Rc::clone(ends));
        let alike = self.automata.likeness();
        Rc::new(move |after, label, place, lists| {
            let Some(at) = after.checked_sub(begins) else { return true };
            nodes[ends[at] as usize].as_ref().is_some_and(|node| {
                same(&node.label, label) && node.key.lists == lists && alike(&node.key.place, place)
            })
        })
    }

    fn compare(
        &self,
        way: Way,
        begins: usize,
        mut script: Vec<u64>,
        ends: &[u32],
        stopped: &Stopped,
        notes: &str,
    ) -> Option<Difference> {
        let at = stopped.after.saturating_sub(begins);
        let node = ends[at];
        let before = if at == 0 { way.from } else { ends[at - 1] };
        let known = self.nodes[node as usize].as_ref()?;
        let elsewhere = !self.automata.likeness()(&known.key.place, &stopped.key.place);
        let whole = stopped.after == script.len();
        let noted = || self.notes.get(&self.automata.node(node).noted).is_some_and(|n| n == notes);
        let same = !elsewhere
            && known.label == stopped.label
            && known.key.lists == stopped.key.lists
            && (!whole || noted());
        script.truncate(stopped.after);
        (!same).then_some(Difference { script, node, before: Some(before), elsewhere })
    }

    fn note(&self) -> String {
        if self.ways.is_empty() {
            return "marks audited: no place has more than one way into it".to_owned();
        }
        let ways = counted(self.ways.len(), "other way");
        let places = counted(self.plans.len(), "place");
        let all: usize = self.ways.iter().map(|way| self.plans[&way.step.to].steps()).sum();
        let how_far = if self.walked == all && self.steps.are_all() {
            "every known step walked behind each".to_owned()
        } else {
            let (walked, all) = (count(self.walked as u64), count(all as u64));
            format!("{walked} of {all} known steps walked behind them, drawn at random")
        };
        format!("marks audited: {ways} into {places}, {how_far}")
    }
}
