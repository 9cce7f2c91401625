//! A platform on which what counts for ever soon begins anew: then a model that has no end has an end of states.
//!
//! What a condition variable adds to its word is multiplied, so that its 31 bits are full after eight notifications; of how
//! often an event was cleared two bits are kept. An algorithm for which a number must not come round unseen must not be given
//! more time than that: where it is used, nobody can be so many behind.

use std::fmt;
use std::hash::Hash;
use std::time::Duration;

use lockproof::deadline::{Deadline, Monotonic};
use lockproof::error::TooManyHeld;
use lockproof::platform::{Changed, Ordering, Platform, Scope, ThreadId, Update, Waited};

use crate::platform::World;

/// The name of a word of condition variables, whose notifications are counted.
pub(super) const NOTIFIED: &str = "notified";
/// Instead of one notification: eight fill the bits there are.
const MANY: u32 = 1 << 28;

/// The names of events' words.
pub(super) const EVENTS: [&str; 2] = ["event 1", "event 2"];
/// Set, waiters, and the last two bits of how often it was cleared.
const KEPT: u32 = 1 << 31 | 0b111;

/// Some platform, on which numbers wrap early.
pub(super) struct Wrapping<'a, W>(pub(super) &'a W);

macro_rules! as_it_is {
    ($($name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)?;)*) => {
        $(fn $name(&self, $($argument: $type),*) $(-> $result)? {
            self.0.$name($($argument),*)
        })*
    };
}

impl<W: World> Platform for Wrapping<'_, W> {
    type Word = W::Word;
    type RobustWord = W::RobustWord;
    type Word64 = W::Word64;
    type Cell = W::Cell;

    fn word(robust: &W::RobustWord) -> &W::Word {
        W::word(robust)
    }

    fn compare_exchange(
        &self,
        word: &W::Word,
        current: u32,
        new: u32,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u32, u32> {
        let new = if EVENTS.contains(&W::name_of(word)) { new & KEPT } else { new };
        self.0.compare_exchange(word, current, new, success, failure)
    }

    fn fetch_add(&self, word: &W::Word, value: u32, order: Ordering) -> u32 {
        let times = if W::name_of(word) == NOTIFIED { MANY } else { 1 };
        self.0.fetch_add(word, value.wrapping_mul(times), order)
    }

    as_it_is! {
        load(word: &W::Word, order: Ordering) -> u32;
        store(word: &W::Word, value: u32, order: Ordering);
        swap(word: &W::Word, value: u32, order: Ordering) -> u32;
        fetch_and(word: &W::Word, value: u32, order: Ordering) -> u32;
        fetch_or(word: &W::Word, value: u32, order: Ordering) -> u32;
        fence(order: Ordering);
        load64(word: &W::Word64, order: Ordering) -> u64;
        store64(word: &W::Word64, value: u64, order: Ordering);
        fetch_add64(word: &W::Word64, value: u64, order: Ordering) -> u64;
        compare_exchange64(
            word: &W::Word64,
            current: u64,
            new: u64,
            success: Ordering,
            failure: Ordering
        ) -> Result<u64, u64>;
        cell_get(cell: &W::Cell) -> u64;
        cell_set(cell: &W::Cell, value: u64);
        futex_wait(word: &W::Word, expected: u32, deadline: Deadline) -> Waited;
        futex_wake(word: &W::Word, count: u32) -> u32;
        futex_update_wake_all(word: &W::Word, update: Update) -> u32;
        futex_wait_any(words: &[(&W::Word, u32)], deadline: Deadline) -> Waited;
        futex_requeue(
            from: &W::Word,
            expected: u32,
            wake: u32,
            to: &W::Word,
            moved: u32
        ) -> Result<u32, Changed>;
        robust_begin(robust: &W::RobustWord) -> Result<(), TooManyHeld>;
        robust_insert(robust: &W::RobustWord);
        robust_remove(robust: &W::RobustWord) -> bool;
        robust_end();
        robust_holds(robust: &W::RobustWord) -> bool;
        note_wait(robust: &W::RobustWord, holder: ThreadId, first: bool);
        me() -> ThreadId;
        exists(thread: ThreadId) -> bool;
        now() -> Monotonic;
        patience() -> Option<Duration>;
        spin(round: u32) -> bool;
        scope() -> Scope;
        at(scope: Scope, token: impl fmt::Debug + Hash);
    }
}
