//! Models of a mutex: a counter under it, deadlines, and a holder whose data nobody repairs.
//!
//! Exclusion is not asked for by a flag but by what it is for: the counter is protected data, so any overlap is a data race
//! or a lost update. That everybody gets there is the explorer's own property: an execution in which nobody can go on
//! is a counterexample.

use std::marker::PhantomData;

use lockproof::deadline::{Deadline, Monotonic};
use lockproof::error::NotHeld;
use lockproof::raw::{Acquired, LockFailure, RawMutex};

use super::lock::{Lock, Shipped};
use crate::model::{
    CONTENTION, DEATH, DEATH_OF_A_HOLDER, Log, Model, Outcome, Sometimes, WAIT, violated,
};
use crate::platform::{Facts, World};

/// What is done in the folder of this is not the lock's.
pub(crate) const FILE: &str = file!();

/// What a process counts once an increment is done.
pub(super) const DONE: &str = "increments done";
/// What a process counts when it is told that the last holder died.
pub(super) const TOLD: &str = "reports of a dead holder";
const ABANDONED: &str = "releases by a panic";
const TIMED_OUT: &str = "waits that timed out";
const REFUSED: &str = "refusals";

/// Processes that each increment a counter under a lock.
#[derive(Clone, Copy, Debug)]
pub struct MutexModel<L = Shipped> {
    processes: usize,
    increments: usize,
    deaths: bool,
    abandons: bool,
    lock: PhantomData<L>,
}

impl<L: Lock> MutexModel<L> {
    /// A model of this size.
    #[must_use]
    pub const fn new(processes: usize, increments: usize) -> Self {
        Self { processes, increments, deaths: false, abandons: false, lock: PhantomData }
    }

    /// The same, where one process dies.
    #[must_use]
    pub const fn with_deaths(self) -> Self {
        Self { deaths: true, ..self }
    }
}

impl MutexModel {
    /// The same, where the first process lets go of the lock as a panic does, each time.
    #[must_use]
    pub const fn with_panics(self) -> Self {
        Self { abandons: true, ..self }
    }
}

/// A lock and what it protects.
pub struct Protected<W: World, L: Lock> {
    pub(super) lock: L::On<W>,
    pub(super) total: W::Cell,
}

impl<W: World, L: Lock> Protected<W, L> {
    pub(super) fn new(p: &W) -> Self {
        Self { lock: L::make(p), total: p.new_cell("total") }
    }
}

impl<W: World, L: Lock> std::fmt::Debug for Protected<W, L> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Protected").finish_non_exhaustive()
    }
}

impl<L: Lock> Model for MutexModel<L> {
    type Shared<W: World> = Protected<W, L>;

    fn processes(&self) -> usize {
        self.processes
    }

    fn share<W: World>(&self, p: &W) -> Protected<W, L> {
        Protected::new(p)
    }

    fn process<W: World>(&self, p: &W, shared: &Protected<W, L>, index: usize, log: &Log) {
        let scope = p.scope();
        for round in 0..self.increments {
            p.at(scope, (round, "comes"));
            enter::<W, L>(p, shared, log);
            p.at(scope, (round, "is inside"));
            let before = p.cell_get(&shared.total);
            p.cell_set(&shared.total, before + 1);
            p.at(scope, (round, "leaves"));
            if self.abandons && index == 0 {
                held(L::abandon(&shared.lock, p));
                log.count(ABANDONED);
            } else {
                leave::<W, L>(p, shared);
            }
            log.count(DONE);
        }
    }

    fn is_symmetric(&self) -> bool {
        !self.abandons && L::SYMMETRIC
    }

    fn end<W: World>(&self, p: &W, shared: &Protected<W, L>, log: &Log, facts: Facts) -> Outcome {
        enter::<W, L>(p, shared, log);
        let total = p.cell_get(&shared.total);
        leave::<W, L>(p, shared);
        Outcome { result: total.to_string(), wrong: judge(total, log, facts) }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        let met = [L::EXCHANGES.then_some(CONTENTION), L::SLEEPS.then_some(WAIT)];
        let deaths: &[_] = match self.deaths {
            true if L::SLEEPS => &[DEATH, DEATH_OF_A_HOLDER],
            true => &[DEATH],
            false => &[],
        };
        met.into_iter().flatten().chain(deaths.iter().copied()).collect()
    }
}

/// What is wrong with a total, given what its processes did.
pub(super) fn judge_total(total: u64, log: &Log, facts: Facts) -> Option<String> {
    let done = log.counted(DONE);
    if total < done {
        return Some(format!(
            "{done} increments were done, and the total is {total}: updates were lost"
        ));
    }
    let too_many = total > done + facts.deaths as u64;
    too_many.then(|| format!("{done} increments were done, and the total is {total}: too many"))
}

/// What is wrong with a total, or with what was told of deaths.
pub(super) fn judge(total: u64, log: &Log, facts: Facts) -> Option<String> {
    if let Some(wrong) = judge_total(total, log, facts) {
        return Some(wrong);
    }
    let (told, deaths) = (log.counted(TOLD), facts.deaths as u64);
    let died_holding = facts.died_holding as u64 + log.counted(ABANDONED);
    // A report may die with the one it was made to, before it is counted. It is then made again, together with that of
    // this death: of several deaths all but one may go uncounted, and none be counted that was not.
    let passed_on = deaths.saturating_sub(1);
    let too_few = told + passed_on < died_holding || told == 0 && died_holding > 0;
    if told > died_holding || too_few {
        return Some(format!("{died_holding} holders died, and {told} such deaths were reported"));
    }
    None
}

/// Takes the lock, as long as that takes.
pub(super) fn enter<W: World, L: Lock>(p: &W, shared: &Protected<W, L>, log: &Log) {
    match L::lock(&shared.lock, p, Deadline::Never) {
        Ok(how) => take_over::<W, L>(p, shared, how, log),
        Err(failure) => violated(format!("lock failed: {failure:?}")),
    }
}

/// After it was taken so: there is nothing to repair.
pub(super) fn take_over<W: World, L: Lock>(
    p: &W,
    shared: &Protected<W, L>,
    how: Acquired,
    log: &Log,
) {
    if how == Acquired::OwnerDied {
        log.count(TOLD);
        L::make_consistent(&shared.lock, p);
    }
}

/// Lets go of the lock.
pub(super) fn leave<W: World, L: Lock>(p: &W, shared: &Protected<W, L>) {
    held(L::unlock(&shared.lock, p));
}

/// Lets nobody tell the holder that it does not hold the lock.
pub(super) fn held(released: Result<(), NotHeld>) {
    if released.is_err() {
        violated("the holder was told that it does not hold the lock");
    }
}

/// Takes the mutex, of which there is nothing to repair.
pub(super) fn lock<W: World>(p: &W, mutex: &RawMutex<W::RobustWord>) {
    match mutex.lock(p, Deadline::Never) {
        Ok(how) => repair(p, mutex, how),
        Err(failure) => violated(format!("lock failed: {failure:?}")),
    }
}

/// Says that nothing is to be repaired, of a mutex that was taken so.
pub(super) fn repair<W: World>(p: &W, mutex: &RawMutex<W::RobustWord>, how: Acquired) {
    if how == Acquired::OwnerDied {
        held(mutex.make_consistent(p));
    }
}

/// Processes of which the first waits only until a deadline, which may pass at any wait: a process that gives up takes no
/// wake with it that another needs.
#[derive(Clone, Copy, Debug)]
pub struct DeadlineModel {
    /// How many.
    pub processes: usize,
}

impl Model for DeadlineModel {
    type Shared<W: World> = Protected<W, Shipped>;

    fn processes(&self) -> usize {
        self.processes
    }

    fn share<W: World>(&self, p: &W) -> Self::Shared<W> {
        Protected::new(p)
    }

    fn process<W: World>(&self, p: &W, shared: &Self::Shared<W>, index: usize, log: &Log) {
        let soon = Deadline::At(Monotonic::from_secs(1));
        let until = if index == 0 { soon } else { Deadline::Never };
        match shared.lock.lock(p, until) {
            Ok(_) => {
                p.cell_set(&shared.total, p.cell_get(&shared.total) + 1);
                leave::<W, Shipped>(p, shared);
                log.count(DONE);
            }
            Err(LockFailure::TimedOut) if index == 0 => log.count(TIMED_OUT),
            Err(failure) => violated(format!("lock failed: {failure:?}")),
        }
    }

    fn end<W: World>(&self, p: &W, shared: &Self::Shared<W>, log: &Log, facts: Facts) -> Outcome {
        enter::<W, Shipped>(p, shared, log);
        let total = p.cell_get(&shared.total);
        leave::<W, Shipped>(p, shared);
        let timed_out = log.counted(TIMED_OUT);
        let wrong = (total + timed_out != self.processes as u64).then(|| {
            format!("{total} took the lock and {timed_out} gave up, of {}", self.processes)
        });
        let wrong = wrong.or_else(|| judge(total, log, facts));
        Outcome { result: format!("{total} took it, {timed_out} gave up"), wrong }
    }

    fn is_symmetric(&self) -> bool {
        false
    }

    fn has_deadlines(&self) -> bool {
        true
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        let timed_out =
            Sometimes { what: "a deadline passing", happened: |_, log| log.counted(TIMED_OUT) > 0 };
        vec![CONTENTION, WAIT, timed_out]
    }
}

/// A holder abandons the lock, and whoever is told lets go without repair: everybody else, asleep or not yet there, is
/// refused. Where `deaths` is set, one process dies at every step in turn.
#[derive(Clone, Copy, Debug)]
pub struct NotRecoverableModel {
    /// How many processes.
    pub processes: usize,
    /// Whether one of them may die as well.
    pub deaths: bool,
}

impl Model for NotRecoverableModel {
    type Shared<W: World> = RawMutex<W::RobustWord>;

    fn processes(&self) -> usize {
        self.processes
    }

    fn share<W: World>(&self, p: &W) -> Self::Shared<W> {
        Shipped::make(p)
    }

    fn process<W: World>(&self, p: &W, lock: &Self::Shared<W>, _: usize, log: &Log) {
        let released = match lock.lock(p, Deadline::Never) {
            Ok(Acquired::Clean) => lock.unlock_abandoned(p),
            Ok(Acquired::OwnerDied) => {
                log.count(TOLD);
                lock.give_up(p)
            }
            Err(LockFailure::NotRecoverable) => {
                log.count(REFUSED);
                return;
            }
            Err(failure) => violated(format!("lock failed: {failure:?}")),
        };
        held(released);
    }

    fn end<W: World>(&self, p: &W, lock: &Self::Shared<W>, log: &Log, facts: Facts) -> Outcome {
        let (told, refused) = (log.counted(TOLD), log.counted(REFUSED));
        let after = lock.lock(p, Deadline::Never);
        let lost = after == Err(LockFailure::NotRecoverable);
        if lost {
            log.count(REFUSED);
        }
        // One who dies having been told has not let go: the next is told in its place.
        let wrong = if told > 1 + facts.deaths as u64 {
            Some(format!("{told} were told of the one abandoned lock"))
        } else if told >= 1 && !lost && facts.deaths == 0 {
            Some("the lock was let go unrepaired, and can be taken".to_owned())
        } else if refused > 0 && !lost {
            Some("some were refused for good, and others were not".to_owned())
        } else {
            None
        };
        Outcome { result: format!("{told} told, {refused} refused"), wrong }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        let refused =
            Sometimes { what: "a refusal for good", happened: |_, log| log.counted(REFUSED) > 0 };
        let mut all = vec![CONTENTION, WAIT, refused];
        if self.deaths {
            all.push(DEATH);
        }
        all
    }
}
