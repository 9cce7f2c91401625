//! What a process does whose calls are recorded.

use std::cell::RefCell;
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use rustix::process::getpid;
use serde::{Deserialize, Serialize};

use super::book::{Book, Round};
use super::broken::{UnlockedPair, UnlockedRing};
use super::object::{Object, Spot};
use super::plan::Recordable;
use super::queue::RecordedQueue;
use super::rwlock::RecordedRwLock;
use crate::stress::worker;

/// The part of one process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(super) of: Recordable,
    pub(super) lane: usize,
    /// The rounds that it takes part in.
    pub(super) rounds: std::ops::Range<usize>,
    pub(super) calls: usize,
    /// Where random choices start in the first round of the region.
    pub(super) seed: u64,
    pub(super) processors: Option<Vec<usize>>,
}

/// Takes part.
///
/// # Errors
///
/// Why it could not, in words.
pub(crate) fn take_part(book: &Book, part: &Part) -> Result<(), String> {
    if let Some(processors) = &part.processors {
        worker::stay_on(processors[part.lane % processors.len()])?;
    }
    book.present[part.lane].store(getpid().as_raw_nonzero().get().unsigned_abs());
    for number in part.rounds.clone() {
        // All are to begin together: none sleeps here.
        while book.rounds_begun.load() <= number as u64 {
            thread::yield_now();
        }
        let round = &book.rounds[number];
        match part.of {
            Recordable::Queue => make_calls::<RecordedQueue>(round, part, number),
            Recordable::Rwlock => make_calls::<RecordedRwLock>(round, part, number),
            Recordable::UnlockedRing => make_calls::<UnlockedRing>(round, part, number),
            Recordable::UnlockedPair => make_calls::<UnlockedPair>(round, part, number),
        }?;
        round.lanes[part.lane].finish();
    }
    Ok(())
}

fn make_calls<O: Object>(round: &Round, part: &Part, number: usize) -> Result<(), String> {
    let seed = part.seed.wrapping_add(number as u64).wrapping_mul(64) + part.lane as u64;
    let rng = RefCell::new(Rng::with_seed(seed));
    let pause = || pause(&mut rng.borrow_mut());
    let spot = Spot { round, lane: part.lane, pause: &pause };
    for call in 0..part.calls {
        let element = (part.lane + 1) * 100 + call + 1;
        let operation = O::choose(&mut rng.borrow_mut(), call == 0, element as u64);
        round.lanes[part.lane].noting(call, &operation, || O::perform(&spot, &operation))?;
        pause();
    }
    Ok(())
}

/// Mostly nothing; sometimes a microsecond or two, or a turn for whoever waits for this processor.
fn pause(rng: &mut Rng) {
    match rng.u8(..8) {
        0 => thread::yield_now(),
        1..4 => {
            let (start, long) = (Instant::now(), Duration::from_nanos(rng.u64(..2_000)));
            while start.elapsed() < long {
                std::hint::spin_loop();
            }
        }
        _ => {}
    }
}
