//! Broken: an event whose waiter takes the end of its sleep for the event.
//!
//! A sleep may end for no reason, and the end of one orders nothing: so it was on several platforms of snmalloc
//! (microsoft/snmalloc, pull request 739, 2025), which returned from the wait without another look at the word.
//!
//! With `LOOKS`, the word has the say.

use lockproof::deadline::Deadline;
use lockproof::platform::Ordering::{Acquire, Release};

use crate::model::{Log, Model, Outcome, Sometimes, WAIT, violated};
use crate::platform::{Facts, World};

const EVERYBODY: u32 = u32::MAX;

/// The first process writes something and sets the event, the others wait for it and read.
#[derive(Clone, Copy, Debug)]
pub struct TrustedWake<const LOOKS: bool> {
    /// How many processes.
    pub processes: usize,
}

/// The event, and what it announces.
pub struct Shared<W: World> {
    event: W::Word,
    written: W::Cell,
}

impl<W: World> std::fmt::Debug for Shared<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl<W: World> Shared<W> {
    fn set(&self, p: &W) {
        p.fetch_or(&self.event, 1, Release);
        p.futex_wake(&self.event, EVERYBODY);
    }

    fn wait(&self, p: &W, looks: bool) {
        let scope = p.scope();
        loop {
            p.at(scope, ());
            if p.load(&self.event, Acquire) != 0 {
                return;
            }
            p.futex_wait(&self.event, 0, Deadline::Never);
            if !looks {
                return;
            }
        }
    }
}

impl<const LOOKS: bool> Model for TrustedWake<LOOKS> {
    type Shared<W: World> = Shared<W>;

    fn processes(&self) -> usize {
        self.processes
    }

    fn share<W: World>(&self, p: &W) -> Shared<W> {
        Shared { event: p.new_word("event"), written: p.new_cell("written") }
    }

    fn process<W: World>(&self, p: &W, shared: &Shared<W>, index: usize, _: &Log) {
        if index == 0 {
            p.cell_set(&shared.written, 1);
            return shared.set(p);
        }
        shared.wait(p, LOOKS);
        if p.cell_get(&shared.written) != 1 {
            violated("it was waited for, and what it announces is not there");
        }
    }

    fn is_symmetric(&self) -> bool {
        false
    }

    fn end<W: World>(&self, _: &W, _: &Shared<W>, _: &Log, _: Facts) -> Outcome {
        Outcome { result: "all have seen it".to_owned(), wrong: None }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        vec![WAIT]
    }
}
