//! A death: after which step, what the dead one left, and what the kernel did for it.

use super::super::kind::Kind;
use super::told::{Told, is_data, site};
use crate::trace::op;

/// What each of the dead left.
pub(super) fn explain(told: &Told<'_>) -> Vec<String> {
    let dead = told.threads().into_iter();
    dead.filter_map(|thread| Some((thread, told.death_of(thread)?)))
        .map(|(thread, death)| of(told, thread, death))
        .collect()
}

fn of(told: &Told<'_>, thread: usize, death: usize) -> String {
    let own = |at: &usize| {
        let step = &told.steps[*at];
        step.thread == thread && !step.site.is_empty() && Kind::of(step) != Kind::Bookkeeping
    };
    let last = (0..death).rev().find(own);
    let mut said = match last {
        None => format!("Process {thread} died before it had read or changed anything."),
        Some(last) => format!("Process {thread} died right after it {}.", told.did(last)),
    };
    said += &by_the_kernel(told, thread, death);
    for (word, value, at) in left(told, thread, death) {
        said += &if Some(at) == last {
            format!(" Nobody has changed {word} since.")
        } else {
            let site = site(&told.steps[at]);
            format!(" It left {word} at {value}{site}, which nobody has changed since.")
        };
    }
    said
}

/// The words that it was the last to change.
fn left<'a>(told: &Told<'a>, thread: usize, death: usize) -> Vec<(&'a str, &'a str, usize)> {
    let mut words: Vec<&str> = told.steps[..death]
        .iter()
        .filter(|step| step.thread == thread && !is_data(step))
        .map(|step| step.word.as_str())
        .collect();
    words.sort_unstable();
    words.dedup();
    let its = |word: &&'a str| {
        let at = told.last_change(word, 0..told.steps.len())?;
        let is_its = told.steps[at].thread == thread && at < death;
        told.left(at).filter(|_| is_its).map(|value| (*word, value, at))
    };
    words.iter().filter_map(its).collect()
}

fn by_the_kernel(told: &Told<'_>, thread: usize, death: usize) -> String {
    let kernels = || (death..told.steps.len()).filter(|at| told.steps[*at].thread == thread);
    let mut did = Vec::new();
    for at in kernels().filter(|at| *at > death) {
        let step = &told.steps[at];
        if told.changes(at) && step.before != step.after {
            did.push(format!("made {} {}", step.word, step.after));
        } else if step.op == op::FUTEX_WAKE {
            let whom = if step.after == "0" { "nobody" } else { &step.after };
            did.push(format!("woke {whom} on {}", step.word));
        }
    }
    match did.as_slice() {
        [] => String::new(),
        did => format!(" For it the kernel {}.", did.join(" and ")),
    }
}
