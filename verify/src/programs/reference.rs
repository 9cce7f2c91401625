//! What a program may do: the objects as they are promised, each step at one moment.
//!
//! A state says where each process is and what the objects hold. [`Reference::next`] gives all states that can follow. It is
//! asked in two ways:
//!
//! - **Could it have come to what was [seen](super::Seen)?** ([`Asked::Was`]) Then each event has to be the next one that its process has
//!   seen. What the library does not promise is allowed: waiters wake for no reason; and one that tries the semaphore or the lock for
//!   readers and writers is refused while somebody else is in the middle of a call of it.
//! - **Can it get stuck?** ([`Asked::Sticks`]) Then only what is promised is reckoned with: waiters sleep until they are notified, tries
//!   may be refused at any time, and a writer that waits keeps readers out.
//!
//! # Deaths
//!
//! A process that dies stops between any two steps; what it had not seen the end of has happened or not. Later, at other moments, what it
//! held is taken from it, one thing after the other, in any order: whoever takes the mutex, or the lock of a writer, next is told, and all
//! else is as if it had given it back. A notification that it had got and not seen goes to somebody else.

mod moves;

use super::program::{Event, How, MOST_PERMITS, NUMBERS, PERMITS, Program, Seen, Step, What, Whom};
use moves::Moves;

/// How many can read at a time.
pub(crate) const READERS: usize = 2;

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asked<'a> {
    /// Whether it could have come to this.
    Was(&'a Seen),
    /// Whether it can get stuck.
    Sticks,
}

/// A program, step by step.
#[derive(Debug)]
pub(super) struct Reference<'a> {
    code: Vec<Vec<Instruction>>,
    asked: Asked<'a>,
    /// Who dies, if somebody does.
    mortal: Option<usize>,
}

/// A part of a step.
#[derive(Clone, Copy, Debug)]
enum Instruction {
    /// Goes on at `refused` if it is.
    Take {
        what: What,
        how: How,
        refused: usize,
    },
    Touch(What),
    GoOut,
    Release(What),
    WaitUntil {
        least: u64,
        limited: bool,
    },
    Notify(Whom),
    TakeByHand(How),
    Post,
}

/// An object of which calls take a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Object {
    RwLock,
    Semaphore,
}

/// Where everybody is, and what the objects hold.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct State {
    processes: Vec<Process>,
    mutexes: [Lock; 2],
    writer: Lock,
    readers: Vec<usize>,
    free: usize,
    absent: usize,
    numbers: [u64; NUMBERS],
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Process {
    at: usize,
    /// How many events have been accounted for.
    heard: usize,
    permits: usize,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Steps,
    /// In a call that has not taken effect.
    Enters(Object),
    /// In a call that has.
    Leaves(Object),
    /// At the condition variable.
    Asleep {
        notified: bool,
    },
    /// Back from there, with the mutex.
    Looks {
        late: bool,
    },
    Dying,
    Dead,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Lock {
    owner: Option<usize>,
    owner_died: bool,
}

impl<'a> Reference<'a> {
    pub(super) fn new(program: &Program, asked: Asked<'a>) -> Self {
        let mortal = match asked {
            Asked::Was(seen) => seen.died,
            Asked::Sticks => program.death.map(|death| death.process),
        };
        Self { code: program.processes.iter().map(|steps| flat(steps)).collect(), asked, mortal }
    }

    pub(super) fn begin(&self) -> State {
        let process = Process { at: 0, heard: 0, permits: 0, phase: Phase::Steps };
        State {
            processes: vec![process; self.code.len()],
            mutexes: [Lock::default(); 2],
            writer: Lock::default(),
            readers: Vec::new(),
            free: PERMITS,
            absent: MOST_PERMITS - PERMITS,
            numbers: [0; NUMBERS],
        }
    }

    /// Whether all processes have come to their end, or died.
    pub(super) fn is_over(&self, state: &State) -> bool {
        (0..self.code.len()).all(|me| self.is_gone(state, me))
    }

    fn is_gone(&self, state: &State, me: usize) -> bool {
        let process = &state.processes[me];
        match process.phase {
            Phase::Dead => true,
            Phase::Steps => process.at == self.code[me].len(),
            _ => false,
        }
    }

    /// Whether that is how it ended.
    pub(super) fn is_as_seen(&self, state: &State) -> bool {
        let Asked::Was(seen) = self.asked else { return true };
        let heard = |(process, events): (&Process, &Vec<Event>)| process.heard == events.len();
        let dead = |(me, process): (usize, &Process)| {
            (process.phase == Phase::Dead) == (seen.died == Some(me))
        };
        state.numbers == seen.numbers
            && state.free == seen.free
            && state.processes.iter().zip(&seen.events).all(heard)
            && state.processes.iter().enumerate().all(dead)
    }

    /// All states that can follow.
    pub(super) fn next(&self, state: &State) -> Vec<State> {
        self.moves(state, true)
    }

    /// Whether somebody has something to do but to die.
    pub(super) fn goes_on(&self, state: &State) -> bool {
        !self.moves(state, false).is_empty()
    }

    fn moves(&self, state: &State, may_die: bool) -> Vec<State> {
        let mut all = Vec::new();
        for me in 0..self.code.len() {
            Moves { reference: self, state, me, may_die, all: &mut all }.add();
        }
        all
    }

    fn is_about_what_was(&self) -> bool {
        matches!(self.asked, Asked::Was(_))
    }
}

fn flat(steps: &[Step]) -> Vec<Instruction> {
    let mut code = Vec::new();
    flatten(steps, &mut code);
    code
}

fn flatten(steps: &[Step], code: &mut Vec<Instruction>) {
    for step in steps {
        match step {
            Step::Hold { what, how, steps } => {
                let taken_at = code.len();
                code.push(Instruction::Take { what: *what, how: *how, refused: 0 });
                code.push(Instruction::Touch(*what));
                flatten(steps, code);
                code.push(match what {
                    What::Permit => Instruction::GoOut,
                    _ => Instruction::Touch(*what),
                });
                code.push(Instruction::Release(*what));
                let refused = code.len();
                code[taken_at] = Instruction::Take { what: *what, how: *how, refused };
            }
            Step::WaitUntil { least, limited } => {
                code.push(Instruction::WaitUntil { least: *least, limited: *limited });
            }
            Step::Notify(whom) => code.push(Instruction::Notify(*whom)),
            Step::Wait(how) => code.push(Instruction::TakeByHand(*how)),
            Step::Post => code.push(Instruction::Post),
        }
    }
}
