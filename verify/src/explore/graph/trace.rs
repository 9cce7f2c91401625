//! What was done, as people read it.

use super::automaton::Automata;
use super::step::{Did, What};
use crate::platform::recorder::Wants;
use crate::platform::{between, lock_word};
use crate::trace::{Step, op};

/// The steps of what was done.
pub(super) fn steps(automata: &Automata, did: &[Did]) -> Vec<Step> {
    did.iter().flat_map(|did| in_words(automata, did)).collect()
}

/// What one of these is called: with a number, where several have the same name.
fn called(all: &[&str], at: usize) -> String {
    let Some(name) = all.get(at) else { return String::new() };
    let alike = |all: &[&str]| all.iter().filter(|other| *other == name).count();
    if alike(all) > 1 { format!("{name} #{}", alike(&all[..=at])) } else { (*name).to_owned() }
}

fn in_words(automata: &Automata, did: &Did) -> Vec<Step> {
    let label = &automata.node(did.node).label;
    // What the kernel does is on words, wherever the thread stood when it died.
    let by_kernel = matches!(did.what, What::Marks(_) | What::Looks(_) | What::Wakes(_));
    let is_cell = !by_kernel && matches!(label.wants, Wants::CellGet | Wants::CellSet(_));
    let word = match did.what {
        What::Marks(word) | What::Looks(word) | What::Wakes(word) => word,
        What::Enters(word) | What::FindsChanged(word) => word,
        What::Leaves(word) | What::IsMoved(word) => word,
        _ => label.on,
    };
    let names = automata.names();
    let words: Vec<&str> = names.words.iter().map(|(name, _)| *name).collect();
    let at = usize::from(word);
    let (name, robust) = match label.kind {
        None if matches!(did.what, What::Dies) => (String::new(), false),
        _ if is_cell => (called(&names.cells, at), false),
        _ => (called(&words, at), names.words.get(at).is_some_and(|(_, robust)| *robust)),
    };
    let value = |value: Option<u64>| match value {
        None => String::new(),
        Some(value) if robust => lock_word(value as u32),
        Some(value) => value.to_string(),
    };
    let step = |what: &str| Step {
        thread: usize::from(did.thread) + 1,
        op: what.to_owned(),
        word: name.clone(),
        ordering: String::new(),
        before: String::new(),
        after: String::new(),
        site: String::new(),
    };
    let site = label.site.map_or_else(String::new, |at| format!("{}:{}", at.file(), at.line()));
    let (wait_op, expected) = match &label.wants {
        Wants::Wait(expected, _) => (op::FUTEX_WAIT, Some(*expected)),
        Wants::WaitAny(words, _) => {
            let of_word = words.iter().find(|(on, _)| *on == word);
            (op::FUTEX_WAIT_ANY, of_word.map(|(_, expected)| *expected))
        }
        _ => (op::FUTEX_WAIT, None),
    };
    let wait = |before| Step { before: value(before), site: site.clone(), ..step(wait_op) };
    match did.what {
        What::Wanted if matches!(label.wants, Wants::Requeue { .. }) => {
            let Wants::Requeue { to, .. } = label.wants else { return Vec::new() };
            let to = called(&words, usize::from(to));
            let after = did.after.map_or_else(String::new, |number| number.to_string());
            let (word, before) = (between(&name, &to), value(did.before));
            vec![Step { before, after, site, word, ..step(op::FUTEX_REQUEUE) }]
        }
        What::Wanted => {
            let ordered = !is_cell
                && matches!(
                    label.wants,
                    Wants::Load
                        | Wants::Store(_)
                        | Wants::Modify(..)
                        | Wants::CompareExchange { .. }
                        | Wants::Fence
                );
            let ordering = if ordered { format!("{:?}", label.order) } else { String::new() };
            let counts = matches!(label.wants, Wants::Wake(_) | Wants::UpdateWake(..));
            let after = match did.after {
                Some(woken) if counts => woken.to_string(),
                after => value(after),
            };
            let what = label.kind.map_or("", |kind| kind.name());
            let word = if label.wants == Wants::Fence { String::new() } else { name.clone() };
            let reads = !matches!(label.wants, Wants::Store(_) | Wants::CellSet(_));
            let before = if reads { value(did.before) } else { String::new() };
            vec![Step { ordering, before, after, site, word, ..step(what) }]
        }
        What::FallsAsleep | What::Enters(_) => vec![wait(did.before)],
        What::Returns => vec![wait(expected), step("wakes up")],
        What::FindsItChanged | What::FindsChanged(_) => {
            vec![wait(expected), step("finds it changed")]
        }
        What::IsFound => vec![step("is woken")],
        What::Leaves(_) => vec![step(&format!("leaves {name}"))],
        What::IsMoved(_) => vec![step(&format!("{}{name}", op::IS_MOVED))],
        What::BeginsAnew => vec![step("begins anew")],
        What::WakesUp => vec![step("wakes up")],
        What::TimesOut => vec![step("times out")],
        What::Dies => vec![step(op::DIES)],
        What::Looks(_) => vec![Step { before: value(did.before), ..step("load") }],
        What::Marks(_) => vec![Step {
            before: value(did.before),
            after: value(did.after),
            ordering: "AcqRel".to_owned(),
            ..step("compare_exchange")
        }],
        What::Wakes(_) => {
            let woken = did.after.unwrap_or(0).to_string();
            vec![Step { after: woken, ..step(op::FUTEX_WAKE) }]
        }
    }
}
