//! What a primitive is like, from what its words tell.

use core::fmt;
use std::io;

use super::opened::Opened;
use super::outline::{Row, Spot};
use crate::raw::mutex_state::State;
use crate::raw::{barrier, event, once, semaphore};
use crate::shm::outline::{Role, Told};

/// How often a queue's ends are read until nothing was taken in between.
const LOOKS: usize = 100;

/// What a primitive is like at some moment, beside who holds it and who waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Condition {
    /// What a counter has counted.
    Value(u64),
    /// How many permits are free.
    Permits(u64),
    /// A queue.
    Queue {
        /// How many elements are in it.
        elements: u64,
        /// Whether it was shut down.
        shut_down: bool,
    },
    /// A queue of messages, or one way of a pipe.
    Messages {
        /// How many bytes are in it, with the length of each message.
        bytes: u64,
        /// Whether it was shut down.
        shut_down: bool,
    },
    /// Whether an event is set.
    Event {
        /// That it is.
        set: bool,
    },
    /// A barrier.
    Barrier {
        /// How many have come and wait for the others.
        arrived: u32,
        /// Whether whoever comes is refused.
        broken: bool,
    },
    /// What is to be done once.
    Once(Progress),
}

/// How far something is that is done once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Nobody has begun.
    NotBegun,
    /// Somebody has begun; who holds it is at it, and if nobody does, nobody is.
    Begun,
    /// It is done.
    Done,
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shut = |shut_down| if shut_down { ", shut down" } else { "" };
        match *self {
            Self::Value(value) => write!(f, "{value}"),
            Self::Permits(1) => f.write_str("1 permit free"),
            Self::Permits(free) => write!(f, "{free} permits free"),
            Self::Queue { elements, shut_down } => write!(f, "{elements} in it{}", shut(shut_down)),
            Self::Messages { bytes, shut_down } => {
                write!(f, "{bytes} bytes in it{}", shut(shut_down))
            }
            Self::Event { set: true } => f.write_str("set"),
            Self::Event { set: false } => f.write_str("not set"),
            Self::Barrier { broken: true, .. } => f.write_str("broken"),
            Self::Barrier { arrived, .. } => write!(f, "{arrived} have come"),
            Self::Once(Progress::NotBegun) => f.write_str("not begun"),
            Self::Once(Progress::Begun) => f.write_str("begun"),
            Self::Once(Progress::Done) => f.write_str("done"),
        }
    }
}

/// What the words of a primitive tell; nothing where they tell of who holds it, and no more.
pub(super) fn read(region: &Opened, spot: &Spot) -> io::Result<Option<Condition>> {
    let Some(first) = Tells { region, spot }.all().map(|(told, _)| told).min() else {
        return Ok(None);
    };
    Tells { region, spot }.condition(first)
}

/// The words of a primitive that tell something.
struct Tells<'a> {
    region: &'a Opened,
    spot: &'a Spot,
}

impl Tells<'_> {
    fn all(&self) -> impl Iterator<Item = (Told, Row)> {
        self.spot.words.iter().filter_map(|row| match row.role {
            Role::Tells(told) => Some((told, *row)),
            _ => None,
        })
    }

    /// What such words tell, of which this is the first.
    fn condition(&self, first: Told) -> io::Result<Option<Condition>> {
        Ok(Some(match first {
            Told::Value => Condition::Value(self.word64(Told::Value)?),
            Told::Permits | Told::MorePermits => Condition::Permits(self.free()?),
            Told::Head | Told::Tail | Told::Bytes | Told::Closed => self.queue()?,
            Told::Set => Condition::Event { set: event::is_set(self.word(Told::Set)?) },
            Told::Meeting => {
                let state = self.word(Told::Meeting)?;
                let broken = barrier::why_broken(state).is_some();
                Condition::Barrier { arrived: barrier::arrived(state), broken }
            }
            Told::Done => Condition::Once(match self.word(Told::Done)? {
                once::EMPTY => Progress::NotBegun,
                once::READY => Progress::Done,
                _ => Progress::Begun,
            }),
        }))
    }

    fn free(&self) -> io::Result<u64> {
        let mut free = 0;
        for (told, row) in self.all() {
            for at in row.places() {
                let word = self.region.memory.word(self.region.futex(row.role, at))?;
                free += u64::from(semaphore::is_free(State(word), told == Told::Permits));
            }
        }
        Ok(free)
    }

    fn queue(&self) -> io::Result<Condition> {
        let counts_bytes = self.all().any(|(told, _)| told == Told::Bytes);
        let unit = if counts_bytes { Told::Bytes } else { Told::Tail };
        let mut within = 0;
        // Between two looks at how many were taken that say the same, nothing was taken.
        for _ in 0..LOOKS {
            let taken = self.word64(Told::Head)?;
            within = self.word64(unit)?.wrapping_sub(taken);
            if self.word64(Told::Head)? == taken {
                break;
            }
        }
        let shut_down = self.word64(Told::Closed)? != 0;
        Ok(match unit {
            Told::Bytes => Condition::Messages { bytes: within, shut_down },
            _ => Condition::Queue { elements: within, shut_down },
        })
    }

    fn word(&self, told: Told) -> io::Result<u32> {
        self.place(told).map_or(Ok(0), |at| self.region.memory.word(at))
    }

    fn word64(&self, told: Told) -> io::Result<u64> {
        self.place(told).map_or(Ok(0), |at| self.region.memory.word64(at))
    }

    /// Where in the region the word is; a region may say nothing of it, and mean harm.
    fn place(&self, told: Told) -> Option<u64> {
        let row = self.all().find(|(other, _)| *other == told)?.1;
        Some(self.region.futex(row.role, row.at))
    }
}
