//! What one process of a program does, over the library as its users see it.

use std::ops::Range;
use std::thread;
use std::time::Duration;

use lockproof::error::{LockError, TryLockError};
use lockproof::{Mutex, MutexGuard, Permit, RawValue, RwLockReadGuard, RwLockWriteGuard};
use rustix::process::{Signal, getpid, kill_process};
use serde::{Deserialize, Serialize};

use super::stage::{Round, Stage};
use crate::programs::{
    Event, How, MOST_PERMITS, NUMBERS, PERMITS, Program, READERS, Step, What, Whom,
};

/// How long who waits until a deadline waits.
const SHORT: Duration = Duration::from_micros(200);

/// The part of one process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(super) program: Program,
    /// Whether the second mutex is left out, which has to be found out.
    pub(super) unlocked: bool,
    pub(super) lane: usize,
    /// The rounds that it takes part in.
    pub(super) rounds: Range<usize>,
}

impl Part {
    /// Takes part.
    ///
    /// # Errors
    ///
    /// Why it could not, in words.
    pub(crate) fn play(&self, stage: &Stage) -> Result<(), String> {
        let death = self.program.death.filter(|death| death.process == self.lane);
        for number in self.rounds.clone() {
            stage.present[self.lane].store(number as u64 + 1);
            // All are to begin together: none sleeps here.
            while stage.begun.load() <= number as u64 {
                thread::yield_now();
            }
            let round = &stage.rounds[number];
            let lives_for = death.map(|death| death.before);
            let mut actor = Actor::new(round, (self.lane, self.unlocked), lives_for);
            actor.all(&self.program.processes[self.lane])?;
            round.lanes[self.lane].finish();
        }
        Ok(())
    }
}

type Reads<'a> = RwLockReadGuard<'a, u64, READERS>;
type Writes<'a> = RwLockWriteGuard<'a, u64, READERS>;

/// A process on its way through one round.
struct Actor<'a> {
    round: &'a Round,
    lane: usize,
    unlocked: bool,
    /// After how many more of its steps it dies, if it does.
    lives_for: Option<usize>,
    first: Option<MutexGuard<'a, u64>>,
    second: Option<MutexGuard<'a, u64>>,
    reads: Option<Reads<'a>>,
    writes: Option<Writes<'a>>,
    permit: Option<Permit<'a, PERMITS, MOST_PERMITS>>,
}

/// What came of an attempt: how it got it, or nothing.
type Taken<G> = Option<(Event, G)>;

impl<'a> Actor<'a> {
    const fn new(
        round: &'a Round,
        (lane, unlocked): (usize, bool),
        lives_for: Option<usize>,
    ) -> Self {
        let (first, second, reads, writes, permit) = (None, None, None, None, None);
        Self { round, lane, unlocked, lives_for, first, second, reads, writes, permit }
    }

    fn all(&mut self, steps: &[Step]) -> Result<(), String> {
        steps.iter().try_for_each(|step| self.step(step))
    }

    fn step(&mut self, step: &Step) -> Result<(), String> {
        self.live_on();
        match step {
            Step::Hold { what, how, steps } => {
                let taken = self.take(*what, *how)?;
                self.saw(taken.unwrap_or(Event::Refused));
                if taken.is_some() {
                    self.inside(*what, steps)?;
                }
            }
            Step::WaitUntil { least, limited } => self.wait_until(*least, *limited)?,
            Step::Notify(Whom::One) => self.round.condvar.notify_one(),
            Step::Notify(Whom::All) => self.round.condvar.notify_all(),
            Step::Wait(how) => {
                let semaphore = &self.round.semaphore;
                let taken = match how {
                    How::Patiently => got(semaphore.wait())?,
                    How::Once => tried(semaphore.try_wait())?,
                    How::Limited => tried(semaphore.try_wait_for(SHORT))?,
                };
                self.saw(taken.map_or(Event::Refused, |(event, ())| event));
            }
            Step::Post => {
                let given = self.round.semaphore.post();
                self.saw(if given.is_ok() { Event::Got } else { Event::Refused });
            }
        }
        Ok(())
    }

    fn inside(&mut self, what: What, steps: &[Step]) -> Result<(), String> {
        self.live_on();
        self.touch(what);
        self.all(steps)?;
        self.live_on();
        match what {
            What::Permit => {
                self.round.inside.add(u64::MAX);
            }
            _ => self.touch(what),
        }
        self.live_on();
        match what {
            What::First => drop(self.first.take()),
            What::Second => drop(self.second.take()),
            What::Read => drop(self.reads.take()),
            What::Write => drop(self.writes.take()),
            What::Permit => drop(self.permit.take()),
        }
        Ok(())
    }

    /// Dies here, if it is time.
    fn live_on(&mut self) {
        match &mut self.lives_for {
            None => {}
            Some(0) => {
                // Nothing can be done if the kernel refuses: then it lives, and that is seen.
                let _ = kill_process(getpid(), Signal::KILL);
            }
            Some(more) => *more -= 1,
        }
    }

    fn saw(&self, event: Event) {
        self.round.lanes[self.lane].note(event);
    }

    fn take(&mut self, what: What, how: How) -> Result<Option<Event>, String> {
        let Round { first, second, semaphore, .. } = self.round;
        match what {
            What::Second if self.unlocked => Ok(Some(Event::Got)),
            What::First | What::Second => {
                let mutex = if what == What::First { first } else { second };
                let taken = match how {
                    How::Patiently => locked(mutex.lock())?,
                    How::Once => may_be(mutex.try_lock(), locked)?,
                    How::Limited => may_be(mutex.try_lock_for(SHORT), locked)?,
                };
                let (event, guard) = taken.unzip();
                *if what == What::First { &mut self.first } else { &mut self.second } = guard;
                Ok(event)
            }
            What::Read | What::Write => self.take_rwlock(what, how),
            What::Permit => {
                let taken = match how {
                    How::Patiently => got(semaphore.acquire())?,
                    How::Once => tried(semaphore.try_acquire())?,
                    How::Limited => tried(semaphore.try_acquire_for(SHORT))?,
                };
                let (event, permit) = taken.unzip();
                self.permit = permit;
                Ok(event)
            }
        }
    }

    fn take_rwlock(&mut self, what: What, how: How) -> Result<Option<Event>, String> {
        let rwlock = &self.round.rwlock;
        if what == What::Write {
            let taken = match how {
                How::Patiently => writing(rwlock.write())?,
                How::Once => may_be(rwlock.try_write(), writing)?,
                How::Limited => may_be(rwlock.try_write_for(SHORT), writing)?,
            };
            let (event, guard) = taken.unzip();
            self.writes = guard;
            return Ok(event);
        }
        let taken = match how {
            How::Patiently => reading(rwlock.read())?,
            How::Once => may_be(rwlock.try_read(), reading)?,
            How::Limited => may_be(rwlock.try_read_for(SHORT), reading)?,
        };
        let (event, guard) = taken.unzip();
        self.reads = guard;
        Ok(event)
    }

    fn touch(&mut self, what: What) {
        let number = match what {
            What::First => self.first.as_deref_mut().map(add),
            What::Second if self.unlocked => Some(add_to(&self.round.bare)),
            What::Second => self.second.as_deref_mut().map(add),
            What::Write => self.writes.as_deref_mut().map(add),
            What::Read => self.reads.as_deref().copied(),
            What::Permit => Some(self.round.inside.add(1)),
        };
        // Whoever touches it holds it.
        self.saw(Event::Saw(number.unwrap_or(u64::MAX / 2)));
    }

    fn wait_until(&mut self, least: u64, limited: bool) -> Result<(), String> {
        let mut late = false;
        // Whoever waits holds it.
        while let Some(guard) = self.first.take() {
            let is_so = *guard >= least;
            if is_so || late {
                self.first = Some(guard);
                self.saw(Event::Waited(is_so));
                break;
            }
            let condvar = &self.round.condvar;
            let waited = if limited {
                match condvar.wait_timeout(guard, SHORT) {
                    Ok((guard, ended)) => {
                        late = ended.timed_out();
                        Ok(guard)
                    }
                    Err(LockError::OwnerDied(died)) => {
                        let (guard, ended) = died.into_guard();
                        late = ended.timed_out();
                        self.first = Some(consistent(guard));
                        self.saw(Event::GotFromTheDead);
                        continue;
                    }
                    Err(error) => return Err(error.to_string()),
                }
            } else {
                condvar.wait(guard)
            };
            if let Some((event, guard)) = locked(waited)? {
                self.first = Some(guard);
                if event == Event::GotFromTheDead {
                    self.saw(event);
                }
            }
        }
        Ok(())
    }
}

fn add(number: &mut u64) -> u64 {
    let before = std::hint::black_box(*number);
    // Others run in between, if the lock lets them.
    thread::yield_now();
    *number = before + 1;
    before
}

fn add_to(number: &RawValue<u64>) -> u64 {
    let before = number.load();
    thread::yield_now();
    number.store(before + 1);
    before
}

/// The numbers of a round that all have come through, or died in.
pub(super) fn numbers(round: &Round) -> Result<[u64; NUMBERS], String> {
    let in_mutex = |mutex: &Mutex<u64>| {
        let (_, guard) = locked(mutex.lock())?.ok_or("it is taken")?;
        Ok::<_, String>(*guard)
    };
    let (_, rwlock) = reading(round.rwlock.read())?.ok_or("it is taken")?;
    let second = in_mutex(&round.second)? + round.bare.load();
    Ok([in_mutex(&round.first)?, second, *rwlock, round.inside.get()])
}

fn got<G>(taken: Result<G, LockError<()>>) -> Result<Taken<G>, String> {
    taken.map(|guard| Some((Event::Got, guard))).map_err(|error| error.to_string())
}

fn tried<G>(taken: Result<G, TryLockError<()>>) -> Result<Taken<G>, String> {
    may_be(taken, got)
}

/// What came of a try, if it was not refused.
fn may_be<T, E, G>(
    tried: Result<T, TryLockError<E>>,
    taken: impl FnOnce(Result<T, LockError<E>>) -> Result<Taken<G>, String>,
) -> Result<Taken<G>, String> {
    match tried {
        Ok(guard) => taken(Ok(guard)),
        Err(TryLockError::WouldBlock(_)) => Ok(None),
        Err(TryLockError::Lock(error)) => taken(Err(error)),
        Err(_) => Err("a try failed in an unknown way".to_owned()),
    }
}

fn locked<'a>(
    taken: Result<MutexGuard<'a, u64>, LockError<MutexGuard<'a, u64>>>,
) -> Result<Taken<MutexGuard<'a, u64>>, String> {
    match taken {
        Ok(guard) => Ok(Some((Event::Got, guard))),
        Err(LockError::OwnerDied(died)) => {
            Ok(Some((Event::GotFromTheDead, consistent(died.into_guard()))))
        }
        Err(error) => Err(error.to_string()),
    }
}

fn consistent(mut guard: MutexGuard<'_, u64>) -> MutexGuard<'_, u64> {
    guard.make_consistent();
    guard
}

fn writing<'a>(
    taken: Result<Writes<'a>, LockError<Writes<'a>>>,
) -> Result<Taken<Writes<'a>>, String> {
    match taken {
        Ok(guard) => Ok(Some((Event::Got, guard))),
        Err(LockError::OwnerDied(died)) => {
            let mut guard = died.into_guard();
            guard.make_consistent();
            Ok(Some((Event::GotFromTheDead, guard)))
        }
        Err(error) => Err(error.to_string()),
    }
}

fn reading<'a>(
    taken: Result<Reads<'a>, LockError<Writes<'a>>>,
) -> Result<Taken<Reads<'a>>, String> {
    let error = match taken {
        Ok(guard) => return Ok(Some((Event::Got, guard))),
        Err(error) => error,
    };
    let Some((_, guard)) = writing(Err(error))? else { return Ok(None) };
    match RwLockWriteGuard::downgrade(guard) {
        Ok(guard) => Ok(Some((Event::GotFromTheDead, guard))),
        Err(_) => Err("a writer could not become a reader".to_owned()),
    }
}
