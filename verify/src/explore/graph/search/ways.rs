//! The way to a state that the search has kept: who did what, and which of all that could come next that was.

use super::Search;
use crate::explore::graph::automaton::Automata;
use crate::explore::graph::cycles::{Cycle, Edge, Liveness};
use crate::explore::graph::state::State;
use crate::explore::graph::step::{Did, Manner, Next, Stop};
use crate::explore::graph::store::Id;
use crate::explore::graph::token::{Again, Token};
use crate::explore::graph::trace;
use crate::trace::{Counterexample, Witness};

/// A way from the beginning.
struct Way {
    /// Where it ends. Who is who changes in what the search keeps, and not in this.
    state: State,
    did: Vec<Did>,
    choices: Vec<usize>,
}

impl Search {
    /// For each result, the way to the first state that came to it.
    pub(super) fn find_witnesses(&mut self, name: &str) -> Result<(), Stop> {
        for (result, id) in std::mem::take(&mut self.firsts) {
            let way = self.way_to(id)?;
            let steps = trace::steps(self.automata(), &way.did);
            let replay = self.token(name, way.choices, None);
            self.witnesses.insert(result, Witness { steps, replay });
        }
        Ok(())
    }

    /// The way to what is wrong in a state, or with what comes next.
    pub(super) fn counterexample(
        &mut self,
        name: &str,
        id: Id,
        why: String,
        last: &[Did],
    ) -> Result<Counterexample, Stop> {
        let mut way = self.way_to(id)?;
        // The last step once more, by those who are who here.
        let ends = self.learning(|around, worker| {
            let nexts = worker.nexts(around, &way.state)?;
            let wrong = |(_, next): &(usize, Next)| next.wrong.is_some() && !last.is_empty();
            Ok(nexts.iter().cloned().enumerate().find(wrong))
        })?;
        let why = match ends {
            Some((choice, next)) => {
                way.choices.push(choice);
                way.did.extend(next.did);
                next.wrong.unwrap_or(why)
            }
            None => why,
        };
        let steps = trace::steps(self.automata(), &way.did);
        let replay = self.token(name, way.choices, None);
        Ok(Counterexample { why, steps, replay, again_from: None })
    }

    /// The way to a cycle, and once round it.
    pub(super) fn round_counterexample(
        &mut self,
        name: &str,
        wanted: Liveness,
        cycle: &Cycle,
    ) -> Result<Counterexample, Stop> {
        let whom = cycle.whom.map(usize::from);
        let to = self.way_to(cycle.edges[0].from)?;
        let (did, round) = self.way_round(&cycle.edges)?;
        let mut steps = trace::steps(self.automata(), &to.did);
        let again_from = Some(steps.len());
        steps.extend(trace::steps(self.automata(), &did));
        let why = goes_round(wanted, whom, self.automata());
        let replay = self.token(name, to.choices, Some(Again { whom, way: round }));
        Ok(Counterexample { why, steps, again_from, replay })
    }

    fn way_to(&mut self, id: Id) -> Result<Way, Stop> {
        let path = self.store.path(id);
        let state = self.tidy_beginning()?;
        let mut way = Way { state, did: Vec::new(), choices: Vec::new() };
        for to in &path[1..] {
            let (choice, next) = self.choice(&way.state, *to, |_| true)?;
            way.choices.push(choice);
            way.did.extend(next.did);
            way.state = next.state;
            self.forget_what_is_not_written(&mut way.state);
        }
        Ok(way)
    }

    /// What is done along these edges, and which choices that takes. Who is who does not change on the way: cycles are looked for
    /// without symmetry.
    fn way_round(&mut self, edges: &[Edge]) -> Result<(Vec<Did>, Vec<usize>), Stop> {
        let (mut did, mut choices) = (Vec::new(), Vec::new());
        for edge in edges {
            let state = self.state(edge.from);
            let (choice, next) = self.choice(&state, edge.to, |manner| manner == edge.manner)?;
            choices.push(choice);
            did.extend(next.did);
        }
        Ok((did, choices))
    }

    /// Which of all that can come after a state comes to another, in a manner that fits.
    fn choice(
        &mut self,
        state: &State,
        to: Id,
        fits: impl Fn(Manner) -> bool,
    ) -> Result<(usize, Next), Stop> {
        let wanted = self.store.get(to).to_vec();
        let found = self.learning(|around, worker| {
            let right = |(_, next): &(usize, Next)| next.wrong.is_none() && fits(next.manner);
            let nexts = worker.nexts(around, state)?.iter().cloned().enumerate();
            let rights: Vec<(usize, Next)> = nexts.filter(right).collect();
            for (choice, mut next) in rights {
                if worker.write_down(around, &mut next.state)? == wanted {
                    return Ok(Some((choice, next)));
                }
            }
            Ok(None)
        })?;
        found.ok_or_else(|| Stop::Refused("the way to a state was lost".to_owned()))
    }

    /// What names an execution. One of a mutant is found by its mutation.
    fn token(&self, name: &str, way: Vec<usize>, again: Option<Again>) -> String {
        if self.options.mutation.is_some() {
            return String::new();
        }
        Token { name: name.to_owned(), search: self.options, way, again }.to_string()
    }
}

/// What is wrong with a cycle.
pub(in crate::explore::graph) fn goes_round(
    wanted: Liveness,
    whom: Option<usize>,
    automata: &Automata,
) -> String {
    let whom = whom.map_or_else(String::new, |whom| format!("process {}", whom + 1));
    match wanted {
        Liveness::Progress => "all go round for ever, and nobody gets on".to_owned(),
        Liveness::NoStarvation if automata.program().is_endless() => {
            format!("{whom} can be overtaken for ever: it starves")
        }
        Liveness::NoStarvation => format!("{whom} may go round for ever, and never ends"),
        Liveness::NoBusyWaiting => {
            format!(
                "{whom} goes round and round while nobody else does anything: it does not sleep"
            )
        }
    }
}
