//! A futex mutex with a counter, as a step machine written by hand: its states and executions are counted, and the
//! explorer has to count the same.
//!
//! The mutex is Drepper's mutex2 ("Futexes Are Tricky", section 6), as `models/broken/others.rs` has it. Memory is
//! sequentially consistent. Each operation on shared memory is one step of the process that does it:
//!
//! | at         | step                                                              | then                |
//! |------------|-------------------------------------------------------------------|---------------------|
//! | `Exchange` | compare-exchange from 0 to 1                                      | it holds, or `Swap` |
//! | `Swap`     | swap to 2                                                         | it holds, or `Wait` |
//! | `Wait`     | futex wait on 2: sleeps if the word is 2, returns at once if not  | `Asleep`, or `Swap` |
//! | `Asleep`   | returns early, if that is on; the wake is a step of the waker     | `Swap`              |
//! | `Get`      | reads the counter                                                 | `Set`               |
//! | `Set`      | writes one more than what it read                                 | `Release`           |
//! | `Release`  | swap to 0                                                         | `Wake` if it was 2  |
//! | `Wake`     | futex wake of one sleeper, if there is any                        | the next increment  |
//!
//! A state is the word, the counter, where each process is and how many increments it still has, and who went to
//! sleep before whom if that decides who is woken. Ending is no step.
//!
//! # The known numbers of executions
//!
//! 16, 1 354 and 19 722 executions of the plain mutex at 2x1, 2x2 and 3x1 have been counted elsewhere: so many
//! paths lead from the first state to the last if cells take no step, nobody returns early, sleepers are woken in
//! the order in which they fell asleep, and the first swap is left out by whoever saw 2 in its compare-exchange,
//! as in Drepper's text (`if (c != 2)`). The `Drepper` of our models always swaps, which makes more of them from 2x2
//! on; that any sleeper may be woken, from 3x1 on.

use std::collections::HashMap;
use std::hash::Hash;

use stateright::{Checker, Model, Property};

const FREE: u8 = 0;
const HELD: u8 = 1;
const WAITED_FOR: u8 = 2;

/// What differs from machine to machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    /// Whether reading and writing the counter are steps, or happen with the lock's being taken.
    pub(crate) cells: bool,
    /// Whether a sleeper may return for no reason.
    pub(crate) early_returns: bool,
    /// Whether a wake may choose any sleeper, or takes the one that has slept longest.
    pub(crate) any_sleeper: bool,
    /// Whether whoever saw 2 in its compare-exchange goes to sleep without a swap before.
    pub(crate) sleeps_on_sight: bool,
}

impl Options {
    /// As the explorer has it: the algorithm of `Drepper`, all steps, all choices.
    pub(crate) const ALL: Self =
        Self { cells: true, early_returns: true, any_sleeper: true, sleeps_on_sight: false };
    /// As the known numbers of executions have it.
    pub(crate) const KNOWN: Self =
        Self { cells: false, early_returns: false, any_sleeper: false, sleeps_on_sight: true };
}

/// How many states of so many processes with so many increments each can be reached.
pub(crate) fn states(processes: usize, increments: usize, options: Options) -> usize {
    let machine = Machine { processes, increments, options };
    let checker = machine.checker().threads(1).spawn_bfs().join();
    checker.assert_properties();
    checker.unique_state_count()
}

/// How many executions there are: paths from the first state to one in which all have ended.
pub(crate) fn executions(processes: usize, increments: usize, options: Options) -> u128 {
    assert!(!options.early_returns, "with early returns there is no end of them");
    let machine = Machine { processes, increments, options };
    let mut known = HashMap::new();
    machine.init_states().iter().map(|first| machine.paths(first, &mut known)).sum()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum At {
    Exchange,
    Swap,
    Wait,
    Asleep,
    Get,
    Set { read: u8 },
    Release,
    Wake,
    Ended,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    word: u8,
    counter: u8,
    /// Where each process is, and how many increments it has left.
    processes: Vec<(At, u8)>,
    /// Who sleeps, longest first; empty where that makes no difference.
    asleep: Vec<u8>,
}

/// A process does its next step; it wakes the other one, if that step is a wake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Step {
    process: usize,
    wakes: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
struct Machine {
    processes: usize,
    increments: usize,
    options: Options,
}

impl Model for Machine {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        let increments = u8::try_from(self.increments).expect("few increments");
        let processes = vec![(At::Exchange, increments); self.processes];
        vec![State { word: FREE, counter: 0, processes, asleep: Vec::new() }]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        for (process, (at, _)) in state.processes.iter().enumerate() {
            match at {
                At::Ended => {}
                At::Asleep if !self.options.early_returns => {}
                At::Wake if state.sleepers().next().is_some() => {
                    let longest = state.asleep.first().map(|longest| usize::from(*longest));
                    let woken = state.sleepers().filter(|s| longest.is_none_or(|l| l == *s));
                    steps.extend(woken.map(|woken| Step { process, wakes: Some(woken) }));
                }
                _ => steps.push(Step { process, wakes: None }),
            }
        }
    }

    fn next_state(&self, state: &State, step: Step) -> Option<State> {
        let mut next = state.clone();
        let (at, left) = state.processes[step.process];
        let then = match at {
            At::Exchange if state.word == FREE => {
                next.word = HELD;
                self.holds(&mut next)
            }
            At::Exchange if state.word == WAITED_FOR && self.options.sleeps_on_sight => At::Wait,
            At::Exchange => At::Swap,
            At::Swap => {
                next.word = WAITED_FOR;
                if state.word == FREE { self.holds(&mut next) } else { At::Wait }
            }
            At::Wait if state.word == WAITED_FOR => {
                if !self.options.any_sleeper {
                    next.asleep.push(step.process as u8);
                }
                At::Asleep
            }
            At::Wait => At::Swap,
            At::Asleep => {
                next.asleep.retain(|sleeper| usize::from(*sleeper) != step.process);
                At::Swap
            }
            At::Get => At::Set { read: state.counter },
            At::Set { read } => {
                next.counter = read + 1;
                At::Release
            }
            At::Release => {
                next.word = FREE;
                if state.word == WAITED_FOR { At::Wake } else { next.ends(step.process, left) }
            }
            At::Wake => {
                if let Some(woken) = step.wakes {
                    next.asleep.retain(|sleeper| usize::from(*sleeper) != woken);
                    next.processes[woken].0 = At::Swap;
                }
                next.ends(step.process, left)
            }
            At::Ended => return None,
        };
        next.processes[step.process].0 = then;
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("one holds the lock", |_, state: &State| {
                let holds = |at| matches!(at, At::Get | At::Set { .. } | At::Release);
                state.processes.iter().filter(|(at, _)| holds(*at)).count() <= 1
            }),
            Property::always(
                "somebody can go on, or all have ended with the right total",
                |machine: &Self, state: &State| {
                    let right =
                        usize::from(state.counter) == machine.processes * machine.increments;
                    !machine.next_steps(state).is_empty() || state.all_ended() && right
                },
            ),
        ]
    }
}

impl Machine {
    fn holds(&self, state: &mut State) -> At {
        if self.options.cells {
            return At::Get;
        }
        state.counter += 1;
        At::Release
    }

    fn paths(&self, from: &State, known: &mut HashMap<State, u128>) -> u128 {
        if let Some(paths) = known.get(from) {
            return *paths;
        }
        let next = self.next_states(from);
        let paths = if next.is_empty() {
            u128::from(from.all_ended())
        } else {
            next.iter().map(|next| self.paths(next, known)).sum()
        };
        known.insert(from.clone(), paths);
        paths
    }
}

impl State {
    fn sleepers(&self) -> impl Iterator<Item = usize> {
        let asleep = self.processes.iter().enumerate().filter(|(_, (at, _))| *at == At::Asleep);
        asleep.map(|(process, _)| process)
    }

    /// Ends an increment of a process that had so many left.
    fn ends(&mut self, process: usize, left: u8) -> At {
        self.processes[process].1 = left - 1;
        if left == 1 { At::Ended } else { At::Exchange }
    }

    fn all_ended(&self) -> bool {
        self.processes.iter().all(|(at, _)| *at == At::Ended)
    }
}

/// Counted with this machine, and by a second program in another language.
#[test]
fn the_numbers_of_states() {
    let sizes = [(2, 1), (2, 2), (3, 1), (3, 2), (4, 1), (2, 10), (5, 1)];
    let all = [65, 265, 627, 4_553, 5_175, 6_761, 39_733];
    let known = [31, 121, 294, 2_093, 2_493, 3_001, 20_538];
    let count =
        |options| sizes.map(|(processes, increments)| states(processes, increments, options));
    assert_eq!(count(Options::ALL), all);
    assert_eq!(count(Options::KNOWN), known);
}

#[test]
fn the_numbers_of_executions() {
    let sizes = [(2, 1), (2, 2), (3, 1)];
    let count = |options| sizes.map(|(processes, n)| executions(processes, n, options));
    let known = Options::KNOWN;
    assert_eq!(count(known), [16, 1_354, 19_722]);
    assert_eq!(count(Options { any_sleeper: true, ..known }), [16, 1_354, 19_776]);
    assert_eq!(count(Options { sleeps_on_sight: false, ..known }), [16, 1_924, 22_476]);
    assert_eq!(
        count(Options { cells: false, early_returns: false, ..Options::ALL }),
        [16, 1_924, 22_536]
    );
}
