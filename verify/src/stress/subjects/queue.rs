//! A queue through which every increment goes, counted when it is taken.

use lockproof::{AtomicCounter, PutError, Queue, shareable};

use super::{Counted, Spot, Witness, in_words};
use crate::stress::arena::MOST_WORKERS;

shareable! {
    /// `Queue<[u64; 2], 256>`: room for one element of each worker, so that it is full only of what the dead have left.
    pub(crate) struct OnQueue {
        queue: Queue<[u64; 2], MOST_WORKERS>,
        taken: AtomicCounter,
    }
}

impl Counted for OnQueue {
    const NAME: &'static str = "queue";

    fn increment(spot: &Spot<'_>, _witness: &impl Witness) -> Result<(), String> {
        let Self { queue, taken } = &spot.arena.queue;
        let number = fastrand::u64(..);
        match queue.try_put([number, number]) {
            // What the dead have left behind makes room for nobody.
            Ok(()) | Err(PutError::Full(_)) => {}
            Err(error) => return Err(error.to_string()),
        }
        match queue.take().map_err(in_words)? {
            Some([left, right]) if left == right => taken.increment(),
            Some(torn) => return Err(format!("half an element came out: {torn:?}")),
            None => return Err("the queue was shut down".to_owned()),
        };
        Ok(())
    }

    fn total(spot: &Spot<'_>, _witness: &impl Witness) -> Result<u64, String> {
        Ok(spot.arena.queue.taken.get())
    }
}
