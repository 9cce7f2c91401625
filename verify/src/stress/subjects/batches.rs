//! A queue through which every increment goes in two elements, put at once and taken as they come.

use lockproof::{AtomicCounter, Queue, shareable};

use super::{Counted, Spot, Witness, in_words};
use crate::stress::arena::MOST_WORKERS;

/// Of each increment.
const ELEMENTS: usize = 2;
/// Twice what all workers can have in it: nobody puts more while half of it is full of what the dead have left.
const ROOM: usize = 2 * ELEMENTS * MOST_WORKERS;

shareable! {
    /// `Queue<[u64; 3], 1024>`.
    pub(crate) struct OnBatches {
        queue: Queue<[u64; 3], ROOM>,
        done: AtomicCounter,
    }
}

impl Counted for OnBatches {
    const NAME: &'static str = "batches";
    const A_MOMENTS_INCREMENTS: u64 = 20_000;

    fn increment(spot: &Spot<'_>, _witness: &impl Witness) -> Result<(), String> {
        let Self { queue, done } = &spot.arena.batches;
        let number = fastrand::u64(..);
        if queue.look().map_err(in_words)?.length < (ROOM / 2) as u64 {
            let put = queue.put_some(&[[number, 0, number], [number, 1, !number]]);
            match put.map_err(|error| format!("{error}"))? {
                ELEMENTS => {}
                some => return Err(format!("there was room, and {some} were put")),
            }
        }
        let mut taken = Vec::new();
        while taken.len() < ELEMENTS {
            let before = taken.len();
            match queue.take_some(ELEMENTS - before, &mut taken).map_err(in_words)? {
                0 => return Err("the queue was shut down".to_owned()),
                _ => follow_each_other(&taken[before..])?,
            }
        }
        done.increment();
        Ok(())
    }

    fn total(spot: &Spot<'_>, _witness: &impl Witness) -> Result<u64, String> {
        Ok(spot.arena.batches.done.get())
    }
}

/// What was taken at once was put at once, or is the end of one batch and the beginning of the next.
fn follow_each_other(taken: &[[u64; 3]]) -> Result<(), String> {
    let is_whole =
        |[number, at, check]: &[u64; 3]| *check == if *at == 0 { *number } else { !*number };
    let follows = |two: &[[u64; 3]]| match two {
        [[first, 0, _], [second, at, _]] => first == second && *at == 1,
        [_, [_, at, _]] => *at == 0,
        _ => true,
    };
    if taken.iter().all(is_whole) && follows(taken) {
        Ok(())
    } else {
        Err(format!("elements came out as nobody has put them: {taken:?}"))
    }
}
