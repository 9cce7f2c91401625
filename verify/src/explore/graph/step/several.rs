//! Waiting for several words at once, as in `futex_wait_multiple` (`kernel/futex/waitwake.c`).
//!
//! A thread compares one word after another, and enters the queue of each: a step for each word. From then on it is found
//! there. When it has entered all and was not found meanwhile, it sleeps. Woken, late, interrupted, or having found a
//! word changed, it leaves the queues again one after another: a step for each where it has not been found. If it was found
//! at any, it says that it was woken. If it is killed it leaves them in the same way, and then dies, found or not.
//!
//! What it compares is not older than what is published, and for that it is held back in nothing: stale values are read
//! as they come (see `step.rs` on those), and all that a thread in any of these steps could read is kept.

use lockproof::platform::Ordering;

use super::queues::word_at;
use super::{Stepper, Stop, What};
use crate::explore::graph::Memory;
use crate::explore::graph::places::MOST_PLACES;
use crate::explore::graph::state::{Phase, State, Why};
use crate::platform::recorder::{Until, Wants, waited};

impl Stepper<'_> {
    pub(super) fn waits_for_any(&mut self, state: &State) -> Result<(), Stop> {
        let label = &self.known.node(state.threads[self.thread].node).label;
        let Wants::WaitAny(words, until) = &label.wants else { return Ok(()) };
        if words.len() > MOST_PLACES {
            let (words, site) = (words.len(), label.site.map(ToString::to_string));
            return Err(Stop::Refused(format!(
                "the wait for {words} words at {}: this explorer has room for {MOST_PLACES}",
                site.unwrap_or_default()
            )));
        }
        if *until == Until::Now {
            let mut next = self.copy(state);
            self.note(state, What::TimesOut, None, None);
            self.moved(&mut next);
            self.goes_on(&mut next, waited::TIMED_OUT)?;
            self.put_back(next);
            return Ok(());
        }
        if self.options.early_returns {
            self.begins(false);
            self.note(state, What::Returns, None, None);
            self.by_chance(|stepper| stepper.goes_on(&mut state.clone(), waited::WOKEN))?;
        }
        self.enters(state, 0, false)
    }

    /// Compares the next word, and enters its queue or finds it changed.
    pub(super) fn enters(&mut self, state: &State, next: usize, found: bool) -> Result<(), Stop> {
        let label = &self.known.node(state.threads[self.thread].node).label;
        let Wants::WaitAny(words, _) = &label.wants else { return Ok(()) };
        let (number, expected) = words[next];
        let word = usize::from(number);
        let of = &state.words[word];
        let known = state.threads[self.thread].knows.at[word].max(of.published);
        let from = if self.options.memory == Memory::Sc { of.last() } else { known.into() };
        for at in from..=of.last() {
            self.begins(at != of.last());
            let mut after = self.copy(state);
            if !self.reads(&mut after, word, at, Ordering::Relaxed) {
                continue;
            }
            self.looks_back(&mut after, word, at);
            self.moved(&mut after);
            let value = of.messages[at].value;
            if value == expected {
                self.note(state, What::Enters(number), Some(value), None);
                let is_last = next + 1 == words.len();
                after.threads[self.thread].places.enter(next);
                self.queues_up(&mut after, word, at);
                self.has_entered(&mut after, next + 1, is_last, found);
            } else {
                self.note(state, What::FindsChanged(number), Some(value), None);
                let why = if found { Why::Woken } else { Why::Changed };
                self.goes(&mut after, why)?;
            }
            self.put_back(after);
        }
        Ok(())
    }

    fn has_entered(&mut self, state: &mut State, next: usize, is_last: bool, found: bool) {
        self.seen.slept += usize::from(is_last && !found);
        state.threads[self.thread].phase = match (is_last, found) {
            (false, _) => Phase::Enters { next: next as u8, found },
            (true, false) => Phase::Sleeps,
            (true, true) => Phase::Leaves(Why::Woken),
        };
        self.emit(state);
    }

    /// What can become of a sleeper by itself.
    pub(super) fn sleeps_on_several(&mut self, state: &State) -> Result<(), Stop> {
        let of = &state.threads[self.thread];
        let Wants::WaitAny(_, until) = self.known.node(of.node).label.wants else { return Ok(()) };
        if self.known.is_mortal(self.thread) && state.deaths < self.options.deaths {
            let mut dying = self.copy(state);
            dying.deaths += 1;
            self.note(state, What::Dies, None, None);
            self.by_chance(|stepper| stepper.departs(&dying, Why::Dies))?;
            self.put_back(dying);
        }
        if until == Until::Sometime {
            self.begins(false);
            self.note(state, What::TimesOut, None, None);
            self.departs(state, Why::Late)?;
        }
        if of.places.is_moved() && self.options.early_returns {
            self.begins(false);
            self.note(state, What::BeginsAnew, None, None);
            self.by_chance(|stepper| stepper.departs(state, Why::BeginsAnew))?;
        }
        Ok(())
    }

    /// Leaves the next queue.
    pub(super) fn departs(&mut self, state: &State, why: Why) -> Result<(), Stop> {
        let mut next = self.copy(state);
        if let Some(place) = state.threads[self.thread].places.first() {
            let word = word_at(self.known, state, self.thread, place);
            next.threads[self.thread].places.leave(place);
            if let Some(word) = word {
                self.note(state, What::Leaves(word), None, None);
                self.queue_changes(&mut next, word.into());
            }
            self.moved(&mut next);
        }
        self.goes(&mut next, why)?;
        self.put_back(next);
        Ok(())
    }

    /// Has queues to leave, or is out of them.
    fn goes(&mut self, state: &mut State, why: Why) -> Result<(), Stop> {
        let thread = &mut state.threads[self.thread];
        if !thread.places.is_empty() {
            thread.phase = Phase::Leaves(why);
            self.emit(state);
            return Ok(());
        }
        thread.phase = Phase::Runs;
        match why {
            Why::Woken => {
                self.note(state, What::WakesUp, None, None);
                self.goes_on(state, waited::WOKEN)
            }
            Why::Changed => self.goes_on(state, waited::CHANGED),
            Why::Late => self.goes_on(state, waited::TIMED_OUT),
            Why::BeginsAnew => {
                self.emit(state);
                Ok(())
            }
            Why::Dies => {
                self.dies_after_all(state);
                Ok(())
            }
        }
    }

    /// It was killed in the middle of a wait, and has left all queues.
    fn dies_after_all(&mut self, state: &mut State) {
        let node = state.threads[self.thread].node;
        // Who sleeps has told the kernel all that it had to say before.
        if let Some(last) = self.known.node(node).moments.last() {
            self.leaves(state, *last, true);
        }
        self.emit(state);
    }
}
