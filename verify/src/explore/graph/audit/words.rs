//! What is wrong with a mark, in words.

use std::cell::RefCell;
use std::rc::Rc;

use super::Difference;
use crate::explore::graph::automaton::Automata;
use crate::explore::graph::extract::{
    operation, ordering, result_in_words, site, values, with_lock_words,
};
use crate::platform::recorder::{Label, List, Names, Place, Stopped};

/// So many of a history's last operations are said.
const SAID: usize = 3;

/// Two histories of a thread that a mark has brought together, and what has come of both since.
struct Pair {
    thread: u8,
    mark: Option<u32>,
    histories: [Vec<u64>; 2],
    since: Vec<u64>,
}

/// Says which mark brings together what, and what to do.
pub(super) fn of(automata: &mut Automata, difference: &Difference) -> String {
    let pair = pair(automata, difference);
    let process = pair.thread + 1;
    let Some(mark) = pair.mark.filter(|_| pair.histories[0] != pair.histories[1]) else {
        return format!(
            "process {process} did something else when it was run again with the same results: \
             code under the explorer must not look at a clock, at random numbers, or at anything \
             that the platform does not give it"
        );
    };
    let mark = named(automata, mark);
    let [one, other] = pair.histories.each_ref().map(|history| {
        let (_, _, passed) = run(automata, pair.thread, history);
        in_words(&passed, history, automata.names())
    });
    let since = since(automata, &pair);
    let [wants, wants_instead] = ends(automata, &pair);
    format!(
        "the mark at {mark}, brings together what goes on differently: process {process} comes \
         there once {one}, and once {other}; then, {since}, the one {wants}, and the other \
         {wants_instead}. A mark's token has to say all that the loop changes and that matters \
         later"
    )
}

/// A mark, and what it says.
fn named(automata: &Automata, mark: u32) -> String {
    let (site, token) = automata.describe_mark(mark).unwrap_or_default();
    format!("{site}, with the token {}", with_lock_words(&token))
}

/// Two histories to the same mark, one of them the one by which what comes after was found.
fn pair(automata: &Automata, difference: &Difference) -> Pair {
    let Difference { script, node, before, elsewhere } = difference;
    let place_of = |node: u32| {
        let key = automata.keys().find(|(of, _)| *of == node).map(|(_, key)| key);
        key.map_or_else(Place::default, |key| key.place.clone())
    };
    let last = script.last().copied();
    // Where it does not stand where it should, what was there before was not the same.
    let (node, result) = match before {
        Some(before) if *elsewhere => (*before, last),
        _ => (*node, None),
    };
    let place = place_of(node);
    let since: Vec<u64> = place.since().iter().copied().chain(result).collect();
    let known: Vec<u64> = automata.node(node).script.iter().copied().chain(result).collect();
    let to_mark = |script: &[u64]| script[..script.len().saturating_sub(since.len())].to_vec();
    Pair {
        thread: automata.node(node).thread,
        mark: place.mark(),
        histories: [to_mark(&known), to_mark(script)],
        since,
    }
}

fn run(automata: &mut Automata, thread: u8, script: &[u64]) -> (Stopped, String, Vec<Label>) {
    let passed = Rc::new(RefCell::new(Vec::new()));
    let seen = Rc::clone(&passed);
    let (stopped, notes) = automata.watch(
        thread,
        script,
        Rc::new(move |_, label, _, _| {
            seen.borrow_mut().push(label.clone());
            true
        }),
    );
    let passed = passed.take();
    (stopped, notes, passed)
}

/// A history: how long it is, and how it ends.
fn in_words(passed: &[Label], history: &[u64], names: &Names) -> String {
    if history.is_empty() {
        return "at its beginning".to_owned();
    }
    let from = history.len().saturating_sub(SAID);
    let said = done(passed, &history[from..], from, names);
    match (history.len(), from) {
        (1, _) => format!("after 1 operation ({said})"),
        (all, 0) => format!("after {all} operations ({said})"),
        (all, _) => format!("after {all} operations (the last ones: {said})"),
    }
}

fn done(passed: &[Label], results: &[u64], from: usize, names: &Names) -> String {
    let all = passed.iter().skip(from).zip(results).map(|(label, result)| {
        let what = [operation(label, names), values(label, names)].join(" ");
        match result_in_words(label, names, *result) {
            Some(result) => format!("{}: {result}", what.trim_end()),
            None => what.trim_end().to_owned(),
        }
    });
    all.collect::<Vec<_>>().join(", ")
}

fn since(automata: &mut Automata, pair: &Pair) -> String {
    if pair.since.is_empty() {
        return "at once".to_owned();
    }
    let from = pair.histories[0].len();
    let script = [&pair.histories[0][..], &pair.since].concat();
    let (_, _, passed) = run(automata, pair.thread, &script);
    format!("after the same ({})", done(&passed, &pair.since, from, automata.names()))
}

/// What comes of both, where it is not the same.
fn ends(automata: &mut Automata, pair: &Pair) -> [String; 2] {
    let ends = pair.histories.each_ref().map(|history| {
        let script = [&history[..], &pair.since].concat();
        run(automata, pair.thread, &script)
    });
    let [(one, one_noted, _), (other, other_noted, _)] = &ends;
    if one.label != other.label {
        return [one, other].map(|stopped| wants(&stopped.label, automata.names()));
    }
    if one.key.lists != other.key.lists {
        return [one, other].map(|stopped| told(&stopped.key.lists, automata.names()));
    }
    if one_noted != other_noted {
        return [one_noted, other_noted].map(|notes| format!("has noted {notes}"));
    }
    [one, other].map(|stopped| match stopped.key.place.mark() {
        Some(mark) => format!("comes by the mark at {}", named(automata, mark)),
        None => "comes by no mark".to_owned(),
    })
}

fn wants(label: &Label, names: &Names) -> String {
    let (operation, values) = (operation(label, names), values(label, names));
    let (ordering, site) = (ordering(label), site(label));
    if label.site.is_none() {
        return match label.kind {
            None if operation == "end" => "ends".to_owned(),
            _ => format!("says: {operation}"),
        };
    }
    let parts = [operation, values, ordering];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    format!("wants {} at {site}", parts.join(" "))
}

fn told(lists: &[List], names: &Names) -> String {
    let name = |word: &u8| names.words[usize::from(*word)].0;
    let all = lists.iter().map(|list| {
        let held: Vec<_> = list.held.iter().map(name).collect();
        let pending = list.pending.as_ref().map_or("nothing", name);
        format!("holds [{}] and announces {pending}", held.join(", "))
    });
    format!("has told the kernel that it {}", all.collect::<Vec<_>>().join(", then "))
}
