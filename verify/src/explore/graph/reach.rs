//! What threads may still read: all other messages are dropped.
//!
//! Too much here costs states, too little loses some. What is kept has to hold for all that a thread can come to before
//! it reads, so this goes along with what `step.rs` says of stale messages: for a thread that may be overtaken, what it
//! could then fall asleep on; for one that is asleep, what it could have read when it might have been woken.

use super::automaton::Known;
use super::state::{Phase, State, Thread};
use super::step::{Stop, looked_at};
use super::{Options, Shape};
use crate::platform::recorder::{Until, Wants};

/// What a thread may read of a word: the latest message, and some older ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reach {
    /// From one message on, until another, which is not part of it.
    old: (u8, u8),
    /// The same.
    later: (u8, u8),
}

impl Reach {
    /// The latest message.
    pub(super) const LATEST: Self = Self { old: (0, 0), later: (0, 0) };
    const ALL: Self = Self::between(0, u8::MAX);

    const fn between(from: u8, until: u8) -> Self {
        Self { old: (from, until), ..Self::LATEST }
    }

    /// Whether that message is among the older ones.
    pub(super) const fn contains(self, at: u8) -> bool {
        self.old.0 <= at && at < self.old.1 || self.later.0 <= at && at < self.later.1
    }
}

/// Where a thread stands, as far as it matters for what it reads of one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stands {
    /// It reads no more of it, or the latest message next.
    Before,
    /// It is about to read it.
    Reads,
    /// It waits there.
    Waits,
    /// It wakes one there, and has left all but the latest message behind if nobody was there.
    Wakes { one_was_there: bool },
    /// Anywhere else.
    Anywhere,
}

/// Asks what threads may read in a state.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    pub(super) known: &'a Known,
    pub(super) options: &'a Options,
    pub(super) shape: &'a Shape,
    pub(super) state: &'a State,
}

impl Reader<'_> {
    /// What a thread may read of a word.
    pub(super) fn reach(self, thread: usize, word: usize) -> Result<Reach, Stop> {
        let of = &self.state.threads[thread];
        if of.phase.is_over() {
            return Ok(Reach::LATEST);
        }
        let dead = matches!(of.phase, Phase::Cleanup { .. });
        if !self.options.prune || !self.state.words[word].is_chained() {
            return Ok(if dead { Reach::LATEST } else { Reach::ALL });
        }
        let locked = self.state.words[word].locked;
        if dead {
            let wakes = self.wakes(of, word) && self.sleeps_another(thread, word);
            return Ok(if wakes { Reach::between(locked, u8::MAX) } else { Reach::LATEST });
        }
        Ok(match self.stands(of.node, word, 0)? {
            Stands::Before => Reach::LATEST,
            Stands::Reads => Reach::between(0, of.floor[word]),
            Stands::Waits => self.of_waiter(thread, word),
            Stands::Wakes { one_was_there: true } => Reach::between(locked, u8::MAX),
            // Whoever it wakes can read what was old when the call could have been made.
            Stands::Wakes { .. } if self.sleeps_another(thread, word) => {
                let later = self.others(thread).any(|other| self.looks_back(other, word));
                Reach::between(locked, if later { u8::MAX } else { of.floor[word] })
            }
            Stands::Wakes { .. } => Reach::LATEST,
            Stands::Anywhere => Reach::ALL,
        })
    }

    fn stands(self, node: u32, word: usize, depth: usize) -> Result<Stands, Stop> {
        let label = &self.known.node(node).label;
        let here = usize::from(label.on) == word;
        Ok(match label.wants {
            Wants::End => Stands::Before,
            // A read-modify-write reads the latest message, and leaves all others behind.
            Wants::Modify(..) | Wants::UpdateWake(..) if here => Stands::Before,
            Wants::Load | Wants::CompareExchange { .. } if here => Stands::Reads,
            Wants::Wait(..) if here => Stands::Waits,
            Wants::Wake(1) if depth == 0 => {
                let after = |woken| self.stands(self.known.after(node, woken)?, word, depth + 1);
                match [after(0)?, after(1)?] {
                    [Stands::Before, Stands::Before] if here => {
                        Stands::Wakes { one_was_there: false }
                    }
                    [Stands::Before, Stands::Before] => Stands::Before,
                    [Stands::Before, _] if here => Stands::Wakes { one_was_there: true },
                    _ => Stands::Anywhere,
                }
            }
            _ => Stands::Anywhere,
        })
    }

    /// What a thread that waits may read of its word.
    fn of_waiter(self, waiter: usize, word: usize) -> Reach {
        let (of, word_of) = (&self.state.threads[waiter], &self.state.words[word]);
        let Wants::Wait(expected, until) = self.known.node(of.node).label.wants else {
            return Reach::ALL;
        };
        // Who is moved to another word may be woken by somebody who knows nothing of this one.
        if self.shape.needs.requeues {
            return Reach::ALL;
        }
        if of.phase == Phase::Sleeps {
            // Its deadline may have passed before others did anything.
            let until = if until == Until::Sometime { of.floor[word] } else { 0 };
            return Reach::between(0, until);
        }
        let may_return = self.options.early_returns && until != Until::Now;
        let from = if may_return { 0 } else { word_of.published };
        let (known, last) = (word_of.published.max(of.knows.at[word]), word_of.last() as u8);
        let falls_asleep = |from: u8, until| {
            let equal = |at: &u8| word_of.messages[usize::from(*at)].value == expected;
            let first = (from.max(known)..until).find(equal);
            first.map(|first| (first, until))
        };
        let soon = self.overtaken_from(waiter, word).and_then(|from| falls_asleep(from, last));
        let already = falls_asleep(0, of.overtaken.until);
        let later = match (soon, already) {
            (Some(soon), Some(already)) => (soon.0.min(already.0), last),
            (one, other) => one.or(other).unwrap_or_default(),
        };
        Reach { old: (from, of.floor[word]), later }
    }

    /// If a thread that is about to wait will be overtaken when others do what they are about to do: from which message
    /// on it then may fall asleep, at the least.
    fn overtaken_from(self, waiter: usize, word: usize) -> Option<u8> {
        let others = self.others(waiter);
        let overtakes = others.filter(|of| self.wakes(of, word) || self.looks_back(of, word));
        overtakes.map(|of| of.knows.at[word]).min()
    }

    fn others(&self, thread: usize) -> impl Iterator<Item = &Thread> {
        let all = self.state.threads.iter().enumerate();
        all.filter(move |(other, _)| *other != thread).map(|(_, of)| of)
    }

    /// Whether a thread is about to wake somebody there.
    fn wakes(self, of: &Thread, word: usize) -> bool {
        let label = &self.known.node(of.node).label;
        match of.phase {
            Phase::Runs => matches!(label.wants, Wants::Wake(_)) && usize::from(label.on) == word,
            Phase::Cleanup { list, at, wakes, .. } => {
                let looked_at = looked_at(self.known.list(list)).nth(at.into());
                wakes && looked_at.is_some_and(|(at, _)| usize::from(at) == word)
            }
            _ => false,
        }
    }

    /// Whether a thread is about to wait there, and may find an old value.
    fn looks_back(self, of: &Thread, word: usize) -> bool {
        let published = self.state.words[word].published;
        let waits_here = self.waits(of, word) && of.phase == Phase::Runs;
        waits_here && of.floor[word].max(of.overtaken.until) > of.knows.at[word].max(published)
    }

    fn waits(self, of: &Thread, word: usize) -> bool {
        let label = &self.known.node(of.node).label;
        matches!(of.phase, Phase::Runs | Phase::Sleeps)
            && matches!(label.wants, Wants::Wait(..))
            && usize::from(label.on) == word
    }

    /// Whether another thread sleeps there.
    fn sleeps_another(self, thread: usize, word: usize) -> bool {
        self.others(thread).any(|of| of.phase == Phase::Sleeps && self.waits(of, word))
    }
}
