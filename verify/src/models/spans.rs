//! Models of a queue into which several things go at once: batches of elements, and messages of different lengths.
//!
//! What goes in at once comes out whole and in order, or not at all; a batch that finds too little room goes in as far as there
//! is any, a message waits for room for all of it. What the dead have lost is counted: by producers exactly, one for each that
//! had begun and whose store of the end is not there; by consumers never more than has gone, and of each dead one all of what
//! it had taken or nothing. (Nothing if it died once its operation was over, be it before it had let go of the mutex.)

use lockproof::deadline::{Deadline, Monotonic};
use lockproof::raw::{Look, QueueFailure, RawQueue, Span};

use super::queue::new_queue;
use crate::model::{DEATH, Log, Model, Outcome, Sometimes, WAIT, violated};
use crate::platform::{Facts, World};

const BEGUN: &str = "operations that were about to put something";
const GOING_IN: &str = "units that were about to go in";
const COMING_OUT: &str = "units that were about to come out";
const OUT: &str = "units that came out";
const TWO_OUT: &str = "times two came out at once";
const CUT_SHORT: &str = "batches that found room for a part";
const LATE: &str = "waits that timed out";
const LOST_IN: &str = "losses by producers that were counted";
const LOST_OUT: &str = "losses by consumers that were counted";

/// That the unit of this number came out.
const CAME_OUT: [&str; 6] = ["1st out", "2nd out", "3rd out", "4th out", "5th out", "6th out"];

/// What processes do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// The first puts some in as few batches as there is room for, and closes the queue; the others take up to two at a time
    /// until then.
    Batches,
    /// Each puts a batch of two, once, into a queue that has room for all of them but the last element; nobody takes any.
    Fill,
    /// The first receives; the second sends messages of two units, the others one of one unit.
    Messages,
}

/// How it is not to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// A message goes in as soon as there is any room, over what is there.
    AnyRoom,
    /// A message goes in unit by unit, as if each were one.
    InParts,
}

/// Processes that put several things at a time into a queue and take them out again.
#[derive(Clone, Copy, Debug)]
pub struct SpanModel {
    /// What they do.
    pub how: Use,
    /// How many.
    pub processes: usize,
    /// Whether one of them dies.
    pub deaths: bool,
    /// What is wrong about it.
    pub mistake: Option<Mistake>,
}

/// As many processes as there are places for what they put.
pub const MOST: usize = 3;
const PLACES: u64 = 5;

/// A queue, and its places.
pub struct Shared<W: World> {
    queue: RawQueue<W::RobustWord, W::Word, W::Cell>,
    /// A unit in each byte: explorers have room for few cells.
    ring: W::Cell,
}

impl<W: World> std::fmt::Debug for Shared<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl<W: World> Shared<W> {
    fn read(&self, p: &W, Span { first, count }: Span, capacity: u64) -> Vec<u64> {
        let places = first..first + count;
        places.map(|number| p.cell_get(&self.ring) >> (number % capacity * 8) & 0xFF).collect()
    }

    fn write(&self, p: &W, number: u64, capacity: u64, unit: u64) {
        let place = number % capacity * 8;
        p.cell_set(&self.ring, p.cell_get(&self.ring) & !(0xFF << place) | unit << place);
    }
}

/// A time that comes: explorers decide when.
const SOMETIME: Deadline = Deadline::At(Monotonic::from_secs(1));

fn came_out(unit: u64) -> &'static str {
    let known = (unit as usize).checked_sub(1).and_then(|at| CAME_OUT.get(at));
    known.unwrap_or_else(|| violated(format!("{unit} came out, which nobody has put")))
}

fn count(log: &Log, what: &'static str, times: u64) {
    (0..times).for_each(|_| log.count(what));
}

impl SpanModel {
    /// Where somebody may be dead, nobody waits for room that it would make.
    const fn capacity(&self) -> u64 {
        match (self.how, self.deaths) {
            (Use::Batches, _) => 2,
            (Use::Fill, _) => 2 * self.processes as u64 - 1,
            (Use::Messages, false) => 3,
            (Use::Messages, true) => PLACES,
        }
    }

    /// How many elements the first puts.
    const fn elements(&self) -> u64 {
        if self.deaths { self.capacity() } else { self.capacity() + 1 }
    }

    /// What this process sends: the first unit of a message says how long it is.
    fn messages(&self, index: usize) -> &'static [&'static [u64]] {
        match index {
            1 => &[&[LONG, LONG + 1], &[LONG + 2, LONG + 3]],
            _ => &[&[5]],
        }
    }

    fn put<W: World>(
        &self,
        p: &W,
        shared: &Shared<W>,
        (least, units): (u64, &[u64]),
        log: &Log,
    ) -> usize {
        let scope = p.scope();
        match shared.queue.begin_put(p, (self.capacity(), least), Deadline::Never) {
            Ok(Span { first, count: room }) => {
                let number = if self.mistake == Some(Mistake::AnyRoom) {
                    units.len()
                } else {
                    units.len().min(room as usize)
                };
                log.count(BEGUN);
                count(log, GOING_IN, number as u64);
                if number < units.len() {
                    log.count(CUT_SHORT);
                }
                p.at(scope, (first % self.capacity(), number));
                for (unit, at) in units.iter().take(number).zip(first..) {
                    shared.write(p, at, self.capacity(), *unit);
                }
                shared.queue.end_put(p, number as u64);
                p.at(scope, ("has put", number));
                number
            }
            Err(failure) => violated(format!("put failed: {failure:?}")),
        }
    }

    fn puts_all<W: World>(&self, p: &W, shared: &Shared<W>, log: &Log) {
        let scope = p.scope();
        let all: Vec<u64> = (1..=self.elements()).collect();
        let mut put = 0;
        while put < all.len() {
            p.at(scope, put);
            put += self.put(p, shared, (1, &all[put..]), log);
        }
        p.at(scope, "closes");
        if shared.queue.close(p).is_err() {
            violated("the queue could not be closed");
        }
    }

    fn sends<W: World>(&self, p: &W, shared: &Shared<W>, index: usize, log: &Log) {
        let scope = p.scope();
        for (at, message) in self.messages(index).iter().enumerate() {
            p.at(scope, at);
            match self.mistake {
                Some(Mistake::InParts) => {
                    for part in message.chunks(1) {
                        p.at(scope, (at, part[0]));
                        self.put(p, shared, (1, part), log);
                    }
                }
                Some(Mistake::AnyRoom) => {
                    self.put(p, shared, (1, message), log);
                }
                None => {
                    self.put(p, shared, (message.len() as u64, message), log);
                }
            }
        }
    }

    /// Takes up to two elements, or a message. Nothing, if nothing is to come.
    fn take<W: World>(&self, p: &W, shared: &Shared<W>, log: &Log) -> Option<Vec<u64>> {
        let scope = p.scope();
        match shared.queue.begin_take(p, self.until()) {
            Ok(Span { first, count: there }) => {
                p.at(scope, (first % self.capacity(), there));
                let number = self.that_belong_together(p, shared, Span { first, count: there });
                count(log, COMING_OUT, number);
                let units = shared.read(p, Span { first, count: number }, self.capacity());
                shared.queue.end_take(p, number);
                count(log, OUT, number);
                units.iter().for_each(|unit| log.count(came_out(*unit)));
                if number == 2 {
                    log.count(TWO_OUT);
                }
                p.at(scope, units.clone());
                Some(units)
            }
            Err(QueueFailure::TimedOut) if self.until() != Deadline::Never => {
                log.count(LATE);
                None
            }
            Err(QueueFailure::Closed) if self.how == Use::Batches => None,
            Err(failure) => violated(format!("take failed: {failure:?}")),
        }
    }

    fn that_belong_together<W: World>(&self, p: &W, shared: &Shared<W>, span: Span) -> u64 {
        if self.how == Use::Batches {
            return span.count.min(2);
        }
        let first = shared.read(p, Span { count: 1, ..span }, self.capacity())[0];
        let length = length_of(first);
        if length > span.count {
            violated("a part of a message is there");
        }
        length
    }

    fn until(&self) -> Deadline {
        if self.deaths && self.how == Use::Messages { SOMETIME } else { Deadline::Never }
    }

    fn takes_until_closed<W: World>(&self, p: &W, shared: &Shared<W>, log: &Log) {
        let scope = p.scope();
        let mut last = 0;
        loop {
            p.at(scope, last);
            let Some(units) = self.take(p, shared, log) else { return };
            for unit in units {
                if unit <= last {
                    violated("one came out before an earlier one");
                }
                last = unit;
            }
        }
    }

    fn receives_all<W: World>(&self, p: &W, shared: &Shared<W>, log: &Log) {
        let scope = p.scope();
        let mut last = 0;
        let all = (1..self.processes).map(|index| self.messages(index).len()).sum();
        for round in 0..all {
            p.at(scope, (round, last));
            let Some(message) = self.take(p, shared, log) else { return };
            if !is_whole(&message) {
                violated(format!("parts of different messages came out as one: {message:?}"));
            }
            if self.is_from_the_second(message[0]) {
                if message[0] <= last {
                    violated("a message came out before an earlier one of the same sender");
                }
                last = message[0];
            }
        }
    }

    fn is_from_the_second(&self, unit: u64) -> bool {
        self.messages(1).iter().any(|message| message.contains(&unit))
    }

    /// What is wrong about what is left, if nobody takes any: of each batch the beginning is there, next to each other.
    fn wrong_with_batches(&self, left: &[u64], look: &Look, log: &Log) -> Option<String> {
        let begins = |unit: &&u64| **unit % 2 == 1;
        let there = left.iter().filter(begins).count() as u64;
        let follows = |pair: &[u64]| pair[1] % 2 == 1 || pair[1] == pair[0] + 1;
        if !left.iter().take(1).all(|unit| unit % 2 == 1) || !left.windows(2).all(follows) {
            Some(format!("batches came apart: {left:?}"))
        } else if there + look.lost_by_producers != log.counted(BEGUN) {
            Some(format!("{} batches were begun, {there} are there", log.counted(BEGUN)))
        } else {
            None
        }
    }
}

/// The first message of two units begins with this.
const LONG: u64 = 1;

const fn length_of(first: u64) -> u64 {
    if first == LONG || first == LONG + 2 { 2 } else { 1 }
}

fn is_whole(message: &[u64]) -> bool {
    match message {
        [first, second] => length_of(*first) == 2 && *second == first + 1,
        [only] => *only == 5,
        _ => false,
    }
}

/// What is wrong about what was counted, or came out more than once.
fn wrong_with_counts(look: &Look, log: &Log, deaths: u64) -> Option<String> {
    let (lost_in, lost_out) = (look.lost_by_producers, look.lost_by_consumers);
    let (going, coming) = (log.counted(GOING_IN), log.counted(COMING_OUT));
    let never_in = going.checked_sub(look.taken + look.length);
    let gone = look.taken.checked_sub(log.counted(OUT));
    if !never_in.is_some_and(|units| (lost_in..=2 * lost_in).contains(&units)) {
        Some(format!(
            "{going} were about to go in, {never_in:?} did not, and {lost_in} lost theirs"
        ))
    } else if !gone.is_some_and(|units| units <= coming - log.counted(OUT) && lost_out <= units) {
        Some(format!("{coming} were about to come out, {gone:?} are gone, and {lost_out} are lost"))
    } else if deaths < 2 && lost_out > 0 && gone != Some(lost_out) {
        Some(format!("one took {gone:?} with it, and {lost_out} are said to be lost"))
    } else if lost_in > deaths {
        Some(format!("{deaths} died, and {lost_in} are said to have lost something"))
    } else {
        CAME_OUT
            .iter()
            .find(|unit| log.counted(unit) > 1)
            .map(|unit| format!("{unit}: more than once"))
    }
}

impl Model for SpanModel {
    type Shared<W: World> = Shared<W>;

    fn processes(&self) -> usize {
        self.processes
    }

    fn share<W: World>(&self, p: &W) -> Shared<W> {
        Shared { queue: new_queue(p, ["more", "room"]), ring: p.new_cell("ring") }
    }

    fn process<W: World>(&self, p: &W, shared: &Shared<W>, index: usize, log: &Log) {
        match self.how {
            Use::Batches if index == 0 => self.puts_all(p, shared, log),
            Use::Batches => self.takes_until_closed(p, shared, log),
            Use::Fill => {
                let first = 1 + 2 * index as u64;
                self.put(p, shared, (1, &[first, first + 1]), log);
            }
            Use::Messages if index == 0 => self.receives_all(p, shared, log),
            Use::Messages => self.sends(p, shared, index, log),
        }
    }

    fn is_symmetric(&self) -> bool {
        false
    }

    fn is_mortal(&self, index: usize) -> bool {
        // Somebody has to put what the others take, and to close the queue.
        self.how != Use::Batches || index > 0
    }

    fn has_deadlines(&self) -> bool {
        self.until() != Deadline::Never
    }

    fn end<W: World>(&self, p: &W, shared: &Shared<W>, log: &Log, facts: Facts) -> Outcome {
        let Ok(look) = shared.queue.look(p) else {
            return Outcome { result: "-".into(), wrong: Some("the queue is lost".into()) };
        };
        let span = Span { first: look.taken, count: look.length };
        let left = shared.read(p, span, self.capacity());
        count(log, LOST_IN, look.lost_by_producers);
        count(log, LOST_OUT, look.lost_by_consumers);
        left.iter().for_each(|unit| log.count(came_out(*unit)));
        let of_batches = || match self.how {
            Use::Fill => self.wrong_with_batches(&left, &look, log),
            Use::Batches | Use::Messages => None,
        };
        let wrong = wrong_with_counts(&look, log, facts.deaths as u64).or_else(of_batches);
        Outcome { result: format!("{} out, {} left", log.counted(OUT), look.length), wrong }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        let mut all = vec![WAIT];
        all.push(match self.how {
            Use::Fill => CUT,
            Use::Batches | Use::Messages => TOGETHER,
        });
        if !self.deaths {
            return all;
        }
        all.push(DEATH);
        if self.how != Use::Batches {
            all.push(LOSS_BY_A_PRODUCER);
        }
        if self.how != Use::Fill {
            all.push(LOSS_BY_A_CONSUMER);
        }
        all
    }
}

const TOGETHER: Sometimes = Sometimes {
    what: "two units that came out at once",
    happened: |_, log| log.counted(TWO_OUT) > 0,
};
const CUT: Sometimes = Sometimes {
    what: "a batch that found room for a part",
    happened: |_, log| log.counted(CUT_SHORT) > 0,
};
const LOSS_BY_A_PRODUCER: Sometimes =
    Sometimes { what: "a counted loss by a producer", happened: |_, log| log.counted(LOST_IN) > 0 };
const LOSS_BY_A_CONSUMER: Sometimes = Sometimes {
    what: "a counted loss of two units by a consumer",
    happened: |_, log| log.counted(LOST_OUT) > 1,
};
