//! Models of the semaphore: no more inside than there are permits, and nobody waits in vain.

use std::marker::PhantomData;

use lockproof::deadline::{Deadline, Monotonic};
use lockproof::platform::Ordering::Relaxed;
use lockproof::raw::{LockFailure, Slots};

use super::any::semaphore::{Semaphore, Shipped};
use crate::model::{DEATH, DEATH_OF_A_HOLDER, Log, Model, Outcome, Sometimes, WAIT, violated};
use crate::platform::{Facts, World};

const DONE: &str = "times inside";
const LATE: &str = "waits that timed out";

/// What processes do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// One permit, and a count that it protects.
    One,
    /// Two permits: each takes one.
    Two,
    /// The same, where the first takes both at once.
    Both,
    /// As `One`, where the first waits only until a deadline.
    Deadline,
    /// No permit: the first gives one by hand for each of the others, which take one by hand.
    Signal,
    /// No permit: the first gives one by hand, once, and the others take it in turn and give it back.
    Lent,
    /// The same, where the first gives two: no more than two are inside.
    LentTwo,
    /// As many permits as there can be: each takes two at once, so that there is only room for one inside.
    Many,
    /// The same, where the first waits only until a deadline, and after that as long as it takes.
    ManyLate,
    /// As `Many`, as it must not be done: each takes one after the other.
    OneByOne,
    /// As `ManyLate`, as it must not be done: who has taken one and waits in vain for the other keeps the one.
    Keeps,
    /// As `Signal`, where the second waits only until a deadline.
    SignalLate,
    /// One permit: each tries to add one more by hand first, for which there is no room, and takes it then.
    Refused,
    /// No permit: the second gives one by hand, and may die; the first gives one unless there is one; the others take one by
    /// hand.
    Posted,
}

/// Processes that need permits.
#[derive(Clone, Copy, Debug)]
pub struct SemaphoreModel<S = Shipped<SLOTS>> {
    how: Use,
    processes: usize,
    rounds: usize,
    deaths: bool,
    semaphore: PhantomData<S>,
}

/// As many permits as there can be, if nothing else is said.
pub const SLOTS: usize = 2;

/// A semaphore, what it protects, and who is inside.
pub struct Shared<W: World, S: Semaphore> {
    semaphore: S::On<W>,
    count: W::Cell,
    inside: W::Word,
}

impl<W: World, S: Semaphore> std::fmt::Debug for Shared<W, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// A time that comes: explorers decide when.
const SOMETIME: Deadline = Deadline::At(Monotonic::from_secs(1));

impl<S: Semaphore> SemaphoreModel<S> {
    /// So many processes that need permits, each so often.
    #[must_use]
    pub const fn new(how: Use, processes: usize, rounds: usize) -> Self {
        Self { how, processes, rounds, deaths: false, semaphore: PhantomData }
    }

    /// The same, where one process dies, if so.
    #[must_use]
    pub const fn with_deaths(self, deaths: bool) -> Self {
        Self { deaths, ..self }
    }

    const fn permits(&self) -> usize {
        match self.how {
            Use::One | Use::Deadline | Use::Refused => 1,
            Use::Two | Use::Both => 2,
            Use::Many | Use::ManyLate | Use::OneByOne | Use::Keeps => S::MOST,
            Use::Signal | Use::SignalLate | Use::Lent | Use::LentTwo | Use::Posted => 0,
        }
    }

    /// How many the first gives to the others, who take it in turn.
    const fn lent(&self) -> usize {
        match self.how {
            Use::Lent => 1,
            Use::LentTwo => 2,
            _ => 0,
        }
    }

    /// Whether there is never more than one inside.
    const fn is_exclusive(&self) -> bool {
        !matches!(
            self.how,
            Use::Two | Use::Both | Use::LentTwo | Use::Signal | Use::SignalLate | Use::Posted
        )
    }

    /// Whether this process waits only until a deadline.
    const fn is_limited(&self, index: usize) -> bool {
        match self.how {
            Use::Deadline | Use::ManyLate | Use::Keeps => index == 0,
            Use::SignalLate => index == 1,
            _ => false,
        }
    }

    const fn wanted(&self, index: usize) -> usize {
        match self.how {
            Use::Many | Use::ManyLate | Use::OneByOne | Use::Keeps => 2,
            Use::Both if index == 0 => 2,
            _ => 1,
        }
    }

    fn takes<W: World>(
        &self,
        p: &W,
        shared: &Shared<W, S>,
        (wanted, until): (usize, Deadline),
    ) -> Result<Slots, LockFailure> {
        let semaphore = &shared.semaphore;
        match self.how {
            Use::OneByOne | Use::Keeps => {
                let first = S::acquire(semaphore, p, self.permits(), 1, Deadline::Never)?;
                Ok(first | S::acquire(semaphore, p, self.permits(), 1, until)?)
            }
            _ => S::acquire(semaphore, p, self.permits(), wanted, until),
        }
    }

    fn comes<W: World>(&self, p: &W, shared: &Shared<W, S>, index: usize, log: &Log) {
        let (limited, wanted) = (self.is_limited(index), self.wanted(index));
        let until = if limited { SOMETIME } else { Deadline::Never };
        if self.how == Use::Refused && S::post(&shared.semaphore, p, 1).is_ok() {
            violated("a permit was added for which there is no room");
        }
        let taken = self.takes(p, shared, (wanted, until));
        match taken {
            Ok(slots) => {
                self.is_inside(p, shared, wanted as u32);
                if S::release(&shared.semaphore, p, slots) as usize != wanted {
                    violated("a permit was not its holder's any more");
                }
                log.count(DONE);
            }
            Err(LockFailure::TimedOut) if limited => {
                log.count(LATE);
                if wanted > 1 {
                    self.comes_again(p, shared, wanted, log);
                }
            }
            Err(failure) => violated(format!("acquire failed: {failure:?}")),
        }
    }

    /// It has kept nothing: if it had, it would wait for itself.
    fn comes_again<W: World>(&self, p: &W, shared: &Shared<W, S>, wanted: usize, log: &Log) {
        match S::acquire(&shared.semaphore, p, self.permits(), wanted, Deadline::Never) {
            Ok(slots) => {
                self.is_inside(p, shared, wanted as u32);
                S::release(&shared.semaphore, p, slots);
                log.count(DONE);
            }
            Err(failure) => violated(format!("acquire failed: {failure:?}")),
        }
    }

    fn is_inside<W: World>(&self, p: &W, shared: &Shared<W, S>, weight: u32) {
        if self.is_exclusive() {
            p.cell_set(&shared.count, p.cell_get(&shared.count) + 1);
        } else if !self.deaths {
            let before = p.fetch_add(&shared.inside, weight, Relaxed);
            if before + weight > 2 {
                violated("more are inside than there are permits");
            }
            p.fetch_add(&shared.inside, weight.wrapping_neg(), Relaxed);
        }
    }

    fn signals<W: World>(&self, p: &W, shared: &Shared<W, S>, index: usize, log: &Log) {
        let scope = p.scope();
        if index > 0 {
            let limited = self.is_limited(index);
            let until = if limited { SOMETIME } else { Deadline::Never };
            match S::wait(&shared.semaphore, p, 0, until) {
                Ok(()) => {
                    if p.cell_get(&shared.count) != 1 {
                        violated("what was written before the signal is not seen after it");
                    }
                    log.count(DONE);
                }
                Err(LockFailure::TimedOut) if limited => log.count(LATE),
                Err(failure) => violated(format!("wait failed: {failure:?}")),
            }
            return;
        }
        p.cell_set(&shared.count, 1);
        for round in 1..self.processes {
            p.at(scope, round);
            gives::<W, S>(p, shared);
        }
    }

    fn posts<W: World>(p: &W, shared: &Shared<W, S>, index: usize, log: &Log) {
        match index {
            0 if S::free(&shared.semaphore, p, 0, 0) > 0 => {}
            0 | 1 => gives::<W, S>(p, shared),
            _ => match S::wait(&shared.semaphore, p, 0, Deadline::Never) {
                Ok(()) => log.count(DONE),
                Err(failure) => violated(format!("wait failed: {failure:?}")),
            },
        }
    }
}

fn gives<W: World, S: Semaphore>(p: &W, shared: &Shared<W, S>) {
    if S::post(&shared.semaphore, p, 0).is_err() {
        violated("there was no room for a permit");
    }
}

impl<S: Semaphore> Model for SemaphoreModel<S> {
    type Shared<W: World> = Shared<W, S>;

    fn processes(&self) -> usize {
        self.processes
    }

    fn share<W: World>(&self, p: &W) -> Shared<W, S> {
        Shared { semaphore: S::make(p), count: p.new_cell("count"), inside: p.new_word("inside") }
    }

    fn process<W: World>(&self, p: &W, shared: &Shared<W, S>, index: usize, log: &Log) {
        match self.how {
            Use::Signal | Use::SignalLate => return self.signals(p, shared, index, log),
            Use::Posted => return Self::posts(p, shared, index, log),
            Use::Lent | Use::LentTwo if index == 0 => {
                return (0..self.lent()).for_each(|_| gives::<W, S>(p, shared));
            }
            _ => {}
        }
        let scope = p.scope();
        for round in 0..self.rounds {
            p.at(scope, round);
            self.comes(p, shared, index, log);
        }
    }

    fn is_symmetric(&self) -> bool {
        S::SYMMETRIC
            && matches!(self.how, Use::One | Use::Two | Use::Many | Use::OneByOne | Use::Refused)
    }

    fn is_mortal(&self, index: usize) -> bool {
        match self.how {
            // Somebody has to signal.
            Use::Signal | Use::SignalLate | Use::Lent | Use::LentTwo => index > 0,
            Use::Posted => index == 1,
            _ => true,
        }
    }

    fn has_deadlines(&self) -> bool {
        (0..self.processes).any(|index| self.is_limited(index))
    }

    fn end<W: World>(&self, p: &W, shared: &Shared<W, S>, log: &Log, facts: Facts) -> Outcome {
        let (done, deaths) = (log.counted(DONE), facts.deaths as u64);
        let at_the_end = match self.how {
            Use::Signal | Use::SignalLate => {
                (self.processes as u64 - 1).saturating_sub(done + deaths) as usize
            }
            Use::Posted => 0,
            _ => self.permits() + self.lent(),
        };
        let free = S::free(&shared.semaphore, p, self.permits(), at_the_end);
        let count = p.cell_get(&shared.count);
        let wrong = if self.how == Use::Posted {
            let waited = self.processes as u64 - 2;
            (done < waited).then(|| format!("{waited} waited, and {done} took a permit"))
        } else if matches!(self.how, Use::Signal | Use::SignalLate) {
            let left = self.processes as u64 - 1 - done;
            (!(left.saturating_sub(deaths)..=left).contains(&(free as u64)))
                .then(|| format!("{done} took a permit, and {free} are left"))
        } else if free != at_the_end {
            Some(format!("all have gone, and {free} of {at_the_end} permits are free"))
        } else if self.is_exclusive() && !(done..=done + deaths).contains(&count) {
            Some(format!("{done} were inside, and the count is {count}"))
        } else {
            None
        };
        Outcome { result: format!("{done} inside"), wrong }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        let mut all: Vec<_> = S::SLEEPS.then_some(WAIT).into_iter().collect();
        if self.deaths {
            all.push(DEATH);
            if S::SLEEPS && !matches!(self.how, Use::Signal | Use::SignalLate | Use::Posted) {
                all.push(DEATH_OF_A_HOLDER);
            }
        }
        if self.has_deadlines() {
            all.push(Sometimes {
                what: "a wait that times out",
                happened: |_, log| log.counted(LATE) > 0,
            });
        }
        all
    }
}
