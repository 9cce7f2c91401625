//! The model as a person writes it on a bare checker, without a platform in between.

/// Drepper's third mutex with these threads, atomics, and what the lock protects; `$latest` reads the latest value of a word.
macro_rules! by_hand {
    ($thread:path, $atomic:ty, $number:ty, $latest:expr) => {
        use std::sync::atomic::AtomicUsize;
        use std::sync::{Mutex, PoisonError};

        use $thread as thread;

        /// Who sleeps, first come first woken.
        struct Futex {
            sleepers: Mutex<Vec<thread::Thread>>,
            /// Which of the first process's waits returns early.
            early: Option<usize>,
            /// How many waits each process has begun.
            waits: [AtomicUsize; super::PROCESSES],
        }

        impl Futex {
            fn new(early: Option<usize>) -> Self {
                Self { sleepers: Mutex::default(), early, waits: Default::default() }
            }

            fn sleepers(&self) -> std::sync::MutexGuard<'_, Vec<thread::Thread>> {
                self.sleepers.lock().unwrap_or_else(PoisonError::into_inner)
            }

            fn wait(&self, word: &$atomic, expected: u32, who: usize) {
                let wait = self.waits[who].fetch_add(1, Relaxed);
                if (who == 0 && self.early == Some(wait)) || $latest(word) != expected {
                    return;
                }
                let me = thread::current();
                self.sleepers().push(me.clone());
                while self.sleepers().iter().any(|sleeper| sleeper.id() == me.id()) {
                    thread::park();
                }
            }

            fn wake_one(&self, word: &$atomic) {
                $latest(word);
                let mut sleepers = self.sleepers();
                let first = (!sleepers.is_empty()).then(|| sleepers.remove(0));
                drop(sleepers);
                first.inspect(thread::Thread::unpark);
            }
        }

        struct Locked {
            lock: $atomic,
            number: $number,
            futex: Futex,
        }

        impl Locked {
            fn take(&self, who: usize) {
                if self.lock.compare_exchange(0, 1, Acquire, Relaxed).is_ok() {
                    return;
                }
                while self.lock.swap(2, Acquire) != 0 {
                    self.futex.wait(&self.lock, 2, who);
                }
            }

            fn let_go(&self) {
                if self.lock.swap(0, Release) == 2 {
                    self.futex.wake_one(&self.lock);
                }
            }
        }
    };
}
