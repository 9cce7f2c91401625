//! Something that goes on for ever: who looks at which word again and again, and who changes it meanwhile.

use super::told::{Told, site};
use crate::trace::Step;

/// So many of those that go round are spoken of.
const MOST: usize = 2;
/// So many reads in a row of one process, at the end of an execution, that all find the same, are a loop.
const IN_A_ROW: usize = 3;

/// Where the last steps begin that are all done by one process that finds the same again and again; the end, if there are
/// too few.
pub(super) fn tail(steps: &[Step]) -> usize {
    let Some(last) = steps.last() else { return 0 };
    let same = |step: &&Step| {
        (step.thread, &step.op, &step.word, &step.before, &step.after)
            == (last.thread, &last.op, &last.word, &last.before, &last.after)
    };
    let in_a_row = steps.iter().rev().take_while(same).count();
    if in_a_row >= IN_A_ROW { steps.len() - in_a_row } else { steps.len() }
}

/// What is done from a step on, again and again.
pub(super) fn explain(told: &Told<'_>, from: usize, why: &str) -> Vec<String> {
    let whom = whom(why);
    let mut round: Vec<usize> = told.steps[from..].iter().map(|step| step.thread).collect();
    round.sort_unstable();
    round.dedup();
    let mut said = Vec::new();
    match whom {
        Some(whom) if !round.contains(&whom) && !round.is_empty() => said.push(idle(told, whom)),
        Some(whom) => said.extend(looks(told, from, whom)),
        None => {}
    }
    if said.is_empty() {
        said.extend(round.into_iter().take(MOST).filter_map(|thread| looks(told, from, thread)));
    }
    said
}

/// Of whom it is said that it does not get on.
fn whom(why: &str) -> Option<usize> {
    let (_, rest) = why.split_once("process ")?;
    rest.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
}

/// One that takes no part in the round.
fn idle(told: &Told<'_>, thread: usize) -> String {
    match told.sleep_of(thread).first() {
        Some(wait) => {
            let step = &told.steps[*wait];
            format!("Process {thread} sleeps on {} all the while{}.", step.word, site(step))
        }
        None => format!("Process {thread} does nothing in that round."),
    }
}

/// What a process finds where it looks and changes nothing, and who changes that word.
fn looks(told: &Told<'_>, from: usize, thread: usize) -> Option<String> {
    let its = |at: &usize| told.steps[*at].thread == thread;
    let is_idle = |at: &usize| {
        let step = &told.steps[*at];
        told.seen(*at).is_some_and(|seen| step.after.is_empty() || seen == step.after)
    };
    let look = (from..told.steps.len()).rev().filter(its).find(is_idle)?;
    let step = &told.steps[look];
    let word = &step.word;
    let on_word = |at: &usize| &told.steps[*at].word == word;
    let others: Vec<usize> = (from..told.steps.len())
        .filter(on_word)
        .filter(|at| told.changes(*at) && told.steps[*at].thread != thread)
        .collect();
    let mut found: Vec<&str> = (from..told.steps.len())
        .filter(its)
        .filter(on_word)
        .filter_map(|at| told.seen(at))
        .collect();
    found.sort_unstable();
    found.dedup();
    let found = found.join(" or ");
    let mut said = format!(
        "Process {thread} looks at {word} again and again{}, and finds {found}.",
        site(step)
    );
    if others.is_empty() {
        said += &unchanged(told, word, from);
    } else {
        let changes: Vec<String> = others
            .iter()
            .map(|at| format!("process {} {}", told.steps[*at].thread, told.did(*at)))
            .collect();
        said += &format!(" In each round {}.", changes.join(", then "));
    }
    Some(said)
}

/// Nobody changes the word: who did, last.
fn unchanged(told: &Told<'_>, word: &str, from: usize) -> String {
    let real = |at: &usize| told.changes(*at) && told.steps[*at].before != told.steps[*at].after;
    let on_word = |at: &usize| told.steps[*at].word == word;
    let Some(change) = (0..from).rev().filter(on_word).find(real) else {
        return " Nobody has changed it at all.".to_owned();
    };
    let who = told.steps[change].thread;
    let then = match told.death_of(who) {
        Some(_) => ", and has died",
        None => "",
    };
    format!(
        " Nobody changes it meanwhile: the last was process {who}, which {}{then}.",
        told.did(change)
    )
}
