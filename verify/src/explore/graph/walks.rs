//! Executions chosen at random: where there are too many states to look at all of them.
//!
//! An execution is followed from its beginning, and what comes next is drawn. All that could come next is kept and looked
//! at as in a search of everything, so that what is wrong a step beside the way is found, too, and the way to it is drawn
//! as there. Whoever runs once is likely to run on, by a likelihood that each execution draws for itself: some races need
//! many switches, others long runs between a few. Deaths, and sleepers that wake for no reason, are seldom drawn: an
//! execution in which everybody is dead soon shows little.

use std::time::Instant;

use fastrand::Rng;

use super::search::{Ended, REPORT_EVERY, Search};
use super::step::{Manner, Stop};
use super::store::Id;
use crate::claim::{Budget, Progress};

/// What happens by chance happens once in so many steps in which it could.
const SELDOM: u32 = 16;
/// After so many steps somebody spins, and the execution is left.
const STEPS: usize = 10_000;
/// Whoever runs goes on with a likelihood of one of `0..STEADY` in as many.
const STEADY: u32 = 8;

impl Search {
    /// Follows so many executions, until something is wrong.
    pub(super) fn at_random(
        &mut self,
        walks: u64,
        name: &str,
        budget: &Budget,
        progress: &dyn Progress,
    ) -> Result<Ended, Stop> {
        let mut rng = Rng::with_seed(budget.seed);
        let mut told = Instant::now();
        let beginning = self.begin()?;
        for walk in 0..walks {
            if let Some(ended) = self.at_a_limit(budget) {
                return Ok(ended);
            }
            if told.elapsed() >= REPORT_EVERY {
                progress.report(walk, walks, "executions");
                told = Instant::now();
            }
            self.walks += 1;
            if self.walk(beginning, name, &mut rng)? {
                break;
            }
        }
        Ok(Ended::Complete)
    }

    /// Follows one execution. Says whether something is wrong.
    fn walk(&mut self, beginning: Id, name: &str, rng: &mut Rng) -> Result<bool, Stop> {
        let (mut at, mut last) = (beginning, None);
        let steady = rng.u32(0..STEADY);
        for _ in 0..STEPS {
            let Some(nexts) = self.nexts(at, name)? else { return Ok(true) };
            let goes_on = rng.u32(0..STEADY) < steady;
            let Some((manner, next)) = draw(&nexts, last.filter(|_| goes_on), rng) else { break };
            (at, last) = (next, Some(manner.thread));
        }
        Ok(false)
    }
}

/// What comes next: something that this thread does, if there is one and it can do something.
fn draw(nexts: &[(Manner, Id)], thread: Option<u8>, rng: &mut Rng) -> Option<(Manner, Id)> {
    let (chances, steps): (Vec<_>, Vec<_>) = nexts.iter().partition(|(manner, _)| manner.by_chance);
    if steps.is_empty() || (!chances.is_empty() && rng.u32(0..SELDOM) == 0) {
        return rng.choice(chances);
    }
    let of = |thread: u8| steps.iter().copied().filter(move |(manner, _)| manner.thread == thread);
    let runs_on = thread.filter(|thread| of(*thread).next().is_some());
    let mut threads: Vec<u8> = steps.iter().map(|(manner, _)| manner.thread).collect();
    threads.sort_unstable();
    threads.dedup();
    let thread = runs_on.or_else(|| rng.choice(threads))?;
    rng.choice(of(thread).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(thread: u8, by_chance: bool, to: Id) -> (Manner, Id) {
        (Manner { thread, by_chance, ..Manner::default() }, to)
    }

    #[test]
    fn everything_is_drawn_at_some_time_and_chances_seldom() {
        let nexts = [next(0, false, 1), next(0, false, 2), next(1, false, 3), next(1, true, 4)];
        let mut rng = Rng::with_seed(1);
        let mut drawn = [0; 5];
        for _ in 0..1000 {
            let (_, to) = draw(&nexts, None, &mut rng).expect("one of four");
            drawn[to as usize] += 1;
        }
        assert!(drawn[1..].iter().all(|times| *times > 0), "{drawn:?}");
        assert!(drawn[4] < drawn[1] && drawn[4] < drawn[2] && drawn[4] < drawn[3], "{drawn:?}");
    }

    #[test]
    fn a_thread_runs_on_if_it_can() {
        let nexts = [next(0, false, 1), next(1, false, 2)];
        let mut rng = Rng::with_seed(1);
        for _ in 0..100 {
            assert_eq!(draw(&nexts, Some(1), &mut rng).expect("its step").1, 2);
            assert!(draw(&nexts, Some(7), &mut rng).is_some());
        }
        assert!(draw(&[], None, &mut rng).is_none());
        assert_eq!(draw(&[next(0, true, 9)], None, &mut rng).expect("a chance").1, 9);
    }
}
