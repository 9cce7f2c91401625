//! What loom's and shuttle's platforms have in common: their atomics have the same names and methods.

use lockproof::platform::MOST_WAITED_FOR;

/// The word types of a checker: its atomics, with a name for traces and a number that tells them apart.
macro_rules! named {
    ($atomic32:ty, $atomic64:ty, $cell:ty) => {
        /// A checker's word, named.
        #[derive(Debug)]
        pub struct Named<T> {
            inner: T,
            name: &'static str,
            id: usize,
            lock: bool,
        }

        /// A 32-bit word.
        pub type Word = Named<$atomic32>;
        /// A 64-bit word.
        pub type Word64 = Named<$atomic64>;
        /// Protected data.
        pub type Cell64 = Named<$cell>;

        /// A word that the kernel's stand-in looks at when its holder dies.
        #[derive(Clone, Debug)]
        pub struct Robust(Arc<Word>);
    };
}

/// The platform's operations on words, each the atomic's own.
macro_rules! atomic_operations {
    () => {
        type Word = Word;
        type RobustWord = Robust;
        type Word64 = Word64;
        type Cell = Cell64;

        fn word(robust: &Robust) -> &Word {
            &robust.0
        }

        fn load(&self, word: &Word, order: Ordering) -> u32 {
            word.inner.load(order)
        }

        fn store(&self, word: &Word, value: u32, order: Ordering) {
            word.inner.store(value, order);
        }

        fn swap(&self, word: &Word, value: u32, order: Ordering) -> u32 {
            word.inner.swap(value, order)
        }

        fn compare_exchange(
            &self,
            word: &Word,
            current: u32,
            new: u32,
            success: Ordering,
            failure: Ordering,
        ) -> Result<u32, u32> {
            word.inner.compare_exchange(current, new, success, failure)
        }

        fn fetch_add(&self, word: &Word, value: u32, order: Ordering) -> u32 {
            word.inner.fetch_add(value, order)
        }

        fn fetch_and(&self, word: &Word, value: u32, order: Ordering) -> u32 {
            word.inner.fetch_and(value, order)
        }

        fn fetch_or(&self, word: &Word, value: u32, order: Ordering) -> u32 {
            word.inner.fetch_or(value, order)
        }

        fn load64(&self, word: &Word64, order: Ordering) -> u64 {
            word.inner.load(order)
        }

        fn store64(&self, word: &Word64, value: u64, order: Ordering) {
            word.inner.store(value, order);
        }

        fn fetch_add64(&self, word: &Word64, value: u64, order: Ordering) -> u64 {
            word.inner.fetch_add(value, order)
        }

        fn compare_exchange64(
            &self,
            word: &Word64,
            current: u64,
            new: u64,
            success: Ordering,
            failure: Ordering,
        ) -> Result<u64, u64> {
            word.inner.compare_exchange(current, new, success, failure)
        }
    };
}

/// A thread without a robust list, a clock or a reason to spin: the decorator keeps the list, time stands still, and
/// an execution that spins is an execution more for nothing.
macro_rules! bare_thread {
    () => {
        fn robust_begin(&self, _: &Robust) -> Result<(), TooManyHeld> {
            Ok(())
        }

        fn robust_insert(&self, _: &Robust) {}

        fn robust_remove(&self, _: &Robust) -> bool {
            true
        }

        fn robust_end(&self) {}

        fn robust_holds(&self, _: &Robust) -> bool {
            true
        }

        fn me(&self) -> ThreadId {
            self.me
        }

        fn exists(&self, _: ThreadId) -> bool {
            true
        }

        fn now(&self) -> Monotonic {
            Monotonic::ZERO
        }

        fn patience(&self) -> Option<Duration> {
            None
        }

        fn spin(&self, _: u32) -> bool {
            false
        }
    };
}

/// Makes named words.
macro_rules! make_words {
    ($atomic32:ident, $atomic64:ident, $cell:ty) => {
        fn new_word(&self, name: &'static str) -> Word {
            Named { inner: $atomic32::new(0), name, id: self.next_id(), lock: false }
        }

        fn new_robust(&self, name: &'static str) -> Robust {
            Robust(Arc::new(Named { lock: true, ..self.new_word(name) }))
        }

        fn new_word64(&self, name: &'static str) -> Word64 {
            Named { inner: $atomic64::new(0), name, id: self.next_id(), lock: false }
        }

        fn new_cell(&self, name: &'static str) -> Cell64 {
            Named { inner: <$cell>::new(0), name, id: self.next_id(), lock: false }
        }

        fn name_of(word: &Word) -> &'static str {
            word.name
        }

        fn name_of64(word: &Word64) -> &'static str {
            word.name
        }

        fn name_of_cell(cell: &Cell64) -> &'static str {
            cell.name
        }

        fn id_of(word: &Word) -> usize {
            word.id
        }

        fn is_lock(word: &Word) -> bool {
            word.lock
        }

        fn as_thread(&self, thread: ThreadId) -> Self {
            Self { me: thread, ..self.clone() }
        }
    };
}

/// Refuses what [`Platform::futex_wait_any`](lockproof::platform::Platform::futex_wait_any) refuses.
#[track_caller]
pub(super) fn check_number(of_words: usize) {
    let allowed = 1..=MOST_WAITED_FOR;
    assert!(
        allowed.contains(&of_words),
        "a wait for {of_words} words, of at most {MOST_WAITED_FOR}"
    );
}

pub(super) use {atomic_operations, bare_thread, make_words, named};
