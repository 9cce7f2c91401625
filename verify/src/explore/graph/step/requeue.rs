//! Moving sleepers to another word, as in `futex_requeue` (`kernel/futex/requeue.c`).
//!
//! The kernel compares under the locks of both queues, but without the full barrier of a wait: so a comparison may find an
//! old value, but none that is older than what somebody knew who has held the lock of the word's queue. Here it is held
//! back in nothing else (see `step.rs` on stale values). Of the other word nobody learns anything, though on Linux they
//! do.

use lockproof::platform::Ordering;

use super::queues::{Found, places, subsets};
use super::{Stepper, Stop, What};
use crate::explore::graph::Memory;
use crate::explore::graph::state::State;
use crate::platform::recorder::REQUEUE_FOUND_IT_CHANGED;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Requeue {
    pub(super) from: usize,
    pub(super) expected: u64,
    pub(super) wake: u32,
    pub(super) to: u8,
    pub(super) moved: u32,
}

impl Stepper<'_> {
    pub(super) fn requeues(&mut self, state: &State, asked: Requeue) -> Result<(), Stop> {
        if !self.shape.needs.requeues {
            return Err(Stop::Requeues);
        }
        let Requeue { from, expected, .. } = asked;
        let of = &state.words[from];
        let known = state.threads[self.thread].knows.at[from].max(of.locked);
        let first = if self.options.memory == Memory::Sc { of.last() } else { known.into() };
        for at in first..=of.last() {
            self.begins(at != of.last());
            let mut next = self.copy(state);
            if !self.reads(&mut next, from, at, Ordering::Relaxed) {
                continue;
            }
            self.looks_back(&mut next, from, at);
            self.moved(&mut next);
            if of.messages[at].value == expected {
                self.publishes(&mut next, from, true);
                self.moves(&next, asked)?;
            } else {
                self.note(state, What::Wanted, Some(expected), None);
                self.goes_on(&mut next, REQUEUE_FOUND_IT_CHANGED)?;
            }
            self.put_back(next);
        }
        Ok(())
    }

    /// Wakes some and moves others, in every way that there is.
    fn moves(&mut self, state: &State, asked: Requeue) -> Result<(), Stop> {
        let queue = self.queue(state, asked.from);
        for woken in subsets(queue, asked.wake) {
            for moved in subsets(queue & !woken, asked.moved) {
                let number = u64::from((woken | moved).count_ones());
                self.did.clear();
                self.note(state, What::Wanted, Some(asked.expected), Some(number));
                let mut next = self.copy(state);
                for (sleeper, place) in places(woken) {
                    self.finds(&mut next, asked.from, sleeper, place, None)?;
                }
                self.moves_to(&mut next, asked.to, moved);
                for word in [asked.from, asked.to.into()] {
                    self.queue_changes(&mut next, word);
                }
                self.goes_on(&mut next, number)?;
                self.put_back(next);
            }
        }
        Ok(())
    }

    fn moves_to(&mut self, state: &mut State, word: u8, moved: Found) {
        let by = self.thread;
        for (sleeper, place) in places(moved) {
            state.threads[sleeper].places.move_to(place, word);
            self.thread = sleeper;
            self.note(state, What::IsMoved(word), None, None);
        }
        self.thread = by;
    }
}
