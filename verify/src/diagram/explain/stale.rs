//! A read of an old value: what was not seen, and what would have shown it.

use super::race::missing_pair;
use super::told::{Told, site};

/// The last load that does not see what another has written before, and why it need not.
pub(super) fn explain(told: &Told<'_>) -> Vec<String> {
    let all = (0..told.steps.len()).rev();
    let Some((write, read)) = all.filter_map(|read| stale(told, read)).next() else {
        return Vec::new();
    };
    let (written, reader) = (&told.steps[write], &told.steps[read]);
    let mut said = vec![format!(
        "Process {} {}, though process {} had {}.",
        reader.thread,
        told.did(read),
        written.thread,
        told.did(write).replacen("wrote ", "written ", 1),
    )];
    let because = missing_pair(told, write, read)
        .or_else(|| missing_fence(told, write, read))
        .or_else(|| nothing_told_it(told, write, read));
    said.extend(because);
    said
}

/// The write by another that a load does not see: the latest one of all.
fn stale(told: &Told<'_>, read: usize) -> Option<(usize, usize)> {
    let step = &told.steps[read];
    if step.op != "load" || told.is_kernels(read) {
        return None;
    }
    let write = told.last_change(&step.word, 0..read)?;
    let is_old = told.left(write)? != step.before && told.steps[write].thread != step.thread;
    is_old.then_some((write, read))
}

/// Where each of two writes a word and looks at the other's then, and neither write has to be seen.
fn missing_fence(told: &Told<'_>, write: usize, read: usize) -> Option<String> {
    let other = told.steps[read].thread;
    let own = |at: &usize| told.steps[*at].thread == other && told.changes(*at);
    (0..read).rev().filter(own).find_map(|own| crossing(told, write, own, read))
}

/// The same, if the other one's write is this one.
fn crossing(told: &Told<'_>, write: usize, own: usize, read: usize) -> Option<String> {
    let (one, other) = (told.steps[write].thread, told.steps[read].thread);
    let word = &told.steps[own].word;
    let looks = |at: &usize| {
        let step = &told.steps[*at];
        step.thread == one && &step.word == word && step.op == "load"
    };
    let look = (write + 1..told.steps.len()).find(looks)?;
    let sees_it = told.left(own)? == told.steps[look].before;
    let unfenced: Vec<String> = [(one, write..look), (other, own..read)]
        .into_iter()
        .filter(|(thread, between)| !has_full_fence(told, *thread, between.clone()))
        .map(|(thread, _)| format!("process {thread}"))
        .collect();
    if sees_it || unfenced.is_empty() {
        return None;
    }
    Some(format!(
        "Each of the two writes a word and then looks at the other's: process {one} wrote {mine} and read {word}{site}, process \
         {other} wrote {word} and read {mine}. Release and acquire do not keep a write before a later read; a SeqCst fence \
         in between does, and {unfenced} had none.",
        mine = told.steps[read].word,
        site = site(&told.steps[look]),
        unfenced = unfenced.join(" and "),
    ))
}

fn has_full_fence(told: &Told<'_>, thread: usize, mut within: std::ops::Range<usize>) -> bool {
    within.any(|at| {
        let step = &told.steps[at];
        step.thread == thread && step.op == "fence" && step.ordering == "SeqCst"
    })
}

/// Where the reader had read nothing at all that the writer wrote from then on.
fn nothing_told_it(told: &Told<'_>, write: usize, read: usize) -> Option<String> {
    let (from, to) = (told.steps[write].thread, told.steps[read].thread);
    (!told.may_have_met((from, write), (to, read))).then(|| {
        format!(
            "Until then process {to} had read nothing that process {from} wrote from there on, so it need not see it."
        )
    })
}
