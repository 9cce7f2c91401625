//! SeqCst fences, and the order that there must be among them.
//!
//! RC11 wants that the relation `psc` of such fences has no cycle. One comes before another if it happens before it, or if
//! something that happens after the one precedes, in the order of some word, something that happens before the other
//! (`hb; eco; hb`). This order may be against the one in which they are executed here. So it is kept as it is: each
//! fence has what was known at it, and the oldest message of each word that somebody touched who knew of the fence; every
//! access and every fence adds what follows to the relation, and an execution that closes a cycle is none.

use super::MOST_WORDS;
use super::state::State;

/// More SeqCst fences than this are not remembered at a time.
pub(super) const MOST_FENCES: usize = 16;

/// A SeqCst fence that can still come into a cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Fence {
    /// Of each word, the newest message known at it.
    pub(super) knows: [u8; MOST_WORDS],
    /// Of each word, the oldest message that was touched after it: twice its number, and one more if it was read.
    pub(super) touched: [u8; MOST_WORDS],
    /// The fences that have to come later, as bits.
    pub(super) before: u16,
}

/// Nothing was touched.
pub(super) const UNTOUCHED: u8 = u8::MAX;

/// How a message is touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Touch {
    Read,
    Write,
}

/// Notes that a thread touches a message. Returns false if there cannot be such an execution.
pub(super) fn touches(
    state: &mut State,
    thread: usize,
    word: usize,
    at: usize,
    how: Touch,
) -> bool {
    let known = state.threads[thread].knows.fences;
    if known == 0 {
        return true;
    }
    let key = 2 * at as u8 + u8::from(how == Touch::Read);
    for index in bits(known) {
        let touched = &mut state.fences[index].touched[word];
        *touched = key.min(*touched);
        for later in 0..state.fences.len() {
            if precedes(key, state.fences[later].knows[word]) && !put_before(state, index, later) {
                return false;
            }
        }
    }
    true
}

/// Adds a thread's fence, which knows what the thread knows. Returns false if there cannot be such an execution.
pub(super) fn adds(state: &mut State, thread: usize) -> bool {
    let (new, knows) = (state.fences.len(), state.threads[thread].knows);
    state.fences.push(Fence { knows: knows.at, touched: [UNTOUCHED; MOST_WORDS], before: 0 });
    for earlier in 0..new {
        let of = &state.fences[earlier];
        let happens_before = knows.fences & 1 << earlier != 0;
        let by_a_word = of.touched.iter().zip(&knows.at).any(|(key, at)| precedes(*key, *at));
        if (happens_before || by_a_word) && !put_before(state, earlier, new) {
            return false;
        }
    }
    state.threads[thread].knows.fences |= 1 << new;
    true
}

/// Whether what touched a message precedes an access to the message `at`, or to a later one.
const fn precedes(key: u8, at: u8) -> bool {
    key != UNTOUCHED && key < 2 * at + 1
}

/// Puts one fence before another; false if it is after it already, or the same.
fn put_before(state: &mut State, one: usize, other: usize) -> bool {
    let fences = &mut state.fences;
    if one == other || fences[other].before & 1 << one != 0 {
        return false;
    }
    let later = 1 << other | fences[other].before;
    for (index, fence) in fences.iter_mut().enumerate() {
        if index == one || fence.before & 1 << one != 0 {
            fence.before |= later;
        }
    }
    true
}

/// Forgets fences that cannot come into a cycle any more: none is before them, and none can come to be.
pub(super) fn forget(state: &mut State) {
    let mut at = 0;
    while at < state.fences.len() {
        if is_first_for_good(state, at) {
            remove(state, at);
            at = 0;
        } else {
            at += 1;
        }
    }
}

fn is_first_for_good(state: &State, at: usize) -> bool {
    let fence = &state.fences[at];
    let has_one_before = state.fences.iter().any(|other| other.before & 1 << at != 0);
    let all_know = state
        .threads
        .iter()
        .filter(|thread| !thread.phase.is_over())
        .all(|thread| thread.knows.at.iter().zip(&fence.knows).all(|(mine, its)| mine >= its));
    !has_one_before && all_know
}

fn remove(state: &mut State, at: usize) {
    state.fences.remove(at);
    let without = |mask: u16| mask & ((1 << at) - 1) | mask >> 1 & !((1 << at) - 1);
    state.fences.iter_mut().for_each(|fence| fence.before = without(fence.before));
    state.views().for_each(|view| view.fences = without(view.fences));
}

fn bits(mask: u16) -> impl Iterator<Item = usize> {
    (0..MOST_FENCES).filter(move |bit| mask & 1 << bit != 0)
}
