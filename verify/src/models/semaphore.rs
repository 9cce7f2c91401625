//! Models of the semaphore: no more inside than there are permits, and nobody waits in vain.

use lockproof::deadline::{Deadline, Monotonic};
use lockproof::platform::Ordering::Relaxed;
use lockproof::raw::{LockFailure, RawSemaphore};

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
    /// No permit: the second gives one by hand, and may die; the first gives one unless there is one; the others take one by
    /// hand.
    Posted,
}

/// Processes that need permits.
#[derive(Clone, Copy, Debug)]
pub struct SemaphoreModel {
    /// What they do.
    pub how: Use,
    /// How many.
    pub processes: usize,
    /// How often each.
    pub rounds: usize,
    /// Whether one of them dies.
    pub deaths: bool,
}

/// As many permits as there can be.
const SLOTS: usize = 2;

/// A semaphore, what it protects, and who is inside.
pub struct Shared<W: World> {
    semaphore: RawSemaphore<W::RobustWord, SLOTS>,
    count: W::Cell,
    inside: W::Word,
}

impl<W: World> std::fmt::Debug for Shared<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// A time that comes: explorers decide when.
const SOMETIME: Deadline = Deadline::At(Monotonic::from_secs(1));

impl SemaphoreModel {
    const fn permits(&self) -> usize {
        match self.how {
            Use::One | Use::Deadline => 1,
            Use::Two | Use::Both => 2,
            Use::Signal | Use::Lent | Use::Posted => 0,
        }
    }

    /// Whether there is never more than one inside.
    const fn is_exclusive(&self) -> bool {
        matches!(self.how, Use::One | Use::Deadline | Use::Lent)
    }

    fn comes<W: World>(&self, p: &W, shared: &Shared<W>, index: usize, log: &Log) {
        let limited = self.how == Use::Deadline && index == 0;
        let until = if limited { SOMETIME } else { Deadline::Never };
        let wanted = if self.how == Use::Both && index == 0 { 2 } else { 1 };
        let taken = if wanted > 1 {
            shared.semaphore.acquire_many(p, self.permits(), wanted, until)
        } else {
            shared.semaphore.acquire(p, self.permits(), 0, until)
        };
        match taken {
            Ok(slots) => {
                self.is_inside(p, shared, wanted as u32);
                if shared.semaphore.release(p, slots) as usize != wanted {
                    violated("a permit was not its holder's any more");
                }
                log.count(DONE);
            }
            Err(LockFailure::TimedOut) if limited => log.count(LATE),
            Err(failure) => violated(format!("acquire failed: {failure:?}")),
        }
    }

    fn is_inside<W: World>(&self, p: &W, shared: &Shared<W>, weight: u32) {
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

    fn signals<W: World>(&self, p: &W, shared: &Shared<W>, index: usize, log: &Log) {
        let scope = p.scope();
        if index > 0 {
            match shared.semaphore.wait(p, 0, Deadline::Never) {
                Ok(()) => {
                    if p.cell_get(&shared.count) != 1 {
                        violated("what was written before the signal is not seen after it");
                    }
                    log.count(DONE);
                }
                Err(failure) => violated(format!("wait failed: {failure:?}")),
            }
            return;
        }
        p.cell_set(&shared.count, 1);
        for round in 1..self.processes {
            p.at(scope, round);
            gives(p, shared);
        }
    }

    fn posts<W: World>(p: &W, shared: &Shared<W>, index: usize, log: &Log) {
        match index {
            0 if shared.semaphore.free(p, 0) > 0 => {}
            0 | 1 => gives(p, shared),
            _ => match shared.semaphore.wait(p, 0, Deadline::Never) {
                Ok(()) => log.count(DONE),
                Err(failure) => violated(format!("wait failed: {failure:?}")),
            },
        }
    }
}

fn gives<W: World>(p: &W, shared: &Shared<W>) {
    if shared.semaphore.post(p, 0).is_err() {
        violated("there was no room for a permit");
    }
}

impl Model for SemaphoreModel {
    type Shared<W: World> = Shared<W>;

    fn processes(&self) -> usize {
        self.processes
    }

    fn share<W: World>(&self, p: &W) -> Shared<W> {
        let slots = [p.new_robust("slot 1"), p.new_robust("slot 2")];
        Shared {
            semaphore: RawSemaphore::new(p.new_robust("turn"), slots),
            count: p.new_cell("count"),
            inside: p.new_word("inside"),
        }
    }

    fn process<W: World>(&self, p: &W, shared: &Shared<W>, index: usize, log: &Log) {
        match self.how {
            Use::Signal => return self.signals(p, shared, index, log),
            Use::Posted => return Self::posts(p, shared, index, log),
            Use::Lent if index == 0 => return gives(p, shared),
            _ => {}
        }
        let scope = p.scope();
        for round in 0..self.rounds {
            p.at(scope, round);
            self.comes(p, shared, index, log);
        }
    }

    fn is_symmetric(&self) -> bool {
        matches!(self.how, Use::One | Use::Two)
    }

    fn is_mortal(&self, index: usize) -> bool {
        match self.how {
            // Somebody has to signal.
            Use::Signal | Use::Lent => index > 0,
            Use::Posted => index == 1,
            _ => true,
        }
    }

    fn has_deadlines(&self) -> bool {
        self.how == Use::Deadline
    }

    fn end<W: World>(&self, p: &W, shared: &Shared<W>, log: &Log, facts: Facts) -> Outcome {
        let free = shared.semaphore.free(p, self.permits());
        let (done, deaths) = (log.counted(DONE), facts.deaths as u64);
        let count = p.cell_get(&shared.count);
        let at_the_end = self.permits() + usize::from(self.how == Use::Lent);
        let wrong = if self.how == Use::Posted {
            let waited = self.processes as u64 - 2;
            (done < waited).then(|| format!("{waited} waited, and {done} took a permit"))
        } else if self.how == Use::Signal {
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
        let mut all = vec![WAIT];
        if self.deaths {
            all.push(DEATH);
            if !matches!(self.how, Use::Signal | Use::Posted) {
                all.push(DEATH_OF_A_HOLDER);
            }
        }
        if self.how == Use::Deadline {
            all.push(Sometimes {
                what: "a wait that times out",
                happened: |_, log| log.counted(LATE) > 0,
            });
        }
        all
    }
}
