//! In which words' queues a thread is.

/// For how many words a thread of a model can wait at once.
pub(super) const MOST_PLACES: usize = 8;

/// Where a thread that waits is queued, for each of the words that it waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Places([u8; MOST_PLACES]);

/// In no queue: not yet, or not any more.
const NOWHERE: u8 = u8::MAX;
/// In the queue of the word that it has asked for.
const AT_HOME: u8 = u8::MAX - 1;

impl Places {
    /// In no queue at all.
    pub(super) const NONE: Self = Self([NOWHERE; MOST_PLACES]);
    /// In the queue of the only word that it has asked for.
    pub(super) const ONE: Self = {
        let mut places = Self::NONE;
        places.0[0] = AT_HOME;
        places
    };

    pub(super) const fn enter(&mut self, place: usize) {
        self.0[place] = AT_HOME;
    }

    pub(super) const fn leave(&mut self, place: usize) {
        self.0[place] = NOWHERE;
    }

    /// Moves it to another word's queue.
    pub(super) const fn move_to(&mut self, place: usize, word: u8) {
        self.0[place] = word;
    }

    /// The word in whose queue it is, where it has asked for the word `own`.
    pub(super) const fn word(&self, place: usize, own: u8) -> Option<u8> {
        match self.0[place] {
            NOWHERE => None,
            AT_HOME => Some(own),
            moved => Some(moved),
        }
    }

    /// The first one where it is in a queue.
    pub(super) fn first(&self) -> Option<usize> {
        self.0.iter().position(|place| *place != NOWHERE)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.first().is_none()
    }

    /// Whether it was moved, from any of its words.
    pub(super) fn is_moved(&self) -> bool {
        self.0.iter().any(|place| !matches!(*place, NOWHERE | AT_HOME))
    }

    /// As bytes; the last ones of them say nothing where it is in no queue.
    pub(super) fn bytes(&self) -> &[u8] {
        let said = self.0.iter().rposition(|place| *place != NOWHERE);
        &self.0[..said.map_or(0, |last| last + 1)]
    }

    pub(super) fn of_bytes(bytes: &[u8]) -> Self {
        let mut places = Self::NONE;
        places.0[..bytes.len()].copy_from_slice(bytes);
        places
    }
}
