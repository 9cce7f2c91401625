//! Random programs.
//!
//! Four shapes, as too few programs drawn without one say anything about fences and release sequences. Whether
//! they do say enough is a test: `axiomatic.rs` counts for how many of them each rule of the memory model matters.

use fastrand::Rng;
use lockproof::platform::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};
use lockproof_verify::models::litmus::On::{self, X, Y, Z};

use super::Op::{self, Add, Exchange, Fence, Get, Load, Or, Set, StopUnless, Store, Swap};
use super::Program;

const WORDS: [On; 3] = [X, Y, Z];
/// At most so many operations where the shape sets no limit.
const MOST: usize = 7;

pub(super) struct Generator {
    rng: Rng,
    /// How many words there are.
    words: usize,
    /// Whether each write has a bit of its own, so that a value tells all the writes it came from; else values
    /// meet.
    distinct: bool,
    /// What was written so far, to compare with.
    written: Vec<u32>,
}

impl Generator {
    pub(super) fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let words = *pick(&mut rng, &[1, 2, 2, 2, 3, 3]);
        let distinct = rng.bool();
        Self { rng, words, distinct, written: vec![0] }
    }

    pub(super) fn program(mut self) -> Program {
        Program(match self.rng.u8(..10) {
            0..3 => self.anything(),
            3..6 => self.message(),
            6 => self.locked(),
            _ => self.around_fences(),
        })
    }

    fn anything(&mut self) -> Vec<Vec<Op>> {
        let mut threads = vec![Vec::new(); self.rng.usize(2..=3)];
        for thread in &mut threads {
            thread.push(self.access());
        }
        for _ in threads.len()..self.rng.usize(3..=MOST) {
            let op = if self.one_in(5) { self.fence() } else { self.access() };
            let thread = self.rng.usize(..threads.len());
            threads[thread].push(op);
        }
        threads
    }

    /// One thread writes something, then a flag, perhaps again and again; another looks at the flag, then at what
    /// was written. Read-modify-writes carry the flag on. What was written is a word, or data that only the flag
    /// protects.
    fn message(&mut self) -> Vec<Vec<Op>> {
        let (word, flag, guarded) = (X, Y, self.rng.bool());
        let mut writer = vec![if guarded { Set(self.value()) } else { self.write(word) }];
        self.perhaps_fence(&mut writer);
        writer.push(self.write(flag));
        if self.one_in(3) {
            writer.push(self.write(flag));
        }
        let mut reader = vec![if self.one_in(3) { self.update(flag) } else { self.load(flag) }];
        if guarded {
            reader.push(StopUnless(*pick(&mut self.rng, &self.written[2..])));
        }
        self.perhaps_fence(&mut reader);
        reader.push(if guarded { self.protected() } else { self.load(word) });
        let mut between = Vec::new();
        for _ in 0..self.rng.usize(..=2) {
            between.push(self.update(flag));
        }
        if !between.is_empty() && self.one_in(4) {
            between.push(self.store(flag));
        }
        let mut threads = vec![writer, reader];
        match self.rng.u8(..3) {
            0 => threads[0].append(&mut between),
            _ if between.is_empty() => {}
            _ => threads.push(between),
        }
        threads
    }

    /// Each thread tries a lock once.
    fn locked(&mut self) -> Vec<Vec<Op>> {
        let threads = *pick(&mut self.rng, &[2, 2, 3]);
        (0..threads)
            .map(|_| {
                let (take, failed) = (self.update_order(), self.load_order());
                let mut ops = vec![Exchange(X, 0, 1, take, failed), StopUnless(0)];
                self.perhaps_fence(&mut ops);
                ops.push(self.protected());
                self.perhaps_fence(&mut ops);
                let leave = self.store_order();
                ops.push(if self.rng.bool() { Store(X, 0, leave) } else { Swap(X, 0, leave) });
                ops
            })
            .collect()
    }

    fn protected(&mut self) -> Op {
        if self.rng.bool() { Get } else { Set(self.value()) }
    }

    /// Each thread accesses one word, then another, with a fence between them.
    fn around_fences(&mut self) -> Vec<Vec<Op>> {
        self.words = self.words.max(2);
        let threads = self.rng.usize(2..=3);
        let ring = self.rng.bool();
        (0..threads)
            .map(|thread| {
                let mut ops =
                    vec![if ring { self.on(WORDS[thread % self.words]) } else { self.access() }];
                match self.rng.u8(..8) {
                    0 => {}
                    1 => ops.push(self.fence()),
                    _ => ops.push(Fence(SeqCst)),
                }
                ops.push(if ring {
                    self.on(WORDS[(thread + 1) % self.words])
                } else {
                    self.access()
                });
                ops
            })
            .collect()
    }

    fn access(&mut self) -> Op {
        let word = WORDS[self.rng.usize(..self.words)];
        self.on(word)
    }

    fn on(&mut self, word: On) -> Op {
        match self.rng.u8(..10) {
            0..4 => self.load(word),
            4..7 => self.store(word),
            _ => self.update(word),
        }
    }

    fn write(&mut self, word: On) -> Op {
        if self.one_in(3) { self.update(word) } else { self.store(word) }
    }

    fn load(&mut self, word: On) -> Op {
        Load(word, self.load_order())
    }

    fn store(&mut self, word: On) -> Op {
        Store(word, self.value(), self.store_order())
    }

    fn update(&mut self, word: On) -> Op {
        let (order, value) = (self.update_order(), self.value());
        match self.rng.u8(..5) {
            0 => Swap(word, value, order),
            1 => Add(word, value, order),
            2 => Or(word, value, order),
            _ => {
                let expected = *pick(&mut self.rng, &self.written);
                Exchange(word, expected, value, order, self.load_order())
            }
        }
    }

    fn load_order(&mut self) -> Ordering {
        *pick(&mut self.rng, &[Relaxed, Acquire])
    }

    fn store_order(&mut self) -> Ordering {
        *pick(&mut self.rng, &[Relaxed, Release])
    }

    fn update_order(&mut self) -> Ordering {
        *pick(&mut self.rng, &[Relaxed, Acquire, Release, AcqRel])
    }

    fn fence(&mut self) -> Op {
        Fence(*pick(&mut self.rng, &[Acquire, Release, AcqRel, SeqCst, SeqCst]))
    }

    fn perhaps_fence(&mut self, ops: &mut Vec<Op>) {
        if self.rng.bool() {
            ops.push(self.fence());
        }
    }

    fn value(&mut self) -> u32 {
        let value = if self.distinct { 1 << (self.written.len() - 1) } else { self.rng.u32(1..=2) };
        self.written.push(value);
        value
    }

    fn one_in(&mut self, times: u8) -> bool {
        self.rng.u8(..times) == 0
    }
}

fn pick<'a, T>(rng: &mut Rng, from: &'a [T]) -> &'a T {
    &from[rng.usize(..from.len())]
}
