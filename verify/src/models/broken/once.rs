//! Broken where somebody dies: something that is made once, and whoever makes it says so in a plain word.
//!
//! If that one dies, the others wait for ever: so does Boost's `managed_open_or_create_impl` (boostorg/interprocess, issue 128,
//! 2020), whose answer was a time limit. Right as long as nobody dies.

use lockproof::deadline::Deadline;
use lockproof::platform::Ordering::{Acquire, Release};

use crate::model::{DEATH, Log, Model, Outcome, Sometimes, WAIT, violated};
use crate::platform::{Facts, World};

const MAKING: u32 = 1;
const MADE: u32 = 2;
const EVERYBODY: u32 = u32::MAX;

/// Processes that all need a thing, of which one makes it.
#[derive(Clone, Copy, Debug)]
pub struct UntoldOnce {
    /// How many processes.
    pub processes: usize,
    /// Whether one of them dies.
    pub deaths: bool,
}

/// Whether it is made, and the thing.
pub struct Shared<W: World> {
    state: W::Word,
    thing: W::Cell,
}

impl<W: World> std::fmt::Debug for Shared<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl Model for UntoldOnce {
    type Shared<W: World> = Shared<W>;

    fn processes(&self) -> usize {
        self.processes
    }

    fn share<W: World>(&self, p: &W) -> Shared<W> {
        Shared { state: p.new_word("state"), thing: p.new_cell("thing") }
    }

    fn process<W: World>(&self, p: &W, shared: &Shared<W>, _: usize, _: &Log) {
        let scope = p.scope();
        let mut seen = match p.compare_exchange(&shared.state, 0, MAKING, Acquire, Acquire) {
            Ok(_) => {
                p.cell_set(&shared.thing, 1);
                p.swap(&shared.state, MADE, Release);
                p.futex_wake(&shared.state, EVERYBODY);
                return;
            }
            Err(seen) => seen,
        };
        while seen != MADE {
            p.at(scope, seen);
            p.futex_wait(&shared.state, seen, Deadline::Never);
            seen = p.load(&shared.state, Acquire);
        }
        if p.cell_get(&shared.thing) != 1 {
            violated("it was used before it was made");
        }
    }

    fn end<W: World>(&self, _: &W, _: &Shared<W>, _: &Log, facts: Facts) -> Outcome {
        Outcome { result: format!("{} died", facts.deaths), wrong: None }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        if self.deaths { vec![WAIT, DEATH] } else { vec![WAIT] }
    }
}
