//! A queue of tasks through which every increment goes: a worker puts one, and does what there is. Now and then it joins, that is
//! it waits until all is done that was put before.
//!
//! Whoever has joined says up to which task of its own, and whoever has a task in hand looks whether that was joined already.
//! All may join at once: what is in the queue then was put by one that died before it did it, and whoever replaces that one
//! does what there is.
//!
//! The count is the queue's own account of what is done and what died in somebody's hand.

use lockproof::{AtomicCounter, JoinableQueue, PutError, RawValue, TakeError, shareable};

use super::{Counted, Indifferent, Spot, Witness, in_words};
use crate::stress::arena::MOST_WORKERS;

/// Every so many increments a worker joins, on average.
const JOINS: u32 = 16;

shareable! {
    /// `JoinableQueue<[u64; 3], 16, 256>`: a hand for each worker.
    pub(crate) struct OnTasks {
        queue: JoinableQueue<[u64; 3], 16, MOST_WORKERS>,
        done: AtomicCounter,
        workers: [Own; MOST_WORKERS],
    }
}

shareable! {
    /// A worker's own tasks.
    struct Own {
        /// How many it was about to put.
        put: AtomicCounter,
        /// How many of those were put before it last joined.
        joined: RawValue<u64>,
    }
}

impl Counted for OnTasks {
    const NAME: &'static str = "tasks";
    const A_MOMENTS_INCREMENTS: u64 = 20_000;

    fn increment(spot: &Spot<'_>, witness: &impl Witness) -> Result<(), String> {
        let Self { queue, workers, .. } = &spot.arena.tasks;
        let own = &workers[spot.number];
        let (owner, number) = (spot.number as u64, own.put.increment() + 1);
        while let Err(error) = queue.try_put([owner, number, owner ^ number]) {
            match error {
                PutError::Full(_) => spot.arena.tasks.do_all(witness)?,
                error => return Err(in_words(error)),
            }
        }
        spot.arena.tasks.do_all(witness)?;
        if fastrand::u32(..JOINS) == 0 {
            queue.join().map_err(in_words)?;
            own.joined.store(number);
        }
        Ok(())
    }

    fn leave(spot: &Spot<'_>) {
        // What goes wrong here is missing in the end.
        let _ = spot.arena.tasks.do_all(&Indifferent);
    }

    fn total(spot: &Spot<'_>, _witness: &impl Witness) -> Result<u64, String> {
        let Self { queue, done, .. } = &spot.arena.tasks;
        queue.join().map_err(in_words)?;
        let look = queue.look().map_err(in_words)?;
        let counted = done.get();
        // One that died may have counted one and not said that it is done.
        if !(look.done..=look.done + look.lost).contains(&counted) {
            return Err(format!("{counted} tasks were done, and the queue says {look:?}"));
        }
        Ok(look.done + look.lost)
    }
}

impl OnTasks {
    /// Does what there is.
    fn do_all(&self, witness: &impl Witness) -> Result<(), String> {
        loop {
            let task = match self.queue.try_take() {
                Ok(Some(task)) => task,
                Err(TakeError::Empty) => return Ok(()),
                Ok(None) => return Err("the queue was shut down".to_owned()),
                Err(error) => return Err(in_words(error)),
            };
            let [owner, number, check] = *task;
            if owner ^ number != check {
                return Err(format!("half a task came out: {:?}", *task));
            }
            if fastrand::u8(..16) == 0 {
                witness.gap();
            }
            self.done.increment();
            if self.workers[owner as usize].joined.load() >= number {
                return Err("a task was in hand that somebody had joined already".to_owned());
            }
        }
    }
}
