//! Models of an event: what it announces is seen, and nobody waits in vain.

use std::marker::PhantomData;

use lockproof::deadline::{Deadline, Monotonic};
use lockproof::platform::Ordering::{Acquire, Relaxed, Release};

use super::any::event::{Event, Shipped};
use crate::model::{DEATH, Log, Model, Outcome, Sometimes, WAIT, violated};
use crate::platform::{Facts, World};

const SEEN: &str = "waiters that were released";
const LATE: &str = "waiters whose time was up";

/// How an event is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Two write something each and set it, the others wait. Either of the two may die: then the other sets it.
    Announce,
    /// The same, where only one sets it.
    Alone,
    /// One sets it, and all clear it: it is not set any more.
    Off,
    /// As `Announce`, where one of those that wait does so until a deadline only.
    Deadline,
    /// One sets it and clears it at once, as soon as all others have begun to wait.
    Pulse,
    /// One sets it, it and another clear it at the same time, and after that it sets it again; others wait.
    Cleared,
    /// One writes and sets it, several times; another waits, clears it, and looks: it has to see the last.
    Again,
}

/// Processes that use one event.
#[derive(Clone, Copy, Debug)]
pub struct EventModel<E = Shipped> {
    how: Use,
    processes: usize,
    rounds: usize,
    deaths: bool,
    event: PhantomData<E>,
}

/// What they share.
pub struct Shared<W: World, E: Event> {
    event: E::On<W>,
    written: [W::Word64; 2],
    waiting: W::Word,
    cleared: W::Word,
}

impl<W: World, E: Event> std::fmt::Debug for Shared<W, E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl<W: World, E: Event> Shared<W, E> {
    /// Looks for what was announced.
    fn look(&self, p: &W) {
        let written = self.written.iter().map(|word| p.load64(word, Relaxed));
        if written.sum::<u64>() == 0 {
            violated("it is set, and nothing of what was announced is there");
        }
    }
}

fn until_it_is<W: World>(p: &W, word: &W::Word, number: u32) {
    let scope = p.scope();
    loop {
        p.at(scope, ());
        if p.load(word, Acquire) == number {
            return;
        }
    }
}

impl<E: Event> EventModel<E> {
    /// So many processes that use it so. Where it is set more than once, that is said.
    #[must_use]
    pub const fn new(how: Use, processes: usize, rounds: usize) -> Self {
        Self { how, processes, rounds, deaths: false, event: PhantomData }
    }

    /// The same, where one process dies, if so.
    #[must_use]
    pub const fn with_deaths(self, deaths: bool) -> Self {
        Self { deaths, ..self }
    }

    const fn setters(&self) -> usize {
        match self.how {
            Use::Announce | Use::Deadline => 2,
            Use::Alone | Use::Off | Use::Pulse | Use::Again => 1,
            Use::Cleared => 2,
        }
    }

    fn sets<W: World>(&self, p: &W, shared: &Shared<W, E>, index: usize) {
        match self.how {
            Use::Announce | Use::Alone | Use::Deadline => {
                p.store64(&shared.written[index], 1, Relaxed);
                E::set(&shared.event, p);
            }
            Use::Off => {
                E::set(&shared.event, p);
                E::clear(&shared.event, p);
                if E::is_set(&shared.event, p) == Some(true) {
                    violated("it was cleared after it was set, and is set");
                }
            }
            Use::Pulse => {
                until_it_is(p, &shared.waiting, self.processes as u32 - 1);
                E::set(&shared.event, p);
                E::clear(&shared.event, p);
            }
            Use::Cleared if index == 0 => {
                E::set(&shared.event, p);
                E::clear(&shared.event, p);
                until_it_is(p, &shared.cleared, 1);
                E::set(&shared.event, p);
            }
            Use::Cleared => {
                E::clear(&shared.event, p);
                p.fetch_add(&shared.cleared, 1, Release);
            }
            Use::Again => {
                let scope = p.scope();
                for round in 1..=self.rounds {
                    p.at(scope, round);
                    p.store64(&shared.written[0], round as u64, Relaxed);
                    E::set(&shared.event, p);
                }
            }
        }
    }

    fn waits<W: World>(&self, p: &W, shared: &Shared<W, E>, index: usize, log: &Log) {
        let event = &shared.event;
        match self.how {
            Use::Announce | Use::Alone | Use::Deadline => {
                let limited = self.how == Use::Deadline && index == self.setters();
                let until = if limited { Deadline::At(SOMETIME) } else { Deadline::Never };
                if E::is_set(event, p) == Some(true) {
                    shared.look(p);
                }
                if E::wait(event, p, until) {
                    shared.look(p);
                    log.count(SEEN);
                } else {
                    log.count(LATE);
                }
            }
            Use::Off => {
                E::clear(event, p);
                log.count(SEEN);
            }
            Use::Cleared => {
                E::wait(event, p, Deadline::Never);
                log.count(SEEN);
            }
            Use::Pulse => {
                let moment = E::now(event, p);
                p.fetch_add(&shared.waiting, 1, Release);
                E::wait_since(event, p, moment);
                log.count(SEEN);
            }
            Use::Again => {
                let scope = p.scope();
                let mut last = 0;
                while last < self.rounds as u64 {
                    p.at(scope, last);
                    E::wait(event, p, Deadline::Never);
                    E::clear(event, p);
                    last = p.load64(&shared.written[0], Relaxed);
                }
                log.count(SEEN);
            }
        }
    }
}

/// A time that comes: explorers decide when.
const SOMETIME: Monotonic = Monotonic::from_secs(1);

impl<E: Event> Model for EventModel<E> {
    type Shared<W: World> = Shared<W, E>;

    fn processes(&self) -> usize {
        self.processes
    }

    fn share<W: World>(&self, p: &W) -> Shared<W, E> {
        Shared {
            event: E::make(p),
            written: [p.new_word64("written by 1"), p.new_word64("written by 2")],
            waiting: p.new_word("waiting"),
            cleared: p.new_word("cleared"),
        }
    }

    fn process<W: World>(&self, p: &W, shared: &Shared<W, E>, index: usize, log: &Log) {
        if index < self.setters() {
            self.sets(p, shared, index);
        } else {
            self.waits(p, shared, index, log);
        }
    }

    fn is_symmetric(&self) -> bool {
        false
    }

    fn is_mortal(&self, index: usize) -> bool {
        // Somebody has to set it.
        let _ = self;
        index > 0
    }

    fn has_deadlines(&self) -> bool {
        self.how == Use::Deadline
    }

    fn end<W: World>(&self, p: &W, shared: &Shared<W, E>, log: &Log, facts: Facts) -> Outcome {
        let waiters = (self.processes - self.setters()) as u64;
        let (seen, late) = (log.counted(SEEN), log.counted(LATE));
        let too_few = seen + late + (facts.deaths as u64) < waiters;
        let should_be_set = !matches!(self.how, Use::Off | Use::Pulse | Use::Again);
        let wrong = if too_few {
            Some(format!("{waiters} waited, and {seen} were released"))
        } else if should_be_set && E::is_set(&shared.event, p) == Some(false) {
            Some("it was set, and is not".to_owned())
        } else {
            None
        };
        Outcome { result: format!("{seen} released, {late} late"), wrong }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        let mut all: Vec<_> = E::SLEEPS.then_some(WAIT).into_iter().collect();
        if self.deaths {
            all.push(DEATH);
        }
        if self.how == Use::Deadline {
            all.push(Sometimes {
                what: "a waiter whose time is up",
                happened: |_, log| log.counted(LATE) > 0,
            });
        }
        all
    }
}
