//! Processes that wait for each other again and again, without an end, by something else than a lock.
//!
//! As with [locks](super::endless), nothing is counted; what was handed over without an ordering is a data race. Where an
//! algorithm itself counts, the numbers wrap early (`wrapping.rs`).

use lockproof::deadline::Deadline;
use lockproof::platform::Platform;
use lockproof::raw::{
    Acquired, Ended, QueueFailure, RawBarrier, RawCondvar, RawEvent, RawMutex, RawQueue,
    RawSemaphore,
};

use super::mutex::held;
use super::queue::new_queue;
use super::wrapping::{EVENTS, NOTIFIED, Wrapping};
use crate::model::{DEATH, DEATH_OF_A_HOLDER, Log, Model, Outcome, Sometimes, WAIT, violated};
use crate::platform::{Facts, World};

/// What processes do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Each acquires the one permit, and gives it back.
    Permit,
    /// The same, where each takes both of two at once.
    Permits,
    /// The first gives permits by hand, the others take them.
    Signal,
    /// The first puts, the others take; there is one place.
    Queue,
    /// The same, where those that take do not wait, but look again and again.
    Polling,
    /// Two hand over to each other by an event of each.
    Events,
    /// Each waits for its turn, and hands over to the next.
    Turns,
    /// All meet at a barrier.
    Meetings,
}

/// Processes that do it for ever.
#[derive(Clone, Copy, Debug)]
pub struct AgainModel {
    /// What.
    pub how: Use,
    /// How many.
    pub processes: usize,
    /// Whether some die.
    pub deaths: bool,
}

/// The most that can meet: each writes to two cells in turn.
pub const MOST: usize = 3;
const SLOTS: usize = 2;

/// So large that the numbers in a queue begin anew after four of them.
const UNIT: u64 = 1 << 62;

type Queue<W> = RawQueue<<W as Platform>::RobustWord, <W as Platform>::Word, <W as Platform>::Cell>;
type Barrier<W> = RawBarrier<<W as Platform>::RobustWord, <W as Platform>::Word, MOST>;
/// What each writes, in turns.
type Written<W> = [[<W as Platform>::Cell; 2]; MOST];

/// What they use.
pub enum Shared<W: World> {
    /// Permits, and what they protect.
    Permits(RawSemaphore<W::RobustWord, SLOTS>, W::Cell),
    /// A queue, and its place.
    Queue(Queue<W>, W::Cell),
    /// What each waits for, and what is handed over.
    Events([RawEvent<W::Word>; 2], W::Cell),
    /// A condition variable with its mutex, and whose turn it is.
    Turns(RawMutex<W::RobustWord>, RawCondvar<W::Word>, W::Cell),
    /// A barrier, and what each writes.
    Meetings(Barrier<W>, Written<W>),
}

impl<W: World> std::fmt::Debug for Shared<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

fn is_changed<W: World>(p: &W, data: &W::Cell) {
    let before = p.cell_get(data);
    p.cell_set(data, before);
}

impl AgainModel {
    /// Takes so many of the permits there are, one or two; or one that is given by hand.
    fn takes<W: World>(
        &self,
        p: &W,
        (permits, data): (&RawSemaphore<W::RobustWord, SLOTS>, &W::Cell),
        inside: impl FnOnce(),
    ) {
        let taken = match self.how {
            Use::Permits => permits.acquire_many(p, SLOTS, SLOTS, Deadline::Never),
            _ => permits.acquire(p, 1, 0, Deadline::Never),
        };
        match taken {
            Ok(slots) => {
                inside();
                is_changed(p, data);
                permits.release(p, slots);
            }
            Err(failure) => violated(format!("acquire failed: {failure:?}")),
        }
    }

    fn signals<W: World>(p: &W, permits: &RawSemaphore<W::RobustWord, SLOTS>, index: usize) {
        if index == 0 {
            // Refused where there is no room: then there is a permit for each slot.
            let _ = permits.post(p, 0);
        } else if let Err(failure) = permits.wait(p, 0, Deadline::Never) {
            violated(format!("wait failed: {failure:?}"));
        }
    }

    fn passes_through<W: World>(
        &self,
        p: &Wrapping<'_, W>,
        (queue, place): (&Queue<W>, &W::Cell),
        index: usize,
    ) {
        let scope = p.scope();
        if index == 0 {
            match queue.begin_put(p, (UNIT, UNIT), Deadline::Never) {
                Ok(_) => {
                    p.at(scope, "puts");
                    is_changed(p.0, place);
                }
                Err(failure) => violated(format!("put failed: {failure:?}")),
            }
            return queue.end_put(p, UNIT);
        }
        let polls = self.how == Use::Polling;
        let until = if polls { Deadline::Now } else { Deadline::Never };
        let mut again = false;
        loop {
            // Not at first: then it has just come, which is what counts.
            if again {
                p.at(scope, "looks again");
            }
            again = true;
            match queue.begin_take(p, until) {
                Ok(_) => {
                    p.at(scope, "takes");
                    is_changed(p.0, place);
                    return queue.end_take(p, UNIT);
                }
                Err(QueueFailure::TimedOut) if polls => {}
                Err(failure) => violated(format!("take failed: {failure:?}")),
            }
        }
    }

    fn waits_for_turn<W: World>(
        &self,
        p: &Wrapping<'_, W>,
        (mutex, condvar, turn): (&RawMutex<W::RobustWord>, &RawCondvar<W::Word>, &W::Cell),
        index: usize,
    ) {
        let scope = p.scope();
        if mutex.lock(p, Deadline::Never) != Ok(Acquired::Clean) {
            violated("nobody has died");
        }
        loop {
            p.at(scope, "looks");
            if p.cell_get(turn) == index as u64 {
                break;
            }
            match condvar.wait(p, mutex, Deadline::Never) {
                Ok(Ended { how: Acquired::Clean, .. }) => {}
                other => violated(format!("wait failed: {other:?}")),
            }
        }
        p.cell_set(turn, (index as u64 + 1) % self.processes as u64);
        held(mutex.unlock(p));
        p.at(scope, "notifies");
        condvar.notify(p);
    }

    fn meets<W: World>(&self, p: &W, (barrier, written): (&Barrier<W>, &Written<W>), index: usize) {
        let scope = p.scope();
        let Ok(Some(place)) = barrier.enter(p, self.processes, index) else {
            violated("there is no place for one of the parties");
        };
        let mut round = 0;
        loop {
            p.at(scope, (place, round));
            p.cell_set(&written[index][round], 1);
            if let Err(failure) = barrier.wait(p, self.processes, place, Deadline::Never) {
                violated(format!("wait failed: {failure:?}"));
            }
            p.at(scope, ("has met", place, round));
            for other in written.iter().take(self.processes) {
                p.cell_get(&other[round]);
            }
            round = 1 - round;
        }
    }
}

fn hands_over<W: World>(
    p: &Wrapping<'_, W>,
    (events, data): (&[RawEvent<W::Word>; 2], &W::Cell),
    index: usize,
) {
    let scope = p.scope();
    if index == 0 {
        is_changed(p.0, data);
        events[0].set(p);
        p.at(scope, "waits");
    }
    events[1 - index].wait(p, Deadline::Never);
    p.at(scope, "clears");
    events[1 - index].clear(p);
    p.at(scope, "has cleared");
    is_changed(p.0, data);
    if index > 0 {
        events[1].set(p);
    }
}

impl Model for AgainModel {
    type Shared<W: World> = Shared<W>;

    fn processes(&self) -> usize {
        self.processes
    }

    fn share<W: World>(&self, p: &W) -> Shared<W> {
        match self.how {
            Use::Permit | Use::Permits | Use::Signal => {
                let slots = [p.new_robust("slot 1"), p.new_robust("slot 2")];
                let permits = RawSemaphore::new(p.new_robust("turn"), slots);
                Shared::Permits(permits, p.new_cell("data"))
            }
            Use::Queue | Use::Polling => {
                Shared::Queue(new_queue(p, [NOTIFIED; 2]), p.new_cell("place"))
            }
            Use::Events => {
                let events = EVENTS.map(|name| RawEvent::new(p.new_word(name)));
                Shared::Events(events, p.new_cell("data"))
            }
            Use::Turns => {
                let condvar = RawCondvar::new(p.new_word(NOTIFIED));
                Shared::Turns(RawMutex::new(p.new_robust("lock")), condvar, p.new_cell("turn"))
            }
            Use::Meetings => {
                let places = ["place 1", "place 2", "place 3"].map(|name| p.new_robust(name));
                let announced = ["announced 1", "announced 2", "announced 3"];
                let barrier = RawBarrier::new(
                    places,
                    announced.map(|name| p.new_word(name)),
                    p.new_word("state"),
                );
                let cells = [["even 1", "odd 1"], ["even 2", "odd 2"], ["even 3", "odd 3"]];
                Shared::Meetings(barrier, cells.map(|two| two.map(|name| p.new_cell(name))))
            }
        }
    }

    fn process<W: World>(&self, p: &W, shared: &Shared<W>, index: usize, _: &Log) {
        if let Shared::Meetings(barrier, written) = shared {
            return self.meets(p, (barrier, written), index);
        }
        let scope = p.scope();
        let wrapping = Wrapping(p);
        loop {
            p.at(scope, "comes");
            match shared {
                Shared::Permits(permits, _) if self.how == Use::Signal => {
                    Self::signals(p, permits, index);
                }
                Shared::Permits(permits, data) => {
                    self.takes(p, (permits, data), || p.at(scope, "is inside"));
                }
                Shared::Queue(queue, place) => {
                    self.passes_through(&wrapping, (queue, place), index);
                }
                Shared::Events(events, data) => hands_over(&wrapping, (events, data), index),
                Shared::Turns(mutex, condvar, turn) => {
                    self.waits_for_turn(&wrapping, (mutex, condvar, turn), index);
                }
                Shared::Meetings(..) => unreachable!("above"),
            }
        }
    }

    fn is_symmetric(&self) -> bool {
        matches!(self.how, Use::Permit | Use::Permits)
    }

    fn is_endless(&self) -> bool {
        true
    }

    fn end<W: World>(&self, _: &W, _: &Shared<W>, _: &Log, _: Facts) -> Outcome {
        Outcome { result: "all died".to_owned(), wrong: None }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        let deaths: &[_] = if self.deaths { &[DEATH, DEATH_OF_A_HOLDER] } else { &[] };
        let sleeps = (self.how != Use::Polling).then_some(WAIT);
        sleeps.iter().chain(deaths).copied().collect()
    }
}
