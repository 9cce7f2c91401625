//! The lock for readers and writers: a pair of numbers that are always the same for who holds it.
//!
//! A writer that dies may leave half a change: the left number. The next to hold the lock finishes it. So it has been made
//! if the dead one came as far as to write the left number, and otherwise not; nobody can have looked in between.

use std::ops::Deref;

use fastrand::Rng;
use lockproof::error::LockError;
use lockproof::{RwLock, RwLockWriteGuard};

use super::object::{Object, Spot};
use crate::linearizability::{Looks, PairCall, PairRegister};

pub(super) struct RecordedRwLock;

impl Object for RecordedRwLock {
    type Specification = PairRegister;
    const SPECIFICATION: PairRegister = PairRegister { initial: 0 };

    fn choose(rng: &mut Rng, _is_first: bool, element: u64) -> PairCall {
        match rng.u8(..10) {
            0..5 => PairCall::Read,
            5..8 => PairCall::Write(element),
            _ => PairCall::WriteThenRead(element),
        }
    }

    fn perform(spot: &Spot<'_>, operation: &PairCall) -> Result<Looks, String> {
        let lock = &spot.round.rwlock;
        match *operation {
            PairCall::Read => match lock.read() {
                Ok(pair) => Ok(two_looks(&pair, spot)),
                Err(died) => repaired(Err(died)).map(|pair| two_looks(&pair, spot)),
            },
            PairCall::Write(new) => {
                let (pair, first) = written(lock, new, spot)?;
                (spot.pause)();
                Ok(Looks { first, last: *pair })
            }
            PairCall::WriteThenRead(new) => {
                let (pair, first) = written(lock, new, spot)?;
                let pair = Writing::downgrade(pair)
                    .map_err(|_| "the lock could not be downgraded".to_owned())?;
                (spot.pause)();
                Ok(Looks { first, last: *pair })
            }
        }
    }

    fn next_look(last: Option<&Looks>) -> Option<PairCall> {
        last.is_none().then_some(PairCall::Read)
    }
}

type Writing<'a> = RwLockWriteGuard<'a, [u64; 2]>;

fn two_looks(pair: &impl Deref<Target = [u64; 2]>, spot: &Spot<'_>) -> Looks {
    let first = **pair;
    (spot.pause)();
    Looks { first, last: **pair }
}

/// The lock with the new number in it, and what was there before.
fn written<'a>(
    lock: &'a RwLock<[u64; 2]>,
    new: u64,
    spot: &Spot<'_>,
) -> Result<(Writing<'a>, [u64; 2]), String> {
    let mut pair = repaired(lock.write())?;
    let before = *pair;
    (spot.pause)();
    pair[0] = new;
    (spot.pause)();
    pair[1] = new;
    Ok((pair, before))
}

/// A change that was begun counts as made.
fn repaired<'a>(
    taken_or_not: Result<Writing<'a>, LockError<Writing<'a>>>,
) -> Result<Writing<'a>, String> {
    match taken_or_not {
        Ok(pair) => Ok(pair),
        Err(LockError::OwnerDied(died)) => {
            let mut pair = died.into_guard();
            pair[1] = pair[0];
            pair.make_consistent();
            Ok(pair)
        }
        Err(error) => Err(error.to_string()),
    }
}
