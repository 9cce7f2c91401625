//! The outcomes of sequential consistency: one thread's next operation after another's, on one memory.

use std::collections::BTreeSet;

use crate::programs::{Op, PLACES, Program};

/// The outcomes of a program, in the words of its litmus model. Orderings and fences make no difference.
pub(crate) fn outcomes(program: &Program) -> BTreeSet<String> {
    let threads = program.0.len();
    let state =
        State { done: vec![0; threads], read: vec![Vec::new(); threads], memory: [0; PLACES] };
    let mut found = BTreeSet::new();
    state.explore(program, &mut found);
    found
}

#[derive(Clone)]
struct State {
    /// How many operations each thread has done.
    done: Vec<usize>,
    read: Vec<Vec<u32>>,
    memory: [u32; PLACES],
}

impl State {
    fn explore(&self, program: &Program, found: &mut BTreeSet<String>) {
        let mut ended = true;
        for thread in 0..program.0.len() {
            if let Some(next) = self.step(program, thread) {
                ended = false;
                next.explore(program, found);
            }
        }
        if ended {
            found.insert(program.outcome(&self.read, self.memory));
        }
    }

    fn step(&self, program: &Program, thread: usize) -> Option<Self> {
        let op = program.0[thread].get(self.done[thread])?;
        let mut next = self.clone();
        next.done[thread] += 1;
        if let Some(place) = op.place() {
            let value = &mut next.memory[place];
            if op.reads() {
                next.read[thread].push(*value);
            }
            *value = op.writes(*value).unwrap_or(*value);
        } else if let Op::StopUnless(value) = op
            && next.read[thread].last() != Some(value)
        {
            next.done[thread] = program.0[thread].len();
        }
        Some(next)
    }
}
