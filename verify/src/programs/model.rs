//! A program as a model: over the raw primitives, so that every explorer can run it.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lockproof::deadline::{Deadline, Monotonic};
use lockproof::platform::Ordering::Relaxed;
use lockproof::platform::Scope;
use lockproof::raw::{
    Acquired, LockFailure, RawCondvar, RawMutex, RawRwLock, RawSemaphore, Read, Slots,
};

use super::judge::{Answer, may_come_to};
use super::program::{Event, How, MOST_PERMITS, PERMITS, Program, Seen, Step, What};
use super::reference::READERS;
use crate::model::{Log, Model, Outcome, Sometimes, violated};
use crate::platform::{Facts, World};

/// Something done otherwise than it should be, which has to be found out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mistake {
    /// All is as it should be.
    #[default]
    None,
    /// The second mutex is not taken.
    LocksNothing,
    /// Whoever writes takes the lock to read.
    WritesAsReader,
    /// Who is refused a permit takes one by hand all the same.
    KeepsPermit,
    /// Nobody is notified.
    NotifiesNobody,
    /// Who is told of a death keeps it to itself.
    TellsNobody,
    /// Who has waited at the condition variable does not look again.
    TrustsItsWake,
}

impl Mistake {
    /// All that are one.
    pub const ALL: [Self; 6] = [
        Self::LocksNothing,
        Self::WritesAsReader,
        Self::KeepsPermit,
        Self::NotifiesNobody,
        Self::TellsNobody,
        Self::TrustsItsWake,
    ];

    /// What it is called in the ids of claims.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "right",
            Self::LocksNothing => "locks-nothing",
            Self::WritesAsReader => "writes-as-reader",
            Self::KeepsPermit => "keeps-permit",
            Self::NotifiesNobody => "notifies-nobody",
            Self::TellsNobody => "tells-nobody",
            Self::TrustsItsWake => "trusts-its-wake",
        }
    }
}

/// What came up in all executions of many programs.
#[derive(Debug, Default)]
pub struct Tally {
    /// Executions.
    pub executions: AtomicU64,
    /// Sleeps, where they are seen.
    pub slept: Option<AtomicU64>,
    /// Refusals.
    pub refused: AtomicU64,
    /// Waits at the condition variable that came to what they waited for.
    pub waited: AtomicU64,
    /// Deaths.
    pub deaths: AtomicU64,
    /// Deaths that somebody was told of.
    pub told: AtomicU64,
    /// Outcomes that took too long to judge.
    pub unknown: AtomicU64,
}

impl Tally {
    /// Of somebody who sees sleeps.
    #[must_use]
    pub fn of_sleeps() -> Self {
        Self { slept: Some(AtomicU64::default()), ..Self::default() }
    }

    pub(crate) fn count(&self, seen: &Seen, slept: usize) {
        let all = || seen.events.iter().flatten();
        let count = |event| all().filter(|other| **other == event).count() as u64;
        let add = |to: &AtomicU64, what| {
            to.fetch_add(what, Relaxed);
        };
        add(&self.executions, 1);
        if let Some(sleeps) = &self.slept {
            add(sleeps, slept as u64);
        }
        add(&self.refused, count(Event::Refused));
        add(&self.waited, count(Event::Waited(true)));
        add(&self.deaths, u64::from(seen.died.is_some()));
        add(&self.told, count(Event::GotFromTheDead));
    }
}

/// A program, run over the raw primitives, and judged by the reference.
#[derive(Debug)]
pub struct ProgramModel {
    program: Program,
    mistake: Mistake,
    tally: Arc<Tally>,
    /// What has come up before, and whether that may be.
    judged: Mutex<HashMap<Seen, Answer>>,
}

impl ProgramModel {
    /// That program.
    #[must_use]
    pub fn new(program: Program, mistake: Mistake, tally: Arc<Tally>) -> Self {
        Self { program, mistake, tally, judged: Mutex::default() }
    }

    fn judge(&self, seen: &Seen) -> Answer {
        let mut judged = self.judged.lock().unwrap_or_else(PoisonError::into_inner);
        *judged.entry(seen.clone()).or_insert_with(|| may_come_to(&self.program, seen))
    }
}

/// What the processes share.
pub struct Shared<W: World> {
    mutexes: [RawMutex<W::RobustWord>; 2],
    condvar: RawCondvar<W::Word>,
    rwlock: RawRwLock<W::RobustWord, W::Cell, READERS>,
    semaphore: RawSemaphore<W::RobustWord, MOST_PERMITS>,
    /// What the mutexes and the lock for readers and writers protect.
    numbers: [W::Cell; 3],
    inside: W::Word,
    /// Outside of the checked memory, a place for each process: nothing here orders anything.
    told: Mutex<Vec<Told>>,
}

/// What a process has seen.
#[derive(Clone, Debug, Default)]
struct Told {
    events: Vec<Event>,
    ended: bool,
}

impl<W: World> fmt::Debug for Shared<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl<W: World> Shared<W> {
    fn told(&self) -> MutexGuard<'_, Vec<Told>> {
        // A death unwinds through here; what is inside is never half-changed.
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Model for ProgramModel {
    type Shared<W: World> = Shared<W>;

    fn processes(&self) -> usize {
        self.program.processes.len()
    }

    fn share<W: World>(&self, p: &W) -> Shared<W> {
        let slots = ["permit 1", "permit 2"].map(|name| p.new_robust(name));
        let readers = ["reader 1", "reader 2"].map(|name| p.new_robust(name));
        Shared {
            mutexes: ["first", "second"].map(|name| RawMutex::new(p.new_robust(name))),
            condvar: RawCondvar::new(p.new_word("condvar")),
            rwlock: RawRwLock::new(p.new_robust("rwlock"), p.new_cell("writing"), readers),
            semaphore: RawSemaphore::new(p.new_robust("turn"), slots),
            numbers: ["in first", "in second", "in rwlock"].map(|name| p.new_cell(name)),
            inside: p.new_word("inside"),
            told: Mutex::new(vec![Told::default(); self.program.processes.len()]),
        }
    }

    fn process<W: World>(&self, p: &W, shared: &Shared<W>, index: usize, _: &Log) {
        let scope = p.scope();
        let (mistake, held) = (self.mistake, Vec::new());
        let mut process = Process { p, shared, index, mistake, scope, at: 0, held };
        process.all(&self.program.processes[index]);
        shared.told()[index].ended = true;
    }

    fn end<W: World>(&self, p: &W, shared: &Shared<W>, _: &Log, facts: Facts) -> Outcome {
        let told = shared.told().clone();
        let [first, second, rwlock] = shared.numbers.each_ref().map(|cell| p.cell_get(cell));
        let inside = u64::from(p.load(&shared.inside, Relaxed));
        let seen = Seen {
            died: told.iter().position(|told| !told.ended),
            events: told.into_iter().map(|told| told.events).collect(),
            numbers: [first, second, rwlock, inside],
            free: shared.semaphore.free(p, PERMITS),
        };
        self.tally.count(&seen, facts.slept);
        let wrong = match self.judge(&seen) {
            Answer::Yes => None,
            Answer::No => Some(format!("{IMPOSSIBLE}: {seen}")),
            Answer::Unknown => {
                self.tally.unknown.fetch_add(1, Relaxed);
                None
            }
        };
        Outcome { result: seen.to_string(), wrong }
    }

    fn is_symmetric(&self) -> bool {
        false
    }

    fn is_mortal(&self, index: usize) -> bool {
        self.program.death.is_some_and(|death| death.process == index)
    }

    fn noted<W: World>(&self, shared: &Shared<W>, index: usize) -> String {
        format!("{:?}", shared.told()[index])
    }

    fn has_deadlines(&self) -> bool {
        self.program.has_deadlines()
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        Vec::new()
    }
}

pub(crate) const IMPOSSIBLE: &str = "no order of the steps gives what was seen";

/// A time that comes: explorers decide when.
const SOMETIME: Deadline = Deadline::At(Monotonic::from_secs(1));

const fn deadline(how: How) -> Deadline {
    match how {
        How::Patiently => Deadline::Never,
        How::Once => Deadline::Now,
        How::Limited => SOMETIME,
    }
}

/// A process on its way.
struct Process<'a, W: World> {
    p: &'a W,
    shared: &'a Shared<W>,
    index: usize,
    mistake: Mistake,
    scope: Scope,
    /// How much it has done.
    at: usize,
    /// In which slots it is, of whatever has slots.
    held: Vec<Slots>,
}

impl<W: World> Process<'_, W> {
    fn all(&mut self, steps: &[Step]) {
        for step in steps {
            self.mark();
            match step {
                Step::Hold { what, how, steps } => self.hold(*what, *how, steps),
                Step::WaitUntil { least, limited } => self.wait_until(*least, *limited),
                Step::Notify(_) if self.mistake == Mistake::NotifiesNobody => {}
                // Whom it wakes is not promised; those who should not have been woken look, and sleep again.
                Step::Notify(_) => self.shared.condvar.notify(self.p),
                Step::Wait(how) => self.wait(*how),
                Step::Post => {
                    let given = self.shared.semaphore.post(self.p, PERMITS);
                    self.saw(if given.is_ok() { Event::Got } else { Event::Refused });
                }
            }
        }
        self.mark();
    }

    fn mark(&mut self) {
        self.p.at(self.scope, (self.at, &self.held, self.seen()));
        self.at += 1;
    }

    fn seen(&self) -> Vec<Event> {
        self.shared.told()[self.index].events.clone()
    }

    fn saw(&self, event: Event) {
        self.shared.told()[self.index].events.push(event);
    }

    fn hold(&mut self, what: What, how: How, steps: &[Step]) {
        match self.take(what, deadline(how)) {
            Ok((event, slots)) => {
                let tells = self.mistake != Mistake::TellsNobody;
                self.saw(if tells { event } else { Event::Got });
                self.held.push(slots);
                self.mark();
                self.touch(what);
                self.all(steps);
                if what == What::Permit {
                    self.p.fetch_add(&self.shared.inside, 1_u32.wrapping_neg(), Relaxed);
                } else {
                    self.touch(what);
                }
                self.mark();
                self.release(what);
                self.held.pop();
            }
            Err(LockFailure::TimedOut) if how != How::Patiently => {
                if self.mistake == Mistake::KeepsPermit && what == What::Permit {
                    let _ = self.shared.semaphore.wait(self.p, PERMITS, Deadline::Now);
                }
                self.saw(Event::Refused);
            }
            Err(failure) => violated(format!("{what:?} failed: {failure:?}")),
        }
    }

    fn take(&self, what: What, until: Deadline) -> Result<(Event, Slots), LockFailure> {
        let (p, Shared { mutexes, rwlock, semaphore, .. }) = (self.p, self.shared);
        match what {
            What::Second if self.mistake == Mistake::LocksNothing => Ok((Event::Got, 0)),
            What::First | What::Second => {
                let mutex = &mutexes[what.number()];
                let how = mutex.lock(p, until)?;
                Ok((repaired(how, || mutex.make_consistent(p).is_ok()), 0))
            }
            What::Write if self.mistake != Mistake::WritesAsReader => {
                let how = rwlock.write(p, until)?;
                Ok((repaired(how, || rwlock.make_consistent(p).is_ok()), 0))
            }
            What::Read | What::Write => match rwlock.read(p, self.index, until)? {
                Read::Shared(slot) => Ok((Event::Got, slot as Slots)),
                Read::OwnerDied => match rwlock.downgrade(p, self.index) {
                    Some(slot) => Ok((Event::GotFromTheDead, slot as Slots)),
                    None => violated("a writer could not become a reader"),
                },
            },
            What::Permit => Ok((Event::Got, semaphore.acquire(p, PERMITS, self.index, until)?)),
        }
    }

    fn release(&self, what: What) {
        let (p, Shared { mutexes, rwlock, semaphore, .. }) = (self.p, self.shared);
        let slots = self.held.last().copied().unwrap_or_default();
        let was_held = match what {
            What::Second if self.mistake == Mistake::LocksNothing => true,
            What::First | What::Second => mutexes[what.number()].unlock(p).is_ok(),
            What::Write if self.mistake != Mistake::WritesAsReader => {
                rwlock.unlock_write(p).is_ok()
            }
            What::Read | What::Write => rwlock.unlock_read(p, slots as usize).is_ok(),
            What::Permit => semaphore.release(p, slots) == 1,
        };
        if !was_held {
            violated(format!("{what:?} was not its holder's any more"));
        }
    }

    fn touch(&self, what: What) {
        let number = match what {
            What::Permit => self.p.fetch_add(&self.shared.inside, 1, Relaxed).into(),
            _ => {
                let cell = &self.shared.numbers[what.number()];
                let number = self.p.cell_get(cell);
                if what != What::Read {
                    self.p.cell_set(cell, number + 1);
                }
                number
            }
        };
        self.saw(Event::Saw(number));
    }

    fn wait(&self, how: How) {
        match self.shared.semaphore.wait(self.p, PERMITS, deadline(how)) {
            Ok(()) => self.saw(Event::Got),
            Err(LockFailure::TimedOut) if how != How::Patiently => self.saw(Event::Refused),
            Err(failure) => violated(format!("waiting for a permit failed: {failure:?}")),
        }
    }

    fn wait_until(&self, least: u64, limited: bool) {
        let (p, Shared { mutexes: [first, _], condvar, numbers, .. }) = (self.p, self.shared);
        let until = if limited { SOMETIME } else { Deadline::Never };
        let scope = p.scope();
        let (mut late, mut woken) = (false, false);
        loop {
            p.at(scope, (self.at, &self.held, late, woken, self.seen()));
            let is_so = p.cell_get(&numbers[What::First.number()]) >= least
                || woken && self.mistake == Mistake::TrustsItsWake;
            if is_so || late {
                return self.saw(Event::Waited(is_so));
            }
            match condvar.wait(p, first, until) {
                Ok(ended) => {
                    let event = repaired(ended.how, || first.make_consistent(p).is_ok());
                    if event == Event::GotFromTheDead {
                        self.saw(event);
                    }
                    (late, woken) = (ended.timed_out, true);
                }
                Err(failure) => violated(format!("waiting for a notification failed: {failure:?}")),
            }
        }
    }
}

fn repaired(how: Acquired, make_consistent: impl FnOnce() -> bool) -> Event {
    match how {
        Acquired::Clean => Event::Got,
        Acquired::OwnerDied => {
            if !make_consistent() {
                violated("the holder was told that it does not hold the lock");
            }
            Event::GotFromTheDead
        }
    }
}
