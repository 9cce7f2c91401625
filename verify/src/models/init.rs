//! A model of making something once: many come at once, and any of them may die half-way.

use lockproof::deadline::Deadline;
use lockproof::raw::{InitFailure, RawInit, Role};

use crate::model::{CONTENTION, DEATH, Log, Model, Outcome, Sometimes, WAIT, violated};
use crate::platform::{Facts, World};

const BUILT: &str = "times it was built whole";
const WHO: u64 = 7;
const WHOLE: u64 = 42;

/// Processes that all need a thing, of which one makes it.
#[derive(Clone, Copy, Debug)]
pub struct InitModel {
    /// How many.
    pub processes: usize,
    /// Whether one of them dies.
    pub deaths: bool,
    /// Whether every other one comes with another claim: then those of one claim make it, and the others are refused.
    pub rivals: bool,
}

/// A thing of two halves, to be built once.
pub struct Thing<W: World> {
    init: RawInit<W::RobustWord, W::Word, W::Word64>,
    left: W::Cell,
    right: W::Cell,
}

impl<W: World> std::fmt::Debug for Thing<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Thing").finish_non_exhaustive()
    }
}

impl Model for InitModel {
    type Shared<W: World> = Thing<W>;

    fn processes(&self) -> usize {
        self.processes
    }

    fn share<W: World>(&self, p: &W) -> Thing<W> {
        let init = RawInit::new(p.new_word64("claim"), p.new_robust("lock"), p.new_word("state"));
        Thing { init, left: p.new_cell("left"), right: p.new_cell("right") }
    }

    fn process<W: World>(&self, p: &W, thing: &Thing<W>, index: usize, log: &Log) {
        let who = if self.rivals { WHO + index as u64 % 2 } else { WHO };
        match thing.init.enter(p, who, Deadline::Never) {
            Ok(Role::User) => {}
            Ok(Role::Builder { afresh }) => build(p, thing, afresh, log),
            Err(InitFailure::Claimed(by)) if self.rivals && by != who => {
                return log.count(REFUSED);
            }
            Err(failure) => violated(format!("enter failed: {failure:?}")),
        }
        if self.rivals && thing.init.claimed_by(p) != Some(who) {
            violated("one is inside with another claim than is there");
        }
        let seen = (p.cell_get(&thing.left), p.cell_get(&thing.right));
        if seen != (WHOLE, WHOLE) {
            violated(format!("a user found {seen:?}"));
        }
    }

    fn is_symmetric(&self) -> bool {
        !self.rivals
    }

    fn end<W: World>(&self, p: &W, thing: &Thing<W>, log: &Log, facts: Facts) -> Outcome {
        let built = log.counted(BUILT);
        // Whoever has built it whole and dies before saying so leaves it to be built again.
        let most = 1 + facts.deaths as u64;
        let ready = thing.init.is_ready(p);
        // Those of the other claim have no part in it.
        let most_dead = if self.rivals { 0 } else { self.processes - 1 };
        let survivors = facts.deaths <= most_dead;
        let wrong = if survivors && !ready {
            Some("everybody has been and gone, and it is not there".to_owned())
        } else if built > most {
            Some(format!("it was built {built} times"))
        } else {
            None
        };
        Outcome { result: format!("built {built} times"), wrong }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        let mut all = if self.rivals { vec![REFUSAL] } else { vec![CONTENTION, WAIT] };
        if self.deaths {
            all.push(DEATH);
        }
        if self.deaths && (!self.rivals || self.processes > 2) {
            all.push(Sometimes {
                what: "a builder that begins afresh",
                happened: |_, log| log.counted(AFRESH) > 0,
            });
        }
        all
    }
}

const AFRESH: &str = "times it was begun afresh";
const REFUSED: &str = "those with another claim that were refused";
const REFUSAL: Sometimes = Sometimes {
    what: "one with another claim that is refused",
    happened: |_, log| log.counted(REFUSED) > 0,
};

fn build<W: World>(p: &W, thing: &Thing<W>, afresh: bool, log: &Log) {
    if afresh {
        log.count(AFRESH);
        p.cell_set(&thing.left, 0);
        p.cell_set(&thing.right, 0);
    } else if p.cell_get(&thing.left) != 0 {
        violated("half a thing was there, and its builder was not told");
    }
    p.cell_set(&thing.left, WHOLE);
    p.cell_set(&thing.right, WHOLE);
    log.count(BUILT);
    if thing.init.finish(p).is_err() {
        violated("the builder was told that it is not the builder");
    }
}
