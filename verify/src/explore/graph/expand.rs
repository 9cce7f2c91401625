//! What comes of states: found out by many workers at a time.
//!
//! A worker only reads what is known, of the automata and of the states. Where it lacks something, it says so, and the
//! state is looked at again once that has been found out. What the workers find is put together in the order of the
//! states, so that the same is found, under the same numbers, however many there are.

use super::around::Around;
use super::code::{decode, encode};
use super::reach::{Reach, Reader};
use super::state::State;
use super::step::{Did, Manner, Next, Nexts, Seen, Stepper, Stop, is_stuck};
use super::store::{Id, Store};
use super::symmetry::Renamer;
use super::{MOST_THREADS, MOST_WORDS, Shape};

/// What was found out about some states in a row.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) found: Vec<Found>,
    /// The states that were new, one after another.
    pub(super) bytes: Vec<u8>,
    pub(super) seen: Seen,
}

/// One thing that was found out.
#[derive(Debug)]
pub(super) enum Found {
    /// What follows is about this state.
    Of(Id),
    /// Another one can come next.
    Next(Manner, To),
    /// Something wrong can come next; what was done then.
    Wrong(String, Vec<Did>),
    /// Everybody is over.
    Over,
    /// Nobody can go on.
    Stuck,
    /// Some of what can come next was left out for want of room.
    Incomplete,
    /// It could not be found out.
    Stopped(Stop),
}

/// A state that comes next.
#[derive(Clone, Copy, Debug)]
pub(super) enum To {
    /// One that had been found before.
    Known(Id),
    /// One with this hash, which ends at this byte.
    New(u64, usize),
}

/// Finds out what comes of states.
#[derive(Debug)]
pub(super) struct Worker {
    nexts: Nexts,
    renamer: Renamer,
    state: State,
    bytes: Vec<u8>,
}

impl Worker {
    pub(super) fn new(shape: &Shape) -> Self {
        Self {
            nexts: Nexts::default(),
            renamer: Renamer::default(),
            state: State::beginning(shape, std::iter::repeat_n(0, shape.threads)),
            bytes: Vec::new(),
        }
    }

    /// What comes of some states.
    pub(super) fn expand_all(
        &mut self,
        around: Around<'_>,
        store: &Store,
        states: impl Iterator<Item = Id>,
    ) -> Batch {
        let mut batch = Batch::default();
        for id in states {
            batch.found.push(Found::Of(id));
            let (found, bytes) = (batch.found.len(), batch.bytes.len());
            if let Err(stop) = self.expand(around, store, id, &mut batch) {
                batch.found.truncate(found);
                batch.bytes.truncate(bytes);
                batch.found.push(Found::Stopped(stop));
            }
        }
        batch
    }

    fn expand(
        &mut self,
        around: Around<'_>,
        store: &Store,
        id: Id,
        batch: &mut Batch,
    ) -> Result<(), Stop> {
        let Self { nexts, renamer, state, bytes } = self;
        decode(store.get(id), around.shape, state);
        batch.seen.deaths = batch.seen.deaths.max(state.deaths);
        batch.seen.died_holding = batch.seen.died_holding.max(state.died_holding);
        if state.is_over() {
            batch.found.push(Found::Over);
            return Ok(());
        }
        Self::step(around, state, &mut batch.seen, nexts)?;
        if is_stuck(state, nexts) {
            batch.found.push(Found::Stuck);
            return Ok(());
        }
        for next in nexts.all() {
            if let Some(why) = &next.wrong {
                batch.found.push(Found::Wrong(why.clone(), next.did.clone()));
                continue;
            }
            write_down(around, &mut next.state, renamer, bytes)?;
            let hash = store.hash(bytes);
            let to = store.find(hash, bytes).map_or_else(
                || {
                    batch.bytes.extend_from_slice(bytes);
                    To::New(hash, batch.bytes.len())
                },
                To::Known,
            );
            batch.found.push(Found::Next(next.manner, to));
        }
        if nexts.incomplete {
            batch.found.push(Found::Incomplete);
        }
        Ok(())
    }

    fn step(
        around: Around<'_>,
        state: &State,
        seen: &mut Seen,
        nexts: &mut Nexts,
    ) -> Result<(), Stop> {
        Stepper::new(around.known, around.options, around.shape, seen, nexts).all(state)
    }

    /// All that can come next.
    pub(super) fn nexts(&mut self, around: Around<'_>, state: &State) -> Result<&mut [Next], Stop> {
        Ok(self.all_nexts(around, state)?.all())
    }

    /// The same, and whether that is all.
    pub(super) fn all_nexts(
        &mut self,
        around: Around<'_>,
        state: &State,
    ) -> Result<&mut Nexts, Stop> {
        Self::step(around, state, &mut Seen::default(), &mut self.nexts)?;
        Ok(&mut self.nexts)
    }

    /// Tidies a state, and gives the one that stands for it, as bytes.
    pub(super) fn write_down(
        &mut self,
        around: Around<'_>,
        state: &mut State,
    ) -> Result<&[u8], Stop> {
        write_down(around, state, &mut self.renamer, &mut self.bytes)?;
        Ok(&self.bytes)
    }
}

fn write_down(
    around: Around<'_>,
    state: &mut State,
    renamer: &mut Renamer,
    bytes: &mut Vec<u8>,
) -> Result<(), Stop> {
    tidy(around, state)?;
    if around.options.symmetry {
        renamer.encode(around, state, bytes)
    } else {
        encode(state, around.shape, bytes);
        Ok(())
    }
}

/// Makes states equal from which the same can happen.
pub(super) fn tidy(around: Around<'_>, state: &mut State) -> Result<(), Stop> {
    let Around { known, options, shape, .. } = around;
    if options.collect {
        let reader = Reader { known, options, shape, state };
        let mut reach = [[Reach::LATEST; MOST_WORDS]; MOST_THREADS];
        for (thread, reach) in reach.iter_mut().enumerate().take(shape.threads) {
            for (word, reach) in reach.iter_mut().enumerate().take(shape.words) {
                *reach = reader.reach(thread, word)?;
            }
        }
        state.tidy(|thread, word| reach[thread][word]);
    }
    Ok(())
}
