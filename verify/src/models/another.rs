//! Something that is taken and let go of, and a mutex after it: what is left of the one is not in the other's way.
//!
//! A thread announces one lock at a time to the kernel. Whoever does not take back what it announced of the first spoils what it
//! announces of the second, which shows if it dies on the way into that.

use core::marker::PhantomData;

use lockproof::deadline::Deadline;
use lockproof::raw::{Acquired, LockFailure, RawBarrier, RawMutex};

use super::barrier::{left, place_of};
use super::lock::Shipped;
use super::mutex::{DONE, Protected, enter, held, judge_total, leave};
use crate::model::{CONTENTION, DEATH, Log, Model, Outcome, Sometimes, WAIT, violated};
use crate::platform::{Facts, World};

const GIVEN_UP: &str = "locks given up";

/// What is taken first, and let go of.
pub trait First: Send + Sync + 'static {
    /// What processes share of it.
    type On<W: World>;

    /// Makes it, all zero.
    fn make<W: World>(p: &W) -> Self::On<W>;

    /// Takes it, and lets go of it.
    fn comes_and_goes<W: World>(p: &W, first: &Self::On<W>, log: &Log);

    /// What has to happen in some execution.
    fn sometimes() -> Option<Sometimes>;
}

/// A mutex that is let go of as a panic does, or for good by whoever is told of that.
#[derive(Debug)]
pub struct Abandoned;

impl First for Abandoned {
    type On<W: World> = RawMutex<W::RobustWord>;

    fn make<W: World>(p: &W) -> Self::On<W> {
        RawMutex::new(p.new_robust("abandoned"))
    }

    fn comes_and_goes<W: World>(p: &W, first: &Self::On<W>, log: &Log) {
        leave_for_good(p, first, log);
    }

    fn sometimes() -> Option<Sometimes> {
        let happened = |_: &Facts, log: &Log| log.counted(GIVEN_UP) > 0;
        Some(Sometimes { what: "a lock that is given up", happened })
    }
}

/// A place at a barrier of two.
#[derive(Debug)]
pub struct Place;

impl First for Place {
    type On<W: World> = RawBarrier<W::RobustWord, W::Word, 2>;

    fn make<W: World>(p: &W) -> Self::On<W> {
        let places = ["place 1", "place 2"].map(|name| p.new_robust(name));
        let announced = ["announced 1", "announced 2"].map(|name| p.new_word(name));
        RawBarrier::new(places, announced, p.new_word("state"))
    }

    fn comes_and_goes<W: World>(p: &W, first: &Self::On<W>, _: &Log) {
        let place = place_of(p, first, 2, 0);
        left(first.leave(p, place));
    }

    fn sometimes() -> Option<Sometimes> {
        None
    }
}

/// Processes that each take something and let go of it, and then increment a counter under a mutex. Where `deaths` is set, some
/// die.
#[derive(Debug)]
pub struct AnotherModel<F> {
    /// How many processes.
    pub processes: usize,
    /// Whether some of them may die.
    pub deaths: bool,
    /// What comes first.
    pub first: PhantomData<F>,
}

/// That, and the mutex.
pub struct Two<W: World, F: First> {
    first: F::On<W>,
    other: Protected<W, Shipped>,
}

impl<W: World, F: First> std::fmt::Debug for Two<W, F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Two").finish_non_exhaustive()
    }
}

impl<F: First> Model for AnotherModel<F> {
    type Shared<W: World> = Two<W, F>;

    fn processes(&self) -> usize {
        self.processes
    }

    fn share<W: World>(&self, p: &W) -> Two<W, F> {
        Two { first: F::make(p), other: Protected::new(p) }
    }

    fn process<W: World>(&self, p: &W, shared: &Two<W, F>, _: usize, log: &Log) {
        let scope = p.scope();
        p.at(scope, "comes");
        F::comes_and_goes(p, &shared.first, log);
        p.at(scope, "goes on");
        enter::<W, Shipped>(p, &shared.other, log);
        let before = p.cell_get(&shared.other.total);
        p.cell_set(&shared.other.total, before + 1);
        leave::<W, Shipped>(p, &shared.other);
        log.count(DONE);
    }

    fn end<W: World>(&self, p: &W, shared: &Two<W, F>, log: &Log, facts: Facts) -> Outcome {
        enter::<W, Shipped>(p, &shared.other, log);
        let total = p.cell_get(&shared.other.total);
        leave::<W, Shipped>(p, &shared.other);
        Outcome { result: total.to_string(), wrong: judge_total(total, log, facts) }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        let mut all = vec![CONTENTION, WAIT];
        all.extend(F::sometimes());
        all.extend(self.deaths.then_some(DEATH));
        all
    }
}

fn leave_for_good<W: World>(p: &W, lock: &RawMutex<W::RobustWord>, log: &Log) {
    let released = match lock.lock(p, Deadline::Never) {
        Ok(Acquired::Clean) => lock.unlock_abandoned(p),
        Ok(Acquired::OwnerDied) => {
            log.count(GIVEN_UP);
            lock.give_up(p)
        }
        Err(LockFailure::NotRecoverable) => return,
        Err(failure) => violated(format!("lock failed: {failure:?}")),
    };
    held(released);
}
