//! Shows an execution again.

use super::search::{NO_END, STUCK, Search, goes_round};
use super::state::State;
use super::step::{Did, Stop, is_stuck};
use super::token::{Again, Token};
use super::trace;
use crate::claim::{Budget, Progress};
use crate::trace::{Counterexample, Witness};
use crate::verdict::{Bound, Finding, Verdict};

/// What an execution comes to.
#[derive(Clone, Debug)]
pub(super) enum Replayed {
    /// Something is wrong.
    Wrong(Counterexample),
    /// It comes to its end, with this result.
    Over(String, Witness),
}

impl Replayed {
    pub(super) fn finding(self) -> Finding {
        match self {
            Self::Wrong(counterexample) => Finding {
                executions: 1,
                counterexample: Some(counterexample),
                ..Finding::of(Verdict::Counterexample)
            },
            Self::Over(result, witness) => {
                let bound = Bound { schedules: Some(1), ..Bound::default() };
                Finding {
                    executions: 1,
                    outcomes: [(result.clone(), 1)].into(),
                    witnesses: [(result, witness)].into(),
                    ..Finding::of(Verdict::Bounded(bound))
                }
            }
        }
    }
}

/// What cannot be of the same program.
fn lost(at: usize) -> Stop {
    Stop::Refused(format!(
        "step {} of that execution is not possible here: the source has changed since",
        at + 1
    ))
}

impl Search {
    /// Follows an execution to where something is wrong, or to its end.
    pub(super) fn replay(
        &mut self,
        token: &Token,
        budget: &Budget,
        progress: &dyn Progress,
    ) -> Result<Replayed, Stop> {
        let mut state = self.tidy_beginning()?;
        let mut did = Vec::new();
        let (mut wrong, mut again_from) = (self.follow(&mut state, &mut did, &token.way)?, None);
        if let (None, Some(Again { whom, way })) = (&wrong, &token.again) {
            again_from = Some(trace::steps(self.automata(), &did).len());
            let before = state.clone();
            self.follow(&mut state, &mut did, way)?;
            if !self.is_same(&before, &state) {
                return Err(lost(token.way.len() + way.len()));
            }
            wrong = token.search.liveness.map(|wanted| goes_round(wanted, *whom, self.automata()));
        }
        let steps = trace::steps(self.automata(), &did);
        let replay = token.to_string();
        let why = match wrong {
            Some(why) => why,
            None if state.is_over() => {
                let (outcome, _) = self.end(&state);
                match outcome.wrong {
                    Some(why) => why,
                    None => return Ok(Replayed::Over(outcome.result, Witness { steps, replay })),
                }
            }
            None if self.is_stuck(&state)? => STUCK.to_owned(),
            None if self.has_no_end(state, budget, progress)? => NO_END.to_owned(),
            None => return Err(lost(token.way.len())),
        };
        Ok(Replayed::Wrong(Counterexample { why, steps, again_from, replay }))
    }

    /// Follows choices. Says what is wrong with the last of them.
    fn follow(
        &mut self,
        state: &mut State,
        did: &mut Vec<Did>,
        way: &[usize],
    ) -> Result<Option<String>, Stop> {
        for (at, choice) in way.iter().enumerate() {
            let next = self.learning(|around, worker| {
                let Some(mut next) = worker.nexts(around, state)?.get(*choice).cloned() else {
                    return Ok(None);
                };
                if next.wrong.is_none() {
                    worker.write_down(around, &mut next.state)?;
                }
                Ok(Some(next))
            })?;
            let next = next.ok_or_else(|| lost(at))?;
            did.extend(next.did);
            if let Some(why) = next.wrong {
                return if at + 1 == way.len() { Ok(Some(why)) } else { Err(lost(at)) };
            }
            *state = next.state;
            self.forget_what_is_not_written(state);
        }
        Ok(None)
    }

    fn is_stuck(&mut self, state: &State) -> Result<bool, Stop> {
        self.learning(|around, worker| {
            let nexts = worker.all_nexts(around, state)?;
            Ok(is_stuck(state, nexts))
        })
    }

    /// Whether nothing that can come of a state is an end.
    fn has_no_end(
        &mut self,
        state: State,
        budget: &Budget,
        progress: &dyn Progress,
    ) -> Result<bool, Stop> {
        self.all_states_after(state, "", budget, progress)?;
        Ok(self.is_without_end())
    }
}
