//! The first thread's automaton, as a search found it: for people.
//!
//! Where threads are interchangeable, the search keeps one of the states that differ only in who is who, so that it asks
//! now the one thread, now another. What it found out about any of them is then told of the first, with the ids changed.

use std::collections::{BTreeMap, HashMap};

use lockproof::platform::Update;
use lockproof::raw::mutex_state::OWNER;

use super::automaton::{Automata, NO_IDS};
use super::symmetry::{IDENTITY, Renaming, namings, rename_script, rename_value};
use crate::platform::lock_word;
use crate::platform::recorder::{
    Label, Modify, Names, REQUEUE_FOUND_IT_CHANGED, Until, Wants, waited,
};

/// A thread's automaton.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Automaton {
    /// Where the thread can stand; it begins at the first.
    pub places: Vec<Place>,
    /// How it gets from one to another, in the order of the places.
    pub steps: Vec<Step>,
}

/// A place where a thread can stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Whether the thread goes on from there, and if not, why.
    pub end: Option<End>,
    /// What the thread wants to do, and on what: `compare_exchange lock`. Where it ends, why.
    pub operation: String,
    /// From which value to which, while which value: `free → held by 1`; empty where nothing is to be said.
    pub values: String,
    /// With which ordering; empty where there is none.
    pub ordering: String,
    /// Where in the source; empty where it ends.
    pub site: String,
    /// The mark in the source right before it, if there is one: all ways that lead there are one from there on.
    pub mark: Option<String>,
}

/// How a thread ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Having done everything.
    Done,
    /// Having seen that a property is broken.
    Wrong,
}

/// From one place to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// From where.
    pub from: usize,
    /// To where.
    pub to: usize,
    /// With which results, in words; none where the result says nothing.
    pub results: Vec<String>,
}

/// What was found out about the first thread.
pub(super) fn extract(automata: &mut Automata, interchangeable: bool) -> Automaton {
    let start = automata.start(0);
    let mut of_first = OfFirst::default();
    let mut steps = Vec::new();
    for (from, result, to) in automata.edges() {
        if interchangeable {
            steps.push(of_first.step(automata, from, result, to));
        } else if automata.node(from).thread == 0 {
            steps.push((from, result, to));
        }
    }
    in_order(automata, start, &steps)
}

/// The first thread's nodes that stand for any thread's.
#[derive(Default)]
struct OfFirst {
    known: HashMap<u32, (u32, Renaming)>,
}

impl OfFirst {
    fn step(
        &mut self,
        automata: &mut Automata,
        from: u32,
        result: u64,
        to: u32,
    ) -> (u32, u64, u32) {
        let (first, renaming) = self.node(automata, from);
        let has_ids = automata.source(&automata.node(from).label) != NO_IDS;
        let result = if has_ids { rename_value(result, &renaming) } else { result };
        (first, result, self.node(automata, to).0)
    }

    /// Of the first thread's nodes that differ from this one in nothing but who is who, the same for all of them, with the
    /// renaming that leads there.
    fn node(&mut self, automata: &mut Automata, node: u32) -> (u32, Renaming) {
        if let Some(known) = self.known.get(&node) {
            return *known;
        }
        let from = automata.node(node);
        let (script, sources) = (from.script.clone(), from.sources.clone());
        let namings = namings(from, automata.program().processes());
        let of_first = namings.into_iter().map(|naming| {
            let renamed = rename_script(&script, &sources, &naming);
            (automata.at(0, renamed, sources.clone()), naming)
        });
        let least = of_first.min_by_key(|(node, _)| *node);
        let found = least.unwrap_or((node, IDENTITY));
        self.known.insert(node, found);
        found
    }
}

/// Puts places into the order in which they are met, the smallest result first. All ends are one.
fn in_order(automata: &Automata, start: u32, steps: &[(u32, u64, u32)]) -> Automaton {
    let ends = |node: u32| automata.node(node).label.wants == Wants::End;
    let end = steps.iter().map(|(.., to)| *to).find(|to| ends(*to));
    let mut onward: BTreeMap<u32, BTreeMap<u64, u32>> = BTreeMap::new();
    for (from, result, to) in steps {
        let to = end.filter(|_| ends(*to)).unwrap_or(*to);
        onward.entry(*from).or_default().insert(*result, to);
    }
    let mut order = vec![start];
    let mut numbers = HashMap::from([(start, 0)]);
    let mut automaton = Automaton::default();
    let mut at = 0;
    while let Some(node) = order.get(at).copied() {
        automaton.places.push(place(automata, node));
        let first = automaton.steps.len();
        for (result, to) in onward.get(&node).into_iter().flatten() {
            let to = *numbers.entry(*to).or_insert_with(|| {
                order.push(*to);
                order.len() - 1
            });
            let label = &automata.node(node).label;
            let words = result_in_words(label, automata.names(), *result);
            match automaton.steps[first..].iter_mut().find(|step| step.to == to) {
                Some(step) => step.results.extend(words),
                None => {
                    let results = words.into_iter().collect();
                    automaton.steps.push(Step { from: at, to, results });
                }
            }
        }
        at += 1;
    }
    automaton
}

fn place(automata: &Automata, node: u32) -> Place {
    let label = &automata.node(node).label;
    let names = automata.names();
    let end = match label.wants {
        Wants::End => Some(End::Done),
        Wants::Violation(_) => Some(End::Wrong),
        _ => None,
    };
    Place {
        end,
        operation: operation(label, names),
        values: values(label, names),
        ordering: ordering(label),
        site: site(label),
        mark: automata.node(node).mark.and_then(|mark| mark_in_words(automata, mark)),
    }
}

pub(super) fn operation(label: &Label, names: &Names) -> String {
    match (&label.wants, label.kind) {
        (Wants::Violation(why), _) => why.clone(),
        (_, Some(kind)) => format!("{} {}", kind.name(), name(label, names)).trim_end().to_owned(),
        (_, None) => "end".to_owned(),
    }
}

pub(super) fn site(label: &Label) -> String {
    label.site.map_or_else(String::new, |at| format!("{}:{}", at.file(), at.line()))
}

fn mark_in_words(automata: &Automata, mark: u32) -> Option<String> {
    let (site, token) = automata.describe_mark(mark)?;
    Some(format!("{site} {}", with_lock_words(&token)))
}

/// Lock words in a token, which show themselves as numbers, in words.
pub(super) fn with_lock_words(token: &str) -> String {
    const BEFORE: &str = "State(";
    let mut parts = token.split(BEFORE);
    let mut said = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let word = part.split_once(')').and_then(|(word, rest)| Some((word.parse().ok()?, rest)));
        match word {
            Some((word, rest)) => said += &format!("{}{rest}", lock_word(word)),
            None => said += &format!("{BEFORE}{part}"),
        }
    }
    said
}

fn name<'a>(label: &Label, names: &'a Names) -> &'a str {
    let at = usize::from(label.on);
    match label.wants {
        Wants::Fence | Wants::End | Wants::Violation(_) => "",
        Wants::CellGet | Wants::CellSet(_) => names.cells[at],
        _ => names.words[at].0,
    }
}

/// A value of the word that the label is about.
fn in_words(label: &Label, names: &Names, value: u64) -> String {
    if is_lock(label, names) { lock_word(value as u32) } else { value.to_string() }
}

fn is_lock(label: &Label, names: &Names) -> bool {
    let is_cell = matches!(label.wants, Wants::CellGet | Wants::CellSet(_));
    !is_cell && names.words.get(usize::from(label.on)).is_some_and(|word| word.1)
}

pub(super) fn values(label: &Label, names: &Names) -> String {
    let in_words = |value: u64| in_words(label, names, value);
    match label.wants {
        Wants::Store(value) | Wants::CellSet(value) => format!("→ {}", in_words(value)),
        Wants::CompareExchange { current, new, .. } => {
            format!("{} → {}", in_words(current), in_words(new))
        }
        Wants::Modify(modify, operand) => modified(modify, operand, is_lock(label, names)),
        Wants::Wait(while_it_is, until) => {
            format!("while {}{}", in_words(while_it_is), deadline(until))
        }
        Wants::WaitAny(ref words, until) => {
            let each = words.iter().map(|(word, expected)| {
                let label = Label { on: *word, ..label.clone() };
                format!("{} {}", name(&label, names), self::in_words(&label, names, *expected))
            });
            let each = each.collect::<Vec<_>>().join(" and ");
            format!("while {each}{}", deadline(until))
        }
        Wants::Wake(count) => so_many(count),
        Wants::Requeue { expected, wake, to, moved } => {
            let to = name(&Label { on: to, ..label.clone() }, names);
            let (wake, moved) = (so_many(wake), so_many(moved));
            format!("if {}: wakes {wake}, moves {moved} to {to}", in_words(expected))
        }
        Wants::UpdateWake(Update::Clear(bit), _) => format!("clears {}", flags(1 << bit)),
        Wants::UpdateWake(Update::Set(bit), _) => format!("sets {}", flags(1 << bit)),
        Wants::Load | Wants::Fence | Wants::CellGet | Wants::End | Wants::Violation(_) => {
            String::new()
        }
    }
}

fn deadline(until: Until) -> &'static str {
    if until == Until::Never { "" } else { ", until a deadline" }
}

fn so_many(count: u32) -> String {
    if count == u32::MAX { "all".to_owned() } else { format!("at most {count}") }
}

fn modified(modify: Modify, operand: u64, is_lock: bool) -> String {
    match modify {
        Modify::Swap if is_lock => format!("→ {}", lock_word(operand as u32)),
        Modify::Swap => format!("→ {operand}"),
        Modify::Add => format!("{:+}", operand as i32),
        Modify::Add64 => format!("{:+}", operand as i64),
        Modify::And if is_lock => format!("clears {}", flags(!operand as u32)),
        Modify::And => format!("& {operand:#x}"),
        Modify::Or if is_lock && operand != 0 => format!("sets {}", flags(operand as u32)),
        Modify::Or => format!("| {operand:#x}"),
    }
}

/// A lock word's bits beside its owner.
fn flags(bits: u32) -> String {
    lock_word(bits & !OWNER).trim_start_matches("free+").to_owned()
}

pub(super) fn ordering(label: &Label) -> String {
    match label.wants {
        Wants::CompareExchange { failure, .. } => {
            format!("{:?}, where it fails {failure:?}", label.order)
        }
        Wants::Load | Wants::Store(_) | Wants::Modify(..) | Wants::Fence => {
            format!("{:?}", label.order)
        }
        _ => String::new(),
    }
}

pub(super) fn result_in_words(label: &Label, names: &Names, result: u64) -> Option<String> {
    match label.wants {
        Wants::Store(_) | Wants::CellSet(_) | Wants::Fence => None,
        Wants::CompareExchange { current, .. } if result == current => Some("done".to_owned()),
        Wants::Wait(..) | Wants::WaitAny(..) => Some(
            match result {
                waited::WOKEN => "woken",
                waited::CHANGED => "it is not",
                _ => "time is up",
            }
            .to_owned(),
        ),
        Wants::Wake(_) | Wants::UpdateWake(..) => Some(format!("{result} woken")),
        Wants::Requeue { .. } if result == REQUEUE_FOUND_IT_CHANGED => {
            Some("it has changed".to_owned())
        }
        Wants::Requeue { .. } => Some(format!("{result} woken or moved")),
        _ => Some(in_words(label, names, result)),
    }
}
