//! What a person should notice in a trace: a write that is lost, a read of a value that is no longer there.

use super::effect::{Effect, is_failed_exchange};
use crate::trace::Step;

/// A write that another process overwrites without having seen it, as places in the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LostWrite {
    /// Where the other process had read the word.
    pub(super) read: usize,
    /// The write that is lost.
    pub(super) write: usize,
    /// Where the other process writes.
    pub(super) overwritten: usize,
}

impl LostWrite {
    pub(super) fn describe(&self, steps: &[&Step]) -> String {
        let (read, write) = (steps[self.read], steps[self.write]);
        format!(
            "went on from the {} it read: process {}'s write of {} is lost",
            read.before, write.thread, write.after
        )
    }
}

pub(super) fn lost_writes(steps: &[&Step]) -> Vec<LostWrite> {
    (0..steps.len()).filter_map(|overwritten| lost_at(steps, overwritten)).collect()
}

fn lost_at(steps: &[&Step], overwritten: usize) -> Option<LostWrite> {
    let last = steps[overwritten];
    if !matches!(Effect::of(last), Effect::Writes(_)) {
        return None;
    }
    let on_word = |index: &usize| {
        steps[*index].word == last.word && Effect::of(steps[*index]) != Effect::None
    };
    let own = |index: &usize| steps[*index].thread == last.thread;
    let read = (0..overwritten).rev().filter(on_word).find(own)?;
    let writes = |index: &usize| matches!(Effect::of(steps[*index]).left(), Some(Some(_)));
    let write =
        (read..overwritten).rev().filter(on_word).find(|index| !own(index) && writes(index))?;
    matches!(Effect::of(steps[read]), Effect::Reads(_)).then_some(LostWrite {
        read,
        write,
        overwritten,
    })
}

/// Says so if `step` reads a value that another process has already replaced.
pub(super) fn describe_old_value(earlier: &[&Step], step: &Step) -> Option<String> {
    let Effect::Reads(seen) = Effect::of(step) else { return None };
    if step.op != "load" && !is_failed_exchange(step) {
        return None;
    }
    let changes = |one: &&&Step| one.word == step.word && Effect::of(one).left().is_some();
    let latest = earlier.iter().rev().find(changes)?;
    let left = Effect::of(latest).left()??;
    let old = left != seen && latest.thread != step.thread;
    old.then(|| format!("sees an old value: process {} has written {left}", latest.thread))
}
