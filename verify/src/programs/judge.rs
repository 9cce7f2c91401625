//! The search through what a program may do.

use hashbrown::HashSet;

use super::program::{Program, Seen};
use super::reference::{Asked, Reference, State};

/// How many states are looked at before it is given up to find an order.
const MOST_ORDERS: usize = 200_000;
/// How many are before a program is not worth it to find out whether it can get stuck.
const MOST_ENDS: usize = 10_000;

/// What became of a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is so.
    Yes,
    /// It is not so, whatever is tried.
    No,
    /// There was too much to try.
    Unknown,
}

/// Whether the program may come to that.
#[must_use]
pub fn may_come_to(program: &Program, seen: &Seen) -> Answer {
    let reference = Reference::new(program, Asked::Was(seen));
    search(&reference, MOST_ORDERS, |state| reference.is_over(state) && reference.is_as_seen(state))
}

/// Whether there is a way in which some process waits for ever.
#[must_use]
pub fn can_get_stuck(program: &Program) -> Answer {
    let reference = Reference::new(program, Asked::Sticks);
    search(&reference, MOST_ENDS, |state| !reference.is_over(state) && !reference.goes_on(state))
}

fn search(reference: &Reference<'_>, most: usize, is_it: impl Fn(&State) -> bool) -> Answer {
    let begin = reference.begin();
    let mut seen = HashSet::new();
    seen.insert(begin.clone());
    let mut open = vec![begin];
    while let Some(state) = open.pop() {
        if is_it(&state) {
            return Answer::Yes;
        }
        for next in reference.next(&state) {
            if seen.len() >= most {
                return Answer::Unknown;
            }
            if seen.insert(next.clone()) {
                open.push(next);
            }
        }
    }
    Answer::No
}
