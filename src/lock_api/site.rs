//! Where a lock is, and what the machine does for it there.

use core::time::Duration;

use crate::deadline::{Deadline, Monotonic};
use crate::error::{TooManyHeld, Unsupported};
use crate::platform::{
    Cell64, Changed, Linux, Ordering, Platform, RobustWord, ThreadId, Update, Waited, Word32,
    Word64,
};
use crate::raw::mutex_state::State;

/// Linux, for a lock at one of two kinds of places.
///
/// In a region it is all of Linux. In private memory it is Linux without the robust list: a lock there can be moved and freed
/// while it is held, and the list would lead to where it was. Nor is a lock taken from a thread that has ended, as that
/// may have given the data, by a forgotten guard, to a living one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Site {
    linux: &'static Linux,
    in_region: bool,
}

impl Site {
    #[inline]
    pub(super) fn current(in_region: bool) -> Result<Self, Unsupported> {
        Ok(Self { linux: Linux::current()?, in_region })
    }

    fn owns(&self, robust: &RobustWord) -> bool {
        // Relaxed: no other thread writes this one's id.
        State(self.load(Self::word(robust), Ordering::Relaxed)).owner() == self.me()
    }
}

macro_rules! as_on_linux {
    ($(fn $name:ident(&self $(, $given:ident: $type:ty)* $(,)?) $(-> $result:ty)?;)*) => {$(
        #[inline]
        fn $name(&self $(, $given: $type)*) $(-> $result)? {
            self.linux.$name($($given),*)
        }
    )*};
}

impl Platform for Site {
    type Word = Word32;
    type RobustWord = RobustWord;
    type Word64 = Word64;
    type Cell = Cell64;

    #[inline]
    fn word(robust: &RobustWord) -> &Word32 {
        Linux::word(robust)
    }

    as_on_linux! {
        fn load(&self, word: &Word32, order: Ordering) -> u32;
        fn store(&self, word: &Word32, value: u32, order: Ordering);
        fn swap(&self, word: &Word32, value: u32, order: Ordering) -> u32;
        fn compare_exchange(
            &self, word: &Word32, current: u32, new: u32, success: Ordering, failure: Ordering,
        ) -> Result<u32, u32>;
        fn fetch_add(&self, word: &Word32, value: u32, order: Ordering) -> u32;
        fn fetch_and(&self, word: &Word32, value: u32, order: Ordering) -> u32;
        fn fetch_or(&self, word: &Word32, value: u32, order: Ordering) -> u32;
        fn fence(&self, order: Ordering);
        fn load64(&self, word: &Word64, order: Ordering) -> u64;
        fn store64(&self, word: &Word64, value: u64, order: Ordering);
        fn fetch_add64(&self, word: &Word64, value: u64, order: Ordering) -> u64;
        fn compare_exchange64(
            &self, word: &Word64, current: u64, new: u64, success: Ordering, failure: Ordering,
        ) -> Result<u64, u64>;
        fn cell_get(&self, cell: &Cell64) -> u64;
        fn cell_set(&self, cell: &Cell64, value: u64);
        fn futex_wait(&self, word: &Word32, expected: u32, deadline: Deadline) -> Waited;
        fn futex_wake(&self, word: &Word32, count: u32) -> u32;
        fn futex_update_wake_all(&self, word: &Word32, update: Update) -> u32;
        fn futex_wait_any(&self, words: &[(&Word32, u32)], deadline: Deadline) -> Waited;
        fn futex_requeue(
            &self, from: &Word32, expected: u32, wake: u32, to: &Word32, moved: u32,
        ) -> Result<u32, Changed>;
        fn note_wait(&self, robust: &RobustWord, holder: ThreadId, first: bool);
        fn me(&self) -> ThreadId;
        fn exists(&self, thread: ThreadId) -> bool;
        fn now(&self) -> Monotonic;
        fn spin(&self, round: u32) -> bool;
    }

    fn robust_begin(&self, robust: &RobustWord) -> Result<(), TooManyHeld> {
        if self.in_region { self.linux.robust_begin(robust) } else { Ok(()) }
    }

    fn robust_insert(&self, robust: &RobustWord) {
        if self.in_region {
            self.linux.robust_insert(robust);
        }
    }

    fn robust_remove(&self, robust: &RobustWord) -> bool {
        if self.in_region { self.linux.robust_remove(robust) } else { self.owns(robust) }
    }

    #[inline]
    fn robust_end(&self) {
        if self.in_region {
            self.linux.robust_end();
        }
    }

    #[inline]
    fn robust_begin_plain(&self, robust: &RobustWord) -> bool {
        !self.in_region || self.linux.robust_begin_plain(robust)
    }

    #[inline]
    fn robust_insert_plain(&self, robust: &RobustWord) {
        if self.in_region {
            self.linux.robust_insert_plain(robust);
        }
    }

    #[inline]
    fn robust_remove_plain(&self, robust: &RobustWord) -> bool {
        if self.in_region { self.linux.robust_remove_plain(robust) } else { self.owns(robust) }
    }

    fn robust_holds(&self, robust: &RobustWord) -> bool {
        if self.in_region { self.linux.robust_holds(robust) } else { self.owns(robust) }
    }

    fn patience(&self) -> Option<Duration> {
        if self.in_region { self.linux.patience() } else { None }
    }
}
