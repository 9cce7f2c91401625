//! What sort of step it is, and the mark that stands for it.

use super::effect::Effect;
use super::story::{Lane, Story};
use crate::trace::{Step, op};

/// What sort of step it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Reads,
    Writes,
    Sleeps,
    Wakes,
    Dies,
    /// Done for a dead thread, by the kernel.
    Kernel,
    /// The robust list's own writes.
    Bookkeeping,
    Other,
}

impl Kind {
    /// The sort of a step by a thread that was alive before it.
    pub(super) fn of(step: &Step) -> Self {
        match (step.op.as_str(), Effect::of(step)) {
            (op::DIES, _) => Self::Dies,
            (op::FUTEX_WAIT | op::FUTEX_WAIT_ANY, _) => Self::Sleeps,
            (op::FUTEX_WAKE | op::FUTEX_UPDATE_WAKE_ALL | op::FUTEX_REQUEUE, _) => Self::Wakes,
            (name, _) if name.starts_with(op::IS_MOVED) => Self::Sleeps,
            (name, _) if name.starts_with(op::ROBUST) => Self::Bookkeeping,
            (_, Effect::Reads(_)) => Self::Reads,
            (_, Effect::None) => Self::Other,
            (_, _) => Self::Writes,
        }
    }

    pub(super) const fn mark(self) -> &'static str {
        match self {
            Self::Reads => "○",
            Self::Writes => "●",
            Self::Sleeps => "z",
            Self::Wakes => "!",
            Self::Dies => "✗",
            Self::Kernel => "◇",
            Self::Bookkeeping | Self::Other => "├",
        }
    }
}

/// What the marks mean, those that occur.
pub(super) fn legend(story: &Story<'_>) -> String {
    let meanings = [
        (Kind::Reads, "reads"),
        (Kind::Writes, "writes"),
        (Kind::Sleeps, "falls asleep"),
        (Kind::Wakes, "wakes"),
        (Kind::Dies, "dies"),
        (Kind::Kernel, "the kernel, for the dead"),
    ];
    let mut parts: Vec<String> = meanings
        .iter()
        .filter(|(kind, _)| story.rows.iter().any(|row| row.kind == *kind))
        .map(|(kind, meaning)| format!("{} {meaning}", kind.mark()))
        .collect();
    let occurs = |lane: Lane| story.rows.iter().any(|row| row.lanes.contains(&lane));
    if occurs(Lane::HoldsOldValue) {
        parts.push(format!("{} holds a value that has changed", Lane::HoldsOldValue.line()));
    }
    if occurs(Lane::Asleep) {
        parts.push(format!("{} asleep", Lane::Asleep.line()));
    }
    parts.join("   ")
}
