//! Somebody sleeps for ever: on which word, who was the last to change it, and what became of the wake.

use std::ops::Range;

use super::super::effect::value_after;
use super::told::{Told, site};
use crate::trace::{Step, op};

/// So many sleepers are spoken of.
const MOST: usize = 2;

/// Why each that sleeps is not woken.
pub(super) fn explain(told: &Told<'_>) -> Vec<String> {
    let sleepers = told.threads().into_iter().map(|thread| told.sleep_of(thread));
    let sleepers: Vec<Vec<usize>> = sleepers.filter(|waits| !waits.is_empty()).collect();
    let spoken_of = sleepers.iter().take(MOST).flatten();
    let mut said: Vec<String> = spoken_of.map(|wait| of(told, *wait)).collect();
    if let Some(more) = sleepers.len().checked_sub(MOST).filter(|more| *more > 0)
        && let Some(last) = said.last_mut()
    {
        *last += &format!(" {more} more sleep{}.", if more == 1 { "s" } else { "" });
    }
    said
}

fn of(told: &Told<'_>, wait: usize) -> String {
    let (asleep, all) = (&told.steps[wait], told.steps.len());
    let (thread, word) = (asleep.thread, asleep.word.as_str());
    let mut said = if asleep.before.is_empty() {
        format!("Process {thread} sleeps on {word}, to which it was moved.")
    } else {
        let (value, site) = (&asleep.before, site(asleep));
        format!("Process {thread} sleeps on {word} while that is {value}{site}.")
    };
    let change = told.last_change(word, 0..all);
    if let Some(change) = change.filter(|change| *change > wait) {
        return said + &changed_since(told, change, wait);
    }
    if let Some(holder) = holder(told, asleep) {
        return said + &holder;
    }
    if let Some(change) = change.filter(|change| told.steps[*change].thread == thread) {
        said += &format!(" It {} itself.", told.did(change));
    }
    let by_another = |at: &usize| {
        let step = &told.steps[*at];
        step.word == word && step.thread != thread && told.changes(*at)
    };
    said + &match (0..wait).rev().find(by_another) {
        Some(change) => unchanged_since(told, change, wait),
        None => " Nobody else has changed it.".to_owned(),
    }
}

/// The word is as it was when somebody fell asleep: whoever was to change it does not.
fn unchanged_since(told: &Told<'_>, change: usize, wait: usize) -> String {
    let (step, asleep) = (&told.steps[change], &told.steps[wait]);
    let mut said = format!(" Before that {} {}.", whose(told, change), told.did(change));
    if is_unseen(told, change, wait) {
        said += &format!(" Process {} had not seen that when it fell asleep.", asleep.thread);
    }
    said += &wake_before(told, step, wait);
    said + &now(told, step.thread)
}

/// Whether somebody fell asleep on a value that another had already replaced.
fn is_unseen(told: &Told<'_>, change: usize, wait: usize) -> bool {
    let asleep = &told.steps[wait];
    let changed_itself = (change..wait).any(|at| {
        let step = &told.steps[at];
        step.thread == asleep.thread && step.word == asleep.word && told.changes(at)
    });
    let is_other = told.left(change).is_some_and(|left| left != asleep.before);
    is_other && !changed_itself && !asleep.before.is_empty()
}

/// The word is another by now, so somebody ought to have woken the sleeper.
fn changed_since(told: &Told<'_>, change: usize, wait: usize) -> String {
    let (step, all) = (&told.steps[change], told.steps.len());
    let mut said = format!(" Since then {} {}", whose(told, change), told.did(change));
    match wakes(told, &step.word, change..all).last() {
        None => {
            said += &format!(", and nobody has called a wake on {} after that.", step.word);
            said += &wake_before(told, step, change);
        }
        Some(at) => {
            let (wake, sleeper) = (&told.steps[*at], told.steps[wait].thread);
            said += &format!(
                ". The last wake on {} was {}{}, and it reached {}, not process {sleeper}.",
                step.word,
                if told.is_kernels(*at) {
                    "the kernel's".to_owned()
                } else {
                    format!("process {}'s", wake.thread)
                },
                site(wake),
                reached(told, *at)
            );
        }
    }
    said
}

/// Whom a wake has reached: by name, if nobody else slept there of those that sleep no longer.
fn reached(told: &Told<'_>, wake: usize) -> String {
    let step = &told.steps[wake];
    let sleeps_there = |thread: &usize| {
        let last = (0..wake).rev().find(|at| told.steps[*at].thread == *thread);
        last.is_some_and(|last| {
            let is_wait =
                matches!(told.steps[last].op.as_str(), op::FUTEX_WAIT | op::FUTEX_WAIT_ANY);
            is_wait && told.steps[last].word == step.word && !told.sleep_of(*thread).contains(&last)
        })
    };
    let woken: Vec<usize> = told.threads().into_iter().filter(sleeps_there).collect();
    match (step.after.as_str(), &woken[..]) {
        ("0", _) => "nobody".to_owned(),
        ("1", [one]) => format!("process {one}"),
        (number, _) => format!("{number} of those that slept"),
    }
}

/// Says so if whoever changed the word had called a wake before.
fn wake_before(told: &Told<'_>, changed: &Step, before: usize) -> String {
    let its = |wake: &usize| told.steps[*wake].thread == changed.thread && !told.is_kernels(*wake);
    let mut all = wakes(told, &changed.word, 0..before).into_iter();
    all.rfind(its).map_or_else(String::new, |wake| {
        let (step, reached) = (&told.steps[wake], reached(told, wake));
        format!(
            " Process {}'s last wake{} was earlier, and it reached {reached}.",
            step.thread,
            site(step)
        )
    })
}

/// The wakes on a word.
fn wakes(told: &Told<'_>, word: &str, within: Range<usize>) -> Vec<usize> {
    let kinds = [op::FUTEX_WAKE, op::FUTEX_UPDATE_WAKE_ALL, op::FUTEX_REQUEUE];
    let is_one = |at: &usize| {
        let step = &told.steps[*at];
        let from = step.word.split(" → ").next().unwrap_or(&step.word);
        kinds.contains(&step.op.as_str()) && from == word
    };
    within.filter(is_one).collect()
}

fn whose(told: &Told<'_>, at: usize) -> String {
    let thread = told.steps[at].thread;
    if told.is_kernels(at) {
        format!("the kernel, for process {thread}, which had died")
    } else {
        format!("process {thread}")
    }
}

/// Who holds the lock, where the word says so.
fn holder(told: &Told<'_>, asleep: &Step) -> Option<String> {
    let all: Vec<&Step> = told.steps.iter().collect();
    let held = value_after(&all, &asleep.word)?.strip_prefix("held by ")?;
    let holder: usize = held.split('+').next()?.parse().ok()?;
    Some(format!(" Process {holder} holds it.{}", now(told, holder)))
}

/// What somebody does now, who cannot help.
fn now(told: &Told<'_>, thread: usize) -> String {
    if told.death_of(thread).is_some() {
        return format!(" Process {thread} has died.");
    }
    match told.sleep_of(thread).first() {
        Some(wait) => format!(" Process {thread} sleeps itself, on {}.", told.steps[*wait].word),
        None => format!(" Process {thread} has come to its end."),
    }
}
