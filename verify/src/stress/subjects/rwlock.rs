//! A lock for readers or a writer, with the count inside twice: read between increments.

use lockproof::error::LockError;
use lockproof::{RwLock, RwLockWriteGuard};

use super::{Counted, Indifferent, Spot, Witness, taken};

/// `RwLock<[u64; 2]>`.
pub(crate) struct OnRwLock;

impl Counted for OnRwLock {
    const NAME: &'static str = "rwlock";
    const A_MOMENTS_INCREMENTS: u64 = 20_000;

    fn increment(spot: &Spot<'_>, witness: &impl Witness) -> Result<(), String> {
        let lock = &spot.arena.rwlock;
        for _ in 0..fastrand::u8(..4) {
            read(lock)?;
        }
        let mut halves = repaired(lock.write())?;
        let next = whole(&halves)? + 1;
        halves[0] = next;
        witness.gap();
        halves[1] = next;
        Ok(())
    }

    fn total(spot: &Spot<'_>, _witness: &impl Witness) -> Result<u64, String> {
        repaired(spot.arena.rwlock.write()).and_then(|halves| whole(&halves))
    }
}

type Writing<'a> = RwLockWriteGuard<'a, [u64; 2]>;

fn read(lock: &RwLock<[u64; 2]>) -> Result<u64, String> {
    match lock.read() {
        Ok(halves) => whole(&halves),
        Err(died) => repaired(Err(died)).and_then(|halves| whole(&halves)),
    }
}

/// For writing. An increment that was begun counts as done.
fn repaired<'a>(
    taken_or_not: Result<Writing<'a>, LockError<Writing<'a>>>,
) -> Result<Writing<'a>, String> {
    taken(taken_or_not, &Indifferent, |halves| {
        halves[1] = halves[0];
        halves.make_consistent();
    })
}

fn whole(halves: &[u64; 2]) -> Result<u64, String> {
    match *halves {
        [left, right] if left == right => Ok(left),
        [left, right] => {
            Err(format!("half a change was seen, and no death was told: {left}, {right}"))
        }
    }
}
