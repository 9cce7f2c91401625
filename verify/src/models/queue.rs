//! Models of the queue: everything comes out once and in order, and nobody waits in vain.

use lockproof::deadline::{Deadline, Monotonic};
use lockproof::raw::{QueueCells, QueueFailure, RawQueue};

use crate::model::{DEATH, Log, Model, Outcome, Sometimes, WAIT, violated};
use crate::platform::{Facts, World};

const BEGAN: &str = "elements about to be put";
const PUT: &str = "elements put";
const TAKEN: &str = "elements taken";
const LOST_IN: &str = "losses by producers that were counted";
const LOST_OUT: &str = "losses by consumers that were counted";
const LATE: &str = "waits that timed out";
const CLOSED: &str = "ends that were seen";
const OUT_OF_ORDER: &str = "elements that came out before an earlier one";

/// The shipped queue, with these names for the words that consumers and producers sleep on.
pub(super) fn new_queue<W: World>(
    p: &W,
    [more, room]: [&'static str; 2],
) -> RawQueue<W::RobustWord, W::Word, W::Cell> {
    let cells = QueueCells {
        ends: [p.new_cell("head"), p.new_cell("tail")],
        begun: [p.new_cell("putting"), p.new_cell("taking")],
        closed: p.new_cell("closed"),
        lost: [p.new_cell("lost in"), p.new_cell("lost out")],
    };
    let (more, room) = (p.new_word(more), p.new_word(room));
    RawQueue::new(p.new_robust("lock"), more, room, cells)
}

/// What processes do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// The first puts as many as the others take, who take one each.
    Fan,
    /// Everybody puts one and takes one.
    Each,
    /// As `Fan`, where one of those that take waits only until a deadline.
    Deadline,
    /// The others put one each; the first takes all but one of them, so that there are enough if one of the others dies.
    Gather,
    /// The first puts some and closes the queue; the others take until it is closed.
    Close,
    /// There is room for all: everybody puts one, and nobody takes any.
    Fill,
}

/// Processes that put into a queue and take from it.
#[derive(Clone, Copy, Debug)]
pub struct QueueModel {
    /// What they do.
    pub how: Use,
    /// How many.
    pub processes: usize,
    /// Whether one of them dies.
    pub deaths: bool,
}

/// A queue, and its place.
pub struct Shared<W: World> {
    queue: RawQueue<W::RobustWord, W::Word, W::Cell>,
    place: W::Cell,
}

impl<W: World> std::fmt::Debug for Shared<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl<W: World> Shared<W> {
    fn put(&self, p: &W, capacity: u64, element: u64, log: &Log) {
        let scope = p.scope();
        match self.queue.begin_put(p, (capacity, 1), Deadline::Never) {
            Ok(_) => {
                log.count(BEGAN);
                p.at(scope, "puts");
                p.cell_set(&self.place, element);
                self.queue.end_put(p, 1);
                log.count(PUT);
            }
            Err(failure) => violated(format!("put failed: {failure:?}")),
        }
        p.at(scope, "has put");
    }

    fn take(&self, p: &W, until: Deadline, log: &Log) -> Option<u64> {
        let scope = p.scope();
        match self.queue.begin_take(p, until) {
            Ok(_) => {
                p.at(scope, "takes");
                let element = p.cell_get(&self.place);
                self.queue.end_take(p, 1);
                log.count(TAKEN);
                p.at(scope, element);
                Some(element)
            }
            Err(QueueFailure::TimedOut) if until != Deadline::Never => {
                log.count(LATE);
                None
            }
            Err(QueueFailure::Closed) => {
                log.count(CLOSED);
                None
            }
            Err(failure) => violated(format!("take failed: {failure:?}")),
        }
    }
}

/// A time that comes: explorers decide when.
const SOMETIME: Deadline = Deadline::At(Monotonic::from_secs(1));

impl QueueModel {
    /// One place: producers and consumers wait for each other all the time.
    const fn capacity(&self) -> u64 {
        if matches!(self.how, Use::Fill) { self.processes as u64 } else { 1 }
    }

    /// Whether those that take may die.
    const fn loses_what_was_taken(&self) -> bool {
        self.deaths && !matches!(self.how, Use::Gather | Use::Fill)
    }

    fn produces<W: World>(&self, p: &W, shared: &Shared<W>, log: &Log) {
        let scope = p.scope();
        for element in 1..self.processes as u64 {
            p.at(scope, element);
            shared.put(p, self.capacity(), element, log);
        }
        if self.how == Use::Close && shared.queue.close(p).is_err() {
            violated("the queue could not be closed");
        }
    }

    fn consumes_all<W: World>(p: &W, shared: &Shared<W>, log: &Log) {
        let scope = p.scope();
        let mut last = 0;
        loop {
            p.at(scope, last);
            match shared.take(p, Deadline::Never, log) {
                Some(element) if element <= last => log.count(OUT_OF_ORDER),
                Some(element) => last = element,
                None => return,
            }
        }
    }
}

impl Model for QueueModel {
    type Shared<W: World> = Shared<W>;

    fn processes(&self) -> usize {
        self.processes
    }

    fn share<W: World>(&self, p: &W) -> Shared<W> {
        Shared { queue: new_queue(p, ["more", "room"]), place: p.new_cell("place") }
    }

    fn process<W: World>(&self, p: &W, shared: &Shared<W>, index: usize, log: &Log) {
        match self.how {
            Use::Each => {
                shared.put(p, self.capacity(), 1, log);
                shared.take(p, Deadline::Never, log);
            }
            Use::Gather if index == 0 => {
                let scope = p.scope();
                for round in 2..self.processes {
                    p.at(scope, round);
                    shared.take(p, Deadline::Never, log);
                }
            }
            Use::Gather | Use::Fill => shared.put(p, self.capacity(), 1, log),
            _ if index == 0 => self.produces(p, shared, log),
            Use::Close => Self::consumes_all(p, shared, log),
            Use::Fan | Use::Deadline => {
                let limited = self.how == Use::Deadline && index == 1;
                shared.take(p, if limited { SOMETIME } else { Deadline::Never }, log);
            }
        }
    }

    fn is_symmetric(&self) -> bool {
        matches!(self.how, Use::Each | Use::Fill)
    }

    fn is_mortal(&self, index: usize) -> bool {
        // Where others wait for what one puts, or for the room that one makes, somebody has to do it.
        matches!(self.how, Use::Each | Use::Fill) || index > 0
    }

    fn has_deadlines(&self) -> bool {
        self.how == Use::Deadline
    }

    fn end<W: World>(&self, p: &W, shared: &Shared<W>, log: &Log, facts: Facts) -> Outcome {
        let Ok(look) = shared.queue.look(p) else {
            return Outcome { result: "-".into(), wrong: Some("the queue is lost".into()) };
        };
        let (put, taken) = (log.counted(PUT), log.counted(TAKEN));
        let (left, deaths) = (look.length, facts.deaths as u64);
        // Whoever has put or taken one and died had no time to say so.
        let all = (put.saturating_sub(deaths)..=put + deaths).contains(&(taken + left));
        let (lost_in, lost_out) = (look.lost_by_producers, look.lost_by_consumers);
        (0..lost_in).for_each(|_| log.count(LOST_IN));
        (0..lost_out).for_each(|_| log.count(LOST_OUT));
        let lost = lost_in + lost_out;
        // Whoever has taken one, knows it, and died had no time to say so.
        let uncounted = log.counted(BEGAN).checked_sub(taken + left + lost);
        let in_hand = if self.loses_what_was_taken() { deaths } else { 0 };
        let wrong = if !all {
            Some(format!("{put} were put, {taken} taken, and {left} are left"))
        } else if uncounted.is_none_or(|number| number > in_hand) {
            Some(format!(
                "{} were begun, {taken} taken, {left} are left, and {lost_in} and {lost_out} are said to be lost",
                log.counted(BEGAN)
            ))
        } else if lost > deaths {
            Some(format!("{deaths} died, and {lost} are said to be lost"))
        } else if log.counted(OUT_OF_ORDER) > 0 {
            Some("one came out before an earlier one".to_owned())
        } else {
            None
        };
        Outcome { result: format!("{taken} taken, {left} left"), wrong }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        let mut all = vec![WAIT];
        if self.deaths {
            all.push(DEATH);
            all.push(if self.loses_what_was_taken() {
                Sometimes {
                    what: "a counted loss by a consumer",
                    happened: |_, log| log.counted(LOST_OUT) > 0,
                }
            } else {
                Sometimes {
                    what: "a counted loss by a producer",
                    happened: |_, log| log.counted(LOST_IN) > 0,
                }
            });
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
