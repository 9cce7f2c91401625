//! What a step does to its word.

use crate::trace::{Step, op};

/// What a step does to its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect<'a> {
    /// Nothing that concerns the word's value.
    None,
    Reads(&'a str),
    /// Writes without having looked.
    Writes(&'a str),
    /// Reads and writes in one step.
    Exchanges(&'a str, &'a str),
    /// Changes it into a value that the trace does not tell.
    ChangesSomehow,
}

impl<'a> Effect<'a> {
    pub(super) fn of(step: &'a Step) -> Self {
        match (step.op.as_str(), step.before.as_str(), step.after.as_str()) {
            (op::FUTEX_UPDATE_WAKE_ALL, ..) => Self::ChangesSomehow,
            (op::DIES | op::FUTEX_WAIT | op::FUTEX_WAIT_ANY, ..) => Self::None,
            (op::FUTEX_WAKE | op::FUTEX_REQUEUE, ..) | (_, "", "") => Self::None,
            (_, seen, "") => Self::Reads(seen),
            (_, "", left) => Self::Writes(left),
            (_, seen, left) => Self::Exchanges(seen, left),
        }
    }

    /// What the word holds afterwards, if the step changed it; an inner `None` means that nobody knows.
    pub(super) const fn left(self) -> Option<Option<&'a str>> {
        match self {
            Self::None | Self::Reads(_) => None,
            Self::Writes(left) | Self::Exchanges(_, left) => Some(Some(left)),
            Self::ChangesSomehow => Some(None),
        }
    }
}

/// Whether the step is a compare-exchange that found another value than it wanted.
pub(super) fn is_failed_exchange(step: &Step) -> bool {
    step.op.starts_with("compare_exchange") && matches!(Effect::of(step), Effect::Reads(_))
}

/// What a word holds, as far as the first steps of a trace tell: the latest value written, or else one that was read.
pub(super) fn value_after<'a>(steps: &[&'a Step], word: &str) -> Option<&'a str> {
    let mut on_word = steps.iter().rev().filter(|step| step.word == word).map(|s| Effect::of(s));
    let mut read = None;
    on_word
        .find_map(|effect| {
            if let Effect::Reads(seen) = effect {
                read = read.or(Some(seen));
            }
            effect.left()
        })
        .unwrap_or(read)
}
