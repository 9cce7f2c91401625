//! A state of the whole program: where each thread stands, and the memory.
//!
//! The memory is C11's as RC11 has it (Lahav et al., PLDI 2017), with C++20's release sequences, as an operational
//! semantics of views (Kang et al., POPL 2017, without its promises, which excludes load buffering). Each word has its
//! modification order, a list of messages; each thread knows of every word which message it has seen last. A load may
//! read any message from there on; a store may go anywhere beyond, but not between a read-modify-write and the message
//! that it read.
//!
//! A state is made finite and unique ([`State::tidy`]) by dropping messages that nobody can read any more, and all
//! knowledge that whoever could learn it has already.

use super::fences::{self, Fence, UNTOUCHED};
use super::places::Places;
use super::reach::Reach;
use super::view::View;
use super::{MOST_MESSAGES, MOST_WORDS, Shape};

/// A thread of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Thread {
    /// Where it stands, as a node of its automaton.
    pub(super) node: u32,
    pub(super) phase: Phase,
    /// What it knows.
    pub(super) knows: View,
    /// What it would know after an acquire fence, where there are any.
    pub(super) heard: View,
    /// What it knew at its last release fence.
    pub(super) fenced: View,
    /// Of each word, how many messages there were at its last step: see `step.rs`.
    pub(super) floor: [u8; MOST_WORDS],
    pub(super) overtaken: Overtaken,
    pub(super) places: Places,
}

/// Somebody has come before a thread that would have come after it, had it fallen asleep earlier: see `step.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Overtaken {
    /// On this word.
    pub(super) word: u8,
    /// When this was its latest message.
    pub(super) until: u8,
}

impl Overtaken {
    /// Nobody has.
    pub(super) const NOT: Self = Self { word: 0, until: 0 };
}

/// What a thread is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Phase {
    Runs,
    /// Waits for several words, has entered the queues of those before the `next` one, and was `found` by a wake at one of
    /// them.
    Enters {
        next: u8,
        found: bool,
    },
    Sleeps,
    /// Leaves the queues of several words, one after another, before it returns.
    Leaves(Why),
    /// Is no more: the kernel looks at the `at`-th word of a list of it; where `wakes`, to wake a sleeper there.
    Cleanup {
        list: u16,
        at: u8,
        wakes: bool,
        died: bool,
    },
    Ended,
    Dead,
}

/// Why somebody does not sleep any more, or did not come to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Why {
    /// A wake has found it, or nothing at all.
    Woken,
    /// One of its words had changed.
    Changed,
    /// Its deadline has passed.
    Late,
    /// It was interrupted after it had been moved, and begins with what it asked for at first.
    BeginsAnew,
    /// It was killed.
    Dies,
}

impl Phase {
    /// Whether it may be in the queue of some word.
    pub(super) const fn is_queued(self) -> bool {
        matches!(self, Self::Enters { .. } | Self::Sleeps | Self::Leaves(_))
    }

    /// Whether it is still there, and knows what it knows.
    pub(super) const fn is_alive(self) -> bool {
        self.is_queued() || matches!(self, Self::Runs)
    }

    /// Whether it is no more, and nobody has to do anything about it.
    pub(super) const fn is_over(self) -> bool {
        matches!(self, Self::Ended | Self::Dead)
    }

    /// Whether it does nothing any more, though the kernel may still have to.
    pub(super) const fn is_out(self) -> bool {
        !self.is_alive()
    }
}

/// A value that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Message {
    pub(super) value: u64,
    /// Whether it was written by a read-modify-write that read the message before.
    pub(super) attached: bool,
    /// What an acquire that reads it learns.
    pub(super) tells: View,
}

/// A word's modification order.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Word {
    pub(super) messages: Vec<Message>,
    /// Somebody has called the kernel about sleepers, and knew this message: nobody falls asleep on an older one.
    pub(super) published: u8,
    /// The same, of those calls that certainly held the lock of the word's queue.
    pub(super) locked: u8,
}

impl Word {
    /// Whether all messages were written by read-modify-writes.
    pub(super) fn is_chained(&self) -> bool {
        self.messages[1..].iter().all(|message| message.attached)
    }

    pub(super) const fn last(&self) -> usize {
        self.messages.len() - 1
    }

    pub(super) fn latest(&self) -> u64 {
        self.messages[self.last()].value
    }
}

/// Protected data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Cell {
    pub(super) value: u64,
    /// Who has read it since the last write, a bit for each.
    pub(super) readers: u16,
}

/// A state.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct State {
    pub(super) threads: Vec<Thread>,
    pub(super) words: Vec<Word>,
    pub(super) cells: Vec<Cell>,
    /// The SeqCst fences.
    pub(super) fences: Vec<Fence>,
    pub(super) deaths: u8,
    pub(super) died_holding: u8,
}

// States are copied all the time: into room that there is already.

impl Clone for Word {
    fn clone(&self) -> Self {
        let Self { messages, published, locked } = self;
        Self { messages: messages.clone(), published: *published, locked: *locked }
    }

    fn clone_from(&mut self, other: &Self) {
        let Self { messages, published, locked } = other;
        self.messages.clone_from(messages);
        (self.published, self.locked) = (*published, *locked);
    }
}

impl Clone for State {
    fn clone(&self) -> Self {
        let Self { threads, words, cells, fences, deaths, died_holding } = self;
        Self {
            threads: threads.clone(),
            words: words.clone(),
            cells: cells.clone(),
            fences: fences.clone(),
            deaths: *deaths,
            died_holding: *died_holding,
        }
    }

    fn clone_from(&mut self, other: &Self) {
        let Self { threads, words, cells, fences, deaths, died_holding } = other;
        self.threads.clone_from(threads);
        self.words.clone_from(words);
        self.cells.clone_from(cells);
        self.fences.clone_from(fences);
        (self.deaths, self.died_holding) = (*deaths, *died_holding);
    }
}

impl State {
    /// Where everybody stands at these nodes, and every word and cell holds zero.
    pub(super) fn beginning(shape: &Shape, nodes: impl Iterator<Item = u32>) -> Self {
        let thread = |node| Thread {
            node,
            phase: Phase::Runs,
            knows: View::beginning(shape),
            heard: View::NOTHING,
            // What all know from the beginning need not be told.
            fenced: View::NOTHING,
            floor: [0; MOST_WORDS],
            overtaken: Overtaken::NOT,
            places: Places::NONE,
        };
        let zero = Message { value: 0, attached: false, tells: View::NOTHING };
        Self {
            threads: nodes.map(thread).collect(),
            words: vec![Word { messages: vec![zero], published: 0, locked: 0 }; shape.words],
            cells: vec![Cell::default(); shape.cells],
            fences: Vec::new(),
            deaths: 0,
            died_holding: 0,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.threads.iter().all(|thread| thread.phase.is_over())
    }

    /// Whether a thread has not come to its end, nor died.
    pub(super) fn waits(&self, thread: usize) -> bool {
        self.threads[thread].phase.is_alive()
    }

    /// Every view there is.
    pub(super) fn views(&mut self) -> impl Iterator<Item = &mut View> {
        let of_threads = self
            .threads
            .iter_mut()
            .flat_map(|thread| [&mut thread.knows, &mut thread.heard, &mut thread.fenced]);
        let of_messages = self.words.iter_mut().flat_map(|word| &mut word.messages);
        of_threads.chain(of_messages.map(|message| &mut message.tells))
    }

    /// Makes states equal from which the same can happen: drops what nobody can read, and knowledge that is none.
    pub(super) fn tidy(&mut self, reach: impl Fn(usize, usize) -> Reach) {
        for thread in &mut self.threads {
            if thread.phase.is_over() {
                thread.knows = View::NOTHING;
            }
            if !thread.phase.is_alive() {
                (thread.heard, thread.fenced) = (View::NOTHING, View::NOTHING);
                thread.floor = [0; MOST_WORDS];
            }
        }
        for word in 0..self.words.len() {
            self.drop_unreadable(word, &reach);
            self.merge_repeated(word);
        }
        fences::forget(self);
        self.forget_the_known();
    }

    /// Takes two messages for one that say the same, where nothing can come between them: who spins with
    /// read-modify-writes would else go on writing for ever.
    fn merge_repeated(&mut self, word: usize) {
        let messages = &mut self.words[word].messages;
        let mut kept = [true; MOST_MESSAGES];
        for later in 1..messages.len() {
            let (before, after) = (messages[later - 1], messages[later]);
            if after.attached && (before.value, before.tells) == (after.value, after.tells) {
                kept[later - 1] = false;
                messages[later].attached = before.attached;
            }
        }
        let all = messages.len();
        if kept[..all].contains(&false) {
            self.renumber(word, &kept[..all]);
        }
    }

    /// Drops the messages of a word that no thread can read, and renumbers the rest.
    fn drop_unreadable(&mut self, word: usize, reach: &impl Fn(usize, usize) -> Reach) {
        let last = self.words[word].last();
        if last > 0 {
            let mut kept = [false; MOST_MESSAGES];
            kept[last] = true;
            for (index, thread) in self.threads.iter().enumerate() {
                let reach = reach(index, word);
                for at in thread.knows.at[word]..last as u8 {
                    kept[usize::from(at)] |= !thread.phase.is_over() && reach.contains(at);
                }
            }
            if kept[..last].iter().any(|kept| !kept) {
                self.renumber(word, &kept[..=last]);
            }
        }
        for thread in &mut self.threads {
            if thread.floor[word] <= thread.knows.at[word] {
                thread.floor[word] = 0;
            }
            let overtaken = thread.overtaken;
            let known = thread.floor[word].max(thread.knows.at[word]);
            if usize::from(overtaken.word) == word && overtaken.until <= known {
                thread.overtaken = Overtaken::NOT;
            }
        }
    }

    fn renumber(&mut self, word: usize, kept: &[bool]) {
        let mut before = [0_u8; MOST_MESSAGES + 1];
        for (index, kept) in kept.iter().enumerate() {
            before[index + 1] = before[index] + u8::from(*kept);
        }
        let new = |old: u8| before[usize::from(old)];
        for view in self.views() {
            view.at[word] = new(view.at[word]);
        }
        for thread in &mut self.threads {
            thread.floor[word] = new(thread.floor[word]);
            if usize::from(thread.overtaken.word) == word {
                thread.overtaken.until = new(thread.overtaken.until);
            }
        }
        for fence in &mut self.fences {
            fence.knows[word] = new(fence.knows[word]);
            let touched = &mut fence.touched[word];
            if *touched != UNTOUCHED {
                // A message that is gone lies before the next one that is kept.
                let gone = !kept[usize::from(*touched / 2)];
                *touched = 2 * new(*touched / 2) + if gone { 0 } else { *touched % 2 };
            }
        }
        let word = &mut self.words[word];
        (word.published, word.locked) = (new(word.published), new(word.locked));
        let mut index = 0;
        word.messages.retain(|_| {
            index += 1;
            kept[index - 1]
        });
        word.messages[0].attached = false;
    }

    /// Takes out of each message what all know that can still read it.
    fn forget_the_known(&mut self) {
        let readers = |thread: &&Thread| thread.phase.is_alive();
        for (index, word) in self.words.iter_mut().enumerate() {
            for (at, message) in word.messages.iter_mut().enumerate() {
                if message.tells == View::NOTHING {
                    continue;
                }
                let mut known =
                    View { at: [u8::MAX; MOST_WORDS], cells: [u16::MAX; _], fences: u16::MAX };
                for thread in self.threads.iter().filter(readers) {
                    if usize::from(thread.knows.at[index]) <= at {
                        known.meet(&thread.knows);
                    }
                }
                message.tells.without(&known);
            }
        }
        for thread in &mut self.threads {
            let knows = thread.knows;
            thread.heard.without(&knows);
        }
    }
}
