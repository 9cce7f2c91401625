//! Falling asleep, and being woken.

use lockproof::platform::Ordering;

use super::{Stepper, Stop, What};
use crate::explore::graph::automaton::Known;
use crate::explore::graph::places::{MOST_PLACES, Places};
use crate::explore::graph::state::{Overtaken, Phase, State, Why};
use crate::platform::recorder::{Label, Until, Wants, waited};

/// Places in a word's queue, a bit for each of each thread's.
pub(super) type Found = u64;

pub(super) const fn bit(thread: usize, place: usize) -> Found {
    1 << (thread * MOST_PLACES + place)
}

/// The places that are found there: whose, and which of them.
pub(super) fn places(found: Found) -> impl Iterator<Item = (usize, usize)> {
    let bits = (0..Found::BITS as usize).filter(move |bit| found & 1 << bit != 0);
    bits.map(|bit| (bit / MOST_PLACES, bit % MOST_PLACES))
}

/// The word that a thread which stands there has asked for, at one of its places.
fn own_word(label: &Label, place: usize) -> u8 {
    match &label.wants {
        Wants::WaitAny(words, _) => words.get(place).map_or(label.on, |(word, _)| *word),
        _ => label.on,
    }
}

/// In which word's queue a thread is, at one of its places.
pub(super) fn word_at(known: &Known, state: &State, thread: usize, place: usize) -> Option<u8> {
    let of = &state.threads[thread];
    of.places.word(place, own_word(&known.node(of.node).label, place))
}

/// All ways to choose so many of them.
pub(super) fn subsets(of: Found, size: u32) -> Vec<Found> {
    if of.count_ones() <= size {
        return vec![of];
    }
    if size == 0 {
        return vec![0];
    }
    let (lowest, rest) = (of & of.wrapping_neg(), of & of.wrapping_sub(1));
    let with = subsets(rest, size - 1).into_iter().map(|some| some | lowest);
    with.chain(subsets(rest, size)).collect()
}

impl<'a> Stepper<'a> {
    pub(super) fn waits(
        &mut self,
        state: &State,
        word: usize,
        expected: u64,
        until: Until,
    ) -> Result<(), Stop> {
        if self.options.early_returns && until != Until::Now {
            self.begins(false);
            self.note(state, What::Returns, None, None);
            self.by_chance(|stepper| stepper.goes_on(&mut state.clone(), waited::WOKEN))?;
        }
        for at in self.comparable(state, word, expected) {
            let value = state.words[word].messages[at].value;
            self.begins(at != state.words[word].last());
            if value != expected {
                let read = self.only_reads(state, word, at, Ordering::Relaxed);
                let Some(mut next) = read else { continue };
                self.looks_back(&mut next, word, at);
                self.note(state, What::FindsItChanged, Some(value), None);
                self.goes_on(&mut next, waited::CHANGED)?;
                self.put_back(next);
                continue;
            }
            let mut next = self.copy(state);
            if !self.reads(&mut next, word, at, Ordering::Relaxed) {
                continue;
            }
            self.looks_back(&mut next, word, at);
            self.falls_back(&mut next, word, at);
            if until == Until::Now {
                self.note(state, What::TimesOut, None, None);
                self.goes_on(&mut next, waited::TIMED_OUT)?;
            } else {
                self.seen.slept += 1;
                self.note(state, What::FallsAsleep, Some(value), None);
                let thread = &mut next.threads[self.thread];
                (thread.phase, thread.places) = (Phase::Sleeps, Places::ONE);
                self.queues_up(&mut next, word, at);
                self.emit(&next);
            }
            self.put_back(next);
        }
        Ok(())
    }

    /// Does something from which nothing has to come ever.
    pub(super) fn by_chance(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let first = self.nexts.used;
        work(self)?;
        self.nexts.all()[first..].iter_mut().for_each(|next| next.manner.by_chance = true);
        Ok(())
    }

    /// It has found what it expected under the lock of the word's queue, and enters that.
    pub(super) fn queues_up(&mut self, state: &mut State, word: usize, at: usize) {
        let of = &mut state.words[word];
        of.locked = of.locked.max(at as u8);
        of.published = of.published.max(at as u8);
        self.queue_changes(state, word);
    }

    /// What can become of a sleeper by itself.
    pub(super) fn sleeps(&mut self, state: &State) -> Result<(), Stop> {
        let of = &state.threads[self.thread];
        let until = match self.known.node(of.node).label.wants {
            Wants::WaitAny(..) => return self.sleeps_on_several(state),
            Wants::Wait(_, until) => until,
            _ => return Ok(()),
        };
        self.deaths(state);
        if until == Until::Sometime {
            let mut awake = self.copy(state);
            self.leaves_its_queue(&mut awake);
            self.begins(false);
            self.note(state, What::TimesOut, None, None);
            self.goes_on(&mut awake, waited::TIMED_OUT)?;
            self.put_back(awake);
        }
        if of.places.is_moved() && self.options.early_returns {
            self.begins_anew(state);
        }
        Ok(())
    }

    /// Having been moved and interrupted, it begins with what it asked for at first.
    fn begins_anew(&mut self, state: &State) {
        let mut awake = self.copy(state);
        self.leaves_its_queue(&mut awake);
        self.begins(false);
        self.note(state, What::BeginsAnew, None, None);
        self.moved(&mut awake);
        self.emit(&awake).manner.by_chance = true;
        self.put_back(awake);
    }

    /// Takes a thread out of the only queue that it can be in.
    pub(super) fn leaves_its_queue(&mut self, state: &mut State) {
        let word = word_at(self.known, state, self.thread, 0);
        let thread = &mut state.threads[self.thread];
        thread.places = Places::NONE;
        if thread.phase == Phase::Sleeps {
            thread.phase = Phase::Runs;
        }
        if let Some(word) = word {
            self.queue_changes(state, word.into());
        }
    }

    /// Wakes so many sleepers of a word, whichever.
    pub(super) fn wakes(&mut self, state: &State, word: usize, count: u32) -> Result<(), Stop> {
        if self.did.is_empty() {
            self.note(state, What::Wanted, None, None);
        }
        let done = self.did.clone();
        for choice in self.choices(state, word, count) {
            self.did.clone_from(&done);
            let mut next = self.copy(state);
            let woken = self.wake(&mut next, word, choice)?;
            self.did[0].after = Some(woken);
            self.goes_on(&mut next, woken)?;
            self.put_back(next);
        }
        Ok(())
    }

    /// All places in a word's queue.
    pub(super) fn queue(&self, state: &State, word: usize) -> Found {
        let mut queue = 0;
        for (thread, of) in state.threads.iter().enumerate() {
            if !of.phase.is_queued() {
                continue;
            }
            for place in 0..MOST_PLACES {
                if word_at(self.known, state, thread, place).map(usize::from) == Some(word) {
                    queue |= bit(thread, place);
                }
            }
        }
        queue
    }

    /// All that a wake of so many may find.
    pub(super) fn choices(&self, state: &State, word: usize, count: u32) -> Vec<Found> {
        subsets(self.queue(state, word), count)
    }

    pub(super) fn wake(
        &mut self,
        state: &mut State,
        word: usize,
        found: Found,
    ) -> Result<u64, Stop> {
        let of = &state.threads[self.thread];
        let by_kernel = of.phase != Phase::Runs;
        // `futex_wake` does not where nobody sleeps; `futex_wake_op` does in any case.
        let updates = matches!(self.known.node(of.node).label.wants, Wants::UpdateWake(..));
        let locks = found != 0 || updates && !by_kernel;
        self.publishes(state, word, locks);
        // Who is woken wakes up when the call could have been made. What the caller knows was there at its last step; a
        // floor that says no more has been dropped.
        let of = &state.threads[self.thread];
        let floor = std::array::from_fn(|word| of.floor[word].max(of.knows.at[word]));
        let floor = (!by_kernel).then_some(floor);
        for (sleeper, place) in places(found) {
            self.finds(state, word, sleeper, place, floor)?;
        }
        if found != 0 {
            self.queue_changes(state, word);
        }
        Ok(found.count_ones().into())
    }

    /// Calls the kernel about sleepers of a word, and says whether that takes the lock of its queue in any case.
    pub(super) fn publishes(&self, state: &mut State, word: usize, locks: bool) {
        let of = &mut state.words[word];
        let knows = &mut state.threads[self.thread].knows.at[word];
        if locks {
            *knows = of.locked.max(*knows);
            of.locked = *knows;
        }
        of.published = of.published.max(*knows);
        self.overtakes(state, word);
    }

    /// A wake finds a thread at one of its places. It then has this floor, or was woken at this moment.
    pub(super) fn finds(
        &mut self,
        state: &mut State,
        word: usize,
        sleeper: usize,
        place: usize,
        floor: Option<[u8; super::super::MOST_WORDS]>,
    ) -> Result<(), Stop> {
        let knows = state.threads[self.thread].knows.at[word];
        let of = &mut state.threads[sleeper];
        of.places.leave(place);
        let slept = of.phase == Phase::Sleeps;
        if slept {
            of.knows.at[word] = of.knows.at[word].max(knows);
        }
        of.phase = match of.phase {
            Phase::Enters { next, .. } => Phase::Enters { next, found: true },
            Phase::Leaves(Why::Dies) => Phase::Leaves(Why::Dies),
            _ => Phase::Leaves(Why::Woken),
        };
        let returns = of.phase == Phase::Leaves(Why::Woken) && of.places.is_empty();
        let (node, waker) = (of.node, self.thread);
        self.thread = sleeper;
        let what = if returns { What::WakesUp } else { What::IsFound };
        self.note(state, what, None, None);
        match floor {
            Some(floor) if slept && returns => state.threads[sleeper].floor = floor,
            _ => self.moved(state),
        }
        self.thread = waker;
        if returns {
            let next = self.known.after(node, waited::WOKEN)?;
            let of = &mut state.threads[sleeper];
            (of.node, of.phase) = (next, Phase::Runs);
        }
        Ok(())
    }

    /// Whoever else is about to sleep on the word would have been found by this wake, had it slept earlier; or would have
    /// kept this wait from finding a value as old as this.
    fn overtakes(&self, state: &mut State, word: usize) {
        let overtaken = Overtaken { word: word as u8, until: state.words[word].last() as u8 };
        for (index, thread) in state.threads.iter_mut().enumerate() {
            let label = &self.known.node(thread.node).label;
            let is_about_to = thread.phase == Phase::Runs
                && matches!(label.wants, Wants::Wait(..))
                && usize::from(label.on) == word;
            if is_about_to && index != self.thread && self.options.prune {
                thread.overtaken = overtaken;
            }
        }
    }

    /// It has fallen asleep, now or as soon as it was overtaken.
    fn falls_back(&self, state: &mut State, word: usize, at: usize) {
        let thread = &mut state.threads[self.thread];
        let (floor, overtaken) = (thread.floor[word], thread.overtaken.until);
        thread.overtaken = Overtaken::NOT;
        self.moved(state);
        if at < state.words[word].last() && state.words[word].is_chained() {
            state.threads[self.thread].floor[word] = floor.max(overtaken);
        }
    }

    /// It has found an old value under the lock of the word's queue: so nobody had slept there who found a later one, nor
    /// called to wake sleepers who knew of one.
    pub(super) fn looks_back(&mut self, state: &mut State, word: usize, at: usize) {
        if at == state.words[word].last() {
            return;
        }
        self.overtakes(state, word);
        self.wakers_move(state, word, |known| usize::from(known) > at);
    }

    /// Whoever is about to wake sleepers of the word would have found others, had it called earlier.
    pub(super) fn queue_changes(&mut self, state: &mut State, word: usize) {
        self.wakers_move(state, word, |_| true);
    }

    /// Whoever is about to wake sleepers of the word could not have called earlier, if it knows that much of it.
    fn wakers_move(&mut self, state: &mut State, word: usize, knows: impl Fn(u8) -> bool) {
        let by = self.thread;
        for thread in 0..state.threads.len() {
            let of = &state.threads[thread];
            let label = &self.known.node(of.node).label;
            let is_about_to = of.phase == Phase::Runs
                && matches!(label.wants, Wants::Wake(_))
                && usize::from(label.on) == word;
            if is_about_to && thread != by && knows(of.knows.at[word]) {
                self.thread = thread;
                self.moved(state);
            }
        }
        self.thread = by;
    }
}

#[cfg(test)]
mod tests {
    use super::subsets;

    #[test]
    fn all_ways_to_choose_are_tried_once() {
        for (of, size, ways) in
            [(0, 0, 1), (0, 3, 1), (0b1011, 0, 1), (0b1011, 2, 3), (0b1011, 3, 1)]
        {
            let mut all = subsets(of, size);
            let chosen = of.count_ones().min(size);
            assert!(all.iter().all(|some| some & !of == 0 && some.count_ones() == chosen));
            all.sort_unstable();
            all.dedup();
            assert_eq!(all.len(), ways, "{size} of {of:b}");
        }
    }
}
