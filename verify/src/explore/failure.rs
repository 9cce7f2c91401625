//! What a panic that ended an execution means.

use std::any::Any;

use crate::model::Violation;

/// What is wrong with an execution that goes on and on.
pub(crate) const SPINS: &str = "an execution does not end within the steps allowed: somebody spins";
/// The end of what is said of a lock that stands in two robust lists.
pub(crate) const BREAKS_A_LIST: &str = "which breaks that list";

/// What is wrong with an execution that cannot come to its end.
pub(super) const STUCK: &str =
    "nobody can go on: every process that is left waits, and nobody will wake it";

/// Unwinds an exploration that has run out of time.
pub(super) struct OutOfTime;

/// Why an exploration ended early.
pub(super) enum Failure {
    /// The time was up.
    OutOfTime,
    /// A property is broken: in words.
    Broken(String),
}

/// Reads a panic.
pub(super) fn read(panic: &(dyn Any + Send)) -> Failure {
    if panic.is::<OutOfTime>() {
        return Failure::OutOfTime;
    }
    if let Some(Violation(why)) = panic.downcast_ref::<Violation>() {
        return Failure::Broken(why.clone());
    }
    let message = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without words");
    Failure::Broken(in_our_words(message))
}

/// What a panic says, in words.
pub(crate) fn why(panic: &(dyn Any + Send)) -> String {
    match read(panic) {
        Failure::Broken(why) => why,
        Failure::OutOfTime => "the time was up".to_owned(),
    }
}

/// The checkers' own messages name what they found in their terms.
fn in_our_words(message: &str) -> String {
    let message = message.trim();
    let known = [
        ("deadlock", STUCK),
        (
            "Causality violation",
            "a data race: two accesses to protected data, of which one is a write, \
          and nothing orders them",
        ),
        (
            "Concurrent",
            "a data race: two accesses to protected data, of which one is a write, and \
          nothing orders them",
        ),
        ("exceeded maximum number of branches", SPINS),
        ("exceeded max_steps", SPINS),
    ];
    match known.iter().find(|(theirs, _)| message.contains(theirs)) {
        Some((_, ours)) => (*ours).to_owned(),
        None => format!("a panic: {message}"),
    }
}
