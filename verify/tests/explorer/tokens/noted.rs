//! Programs that keep something outside of the explorer's sight.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use lockproof::platform::Ordering::{AcqRel, Acquire};
use lockproof_verify::model::{Log, Model, Outcome, Sometimes};
use lockproof_verify::platform::{Facts, World};

/// Notes what it has read, for the end of the model to look at.
#[derive(Debug)]
pub(crate) struct Notes {
    pub(crate) right: bool,
}

#[derive(Debug)]
pub(crate) struct Noted<W: World> {
    word: W::Word,
    read: Mutex<Vec<u32>>,
}

impl<W: World> Noted<W> {
    fn read(&self) -> Vec<u32> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Model for Notes {
    type Shared<W: World> = Noted<W>;

    fn processes(&self) -> usize {
        2
    }

    fn share<W: World>(&self, p: &W) -> Noted<W> {
        Noted { word: p.new_word("a"), read: Mutex::default() }
    }

    fn process<W: World>(&self, p: &W, on: &Noted<W>, index: usize, _: &Log) {
        if index > 0 {
            p.swap(&on.word, 1, AcqRel);
            p.swap(&on.word, 2, AcqRel);
            return;
        }
        let scope = p.scope();
        loop {
            p.at(scope, self.right.then(|| on.read()));
            match p.load(&on.word, Acquire) {
                2 => return,
                seen => {
                    let mut read = on.read.lock().unwrap_or_else(PoisonError::into_inner);
                    if read.last() != Some(&seen) {
                        read.push(seen);
                    }
                }
            }
        }
    }

    fn end<W: World>(&self, _: &W, on: &Noted<W>, _: &Log, _: Facts) -> Outcome {
        Outcome { result: format!("{:?}", on.read()), wrong: None }
    }

    fn is_symmetric(&self) -> bool {
        false
    }

    fn noted<W: World>(&self, on: &Noted<W>, index: usize) -> String {
        if index == 0 { format!("{:?}", on.read()) } else { String::new() }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        Vec::new()
    }
}

/// Does something else each time it is run.
#[derive(Debug, Default)]
pub(crate) struct Fickle {
    runs: AtomicU32,
}

impl Model for Fickle {
    type Shared<W: World> = W::Word;

    fn processes(&self) -> usize {
        1
    }

    fn share<W: World>(&self, p: &W) -> W::Word {
        p.new_word("a")
    }

    fn process<W: World>(&self, p: &W, word: &W::Word, _: usize, _: &Log) {
        let scope = p.scope();
        for round in 0..3 {
            p.at(scope, round % 2);
            p.swap(word, self.runs.fetch_add(1, Relaxed), AcqRel);
        }
    }

    fn end<W: World>(&self, _: &W, _: &W::Word, _: &Log, _: Facts) -> Outcome {
        Outcome { result: String::new(), wrong: None }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        Vec::new()
    }
}
