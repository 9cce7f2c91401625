//! A data race: which access the last one is not ordered after, and which release or acquire would have ordered it.

use super::told::{Told, acquires, is_data, releases, site};

/// What the last step, if it is on protected data, is not ordered after.
pub(super) fn explain(told: &Told<'_>) -> Vec<String> {
    let Some(last) = told.steps.len().checked_sub(1) else { return Vec::new() };
    if !is_data(&told.steps[last]) {
        return Vec::new();
    }
    let Some(other) = unordered(told, last) else { return Vec::new() };
    let (here, there) = (&told.steps[last], &told.steps[other]);
    let said = |set: bool| if set { "writes" } else { "reads" };
    let both = format!(
        "Process {} {} {}{}, and process {} {} it{}: nothing orders the two.",
        there.thread,
        if there.op == "set" { "wrote" } else { "read" },
        there.word,
        site(there),
        here.thread,
        said(here.op == "set"),
        site(here),
    );
    let missing = missing_pair(told, other, last).or_else(|| no_pair(told, other, last));
    std::iter::once(both).chain(missing).collect()
}

/// Says so where the later process had read nothing that the earlier one wrote after its access.
fn no_pair(told: &Told<'_>, earlier: usize, later: usize) -> Option<String> {
    let (from, to) = (told.steps[earlier].thread, told.steps[later].thread);
    if told.may_have_met((from, earlier), (to, later)) {
        return None;
    }
    let at_all = match told.threads().len() {
        2 => ": no release and acquire are between the two at all",
        _ => "",
    };
    Some(format!(
        "In between, process {to} read nothing that process {from} had written after that{at_all}."
    ))
}

/// The latest access by another that is in conflict with this one, and not known to whoever does it.
fn unordered(told: &Told<'_>, last: usize) -> Option<usize> {
    let here = &told.steps[last];
    (0..last).rev().find(|at| {
        let there = &told.steps[*at];
        let in_conflict = here.op == "set" || there.op == "set";
        let same = is_data(there) && there.word == here.word && there.thread != here.thread;
        same && in_conflict && !told.knows(last, *at)
    })
}

/// Where the later process had read what the earlier one wrote after its access, and what was missing there to order the two.
pub(super) fn missing_pair(told: &Told<'_>, earlier: usize, later: usize) -> Option<String> {
    let (from, to) = (told.steps[earlier].thread, told.steps[later].thread);
    let met = |read: &usize| {
        let source = told.source(*read).filter(|_| told.steps[*read].thread == to)?;
        let wrote_after = source > earlier && told.steps[source].thread == from;
        (wrote_after && !is_data(&told.steps[*read])).then_some((source, *read))
    };
    let (write, read) = (earlier + 1..later).rev().find_map(|read| met(&read))?;
    let lacks = [lacks_release(told, earlier, write), lacks_acquire(told, read, later)];
    let lacking: Vec<String> = lacks.into_iter().flatten().collect();
    if lacking.is_empty() {
        return None;
    }
    let (written, word) = (&told.steps[write], &told.steps[write].word);
    Some(format!(
        "Process {to} had read {value} from {word}{read_site}, which process {from} wrote after that{write_site}, but {lacking}.",
        value = written.after,
        read_site = site(&told.steps[read]),
        write_site = site(written),
        lacking = lacking.join(", and "),
    ))
}

/// What is missing at the write, if something is.
fn lacks_release(told: &Told<'_>, from: usize, write: usize) -> Option<String> {
    let step = &told.steps[write];
    let fenced = has_fence(told, step.thread, from..write, releases);
    let lacks = !releases(&step.ordering) && !fenced;
    lacks.then(|| format!("that write is {} and no release", step.ordering))
}

/// What is missing at the read, if something is. With which ordering a failed exchange reads, no trace tells.
fn lacks_acquire(told: &Told<'_>, read: usize, to: usize) -> Option<String> {
    let step = &told.steps[read];
    let fenced = has_fence(told, step.thread, read + 1..to, acquires);
    let is_known = !(step.op.starts_with("compare_exchange") && step.after.is_empty());
    let lacks = is_known && !acquires(&step.ordering) && !fenced;
    lacks.then(|| format!("that read is {} and no acquire", step.ordering))
}

fn has_fence(
    told: &Told<'_>,
    thread: usize,
    mut within: std::ops::Range<usize>,
    is_such: fn(&str) -> bool,
) -> bool {
    within.any(|at| {
        let step = &told.steps[at];
        step.thread == thread && step.op == "fence" && is_such(&step.ordering)
    })
}
